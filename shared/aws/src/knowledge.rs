//! What built-in bots know, kept in memory for a while: an edit is live within 30 seconds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use handover_core::{AccountId, BotId, FaqEntry, Permille};
/// The score from which an entry answers, where the business sets no other.
pub use handover_detect::FLOOR as ENTRY_FLOOR;
use handover_detect::{Answers, Topic, signals};

use crate::{Cache, Clock, Failure, SETTINGS_LIVE, Store, store::Topics, telemetry};

/// How long a client waits for questions to be read that nobody has read before (4 ms each), or whoever tries them
/// in the console, where the gateway gives up after ten seconds. What is left is found by its words alone until the
/// next question comes.
const READING_FOR: Duration = Duration::from_secs(6);

/// A bot's entries, ready to be searched.
#[derive(Debug, Default)]
pub struct Knowledge {
    entries: Vec<FaqEntry>,
    answers: Answers,
}

impl Knowledge {
    /// What these entries know, all of them read now.
    pub fn new(entries: Vec<FaqEntry>) -> Self {
        let answers = Answers::new(entries.iter().map(FaqEntry::phrasings));
        Self { entries, answers }
    }

    /// What these entries know, by what their questions are known to be about.
    fn with_topics(entries: Vec<FaqEntry>, topics: &Topics) -> Self {
        let questions = entries.iter().map(FaqEntry::phrasings);
        let answers = Answers::with_topics(questions, |question| topics.of(question));
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
        let (knowledge, is_whole) = read_knowledge(&self.store, &self.clock, account, bot).await?;
        let knowledge = Arc::new(knowledge);
        if is_whole {
            self.versions.put(key.clone(), version, now + SETTINGS_LIVE);
            self.known.put(key, (version, Arc::clone(&knowledge)), Duration::MAX);
        }
        Ok(knowledge)
    }
}

/// What a bot knows. What its questions are about is kept beside them; of those that are new it is found out now
/// and kept, as far as there is time for it: `false` when there was not.
pub async fn read_knowledge(
    store: &Store,
    clock: &Clock,
    account: &AccountId,
    bot: &BotId,
) -> Result<(Knowledge, bool), Failure> {
    let faq = store.faq(account, bot).await?;
    let entries: Vec<FaqEntry> = faq.entries.into_iter().map(|entry| entry.value).collect();
    if entries.is_empty() {
        return Ok((Knowledge::default(), true));
    }
    let mut topics = store.topics(account, bot).await?;
    let mut unread: BTreeMap<u8, BTreeSet<&str>> = BTreeMap::new();
    for question in entries.iter().flat_map(FaqEntry::phrasings) {
        if topics.of(question).is_none() {
            unread.entry(Topics::bucket(question)).or_default().insert(question);
        }
    }
    let end = clock.monotonic() + READING_FOR;
    let mut is_whole = true;
    for (bucket, questions) in unread {
        let mut has_news = false;
        for question in questions {
            if clock.monotonic() >= end {
                is_whole = false;
                break;
            }
            if let Some(topic) = Topic::of(question) {
                topics.learn(question, topic);
                has_news = true;
            }
        }
        if has_news {
            let all = entries.iter().flat_map(FaqEntry::phrasings);
            // Whoever reads them next finds them out again: no reason to leave the client without an answer.
            if let Err(failure) = store.keep_topics(account, bot, bucket, all, &topics).await {
                telemetry::count("topics_not_kept", failure.reason());
            }
        }
    }
    Ok((Knowledge::with_topics(entries, &topics), is_whole))
}
