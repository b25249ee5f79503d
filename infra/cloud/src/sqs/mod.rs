//! A local SQS: standard and FIFO queues with the semantics that consumers feel (order and lock per
//! message group, deduplication, visibility, delay, long polls, redrive, batch results), kept in
//! SQLite, so that a killed process comes back with the same messages in the same state.
//!
//! Not there, because nothing local could feel it: the 60-second blocks after deleting or purging a
//! queue, the in-flight limit, `ReceiveRequestAttemptId`, tags, permissions and message move tasks.

mod attributes;
mod engine;
mod message;
mod order;
mod store;
#[cfg(test)]
mod tests;
mod wire;

pub use attributes::{Attributes, is_fifo, queue_arn, queue_name_of_arn};
pub use message::{
    MAX_DELAY_SECONDS, MAX_MESSAGE_BYTES, MessageAttribute, MessageAttributes, ReceivedMessage, SendRequest,
    Sent, StoredMessage,
};
pub use order::Order;
pub use wire::{error_response, requested_queue};

use crate::clock::Clock;
use crate::service::ServiceError;
use crate::storage::Database;
use attributes::Settings;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::fmt::Display;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The queues. Clones share them.
#[derive(Clone, Debug)]
pub struct Sqs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    database: Database,
    /// Queues that were looked up, so that their attributes are parsed once.
    known: Mutex<HashMap<String, Arc<Queue>>>,
    order: Mutex<Option<Order>>,
    /// Counts receives, so that seeded choices differ from one receive to the next.
    receives: AtomicU64,
    /// The highest sequence number given out, over all queues.
    last_sequence: AtomicI64,
    /// Counts changes that can make a message receivable.
    revision: watch::Sender<u64>,
}

#[derive(Debug)]
struct Queue {
    id: i64,
    name: String,
    settings: Settings,
}

/// How many messages a queue holds, by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depths {
    /// Receivable, as far as their groups permit.
    pub visible: u64,
    /// Received and neither deleted nor visible again.
    pub in_flight: u64,
    /// Sent with a delay that has not ended.
    pub delayed: u64,
}

impl Depths {
    /// All messages of the queue.
    pub fn total(self) -> u64 {
        self.visible + self.in_flight + self.delayed
    }
}

impl Sqs {
    /// Opens the queues of this database.
    pub fn open(database: Database, clock: Clock) -> Result<Self, ServiceError> {
        let last_sequence = database.read(store::prepare)?;
        Ok(Self {
            inner: Arc::new(Inner {
                clock,
                database,
                known: Mutex::default(),
                order: Mutex::default(),
                receives: AtomicU64::new(0),
                last_sequence: AtomicI64::new(last_sequence),
                revision: watch::Sender::new(0),
            }),
        })
    }

    /// Creates a queue, or finds it when it exists with these attributes; a different value for one of
    /// them is `QueueNameExists`.
    pub fn create_queue(&self, name: &str, given: &Attributes) -> Result<(), ServiceError> {
        let all = attributes::complete(given);
        let settings = attributes::parse(&all)?;
        attributes::check_name(name, settings.fifo)?;
        let now = self.inner.clock.now_ms();
        self.inner.database.transact(|connection| {
            if let Some(existing) = store::queue(connection, name)? {
                let existing: Attributes = serde_json::from_str(&existing.attributes)?;
                return match given.iter().find(|(name, value)| existing.get(*name) != Some(*value)) {
                    None => Ok(()),
                    Some((name, _)) => Err(ServiceError::bad_request(
                        "QueueNameExists",
                        format!("A queue already exists with the same name and a different value for attribute {name}"),
                    )),
                };
            }
            Self::check_redrive(connection, &settings)?;
            let document = serde_json::to_string(&all)?;
            connection.prepare_cached(store::INSERT_QUEUE)?.execute((name, document, now))?;
            Ok(())
        })
    }

    /// Changes attributes of a queue; an empty value restores the default.
    pub fn set_attributes(&self, name: &str, given: &Attributes) -> Result<(), ServiceError> {
        let now = self.inner.clock.now_ms();
        self.inner.database.transact(|connection| {
            let row = store::queue(connection, name)?.ok_or_else(no_such_queue)?;
            let mut merged: Attributes = serde_json::from_str(&row.attributes)?;
            if given.get("FifoQueue").is_some_and(|value| merged.get("FifoQueue") != Some(value)) {
                return Err(ServiceError::bad_request(
                    "InvalidAttributeName",
                    "Unknown Attribute FifoQueue.",
                ));
            }
            merged.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
            let all = attributes::complete(&merged);
            Self::check_redrive(connection, &attributes::parse(&all)?)?;
            let document = serde_json::to_string(&all)?;
            connection.prepare_cached(store::UPDATE_QUEUE)?.execute((row.id, document, now))?;
            Ok(())
        })?;
        self.forget(name);
        Ok(())
    }

