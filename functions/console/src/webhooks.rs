//! The addresses at which an account's own automations listen, and who could not be reached of late.

use data_encoding::BASE64;
use handover_aws::store::{Recipient, StoredWebhook, Versioned};
use handover_core::{Announcement, Timestamp, Webhook, WebhookId};
use serde::Serialize;

use crate::{
    http::{Answer, Call, Items},
    problem::{Answered, Problem},
    staff::directory,
};

/// Addresses that one account may have: every event goes to each of them.
const MAX_WEBHOOKS: usize = 10;

/// A webhook as it was made.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MadeWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// What its calls are signed with (Standard Webhooks): in this answer and nowhere else.
    secret: String,
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    Ok(Answer::ok(&Items { items: directory(call).await?.webhooks }))
}

/// A new address. Its signing secret is in this answer and nowhere else.
pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = WebhookId::from_random(call.new_bytes()?);
    let webhook: Webhook = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        return made_before(call, &id).await;
    }
    webhook.validate().map_err(Problem::invalid)?;
    if directory(call).await?.webhooks.len() >= MAX_WEBHOOKS {
        let detail = format!("an account has at most {MAX_WEBHOOKS}; remove one first");
        return Err(Problem::conflict("too_many", "There are enough webhooks", &detail));
    }
    let secret = format!("whsec_{}", BASE64.encode(&call.app.random.bytes::<32>()));
    let owner = [call.account().as_str(), id.as_str()];
    let sealed = call.app.sealer.seal(&secret, &owner, call.app.random.bytes())?;
    let stored = StoredWebhook { webhook, sealed };
    match call.store().edit_webhook(&call.edit(None), &stored).await? {
        Some(version) => {
            Ok(Answer::created(&MadeWebhook { webhook: stored.webhook, secret }).version(version))
        }
        None => {
            call.done_before().await?;
            made_before(call, &id).await
        }
    }
}

/// The same answer again, for a caller who has not had it.
async fn made_before(call: &Call<'_>, id: &WebhookId) -> Answered {
    let found = find(call, id).await?;
    let owner = [call.account().as_str(), id.as_str()];
    let secret = call.app.sealer.open(&found.value.sealed, &owner)?;
    Ok(Answer::ok(&MadeWebhook { webhook: found.value.webhook, secret }).version(found.version))
}

async fn find(call: &Call<'_>, id: &WebhookId) -> Result<Versioned<StoredWebhook>, Problem> {
    call.store().webhook_settings(call.account(), id).await?.ok_or_else(Problem::not_found)
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    let found = find(call, &call.id("webhook")?).await?;
    Ok(Answer::ok(&found.value.webhook).version(found.version))
}

/// Another address or other events; the secret stays.
pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: WebhookId = call.id("webhook")?;
    let sealed = find(call, &id).await?.value.sealed;
    let seen = call.if_match()?;
    let webhook: Webhook = call.json_with(&[("id", id.as_str())])?;
    webhook.validate().map_err(Problem::invalid)?;
    let stored = StoredWebhook { webhook, sealed };
    let version = call.store().edit_webhook(&call.edit(Some(seen)), &stored).await?;
    let now = async || {
        let found = call.store().webhook_settings(call.account(), &id).await?;
        Ok(found.map(|found| Versioned { value: found.value.webhook, version: found.version }))
    };
    call.replaced(stored.webhook, version, now).await
}

pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let id: WebhookId = call.id("webhook")?;
    let known = call.store().delete_webhook(&call.edit(None), &id).await?;
    if known { Ok(Answer::gone()) } else { Err(Problem::not_found()) }
}

/// What can be listened to.
pub(crate) fn events() -> Answer {
    Answer::ok(&Items { items: Announcement::ALL.to_vec() })
}

/// Somebody or something whose last try failed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Unreached {
    recipient: Recipient,
    /// Why.
    failure: Option<String>,
    at: Timestamp,
}

/// Staff members' addresses and webhooks whose last try failed, and why.
pub(crate) async fn unreached(call: &Call<'_>) -> Answered {
    let known = call.store().health(call.account()).await?;
    let failed = known.into_iter().filter(|known| known.failure.is_some());
    let items = failed
        .map(|known| Unreached { recipient: known.recipient, failure: known.failure, at: known.at })
        .collect();
    Ok(Answer::ok(&Items { items }))
}
