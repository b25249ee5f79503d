//! AWS JSON 1.0, as the SDKs speak it to SQS.

use super::attributes::Attributes;
use super::engine::MAX_VISIBILITY_SECONDS;
use super::message::{
    MAX_MESSAGE_BYTES, MessageAttribute, MessageAttributes, SendRequest, md5_of_attributes, missing,
};
use super::{ReceivedMessage, Sent, Sqs, invalid};
use crate::service::{ACCOUNT_ID, ServiceError, json_response};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// System attributes that a receiver may ask for (`ReceiveMessage` reference).
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// Every field that a request of the served operations can have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Request {
    queue_url: Option<String>,
    queue_name: Option<String>,
    queue_name_prefix: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
    attributes: Attributes,
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    wait_time_seconds: Option<i64>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
    entries: Option<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SendFields {
    message_body: String,
    delay_seconds: Option<i64>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
    message_attributes: MessageAttributes,
    message_system_attributes: MessageAttributes,
}

/// What the entries of all batches have in common, and what deleting and hiding need.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

/// A refusal on the wire. The header carries the code of the older query protocol, which SDKs prefer.
pub fn error_response(error: &ServiceError) -> Response<Bytes> {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{}", error.code), "message": error.message });
    let mut response = json_response(error.status, CONTENT_TYPE, &body);
    let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
    if let Ok(value) = HeaderValue::from_str(&format!("{};{fault}", query_code(&error.code))) {
        response.headers_mut().insert("x-amzn-query-error", value);
    }
    response
}

/// The name of the queue that a request is about, for looking before the call is made.
pub fn requested_queue(body: &[u8]) -> Option<String> {
    let request: Request = serde_json::from_slice(body).ok()?;
    request.queue_url.as_deref().and_then(name_of_url).map(str::to_owned).or(request.queue_name)
}

/// The code of the query protocol for a shape of the JSON protocol (the service model's `awsQueryError`).
fn query_code(shape: &str) -> String {
    let prefixed = [
        "BatchEntryIdsNotDistinct",
        "BatchRequestTooLong",
        "EmptyBatchRequest",
        "InvalidBatchEntryId",
        "MessageNotInflight",
        "TooManyEntriesInBatchRequest",
        "UnsupportedOperation",
    ];
    match shape {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
        "QueueNameExists" => "QueueAlreadyExists".to_owned(),
        _ if prefixed.contains(&shape) => format!("AWS.SimpleQueueService.{shape}"),
        _ => shape.to_owned(),
    }
}

impl Sqs {
    /// Answers one request: `operation` is the target header after `AmazonSQS.`; `host` goes into the
    /// queue URLs of the answer. Queue URLs in requests may name any host.
    pub async fn call(&self, operation: &str, host: &str, body: &[u8]) -> Response<Bytes> {
        match self.dispatch(operation, host, body).await {
            Ok(answer) => json_response(StatusCode::OK, CONTENT_TYPE, &answer),
            Err(error) => error_response(&error),
        }
    }

