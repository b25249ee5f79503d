//! An account's own settings, its API keys, and its journal.

use handover_aws::{
    ApiKey, Scope,
    store::{ApiKeyItem, AuditItem},
};
use handover_core::{Account, ApiKeyId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    http::{Answer, Call, Items, Order, Paged},
    problem::{Answered, Problem},
    staff::check_name,
};

/// Days that transcripts are kept. Not less than the 40 days of markers: a line of a transcript is the
/// marker of its event, and must outlive every provider's retries and our own redrives.
const RETENTION_DAYS: std::ops::RangeInclusive<u16> = 40..=3_650;
/// The longest life that a key may be given, in days.
const MAX_KEY_DAYS: u32 = 3_650;

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    let found = call.store().account_settings(call.account()).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(&found.value).version(found.version))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let seen = call.if_match()?;
    let account: Account = call.json_with(&[("id", call.account().as_str())])?;
    check_name(&account.name)?;
    if !RETENTION_DAYS.contains(&account.retention_days) {
        return Err(Problem::field("retention_days", "must be 40 to 3650"));
    }
    if let Some(inbox) = &account.sms_inbox
        && call.store().inbox_settings(call.account(), inbox).await?.is_none()
    {
        return Err(Problem::field("sms_inbox", "there is no such inbox"));
    }
    let version = call.store().edit_account(&call.edit(Some(seen)), &account).await?;
    let now = async || call.store().account_settings(call.account()).await;
    call.replaced(account, version, now).await
}

/// A line of the journal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AuditLine {
    at: Timestamp,
    /// By which API key; none: by somebody with the stack's own rights.
    by: Option<ApiKeyId>,
    /// What was changed: `staff/stf_1`, `quarantine/ID: why`.
    what: String,
    /// In which version it is since; none: it is gone.
    version: Option<u64>,
}

/// Who changed what.
pub(crate) async fn audit(call: &Call<'_>) -> Answered {
    let lines = call.store().audit(call.account()).await?;
    let place = |line: &AuditItem| line.place().to_owned();
    let (lines, next) = call.page(lines, Order::NewestFirst, place)?;
    let line =
        |line: AuditItem| AuditLine { at: line.at, by: line.by, what: line.what, version: line.version };
    Ok(Answer::ok(&Paged { items: lines.into_iter().map(line).collect(), next }))
}

/// A key without its secret.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShownKey {
    id: ApiKeyId,
    name: String,
    scope: Scope,
    created_at: Timestamp,
    /// By which key; none: by somebody with the stack's own rights.
    created_by: Option<ApiKeyId>,
    /// When it ends by itself.
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// The key itself: in the answer to its making, and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<String>,
}

impl ShownKey {
    fn new(key: &ApiKeyItem) -> Self {
        Self {
            id: key.id().clone(),
            name: key.name.clone(),
            scope: key.scope,
            created_at: key.created_at,
            created_by: key.created_by.clone(),
            expires_at: key.expires_at.map(|seconds| Timestamp::from_ms(seconds * 1_000)),
            revoked_at: key.revoked_at,
            api_key: None,
        }
    }
}

pub(crate) async fn keys(call: &Call<'_>) -> Answered {
    let keys = call.store().api_keys(call.account()).await?;
    Ok(Answer::ok(&Items { items: keys.iter().map(ShownKey::new).collect() }))
}

/// A new API key.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewKey {
    /// What it is for.
    #[cfg_attr(test, schemars(length(min = 1, max = handover_core::MAX_NAME_CHARS)))]
    name: String,
    scope: Scope,
    /// Days until it ends; none: it does not end by itself.
    #[serde(default)]
    #[cfg_attr(test, schemars(range(min = 1, max = MAX_KEY_DAYS)))]
    days: Option<u32>,
}

/// A new key. Its text is in this answer and nowhere else.
pub(crate) async fn create_key(call: &Call<'_>) -> Answered {
    let wanted: NewKey = call.json()?;
    check_name(&wanted.name)?;
    if wanted.days.is_some_and(|days| !(1..=MAX_KEY_DAYS).contains(&days)) {
        return Err(Problem::field("days", format!("must be 1 to {MAX_KEY_DAYS}")));
    }
    let key = ApiKey::new(call.account().clone(), call.app.random.bytes());
    let mut item = ApiKeyItem::new(&key, &wanted.name, wanted.scope, call.now);
    item.created_by = Some(call.caller.key.clone());
    item.expires_at = wanted.days.map(|days| call.now.as_seconds() + i64::from(days) * 86_400);
    if call.done_before().await? || !call.store().make_api_key(&call.edit(None), &item).await? {
        // Only its first answer could say its text.
        call.done_before().await?;
        let detail = "its text is not kept: list the keys, revoke it, and make another with a new key";
        return Err(Problem::conflict("made_before", "This request has made a key already", detail));
    }
    Ok(Answer::created(&ShownKey { api_key: Some(key.text()), ..ShownKey::new(&item) }))
}

/// Ends a key at once.
pub(crate) async fn revoke_key(call: &Call<'_>) -> Answered {
    let id: ApiKeyId = call.id("key")?;
    if id == call.caller.key {
        let detail = "nobody could come in after it: make another key, and revoke this one with that";
        return Err(Problem::conflict("key_in_use", "A key cannot end itself", detail));
    }
    let known = call.store().end_api_key(&call.edit(None), &id).await?;
    if known { Ok(Answer::gone()) } else { Err(Problem::not_found()) }
}
