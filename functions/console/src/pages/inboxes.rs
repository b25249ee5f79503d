//! Inboxes: where clients write, what has to be set up at the provider, and the address that it calls.

use handover_aws::store::Overview;
use handover_core::{Channel, InboxId, MAX_NAME_CHARS, Provider};
use handover_providers::{Field as ProviderField, fields};
use http::Method;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::{
    Page, Reply, Shown,
    form::Form,
    layout::Nav,
    parts::{
        self, Errors, Field, Icon, csrf, empty, icon, once, page_of, pager, refused, saves, seen, sure_of,
        tick,
    },
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/inboxes";
/// Rows of a page.
const ROWS: usize = 40;

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    let overview = visit.overview().await?;
    let (rows, next) = page_of(&overview.inboxes, visit.query("cursor"), ROWS);
    let body = html! {
        div.head { p.crumbs { (w::AGENTS) } h1 { (w::INBOXES) } a.button href="/console/inboxes/new" { (icon(Icon::Plus)) (w::ADD_INBOX) } }
        @if overview.inboxes.is_empty() { (empty(Icon::Channel, w::NO_INBOXES, w::NO_INBOXES_TEXT)) }
        ul.rows { @for inbox in rows {
            @let bot = inbox.bot.as_ref().and_then(|id| overview.bots.iter().find(|bot| bot.id == *id));
            li { a.row href={ (PATH) "/" (inbox.id) } {
                span.row-main { b { (inbox.name) } span.muted { (parts::channel(inbox.channel)) " · " (w::provider(inbox.provider)) } }
                span.with-icon.muted { @match bot { Some(bot) => { (icon(Icon::Bot)) span { (bot.name) } }, None => (w::NO_BOT_HERE) } }
            } }
        } }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
    };
    Ok(Page::new(Nav::Inboxes, w::INBOXES, body).into())
}

fn provider_of(name: &str) -> Option<Provider> {
    Provider::ALL.iter().copied().find(|provider| provider.name() == name)
}

fn channel_of(name: &str) -> Option<Channel> {
    Channel::ALL.iter().copied().find(|channel| channel.name() == name)
}

/// An inbox as it is shown or was typed.
struct Typed {
    name: String,
    provider: Provider,
    channel: Option<Channel>,
    bot: Option<String>,
    unknown_sender_is_human: bool,
    settings: Map<String, Value>,
}

fn typed(form: &Form, provider: Provider) -> Typed {
    let settings = fields(provider).iter().filter(|field| !field.secret).filter_map(|field| {
        let value = form.said(&format!("setting_{}", field.name))?;
        Some((field.name.to_owned(), json!(value)))
    });
    Typed {
        name: form.get("name").trim().to_owned(),
        provider,
        channel: channel_of(form.get("channel")),
        bot: form.said("bot").map(str::to_owned),
        unknown_sender_is_human: form.is_on("unknown_sender_is_human"),
        settings: settings.collect(),
    }
}

impl Typed {
    /// What the API takes.
    fn body(&self, form: &Form) -> Value {
        let secrets = fields(self.provider).iter().filter(|field| field.secret).filter_map(|field| {
            let value = form.said(&format!("secret_{}", field.name))?;
            Some((field.name.to_owned(), json!(value)))
        });
        json!({
            "name": self.name,
            "provider": self.provider,
            "channel": self.channel,
            "bot": self.bot,
            "unknown_sender_is_human": self.unknown_sender_is_human,
            "settings": self.settings,
            "secrets": secrets.collect::<Map<String, Value>>(),
        })
    }

