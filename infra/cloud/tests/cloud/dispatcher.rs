//! Functions behind their queues and routes.

use crate::{NOON_MS, dynamodb, environment, function, item, table};
use bytes::Bytes;
use handover_cloud::scheduler::Lateness;
use handover_cloud::sqs::SendRequest;
use handover_cloud::{Clock, Cloud, Dispatcher, Handler, Storage, Verdict};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

type Events = Arc<Mutex<Vec<(String, Value)>>>;

/// A cloud whose first sweep, due when it is opened, is over.
fn cloud() -> Cloud {
    let cloud = crate::cloud();
    cloud.scheduler().fire_due().unwrap();
    cloud.sqs().purge(&queue(&cloud, "TimersQueue")).unwrap();
    cloud
}

/// Handlers that note their events and answer as `answer` says.
fn handlers(
    events: &Events,
    answer: impl Fn(&str, &Value) -> Result<Value, String> + Send + Sync + 'static,
) -> HashMap<String, Handler> {
    let answer = Arc::new(answer);
    let names = ["evaluate", "execute", "respond", "resume", "deliver", "notify", "console"];
    let handlers = names.map(|name| {
        let (events, answer) = (Arc::clone(events), Arc::clone(&answer));
        let handler: Handler = Arc::new(move |event| {
            events.lock().unwrap().push((name.to_owned(), event.clone()));
            let answer = answer(name, &event);
            Box::pin(async move { answer })
        });
        (name.to_owned(), handler)
    });
    handlers.into()
}

fn dispatcher(
    cloud: &Cloud,
    events: &Events,
    answer: impl Fn(&str, &Value) -> Result<Value, String> + Send + Sync + 'static,
) -> Dispatcher {
    Dispatcher::new(cloud.clone(), handlers(events, answer), 1).unwrap()
}

fn queue(cloud: &Cloud, logical_id: &str) -> String {
    cloud.template().queue(logical_id).unwrap().name.clone()
}

fn send(cloud: &Cloud, logical_id: &str, body: &str) {
    cloud.sqs().send(&queue(cloud, logical_id), &SendRequest::text(body)).unwrap();
}

fn bodies(event: &Value) -> Vec<String> {
    let records = event["Records"].as_array().unwrap();
    records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect()
}

/// Fails the records with these bodies.
fn failing(event: &Value, failed: &[&str]) -> Value {
    let records = event["Records"].as_array().unwrap().iter();
    let failed = records.filter(|record| failed.contains(&record["body"].as_str().unwrap()));
    let failures: Vec<Value> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
    json!({"batchItemFailures": failures})
}

#[tokio::test]
async fn a_failed_record_comes_back_when_its_visibility_ends_and_the_others_are_gone() {
    let cloud = cloud();
    let events = Events::default();
    let dispatcher = dispatcher(&cloud, &events, |_, event| Ok(failing(event, &["bad"])));
    for body in ["good", "bad", "fine"] {
        send(&cloud, "NotificationsQueue", body);
    }
    assert!(dispatcher.step().await.unwrap());
    assert_eq!(events.lock().unwrap().len(), 1);
    let left = cloud.sqs().peek_all(&queue(&cloud, "NotificationsQueue")).unwrap();
    assert_eq!(left.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["bad"]);
    assert!(!dispatcher.step().await.unwrap(), "hidden until its visibility ends");
    // The notifications queue hides for 180 seconds; the sweep comes first, at five minutes.
    assert_eq!(dispatcher.next_event_at().unwrap(), Some(NOON_MS + 180_000));
    cloud.clock().advance(Duration::from_mins(3));
    assert_eq!(dispatcher.settle().await.unwrap(), 1);
    let events = events.lock().unwrap();
    assert_eq!(bodies(&events[1].1), ["bad"]);
    assert_eq!(events[1].1["Records"][0]["attributes"]["ApproximateReceiveCount"], "2");
}

#[tokio::test]
async fn a_failing_function_and_a_malformed_answer_keep_the_whole_batch() {
    for answer in [
        Err("panicked".to_owned()),
        Ok(json!({"batchItemFailures": [{"itemIdentifier": ""}]})),
        Ok(json!({"batchItemFailures": [{"itemIdentifier": "unknown"}]})),
        Ok(json!("done")),
    ] {
        let cloud = cloud();
        let expected = answer.clone();
        let dispatcher = dispatcher(&cloud, &Events::default(), move |_, _| answer.clone());
        send(&cloud, "NotificationsQueue", "a");
        send(&cloud, "NotificationsQueue", "b");
        assert!(dispatcher.step().await.unwrap());
        let depths = cloud.sqs().depths(&queue(&cloud, "NotificationsQueue")).unwrap();
        assert_eq!((depths.visible, depths.in_flight), (0, 2), "{expected:?}");
    }
}

#[tokio::test]
async fn null_means_that_all_succeeded() {
    let cloud = cloud();
    let dispatcher = dispatcher(&cloud, &Events::default(), |_, _| Ok(Value::Null));
    send(&cloud, "NotificationsQueue", "a");
    assert_eq!(dispatcher.settle().await.unwrap(), 1);
    assert_eq!(cloud.sqs().depths(&queue(&cloud, "NotificationsQueue")).unwrap().total(), 0);
}

