//! Text understanding: what a message or a reply says by its words alone. Pure and without a
//! network; message text never leaves the process.
//!
//! This is the rule-based version, [`MODEL`] `phrases-1`: word lists per language (English, Spanish,
//! French, German, Portuguese, Italian, Dutch) and a few rules over them. It finds what is said in
//! common words and misses what is said indirectly or misspelt. Its scores are ranks that fit the
//! thresholds of [`handover_core::Sensitivity`], not measured probabilities. A trained model takes
//! the place of what stands behind these functions; their signatures are the seam.
//!
//! Everything here is total (no text panics) and bounded: long messages are cut by the rule of
//! [`normalise`], and the work is linear in what is left.

mod feedback;
mod issue;
mod language;
mod normal;
mod phrase_table;
mod phrases;
mod reply;
mod request;
pub mod retrieval;
mod words;

use handover_core::Signals;

pub use issue::same_issue;
pub use normal::{HEAD_CHARS, MAX_CHARS, normalise};
pub use phrases::Prepared;
pub use reply::reply_signals;

use words::Words;

/// The version of the understanding, as it stands in [`Signals::model`] and in decision records.
pub const MODEL: &str = "phrases-1";

/// What a client's text alone says.
///
/// - `human_request`, `guard`, `exact_request`: see the rules in `request.rs`.
/// - `feedback`: what the client says about the last answer, by phrases.
/// - `language`: the language with most function words, when it has at least two and no equal.
/// - `fingerprint` and `vector`: none in this version.
pub fn signals(text: &str) -> Signals {
    let words = Words::read(text);
    let request = request::read(&words);
    Signals {
        model: MODEL.to_owned(),
        human_request: request.score,
        guard: request.guard,
        exact_request: request.exact,
        feedback: feedback::read(&words),
        fingerprint: None,
        language: language::guess(&words).map(str::to_owned),
        vector: None,
    }
}
