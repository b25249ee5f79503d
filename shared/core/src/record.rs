//! Why: one decision record for every event that is kept.

use serde::{Deserialize, Serialize};

use crate::{ActionId, Assignee, Guard, OutcomeResult, Permille, Retrieval, ScenarioKind};

/// Why an event led to what it led to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// What was decided.
    pub verdict: Verdict,
    /// The epoch after the decision.
    pub epoch: u64,
    /// The configuration revision that was judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// The scenario that fired, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioKind>,
    /// The action that fired, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
    /// The example phrase that the message matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<PhraseMatch>,
    /// How likely the client asks for a human, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_request: Option<Permille>,
    /// From where on it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Permille>,
    /// Why it is not a request in spite of its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// The version of the understanding.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Failed attempts on the present issue, this event included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_attempts: Option<u8>,
    /// How the bot's turn went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeResult>,
    /// What the bot's answer stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<Retrieval>,
    /// How likely the bot's reply says that it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_answer: Option<Permille>,
    /// How likely the bot's reply promises a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Permille>,
    /// Why a command was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The pause had ended: control went back to the bot before this was decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resumed: bool,
}

/// An example phrase that a message matched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PhraseMatch {
    /// The action that it is an example of.
    pub action: ActionId,
    /// Its place in that action's list, from 0.
    pub phrase: u16,
    /// How close; 1000 when the normal forms are equal.
    pub closeness: Permille,
}

/// What was decided about an event, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It handed the conversation over.
    HandedOver,
    /// It would have, but handovers are off for the account.
    LabsOff,
    /// It would have, but handovers are off for the bot.
    HandoverOff,
    /// It would have, but the scenario's actions are switched off or missing.
    NoEnabledAction,
    /// It would have, but the same scenario fired too recently.
    CoolingDown,
    /// No bot answers in this inbox.
    NoBot,
    /// The bot is asked.
    Turn,
    /// The bot's answer to a message that was asked again together with later ones: it is not sent.
    Folded,
    /// An external bot answers by itself.
    ExternalBot,
    /// The bot has said enough for one day.
    MessageCap,
    /// The bot cannot read it.
    Unreadable,
    /// Humans own the conversation; the message waits for them.
    Paused,
    /// Humans own the conversation, and the client asks for one again.
    AskedAgain,
    /// It reached us too long ago to act on.
    TooOld,
    /// It is older than the last hand-back.
    BeforeHandBack,
    /// The client has opted out.
    OptedOut,
    /// Kept for the transcript; nothing follows.
    Noted,
    /// The bot's reply goes out.
    BotReplied,
    /// The bot did not know, and the no-answer message goes out.
    NoAnswer,
    /// Control has changed since the bot was asked.
    StaleOutcome,
    /// A human took the conversation over.
    TakenOver,
    /// A staff member's reply goes out.
    StaffReplied,
    /// Somebody claimed it.
    Claimed,
    /// It was given to somebody.
    Assigned,
    /// It was given back to the bot.
    HandedBack,
    /// It was settled.
    Resolved,
    /// The pause was set.
    PauseSet,
    /// A tag was set or removed.
    Tagged,
    /// The task is done.
    TaskDone,
    /// The pause ended.
    PauseEnded,
    /// The promise was not kept in time.
    PromiseMissed,
    /// It belongs to another conversation's contact now.
    Linked,
    /// It has a contact of its own again.
    Unlinked,
    /// What was known of the client was erased.
    Erased,
    /// The task is overdue.
    TaskOverdue,
    /// The reply window is about to close on a client who waits.
    WindowClosing,
    /// The command does not fit the state.
    Refused,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Somebody else has it.
    ClaimedBy(Assignee),
    /// Only a staff member can do this.
    NotStaff,
    /// There is no such staff member or team.
    NoSuchAssignee,
    /// The bot has the conversation already.
    AlreadyWithBot,
    /// Humans have the conversation already.
    AlreadyWithHumans,
    /// Handovers are off for the account.
    LabsOff,
    /// No enabled action says how to hand over.
    NoEnabledAction,
    /// The bot has no such action.
    NoSuchAction,
    /// The contact has as many tags as one may have.
    TooManyTags,
    /// There is no open task.
    NoOpenTask,
    /// Control has changed since the epoch that the command carries.
    StaleEpoch,
    /// The client wants no messages.
    OptedOut,
    /// It reached us more than 24 hours ago.
    TooOld,
    /// There is no such conversation.
    NoSuchConversation,
    /// Its contact has other conversations already.
    AlreadyLinked,
    /// The contact has as many conversations as one may have.
    TooManyLinked,
    /// It has a contact of its own.
    NotLinked,
    /// The bot has said enough for one day.
    MessageCap,
}

impl Record {
    /// A record that says nothing but its verdict.
    pub fn new(verdict: Verdict, epoch: u64) -> Self {
        Self {
            verdict,
            epoch,
            revision: None,
            scenario: None,
            action: None,
            matched: None,
            human_request: None,
            threshold: None,
            guard: None,
            model: String::new(),
            failed_attempts: None,
            outcome: None,
            retrieval: None,
            non_answer: None,
            promise: None,
            refusal: None,
            resumed: false,
        }
    }
}
