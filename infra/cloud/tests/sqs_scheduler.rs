//! Queues and schedules as the AWS SDKs see them, and as a killed process leaves them behind.

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

use aws_sdk_scheduler::types::{
    ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, ScheduleState, Target,
};
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName, SendMessageBatchRequestEntry,
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use handover_cloud::scheduler::{Lateness, ScheduleRequest, Scheduler};
use handover_cloud::sqs::{Attributes, SendRequest, Sqs, queue_arn};
use handover_cloud::{Clock, Storage};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// 2026-11-22T14:00:00Z.
const START: i64 = 1_795_356_000_000;

const ROLE: &str = "arn:aws:iam::000000000000:role/scheduler";

#[derive(Clone, Debug)]
struct Engines {
    clock: Clock,
    sqs: Sqs,
    scheduler: Scheduler,
}

impl Engines {
    fn open(storage: &Storage, clock: Clock) -> Self {
        let database = storage.open_queues().unwrap();
        let sqs = Sqs::open(database.clone(), clock.clone()).unwrap();
        let scheduler = Scheduler::open(database, clock.clone(), sqs.clone()).unwrap();
        scheduler.set_lateness(Lateness::Exact);
        Self { clock, sqs, scheduler }
    }

    fn http(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes().unwrap().to_vec();
        let uri: http::Uri = request.uri().parse().unwrap();
        let response = if let Some(target) = request.headers().get("x-amz-target") {
            let operation = target.strip_prefix("AmazonSQS.").unwrap();
            self.sqs.call(operation, uri.host().unwrap(), &body).await
        } else {
            let method = request.method().parse().unwrap();
            self.scheduler.call(&method, uri.path(), uri.query().unwrap_or_default(), &body)
        };
        Ok(HttpResponse::try_from(response.map(SdkBody::from)).unwrap())
    }

