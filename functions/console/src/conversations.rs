//! Conversations, as staff and programs see them.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use handover_aws::store::{
    Author, ConversationFilter, Head, LedgerItem, LedgerState, ListedConversation, ListedTask, MessageItem,
    Page, TaggedConversation,
};
use handover_core::{
    Assignee, Channel, Contact, ContactId, Content, Conversation, ConversationId, EventId, Handover, InboxId,
    Principal, Purpose, ReceiptStatus, Record, Timestamp,
};
use serde::Serialize;

use crate::{
    http::{Answer, Call, Paged},
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

/// Why humans have a conversation: a scenario, or what somebody did.
pub(crate) const REASONS: [&str; 7] =
    ["human_requested", "lack_of_knowledge", "repeated_failure", "custom", "takeover", "pause", "elsewhere"];

/// Who may answer.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "InControl"))]
pub(crate) enum With {
    Human,
    Bot,
}

impl With {
    pub(crate) const fn humans(humans: bool) -> Self {
        if humans { Self::Human } else { Self::Bot }
    }
}

/// What matters now in a conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ConversationSummary"))]
pub(crate) struct Summary {
    id: ConversationId,
    inbox: InboxId,
    channel: Channel,
    control: With,
    /// Counts the changes of control.
    epoch: u64,
    /// When control changed last.
    since: Timestamp,
    /// Why humans have it: a scenario's name, `takeover` or `pause`.
    reason: Option<&'static str>,
    /// When the bot has it again, if nothing else happens.
    resumes_at: Option<Timestamp>,
    /// Until when the provider lets a human answer freely.
    reply_by: Option<Timestamp>,
    /// Since when the client waits for a human's answer.
    waiting_since: Option<Timestamp>,
    /// `staff:<id>` or `team:<id>`.
    assignee: Option<String>,
    tags: BTreeSet<String>,
}

/// A conversation with its contact and handovers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "WholeConversation"))]
pub(crate) struct Whole {
    #[serde(flatten)]
    summary: Summary,
    state: Conversation,
    contact: Contact,
    /// Oldest first.
    handovers: Vec<Handover>,
}

/// A conversation with its contact and handovers.
pub(crate) async fn one(call: &Call<'_>) -> Answered {
    let (state, contact) = find(call, call.id("conversation")?).await?;
    let store = call.store();
    let handovers = store.handovers(call.account(), &state.id);
    let (handovers, inbox) = tokio::join!(handovers, store.inbox(&state.inbox));
    let (handovers, inbox) = (handovers?, inbox?);
    // Of an inbox that is gone only the channel is known.
    let window = inbox.map_or(state.channel.reply_window(), |stored| stored.inbox.human_reply_window());
    let summary = summary(&state, &contact, window, call.now);
    Ok(Answer::ok(&Whole { summary, state, contact, handovers }))
}

/// `window`: how long after the client's last message a human can write freely.
fn summary(
    conversation: &Conversation,
    contact: &Contact,
    window: Option<Duration>,
    now: Timestamp,
) -> Summary {
    let human = conversation.human().filter(|_| !conversation.resume_due(now));
    // The stored time may lag by an hour, on the side of an earlier warning.
    Summary {
        id: conversation.id.clone(),
        inbox: conversation.inbox.clone(),
        channel: conversation.channel,
        control: With::humans(human.is_some()),
        epoch: conversation.epoch,
        since: conversation.control_since,
        reason: human.map(|human| human.origin.name()),
        resumes_at: conversation.resumes_at(),
        reply_by: window.and_then(|window| conversation.last_client_at.map(|at| at + window)),
        waiting_since: human.and_then(|human| human.waiting.as_ref()).map(|waiting| waiting.since),
        assignee: contact.assignee.as_ref().map(Assignee::label),
        tags: contact.tags.clone(),
    }
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
    let scenario = call.query("scenario");
    if scenario.is_some_and(|scenario| !REASONS.contains(&scenario)) {
        return Err(Problem::field("scenario", format!("must be one of {}", REASONS.join(", "))));
    }
    let scenario = scenario.map(str::to_owned);
    let filter = ConversationFilter { with_humans, assignee, scenario, ..ConversationFilter::default() };
    let cursor = call.cursor()?;
    let page = call.store().list_conversations(call.account(), &filter, call.limit()?, cursor.as_deref());
    Ok(Answer::ok(&paged(page.await?, row)?))
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
        ConversationRow {
            id: conversation.id.clone(),
            inbox: conversation.inbox.clone(),
            control: With::humans(human.is_some()),
            since: conversation.control_since,
            reason: human.map(|human| human.origin.name().to_owned()),
            assignee: found.assignee(),
            urgency: human.map_or(0, |human| human.urgency),
            wakes_at: conversation.wake_at(),
        }
    };
    Ok(Answer::ok(paged(page, row)?))
}

