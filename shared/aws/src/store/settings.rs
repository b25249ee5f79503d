//! What businesses set, as stored.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    Account, AccountId, Bot, BotId, BotRevision, Directory, Inbox, InboxId, Staff, StaffId, Team,
};

use super::{
    Store, decode,
    items::{
        AccountItem, AccountListItem, CurrentItem, InboxItem, ListedItem, RevisionItem, SCHEMA, StaffItem,
        TeamItem,
    },
    keys,
    reach::WebhookItem,
};
use crate::Failure;

/// An inbox with its secrets, still sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInbox {
    /// The inbox.
    pub inbox: Inbox,
    /// Its secrets, sealed; none for an inbox that needs none.
    pub sealed: Option<String>,
}

impl Store {
    /// An account with its staff, teams and webhooks: one query.
    pub async fn account(&self, id: &AccountId) -> Result<Option<(Account, Directory)>, Failure> {
        self.whole_account(id, false).await
    }

    /// The same as of now, with what was made a moment ago.
    pub async fn account_now(&self, id: &AccountId) -> Result<Option<(Account, Directory)>, Failure> {
        self.whole_account(id, true).await
    }

    async fn whole_account(
        &self,
        id: &AccountId,
        strong: bool,
    ) -> Result<Option<(Account, Directory)>, Failure> {
        let mut account = None;
        let mut directory = Directory::default();
        for item in self.query(&keys::account(id), "", strong).await? {
            let Some(AttributeValue::S(sk)) = item.get("sk") else { continue };
            if sk == keys::ACCOUNT {
                account = Some(decode::<AccountItem>(item)?.account);
            } else if sk.starts_with(keys::STAFF) {
                directory.staff.push(decode::<StaffItem>(item)?.staff);
            } else if sk.starts_with(keys::TEAM) {
                directory.teams.push(decode::<TeamItem>(item)?.team);
            } else if sk.starts_with(keys::WEBHOOK) {
                directory.webhooks.push(decode::<WebhookItem>(item)?.webhook);
            }
        }
        // Who was removed is in no team any more, whatever its item says.
        let Directory { staff, teams, .. } = &mut directory;
        for team in teams {
            team.members.retain(|member| staff.iter().any(|staff| staff.id == *member));
        }
        Ok(account.map(|account| (account, directory)))
    }

    /// Every account.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, Failure> {
        let items = self.query(keys::ACCOUNTS, "", false).await?;
        items.into_iter().map(|item| decode::<AccountListItem>(item).map(|item| item.sk)).collect()
    }

    /// An inbox with its sealed secrets.
    pub async fn inbox(&self, id: &InboxId) -> Result<Option<StoredInbox>, Failure> {
        let item: Option<InboxItem> = self.get(&keys::inbox(id), keys::INBOX, false).await?;
        Ok(item.map(|item| StoredInbox { inbox: item.inbox, sealed: item.sealed }))
    }

    /// A bot's present revision: its number.
    pub async fn current_revision(&self, account: &AccountId, bot: &BotId) -> Result<Option<u64>, Failure> {
        let item: Option<CurrentItem> = self.get(&keys::bot(account, bot), keys::CURRENT, false).await?;
        Ok(item.map(|item| item.revision))
    }

    /// A bot in one revision. Revisions never change.
    pub async fn revision(
        &self,
        account: &AccountId,
        bot: &BotId,
        revision: u64,
    ) -> Result<Option<BotRevision>, Failure> {
        let key = keys::bot(account, bot);
        let item: Option<RevisionItem> = self.get(&key, &keys::revision(revision), false).await?;
        Ok(item.map(|item| BotRevision { revision: item.revision, bot: item.bot }))
    }

    /// Stores an account's own settings and lists it.
    pub async fn put_account(&self, account: &Account) -> Result<(), Failure> {
        let list = AccountListItem { pk: keys::ACCOUNTS.to_owned(), sk: account.id.clone(), schema: SCHEMA };
        self.put(&list).await?;
        self.put(&AccountItem {
            pk: keys::account(&account.id),
            sk: keys::ACCOUNT.to_owned(),
            schema: SCHEMA,
            version: 1,
            account: account.clone(),
        })
        .await
    }

    /// Stores a staff member.
    pub async fn put_staff(&self, account: &AccountId, staff: &Staff) -> Result<(), Failure> {
        self.put(&StaffItem {
            pk: keys::account(account),
            sk: keys::staff(&staff.id),
            schema: SCHEMA,
            version: 1,
            staff: staff.clone(),
        })
        .await
    }

    /// Stores a team.
    pub async fn put_team(&self, account: &AccountId, team: &Team) -> Result<(), Failure> {
        self.put(&TeamItem {
            pk: keys::account(account),
            sk: keys::team(&team.id),
            schema: SCHEMA,
            version: 1,
            team: team.clone(),
        })
        .await
    }

    /// Stores an inbox; `sealed` are its secrets.
    pub async fn put_inbox(&self, inbox: &Inbox, sealed: Option<String>) -> Result<(), Failure> {
        self.put(&ListedItem::inbox(inbox)).await?;
        self.put(&InboxItem {
            pk: keys::inbox(&inbox.id),
            sk: keys::INBOX.to_owned(),
            schema: SCHEMA,
            version: 1,
            inbox: inbox.clone(),
            sealed,
        })
        .await
    }

    /// Stores a bot as a new revision and makes it the present one; gives the revision's number.
    pub async fn put_bot(&self, account: &AccountId, bot: &Bot) -> Result<u64, Failure> {
        let pk = keys::bot(account, &bot.id);
        let current: Option<CurrentItem> = self.get(&pk, keys::CURRENT, true).await?;
        let revision = current.map_or(1, |current| current.revision.saturating_add(1));
        let item = RevisionItem {
            pk: pk.clone(),
            sk: keys::revision(revision),
            schema: SCHEMA,
            revision,
            bot: bot.clone(),
        };
        if !self.put_new(&item).await? {
            return Err(Failure::retry("somebody else is editing this bot"));
        }
        self.put(&ListedItem::bot(account, bot)).await?;
        self.put(&CurrentItem { pk, sk: keys::CURRENT.to_owned(), schema: SCHEMA, revision }).await?;
        Ok(revision)
    }

    /// Whether a staff member is still there: for a notification about to go out.
    pub async fn staff(&self, account: &AccountId, staff: &StaffId) -> Result<Option<Staff>, Failure> {
        let item: Option<StaffItem> = self.get(&keys::account(account), &keys::staff(staff), false).await?;
        Ok(item.map(|item| item.staff))
    }
}
