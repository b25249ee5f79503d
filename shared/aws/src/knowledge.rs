//! What built-in bots know, kept in memory for a while: an edit is live within 30 seconds.

use std::sync::Arc;

use handover_core::{AccountId, BotId, FaqEntry, Permille};
/// The score from which an entry answers, where the business sets no other.
pub use handover_detect::FLOOR as ENTRY_FLOOR;
use handover_detect::{Answers, signals};

use crate::{Cache, Clock, Failure, SETTINGS_LIVE, Store};

/// A bot's entries, ready to be searched.
#[derive(Debug, Default)]
pub struct Knowledge {
    entries: Vec<FaqEntry>,
    answers: Answers,
}

impl Knowledge {
    /// What these entries know.
    pub fn new(entries: Vec<FaqEntry>) -> Self {
        let answers = Answers::new(entries.iter().map(FaqEntry::phrasings));
        Self { entries, answers }
    }

    /// The entries, best first: by the question's words and by what it is about together.
    pub fn best(&self, question: &str) -> Vec<(&FaqEntry, Permille)> {
        let found = self.answers.best(question, &signals(question), self.entries.len());
        found.into_iter().filter_map(|found| Some((self.entries.get(found.entry)?, found.score))).collect()
    }

    /// Whether there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
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
        let faq = self.store.faq(account, bot).await?;
        let entries = faq.entries.into_iter().map(|entry| entry.value).collect();
        let knowledge = Arc::new(Knowledge::new(entries));
        self.versions.put(key.clone(), version, now + SETTINGS_LIVE);
        self.known.put(key, (version, Arc::clone(&knowledge)), std::time::Duration::MAX);
        Ok(knowledge)
    }
}
