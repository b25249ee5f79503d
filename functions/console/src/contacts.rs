//! Contacts: one client over all their conversations, everything that is stored about them, and its
//! erasure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use handover_aws::{
    Scope,
    store::{Head, KnownAs, MessageItem, Stored},
};
use handover_core::{
    Assignee, Channel, Command, CommandKind, Contact, ContactId, Conversation, ConversationId, InboxId,
    Principal, Timestamp,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    access::permit,
    commands::{SetTag, envelope, run_on},
    conversations::{Line, With},
    http::{Answer, Call, Paged, cursor_text},
    problem::{Answered, Problem},
};

/// Bytes of a page of an export, roughly: an answer of a function has at most 6 MB.
const MAX_PAGE_BYTES: usize = 2_000_000;

/// A contact with its living conversations.
struct Found {
    contact: Contact,
    conversations: BTreeMap<ConversationId, Conversation>,
}

/// The contact of this id, or the one that the conversation of this id belongs to now.
async fn find(call: &Call<'_>) -> Result<Found, Problem> {
    let id: ContactId = call.id("contact")?;
    let (store, account) = (call.store(), call.account());
    // The id of the conversation that a contact begins with is the contact's as well.
    let home: ConversationId = id.as_str().parse().map_err(|_| Problem::not_found())?;
    let (contact, own) = match store.head(account, &home).await? {
        Head::Here { contact, conversation } => (*contact, Some(*conversation)),
        Head::MovedTo(_) => return Err(Problem::not_found()),
        Head::Absent => (store.contact(account, &id, Timestamp::from_ms(0)).await?, None),
    };
    let mut conversations = BTreeMap::new();
    let others = contact.linked.keys().filter(|other| own.as_ref().is_none_or(|own| own.id != **other));
    for other in others {
        if let Some(other) = store.state(account, other).await? {
            conversations.insert(other.id.clone(), other);
        }
    }
    conversations.extend(own.map(|own| (own.id.clone(), own)));
    conversations.retain(|_, conversation| !conversation.is_erased() && conversation.contact == contact.id);
    if conversations.is_empty() {
        return Err(Problem::not_found());
    }
    Ok(Found { contact, conversations })
}

/// A contact with its conversations in all inboxes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "WholeContact"))]
pub(crate) struct Shown {
    id: ContactId,
    since: Timestamp,
    /// `staff:<id>` or `team:<id>`.
    assignee: Option<String>,
    tags: BTreeSet<String>,
    conversations: Vec<ConversationOf>,
}

/// A conversation of a contact.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConversationOf {
    id: ConversationId,
    inbox: InboxId,
    channel: Channel,
    /// Where answers to the client go.
    address: String,
    control: With,
    /// Why humans have it.
    reason: Option<&'static str>,
    /// The client wants no messages.
    opted_out: bool,
}

/// A contact.
pub(crate) async fn one(call: &Call<'_>) -> Answered {
    let Found { contact, conversations } = find(call).await?;
    let row = |conversation: Conversation| {
        let human = conversation.human().filter(|_| !conversation.resume_due(call.now));
        let (control, reason) = (With::humans(human.is_some()), human.map(|human| human.origin.name()));
        ConversationOf {
            control,
            reason,
            id: conversation.id,
            inbox: conversation.inbox,
            channel: conversation.channel,
            address: conversation.address,
            opted_out: conversation.opted_out,
        }
    };
    Ok(Answer::ok(Shown {
        id: contact.id,
        since: contact.since,
        assignee: contact.assignee.as_ref().map(Assignee::label),
        tags: contact.tags,
        conversations: conversations.into_values().map(row).collect(),
    }))
}

/// A line of a transcript, and of which.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HistoryLine {
    #[serde(flatten)]
    line: Line,
    conversation: ConversationId,
}

/// Puts a tag on the contact, or takes it off: a command to one of their conversations.
pub(crate) async fn tag(call: &Call<'_>) -> Answered {
    let found = find(call).await?;
    let first = found.conversations.values().next().ok_or_else(Problem::not_found)?;
    run_on::<SetTag>(call, first).await
}

