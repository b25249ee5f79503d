//! Log lines and metrics, both as lines of JSON on the standard output, where Lambda collects them.
//!
//! Neither holds what clients wrote, names, numbers or secrets. Callers hand in words of this program:
//! reasons of failures, names of variants, statuses; and ids by [`hashed`].

use std::{
    collections::BTreeMap,
    io, panic,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use handover_core::{Record, Timestamp, lower_base32};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    fmt::{MakeWriter, layer},
    layer::{Layer, SubscriberExt},
    registry,
};

use crate::{Clock, Trace, process_lookup};

/// The variable in which Lambda names the level that is logged from.
const LEVEL_VARIABLE: &str = "AWS_LAMBDA_LOG_LEVEL";
/// The variable in which Lambda names the version of the function that runs.
const VERSION_VARIABLE: &str = "AWS_LAMBDA_FUNCTION_VERSION";
/// The name that all metrics of this product stand under.
const NAMESPACE: &str = "Handover";
/// The unit of metrics that count (CloudWatch, MetricDatum).
const COUNT: &str = "Count";

/// Starts logging and metrics for this process, a function that goes by the name of `service`.
///
/// Log lines carry `timestamp` (RFC 3339) and `level`, without which Lambda's own filter treats them as
/// INFO. Modules of this product log from the level in `AWS_LAMBDA_LOG_LEVEL`, INFO without one;
/// everything else only warns, for libraries log what they send and receive. A panic is logged by its
/// place, without its message.
pub fn init(service: &'static str) {
    let level = level(process_lookup()(LEVEL_VARIABLE).as_deref());
    // A process that already logs goes on as it does.
    let _ = tracing::subscriber::set_global_default(subscriber(level, io::stdout));
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
    let version = process_lookup()(VERSION_VARIABLE).unwrap_or_default();
    // So does one that already counts.
    let _ = METRICS.set(Metrics {
        service,
        version,
        clock: Clock::system(),
        writer: Mutex::new(Box::new(io::stdout())),
    });
}

/// The level of a name; `FATAL`, which only Lambda has, is ERROR.
fn level(name: Option<&str>) -> LevelFilter {
    match name {
        Some("FATAL") => LevelFilter::ERROR,
        Some(name) => name.parse().unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // By prefix: our crates are all called handover_something.
    let targets = Targets::new().with_target("handover", level).with_default(level.min(LevelFilter::WARN));
    let lines = layer().json().flatten_event(true).with_span_list(false).with_writer(writer);
    registry().with(lines.with_filter(targets))
}

/// A short name for an id, so that log lines about one thing can be found together: 50 bits of its
/// SHA-256 in base32. For the ids of this product, which are long and random; a phone number could be
/// found by trying them all.
pub fn hashed(id: &str) -> String {
    lower_base32(&Sha256::digest(id)).chars().take(10).collect()
}

/// One event of a kind that ended somehow. Kinds and outcomes are words of this program; each pair is a
/// metric of its own that CloudWatch bills, so there are few.
pub fn count(name: &'static str, outcome: &str) {
    write(name, 1, COUNT, Some(outcome));
}

/// How many there are of something, as just seen.
pub fn gauge(name: &'static str, value: impl Into<u64>) {
    write(name, value.into(), COUNT, None);
}

/// How long something took or waited, in whole seconds.
pub fn lasted(name: &'static str, time: Duration) {
    write(name, time.as_secs(), "Seconds", None);
}

/// An event was decided.
pub fn decided(record: &Record) {
    // The name that the record has in the table.
    let verdict = serde_json::to_value(record.verdict).unwrap_or_default();
    count("decided", verdict.as_str().unwrap_or_default());
}

/// A piece of work did not succeed: in which function, what becomes of it (`retry`, `quarantine`, or
/// `panicked`, which is tried again, too), why, and how often it has been received.
///
/// It is counted by the function's version, too: a deployment goes back when its new version fails.
pub fn failed(source: &str, fate: &'static str, reason: &str, receives: u32) {
    let trace = Trace::current();
    tracing::warn!(source, fate, reason, receives, trace = trace.as_ref().map(Trace::root), "failed");
    if let Some(metrics) = METRICS.get() {
        let version = Some(metrics.version.as_str());
        metrics.write(&Metric { name: "failed", value: 1, unit: COUNT, outcome: Some(fate), version });
    }
}

fn write(name: &'static str, value: u64, unit: &'static str, outcome: Option<&str>) {
    if let Some(metrics) = METRICS.get() {
        metrics.write(&Metric { name, value, unit, outcome, version: None });
    }
}

/// The metrics of this process, once [`init`] has been called. There are none before, nor in tests that
/// run functions inside their own process.
static METRICS: OnceLock<Metrics> = OnceLock::new();

/// Writes metrics in CloudWatch's embedded metric format: log lines that CloudWatch reads metrics from.
struct Metrics {
    service: &'static str,
    /// The function's version; `$LATEST` where nobody has published one.
    version: String,
    clock: Clock,
    writer: Mutex<Box<dyn io::Write + Send>>,
}

impl Metrics {
    fn write(&self, metric: &Metric<'_>) {
        let mut line = line(self.clock.wall(), self.service, metric, Trace::current().as_ref());
        line.push('\n');
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to be told when the log cannot be written, and the work itself is done.
        let _ = writer.write_all(line.as_bytes()).and_then(|()| writer.flush());
    }
}

/// The embedded metric format, as its specification has it:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
#[derive(Serialize)]
struct Line<'a> {
    /// For Lambda's log filter.
    timestamp: String,
    level: &'static str,
    #[serde(rename = "_aws")]
    aws: Metadata,
    #[serde(rename = "Service")]
    service: &'static str,
    #[serde(rename = "Outcome", skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    #[serde(rename = "Version", skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// A property, not a dimension: it makes lines of one webhook findable, and no metric of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'a str>,
    #[serde(flatten)]
    values: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    /// Milliseconds since the Unix epoch.
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: [Definition; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

/// What is written down.
struct Metric<'a> {
    name: &'static str,
    value: u64,
    unit: &'static str,
    outcome: Option<&'a str>,
    /// Counted by version, too: beside the metric of all versions, one for each.
    version: Option<&'a str>,
}

fn line(at: Timestamp, service: &'static str, metric: &Metric<'_>, trace: Option<&Trace>) -> String {
    let Metric { name, value, unit, outcome, version } = *metric;
    let dimensions: &'static [&'static [&'static str]] = match (outcome, version) {
        (Some(_), Some(_)) => &[&["Service", "Outcome"], &["Service", "Outcome", "Version"]],
        (Some(_), None) => &[&["Service", "Outcome"]],
        (None, _) => &[&["Service"]],
    };
    let line = Line {
        timestamp: jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default().to_string(),
        level: "INFO",
        aws: Metadata {
            timestamp: at.as_ms(),
            cloud_watch_metrics: [Directive {
                namespace: NAMESPACE,
                dimensions,
                metrics: [Definition { name, unit }],
            }],
        },
        service,
        outcome,
        version,
        trace: trace.map(Trace::root),
        values: BTreeMap::from([(name, value)]),
    };
    // Strings and numbers under string keys: there is nothing that cannot be written as JSON.
    serde_json::to_string(&line).unwrap_or_default()
}

#[cfg(test)]
mod tests;
