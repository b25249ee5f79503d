//! The operations: reading a request, what it touches, what it costs.

use crate::policy::{Access, LEADING_KEYS};
use crate::service::{ACCOUNT_ID, REGION};
use bytes::Bytes;
use dynoxide::actions::{
    batch_get_item::BatchGetItemRequest,
    batch_write_item::BatchWriteItemRequest,
    create_table::CreateTableRequest,
    delete_item::DeleteItemRequest,
    delete_table::DeleteTableRequest,
    describe_table::DescribeTableRequest,
    describe_time_to_live::DescribeTimeToLiveRequest,
    get_item::GetItemRequest,
    list_tables::ListTablesRequest,
    put_item::PutItemRequest,
    query::QueryRequest,
    scan::ScanRequest,
    transact_get_items::TransactGetItemsRequest,
    transact_write_items::{TransactWriteItem, TransactWriteItemsRequest},
    update_item::UpdateItemRequest,
    update_table::UpdateTableRequest,
    update_time_to_live::UpdateTimeToLiveRequest,
};
use dynoxide::types::{AttributeValue, ConsumedCapacity, item_size, write_capacity_units};
use dynoxide::{Database, DynoxideError, Item};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Carries out a request that reports its capacity: makes it report, notes the units, and leaves them out of
/// the answer unless the caller wanted them.
macro_rules! metered {
    ($request:ident, $units:ident, $perform:expr) => {{
        let mut request = $request;
        let asked = request.return_consumed_capacity.as_deref().is_some_and(|mode| mode != "NONE");
        request.return_consumed_capacity = Some("INDEXES".to_owned());
        let mut answer = $perform(request)?;
        let units = $units(&answer.consumed_capacity);
        answer.consumed_capacity = answer.consumed_capacity.filter(|_| asked);
        Ok((encode(&answer)?, units))
    }};
}

/// DynamoDB request units, indexes included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Units {
    /// Read request units (a strongly consistent read of up to 4 KB is 1, an eventual one 0.5).
    pub read: f64,
    /// Write request units (1 per KB; transactions cost twice).
    pub write: f64,
}

/// A request of a known operation, read into the engine's type.
pub(crate) enum Request {
    BatchGetItem(BatchGetItemRequest),
    BatchWriteItem(BatchWriteItemRequest),
    CreateTable(CreateTableRequest),
    DeleteItem(DeleteItemRequest),
    DeleteTable(DeleteTableRequest),
    DescribeTable(DescribeTableRequest),
    DescribeTimeToLive(DescribeTimeToLiveRequest),
    GetItem(GetItemRequest),
    ListTables(ListTablesRequest),
    PutItem(PutItemRequest),
    Query(QueryRequest),
    Scan(ScanRequest),
    TransactGetItems(TransactGetItemsRequest),
    TransactWriteItems(TransactWriteItemsRequest),
    UpdateItem(UpdateItemRequest),
    UpdateTable(UpdateTableRequest),
    UpdateTimeToLive(UpdateTimeToLiveRequest),
}

impl Request {
    /// Reads the body of an operation's request.
    pub(crate) fn parse(operation: &str, body: &[u8]) -> Result<Self, DynoxideError> {
        Ok(match operation {
            "BatchGetItem" => Self::BatchGetItem(read(body)?),
            "BatchWriteItem" => Self::BatchWriteItem(read(body)?),
            "CreateTable" => Self::CreateTable(read(body)?),
            "DeleteItem" => Self::DeleteItem(read(body)?),
            "DeleteTable" => Self::DeleteTable(read(body)?),
            "DescribeTable" => Self::DescribeTable(read(body)?),
            "DescribeTimeToLive" => Self::DescribeTimeToLive(read(body)?),
            "GetItem" => Self::GetItem(read(body)?),
            "ListTables" => Self::ListTables(read(body)?),
            "PutItem" => Self::PutItem(read(body)?),
            "Query" => {
                let query = read(body)?;
                refuse_empty_keys(&query)?;
                Self::Query(query)
            }
            "Scan" => Self::Scan(read(body)?),
            "TransactGetItems" => Self::TransactGetItems(read(body)?),
            "TransactWriteItems" => Self::TransactWriteItems(read(body)?),
            "UpdateItem" => Self::UpdateItem(read(body)?),
            "UpdateTable" => Self::UpdateTable(read(body)?),
            "UpdateTimeToLive" => Self::UpdateTimeToLive(read(body)?),
            other => {
                let message = format!("the operation {other} is not known to the local cloud");
                return Err(DynoxideError::ValidationException(message));
            }
        })
    }

