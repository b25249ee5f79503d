//! Inboxes. Their secrets go in and never come out.

use std::collections::BTreeMap;

use handover_aws::store::{StoredInbox, Versioned};
use handover_core::{BotId, Channel, Inbox, InboxId, Provider};
use handover_providers::{Secrets, Settings, check_fields, set_up_steps};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    broken,
    http::{Answer, Call},
    problem::{Answered, Problem},
    staff::check_name,
};

/// An inbox as callers set it.
#[derive(Debug, Deserialize)]
struct Wanted {
    name: String,
    provider: Provider,
    channel: Channel,
    #[serde(default)]
    bot: Option<BotId>,
    #[serde(default)]
    unknown_sender_is_human: bool,
    #[serde(default)]
    settings: Settings,
    /// New values, by name. Each takes the place of the value before, which stays valid until the next.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let mut items = Vec::new();
    for id in call.store().inboxes(call.account()).await? {
        if let Some(found) = call.store().inbox_settings(call.account(), &id).await? {
            let inbox = found.value.inbox;
            items.push(json!({
                "id": inbox.id,
                "name": inbox.name,
                "provider": inbox.provider,
                "channel": inbox.channel,
                "bot": inbox.bot,
            }));
        }
    }
    Ok(Answer::ok(json!({"items": items})))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = call.app.inbox_key.new_id(call.new_bytes()?);
    let wanted: Wanted = call.json()?;
    let (stored, names) = checked(call, id.clone(), wanted, Secrets::new()).await?;
    match call.store().edit_inbox(&call.edit(None), &stored).await? {
        Some(version) => Ok(Answer::created(shown(call, &stored.inbox, &names)).version(version)),
        // The same idempotency key: it was made before.
        None => show(call, &id).await,
    }
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    show(call, &call.id("inbox")?).await
}

async fn find(call: &Call<'_>, id: &InboxId) -> Result<Versioned<StoredInbox>, Problem> {
    call.store().inbox_settings(call.account(), id).await?.ok_or_else(Problem::not_found)
}

async fn show(call: &Call<'_>, id: &InboxId) -> Answered {
    let found = find(call, id).await?;
    let names = names(&open(call, &found.value)?);
    Ok(Answer::ok(shown(call, &found.value.inbox, &names)).version(found.version))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: InboxId = call.id("inbox")?;
    let known = find(call, &id).await?.value;
    let seen = call.if_match()?;
    let wanted: Wanted = call.json()?;
    if wanted.provider != known.inbox.provider {
        return Err(Problem::field("provider", "cannot be changed; make another inbox"));
    }
    let (stored, names) = checked(call, id, wanted, open(call, &known)?).await?;
    let version = call.store().edit_inbox(&call.edit(Some(seen)), &stored).await?;
    Ok(Answer::ok(shown(call, &stored.inbox, &names)).version(version.ok_or_else(Problem::changed)?))
}

/// The inbox ready to be stored, and the names of its secrets.
async fn checked(
    call: &Call<'_>,
    id: InboxId,
    wanted: Wanted,
    mut secrets: Secrets,
) -> Result<(StoredInbox, Vec<String>), Problem> {
    check_name(&wanted.name)?;
    if let Some(bot) = &wanted.bot
        && call.store().bot_settings(call.account(), bot).await?.is_none()
    {
        return Err(Problem::field("bot", "there is no such bot"));
    }
    for (name, value) in wanted.secrets {
        secrets.rotate_in(&name, value);
    }
    let problems = check_fields(wanted.provider, &wanted.settings, &secrets);
    if !problems.is_empty() {
        return Err(Problem::invalid(problems));
    }
    let owner = [call.account().as_str(), id.as_str()];
    let plain = serde_json::to_string(&secrets).map_err(|_| broken("secrets cannot be encoded"))?;
    let sealed = call.app.sealer.seal(&plain, &owner, call.app.random.bytes())?;
    let inbox = Inbox {
        id: id.clone(),
        account: call.account().clone(),
        name: wanted.name,
        provider: wanted.provider,
        channel: wanted.channel,
        bot: wanted.bot,
        unknown_sender_is_human: wanted.unknown_sender_is_human,
        settings: wanted.settings,
    };
    Ok((StoredInbox { inbox, sealed: Some(sealed) }, names(&secrets)))
}

fn open(call: &Call<'_>, stored: &StoredInbox) -> Result<Secrets, Problem> {
    let Some(sealed) = &stored.sealed else { return Ok(Secrets::new()) };
    let owner = [stored.inbox.account.as_str(), stored.inbox.id.as_str()];
    let plain = call.app.sealer.open(sealed, &owner)?;
    serde_json::from_str(&plain).map_err(|_| broken("inbox secrets cannot be read"))
}

fn names(secrets: &Secrets) -> Vec<String> {
    secrets.names().map(str::to_owned).collect()
}

/// An inbox with what has to be done at its provider; of secrets only the names.
fn shown(call: &Call<'_>, inbox: &Inbox, secrets: &[String]) -> Value {
    let webhook_url = format!("{}/webhooks/{}", call.app.public_url, inbox.id);
    let steps = set_up_steps(inbox.provider, &webhook_url);
    let steps: Vec<Value> =
        steps.iter().map(|step| json!({"what": step.what, "value": step.value})).collect();
    json!({
        "id": inbox.id,
        "name": inbox.name,
        "provider": inbox.provider,
        "channel": inbox.channel,
        "bot": inbox.bot,
        "unknown_sender_is_human": inbox.unknown_sender_is_human,
        "settings": inbox.settings,
        "secret_names": secrets,
        "webhook_url": webhook_url,
        "set_up_steps": steps,
    })
}
