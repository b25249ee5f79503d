//! A conversation: what was said, why the bot stepped aside, and what to do now.

use std::sync::Arc;

use handover_aws::store::{MessageItem, Overview, Whole, WholeConversation};
use handover_core::{
    Assignee, BotId, Conversation, ConversationId, Handover, Inbox, MAX_REPLY_CHARS, Origin, OutcomeResult,
    SeenControl, Timestamp,
};
use http::Method;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::{
    Page, Reply, Shown,
    form::Form,
    layout::Nav,
    parts::{
        self, Field, Icon, Owner, assignee, assignee_field, csrf, icon, in_lines, once, owner, refused,
        short_hash, tags, time,
    },
    transcript::{self, Revisions},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

/// Characters of a reason.
const MAX_REASON_CHARS: usize = 500;
/// Bytes that a contact's tags may take beside a conversation; the contact's own page has more room.
const TAG_BYTES: usize = 5_000;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    match whole(visit, &visit.id("conversation")?).await? {
        (Whole::Absent | Whole::Contact(_), _) => Err(Problem::not_found()),
        (Whole::MovedTo(elsewhere), _) => Ok(Reply::Go(Visit::conversation_path(&elsewhere))),
        (Whole::Here(whole), revisions) => Ok(page(visit, &whole, &revisions, None).await?.into()),
    }
}

/// A command to the conversation, by its name in the API.
pub(super) async fn command(visit: &Visit<'_>) -> Shown {
    let id: ConversationId = visit.id("conversation")?;
    let form = &visit.form;
    let reason = form.said("reason");
    let (path, body) = match visit.text("command")? {
        "claim" => ("/conversations/{conversation}/claim", json!({})),
        "assign" => {
            let to = parts::assignee_typed(form.get("to"), &visit.names().directory)?;
            ("/conversations/{conversation}/assign", json!({"to": to}))
        }
        "reply" => ("/conversations/{conversation}/reply", answer(form)),
        "hand-back" => ("/conversations/{conversation}/hand-back", with_reason(reason)),
        "resolve" => ("/conversations/{conversation}/resolve", with_reason(reason)),
        "pause" => {
            let number = |name| form.number(name).unwrap_or(0);
            let pause = match form.get("until") {
                "hand_back" => json!("until_handed_back"),
                _ => json!({"for": {"hours": number("hours"), "minutes": number("minutes")}}),
            };
            ("/conversations/{conversation}/pause", json!({"pause": pause}))
        }
        "tag" => {
            let present = form.get("present") != "no";
            ("/conversations/{conversation}/tags", json!({"tag": form.get("tag").trim(), "present": present}))
        }
        "task" => ("/conversations/{conversation}/task/complete", json!({})),
        _ => return Err(Problem::not_found()),
    };
    let asking = Asking { once: form.once(), ..Asking::default() };
    let done = visit.ask(Method::POST, path, &[("conversation", id.as_str())], Some(&body), asking).await;
    match done {
        // Who takes over with a draft goes on writing it.
        Ok(_) if form.said("text").is_some() && visit.text("command")? != "reply" => {
            show_again(visit, &id).await
        }
        Ok(done) => {
            let words = if done.is_pending() { "pending" } else { visit.text("command")? };
            Ok(Reply::Go(format!("{}?done={words}#end", Visit::conversation_path(&id))))
        }
        // What is wrong stands above the conversation as it is now, with the text that was typed.
        Err(problem) => match whole(visit, &id).await? {
            (Whole::Here(whole), revisions) => {
                let problem = in_words(problem, visit.text("command")?);
                Ok(page(visit, &whole, &revisions, Some(&problem)).await?.status(problem.status).into())
            }
            (Whole::Absent | Whole::Contact(_) | Whole::MovedTo(_), _) => Err(problem),
        },
    }
}

/// An answer, with what its author saw.
fn answer(form: &Form) -> Value {
    let mut body = json!({"text": form.get("text")});
    if let (Some(epoch), Some(members)) = (form.number("epoch"), body.as_object_mut()) {
        let assignee = form.said("holder").and_then(parts::assignee_of);
        members.insert("seen".to_owned(), json!(SeenControl { epoch, assignee }));
    }
    body
}

/// Why an answer was not sent, as whoever typed it understands.
fn in_words(problem: Problem, command: &str) -> Problem {
    let detail = match problem.code {
        "stale_epoch" => w::NOT_SENT_BACK.to_owned(),
        "claimed" => {
            let who =
                problem.members.get("claimed_by").and_then(|who| who.get("name")).and_then(Value::as_str);
            format!("{} {}", who.unwrap_or(w::SOMEBODY_BEFORE), w::NOT_SENT_TAKEN)
        }
        _ => return problem,
    };
    if command != "reply" {
        return problem;
    }
    // Its words say all; those of its code would speak of something else.
    let members = serde_json::Map::new();
    Problem { code: "not_sent", title: w::NOT_SENT, detail, members, ..problem }
}

