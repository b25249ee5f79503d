//! Things to do to the world, with ids that follow from their causes.

use serde::{Deserialize, Serialize};

use crate::{
    ActionId, Assignee, BotId, ConversationId, EffectId, EventId, InboxId, Purpose, Timer, Timestamp, TurnId,
};

/// Something to do to the world. Holds references, never text; what follows from the event that caused it
/// (when it happened, when a text is too old) is not said again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Follows from the cause, so that doing it twice can be noticed.
    pub id: EffectId,
    /// What.
    pub kind: EffectKind,
}

/// Kinds of effect. Each says what happens when nobody knows whether it was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Send text to the client. In doubt: not again; the doubt is shown.
    Send {
        /// Why.
        purpose: Purpose,
        /// What.
        text: TextSource,
        /// The epoch that it was decided in.
        epoch: u64,
    },
    /// Ask the bot. In doubt: again; the turn id tells the bot.
    StartTurn {
        /// The turn.
        turn: TurnId,
        /// The epoch that it was decided in.
        epoch: u64,
        /// The message that it is about.
        trigger: EventId,
        /// Messages shortly before it that it is about as well, oldest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        earlier: Vec<EventId>,
        /// Seconds to wait for more, before the bot is asked.
        #[serde(default, skip_serializing_if = "is_zero")]
        wait_s: u16,
        /// The bot comes back from a human stretch with this turn.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        returning: bool,
    },
    /// Set a timer. In doubt: again; its name is the same.
    Arm(#[serde(with = "short")] Timer),
    /// Tell staff. In doubt: again, except SMS.
    Notify {
        /// What about.
        about: NotificationKind,
        /// What else the same people are told because of the same thing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        and: Option<NotificationKind>,
        /// Whom.
        audience: Audience,
        /// The handover's epoch, when it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<u64>,
    },
    /// Move the provider's own thread control. In doubt: again.
    Thread {
        /// Where to.
        to: ThreadTarget,
        /// The epoch that it was decided in.
        epoch: u64,
    },
    /// Have another conversation of the contact look at the contact's record. In doubt: again.
    Nudge {
        /// Which.
        conversation: ConversationId,
        /// Its inbox.
        inbox: InboxId,
        /// The assignee has changed.
        assignee: bool,
    },
    /// Remove what is stored of the client in this conversation. In doubt: again.
    Erase {
        /// What reached us up to then.
        until: Timestamp,
        /// What was said to the client before this epoch.
        epoch: u64,
    },
    /// Tell the account's own automations. In doubt: again.
    Announce {
        /// What.
        what: Announcement,
        /// The handover's epoch.
        epoch: u64,
    },
}

