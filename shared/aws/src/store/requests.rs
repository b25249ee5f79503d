//! Requests that are done once: what an idempotency key was used for.

use aws_sdk_dynamodb::types::TransactWriteItem;
use handover_core::AccountId;
use serde::{Deserialize, Serialize};

use super::{Edit, Store, encode, expressions, items::SCHEMA, keys};
use crate::Failure;

/// A request that is not to be done twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// What names it: a hash of who wants it, of what, and of the key.
    pub id: String,
    /// A hash of what it says.
    pub says: String,
}

/// That a request was done. Without an end: a key that is used again years later is still known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RequestItem {
    pk: String,
    sk: String,
    schema: u8,
    says: String,
}

impl Store {
    /// What a request of this id said when it was done; `None` when it was not.
    pub async fn done(&self, account: &AccountId, id: &str) -> Result<Option<String>, Failure> {
        let item: Option<RequestItem> = self.get(&keys::requests(account), id, true).await?;
        Ok(item.map(|item| item.says))
    }

    /// The write that marks an edit's request as done, in the edit's own transaction.
    pub(super) fn once_write(&self, edit: &Edit<'_>) -> Result<Option<TransactWriteItem>, Failure> {
        let Some(once) = edit.once else { return Ok(None) };
        let item = RequestItem {
            pk: keys::requests(edit.account),
            sk: once.id.clone(),
            schema: SCHEMA,
            says: once.says.clone(),
        };
        self.edit_write(encode(&item)?, expressions::ABSENT, None).map(Some)
    }
}
