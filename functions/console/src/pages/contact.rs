//! A client over all their conversations: tags, what happened, what is kept of them, and its erasure.

use handover_aws::store::Whole;
use handover_core::{ContactId, Conversation, ConversationId, HandoverEnd};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{self, Icon, Owner, assignee, csrf, empty, once, owner, sure, tags, time},
    transcript::principal,
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

/// Pages of an export that one file holds: more than that is the API's.
const EXPORT_PAGES: usize = 50;

/// Bytes that a contact's tags may take in its page.
const TAG_BYTES: usize = 24_000;

/// Handovers that are shown of one conversation.
const HANDOVERS: usize = 20;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let id: ContactId = visit.id("contact")?;
    let names = visit.names();
    // The id of the conversation that a contact begins with is the contact's as well.
    let home: ConversationId = visit.id("contact")?;
    let (store, account) = (visit.store(), &visit.account.id);
    let (contact, handovers, own) = match store.without_lines(account, &home).await? {
        Whole::Here(whole) if whole.contact.id == id => (whole.contact, whole.handovers, Some(whole.state)),
        Whole::Here(whole) => {
            return Ok(Reply::Go(format!("/console/contacts/{}", whole.contact.id)));
        }
        Whole::Contact(contact) => (*contact, Vec::new(), None),
        Whole::MovedTo(_) | Whole::Absent => return Err(Problem::not_found()),
    };
    let others: Vec<ConversationId> =
        contact.linked.keys().filter(|other| **other != home).cloned().collect();
    let mut conversations: Vec<Conversation> =
        if others.is_empty() { Vec::new() } else { store.states(account, &others).await? };
    conversations.retain(|conversation| conversation.contact == id);
    conversations.extend(own);
    conversations.sort_by(|a, b| a.id.cmp(&b.id));
    let Some(first) = conversations.first() else { return Err(Problem::not_found()) };
    let title = parts::address(&first.address).to_owned();
    let path = format!("/console/contacts/{id}");
    let form = |command: &str, inner: &Markup| {
        html! { form method="post" action={ (path) "/" (command) } { (csrf(&visit.csrf)) (once()) (inner) } }
    };
    let body = html! {
        div.head { p.crumbs { (w::CONTACT) } h1 { (title) } p.muted { (w::KNOWN_SINCE) " " (time(contact.since)) " · " (w::ASSIGNED_TO) " " (assignee(contact.assignee.as_ref(), &names)) } }
        section.card {
            h2 { (w::CONVERSATIONS) }
            ul.rows {
                @for conversation in &conversations {
                    @let inbox = names.inboxes.iter().find(|inbox| inbox.id == conversation.inbox);
                    @let human = conversation.human().is_some_and(|_| !conversation.resume_due(visit.now));
                    li { a.row href=(Visit::conversation_path(&conversation.id)) {
                        span.row-main { b { (inbox.map_or("", |inbox| inbox.name.as_str())) } span.muted { (parts::channel(conversation.channel)) " · " (parts::address(&conversation.address)) } }
                        @if conversation.opted_out { span.chip.warn { (w::OPTED_OUT_SHORT) } }
                        (owner(&Owner::of(human, contact.assignee.as_ref(), &names)))
                    } }
                }
            }
        }
        section.card {
            h2 { (w::TAGS) }
            (tags(visit, &contact.tags, &format!("{path}/tags"), TAG_BYTES))
        }
        section.card {
            h2 { (w::HANDOVERS) }
            @if handovers.is_empty() { (empty(Icon::Hand, w::NO_HANDOVERS, w::NO_HANDOVERS_TEXT)) } @else {
                div.scroll tabindex="0" { table {
                    thead { tr { @for head in [w::BEGAN, w::SCENARIO, w::ASSIGNED_TO, w::FIRST_ANSWER, w::ENDED] { th scope="col" { (head) } } } }
                    tbody { @for handover in handovers.iter().rev().take(HANDOVERS) {
                        tr {
                            td { (time(handover.started_at)) }
                            td { (parts::reason(&handover.origin, &names)) }
                            td { (assignee(handover.assignee.as_ref(), &names)) }
                            td { @match handover.first_reply_at { Some(at) => (time(at)), None => span.muted { (w::NONE_YET) } } }
                            td { @match (&handover.end, handover.ended_at) {
                                (Some(end), Some(at)) => { (ended(end, &names)) " " (time(at)) },
                                _ => span.chip { (w::OPEN) },
                            } }
                        }
                    } }
                } }
            }
        }
        @if visit.is_admin() {
            section.card {
                h2 { (w::KEPT) }
                p { a.button.quiet href={ (path) "/export" } { (w::EXPORT_CONTACT) } }
                (sure(w::ERASE, w::ERASE_SURE, &form("erase", &html! { button.danger type="submit" { (w::ERASE) } })))
            }
        }
    };
    Ok(Page::new(Nav::Inbox, title, body).into())
}

