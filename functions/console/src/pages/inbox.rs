//! The inbox: whose turn it is in which conversation.

use std::collections::HashMap;

use data_encoding::BASE64URL_NOPAD;
use handover_aws::store::{ConversationFilter, ListedConversation, Overview};
use handover_core::{Assignee, Conversation, ConversationId, TeamId};
use maud::{Markup, html};

use super::{
    Page, Shown,
    layout::Nav,
    parts::{self, Icon, Owner, empty, icon, owner, pager, time},
    visit::Visit,
    words as w,
};
use crate::{http::cursor_text, problem::Problem};

/// Rows of a page.
const ROWS: usize = 25;
const PATH: &str = "/console/inbox";

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum View {
    Waiting,
    Mine,
    Team(TeamId),
    All,
    FollowUp,
    Bot,
}

impl View {
    fn of(text: Option<&str>) -> Self {
        match text {
            Some("mine") => Self::Mine,
            Some("all") => Self::All,
            Some("follow-up") => Self::FollowUp,
            Some("bot") => Self::Bot,
            Some(team) => match team.strip_prefix("team-").and_then(|team| team.parse().ok()) {
                Some(team) => Self::Team(team),
                None => Self::Waiting,
            },
            None => Self::Waiting,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Waiting => "waiting".to_owned(),
            Self::Mine => "mine".to_owned(),
            Self::Team(team) => format!("team-{team}"),
            Self::All => "all".to_owned(),
            Self::FollowUp => "follow-up".to_owned(),
            Self::Bot => "bot".to_owned(),
        }
    }

    fn filter(&self, visit: &Visit<'_>) -> ConversationFilter {
        let all = ConversationFilter::default();
        let humans = |assignee| ConversationFilter { with_humans: Some(true), assignee, ..all.clone() };
        let bot = |pending| ConversationFilter { with_humans: Some(false), pending, ..all.clone() };
        match self {
            Self::Waiting => ConversationFilter { waiting: true, ..all.clone() },
            Self::Mine => humans(Some(Some(visit.me()))),
            Self::Team(team) => humans(Some(Some(Assignee::Team(team.clone())))),
            Self::All => humans(None),
            Self::FollowUp => bot(Some(true)),
            Self::Bot => bot(Some(false)),
        }
    }
}

/// A cursor of a list, as a link carries it.
pub(super) fn cursor(text: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).map(Some).ok_or_else(Problem::not_found)
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let names = visit.names();
    let view = View::of(visit.query("view"));
    let place = cursor(visit.query("cursor"))?;
    let (store, account) = (visit.store(), &visit.account.id);
    let page = store.list_conversations(account, &view.filter(visit), ROWS, place.as_deref()).await?;
    let page = page.ok_or_else(Problem::not_found)?;
    let ids: Vec<ConversationId> = page.rows.iter().map(|row| row.conversation.clone()).collect();
    let states: HashMap<ConversationId, Conversation> =
        store.states(account, &ids).await?.into_iter().map(|state| (state.id.clone(), state)).collect();
    let next = page.next.as_deref().map(cursor_text);
    let name = view.name();
    let body = html! {
        div.head { h1 { (w::INBOX) } }
        (tabs(visit, &names, &view))
        div #list data-region {
            @if page.rows.is_empty() && place.is_none() && next.is_none() {
                (nothing(&view))
            } @else {
                ul.rows { @for row in &page.rows { (listed(visit, row, states.get(&row.conversation), &names)) } }
            }
            (pager(PATH, &[("view", &name)], visit.query("cursor"), next.as_deref()))
        }
    };
    Ok(Page::new(Nav::Inbox, w::INBOX, body).live().into())
}

