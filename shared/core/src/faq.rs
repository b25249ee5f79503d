//! What the built-in bot knows: questions with their answers.

use serde::{Deserialize, Serialize};

use crate::{FaqId, MAX_ALTERNATIVES, MAX_MESSAGE_CHARS, MAX_QUESTION_CHARS, Problem, validate::Problems};

/// A question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FaqEntry {
    /// Its id within the bot.
    pub id: FaqId,
    /// The question, as a client would put it.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_QUESTION_CHARS)))]
    pub question: String,
    /// Other ways to put it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(length(max = MAX_ALTERNATIVES)))]
    pub alternatives: Vec<String>,
    /// What the bot says.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = MAX_MESSAGE_CHARS)))]
    pub answer: String,
}

impl FaqEntry {
    /// Every way to put the question.
    pub fn phrasings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.question.as_str()).chain(self.alternatives.iter().map(String::as_str))
    }

    /// Checks every field.
    ///
    /// # Errors
    /// All problems, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        problems.length("question", &self.question, MAX_QUESTION_CHARS);
        if self.alternatives.len() > MAX_ALTERNATIVES {
            let count = self.alternatives.len();
            problems.add("alternatives", format!("at most {MAX_ALTERNATIVES}, not {count}"));
        }
        for (index, alternative) in self.alternatives.iter().enumerate() {
            problems.length(&format!("alternatives[{index}]"), alternative, MAX_QUESTION_CHARS);
        }
        problems.length("answer", &self.answer, MAX_MESSAGE_CHARS);
        problems.done()
    }
}
