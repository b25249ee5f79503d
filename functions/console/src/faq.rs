//! What a built-in bot knows, and the secrets of a bot's connector. An edit is live within 30 seconds.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use handover_aws::{
    Knowledge,
    store::{FaqChange, Versioned},
};
use handover_core::{BotId, FaqEntry, FaqId, MAX_FAQ_ENTRIES, Permille, Problem as FieldProblem};
use handover_providers::Secrets;
use http::header;
use serde::{Deserialize, Serialize};

use crate::{
    broken, faq_table,
    http::{Answer, Call, Items, Order, Paged},
    problem::{Answered, Problem},
};

/// The secrets that connectors know.
const SECRET_NAMES: [&str; 2] = ["api_key", "signing_secret"];
/// Bytes of one secret.
const MAX_SECRET_BYTES: usize = 4_096;
/// Characters of a text to try.
const MAX_TRIED_CHARS: usize = 4_000;

/// The bot of the path, which must be there.
async fn bot(call: &Call<'_>) -> Result<BotId, Problem> {
    let id: BotId = call.id("bot")?;
    match call.store().current_revision(call.account(), &id).await? {
        Some(_) => Ok(id),
        None => Err(Problem::not_found()),
    }
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let entries = call.store().faq(call.account(), &bot).await?;
    let entries = entries.into_iter().map(|entry| entry.value).collect();
    let place = |entry: &FaqEntry| entry.id.to_string();
    let (items, next) = call.page(entries, Order::OldestFirst, place)?;
    Ok(Answer::ok(Paged { items, next }))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let id = FaqId::from_random(call.new_bytes()?);
    let entry: FaqEntry = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        let made = call.store().faq_entry(call.account(), &bot, &id).await?;
        return made.map(|made| shown(&made)).ok_or_else(Problem::not_found);
    }
    entry.validate().map_err(Problem::invalid)?;
    check_count(call.store().faq(call.account(), &bot).await?.len() + 1)?;
    change(call, &bot, &[FaqChange::Put(entry.clone(), 1)]).await?;
    Ok(Answer::created(entry).version(1))
}

fn check_count(count: usize) -> Result<(), Problem> {
    if count <= MAX_FAQ_ENTRIES {
        return Ok(());
    }
    let detail = format!("a bot has at most {MAX_FAQ_ENTRIES}, and this would make {count}");
    Err(Problem::conflict("too_many", "There are enough entries", &detail))
}

async fn change(call: &Call<'_>, bot: &BotId, changes: &[FaqChange]) -> Result<(), Problem> {
    if call.store().edit_faq(&call.edit(None), bot, changes).await? {
        return Ok(());
    }
    Err(Problem::unavailable())
}

fn shown(entry: &Versioned<FaqEntry>) -> Answer {
    Answer::ok(&entry.value).version(entry.version)
}

async fn find(call: &Call<'_>, bot: &BotId) -> Result<Versioned<FaqEntry>, Problem> {
    let id: FaqId = call.id("entry")?;
    call.store().faq_entry(call.account(), bot, &id).await?.ok_or_else(Problem::not_found)
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    Ok(shown(&find(call, &bot).await?))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let known = find(call, &bot).await?;
    let seen = call.if_match()?;
    let entry: FaqEntry = call.json_with(&[("id", known.value.id.as_str())])?;
    entry.validate().map_err(Problem::invalid)?;
    let version = seen.saturating_add(1);
    let put = [FaqChange::Put(entry.clone(), version)];
    let edited = seen == known.version && call.store().edit_faq(&call.edit(Some(seen)), &bot, &put).await?;
    let now = async || call.store().faq_entry(call.account(), &bot, &entry.id).await;
    call.replaced(entry.clone(), edited.then_some(version), now).await
}

pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let known = find(call, &bot).await?;
    change(call, &bot, &[FaqChange::Remove(known.value.id)]).await?;
    Ok(Answer::gone())
}

