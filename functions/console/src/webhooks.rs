//! The addresses at which an account's own automations listen, and who could not be reached of late.

use data_encoding::BASE64;
use handover_core::{Announcement, Webhook, WebhookId};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Call},
    problem::{Answered, Problem},
    staff::directory,
};

/// Addresses that one account may have: every event goes to each of them.
const MAX_WEBHOOKS: usize = 10;

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    Ok(Answer::ok(json!({"items": directory(call).await?.webhooks})))
}

/// A new address. Its signing secret is in this answer and nowhere else.
pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = WebhookId::from_random(call.new_bytes()?);
    let webhook: Webhook = call.json_with(&[("id", id.as_str())])?;
    webhook.validate().map_err(Problem::invalid)?;
    let known = directory(call).await?.webhooks;
    if known.len() >= MAX_WEBHOOKS && known.iter().all(|known| known.id != id) {
        let detail = format!("an account has at most {MAX_WEBHOOKS}; remove one first");
        return Err(Problem::conflict("too_many", "There are enough webhooks", &detail));
    }
    let secret = format!("whsec_{}", BASE64.encode(&call.app.random.bytes::<32>()));
    let owner = [call.account().as_str(), id.as_str()];
    let sealed = call.app.sealer.seal(&secret, &owner, call.app.random.bytes())?;
    call.store().put_webhook(call.account(), &webhook, sealed).await?;
    let mut shown = json!(webhook);
    if let Some(members) = shown.as_object_mut() {
        members.insert("secret".to_owned(), json!(secret));
    }
    Ok(Answer::created(shown))
}

pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let id: WebhookId = call.id("webhook")?;
    if directory(call).await?.webhooks.iter().all(|known| known.id != id) {
        return Err(Problem::not_found());
    }
    call.store().delete_webhook(call.account(), &id).await?;
    Ok(Answer::gone())
}

/// What can be listened to.
pub(crate) fn events() -> Answer {
    Answer::ok(json!({"items": Announcement::ALL}))
}

/// Staff members' addresses and webhooks whose last try failed, and why.
pub(crate) async fn unreached(call: &Call<'_>) -> Answered {
    let known = call.store().health(call.account()).await?;
    let failed = known.iter().filter(|known| known.failure.is_some());
    let items: Vec<Value> = failed
        .map(|known| json!({"recipient": known.recipient, "failure": known.failure, "at": known.at}))
        .collect();
    Ok(Answer::ok(json!({"items": items})))
}
