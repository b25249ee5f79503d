//! Batches of queue messages: each record is decided on its own, a record that fails stops its
//! own message group only, and it says itself when it wants to be tried again.

use std::{collections::BTreeMap, future::Future, time::Duration};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use handover_core::{AccountId, Bug, ConversationId, InboxId, Timestamp, planted};
use serde::Deserialize;

use crate::{Clock, Failure, Queues, Trace, queue::Quarantined, runtime::unpanicked, telemetry};

/// The first wait before a record is tried again; it doubles with every receive.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that we choose ourselves.
const LONGEST_WAIT: Duration = Duration::from_mins(1);
/// The longest wait that somebody else's hint may ask for.
const LONGEST_HINT: Duration = Duration::from_mins(15);
/// An invocation that has less time left than this starts no further record.
const TIME_FOR_ONE: Duration = Duration::from_secs(4);
/// From this receive on a record that our code panics on is put aside, and one that never even fails
/// in order is from this age on: it kills the process. What fails in order is tried as long as the
/// queue keeps it: an outage of hours must not send honest messages to quarantine.
const SUSPECT_RECEIVES: u32 = 6;
const SUSPECT_AGE: Duration = Duration::from_hours(6);

/// A record as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its body.
    pub body: String,
    /// How often it has been received.
    pub receives: u32,
    /// When it was put on the queue.
    pub sent_at: Timestamp,
    /// Our code has panicked on it, and not for the first time.
    pub panics: bool,
}

impl Received {
    /// Whether something must be wrong with it: it is to be put aside unless it has committed.
    pub fn is_suspect(&self, now: Timestamp) -> bool {
        self.receives >= SUSPECT_RECEIVES && (self.panics || now.since(self.sent_at) >= SUSPECT_AGE)
    }
}

/// What is the same for all records of an invocation.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The function's name.
    pub source: &'static str,
    /// The queues.
    pub queues: &'a Queues,
    /// The queue that the batch came from.
    pub queue_url: &'a str,
    /// The time.
    pub clock: &'a Clock,
    /// When the invocation is cut off, by the machine's clock.
    pub deadline: Timestamp,
}

impl Batch<'_> {
    /// Hands each record to `handle`, in order. What can never succeed is put aside, and counts
    /// as done once that is durable.
    pub async fn work<F, Work>(&self, event: SqsEvent, handle: F) -> SqsBatchResponse
    where
        F: Fn(Received) -> Work,
        Work: Future<Output = Result<(), Failure>>,
    {
        let mut blocked: BTreeMap<String, u32> = BTreeMap::new();
        let mut failures = Vec::new();
        let mut waits = Vec::new();
        for record in event.records {
            // An empty id in the answer would fail the whole batch.
            let Some(id) = record.message_id.clone().filter(|id| !id.is_empty()) else { continue };
            let group = attribute(&record, "MessageGroupId").filter(|_| is_fifo(&record)).map(str::to_owned);
            let behind = group.as_ref().and_then(|group| blocked.get(group).copied());
            let wait = match behind {
                // It keeps its place behind the one that failed, and comes back with it.
                Some(wait) => Some(wait),
                None => self.traced(&record, &id, &handle).await,
            };
            if let Some(wait) = wait {
                if let Some(receipt) = record.receipt_handle {
                    waits.push((receipt, wait));
                }
                if let Some(group) = group {
                    blocked.insert(group, wait);
                }
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                failures.push(failure);
            }
        }
        if let Err(failure) = self.queues.set_visibility(self.queue_url, &waits).await {
            // They come back when the queue's own time-out ends.
            telemetry::count("visibility_not_set", failure.reason());
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures;
        response
    }

    /// One record, as part of what it goes back to.
    async fn traced<F, Work>(&self, record: &SqsMessage, id: &str, handle: &F) -> Option<u32>
    where
        F: Fn(Received) -> Work,
        Work: Future<Output = Result<(), Failure>>,
    {
        let work = self.one(record, id, handle);
        match attribute(record, "AWSTraceHeader").and_then(Trace::read) {
            Some(trace) => trace.around(work).await,
            None => work.await,
        }
    }

    /// One record; when it is to be tried again, after how many seconds.
    async fn one<F, Work>(&self, record: &SqsMessage, id: &str, handle: &F) -> Option<u32>
    where
        F: Fn(Received) -> Work,
        Work: Future<Output = Result<(), Failure>>,
    {
        if self.clock.wall() + TIME_FOR_ONE > self.deadline {
            return Some(1);
        }
        let body = record.body.as_deref().unwrap_or_default();
        let receives =
            number(record, "ApproximateReceiveCount").and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        let sent_at = Timestamp::from_ms(number(record, "SentTimestamp").unwrap_or(i64::MAX));
        let as_received = |panics| Received { body: body.to_owned(), receives, sent_at, panics };
        let mut result = unpanicked(Box::pin(handle(as_received(false)))).await;
        if result.is_none() && receives >= SUSPECT_RECEIVES {
            result = unpanicked(Box::pin(handle(as_received(true)))).await;
        }
        let fate = if result.is_some() { "retry" } else { "panicked" };
        let failure = match result.unwrap_or(Err(Failure::retry("panicked"))) {
            Ok(()) => return None,
            Err(Failure::Retry { .. }) if planted(Bug::FailureAcknowledged) => return None,
            Err(Failure::Retry { reason, .. }) if planted(Bug::QuarantinedTooSoon) && receives > 3 => {
                let quarantined = self.queues.quarantine(&self.quarantined(body, reason)).await;
                return quarantined.err().map(|_| 1);
            }
            Err(Failure::Quarantine { reason }) => {
                let quarantined = self.quarantined(body, reason);
                match self.queues.quarantine(&quarantined).await {
                    Ok(()) => {
                        telemetry::failed(self.source, "quarantine", reason, receives);
                        return None;
                    }
                    Err(failure) => failure,
                }
            }
            Err(failure @ Failure::Retry { .. }) => failure,
        };
        telemetry::failed(self.source, fate, failure.reason(), receives);
        // SQS's own age of a standard queue leaves out what was received three times.
        telemetry::lasted("failing_for", self.clock.now().since(sent_at));
        Some(wait_seconds(&failure, receives, id))
    }

    fn quarantined(&self, body: &str, reason: &str) -> Quarantined {
        let belongs: Belongs = serde_json::from_str(body).unwrap_or_default();
        let belongs = belongs.envelope.map_or(
            Owner { account: belongs.account, inbox: belongs.inbox, conversation: belongs.conversation },
            |envelope| *envelope,
        );
        // An account that nobody has: operators look there.
        let account = belongs.account.or_else(|| "unattributed".parse().ok());
        let account = account.unwrap_or_else(|| AccountId::from_random([0; 16]));
        let mut quarantined =
            Quarantined::new(account, self.source, reason, body.to_owned(), self.clock.now());
        quarantined.inbox = belongs.inbox;
        quarantined.conversation = belongs.conversation;
        quarantined
    }
}