fn tabs(visit: &Visit<'_>, names: &Overview, here: &View) -> Markup {
    let teams = names.directory.teams.iter().filter(|team| team.members.contains(&visit.staff.id));
    let mut tabs = vec![(View::Waiting, w::WAITING.to_owned()), (View::Mine, w::MINE.to_owned())];
    tabs.extend(teams.map(|team| (View::Team(team.id.clone()), team.name.clone())));
    tabs.extend([
        (View::All, w::WITH_PEOPLE.to_owned()),
        (View::FollowUp, w::FOLLOW_UP.to_owned()),
        (View::Bot, w::WITH_BOT.to_owned()),
    ]);
    html! {
        nav.tabs aria-label=(w::VIEWS) {
            @for (view, label) in &tabs {
                a href={ (PATH) "?view=" (view.name()) } aria-current=[(view == here).then_some("page")] { (label) }
            }
        }
    }
}

fn nothing(view: &View) -> Markup {
    match view {
        View::Waiting => empty(Icon::Check, w::NOBODY_WAITS, w::NOBODY_WAITS_TEXT),
        View::Mine => empty(Icon::Inbox, w::NOTHING_MINE, w::NOTHING_MINE_TEXT),
        View::Team(_) => empty(Icon::Inbox, w::NOTHING_TEAM, w::NOTHING_TEAM_TEXT),
        View::All => empty(Icon::Inbox, w::NOTHING_ALL, w::NOTHING_ALL_TEXT),
        View::FollowUp => empty(Icon::Check, w::NOTHING_FOLLOW_UP, w::NOTHING_FOLLOW_UP_TEXT),
        View::Bot => empty(Icon::Bot, w::NOTHING_BOT, w::NOTHING_BOT_TEXT),
    }
}

fn listed(
    visit: &Visit<'_>,
    row: &ListedConversation,
    state: Option<&Conversation>,
    names: &Overview,
) -> Markup {
    let whose = row.assignee.as_deref().and_then(parts::assignee_of);
    // A pause that is over has given it back already, whoever notices first.
    let is_back = state.is_some_and(|state| state.resume_due(visit.now));
    let who = Owner::of(row.with_humans() && !is_back, whose.as_ref(), names);
    let inbox = names.inboxes.iter().find(|inbox| inbox.id == row.inbox);
    let human = state.and_then(Conversation::human).filter(|_| !is_back);
    let reply_by = human.and(state).and_then(|state| parts::reply_by(inbox, state));
    let late = state.is_some_and(|state| {
        state.promise.is_some_and(|promise| promise.due_at <= visit.now)
            || state.task_due_at.is_some_and(|due| due <= visit.now)
    });
    html! {
        li data-key=(row.conversation) {
            a.row href=(Visit::conversation_path(&row.conversation)) {
                span.row-main {
                    b { (state.map_or(w::SOMEBODY, |state| parts::address(&state.address))) }
                    span.muted { (inbox.map_or("", |inbox| inbox.name.as_str())) }
                }
                span.row-why {
                    @if let Some(human) = human { (parts::reason(&human.origin, names)) }
                    @else if let Some(reason) = &row.scenario { (w::reason(reason)) }
                    @if row.urgency.unwrap_or(0) > 0 { " " span.chip.warn { (w::ASKED_AGAIN) } }
                    @if late { " " span.chip.bad { (w::OVERDUE) } }
                }
                span.row-when {
                    @if let Some(waiting) = human.and_then(|human| human.waiting.as_ref()) {
                        span { (icon(Icon::Clock)) (w::WAITS_SINCE) " " (time(waiting.since)) }
                    } @else {
                        // Whoever has none of the staff waits, whatever it was that handed over.
                        @if matches!(who, Owner::Waiting | Owner::WaitingFor(_)) {
                            span { (icon(Icon::Clock)) (w::WAITS_SINCE) " " (time(row.since())) }
                        } @else {
                            span.muted { (w::SINCE) " " (time(row.since())) }
                        }
                    }
                    @if let Some(reply_by) = reply_by {
                        span.muted { (w::REPLY_BY) " " (time(reply_by)) }
                    }
                }
                (owner(&who))
            }
        }
    }
}
