//! What is stored about a contact: shown whole, and removed.
//!
//! Markers, ledger entries and handovers stay when a client is erased: they are the proof that something
//! was done, and carry no personal data any more.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{AccountId, Contact, Conversation, ConversationId, Handover, InboxId, Timestamp};

use super::{
    Item, LedgerItem, MessageItem, Page, QuarantineItem, Store, classify, decode,
    expressions::{self, Update},
    items::{ContactItem, HandoverItem},
    keys,
    state::StateItem,
};
use crate::Failure;

/// Items that one page of an erasure reads.
const PAGE: i32 = 200;

/// An item of a conversation's partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// The contact that began with it.
    Contact(Contact),
    /// Its state.
    State(Box<Conversation>),
    /// A handover.
    Handover(Box<Handover>),
    /// What was submitted to a provider.
    Ledger(Box<LedgerItem>),
    /// A line of the transcript.
    Message(Box<MessageItem>),
}

/// What is to be removed.
#[derive(Clone, Copy, Debug)]
pub struct Erasure<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The conversation.
    pub conversation: &'a ConversationId,
    /// What reached us up to then.
    pub until: Timestamp,
    /// What was said to the client before this epoch.
    pub epoch: u64,
}

/// A name that a client goes by, for finding them in what could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAs {
    /// At which inbox; none: wherever it stands.
    pub inbox: Option<InboxId>,
    /// The name.
    pub word: String,
}

impl KnownAs {
    /// Whether this is about them.
    pub fn is_in(&self, item: &QuarantineItem) -> bool {
        let here = self.inbox.is_none() || self.inbox == item.inbox;
        let query = item.call.as_ref().map_or("", |call| call.query.as_str());
        let named = [item.body.as_str(), query].iter().any(|text| text.contains(&self.word));
        here && !self.word.is_empty() && named
    }
}