/// A timer as a short list: markers are priced by the KB, and every handover sets two.
mod short {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::{Timer, TimerKind, Timestamp};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Short(TimerKind, u64, u32, Timestamp),
        /// As it was first stored.
        Long(Timer),
    }

    pub(super) fn serialize<S: Serializer>(timer: &Timer, to: S) -> Result<S::Ok, S::Error> {
        (timer.kind, timer.epoch, timer.sequence, timer.due_at).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timer, D::Error> {
        Ok(match Form::deserialize(from)? {
            Form::Short(kind, epoch, sequence, due_at) => Timer { kind, epoch, sequence, due_at },
            Form::Long(timer) => timer,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(number: &u16) -> bool {
    *number == 0
}

/// Where a text stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSource {
    /// The closing message of a handover action.
    Closing {
        /// Of which bot.
        bot: BotId,
        /// In which revision.
        revision: u64,
        /// The action.
        action: ActionId,
    },
    /// The bot's message for when it does not know.
    NoAnswer {
        /// Of which bot.
        bot: BotId,
        /// In which revision.
        revision: u64,
    },
    /// The event that is being processed: a bot's reply or a staff member's.
    Event,
}

/// Who holds the provider's thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadTarget {
    /// The humans' own inbox at the provider.
    Humans,
    /// Us.
    Bot,
}

/// What staff are told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// A conversation is yours now.
    ConversationAssigned,
    /// A task is yours now.
    TaskAssigned,
    /// A conversation waits for somebody to claim it.
    ConversationWaiting,
    /// Nobody has answered in time.
    PromiseMissed,
    /// A pause is over, nobody has answered, and the bot will not.
    Unanswered,
    /// A client waits, and soon the channel takes no answer any more.
    WindowClosing,
    /// A task is overdue.
    TaskOverdue,
    /// The client asks again.
    Urgent,
    /// A text did not reach the client.
    DeliveryFailed,
    /// A client needed a human, and no enabled action says what to do.
    NotConfigured,
    /// An action assigns to somebody who is not there any more.
    AssigneeMissing,
    /// Handovers follow each other too fast; the conversation stays with humans.
    LoopGuard,
    /// Something that came in could not be read.
    Quarantined,
    /// Somebody was removed, and what was theirs waits unassigned.
    AssigneeLeft,
}

impl NotificationKind {
    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConversationAssigned => "conversation_assigned",
            Self::TaskAssigned => "task_assigned",
            Self::ConversationWaiting => "conversation_waiting",
            Self::PromiseMissed => "promise_missed",
            Self::Unanswered => "unanswered",
            Self::WindowClosing => "window_closing",
            Self::TaskOverdue => "task_overdue",
            Self::Urgent => "urgent",
            Self::DeliveryFailed => "delivery_failed",
            Self::NotConfigured => "not_configured",
            Self::AssigneeMissing => "assignee_missing",
            Self::LoopGuard => "loop_guard",
            Self::Quarantined => "quarantined",
            Self::AssigneeLeft => "assignee_left",
        }
    }
    /// What staff read first of it, wherever they are told.
    pub const fn headline(self) -> &'static str {
        match self {
            Self::ConversationAssigned => "A conversation is assigned to you",
            Self::TaskAssigned => "A task is assigned to you",
            Self::ConversationWaiting => "A conversation waits for somebody to claim it",
            Self::PromiseMissed => "A client has not been answered in time",
            Self::Unanswered => "A pause is over, and a client was not answered",
            Self::WindowClosing => "A client waits, and soon cannot be answered any more",
            Self::TaskOverdue => "A task is overdue",
            Self::Urgent => "A client asks for a person again",
            Self::DeliveryFailed => "A message did not reach a client",
            Self::NotConfigured => "A client needed a person, and no scenario says what to do",
            Self::AssigneeMissing => "A scenario assigns to somebody who is not there any more",
            Self::LoopGuard => "A conversation stays with the team: it came back too often",
            Self::Quarantined => "Something that came in could not be read",
            Self::AssigneeLeft => "Conversations of somebody who was removed wait unassigned",
        }
    }
}

/// Whom to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// The staff member, or everybody in the team.
    Assignee(Assignee),
    /// Owners and admins.
    Admins,
    /// The assignee, and owners and admins as well.
    AssigneeAndAdmins(Assignee),
}

/// What an account's own automations are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Announcement {
    /// A handover began.
    #[serde(rename = "handover.started")]
    HandoverStarted,
    /// Somebody claimed one.
    #[serde(rename = "handover.claimed")]
    HandoverClaimed,
    /// A human wrote for the first time.
    #[serde(rename = "handover.first_reply")]
    FirstReply,
    /// One ended.
    #[serde(rename = "handover.ended")]
    HandoverEnded,
    /// A contact was tagged.
    #[serde(rename = "tag.added")]
    TagAdded,
    /// A task was opened.
    #[serde(rename = "task.created")]
    TaskCreated,
    /// A task fell due and is still open.
    #[serde(rename = "task.overdue")]
    TaskOverdue,
    /// Nobody answered in time.
    #[serde(rename = "promise.missed")]
    PromiseMissed,
}

impl Announcement {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::HandoverStarted,
        Self::HandoverClaimed,
        Self::FirstReply,
        Self::HandoverEnded,
        Self::TagAdded,
        Self::TaskCreated,
        Self::TaskOverdue,
        Self::PromiseMissed,
    ];

    /// The name, as automations see it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HandoverStarted => "handover.started",
            Self::HandoverClaimed => "handover.claimed",
            Self::FirstReply => "handover.first_reply",
            Self::HandoverEnded => "handover.ended",
            Self::TagAdded => "tag.added",
            Self::TaskCreated => "task.created",
            Self::TaskOverdue => "task.overdue",
            Self::PromiseMissed => "promise.missed",
        }
    }
}
