//! One conversation with everything that belongs to it, and the list of all.

use handover_aws::{
    queue::{Timed, decode},
    store::{Head, LedgerItem, MessageItem, NoteItem},
};
use handover_core::{
    AccountId, Contact, Conversation, ConversationId, Envelope, EventKind, Handover, HandoverId, Staff,
};
use serde_json::{Value, json};

use super::{instant, readable};
use crate::{Local, LocalError};

/// All conversations of all accounts, in a few words each.
pub(crate) async fn conversations(local: &Local) -> Result<Value, LocalError> {
    let store = local.admin_store();
    let mut shown = Vec::new();
    for account in store.accounts().await? {
        for id in store.conversations(&account).await? {
            if let Head::Here { conversation, contact } = store.head(&account, &id).await? {
                shown.push(summary(&conversation, &contact));
            }
        }
    }
    Ok(Value::Array(shown))
}

fn summary(conversation: &Conversation, contact: &Contact) -> Value {
    let human = conversation.human();
    json!({
        "id": conversation.id,
        "account": conversation.account,
        "inbox": conversation.inbox,
        "address": conversation.address,
        "control": if human.is_some() { "human" } else { "bot" },
        "since": instant(conversation.control_since),
        "reason": human.map(|human| human.origin.name()),
        "epoch": conversation.epoch,
        "resumes_at": conversation.resumes_at().map(instant),
        "assignee": contact.assignee.as_ref().map(handover_core::Assignee::label),
        "tags": contact.tags,
    })
}

/// Everything about one conversation; nothing when there is none of this id. Another identity's id leads
/// to the conversation that it belongs to.
pub(crate) async fn conversation(local: &Local, id: &ConversationId) -> Result<Option<Value>, LocalError> {
    let store = local.admin_store();
    for account in store.accounts().await? {
        let mut head = store.head(&account, id).await?;
        if let Head::MovedTo(elsewhere) = &head {
            head = store.head(&account, elsewhere).await?;
        }
        if let Head::Here { conversation, contact } = head {
            return whole(local, &account, &conversation, &contact).await.map(Some);
        }
    }
    Ok(None)
}

async fn whole(
    local: &Local,
    account: &AccountId,
    conversation: &Conversation,
    contact: &Contact,
) -> Result<Value, LocalError> {
    let store = local.admin_store();
    let id = &conversation.id;
    let handovers = store.handovers(account, id).await?;
    let transcript = store.transcript(account, id).await?;
    let ledger = store.ledger(account, id).await?;
    let mut notifications = Vec::new();
    if let Some((_, directory)) = store.account(account).await? {
        for staff in &directory.staff {
            let notes = store.notes(account, &staff.id).await?;
            let about_this = notes.iter().filter(|note| note.conversation.as_ref() == Some(id));
            notifications.extend(about_this.map(|note| notification(staff, note)));
        }
    }
    Ok(json!({
        "id": id,
        "summary": summary(conversation, contact),
        "state": readable(json!(conversation)),
        "contact": readable(json!(contact)),
        "tags": contact.tags,
        "handovers": handovers.iter().map(|one| handover(id, one)).collect::<Vec<_>>(),
        "tasks": handovers.iter().filter_map(|handover| task(id, handover)).collect::<Vec<_>>(),
        "notifications": notifications,
        "decisions": transcript.iter().map(decision).collect::<Vec<_>>(),
        "ledger": ledger.iter().map(entry).collect::<Vec<_>>(),
        "timers": timers(local, id)?,
        "transcript": transcript.iter().map(line).collect::<Vec<_>>(),
    }))
}

fn handover(conversation: &ConversationId, handover: &Handover) -> Value {
    let mut shown = readable(json!(handover));
    if let Some(members) = shown.as_object_mut() {
        members.insert("id".to_owned(), json!(handover_id(conversation, handover)));
    }
    shown
}

