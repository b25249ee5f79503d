//! What built-in bots know: an item for each entry, and one that says which of them are the bot's and counts
//! their edits.
//!
//! A change of a few entries is one transaction. One of more entries than a transaction holds writes all
//! of them beside those of the bot, as a new generation, and then says in one write that this is the bot's:
//! nobody ever reads half of it.

use std::collections::BTreeSet;

use handover_core::{AccountId, BotId, FaqEntry, FaqId};
use serde::{Deserialize, Serialize};

use super::{
    Edit, Item, Store, Versioned, classify, decode, encode, expressions, items::SCHEMA, keys, tags::key,
};
use crate::Failure;

/// Entries that one transaction writes (100 writes at most, with those of version, journal and request).
/// An entry has at most 32 KB, and a transaction 4 MB.
const ENTRIES_AT_ONCE: usize = 90;
/// Milliseconds after which a generation that did not become the bot's cannot become it any more: the
/// function that wrote it has ended long ago.
const LEFT_AFTER_MS: i64 = 3_600_000;
/// How often a read that a change has crossed begins again.
const READS: u8 = 5;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FaqItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts the entry's edits.
    version: u64,
    entry: FaqEntry,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FaqVersionItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts all edits of the bot's entries.
    version: u64,
    /// Which entries are the bot's; none: those that were written before there were generations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    /// How many entries there are; none: written before they were counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

/// A change of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaqChange {
    /// It is so from now on. The number counts its edits; 1 is for an entry that is not there yet.
    Put(FaqEntry, u64),
    /// It is gone.
    Remove(FaqId),
}

/// All entries of a bot at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faq {
    /// A number that changes with every edit of an entry; 0: there was none.
    pub version: u64,
    /// The entries in the order of their ids.
    pub entries: Vec<Versioned<FaqEntry>>,
    generation: Option<String>,
}

/// A page of a bot's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaqPage {
    /// How many there are in all; none: they were last edited before they were counted.
    pub count: Option<usize>,
    /// The entries.
    pub entries: Vec<FaqEntry>,
    /// After which the next page begins; none: this is the last.
    pub next: Option<FaqId>,
}

impl Store {
    /// A number that changes with every edit of a bot's entries.
    pub async fn faq_version(&self, account: &AccountId, bot: &BotId) -> Result<u64, Failure> {
        Ok(self.faq_now(account, bot, false).await?.map_or(0, |item| item.version))
    }

    async fn faq_now(
        &self,
        account: &AccountId,
        bot: &BotId,
        strong: bool,
    ) -> Result<Option<FaqVersionItem>, Failure> {
        self.get(&keys::faq(account, bot), keys::FAQ_VERSION, strong).await
    }

    /// Every entry of a bot, all as of the same moment.
    ///
    /// # Errors
    /// [`Failure::Retry`] also when they were changed all the while.
    pub async fn faq(&self, account: &AccountId, bot: &BotId) -> Result<Faq, Failure> {
        let mut now = self.faq_now(account, bot, true).await?;
        for _ in 0..READS {
            let faq = self.faq_since(account, bot, now.as_ref()).await?;
            let since = self.faq_now(account, bot, true).await?;
            if since == now {
                return Ok(faq);
            }
            now = since;
        }
        Err(Failure::retry("entries are being changed"))
    }

    /// A page of a bot's entries in the order of their ids, to be looked at, after the entry `after`: two
    /// reads. While somebody changes them it may be some of before and some of after, and an edit of what was
    /// seen is refused.
    pub async fn faq_page(
        &self,
        account: &AccountId,
        bot: &BotId,
        limit: usize,
        after: Option<&FaqId>,
    ) -> Result<FaqPage, Failure> {
        let now = self.faq_now(account, bot, true).await?;
        let generation = now.as_ref().and_then(|now| now.generation.as_deref());
        let pk = keys::faq(account, bot);
        let start = after.map(|after| key(&pk, &keys::faq_entry(generation, after)));
        let answer = self
            .in_partition(&pk, &keys::faq_entries(generation))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let items = answer.items.unwrap_or_default().into_iter().map(decode::<FaqItem>);
        let entries: Vec<FaqEntry> =
            items.map(|item| item.map(|item| item.entry)).collect::<Result<_, Failure>>()?;
        let next = entries.last().filter(|_| answer.last_evaluated_key.is_some());
        let next = next.map(|entry| entry.id.clone());
        Ok(FaqPage { count: now.and_then(|now| now.count), entries, next })
    }

