//! Inboxes. Their secrets go in and never come out.

use std::collections::BTreeMap;

use handover_aws::store::{StoredInbox, Versioned};
use handover_core::{BotId, Channel, Inbox, InboxId, Provider};
use handover_providers::{Secrets, Settings, check_fields, set_up_steps};
use serde::{Deserialize, Serialize};

use crate::{
    Api, broken,
    http::{Answer, Call, Items},
    problem::{Answered, Problem},
    staff::check_name,
};

/// An inbox as callers set it.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "InboxSettings"))]
pub(crate) struct Wanted {
    #[cfg_attr(test, schemars(length(min = 1, max = handover_core::MAX_NAME_CHARS)))]
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

/// A row of the list of inboxes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InboxRow {
    id: InboxId,
    name: String,
    provider: Provider,
    channel: Channel,
    bot: Option<BotId>,
}

/// An inbox with what has to be done at its provider; of secrets only the names.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Inbox"))]
pub(crate) struct Shown {
    id: InboxId,
    name: String,
    provider: Provider,
    channel: Channel,
    bot: Option<BotId>,
    unknown_sender_is_human: bool,
    settings: Settings,
    /// The secrets that have a value.
    secret_names: Vec<String>,
    /// Those of them whose old value is still valid beside the new one.
    rotating: Vec<String>,
    /// Where the provider delivers what clients write.
    webhook_url: String,
    /// What to do at the provider.
    set_up_steps: Vec<ShownStep>,
}

/// A step at the provider.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShownStep {
    what: String,
    /// What to copy there.
    value: Option<String>,
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let mut items = Vec::new();
    for id in call.store().inboxes(call.account()).await? {
        if let Some(found) = call.store().inbox_settings(call.account(), &id).await? {
            let inbox = found.value.inbox;
            items.push(InboxRow {
                id: inbox.id,
                name: inbox.name,
                provider: inbox.provider,
                channel: inbox.channel,
                bot: inbox.bot,
            });
        }
    }
    Ok(Answer::ok(&Items { items }))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = call.app.inbox_key.new_id(call.new_bytes()?);
    let wanted: Wanted = call.json()?;
    if call.done_before().await? {
        return show(call, &id).await;
    }
    let (inbox, secrets) = checked(call, id.clone(), wanted, Secrets::new()).await?;
    let stored = sealed(call.app, inbox, &secrets)?;
    match call.store().edit_inbox(&call.edit(None), &stored).await? {
        Some(version) => Ok(Answer::created(&shown(call, stored.inbox, &secrets)).version(version)),
        // The same request at the same time.
        None => {
            call.done_before().await?;
            show(call, &id).await
        }
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
    let secrets = open(call.app, &found.value)?;
    Ok(Answer::ok(&shown(call, found.value.inbox, &secrets)).version(found.version))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: InboxId = call.id("inbox")?;
    let known = find(call, &id).await?.value;
    let seen = call.if_match()?;
    let wanted: Wanted = call.json()?;
    if wanted.provider != known.inbox.provider {
        return Err(Problem::field("provider", "cannot be changed; make another inbox"));
    }
    let given = wanted.secrets.clone();
    let (inbox, secrets) = checked(call, id.clone(), wanted, open(call.app, &known)?).await?;
    let stored = sealed(call.app, inbox, &secrets)?;
    if let Some(version) = call.store().edit_inbox(&call.edit(Some(seen)), &stored).await? {
        return Ok(Answer::ok(&shown(call, stored.inbox, &secrets)).version(version));
    }
    // This very request may have come first, and its answer got lost.
    let found = find(call, &id).await?;
    let secrets = open(call.app, &found.value)?;
    let same = given.iter().all(|(name, value)| secrets.newest(name) == Some(value));
    if same && found.value.inbox == stored.inbox {
        return Ok(Answer::ok(&shown(call, found.value.inbox, &secrets)).version(found.version));
    }
    Err(Problem::changed())
}

/// Ends the old value of a secret that has two: the provider signs with the new one now.
pub(crate) async fn retire_secret(call: &Call<'_>) -> Answered {
    let id: InboxId = call.id("inbox")?;
    let found = find(call, &id).await?;
    let name: String = call.id("secret")?;
    let mut secrets = open(call.app, &found.value)?;
    let seen = call.if_match()?;
    match secrets.live(&name).len() {
        0 => return Err(Problem::not_found()),
        // Done before, by somebody who wanted the same.
        1 => return Ok(Answer::ok(&shown(call, found.value.inbox, &secrets)).version(found.version)),
        _ => {}
    }
    secrets.retire_old(&name);
    let stored = sealed(call.app, found.value.inbox, &secrets)?;
    let version = call.store().edit_inbox(&call.edit(Some(seen)), &stored).await?;
    let version = version.ok_or_else(Problem::changed)?;
    Ok(Answer::ok(&shown(call, stored.inbox, &secrets)).version(version))
}

/// The inbox as it is wanted, with all its secrets.
async fn checked(
    call: &Call<'_>,
    id: InboxId,
    wanted: Wanted,
    mut secrets: Secrets,
) -> Result<(Inbox, Secrets), Problem> {
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
    let inbox = Inbox {
        id,
        account: call.account().clone(),
        name: wanted.name,
        provider: wanted.provider,
        channel: wanted.channel,
        bot: wanted.bot,
        unknown_sender_is_human: wanted.unknown_sender_is_human,
        settings: wanted.settings,
    };
    Ok((inbox, secrets))
}

/// The inbox ready to be stored.
fn sealed(api: &Api, inbox: Inbox, secrets: &Secrets) -> Result<StoredInbox, Problem> {
    let owner = [inbox.account.as_str(), inbox.id.as_str()];
    let plain = serde_json::to_string(secrets).map_err(|_| broken("secrets cannot be encoded"))?;
    let sealed = api.sealer.seal(&plain, &owner, api.random.bytes())?;
    Ok(StoredInbox { inbox, sealed: Some(sealed) })
}

/// An inbox's secrets.
pub(crate) fn open(api: &Api, stored: &StoredInbox) -> Result<Secrets, Problem> {
    let Some(sealed) = &stored.sealed else { return Ok(Secrets::new()) };
    let owner = [stored.inbox.account.as_str(), stored.inbox.id.as_str()];
    let plain = api.sealer.open(sealed, &owner)?;
    serde_json::from_str(&plain).map_err(|_| broken("inbox secrets cannot be read"))
}

/// Where a provider delivers what comes in at an inbox.
pub(crate) fn webhook_url(api: &Api, inbox: &InboxId) -> String {
    format!("{}/webhooks/{inbox}", api.public_url)
}

fn shown(call: &Call<'_>, inbox: Inbox, secrets: &Secrets) -> Shown {
    let webhook_url = webhook_url(call.app, &inbox.id);
    let steps = set_up_steps(inbox.provider, &webhook_url).into_iter();
    let names = || secrets.names().map(str::to_owned);
    Shown {
        set_up_steps: steps.map(|step| ShownStep { what: step.what, value: step.value }).collect(),
        secret_names: names().collect(),
        rotating: names().filter(|name| secrets.live(name).len() > 1).collect(),
        id: inbox.id,
        name: inbox.name,
        provider: inbox.provider,
        channel: inbox.channel,
        bot: inbox.bot,
        unknown_sender_is_human: inbox.unknown_sender_is_human,
        settings: inbox.settings,
        webhook_url,
    }
}