impl Store {
    /// A page of everything that is stored in a conversation's partition, after the item `after`.
    pub async fn stored(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Stored>, Failure> {
        let pk = keys::conversation(account, conversation);
        let start = after.map(|sk| key(&pk, sk));
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let (items, last) = self.partition_page(&pk, "", limit, start).await?;
        let next = last.as_ref().and_then(|last| text(last, "sk"));
        let rows: Result<Vec<Option<Stored>>, Failure> = items.into_iter().map(stored).collect();
        Ok(Page { rows: rows?.into_iter().flatten().collect(), next })
    }

    /// Removes what a conversation's partition holds of the client. Done twice it is done once; what was
    /// removed already is not written again.
    pub async fn erase(&self, erasure: &Erasure<'_>) -> Result<(), Failure> {
        let pk = keys::conversation(erasure.account, erasure.conversation);
        for prefix in [keys::MESSAGE, keys::HANDOVER, keys::LEDGER] {
            let mut start = None;
            loop {
                let (items, last) = self.partition_page(&pk, prefix, PAGE, start).await?;
                for item in items {
                    if let (Some(sk), Some(update)) = (text(&item, "sk"), wipe(&item, erasure)?) {
                        self.wipe(&pk, &sk, update).await?;
                    }
                }
                start = last;
                if start.is_none() {
                    break;
                }
            }
        }
        let (account, conversation) = (erasure.account, erasure.conversation);
        self.erase_quarantined(account, |item| {
            item.conversation.as_ref() == Some(conversation) && item.at <= erasure.until
        })
        .await
    }

    /// Removes what lies in quarantine without a conversation's name on it, but with one of these words in it.
    pub async fn erase_quarantined_of(
        &self,
        account: &AccountId,
        known_as: &[KnownAs],
    ) -> Result<(), Failure> {
        self.erase_quarantined(account, |item| known_as.iter().any(|known| known.is_in(item))).await
    }

    async fn erase_quarantined(
        &self,
        account: &AccountId,
        is_meant: impl Fn(&QuarantineItem) -> bool,
    ) -> Result<(), Failure> {
        let kept = self.quarantine(account).await?;
        for item in kept.iter().filter(|item| is_meant(item) && !item.body.is_empty()) {
            let mut update = Update::default();
            update.set("body", "")?;
            // From nowhere: there is nothing left that could be sent on its way again.
            update.set("source", "erased")?;
            self.wipe(&item.pk, &item.sk, update).await?;
        }
        Ok(())
    }

    /// Updates an item that is there; one that is gone needs nothing.
    async fn wipe(&self, pk: &str, sk: &str, update: Update) -> Result<(), Failure> {
        let expression = update.expression();
        let values = (!update.values.is_empty()).then_some(update.values);
        let names = (!update.names.is_empty()).then_some(update.names);
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .update_expression(expression)
            .condition_expression(expressions::PRESENT)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await;
        let Err(error) = result else { return Ok(()) };
        match error.as_service_error() {
            Some(service) if service.is_conditional_check_failed_exception() => Ok(()),
            Some(_) | None => Err(classify(&error)),
        }
    }

    async fn partition_page(
        &self,
        pk: &str,
        prefix: &str,
        limit: i32,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Failure> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(start);
        query = if prefix.is_empty() {
            query.key_condition_expression(expressions::PARTITION)
        } else {
            query
                .key_condition_expression(expressions::PARTITION_PREFIX)
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let answer = query.send().await.map_err(|error| classify(&error))?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }
}

/// What takes the client out of an item; `None` when they are not in it, or came after the erasure.
fn wipe(item: &Item, erasure: &Erasure<'_>) -> Result<Option<Update>, Failure> {
    let mut update = Update::default();
    let sk = text(item, "sk").unwrap_or_default();
    let mut remove: &[&str] = &[];
    if sk.starts_with(keys::MESSAGE) {
        if number(item, "at").is_some_and(|at| at <= erasure.until.as_ms()) {
            remove = &["content", "detail", "provider_message"];
        }
    } else if sk.starts_with(keys::HANDOVER) {
        if before(item, erasure.epoch) {
            remove = &["tag"];
        }
    } else if before(item, erasure.epoch) {
        remove = &["provider_message", "more_messages", "part_hashes"];
        if text(item, "text_hash").is_some_and(|hash| !hash.is_empty()) {
            update.set("text_hash", "")?;
        }
    }
    for name in remove.iter().filter(|name| item.contains_key(**name)) {
        update.remove(name);
    }
    Ok(Some(update).filter(|update| !update.is_empty()))
}

fn before(item: &Item, epoch: u64) -> bool {
    let of_item = number(item, "epoch").and_then(|epoch| u64::try_from(epoch).ok());
    of_item.is_some_and(|of_item| of_item < epoch)
}

fn stored(item: Item) -> Result<Option<Stored>, Failure> {
    let sk = text(&item, "sk").unwrap_or_default();
    Ok(Some(if sk == keys::STATE {
        match decode::<StateItem>(item)?.state {
            Some(state) => Stored::State(Box::new(state)),
            None => return Ok(None),
        }
    } else if sk == keys::CONTACT {
        Stored::Contact(decode::<ContactItem>(item)?.contact)
    } else if sk.starts_with(keys::HANDOVER) {
        Stored::Handover(Box::new(decode::<HandoverItem>(item)?.into()))
    } else if sk.starts_with(keys::LEDGER) {
        Stored::Ledger(Box::new(decode(item)?))
    } else if sk.starts_with(keys::MESSAGE) {
        Stored::Message(Box::new(decode(item)?))
    } else {
        return Ok(None);
    }))
}

fn key(pk: &str, sk: &str) -> Item {
    let pair = |name: &str, text: &str| (name.to_owned(), AttributeValue::S(text.to_owned()));
    Item::from([pair("pk", pk), pair("sk", sk)])
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned()
}

fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok())
}
