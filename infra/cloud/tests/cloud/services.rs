//! Each service through its SDK.

use crate::{NOON_MS, admin, cloud, dynamodb, environment, item, table, text};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use bytes::Bytes;
use handover_cloud::Service;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn dynamodb_keeps_items_and_explains_a_cancelled_transaction() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let table = table(&cloud);
    let first = item(&[("pk", "a"), ("sk", "1"), ("note", "kept")]);
    client.put_item().table_name(&table).set_item(Some(first.clone())).send().await.unwrap();
    let get = client.get_item().table_name(&table).key("pk", text("a")).key("sk", text("1"));
    let read = get.send().await.unwrap();
    assert_eq!(read.item, Some(first.clone()));
    assert!(read.consumed_capacity.is_none(), "nobody asked for it");

    let put = |sk: &str| {
        let put = Put::builder()
            .table_name(&table)
            .set_item(Some(item(&[("pk", "a"), ("sk", sk)])))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        TransactWriteItem::builder().put(put.build().unwrap()).build()
    };
    let transaction = client.transact_write_items().transact_items(put("2")).transact_items(put("1"));
    let error = transaction.send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_canceled_exception(), "{error:?}");
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("not cancelled");
    };
    let reasons = cancelled.cancellation_reasons();
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(reasons[1].item(), Some(&first));

    let described = client.describe_table().table_name(&table).send().await.unwrap().table.unwrap();
    let mut indexes: Vec<_> = described
        .global_secondary_indexes()
        .iter()
        .map(|index| index.index_name().unwrap().to_owned())
        .collect();
    indexes.sort();
    assert_eq!(indexes, ["inbox", "reports", "work"]);
    let ttl = client.describe_time_to_live().table_name(&table).send().await.unwrap();
    assert_eq!(ttl.time_to_live_description().unwrap().attribute_name(), Some("expires_at"));
}

#[tokio::test]
async fn a_client_token_makes_a_repeated_transaction_harmless_for_ten_minutes() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let attempt = async |sk: &str| {
        let put = Put::builder().table_name(table(&cloud)).set_item(Some(item(&[("pk", "a"), ("sk", sk)])));
        let put = put.condition_expression("attribute_not_exists(pk)").build().unwrap();
        let action = TransactWriteItem::builder().put(put).build();
        client.transact_write_items().client_request_token("once").transact_items(action).send().await
    };
    attempt("1").await.unwrap();
    cloud.clock().advance(Duration::from_mins(9));
    attempt("1").await.unwrap();
    let other = attempt("2").await.unwrap_err().into_service_error();
    assert!(other.is_idempotent_parameter_mismatch_exception(), "{other:?}");
    cloud.clock().advance(Duration::from_mins(1));
    let later = attempt("1").await.unwrap_err().into_service_error();
    assert!(later.is_transaction_canceled_exception(), "the token is forgotten: {later:?}");
}

#[tokio::test]
async fn a_wrong_request_is_refused_in_dynamodbs_words() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let missing = client.get_item().table_name("no-such-table").key("pk", text("a")).key("sk", text("1"));
    let error = missing.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let half_a_key = client.get_item().table_name(table(&cloud)).key("pk", text("a"));
    let error = half_a_key.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
    let short = client.get_item().table_name("t").key("pk", text("a"));
    let error = short.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
    assert!(!error.meta().message().unwrap().contains("line"), "{error:?}");
}

#[tokio::test]
async fn sqs_has_the_queues_of_the_template() {
    let cloud = cloud();
    let client = aws_sdk_sqs::Client::new(&admin(&cloud));
    let url = environment(&cloud, "execute", "CONVERSATION_QUEUE_URL");
    let message = client.send_message().queue_url(&url).message_body("hello");
    let sent = message.message_group_id("g").message_deduplication_id("d").send().await.unwrap();
    let received = client.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(received.messages()[0].message_id(), sent.message_id());
    let missing = client.send_message().queue_url("http://aws.local/000000000000/nothing").message_body("x");
    let error = missing.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
}

