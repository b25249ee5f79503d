//! The journal: who changed what.

use handover_aws::store::Overview;
use handover_core::ApiKeyId;
use maud::html;

use super::{
    Page, Shown,
    inbox::cursor,
    layout::Nav,
    parts::{Icon, beginning, empty, pager, time},
    visit::Visit,
    words as w,
};
use crate::http::cursor_text;

const PATH: &str = "/console/audit";
/// Rows of a page.
const ROWS: usize = 50;
/// Bytes of a name or a reason.
const MAX_BYTES: usize = 300;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let names = visit.names();
    let place = cursor(visit.query("cursor"))?;
    let page = visit.store().newest_changes(&visit.account.id, ROWS, place.as_deref()).await?;
    let (lines, next) = (page.rows, page.next.as_deref().map(cursor_text));
    let by_key = lines.iter().any(|line| line.by.is_some());
    let keys = if by_key { visit.store().api_keys(&visit.account.id).await? } else { Vec::new() };
    let key = |id: &ApiKeyId| keys.iter().find(|key| key.id() == id).map(|key| key.name.as_str());
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::AUDIT) } p.muted { (w::AUDIT_TEXT) } }
        @if lines.is_empty() { (empty(Icon::List, w::NO_CHANGES, w::NO_CHANGES_TEXT)) } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th scope="col" { (w::WHEN) } th scope="col" { (w::WHO) } th scope="col" { (w::WHAT) } th scope="col" { (w::VERSION) } } }
                tbody { @for line in &lines { tr {
                    td { (time(line.at)) }
                    td { @match (&line.staff, &line.by) {
                        (Some(staff), _) => (names.directory.staff(staff).map_or(w::SOMEBODY_GONE, |staff| staff.name.as_str())),
                        (None, Some(id)) => { (w::BY_KEY) @if let Some(name) = key(id) { ": " (name) } },
                        (None, None) => (w::BY_OPERATOR),
                    } }
                    td { @match revision(&line.what, line.version) {
                        Some(path) => a href=(path) { (changed(&line.what, &names)) },
                        None => (changed(&line.what, &names)),
                    } }
                    td { @match line.version { Some(version) => (version), None => (w::REMOVED) } }
                } } }
            } }
        }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
    };
    Ok(Page::new(Nav::Audit, w::AUDIT, body).into())
}

/// Where one sees what an edit of a bot changed.
fn revision(what: &str, version: Option<u64>) -> Option<String> {
    let bot = what.strip_prefix("bot/").filter(|bot| !bot.contains(['/', ':']))?;
    Some(format!("/console/bots/{bot}/revisions/{}", version?))
}

/// What a line is about: kind and name, where the thing still has one.
fn changed(what: &str, names: &Overview) -> String {
    // What follows a colon is a reason.
    let (path, why) = what.split_once(": ").map_or((what, None), |(path, why)| (path, Some(why)));
    let mut parts = path.split('/');
    let (kind, id, part) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
    let directory = &names.directory;
    let name = match kind {
        "bot" => names.bots.iter().find(|bot| bot.id.as_str() == id).map(|bot| bot.name.as_str()),
        "inbox" => {
            names.inboxes.iter().find(|inbox| inbox.id.as_str() == id).map(|inbox| inbox.name.as_str())
        }
        "staff" => {
            directory.staff.iter().find(|staff| staff.id.as_str() == id).map(|staff| staff.name.as_str())
        }
        "team" => directory.teams.iter().find(|team| team.id.as_str() == id).map(|team| team.name.as_str()),
        _ => None,
    };
    let mut told = w::changed(kind, part).to_owned();
    for more in [name.or(Some(id).filter(|id| !id.is_empty())), why].into_iter().flatten() {
        told.push_str(": ");
        told.push_str(beginning(more, MAX_BYTES));
    }
    told
}
