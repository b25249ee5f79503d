//! A conversation as a whole: one query over its partition.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{AccountId, Contact, ContactId, Conversation, ConversationId, Handover};

use super::{
    LedgerItem, MessageItem, Store,
    conversations::by_time,
    decode,
    items::{ContactItem, HandoverItem},
    keys,
    state::StateItem,
};
use crate::Failure;

/// A conversation with everything that belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeConversation {
    /// The conversation.
    pub state: Conversation,
    /// Its contact.
    pub contact: Contact,
    /// What was said and done, by time; provider time first, then arrival.
    pub messages: Vec<MessageItem>,
    /// Oldest first.
    pub handovers: Vec<Handover>,
    /// What was submitted to providers.
    pub ledger: Vec<LedgerItem>,
}

/// What a whole read finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Whole {
    /// Nothing, or what has been erased.
    Absent,
    /// Another identity of a conversation that stands elsewhere.
    MovedTo(ConversationId),
    /// The conversation.
    Here(Box<WholeConversation>),
}

impl Store {
    /// A conversation as a whole: one read for each megabyte, and another when its contact began in
    /// another conversation.
    pub async fn whole(&self, account: &AccountId, id: &ConversationId) -> Result<Whole, Failure> {
        let mut state: Option<StateItem> = None;
        let mut own_contact: Option<ContactItem> = None;
        let (mut messages, mut handovers, mut ledger) = (Vec::new(), Vec::new(), Vec::new());
        for item in self.query(&keys::conversation(account, id), "", true).await? {
            let Some(AttributeValue::S(sk)) = item.get("sk") else { continue };
            if sk == keys::STATE {
                state = Some(decode(item)?);
            } else if sk == keys::CONTACT {
                own_contact = Some(decode(item)?);
            } else if sk.starts_with(keys::MESSAGE) {
                messages.push(decode::<MessageItem>(item)?);
            } else if sk.starts_with(keys::HANDOVER) {
                handovers.push(Handover::from(decode::<HandoverItem>(item)?));
            } else if sk.starts_with(keys::LEDGER) {
                ledger.push(decode::<LedgerItem>(item)?);
            }
        }
        let Some(item) = state else { return Ok(Whole::Absent) };
        if let Some(moved_to) = item.moved_to {
            return Ok(Whole::MovedTo(moved_to));
        }
        let state = item.state.ok_or(Failure::quarantine("stored item cannot be read"))?;
        if state.is_erased() {
            return Ok(Whole::Absent);
        }
        let contact = match own_contact {
            Some(item) if item.contact.id == state.contact => item.contact,
            Some(_) | None if state.contact != ContactId::of(id) => {
                self.contact(account, &state.contact, state.control_since).await?
            }
            Some(_) | None => Contact::new(state.contact.clone(), state.control_since),
        };
        by_time(&mut messages);
        Ok(Whole::Here(Box::new(WholeConversation { state, contact, messages, handovers, ledger })))
    }
}
