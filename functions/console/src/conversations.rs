//! Conversations, as staff and programs see them.

use std::{collections::HashMap, time::Duration};

use handover_aws::store::{
    ConversationFilter, Head, LedgerItem, ListedConversation, MessageItem, Page, TaggedConversation,
};
use handover_core::{Assignee, Contact, Conversation, ConversationId, Timestamp};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// The conversation of this id, or the one that another identity of its client's leads to.
pub(crate) async fn find(
    call: &Call<'_>,
    mut id: ConversationId,
) -> Result<(Conversation, Contact), Problem> {
    // A pointer leads to a conversation, never to another pointer.
    for _ in 0..2 {
        match call.store().head(call.account(), &id).await? {
            Head::Here { conversation, .. } if conversation.is_erased() => break,
            Head::Here { conversation, contact } => return Ok((*conversation, *contact)),
            Head::MovedTo(elsewhere) => id = elsewhere,
            Head::Absent => break,
        }
    }
    Err(Problem::not_found())
}

/// A conversation with its contact and handovers.
pub(crate) async fn one(call: &Call<'_>) -> Answered {
    let (conversation, contact) = find(call, call.id("conversation")?).await?;
    let store = call.store();
    let handovers = store.handovers(call.account(), &conversation.id);
    let (handovers, inbox) = tokio::join!(handovers, store.inbox(&conversation.inbox));
    let (handovers, inbox) = (handovers?, inbox?);
    // Of an inbox that is gone only the channel is known.
    let window =
        inbox.map_or(conversation.channel.reply_window(), |stored| stored.inbox.human_reply_window());
    let mut shown = summary(&conversation, &contact, window, call.now);
    if let Some(members) = shown.as_object_mut() {
        members.insert("state".to_owned(), json!(conversation));
        members.insert("contact".to_owned(), json!(contact));
        members.insert("handovers".to_owned(), json!(handovers));
    }
    Ok(Answer::ok(shown))
}

/// What matters now. `window`: how long after the client's last message a human can write freely. Instants
/// are Unix milliseconds.
fn summary(
    conversation: &Conversation,
    contact: &Contact,
    window: Option<Duration>,
    now: Timestamp,
) -> Value {
    let human = conversation.human().filter(|_| !conversation.resume_due(now));
    // The stored time may lag by an hour, on the side of an earlier warning.
    let reply_by = window.and_then(|window| conversation.last_client_at.map(|at| at + window));
    json!({
        "id": conversation.id,
        "inbox": conversation.inbox,
        "channel": conversation.channel,
        "control": if human.is_some() { "human" } else { "bot" },
        "epoch": conversation.epoch,
        "since": conversation.control_since,
        "reason": human.map(|human| human.origin.name()),
        "resumes_at": conversation.resumes_at(),
        "reply_by": reply_by,
        "waiting_since": human.and_then(|human| human.waiting.as_ref()).map(|waiting| waiting.since),
        "assignee": contact.assignee.as_ref().map(Assignee::label),
        "tags": contact.tags,
    })
}

/// An account's conversations, by page.
pub(crate) async fn list(call: &Call<'_>) -> Answered {
    if let Some(tag) = call.query("tag") {
        return tagged(call, tag).await;
    }
    let with_humans = match call.query("control") {
        None => None,
        Some("human") => Some(true),
        Some("bot") => Some(false),
        Some(_) => return Err(Problem::field("control", "must be human or bot")),
    };
    let assignee = call.query("assignee").map(owner).transpose()?;
    let scenario = call.query("scenario").map(str::to_owned);
    let filter = ConversationFilter { with_humans, assignee, scenario };
    let cursor = call.cursor()?;
    let page = call.store().list_conversations(call.account(), &filter, call.limit()?, cursor.as_deref());
    Ok(Answer::ok(paged(page.await?, row)?))
}

/// The conversations whose contacts carry a tag.
async fn tagged(call: &Call<'_>, tag: &str) -> Answered {
    let others = ["control", "assignee", "scenario"];
    if let Some(other) = others.into_iter().find(|name| call.query(name).is_some()) {
        return Err(Problem::field(other, "does not go together with tag"));
    }
    let cursor = call.cursor()?;
    let page = call.store().list_tagged(call.account(), tag, call.limit()?, cursor.as_deref()).await?;
    let row = |found: &TaggedConversation| {
        let conversation = &found.conversation;
        let human = conversation.human();
        json!({
            "id": conversation.id,
            "inbox": conversation.inbox,
            "control": if human.is_some() { "human" } else { "bot" },
            "since": conversation.control_since,
            "reason": human.map(|human| human.origin.name()),
            "assignee": found.assignee(),
            "urgency": human.map_or(0, |human| human.urgency),
            "wakes_at": conversation.wake_at(),
        })
    };
    Ok(Answer::ok(paged(page, row)?))
}

