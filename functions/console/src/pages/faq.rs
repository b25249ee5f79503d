//! What a built-in bot knows: questions and answers, in and out as a table, and what would be answered.

use handover_core::{
    BotId, FaqEntry, FaqId, MAX_FAQ_ENTRIES, MAX_MESSAGE_CHARS, MAX_QUESTION_CHARS, MAX_REPLY_CHARS,
};
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Page, Reply, Shown,
    bots::{Part, head},
    layout::Nav,
    parts::{
        Confirm, Errors, Field, Icon, beginning, confirm, csrf, empty, once, pager, refused, saves, seen,
        sure,
    },
    visit::{Asking, Visit},
    words as w,
};
use crate::{faq_table, problem::Problem};

/// Rows of a page.
const ROWS: usize = 25;
/// Bytes of a refused table that are shown again.
const MAX_TABLE_BYTES: usize = 12_000;

fn path(bot: &BotId) -> String {
    format!("/console/bots/{bot}/knowledge")
}

/// The fields of an entry.
fn fields(entry: &FaqEntry, errors: Errors<'_>) -> Markup {
    html! {
        (Field::new("question", w::QUESTION).error(errors).required().max(MAX_QUESTION_CHARS).noted_at("answer").text("text", &entry.question))
        (Field::new("alternatives", w::ALTERNATIVES).hint(w::ALTERNATIVES_HINT).wrong(errors.within("alternatives")).noted_at("answer").lines(3, &entry.alternatives.join("\n")))
        (Field::new("answer", w::ANSWER).error(errors).required().max(MAX_MESSAGE_CHARS).free().lines(4, &entry.answer))
    }
}

fn read(visit: &Visit<'_>, id: FaqId) -> FaqEntry {
    let form = &visit.form;
    let lines = form.get("alternatives").lines().map(str::trim).filter(|line| !line.is_empty());
    FaqEntry {
        id,
        question: form.get("question").trim().to_owned(),
        alternatives: lines.map(str::to_owned).collect(),
        answer: form.get("answer").to_owned(),
    }
}

fn body_of(entry: &FaqEntry) -> Value {
    json!({"question": entry.question, "alternatives": entry.alternatives, "answer": entry.answer})
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, problem: Option<&Problem>) -> Shown {
    with_tried(visit, problem, None, None).await
}

async fn with_tried(
    visit: &Visit<'_>,
    problem: Option<&Problem>,
    tried: Option<&Value>,
    refusal: Option<&Problem>,
) -> Shown {
    let id: BotId = visit.id("bot")?;
    let names = visit.names_with(|names| names.bots.iter().any(|bot| bot.id == id)).await?;
    let bot = names.bots.iter().find(|bot| bot.id == id).ok_or_else(Problem::not_found)?;
    let after: Option<FaqId> = match visit.query("cursor") {
        Some(after) => Some(after.parse().map_err(|_| Problem::not_found())?),
        None => None,
    };
    let known = visit.store().faq_page(&visit.account.id, &id, ROWS, after.as_ref()).await?;
    let (entries, next) = (known.entries, known.next);
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = path(&id);
    let typed = read(visit, FaqId::from_random([0; 16]));
    let body = html! {
        (head(&id, &bot.name, Part::Knowledge))
        (refused(problem))
        div.split {
            div {
                @if let Some(count) = known.count { p.muted { (count) " " (w::OF) " " (MAX_FAQ_ENTRIES) " " (w::ENTRIES) } }
                @if entries.is_empty() && after.is_none() { (empty(Icon::List, w::NO_ENTRIES, w::NO_ENTRIES_TEXT)) }
                ul.rows { @for entry in &entries {
                    li { a.row href={ (path) "/" (entry.id) } {
                        span.row-main { b { (beginning(&entry.question, 400)) } span.muted { (beginning(&entry.answer, 250)) } }
                    } }
                } }
                (pager(&path, &[], visit.query("cursor"), next.as_ref().map(FaqId::as_str)))
                form.card method="post" action=(path) {
                    (csrf(&visit.csrf)) (once()) h2 { (w::ADD_ENTRY) }
                    (fields(&typed, errors))
                    button type="submit" { (w::SAVE) }
                }
            }
            aside {
                section.card #try data-region {
                    h2 { (w::TRY_IT) }
                    form method="post" action={ (path) "/try" } data-swap="try" {
                        (csrf(&visit.csrf))
                        (Field::new("text", w::TRY_QUESTION).id("try-text").required().max(MAX_REPLY_CHARS).tried().lines(2, visit.form.get("text")))
                        button.quiet type="submit" { (w::TRY) }
                    }
                    div role="status" {
                        @if let Some(found) = tried { (answers(found)) }
                        @if let Some(problem) = refusal { (refused(Some(problem))) }
                    }
                }
                section.card {
                    h2 { (w::IN_AND_OUT) }
                    p { a.button.quiet href={ (path) "/export?format=csv" } { (w::EXPORT_CSV) } " " a.button.quiet href={ (path) "/export?format=json" } { (w::EXPORT_JSON) } }
                    form method="post" action={ (path) "/import" } data-guard {
                        (csrf(&visit.csrf)) (once())
                        input.file type="file" accept=".csv,text/csv" data-into="table" aria-label=(w::IMPORT_FILE) hidden;
                        @let table = visit.form.get("table");
                        @let shown = beginning(table, MAX_TABLE_BYTES);
                        (Field::new("table", w::IMPORT_LABEL).hint(w::IMPORT_HINT).required().free().lines(5, if shown.len() == table.len() { table } else { "" }))
                        label.tick { input type="checkbox" name="replace"; span { (w::IMPORT_REPLACE) } }
                        button.quiet type="submit" { (w::IMPORT) }
                    }
                }
            }
        }
    };
    Ok(Page::new(Nav::Bots, bot.name.clone(), body).with(problem.or(refusal)).into())
}

