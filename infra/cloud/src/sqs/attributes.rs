//! Queue attributes: their defaults, ranges (`SetQueueAttributes` reference) and typed form.

use crate::service::{ACCOUNT_ID, REGION, ServiceError};
use serde_json::Value;
use std::collections::BTreeMap;

/// Attributes by name, all values text, as on the wire.
pub type Attributes = BTreeMap<String, String>;

const DEFAULTS: [(&str, &str); 6] = [
    ("DelaySeconds", "0"),
    ("MaximumMessageSize", "1048576"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("SqsManagedSseEnabled", "true"),
    ("VisibilityTimeout", "30"),
];

const FIFO_DEFAULTS: [(&str, &str); 3] = [
    ("ContentBasedDeduplication", "false"),
    ("DeduplicationScope", "queue"),
    ("FifoThroughputLimit", "perQueue"),
];

/// What the engine needs to know of a queue, read from its attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) fifo: bool,
    pub(super) delay_seconds: u32,
    pub(super) maximum_message_size: usize,
    pub(super) retention_seconds: u32,
    pub(super) wait_seconds: u32,
    pub(super) visibility_seconds: u32,
    pub(super) content_based_deduplication: bool,
    pub(super) deduplicates_by_group: bool,
    pub(super) redrive: Option<Redrive>,
}

/// Where messages go that nobody manages to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The dead-letter queue's name.
    pub(super) target: String,
    /// How often a message is received before it goes there.
    pub(super) max_receive_count: u32,
}

/// Whether a queue of this name is a FIFO queue: the suffix is part of the name.
pub fn is_fifo(name: &str) -> bool {
    name.strip_suffix(".fifo").is_some()
}

/// The ARN of a local queue.
pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}")
}

/// The queue's name in an ARN of a local queue.
pub fn queue_name_of_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:sqs:")?
        .strip_prefix(REGION)?
        .strip_prefix(':')?
        .strip_prefix(ACCOUNT_ID)?
        .strip_prefix(':')
}

/// Checks a queue's name: 1 to 80 of letters, digits, `-`, `_`; `.fifo` at the end counts.
pub(super) fn check_name(name: &str, fifo: bool) -> Result<(), ServiceError> {
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    match stem {
        Some(stem) if !stem.is_empty() && name.len() <= 80 && stem.bytes().all(plain) => Ok(()),
        _ if fifo => {
            let message = "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
                           underscores, must end with .fifo suffix and be 1 to 80 in length.";
            Err(ServiceError::bad_request("InvalidParameterValue", message))
        }
        _ => {
            let message =
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
            Err(ServiceError::bad_request("InvalidParameterValue", message))
        }
    }
}

/// The attributes of a new queue: the given ones over the defaults of its kind.
pub(super) fn complete(given: &Attributes) -> Attributes {
    let fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    let defaults = DEFAULTS.iter().chain(if fifo { FIFO_DEFAULTS.as_slice() } else { &[] });
    let mut all: Attributes =
        defaults.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.extend(
        given
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    all
}

/// Reads and checks a complete set of attributes.
pub(super) fn parse(attributes: &Attributes) -> Result<Settings, ServiceError> {
    let fifo = boolean(attributes, "FifoQueue")?;
    for name in attributes.keys() {
        check_known(name, fifo)?;
    }
    choice(attributes, "DeduplicationScope", &["queue", "messageGroup"])?;
    choice(attributes, "FifoThroughputLimit", &["perQueue", "perMessageGroupId"])?;
    boolean(attributes, "SqsManagedSseEnabled")?;
    let by_group = attributes.get("DeduplicationScope").is_some_and(|scope| scope == "messageGroup");
    if !by_group && attributes.get("FifoThroughputLimit").is_some_and(|limit| limit == "perMessageGroupId") {
        return Err(bad_value(
            "FifoThroughputLimit",
            "perMessageGroupId requires DeduplicationScope messageGroup",
        ));
    }
    Ok(Settings {
        fifo,
        delay_seconds: number(attributes, "DelaySeconds", 0, 900)?,
        maximum_message_size: number(attributes, "MaximumMessageSize", 1024, 1_048_576)? as usize,
        retention_seconds: number(attributes, "MessageRetentionPeriod", 60, 1_209_600)?,
        wait_seconds: number(attributes, "ReceiveMessageWaitTimeSeconds", 0, 20)?,
        visibility_seconds: number(attributes, "VisibilityTimeout", 0, 43_200)?,
        content_based_deduplication: boolean(attributes, "ContentBasedDeduplication")?,
        deduplicates_by_group: by_group,
        redrive: attributes.get("RedrivePolicy").map(|policy| redrive(policy)).transpose()?,
    })
}

fn check_known(name: &str, fifo: bool) -> Result<(), ServiceError> {
    const ANY: [&str; 5] =
        ["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "Policy", "RedriveAllowPolicy", "RedrivePolicy"];
    let any = DEFAULTS.iter().map(|(known, _)| *known).chain(ANY);
    let only_fifo = FIFO_DEFAULTS.iter().map(|(known, _)| *known).chain(["FifoQueue"]);
    if any.chain(only_fifo.filter(|_| fifo)).any(|known| known == name) {
        Ok(())
    } else {
        Err(ServiceError::bad_request("InvalidAttributeName", format!("Unknown Attribute {name}.")))
    }
}

fn redrive(policy: &str) -> Result<Redrive, ServiceError> {
    let refuse = |reason: &str| bad_value("RedrivePolicy", &format!("{policy}. Reason: {reason}"));
    let policy: Value =
        serde_json::from_str(policy).map_err(|_| refuse("Redrive policy is not valid JSON."))?;
    let target = policy.get("deadLetterTargetArn").and_then(Value::as_str).and_then(queue_name_of_arn);
    let target = target.ok_or_else(|| refuse("deadLetterTargetArn is not the ARN of a queue."))?;
    let count = policy.get("maxReceiveCount").and_then(|count| match count {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let count = count.and_then(|count| u32::try_from(count).ok()).filter(|count| (1..=1000).contains(count));
    let max_receive_count =
        count.ok_or_else(|| refuse("Invalid value for maxReceiveCount, valid values are from 1 to 1000."))?;
    Ok(Redrive { target: target.to_owned(), max_receive_count })
}

fn number(attributes: &Attributes, name: &str, min: u32, max: u32) -> Result<u32, ServiceError> {
    let text = attributes.get(name).map_or("", String::as_str);
    let value = text.parse().ok().filter(|value| (min..=max).contains(value));
    value.ok_or_else(|| bad_value(name, text))
}

fn boolean(attributes: &Attributes, name: &str) -> Result<bool, ServiceError> {
    choice(attributes, name, &["true", "false"])?;
    Ok(attributes.get(name).is_some_and(|value| value == "true"))
}

fn choice(attributes: &Attributes, name: &str, allowed: &[&str]) -> Result<(), ServiceError> {
    match attributes.get(name) {
        Some(value) if !allowed.contains(&value.as_str()) => Err(bad_value(name, value)),
        _ => Ok(()),
    }
}

fn bad_value(name: &str, value: &str) -> ServiceError {
    ServiceError::bad_request(
        "InvalidAttributeValue",
        format!("Invalid value for the parameter {name}: {value}"),
    )
}