/// An entry of an import; without an id it has the one that follows from its question.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ImportedEntry"))]
struct Imported {
    #[serde(default)]
    id: Option<FaqId>,
    #[cfg_attr(test, schemars(length(min = 1, max = handover_core::MAX_QUESTION_CHARS)))]
    question: String,
    #[serde(default)]
    #[cfg_attr(test, schemars(length(max = handover_core::MAX_ALTERNATIVES)))]
    alternatives: Vec<String>,
    #[cfg_attr(test, schemars(length(min = 1, max = handover_core::MAX_MESSAGE_CHARS)))]
    answer: String,
}

/// Entries to be added or replaced.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Import {
    items: Vec<Imported>,
}

/// What an import has changed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ImportResult"))]
pub(crate) struct ImportDone {
    /// Entries that are new or other than before.
    changed: usize,
    removed: usize,
    /// Entries since.
    entries: usize,
}

/// Adds and replaces entries from CSV or JSON; with `replace=true` what is not in it goes. The same
/// import made twice is made once.
pub(crate) async fn import(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let kind = call.request.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let entries = if kind.starts_with("text/csv") {
        faq_table::faq_from_csv(&bot, &call.request.body).map_err(Problem::invalid)?
    } else {
        from_json(call, &bot)?
    };
    let replaces = match call.query("replace") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("replace", "must be true or false")),
    };
    // Of two with one id the later stands.
    let wanted: BTreeMap<FaqId, FaqEntry> =
        entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
    let known: BTreeMap<FaqId, Versioned<FaqEntry>> = call
        .store()
        .faq(call.account(), &bot)
        .await?
        .into_iter()
        .map(|entry| (entry.value.id.clone(), entry))
        .collect();
    if call.done_before().await? {
        return Ok(Answer::ok(ImportDone { changed: 0, removed: 0, entries: known.len() }));
    }
    let gone: Vec<FaqId> = known.keys().filter(|id| replaces && !wanted.contains_key(*id)).cloned().collect();
    let ids: BTreeSet<&FaqId> = known.keys().chain(wanted.keys()).collect();
    let count = ids.len() - gone.len();
    check_count(count)?;
    let put: Vec<FaqChange> = wanted
        .into_iter()
        .filter_map(|(id, entry)| match known.get(&id) {
            Some(known) if known.value == entry => None,
            Some(known) => Some(FaqChange::Put(entry, known.version.saturating_add(1))),
            None => Some(FaqChange::Put(entry, 1)),
        })
        .collect();
    let (put_count, removed) = (put.len(), gone.len());
    let changes: Vec<FaqChange> = put.into_iter().chain(gone.into_iter().map(FaqChange::Remove)).collect();
    change(call, &bot, &changes).await?;
    Ok(Answer::ok(ImportDone { changed: put_count, removed, entries: count }))
}

fn from_json(call: &Call<'_>, bot: &BotId) -> Result<Vec<FaqEntry>, Problem> {
    let Import { items } = call.json()?;
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let Imported { id, question, alternatives, answer } = item;
        let id = id.unwrap_or_else(|| FaqId::of(bot, &question));
        let entry = FaqEntry { id, question, alternatives, answer };
        let found = entry.validate().err().unwrap_or_default();
        problems.extend(found.into_iter().map(|problem| FieldProblem {
            field: format!("items[{index}].{}", problem.field),
            message: problem.message,
        }));
        entries.push(entry);
    }
    if problems.is_empty() { Ok(entries) } else { Err(Problem::invalid(problems)) }
}

/// Every entry, as an import takes it.
pub(crate) async fn export(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let entries = call.store().faq(call.account(), &bot).await?;
    let entries: Vec<FaqEntry> = entries.into_iter().map(|entry| entry.value).collect();
    match call.query("format") {
        None | Some("json") => Ok(Answer::ok(Items { items: entries })),
        Some("csv") => Ok(Answer::text("text/csv; charset=utf-8", faq_table::to_csv(&entries))),
        Some(_) => Err(Problem::field("format", "must be json or csv")),
    }
}

