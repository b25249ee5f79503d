use std::{error::Error, io::Write, sync::Arc};

use aws_sdk_dynamodb::{
    error::{ErrorMetadata, SdkError},
    operation::get_item::GetItemError,
};
use expect_test::expect;
use serde_json::Value;
use tracing::subscriber::with_default;

use super::*;
use crate::{
    Failure, MasterKey, QueueUrls, Queues, Sdk, SdkSettings, Sealer, Variables, batch::Batch, http::check_url,
};

/// A standard output that can be read.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(level: LevelFilter, log: impl FnOnce()) -> Vec<Value> {
    let output = Captured::default();
    let writer = output.clone();
    with_default(subscriber(level, move || writer.clone()), log);
    output.lines()
}

#[test]
fn a_log_line_has_what_lambda_filters_by() {
    let lines = logged(LevelFilter::INFO, || {
        let span = tracing::info_span!("record", conversation = "abcdefghij");
        span.in_scope(|| tracing::warn!(reason = "throttled", attempt = 2, "record failed"));
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["message"], "record failed");
    assert_eq!(line["reason"], "throttled");
    assert_eq!(line["attempt"], 2);
    assert_eq!(line["span"]["conversation"], "abcdefghij");
    assert_eq!(line["target"], "handover_aws::telemetry::tests");
}

#[test]
fn libraries_only_warn() {
    let say_everything = || {
        tracing::debug!(target: "handover_execute", "own debug");
        tracing::info!(target: "handover_execute::x", "own info");
        tracing::info!(target: "aws_smithy_runtime::client", "library info");
        tracing::info!(target: "hyper_util", "library info");
        tracing::warn!(target: "rustls", "library warning");
        tracing::error!(target: "lambda_runtime", "library error");
    };
    let messages = |level| {
        let lines = logged(level, say_everything);
        lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(messages(LevelFilter::INFO), ["own info", "library warning", "library error"]);
    assert_eq!(messages(LevelFilter::TRACE), ["own debug", "own info", "library warning", "library error"]);
    assert_eq!(messages(LevelFilter::ERROR), ["library error"]);
}

#[test]
fn lambdas_levels_are_ours() {
    let table = [
        (None, LevelFilter::INFO),
        (Some("nonsense"), LevelFilter::INFO),
        (Some("DEBUG"), LevelFilter::DEBUG),
        (Some("WARN"), LevelFilter::WARN),
        (Some("FATAL"), LevelFilter::ERROR),
    ];
    for (name, expected) in table {
        assert_eq!(level(name), expected, "{name:?}");
    }
}

#[tokio::test]
async fn metrics_are_lines_in_the_embedded_format() {
    let output = Captured::default();
    let clock = Clock::with_domain(|| 1_795_359_137_123).signatures_on_domain_time();
    let version = "7".to_owned();
    let metrics =
        Metrics { service: "execute", version, clock, writer: Mutex::new(Box::new(output.clone())) };
    let metric = |name, value, unit, outcome| Metric { name, value, unit, outcome, version: None };
    metrics.write(&metric("decided", 1, COUNT, Some("handed_over")));
    metrics.write(&Metric { version: Some("7"), ..metric("failed", 1, COUNT, Some("retry")) });
    metrics.write(&metric("timer_lag", 12, "Seconds", None));
    let trace = Trace::read("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8").unwrap();
    trace.around(async { metrics.write(&metric("overdue", 12, COUNT, None)) }).await;
    expect![[r#"
        {"timestamp":"2026-11-22T14:52:17.123Z","level":"INFO","_aws":{"Timestamp":1795359137123,"CloudWatchMetrics":[{"Namespace":"Handover","Dimensions":[["Service","Outcome"]],"Metrics":[{"Name":"decided","Unit":"Count"}]}]},"Service":"execute","Outcome":"handed_over","decided":1}
        {"timestamp":"2026-11-22T14:52:17.123Z","level":"INFO","_aws":{"Timestamp":1795359137123,"CloudWatchMetrics":[{"Namespace":"Handover","Dimensions":[["Service","Outcome"],["Service","Outcome","Version"]],"Metrics":[{"Name":"failed","Unit":"Count"}]}]},"Service":"execute","Outcome":"retry","Version":"7","failed":1}
        {"timestamp":"2026-11-22T14:52:17.123Z","level":"INFO","_aws":{"Timestamp":1795359137123,"CloudWatchMetrics":[{"Namespace":"Handover","Dimensions":[["Service"]],"Metrics":[{"Name":"timer_lag","Unit":"Seconds"}]}]},"Service":"execute","timer_lag":12}
        {"timestamp":"2026-11-22T14:52:17.123Z","level":"INFO","_aws":{"Timestamp":1795359137123,"CloudWatchMetrics":[{"Namespace":"Handover","Dimensions":[["Service"]],"Metrics":[{"Name":"overdue","Unit":"Count"}]}]},"Service":"execute","trace":"1-5759e988-bd862e3fe1be46a994272793","overdue":12}
    "#]]
    .assert_eq(&output.text());
}

#[test]
fn a_failure_is_logged_with_what_becomes_of_it() {
    let lines = logged(LevelFilter::INFO, || failed("execute", "retry", "throttled", 3));
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!([&line["source"], &line["fate"], &line["reason"]], ["execute", "retry", "throttled"]);
    assert_eq!((&line["receives"], &line["level"]), (&3.into(), &"WARN".into()));
}

/// What a batch of one record says of itself, whose handler does this.
async fn worked<Work>(handle: impl Fn() -> Work) -> Vec<Value>
where
    Work: Future<Output = Result<(), Failure>>,
{
    let output = Captured::default();
    let writer = output.clone();
    let logging = tracing::subscriber::set_default(subscriber(LevelFilter::INFO, move || writer.clone()));
    let settings = SdkSettings {
        region: "us-east-1".to_owned(),
        // Nobody listens there.
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        credentials: crate::environment_credentials(|_| Some("none".to_owned())),
        http: crate::http::aws_client(),
        attempts: 1,
        patience: Duration::from_millis(1),
    };
    let queues = Queues::new(Sdk::new(&settings).sqs, QueueUrls::default());
    let clock = Clock::with_domain(|| 1_795_359_137_123).signatures_on_domain_time();
    let deadline = clock.now() + Duration::from_secs(10);
    let batch = Batch { source: "execute", queues: &queues, queue_url: "", clock: &clock, deadline };
    let event = serde_json::json!({"Records": [{"messageId": "m", "body": "{}", "attributes": {}, "messageAttributes": {}}]});
    batch.work(serde_json::from_value(event).unwrap(), |_| handle()).await;
    drop(logging);
    output.lines()
}

#[tokio::test]
async fn a_record_that_panics_is_told_apart_from_one_that_fails() {
    async fn panics() -> Result<(), Failure> {
        panic!("on this record")
    }
    let lines = worked(|| async { Err(Failure::retry("throttled")) }).await;
    assert_eq!([&lines[0]["fate"], &lines[0]["reason"]], ["retry", "throttled"]);
    let lines = worked(panics).await;
    assert_eq!([&lines[0]["fate"], &lines[0]["reason"]], ["panicked", "panicked"]);
}

#[test]
fn a_hashed_id_is_short_and_its_own() {
    assert_eq!(hashed("conversation"), hashed("conversation"));
    assert_ne!(hashed("conversation"), hashed("conversatiom"));
    assert_eq!(hashed("conversation").len(), 10);
}

/// Everything of an error that can get into a log line.
fn printed(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(|error| format!("{error:?} {error}")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn errors_hold_nothing_of_what_they_are_about() {
    const TEXT: &str = "Jane Doe of +4915112345678 writes to jane@example.com";
    let personal = ["Jane", "Doe", "4915112345678", "jane", "example.com"];
    let sealer = Sealer::new(&MasterKey::from_text(&TEXT.repeat(2)).unwrap());
    let mut variables = Variables::new(|_: &str| Some(TEXT.to_owned()));
    variables.number("ATTEMPTS", 1_u32);
    let request = http::Request::post("https://10.0.0.1/Jane?phone=4915112345678").body(TEXT.into()).unwrap();
    let unsent =
        crate::http::send(&crate::http::world_client(false), request, Duration::from_secs(5), 9).await;
    let said = ErrorMetadata::builder().code("ValidationException").message(TEXT).build();
    let answer: SdkError<_, ()> = SdkError::service_error(GetItemError::generic(said), ());
    let errors: Vec<Box<dyn Error>> = vec![
        Box::new(crate::store::classify(&answer)),
        Box::new(crate::queue::decode::<crate::queue::Notice>(TEXT).unwrap_err()),
        Box::new(MasterKey::from_text("Jane Doe").unwrap_err()),
        Box::new(sealer.open(TEXT, &[TEXT]).unwrap_err()),
        Box::new(variables.finish().unwrap_err()),
        Box::new(check_url("https://Jane:4915112345678@example.com", false).unwrap_err()),
        Box::new(check_url("https://jane.doe.local/4915112345678", false).unwrap_err()),
        Box::new(unsent.unwrap_err()),
    ];
    for error in errors {
        let text = printed(error.as_ref());
        assert!(personal.iter().all(|word| !text.contains(word)), "{text}");
    }
}
