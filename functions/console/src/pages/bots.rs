//! Bots: who they are, how they are asked, and how they behave around handovers.

use handover_aws::store::Overview;
use handover_core::{
    Bot, BotId, Connector, MAX_FOLD_SECONDS, MAX_MESSAGE_CHARS, MAX_NAME_CHARS, Pause, UnansweredPolicy,
};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    form::Form,
    layout::Nav,
    parts::{Confirm, Errors, Field, Icon, confirm, csrf, empty, icon, once, refused, seen, sure, tick},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/bots";

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
    let body = html! {
        div.head { p.crumbs { (w::AGENTS) } h1 { (w::CONVERSATIONAL) } }
        (refused(problem))
        @if overview.bots.is_empty() { (empty(Icon::Bot, w::NO_BOTS, w::NO_BOTS_TEXT)) }
        ul.rows { @for bot in &overview.bots {
            li { div.row {
                span.row-main { b { a href={ (PATH) "/" (bot.id) "/handover" } { (bot.name) } } span.muted { (answers_in(&overview, &bot.id)) } }
                a.button.quiet href={ (PATH) "/" (bot.id) "/handover" } { (icon(Icon::Hand)) (w::HUMAN_HANDOVER) }
                a.button.quiet href={ (PATH) "/" (bot.id) } { (icon(Icon::Gear)) (w::BOT_SETTINGS) }
            } }
        } }
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (once()) h2 { (w::ADD_BOT) }
            (Field::new("name", w::NAME).error(errors).around(&html! {
                input #name name="name" value=(visit.form.get("name")) required maxlength=(MAX_NAME_CHARS) autocomplete="off";
            }))
            (Field::new("connector", w::CONNECTOR).choice(&connectors(&Connector::Faq)))
            button type="submit" { (w::ADD) }
        }
    };
    Ok(Page::new(Nav::Bots, w::CONVERSATIONAL, body).with(problem).into())
}

fn answers_in(overview: &Overview, bot: &BotId) -> String {
    let inboxes = overview.inboxes.iter().filter(|inbox| inbox.bot.as_ref() == Some(bot));
    let names: Vec<&str> = inboxes.map(|inbox| inbox.name.as_str()).collect();
    if names.is_empty() {
        w::NO_INBOX_HAS_IT.to_owned()
    } else {
        format!("{} {}", w::ANSWERS_IN, names.join(", "))
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
    Ok(page(visit, &found.bot, found.revision, None).into())
}

fn page(visit: &Visit<'_>, bot: &Bot, version: u64, problem: Option<&Problem>) -> Page {
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
            (Field::new("name", w::NAME).error(errors).text("text", &bot.name))
            h2 { (w::HOW_ASKED) }
            (Field::new("connector", w::CONNECTOR).choice(&connectors(&bot.connector)))
            div data-when="http open_ai" {
            (Field::new("connector_url", w::CONNECTOR_URL).hint(w::CONNECTOR_URL_HINT).wrong(errors.of("connector.url")).text("url", url))
            }
            div data-when="open_ai bedrock" {
            (Field::new("connector_model", w::CONNECTOR_MODEL).hint(w::CONNECTOR_MODEL_HINT).wrong(errors.of("connector.model")).text("text", model))
            (Field::new("connector_instructions", w::CONNECTOR_INSTRUCTIONS).wrong(errors.of("connector.instructions")).lines(5, instructions))
            }
            h2 { (w::BEHAVIOUR) }
            (Field::new("no_answer_message", w::NO_ANSWER_MESSAGE).hint(w::NO_ANSWER_HINT).error(errors).around(&html! {
                textarea #no_answer_message name="no_answer_message" rows="2" maxlength=(MAX_MESSAGE_CHARS) { (bot.no_answer_message) }
            }))
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
            button type="submit" { (w::SAVE) }
        }
        form.card method="post" action={ (path) "/secrets" } {
            (csrf(&visit.csrf)) (once())
            h2 { (w::CONNECTOR_SECRETS) } p.muted { (w::CONNECTOR_SECRETS_TEXT) }
            div.inline {
                label.hidden for="secret" { (w::SECRET) }
                select #secret name="name" { option value="api_key" { (w::SECRET_API_KEY) } option value="signing_secret" { (w::SECRET_SIGNING) } }
                label.hidden for="value" { (w::VALUE) }
                input #value name="value" type="password" autocomplete="off" placeholder=(w::VALUE);
                button.quiet type="submit" { (w::SAVE) }
            }
        }
        section.card { (sure(w::REMOVE_BOT, w::REMOVE_BOT_SURE, &remove)) }
    };
    Page::new(Nav::Bots, bot.name.clone(), body)
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
                    input.number #{ (name) "_" (unit) } name={ (name) "_" (unit) } type="number" inputmode="numeric" min="0" max=(max) value=(value);
                    label for={ (name) "_" (unit) } { (unit_label) }
                }
            } }
            label.tick { input type="radio" name={ (name) "_pause" } value="open" checked[open]; span { (w::UNTIL_HANDED_BACK) } }
            @if let Some(error) = error { p.error { (icon(Icon::Warning)) (super::layout::sentence(error)) } }
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
    let known = visit.store().bot_settings(&visit.account.id, &id).await?.ok_or_else(Problem::not_found)?.bot;
    let form = &visit.form;
    let number = |name: &str| {
        let text = form.get(name).trim();
        text.parse::<u16>().map_err(|_| Problem::field(name, w::NOT_A_NUMBER))
    };
    let wanted = || -> Result<Bot, Problem> {
        Ok(Bot {
            name: form.get("name").trim().to_owned(),
            handover: form.is_on("handover"),
            connector: connector(form),
            no_answer_message: form.get("no_answer_message").to_owned(),
            quiet_minutes: number("quiet_minutes")?,
            takeover_pause: pause(form, "takeover"),
            unanswered: match form.get("unanswered") {
                "hand_over_again" => UnansweredPolicy::HandOverAgain,
                "stay_quiet" => UnansweredPolicy::StayQuiet,
                _ => UnansweredPolicy::Answer,
            },
            pause_all_inboxes: form.is_on("pause_all_inboxes"),
            loop_guard: form.is_on("loop_guard"),
            cooldown_minutes: number("cooldown_minutes")?,
            daily_messages: number("daily_messages")?,
            fold_seconds: number("fold_seconds")?,
            ..known.clone()
        })
    };
    let version = form.seen().unwrap_or(0);
    let bot = match wanted() {
        Ok(bot) => bot,
        Err(problem) => {
            return Ok(page(visit, &known, version, Some(&problem)).status(problem.status).into());
        }
    };
    match visit.save_bot(&bot).await {
        Ok(()) => Ok(Reply::Go(format!("{PATH}/{id}?done=saved"))),
        Err(problem) => Ok(page(visit, &bot, version, Some(&problem)).status(problem.status).into()),
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
            Ok(page(visit, &found.bot, found.revision, Some(&problem)).status(problem.status).into())
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
            Ok(page(visit, &found.bot, found.revision, Some(&problem)).status(problem.status).into())
        }
    }
}
