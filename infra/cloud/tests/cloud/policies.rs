//! Functions may do what their policy in the template says, and nothing else.

use crate::{admin, cloud, dynamodb, environment, function, item, table, text};
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem};
use aws_sdk_scheduler::types::{FlexibleTimeWindow, FlexibleTimeWindowMode, Target};
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use handover_cloud::{Cloud, Outcome};

const DENIED: &str = "AccessDeniedException";

#[tokio::test]
async fn evaluate_reads_items_and_does_not_write_them() {
    let cloud = cloud();
    let client = dynamodb(&function(&cloud, "evaluate"));
    let table = table(&cloud);
    let get = async |pk: &str| {
        client.get_item().table_name(&table).key("pk", text(pk)).key("sk", text("1")).send().await
    };
    get("I#a").await.unwrap();
    // Inboxes alone: no transcript.
    let error = get("C#a").await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some(DENIED));
    let put = client.put_item().table_name(&table).set_item(Some(item(&[("pk", "a"), ("sk", "1")])));
    let error = put.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some(DENIED));
    let message = error.meta().message().unwrap();
    assert!(message.contains("dynamodb:PutItem") && message.contains(&format!("table/{table}")), "{message}");
    let stored = dynamodb(&admin(&cloud)).scan().table_name(&table).send().await.unwrap();
    assert_eq!(stored.count(), 0);
    let log = cloud.take_log();
    for refused in &log[1..3] {
        assert_eq!(refused.function.as_deref(), Some("evaluate"));
        assert_eq!(refused.outcome, Outcome::Refused { status: 400, code: DENIED.to_owned() });
    }
    assert_eq!(log[3].function, None);
}

#[tokio::test]
async fn an_index_is_a_resource_of_its_own() {
    let cloud = cloud();
    let query = async |name: &str| {
        let query = dynamodb(&function(&cloud, name)).query().table_name(table(&cloud)).index_name("inbox");
        let query =
            query.key_condition_expression("inbox_pk = :p").expression_attribute_values(":p", text("x"));
        query.send().await
    };
    query("resume").await.unwrap();
    let error = query("execute").await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some(DENIED));
    assert!(error.meta().message().unwrap().contains("/index/inbox"), "{error:?}");
}

#[tokio::test]
async fn every_action_of_a_transaction_counts() {
    let cloud = cloud();
    let table = table(&cloud);
    let client = dynamodb(&function(&cloud, "execute"));
    let put =
        Put::builder().table_name(&table).set_item(Some(item(&[("pk", "a"), ("sk", "1")]))).build().unwrap();
    let put = TransactWriteItem::builder().put(put).build();
    let check = ConditionCheck::builder().table_name(&table).key("pk", text("b")).key("sk", text("1"));
    let check = check.condition_expression("attribute_not_exists(pk)").build().unwrap();
    let check = TransactWriteItem::builder().condition_check(check).build();
    client.transact_write_items().transact_items(put.clone()).send().await.unwrap();

    // It may delete (a tag's row), which notify may not.
    let delete =
        Delete::builder().table_name(&table).key("pk", text("c")).key("sk", text("1")).build().unwrap();
    let delete = TransactWriteItem::builder().delete(delete).build();
    client.transact_write_items().transact_items(delete.clone()).send().await.unwrap();
    let notify = dynamodb(&function(&cloud, "notify"));
    let error = notify.transact_write_items().transact_items(put.clone()).transact_items(delete).send().await;
    let error = error.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some(DENIED));
    assert!(error.meta().message().unwrap().contains("dynamodb:DeleteItem"), "{error:?}");

    // It may put, and may not check a condition on another item.
    let error = client.transact_write_items().transact_items(put).transact_items(check).send().await;
    let error = error.unwrap_err().into_service_error();
    assert!(error.meta().message().unwrap().contains("dynamodb:ConditionCheckItem"), "{error:?}");
}

#[tokio::test]
async fn messages_go_only_to_the_queues_of_the_environment() {
    let cloud = cloud();
    let send = async |name: &str, url: String| {
        let send =
            aws_sdk_sqs::Client::new(&function(&cloud, name)).send_message().queue_url(url).message_body("x");
        send.send().await
    };
    send("notify", environment(&cloud, "notify", "QUARANTINE_QUEUE_URL")).await.unwrap();
    let error = send("notify", environment(&cloud, "execute", "TIMERS_QUEUE_URL")).await.unwrap_err();
    let error = error.into_service_error();
    assert_eq!(error.meta().code(), Some(DENIED));
    assert!(error.meta().message().unwrap().contains("sqs:SendMessage"), "{error:?}");
}