fn row(listed: &ListedConversation) -> Value {
    json!({
        "id": listed.conversation,
        "inbox": listed.inbox,
        "control": if listed.with_humans() { "human" } else { "bot" },
        "since": listed.since(),
        "reason": listed.scenario,
        "assignee": listed.assignee,
        "urgency": listed.urgency.unwrap_or(0),
        "wakes_at": listed.wake_at,
    })
}

/// The open tasks of somebody, by due time.
pub(crate) async fn tasks(call: &Call<'_>) -> Answered {
    let wanted = "is needed: staff:<id>, team:<id>, or none";
    let owner = owner(call.query("assignee").ok_or_else(|| Problem::field("assignee", wanted))?)?;
    let cursor = call.cursor()?;
    let page = call.store().list_tasks(call.account(), owner.as_ref(), call.limit()?, cursor.as_deref());
    let row = |task: &handover_aws::store::ListedTask| {
        json!({
            "conversation": task.conversation,
            "contact": task.contact,
            "epoch": task.epoch(),
            "assignee": task.assignee,
            "scenario": task.scenario,
            "due_at": task.due_at,
            "overdue": task.due_at <= call.now,
        })
    };
    Ok(Answer::ok(paged(page.await?, row)?))
}

/// A page with the cursor of the next; none when the given cursor is not one of this list's.
fn paged<T>(page: Option<Page<T>>, row: impl Fn(&T) -> Value) -> Result<Value, Problem> {
    let page = page.ok_or_else(|| Problem::field("cursor", "is not one of this list's"))?;
    let rows: Vec<Value> = page.rows.iter().map(row).collect();
    Ok(json!({"items": rows, "next": page.next.as_deref().map(crate::http::cursor_text)}))
}

/// `none`, or what [`Assignee::label`] writes.
fn owner(text: &str) -> Result<Option<Assignee>, Problem> {
    let assignee = match text.split_once(':') {
        None if text == "none" => return Ok(None),
        Some(("staff", id)) => id.parse().ok().map(Assignee::Staff),
        Some(("team", id)) => id.parse().ok().map(Assignee::Team),
        Some(_) | None => None,
    };
    assignee.map(Some).ok_or_else(|| Problem::field("assignee", "must be staff:<id>, team:<id>, or none"))
}

/// What was said and done in a conversation, with the decision on each, and what became of our texts:
/// the newest lines, or those before one of them.
pub(crate) async fn transcript(call: &Call<'_>) -> Answered {
    let (conversation, _) = find(call, call.id("conversation")?).await?;
    let limit = call.limit()?;
    let (lines, ledger) = tokio::join!(
        call.store().transcript(call.account(), &conversation.id),
        call.store().ledger(call.account(), &conversation.id)
    );
    let (mut lines, ledger) = (lines?, ledger?);
    if let Some(before) = call.query("before") {
        let place = lines.iter().position(|line| line.id.as_str() == before);
        lines.truncate(place.ok_or_else(|| Problem::field("before", "is no line of this transcript"))?);
    }
    let shown = lines.split_off(lines.len().saturating_sub(limit));
    let sent: HashMap<&str, &LedgerItem> =
        ledger.iter().map(|entry| (entry.effect.as_str(), entry)).collect();
    let next = shown.first().filter(|_| !lines.is_empty()).map(|line| line.id.clone());
    let items: Vec<Value> = shown.iter().map(|message| line(message, &sent)).collect();
    Ok(Answer::ok(json!({"items": items, "before": next})))
}

pub(crate) fn line(message: &MessageItem, sent: &HashMap<&str, &LedgerItem>) -> Value {
    let texts = message.effects.iter().filter_map(|effect| sent.get(effect.id.as_str()));
    let texts: Vec<Value> = texts
        .map(|entry| {
            json!({
                "purpose": entry.purpose,
                "state": entry.state,
                "at": entry.at,
                "detail": entry.detail,
                "receipt": entry.receipt,
            })
        })
        .collect();
    json!({
        "id": message.id,
        "kind": message.kind,
        "at": message.at,
        "sent_at": message.sent_at,
        "author": message.author,
        "by": message.by,
        "content": message.content,
        "detail": message.detail,
        "decision": message.record,
        "texts": texts,
    })
}