#[tokio::test]
async fn a_schedule_fires_into_its_queue() {
    let cloud = cloud();
    let client = aws_sdk_scheduler::Client::new(&admin(&cloud));
    let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
    let target = Target::builder()
        .arn(environment(&cloud, "execute", "TIMERS_QUEUE_ARN"))
        .role_arn(environment(&cloud, "execute", "SCHEDULER_ROLE_ARN"))
        .input(r#"{"kind":"test"}"#);
    client
        .create_schedule()
        .name("t-1")
        .group_name(environment(&cloud, "execute", "SCHEDULE_GROUP"))
        .schedule_expression("at(2026-11-22T12:30:00)")
        .schedule_expression_timezone("UTC")
        .action_after_completion(ActionAfterCompletion::Delete)
        .flexible_time_window(window)
        .target(target.build().unwrap())
        .send()
        .await
        .unwrap();
    // The sweep of the template comes due every five minutes, and once for all that were missed.
    cloud.clock().advance(Duration::from_mins(30));
    let fired = cloud.scheduler().fire_due().unwrap();
    assert_eq!(fired.len(), 2, "{fired:?}");
    let queue = &cloud.template().queue("TimersQueue").unwrap().name;
    let bodies: Vec<_> =
        cloud.sqs().peek_all(queue).unwrap().into_iter().map(|message| message.body).collect();
    assert!(bodies.contains(&r#"{"kind":"test"}"#.to_owned()), "{bodies:?}");
    assert!(bodies.contains(&r#"{"kind":"sweep"}"#.to_owned()), "{bodies:?}");
}

#[tokio::test]
async fn secrets_have_a_current_and_a_previous_value() {
    let cloud = cloud();
    let client = aws_sdk_secretsmanager::Client::new(&admin(&cloud));
    let id = environment(&cloud, "evaluate", "MASTER_KEY_SECRET_ARN");
    let generated = client.get_secret_value().secret_id(&id).send().await.unwrap().secret_string.unwrap();
    assert_eq!(generated.len(), 64);
    assert!(generated.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{generated}");
    let previous = client.get_secret_value().secret_id(&id).version_stage("AWSPREVIOUS");
    let error = previous.clone().send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");

    client.put_secret_value().secret_id(&id).secret_string("rotated").send().await.unwrap();
    let current = client.get_secret_value().secret_id(&id).send().await.unwrap();
    assert_eq!(current.secret_string(), Some("rotated"));
    assert_eq!(previous.send().await.unwrap().secret_string(), Some(generated.as_str()));

    client.create_secret().name("mine").secret_string("1").send().await.unwrap();
    assert_eq!(client.get_secret_value().secret_id("mine").send().await.unwrap().secret_string(), Some("1"));
    let again = client.create_secret().name("mine").secret_string("2").send().await.unwrap_err();
    assert!(again.into_service_error().is_resource_exists_exception());
}

#[tokio::test]
async fn mail_is_recorded_and_suppressed_addresses_are_refused() {
    let cloud = cloud();
    let client = aws_sdk_sesv2::Client::new(&admin(&cloud));
    let content = |data: &str| Content::builder().data(data).build().unwrap();
    let message = Message::builder()
        .subject(content("Assigned to you"))
        .body(Body::builder().text(content("Please answer.")).build())
        .build();
    let mail = |to: &str| {
        client
            .send_email()
            .from_email_address("Desk <desk@clinic.example>")
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message.clone()).build())
    };
    let sent = mail("ana@clinic.example").send().await.unwrap();
    assert!(!sent.message_id().unwrap().is_empty());
    cloud.suppress_addresses(BTreeSet::from(["gone@clinic.example".to_owned()]));
    let error = mail("gone@clinic.example").send().await.unwrap_err().into_service_error();
    assert!(error.is_message_rejected(), "{error:?}");

    let recorded = cloud.recorder().requests();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].url, "mailto:ana@clinic.example");
    assert_eq!(recorded[0].header("subject"), Some("Assigned to you"));
    assert_eq!(recorded[0].body, "Please answer.");
    assert_eq!(recorded[0].at_ms, NOON_MS);
}

#[tokio::test]
async fn the_world_is_recorded_without_its_secrets_and_answers_through_responders() {
    let cloud = cloud();
    let request = |host: &str| {
        http::Request::post(format!("https://{host}/v1/messages?x=1"))
            .header("Authorization", "Basic c2VjcmV0")
            .header("X-Plain", "shown")
            .body(Bytes::from_static(b"Body=hi"))
            .unwrap()
    };
    assert_eq!(cloud.call_world(request("api.provider.example")).await.unwrap().status(), 404);
    cloud.recorder().set_responder(
        "api.provider.example",
        Arc::new(|request| {
            let mut response = http::Response::new(Bytes::from(request.body.clone()));
            *response.status_mut() = http::StatusCode::CREATED;
            response
        }),
    );
    let answered = cloud.call_world(request("api.provider.example")).await.unwrap();
    assert_eq!((answered.status().as_u16(), answered.body().as_ref()), (201, b"Body=hi".as_slice()));
    let recorded = cloud.recorder().requests();
    assert_eq!(recorded.iter().map(|request| request.sequence).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(recorded[1].url, "https://api.provider.example/v1/messages?x=1");
    assert_eq!(recorded[1].header("authorization"), Some("redacted"));
    assert_eq!(recorded[1].header("x-plain"), Some("shown"));
    let log = cloud.take_log();
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].service, log[0].operation.as_str()), (Service::World, "POST"));
}

#[tokio::test]
async fn what_has_no_signature_or_an_unknown_target_is_refused() {
    let cloud = cloud();
    let request = http::Request::post("http://aws.local/").body(Bytes::new()).unwrap();
    assert_eq!(cloud.call(request).await.unwrap().status(), 403);
    let request =
        http::Request::post("http://aws.local/").header("x-amz-target", "Kinesis_20131202.PutRecord");
    let answer = cloud.call(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["x-amzn-errortype"], "UnknownOperationException");
}

#[tokio::test]
async fn a_table_forgets_what_it_may_and_nothing_else() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let noon_s = NOON_MS / 1_000;
    for (name, expires_at) in [("over", Some(noon_s)), ("later", Some(noon_s + 1)), ("never", None)] {
        let mut row = item(&[("pk", "a"), ("sk", name)]);
        row.extend(expires_at.map(|at| ("expires_at".to_owned(), AttributeValue::N(at.to_string()))));
        client.put_item().table_name(table(&cloud)).set_item(Some(row)).send().await.unwrap();
    }
    let left = async || {
        let scan = client.scan().table_name(table(&cloud)).send().await.unwrap();
        let names = scan.items.unwrap_or_default();
        let mut names: Vec<String> = names.iter().map(|row| row["sk"].as_s().unwrap().clone()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(cloud.expire().unwrap(), 1);
    assert_eq!(left().await, ["later", "never"]);
    cloud.clock().advance(Duration::from_secs(1));
    assert_eq!(cloud.expire().unwrap(), 1);
    assert_eq!(cloud.expire().unwrap(), 0);
    assert_eq!(left().await, ["never"]);
}
