//! The store: one DynamoDB table behind typed items.

mod api_keys;
mod bot_secrets;
mod claims;
mod commit;
mod conversations;
mod edits;
mod erasure;
mod expressions;
mod faq;
mod items;
mod keys;
mod leaving;
mod ledger;
mod lists;
mod meanings;
mod notes;
mod overview;
mod reach;
mod removals;
mod reports;
mod requests;
mod settings;
mod sign_in;
mod state;
mod tags;
mod topics;
mod whole;

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::query::builders::QueryFluentBuilder,
    types::AttributeValue,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::Failure;

pub use api_keys::ApiKeyItem;
pub use claims::{Announcing, NoteClaim};
pub use commit::{Commit, Committed};
pub use conversations::{Head, Waking};
pub use edits::{AuditItem, Edit, Versioned};
pub use erasure::{Erasure, Stored};
pub use faq::{Faq, FaqChange, FaqPage};
pub use items::{Author, LedgerItem, LedgerState, MessageItem, NoteItem, QuarantineItem, new_message};
pub use leaving::LeavingItem;
pub use ledger::{Claim, Claimed};
pub use lists::{ConversationFilter, ListedConversation, ListedTask, Page};
pub use notes::NoteSubject;
pub use overview::{ListedBot, Overview};
pub use reach::{HealthItem, HealthNews, IN_DOUBT, Recipient, StoredWebhook, Told};
pub use reports::ReportedHandover;
pub use requests::Once;
pub use settings::StoredInbox;
pub use sign_in::{CodeItem, Limit, LinkItem, MAX_SESSIONS, SessionKey};
pub use tags::TaggedConversation;
pub use topics::Topics;
pub use whole::{Whole, WholeConversation};

/// An item as the table has it.
type Item = HashMap<String, AttributeValue>;

/// Markers and ledger entries outlive every provider's retries and our own redrives.
pub const MARKER_DAYS: i64 = 40;

/// The one table.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The store on a table.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    async fn get<T: DeserializeOwned>(&self, pk: &str, sk: &str, strong: bool) -> Result<Option<T>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(strong)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        answer.item.map(decode).transpose()
    }

    /// Asks for the items of a partition whose sort key begins with `prefix`.
    fn in_partition(&self, pk: &str, prefix: &str) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(expressions::PARTITION)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()));
        // Nothing begins with an empty text, in DynamoDB's eyes: it refuses to compare keys with one.
        if prefix.is_empty() {
            return query;
        }
        query
            .key_condition_expression(expressions::PARTITION_PREFIX)
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
    }

    /// Every item of a partition whose sort key begins with `prefix`.
    async fn query(&self, pk: &str, prefix: &str, strong: bool) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .in_partition(pk, prefix)
                .consistent_read(strong)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| classify(&error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Writes an item that must not be there yet; `false` when it is.
    async fn put_new<T: Serialize>(&self, item: &T) -> Result<bool, Failure> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(item)?))
            .condition_expression(expressions::ABSENT)
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(false),
                Some(_) | None => Err(classify(&error)),
            },
        }
    }

    /// Writes an item whatever was there.
    async fn put<T: Serialize>(&self, item: &T) -> Result<(), Failure> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(item)?))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        Ok(())
    }
}

fn encode<T: Serialize>(item: &T) -> Result<Item, Failure> {
    serde_dynamo::to_item(item).map_err(|_| Failure::quarantine("item cannot be encoded"))
}

fn decode<T: DeserializeOwned>(item: Item) -> Result<T, Failure> {
    serde_dynamo::from_item(item).map_err(|error| {
        // The decoder's text names types and fields, but may quote a value.
        let _ = error;
        Failure::quarantine("stored item cannot be read")
    })
}

/// Decides about a failed call that is not a failed condition: who would have to do something?
/// Nothing that the table's service says is for ever; a deployment repairs a missing right or table.
pub fn classify<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata,
{
    Failure::retry(match error {
        SdkError::ConstructionFailure(_) => "request could not be built",
        SdkError::TimeoutError(_) => "call timed out",
        SdkError::DispatchFailure(_) => "service not reached",
        SdkError::ResponseError(_) => "answer not understood",
        SdkError::ServiceError(service) => match service.err().code() {
            Some(
                "ProvisionedThroughputExceededException"
                | "ThrottlingException"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "LimitExceededException",
            ) => "service is throttling",
            Some("TransactionConflictException" | "TransactionInProgressException") => "transaction conflict",
            Some("AccessDeniedException" | "AccessDenied" | "UnrecognizedClientException") => {
                "access denied: the function's policy or credentials are wrong"
            }
            Some("ResourceNotFoundException" | "QueueDoesNotExist") => {
                "table, queue, group or secret does not exist"
            }
            Some("ValidationException") => "service refused the request as invalid",
            Some(_) | None => "service failed",
        },
        _ => "call failed",
    })
}
