//! An account's own settings, its API keys, and its journal.

use handover_aws::{ApiKey, Scope, store::ApiKeyItem};
use handover_core::{Account, ApiKeyId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{Answer, Call},
    problem::{Answered, Problem},
    staff::check_name,
};

/// Days that transcripts are kept: at least one, at most ten years.
const RETENTION_DAYS: std::ops::RangeInclusive<u16> = 1..=3_650;
/// The longest life that a key may be given, in days.
const MAX_KEY_DAYS: u32 = 3_650;

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    let found = call.store().account_settings(call.account()).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(json!(found.value)).version(found.version))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let seen = call.if_match()?;
    let account: Account = call.json_with(&[("id", call.account().as_str())])?;
    check_name(&account.name)?;
    if !RETENTION_DAYS.contains(&account.retention_days) {
        return Err(Problem::field("retention_days", "must be 1 to 3650"));
    }
    if let Some(inbox) = &account.sms_inbox
        && call.store().inbox_settings(call.account(), inbox).await?.is_none()
    {
        return Err(Problem::field("sms_inbox", "there is no such inbox"));
    }
    let version = call.store().edit_account(&call.edit(Some(seen)), &account).await?;
    Ok(Answer::ok(json!(account)).version(version.ok_or_else(Problem::changed)?))
}

/// Who changed what.
pub(crate) async fn audit(call: &Call<'_>) -> Answered {
    let lines = call.store().audit(call.account()).await?;
    let line = |line: &handover_aws::store::AuditItem| json!({"at": line.at, "by": line.by, "what": line.what, "version": line.version});
    Ok(Answer::ok(json!({"items": lines.iter().take(call.limit()?).map(line).collect::<Vec<_>>()})))
}

pub(crate) async fn keys(call: &Call<'_>) -> Answered {
    let keys = call.store().api_keys(call.account()).await?;
    Ok(Answer::ok(json!({"items": keys.iter().map(shown).collect::<Vec<_>>()})))
}

/// A key without its secret.
fn shown(key: &ApiKeyItem) -> Value {
    json!({
        "id": key.id(),
        "name": key.name,
        "scope": key.scope,
        "created_at": key.created_at,
        "created_by": key.created_by,
        "expires_at": key.expires_at.map(|seconds| seconds * 1_000),
        "revoked_at": key.revoked_at,
    })
}

#[derive(Debug, Deserialize)]
struct NewKey {
    name: String,
    scope: Scope,
    /// Days until it ends; none: it does not end by itself.
    #[serde(default)]
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
    call.store().put_api_key(&item).await?;
    let mut answer = shown(&item);
    if let Some(members) = answer.as_object_mut() {
        members.insert("api_key".to_owned(), json!(key.text()));
    }
    Ok(Answer::created(answer))
}

/// Ends a key at once.
pub(crate) async fn revoke_key(call: &Call<'_>) -> Answered {
    let id: ApiKeyId = call.id("key")?;
    let known = call.store().revoke_api_key(call.account(), &id, call.now).await?;
    if known { Ok(Answer::gone()) } else { Err(Problem::not_found()) }
}
