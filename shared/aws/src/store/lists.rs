//! Lists of conversations and tasks, from the indexes alone. They may lag; whoever acts on a row is
//! answered from the record.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{AccountId, Assignee, ContactId, ConversationId, InboxId, Timestamp};
use serde::Deserialize;

use super::{Item, Store, classify, decode, expressions, keys};
use crate::Failure;

/// Index pages that one list page may cost: a filter that finds little does not read for ever.
const MAX_READS: usize = 10;
/// Rows that one filtered read looks at: about a megabyte of them, which is what a read gives.
const MAX_LOOKED_AT: usize = 4_000;

/// A row of the list of conversations.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedConversation {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its inbox.
    pub inbox: InboxId,
    /// Why humans have it: a scenario's name, `takeover` or `pause`.
    #[serde(default)]
    pub scenario: Option<String>,
    /// Who the contact is assigned to, as [`Assignee::label`] writes it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// How often the client has asked again.
    #[serde(default)]
    pub urgency: Option<u8>,
    /// When something in it falls due.
    #[serde(default)]
    pub wake_at: Option<Timestamp>,
    inbox_sk: String,
}

impl ListedConversation {
    /// Whether humans have it.
    pub fn with_humans(&self) -> bool {
        self.inbox_sk.starts_with(keys::WITH_HUMANS)
    }

    /// Since when whoever has it has it.
    pub fn since(&self) -> Timestamp {
        let ms = self.inbox_sk.rsplit('#').nth(1).and_then(|text| text.parse().ok());
        Timestamp::from_ms(ms.unwrap_or(0))
    }
}

/// Which conversations are wanted. What is not said is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// With humans, or with the bot.
    pub with_humans: Option<bool>,
    /// Of those with the bot: with a promise or a task still open, or without.
    pub pending: Option<bool>,
    /// Assigned to somebody, or (`Some(None)`) to nobody.
    pub assignee: Option<Option<Assignee>>,
    /// With humans, and no staff member has it: nobody's and teams', by how long they wait.
    pub waiting: bool,
    /// Why humans have them.
    pub scenario: Option<String>,
    /// Where they are.
    pub inbox: Option<InboxId>,
}

/// A row of the list of open tasks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ListedTask {
    /// The conversation.
    pub conversation: ConversationId,
    /// The contact.
    pub contact: ContactId,
    /// Whose task it is, as [`Assignee::label`] writes it.
    #[serde(default)]
    pub assignee: Option<String>,
    /// What the handover fired on.
    pub scenario: String,
    /// When it falls due.
    pub due_at: Timestamp,
    work_sk: String,
}

impl ListedTask {
    /// The epoch of the task's handover.
    pub fn epoch(&self) -> Option<u64> {
        self.work_sk.rsplit('#').next().and_then(|text| text.parse().ok())
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next one begins; none: this is the last.
    pub next: Option<String>,
}

impl ConversationFilter {
    /// The parts of the index that hold what is wanted, in the order in which they are read.
    fn prefixes(&self) -> Vec<String> {
        if self.waiting {
            return vec![keys::WAITING.to_owned()];
        }
        let humans = match &self.assignee {
            Some(owner) => keys::with_humans(owner.as_ref().map(Assignee::label).as_deref()),
            None => keys::WITH_HUMANS.to_owned(),
        };
        let bot = [keys::BOT_PENDING.to_owned(), keys::WITH_BOT.to_owned()];
        match self.with_humans {
            Some(true) => vec![humans],
            Some(false) => {
                let [pending, done] = bot;
                match self.pending {
                    Some(true) => vec![pending],
                    Some(false) => vec![done],
                    None => vec![pending, done],
                }
            }
            None => std::iter::once(humans).chain(bot).collect(),
        }
    }

