//! Bots: who they are, how they are asked, and how they behave around handovers.

use handover_aws::store::Overview;
use handover_core::{
    Bot, BotId, Connector, MAX_FOLD_SECONDS, MAX_INSTRUCTIONS_CHARS, MAX_MESSAGE_CHARS, MAX_NAME_CHARS,
    Pause, Problem as FieldProblem, UnansweredPolicy,
};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    form::Form,
    layout::Nav,
    parts::{
        Confirm, Errors, Field, Icon, beginning, confirm, csrf, empty, icon, once, page_of, pager, refused,
        saves, seen, sure, tick,
    },
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/bots";
/// Rows of a page, and inboxes that a row names.
const ROWS: usize = 25;
const NAMED: usize = 3;
/// Bytes that a bot's instructions may take in its page.
const MAX_INSTRUCTIONS_BYTES: usize = 24_000;

/// The parts of a bot's pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Goals,
    Knowledge,
    Settings,
}

/// The way to a bot's page, and its parts.
pub(super) fn head(bot: &BotId, name: &str, here: Part) -> Markup {
    let parts = [
        (Part::Goals, "/handover", w::BOT_GOALS),
        (Part::Knowledge, "/knowledge", w::KNOWLEDGE),
        (Part::Settings, "", w::BOT_SETTINGS),
    ];
    html! {
        div.head {
            p.crumbs { (w::AGENTS) " / " a href=(PATH) { (w::CONVERSATIONAL) } @if here == Part::Goals { " / " (name) " / " (w::BOT_GOALS) " / " (w::SET_UP_ACTIONS) } }
            h1 { @if here == Part::Goals { (w::HUMAN_HANDOVER) } @else { (name) } }
        }
        nav.tabs aria-label=(w::PARTS_OF_BOT) { @for (part, path, label) in parts {
            a href={ (PATH) "/" (bot) (path) } aria-current=[(part == here).then_some("page")] { (label) }
        } }
    }
}

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, problem: Option<&Problem>) -> Shown {
    let overview = visit.overview().await?;
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let (rows, next) = page_of(&overview.bots, visit.query("cursor"), ROWS);
    let body = html! {
        div.head { p.crumbs { (w::AGENTS) } h1 { (w::CONVERSATIONAL) } }
        (refused(problem))
        @if overview.bots.is_empty() { (empty(Icon::Bot, w::NO_BOTS, w::NO_BOTS_TEXT)) }
        ul.rows { @for bot in rows {
            li { div.row {
                span.row-main { b { a href={ (PATH) "/" (bot.id) "/handover" } { (bot.name) } } span.muted { (answers_in(&overview, &bot.id)) } }
                a.button.quiet href={ (PATH) "/" (bot.id) "/handover" } { (icon(Icon::Hand)) (w::HUMAN_HANDOVER) }
                a.button.quiet href={ (PATH) "/" (bot.id) } { (icon(Icon::Gear)) (w::BOT_SETTINGS) }
            } }
        } }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (once()) h2 { (w::ADD_BOT) }
            (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", visit.form.get("name")))
            (Field::new("connector", w::CONNECTOR).choice(&connectors(&Connector::Faq)))
            button type="submit" { (w::ADD) }
        }
    };
    Ok(Page::new(Nav::Bots, w::CONVERSATIONAL, body).with(problem).into())
}

fn answers_in(overview: &Overview, bot: &BotId) -> String {
    let inboxes = overview.inboxes.iter().filter(|inbox| inbox.bot.as_ref() == Some(bot));
    let names: Vec<&str> = inboxes.map(|inbox| inbox.name.as_str()).collect();
    let shown = names.get(..names.len().min(NAMED)).unwrap_or_default().join(", ");
    match names.len() {
        0 => w::NO_INBOX_HAS_IT.to_owned(),
        count if count > NAMED => format!("{} {shown} (+ {})", w::ANSWERS_IN, count - NAMED),
        _ => format!("{} {shown}", w::ANSWERS_IN),
    }
}

fn kind(connector: &Connector) -> &'static str {
    match connector {
        Connector::External => "external",
        Connector::Faq => "faq",
        Connector::Http { .. } => "http",
        Connector::OpenAi { .. } => "open_ai",
        Connector::Bedrock { .. } => "bedrock",
    }
}

fn connectors(chosen: &Connector) -> Markup {
    let kinds = [
        ("faq", w::CONNECTOR_FAQ),
        ("http", w::CONNECTOR_HTTP),
        ("open_ai", w::CONNECTOR_OPEN_AI),
        ("bedrock", w::CONNECTOR_BEDROCK),
        ("external", w::CONNECTOR_EXTERNAL),
    ];
    html! { @for (name, label) in kinds { option value=(name) selected[name == kind(chosen)] { (label) } } }
}

