//! What AWS leaves open, decided by a seed: which message groups a batch mixes, in which order a
//! standard queue hands out messages, and which of its messages are delivered twice.

use crate::service::{draw, mix};
use std::collections::{BTreeMap, VecDeque};

/// How receives choose. FIFO batches always mix the groups that can be received from, each group in
/// order; the other two concern standard queues, which promise neither order nor one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The same seed and the same calls make the same choices.
    pub seed: u64,
    /// Standard queues hand out messages in a seeded order.
    pub reorder_standard: bool,
    /// About every fourth message of a standard queue is delivered twice.
    pub duplicate_standard: bool,
}

/// A message that could be received now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) sequence: i64,
    pub(super) group: Option<String>,
    /// How often it was received from this queue.
    pub(super) receives: u32,
}

impl Order {
    /// Chooses at most `max` messages for the receive with this number.
    pub(super) fn choose(
        &self,
        fifo: bool,
        candidates: Vec<Candidate>,
        max: usize,
        number: u64,
    ) -> Vec<Candidate> {
        let seed = mix(self.seed ^ mix(number));
        if fifo {
            return Self::across_groups(candidates, max, seed);
        }
        let mut candidates = candidates;
        if self.reorder_standard {
            candidates.sort_by_key(|candidate| mix(seed ^ candidate.sequence.unsigned_abs()));
        }
        candidates.truncate(max);
        candidates
    }

    /// Whether a message of a standard queue is delivered twice: decided once for each message.
    pub(super) fn duplicates(&self, message_id: &str) -> bool {
        self.duplicate_standard && draw(self.seed, message_id).is_multiple_of(4)
    }

    fn across_groups(candidates: Vec<Candidate>, max: usize, seed: u64) -> Vec<Candidate> {
        let mut groups: BTreeMap<Option<String>, VecDeque<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            groups.entry(candidate.group.clone()).or_default().push_back(candidate);
        }
        let mut groups: Vec<_> = groups.into_values().collect();
        let mut chosen = Vec::new();
        let mut state = seed;
        while chosen.len() < max && !groups.is_empty() {
            state = mix(state);
            let index = usize::try_from(state % groups.len() as u64).unwrap_or(0);
            let Some(group) = groups.get_mut(index) else { break };
            chosen.extend(group.pop_front());
            if group.is_empty() {
                groups.swap_remove(index);
            }
        }
        chosen
    }
}
