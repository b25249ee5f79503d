//! What a text alone says. Computed where the message arrives; judged where the settings are known.

use serde::{Deserialize, Serialize};

/// A score or closeness in thousandths, 0 to 1000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Permille(u16);

impl Permille {
    /// Certain.
    pub const ONE: Self = Self(1_000);

    /// `value` thousandths, at most 1000.
    pub const fn new(value: u16) -> Self {
        Self(if value > 1_000 { 1_000 } else { value })
    }

    /// Thousandths.
    pub const fn get(self) -> u16 {
        self.0
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
    const fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

/// What a client's text alone says, with the version of what said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// The version of the understanding, such as `phrases-1`.
    pub model: String,
    /// How likely the client asks for a human, now.
    #[serde(default)]
    pub human_request: Permille,
    /// Why it is not a request in spite of its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Guard>,
    /// The text's normal form equals a built-in request: certain, whatever the sensitivity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact_request: bool,
    /// What the client says about the last answer.
    #[serde(default, skip_serializing_if = "Feedback::is_neutral")]
    pub feedback: Feedback,
    /// What the message is about, short enough for the state item (base64, at most 200 characters).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The language, as a two-letter ISO 639-1 code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The text's embedding, for phrases and retrieval (base64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
}

/// Why words of a request are not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// "Don't transfer me."
    Negation,
    /// "Are you a human?"
    AboutTheBot,
    /// "My travel agent told me."
    ThirdParty,
    /// "I talked to an agent yesterday."
    PastEvent,
    /// "If I wanted to speak to someone, ..."
    Conditional,
}

/// What a client says about the bot's last answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// Nothing.
    #[default]
    Neutral,
    /// It did not help.
    Unhelpful,
    /// The matter is settled.
    Resolved,
}

impl Feedback {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
    fn is_neutral(&self) -> bool {
        *self == Self::Neutral
    }
}

/// What a bot's reply alone says, with the version of what said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplySignals {
    /// The version of the understanding; empty when nothing was read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The reply says that the bot does not know.
    #[serde(default)]
    pub non_answer: bool,
    /// The reply promises that a person takes over.
    #[serde(default)]
    pub promises_person: bool,
    /// How likely the first is, by the model alone.
    #[serde(default, skip_serializing_if = "Permille::is_zero")]
    pub non_answer_score: Permille,
    /// How likely the second is, by the model alone.
    #[serde(default, skip_serializing_if = "Permille::is_zero")]
    pub promise_score: Permille,
}
