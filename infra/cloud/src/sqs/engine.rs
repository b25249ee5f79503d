//! Sending, receiving, deleting and hiding messages.

use super::message::{SendRequest, Sent, StoredMessage, md5_hex, md5_of_attributes, missing};
use super::order::Candidate;
use super::{Depths, Queue, ReceivedMessage, Sqs, invalid, locked, queue_arn, store};
use crate::service::{ServiceError, mix};
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a deduplication id is remembered (SQS developer guide: 5 minutes).
const DEDUPLICATION_MS: i64 = 300_000;

/// The longest that a message can be hidden, counted from its receive (SQS quotas: 12 hours).
pub(super) const MAX_VISIBILITY_SECONDS: u32 = 43_200;

/// Who sends, as receivers see it: there is only one principal here.
const SENDER_ID: &str = "AIDALOCALLOCALLOCALLO";

/// One receive of one message.
struct Receipt {
    sequence: i64,
    /// Which receive of the message it was, counted from 1.
    receives: u32,
}

impl Sqs {
    /// Sends one message.
    pub fn send(&self, queue: &str, request: &SendRequest) -> Result<Sent, ServiceError> {
        let sent = self.inner.database.transact(|connection| self.send_in(connection, queue, request))?;
        self.notify();
        Ok(sent)
    }

    /// Sends one message inside the caller's transaction, who wakes the waiting with [`Sqs::notify`] after it.
    pub(crate) fn send_in(
        &self,
        connection: &Connection,
        queue: &str,
        request: &SendRequest,
    ) -> Result<Sent, ServiceError> {
        let queue = self.queue_in(connection, queue)?;
        let settings = &queue.settings;
        request.validate()?;
        if request.size() > settings.maximum_message_size {
            let limit = settings.maximum_message_size;
            let message = format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
            );
            return Err(ServiceError::bad_request("InvalidParameterValue", message));
        }
        let now = self.inner.clock.now_ms();
        let md5_of_body = md5_hex(request.body.as_bytes());
        let attributes = request.attributes.iter().map(|(name, attribute)| (name.as_str(), attribute));
        let md5_of_attributes = md5_of_attributes(attributes);

        let deduplication_id = deduplication_id(&queue, request)?;
        let scope =
            request.group_id.as_deref().filter(|_| settings.deduplicates_by_group).unwrap_or_default();
        if let Some(id) = &deduplication_id {
            connection.prepare_cached(store::EXPIRE_DEDUP)?.execute((queue.id, now))?;
            let earlier: Option<(String, i64)> = connection
                .prepare_cached(store::FIND_DEDUP)?
                .query_row((queue.id, scope, id), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            if let Some((message_id, sequence)) = earlier {
                let sequence_number = Some(sequence_number(sequence));
                return Ok(Sent { message_id, sequence_number, md5_of_body, md5_of_attributes });
            }
        }

        let sequence = self.next_sequence();
        let message_id = message_id(sequence);
        let delay = i64::from(request.delay_seconds.unwrap_or(settings.delay_seconds)) * 1000;
        let stored_attributes = if request.attributes.is_empty() {
            None
        } else {
            Some(serde_json::to_string(&request.attributes)?)
        };
        connection.prepare_cached(store::INSERT_MESSAGE)?.execute(rusqlite::params![
            sequence,
            queue.id,
            message_id,
            request.body,
            md5_of_body,
            stored_attributes,
            request.trace_header,
            request.group_id,
            deduplication_id,
            now,
            now + delay,
        ])?;
        if let Some(id) = deduplication_id {
            let end = now + DEDUPLICATION_MS;
            let entry = (queue.id, scope, id, &message_id, sequence, end);
            connection.prepare_cached(store::INSERT_DEDUP)?.execute(entry)?;
        }
        let sequence_number = settings.fifo.then(|| sequence_number(sequence));
        Ok(Sent { message_id, sequence_number, md5_of_body, md5_of_attributes })
    }

