//! The queues, and how messages are put there.

mod lanes;
mod messages;

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{
    Client,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, MessageSystemAttributeNameForSends,
        MessageSystemAttributeValue, SendMessageBatchRequestEntry,
    },
};
use handover_core::{
    AccountId, ConversationId, DeliveryId, Envelope, EventId, EventKind, InboxId, Timer, Timestamp,
};
use serde::Serialize;

pub use lanes::Lanes;
pub use messages::*;

use crate::{
    Failure, Trace,
    store::{QuarantineItem, Waking},
};

/// The longest delay of a queue message (SQS's limit).
pub const MAX_DELAY: Duration = Duration::from_mins(15);
/// Messages of one batch call (SQS's limit).
pub const MAX_BATCH: usize = 10;
/// Bytes of one batch call together (SQS's limit is 1 MiB; the rest is for attributes).
const MAX_BATCH_BYTES: usize = 1_000_000;

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
#[derive(Clone, Debug)]
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

    /// Puts events on their conversations' queue, those of a conversation in order; returns when all are
    /// durable.
    pub async fn events(&self, envelopes: &[Envelope]) -> Result<(), Failure> {
        self.lanes(&Lanes::of(envelopes, None)?).await
    }

    /// The same, and called again it goes on where it failed.
    pub async fn lanes(&self, lanes: &Lanes) -> Result<(), Failure> {
        lanes.send(|batch| self.send_batch(&self.urls.conversation, batch)).await
    }

    /// Puts events on their conversations' queue once more, those of a conversation in order: under deduplication ids that begin
    /// with `anew`, for their own may still be remembered.
    pub async fn events_anew(&self, envelopes: &[Envelope], anew: &str) -> Result<(), Failure> {
        self.lanes(&Lanes::of(envelopes, Some(anew))?).await
    }

    /// Puts texts, and what goes with them, on their way to clients, in order.
    pub async fn outbound(&self, departures: &[Departure]) -> Result<(), Failure> {
        let entry = |departure: &Departure| {
            Ok(Entry {
                body: encode(departure)?,
                group: Some(departure.conversation().to_string()),
                deduplication: Some(departure.deduplication()),
                delay: Duration::ZERO,
            })
        };
        let entries = departures.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
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

    /// Puts a sign-in code on its way.
    pub async fn sign_in_mail(&self, mail: &SignInMail) -> Result<(), Failure> {
        let entry = Entry { body: encode(mail)?, group: None, deduplication: None, delay: Duration::ZERO };
        self.send_all(&self.urls.notifications, vec![entry]).await
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
        self.quarantine_all(std::slice::from_ref(quarantined)).await
    }

    /// Puts aside several things that cannot be processed.
    pub async fn quarantine_all(&self, quarantined: &[Quarantined]) -> Result<(), Failure> {
        let entry = |quarantined: &Quarantined| plain(quarantined, quarantined.account.to_string());
        let entries = quarantined.iter().map(entry).collect::<Result<Vec<_>, Failure>>()?;
        self.send_all(&self.urls.quarantine, entries).await
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
        for batch in batches(entries) {
            self.send_batch(url, batch).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, url: &str, batch: Vec<Entry>) -> Result<(), Failure> {
        let mut request = self.client.send_message_batch().queue_url(url);
        let system = trace_attribute()?;
        for (index, entry) in batch.into_iter().enumerate() {
            let seconds = i32::try_from(entry.delay.min(MAX_DELAY).as_secs()).unwrap_or(0);
            let entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(entry.body)
                .set_message_group_id(entry.group)
                .set_message_deduplication_id(entry.deduplication)
                .set_delay_seconds((seconds > 0).then_some(seconds))
                .set_message_system_attributes(system.clone())
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

/// Messages in the calls that they fit into, in order.
fn batches(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = entry.body.len();
        match batches.last_mut() {
            Some(batch) if batch.len() < MAX_BATCH && bytes + size <= MAX_BATCH_BYTES => {
                bytes += size;
                batch.push(entry);
            }
            Some(_) | None => {
                bytes = size;
                batches.push(vec![entry]);
            }
        }
    }
    batches
}

type SystemAttributes = HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>;

/// What a message goes back to, where SQS and X-Ray look for it. It does not count into the size.
fn trace_attribute() -> Result<Option<SystemAttributes>, Failure> {
    let Some(trace) = Trace::current() else { return Ok(None) };
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace.header());
    let value = value.build().map_err(|_| Failure::quarantine("message cannot be built"))?;
    Ok(Some(HashMap::from([(MessageSystemAttributeNameForSends::AwsTraceHeader, value)])))
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
        handover_core::TimerKind::Wake => format!("wake-{}", timer.due_at.as_ms()),
        _ if handover_core::planted(handover_core::Bug::TimersShareAName) => timer.epoch.to_string(),
        handover_core::TimerKind::Resume | handover_core::TimerKind::Promise => {
            format!("{}-{}-{}", timer.kind.name(), timer.epoch, timer.sequence)
        }
    };
    let id = EventId::of(conversation, "timer", &discriminator);
    own_event(account, inbox, conversation, id, now, EventKind::Timer(timer.clone()))
}

/// What the sweep found due, as an event. It is told apart by what fell due and by who has the conversation since
/// when: the sweep may find the same again, and a stretch may begin with what fell due before it, such as the warning
/// of a reply window.
pub fn wake_event(account: &AccountId, row: &Waking, now: Timestamp) -> Envelope {
    let due_at = row.wake_at;
    let timer = Timer { kind: handover_core::TimerKind::Wake, epoch: 0, sequence: 0, due_at };
    let id = EventId::of(&row.conversation, "timer", &format!("wake-{}-{}", due_at.as_ms(), row.place));
    own_event(account, &row.inbox, &row.conversation, id, now, EventKind::Timer(timer))
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