/// The best answers to what was tried.
fn answers(found: &Value) -> Markup {
    let rows = found.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |row: &Value, name: &str| {
        row.get("entry")
            .and_then(|entry| entry.get(name))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    html! {
        @if rows.is_empty() { p { (w::NO_ANSWER_FOUND) } }
        ol.tried { @for row in &rows {
            li { b { (row.get("score").and_then(Value::as_u64).unwrap_or(0) / 10) " %" } " " (text(row, "question")) }
        } }
    }
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let body = body_of(&read(visit, FaqId::from_random([0; 16])));
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/bots/{bot}/faq", &[("bot", id.as_str())], Some(&body), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{}?done=added", path(&id)))),
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

pub(super) async fn import(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    if visit.form.is_on("replace") && !visit.form.is_sure() {
        let goes = would_go(visit, &id).await?;
        if goes > 0 {
            let (path, back) = (format!("{}/import", path(&id)), path(&id));
            let text = format!("{} {goes} {}", w::IMPORT_SURE, w::IMPORT_SURE_REST);
            let title = w::IMPORT_REPLACE;
            let ask = Confirm { title, text: &text, button: w::IMPORT, path: &path, back: &back };
            return Ok(confirm(visit, Nav::Bots, &ask).into());
        }
    }
    let replaces = if visit.form.is_on("replace") { "true" } else { "false" };
    let asking = Asking {
        once: visit.form.once(),
        query: &[("replace", replaces)],
        content_type: Some("text/csv"),
        ..Asking::default()
    };
    let table = visit.form.get("table").as_bytes().to_vec();
    let ids = [("bot", id.as_str())];
    match visit.ask_with(Method::POST, "/bots/{bot}/faq/import", &ids, table, asking).await {
        Ok(_) => Ok(Reply::Go(format!("{}?done=imported", path(&id)))),
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

/// How many entries an import that replaces would remove. A table that cannot be read removes none: its
/// import says what is wrong.
async fn would_go(visit: &Visit<'_>, bot: &BotId) -> Result<usize, Problem> {
    let Ok(table) = faq_table::read(bot, visit.form.get("table").as_bytes()) else { return Ok(0) };
    let known = visit.store().faq(&visit.account.id, bot).await?.entries;
    let stays = |id: &FaqId| table.entries.iter().any(|entry| entry.id == *id);
    Ok(known.iter().filter(|entry| !stays(&entry.value.id)).count())
}

pub(super) async fn export(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let csv = visit.query("format") == Some("csv");
    let query = [("format", if csv { "csv" } else { "json" })];
    let asking = Asking { query: &query, ..Asking::default() };
    let answer =
        visit.ask(Method::GET, "/bots/{bot}/faq/export", &[("bot", id.as_str())], None, asking).await?;
    if !answer.is_whole() {
        return Err(Problem::conflict("too_much", w::TOO_MUCH, w::TOO_MUCH_DETAIL));
    }
    let text = answer.into_text();
    Ok(if csv {
        Reply::File { content_type: "text/csv; charset=utf-8", name: "knowledge.csv", text }
    } else {
        Reply::File { content_type: "application/json", name: "knowledge.json", text }
    })
}

pub(super) async fn try_it(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let text = visit.form.get("text");
    let ids = [("bot", id.as_str())];
    let body = json!({"text": text});
    match visit.ask(Method::POST, "/bots/{bot}/faq/try", &ids, Some(&body), Asking::default()).await {
        Ok(answer) => with_tried(visit, None, Some(&answer.into_body()), None).await,
        Err(problem) => with_tried(visit, None, None, Some(&problem)).await,
    }
}

pub(super) async fn one(visit: &Visit<'_>) -> Shown {
    let (bot, id): (BotId, FaqId) = (visit.id("bot")?, visit.id("entry")?);
    let found =
        visit.store().faq_entry(&visit.account.id, &bot, &id).await?.ok_or_else(Problem::not_found)?;
    Ok(page(visit, &bot, &found.value, [found.version; 2], None).into())
}

/// The page of an entry: as it was typed on a `version`, where there is another `now`.
fn page(
    visit: &Visit<'_>,
    bot: &BotId,
    entry: &FaqEntry,
    [version, now]: [u64; 2],
    problem: Option<&Problem>,
) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = path(bot);
    let remove = html! {
        form method="post" action={ (path) "/" (entry.id) "/remove" } { (csrf(&visit.csrf)) (seen(version)) button.danger type="submit" { (w::REMOVE) } }
    };
    let body = html! {
        div.head { p.crumbs { a href=(path) { (w::KNOWLEDGE) } } h1 { (entry.question) } }
        (refused(problem))
        form.card method="post" action={ (path) "/" (entry.id) } {
            (csrf(&visit.csrf)) (seen(version)) (fields(entry, errors)) (saves(problem, now))
        }
        section.card { (sure(w::REMOVE, w::REMOVE_ENTRY_SURE, &remove)) }
    };
    Page::new(Nav::Bots, entry.question.clone(), body)
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let (bot, id): (BotId, FaqId) = (visit.id("bot")?, visit.id("entry")?);
    let entry = read(visit, id);
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("bot", bot.as_str()), ("entry", entry.id.as_str())];
    match visit.ask(Method::PUT, "/bots/{bot}/faq/{entry}", &ids, Some(&body_of(&entry)), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{}?done=saved", path(&bot)))),
        Err(problem) => {
            let found = visit.store().faq_entry(&visit.account.id, &bot, &entry.id).await?;
            let Some(found) = found else { return Ok(removed_meanwhile(visit, &bot, &entry).into()) };
            let versions = [visit.form.number("seen").unwrap_or(0), found.version];
            Ok(page(visit, &bot, &entry, versions, Some(&problem)).status(problem.status).into())
        }
    }
}

/// What was typed for an entry that somebody else has removed meanwhile: saved, it is a new one.
fn removed_meanwhile(visit: &Visit<'_>, bot: &BotId, entry: &FaqEntry) -> Page {
    let gone = Problem::conflict("removed", w::REMOVED_MEANWHILE, w::REMOVED_MEANWHILE_DETAIL);
    let path = path(bot);
    let body = html! {
        div.head { p.crumbs { a href=(path) { (w::KNOWLEDGE) } } h1 { (w::ADD_ENTRY) } }
        (refused(Some(&gone)))
        form.card method="post" action=(path) {
            (csrf(&visit.csrf)) (once()) (fields(entry, Errors::default())) button type="submit" { (w::SAVE) }
        }
    };
    Page::new(Nav::Bots, w::ADD_ENTRY, body).status(gone.status).at(path)
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    let (bot, id): (BotId, FaqId) = (visit.id("bot")?, visit.id("entry")?);
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("bot", bot.as_str()), ("entry", id.as_str())];
    visit.ask(Method::DELETE, "/bots/{bot}/faq/{entry}", &ids, None, asking).await?;
    Ok(Reply::Go(format!("{}?done=removed", path(&bot))))
}
