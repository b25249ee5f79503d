//! An account at a glance: one query over its settings.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    Account, AccountId, ActionId, BotId, BotRevision, Conversation, ConversationId, Directory, Inbox,
    StaffId, TeamId,
};

use serde::de::DeserializeOwned;

use super::{
    AuditItem, Item, NoteItem, Page, Store, Versioned, classify, decode, expressions,
    items::{AccountItem, ListedItem, RevisionItem, StaffItem, TeamItem},
    keys,
    reach::WebhookItem,
    state::StateItem,
    tags::key,
};
use crate::Failure;

/// An account with everything that names can be looked up in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Its own settings.
    pub account: Versioned<Account>,
    /// Staff, teams and webhooks.
    pub directory: Directory,
    /// Its bots, by id.
    pub bots: Vec<ListedBot>,
    /// Its inboxes, by id.
    pub inboxes: Vec<Inbox>,
    versions: Vec<(String, u64)>,
}

/// A bot in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBot {
    /// The bot.
    pub id: BotId,
    /// Its name.
    pub name: String,
    /// What its custom scenarios are called now.
    pub scenarios: BTreeMap<ActionId, String>,
}

impl Overview {
    /// The version of a staff member.
    pub fn staff_version(&self, id: &StaffId) -> u64 {
        self.version(&keys::staff(id))
    }

    /// What a custom scenario is called, by the action that has it.
    pub fn scenario(&self, bot: &BotId, action: &ActionId) -> Option<&str> {
        let bot = self.bots.iter().find(|known| known.id == *bot)?;
        bot.scenarios.get(action).map(String::as_str)
    }

    /// The version of a team.
    pub fn team_version(&self, id: &TeamId) -> u64 {
        self.version(&keys::team(id))
    }

    fn version(&self, sk: &str) -> u64 {
        self.versions.iter().find(|(known, _)| known == sk).map_or(0, |(_, version)| *version)
    }
}

impl Store {
    /// An account at a glance, as of now.
    pub async fn overview(&self, id: &AccountId) -> Result<Option<Overview>, Failure> {
        self.overview_with(id, &mut |_| Ok(())).await
    }

    /// The same, which shows `sessions` who is signed in.
    pub(super) async fn overview_with(
        &self,
        id: &AccountId,
        sessions: &mut (dyn FnMut(Item) -> Result<(), Failure> + Send),
    ) -> Result<Option<Overview>, Failure> {
        let mut account = None;
        let mut found = (Directory::default(), Vec::new(), Vec::new(), Vec::new());
        let (directory, bots, inboxes, versions) = (&mut found.0, &mut found.1, &mut found.2, &mut found.3);
        for item in self.query(&keys::account(id), "", true).await? {
            let Some(AttributeValue::S(sk)) = item.get("sk").cloned() else { continue };
            if sk == keys::ACCOUNT {
                let item: AccountItem = decode(item)?;
                account = Some(Versioned { value: item.account, version: item.version });
            } else if sk.starts_with(keys::STAFF) {
                let item: StaffItem = decode(item)?;
                versions.push((sk, item.version));
                directory.staff.push(item.staff);
            } else if sk.starts_with(keys::SESSIONS) {
                sessions(item)?;
            } else if sk.starts_with(keys::TEAM) {
                let item: TeamItem = decode(item)?;
                versions.push((sk, item.version));
                directory.teams.push(item.team);
            } else if sk.starts_with(keys::WEBHOOK) {
                directory.webhooks.push(decode::<WebhookItem>(item)?.webhook);
            } else if let Some(bot) = sk.strip_prefix(keys::BOT_OF).and_then(|bot| bot.parse().ok()) {
                let listed: ListedItem = decode(item)?;
                let name = match listed.name {
                    Some(name) => Some(name),
                    // Last edited before lists had names.
                    None => self.newest_revision(id, &bot).await?.map(|found| found.bot.name),
                };
                let scenarios = listed.scenarios;
                bots.extend(name.map(|name| ListedBot { id: bot, name, scenarios }));
            } else if let Some(inbox) = sk.strip_prefix(keys::INBOX_OF).and_then(|inbox| inbox.parse().ok()) {
                let listed = match decode::<ListedItem>(item)?.inbox {
                    Some(inbox) => Some(inbox),
                    // Last edited before lists had whole inboxes.
                    None => self.inbox_settings(id, &inbox).await?.map(|found| found.value.inbox),
                };
                inboxes.extend(listed);
            }
        }
        let (directory, bots, inboxes, versions) = found;
        Ok(account.map(|account| Overview { account, directory, bots, inboxes, versions }))
    }

    /// A bot in its newest revision, which is the present one; none when it was removed. One read.
    pub async fn newest_revision(
        &self,
        account: &AccountId,
        bot: &BotId,
    ) -> Result<Option<BotRevision>, Failure> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression(expressions::PARTITION_PREFIX)
            .expression_attribute_values(":pk", AttributeValue::S(keys::bot(account, bot)))
            .expression_attribute_values(":prefix", AttributeValue::S(keys::REVISION.to_owned()))
            .scan_index_forward(false)
            .limit(1)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let newest = answer.items.unwrap_or_default().into_iter().next();
        let newest = newest.map(decode::<RevisionItem>).transpose()?;
        Ok(newest
            .filter(|item| !item.removed)
            .map(|item| BotRevision { revision: item.revision, bot: item.bot }))
    }

    /// Revisions of a bot by their numbers, in any order; those that are not there are left out. One read.
    pub async fn revisions(
        &self,
        account: &AccountId,
        bot: &BotId,
        numbers: &[u64],
    ) -> Result<Vec<BotRevision>, Failure> {
        let pk = keys::bot(account, bot);
        let wanted = numbers.iter().map(|number| key(&pk, &keys::revision(*number))).collect();
        let found = self.get_all(wanted).await?.into_iter().map(decode::<RevisionItem>);
        found.map(|item| item.map(|item| BotRevision { revision: item.revision, bot: item.bot })).collect()
    }

    /// A page of what a staff member was told in the console, newest first, after the line `after`.
    pub async fn newest_notes(
        &self,
        account: &AccountId,
        staff: &StaffId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<NoteItem>, Failure> {
        self.newest(&keys::notifications(account, staff), keys::NOTE, limit, after).await
    }

    /// A page of the journal, newest first, after the line `after`.
    pub async fn newest_changes(
        &self,
        account: &AccountId,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<AuditItem>, Failure> {
        self.newest(&keys::audit(account), "", limit, after).await
    }

    async fn newest<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<T>, Failure> {
        let answer = self
            .in_partition(pk, prefix)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|after| key(pk, after)))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let next = answer.last_evaluated_key.as_ref().and_then(|key| key.get("sk")?.as_s().ok().cloned());
        let rows = answer.items.unwrap_or_default().into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok(Page { rows, next })
    }

    /// Conversations by their ids, in any order; erased ones and those that are not there are left out.
    pub async fn states(
        &self,
        account: &AccountId,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, Failure> {
        let mut wanted: Vec<&ConversationId> = ids.iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let wanted =
            wanted.into_iter().map(|id| key(&keys::conversation(account, id), keys::STATE)).collect();
        let mut states = Vec::new();
        for item in self.get_all(wanted).await? {
            states.extend(decode::<StateItem>(item)?.state.filter(|state| !state.is_erased()));
        }
        Ok(states)
    }
}
