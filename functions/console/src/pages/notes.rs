//! What one was told in the console, newest first.

use http::Method;
use maud::html;

use super::{
    Page, Reply, Shown,
    inbox::cursor,
    layout::Nav,
    parts::{Icon, csrf, empty, pager, time},
    visit::{Asking, Visit},
    words as w,
};
use crate::http::cursor_text;

/// Rows of a page.
const ROWS: usize = 30;
const PATH: &str = "/console/notifications";

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let place = cursor(visit.query("cursor"))?;
    let (account, staff) = (&visit.account.id, &visit.staff.id);
    let page = visit.store().newest_notes(account, staff, ROWS, place.as_deref()).await?;
    let next = page.next.as_deref().map(cursor_text);
    let body = html! {
        div.head { h1 { (w::NOTIFICATIONS) } }
        div #list data-region {
            @if page.rows.is_empty() { (empty(Icon::Bell, w::NO_NOTES, w::NO_NOTES_TEXT)) }
            ul.rows {
                @for note in &page.rows {
                    li.note.unread[!note.read] data-key=(note.id) {
                        div.row {
                            span.row-main {
                                b { (note.about.headline()) }
                                span.muted { (time(note.at)) }
                            }
                            form method="post" action={ (PATH) "/" (note.id) } {
                                (csrf(&visit.csrf))
                                @if let Some(conversation) = &note.conversation { input type="hidden" name="to" value=(conversation); }
                                @if note.conversation.is_some() { button.quiet type="submit" { (w::OPEN_CONVERSATION) span.hidden { ": " (note.about.headline()) } } }
                                @else if !note.read { button.quiet type="submit" { (w::MARK_READ) span.hidden { ": " (note.about.headline()) } } }
                            }
                        }
                    }
                }
            }
            (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
        }
    };
    Ok(Page::new(Nav::Notifications, w::NOTIFICATIONS, body).live().into())
}

/// Marks a notification as read, and goes to what it is about.
pub(super) async fn read(visit: &Visit<'_>) -> Shown {
    let ids = [("staff", visit.staff.id.as_str()), ("notification", visit.text("notification")?)];
    let path = "/staff/{staff}/notifications/{notification}/read";
    visit.ask(Method::POST, path, &ids, None, Asking::default()).await?;
    let to = visit.form.said("to").and_then(|id| id.parse().ok());
    Ok(Reply::Go(to.map_or_else(|| PATH.to_owned(), |id| Visit::conversation_path(&id))))
}
