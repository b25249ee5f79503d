//! What a hook can do to a call.

use crate::{NOON_MS, admin, cloud, dynamodb, item, table, text};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use bytes::Bytes;
use handover_cloud::{Broken, Call, Cloud, Crashed, Faults, Outcome, Service, Verdict};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Lets the hook decide this way about every write of DynamoDB.
fn on_writes(cloud: &Cloud, verdict: Verdict) {
    cloud.set_hook(Some(Arc::new(move |call| match call.operation.as_str() {
        "PutItem" | "TransactWriteItems" => verdict.clone(),
        _ => Verdict::Proceed,
    })));
}

async fn put(cloud: &Cloud) -> Result<(), SdkError<aws_sdk_dynamodb::operation::put_item::PutItemError>> {
    let put = dynamodb(&admin(cloud)).put_item().table_name(table(cloud));
    put.set_item(Some(item(&[("pk", "a"), ("sk", "1")]))).send().await.map(|_| ())
}

async fn stored(cloud: &Cloud) -> i32 {
    dynamodb(&admin(cloud))
        .scan()
        .table_name(table(cloud))
        .consistent_read(true)
        .send()
        .await
        .unwrap()
        .count()
}

fn outcomes(cloud: &Cloud) -> Vec<Outcome> {
    cloud.take_log().into_iter().map(|record| record.outcome).collect()
}

#[tokio::test]
async fn a_hook_sees_every_call() {
    let cloud = cloud();
    let seen: Arc<Mutex<Vec<Call>>> = Arc::default();
    let sink = Arc::clone(&seen);
    cloud.set_hook(Some(Arc::new(move |call| {
        sink.lock().unwrap().push(call.clone());
        Verdict::Proceed
    })));
    put(&cloud).await.unwrap();
    let world = http::Request::get("https://api.provider.example/v1/x").body(Bytes::new()).unwrap();
    cloud.run_as("deliver", cloud.call_world(world)).await.unwrap().unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(
        *seen,
        [
            Call {
                number: 1,
                function: None,
                service: Service::DynamoDb,
                operation: "PutItem".to_owned(),
                resource: format!("arn:aws:dynamodb:us-east-1:000000000000:table/{}", table(&cloud)),
                host: "aws.local".to_owned(),
            },
            Call {
                number: 2,
                function: Some("deliver".to_owned()),
                service: Service::World,
                operation: "GET".to_owned(),
                resource: "/v1/x".to_owned(),
                host: "api.provider.example".to_owned(),
            },
        ]
    );
}

#[tokio::test]
async fn fail_and_throttle_refuse_without_doing_anything() {
    let cloud = cloud();
    let code = "InternalServerError".to_owned();
    on_writes(&cloud, Verdict::Fail { status: 500, code: code.clone(), message: "no".to_owned() });
    let error = put(&cloud).await.unwrap_err().into_service_error();
    assert!(error.is_internal_server_error(), "{error:?}");
    on_writes(&cloud, Verdict::Throttle);
    let error = put(&cloud).await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ThrottlingException"));
    assert_eq!(stored(&cloud).await, 0);
    let expected = [
        Outcome::Refused { status: 500, code },
        Outcome::Refused { status: 400, code: "ThrottlingException".to_owned() },
        Outcome::Done,
    ];
    assert_eq!(outcomes(&cloud), expected);
}

#[tokio::test]
async fn each_service_throttles_in_its_own_words() {
    let cloud = cloud();
    cloud.set_hook(Some(Arc::new(|_| Verdict::Throttle)));
    let config = admin(&cloud);
    let sqs = aws_sdk_sqs::Client::new(&config).list_queues().send().await.unwrap_err();
    assert_eq!(sqs.into_service_error().meta().code(), Some("RequestThrottled"));
    let schedules = aws_sdk_scheduler::Client::new(&config).list_schedules().send().await.unwrap_err();
    assert!(schedules.into_service_error().is_throttling_exception());
    let secret = aws_sdk_secretsmanager::Client::new(&config).get_secret_value().secret_id("x").send().await;
    assert_eq!(secret.unwrap_err().into_service_error().meta().code(), Some("ThrottlingException"));
    let world = http::Request::get("https://api.provider.example/").body(Bytes::new()).unwrap();
    assert_eq!(cloud.call_world(world).await.unwrap().status(), 429);
}

