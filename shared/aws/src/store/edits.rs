//! Edits of what businesses set: each on the version that its maker has seen, with a line of who changed
//! what in the same transaction.

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem},
};
use handover_core::{
    Account, AccountId, ApiKeyId, Assignee, Bot, BotId, BotRevision, InboxId, Principal, Role, Staff,
    StaffId, Team, TeamId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{
    Item, LeavingItem, Once, QuarantineItem, Store, StoredInbox, classify, decode, encode, expressions,
    items::{AccountItem, CurrentItem, InboxItem, ListedItem, RevisionItem, SCHEMA, StaffItem, TeamItem},
    keys,
};
use crate::Failure;

/// A setting in the version in which it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The setting.
    pub value: T,
    /// Counts its edits, from 1.
    pub version: u64,
}

/// An edit: whose settings, by whom, when, and what it is about in a word or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The key or the staff member; none: somebody with the stack's own rights.
    pub by: Option<&'a Principal>,
    /// When.
    pub at: Timestamp,
    /// The version that its maker has seen; none: it makes something new.
    pub seen: Option<u64>,
    /// The request that wants it, when it is not to be done twice.
    pub once: Option<&'a Once>,
}

/// A line of the account's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// When.
    pub at: Timestamp,
    /// By which key; neither key nor staff member: by somebody with the stack's own rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ApiKeyId>,
    /// By which staff member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<StaffId>,
    /// What: `staff/stf_1`, `bot/bot_1`.
    pub what: String,
    /// In which version it is since; none: it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl AuditItem {
    /// Where it stands in the journal: lines sort by it in the order of time.
    pub fn place(&self) -> &str {
        &self.sk
    }
}

impl<'a> Edit<'a> {
    /// The key that was used.
    pub(super) fn key(&self) -> Option<&'a ApiKeyId> {
        match self.by? {
            Principal::ApiKey(key) => Some(key),
            Principal::Staff(_) | Principal::System => None,
        }
    }

    /// The staff member who did it.
    pub(super) fn staff(&self) -> Option<&'a StaffId> {
        match self.by? {
            Principal::Staff(staff) => Some(staff),
            Principal::ApiKey(_) | Principal::System => None,
        }
    }

    /// The version that it makes.
    pub(super) fn version(&self) -> u64 {
        self.seen.unwrap_or(0).saturating_add(1)
    }
}

impl Store {
    /// An account's own settings.
    pub async fn account_settings(&self, id: &AccountId) -> Result<Option<Versioned<Account>>, Failure> {
        let item: Option<AccountItem> = self.get(&keys::account(id), keys::ACCOUNT, true).await?;
        Ok(item.map(|item| Versioned { value: item.account, version: item.version }))
    }

    /// Edits an account's own settings; `None` when somebody else did since.
    pub async fn edit_account(&self, edit: &Edit<'_>, account: &Account) -> Result<Option<u64>, Failure> {
        let item = AccountItem {
            pk: keys::account(edit.account),
            sk: keys::ACCOUNT.to_owned(),
            schema: SCHEMA,
            version: edit.version(),
            account: account.clone(),
        };
        self.edit(edit, "account", vec![(encode(&item)?, expressions::VERSION)]).await
    }

    /// A staff member.
    pub async fn staff_settings(
        &self,
        account: &AccountId,
        id: &StaffId,
    ) -> Result<Option<Versioned<Staff>>, Failure> {
        let item: Option<StaffItem> = self.get(&keys::account(account), &keys::staff(id), true).await?;
        Ok(item.map(|item| Versioned { value: item.staff, version: item.version }))
    }

