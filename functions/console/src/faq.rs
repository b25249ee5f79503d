//! What a built-in bot knows. An edit is live within 30 seconds.

use std::collections::{BTreeMap, BTreeSet};

use handover_aws::{
    read_knowledge,
    store::{Edit, Faq, FaqChange, Versioned},
};
use handover_core::{
    BotId, FaqEntry, FaqId, MAX_FAQ_ENTRIES, Permille, Problem as FieldProblem, lower_base32,
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::{
    faq_table,
    http::{Answer, Call, Items, Order, Paged, cursor_text},
    problem::{Answered, Problem},
};

/// How often an edit of one entry is tried again when others are edited at the same time.
const EDIT_TRIES: u8 = 4;
/// Bytes of an export's part, roughly: an import takes 4 MiB, and an answer has at most 6 MB.
const MAX_EXPORT_BYTES: usize = 3 * 1024 * 1024;
/// Characters of a text to try.
const MAX_TRIED_CHARS: usize = 4_000;

/// The bot of the path, which must be there.
pub(crate) async fn bot(call: &Call<'_>) -> Result<BotId, Problem> {
    let id: BotId = call.id("bot")?;
    match call.store().current_revision(call.account(), &id).await? {
        Some(_) => Ok(id),
        None => Err(Problem::not_found()),
    }
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let entries = entries(call.store().faq(call.account(), &bot).await?);
    let place = |entry: &FaqEntry| entry.id.to_string();
    let (items, next) = call.page(entries, Order::OldestFirst, place)?;
    Ok(Answer::ok(Paged { items, next }))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let id = FaqId::from_random(call.new_bytes());
    let entry: FaqEntry = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        let made = call.store().faq_entry(call.account(), &bot, &id).await?;
        return made.map(|made| shown(&made)).ok_or_else(Problem::not_found);
    }
    entry.validate().map_err(Problem::invalid)?;
    change_one(call, &call.edit(None), &bot, None, FaqChange::Put(entry.clone(), 1)).await?;
    Ok(Answer::created(entry).version(1))
}

fn entries(faq: Faq) -> Vec<FaqEntry> {
    faq.entries.into_iter().map(|entry| entry.value).collect()
}

fn check_count(count: usize) -> Result<(), Problem> {
    if count <= MAX_FAQ_ENTRIES {
        return Ok(());
    }
    let detail = format!("a bot has at most {MAX_FAQ_ENTRIES}, and this would make {count}");
    Err(Problem::conflict("too_many", "There are enough entries", &detail))
}

/// Changes what the bot was seen to know; `false` when somebody else has changed it since.
async fn change(
    call: &Call<'_>,
    edit: &Edit<'_>,
    bot: &BotId,
    seen: &Faq,
    changes: &[FaqChange],
) -> Result<bool, Problem> {
    let generation = lower_base32(&call.app.random.bytes::<8>());
    // Where the same request came first, it is done.
    Ok(call.store().edit_faq(edit, bot, seen, changes, &generation).await? || call.done_before().await?)
}

fn entries_changed() -> Problem {
    let detail = "somebody else has edited the bot's entries meanwhile, and nothing of this was done: \
                  look at the entries, and send it again";
    Problem::conflict("entries_changed", "The entries have changed meanwhile", detail)
}

/// Changes one entry that was read as `known`, or makes one. Edits of others do not get in its way.
async fn change_one(
    call: &Call<'_>,
    edit: &Edit<'_>,
    bot: &BotId,
    known: Option<&Versioned<FaqEntry>>,
    wanted: FaqChange,
) -> Result<(), Problem> {
    for _ in 0..EDIT_TRIES {
        let seen = call.store().faq(call.account(), bot).await?;
        match known {
            Some(known) if !seen.entries.contains(known) => return Err(Problem::changed()),
            Some(_) => {}
            None => check_count(seen.entries.len() + 1)?,
        }
        if change(call, edit, bot, &seen, std::slice::from_ref(&wanted)).await? {
            return Ok(());
        }
    }
    Err(entries_changed())
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
    let now = async || call.store().faq_entry(call.account(), &bot, &entry.id).await;
    let version = seen.saturating_add(1);
    let put = FaqChange::Put(entry.clone(), version);
    let made = if seen == known.version {
        change_one(call, &call.edit(Some(seen)), &bot, Some(&known), put).await
    } else {
        Err(Problem::changed())
    };
    match made {
        Ok(()) => call.replaced(entry.clone(), Some(version), now).await,
        Err(problem) if problem == Problem::changed() => call.replaced(entry.clone(), None, now).await,
        Err(problem) => Err(problem),
    }
}

pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let known = find(call, &bot).await?;
    let seen = call.if_match()?;
    if seen != known.version {
        return Err(Problem::changed());
    }
    let gone = FaqChange::Remove(known.value.id.clone());
    change_one(call, &call.edit(Some(seen)), &bot, Some(&known), gone).await?;
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
    /// As an export has it that comes in parts: each part is imported on its own.
    #[serde(default)]
    next: Option<String>,
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
    let (entries, keeps_alternatives) = match media_type(call).as_str() {
        "text/csv" => {
            let table = faq_table::read(&bot, &call.request.body).map_err(Problem::invalid)?;
            (table.entries, table.keeps_alternatives)
        }
        "" | "application/json" => (from_json(call, &bot)?, false),
        _ => return Err(unknown_type()),
    };
    let (replaces, may_empty) = (flag(call, "replace")?, flag(call, "allow_empty")?);
    let mut wanted: BTreeMap<FaqId, FaqEntry> =
        entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
    let seen = call.store().faq(call.account(), &bot).await?;
    let known: BTreeMap<&FaqId, &Versioned<FaqEntry>> =
        seen.entries.iter().map(|entry| (&entry.value.id, entry)).collect();
    for (id, entry) in wanted.iter_mut().filter(|_| keeps_alternatives) {
        entry.alternatives = known.get(id).map(|known| known.value.alternatives.clone()).unwrap_or_default();
    }
    if call.done_before().await? {
        return Ok(Answer::ok(ImportDone { changed: 0, removed: 0, entries: known.len() }));
    }
    if replaces && wanted.is_empty() && !known.is_empty() && !may_empty {
        let message = "would remove every entry, for nothing is imported: to have that, add allow_empty=true";
        return Err(Problem::field("replace", message));
    }
    let gone = known.keys().filter(|id| replaces && !wanted.contains_key(**id));
    let gone: Vec<FaqId> = gone.map(|id| FaqId::clone(id)).collect();
    let ids: BTreeSet<&FaqId> = known.keys().copied().chain(wanted.keys()).collect();
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
    if !change(call, &call.edit(None), &bot, &seen, &changes).await? {
        return Err(entries_changed());
    }
    Ok(Answer::ok(ImportDone { changed: put_count, removed, entries: count }))
}

/// The media type of the body, in lower case; empty when its sender does not say.
fn media_type(call: &Call<'_>) -> String {
    let given = call.request.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn unknown_type() -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "media_type",
        "Not in this format",
        "entries come as text/csv or as application/json: say which in Content-Type",
    )
}

/// A query parameter that is true or false, and false when it is not there.
fn flag(call: &Call<'_>, name: &str) -> Result<bool, Problem> {
    match call.query(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Problem::field(name, "must be true or false")),
    }
}

fn from_json(call: &Call<'_>, bot: &BotId) -> Result<Vec<FaqEntry>, Problem> {
    let Import { items, next } = call.json()?;
    if next.is_some() && flag(call, "replace")? {
        let message =
            "would remove the other parts' entries: this is one part of an export, to be imported without";
        return Err(Problem::field("replace", message));
    }
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
    problems.extend(faq_table::twice(&entries, |index| format!("items[{index}]")));
    if problems.is_empty() { Ok(entries) } else { Err(Problem::invalid(problems)) }
}

/// Every entry, as an import takes it; in parts where there is too much for one answer.
pub(crate) async fn export(call: &Call<'_>) -> Answered {
    let bot = bot(call).await?;
    let csv = match call.query("format") {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::field("format", "must be json or csv")),
    };
    let cursor = call.cursor()?;
    let mut items = entries(call.store().faq(call.account(), &bot).await?);
    items.retain(|entry| cursor.as_deref().is_none_or(|cursor| entry.id.as_str() > cursor));
    let mut bytes = 0;
    let fit = items.iter().take_while(|entry| {
        bytes += serde_json::to_string(entry).map_or(0, |text| text.len());
        bytes <= MAX_EXPORT_BYTES
    });
    let fit = fit.count();
    let more = fit < items.len();
    items.truncate(fit);
    let next = items.last().filter(|_| more).map(|last| cursor_text(last.id.as_str()));
    let format = if csv { "csv" } else { "json" };
    let rest = next.as_ref().map(|next| format!("?format={format}&cursor={next}"));
    Ok(if csv {
        Answer::text("text/csv; charset=utf-8", faq_table::to_csv(&items)).rest(rest)
    } else {
        Answer::ok(Paged { items, next }).rest(rest)
    })
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
    let (knowledge, _) =
        read_knowledge(call.store(), call.app.processor.clock(), call.account(), &bot).await?;
    let best = knowledge.best(&text).into_iter().take(5);
    let items = best.map(|(entry, score)| Scored { score, entry: entry.clone() }).collect();
    Ok(Answer::ok(Items { items }))
}