fn ended(end: &HandoverEnd, names: &handover_aws::store::Overview) -> String {
    match end {
        HandoverEnd::PauseEnded => w::END_PAUSE.to_owned(),
        HandoverEnd::HandedBack { by: Some(by) } => format!("{} {}", w::END_BACK_BY, principal(by, names)),
        HandoverEnd::HandedBack { by: None } => w::END_BACK.to_owned(),
        HandoverEnd::Resolved { by } => format!("{} {}", w::END_RESOLVED, principal(by, names)),
        HandoverEnd::ElsewhereEnded => w::END_ELSEWHERE.to_owned(),
        HandoverEnd::TakenOver => w::END_TAKEN.to_owned(),
        HandoverEnd::Erased => w::END_ERASED.to_owned(),
    }
}

/// Puts a tag on, or takes one off.
pub(super) async fn tag(visit: &Visit<'_>) -> Shown {
    let id: ContactId = visit.id("contact")?;
    let body = json!({"tag": visit.form.get("tag").trim(), "present": visit.form.get("present") != "no"});
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    visit
        .ask(Method::POST, "/contacts/{contact}/tags", &[("contact", id.as_str())], Some(&body), asking)
        .await?;
    Ok(Reply::Go(format!("/console/contacts/{id}?done=tag")))
}

/// Everything that is stored about a contact, as a file.
pub(super) async fn export(visit: &Visit<'_>) -> Shown {
    let id: ContactId = visit.id("contact")?;
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..EXPORT_PAGES {
        let query = [("cursor", cursor.as_str()), ("limit", "200")];
        let asking = Asking { query: &query, ..Asking::default() };
        let ids = [("contact", id.as_str())];
        let answer = visit.ask(Method::GET, "/contacts/{contact}/export", &ids, None, asking).await?;
        let mut page = answer.into_body();
        if let Some(rows) = page.get_mut("items").and_then(serde_json::Value::as_array_mut) {
            items.append(rows);
        }
        let Some(next) = page.get("next").and_then(serde_json::Value::as_str) else {
            let text = serde_json::to_string_pretty(&json!({"items": items})).unwrap_or_default();
            return Ok(Reply::File { content_type: "application/json", name: "contact.json", text });
        };
        next.clone_into(&mut cursor);
    }
    Err(Problem::new(http::StatusCode::UNPROCESSABLE_ENTITY, "too_much", w::TOO_MUCH, w::TOO_MUCH_DETAIL))
}

/// Erases a client.
pub(super) async fn erase(visit: &Visit<'_>) -> Shown {
    let id: ContactId = visit.id("contact")?;
    visit
        .ask(Method::DELETE, "/contacts/{contact}", &[("contact", id.as_str())], None, Asking::default())
        .await?;
    Ok(Reply::Go("/console/inbox?done=erase".to_owned()))
}
