//! Contacts by tag. A tag's rows only say where to look: they stand before the tag does and fall after it,
//! so that none is ever missing, and whoever lists them is answered from the contacts themselves.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use handover_core::{AccountId, Assignee, Contact, ContactId, Conversation, ConversationId};
use serde::{Deserialize, Serialize};

use super::{
    Commit, Item, Page, Store, classify, decode, expressions,
    items::{ContactItem, SCHEMA},
    keys,
    state::StateItem,
};
use crate::{Failure, telemetry};

/// Items of one batch read (DynamoDB's limit).
const MAX_BATCH: usize = 100;
/// Calls that one batch read may take: a busy table gives a part at a time.
const MAX_CALLS: usize = 8;

/// A contact that carries a tag, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TagRow {
    pk: String,
    /// The contact.
    sk: String,
    schema: u8,
    /// Where the contact was tagged.
    conversation: ConversationId,
    /// The contact's version with the tag.
    version: u64,
}

/// A conversation in which a contact got a tag that it still carries.
#[derive(Clone, Debug, PartialEq)]
pub struct TaggedConversation {
    /// The conversation.
    pub conversation: Conversation,
    /// Its contact.
    pub contact: Contact,
}

impl Store {
    /// Puts the rows of the tags that a commit is about to set.
    pub(super) async fn put_tag_rows(&self, commit: &Commit<'_>) -> Result<(), Failure> {
        let (before, after) = (commit.contact_before, &commit.applied.contact);
        // A contact that the conversation joins brings tags, and gets some.
        let joined = before.id != after.id;
        for tag in after.tags.iter().filter(|tag| joined || !before.tags.contains(*tag)) {
            let conversation = &commit.applied.conversation;
            let row = TagRow {
                pk: keys::tag(&conversation.account, tag),
                sk: after.id.to_string(),
                schema: SCHEMA,
                conversation: conversation.id.clone(),
                version: after.version.saturating_add(1),
            };
            self.put(&row).await?;
        }
        Ok(())
    }

    /// Removes the rows of the tags that a commit has taken off. One that stays behind is no harm.
    pub(super) async fn drop_tag_rows(&self, commit: &Commit<'_>) {
        let (before, after) = (commit.contact_before, &commit.applied.contact);
        if before.id != after.id {
            return;
        }
        for tag in before.tags.difference(&after.tags) {
            let account = &commit.applied.conversation.account;
            // Refused: somebody has put the tag on again since.
            if self
                .drop_tag_row(account, tag, &before.id, Some(before.version.saturating_add(1)))
                .await
                .is_err()
            {
                telemetry::count("tag_row", "kept");
            }
        }
    }

    /// Removes the rows of an erased contact's tags: before the commit, after which nobody knows the tags.
    pub(super) async fn erase_tag_rows(&self, commit: &Commit<'_>) -> Result<(), Failure> {
        let before = commit.contact_before;
        for tag in &before.tags {
            let account = &commit.applied.conversation.account;
            self.drop_tag_row(account, tag, &before.id, None).await?;
        }
        Ok(())
    }

    async fn drop_tag_row(
        &self,
        account: &AccountId,
        tag: &str,
        contact: &ContactId,
        not_since: Option<u64>,
    ) -> Result<(), Failure> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(keys::tag(account, tag)))
            .key("sk", AttributeValue::S(contact.to_string()))
            .set_condition_expression(not_since.map(|_| expressions::NOT_SINCE.to_owned()))
            .set_expression_attribute_values(not_since.map(|version| {
                HashMap::from([(":version".to_owned(), AttributeValue::N(version.to_string()))])
            }))
            .send()
            .await
            .map(drop)
            .map_err(|error| classify(&error))
    }

    /// A page of the conversations whose contacts carry a tag, in no order that means anything. `None` when
    /// `cursor` is not one of this list's.
    pub async fn list_tagged(
        &self,
        account: &AccountId,
        tag: &str,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Option<Page<TaggedConversation>>, Failure> {
        let pk = keys::tag(account, tag);
        let start = match cursor {
            None => None,
            Some(cursor) if cursor.parse::<ContactId>().is_ok() => Some(key(&pk, cursor)),
            Some(_) => return Ok(None),
        };
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(expressions::PARTITION)
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let next = answer.last_evaluated_key.as_ref().and_then(|key| key.get("sk")?.as_s().ok().cloned());
        let rows = answer.items.unwrap_or_default();
        let rows = rows.into_iter().map(decode::<TagRow>).collect::<Result<Vec<_>, _>>()?;
        let rows = self.still_tagged(account, tag, &rows).await?;
        Ok(Some(Page { rows, next }))
    }

    /// What the record says of rows that may be out of date.
    async fn still_tagged(
        &self,
        account: &AccountId,
        tag: &str,
        rows: &[TagRow],
    ) -> Result<Vec<TaggedConversation>, Failure> {
        let mut wanted = Vec::new();
        for row in rows {
            let Ok(contact) = row.sk.parse::<ContactId>() else { continue };
            wanted.push(key(&keys::conversation(account, &row.conversation), keys::STATE));
            wanted.push(key(&keys::contact(account, &contact), keys::CONTACT));
        }
        let mut states: HashMap<ConversationId, Conversation> = HashMap::new();
        let mut contacts: HashMap<ContactId, Contact> = HashMap::new();
        for item in self.get_all(wanted).await? {
            if item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk == keys::STATE) {
                let state: StateItem = decode(item)?;
                states.extend(state.state.map(|state| (state.id.clone(), state)));
            } else {
                let contact: ContactItem = decode(item)?;
                contacts.insert(contact.contact.id.clone(), contact.contact);
            }
        }
        let found = rows.iter().filter_map(|row| {
            let conversation = states.remove(&row.conversation)?;
            let contact = contacts.get(&conversation.contact).filter(|contact| contact.tags.contains(tag))?;
            Some(TaggedConversation { contact: contact.clone(), conversation })
        });
        Ok(found.collect())
    }

    /// Items by their keys, in any order; what is not there is left out.
    async fn get_all(&self, wanted: Vec<Item>) -> Result<Vec<Item>, Failure> {
        let mut items = Vec::new();
        for chunk in wanted.chunks(MAX_BATCH) {
            let mut keys = chunk.to_vec();
            for _ in 0..MAX_CALLS {
                let read = KeysAndAttributes::builder()
                    .set_keys(Some(std::mem::take(&mut keys)))
                    .build()
                    .map_err(|_| Failure::quarantine("read cannot be built"))?;
                let answer = self.client.batch_get_item().request_items(&self.table, read).send().await;
                let answer = answer.map_err(|error| classify(&error))?;
                items.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
                let rest = answer.unprocessed_keys.into_iter().flatten().next();
                keys = rest.map(|(_, rest)| rest.keys).unwrap_or_default();
                if keys.is_empty() {
                    break;
                }
            }
            if !keys.is_empty() {
                return Err(Failure::retry("service is throttling"));
            }
        }
        Ok(items)
    }
}

impl TaggedConversation {
    /// Who the contact is assigned to, as [`Assignee::label`] writes it.
    pub fn assignee(&self) -> Option<String> {
        self.contact.assignee.as_ref().map(Assignee::label)
    }
}

fn key(pk: &str, sk: &str) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}