    fn expression(&self) -> (Option<String>, HashMap<String, AttributeValue>) {
        let mut parts = Vec::new();
        let mut values = HashMap::new();
        match &self.assignee {
            Some(Some(owner)) => {
                parts.push(expressions::ASSIGNED_TO);
                values.insert(":assignee".to_owned(), AttributeValue::S(owner.label()));
            }
            Some(None) => parts.push(expressions::UNASSIGNED),
            None => {}
        }
        if let Some(scenario) = &self.scenario {
            parts.push(expressions::OF_SCENARIO);
            values.insert(":scenario".to_owned(), AttributeValue::S(scenario.clone()));
        }
        if let Some(inbox) = &self.inbox {
            parts.push(expressions::OF_INBOX);
            values.insert(":inbox".to_owned(), AttributeValue::S(inbox.to_string()));
        }
        ((!parts.is_empty()).then(|| parts.join(" AND ")), values)
    }
}

impl Store {
    /// A page of an account's conversations, those with humans first, each kind oldest first. `None`
    /// when `cursor` is not one of this list's.
    pub async fn list_conversations(
        &self,
        account: &AccountId,
        filter: &ConversationFilter,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Option<Page<ListedConversation>>, Failure> {
        let prefixes = filter.prefixes();
        let mut first = 0;
        let mut start = None;
        if let Some(cursor) = cursor {
            let part = prefixes.iter().position(|prefix| cursor.starts_with(prefix.as_str()));
            let (Some(part), Some(key)) = (part, inbox_start(account, cursor)) else { return Ok(None) };
            (first, start) = (part, Some(key));
        }
        let (filtered, values) = filter.expression();
        let mut rows: Vec<ListedConversation> = Vec::new();
        let mut reads = 0;
        for prefix in prefixes.iter().skip(first) {
            loop {
                let wanted = limit.saturating_sub(rows.len());
                // What a filter leaves out takes no place: rather one large read than many small ones.
                let looked_at = if filtered.is_some() { wanted.max(MAX_LOOKED_AT) } else { wanted };
                let answer = self
                    .client
                    .query()
                    .table_name(&self.table)
                    .index_name("inbox")
                    .key_condition_expression(expressions::INBOX_PREFIX)
                    .set_filter_expression(filtered.clone())
                    .set_expression_attribute_values(Some(values.clone()))
                    .expression_attribute_values(":pk", AttributeValue::S(keys::inbox_index(account)))
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()))
                    .limit(i32::try_from(looked_at).unwrap_or(i32::MAX))
                    .set_exclusive_start_key(start.take())
                    .send()
                    .await
                    .map_err(|error| classify(&error))?;
                for item in answer.items.unwrap_or_default() {
                    rows.push(decode(item)?);
                }
                if rows.len() > limit {
                    rows.truncate(limit);
                    let next = rows.last().map(|row| row.inbox_sk.clone());
                    return Ok(Some(Page { rows, next }));
                }
                reads += 1;
                start = answer.last_evaluated_key;
                let Some(last) = &start else { break };
                if rows.len() >= limit || reads >= MAX_READS {
                    let next = text(last, "inbox_sk");
                    return Ok(Some(Page { rows, next }));
                }
            }
            if rows.len() >= limit {
                // Exactly full at a part's end: the next part begins after its last row.
                let next = rows.last().map(|row| row.inbox_sk.clone());
                return Ok(Some(Page { rows, next }));
            }
        }
        Ok(Some(Page { rows, next: None }))
    }

    /// A page of the open tasks of somebody, or of nobody, by due time. `None` when `cursor` is not one
    /// of this list's.
    pub async fn list_tasks(
        &self,
        account: &AccountId,
        owner: Option<&Assignee>,
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Option<Page<ListedTask>>, Failure> {
        let owner = owner.map(Assignee::label);
        let pk = keys::work_index(account, owner.as_deref());
        let start = match cursor {
            None => None,
            Some(cursor) => match work_start(account, &pk, cursor) {
                Some(start) => Some(start),
                None => return Ok(None),
            },
        };
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("work")
            .key_condition_expression(expressions::WORK_OF)
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let rows = answer.items.unwrap_or_default();
        let rows = rows.into_iter().map(decode).collect::<Result<_, _>>()?;
        let next = answer.last_evaluated_key.as_ref().and_then(|key| text(key, "work_sk"));
        Ok(Some(Page { rows, next }))
    }
}

pub(super) fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn key<const N: usize>(parts: [(&str, String); N]) -> Item {
    parts.into_iter().map(|(name, text)| (name.to_owned(), AttributeValue::S(text))).collect()
}

/// The key after which a list goes on, from the sort key alone: nothing in a cursor leads out of the
/// account.
pub(super) fn inbox_start(account: &AccountId, sort: &str) -> Option<Item> {
    let id: ConversationId = sort.rsplit('#').next()?.parse().ok()?;
    Some(key([
        ("pk", keys::conversation(account, &id)),
        ("sk", keys::STATE.to_owned()),
        ("inbox_pk", keys::inbox_index(account)),
        ("inbox_sk", sort.to_owned()),
    ]))
}

fn work_start(account: &AccountId, work_pk: &str, sort: &str) -> Option<Item> {
    let mut parts = sort.split('#').skip(1);
    let id: ConversationId = parts.next()?.parse().ok()?;
    let epoch: u64 = parts.next()?.parse().ok()?;
    Some(key([
        ("pk", keys::conversation(account, &id)),
        ("sk", keys::handover(epoch)),
        ("work_pk", work_pk.to_owned()),
        ("work_sk", sort.to_owned()),
    ]))
}
