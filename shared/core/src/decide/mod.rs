//! The one place where it is decided what an event changes and what is to be done about it.
//!
//! Total and pure: every state and event has an answer, and nothing but the arguments enters.

mod client;
mod command;
mod contact;
mod draft;
mod ours;
mod outcome;
mod timer;
mod transition;

use crate::{
    Contact, Conversation, Effect, Event, EventKind, Evidence, HandoverChange, MAX_EVENT_AGE, Policy, Record,
    Timestamp, Verdict,
};
use draft::Draft;

/// What is decided about: the conversation and its contact as stored, one event, and what could
/// be found out beside it.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// The conversation.
    pub conversation: &'a Conversation,
    /// Its contact.
    pub contact: &'a Contact,
    /// What happened.
    pub event: &'a Event,
    /// The event has waited for the result of a send of ours already.
    pub waited: bool,
    /// What could be found out beside it.
    pub evidence: &'a Evidence,
}

/// What an event leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The event is kept, with what it changes and what is to be done.
    Apply(Box<Applied>),
    /// Nothing is kept; ask again at this instant.
    PutBack(Timestamp),
    /// Nothing is kept.
    Ignore(Ignored),
}

/// What is kept of an event, what changes, and what is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The conversation from now on (its `version` is the store's business).
    pub conversation: Conversation,
    /// The contact from now on.
    pub contact: Contact,
    /// The contact that the conversation leaves for `contact`.
    pub left: Option<Contact>,
    /// Lists are to show the contact's present assignee, even if nothing else changes.
    pub relist: bool,
    /// Changes of handovers, each with the handover's epoch.
    pub handovers: Vec<(u64, HandoverChange)>,
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// Why.
    pub record: Record,
}

/// Why nothing is kept of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// A timer of an old epoch or sequence.
    StaleTimer,
    /// Nothing is due.
    NothingDue,
    /// Our own message came back to us.
    OwnEcho,
    /// News of a message of ours: the ledger's business.
    Receipt,
    /// It belongs to what has been erased.
    Erased,
}

impl Ignored {
    /// The reason's name, for counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StaleTimer => "stale_timer",
            Self::NothingDue => "nothing_due",
            Self::OwnEcho => "own_echo",
            Self::Receipt => "receipt",
            Self::Erased => "erased",
        }
    }
}

/// Decides what `input.event` leads to, under `policy`, at `now`.
///
/// Asking twice with the same arguments gives the same answer. A pause that is over and a promise
/// that is overdue take effect with whatever event comes first.
pub fn decide(input: &Input<'_>, policy: &Policy<'_>, now: Timestamp) -> Decision {
    if contact::is_of_the_erased(input.conversation, input.event) {
        return Decision::Ignore(Ignored::Erased);
    }
    let mut draft = Draft::new(input, policy, now);
    match &input.event.kind {
        EventKind::Message(message) => {
            if policy.inbox.provider.writing_subscribes() {
                draft.conversation.opted_out = false;
            }
            client::message(draft, message)
        }
        EventKind::Edited { content, .. } => client::edit(draft, content),
        EventKind::Deleted { .. } | EventKind::Reaction { .. } | EventKind::System { .. } => {
            draft.apply(Verdict::Noted)
        }
        EventKind::Consent { opted_out } => ours::consent(draft, *opted_out),
        EventKind::Receipt(_) => Decision::Ignore(Ignored::Receipt),
        EventKind::Echo(echo) => ours::echo(draft, echo),
        EventKind::ThreadControl(control) => ours::thread_control(draft, *control),
        EventKind::Delivery(delivery) => ours::delivery(draft, delivery),
        EventKind::Outcome(outcome) => outcome::outcome(draft, outcome),
        EventKind::Timer(timer) => timer::timer(draft, timer),
        EventKind::Command(command) => command::command(draft, command),
        EventKind::Contact { assignee } => contact::changed(draft, *assignee),
    }
}

/// Whether an event reached us too long ago to act on.
fn too_old(event: &Event, now: Timestamp) -> bool {
    now.since(event.received_at) > MAX_EVENT_AGE
}
