//! Time to live: what a table may forget, it forgets.

use super::{DynamoDb, Request};
use crate::template::Table;
use bytes::Bytes;
use dynoxide::DynoxideError;
use serde_json::{Value, json};

impl DynamoDb {
    /// Deletes every item whose time to live is over at the cloud's present time. DynamoDB itself takes
    /// up to a few days for it. Gives how many there were.
    pub(crate) fn expire(&self, table: &Table) -> Result<usize, DynoxideError> {
        let Some(attribute) = &table.ttl_attribute else { return Ok(0) };
        let keys: Vec<&String> = [&table.key.partition].into_iter().chain(&table.key.sort).collect();
        let mut deleted = 0;
        let mut after = Value::Null;
        loop {
            let mut scan = json!({
                "TableName": table.name,
                "FilterExpression": "#ttl <= :now",
                "ExpressionAttributeNames": {"#ttl": attribute},
                "ExpressionAttributeValues": {":now": {"N": (self.clock.now_ms() / 1_000).to_string()}},
            });
            if let Some(fields) = scan.as_object_mut().filter(|_| !after.is_null()) {
                fields.insert("ExclusiveStartKey".to_owned(), after);
            }
            let page = self.ask("Scan", &scan)?;
            for item in page.get("Items").and_then(Value::as_array).into_iter().flatten() {
                let key: serde_json::Map<String, Value> = keys
                    .iter()
                    .filter_map(|name| Some(((*name).clone(), item.get(name.as_str())?.clone())))
                    .collect();
                self.ask("DeleteItem", &json!({"TableName": table.name, "Key": key}))?;
                deleted += 1;
            }
            after = page.get("LastEvaluatedKey").cloned().unwrap_or_default();
            if after.is_null() {
                return Ok(deleted);
            }
        }
    }

    fn ask(&self, operation: &str, body: &Value) -> Result<Value, DynoxideError> {
        let body = Bytes::from(body.to_string());
        let (answer, _) =
            self.perform(operation, Request::parse(operation, &body)?, &body).map_err(|(error, _)| error)?;
        serde_json::from_slice(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    }
}
