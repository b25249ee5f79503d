//! Signing in to the console: codes by e-mail, one-time links, sessions, and the counters that limit
//! them. Whatever is secret stands here as a hash only.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::{AttributeValue, Delete, ReturnValue, TransactWriteItem};
use handover_core::{Account, AccountId, Staff, StaffId, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Item, Overview, Store, classify, decode, encode, expressions,
    items::{AccountItem, SCHEMA, StaffItem},
    keys,
    tags::key,
};
use crate::Failure;

/// Browsers that one staff member is signed in with, at most: they are read with the account's settings.
pub const MAX_SESSIONS: usize = 8;
/// How often a change of sessions is tried that others cross.
const TRIES: u8 = 5;

/// A code that was sent to somebody, bound to the browser that asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeItem {
    pk: String,
    sk: String,
    schema: u8,
    /// The hash of the address that the code was sent to.
    pub email: String,
    /// The hash of the code together with the browser's secret.
    pub code: String,
    /// How often it was tried.
    #[serde(default)]
    pub tries: u32,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_at: i64,
}

/// A link that signs a staff member in once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Whose account.
    pub account: AccountId,
    /// Whom.
    pub staff: StaffId,
    /// When it ends, in seconds since the Unix epoch.
    pub expires_at: i64,
}

/// Where a staff member has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionsItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts its writes.
    version: u64,
    /// When each session ends, in seconds since the Unix epoch, by the hash of its secret.
    live: BTreeMap<String, i64>,
    /// When the last of them ends.
    expires_at: i64,
}

/// Where to look for the staff members with an e-mail address; the staff member decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AddressItem {
    pk: String,
    sk: String,
    schema: u8,
    account: AccountId,
    staff: StaffId,
}

/// What names a session: whose it is, and the hash of its secret.
#[derive(Clone, Copy, Debug)]
pub struct SessionKey<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The staff member.
    pub staff: &'a StaffId,
    /// The hash of the session's secret.
    pub hash: &'a str,
}

/// Something that happens only so often.
#[derive(Clone, Copy, Debug)]
pub struct Limit<'a> {
    /// What is counted: a name that says nothing about whom.
    pub what: &'a str,
    /// How often, at most, in one window.
    pub max: u32,
    /// How long a window is.
    pub window: Duration,
}

impl SessionsItem {
    fn admits(&self, session: &SessionKey<'_>, now: Timestamp) -> bool {
        self.live.get(session.hash).is_some_and(|end| now.as_seconds() < *end)
    }
}

impl AddressItem {
    fn new(account: &AccountId, staff: &StaffId, email: &str) -> Self {
        Self {
            pk: keys::address(&crate::email_hash(email)),
            sk: format!("{account}#{staff}"),
            schema: SCHEMA,
            account: account.clone(),
            staff: staff.clone(),
        }
    }
}

impl Store {
    /// Keeps a code; an earlier one of the same browser ends.
    pub async fn put_code(
        &self,
        browser: &str,
        email: &str,
        code: &str,
        until: Timestamp,
    ) -> Result<(), Failure> {
        self.put(&CodeItem {
            pk: keys::sign_in(browser),
            sk: keys::CODE.to_owned(),
            schema: SCHEMA,
            email: email.to_owned(),
            code: code.to_owned(),
            tries: 0,
            expires_at: until.as_seconds(),
        })
        .await
    }

