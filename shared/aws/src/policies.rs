//! The settings, kept in memory for a while: an edit is live within 30 seconds.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handover_core::{Account, AccountId, BotId, BotRevision, Directory, Inbox, InboxId, Policy};
use handover_detect::Prepared;

use crate::{Clock, Failure, Reader, Store};

/// How long settings are believed without asking again.
pub const SETTINGS_LIVE: Duration = Duration::from_secs(30);
/// How long it is believed that something is not there.
pub const ABSENCE_LIVE: Duration = Duration::from_secs(5);
/// A cache that grows past this is emptied: an address space of strangers costs no memory.
const MAX_ENTRIES: usize = 1_000;

/// A map whose entries are believed for a time.
#[derive(Debug)]
pub struct Cache<K, V> {
    entries: Mutex<HashMap<K, (Duration, V)>>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// The value, if it may still be believed at `now` (a monotonic reading).
    pub fn get(&self, key: &K, now: Duration) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(until, _)| *until > now).map(|(_, value)| value.clone())
    }

    /// Believes nothing about it any more.
    pub fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Believes a value until `until`.
    pub fn put(&self, key: K, value: V, until: Duration) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.clear();
        }
        entries.insert(key, (until, value));
    }
}

/// All the settings that a conversation is decided by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The account with its staff and teams.
    pub account: Arc<(Account, Directory)>,
    /// The inbox.
    pub inbox: Arc<Inbox>,
    /// The inbox's bot.
    pub bot: Option<Arc<BotRevision>>,
}

impl Settings {
    /// The settings, as `decide` wants them.
    pub fn policy(&self) -> Policy<'_> {
        Policy {
            account: &self.account.0,
            directory: &self.account.1,
            inbox: &self.inbox,
            bot: self.bot.as_deref(),
        }
    }
}

/// The settings, kept in memory for a while.
#[derive(Debug)]
pub struct Policies {
    store: Store,
    clock: Clock,
    reader: Option<Reader>,
    accounts: Cache<AccountId, Arc<(Account, Directory)>>,
    inboxes: Cache<InboxId, Arc<Inbox>>,
    current: Cache<(AccountId, BotId), u64>,
    revisions: Cache<(AccountId, BotId, u64), Arc<BotRevision>>,
    phrases: Cache<(AccountId, BotId, u64), Arc<Prepared>>,
}

impl Policies {
    /// Nothing is believed yet. `reader`: [`crate::READER`] where texts are decided.
    pub fn new(store: Store, clock: Clock, reader: Option<Reader>) -> Self {
        Self {
            store,
            clock,
            reader,
            accounts: Cache::default(),
            inboxes: Cache::default(),
            current: Cache::default(),
            revisions: Cache::default(),
            phrases: Cache::default(),
        }
    }

    /// The settings for an account's inbox.
    pub async fn load(&self, account: &AccountId, inbox: &InboxId) -> Result<Settings, Failure> {
        let (inbox, account_settings) = tokio::join!(self.inbox(inbox), self.account(account));
        let (inbox, account_settings) = (inbox?, account_settings?);
        if inbox.account != *account {
            return Err(Failure::quarantine("inbox belongs to another account"));
        }
        let bot = match &inbox.bot {
            None => None,
            Some(bot) => self.bot(account, bot).await?,
        };
        Ok(Settings { account: account_settings, inbox, bot })
    }

    /// An account with its staff and teams.
    pub async fn account(&self, id: &AccountId) -> Result<Arc<(Account, Directory)>, Failure> {
        let now = self.clock.monotonic();
        if let Some(found) = self.accounts.get(id, now) {
            return Ok(found);
        }
        let loaded = self.store.account(id).await?.ok_or(Failure::quarantine("account does not exist"))?;
        let loaded = Arc::new(loaded);
        self.accounts.put(id.clone(), Arc::clone(&loaded), now + SETTINGS_LIVE);
        Ok(loaded)
    }

