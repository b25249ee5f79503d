//! API keys, for programs.

use handover_aws::{Scope, store::ApiKeyItem};
use handover_core::MAX_NAME_CHARS;
use http::Method;
use maud::html;
use serde_json::{Value, json};

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{Errors, Field, Icon, csrf, empty, once, refused, sure_of, time},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/keys";
/// Rows of a page.
const ROWS: usize = 25;

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, problem: Option<&Problem>) -> Shown {
    let mut keys = visit.store().api_keys(&visit.account.id).await?;
    keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
    let first: usize = visit.query("cursor").and_then(|text| text.parse().ok()).unwrap_or(0);
    let next = (first + ROWS < keys.len()).then(|| (first + ROWS).to_string());
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let end = |key: &ApiKeyItem| {
        html! { form method="post" action={ (PATH) "/" (key.id()) "/end" } { (csrf(&visit.csrf)) button.danger type="submit" { (w::END_KEY) } } }
    };
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::API_KEYS) } }
        (refused(problem))
        @if keys.is_empty() { (empty(Icon::Key, w::NO_KEYS, w::NO_KEYS_TEXT)) }
        ul.rows { @for key in keys.iter().skip(first).take(ROWS) {
            @let ended = key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= visit.now.as_seconds());
            li { div.row {
                span.row-main { b { (key.name) } span.muted { (w::MADE) " " (time(key.created_at)) } }
                span.chip { (w::scope(key.scope)) }
                @if let Some(end) = key.expires_at { span.muted { (w::ENDS) " " (time(handover_core::Timestamp::from_ms(end * 1_000))) } }
                @if ended { span.chip.bad { (w::ENDED) } } @else { (sure_of(w::END_KEY, &key.name, w::END_KEY_SURE, &end(key))) }
            } }
        } }
        (super::parts::pager(PATH, &[], visit.query("cursor"), next.as_deref()))
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (once()) h2 { (w::ADD_KEY) }
            (Field::new("name", w::WHAT_FOR).error(errors).required().max(MAX_NAME_CHARS).text("text", visit.form.get("name")))
            (Field::new("scope", w::MAY).choice(&html! {
                @for scope in [Scope::Read, Scope::Write, Scope::Admin] { option value=(scope.name()) { (w::scope(scope)) } }
            }))
            (Field::new("days", w::ENDS_AFTER).hint(w::ENDS_HINT).error(errors).text("number", visit.form.get("days")))
            button type="submit" { (w::ADD) }
        }
    };
    Ok(Page::new(Nav::Keys, w::API_KEYS, body).with(problem).into())
}

/// Makes a key, whose text is shown this once.
pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let form = &visit.form;
    let mut body = json!({"name": form.get("name").trim(), "scope": form.get("scope")});
    if let (Some(days), Some(members)) = (form.said("days"), body.as_object_mut()) {
        members.insert("days".to_owned(), json!(days.parse::<u32>().unwrap_or(0)));
    }
    let asking = Asking { once: form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/api-keys", &[], Some(&body), asking).await {
        Ok(answer) => {
            let made = answer.into_body();
            let text = made.get("api_key").and_then(Value::as_str).unwrap_or_default();
            let body = html! {
                div.head { h1 { (w::API_KEYS) } }
                div.card { h2 { (w::SHOWN_ONCE) } p.muted { (w::SHOWN_ONCE_TEXT) } code.secret tabindex="0" { (text) } p { a.button href=(PATH) { (w::COPIED) } } }
            };
            Ok(Page::new(Nav::Keys, w::API_KEYS, body).into())
        }
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

pub(super) async fn end(visit: &Visit<'_>) -> Shown {
    let ids = [("key", visit.text("key")?)];
    visit.ask(Method::DELETE, "/api-keys/{key}", &ids, None, Asking::default()).await?;
    Ok(Reply::Go(format!("{PATH}?done=ended")))
}
