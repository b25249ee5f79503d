//! The queues: what travels on them, and how it is put there.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sqs::{
    Client,
    types::{ChangeMessageVisibilityBatchRequestEntry, SendMessageBatchRequestEntry},
};
use handover_core::{
    AccountId, Announcement, Assignee, ContactId, ConversationId, DeliveryId, EffectId, Envelope, EventId,
    EventKind, InboxId, Notification, Purpose, ScenarioKind, Timer, Timestamp, TurnId, WebhookId,
    lower_base32,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Failure,
    store::{NoteSubject, QuarantineItem},
};

/// The longest delay of a queue message (SQS's limit).
pub const MAX_DELAY: Duration = Duration::from_mins(15);
/// Messages of one batch call (SQS's limit).
pub const MAX_BATCH: usize = 10;
/// Bytes of one batch call together (SQS's limit is 1 MiB; the rest is for attributes).
const MAX_BATCH_BYTES: usize = 1_000_000;

/// Text on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// The account.
    pub account: AccountId,
    /// The inbox that it leaves by.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The effect: the ledger's key.
    pub effect: EffectId,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// After this it is not sent.
    pub expires_at: Timestamp,
    /// What it says.
    pub text: String,
}

/// A question on its way to the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The account.
    pub account: AccountId,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn.
    pub turn: TurnId,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// The message that it is about.
    pub trigger: EventId,
    /// Messages shortly before it that it is about as well, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EventId>,
    /// What the message is about, when this is its own turn and it is about anything of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What the message says, when this is its own turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bot comes back from a human stretch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returning: bool,
}

/// Something that a timer brings, or that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Timed {
    /// An event whose time may have come.
    Event {
        /// The event.
        envelope: Box<Envelope>,
    },
    /// A timer that could not be set.
    Arm {
        /// The timer, as an event.
        envelope: Box<Envelope>,
    },
    /// Look for what is due and was not brought by a timer, a page at a time.
    Sweep {
        /// One account; none: all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Somebody was removed: take what is theirs from them, a page at a time.
    Left {
        /// The account.
        account: AccountId,
        /// The staff member or team.
        assignee: Assignee,
        /// When.
        at: Timestamp,
        /// Everything was looked at already, but settings that knew them were still believed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        /// Something was found.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Remove what is stored of a client in a conversation.
    Erase {
        /// The account.
        account: AccountId,
        /// The conversation.
        conversation: ConversationId,
        /// What reached us up to then.
        until: Timestamp,
        /// What was said to the client before this epoch.
        epoch: u64,
        /// It was done once, while a text may have been on its way.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
}

/// A message on the notifications queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The account.
    pub account: AccountId,
    /// To whom, what about, and where.
    pub notification: Notification,
    /// The conversation, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The handover's epoch, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// What the handover fired on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioKind>,
    /// When the cause happened.
    pub at: Timestamp,
}

impl Notice {
    /// What it is about.
    pub fn subject(&self) -> NoteSubject {
        NoteSubject { conversation: self.conversation.clone(), epoch: self.epoch, at: self.at }
    }
}

/// Something that an account's own automation hears of, on its way there. What is known of the handover
/// is looked up when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The account.
    pub account: AccountId,
    /// Which automation; none: the stack's event bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookId>,
    /// Follows from the effect and the webhook: the receiver drops what it has had.
    pub id: EffectId,
    /// What happened.
    pub what: Announcement,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The contact.
    pub contact: ContactId,
    /// The epoch that it happened in: with a handover's, the handover.
    pub epoch: u64,
    /// The tag, when somebody put it on by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// Something that cannot be processed, on its way to where admins look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Follows from its source and body, so that it is kept once.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it came in, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<InboxId>,
    /// Which conversation it belongs to, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// What is wrong with it.
    pub reason: String,
    /// Which function put it aside.
    pub source: String,
    /// The thing itself; empty where the account keeps no text.
    pub body: String,
    /// Only the beginning of the body was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// What else was read of a webhook call: with the body, all that is needed to read it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<RawCall>,
    /// When it was put aside.
    pub at: Timestamp,
}

