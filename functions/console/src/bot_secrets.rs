//! The secrets of a bot's connector: they go in and never come out. An edit is live within 30 seconds.

use data_encoding::BASE64;
use handover_aws::Failure;
use handover_core::{AccountId, BotId};
use handover_providers::{Secrets, is_signing_secret};
use serde::{Deserialize, Serialize};

use crate::{
    Api, broken,
    faq::bot,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// The secrets that connectors know.
const SECRET_NAMES: [&str; 2] = ["api_key", "signing_secret"];
/// Bytes of one secret.
const MAX_SECRET_BYTES: usize = 4_096;

/// The secrets of a bot's connector, opened, in their version.
pub(crate) async fn open(
    api: &Api,
    account: &AccountId,
    bot: &BotId,
) -> Result<(Secrets, Option<u64>), Failure> {
    let Some(sealed) = api.processor.store().bot_secrets(account, bot, true).await? else {
        return Ok((Secrets::new(), None));
    };
    let plain = api.sealer.open(&sealed.value, &[account.as_str(), bot.as_str()])?;
    let broken = |_| Failure::quarantine("connector secrets cannot be read");
    Ok((serde_json::from_str(&plain).map_err(broken)?, Some(sealed.version)))
}

/// The secrets that a bot's connector has.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SecretNames {
    items: Vec<SecretName>,
    /// The value that was made: in this answer and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// A secret, without its values.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SecretName {
    name: String,
    /// How many of its values are valid: two while they are exchanged.
    live: usize,
}

fn names(secrets: &Secrets) -> SecretNames {
    let live = |name: &str| SecretName { name: name.to_owned(), live: secrets.live(name).len() };
    SecretNames { items: secrets.names().map(live).collect(), value: None }
}

/// The names of the secrets that a bot's connector has.
pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let (secrets, version) = open(call.app, call.account(), &bot).await?;
    Ok(Answer::ok(names(&secrets)).version(version.unwrap_or(0)))
}

/// A new value of a connector's secret.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NewSecret {
    /// `api_key` or `signing_secret`.
    name: String,
    /// None: one is made and shown this once.
    #[serde(default)]
    value: Option<String>,
}

/// A new value of a connector's secret; the one before stays valid until the next.
pub(crate) async fn set(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let NewSecret { name, value } = call.json()?;
    if !SECRET_NAMES.contains(&name.as_str()) {
        return Err(Problem::field("name", format!("must be one of {}", SECRET_NAMES.join(", "))));
    }
    let makes = value.is_none();
    if call.done_before().await? {
        let (secrets, _) = open(call.app, call.account(), &bot).await?;
        if makes {
            // Only its first answer could say it; what is newest now may be another's.
            let detail = "what it made is not shown again: make another value with a new key";
            return Err(Problem::conflict("made_before", "This request has made a value already", detail));
        }
        return Ok(Answer::ok(names(&secrets)));
    }
    let value = match value {
        Some(value) => value,
        None if name == "signing_secret" => {
            format!("whsec_{}", BASE64.encode(&call.app.random.bytes::<32>()))
        }
        None => return Err(Problem::field("value", "is needed")),
    };
    if name == "signing_secret" && !is_signing_secret(&value) {
        return Err(Problem::field("value", "must be whsec_ and the base64 of at least 24 bytes"));
    }
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.is_empty() || value.len() > MAX_SECRET_BYTES || !visible {
        let message = format!("must be 1 to {MAX_SECRET_BYTES} visible ASCII characters");
        return Err(Problem::field("value", message));
    }
    let (mut secrets, seen) = open(call.app, call.account(), &bot).await?;
    secrets.rotate_in(&name, value.clone());
    keep(call, &bot, &secrets, seen).await?.ok_or_else(Problem::unavailable)?;
    Ok(Answer::created(SecretNames { value: makes.then_some(value), ..names(&secrets) }))
}

/// Ends the old value of a secret that has two: the bot checks with the new one now.
pub(crate) async fn retire(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let name: String = call.id("secret")?;
    let (mut secrets, version) = open(call.app, call.account(), &bot).await?;
    let known = version.ok_or_else(Problem::not_found)?;
    let seen = call.if_match()?;
    match secrets.live(&name).len() {
        0 => return Err(Problem::not_found()),
        // Done before, by somebody who wanted the same.
        1 => return Ok(Answer::ok(names(&secrets)).version(known)),
        _ => {}
    }
    secrets.retire_old(&name);
    let version = keep(call, &bot, &secrets, Some(seen)).await?.ok_or_else(Problem::changed)?;
    Ok(Answer::ok(names(&secrets)).version(version))
}

/// Keeps a bot's secrets, sealed; none when somebody else has changed them since.
async fn keep(
    call: &Call<'_>,
    bot: &BotId,
    secrets: &Secrets,
    seen: Option<u64>,
) -> Result<Option<u64>, Problem> {
    let plain = serde_json::to_string(secrets).map_err(|_| broken("secrets cannot be encoded"))?;
    let owner = [call.account().as_str(), bot.as_str()];
    let sealed = call.app.sealer.seal(&plain, &owner, call.app.random.bytes())?;
    Ok(call.store().edit_bot_secrets(&call.edit(seen), bot, sealed).await?)
}
