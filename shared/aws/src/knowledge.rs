//! What built-in bots know, kept in memory for a while: an edit is live within 30 seconds.

use std::{cmp::Reverse, collections::HashSet, sync::Arc};

use handover_core::{AccountId, BotId, FaqEntry, Permille};
use handover_detect::{Answers, FLOOR, retrieval::Index, signals};

use crate::{Cache, Clock, Failure, SETTINGS_LIVE, Store};

/// A bot's entries, ready to be searched.
#[derive(Debug, Default)]
pub struct Knowledge {
    entries: Vec<FaqEntry>,
    index: Index,
    meant: Answers,
}

impl Knowledge {
    /// What these entries know.
    pub fn new(entries: Vec<FaqEntry>) -> Self {
        let index = Index::new(entries.iter().map(FaqEntry::phrasings));
        let meant = Answers::new(entries.iter().map(FaqEntry::phrasings));
        Self { entries, index, meant }
    }

    /// The entries that have something to do with a question, best first: by its words or by what it means,
    /// whichever says more.
    pub fn best(&self, question: &str) -> Vec<(&FaqEntry, Permille)> {
        let mut best = self.index.best(question);
        let meant = self.meant.best(question, &signals(question), self.entries.len());
        best.extend(meant.into_iter().map(|found| (found.entry, as_words_score(found.score))));
        best.sort_by_key(|(place, score)| (Reverse(*score), *place));
        let mut seen = HashSet::new();
        best.retain(|(place, _)| seen.insert(*place));
        best.into_iter().filter_map(|(place, score)| Some((self.entries.get(place)?, score))).collect()
    }

    /// Whether there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The score of words from which an entry answers, where the business sets no other.
pub const ENTRY_FLOOR: Permille = Permille::new(350);

/// How sure it is that two texts mean the same, on the scale of the words' score: the floors of both meet.
fn as_words_score(meant: Permille) -> Permille {
    let (meant, floor, words) =
        (u32::from(meant.get()), u32::from(FLOOR.get()), u32::from(ENTRY_FLOOR.get()));
    let score = if meant < floor {
        meant * words / floor
    } else {
        words + (meant - floor) * (1_000 - words) / (1_000 - floor)
    };
    Permille::new(u16::try_from(score).unwrap_or(1_000))
}

/// What the built-in bots know.
#[derive(Debug)]
pub struct Knowledges {
    store: Store,
    clock: Clock,
    versions: Cache<(AccountId, BotId), u64>,
    known: Cache<(AccountId, BotId), (u64, Arc<Knowledge>)>,
}

impl Knowledges {
    /// Nothing is in memory yet.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, versions: Cache::default(), known: Cache::default() }
    }

    /// What a bot knows. The entries are read again when their version says that somebody has edited them.
    pub async fn of(&self, account: &AccountId, bot: &BotId) -> Result<Arc<Knowledge>, Failure> {
        let now = self.clock.monotonic();
        let key = (account.clone(), bot.clone());
        let version = match self.versions.get(&key, now) {
            Some(version) => version,
            None => self.store.faq_version(account, bot).await?,
        };
        if let Some((_, knowledge)) = self.known.get(&key, now).filter(|(known, _)| *known == version) {
            self.versions.put(key, version, now + SETTINGS_LIVE);
            return Ok(knowledge);
        }
        // What is read now may be newer than the version, never older.
        let entries = self.store.faq(account, bot).await?.into_iter().map(|entry| entry.value).collect();
        let knowledge = Arc::new(Knowledge::new(entries));
        self.versions.put(key.clone(), version, now + SETTINGS_LIVE);
        self.known.put(key, (version, Arc::clone(&knowledge)), std::time::Duration::MAX);
        Ok(knowledge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floors_of_meaning_and_of_words_meet() {
        let scores: Vec<u16> = (0..=1_000).map(|score| as_words_score(Permille::new(score)).get()).collect();
        assert!(scores.is_sorted());
        assert_eq!(scores.first().zip(scores.last()), Some((&0, &1_000)));
        assert_eq!(as_words_score(FLOOR), ENTRY_FLOOR);
    }
}
