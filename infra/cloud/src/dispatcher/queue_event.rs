//! Lambda's events from queues: the batch that goes in, and what the answer says of its messages.

use super::Invocation;
use crate::service::REGION;
use crate::sqs::ReceivedMessage;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

/// The event for a batch (Lambda developer guide, "Using Lambda with Amazon SQS").
pub(super) fn event(queue_arn: &str, batch: &[ReceivedMessage]) -> Value {
    let records = batch.iter().map(|message| {
        let attributes = message.message_attributes.iter().map(|(name, attribute)| {
            let mut value = json!({
                "dataType": attribute.data_type,
                "stringListValues": [],
                "binaryListValues": [],
            });
            if let Some(fields) = value.as_object_mut() {
                let values =
                    [("stringValue", &attribute.string_value), ("binaryValue", &attribute.binary_value)];
                fields.extend(values.into_iter().filter_map(|(key, text)| {
                    text.as_ref().map(|text| (key.to_owned(), Value::String(text.clone())))
                }));
            }
            (name.clone(), value)
        });
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": message.attributes,
            "messageAttributes": attributes.collect::<Map<_, _>>(),
            "md5OfBody": message.md5_of_body,
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
            "awsRegion": REGION,
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// The messages that succeeded (Lambda developer guide, "Handling errors for an SQS event source"). An
/// answer that names failures wrongly fails the whole batch.
pub(super) fn succeeded<'a>(
    ended: &Invocation,
    batch: &'a [ReceivedMessage],
    reports_failures: bool,
) -> Vec<&'a ReceivedMessage> {
    let Invocation::Answered(answer) = ended else { return Vec::new() };
    if !reports_failures {
        return batch.iter().collect();
    }
    let Some(failed) = failures(answer) else { return Vec::new() };
    let known: HashSet<&str> = batch.iter().map(|message| message.message_id.as_str()).collect();
    if !failed.is_subset(&known) {
        return Vec::new();
    }
    batch.iter().filter(|message| !failed.contains(message.message_id.as_str())).collect()
}

/// The ids that an answer reports as failed; nothing when the answer is malformed.
fn failures(answer: &Value) -> Option<HashSet<&str>> {
    let fields = match answer {
        Value::Null => return Some(HashSet::new()),
        Value::Object(fields) => fields,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return None,
    };
    match fields.get("batchItemFailures") {
        None | Some(Value::Null) => Some(HashSet::new()),
        Some(list) => {
            list.as_array()?.iter().map(|failure| failure.get("itemIdentifier")?.as_str()).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqs::MessageAttribute;
    use std::collections::BTreeMap;

    fn message(id: &str) -> ReceivedMessage {
        ReceivedMessage {
            message_id: id.to_owned(),
            receipt_handle: format!("handle of {id}"),
            body: "text".to_owned(),
            md5_of_body: "1cb251ec0d568de6a929b520c4aed8d1".to_owned(),
            attributes: BTreeMap::from([("ApproximateReceiveCount", "1".to_owned())]),
            message_attributes: BTreeMap::from([(
                "reason".to_owned(),
                MessageAttribute {
                    data_type: "String".to_owned(),
                    string_value: Some("why".to_owned()),
                    binary_value: None,
                },
            )]),
        }
    }

    #[test]
    fn the_event_has_lambdas_shape() {
        let expected = json!({"Records": [{
            "messageId": "a",
            "receiptHandle": "handle of a",
            "body": "text",
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {"reason": {
                "dataType": "String", "stringValue": "why", "stringListValues": [], "binaryListValues": [],
            }},
            "md5OfBody": "1cb251ec0d568de6a929b520c4aed8d1",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:q",
            "awsRegion": "us-east-1",
        }]});
        assert_eq!(event("arn:aws:sqs:us-east-1:000000000000:q", &[message("a")]), expected);
    }

    #[test]
    fn what_an_answer_says_of_the_batch() {
        let batch = [message("a"), message("b"), message("c")];
        let failing = |ids: &[&str]| {
            let failures: Vec<Value> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
            json!({"batchItemFailures": failures})
        };
        let all = vec!["a", "b", "c"];
        let none: Vec<&str> = Vec::new();
        for (answer, expected) in [
            (Value::Null, all.clone()),
            (json!({}), all.clone()),
            (json!({"batchItemFailures": null}), all.clone()),
            (json!({"batchItemFailures": []}), all.clone()),
            (failing(&["b"]), vec!["a", "c"]),
            (failing(&["a", "b", "c"]), none.clone()),
            (failing(&["b", ""]), none.clone()),
            (failing(&["b", "unknown"]), none.clone()),
            (json!({"batchItemFailures": [{"itemIdentifier": null}]}), none.clone()),
            (json!({"batchItemFailures": [{"id": "b"}]}), none.clone()),
            (json!({"batchItemFailures": "b"}), none.clone()),
            (json!("done"), none.clone()),
            (json!([]), none.clone()),
        ] {
            let ended = Invocation::Answered(answer.clone());
            let ids = |reports| -> Vec<&str> {
                succeeded(&ended, &batch, reports).iter().map(|message| message.message_id.as_str()).collect()
            };
            assert_eq!(ids(true), expected, "{answer}");
            assert_eq!(ids(false), all, "without ReportBatchItemFailures: {answer}");
        }
        for ended in [Invocation::Failed(String::new()), Invocation::Crashed, Invocation::TimedOut] {
            assert!(succeeded(&ended, &batch, true).is_empty());
            assert!(succeeded(&ended, &batch, false).is_empty());
        }
    }
}
