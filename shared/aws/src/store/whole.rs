//! A conversation as a whole: one query over its partition.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    AccountId, BotId, BotRevision, Contact, ContactId, Conversation, ConversationId, EffectKind, Handover,
    Origin, TextSource,
};

use super::{
    LedgerItem, MessageItem, Store,
    conversations::by_time,
    decode,
    items::{ContactItem, HandoverItem, RevisionItem},
    keys,
    state::StateItem,
    tags::key,
};
use crate::Failure;

/// Revisions that are read along with a conversation, at most: with the contact, what one batch holds.
const MAX_REVISIONS: usize = 99;

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
    /// The revisions of bots that it speaks of, as far as they were wanted.
    pub revisions: Vec<BotRevision>,
}

/// What a whole read finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Whole {
    /// Nothing, or what has been erased.
    Absent,
    /// No conversation, but a contact that has others.
    Contact(Box<Contact>),
    /// Another identity of a conversation that stands elsewhere.
    MovedTo(ConversationId),
    /// The conversation.
    Here(Box<WholeConversation>),
}

impl WholeConversation {
    /// The revisions of bots that closing messages, phrases and answers are looked up in, the newest lines'
    /// first.
    pub fn revisions_named(&self) -> Vec<(BotId, u64)> {
        let of_handovers = self.handovers.iter().rev().filter_map(|handover| match &handover.origin {
            Origin::Action { bot, revision, .. } => Some((bot, *revision)),
            Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => None,
        });
        let effects = self.messages.iter().rev().flat_map(|line| &line.effects);
        let of_texts = effects.filter_map(|effect| {
            let EffectKind::Send { text, .. } = &effect.kind else { return None };
            match text {
                TextSource::Closing { bot, revision, .. } | TextSource::NoAnswer { bot, revision } => {
                    Some((bot, *revision))
                }
                TextSource::Event => None,
            }
        });
        let mut named = Vec::new();
        for (bot, revision) in of_handovers.chain(of_texts) {
            let revision = (bot.clone(), revision);
            if !named.contains(&revision) {
                named.push(revision);
            }
        }
        named
    }
}

impl Store {
    /// A conversation as a whole: one read for each megabyte, and another when its contact began in
    /// another conversation or it speaks of revisions that are not known (`is_known`) to the caller.
    pub async fn whole(
        &self,
        account: &AccountId,
        id: &ConversationId,
        is_known: impl Fn(&BotId, u64) -> bool + Send,
    ) -> Result<Whole, Failure> {
        self.whole_of(account, id, "", is_known).await
    }

    /// The same without what was said and sent.
    pub async fn without_lines(&self, account: &AccountId, id: &ConversationId) -> Result<Whole, Failure> {
        self.whole_of(account, id, keys::STATE_AND_HANDOVERS, |_, _| true).await
    }

    async fn whole_of(
        &self,
        account: &AccountId,
        id: &ConversationId,
        prefix: &str,
        is_known: impl Fn(&BotId, u64) -> bool + Send,
    ) -> Result<Whole, Failure> {
        let mut state: Option<StateItem> = None;
        let mut own_contact: Option<ContactItem> = None;
        let (mut messages, mut handovers, mut ledger) = (Vec::new(), Vec::new(), Vec::new());
        for item in self.query(&keys::conversation(account, id), prefix, true).await? {
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
        let Some(item) = state else {
            let contact = own_contact.map(|item| Whole::Contact(Box::new(item.contact)));
            return Ok(contact.unwrap_or(Whole::Absent));
        };
        if let Some(moved_to) = item.moved_to {
            return Ok(Whole::MovedTo(moved_to));
        }
        let state = item.state.ok_or(Failure::quarantine("stored item cannot be read"))?;
        if state.is_erased() {
            return Ok(Whole::Absent);
        }
        let own_contact = own_contact.map(|item| item.contact).filter(|contact| contact.id == state.contact);
        let is_elsewhere = own_contact.is_none() && state.contact != ContactId::of(id);
        let contact = own_contact.unwrap_or_else(|| Contact::new(state.contact.clone(), state.control_since));
        by_time(&mut messages);
        let revisions = Vec::new();
        let mut whole = WholeConversation { state, contact, messages, handovers, ledger, revisions };
        self.read_beside(account, &mut whole, is_elsewhere, is_known).await?;
        Ok(Whole::Here(Box::new(whole)))
    }

    /// What stands elsewhere, in one read.
    async fn read_beside(
        &self,
        account: &AccountId,
        whole: &mut WholeConversation,
        contact: bool,
        is_known: impl Fn(&BotId, u64) -> bool + Send,
    ) -> Result<(), Failure> {
        let unknown = whole.revisions_named().into_iter().filter(|(bot, revision)| !is_known(bot, *revision));
        let revisions = unknown.take(MAX_REVISIONS);
        let mut wanted: Vec<_> =
            revisions.map(|(bot, number)| key(&keys::bot(account, &bot), &keys::revision(number))).collect();
        if contact {
            wanted.push(key(&keys::contact(account, &whole.state.contact), keys::CONTACT));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        for item in self.get_all_now(wanted).await? {
            let Some(AttributeValue::S(sk)) = item.get("sk") else { continue };
            if sk == keys::CONTACT {
                whole.contact = decode::<ContactItem>(item)?.contact;
            } else {
                let item: RevisionItem = decode(item)?;
                whole.revisions.push(BotRevision { revision: item.revision, bot: item.bot });
            }
        }
        Ok(())
    }
}