async fn show_again(visit: &Visit<'_>, id: &ConversationId) -> Shown {
    match whole(visit, id).await? {
        (Whole::Here(whole), revisions) => Ok(page(visit, &whole, &revisions, None).await?.into()),
        (Whole::Absent | Whole::MovedTo(_) | Whole::Contact(_), _) => {
            Ok(Reply::Go(Visit::conversation_path(id)))
        }
    }
}

fn with_reason(reason: Option<&str>) -> Value {
    json!({"reason": reason})
}

async fn page(
    visit: &Visit<'_>,
    whole: &WholeConversation,
    revisions: &Revisions,
    problem: Option<&Problem>,
) -> Result<Page, Problem> {
    let assigned = whole.contact.assignee.as_ref();
    let names =
        visit.names_with(|names| assigned.is_none_or(|assignee| names.directory.has(assignee))).await?;
    let state = &whole.state;
    let path = Visit::conversation_path(&state.id);
    let holder = whole.contact.assignee.as_ref();
    let human = state.human().filter(|_| !state.resume_due(visit.now));
    let who = Owner::of(human.is_some(), holder, &names);
    let inbox = names.inboxes.iter().find(|inbox| inbox.id == state.inbox);
    let shown = transcript::Shown {
        whole,
        names: &names,
        revisions,
        open: visit.query("open"),
        from: visit.query("from").and_then(|from| from.parse().ok()).unwrap_or(0),
        before: visit.query("before"),
        path: &path,
    };
    let title = parts::address(&state.address);
    let body = html! {
        div.head {
            p.crumbs { a href="/console/inbox" { (w::INBOX) } " / " (inbox.map_or("", |inbox| inbox.name.as_str())) }
            div.title-line #owner data-region {
                h1 { a.plain-link href={ "/console/contacts/" (state.contact) } { (title) } }
                span.muted { (parts::channel(state.channel)) }
                (owner(&who))
            }
        }
        (refused(problem))
        div.split {
            section.thread aria-label=(w::TRANSCRIPT) {
                div #transcript data-region tabindex="0" role="log" aria-label=(w::TRANSCRIPT) { (shown.lines()) }
                (composer(visit, state, holder, &path, &names))
                span #end {}
            }
            aside.panel #side data-region aria-label=(w::ABOUT) {
                (facts(visit, whole, inbox))
                (story(whole, &names, revisions))
                (actions(visit, whole, &names, &path))
            }
        }
    };
    Ok(Page::new(Nav::Inbox, title, body).live())
}

/// A conversation, with the revisions that it speaks of: those in memory, and the others in the same read as
/// a contact that began elsewhere.
async fn whole(visit: &Visit<'_>, id: &ConversationId) -> Result<(Whole, Revisions), Problem> {
    let (policies, account) = (visit.api.processor.policies(), &visit.account.id);
    let is_known = |bot: &BotId, revision: u64| policies.revision_kept(account, bot, revision).is_some();
    let mut found = visit.store().whole(account, id, is_known).await?;
    let mut revisions = Revisions::new();
    if let Whole::Here(whole) = &mut found {
        for read in whole.revisions.drain(..) {
            policies.keep_revision(account, read);
        }
        for (bot, number) in whole.revisions_named() {
            let kept = policies.revision_kept(account, &bot, number);
            revisions.extend(kept.map(|kept| ((bot, number), kept)));
        }
    }
    Ok((found, revisions))
}

