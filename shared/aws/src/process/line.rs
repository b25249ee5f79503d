//! What the transcript says of an event.

use handover_core::{Applied, CommandKind, Conversation, Effect, Envelope, EventKind, Principal};

use crate::{
    Settings,
    publish::kept_content,
    store::{Author, MARKER_DAYS, MessageItem, new_message},
};

/// The transcript's line and marker of an event.
pub(super) fn message_item(
    envelope: &Envelope,
    conversation: &Conversation,
    settings: &Settings,
    applied: &Applied,
    effects: Vec<Effect>,
) -> MessageItem {
    let event = &envelope.event;
    let account = &settings.account.0;
    let keep_days = i64::from(account.retention_days).max(MARKER_DAYS);
    let mut message = new_message(&conversation.account, &conversation.id, &event.id);
    event.kind.name().clone_into(&mut message.kind);
    message.at = event.received_at;
    message.sent_at = event.sent_at;
    message.author = author(&event.kind);
    message.by = by(&event.kind);
    message.content = kept_content(&event.kind).filter(|_| account.store_text);
    message.detail = detail(&event.kind);
    message.provider_message = provider_message(&event.kind);
    message.record = applied.record.clone();
    message.effects = effects;
    message.delivery_id = envelope.delivery_id.clone();
    message.expires_at = event.received_at.as_seconds().saturating_add(keep_days * 86_400);
    message
}

fn author(kind: &EventKind) -> Author {
    match kind {
        EventKind::Message(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Consent { .. } => Author::Client,
        EventKind::Outcome(_) => Author::Bot,
        EventKind::Echo(_) => Author::Staff,
        EventKind::Command(command) => match command.kind {
            CommandKind::BotMessage { .. } => Author::Bot,
            CommandKind::Reply { .. } => Author::Staff,
            CommandKind::Claim
            | CommandKind::Assign { .. }
            | CommandKind::HandBack
            | CommandKind::Resolve
            | CommandKind::Pause { .. }
            | CommandKind::StartHandover { .. }
            | CommandKind::Tag { .. }
            | CommandKind::CompleteTask
            | CommandKind::Link { .. }
            | CommandKind::Unlink
            | CommandKind::Release { .. }
            | CommandKind::Erase => Author::System,
        },
        EventKind::Receipt(_)
        | EventKind::ThreadControl(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Timer(_)
        | EventKind::Contact { .. } => Author::System,
    }
}

fn by(kind: &EventKind) -> Option<Principal> {
    if let EventKind::Command(command) = kind { Some(command.by.clone()) } else { None }
}

fn detail(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::System { what } => Some(what.clone()),
        EventKind::Timer(timer) => Some(timer.kind.name().to_owned()),
        EventKind::Delivery(delivery) => Some(delivery.purpose.name().to_owned()),
        EventKind::Command(command) => command.reason.clone(),
        EventKind::Reaction { emoji, .. } => emoji.clone(),
        EventKind::Message(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Receipt(_)
        | EventKind::Echo(_)
        | EventKind::Consent { .. }
        | EventKind::ThreadControl(_)
        | EventKind::Outcome(_)
        | EventKind::Contact { .. } => None,
    }
}

fn provider_message(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::Message(message) => message.provider_message.clone(),
        EventKind::Edited { message, .. }
        | EventKind::Deleted { message }
        | EventKind::Reaction { message, .. } => Some(message.clone()),
        EventKind::Echo(echo) => Some(echo.message.clone()),
        EventKind::Receipt(_)
        | EventKind::Consent { .. }
        | EventKind::ThreadControl(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Outcome(_)
        | EventKind::Timer(_)
        | EventKind::Command(_)
        | EventKind::Contact { .. } => None,
    }
}
