//! Facts that reach us: everything that [`crate::decide`] is asked about.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, BOT_TEXT_EXPIRES_AFTER, Command, ConversationId, DeliveryId, EffectId, EventId, InboxId,
    Permille, ReplySignals, STAFF_TEXT_EXPIRES_AFTER, Signals, Suppressed, Timestamp, TurnId,
};

/// The system event of a client who has another number or id from now on (WhatsApp's word for it).
pub const SYSTEM_NEW_NUMBER: &str = "user_changed_number";

/// An event on its way to the conversation that it concerns: the body of a queue message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The tenant, from the authenticated route.
    pub account: AccountId,
    /// The inbox that it came in by or concerns.
    pub inbox: InboxId,
    /// The conversation of the strongest identity seen; its state may point elsewhere.
    pub conversation: ConversationId,
    /// Every identity seen of the client, strongest first; empty for events of our own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// The client as a person, as the provider or the business calls them in every inbox, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Where the client is written to, in the provider's form; absent for events of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Which enqueue this is.
    pub delivery_id: DeliveryId,
    /// An echo that has already waited for our own send's result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
    /// What happened.
    pub event: Event,
}

/// A fact that reached us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Derived from what the provider calls it, so that the same fact has the same id.
    pub id: EventId,
    /// When the provider says that it happened, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// What it is.
    pub kind: EventKind,
}

/// Everything that can happen to a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The client wrote.
    Message(Message),
    /// The client changed a message.
    Edited {
        /// The provider's id of the message.
        message: String,
        /// What it says now.
        content: Message,
    },
    /// The client took a message back.
    Deleted {
        /// The provider's id of the message.
        message: String,
    },
    /// The client reacted to a message; no emoji: took the reaction back.
    Reaction {
        /// The provider's id of the message.
        message: String,
        /// The reaction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        emoji: Option<String>,
    },
    /// News of a message that we sent.
    Receipt(Receipt),
    /// Our side's outbound message, seen on the webhook.
    Echo(Echo),
    /// The client wants no messages, or wants them again.
    Consent {
        /// No messages.
        opted_out: bool,
    },
    /// The provider's own thread control moved.
    ThreadControl(ThreadControl),
    /// Something the provider tells that changes nothing (a number change, a join).
    System {
        /// The provider's word for it.
        what: String,
    },
    /// What became of a text that we tried to send and that was not simply sent.
    Delivery(Delivery),
    /// What the bot did with a turn.
    Outcome(Outcome),
    /// A timer fired.
    Timer(Timer),
    /// A staff member or an API client wants something.
    Command(Command),
    /// Something about the contact changed in another of its conversations. A hint: the contact's record
    /// is the truth.
    Contact {
        /// Whom it is assigned to.
        assignee: bool,
    },
}

/// A client's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The provider's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message: Option<String>,
    /// What it holds.
    pub content: Content,
    /// The client passed on what somebody else wrote: staff and bot see it, no rule judges its words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forwarded: bool,
    /// What its text alone says; filled in where it arrives.
    #[serde(default)]
    pub signals: Signals,
}

/// What a message holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Words.
    Text(String),
    /// A pressed button or chosen list entry: its label counts as words, or without one what is attached to it.
    Choice {
        /// What the client saw.
        title: String,
        /// What the business attached to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payload: Option<String>,
    },
    /// A picture, voice note, document...
    Media {
        /// Which.
        kind: MediaKind,
        /// The words under it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caption: Option<String>,
        /// The provider's id or address of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees north, in millionths.
        latitude_e6: i32,
        /// Degrees east, in millionths.
        longitude_e6: i32,
        /// Its name or address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Somebody's address card.
    ContactCard,
    /// Something that no rule knows.
    Unsupported {
        /// The provider's word for it.
        what: String,
    },
}

impl Content {
    /// The words that rules and bots judge; `None` when there are none.
    pub fn text(&self) -> Option<&str> {
        let text = match self {
            Self::Text(text) => Some(text.as_str()),
            // Not every provider says what the client saw.
            Self::Choice { title, payload: Some(payload) } if title.trim().is_empty() => {
                Some(payload.as_str())
            }
            Self::Choice { title, .. } => Some(title.as_str()),
            Self::Media { caption, .. } => caption.as_deref(),
            Self::Location { .. } | Self::ContactCard | Self::Unsupported { .. } => None,
        };
        text.filter(|text| !text.trim().is_empty())
    }

    /// The name of the kind, for records and lists.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Choice { .. } => "choice",
            Self::Media { kind, .. } => kind.name(),
            Self::Location { .. } => "location",
            Self::ContactCard => "contact",
            Self::Unsupported { .. } => "unsupported",
        }
    }
}

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Sound, voice notes included.
    Audio,
    /// A film.
    Video,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }
}

/// News of a message that we sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The provider's id of our message.
    pub message: String,
    /// How far it got.
    pub status: ReceiptStatus,
    /// The effect that it belongs to, where the provider gives our correlation id back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectId>,
    /// The provider's error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Our class of that code, such as `window_closed`, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// It is about every message of ours up to this instant, of the provider's clock, and not about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Timestamp>,
}