#[tokio::test]
async fn a_transaction_conflict_names_an_item() {
    let cloud = cloud();
    on_writes(&cloud, Verdict::TransactionConflict);
    let error = put(&cloud).await.unwrap_err().into_service_error();
    assert!(error.is_transaction_conflict_exception(), "{error:?}");
    let action = |sk: &str| {
        let put = Put::builder().table_name(table(&cloud)).set_item(Some(item(&[("pk", "a"), ("sk", sk)])));
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let transaction = dynamodb(&admin(&cloud)).transact_write_items();
    let error = transaction.transact_items(action("1")).transact_items(action("2")).send().await.unwrap_err();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error.into_service_error()
    else {
        panic!("not cancelled");
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    assert_eq!(stored(&cloud).await, 0);
}

#[tokio::test]
async fn a_delay_passes_in_domain_time() {
    let cloud = cloud();
    on_writes(&cloud, Verdict::Delay(Duration::from_secs(4)));
    put(&cloud).await.unwrap();
    assert_eq!(cloud.clock().now_ms(), NOON_MS + 4_000);
    assert_eq!(stored(&cloud).await, 1);
}

#[tokio::test]
async fn a_lost_answer_is_a_timeout_after_the_deed() {
    let cloud = cloud();
    on_writes(&cloud, Verdict::LoseAnswer);
    let error = put(&cloud).await.unwrap_err();
    let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
    assert!(failure.is_timeout());
    assert_eq!(stored(&cloud).await, 1);
    assert_eq!(outcomes(&cloud), [Outcome::AnswerLost, Outcome::Done]);
}

#[tokio::test]
async fn a_connection_that_breaks_first_does_nothing() {
    let cloud = cloud();
    on_writes(&cloud, Verdict::BreakBefore);
    let error = put(&cloud).await.unwrap_err();
    let SdkError::DispatchFailure(failure) = error else { panic!("{error:?}") };
    assert!(failure.is_io());
    assert_eq!(stored(&cloud).await, 0);
    assert_eq!(outcomes(&cloud), [Outcome::BrokenBefore, Outcome::Done]);
}

#[tokio::test]
async fn a_crash_stops_the_run_before_or_after_the_deed() {
    let cloud = cloud();
    let reached = Arc::new(Mutex::new(false));
    let work = async || {
        let cloud = cloud.clone();
        let reached = Arc::clone(&reached);
        cloud
            .run_as("execute", async {
                let _ = put(&cloud).await;
                *reached.lock().unwrap() = true;
            })
            .await
    };
    on_writes(&cloud, Verdict::CrashBefore);
    assert_eq!(work().await, Err(Crashed));
    assert_eq!(stored(&cloud).await, 0);
    on_writes(&cloud, Verdict::CrashAfter);
    assert_eq!(work().await, Err(Crashed));
    assert_eq!(stored(&cloud).await, 1);
    assert!(!*reached.lock().unwrap(), "nothing runs after a crash");
    cloud.set_hook(None);
    assert_eq!(work().await, Ok(()));
    assert!(*reached.lock().unwrap());
    let expected =
        [Outcome::CrashedBefore, Outcome::Done, Outcome::CrashedAfter, Outcome::Done, Outcome::Done];
    assert_eq!(outcomes(&cloud), expected);
}

#[tokio::test]
async fn a_stale_read_misses_the_latest_write_and_a_strong_one_does_not() {
    let cloud = cloud();
    cloud.keep_replica().unwrap();
    cloud.set_hook(Some(Arc::new(|call| match call.operation.as_str() {
        "GetItem" | "Query" => Verdict::StaleRead,
        _ => Verdict::Proceed,
    })));
    let client = dynamodb(&admin(&cloud));
    let put = async |note: &str| {
        let attributes = [("pk", "a"), ("sk", "1"), ("inbox_pk", "i"), ("inbox_sk", "1"), ("assignee", note)];
        client.put_item().table_name(table(&cloud)).set_item(Some(item(&attributes))).send().await.unwrap();
    };
    let get = async |strong| {
        let get = client.get_item().table_name(table(&cloud)).consistent_read(strong);
        let read = get.key("pk", text("a")).key("sk", text("1")).send().await.unwrap();
        read.item.map(|item| item["assignee"].as_s().unwrap().clone())
    };
    let listed = async || {
        let query = client.query().table_name(table(&cloud)).index_name("inbox");
        let query =
            query.key_condition_expression("inbox_pk = :p").expression_attribute_values(":p", text("i"));
        let items = query.send().await.unwrap().items.unwrap();
        items.iter().map(|item| item["assignee"].as_s().unwrap().clone()).collect::<Vec<_>>()
    };
    put("first").await;
    assert_eq!((get(false).await, get(true).await), (None, Some("first".to_owned())));
    assert!(listed().await.is_empty());
    put("second").await;
    assert_eq!((get(false).await, get(true).await), (Some("first".to_owned()), Some("second".to_owned())));
    assert_eq!(listed().await, ["first"]);
}

#[tokio::test]
async fn the_world_breaks_like_everything_else() {
    let cloud = cloud();
    let request = || http::Request::post("https://api.provider.example/").body(Bytes::new()).unwrap();
    cloud.set_hook(Some(Arc::new(|_| Verdict::BreakBefore)));
    assert_eq!(cloud.call_world(request()).await.unwrap_err(), Broken::Before);
    assert!(cloud.recorder().requests().is_empty());
    cloud.set_hook(Some(Arc::new(|_| Verdict::LoseAnswer)));
    assert_eq!(cloud.call_world(request()).await.unwrap_err(), Broken::AnswerLost);
    assert_eq!(cloud.recorder().requests().len(), 1);
}

#[tokio::test]
async fn faults_can_drop_timers() {
    let cloud = cloud();
    let queue = &cloud.template().queue("TimersQueue").unwrap().name;
    cloud.set_faults(Faults { drop_timers: true, ..Faults::default() });
    cloud.clock().advance(Duration::from_mins(6));
    cloud.scheduler().fire_due().unwrap();
    assert_eq!(cloud.sqs().depths(queue).unwrap().total(), 0);
    cloud.set_faults(Faults::default());
    cloud.clock().advance(Duration::from_mins(6));
    cloud.scheduler().fire_due().unwrap();
    assert_eq!(cloud.sqs().depths(queue).unwrap().total(), 1);
}