/// What was said and done in all of the contact's conversations, newest first.
pub(crate) async fn history(call: &Call<'_>) -> Answered {
    let (limit, cursor) = (call.limit()?, call.cursor()?);
    let found = find(call).await?;
    let mut lines: Vec<(ConversationId, MessageItem)> = Vec::new();
    let mut sent = HashMap::new();
    let mut ledgers = Vec::new();
    for id in found.conversations.keys() {
        let (messages, ledger) = tokio::join!(
            call.store().transcript(call.account(), id),
            call.store().ledger(call.account(), id)
        );
        lines.extend(messages?.into_iter().map(|message| (id.clone(), message)));
        ledgers.extend(ledger?);
    }
    sent.extend(ledgers.iter().map(|entry| (entry.effect.as_str(), entry)));
    lines.sort_by_cached_key(|(_, message)| std::cmp::Reverse(place(message)));
    if let Some(cursor) = cursor {
        let wrong = || Problem::field("cursor", "is not one of this list's");
        let valid = cursor.rsplit_once(':').is_some_and(|(times, _)| {
            times.len() == 31 && times.bytes().all(|byte| byte.is_ascii_digit() || byte == b':')
        });
        if !valid {
            return Err(wrong());
        }
        lines.retain(|(_, message)| place(message) < cursor);
    }
    let more = lines.len() > limit;
    lines.truncate(limit);
    let next = lines.last().filter(|_| more).map(|(_, message)| cursor_text(&place(message)));
    let row = |(conversation, message)| HistoryLine { line: Line::new(message, &sent), conversation };
    Ok(Answer::ok(Paged { items: lines.into_iter().map(row).collect(), next }))
}

/// Where a line stands among all: by provider time, then arrival, then id.
fn place(message: &MessageItem) -> String {
    let time = |at: Timestamp| at.as_ms().max(0);
    let (sent, came) = (time(message.sent_at.unwrap_or(message.at)), time(message.at));
    format!("{sent:015}:{came:015}:{}", message.id)
}

/// Everything that is stored about a contact, by page: the contact, then each conversation with its state,
/// handovers, ledger and transcript, then what lies in quarantine and what staff were told.
pub(crate) async fn export(call: &Call<'_>) -> Answered {
    permit(call.caller, Scope::Admin)?;
    let (limit, cursor) = (call.limit()?, call.cursor()?);
    let found = find(call).await?;
    let ids: Vec<&ConversationId> = found.conversations.keys().collect();
    let Some((place, after)) = begin(cursor.as_deref(), &ids) else {
        return Err(Problem::field("cursor", "is not one of this list's"));
    };
    let mut items = Vec::new();
    if cursor.is_none() {
        items.push(Exported { conversation: None, kind: "contact", value: json!(found.contact) });
    }
    let mut bytes = 0;
    let mut after = after;
    for (number, id) in ids.iter().enumerate().skip(place) {
        loop {
            let wanted = limit.saturating_sub(items.len()).max(1);
            let page = call.store().stored(call.account(), id, wanted, after.as_deref()).await?;
            // It stands first already.
            let is_first = |row: &&Stored| matches!(row, Stored::Contact(own) if own.id == found.contact.id);
            let rows = page.rows.iter().filter(|row| !is_first(row));
            let shown: Vec<Exported> = rows.map(|row| exported(id, row)).collect();
            bytes += shown.iter().map(|row| row.value.to_string().len()).sum::<usize>();
            items.extend(shown);
            after = page.next;
            let next = match &after {
                Some(sk) => format!("{number}:{sk}"),
                None => format!("{}:", number + 1),
            };
            if items.len() >= limit || bytes >= MAX_PAGE_BYTES {
                return Ok(Answer::ok(Paged { items, next: Some(cursor_text(&next)) }));
            }
            if after.is_none() {
                break;
            }
        }
    }
    items.extend(beside(call, &found).await?);
    Ok(Answer::ok(Paged { items, next: None }))
}

/// Which conversation a page begins in, and after which of its items.
fn begin(cursor: Option<&str>, ids: &[&ConversationId]) -> Option<(usize, Option<String>)> {
    let Some(cursor) = cursor else { return Some((0, None)) };
    let (number, sk) = cursor.split_once(':')?;
    let number = number.parse().ok().filter(|number| *number <= ids.len())?;
    Some((number, Some(sk.to_owned()).filter(|sk| !sk.is_empty())))
}