    /// Whether a bot knows anything: one read, or two where its entries were last edited before they were
    /// counted.
    pub async fn knows_anything(&self, account: &AccountId, bot: &BotId) -> Result<bool, Failure> {
        match self.faq_now(account, bot, true).await? {
            None => Ok(false),
            Some(FaqVersionItem { count: Some(count), .. }) => Ok(count > 0),
            Some(FaqVersionItem { count: None, .. }) => {
                Ok(!self.faq_page(account, bot, 1, None).await?.entries.is_empty())
            }
        }
    }

    async fn faq_since(
        &self,
        account: &AccountId,
        bot: &BotId,
        now: Option<&FaqVersionItem>,
    ) -> Result<Faq, Failure> {
        let generation = now.and_then(|now| now.generation.clone());
        let prefix = keys::faq_entries(generation.as_deref());
        let read = |item| {
            let item: FaqItem = decode(item)?;
            Ok(Versioned { value: item.entry, version: item.version })
        };
        let items = self.query(&keys::faq(account, bot), &prefix, true).await?;
        let entries: Result<Vec<_>, Failure> = items.into_iter().map(read).collect();
        Ok(Faq { version: now.map_or(0, |now| now.version), entries: entries?, generation })
    }

    /// An entry of a bot, and the version of all of them in which it was read.
    pub async fn faq_entry(
        &self,
        account: &AccountId,
        bot: &BotId,
        id: &FaqId,
    ) -> Result<Option<Versioned<FaqEntry>>, Failure> {
        let mut now = self.faq_now(account, bot, true).await?;
        for _ in 0..READS {
            let generation = now.as_ref().and_then(|now| now.generation.clone());
            let sk = keys::faq_entry(generation.as_deref(), id);
            let item: Option<FaqItem> = self.get(&keys::faq(account, bot), &sk, true).await?;
            if let Some(item) = item {
                return Ok(Some(Versioned { value: item.entry, version: item.version }));
            }
            // It may have gone with its generation.
            let since = self.faq_now(account, bot, true).await?;
            if since == now {
                return Ok(None);
            }
            now = since;
        }
        Err(Failure::retry("entries are being changed"))
    }

    /// Makes changes of what a bot was seen to know, with a line in the journal: all of them or none.
    /// `false` when somebody else has edited an entry since, and nothing was changed. `new_generation`
    /// is a name that no other change has: random letters and digits.
    pub async fn edit_faq(
        &self,
        edit: &Edit<'_>,
        bot: &BotId,
        seen: &Faq,
        changes: &[FaqChange],
        new_generation: &str,
    ) -> Result<bool, Failure> {
        if changes.is_empty() {
            return self.remember(edit).await;
        }
        let pk = keys::faq(edit.account, bot);
        let mut writes = Vec::new();
        let mut generation = seen.generation.clone();
        if changes.len() <= ENTRIES_AT_ONCE {
            for change in changes {
                writes.push(match change {
                    FaqChange::Put(entry, version) => {
                        let item = faq_item(&pk, generation.as_deref(), entry, *version);
                        self.edit_write(encode(&item)?, expressions::ALWAYS, None)?
                    }
                    FaqChange::Remove(id) => {
                        let key = keys::faq_entry(generation.as_deref(), id);
                        self.removal(&pk, &key, expressions::ALWAYS, None)?
                    }
                });
            }
        } else {
            let new = format!("{:015}-{new_generation}", edit.at.as_ms());
            self.write_generation(&pk, &new, seen, changes).await?;
            generation = Some(new);
        }
        let version = seen.version.saturating_add(1);
        let item = FaqVersionItem {
            pk: pk.clone(),
            sk: keys::FAQ_VERSION.to_owned(),
            schema: SCHEMA,
            version,
            generation: generation.clone(),
            count: Some(count_after(seen, changes)),
        };
        let condition = if seen.version == 0 { expressions::ABSENT } else { expressions::VERSION };
        writes.push(self.edit_write(encode(&item)?, condition, Some(seen.version))?);
        let journal = Edit { seen: Some(seen.version), ..edit.clone() };
        writes.push(self.audit_write(&journal, &format!("bot/{bot}/faq"), Some(version))?);
        writes.extend(self.once_write(edit)?);
        if !self.transact(writes).await? {
            return Ok(false);
        }
        if generation != seen.generation {
            // Nobody reads them any more. What is left behind here goes with the next change of this size.
            let _ =
                self.clear_generations(edit, bot, generation.as_deref(), seen.generation.as_deref()).await;
        }
        Ok(true)
    }