#[tokio::test]
async fn a_batch_is_as_big_as_the_mapping_says() {
    let cloud = cloud();
    let events = Events::default();
    let dispatcher = dispatcher(&cloud, &events, |_, _| Ok(Value::Null));
    for number in 0..12 {
        send(&cloud, "NotificationsQueue", &number.to_string());
        let request = SendRequest {
            group_id: Some("g".to_owned()),
            deduplication_id: Some(number.to_string()),
            ..SendRequest::text(number.to_string())
        };
        cloud.sqs().send(&queue(&cloud, "OutboundQueue"), &request).unwrap();
    }
    dispatcher.settle().await.unwrap();
    let events = events.lock().unwrap();
    let sizes = |name: &str| -> Vec<usize> {
        events.iter().filter(|(function, _)| function == name).map(|(_, event)| bodies(event).len()).collect()
    };
    assert_eq!(sizes("notify"), [10, 2]);
    assert_eq!(sizes("deliver"), [1; 12]);
    let delivered = events.iter().filter(|(function, _)| function == "deliver");
    let delivered: Vec<_> = delivered.flat_map(|(_, event)| bodies(event)).collect();
    assert_eq!(delivered, (0..12).map(|number| number.to_string()).collect::<Vec<_>>(), "in order");
}

#[tokio::test]
async fn the_seed_decides_which_ready_queue_comes_first() {
    let first = async |seed| {
        let cloud = cloud();
        let events = Events::default();
        let dispatcher =
            Dispatcher::new(cloud.clone(), handlers(&events, |_, _| Ok(Value::Null)), seed).unwrap();
        send(&cloud, "NotificationsQueue", "a");
        send(&cloud, "TimersQueue", "a");
        dispatcher.step().await.unwrap();
        events.lock().unwrap()[0].0.clone()
    };
    let mut seen = Vec::new();
    for seed in 0..16 {
        let chosen = first(seed).await;
        assert_eq!(first(seed).await, chosen, "the same seed chooses the same");
        seen.push(chosen);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["notify", "resume"]);
}

#[tokio::test]
async fn a_due_schedule_reaches_its_function() {
    let cloud = cloud();
    let events = Events::default();
    let dispatcher = dispatcher(&cloud, &events, |_, _| Ok(Value::Null));
    assert!(!dispatcher.step().await.unwrap());
    let due = dispatcher.next_event_at().unwrap().unwrap();
    assert_eq!(due, NOON_MS + 300_000);
    cloud.clock().set(due);
    dispatcher.settle().await.unwrap();
    let events = events.lock().unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].0.as_str(), bodies(&events[0].1)),
        ("resume", vec![r#"{"kind":"sweep"}"#.to_owned()])
    );
}

#[tokio::test]
async fn a_crash_leaves_the_batch_in_flight_like_a_dead_process() {
    let cloud = cloud();
    let finished = Arc::new(Mutex::new(0));
    let mut handlers = handlers(&Events::default(), |_, _| Ok(Value::Null));
    let (count, owner) = (Arc::clone(&finished), cloud.clone());
    let writer: Handler = Arc::new(move |_| {
        let (cloud, count) = (owner.clone(), Arc::clone(&count));
        Box::pin(async move {
            let put = dynamodb(&function(&cloud, "notify")).put_item().table_name(table(&cloud));
            put.set_item(Some(item(&[("pk", "a"), ("sk", "1")])))
                .send()
                .await
                .map_err(|error| error.to_string())?;
            *count.lock().unwrap() += 1;
            Ok(Value::Null)
        })
    });
    handlers.insert("notify".to_owned(), writer);
    let dispatcher = Dispatcher::new(cloud.clone(), handlers, 1).unwrap();
    cloud.set_hook(Some(Arc::new(|_| Verdict::CrashAfter)));
    send(&cloud, "NotificationsQueue", "a");
    assert!(dispatcher.step().await.unwrap());
    cloud.set_hook(None);
    assert_eq!(*finished.lock().unwrap(), 0);
    assert_eq!(cloud.sqs().depths(&queue(&cloud, "NotificationsQueue")).unwrap().in_flight, 1);
    cloud.clock().advance(Duration::from_mins(3));
    dispatcher.settle().await.unwrap();
    assert_eq!(*finished.lock().unwrap(), 1);
    assert_eq!(cloud.sqs().depths(&queue(&cloud, "NotificationsQueue")).unwrap().total(), 0);
}

