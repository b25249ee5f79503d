//! What a business sets. Every edit makes a new revision; validation is in `validate.rs`.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ActionId, BotId, HandoverAction, InboxId, Pause};

/// A tenant's own settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_NAME_CHARS)))]
    pub name: String,
    /// Features that are switched on by hand.
    #[serde(default)]
    pub labs: Labs,
    /// Whether message text is kept in the table (queues hold it up to their retention regardless).
    #[serde(default = "yes")]
    pub store_text: bool,
    /// Days that transcripts are kept.
    #[serde(default = "default_retention_days")]
    #[cfg_attr(feature = "schema", schemars(range(min = 40, max = 3650)))]
    pub retention_days: u16,
    /// Whether notifications carry the client's words.
    #[serde(default)]
    pub notify_text: bool,
    /// The inbox by which staff members get SMS; none: they get no SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms_inbox: Option<InboxId>,
    /// Whether what automations are told also goes to the stack's event bus, where it has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub event_bus: bool,
}

/// Features that are switched on by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Labs {
    /// New handovers fire.
    #[serde(default)]
    pub human_handover: bool,
}

pub(crate) fn yes() -> bool {
    true
}

fn default_retention_days() -> u16 {
    365
}

/// A conversational AI of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bot {
    /// Its id.
    pub id: BotId,
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_NAME_CHARS)))]
    pub name: String,
    /// Whether it may hand over.
    #[serde(default = "yes")]
    pub handover: bool,
    /// What it hands over on, in the order in which they are judged; at most six.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = crate::MAX_ACTIONS)))]
    pub actions: Vec<HandoverAction>,
    /// What the client reads when the bot does not know and does not hand over.
    #[serde(default = "default_no_answer_message")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_MESSAGE_CHARS)))]
    pub no_answer_message: String,
    /// After a human's message the bot stays silent at least this long.
    #[serde(default = "default_quiet_minutes")]
    #[cfg_attr(feature = "schema", schemars(range(max = 1440)))]
    pub quiet_minutes: u16,
    /// How long a takeover pauses the bot.
    #[serde(default = "default_takeover_pause")]
    pub takeover_pause: Pause,
    /// A handover pauses the bot in all of the contact's inboxes.
    #[serde(default)]
    pub pause_all_inboxes: bool,
    /// After a handover of a scenario (never human_requested) it does not fire again this soon
    /// after the conversation came back.
    #[serde(default)]
    pub cooldown_minutes: u16,
    /// Three handovers in 24 hours keep the conversation with humans.
    #[serde(default)]
    pub loop_guard: bool,
    /// What becomes of a client's unanswered message when the bot comes back.
    #[serde(default)]
    pub unanswered: UnansweredPolicy,
    /// Bot messages that one conversation may get in a day.
    #[serde(default = "default_daily_messages")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub daily_messages: u16,
    /// Messages that follow each other within this many seconds are one question to the bot, which is
    /// asked so long after the last of them; 0: each is asked at once. At most
    /// [`crate::MAX_FOLD_SECONDS`].
    #[serde(default = "default_fold_seconds")]
    #[cfg_attr(feature = "schema", schemars(range(max = crate::MAX_FOLD_SECONDS)))]
    pub fold_seconds: u16,
    /// How the bot is asked.
    #[serde(default)]
    pub connector: Connector,
}

fn default_no_answer_message() -> String {
    "Sorry, I don't have that. Could you put it another way?".to_owned()
}

fn default_quiet_minutes() -> u16 {
    15
}

fn default_takeover_pause() -> Pause {
    Pause::For { days: 0, hours: 12, minutes: 0 }
}

fn default_daily_messages() -> u16 {
    25
}

fn default_fold_seconds() -> u16 {
    2
}

impl Bot {
    /// A bot with every setting at its default and no handover actions.
    pub fn new(id: BotId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            handover: true,
            actions: Vec::new(),
            no_answer_message: default_no_answer_message(),
            quiet_minutes: default_quiet_minutes(),
            takeover_pause: default_takeover_pause(),
            pause_all_inboxes: false,
            cooldown_minutes: 0,
            loop_guard: false,
            unanswered: UnansweredPolicy::default(),
            daily_messages: default_daily_messages(),
            fold_seconds: default_fold_seconds(),
            connector: Connector::default(),
        }
    }

    /// The action with this id.
    pub fn action(&self, id: &ActionId) -> Option<&HandoverAction> {
        self.actions.iter().find(|action| action.id == *id)
    }
}

/// What becomes of a client's unanswered message when the bot comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnansweredPolicy {
    /// The bot answers it when it is younger than 24 hours.
    #[default]
    Answer,
    /// The conversation is handed over again.
    HandOverAgain,
    /// Nothing.
    StayQuiet,
}

/// How the bot is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Connector {
    /// The bot lives elsewhere and asks the turn API before it speaks.
    #[default]
    External,
    /// The built-in question and answer bot.
    Faq,
    /// A signed POST to the business's own bot.
    Http {
        /// Where, https only.
        url: String,
    },
    /// An OpenAI-compatible chat completions endpoint.
    OpenAi {
        /// The endpoint's base address, https only.
        url: String,
        /// The model's name.
        model: String,
        /// What the bot knows and how it speaks.
        instructions: String,
    },
    /// Amazon Bedrock's Converse.
    Bedrock {
        /// The model's id.
        model: String,
        /// What the bot knows and how it speaks.
        instructions: String,
    },
}