    /// Makes or edits a staff member, who was `before` in the version that the edit has seen; `None` when
    /// somebody else did since, or `owner`, who has to be one in the same moment, is none.
    pub async fn edit_staff(
        &self,
        edit: &Edit<'_>,
        staff: &Staff,
        before: Option<&Staff>,
        owner: Option<&StaffId>,
    ) -> Result<Option<u64>, Failure> {
        let item = StaffItem {
            pk: keys::account(edit.account),
            sk: keys::staff(&staff.id),
            schema: SCHEMA,
            version: edit.version(),
            staff: staff.clone(),
        };
        let mut writes = vec![self.edit_write(encode(&item)?, condition(edit), edit.seen)?];
        writes.push(self.audit_write(edit, &format!("staff/{}", staff.id), Some(edit.version()))?);
        writes.extend(self.once_write(edit)?);
        writes.extend(self.address_writes(edit.account, before, Some(staff))?);
        writes.extend(self.owner_check(edit.account, owner)?);
        Ok(self.transact(writes).await?.then(|| edit.version()))
    }

    /// Removes a staff member, with a note that what is theirs is to be taken from them; `false` when
    /// somebody else has changed them since, or `owner`, who has to be one in the same moment, is none.
    pub async fn delete_staff(
        &self,
        edit: &Edit<'_>,
        staff: &Staff,
        owner: Option<&StaffId>,
    ) -> Result<bool, Failure> {
        let leaving = Assignee::Staff(staff.id.clone());
        let mut writes =
            self.delete_writes(edit, &format!("staff/{}", staff.id), &keys::staff(&staff.id), Some(leaving))?;
        writes.extend(self.address_writes(edit.account, Some(staff), None)?);
        writes.extend(self.owner_check(edit.account, owner)?);
        self.transact(writes).await
    }