/// How far a message of ours got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// The provider took it.
    Sent,
    /// The client's device has it.
    Delivered,
    /// The client has seen it.
    Read,
    /// It will not arrive.
    Failed,
}

/// Our side's outbound message, seen on the webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The provider's id of the message.
    pub message: String,
    /// Who wrote it, as far as the provider says.
    pub author: EchoAuthor,
    /// The effect that it belongs to, where the provider gives our correlation data back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<EffectId>,
    /// What it holds.
    pub content: Content,
}

/// Who wrote an echo, as far as the provider says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoAuthor {
    /// This very system.
    Ours,
    /// A human, in the named app.
    Human {
        /// Such as "WhatsApp Business app".
        app: String,
    },
    /// Software that is not ours: an automation, a template, another bot.
    Automation {
        /// Its name.
        app: String,
    },
    /// The provider does not say.
    Unknown,
}

/// A move of the provider's own thread control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadControl {
    /// A human's app took the thread or was given it.
    WithHumans,
    /// The thread came back to us.
    WithUs,
    /// A human's app asks for it.
    Requested,
}

/// What became of a text that was not simply sent (a plain success stays in the ledger).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The effect that was to send it.
    pub effect: EffectId,
    /// What it was.
    pub purpose: Purpose,
    /// What became of it.
    pub result: DeliveryResult,
}

/// Why a text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The bot's answer, or its no-answer message.
    Bot,
    /// A handover's closing message.
    Closing,
    /// A staff member's reply.
    Staff,
}

impl Purpose {
    /// The purpose's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Closing => "closing",
            Self::Staff => "staff",
        }
    }

    /// How long after its cause reached us a text of this purpose may still be sent.
    pub const fn expires_after(self) -> Duration {
        match self {
            Self::Bot | Self::Closing => BOT_TEXT_EXPIRES_AFTER,
            Self::Staff => STAFF_TEXT_EXPIRES_AFTER,
        }
    }
}

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryResult {
    /// It was not submitted, and will not be.
    Suppressed(Suppressed),
    /// The provider refused it.
    Failed {
        /// Our class of the provider's answer, such as `window_closed`.
        class: String,
        /// The provider's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// Nobody can know whether it was sent; it is not sent again.
    Unknown,
}

/// What the bot did with a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The turn.
    pub turn: TurnId,
    /// The epoch in which the bot was asked.
    pub epoch: u64,
    /// The message that the turn began with.
    pub trigger: EventId,
    /// How it went.
    pub result: OutcomeResult,
    /// What the bot says to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What the bot's answer stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<Retrieval>,
    /// What the reply alone says.
    #[serde(default)]
    pub reply_signals: ReplySignals,
    /// What the turn was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// How a turn went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutcomeResult {
    /// The bot answered.
    Answered,
    /// The bot does not know.
    NoAnswer,
    /// The bot failed: unreachable, malformed, rate limited...
    Failed {
        /// Why, as a short word.
        reason: String,
    },
    /// The bot wants a human to take over.
    WantsHandover,
}

/// What a bot's answer stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Retrieval {
    /// How many sources it found.
    pub sources: u16,
    /// The best source's score.
    pub best: Permille,
}

/// A timer: a hint that something may be due. The record is the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// What may be due.
    pub kind: TimerKind,
    /// The epoch that it was set in.
    pub epoch: u64,
    /// Which of the epoch's timers of this kind it is.
    pub sequence: u32,
    /// When.
    pub due_at: Timestamp,
}

/// What may be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    /// The end of a pause.
    Resume,
    /// A promise's deadline.
    Promise,
    /// The sweep found something due: look at everything.
    Wake,
}

impl TimerKind {
    /// The kind's name, also the first part of a schedule's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resume => "resume",
            Self::Promise => "promise",
            Self::Wake => "wake",
        }
    }
}

impl Event {
    /// Whether the client wrote or rewrote something.
    pub const fn is_client_message(&self) -> bool {
        matches!(self.kind, EventKind::Message(_) | EventKind::Edited { .. })
    }

    /// Whether answers go from now on to where this came from: the client wrote there, or has moved there.
    pub fn moves_address(&self) -> bool {
        match &self.kind {
            EventKind::Message(_) => true,
            EventKind::System { what } => what == SYSTEM_NEW_NUMBER,
            EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Receipt(_)
            | EventKind::Echo(_)
            | EventKind::Consent { .. }
            | EventKind::ThreadControl(_)
            | EventKind::Delivery(_)
            | EventKind::Outcome(_)
            | EventKind::Timer(_)
            | EventKind::Command(_)
            | EventKind::Contact { .. } => false,
        }
    }
}

impl EventKind {
    /// The kind's name, for items, counters and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Edited { .. } => "edited",
            Self::Deleted { .. } => "deleted",
            Self::Reaction { .. } => "reaction",
            Self::Receipt(_) => "receipt",
            Self::Echo(_) => "echo",
            Self::Consent { .. } => "consent",
            Self::ThreadControl(_) => "thread_control",
            Self::System { .. } => "system",
            Self::Delivery(_) => "delivery",
            Self::Outcome(_) => "outcome",
            Self::Timer(_) => "timer",
            Self::Command(_) => "command",
            Self::Contact { .. } => "contact",
        }
    }
}
