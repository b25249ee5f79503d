//! What could not be processed: look at it, send it on its way again, or let it go.

use http::Method;
use maud::html;
use serde_json::json;

use super::{
    Page, Reply, Shown,
    inbox::cursor,
    layout::Nav,
    parts::{Field, Icon, beginning, csrf, empty, icon, once, pager, refused, sure, time},
    visit::{Asking, Visit},
    words as w,
};
use crate::{http::cursor_text, problem::Problem};

const PATH: &str = "/console/quarantine";
/// Rows of a page.
const ROWS: usize = 50;
/// Bytes that a body may take in its page: the rest is the API's.
const SHOWN_BYTES: usize = 40_000;
/// Characters of a reason.
const MAX_REASON_CHARS: usize = 200;

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    let place = cursor(visit.query("cursor"))?;
    let page = visit.store().quarantine_page(&visit.account.id, true, ROWS, place.as_deref()).await?;
    let (items, next) = (page.rows, page.next.as_deref().map(cursor_text));
    let names = visit.names();
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::QUARANTINE) } p.muted { (w::QUARANTINE_TEXT) } }
        @if items.is_empty() { (empty(Icon::Check, w::NOTHING_QUARANTINED, w::NOTHING_QUARANTINED_TEXT)) }
        ul.rows { @for item in &items {
            @let inbox = item.inbox.as_ref().and_then(|id| names.inboxes.iter().find(|inbox| inbox.id == *id));
            li { a.row href={ (PATH) "/" (item.id) } {
                span.row-main { b { (super::layout::sentence(&item.reason)) } span.muted { (inbox.map_or("", |inbox| inbox.name.as_str())) } }
                span.muted { (w::PUT_ASIDE) " " (w::source(&item.source)) }
                span.muted { (time(item.at)) }
            } }
        } }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
    };
    Ok(Page::new(Nav::Quarantine, w::QUARANTINE, body).into())
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, problem: Option<&Problem>) -> Shown {
    let id = visit.text("item")?;
    let item = visit.store().quarantined(&visit.account.id, id).await?.ok_or_else(Problem::not_found)?;
    let path = format!("{PATH}/{}", item.id);
    let shown = beginning(&item.body, SHOWN_BYTES);
    let cut = item.cut || shown.len() < item.body.len();
    let discard = html! {
        form method="post" action={ (path) "/discard" } {
            (csrf(&visit.csrf)) (once())
            (Field::new("reason", w::REASON).required().max(MAX_REASON_CHARS).free().text("text", ""))
            button.danger type="submit" { (w::LET_GO) }
        }
    };
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) " / " a href=(PATH) { (w::QUARANTINE) } } h1 { (super::layout::sentence(&item.reason)) } p.muted { (w::PUT_ASIDE) " " (w::source(&item.source)) " · " (time(item.at)) } }
        (refused(problem))
        @if let Some(conversation) = &item.conversation { p { a href=(Visit::conversation_path(conversation)) { (w::OPEN_CONVERSATION) } } }
        section.card {
            h2 { (w::THE_THING) }
            @if item.body.is_empty() { p.muted { (w::NO_TEXT_KEPT) } } @else { pre.body tabindex="0" { (shown) } }
            @if cut { p.muted { (w::ONLY_BEGINNING) } }
        }
        section.card.choices {
            form method="post" action={ (path) "/redrive" } { (csrf(&visit.csrf)) (once()) button type="submit" { (icon(Icon::Up)) (w::SEND_AGAIN) } }
            (sure(w::LET_GO, w::LET_GO_SURE, &discard))
        }
    };
    Ok(Page::new(Nav::Quarantine, w::QUARANTINE, body).with(problem).into())
}

pub(super) async fn redrive(visit: &Visit<'_>) -> Shown {
    let ids = [("item", visit.text("item")?)];
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/quarantine/{item}/redrive", &ids, None, asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=redriven"))),
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

pub(super) async fn discard(visit: &Visit<'_>) -> Shown {
    let ids = [("item", visit.text("item")?)];
    let body = json!({"reason": visit.form.get("reason")});
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/quarantine/{item}/discard", &ids, Some(&body), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=gone"))),
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}