    /// What the request does to which resources, for the caller's policy.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        let one = |action: &str, resource: String| vec![Access::new(format!("dynamodb:{action}"), resource)];
        match self {
            Self::BatchGetItem(request) => batch("BatchGetItem", request.request_items.keys()),
            Self::BatchWriteItem(request) => batch("BatchWriteItem", request.request_items.keys()),
            Self::CreateTable(request) => one("CreateTable", table_arn(&request.table_name)),
            Self::DeleteItem(request) => one("DeleteItem", table_arn(&request.table_name)),
            Self::DeleteTable(request) => one("DeleteTable", table_arn(&request.table_name)),
            Self::DescribeTable(request) => one("DescribeTable", table_arn(&request.table_name)),
            Self::DescribeTimeToLive(request) => one("DescribeTimeToLive", table_arn(&request.table_name)),
            Self::GetItem(request) => {
                let access = Access::new("dynamodb:GetItem", table_arn(&request.table_name));
                // So the partition key is called in the template's table.
                let leading = match request.key.get("pk") {
                    Some(AttributeValue::S(text)) => Some(text.clone()),
                    Some(_) | None => None,
                };
                vec![match leading {
                    Some(leading) => access.about(LEADING_KEYS, leading),
                    None => access,
                }]
            }
            Self::ListTables(_) => one("ListTables", "*".to_owned()),
            Self::PutItem(request) => one("PutItem", table_arn(&request.table_name)),
            Self::Query(request) => {
                one("Query", index_arn(&request.table_name, request.index_name.as_deref()))
            }
            Self::Scan(request) => one("Scan", index_arn(&request.table_name, request.index_name.as_deref())),
            Self::TransactGetItems(request) => {
                let tables = request.transact_items.iter().map(|item| table_arn(&item.get.table_name));
                tables.map(|table| Access::new("dynamodb:GetItem", table)).collect()
            }
            Self::TransactWriteItems(request) => {
                let actions = request.transact_items.iter().filter_map(action);
                actions
                    .map(|(name, table)| Access::new(format!("dynamodb:{name}"), table_arn(table)))
                    .collect()
            }
            Self::UpdateItem(request) => one("UpdateItem", table_arn(&request.table_name)),
            Self::UpdateTable(request) => one("UpdateTable", table_arn(&request.table_name)),
            Self::UpdateTimeToLive(request) => one("UpdateTimeToLive", table_arn(&request.table_name)),
        }
    }

    /// The number of actions of a transaction.
    pub(crate) fn transaction_size(&self) -> Option<usize> {
        if let Self::TransactWriteItems(request) = self { Some(request.transact_items.len()) } else { None }
    }

    /// The token that makes repeating a transaction harmless.
    pub(super) fn client_token(&mut self) -> Option<&mut String> {
        if let Self::TransactWriteItems(request) = self {
            request.client_request_token.as_mut()
        } else {
            None
        }
    }

    /// Whether the request writes items.
    pub(super) fn is_write(&self) -> bool {
        matches!(
            self,
            Self::PutItem(_)
                | Self::UpdateItem(_)
                | Self::DeleteItem(_)
                | Self::TransactWriteItems(_)
                | Self::BatchWriteItem(_)
        )
    }

    /// Whether this is a read that did not ask for the latest state.
    pub(super) fn may_be_stale(&self) -> bool {
        let strong = if let Self::GetItem(request) = self {
            request.consistent_read
        } else if let Self::Query(request) = self {
            request.consistent_read
        } else if let Self::Scan(request) = self {
            request.consistent_read
        } else if let Self::BatchGetItem(request) = self {
            Some(request.request_items.values().any(|keys| keys.consistent_read == Some(true)))
        } else {
            return false;
        };
        strong != Some(true)
    }

    /// What a refused condition costs: as much as the write would have, at least one unit for each item
    /// (items that exist already count by what the request says of them, as their size is not known here).
    pub(super) fn refused_units(&self) -> f64 {
        if let Self::TransactWriteItems(request) = self {
            let puts =
                request.transact_items.iter().map(|item| item.put.as_ref().map(|put| put_units(&put.item)));
            2.0 * puts.map(|units| units.unwrap_or(1.0)).sum::<f64>()
        } else if let Self::PutItem(request) = self {
            put_units(&request.item)
        } else {
            1.0
        }
    }

    /// Carries the request out: the answer's body and what it cost.
    pub(super) fn perform(self, database: &Database) -> Result<(Bytes, Units), DynoxideError> {
        match self {
            Self::BatchGetItem(request) => metered!(request, reads, |r| database.batch_get_item(r)),
            Self::BatchWriteItem(request) => metered!(request, writes, |r| database.batch_write_item(r)),
            Self::DeleteItem(request) => metered!(request, writes, |r| database.delete_item(r)),
            Self::GetItem(request) => metered!(request, reads, |r| database.get_item(r)),
            Self::PutItem(request) => metered!(request, writes, |r| database.put_item(r)),
            Self::Query(request) => metered!(request, reads, |r| database.query(r)),
            Self::Scan(request) => metered!(request, reads, |r| database.scan(r)),
            Self::TransactGetItems(request) => metered!(request, reads, |r| database.transact_get_items(r)),
            Self::TransactWriteItems(request) => {
                metered!(request, writes, |r| database.transact_write_items(r))
            }
            Self::UpdateItem(request) => metered!(request, writes, |r| database.update_item(r)),
            Self::CreateTable(request) => free(&database.create_table(request)?),
            Self::DeleteTable(request) => free(&database.delete_table(request)?),
            Self::DescribeTable(request) => free(&database.describe_table(request)?),
            Self::DescribeTimeToLive(request) => free(&database.describe_time_to_live(request)?),
            Self::ListTables(request) => free(&database.list_tables(request)?),
            Self::UpdateTable(request) => free(&database.update_table(request)?),
            Self::UpdateTimeToLive(request) => free(&database.update_time_to_live(request)?),
        }
    }
}