    /// Whoever is to stay an owner while another ceases to be one: two who remove each other at once
    /// leave one of them.
    fn owner_check(
        &self,
        account: &AccountId,
        owner: Option<&StaffId>,
    ) -> Result<Option<TransactWriteItem>, Failure> {
        let Some(owner) = owner else { return Ok(None) };
        let role = serde_dynamo::to_attribute_value(Role::Owner)
            .map_err(|_| Failure::quarantine("item cannot be encoded"))?;
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(keys::account(account)))
            .key("sk", AttributeValue::S(keys::staff(owner)))
            .condition_expression(expressions::IS_OWNER)
            .expression_attribute_names("#role", "role")
            .expression_attribute_values(":owner", role)
            .build()
            .map_err(|_| Failure::quarantine("write cannot be built"))?;
        Ok(Some(TransactWriteItem::builder().condition_check(check).build()))
    }

    /// A team.
    pub async fn team_settings(
        &self,
        account: &AccountId,
        id: &TeamId,
    ) -> Result<Option<Versioned<Team>>, Failure> {
        let item: Option<TeamItem> = self.get(&keys::account(account), &keys::team(id), true).await?;
        Ok(item.map(|item| Versioned { value: item.team, version: item.version }))
    }

    /// Makes or edits a team; `None` when somebody else did since.
    pub async fn edit_team(&self, edit: &Edit<'_>, team: &Team) -> Result<Option<u64>, Failure> {
        let item = TeamItem {
            pk: keys::account(edit.account),
            sk: keys::team(&team.id),
            schema: SCHEMA,
            version: edit.version(),
            team: team.clone(),
        };
        let what = format!("team/{}", team.id);
        self.edit(edit, &what, vec![(encode(&item)?, condition(edit))]).await
    }

    /// Removes a team, with a note that what is theirs is to be taken from them; `false` when somebody
    /// else has changed it since.
    pub async fn delete_team(&self, edit: &Edit<'_>, id: &TeamId) -> Result<bool, Failure> {
        let leaving = Assignee::Team(id.clone());
        self.delete(edit, &format!("team/{id}"), &keys::team(id), Some(leaving)).await
    }

    /// A bot in its present revision.
    pub async fn bot_settings(
        &self,
        account: &AccountId,
        id: &BotId,
    ) -> Result<Option<BotRevision>, Failure> {
        self.newest_revision(account, id).await
    }

    /// Makes a bot's next revision and makes it the present one; `None` when somebody else did since.
    pub async fn edit_bot(&self, edit: &Edit<'_>, bot: &Bot) -> Result<Option<u64>, Failure> {
        let (pk, revision) = (keys::bot(edit.account, &bot.id), edit.version());
        let current = CurrentItem { pk: pk.clone(), sk: keys::CURRENT.to_owned(), schema: SCHEMA, revision };
        let kept = RevisionItem {
            pk,
            sk: keys::revision(revision),
            schema: SCHEMA,
            revision,
            bot: bot.clone(),
            removed: false,
        };
        let present = if edit.seen.is_some() { expressions::REVISION } else { expressions::ABSENT };
        let writes = vec![
            (encode(&current)?, present),
            (encode(&kept)?, expressions::ABSENT),
            (encode(&ListedItem::bot(edit.account, bot))?, expressions::ALWAYS),
        ];
        self.edit(edit, &format!("bot/{}", bot.id), writes).await
    }

    /// The ids of an account's bots.
    pub async fn bots(&self, account: &AccountId) -> Result<Vec<BotId>, Failure> {
        self.listed(account, keys::BOT_OF).await
    }

    /// An inbox of an account with its sealed secrets.
    pub async fn inbox_settings(
        &self,
        account: &AccountId,
        id: &InboxId,
    ) -> Result<Option<Versioned<StoredInbox>>, Failure> {
        let item: Option<InboxItem> = self.get(&keys::inbox(id), keys::INBOX, true).await?;
        let own = item.filter(|item| item.inbox.account == *account && !item.removed);
        Ok(own.map(|item| Versioned {
            value: StoredInbox { inbox: item.inbox, sealed: item.sealed },
            version: item.version,
        }))
    }

    /// Makes or edits an inbox; `None` when somebody else did since.
    pub async fn edit_inbox(&self, edit: &Edit<'_>, stored: &StoredInbox) -> Result<Option<u64>, Failure> {
        let inbox = &stored.inbox;
        let item = InboxItem {
            pk: keys::inbox(&inbox.id),
            sk: keys::INBOX.to_owned(),
            schema: SCHEMA,
            version: edit.version(),
            inbox: inbox.clone(),
            sealed: stored.sealed.clone(),
            removed: false,
        };
        let writes = vec![
            (encode(&item)?, condition(edit)),
            (encode(&ListedItem::inbox(inbox))?, expressions::ALWAYS),
        ];
        self.edit(edit, &format!("inbox/{}", inbox.id), writes).await
    }

    /// The ids of an account's inboxes.
    pub async fn inboxes(&self, account: &AccountId) -> Result<Vec<InboxId>, Failure> {
        self.listed(account, keys::INBOX_OF).await
    }

    /// Who changed what, newest first.
    pub async fn audit(&self, account: &AccountId) -> Result<Vec<AuditItem>, Failure> {
        let items = self.query(&keys::audit(account), "", false).await?;
        items.into_iter().rev().map(decode).collect()
    }

    /// Writes a line into the journal for something that is no edit.
    pub async fn journal(&self, edit: &Edit<'_>, what: &str) -> Result<(), Failure> {
        self.transact(vec![self.audit_write(edit, what, None)?]).await?;
        Ok(())
    }

    /// Lets go of something in quarantine, with a line that says why. Done twice it is done once.
    pub async fn discard_quarantined(
        &self,
        edit: &Edit<'_>,
        item: &QuarantineItem,
        why: &str,
    ) -> Result<(), Failure> {
        let id = item.id.as_str();
        let removal = self.removal(&keys::quarantine(edit.account), id, expressions::PRESENT, None)?;
        let row = keys::quarantine_row(item.at, id);
        let of_list = self.removal(&keys::quarantine_list(edit.account), &row, expressions::ALWAYS, None)?;
        let journal = self.audit_write(edit, &format!("quarantine/{id}: {why}"), None)?;
        let mut writes = vec![removal, of_list, journal];
        writes.extend(self.once_write(edit)?);
        self.transact(writes).await?;
        Ok(())
    }

    async fn listed<T: std::str::FromStr>(
        &self,
        account: &AccountId,
        prefix: &str,
    ) -> Result<Vec<T>, Failure> {
        let items = self.query(&keys::account(account), prefix, false).await?;
        let id = |item: Item| {
            let item: ListedItem = decode(item)?;
            let id = item.sk.strip_prefix(prefix).and_then(|id| id.parse().ok());
            id.ok_or(Failure::quarantine("stored item cannot be read"))
        };
        items.into_iter().map(id).collect()
    }

    pub(super) async fn edit(
        &self,
        edit: &Edit<'_>,
        what: &str,
        items: Vec<(Item, &'static str)>,
    ) -> Result<Option<u64>, Failure> {
        let mut writes = Vec::new();
        for (item, condition) in items {
            writes.push(self.edit_write(item, condition, edit.seen)?);
        }
        writes.push(self.audit_write(edit, what, Some(edit.version()))?);
        writes.extend(self.once_write(edit)?);
        Ok(self.transact(writes).await?.then(|| edit.version()))
    }

    pub(super) async fn delete(
        &self,
        edit: &Edit<'_>,
        what: &str,
        sk: &str,
        leaving: Option<Assignee>,
    ) -> Result<bool, Failure> {
        self.transact(self.delete_writes(edit, what, sk, leaving)?).await
    }

    fn delete_writes(
        &self,
        edit: &Edit<'_>,
        what: &str,
        sk: &str,
        leaving: Option<Assignee>,
    ) -> Result<Vec<TransactWriteItem>, Failure> {
        let condition = if edit.seen.is_some() { expressions::VERSION } else { expressions::PRESENT };
        let mut writes = vec![self.removal(&keys::account(edit.account), sk, condition, edit.seen)?];
        if let Some(leaving) = leaving {
            let leaving = LeavingItem::new(edit.account, leaving, edit.at);
            writes.push(self.edit_write(encode(&leaving)?, expressions::ALWAYS, None)?);
        }
        writes.push(self.audit_write(edit, what, None)?);
        Ok(writes)
    }

    pub(super) fn removal(
        &self,
        pk: &str,
        sk: &str,
        condition: &'static str,
        seen: Option<u64>,
    ) -> Result<TransactWriteItem, Failure> {
        let mut delete = Delete::builder()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk.to_owned()))
            .key("sk", AttributeValue::S(sk.to_owned()));
        if condition != expressions::ALWAYS {
            delete = delete.condition_expression(condition);
        }
        if condition.contains(":version") {
            delete = delete.expression_attribute_values(":version", version(seen));
        }
        let delete = delete.build().map_err(|_| Failure::quarantine("write cannot be built"))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    pub(super) fn edit_write(
        &self,
        item: Item,
        condition: &'static str,
        seen: Option<u64>,
    ) -> Result<TransactWriteItem, Failure> {
        let mut put = Put::builder().table_name(&self.table).set_item(Some(item));
        if condition != expressions::ALWAYS {
            put = put.condition_expression(condition);
        }
        if condition.contains(":version") {
            put = put.expression_attribute_values(":version", version(seen));
        }
        let put = put.build().map_err(|_| Failure::quarantine("write cannot be built"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    pub(super) fn audit_write(
        &self,
        edit: &Edit<'_>,
        what: &str,
        version: Option<u64>,
    ) -> Result<TransactWriteItem, Failure> {
        let item = AuditItem {
            pk: keys::audit(edit.account),
            sk: format!("{:015}#{what}#{}", edit.at.as_ms(), edit.version()),
            schema: SCHEMA,
            at: edit.at,
            by: edit.key().cloned(),
            staff: edit.staff().cloned(),
            what: what.to_owned(),
            version,
        };
        self.edit_write(encode(&item)?, expressions::ALWAYS, None)
    }

    /// All or nothing; `false` when a condition failed.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<bool, Failure> {
        let result = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = result else { return Ok(true) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
            error.as_service_error()
        {
            let reasons = canceled.cancellation_reasons();
            if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                return Ok(false);
            }
            return Err(Failure::retry("service refused the transaction"));
        }
        Err(classify(&error))
    }
}

pub(super) const fn condition(edit: &Edit<'_>) -> &'static str {
    if edit.seen.is_some() { expressions::VERSION } else { expressions::ABSENT }
}

fn version(seen: Option<u64>) -> AttributeValue {
    AttributeValue::N(seen.unwrap_or(0).to_string())
}