fn connector(form: &Form) -> Connector {
    let text = |name: &str| form.get(name).trim().to_owned();
    match form.get("connector") {
        "faq" => Connector::Faq,
        "http" => Connector::Http { url: text("connector_url") },
        "open_ai" => Connector::OpenAi {
            url: text("connector_url"),
            model: text("connector_model"),
            instructions: form.get("connector_instructions").to_owned(),
        },
        "bedrock" => Connector::Bedrock {
            model: text("connector_model"),
            instructions: form.get("connector_instructions").to_owned(),
        },
        _ => Connector::External,
    }
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let body = json!({"name": visit.form.get("name").trim(), "connector": connector(&visit.form)});
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/bots", &[], Some(&body), asking).await {
        Ok(answer) => {
            let made = answer.into_body();
            let id = made.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            Ok(Reply::Go(format!("{PATH}/{id}?done=saved")))
        }
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let found = visit.store().bot_settings(&visit.account.id, &id).await?.ok_or_else(Problem::not_found)?;
    Ok(page(visit, &found.bot, [found.revision; 2], None).into())
}

/// The page of a bot: as it was typed on a `version`, where there is another `now`.
fn page(visit: &Visit<'_>, bot: &Bot, [version, now]: [u64; 2], problem: Option<&Problem>) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = format!("{PATH}/{}", bot.id);
    let (url, model, instructions) = match &bot.connector {
        Connector::External | Connector::Faq => ("", "", ""),
        Connector::Http { url } => (url.as_str(), "", ""),
        Connector::OpenAi { url, model, instructions } => {
            (url.as_str(), model.as_str(), instructions.as_str())
        }
        Connector::Bedrock { model, instructions } => ("", model.as_str(), instructions.as_str()),
    };
    let policies = [
        (UnansweredPolicy::Answer, "answer", w::UNANSWERED_ANSWER),
        (UnansweredPolicy::HandOverAgain, "hand_over_again", w::UNANSWERED_AGAIN),
        (UnansweredPolicy::StayQuiet, "stay_quiet", w::UNANSWERED_QUIET),
    ];
    let remove = html! {
        form method="post" action={ (path) "/remove" } { (csrf(&visit.csrf)) (seen(version)) button.danger type="submit" { (w::REMOVE) } }
    };
    let body = html! {
        (head(&bot.id, &bot.name, Part::Settings))
        (refused(problem))
        form.card method="post" action=(path) {
            (csrf(&visit.csrf)) (seen(version))
            (tick("handover", w::HANDOVER_ON, bot.handover))
            (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", &bot.name))
            h2 { (w::HOW_ASKED) }
            (Field::new("connector", w::CONNECTOR).choice(&connectors(&bot.connector)))
            div data-when="http open_ai" {
            (Field::new("connector_url", w::CONNECTOR_URL).hint(w::CONNECTOR_URL_HINT).wrong(errors.of("connector.url")).text("url", url))
            }
            div data-when="open_ai bedrock" {
            (Field::new("connector_model", w::CONNECTOR_MODEL).hint(w::CONNECTOR_MODEL_HINT).wrong(errors.of("connector.model")).text("text", model))
            (instructions_field(instructions, errors))
            }
            h2 { (w::BEHAVIOUR) }
            (Field::new("no_answer_message", w::NO_ANSWER_MESSAGE).hint(w::NO_ANSWER_HINT).error(errors).max(MAX_MESSAGE_CHARS).free().lines(2, &bot.no_answer_message))
            (Field::new("quiet_minutes", w::QUIET).hint(w::QUIET_HINT).error(errors).number(0, 1_440, bot.quiet_minutes))
            (pause_fields("takeover", w::TAKEOVER_PAUSE, bot.takeover_pause, errors.within("takeover_pause")))
            (Field::new("unanswered", w::UNANSWERED).choice(&html! {
                @for (policy, name, label) in policies { option value=(name) selected[policy == bot.unanswered] { (label) } }
            }))
            (tick("pause_all_inboxes", w::PAUSE_ALL, bot.pause_all_inboxes))
            (tick("loop_guard", w::LOOP_GUARD, bot.loop_guard))
            (Field::new("cooldown_minutes", w::COOLDOWN).hint(w::COOLDOWN_HINT).error(errors).number(0, 65_535, bot.cooldown_minutes))
            (Field::new("daily_messages", w::DAILY).hint(w::DAILY_HINT).error(errors).number(1, 65_535, bot.daily_messages))
            (Field::new("fold_seconds", w::FOLD).hint(w::FOLD_HINT).error(errors).number(0, MAX_FOLD_SECONDS.into(), bot.fold_seconds))
            (saves(problem, now))
        }
        form.card method="post" action={ (path) "/secrets" } {
            (csrf(&visit.csrf)) (once())
            h2 { (w::CONNECTOR_SECRETS) } p.muted { (w::CONNECTOR_SECRETS_TEXT) }
            (Field::new("name", w::SECRET).id("secret").choice(&html! { option value="api_key" { (w::SECRET_API_KEY) } option value="signing_secret" { (w::SECRET_SIGNING) } }))
            (Field::new("value", w::VALUE).error(errors).text("password", ""))
            button.quiet type="submit" { (w::SAVE) }
        }
        section.card { (sure(w::REMOVE_BOT, w::REMOVE_BOT_SURE, &remove)) }
    };
    Page::new(Nav::Bots, bot.name.clone(), body)
}

/// Where a bot's instructions are typed. They may be longer than a page: then they stay as they are until new
/// ones are typed.
fn instructions_field(instructions: &str, errors: Errors<'_>) -> Markup {
    let field = Field::new("connector_instructions", w::CONNECTOR_INSTRUCTIONS)
        .wrong(errors.of("connector.instructions"))
        .max(MAX_INSTRUCTIONS_CHARS)
        .free();
    let shown = beginning(instructions, MAX_INSTRUCTIONS_BYTES);
    if shown.len() == instructions.len() {
        return field.lines(5, instructions);
    }
    html! {
        p.notice.warn { (icon(Icon::Warning)) span { (w::TOO_LONG_HERE) } }
        pre.body tabindex="0" { (beginning(instructions, MAX_INSTRUCTIONS_BYTES / 8)) "…" }
        input type="hidden" name="instructions_kept" value="on";
        (field.lines(5, ""))
    }
}

/// The connector as it was typed, with the instructions that were too long to be shown.
fn with_kept_instructions(typed: Connector, known: &Connector, form: &Form) -> Connector {
    let kept = match known {
        Connector::OpenAi { instructions, .. } | Connector::Bedrock { instructions, .. }
            if form.is_on("instructions_kept") && form.said("connector_instructions").is_none() =>
        {
            instructions.clone()
        }
        Connector::External
        | Connector::Faq
        | Connector::Http { .. }
        | Connector::OpenAi { .. }
        | Connector::Bedrock { .. } => return typed,
    };
    match typed {
        Connector::OpenAi { url, model, .. } => Connector::OpenAi { url, model, instructions: kept },
        Connector::Bedrock { model, .. } => Connector::Bedrock { model, instructions: kept },
        other @ (Connector::External | Connector::Faq | Connector::Http { .. }) => other,
    }
}

/// The fields of a pause: days, hours and minutes, or until somebody hands back.
pub(super) fn pause_fields(name: &str, label: &str, pause: Pause, error: Option<&str>) -> Markup {
    let (days, hours, minutes, open) = match pause {
        Pause::For { days, hours, minutes } => (days, hours, minutes, false),
        Pause::UntilHandedBack => (0, 1, 0, true),
    };
    let numbers = [
        ("days", w::DAYS, days, 365),
        ("hours", w::HOURS, hours, 8_760),
        ("minutes", w::MINUTES, minutes, 59),
    ];
    html! {
        fieldset.pause {
            legend { (label) }
            label.tick { input type="radio" name={ (name) "_pause" } value="for" checked[!open]; span { (w::PAUSE_FOR) } }
            div.inline { @for (unit, unit_label, value, max) in numbers {
                span.unit {
                    input.number #{ (name) "_" (unit) } name={ (name) "_" (unit) } type="number" inputmode="numeric" min="0" max=(max) value=(value)
                        aria-describedby=[error.map(|_| format!("{name}-pause-error"))] aria-invalid=[error.map(|_| "true")];
                    label for={ (name) "_" (unit) } { (unit_label) }
                }
            } }
            label.tick { input type="radio" name={ (name) "_pause" } value="open" checked[open]; span { (w::UNTIL_HANDED_BACK) } }
            @if let Some(error) = error { p.error #{ (name) "-pause-error" } { (icon(Icon::Warning)) span { (super::layout::sentence(&w::wrong(error))) } } }
        }
    }
}

/// What the fields of a pause say.
pub(super) fn pause(form: &Form, name: &str) -> Pause {
    if form.get(&format!("{name}_pause")) == "open" {
        return Pause::UntilHandedBack;
    }
    let number = |unit: &str| {
        let text = form.get(&format!("{name}_{unit}")).trim();
        // More than the settings' own check allows stays more.
        if text.is_empty() { 0 } else { text.parse().unwrap_or(u16::MAX) }
    };
    Pause::For { days: number("days"), hours: number("hours"), minutes: number("minutes") }
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let found = visit.store().bot_settings(&visit.account.id, &id).await?.ok_or_else(Problem::not_found)?;
    let (known, form) = (found.bot, &visit.form);
    let mut wrong = Vec::new();
    let mut number = |name: &str, known: u16| {
        let number = form.get(name).trim().parse();
        if number.is_err() {
            wrong.push(FieldProblem { field: name.to_owned(), message: w::NOT_A_NUMBER.to_owned() });
        }
        number.unwrap_or(known)
    };
    let bot = Bot {
        name: form.get("name").trim().to_owned(),
        handover: form.is_on("handover"),
        connector: with_kept_instructions(connector(form), &known.connector, form),
        no_answer_message: form.get("no_answer_message").to_owned(),
        quiet_minutes: number("quiet_minutes", known.quiet_minutes),
        takeover_pause: pause(form, "takeover"),
        unanswered: match form.get("unanswered") {
            "hand_over_again" => UnansweredPolicy::HandOverAgain,
            "stay_quiet" => UnansweredPolicy::StayQuiet,
            _ => UnansweredPolicy::Answer,
        },
        pause_all_inboxes: form.is_on("pause_all_inboxes"),
        loop_guard: form.is_on("loop_guard"),
        cooldown_minutes: number("cooldown_minutes", known.cooldown_minutes),
        daily_messages: number("daily_messages", known.daily_messages),
        fold_seconds: number("fold_seconds", known.fold_seconds),
        ..known.clone()
    };
    let versions = [form.number("seen").unwrap_or(0), found.revision];
    let saved = if wrong.is_empty() { visit.save_bot(&bot).await } else { Err(Problem::invalid(wrong)) };
    match saved {
        Ok(()) => Ok(Reply::Go(format!("{PATH}/{id}?done=saved"))),
        Err(problem) => Ok(page(visit, &bot, versions, Some(&problem)).status(problem.status).into()),
    }
}

impl Visit<'_> {
    /// Replaces a bot in the version that the form was made from.
    pub(super) async fn save_bot(&self, bot: &Bot) -> Result<(), Problem> {
        let asking = Asking { seen: self.form.seen(), ..Asking::default() };
        let ids = [("bot", bot.id.as_str())];
        self.ask(Method::PUT, "/bots/{bot}", &ids, Some(&json!(bot)), asking).await?;
        Ok(())
    }
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    match visit.ask(Method::DELETE, "/bots/{bot}", &[("bot", id.as_str())], None, asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=removed"))),
        Err(problem) => {
            let found = visit.store().bot_settings(&visit.account.id, &id).await?;
            let found = found.ok_or_else(Problem::not_found)?;
            Ok(page(visit, &found.bot, [found.revision; 2], Some(&problem)).status(problem.status).into())
        }
    }
}

/// A new value of a connector's secret. One that is made here is shown once.
pub(super) async fn secret(visit: &Visit<'_>) -> Shown {
    let id: BotId = visit.id("bot")?;
    let value = visit.form.said("value");
    if value.is_none() && visit.form.get("name") == "signing_secret" && !visit.form.is_sure() {
        let (path, back) = (format!("{PATH}/{id}/secrets"), format!("{PATH}/{id}"));
        let (title, text) = (w::NEW_SECRET_SURE, w::NEW_SECRET_TEXT);
        let ask = Confirm { title, text, button: w::NEW_SECRET_BUTTON, path: &path, back: &back };
        return Ok(confirm(visit, Nav::Bots, &ask).into());
    }
    let body = json!({"name": visit.form.get("name"), "value": value});
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    let done =
        visit.ask(Method::POST, "/bots/{bot}/secrets", &[("bot", id.as_str())], Some(&body), asking).await;
    let found = visit.store().bot_settings(&visit.account.id, &id).await?.ok_or_else(Problem::not_found)?;
    match done {
        Ok(answer) => {
            let made = answer.into_body();
            let Some(made) = made.get("value").and_then(serde_json::Value::as_str) else {
                return Ok(Reply::Go(format!("{PATH}/{id}?done=saved")));
            };
            let body = html! {
                (head(&id, &found.bot.name, Part::Settings))
                div.card { h2 { (w::SHOWN_ONCE) } p.muted { (w::SHOWN_ONCE_TEXT) } code.secret { (made) } p { a.button href={ (PATH) "/" (id) } { (w::COPIED) } } }
            };
            Ok(Page::new(Nav::Bots, found.bot.name.clone(), body).into())
        }
        Err(problem) => {
            Ok(page(visit, &found.bot, [found.revision; 2], Some(&problem)).status(problem.status).into())
        }
    }
}