/// The capacity that an answer reports.
trait Reported {
    fn each(&self) -> &[ConsumedCapacity];
}

impl Reported for Option<ConsumedCapacity> {
    fn each(&self) -> &[ConsumedCapacity] {
        self.as_slice()
    }
}

impl Reported for Option<Vec<ConsumedCapacity>> {
    fn each(&self) -> &[ConsumedCapacity] {
        self.as_deref().unwrap_or_default()
    }
}

fn reads(reported: &impl Reported) -> Units {
    Units { read: reported.each().iter().map(|capacity| capacity.capacity_units).sum(), write: 0.0 }
}

fn writes(reported: &impl Reported) -> Units {
    reported.each().iter().fold(Units::default(), |units, capacity| {
        // A transaction replayed by its token costs reads instead of writes.
        let read = capacity.read_capacity_units.unwrap_or(0.0);
        Units { read: units.read + read, write: units.write + capacity.capacity_units - read }
    })
}

/// An answer of an operation that costs nothing.
fn free(answer: &impl Serialize) -> Result<(Bytes, Units), DynoxideError> {
    encode(answer).map(|body| (body, Units::default()))
}

fn encode(answer: &impl Serialize) -> Result<Bytes, DynoxideError> {
    let body =
        serde_json::to_vec(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))?;
    Ok(Bytes::from(body))
}

/// Reads a request. The engine marks what kind of refusal a wrong field is with a prefix.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        let (mark, text) = match text.split_once(':') {
            Some((mark, rest)) if mark.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
                (mark, rest)
            }
            _ => ("", text),
        };
        let text = text.to_owned();
        let invalid = mark.starts_with("VALIDATION")
            || ["missing field", "null", "Supplied"].iter().any(|part| text.contains(part));
        if invalid {
            DynoxideError::ValidationException(text)
        } else {
            DynoxideError::SerializationException(text)
        }
    })
}

/// A key is compared with no empty text, by `begins_with` neither. DynamoDB refuses that, the engine does not.
fn refuse_empty_keys(query: &QueryRequest) -> Result<(), DynoxideError> {
    let condition = query.key_condition_expression.as_deref().unwrap_or_default();
    let is_compared = |name: &str| {
        let mut words = condition.split(|c: char| !c.is_alphanumeric() && !matches!(c, ':' | '_'));
        words.any(|word| word == name)
    };
    let mut values = query.expression_attribute_values.iter().flatten();
    let empty = |value: &AttributeValue| matches!(value, AttributeValue::S(text) if text.is_empty());
    if values.any(|(name, value)| empty(value) && is_compared(name)) {
        let refusal = "One or more parameter values are not valid. The AttributeValue for a key attribute \
                       cannot contain an empty string value.";
        return Err(DynoxideError::ValidationException(refusal.to_owned()));
    }
    Ok(())
}

fn batch<'a>(action: &str, tables: impl Iterator<Item = &'a String>) -> Vec<Access> {
    tables.map(|table| Access::new(format!("dynamodb:{action}"), table_arn(table))).collect()
}

/// The permission that an action of a transaction needs, and its table.
fn action(item: &TransactWriteItem) -> Option<(&'static str, &str)> {
    let put = item.put.as_ref().map(|put| ("PutItem", put.table_name.as_str()));
    let update = item.update.as_ref().map(|update| ("UpdateItem", update.table_name.as_str()));
    let delete = item.delete.as_ref().map(|delete| ("DeleteItem", delete.table_name.as_str()));
    let check = item.condition_check.as_ref().map(|check| ("ConditionCheckItem", check.table_name.as_str()));
    put.or(update).or(delete).or(check)
}

fn table_arn(table: &str) -> String {
    if table.starts_with("arn:") {
        return table.to_owned();
    }
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}")
}

fn index_arn(table: &str, index: Option<&str>) -> String {
    let table = table_arn(table);
    index.map_or(table.clone(), |index| format!("{table}/index/{index}"))
}

fn put_units(item: &Item) -> f64 {
    write_capacity_units(item_size(item))
}