    fn sqs_client(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .credentials_provider(aws_sdk_sqs::config::Credentials::new("k", "s", None, None, "test"))
            .endpoint_url("http://aws.local")
            .http_client(self.http());
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    fn scheduler_client(&self) -> aws_sdk_scheduler::Client {
        let config = aws_sdk_scheduler::Config::builder()
            .behavior_version(aws_sdk_scheduler::config::BehaviorVersion::latest())
            .region(aws_sdk_scheduler::config::Region::new("us-east-1"))
            .credentials_provider(aws_sdk_scheduler::config::Credentials::new("k", "s", None, None, "test"))
            .endpoint_url("http://aws.local")
            .http_client(self.http());
        aws_sdk_scheduler::Client::from_conf(config.build())
    }
}

impl HttpConnector for Engines {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

fn in_memory() -> Engines {
    Engines::open(&Storage::Memory, Clock::manual(START))
}

#[tokio::test]
async fn the_sdk_sends_receives_hides_and_deletes() {
    let engines = in_memory();
    let client = engines.sqs_client();
    let url = client
        .create_queue()
        .queue_name("q.fifo")
        .attributes(QueueAttributeName::FifoQueue, "true")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    assert_eq!(url, "http://aws.local/000000000000/q.fifo");

    let value =
        |text: &str| MessageAttributeValue::builder().data_type("String").string_value(text).build().unwrap();
    let blob = MessageAttributeValue::builder().data_type("Binary").binary_value(vec![0_u8, 1, 255].into());
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("grüße 👋")
        .message_group_id("g")
        .message_deduplication_id("d")
        .message_attributes("name", value("Zoë"))
        .message_attributes("blob", blob.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.sequence_number().unwrap().len(), 20);

    let received = client
        .receive_message()
        .queue_url(&url)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.message_id(), sent.message_id());
    assert_eq!(message.body(), Some("grüße 👋"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(message.md5_of_message_attributes(), sent.md5_of_message_attributes());
    let attributes = message.message_attributes().unwrap();
    assert_eq!(attributes["blob"].binary_value().unwrap().as_ref(), [0, 1, 255]);
    let system = message.attributes().unwrap();
    assert_eq!(system[&MessageSystemAttributeName::MessageGroupId], "g");
    assert_eq!(system[&MessageSystemAttributeName::SequenceNumber], sent.sequence_number().unwrap());

    let handle = message.receipt_handle().unwrap();
    let hide =
        client.change_message_visibility().queue_url(&url).receipt_handle(handle).visibility_timeout(1);
    hide.send().await.unwrap();
    engines.clock.advance(Duration::from_secs(1));
    let expired = client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap_err();
    assert_eq!(expired.code(), Some("InvalidParameterValue"));
    let again = client.receive_message().queue_url(&url).send().await.unwrap();
    let handle = again.messages()[0].receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();

    let counts = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::All);
    let counts = counts.send().await.unwrap();
    let counts = counts.attributes().unwrap();
    assert_eq!(counts[&QueueAttributeName::QueueArn], queue_arn("q.fifo"));
    assert_eq!(counts[&QueueAttributeName::ApproximateNumberOfMessages], "0");
    assert_eq!(counts[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "0");
}

#[tokio::test]
async fn the_sdk_tells_the_errors_of_sqs_apart() {
    let engines = in_memory();
    let client = engines.sqs_client();
    let missing = client.get_queue_url().queue_name("missing").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(missing.into_service_error().is_queue_does_not_exist());

    engines.sqs.create_queue("q", &Attributes::new()).unwrap();
    let url = "http://elsewhere/1/q";
    let stale = client.change_message_visibility().queue_url(url).receipt_handle("x").visibility_timeout(1);
    assert!(stale.send().await.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
    let entry = |id: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder().id(id).message_body("m").delay_seconds(delay);
        entry.build().unwrap()
    };
    let batch = client.send_message_batch().queue_url(url);
    let batch = batch.entries(entry("a", 0)).entries(entry("b", 901)).send().await.unwrap();
    assert_eq!(batch.successful()[0].id(), "a");
    assert_eq!((batch.failed()[0].id(), batch.failed()[0].code()), ("b", "InvalidParameterValue"));
    let twice = client.send_message_batch().queue_url(url).entries(entry("a", 0)).entries(entry("a", 0));
    assert!(twice.send().await.unwrap_err().into_service_error().is_batch_entry_ids_not_distinct());
}

#[tokio::test]
async fn the_sdk_creates_reads_and_deletes_schedules() {
    let engines = in_memory();
    engines.sqs.create_queue("timers", &Attributes::new()).unwrap();
    let client = engines.scheduler_client();
    client.create_schedule_group().name("g").send().await.unwrap();
    let off = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().unwrap();
    let target = Target::builder().arn(queue_arn("timers")).role_arn(ROLE).input("{}").build().unwrap();
    let create = client
        .create_schedule()
        .group_name("g")
        .name("resume-1")
        .schedule_expression("at(2026-11-22T15:00:00)")
        .schedule_expression_timezone("UTC")
        .flexible_time_window(off)
        .target(target)
        .action_after_completion(ActionAfterCompletion::Delete);
    create.clone().send().await.unwrap();
    let again = create.clone().send().await.unwrap_err();
    assert!(again.into_service_error().is_conflict_exception());
    let past = create.name("late").schedule_expression("at(2026-11-22T13:00:00)").send().await.unwrap_err();
    assert!(past.into_service_error().is_validation_exception());

    let found = client.get_schedule().group_name("g").name("resume-1").send().await.unwrap();
    assert_eq!(found.state(), Some(&ScheduleState::Enabled));
    assert_eq!(found.creation_date().unwrap().secs(), START / 1000);
    assert_eq!(found.target().unwrap().retry_policy().unwrap().maximum_retry_attempts(), Some(185));
    let listed = client.list_schedules().group_name("g").name_prefix("resume").send().await.unwrap();
    assert_eq!(listed.schedules()[0].name(), Some("resume-1"));

    engines.clock.advance(Duration::from_hours(1));
    assert_eq!(engines.scheduler.fire_due().unwrap().len(), 1);
    let gone = client.get_schedule().group_name("g").name("resume-1").send().await.unwrap_err();
    assert!(gone.into_service_error().is_resource_not_found_exception());
    assert_eq!(engines.sqs.depths("timers").unwrap().visible, 1);
}

/// An empty directory of this test run.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).unwrap();
    }
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The files as they are while the process lives: what a kill at this moment leaves behind.
fn killed(from: &Path, name: &str) -> Storage {
    let to = directory(name);
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    Storage::Directory(to)
}

fn in_group(body: &str) -> SendRequest {
    SendRequest {
        group_id: Some("g".to_owned()),
        deduplication_id: Some(body.to_owned()),
        ..SendRequest::text(body)
    }
}

#[test]
fn a_killed_process_comes_back_with_every_message_in_its_state() {
    let before = directory("queues-before");
    let engines = Engines::open(&Storage::Directory(before.clone()), Clock::manual(START));
    let fifo = Attributes::from([
        ("FifoQueue".to_owned(), "true".to_owned()),
        ("VisibilityTimeout".to_owned(), "10".to_owned()),
    ]);
    engines.sqs.create_queue("q.fifo", &fifo).unwrap();
    engines.sqs.create_queue("q", &Attributes::new()).unwrap();
    let first = engines.sqs.send("q.fifo", &in_group("1")).unwrap();
    engines.sqs.send("q.fifo", &in_group("2")).unwrap();
    engines.sqs.send("q", &SendRequest { delay_seconds: Some(60), ..SendRequest::text("later") }).unwrap();
    let received = engines.sqs.receive("q.fifo", 1, None).unwrap();

    let after = Engines::open(&killed(&before, "queues-after"), Clock::manual(START + 1_000));
    assert_eq!(after.sqs.queues().unwrap(), ["q", "q.fifo"]);
    assert!(after.sqs.receive("q.fifo", 10, None).unwrap().is_empty(), "the group is still locked");
    assert_eq!(after.sqs.next_visible_at("q.fifo").unwrap(), Some(START + 10_000));
    assert_eq!(after.sqs.next_visible_at("q").unwrap(), Some(START + 60_000));
    let duplicate = after.sqs.send("q.fifo", &in_group("1")).unwrap();
    assert_eq!(duplicate.message_id, first.message_id, "still deduplicated");
    let third = after.sqs.send("q.fifo", &in_group("3")).unwrap();
    assert!(third.sequence_number > first.sequence_number, "order goes on");

    after.clock.set(START + 10_000);
    let again = after.sqs.receive("q.fifo", 10, None).unwrap();
    let bodies: Vec<_> = again.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["1", "2", "3"]);
    assert_eq!(again[0].attributes["ApproximateReceiveCount"], "2");
    assert_ne!(again[0].receipt_handle, received[0].receipt_handle);