#[tokio::test]
async fn http_requests_reach_the_route_and_answers_come_back() {
    let cloud = cloud();
    let events = Events::default();
    let dispatcher =
        dispatcher(&cloud, &events, |_, event| match event["pathParameters"]["inbox"].as_str() {
            Some("broken") => Err("no".to_owned()),
            _ => Ok(json!({"statusCode": 202, "headers": {"x-echo": event["body"]}, "body": "taken"})),
        });
    let request = |method: &str, path: &str| {
        let request = http::Request::builder().method(method).uri(format!("http://handover.example{path}"));
        request.header("content-type", "application/json").body(Bytes::from_static(b"{}")).unwrap()
    };
    let answer = dispatcher.http(request("POST", "/webhooks/i1"), "203.0.113.9").await;
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (202, b"taken".as_slice()));
    assert_eq!(answer.headers()["x-echo"], "{}");
    let event = events.lock().unwrap()[0].1.clone();
    assert_eq!(event["routeKey"], "POST /webhooks/{inbox}");
    assert_eq!(event["requestContext"]["http"]["sourceIp"], "203.0.113.9");

    let broken = dispatcher.http(request("POST", "/webhooks/broken"), "203.0.113.9").await;
    assert_eq!(broken.status(), 500);
    assert_eq!(broken.body().as_ref(), br#"{"message":"Internal Server Error"}"#);
    for (method, path) in
        [("PUT", "/webhooks/i1"), ("POST", "/webhooks/"), ("POST", "/webhooks/i1/more"), ("GET", "/")]
    {
        let missing = dispatcher.http(request(method, path), "203.0.113.9").await;
        assert_eq!(missing.status(), 404, "{method} {path}");
        assert_eq!(missing.body().as_ref(), br#"{"message":"Not Found"}"#);
    }
    let mut huge = request("POST", "/webhooks/i1");
    *huge.body_mut() = Bytes::from(vec![b' '; 10 * 1024 * 1024 + 1]);
    assert_eq!(dispatcher.http(huge, "203.0.113.9").await.status(), 413);
    let ids: Vec<_> = events
        .lock()
        .unwrap()
        .iter()
        .map(|(_, event)| event["requestContext"]["requestId"].clone())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn running_works_off_what_arrives_and_finishes_what_is_in_flight() {
    let cloud = cloud();
    cloud.scheduler().set_lateness(Lateness::Dropped);
    let events = Events::default();
    let mut handlers = handlers(&events, |_, _| Ok(Value::Null));
    let (entered, was_entered) = oneshot::channel::<()>();
    let (release, released) = oneshot::channel::<()>();
    let gate = Arc::new(Mutex::new(Some((entered, released))));
    let slow: Handler = Arc::new(move |_| {
        let gate = gate.lock().unwrap().take();
        Box::pin(async move {
            if let Some((entered, released)) = gate {
                entered.send(()).unwrap();
                released.await.unwrap();
            }
            Ok(Value::Null)
        })
    });
    handlers.insert("notify".to_owned(), slow);
    let dispatcher = Dispatcher::new(cloud.clone(), handlers, 1).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = dispatcher.run(async { stopped.await.unwrap() });
    let driving = async {
        send(&cloud, "NotificationsQueue", "slow");
        was_entered.await.unwrap();
        // While one function is busy the others work: a message sent now wakes the loop.
        send(&cloud, "TimersQueue", "quick");
        while cloud.sqs().depths(&queue(&cloud, "TimersQueue")).unwrap().total() > 0 {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
        tokio::task::yield_now().await;
        release.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(running, driving);
    ended.unwrap();
    assert_eq!(cloud.sqs().depths(&queue(&cloud, "NotificationsQueue")).unwrap().total(), 0);
    assert_eq!(events.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_clock_wakes_a_running_dispatcher() {
    let cloud = cloud();
    let events = Events::default();
    let dispatcher = dispatcher(&cloud, &events, |_, _| Ok(Value::Null));
    let (stop, stopped) = oneshot::channel::<()>();
    let running = dispatcher.run(async { stopped.await.unwrap() });
    let driving = async {
        tokio::task::yield_now().await;
        cloud.clock().advance(Duration::from_mins(5));
        while events.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        stop.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(running, driving);
    ended.unwrap();
    assert_eq!(events.lock().unwrap()[0].0, "resume");
}

#[test]
fn a_mapping_that_lambda_would_refuse_is_refused() {
    let open = |yaml: &str| {
        let template = handover_cloud::Template::parse(yaml, &std::collections::BTreeMap::new()).unwrap();
        let cloud = Cloud::open(&Storage::Memory, Clock::manual(NOON_MS), &template, &[0; 32]).unwrap();
        Dispatcher::new(cloud, handlers(&Events::default(), |_, _| Ok(Value::Null)), 1)
            .err()
            .map(|e| e.to_string())
    };
    assert_eq!(open(crate::TEMPLATE), None);
    let blind = crate::TEMPLATE.replace("- sqs:ReceiveMessage", "- sqs:GetQueueUrl");
    assert!(open(&blind).unwrap().contains("sqs:ReceiveMessage"));
    let hasty = crate::TEMPLATE.replace("VisibilityTimeout: 180", "VisibilityTimeout: 20");
    assert!(open(&hasty).unwrap().contains("visibility timeout"));
    let environment = environment(&cloud(), "evaluate", "PUBLIC_URL");
    assert!(environment.starts_with("https://"), "{environment}");
}