/// Where one answers: locked until one has taken over.
fn composer(
    visit: &Visit<'_>,
    state: &Conversation,
    whose: Option<&Assignee>,
    path: &str,
    names: &Arc<Overview>,
) -> Markup {
    let human = state.human().filter(|_| !state.resume_due(visit.now));
    let mine = whose == Some(&visit.me());
    let somebody = whose.filter(|whose| matches!(whose, Assignee::Staff(_)) && !mine);
    let open = human.is_some() && mine && !state.opted_out;
    let seen = html! {
        input type="hidden" name="epoch" value=(state.epoch);
        input type="hidden" name="holder" value=(whose.map(Assignee::label).unwrap_or_default());
    };
    // What was typed and not sent, for whoever cannot send it as it is.
    let draft = visit.form.said("text").filter(|_| !open && !state.opted_out);
    let draft_along =
        || html! { @if let Some(draft) = draft { input type="hidden" name="text" value=(draft); } };
    let take = |label: &str| {
        html! {
            form method="post" action={ (path) "/claim" } { (csrf(&visit.csrf)) (once()) (draft_along()) button type="submit" { (icon(Icon::Hand)) (label) } }
        }
    };
    let markup = html! {
        @if state.opted_out {
            p.locked-text { (icon(Icon::Lock)) span { (w::OPTED_OUT) } }
        } @else if open {
            form method="post" action={ (path) "/reply" } data-keep {
                (csrf(&visit.csrf)) (once()) (seen)
                (Field::new("text", w::YOUR_ANSWER).required().max(MAX_REPLY_CHARS).free().lines(3, visit.form.get("text")))
                button type="submit" { (w::SEND) }
            }
        } @else if let Some(somebody) = somebody {
            // Nobody claims what is somebody else's, not even from the bot.
            p.locked-text { (icon(Icon::Lock)) span { @if human.is_none() { (w::BOT_ANSWERS) ". " } b { (assignee(Some(somebody), names)) } " " (w::HAS_IT) } }
            form method="post" action={ (path) "/assign" } {
                (csrf(&visit.csrf)) (once())
                input type="hidden" name="to" value=(visit.me().label());
                (draft_along())
                button.quiet type="submit" { (w::TAKE_IT_OVER) }
            }
        } @else if human.is_some() {
            p.locked-text { (icon(Icon::Lock)) span { (w::LOCKED_WAITING) } }
            (take(w::CLAIM))
        } @else {
            p.locked-text { (icon(Icon::Lock)) span { (w::LOCKED_BOT) } }
            (take(w::TAKE_OVER))
        }
        @if let Some(draft) = draft {
            form.draft method="post" action={ (path) "/reply" } data-keep {
                (csrf(&visit.csrf)) (once()) (seen)
                label for="draft" { (w::DRAFT) }
                textarea #draft name="text" rows="3" maxlength=(MAX_REPLY_CHARS) required { (PreEscaped(in_lines(draft))) }
                button type="submit" { (w::TAKE_AND_SEND) }
            }
        }
    };
    // Replaced while somebody types only when who may answer has changed.
    let state_hash = short_hash(&format!("{open}{somebody:?}{}{}", human.is_some(), state.opted_out));
    html! { div.composer.locked[!open] #composer data-region data-state=(state_hash) { (markup) } }
}

/// What matters now.
fn facts(visit: &Visit<'_>, whole: &WholeConversation, inbox: Option<&Inbox>) -> Markup {
    let state = &whole.state;
    let human = state.human().filter(|_| !state.resume_due(visit.now));
    let reply_by = parts::reply_by(inbox, state);
    let due = |at: Timestamp| html! { (time(at)) @if at <= visit.now { " " span.chip.bad { (w::OVERDUE) } } };
    html! {
        section.card data-key="now" {
            h2 { (w::NOW) }
            dl.facts {
                @if let Some(waiting) = human.and_then(|human| human.waiting.as_ref()) {
                    dt { (w::CLIENT_WAITS) } dd { (time(waiting.since)) }
                }
                @if let Some(promise) = state.promise { dt { (w::ANSWER_DUE) } dd { (due(promise.due_at)) } }
                @if let Some(at) = reply_by { dt { (w::REPLY_BY) } dd { (due(at)) } }
                @if let Some(at) = state.task_due_at { dt { (w::TASK_DUE) } dd { (due(at)) } }
                @if human.is_some() {
                    dt { (w::BOT_RETURNS) }
                    dd { @match state.resumes_at() { Some(at) => (time(at)), None => (w::WHEN_HANDED_BACK) } }
                } @else {
                    dt { (w::OWNER) } dd { (w::BOT_ANSWERS) }
                }
            }
        }
    }
}

/// Why the bot stepped aside, and what it had tried before.
fn story(whole: &WholeConversation, names: &Overview, revisions: &Revisions) -> Markup {
    let open = whole.state.human().is_some();
    let Some(handover) = whole.handovers.last().filter(|_| open) else { return html! {} };
    let trigger = transcript::find(whole, &handover.trigger);
    let phrase = trigger.and_then(|line| phrase(line, handover, revisions));
    html! {
        section.card data-key="why" {
            h2 { (w::WHY_STEPPED_ASIDE) }
            p.why-line { (parts::reason(&handover.origin, names)) " " (time(handover.started_at)) }
            @if let Some(quote) = trigger.and_then(|line| line.content.as_ref()).and_then(|content| content.text()) {
                blockquote { (quote.chars().take(280).collect::<String>()) }
            }
            @if let Some(phrase) = &phrase { p.muted { (w::MATCHED_PHRASE) " “" (phrase) "”" } }
            @if let Some(score) = trigger.and_then(|line| line.record.human_request) {
                // A phrase decides without one.
                @if handover.origin.name() == "human_requested" && phrase.is_none() { p.muted { (w::SCORE_HUMAN) ": " (parts::percent(score)) } }
            }
            @if let Origin::Takeover { by, app } = &handover.origin {
                p.muted {
                    @if let Some(by) = by { (transcript::principal(by, names)) }
                    @if let Some(app) = app { (w::SOMEBODY_IN) " " (app) }
                }
            }
            (tried(whole, handover))
        }
    }
}

fn phrase(line: &MessageItem, handover: &Handover, revisions: &Revisions) -> Option<String> {
    let Origin::Action { bot, revision, .. } = &handover.origin else { return None };
    let matched = line.record.matched.as_ref()?;
    let bot = revisions.get(&(bot.clone(), *revision))?;
    let action = bot.bot.action(&matched.action)?;
    action.scenario.phrases().get(usize::from(matched.phrase)).cloned()
}

/// What the bot tried since it last had the conversation.
fn tried(whole: &WholeConversation, handover: &Handover) -> Markup {
    let before = whole.handovers.iter().rev().find(|other| other.epoch < handover.epoch);
    let from = before.and_then(|other| other.ended_at);
    let attempts: Vec<&MessageItem> = whole
        .messages
        .iter()
        .filter(|line| line.record.outcome.is_some())
        .filter(|line| line.at <= handover.started_at && from.is_none_or(|from| line.at >= from))
        .collect();
    let recent = attempts.get(attempts.len().saturating_sub(3)..).unwrap_or_default();
    html! {
        h3 { (w::WHAT_IT_TRIED) }
        @if recent.is_empty() { p.muted { (w::TRIED_NOTHING) } }
        ul.tried {
            @for line in recent {
                li {
                    @let text = line.content.as_ref().and_then(|content| content.text());
                    @match &line.record.outcome {
                        Some(OutcomeResult::Answered) | None => (w::BOT_ANSWERED),
                        Some(OutcomeResult::NoAnswer) => (w::BOT_NO_ANSWER),
                        Some(OutcomeResult::Failed { .. }) => (w::BOT_FAILED),
                        Some(OutcomeResult::WantsHandover) => (w::BOT_WANTS_HANDOVER),
                    }
                    @if let Some(text) = text { ": “" (text.chars().take(160).collect::<String>()) "”" }
                }
            }
        }
    }
}

/// What can be done now.
fn actions(visit: &Visit<'_>, whole: &WholeConversation, names: &Overview, path: &str) -> Markup {
    let state = &whole.state;
    let with_humans = state.human().is_some_and(|_| !state.resume_due(visit.now));
    let holder = whole.contact.assignee.as_ref();
    let form = |command: &str, inner: &Markup| {
        html! { form method="post" action={ (path) "/" (command) } { (csrf(&visit.csrf)) (inner) } }
    };
    let reason =
        |id: &str| Field::new("reason", w::REASON).id(id).max(MAX_REASON_CHARS).free().text("text", "");
    html! {
        section.card data-key="actions" {
            h2 { (w::WHAT_NOW) }
            @if with_humans {
                details.act data-key="hand-back" { summary { (w::HAND_BACK) } (form("hand-back", &html! {
                    p.muted { (w::HAND_BACK_TEXT) } (reason("why-back")) button type="submit" { (w::HAND_BACK) }
                })) }
            }
            @if with_humans || holder.is_some() || state.open_task.is_some() {
                details.act data-key="resolve" { summary { (w::RESOLVE) } (form("resolve", &html! {
                    p.muted { (w::RESOLVE_TEXT) } (reason("why-done")) button type="submit" { (w::RESOLVE) }
                })) }
            }
            details.act data-key="assign" { summary { (w::REASSIGN) " " span.muted { (assignee(holder, names)) } } (form("assign", &html! {
                (assignee_field(Field::new("to", w::ASSIGN_TO), names, holder, w::NOBODY_CLAIM))
                button type="submit" { (w::REASSIGN) }
            })) }
            details.act data-key="pause" { summary { (w::PAUSE_BOT) } (form("pause", &html! {
                div.inline {
                    span.unit { input.number #hours name="hours" type="number" min="0" max="8760" value="12"; label for="hours" { (w::HOURS) } }
                    span.unit { input.number #minutes name="minutes" type="number" min="0" max="59" value="0"; label for="minutes" { (w::MINUTES) } }
                }
                label.tick { input type="checkbox" name="until" value="hand_back"; span { (w::UNTIL_HANDED_BACK) } }
                button type="submit" { (w::PAUSE_BOT) }
            })) }
            @if state.open_task.is_some() { (form("task", &html! { button.quiet type="submit" { (icon(Icon::Check)) (w::TASK_DONE) } })) }
        }
        section.card data-key="tags" {
            h2 { (w::TAGS) }
            (tags(visit, &whole.contact.tags, &format!("{path}/tag"), TAG_BYTES))
        }
    }
}
