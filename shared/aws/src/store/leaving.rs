//! Staff members and teams who were removed: what was theirs is found a page at a time, and a note stands
//! until all of it is nobody's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{AccountId, Assignee, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ConversationFilter, ListedConversation, Page, Store, classify, decode, items::SCHEMA, keys};
use crate::Failure;

/// Somebody was removed, and what was theirs may still be theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeavingItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) schema: u8,
    /// Who.
    pub assignee: Assignee,
    /// Since when.
    pub at: Timestamp,
}

impl LeavingItem {
    pub(super) fn new(account: &AccountId, assignee: Assignee, at: Timestamp) -> Self {
        Self { pk: keys::leaving(account), sk: assignee.label(), schema: SCHEMA, assignee, at }
    }
}

impl Store {
    /// Everybody of an account whose removal is under way.
    pub async fn leaving(&self, account: &AccountId) -> Result<Vec<LeavingItem>, Failure> {
        let items = self.query(&keys::leaving(account), "", true).await?;
        items.into_iter().map(decode).collect()
    }

    /// A page of the conversations of somebody who was removed.
    pub async fn conversations_of(
        &self,
        account: &AccountId,
        assignee: &Assignee,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Page<ListedConversation>, Failure> {
        let filter = ConversationFilter { assignee: Some(Some(assignee.clone())), ..Default::default() };
        let page = self.list_conversations(account, &filter, limit, cursor).await?;
        page.ok_or(Failure::quarantine("a page of a removal begins nowhere"))
    }

    /// All of it is nobody's now.
    pub async fn has_left(&self, account: &AccountId, assignee: &Assignee) -> Result<(), Failure> {
        let key = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(keys::leaving(account))),
            ("sk".to_owned(), AttributeValue::S(assignee.label())),
        ]);
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        delete.send().await.map_err(|error| classify(&error))?;
        Ok(())
    }
}