    engines.sqs.delete("q.fifo", &received[0].receipt_handle).unwrap();
    let deleted = Engines::open(&killed(&before, "queues-deleted"), Clock::manual(START + 20_000));
    assert_eq!(deleted.sqs.receive("q.fifo", 10, None).unwrap().len(), 1, "a delete is kept too");
}

#[test]
fn a_killed_process_fires_each_schedule_exactly_once() {
    let before = directory("schedules-before");
    let engines = Engines::open(&Storage::Directory(before.clone()), Clock::manual(START));
    engines.sqs.create_queue("timers", &Attributes::new()).unwrap();
    let request = |expression: &str| -> ScheduleRequest {
        let document = json!({
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "ActionAfterCompletion": "DELETE",
            "Target": { "Arn": queue_arn("timers"), "RoleArn": ROLE, "Input": "{}" },
        });
        serde_json::from_value(document).unwrap()
    };
    engines.scheduler.create_schedule("one", &request("at(2026-11-22T14:01:00)")).unwrap();
    engines.scheduler.create_schedule("two", &request("at(2026-11-22T14:02:00)")).unwrap();
    engines.scheduler.set_lateness(Lateness::Seeded(7));
    let due = engines.scheduler.next_due_at().unwrap().unwrap();

    let restarted = Engines::open(&killed(&before, "schedules-restarted"), Clock::manual(START));
    restarted.scheduler.set_lateness(Lateness::Seeded(7));
    assert_eq!(restarted.scheduler.next_due_at().unwrap(), Some(due), "as late as before");

    engines.scheduler.set_lateness(Lateness::Exact);
    engines.clock.set(START + 60_000);
    assert_eq!(engines.scheduler.fire_due().unwrap().len(), 1);
    let after = Engines::open(&killed(&before, "schedules-after"), Clock::manual(START + 120_000));
    assert_eq!(after.sqs.depths("timers").unwrap().visible, 1, "what was fired is in the queue");
    let fired = after.scheduler.fire_due().unwrap();
    assert_eq!(fired.iter().map(|fired| fired.name.as_str()).collect::<Vec<_>>(), ["two"]);
    assert_eq!(after.scheduler.next_due_at().unwrap(), None);
}