    async fn dispatch(&self, operation: &str, host: &str, body: &[u8]) -> Result<Value, ServiceError> {
        let request: Request = if body.is_empty() { Request::default() } else { parse(body)? };
        let url = |name: &str| format!("http://{host}/{ACCOUNT_ID}/{name}");
        match operation {
            "CreateQueue" => {
                let name = request.queue_name.unwrap_or_default();
                self.create_queue(&name, &request.attributes)?;
                return Ok(json!({ "QueueUrl": url(&name) }));
            }
            "GetQueueUrl" => {
                let name = request.queue_name.unwrap_or_default();
                self.queue(&name)?;
                return Ok(json!({ "QueueUrl": url(&name) }));
            }
            "ListQueues" => {
                let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
                let names = self.queues()?.into_iter().filter(|name| name.starts_with(prefix)).collect();
                return Ok(page(names, &request, "QueueUrls", url));
            }
            _ => {}
        }
        let queue_url = request.queue_url.as_deref();
        let queue_url =
            queue_url.ok_or_else(|| missing("The request must contain the parameter QueueUrl."))?;
        let queue = name_of_url(queue_url).ok_or_else(super::no_such_queue)?;
        match operation {
            "GetQueueAttributes" => {
                let mut all = self.attributes(queue)?;
                if !request.attribute_names.iter().any(|name| name == "All") {
                    all.retain(|name, _| request.attribute_names.contains(name));
                }
                Ok(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
            }
            "SetQueueAttributes" => done(self.set_attributes(queue, &request.attributes)),
            "DeleteQueue" => done(self.delete_queue(queue)),
            "PurgeQueue" => done(self.purge(queue)),
            "ListDeadLetterSourceQueues" => {
                Ok(page(self.dead_letter_sources(queue)?, &request, "queueUrls", url))
            }
            "SendMessage" => {
                let sent = self.send(queue, &send_request(parse(body)?)?)?;
                Ok(sent_answer(sent))
            }
            "ReceiveMessage" => self.receive_message(queue, &request).await,
            "DeleteMessage" => done(self.delete(queue, &handle(request.receipt_handle)?)),
            "ChangeMessageVisibility" => {
                let visibility = visibility(request.visibility_timeout)?;
                done(self.change_visibility(queue, &handle(request.receipt_handle)?, visibility))
            }
            "SendMessageBatch" => self.send_batch(queue, request.entries),
            "DeleteMessageBatch" => {
                self.queue(queue)?;
                batch(request.entries, |entry, _| done(self.delete(queue, &entry.receipt_handle)))
            }
            "ChangeMessageVisibilityBatch" => {
                self.queue(queue)?;
                batch(request.entries, |entry, _| {
                    let visibility = visibility(entry.visibility_timeout)?;
                    done(self.change_visibility(queue, &entry.receipt_handle, visibility))
                })
            }
            _ => Err(ServiceError::bad_request(
                "UnsupportedOperation",
                format!("the local SQS has no operation {operation}"),
            )),
        }
    }

    async fn receive_message(&self, queue: &str, request: &Request) -> Result<Value, ServiceError> {
        let max = request.max_number_of_messages.unwrap_or(1);
        let max = in_range("MaxNumberOfMessages", max, 1, 10)? as usize;
        let visibility = request.visibility_timeout.map(|seconds| visibility(Some(seconds))).transpose()?;
        let wait = match request.wait_time_seconds {
            Some(seconds) => in_range("WaitTimeSeconds", seconds, 0, 20)?,
            None => self.default_wait(queue)?,
        };
        let system = request.attribute_names.iter().chain(&request.message_system_attribute_names);
        let system: BTreeSet<&str> = system.map(String::as_str).collect();
        if let Some(unknown) = system.iter().find(|name| !SYSTEM_ATTRIBUTES.contains(name)) {
            return Err(ServiceError::bad_request(
                "InvalidAttributeName",
                format!("Unknown Attribute {unknown}."),
            ));
        }
        let received =
            self.receive_wait(queue, max, visibility, Duration::from_secs(u64::from(wait))).await?;
        if received.is_empty() {
            return Ok(json!({}));
        }
        let messages = received.into_iter();
        let messages =
            messages.map(|message| received_answer(message, &system, &request.message_attribute_names));
        Ok(json!({ "Messages": messages.collect::<Vec<_>>() }))
    }

    fn send_batch(&self, queue: &str, entries: Option<Vec<Value>>) -> Result<Value, ServiceError> {
        self.queue(queue)?;
        let parsed = entries.iter().flatten().filter_map(|entry| SendFields::deserialize(entry).ok());
        let size = parsed.filter_map(|message| send_request(message).ok()).map(|request| request.size());
        let size: usize = size.sum();
        if size > MAX_MESSAGE_BYTES {
            let message = format!(
                "Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {size} bytes."
            );
            return Err(ServiceError::bad_request("BatchRequestTooLong", message));
        }
        batch(entries, |_, entry| {
            let message = SendFields::deserialize(entry).map_err(|error| unreadable(&error))?;
            Ok(sent_answer(self.send(queue, &send_request(message)?)?))
        })
    }
}

/// Runs the entries of a batch one by one: whoever fails is listed as failed, the rest stands.
fn batch(
    entries: Option<Vec<Value>>,
    mut run: impl FnMut(&Entry, &Value) -> Result<Value, ServiceError>,
) -> Result<Value, ServiceError> {
    let entries = entries.unwrap_or_default();
    let refuse = |code: &str, message: String| Err(ServiceError::bad_request(code, message));
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "There should be at least one entry in the request.".to_owned());
    }
    if entries.len() > 10 {
        let message =
            format!("Maximum number of entries per request are 10. You have sent {}.", entries.len());
        return refuse("TooManyEntriesInBatchRequest", message);
    }
    let mut ids = BTreeSet::new();
    let mut parsed = Vec::with_capacity(entries.len());
    for raw in &entries {
        let entry = Entry::deserialize(raw).map_err(|error| unreadable(&error))?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if entry.id.is_empty() || entry.id.len() > 80 || !entry.id.bytes().all(plain) {
            let message = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                           It can be at most 80 letters long.";
            return refuse("InvalidBatchEntryId", message.to_owned());
        }
        if !ids.insert(entry.id.clone()) {
            return refuse("BatchEntryIdsNotDistinct", format!("Id {} repeated.", entry.id));
        }
        parsed.push((entry, raw));
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (entry, raw) in parsed {
        match run(&entry, raw) {
            Ok(mut answer) => {
                if let Value::Object(fields) = &mut answer {
                    fields.insert("Id".to_owned(), Value::String(entry.id));
                }
                successful.push(answer);
            }
            Err(error) => failed.push(json!({
                "Id": entry.id,
                "SenderFault": error.status.is_client_error(),
                "Code": query_code(&error.code),
                "Message": error.message,
            })),
        }
    }
    let mut answer = Map::new();
    for (name, list) in [("Successful", successful), ("Failed", failed)] {
        if !list.is_empty() {
            answer.insert(name.to_owned(), Value::Array(list));
        }
    }
    Ok(Value::Object(answer))
}

