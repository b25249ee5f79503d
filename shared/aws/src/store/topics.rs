//! What the questions of a built-in bot are about, kept beside them: reading one takes some milliseconds, and
//! there may be thousands, which no client shall wait for.
//!
//! A topic stands under a hash of its question, in one of a few items: whoever changes an entry reads and
//! writes as much as has changed, two functions that do so at once lose nothing but time, and what nobody
//! asks for any more goes with the next write.

use std::collections::{BTreeSet, HashMap};

use data_encoding::BASE64;
use handover_core::{AccountId, BotId};
use handover_detect::{MODEL, Topic};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Store, decode, items::SCHEMA, keys};
use crate::Failure;

/// Bytes of a hash that a question is known by: 96 bits.
const KEY_BYTES: usize = 12;
/// Items that the topics are spread over: of 500 entries with 21 questions each, one holds 123 KB.
const BUCKETS: u8 = 16;

type Key = [u8; KEY_BYTES];

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TopicsItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Key and topic, again and again, as base64.
    topics: String,
}

/// What the questions of a bot are about, as far as it is known.
#[derive(Debug, Default)]
pub struct Topics {
    known: HashMap<Key, Topic>,
}

impl Topics {
    /// What a question is about, if it is known.
    pub fn of(&self, question: &str) -> Option<Topic> {
        self.known.get(&key(question)).cloned()
    }

    /// Learns what a question is about.
    pub(crate) fn learn(&mut self, question: &str, topic: Topic) {
        self.known.insert(key(question), topic);
    }

    /// The item that a question's topic stands in.
    pub(crate) fn bucket(question: &str) -> u8 {
        bucket(&key(question))
    }
}

impl Store {
    /// What a bot's questions are about, as the present version of the understanding has it.
    pub async fn topics(&self, account: &AccountId, bot: &BotId) -> Result<Topics, Failure> {
        let items = self.query(&keys::faq(account, bot), &keys::faq_topics(MODEL), false).await?;
        let mut known = HashMap::new();
        for item in items {
            let item: TopicsItem = decode(item)?;
            let kept = BASE64.decode(item.topics.as_bytes()).unwrap_or_default();
            let (kept, _) = kept.as_chunks::<{ KEY_BYTES + Topic::BYTES }>();
            for one in kept {
                if let Some((key, rest)) = one.split_first_chunk::<KEY_BYTES>()
                    && let Ok(topic) = rest.try_into()
                {
                    known.insert(*key, Topic::from_bytes(topic));
                }
            }
        }
        Ok(Topics { known })
    }

    /// Keeps what a bot's `questions` of one bucket are about, and nothing else in it.
    pub(crate) async fn keep_topics(
        &self,
        account: &AccountId,
        bot: &BotId,
        in_bucket: u8,
        questions: impl IntoIterator<Item = &str>,
        topics: &Topics,
    ) -> Result<(), Failure> {
        let keys: BTreeSet<Key> =
            questions.into_iter().map(key).filter(|key| bucket(key) == in_bucket).collect();
        let mut kept = Vec::with_capacity(keys.len() * (KEY_BYTES + Topic::BYTES));
        for key in keys {
            if let Some(topic) = topics.known.get(&key) {
                kept.extend(key);
                kept.extend(topic.to_bytes());
            }
        }
        let (pk, sk) = (keys::faq(account, bot), keys::faq_topic_bucket(MODEL, in_bucket));
        self.put(&TopicsItem { pk, sk, schema: SCHEMA, topics: BASE64.encode(&kept) }).await
    }
}

fn key(question: &str) -> Key {
    Sha256::digest(question.as_bytes()).first_chunk().copied().unwrap_or_default()
}

fn bucket(key: &Key) -> u8 {
    key.first().map_or(0, |first| first % BUCKETS)
}