#[tokio::test]
async fn a_batch_needs_the_permission_for_its_single_operation() {
    let cloud = cloud();
    let entry = aws_sdk_sqs::types::SendMessageBatchRequestEntry::builder()
        .id("1")
        .message_body("x")
        .build()
        .unwrap();
    let batch = async |name: &str, url: String| {
        let client = aws_sdk_sqs::Client::new(&function(&cloud, name));
        client.send_message_batch().queue_url(url).entries(entry.clone()).send().await
    };
    batch("execute", environment(&cloud, "execute", "NOTIFICATIONS_QUEUE_URL")).await.unwrap();
    let denied =
        batch("evaluate", environment(&cloud, "execute", "NOTIFICATIONS_QUEUE_URL")).await.unwrap_err();
    assert_eq!(denied.into_service_error().meta().code(), Some(DENIED));
}

#[tokio::test]
async fn a_schedule_needs_its_group_and_its_role() {
    let cloud = cloud();
    let create = async |function_name: &str, group: &str, role: &str| {
        let window = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
        let target = Target::builder().arn(environment(&cloud, "execute", "TIMERS_QUEUE_ARN")).role_arn(role);
        let client = aws_sdk_scheduler::Client::new(&function(&cloud, function_name));
        let create = client.create_schedule().name(format!("{function_name}-1")).group_name(group);
        let create = create.schedule_expression("at(2026-11-22T13:00:00)").flexible_time_window(window);
        create.target(target.input("{}").build().unwrap()).send().await
    };
    let group = environment(&cloud, "execute", "SCHEDULE_GROUP");
    let role = environment(&cloud, "execute", "SCHEDULER_ROLE_ARN");
    create("execute", &group, &role).await.unwrap();
    for (function_name, group, role, action) in [
        ("deliver", group.as_str(), role.as_str(), "scheduler:CreateSchedule"),
        ("execute", "default", role.as_str(), "scheduler:CreateSchedule"),
        ("execute", group.as_str(), "arn:aws:iam::000000000000:role/admin", "iam:PassRole"),
    ] {
        let error = create(function_name, group, role).await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some(DENIED));
        assert!(error.meta().message().unwrap().contains(action), "{error:?}");
    }
}

#[tokio::test]
async fn the_master_key_is_for_those_who_unseal() {
    let cloud = cloud();
    let id = environment(&cloud, "evaluate", "MASTER_KEY_SECRET_ARN");
    let read = async |name: &str| {
        aws_sdk_secretsmanager::Client::new(&function(&cloud, name))
            .get_secret_value()
            .secret_id(&id)
            .send()
            .await
    };
    read("evaluate").await.unwrap();
    read("deliver").await.unwrap();
    read("console").await.unwrap();
    // It signs what it posts to chats and automations.
    read("notify").await.unwrap();
    for name in ["execute", "resume"] {
        let error = read(name).await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some(DENIED), "{name}");
        assert!(error.meta().message().unwrap().contains(&id), "{error:?}");
    }
}

#[tokio::test]
async fn only_notify_sends_mail() {
    let cloud = cloud();
    let sender = environment(&cloud, "notify", "EMAIL_SENDER");
    let send = async |cloud: &Cloud, name: &str, from: &str, set: Option<&str>| {
        let content = |data: &str| Content::builder().data(data).build().unwrap();
        let body = Body::builder().text(content("b")).build();
        let message = Message::builder().subject(content("s")).body(body).build();
        aws_sdk_sesv2::Client::new(&function(cloud, name))
            .send_email()
            .from_email_address(from)
            .set_configuration_set_name(set.map(str::to_owned))
            .destination(Destination::builder().to_addresses("ana@clinic.example").build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await
    };
    let set = environment(&cloud, "notify", "EMAIL_CONFIGURATION_SET");
    send(&cloud, "notify", &sender, Some(&set)).await.unwrap();
    // Not in another's name, not past what tells of bounces, and nobody else.
    for (name, from, set) in [
        ("notify", "boss@clinic.example", Some(set.as_str())),
        ("notify", &sender, Some("another-set")),
        ("deliver", &sender, Some(set.as_str())),
    ] {
        let error = send(&cloud, name, from, set).await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some(DENIED), "{name} {from}");
    }
    assert_eq!(cloud.recorder().requests().len(), 1);
}
