//! Yesterday's and tomorrow's binaries beside today's: messages and items with fields that this version
//! does not know.

use std::sync::Arc;

use handover_cloud::Translator;
use serde_json::{Value, json};

use super::{
    dice::Dice,
    run::{CLIENTS, Run},
};

/// What no version knows yet.
const UNKNOWN: &str = "from_tomorrow";

/// Writes one message in three as a later version would.
pub(crate) fn translator(seed: u64) -> Translator {
    Arc::new(move |_function, mut event| {
        for record in event.get_mut("Records").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(body) = record.get("body").and_then(Value::as_str) else { continue };
            let lot = body.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
            if !Dice::new(lot).once_in(3) {
                continue;
            }
            let Ok(mut body) = serde_json::from_str::<Value>(body) else { continue };
            for path in ["", "/event", "/envelope", "/envelope/event", "/notification"] {
                if let Some(fields) = body.pointer_mut(path).and_then(Value::as_object_mut) {
                    fields.insert(UNKNOWN.to_owned(), json!({"a": [1, null]}));
                }
            }
            if let Some(record) = record.as_object_mut() {
                record.insert("body".to_owned(), Value::String(body.to_string()));
            }
        }
        event
    })
}

impl Run<'_> {
    /// Marks the clients' state items as a later version would, outside and inside.
    pub(crate) async fn mark_items(&self) {
        for id in CLIENTS.into_iter().flat_map(|client| self.names(client)) {
            let key = json!({
                "pk": {"S": format!("C#{}#{id}", self.account())},
                "sk": {"S": "HEAD#STATE"},
            });
            let update = json!({
                "Key": key,
                "UpdateExpression": "SET #unknown = :value, #state.#unknown = :value",
                "ConditionExpression": "attribute_exists(#state)",
                "ExpressionAttributeNames": {"#unknown": UNKNOWN, "#state": "state"},
                "ExpressionAttributeValues": {":value": {"M": {"a": {"N": "1"}}}},
            });
            self.world.dynamodb("UpdateItem", update).await;
        }
    }
}