/// A webhook call beside its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawCall {
    /// The method.
    pub method: String,
    /// The query as it was sent, still percent-encoded, without the question mark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The headers that are read after the signature was checked, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body was no text, and is kept in base64.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base64: bool,
}

impl Quarantined {
    /// A thing to be put aside.
    pub fn new(account: AccountId, source: &str, reason: &str, body: String, at: Timestamp) -> Self {
        let (id, length) = (id_of(&[source, &body]), body.len());
        let body = cut(body);
        Self {
            id,
            cut: body.len() < length,
            call: None,
            account,
            inbox: None,
            conversation: None,
            reason: reason.to_owned(),
            source: source.to_owned(),
            body,
            at,
        }
    }

    /// A webhook call to be put aside. What it says may stand in its query alone.
    #[must_use]
    pub fn with_call(mut self, call: RawCall) -> Self {
        if !call.query.is_empty() {
            self.id = id_of(&[&self.id, &call.query]);
        }
        self.call = Some(call);
        self
    }

    pub(crate) fn delivery_id(&self) -> DeliveryId {
        // The id is base32 and so always a valid one.
        self.id.parse().unwrap_or_else(|_| DeliveryId::from_random([0; 16]))
    }
}

/// What is kept of a body that is put aside: an item of the table holds 400 KB.
const MAX_KEPT_BYTES: usize = 200_000;

/// As much of a body as an item can hold.
fn cut(mut body: String) -> String {
    if body.len() > MAX_KEPT_BYTES {
        body.truncate(body.floor_char_boundary(MAX_KEPT_BYTES));
    }
    body
}

fn id_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    lower_base32(&hash.finalize()).chars().take(26).collect()
}

/// The queues' addresses; a function has those that its environment names.
#[derive(Clone, Debug, Default)]
pub struct QueueUrls {
    /// Events of conversations.
    pub conversation: String,
    /// Texts to clients.
    pub outbound: String,
    /// Questions to bots.
    pub turns: String,
    /// Timers.
    pub timers: String,
    /// Word to staff.
    pub notifications: String,
    /// What cannot be processed.
    pub quarantine: String,
}

/// The queues.
#[derive(Clone, Debug)]
pub struct Queues {
    client: Client,
    urls: QueueUrls,
}

/// A message to put on a queue.
struct Entry {
    body: String,
    group: Option<String>,
    deduplication: Option<String>,
    delay: Duration,
}

impl Queues {
    /// The queues at these addresses.
    pub fn new(client: Client, urls: QueueUrls) -> Self {
        Self { client, urls }
    }