    /// Receives at most `max` messages and hides them for `visibility` (the queue's own time-out when not
    /// given). Messages that were received too often go to the dead-letter queue instead.
    pub fn receive(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
    ) -> Result<Vec<ReceivedMessage>, ServiceError> {
        let number = self.inner.receives.fetch_add(1, Ordering::Relaxed);
        let order = *locked(&self.inner.order);
        let mut moved = false;
        let received = self.with_queue(queue, |connection, queue, now| {
            let visibility = visibility
                .map_or(i64::from(queue.settings.visibility_seconds) * 1000, |visibility| {
                    i64::try_from(visibility.as_millis()).unwrap_or(i64::MAX)
                });
            let limit = if order.is_some() { -1 } else { i64::try_from(max).unwrap_or(i64::MAX) };
            let chosen = loop {
                let candidates = candidates(connection, queue, now, limit)?;
                let chosen = match &order {
                    Some(order) => order.choose(queue.settings.fifo, candidates, max, number),
                    None => candidates,
                };
                if !self.give_up(connection, queue, &chosen, now)? {
                    break chosen;
                }
                moved = true;
            };
            let mut received = Vec::with_capacity(chosen.len());
            for candidate in chosen {
                let message = connection
                    .prepare_cached(store::RECEIVE)?
                    .query_row((candidate.sequence, now.saturating_add(visibility), now), |row| {
                        received_message(queue, candidate.sequence, row)
                    })?;
                // An acknowledgement that one of SQS's servers missed: a copy survives the delete.
                let twice = order.is_some_and(|order| order.duplicates(&message.message_id));
                if twice && !queue.settings.fifo && candidate.receives == 0 {
                    let copy = (candidate.sequence, self.next_sequence(), now);
                    connection.prepare_cached(store::DUPLICATE)?.execute(copy)?;
                }
                received.push(message);
            }
            Ok(received)
        })?;
        if moved {
            self.notify();
        }
        Ok(received)
    }

    /// Receives like [`Sqs::receive`], waiting for a message up to `wait` of domain time.
    pub async fn receive_wait(
        &self,
        queue: &str,
        max: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<ReceivedMessage>, ServiceError> {
        let clock = &self.inner.clock;
        let end = clock.now_ms().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        loop {
            let changed = self.changed();
            let received = self.receive(queue, max, visibility)?;
            if !received.is_empty() || clock.now_ms() >= end {
                return Ok(received);
            }
            let next = self.next_visible_at(queue)?.map_or(end, |next| next.min(end));
            tokio::select! {
                () = changed => {}
                () = clock.wait_until(next) => {}
            }
        }
    }

    /// Deletes a received message. A handle of an earlier receive deletes nothing: silently on a standard
    /// queue, `InvalidParameterValue` on a FIFO queue, where an expired handle is refused too.
    pub fn delete(&self, queue: &str, receipt_handle: &str) -> Result<(), ServiceError> {
        self.with_queue(queue, |connection, queue, now| {
            let receipt = receipt(queue, receipt_handle)?;
            let Some((receives, visible_at, _)) = find(connection, queue, &receipt)? else { return Ok(()) };
            let stale = receives != receipt.receives;
            if queue.settings.fifo && (stale || visible_at <= now) {
                return Err(invalid("ReceiptHandle", receipt_handle, "The receipt handle has expired."));
            }
            if !stale {
                connection.prepare_cached(store::DELETE)?.execute([receipt.sequence])?;
            }
            Ok(())
        })?;
        // The next message of the group may be receivable now.
        self.notify();
        Ok(())
    }

    /// Hides a message in flight for another `visibility` from now, 0 to 12 hours; zero makes it
    /// receivable at once.
    pub fn change_visibility(
        &self,
        queue: &str,
        receipt_handle: &str,
        visibility: Duration,
    ) -> Result<(), ServiceError> {
        let limit_ms = i64::from(MAX_VISIBILITY_SECONDS) * 1000;
        let ms = i64::try_from(visibility.as_millis()).unwrap_or(i64::MAX);
        let out_of_range = || {
            let reason = format!(
                "Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY_SECONDS} seconds]"
            );
            invalid("VisibilityTimeout", visibility.as_secs(), &reason)
        };
        if ms > limit_ms {
            return Err(out_of_range());
        }
        self.with_queue(queue, |connection, queue, now| {
            let receipt = receipt(queue, receipt_handle)?;
            let found = find(connection, queue, &receipt)?.filter(|found| found.0 == receipt.receives);
            let Some((_, visible_at, received_at)) = found else {
                let reason = "Message does not exist or is not available for visibility timeout change.";
                return Err(invalid("ReceiptHandle", receipt_handle, reason));
            };
            if visible_at <= now {
                return Err(ServiceError::bad_request("MessageNotInflight", "The message is not in flight."));
            }
            if now + ms > received_at + limit_ms {
                return Err(out_of_range());
            }
            connection.prepare_cached(store::SET_VISIBLE)?.execute((receipt.sequence, now + ms))?;
            Ok(())
        })?;
        self.notify();
        Ok(())
    }

    /// Makes every message in flight, in all queues, receivable at once; says how many there were. For queues
    /// that were just opened: whoever had received them died with the process that had them open before.
    pub fn release_in_flight(&self) -> Result<usize, ServiceError> {
        let now = self.inner.clock.now_ms();
        let released = self.inner.database.transact(|connection| {
            Ok::<_, ServiceError>(connection.prepare_cached(store::RELEASE)?.execute([now])?)
        })?;
        self.notify();
        Ok(released)
    }

    /// How many messages the queue holds, by state; exact, unlike on AWS.
    pub fn depths(&self, queue: &str) -> Result<Depths, ServiceError> {
        self.with_queue(queue, |connection, queue, now| {
            let read = |row: &Row<'_>| {
                Ok(Depths { visible: row.get(0)?, in_flight: row.get(1)?, delayed: row.get(2)? })
            };
            Ok(connection.prepare_cached(store::DEPTHS)?.query_row((queue.id, now), read)?)
        })
    }

