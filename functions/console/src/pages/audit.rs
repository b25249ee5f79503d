//! The journal: who changed what.

use maud::html;

use super::{
    Page, Shown,
    inbox::cursor,
    layout::Nav,
    parts::{Icon, empty, pager, time},
    visit::Visit,
    words as w,
};
use crate::http::cursor_text;

const PATH: &str = "/console/audit";
/// Rows of a page.
const ROWS: usize = 50;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let names = visit.names().await?;
    let place = cursor(visit.query("cursor"))?;
    let page = visit.store().newest_changes(&visit.account.id, ROWS, place.as_deref()).await?;
    let (lines, next) = (page.rows, page.next.as_deref().map(cursor_text));
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::AUDIT) } p.muted { (w::AUDIT_TEXT) } }
        @if lines.is_empty() { (empty(Icon::List, w::NO_CHANGES, w::NO_CHANGES_TEXT)) } @else {
            div.scroll { table {
                thead { tr { th { (w::WHEN) } th { (w::WHO) } th { (w::WHAT) } th { (w::VERSION) } } }
                tbody { @for line in &lines { tr {
                    td { (time(line.at)) }
                    td { @match (&line.staff, &line.by) {
                        (Some(staff), _) => (names.directory.staff(staff).map_or(w::SOMEBODY_GONE, |staff| staff.name.as_str())),
                        (None, Some(_)) => (w::BY_KEY),
                        (None, None) => (w::BY_OPERATOR),
                    } }
                    td { (line.what) }
                    td { @match line.version { Some(version) => (version), None => (w::REMOVED) } }
                } } }
            } }
        }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
    };
    Ok(Page::new(Nav::Audit, w::AUDIT, body).into())
}
