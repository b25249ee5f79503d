//! One episode in which humans own a conversation, on record.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Assignee, ConversationId, EventId, Origin, Principal, Timestamp};

/// A handover's name: its conversation and the epoch that it began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HandoverId {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch that it began.
    pub epoch: u64,
}

impl fmt::Display for HandoverId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.conversation, self.epoch)
    }
}

/// One episode in which humans own a conversation, with its task and its promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Handover {
    /// Its epoch; with the conversation, its name.
    pub epoch: u64,
    /// How it began.
    pub origin: Origin,
    /// The event that it began with.
    pub trigger: EventId,
    /// When.
    pub started_at: Timestamp,
    /// When its pause ends, unless somebody gives it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<Timestamp>,
    /// Who it was assigned to when it began or since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// What the contact was tagged with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The task, when it opened one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Task>,
    /// Until when a human is to answer.
    pub promise_due_at: Timestamp,
    /// What became of that.
    #[serde(default)]
    pub promise: PromiseState,
    /// When the promise was kept, missed or released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise_settled_at: Option<Timestamp>,
    /// How often the client has asked again.
    #[serde(default)]
    pub urgency: u8,
    /// When somebody claimed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// When a human first answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reply_at: Option<Timestamp>,
    /// When control went back to the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<HandoverEnd>,
}

/// A follow-up for a human.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Task {
    /// Exactly 24 hours after the trigger.
    pub due_at: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

/// What became of a promise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    /// It is live.
    #[default]
    Open,
    /// A human answered in time.
    Kept,
    /// Nobody answered in time.
    Missed,
    /// A human settled the matter without writing, or a newer promise took its place.
    Released,
}

/// Why a handover ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HandoverEnd {
    /// Its pause ended.
    PauseEnded,
    /// Somebody gave the conversation back.
    HandedBack {
        /// Who; none: the provider's own thread control.
        by: Option<Principal>,
    },
    /// Somebody settled the matter.
    Resolved {
        /// Who.
        by: Principal,
    },
    /// It was only that humans owned another conversation of the contact, and they do no more.
    ElsewhereEnded,
    /// A human stepped in here, where it had only been that humans owned another conversation.
    TakenOver,
    /// What was stored about the client was erased.
    Erased,
}

/// A change of a stored handover. Each sets fields of its own, so that no read is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandoverChange {
    /// It begins.
    Open(Box<Handover>),
    /// Somebody claimed it, or it was given to somebody; the task follows.
    Assigned {
        /// To whom.
        to: Option<Assignee>,
        /// When, if it was a claim.
        claimed_at: Option<Timestamp>,
    },
    /// The client asked again.
    Urgency(u8),
    /// A human wrote for the first time.
    FirstReply(Timestamp),
    /// What became of its promise.
    Promise {
        /// What.
        state: PromiseState,
        /// When.
        at: Timestamp,
    },
    /// Its task is closed.
    TaskClosed(Timestamp),
    /// Its pause ends at another time.
    Paused {
        /// When; none: by hand.
        resume_at: Option<Timestamp>,
    },
    /// It ends.
    Ended {
        /// When.
        at: Timestamp,
        /// Why.
        end: HandoverEnd,
    },
}

impl Handover {
    /// Takes a change in. What opens another handover changes nothing in this one.
    pub fn apply(&mut self, change: HandoverChange) {
        match change {
            HandoverChange::Open(_) => {}
            HandoverChange::Assigned { to, claimed_at } => {
                self.assignee = to;
                self.claimed_at = claimed_at.or(self.claimed_at);
            }
            HandoverChange::Urgency(urgency) => self.urgency = urgency,
            HandoverChange::FirstReply(at) => self.first_reply_at = Some(at),
            HandoverChange::Promise { state, at } => {
                self.promise = state;
                self.promise_settled_at = Some(at);
            }
            HandoverChange::TaskClosed(at) => {
                if let Some(task) = &mut self.task {
                    task.closed_at = Some(at);
                }
            }
            HandoverChange::Paused { resume_at } => self.resume_at = resume_at,
            HandoverChange::Ended { at, end } => {
                self.ended_at = Some(at);
                self.end = Some(end);
            }
        }
    }
}