    /// The browser's code for one more try; `None` when there is none, it has ended, or was tried `max`
    /// times.
    pub async fn try_code(
        &self,
        browser: &str,
        max: u32,
        now: Timestamp,
    ) -> Result<Option<CodeItem>, Failure> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&keys::sign_in(browser), keys::CODE)))
            .update_expression(expressions::ONE_MORE_TRY)
            .condition_expression(expressions::MAY_BE_TRIED)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":max", number(max))
            .expression_attribute_values(":now", number(now.as_seconds()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match result {
            Ok(answer) => answer.attributes.map(decode).transpose(),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(None),
                Some(_) | None => Err(classify(&error)),
            },
        }
    }

    /// Uses the browser's code up; `false` when somebody else did.
    pub async fn use_code(&self, browser: &str, now: Timestamp) -> Result<bool, Failure> {
        let taken: Option<CodeItem> = self.take(&keys::sign_in(browser), keys::CODE, now).await?;
        Ok(taken.is_some())
    }

    /// Keeps a one-time link under the hash of its secret.
    pub async fn put_link(
        &self,
        link: &str,
        account: &AccountId,
        staff: &StaffId,
        until: Timestamp,
    ) -> Result<(), Failure> {
        self.put(&LinkItem {
            pk: keys::sign_in(link),
            sk: keys::LINK.to_owned(),
            schema: SCHEMA,
            account: account.clone(),
            staff: staff.clone(),
            expires_at: until.as_seconds(),
        })
        .await
    }

    /// Uses a one-time link up: whoever comes first gets it.
    pub async fn take_link(&self, link: &str, now: Timestamp) -> Result<Option<LinkItem>, Failure> {
        self.take(&keys::sign_in(link), keys::LINK, now).await
    }

    /// Removes an item that has not ended, and gives it to whoever removed it.
    async fn take<T: DeserializeOwned>(
        &self,
        pk: &str,
        sk: &str,
        now: Timestamp,
    ) -> Result<Option<T>, Failure> {
        let result = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key(pk, sk)))
            .condition_expression(expressions::NOT_ENDED)
            .expression_attribute_values(":now", number(now.as_seconds()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await;
        match result {
            Ok(answer) => answer.attributes.map(decode).transpose(),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(None),
                Some(_) | None => Err(classify(&error)),
            },
        }
    }

    /// Counts one more; `false` when it was too often already.
    pub async fn count_up(&self, limit: &Limit<'_>, now: Timestamp) -> Result<bool, Failure> {
        let window = i64::try_from(limit.window.as_secs()).unwrap_or(i64::MAX).max(1);
        let number_of_window = now.as_seconds().div_euclid(window);
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(&keys::sign_in(limit.what), &format!("{}{number_of_window}", keys::COUNT))))
            .update_expression(expressions::COUNT_UP)
            .condition_expression(expressions::BELOW_MAX)
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":max", number(limit.max))
            .expression_attribute_values(":end", number((number_of_window + 2).saturating_mul(window)))
            .send()
            .await;
        match result {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(false),
                Some(_) | None => Err(classify(&error)),
            },
        }
    }

    /// The staff members that an e-mail address may belong to: each has to be asked.
    pub async fn staff_by_email(&self, email_hash: &str) -> Result<Vec<(AccountId, StaffId)>, Failure> {
        let items = self.query(&keys::address(email_hash), "", false).await?;
        let whose = |item: Item| decode::<AddressItem>(item).map(|item| (item.account, item.staff));
        items.into_iter().map(whose).collect()
    }

    /// Lets a staff member in until then. Whoever signs in in more than [`MAX_SESSIONS`] browsers ends the
    /// session that would end first.
    pub async fn begin_session(
        &self,
        session: &SessionKey<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), Failure> {
        let begin = |live: &mut BTreeMap<String, i64>| {
            live.retain(|_, end| now.as_seconds() < *end);
            while live.len() >= MAX_SESSIONS {
                let first = live.iter().min_by_key(|(_, end)| **end).map(|(hash, _)| hash.clone());
                if let Some(first) = first {
                    live.remove(&first);
                }
            }
            live.insert(session.hash.to_owned(), until.as_seconds());
        };
        self.change_sessions(session, begin).await
    }

    /// Changes where somebody is signed in, on what is there now.
    async fn change_sessions(
        &self,
        session: &SessionKey<'_>,
        change: impl Fn(&mut BTreeMap<String, i64>),
    ) -> Result<(), Failure> {
        let (pk, sk) = (keys::account(session.account), keys::sessions(session.staff));
        for _ in 0..TRIES {
            let known: Option<SessionsItem> = self.get(&pk, &sk, true).await?;
            let seen = known.as_ref().map(|known| known.version);
            let mut live = known.map(|known| known.live).unwrap_or_default();
            change(&mut live);
            let item = SessionsItem {
                pk: pk.clone(),
                sk: sk.clone(),
                schema: SCHEMA,
                version: seen.unwrap_or(0).saturating_add(1),
                expires_at: live.values().copied().max().unwrap_or(0),
                live,
            };
            let condition = if seen.is_some() { expressions::VERSION } else { expressions::ABSENT };
            if self.transact(vec![self.edit_write(encode(&item)?, condition, seen)?]).await? {
                return Ok(());
            }
        }
        Err(Failure::retry("sessions are being changed"))
    }

    /// Whoever a session stands for, with their account, as of now: one read. `None` when it has ended,
    /// or they are not there any more.
    pub async fn visitor(
        &self,
        session: &SessionKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(Account, Staff)>, Failure> {
        let settings = keys::account(session.account);
        let wanted = vec![
            key(&settings, &keys::sessions(session.staff)),
            key(&settings, keys::ACCOUNT),
            key(&settings, &keys::staff(session.staff)),
        ];
        let (mut live, mut account, mut staff) = (false, None, None);
        for item in self.get_all_now(wanted).await? {
            let Some(AttributeValue::S(sk)) = item.get("sk") else { continue };
            if sk == keys::ACCOUNT {
                account = Some(decode::<AccountItem>(item)?.account);
            } else if sk.starts_with(keys::STAFF) {
                staff = Some(decode::<StaffItem>(item)?.staff);
            } else {
                live = decode::<SessionsItem>(item)?.admits(session, now);
            }
        }
        Ok(account.zip(staff).filter(|_| live))
    }

    /// The same with the whole account at a glance, in one read too.
    pub async fn visitor_and_overview(
        &self,
        session: &SessionKey<'_>,
        now: Timestamp,
    ) -> Result<Option<(Overview, Staff)>, Failure> {
        let mut live = false;
        let mut own = |item: Item| -> Result<(), Failure> {
            let item: SessionsItem = decode(item)?;
            live |= item.sk == keys::sessions(session.staff) && item.admits(session, now);
            Ok(())
        };
        let Some(overview) = self.overview_with(session.account, &mut own).await? else { return Ok(None) };
        let staff = overview.directory.staff(session.staff).cloned().filter(|_| live);
        Ok(staff.map(|staff| (overview, staff)))
    }

    /// Ends a session.
    pub async fn end_session(&self, session: &SessionKey<'_>) -> Result<(), Failure> {
        let end = |live: &mut BTreeMap<String, i64>| {
            live.remove(session.hash);
        };
        self.change_sessions(session, end).await
    }

    /// Ends every session of a staff member.
    pub async fn end_sessions(&self, account: &AccountId, staff: &StaffId) -> Result<(), Failure> {
        self.remove(&keys::account(account), &keys::sessions(staff)).await
    }

    async fn remove(&self, pk: &str, sk: &str) -> Result<(), Failure> {
        let deleted =
            self.client.delete_item().table_name(&self.table).set_key(Some(key(pk, sk))).send().await;
        deleted.map(drop).map_err(|error| classify(&error))
    }

    /// The row by which an address finds its staff member, for whoever stores them without a transaction.
    pub(super) async fn put_address(&self, account: &AccountId, staff: &Staff) -> Result<(), Failure> {
        match &staff.email {
            Some(email) => self.put(&AddressItem::new(account, &staff.id, email)).await,
            None => Ok(()),
        }
    }

    /// The writes that keep the rows of addresses in step with a staff member who is edited or removed.
    pub(super) fn address_writes(
        &self,
        account: &AccountId,
        before: Option<&Staff>,
        after: Option<&Staff>,
    ) -> Result<Vec<TransactWriteItem>, Failure> {
        let row = |staff: Option<&Staff>| {
            staff.and_then(|staff| Some(AddressItem::new(account, &staff.id, staff.email.as_deref()?)))
        };
        let (before, after) = (row(before), row(after));
        let mut writes = Vec::new();
        if let Some(gone) = before.filter(|before| after.as_ref() != Some(before)) {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(key(&gone.pk, &gone.sk)))
                .build()
                .map_err(|_| Failure::quarantine("write cannot be built"))?;
            writes.push(TransactWriteItem::builder().delete(delete).build());
        }
        if let Some(row) = after {
            writes.push(self.edit_write(encode(&row)?, expressions::ALWAYS, None)?);
        }
        Ok(writes)
    }
}

fn number(value: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}