fn handover_id(conversation: &ConversationId, handover: &Handover) -> String {
    HandoverId { conversation: conversation.clone(), epoch: handover.epoch }.to_string()
}

fn task(conversation: &ConversationId, handover: &Handover) -> Option<Value> {
    let task = handover.task?;
    Some(json!({
        "handover": handover_id(conversation, handover),
        "triggered_at": instant(handover.started_at),
        "due_at": instant(task.due_at),
        "closed_at": task.closed_at.map(instant),
        "assignee": handover.assignee.as_ref().map(handover_core::Assignee::label),
    }))
}

fn notification(staff: &Staff, note: &NoteItem) -> Value {
    json!({
        "id": note.id,
        "staff": staff.id,
        "name": staff.name,
        "about": note.about,
        "channel": note.channel,
        "epoch": note.epoch,
        "at": instant(note.at),
        "read": note.read,
        "failure": note.failure,
    })
}

fn decision(message: &MessageItem) -> Value {
    json!({
        "event": message.id,
        "kind": message.kind,
        "at": instant(message.at),
        "record": readable(json!(message.record)),
    })
}

fn line(message: &MessageItem) -> Value {
    json!({
        "event": message.id,
        "kind": message.kind,
        "at": instant(message.at),
        "sent_at": message.sent_at.map(instant),
        "author": message.author,
        "by": message.by,
        "content": message.content,
        "detail": message.detail,
        "provider_message": message.provider_message,
        "verdict": message.record.verdict,
        "effects": readable(json!(message.effects)),
    })
}

fn entry(entry: &LedgerItem) -> Value {
    json!({
        "effect": entry.effect,
        "purpose": entry.purpose,
        "epoch": entry.epoch,
        "attempt": entry.attempt,
        "state": entry.state,
        "at": instant(entry.at),
        "provider_message": entry.provider_message,
        "detail": entry.detail,
        "receipt": entry.receipt,
    })
}

/// What will wake the conversation: schedules, and messages that wait on the timers queue.
fn timers(local: &Local, id: &ConversationId) -> Result<Vec<Value>, LocalError> {
    let cloud = local.cloud();
    let mut timers = Vec::new();
    for schedule in cloud.scheduler().schedules(None)? {
        let input = schedule.request.target.as_ref().and_then(|target| target.input.as_deref());
        if let Some(envelope) = input.and_then(envelope).filter(|envelope| envelope.conversation == *id) {
            let expression = schedule.request.schedule_expression.as_deref();
            timers.push(timer(&envelope, "schedule", &schedule.name, expression, schedule.due_at_ms));
        }
    }
    if let Some(queue) = cloud.template().queue("TimersQueue") {
        for message in cloud.sqs().peek_all(&queue.name)? {
            if let Some(envelope) = envelope(&message.body).filter(|envelope| envelope.conversation == *id) {
                timers.push(timer(
                    &envelope,
                    "message",
                    &message.message_id,
                    None,
                    Some(message.visible_at_ms),
                ));
            }
        }
    }
    Ok(timers)
}

fn timer(
    envelope: &Envelope,
    by: &str,
    name: &str,
    expression: Option<&str>,
    arrives_at_ms: Option<i64>,
) -> Value {
    let timer = if let EventKind::Timer(timer) = &envelope.event.kind { Some(timer) } else { None };
    json!({
        "by": by,
        "name": name,
        "expression": expression,
        "arrives_at": arrives_at_ms.map(|ms| instant(handover_core::Timestamp::from_ms(ms))),
        "kind": timer.map(|timer| timer.kind),
        "epoch": timer.map(|timer| timer.epoch),
        "due_at": timer.map(|timer| instant(timer.due_at)),
    })
}

fn envelope(body: &str) -> Option<Envelope> {
    match decode(body).ok()? {
        Timed::Event { envelope } | Timed::Arm { envelope } => Some(*envelope),
        Timed::Left { .. } | Timed::Erase { .. } | Timed::Sweep { .. } => None,
    }
}