    /// Everything that the bot is to know, under another generation's name.
    async fn write_generation(
        &self,
        pk: &str,
        generation: &str,
        seen: &Faq,
        changes: &[FaqChange],
    ) -> Result<(), Failure> {
        let is_replaced = |id: &FaqId| {
            changes.iter().any(|change| match change {
                FaqChange::Put(entry, _) => entry.id == *id,
                FaqChange::Remove(gone) => gone == id,
            })
        };
        let kept = seen.entries.iter().filter(|kept| !is_replaced(&kept.value.id));
        let kept = kept.map(|kept| (&kept.value, kept.version));
        let put = changes.iter().filter_map(|change| match change {
            FaqChange::Put(entry, version) => Some((entry, *version)),
            FaqChange::Remove(_) => None,
        });
        let all: Vec<(&FaqEntry, u64)> = kept.chain(put).collect();
        for chunk in all.chunks(ENTRIES_AT_ONCE) {
            let mut writes = Vec::new();
            for (entry, version) in chunk {
                let item = faq_item(pk, Some(generation), entry, *version);
                writes.push(self.edit_write(encode(&item)?, expressions::ALWAYS, None)?);
            }
            self.transact(writes).await?;
        }
        Ok(())
    }

    /// Removes the entries of generations that are not the bot's: the one before, and those that a
    /// process has left behind which died before they became the bot's.
    async fn clear_generations(
        &self,
        edit: &Edit<'_>,
        bot: &BotId,
        now: Option<&str>,
        before: Option<&str>,
    ) -> Result<(), Failure> {
        let pk = keys::faq(edit.account, bot);
        let ended = format!("{:015}", edit.at.as_ms().saturating_sub(LEFT_AFTER_MS));
        let is_over = |sk: &str| match keys::faq_generation(sk) {
            None => sk.starts_with(keys::FAQ_ENTRY),
            Some(generation) => {
                Some(generation) != now && (Some(generation) == before || *generation < *ended)
            }
        };
        self.clear(&pk, is_over).await
    }

    /// Removes everything that a bot knows, or knew once.
    pub(super) async fn clear_faq(&self, account: &AccountId, bot: &BotId) -> Result<(), Failure> {
        self.clear(&keys::faq(account, bot), |_| true).await
    }

    async fn clear(&self, pk: &str, is_over: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let sk = |item: Item| item.get("sk").and_then(|sk| sk.as_s().ok()).cloned();
        let all = self.query(pk, "", true).await?.into_iter().filter_map(sk);
        let over: Vec<String> = all.filter(|sk| is_over(sk)).collect();
        for chunk in over.chunks(ENTRIES_AT_ONCE) {
            let removal = |sk: &String| self.removal(pk, sk, expressions::ALWAYS, None);
            let removals: Result<Vec<_>, Failure> = chunk.iter().map(removal).collect();
            self.transact(removals?).await?;
        }
        Ok(())
    }

    /// Remembers a request that changes nothing; `false` when it was remembered before.
    async fn remember(&self, edit: &Edit<'_>) -> Result<bool, Failure> {
        match self.once_write(edit)? {
            Some(write) => self.transact(vec![write]).await,
            None => Ok(true),
        }
    }
}

/// How many entries there are after changes.
fn count_after(seen: &Faq, changes: &[FaqChange]) -> usize {
    let mut ids: BTreeSet<&FaqId> = seen.entries.iter().map(|entry| &entry.value.id).collect();
    for change in changes {
        match change {
            FaqChange::Put(entry, _) => ids.insert(&entry.id),
            FaqChange::Remove(id) => ids.remove(id),
        };
    }
    ids.len()
}

fn faq_item(pk: &str, generation: Option<&str>, entry: &FaqEntry, version: u64) -> FaqItem {
    FaqItem {
        pk: pk.to_owned(),
        sk: keys::faq_entry(generation, &entry.id),
        schema: SCHEMA,
        version,
        entry: entry.clone(),
    }
}