/// Whose a message is, as far as it can still be read.
#[derive(Default, Deserialize)]
struct Belongs {
    #[serde(default)]
    account: Option<AccountId>,
    #[serde(default)]
    inbox: Option<InboxId>,
    #[serde(default)]
    conversation: Option<ConversationId>,
    #[serde(default)]
    envelope: Option<Box<Owner>>,
}

#[derive(Default, Deserialize)]
struct Owner {
    #[serde(default)]
    account: Option<AccountId>,
    #[serde(default)]
    inbox: Option<InboxId>,
    #[serde(default)]
    conversation: Option<ConversationId>,
}

/// After how many seconds a record is tried again: 1, 2, 4 ... 60, spread by a quarter so that
/// what failed together does not come back together; or what the other side asked for.
fn wait_seconds(failure: &Failure, receives: u32, id: &str) -> u32 {
    let hint = match failure {
        Failure::Retry { after, .. } => *after,
        Failure::Quarantine { .. } => None,
    };
    let doublings = receives.saturating_sub(1).min(16);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT);
    let wait = hint.map_or(wait, |hint| hint.clamp(FIRST_WAIT, LONGEST_HINT));
    let seconds = u32::try_from(wait.as_secs()).unwrap_or(60);
    let spread = id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    seconds + spread % (seconds / 4 + 1)
}

fn attribute<'a>(record: &'a SqsMessage, name: &str) -> Option<&'a str> {
    record.attributes.get(name).map(String::as_str)
}

fn number(record: &SqsMessage, name: &str) -> Option<i64> {
    attribute(record, name).and_then(|text| text.parse().ok())
}

fn is_fifo(record: &SqsMessage) -> bool {
    // The only queues that may have this suffix, and they must.
    record.event_source_arn.as_deref().and_then(|arn| arn.rsplit('.').next()) == Some("fifo")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_honour_hints() {
        let plain = Failure::retry("x");
        let waits: Vec<u32> = (1..=9).map(|receives| wait_seconds(&plain, receives, "")).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let hinted = Failure::Retry { after: Some(Duration::from_mins(2)), reason: "x" };
        assert_eq!(wait_seconds(&hinted, 1, ""), 120);
        let absurd = Failure::Retry { after: Some(Duration::from_secs(1_000_000)), reason: "x" };
        assert_eq!(wait_seconds(&absurd, 1, ""), 900);
        let spread = wait_seconds(&plain, 7, "a-message");
        assert!((60..=75).contains(&spread), "{spread}");
    }
}
