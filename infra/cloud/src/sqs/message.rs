//! Messages: what a sender may say, what a receiver gets, and the checksums of the protocol.

use super::invalid;
use crate::service::ServiceError;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most bytes that a message, or all messages of a batch together, may have (SQS quotas: 1 MiB).
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The longest delay of a message, in seconds (SQS quotas: 15 minutes).
pub const MAX_DELAY_SECONDS: u32 = 900;

/// A user-defined attribute of a message, as on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional label after a dot.
    #[serde(default)]
    pub data_type: String,
    /// The value of a `String` or `Number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// User-defined attributes by name.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// A message to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendRequest {
    /// The text; 1 byte to 1 MiB of characters that XML allows.
    pub body: String,
    /// Seconds until it can be received, 0..=900; the queue's own delay when not given. Not on FIFO queues.
    pub delay_seconds: Option<u32>,
    /// The message group: must be given on FIFO queues, names a tenant on standard (fair) queues.
    pub group_id: Option<String>,
    /// FIFO only; must be given unless the queue deduplicates by content.
    pub deduplication_id: Option<String>,
    /// At most ten user-defined attributes.
    pub attributes: MessageAttributes,
    /// An X-Ray trace header; does not count into the size.
    pub trace_header: Option<String>,
}

/// What a sender learns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message's id; that of the first one when this one was a duplicate.
    pub message_id: String,
    /// The position in a FIFO queue, 20 digits.
    pub sequence_number: Option<String>,
    /// MD5 of the body, in hex.
    pub md5_of_body: String,
    /// MD5 of the user-defined attributes, in hex, when there are any.
    pub md5_of_attributes: Option<String>,
}

/// A message as a receiver gets it, with every attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// The message's id.
    pub message_id: String,
    /// The handle of this one receive.
    pub receipt_handle: String,
    /// The text.
    pub body: String,
    /// MD5 of the body, in hex.
    pub md5_of_body: String,
    /// System attributes by their SQS names: `SenderId`, `SentTimestamp`, `ApproximateReceiveCount`,
    /// `ApproximateFirstReceiveTimestamp`, and where they apply `MessageGroupId`,
    /// `MessageDeduplicationId`, `SequenceNumber`, `AWSTraceHeader`, `DeadLetterQueueSourceArn`.
    pub attributes: BTreeMap<&'static str, String>,
    /// User-defined attributes.
    pub message_attributes: MessageAttributes,
}

/// A message as it lies in its queue, for looking without receiving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// The message's id.
    pub message_id: String,
    /// The text.
    pub body: String,
    /// User-defined attributes.
    pub attributes: MessageAttributes,
    /// The message group.
    pub group_id: Option<String>,
    /// The deduplication id.
    pub deduplication_id: Option<String>,
    /// When it was sent, in Unix milliseconds.
    pub sent_at_ms: i64,
    /// When it can be received (its group permitting), in Unix milliseconds.
    pub visible_at_ms: i64,
    /// How often it was received, over all queues that it was in.
    pub receive_count: u32,
    /// The ARN of the queue that gave it up, in a dead-letter queue.
    pub dead_letter_source: Option<String>,
}

impl SendRequest {
    /// A message that is only a text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }

    /// The bytes that count against the size limits: body, and the attributes' names, types and values.
    pub fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            let value = attribute.string_value.as_deref().map_or(0, str::len)
                + attribute.binary_value.as_deref().map_or(0, |value| value.len() / 4 * 3);
            name.len() + attribute.data_type.len() + value
        });
        self.body.len() + attributes.sum::<usize>()
    }

    /// Checks everything that does not depend on the queue.
    pub(super) fn validate(&self) -> Result<(), ServiceError> {
        if self.body.is_empty() {
            return Err(missing("The request must contain the parameter MessageBody."));
        }
        check_characters(&self.body)?;
        if let Some(delay) = self.delay_seconds
            && delay > MAX_DELAY_SECONDS
        {
            return Err(invalid("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900."));
        }
        check_token("MessageGroupId", self.group_id.as_deref())?;
        check_token("MessageDeduplicationId", self.deduplication_id.as_deref())?;
        if self.attributes.len() > 10 {
            let text = "Number of message attributes [more than 10] exceeds the allowed maximum [10].";
            return Err(ServiceError::bad_request("InvalidParameterValue", text));
        }
        self.attributes.iter().try_for_each(|(name, attribute)| check_attribute(name, attribute))
    }
}

/// A refusal because a parameter is not there.
pub(super) fn missing(message: &str) -> ServiceError {
    ServiceError::bad_request("MissingParameter", message)
}

/// The characters of XML 1.0, which is what SQS takes (`SendMessage` reference).
fn check_characters(text: &str) -> Result<(), ServiceError> {
    let allowed = |c: char| matches!(c, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(allowed) {
        return Ok(());
    }
    let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF \
                   | #xE000 to #xFFFD | #x10000 to #x10FFFF.";
    Err(ServiceError::bad_request("InvalidMessageContents", message))
}

/// Group and deduplication ids: 1 to 128 printable ASCII characters.
fn check_token(parameter: &str, value: Option<&str>) -> Result<(), ServiceError> {
    match value {
        Some(value)
            if value.is_empty() || value.len() > 128 || !value.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            let reason = format!(
                "{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            );
            Err(invalid(parameter, value, &reason))
        }
        _ => Ok(()),
    }
}

fn check_attribute(name: &str, attribute: &MessageAttribute) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::bad_request("InvalidParameterValue", message));
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > 256 || !name.bytes().all(plain) {
        return refuse(format!("Invalid message attribute name '{name}'."));
    }
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    let value = match kind {
        "String" | "Number" => attribute.string_value.as_deref(),
        "Binary" => attribute.binary_value.as_deref(),
        _ => {
            return refuse(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported \
                 type prefixes is Binary, Number, and String."
            ));
        }
    };
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return refuse(format!("The message attribute '{name}' must contain a non-empty value of its type."));
    };
    match kind {
        "Number" if value.parse::<f64>().is_err() => {
            refuse(format!("Can't cast the value of message (user) attribute '{name}' to a number."))
        }
        "Binary" if data_encoding::BASE64.decode(value.as_bytes()).is_err() => {
            refuse(format!("The value of the message attribute '{name}' is not base64."))
        }
        "String" => check_characters(value),
        _ => Ok(()),
    }
}

/// MD5 in hex.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

/// MD5 over attributes in the order of their names: each part with its length in four bytes, and one
/// byte for the transport type (SQS developer guide, "Calculating the MD5 message digest").
pub(super) fn md5_of_attributes<'a>(
    attributes: impl Iterator<Item = (&'a str, &'a MessageAttribute)>,
) -> Option<String> {
    let mut digest = Md5::new();
    let mut any = false;
    for (name, attribute) in attributes {
        any = true;
        let decoded;
        let (transport, value) = if let Some(text) = &attribute.string_value {
            (1_u8, text.as_bytes())
        } else {
            let text = attribute.binary_value.as_deref().unwrap_or_default();
            decoded = data_encoding::BASE64.decode(text.as_bytes()).unwrap_or_default();
            (2_u8, decoded.as_slice())
        };
        let mut part = |bytes: &[u8]| {
            digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            digest.update(bytes);
        };
        part(name.as_bytes());
        part(attribute.data_type.as_bytes());
        digest.update([transport]);
        digest.update(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(value);
    }
    any.then(|| data_encoding::HEXLOWER.encode(&digest.finalize()))
}
