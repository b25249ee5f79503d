//! What hands a conversation over, and what happens then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ActionId, Permille, StaffId, TeamId, config::yes};

/// A configured scenario and what to do when it fires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HandoverAction {
    /// Its id within the bot.
    pub id: ActionId,
    /// Whether it may fire.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The condition.
    pub scenario: Scenario,
    /// Who gets the conversation; none: it waits for somebody to claim it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign: Option<Assign>,
    /// The last thing that the client reads from the bot.
    #[serde(default)]
    pub closing_message: ClosingMessage,
    /// How long the bot stays silent.
    pub pause: Pause,
    /// Open a task that is due 24 hours after the trigger.
    #[serde(default = "yes")]
    pub create_task: bool,
    /// What the contact is tagged with; none: nothing.
    #[serde(default = "default_tag", skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn default_tag() -> Option<String> {
    Some("human_handover".to_owned())
}

impl HandoverAction {
    /// An enabled action with the defaults: nobody assigned, the default closing message, a task,
    /// the default tag, paused until handed back.
    pub fn new(id: ActionId, scenario: Scenario) -> Self {
        Self {
            id,
            enabled: true,
            scenario,
            assign: None,
            closing_message: ClosingMessage::default(),
            pause: Pause::UntilHandedBack,
            create_task: true,
            tag: default_tag(),
        }
    }
}

/// A condition that moves a conversation to humans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// The client asks for a human.
    HumanRequested {
        /// How sure we must be.
        #[serde(default)]
        sensitivity: Sensitivity,
        /// The business's own examples, beside the built-in understanding.
        #[serde(default)]
        phrases: Vec<String>,
    },
    /// The bot does not know.
    LackOfKnowledge {
        /// Retrieval below this counts as not knowing.
        #[serde(default = "default_evidence_floor")]
        evidence_floor: Permille,
    },
    /// The bot fails again and again at the same thing.
    RepeatedFailure {
        /// Fires on failed attempt `max_retries + 1`; 0 to 2.
        #[serde(default = "default_max_retries")]
        #[cfg_attr(feature = "schema", schemars(range(max = crate::MAX_RETRIES)))]
        max_retries: u8,
    },
    /// Something of the business's own.
    Custom {
        /// What the business calls it.
        #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_NAME_CHARS)))]
        name: String,
        /// Examples, 1 to 200.
        phrases: Vec<String>,
    },
}

fn default_evidence_floor() -> Permille {
    Permille::new(350)
}

fn default_max_retries() -> u8 {
    crate::MAX_RETRIES
}

impl Scenario {
    /// Which scenario.
    pub const fn kind(&self) -> ScenarioKind {
        match self {
            Self::HumanRequested { .. } => ScenarioKind::HumanRequested,
            Self::LackOfKnowledge { .. } => ScenarioKind::LackOfKnowledge,
            Self::RepeatedFailure { .. } => ScenarioKind::RepeatedFailure,
            Self::Custom { .. } => ScenarioKind::Custom,
        }
    }

    /// The business's example phrases.
    pub fn phrases(&self) -> &[String] {
        match self {
            Self::HumanRequested { phrases, .. } | Self::Custom { phrases, .. } => phrases,
            Self::LackOfKnowledge { .. } | Self::RepeatedFailure { .. } => &[],
        }
    }
}

/// The kinds of scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ScenarioKind {
    /// The client asks for a human.
    HumanRequested,
    /// The bot does not know.
    LackOfKnowledge,
    /// The bot fails again and again at the same thing.
    RepeatedFailure,
    /// Something of the business's own.
    Custom,
}

impl ScenarioKind {
    /// The kind's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HumanRequested => "human_requested",
            Self::LackOfKnowledge => "lack_of_knowledge",
            Self::RepeatedFailure => "repeated_failure",
            Self::Custom => "custom",
        }
    }
}

/// How sure we must be that the client asks for a human.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Rather one handover too many.
    Eager,
    /// The recommended middle.
    #[default]
    Balanced,
    /// Rather one too few.
    Strict,
}

impl Sensitivity {
    /// The score from which a message counts as a request.
    pub const fn threshold(self) -> Permille {
        match self {
            Self::Eager => Permille::new(350),
            Self::Balanced => Permille::new(600),
            Self::Strict => Permille::new(850),
        }
    }
}

/// Who gets a handed-over conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Assign {
    /// The staff member or team.
    pub to: Assignee,
    /// Leave it with whom the contact is assigned to already.
    #[serde(default)]
    pub skip_if_assigned: bool,
}

/// Who a contact is assigned to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// One human.
    Staff(StaffId),
    /// A group, until one of it claims.
    Team(TeamId),
}

impl Assignee {
    /// The staff member, when it is one.
    pub const fn staff(&self) -> Option<&StaffId> {
        match self {
            Self::Staff(staff) => Some(staff),
            Self::Team(_) => None,
        }
    }

    /// A short text that names it in keys and lists: `staff:<id>` or `team:<id>`.
    pub fn label(&self) -> String {
        match self {
            Self::Staff(id) => format!("staff:{id}"),
            Self::Team(id) => format!("team:{id}"),
        }
    }
}

/// The last thing that the client reads from the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClosingMessage {
    /// This text.
    Text(String),
    /// Nothing, on purpose.
    SendNothing,
}

impl Default for ClosingMessage {
    fn default() -> Self {
        Self::Text("Thank you! Someone from the team will get back to you.".to_owned())
    }
}

/// How long the bot stays silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// A time, at least one minute and at most a year.
    For {
        /// Days of 24 hours.
        #[serde(default)]
        days: u16,
        /// Hours.
        #[serde(default)]
        hours: u16,
        /// Minutes.
        #[serde(default)]
        minutes: u16,
    },
    /// Until somebody gives the conversation back.
    UntilHandedBack,
}

impl Pause {
    /// The time, when there is one.
    pub fn duration(self) -> Option<Duration> {
        match self {
            Self::For { days, hours, minutes } => {
                let minutes = u64::from(days) * 1_440 + u64::from(hours) * 60 + u64::from(minutes);
                Some(Duration::from_mins(minutes))
            }
            Self::UntilHandedBack => None,
        }
    }
}
