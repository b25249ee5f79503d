//! Reading conversations.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    AccountId, Contact, ContactId, Conversation, ConversationId, EventId, Handover, InboxId, Timestamp,
};
use serde::Deserialize;

use super::{
    MessageItem, Store, classify, decode, expressions,
    items::{ContactItem, HandoverItem},
    keys, lists,
    state::StateItem,
};
use crate::Failure;

/// What is stored under a conversation's key.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// Nothing yet.
    Absent,
    /// Another identity of a conversation that stands elsewhere.
    MovedTo(ConversationId),
    /// A conversation with its contact.
    Here {
        /// The conversation.
        conversation: Box<Conversation>,
        /// Its contact.
        contact: Box<Contact>,
    },
}

/// A row of the `inbox` index whose wake time has come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Waking {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its inbox.
    pub inbox: InboxId,
    /// When something in it fell due.
    pub wake_at: Timestamp,
    /// Where it stands in the index: who has it, and since when.
    #[serde(rename = "inbox_sk")]
    pub place: String,
}

impl Store {
    /// A conversation and its contact: one strongly consistent read, two when the contact began
    /// in another conversation.
    pub async fn head(&self, account: &AccountId, id: &ConversationId) -> Result<Head, Failure> {
        let items = self.query(&keys::conversation(account, id), keys::HEAD, true).await?;
        let mut state: Option<StateItem> = None;
        let mut own_contact: Option<ContactItem> = None;
        for item in items {
            match item.get("sk") {
                Some(AttributeValue::S(sk)) if sk == keys::STATE => state = Some(decode(item)?),
                Some(AttributeValue::S(sk)) if sk == keys::CONTACT => own_contact = Some(decode(item)?),
                Some(_) | None => {}
            }
        }
        let Some(item) = state else { return Ok(Head::Absent) };
        if let Some(moved_to) = item.moved_to {
            return Ok(Head::MovedTo(moved_to));
        }
        let conversation = item.state.ok_or(Failure::quarantine("stored item cannot be read"))?;
        let contact = match own_contact {
            Some(item) if item.contact.id == conversation.contact => item.contact,
            Some(_) | None if conversation.contact != ContactId::of(id) => {
                self.contact(account, &conversation.contact, conversation.control_since).await?
            }
            Some(_) | None => Contact::new(conversation.contact.clone(), conversation.control_since),
        };
        Ok(Head::Here { conversation: Box::new(conversation), contact: Box::new(contact) })
    }

    /// A contact; one of whom nothing is stored yet is new since `since`.
    pub async fn contact(
        &self,
        account: &AccountId,
        id: &ContactId,
        since: Timestamp,
    ) -> Result<Contact, Failure> {
        let item: Option<ContactItem> = self.get(&keys::contact(account, id), keys::CONTACT, true).await?;
        Ok(item.map_or_else(|| Contact::new(id.clone(), since), |item| item.contact))
    }

    /// A conversation's state alone, strongly consistent: what a fence reads.
    pub async fn state(
        &self,
        account: &AccountId,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, Failure> {
        let item: Option<StateItem> = self.get(&keys::conversation(account, id), keys::STATE, true).await?;
        Ok(item.and_then(|item| item.state))
    }

    /// The marker of an event, if it was processed.
    pub async fn message(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        event: &EventId,
    ) -> Result<Option<MessageItem>, Failure> {
        self.get(&keys::conversation(account, conversation), &keys::message(event), true).await
    }

    /// Everything that was said and done, by time; provider time first, then arrival.
    pub async fn transcript(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
    ) -> Result<Vec<MessageItem>, Failure> {
        let items = self.query(&keys::conversation(account, conversation), keys::MESSAGE, false).await?;
        let mut messages: Vec<MessageItem> = items.into_iter().map(decode).collect::<Result<_, _>>()?;
        by_time(&mut messages);
        Ok(messages)
    }

    /// A conversation's handovers, oldest first.
    pub async fn handovers(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
    ) -> Result<Vec<Handover>, Failure> {
        let items = self.query(&keys::conversation(account, conversation), keys::HANDOVER, true).await?;
        items.into_iter().map(|item| decode::<HandoverItem>(item).map(Handover::from)).collect()
    }

    /// One page of an account's conversations in which something is due, at most 1 MB of the index, and
    /// where the next page begins: those that humans own first, then those that the bot has back with a
    /// promise or a task still open. Reads the index, which may lag: what it shows is asked of the record
    /// again.
    pub async fn waking(
        &self,
        account: &AccountId,
        now: Timestamp,
        cursor: Option<&str>,
    ) -> Result<(Vec<Waking>, Option<String>), Failure> {
        let cursor = cursor.unwrap_or(keys::WITH_HUMANS);
        let with_humans = cursor.starts_with(keys::WITH_HUMANS);
        let prefix = if with_humans { keys::WITH_HUMANS } else { keys::BOT_PENDING };
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("inbox")
            .key_condition_expression(expressions::INBOX_PREFIX)
            .filter_expression(expressions::WAKE_DUE)
            .expression_attribute_values(":pk", AttributeValue::S(keys::inbox_index(account)))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_ms().to_string()))
            .set_exclusive_start_key(lists::inbox_start(account, cursor))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let rows = answer.items.unwrap_or_default();
        let rows = rows.into_iter().map(decode).collect::<Result<_, _>>()?;
        let next = match answer.last_evaluated_key {
            Some(last) => lists::text(&last, "inbox_sk"),
            None => with_humans.then(|| keys::BOT_PENDING.to_owned()),
        };
        Ok((rows, next))
    }

    /// One page of an account's conversations, from the index: for lists.
    pub async fn conversations(&self, account: &AccountId) -> Result<Vec<ConversationId>, Failure> {
        let mut ids = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .index_name("inbox")
                .key_condition_expression("inbox_pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(keys::inbox_index(account)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| classify(&error))?;
            for item in answer.items.unwrap_or_default() {
                if let Some(AttributeValue::S(id)) = item.get("conversation") {
                    ids.extend(id.parse::<ConversationId>());
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(ids);
            }
        }
    }
}

/// Sorts a transcript: by provider time, then arrival.
pub(super) fn by_time(messages: &mut [MessageItem]) {
    messages.sort_by(|a, b| {
        let time = |message: &MessageItem| (message.sent_at.unwrap_or(message.at), message.at);
        time(a).cmp(&time(b)).then_with(|| a.id.cmp(&b.id))
    });
}