    /// Puts events on their conversations' queue, in order; returns when all are durable.
    pub async fn events(&self, envelopes: &[Envelope]) -> Result<(), Failure> {
        let entry = |envelope: &Envelope| {
            Ok(Entry {
                body: encode(envelope)?,
                group: Some(envelope.conversation.to_string()),
                deduplication: Some(envelope.event.id.to_string()),
                delay: Duration::ZERO,
            })
        };
        let entries = envelopes.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.conversation, entries).await
    }

    /// Puts events on their conversations' queue once more, in order: under deduplication ids that begin
    /// with `anew`, for their own may still be remembered.
    pub async fn events_anew(&self, envelopes: &[Envelope], anew: &str) -> Result<(), Failure> {
        let entry = |envelope: &Envelope| {
            Ok(Entry {
                body: encode(envelope)?,
                group: Some(envelope.conversation.to_string()),
                deduplication: Some(format!("{anew}-{}", envelope.event.id)),
                delay: Duration::ZERO,
            })
        };
        let entries = envelopes.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.conversation, entries).await
    }

    /// Puts texts on their way to clients, in order.
    pub async fn outbound(&self, texts: &[Outbound]) -> Result<(), Failure> {
        let entry = |text: &Outbound| {
            Ok(Entry {
                body: encode(text)?,
                group: Some(text.conversation.to_string()),
                deduplication: Some(text.effect.to_string()),
                delay: Duration::ZERO,
            })
        };
        let entries = texts.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.outbound, entries).await
    }

    /// Puts questions on their way to bots, each with the time to wait before it is asked.
    pub async fn turns(&self, turns: &[(Turn, Duration)]) -> Result<(), Failure> {
        let entries = turns
            .iter()
            .map(|(turn, delay)| Ok(Entry { delay: *delay, ..plain(turn, turn.account.to_string())? }))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.turns, entries).await
    }

    /// Puts word to staff on its way.
    pub async fn notices(&self, notices: &[Notice]) -> Result<(), Failure> {
        let entries = notices
            .iter()
            .map(|notice| plain(notice, notice.account.to_string()))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.notifications, entries).await
    }

    /// Puts word to automations on its way.
    pub async fn announcements(&self, announced: &[Announced]) -> Result<(), Failure> {
        let entries = announced
            .iter()
            .map(|announced| plain(announced, announced.account.to_string()))
            .collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.notifications, entries).await
    }

    /// Brings something back after `delay`, at most 15 minutes.
    pub async fn timed(&self, timed: &Timed, delay: Duration) -> Result<(), Failure> {
        self.timed_all(std::slice::from_ref(timed), delay).await
    }

    /// Brings several back after the same `delay`, at most 15 minutes.
    pub async fn timed_all(&self, timed: &[Timed], delay: Duration) -> Result<(), Failure> {
        let entry = |timed: &Timed| {
            let entry = Entry { body: encode(timed)?, group: None, deduplication: None, delay };
            Ok(entry)
        };
        let entries = timed.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.timers, entries).await
    }

    /// Puts aside what cannot be processed.
    pub async fn quarantine(&self, quarantined: &Quarantined) -> Result<(), Failure> {
        let entry = plain(quarantined, quarantined.account.to_string())?;
        self.send_all(&self.urls.quarantine, vec![entry]).await
    }

    /// Puts a message that was put aside back on the queue that it came from, under a deduplication id of
    /// its own; `false` when it did not come from a queue.
    pub async fn redrive(&self, item: &QuarantineItem, deduplication: String) -> Result<bool, Failure> {
        let (url, fifo) = match item.source.as_str() {
            "execute" => (&self.urls.conversation, true),
            "deliver" => (&self.urls.outbound, true),
            "resume" => (&self.urls.timers, false),
            "notify" => (&self.urls.notifications, false),
            "respond" => (&self.urls.turns, false),
            _ => return Ok(false),
        };
        // What could not be read has no conversation: it waits for nothing else.
        let group = item.conversation.as_ref().map_or_else(|| item.id.clone(), ToString::to_string);
        let (group, deduplication) = if fifo { (Some(group), Some(deduplication)) } else { (None, None) };
        let entry = Entry { body: item.body.clone(), group, deduplication, delay: Duration::ZERO };
        self.send_all(url, vec![entry]).await?;
        Ok(true)
    }

    async fn send_all(&self, url: &str, entries: Vec<Entry>) -> Result<(), Failure> {
        let mut batch: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for entry in entries {
            let size = entry.body.len();
            if batch.len() == MAX_BATCH || (!batch.is_empty() && bytes + size > MAX_BATCH_BYTES) {
                self.send_batch(url, std::mem::take(&mut batch)).await?;
                bytes = 0;
            }
            bytes += size;
            batch.push(entry);
        }
        if batch.is_empty() { Ok(()) } else { self.send_batch(url, batch).await }
    }

    async fn send_batch(&self, url: &str, batch: Vec<Entry>) -> Result<(), Failure> {
        let mut request = self.client.send_message_batch().queue_url(url);
        for (index, entry) in batch.into_iter().enumerate() {
            let seconds = i32::try_from(entry.delay.min(MAX_DELAY).as_secs()).unwrap_or(0);
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(entry.body)
                .set_message_group_id(entry.group)
                .set_message_deduplication_id(entry.deduplication)
                .set_delay_seconds((seconds > 0).then_some(seconds))
                .build()
                .map_err(|_| Failure::quarantine("message cannot be built"))?;
            request = request.entries(entry);
        }
        let answer = request.send().await.map_err(|error| crate::store::classify(&error))?;
        // A batch call succeeds even when messages of it do not.
        if answer.failed().is_empty() { Ok(()) } else { Err(Failure::retry("queue refused a message")) }
    }

    /// Sets when received messages may be received again: `(receipt handle, seconds)`.
    pub async fn set_visibility(&self, url: &str, waits: &[(String, u32)]) -> Result<(), Failure> {
        for chunk in waits.chunks(MAX_BATCH) {
            let mut request = self.client.change_message_visibility_batch().queue_url(url);
            for (index, (receipt, seconds)) in chunk.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(index.to_string())
                    .receipt_handle(receipt)
                    .visibility_timeout(i32::try_from(*seconds).unwrap_or(60))
                    .build()
                    .map_err(|_| Failure::quarantine("message cannot be built"))?;
                request = request.entries(entry);
            }
            request.send().await.map_err(|error| crate::store::classify(&error))?;
        }
        Ok(())
    }

    /// The queues' addresses.
    pub const fn urls(&self) -> &QueueUrls {
        &self.urls
    }
}