/// A text to try.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TriedText"))]
pub(crate) struct Tried {
    #[cfg_attr(test, schemars(length(max = MAX_TRIED_CHARS)))]
    text: String,
}

/// An entry with how well it answers a text.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Scored {
    /// 0 to 1000.
    score: Permille,
    entry: FaqEntry,
}

/// What the entries have to say to a text, with their scores: why the bot answered as it did.
pub(crate) async fn tried(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let Tried { text } = call.json()?;
    if text.chars().count() > MAX_TRIED_CHARS {
        return Err(Problem::field("text", format!("must have at most {MAX_TRIED_CHARS} characters")));
    }
    let entries = call.store().faq(call.account(), &bot).await?;
    let knowledge = Knowledge::new(entries.into_iter().map(|entry| entry.value).collect());
    let best = knowledge.best(&text).into_iter().take(5);
    let items = best.map(|(entry, score)| Scored { score, entry: entry.clone() }).collect();
    Ok(Answer::ok(Items { items }))
}

async fn open_secrets(call: &Call<'_>, bot: &BotId) -> Result<(Secrets, Option<u64>), Problem> {
    let Some(sealed) = call.store().bot_secrets(call.account(), bot, true).await? else {
        return Ok((Secrets::new(), None));
    };
    let plain = call.app.sealer.open(&sealed.value, &[call.account().as_str(), bot.as_str()])?;
    let secrets = serde_json::from_str(&plain).map_err(|_| broken("connector secrets cannot be read"))?;
    Ok((secrets, Some(sealed.version)))
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
pub(crate) async fn secrets(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    Ok(Answer::ok(names(&open_secrets(call, &bot).await?.0)))
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
pub(crate) async fn set_secret(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let NewSecret { name, value } = call.json()?;
    if !SECRET_NAMES.contains(&name.as_str()) {
        return Err(Problem::field("name", format!("must be one of {}", SECRET_NAMES.join(", "))));
    }
    let makes = value.is_none();
    if call.done_before().await? {
        let (secrets, _) = open_secrets(call, &bot).await?;
        let value = secrets.newest(&name).filter(|_| makes).map(str::to_owned);
        return Ok(Answer::ok(SecretNames { value, ..names(&secrets) }));
    }
    let value = match value {
        Some(value) => value,
        None if name == "signing_secret" => {
            format!("whsec_{}", BASE64.encode(&call.app.random.bytes::<32>()))
        }
        None => return Err(Problem::field("value", "is needed")),
    };
    let signing = handover_providers::standard_webhooks_signature(&value, "id", 0, b"");
    if name == "signing_secret" && signing.is_none() {
        return Err(Problem::field("value", "must be whsec_ and base64 (Standard Webhooks)"));
    }
    let visible = value.bytes().all(|byte| byte.is_ascii_graphic());
    if value.is_empty() || value.len() > MAX_SECRET_BYTES || !visible {
        let message = format!("must be 1 to {MAX_SECRET_BYTES} visible ASCII characters");
        return Err(Problem::field("value", message));
    }
    let (mut secrets, seen) = open_secrets(call, &bot).await?;
    secrets.rotate_in(&name, value.clone());
    let plain = serde_json::to_string(&secrets).map_err(|_| broken("secrets cannot be encoded"))?;
    let owner = [call.account().as_str(), bot.as_str()];
    let sealed = call.app.sealer.seal(&plain, &owner, call.app.random.bytes())?;
    let kept = call.store().edit_bot_secrets(&call.edit(seen), &bot, sealed).await?;
    kept.ok_or_else(Problem::unavailable)?;
    Ok(Answer::created(SecretNames { value: makes.then_some(value), ..names(&secrets) }))
}
