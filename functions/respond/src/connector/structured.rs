//! The answer of a bot that is asked for JSON.

use handover_core::{OutcomeResult, Permille, Retrieval};
use serde::Deserialize;

use super::{Answer, Trouble};

/// What a bot says, in its own words. Members that are not known here are read over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Spoken {
    #[serde(default)]
    reply: Option<String>,
    outcome: Went,
    #[serde(default)]
    evidence: Option<Evidence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Went {
    Answered,
    NoAnswer,
    Failed,
    WantsHandover,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
struct Evidence {
    /// How many sources the reply stands on.
    sources: u16,
    /// The best source's score, 0 to 1.
    best: f64,
}

impl Spoken {
    /// What was said, in our words.
    pub(super) fn answer(self) -> Result<Answer, Trouble> {
        let result = match self.outcome {
            Went::Answered => OutcomeResult::Answered,
            Went::NoAnswer => OutcomeResult::NoAnswer,
            Went::WantsHandover => OutcomeResult::WantsHandover,
            Went::Failed => return Err(Trouble::new("bot_failed")),
        };
        let retrieval = self.evidence.map(retrieval).transpose()?;
        Ok(Answer { result, reply: self.reply, retrieval })
    }
}

fn retrieval(evidence: Evidence) -> Result<Retrieval, Trouble> {
    if !(0.0..=1.0).contains(&evidence.best) {
        return Err(Trouble::new("malformed"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
    let best = Permille::new((evidence.best * 1_000.0).round() as u16);
    Ok(Retrieval { sources: evidence.sources, best })
}

/// Reads JSON.
pub(super) fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Trouble::new("empty"));
    }
    serde_json::from_slice(body).map_err(|_| Trouble::new("malformed"))
}

/// Reads what a language model wrote: JSON, perhaps with a fence or a word around it.
pub(super) fn read_written(text: &str) -> Result<Spoken, Trouble> {
    let inner = text.find('{').zip(text.rfind('}')).and_then(|(start, end)| text.get(start..=end));
    read(inner.unwrap_or(text).as_bytes())
}