/// A message on a standard queue; its group makes the queue fair among accounts.
fn plain<T: Serialize>(message: &T, group: String) -> Result<Entry, Failure> {
    Ok(Entry { body: encode(message)?, group: Some(group), deduplication: None, delay: Duration::ZERO })
}

/// A message's body. SQS takes the characters that XML allows; JSON escapes all others but these two.
pub fn encode<T: Serialize>(message: &T) -> Result<String, Failure> {
    let text =
        serde_json::to_string(message).map_err(|_| Failure::quarantine("message cannot be encoded"))?;
    Ok(if text.contains(['\u{fffe}', '\u{ffff}']) {
        text.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
    } else {
        text
    })
}

/// Reads a message's body.
pub fn decode<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, Failure> {
    serde_json::from_str(body).map_err(|_| Failure::quarantine("message cannot be read"))
}

/// A timer as the event that it will be.
pub fn timer_event(
    account: &AccountId,
    inbox: &InboxId,
    conversation: &ConversationId,
    timer: &Timer,
    now: Timestamp,
) -> Envelope {
    let discriminator = match timer.kind {
        // Told apart by what fell due: the sweep may find the same again.
        handover_core::TimerKind::Wake => format!("wake-{}", timer.due_at.as_ms()),
        handover_core::TimerKind::Resume | handover_core::TimerKind::Promise => {
            format!("{}-{}-{}", timer.kind.name(), timer.epoch, timer.sequence)
        }
    };
    let id = EventId::of(conversation, "timer", &discriminator);
    own_event(account, inbox, conversation, id, now, EventKind::Timer(timer.clone()))
}

/// An event of our own about a conversation. Whenever it is made again, it is the same enqueue.
pub fn own_event(
    account: &AccountId,
    inbox: &InboxId,
    conversation: &ConversationId,
    id: EventId,
    now: Timestamp,
    kind: EventKind,
) -> Envelope {
    let delivery_id = id.as_str().parse().unwrap_or_else(|_| DeliveryId::from_random([0; 16]));
    Envelope {
        account: account.clone(),
        inbox: inbox.clone(),
        conversation: conversation.clone(),
        identities: Vec::new(),
        person: None,
        address: None,
        delivery_id,
        waited: false,
        event: handover_core::Event { id, sent_at: None, received_at: now, kind },
    }
}