    fn fields(&self, overview: &Overview, known: &[String], errors: Errors<'_>) -> Markup {
        let value = |field: &ProviderField| {
            self.settings.get(field.name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        html! {
            (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", &self.name))
            (Field::new("channel", w::CHANNEL).error(errors).choice(&html! {
                @for channel in Channel::ALL { option value=(channel.name()) selected[self.channel == Some(*channel)] { (parts::channel(*channel)) } }
            }))
            (Field::new("bot", w::ANSWERED_BY).error(errors).choice(&html! {
                option value="" selected[self.bot.is_none()] { (w::NO_BOT_HERE) }
                @for bot in &overview.bots { option value=(bot.id) selected[self.bot.as_deref() == Some(bot.id.as_str())] { (bot.name) } }
            }))
            @for field in fields(self.provider) {
                @if field.secret {
                    @let name = format!("secret_{}", field.name);
                    @let is_known = known.iter().any(|known| known == field.name);
                    @let label = w::setting(field.name);
                    @let placeholder = if is_known { w::SECRET_KNOWN } else { "" };
                    (Field::new(&name, &label).hint(field.what).wrong(errors.of(field.name)).placeholder(placeholder).text("password", ""))
                } @else {
                    @let name = format!("setting_{}", field.name);
                    @let label = w::setting(field.name);
                    (Field::new(&name, &label).hint(field.what).wrong(errors.of(field.name)).text("text", &value(field)))
                }
            }
            (tick("unknown_sender_is_human", w::UNKNOWN_IS_HUMAN, self.unknown_sender_is_human))
        }
    }
}

/// First the provider, then what it needs.
pub(super) async fn new(visit: &Visit<'_>) -> Shown {
    match visit.query("provider").and_then(provider_of) {
        None => {
            let body = html! {
                div.head { p.crumbs { (w::AGENTS) " / " a href=(PATH) { (w::INBOXES) } } h1 { (w::ADD_INBOX) } p.muted { (w::WHICH_PROVIDER) } }
                ul.tiles { @for provider in Provider::ALL { li { a href={ (PATH) "/new?provider=" (provider.name()) } { (w::provider(*provider)) } } } }
            };
            Ok(Page::new(Nav::Inboxes, w::ADD_INBOX, body).into())
        }
        Some(provider) => Ok(new_page(visit, &typed(&Form::default(), provider), None).into()),
    }
}

fn new_page(visit: &Visit<'_>, typed: &Typed, problem: Option<&Problem>) -> Page {
    let overview = visit.names();
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let body = html! {
        div.head { p.crumbs { (w::AGENTS) " / " a href=(PATH) { (w::INBOXES) } } h1 { (w::provider(typed.provider)) } }
        (refused(problem))
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (once()) input type="hidden" name="provider" value=(typed.provider.name());
            (typed.fields(&overview, &[], errors))
            button type="submit" { (w::SAVE) }
        }
    };
    let path = format!("{PATH}/new?provider={}", typed.provider.name());
    Page::new(Nav::Inboxes, w::ADD_INBOX, body).with(problem).at(path)
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let provider = provider_of(visit.form.get("provider")).ok_or_else(Problem::not_found)?;
    let typed = typed(&visit.form, provider);
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/inboxes", &[], Some(&typed.body(&visit.form)), asking).await {
        Ok(answer) => {
            let made = answer.into_body();
            let id = made.get("id").and_then(Value::as_str).unwrap_or_default();
            Ok(Reply::Go(format!("{PATH}/{id}?done=saved")))
        }
        Err(problem) => Ok(new_page(visit, &typed, Some(&problem)).into()),
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, None, None).await
}

async fn page(visit: &Visit<'_>, again: Option<&Typed>, problem: Option<&Problem>) -> Shown {
    let id: InboxId = visit.id("inbox")?;
    let overview = visit.names();
    let ids = [("inbox", id.as_str())];
    let answer = visit.ask(Method::GET, "/inboxes/{inbox}", &ids, None, Asking::default()).await?;
    let now = answer.version_shown().unwrap_or(0);
    let version = visit.form.number("seen").filter(|_| again.is_some()).unwrap_or(now);
    let shown = answer.into_body();
    let text = |name: &str| shown.get(name).and_then(Value::as_str).unwrap_or_default();
    let names = |name: &str| -> Vec<String> {
        let names = shown.get(name).and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let provider = provider_of(text("provider")).ok_or_else(Problem::not_found)?;
    let stored = Typed {
        name: text("name").to_owned(),
        provider,
        channel: channel_of(text("channel")),
        bot: shown.get("bot").and_then(Value::as_str).map(str::to_owned),
        unknown_sender_is_human: shown
            .get("unknown_sender_is_human")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        settings: shown.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
    };
    let typed = again.unwrap_or(&stored);
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = format!("{PATH}/{id}");
    let retire = |name: &str| {
        html! {
            form method="post" action={ (path) "/retire" } {
                (csrf(&visit.csrf)) (seen(version)) input type="hidden" name="secret" value=(name);
                button.danger type="submit" { (w::RETIRE) }
            }
        }
    };
    let remove = html! {
        form method="post" action={ (path) "/remove" } { (csrf(&visit.csrf)) (seen(version)) button.danger type="submit" { (w::REMOVE) } }
    };
    let body = html! {
        div.head { p.crumbs { (w::AGENTS) " / " a href=(PATH) { (w::INBOXES) } } h1 { (stored.name) } p.muted { (w::provider(provider)) } }
        (refused(problem))
        div.split {
            form.card method="post" action=(path) {
                (csrf(&visit.csrf)) (seen(version))
                h2 { (w::SETTINGS) }
                (typed.fields(&overview, &names("secret_names"), errors))
                (saves(problem, now))
            }
            aside {
                section.card {
                    h2 { (w::WEBHOOK_URL) } p.muted { (w::WEBHOOK_TEXT) }
                    code.copy tabindex="0" { (text("webhook_url")) }
                }
                section.card {
                    h2 { (w::SET_UP_STEPS) }
                    ol.steps { @for step in shown.get("set_up_steps").and_then(Value::as_array).into_iter().flatten() {
                        li { (step.get("what").and_then(Value::as_str).unwrap_or_default())
                            @if let Some(value) = step.get("value").and_then(Value::as_str) { code.copy tabindex="0" { (value) } } }
                    } }
                }
                @for name in names("rotating") { section.card { h2 { (w::setting(&name)) } p.muted { (w::ROTATING) } (sure_of(w::RETIRE, &w::setting(&name), w::RETIRE_SURE, &retire(&name))) } }
                section.card { (sure_of(w::REMOVE_INBOX, "", w::REMOVE_INBOX_SURE, &remove)) }
            }
        }
    };
    Ok(Page::new(Nav::Inboxes, stored.name.clone(), body).with(problem).into())
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let id: InboxId = visit.id("inbox")?;
    let overview = visit.names_with(|names| names.inboxes.iter().any(|inbox| inbox.id == id)).await?;
    let known = overview.inboxes.iter().find(|inbox| inbox.id == id).ok_or_else(Problem::not_found)?;
    let typed = typed(&visit.form, known.provider);
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("inbox", id.as_str())];
    match visit.ask(Method::PUT, "/inboxes/{inbox}", &ids, Some(&typed.body(&visit.form)), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}/{id}?done=saved"))),
        Err(problem) => page(visit, Some(&typed), Some(&problem)).await,
    }
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    let id: InboxId = visit.id("inbox")?;
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    match visit.ask(Method::DELETE, "/inboxes/{inbox}", &[("inbox", id.as_str())], None, asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=removed"))),
        Err(problem) => page(visit, None, Some(&problem)).await,
    }
}

/// Ends the old value of a secret that has two.
pub(super) async fn retire(visit: &Visit<'_>) -> Shown {
    let id: InboxId = visit.id("inbox")?;
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("inbox", id.as_str()), ("secret", visit.form.get("secret"))];
    visit.ask(Method::DELETE, "/inboxes/{inbox}/secrets/{secret}/old", &ids, None, asking).await?;
    Ok(Reply::Go(format!("{PATH}/{id}?done=saved")))
}
