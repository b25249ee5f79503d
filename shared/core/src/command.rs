//! What staff and API clients want of a conversation.

use serde::{Deserialize, Serialize};

use crate::{
    ActionId, ApiKeyId, Assignee, ConversationId, OutcomeResult, Pause, ReplySignals, Retrieval, StaffId,
};

/// What a staff member or an API client wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who, from the authenticated request.
    pub by: Principal,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What.
    pub kind: CommandKind,
}

/// Who gives a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A signed-in staff member.
    Staff(StaffId),
    /// The holder of an API key.
    ApiKey(ApiKeyId),
    /// The system itself, on behalf of a configuration change.
    System,
}

/// Who had a conversation when somebody began to answer in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SeenControl {
    /// In which epoch it was: another one, and the bot has it or has had it in between.
    pub epoch: u64,
    /// Whom it was assigned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
}

/// Commands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// "I take this one."
    Claim,
    /// Give the contact to somebody, or to nobody.
    Assign {
        /// To whom.
        to: Option<Assignee>,
    },
    /// A staff member's answer to the client.
    Reply {
        /// What it says.
        text: String,
        /// What its author saw; none: it is sent whoever has the conversation by now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<SeenControl>,
    },
    /// Give the conversation back to the bot.
    HandBack,
    /// The matter is settled: close the task, end the assignment, give control back.
    Resolve,
    /// Keep the bot silent.
    Pause {
        /// How long.
        pause: Pause,
    },
    /// Hand over, with an action's settings.
    StartHandover {
        /// Whose settings; none: the first enabled action's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<ActionId>,
    },
    /// Put a tag on the contact or take it off.
    Tag {
        /// The tag.
        tag: String,
        /// On or off.
        present: bool,
    },
    /// The open handover's task is done.
    CompleteTask,
    /// The client is the same person as the client of another conversation.
    Link {
        /// Which.
        with: ConversationId,
    },
    /// They are not the same person after all.
    Unlink,
    /// Somebody is no longer there: take the contact from them, if it is theirs.
    Release {
        /// From whom.
        from: Assignee,
    },
    /// Forget what is known of the client.
    Erase,
    /// An external bot says something, as of an epoch.
    BotMessage {
        /// What; nothing where it has no answer.
        text: String,
        /// The epoch that the turn API gave it.
        epoch: u64,
        /// What the text alone says.
        #[serde(default)]
        signals: ReplySignals,
        /// How it went; none: the text is the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        result: Option<OutcomeResult>,
        /// What the answer stands on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retrieval: Option<Retrieval>,
    },
}