fn send_request(message: SendFields) -> Result<SendRequest, ServiceError> {
    let delay = message.delay_seconds.map(|seconds| {
        u32::try_from(seconds)
            .map_err(|_| invalid("DelaySeconds", seconds, "DelaySeconds must be >= 0 and <= 900."))
    });
    let mut system = message.message_system_attributes;
    let trace_header = system.remove("AWSTraceHeader").and_then(|attribute| attribute.string_value);
    if let Some((name, _)) = system.first_key_value() {
        let text = format!("Message system attribute name '{name}' is invalid.");
        return Err(ServiceError::bad_request("InvalidParameterValue", text));
    }
    Ok(SendRequest {
        body: message.message_body,
        delay_seconds: delay.transpose()?,
        group_id: message.message_group_id,
        deduplication_id: message.message_deduplication_id,
        attributes: message.message_attributes,
        trace_header,
    })
}

fn sent_answer(sent: Sent) -> Value {
    let fields = [
        ("MessageId", Some(sent.message_id)),
        ("MD5OfMessageBody", Some(sent.md5_of_body)),
        ("MD5OfMessageAttributes", sent.md5_of_attributes),
        ("SequenceNumber", sent.sequence_number),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn received_answer(message: ReceivedMessage, system: &BTreeSet<&str>, wanted: &[String]) -> Value {
    let mut answer = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt_handle,
        "MD5OfBody": message.md5_of_body,
        "Body": message.body,
    });
    let mut attributes = message.attributes;
    attributes.retain(|name, _| system.contains("All") || system.contains(name));
    let is_wanted = |name: &str| {
        wanted.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == name,
        })
    };
    let user: Vec<(&str, &MessageAttribute)> = message
        .message_attributes
        .iter()
        .map(|(name, attribute)| (name.as_str(), attribute))
        .filter(|(name, _)| is_wanted(name))
        .collect();
    if let Value::Object(fields) = &mut answer {
        if !attributes.is_empty() {
            fields.insert("Attributes".to_owned(), json!(attributes));
        }
        if let Some(md5) = md5_of_attributes(user.iter().copied()) {
            fields.insert("MD5OfMessageAttributes".to_owned(), Value::String(md5));
            let user: Map<_, _> =
                user.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            fields.insert("MessageAttributes".to_owned(), Value::Object(user));
        }
    }
    answer
}

/// One page of queue URLs; a token is the last name of the page before.
fn page(names: Vec<String>, request: &Request, field: &str, url: impl Fn(&str) -> String) -> Value {
    let after = request.next_token.as_deref().unwrap_or_default();
    let mut names: Vec<String> = names.into_iter().filter(|name| name.as_str() > after).collect();
    let more = names.len() > request.max_results.unwrap_or(1000);
    names.truncate(request.max_results.unwrap_or(1000));
    let mut answer = Map::new();
    // AWS sends a token only to those who asked for pages.
    if more && request.max_results.is_some() {
        answer.insert("NextToken".to_owned(), json!(names.last()));
    }
    if !names.is_empty() {
        answer.insert(field.to_owned(), names.iter().map(|name| Value::String(url(name))).collect());
    }
    Value::Object(answer)
}

fn done(result: Result<(), ServiceError>) -> Result<Value, ServiceError> {
    result.map(|()| json!({}))
}

fn handle(handle: Option<String>) -> Result<String, ServiceError> {
    handle.ok_or_else(|| missing("The request must contain the parameter ReceiptHandle."))
}

fn visibility(seconds: Option<i64>) -> Result<Duration, ServiceError> {
    let seconds =
        seconds.ok_or_else(|| missing("The request must contain the parameter VisibilityTimeout."))?;
    let seconds = in_range("VisibilityTimeout", seconds, 0, i64::from(MAX_VISIBILITY_SECONDS))?;
    Ok(Duration::from_secs(u64::from(seconds)))
}

fn in_range(parameter: &str, value: i64, min: i64, max: i64) -> Result<u32, ServiceError> {
    let within = u32::try_from(value).ok().filter(|_| (min..=max).contains(&value));
    let reason = || format!("Must be between {min} and {max}, if provided.");
    within.ok_or_else(|| invalid(parameter, value, &reason()))
}

fn name_of_url(url: &str) -> Option<&str> {
    url.rsplit('/').next().filter(|name| !name.is_empty())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(body).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> ServiceError {
    ServiceError::bad_request("SerializationException", error.to_string())
}
