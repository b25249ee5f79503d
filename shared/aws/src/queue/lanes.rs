//! Many events on their way to the conversations' queue: side by side, those of a conversation in order.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
    time::Duration,
};

use handover_core::{ConversationId, Envelope};

use super::{Entry, MAX_BATCH, batches, encode};
use crate::Failure;

/// Calls that are under way at once. A call takes some 5 ms, so that 3 MB of the shortest messages (15,700) are
/// on the queue in half a second; more would wait for the processor.
const MAX_LANES: usize = 16;

/// Events in the calls that bring them, and how far they have got.
#[derive(Debug)]
pub struct Lanes(Vec<Lane>);

/// Calls of which each waits for the one before.
#[derive(Debug)]
struct Lane {
    batches: Vec<Vec<Entry>>,
    /// How many of the calls have succeeded.
    done: AtomicUsize,
}

impl Lanes {
    /// Events in their order. What is sent `anew` gets deduplication ids that begin so.
    pub fn of(envelopes: &[Envelope], anew: Option<&str>) -> Result<Self, Failure> {
        // Up to ten events are one call.
        let count = envelopes.len().div_ceil(MAX_BATCH).clamp(1, MAX_LANES);
        let mut sizes: HashMap<&ConversationId, usize> = HashMap::new();
        for envelope in envelopes {
            *sizes.entry(&envelope.conversation).or_default() += 1;
        }
        let mut lanes: Vec<(usize, Vec<Entry>)> = (0..count).map(|_| (0, Vec::new())).collect();
        let mut taken: HashMap<&ConversationId, usize> = HashMap::new();
        for envelope in envelopes {
            let emptiest = || lanes.iter().enumerate().min_by_key(|(_, (load, _))| *load);
            let known = taken.get(&envelope.conversation).copied();
            let place = known.or_else(|| emptiest().map(|(place, _)| place)).unwrap_or_default();
            let Some((load, entries)) = lanes.get_mut(place) else { continue };
            if known.is_none() {
                *load += sizes.get(&envelope.conversation).copied().unwrap_or_default();
                taken.insert(&envelope.conversation, place);
            }
            let id = &envelope.event.id;
            entries.push(Entry {
                body: encode(envelope)?,
                group: Some(envelope.conversation.to_string()),
                deduplication: Some(anew.map_or_else(|| id.to_string(), |anew| format!("{anew}-{id}"))),
                delay: Duration::ZERO,
            });
        }
        let lane = |(_, entries)| Lane { batches: batches(entries), done: AtomicUsize::new(0) };
        Ok(Self(lanes.into_iter().map(lane).collect()))
    }

    /// Makes the calls that have not succeeded yet. The first failure is told of when all lanes have come as
    /// far as they can.
    pub(super) async fn send<Work>(&self, call: impl Fn(Vec<Entry>) -> Work + Copy) -> Result<(), Failure>
    where
        Work: Future<Output = Result<(), Failure>>,
    {
        let mut under_way: Vec<_> = self.0.iter().map(|lane| Box::pin(lane.send(call))).collect();
        let mut result = Ok(());
        poll_fn(|context| {
            under_way.retain_mut(|lane| match Pin::as_mut(lane).poll(context) {
                Poll::Ready(Ok(())) => false,
                Poll::Ready(Err(failure)) => {
                    if result.is_ok() {
                        result = Err(failure);
                    }
                    false
                }
                Poll::Pending => true,
            });
            if under_way.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        result
    }
}

impl Lane {
    async fn send<Work>(&self, call: impl Fn(Vec<Entry>) -> Work) -> Result<(), Failure>
    where
        Work: Future<Output = Result<(), Failure>>,
    {
        while let Some(batch) = self.batches.get(self.done.load(Ordering::Relaxed)) {
            call(batch.clone()).await?;
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