    /// Reads an account anew, whatever is believed of it; `true` when its staff, teams or settings are
    /// others than `believed`.
    pub async fn refresh(&self, id: &AccountId, believed: &(Account, Directory)) -> Result<bool, Failure> {
        let loaded =
            self.store.account_now(id).await?.ok_or(Failure::quarantine("account does not exist"))?;
        let changed = loaded != *believed;
        if changed {
            let until = self.clock.monotonic() + SETTINGS_LIVE;
            self.accounts.put(id.clone(), Arc::new(loaded), until);
        }
        Ok(changed)
    }

    async fn inbox(&self, id: &InboxId) -> Result<Arc<Inbox>, Failure> {
        let now = self.clock.monotonic();
        if let Some(found) = self.inboxes.get(id, now) {
            return Ok(found);
        }
        let kept = self.store.inbox_kept(id).await?.ok_or(Failure::quarantine("inbox does not exist"))?;
        let inbox = Arc::new(kept);
        self.inboxes.put(id.clone(), Arc::clone(&inbox), now + SETTINGS_LIVE);
        Ok(inbox)
    }

    /// A bot in its present revision. One that was removed while an inbox was still believed to have it
    /// answers nobody.
    async fn bot(&self, account: &AccountId, bot: &BotId) -> Result<Option<Arc<BotRevision>>, Failure> {
        let now = self.clock.monotonic();
        let key = (account.clone(), bot.clone());
        let revision = if let Some(revision) = self.current.get(&key, now) {
            revision
        } else {
            let current = match self.store.current_revision(account, bot).await? {
                Some(current) => current,
                // It may have been made a moment ago.
                None => match self.store.bot_settings(account, bot).await? {
                    Some(found) => found.revision,
                    None => return Ok(None),
                },
            };
            self.current.put(key, current, now + SETTINGS_LIVE);
            current
        };
        self.revision(account, bot, revision).await.map(Some)
    }

    /// A revision that is in memory.
    pub fn revision_kept(&self, account: &AccountId, bot: &BotId, revision: u64) -> Option<Arc<BotRevision>> {
        let key = (account.clone(), bot.clone(), revision);
        self.revisions.get(&key, self.clock.monotonic())
    }

    /// Keeps a revision in memory that was read elsewhere.
    pub fn keep_revision(&self, account: &AccountId, revision: BotRevision) -> Arc<BotRevision> {
        let key = (account.clone(), revision.bot.id.clone(), revision.revision);
        let revision = Arc::new(revision);
        self.revisions.put(key, Arc::clone(&revision), Duration::MAX);
        revision
    }

    /// A bot in one revision; those never change.
    pub async fn revision(
        &self,
        account: &AccountId,
        bot: &BotId,
        revision: u64,
    ) -> Result<Arc<BotRevision>, Failure> {
        let now = self.clock.monotonic();
        let key = (account.clone(), bot.clone(), revision);
        if let Some(found) = self.revisions.get(&key, now) {
            return Ok(found);
        }
        let stored = self.store.revision(account, bot, revision).await?;
        let stored = stored.ok_or(Failure::quarantine("revision does not exist"))?;
        let stored = Arc::new(stored);
        self.revisions.put(key, Arc::clone(&stored), Duration::MAX);
        Ok(stored)
    }

    /// A revision's phrases, ready for matching. What they mean was kept when the bot was saved; where it was
    /// not, or by another version of the understanding, it is found out here and kept.
    pub async fn phrases(&self, account: &AccountId, of: &BotRevision) -> Result<Arc<Prepared>, Failure> {
        let key = (account.clone(), of.bot.id.clone(), of.revision);
        if let Some(found) = self.phrases.get(&key, self.clock.monotonic()) {
            return Ok(found);
        }
        let silent = of.bot.actions.iter().all(|action| action.scenario.phrases().is_empty());
        let kept = if silent { None } else { self.store.meanings(account, of).await? };
        let prepared = if let Some(prepared) = kept.and_then(|kept| Prepared::with_meanings(&of.bot, &kept)) {
            prepared
        } else {
            let read = self.reader.ok_or(Reader::NONE)?.phrases;
            let prepared = read(&of.bot);
            self.store.keep_meanings(account, of, &prepared).await?;
            prepared
        };
        let prepared = Arc::new(prepared);
        self.phrases.put(key, Arc::clone(&prepared), Duration::MAX);
        Ok(prepared)
    }
}