/// A row of the list of conversations.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ConversationRow {
    id: ConversationId,
    inbox: InboxId,
    control: With,
    /// When control changed last.
    since: Timestamp,
    /// Why humans have it: a scenario's name, `takeover` or `pause`.
    reason: Option<String>,
    /// `staff:<id>` or `team:<id>`.
    assignee: Option<String>,
    /// How often the client has asked again.
    urgency: u8,
    /// When something in it falls due.
    wakes_at: Option<Timestamp>,
}

fn row(listed: &ListedConversation) -> ConversationRow {
    ConversationRow {
        id: listed.conversation.clone(),
        inbox: listed.inbox.clone(),
        control: With::humans(listed.with_humans()),
        since: listed.since(),
        reason: listed.scenario.clone(),
        assignee: listed.assignee.clone(),
        urgency: listed.urgency.unwrap_or(0),
        wakes_at: listed.wake_at,
    }
}

/// An open task.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TaskRow"))]
pub(crate) struct TaskRow {
    conversation: ConversationId,
    contact: ContactId,
    /// The epoch of its handover.
    epoch: Option<u64>,
    /// `staff:<id>` or `team:<id>`.
    assignee: Option<String>,
    /// What the handover fired on.
    scenario: String,
    due_at: Timestamp,
    overdue: bool,
}

/// The open tasks of somebody, by due time.
pub(crate) async fn tasks(call: &Call<'_>) -> Answered {
    let wanted = "is needed: staff:<id>, team:<id>, or none";
    let owner = owner(call.query("assignee").ok_or_else(|| Problem::field("assignee", wanted))?)?;
    let cursor = call.cursor()?;
    let page = call.store().list_tasks(call.account(), owner.as_ref(), call.limit()?, cursor.as_deref());
    let row = |task: &ListedTask| TaskRow {
        conversation: task.conversation.clone(),
        contact: task.contact.clone(),
        epoch: task.epoch(),
        assignee: task.assignee.clone(),
        scenario: task.scenario.clone(),
        due_at: task.due_at,
        overdue: task.due_at <= call.now,
    };
    Ok(Answer::ok(&paged(page.await?, row)?))
}

/// A page with the cursor of the next; none when the given cursor is not one of this list's.
fn paged<T, R>(page: Option<Page<T>>, row: impl Fn(&T) -> R) -> Result<Paged<R>, Problem> {
    let page = page.ok_or_else(|| Problem::field("cursor", "is not one of this list's"))?;
    let next = page.next.as_deref().map(crate::http::cursor_text);
    Ok(Paged { items: page.rows.iter().map(row).collect(), next })
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
    if let Some(before) = call.place("before") {
        let place = lines.iter().position(|line| line.id.as_str() == before);
        lines.truncate(place.ok_or_else(|| Problem::field("before", "is no line of this transcript"))?);
    }
    let shown = lines.split_off(lines.len().saturating_sub(limit));
    let sent: HashMap<&str, &LedgerItem> =
        ledger.iter().map(|entry| (entry.effect.as_str(), entry)).collect();
    let next = shown.first().filter(|_| !lines.is_empty()).map(|line| line.id.clone());
    let items = shown.into_iter().map(|message| Line::new(message, &sent)).collect();
    Ok(Answer::ok(&Transcript { items, before: next }))
}

/// Lines of a transcript, oldest first.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Transcript {
    items: Vec<Line>,
    /// The `before` of the lines before these; none: these are the first.
    before: Option<EventId>,
}

/// Something that was said or done, with the decision on it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TranscriptLine"))]
pub(crate) struct Line {
    id: EventId,
    /// `message`, `echo`, `command`, `timer`, `quarantined`, ...
    kind: String,
    /// When it reached us.
    at: Timestamp,
    /// When it happened, where the provider says so.
    sent_at: Option<Timestamp>,
    author: Author,
    /// Who acted, where that is known.
    by: Option<Principal>,
    /// What was said; none where nothing was, or where the account keeps no text.
    content: Option<Content>,
    /// A reason, the name of a timer, or what it was about.
    detail: Option<String>,
    /// Why what followed followed.
    decision: Record,
    /// What became of the texts that it led to.
    texts: Vec<SentText>,
}

/// What became of a text to the client.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SentText {
    purpose: Purpose,
    state: LedgerState,
    at: Timestamp,
    /// Why it was not sent, or the provider's word for it.
    detail: Option<String>,
    /// How far it got, as the provider says.
    receipt: Option<ReceiptStatus>,
}

impl Line {
    pub(crate) fn new(message: MessageItem, sent: &HashMap<&str, &LedgerItem>) -> Self {
        let texts = message.effects.iter().filter_map(|effect| sent.get(effect.id.as_str()));
        let text = |entry: &&LedgerItem| SentText {
            purpose: entry.purpose,
            state: entry.state,
            at: entry.at,
            detail: entry.detail.clone(),
            receipt: entry.receipt,
        };
        Self {
            texts: texts.map(text).collect(),
            id: message.id,
            kind: message.kind,
            at: message.at,
            sent_at: message.sent_at,
            author: message.author,
            by: message.by,
            content: message.content,
            detail: message.detail,
            decision: message.record,
        }
    }
}
