//! DynamoDB: dynoxide's engine behind DynamoDB's JSON protocol.
//!
//! Every request that can report its consumed capacity does, whether its caller asked or not: the units
//! go into the call log and out of the answer.

mod expiry;
mod operations;
mod replica;
mod tokens;

pub(crate) use operations::Request;
pub use operations::Units;
use replica::Replica;

use crate::clock::Clock;
use crate::service::json_response;
use crate::storage::Storage;
use crate::template::{Key, Table};
use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tokens::Tokens;

/// The media type of DynamoDB's protocol.
const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// The tables.
pub(crate) struct DynamoDb {
    database: Database,
    clock: Clock,
    tokens: Mutex<Tokens>,
    replica: Mutex<Option<Replica>>,
}

impl DynamoDb {
    /// Opens the tables in `dynamodb.db` of a directory, or in memory.
    pub(crate) fn open(storage: &Storage, clock: Clock) -> Result<Self, DynoxideError> {
        let database = match storage.file("dynamodb.db") {
            None => Database::memory()?,
            Some(path) => Database::new(&path.to_string_lossy())?,
        };
        Ok(Self { database, clock, tokens: Mutex::default(), replica: Mutex::default() })
    }

    /// Creates a table of the template, unless it is there already.
    pub(crate) fn create(&self, table: &Table) -> Result<(), DynoxideError> {
        let definition = definition(table);
        match self.perform("CreateTable", Request::parse("CreateTable", &definition)?, &definition) {
            Ok(_) => {}
            Err((DynoxideError::ResourceInUseException(_), _)) => return Ok(()),
            Err((error, _)) => return Err(error),
        }
        if let Some(attribute) = &table.ttl_attribute {
            let body = encode(&json!({
                "TableName": table.name,
                "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
            }));
            let request = Request::parse("UpdateTimeToLive", &body)?;
            self.perform("UpdateTimeToLive", request, &body).map_err(|(error, _)| error)?;
        }
        Ok(())
    }

    /// Keeps a second copy of everything that is written from now on, one write behind, for
    /// [`Self::perform_stale`]. The tables must still be empty.
    pub(crate) fn keep_replica(&self, tables: &[Table]) -> Result<(), DynoxideError> {
        let behind = Self::open(&Storage::Memory, self.clock.clone())?;
        for table in tables {
            behind.create(table)?;
        }
        *self.replica.lock().unwrap_or_else(PoisonError::into_inner) = Some(Replica::new(behind));
        Ok(())
    }

    /// Carries a request out: the answer's body and what it cost.
    pub(crate) fn perform(
        &self,
        operation: &str,
        mut request: Request,
        body: &Bytes,
    ) -> Result<(Bytes, Units), (DynoxideError, Units)> {
        if let Some(token) = request.client_token() {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            *token = tokens.at(token, self.clock.now_ms());
        }
        // Held during the write, so that the replica meets the writes in their order.
        let mut replica = self.replica.lock().unwrap_or_else(PoisonError::into_inner);
        let (writes, refused) = (request.is_write(), request.refused_units());
        let done = request.perform(&self.database).map_err(|error| {
            let conditional = matches!(
                error,
                DynoxideError::ConditionalCheckFailedException(..)
                    | DynoxideError::TransactionCanceledException(..)
            );
            (error, Units { read: 0.0, write: if conditional { refused } else { 0.0 } })
        })?;
        if let Some(replica) = replica.as_mut().filter(|_| writes) {
            replica.follow(operation, body);
        }
        Ok(done)
    }

    /// Like [`Self::perform`], but an eventually consistent read sees the tables without their latest
    /// write. Without a replica, and for anything else, nothing is stale.
    pub(crate) fn perform_stale(
        &self,
        operation: &str,
        request: Request,
        body: &Bytes,
    ) -> Result<(Bytes, Units), (DynoxideError, Units)> {
        if request.may_be_stale()
            && let Some(replica) = self.replica.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        {
            return replica.perform(operation, request, body);
        }
        self.perform(operation, request, body)
    }
}

/// An answer on the wire.
pub(crate) fn response(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let value = http::HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    response
}

/// A refusal on the wire.
pub(crate) fn error_response(error: &DynoxideError) -> Response<Bytes> {
    let mut answer = response(Bytes::from(error.to_json()));
    *answer.status_mut() = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
    answer
}

/// A transaction cancelled because another one holds its first item, as DynamoDB words it.
pub(crate) fn transaction_conflict(actions: usize) -> Response<Bytes> {
    let conflict = "TransactionConflict";
    let reasons = (0..actions).map(|index| match index {
        0 => json!({"Code": conflict, "Message": "Transaction is ongoing for the item"}),
        _ => json!({"Code": "None"}),
    });
    let codes = (0..actions).map(|index| if index == 0 { conflict } else { "None" });
    let codes = codes.collect::<Vec<_>>().join(", ");
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        ),
        "CancellationReasons": reasons.collect::<Vec<_>>(),
    });
    json_response(StatusCode::BAD_REQUEST, CONTENT_TYPE, &body)
}

/// The `CreateTable` request for a table of the template.
fn definition(table: &Table) -> Bytes {
    let schema = |key: &Key| -> Value {
        let mut parts = vec![json!({"AttributeName": key.partition, "KeyType": "HASH"})];
        parts.extend(key.sort.iter().map(|name| json!({"AttributeName": name, "KeyType": "RANGE"})));
        Value::Array(parts)
    };
    let mut request = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": schema(&table.key),
        "AttributeDefinitions": table
            .attributes
            .iter()
            .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind}))
            .collect::<Vec<_>>(),
    });
    let indexes = table.indexes.iter().map(|index| {
        let mut projection = json!({"ProjectionType": index.projection});
        if let Some(fields) = projection.as_object_mut().filter(|_| !index.attributes.is_empty()) {
            fields.insert("NonKeyAttributes".to_owned(), json!(index.attributes));
        }
        json!({"IndexName": index.name, "KeySchema": schema(&index.key), "Projection": projection})
    });
    if let Some(fields) = request.as_object_mut().filter(|_| !table.indexes.is_empty()) {
        fields.insert("GlobalSecondaryIndexes".to_owned(), indexes.collect());
    }
    encode(&request)
}

fn encode(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}
