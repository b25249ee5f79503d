//! One contact in one inbox: who may answer now, and what is due.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, ActionId, BotId, Channel, ContactId, ConversationId, Event, EventId, EventKind, InboxId,
    Principal, QUIET_CEILING, REPLY_WINDOW_WARNING, ScenarioKind, Timestamp,
};

/// One contact in one inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Conversation {
    /// Whose it is.
    pub account: AccountId,
    /// Its id.
    pub id: ConversationId,
    /// Where it takes place.
    pub inbox: InboxId,
    /// How messages reach the client.
    pub channel: Channel,
    /// The client.
    pub contact: ContactId,
    /// Where the client is written to, in the provider's form.
    pub address: String,
    /// Counts writes of the stored state; 0: not stored yet.
    pub version: u64,
    /// Counts changes of control.
    pub epoch: u64,
    /// Who may answer now.
    pub control: Control,
    /// Since when.
    pub control_since: Timestamp,
    /// When the bot last got the conversation back: detection looks only at what came after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_back_at: Option<Timestamp>,
    /// When the client last wrote; may lag by up to an hour, so that an ordinary message writes
    /// no state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_client_at: Option<Timestamp>,
    /// What a human still owes the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// The epoch of the handover whose task is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_task: Option<u64>,
    /// When that task falls due; none once it has been told that it is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_due_at: Option<Timestamp>,
    /// The client's present issue with the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// The last question to the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// How many messages the bot was asked for on which day.
    #[serde(default, skip_serializing_if = "DayCount::is_zero")]
    pub bot_messages: DayCount,
    /// The last handovers, for cool-downs and the loop guard; at most [`crate::RECENT_HANDOVERS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<Recent>,
    /// The client wants no messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opted_out: bool,
    /// When that was last concluded from a text of ours that was refused: what the client writes later shows
    /// that it is not so, or no longer. None where the client's own word is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_at: Option<Timestamp>,
    /// Counts the timers that were set; part of their names.
    #[serde(default)]
    pub timer_sequence: u32,
    /// When the client's data was last erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Erased>,
}

/// An erasure of what is stored about the client. The counters go on, so that nothing that is still under
/// way can be taken for something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Erased {
    /// When.
    pub at: Timestamp,
    /// The epoch that began with it.
    pub epoch: u64,
}

/// Who may answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// The bot.
    Bot,
    /// Humans, and nobody else.
    Human(HumanControl),
}

/// A stretch in which humans own the conversation: the open handover, as far as deciding needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HumanControl {
    /// How it began.
    pub origin: Origin,
    /// When it ends by itself.
    pub returns: Returns,
    /// After a human's message the bot stays silent at least this many minutes.
    pub quiet_minutes: u16,
    /// When a human last wrote to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_human_at: Option<Timestamp>,
    /// The client's first message that no human has answered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// How often the client has asked again.
    #[serde(default)]
    pub urgency: u8,
    /// Whoever it is assigned to has claimed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub claimed: bool,
    /// The sequence of the timer that ends the pause.
    pub resume_sequence: u32,
}

/// A client's message that waits for a human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Waiting {
    /// Which.
    pub event: EventId,
    /// Since when.
    pub since: Timestamp,
    /// Staff have been told that the channel's reply window closes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub window_told: bool,
    /// How many hours after the client's last message a human can write freely, where that is not what the
    /// channel says (as in an inbox with Meta's permission Human Agent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_hours: Option<u16>,
    /// It was handed over again because nobody had answered in a pause: that is done once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
}

impl Waiting {
    /// A message that waits from now on.
    pub const fn new(event: EventId, since: Timestamp) -> Self {
        Self { event, since, window_told: false, reply_hours: None, again: false }
    }
}

/// How a human stretch began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A handover action fired.
    Action {
        /// Which.
        action: ActionId,
        /// Of which bot.
        bot: BotId,
        /// In which revision of its configuration.
        revision: u64,
        /// What it fired on.
        scenario: ScenarioKind,
    },
    /// A human stepped in.
    Takeover {
        /// Who, where somebody is signed in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Principal>,
        /// In which app, where it was elsewhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<String>,
    },
    /// Somebody silenced the bot.
    Pause {
        /// Who.
        by: Principal,
    },
    /// Humans own another conversation of the contact, and its bot is to be silent in all of them.
    Elsewhere {
        /// Which.
        conversation: ConversationId,
    },
}

impl Origin {
    /// The scenario, when an action fired.
    pub const fn scenario(&self) -> Option<ScenarioKind> {
        match self {
            Self::Action { scenario, .. } => Some(*scenario),
            Self::Takeover { .. } | Self::Pause { .. } | Self::Elsewhere { .. } => None,
        }
    }

    /// A short name: the scenario's, `takeover`, `pause` or `elsewhere`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Action { scenario, .. } => scenario.name(),
            Self::Takeover { .. } => "takeover",
            Self::Pause { .. } => "pause",
            Self::Elsewhere { .. } => "elsewhere",
        }
    }
}

/// When a human stretch ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// At this instant, or later if humans are still writing.
    At(Timestamp),
    /// Never: somebody gives it back.
    ByHand,
}

impl HumanControl {
    /// Whether humans are at another conversation of the contact, and not at this one.
    pub const fn is_elsewhere(&self) -> bool {
        matches!(self.origin, Origin::Elsewhere { .. })
    }