/// Something that is stored about a contact.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Exported {
    /// Of which conversation; none: the contact itself.
    conversation: Option<ConversationId>,
    /// `contact`, `conversation`, `handover`, `sent`, `message`, `quarantine` or `notification`.
    kind: &'static str,
    /// All that is known of it.
    value: Value,
}

fn exported(conversation: &ConversationId, stored: &Stored) -> Exported {
    let (kind, value) = match stored {
        Stored::Contact(contact) => ("contact", json!(contact)),
        Stored::State(state) => ("conversation", json!(state)),
        Stored::Handover(handover) => ("handover", json!(handover)),
        Stored::Ledger(entry) => (
            "sent",
            json!({
                "purpose": entry.purpose,
                "state": entry.state,
                "at": entry.at,
                "provider_message": entry.provider_message,
                "more_messages": entry.more_messages,
                "detail": entry.detail,
                "receipt": entry.receipt,
            }),
        ),
        Stored::Message(message) => {
            let mut shown = json!(Line::new(MessageItem::clone(message), &HashMap::new()));
            if let Some(members) = shown.as_object_mut() {
                members.remove("texts");
                members.insert("provider_message".to_owned(), json!(message.provider_message));
            }
            ("message", shown)
        }
    };
    Exported { conversation: Some(conversation.clone()), kind, value }
}

/// What is stored elsewhere about the contact's conversations.
async fn beside(call: &Call<'_>, found: &Found) -> Result<Vec<Exported>, Problem> {
    let is_theirs = |id: Option<&ConversationId>| id.is_some_and(|id| found.conversations.contains_key(id));
    let known_as = known_as(found);
    let mut items = Vec::new();
    for item in call.store().quarantine(call.account()).await? {
        if is_theirs(item.conversation.as_ref()) || known_as.iter().any(|known| known.is_in(&item)) {
            let value = json!({"reason": item.reason, "at": item.at, "body": item.body});
            items.push(Exported { conversation: item.conversation, kind: "quarantine", value });
        }
    }
    for staff in crate::staff::directory(call).await?.staff {
        for note in call.store().notes(call.account(), &staff.id).await? {
            if is_theirs(note.conversation.as_ref()) {
                let value =
                    json!({"staff": staff.id, "about": note.about, "channel": note.channel, "at": note.at});
                items.push(Exported { conversation: note.conversation, kind: "notification", value });
            }
        }
    }
    Ok(items)
}

/// What the client is called: a number wherever it stands, any other name at the inbox where it is one.
fn known_as(found: &Found) -> Vec<KnownAs> {
    let name = |conversation: &Conversation| {
        let address = conversation.address.as_str();
        let bare = address.split_once(':').map_or(address, |(_, bare)| bare).trim_start_matches('+');
        let is_number = bare.bytes().all(|byte| byte.is_ascii_digit());
        let inbox = (!is_number).then(|| conversation.inbox.clone());
        KnownAs { inbox, word: bare.to_owned() }
    };
    // A word of a few letters stands in many bodies.
    found.conversations.values().map(name).filter(|known| known.word.chars().count() >= 6).collect()
}

/// What is being erased.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Erasing {
    contact: ContactId,
    conversations: Vec<ConversationId>,
}

/// Erases a contact: every conversation forgets the client, and what is stored about them is removed in
/// the background. Asked again, it is done again, which changes nothing.
pub(crate) async fn erase(call: &Call<'_>) -> Answered {
    let found = find(call).await?;
    // Only here is it still known what the client is called.
    call.store().erase_quarantined_of(call.account(), &known_as(&found)).await?;
    let mut envelopes = Vec::new();
    for conversation in found.conversations.values() {
        let by = Principal::ApiKey(call.caller.key.clone());
        let command = Command { by, reason: None, kind: CommandKind::Erase };
        envelopes.push(envelope(call, conversation, command)?);
    }
    // From here on it is durable, and done even if this process dies.
    call.app.processor.queues().events(&envelopes).await?;
    call.store().journal(&call.edit(None), &format!("contact/{}: erased", found.contact.id)).await?;
    let conversations = found.conversations.into_keys().collect();
    Ok(Answer::accepted(Erasing { contact: found.contact.id, conversations }))
}