    /// When something can be received (Unix milliseconds): now, or later when delays, time-outs and group
    /// locks have ended; nothing when the queue is empty.
    pub fn next_visible_at(&self, queue: &str) -> Result<Option<i64>, ServiceError> {
        self.with_queue(queue, |connection, queue, now| {
            let statement = if queue.settings.fifo { store::FIFO_NEXT_VISIBLE } else { store::NEXT_VISIBLE };
            let next: Option<i64> =
                connection.prepare_cached(statement)?.query_row([queue.id], |row| row.get(0))?;
            Ok(next.map(|next| next.max(now)))
        })
    }

    /// All messages of the queue in the order of sending, without receiving them.
    pub fn peek_all(&self, queue: &str) -> Result<Vec<StoredMessage>, ServiceError> {
        self.with_queue(queue, |connection, queue, _| Ok(store::peek(connection, queue.id)?))
    }

    /// Seconds that a receive waits when it does not say.
    pub(super) fn default_wait(&self, queue: &str) -> Result<u32, ServiceError> {
        Ok(self.queue(queue)?.settings.wait_seconds)
    }

    /// Runs `work` on a queue in one transaction, after dropping what is past the queue's retention.
    fn with_queue<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Connection, &Queue, i64) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.inner.database.transact(|connection| {
            let queue: Arc<Queue> = self.queue_in(connection, name)?;
            let now = self.inner.clock.now_ms();
            let sent_before = now - i64::from(queue.settings.retention_seconds) * 1000;
            connection.prepare_cached(store::EXPIRE)?.execute((queue.id, sent_before))?;
            work(connection, &queue, now)
        })
    }

    /// Moves those of the chosen messages that were received too often to the dead-letter queue; says
    /// whether there were any.
    fn give_up(
        &self,
        connection: &Connection,
        queue: &Queue,
        chosen: &[Candidate],
        now: i64,
    ) -> Result<bool, ServiceError> {
        let Some(redrive) = &queue.settings.redrive else { return Ok(false) };
        let mut exhausted =
            chosen.iter().filter(|candidate| candidate.receives >= redrive.max_receive_count).peekable();
        if exhausted.peek().is_none() {
            return Ok(false);
        }
        // Without its dead-letter queue a message stays where it is.
        let Some(target) = store::queue(connection, &redrive.target)? else { return Ok(false) };
        for candidate in exhausted {
            let sequence = self.next_sequence();
            let source = queue_arn(&queue.name);
            connection.prepare_cached(store::GIVE_UP)?.execute((
                candidate.sequence,
                sequence,
                target.id,
                source,
                now,
                !queue.settings.fifo,
            ))?;
        }
        Ok(true)
    }

    fn next_sequence(&self) -> i64 {
        self.inner.last_sequence.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The deduplication id of a message to a FIFO queue, and a check of what only one kind of queue takes.
fn deduplication_id(queue: &Queue, request: &SendRequest) -> Result<Option<String>, ServiceError> {
    let unfit = "The request include parameter that is not valid for this queue type.";
    if !queue.settings.fifo {
        return match &request.deduplication_id {
            Some(id) => Err(invalid("MessageDeduplicationId", id, unfit)),
            None => Ok(None),
        };
    }
    if request.group_id.is_none() {
        return Err(missing("The request must contain the parameter MessageGroupId."));
    }
    if let Some(delay) = request.delay_seconds.filter(|delay| *delay > 0) {
        return Err(invalid("DelaySeconds", delay, unfit));
    }
    match &request.deduplication_id {
        Some(id) => Ok(Some(id.clone())),
        None if queue.settings.content_based_deduplication => {
            use sha2::Digest;
            let digest = sha2::Sha256::digest(request.body.as_bytes());
            Ok(Some(data_encoding::HEXLOWER.encode(&digest)))
        }
        None => {
            let message = "The queue should either have ContentBasedDeduplication enabled or \
                           MessageDeduplicationId provided explicitly";
            Err(ServiceError::bad_request("InvalidParameterValue", message))
        }
    }
}

fn candidates(
    connection: &Connection,
    queue: &Queue,
    now: i64,
    limit: i64,
) -> Result<Vec<Candidate>, ServiceError> {
    let statement = if queue.settings.fifo { store::FIFO_CANDIDATES } else { store::CANDIDATES };
    let mut statement = connection.prepare_cached(statement)?;
    let rows = statement.query_map((queue.id, now, limit), |row| {
        Ok(Candidate { sequence: row.get(0)?, group: row.get(1)?, receives: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn received_message(queue: &Queue, sequence: i64, row: &Row<'_>) -> rusqlite::Result<ReceivedMessage> {
    let group: Option<String> = row.get(5)?;
    let deduplication_id: Option<String> = row.get(6)?;
    let receives: u32 = row.get(10)?;
    let optional = [
        ("AWSTraceHeader", row.get(4)?),
        ("DeadLetterQueueSourceArn", row.get(7)?),
        ("MessageDeduplicationId", deduplication_id),
        ("MessageGroupId", group),
        ("SequenceNumber", queue.settings.fifo.then(|| sequence_number(sequence))),
    ];
    let mut attributes = BTreeMap::from([
        ("ApproximateFirstReceiveTimestamp", row.get::<_, i64>(9)?.to_string()),
        ("ApproximateReceiveCount", receives.to_string()),
        ("SenderId", SENDER_ID.to_owned()),
        ("SentTimestamp", row.get::<_, i64>(8)?.to_string()),
    ]);
    attributes.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Ok(ReceivedMessage {
        message_id: row.get(0)?,
        receipt_handle: data_encoding::BASE64
            .encode(format!("{}:{sequence}:{receives}", queue.id).as_bytes()),
        body: row.get(1)?,
        md5_of_body: row.get(2)?,
        attributes,
        message_attributes: store::attributes(row.get(3)?),
    })
}

/// Reads a receipt handle of this queue.
fn receipt(queue: &Queue, handle: &str) -> Result<Receipt, ServiceError> {
    let read = || {
        let text = String::from_utf8(data_encoding::BASE64.decode(handle.as_bytes()).ok()?).ok()?;
        let mut parts = text.split(':');
        let of: i64 = parts.next()?.parse().ok()?;
        let receipt =
            Receipt { sequence: parts.next()?.parse().ok()?, receives: parts.next()?.parse().ok()? };
        (of == queue.id && parts.next().is_none()).then_some(receipt)
    };
    read().ok_or_else(|| {
        let message = format!("The input receipt handle \"{handle}\" is not a valid receipt handle.");
        ServiceError::bad_request("ReceiptHandleIsInvalid", message)
    })
}

/// How often the message was received, when it becomes visible, when it was last received.
fn find(
    connection: &Connection,
    queue: &Queue,
    receipt: &Receipt,
) -> Result<Option<(u32, i64, i64)>, ServiceError> {
    let mut statement = connection.prepare_cached(store::FIND_RECEIVED)?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    Ok(statement.query_row((queue.id, receipt.sequence), read).optional()?)
}

/// A message's id: unique, as sequence numbers are, in the form of a version 4 UUID.
fn message_id(sequence: i64) -> String {
    let high = mix(sequence.unsigned_abs());
    let low = mix(high);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | ((low >> 48) & 0x3fff),
        low & 0xffff_ffff_ffff
    )
}

/// The form of sequence numbers: 20 digits.
fn sequence_number(sequence: i64) -> String {
    format!("{sequence:020}")
}