    /// The attributes of a queue, including counts, times and its ARN.
    pub fn attributes(&self, name: &str) -> Result<Attributes, ServiceError> {
        let depths = self.depths(name)?;
        self.inner.database.read(|connection| {
            let row = store::queue(connection, name)?.ok_or_else(no_such_queue)?;
            let mut all: Attributes = serde_json::from_str(&row.attributes)?;
            let computed = [
                ("ApproximateNumberOfMessages", depths.visible.to_string()),
                ("ApproximateNumberOfMessagesDelayed", depths.delayed.to_string()),
                ("ApproximateNumberOfMessagesNotVisible", depths.in_flight.to_string()),
                ("CreatedTimestamp", (row.created_at / 1000).to_string()),
                ("LastModifiedTimestamp", (row.modified_at / 1000).to_string()),
                ("QueueArn", queue_arn(name)),
            ];
            all.extend(computed.into_iter().map(|(name, value)| (name.to_owned(), value)));
            Ok(all)
        })
    }

    /// The names of all queues, in order.
    pub fn queues(&self) -> Result<Vec<String>, ServiceError> {
        self.inner.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT name FROM queue ORDER BY name")?;
            let names = statement.query_map((), |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    /// The names of the queues that give up on messages into this one.
    pub fn dead_letter_sources(&self, name: &str) -> Result<Vec<String>, ServiceError> {
        self.queue(name)?;
        let mut sources = Vec::new();
        for candidate in self.queues()? {
            let queue = self.queue(&candidate)?;
            if queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.target == name) {
                sources.push(candidate);
            }
        }
        Ok(sources)
    }

    /// Deletes a queue with its messages.
    pub fn delete_queue(&self, name: &str) -> Result<(), ServiceError> {
        let queue = self.queue(name)?;
        self.inner.database.transact(|connection| {
            connection.execute("DELETE FROM message WHERE queue = ?1", [queue.id])?;
            connection.execute("DELETE FROM dedup WHERE queue = ?1", [queue.id])?;
            connection.execute("DELETE FROM queue WHERE id = ?1", [queue.id])?;
            Ok::<_, ServiceError>(())
        })?;
        self.forget(name);
        Ok(())
    }

    /// Deletes all messages of a queue, those in flight too.
    pub fn purge(&self, name: &str) -> Result<(), ServiceError> {
        let queue = self.queue(name)?;
        self.inner.database.transact(|connection| {
            connection.execute("DELETE FROM message WHERE queue = ?1", [queue.id])?;
            Ok(())
        })
    }

    /// Makes receives choose by seed what AWS leaves open; `None` restores the order of sending.
    pub fn set_order(&self, order: Option<Order>) {
        *locked(&self.inner.order) = order;
    }

    /// Resolves when, after this call, something was done that can make a message receivable: take the
    /// future first, look at the queue then, and no change is missed.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut revision = self.inner.revision.subscribe();
        let keep = Arc::clone(&self.inner);
        async move {
            // The sender lives as long as `keep`, so this cannot fail.
            let _ = revision.changed().await;
            drop(keep);
        }
    }

    /// Wakes everybody who waits for a message.
    pub(crate) fn notify(&self) {
        self.inner.revision.send_modify(|revision| *revision = revision.wrapping_add(1));
    }

    fn queue(&self, name: &str) -> Result<Arc<Queue>, ServiceError> {
        if let Some(queue) = locked(&self.inner.known).get(name) {
            return Ok(Arc::clone(queue));
        }
        self.inner.database.read(|connection| self.queue_in(connection, name))
    }

    /// Like [`Self::queue`], inside a transaction.
    fn queue_in(&self, connection: &Connection, name: &str) -> Result<Arc<Queue>, ServiceError> {
        let mut known = locked(&self.inner.known);
        if let Some(queue) = known.get(name) {
            return Ok(Arc::clone(queue));
        }
        let row = store::queue(connection, name)?.ok_or_else(no_such_queue)?;
        let settings = attributes::parse(&serde_json::from_str(&row.attributes)?)?;
        let queue = Arc::new(Queue { id: row.id, name: name.to_owned(), settings });
        known.insert(name.to_owned(), Arc::clone(&queue));
        Ok(queue)
    }

    fn forget(&self, name: &str) {
        locked(&self.inner.known).remove(name);
        self.notify();
    }

    fn check_redrive(connection: &Connection, settings: &Settings) -> Result<(), ServiceError> {
        let Some(redrive) = &settings.redrive else { return Ok(()) };
        let refuse = |reason: &str| Err(invalid("RedrivePolicy", &redrive.target, reason));
        let target: Option<String> = connection
            .prepare_cached("SELECT attributes FROM queue WHERE name = ?1")?
            .query_row([&redrive.target], |row| row.get(0))
            .optional()?;
        let Some(target) = target else { return refuse("Dead letter target does not exist.") };
        if attributes::parse(&serde_json::from_str(&target)?)?.fifo == settings.fifo {
            return Ok(());
        }
        refuse("Dead-letter queue must be same type of queue as the source.")
    }
}

/// The value behind a mutex; a panic elsewhere leaves it usable, as every change is one assignment.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_such_queue() -> ServiceError {
    ServiceError::bad_request("QueueDoesNotExist", "The specified queue does not exist.")
}

/// `InvalidParameterValue` in the words of SQS.
fn invalid(parameter: &str, value: impl Display, reason: &str) -> ServiceError {
    let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
    ServiceError::bad_request("InvalidParameterValue", message)
}
