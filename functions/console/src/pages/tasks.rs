//! Open tasks, by when they fall due.

use std::collections::HashMap;

use handover_core::{Assignee, Conversation, ConversationId};
use maud::html;

use super::{
    Page, Shown,
    inbox::cursor,
    layout::Nav,
    parts::{self, Field, Icon, assignee, assignee_field, empty, icon, pager, time},
    visit::Visit,
    words as w,
};
use crate::{http::cursor_text, problem::Problem};

/// Rows of a page.
const ROWS: usize = 25;
const PATH: &str = "/console/tasks";

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let names = visit.names();
    let chosen = visit.request.query.get("of").map(String::as_str);
    let whose: Option<Assignee> = match chosen {
        None => Some(visit.me()),
        Some("") => None,
        Some(typed) => parts::assignee_typed(typed, &names.directory)?,
    };
    let place = cursor(visit.query("cursor"))?;
    let (store, account) = (visit.store(), &visit.account.id);
    let page = store.list_tasks(account, whose.as_ref(), ROWS, place.as_deref()).await?;
    let page = page.ok_or_else(Problem::not_found)?;
    let ids: Vec<ConversationId> = page.rows.iter().map(|row| row.conversation.clone()).collect();
    let states: HashMap<ConversationId, Conversation> =
        store.states(account, &ids).await?.into_iter().map(|state| (state.id.clone(), state)).collect();
    let next = page.next.as_deref().map(cursor_text);
    let label = whose.as_ref().map(Assignee::label).unwrap_or_default();
    let body = html! {
        div.head {
            h1 { (w::TASKS) }
            form.inline method="get" action=(PATH) {
                (assignee_field(Field::new("of", w::WHOSE), &names, whose.as_ref(), w::NOBODYS))
                button.quiet type="submit" { (w::SHOW) }
            }
        }
        div #list data-region {
            @if page.rows.is_empty() { (empty(Icon::Check, w::NO_TASKS, w::NO_TASKS_TEXT)) }
            ul.rows {
                @for row in &page.rows {
                    @let state = states.get(&row.conversation);
                    li data-key=(row.conversation) { a.row href=(Visit::conversation_path(&row.conversation)) {
                        span.row-main {
                            b { (state.map_or(w::SOMEBODY, |state| parts::address(&state.address))) }
                            @let origin = state.filter(|state| Some(state.epoch) == row.epoch());
                            @let origin = origin.and_then(Conversation::human).map(|human| &human.origin);
                            span.muted { @if let Some(origin) = origin { (parts::reason(origin, &names)) } @else { (w::reason(&row.scenario)) } }
                        }
                        span.row-when {
                            span { (icon(Icon::Clock)) (w::DUE) " " (time(row.due_at)) }
                            @if row.due_at <= visit.now { span.chip.bad { (w::OVERDUE) } }
                        }
                        span.owner.person { (icon(Icon::Person)) (assignee(whose.as_ref(), &names)) }
                    } }
                }
            }
            (pager(PATH, &[("of", &label)], visit.query("cursor"), next.as_deref()))
        }
    };
    Ok(Page::new(Nav::Tasks, w::TASKS, body).live().into())
}