    /// When the bot may resume: the later of the pause's end and the last human message plus the
    /// quiet time, at most 24 hours after the pause's end.
    pub fn resumes_at(&self) -> Option<Timestamp> {
        let Returns::At(end) = self.returns else { return None };
        let quiet = Duration::from_mins(u64::from(self.quiet_minutes));
        let quiet_until = self.last_human_at.map_or(end, |at| at + quiet);
        Some(end.max(quiet_until).min(end + QUIET_CEILING))
    }
}

/// What a human still owes the client: the closing message said that somebody will answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Promise {
    /// The epoch of the handover that made it.
    pub epoch: u64,
    /// Until when it is to be kept.
    pub due_at: Timestamp,
    /// The sequence of its timer.
    pub sequence: u32,
}

/// The client's present issue with the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issue {
    /// What it is about, where that is understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Failed attempts.
    pub failed: u8,
    /// The bot has answered and the client has not said yet whether it helped.
    pub answered: bool,
}

/// A question to the bot: the client's last message, with those shortly before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Asked {
    /// The last message.
    pub trigger: EventId,
    /// When it reached us.
    pub at: Timestamp,
    /// The messages before it that are asked together with it, oldest first; with it at most
    /// [`crate::MAX_FOLDED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EventId>,
    /// The bot has not been asked since humans gave the conversation back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returning: bool,
}

/// A count that starts anew each day (UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DayCount {
    /// Days since the Unix epoch.
    pub day: i64,
    /// How many on that day.
    pub count: u16,
}

impl DayCount {
    fn is_zero(&self) -> bool {
        self.count == 0
    }

    /// How many on the day of `now`.
    pub fn on(self, now: Timestamp) -> u16 {
        if self.day == now.day() { self.count } else { 0 }
    }

    /// One more on the day of `now`.
    #[must_use]
    pub fn plus_one(self, now: Timestamp) -> Self {
        Self { day: now.day(), count: self.on(now).saturating_add(1) }
    }
}

/// A handover of the recent past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recent {
    /// What it fired on.
    pub scenario: ScenarioKind,
    /// When it began.
    pub at: Timestamp,
    /// When the bot got the conversation back, once it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_at: Option<Timestamp>,
}

impl Conversation {
    /// A conversation that is not stored yet, with the bot in control.
    pub fn new(
        account: AccountId,
        id: ConversationId,
        inbox: InboxId,
        channel: Channel,
        address: String,
        now: Timestamp,
    ) -> Self {
        Self {
            account,
            contact: ContactId::of(&id),
            id,
            inbox,
            channel,
            address,
            version: 0,
            epoch: 0,
            control: Control::Bot,
            control_since: now,
            handed_back_at: None,
            last_client_at: None,
            promise: None,
            open_task: None,
            task_due_at: None,
            issue: None,
            asked: None,
            bot_messages: DayCount::default(),
            recent: Vec::new(),
            opted_out: false,
            refused_at: None,
            timer_sequence: 0,
            erased: None,
        }
    }

    /// Whether nothing is known of the client since their data was erased.
    pub const fn is_erased(&self) -> bool {
        self.erased.is_some() && self.address.is_empty()
    }

    /// Whether an event makes an erased conversation a living one again: a message does, and what our
    /// side did after the erasure.
    pub fn is_revived_by(&self, event: &Event) -> bool {
        self.is_erased()
            && match event.kind {
                EventKind::Message(_) => true,
                EventKind::Echo(_) | EventKind::ThreadControl(_) => {
                    self.erased.is_some_and(|erased| event.received_at >= erased.at)
                }
                EventKind::Edited { .. }
                | EventKind::Deleted { .. }
                | EventKind::Reaction { .. }
                | EventKind::Receipt(_)
                | EventKind::Consent { .. }
                | EventKind::System { .. }
                | EventKind::Delivery(_)
                | EventKind::Outcome(_)
                | EventKind::Timer(_)
                | EventKind::Command(_)
                | EventKind::Contact { .. } => false,
            }
    }

    /// The human stretch, when humans own the conversation.
    pub const fn human(&self) -> Option<&HumanControl> {
        match &self.control {
            Control::Bot => None,
            Control::Human(human) => Some(human),
        }
    }

    /// When the present pause is over, if it is one with an end.
    pub fn resumes_at(&self) -> Option<Timestamp> {
        self.human().and_then(HumanControl::resumes_at)
    }

    /// Whether the pause is over at `now`, so that the bot owns the conversation in all but name.
    pub fn resume_due(&self, now: Timestamp) -> bool {
        self.resumes_at().is_some_and(|at| at <= now)
    }

    /// The earliest instant at which something is due by itself.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let promise_due_at = self.promise.map(|promise| promise.due_at);
        [self.resumes_at(), promise_due_at, self.task_due_at, self.window_told_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// When staff are to be told that the channel's reply window closes on a client who waits.
    pub fn window_told_at(&self) -> Option<Timestamp> {
        let waiting = self.human()?.waiting.as_ref().filter(|waiting| !waiting.window_told)?;
        let last = self.last_client_at.unwrap_or(waiting.since);
        let window = waiting.reply_hours.map(|hours| Duration::from_hours(hours.into()));
        Some((last + window.or(self.channel.reply_window())?).minus(REPLY_WINDOW_WARNING))
    }
}
