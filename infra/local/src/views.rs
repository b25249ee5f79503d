//! What the pages under `/local` show. Instants are RFC 3339 in UTC, to the millisecond.

mod conversation;

use std::collections::BTreeMap;

use handover_aws::store::QuarantineItem;
use handover_cloud::{RecordedRequest, service::REGION};
use handover_core::{AccountId, EventId, Timestamp};
use serde_json::{Map, Value, json};

use crate::{Local, LocalError, Sample, SampleAccount, SampleInbox};

pub(crate) use conversation::{conversation, conversations};

/// Addresses, clocks, accounts with everything set in them, queues.
pub(crate) async fn info(local: &Local, sample: &Sample, base_url: &str) -> Result<Value, LocalError> {
    let mut accounts = Vec::new();
    for account in sample.accounts() {
        accounts.push(self::account(local, account).await?);
    }
    let sqs = local.cloud().sqs();
    let mut queues = Vec::new();
    for name in sqs.queues()? {
        let depths = sqs.depths(&name)?;
        queues.push(json!({
            "name": name,
            "visible": depths.visible,
            "in_flight": depths.in_flight,
            "delayed": depths.delayed,
        }));
    }
    Ok(json!({
        "base_url": base_url,
        "aws_endpoint": base_url,
        "region": REGION,
        "tables": local.cloud().template().tables.iter().map(|table| &table.name).collect::<Vec<_>>(),
        "clock": clock(local),
        "accounts": accounts,
        "queues": queues,
    }))
}

/// Both clocks: `domain` is what everything that is due, paused or promised goes by, `real` what
/// signatures go by.
pub(crate) fn clock(local: &Local) -> Value {
    json!({
        "domain": instant(local.now()),
        "real": instant(local.wall()),
        "ahead_ms": local.cloud().clock().offset_ms(),
    })
}

async fn account(local: &Local, sample: &SampleAccount) -> Result<Value, LocalError> {
    let store = local.admin_store();
    let Some((account, directory)) = store.account(&sample.account).await? else {
        return Ok(json!({"id": sample.account, "deleted": true}));
    };
    let revision = store.current_revision(&sample.account, &sample.bot).await?.unwrap_or(0);
    let bot = store.revision(&sample.account, &sample.bot, revision).await?;
    let entries = store.faq(&sample.account, &sample.bot).await?.entries;
    let knows: Vec<&str> = entries.iter().map(|entry| entry.value.question.as_str()).collect();
    let inbox = |sample: &SampleInbox| {
        json!({
            "id": sample.inbox.id,
            "name": sample.inbox.name,
            "provider": sample.inbox.provider,
            "channel": sample.inbox.channel,
            "webhook_url": sample.webhook_url(local.public_url()),
            "settings": sample.inbox.settings,
            "secret_name": sample.secret_name,
            "secret": sample.secret,
        })
    };
    Ok(json!({
        "id": account.id,
        "name": account.name,
        "api_key": sample.api_key,
        "labs": account.labs,
        "inboxes": sample.inboxes().map(inbox),
        "staff": directory.staff,
        "teams": directory.teams,
        "bot": bot.map(|bot| bot.bot),
        "revision": revision,
        "bot_knows": knows,
    }))
}

/// Everything that went to the world outside, in order.
pub(crate) fn outbox(local: &Local) -> Value {
    Value::Array(local.cloud().recorder().requests().iter().map(sent).collect())
}

fn sent(request: &RecordedRequest) -> Value {
    let at = instant(Timestamp::from_ms(request.at_ms));
    if let Some(to) = request.url.strip_prefix("mailto:") {
        return json!({
            "sequence": request.sequence,
            "at": at,
            "kind": "email",
            "to": to.split(',').collect::<Vec<_>>(),
            "from": request.header("from"),
            "subject": request.header("subject"),
            "text": request.body,
        });
    }
    let headers: BTreeMap<&str, &str> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let content_type = request.header("content-type").unwrap_or_default();
    // Forms and JSON are shown read, too: that is how one looks at them.
    let fields = if content_type.starts_with("application/x-www-form-urlencoded") {
        let fields = form_urlencoded::parse(request.body.as_bytes());
        Value::Object(
            fields.map(|(name, value)| (name.into_owned(), Value::from(value))).collect::<Map<_, _>>(),
        )
    } else {
        serde_json::from_str(&request.body).unwrap_or_default()
    };
    json!({
        "sequence": request.sequence,
        "at": at,
        "kind": "http",
        "method": request.method,
        "url": request.url,
        "headers": headers,
        "fields": fields,
        "body": request.body,
    })
}

/// What every account has in quarantine.
pub(crate) async fn quarantine(local: &Local) -> Result<Value, LocalError> {
    let store = local.admin_store();
    let mut shown = Vec::new();
    for account in store.accounts().await? {
        for item in store.quarantine(&account).await? {
            shown.push(put_aside(&account, &item));
        }
    }
    Ok(Value::Array(shown))
}

fn put_aside(account: &AccountId, item: &QuarantineItem) -> Value {
    json!({
        "account": account,
        "id": item.id,
        "at": instant(item.at),
        "source": item.source,
        "reason": item.reason,
        "inbox": item.inbox,
        "conversation": item.conversation,
    })
}

/// Whose something in quarantine is.
pub(crate) async fn owner_of_quarantined(
    local: &Local,
    id: &EventId,
) -> Result<Option<(AccountId, QuarantineItem)>, LocalError> {
    let store = local.admin_store();
    for account in store.accounts().await? {
        if let Some(item) = store.quarantined(&account, id.as_str()).await? {
            return Ok(Some((account, item)));
        }
    }
    Ok(None)
}

/// Something in quarantine with the thing itself.
pub(crate) fn quarantined(account: &AccountId, item: &QuarantineItem) -> Value {
    let mut shown = put_aside(account, item);
    if let Some(members) = shown.as_object_mut() {
        members.insert("body".to_owned(), json!(item.body));
    }
    shown
}

/// An instant for people and programs.
pub(crate) fn instant(at: Timestamp) -> Value {
    jiff::Timestamp::from_millisecond(at.as_ms()).map_or(Value::Null, |at| Value::String(format!("{at:.3}")))
}

/// The same document with its instants, which stored types keep as milliseconds in members called `at`,
/// `..._at`, `since` or `..._since`, made readable.
fn readable(value: Value) -> Value {
    let is_instant = |name: &str| ["at", "since"].contains(&name.rsplit('_').next().unwrap_or_default());
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| match value.as_i64() {
                Some(ms) if is_instant(&name) => (name, instant(Timestamp::from_ms(ms))),
                Some(_) | None => (name, readable(value)),
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(readable).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_become_readable_wherever_they_stand_and_nothing_else_does() {
        let stored = json!({
            "control": {"human": {"returns": {"at": 1_795_348_800_123_i64}, "urgency": 1}},
            "promises": [{"due_at": 1_795_348_800_000_i64, "sequence": 2}],
            "control_since": null,
            "bot_messages": {"day": 20779},
        });
        let expected = json!({
            "control": {"human": {"returns": {"at": "2026-11-22T12:00:00.123Z"}, "urgency": 1}},
            "promises": [{"due_at": "2026-11-22T12:00:00.000Z", "sequence": 2}],
            "control_since": null,
            "bot_messages": {"day": 20779},
        });
        assert_eq!(readable(stored), expected);
    }
}
