//! Text understanding: what a message or a reply says by its words alone. Pure and without a
//! network; message text never leaves the process.
//!
//! Three things read a text. Rules over word lists in seven languages (English, Spanish, French,
//! German, Portuguese, Italian, Dutch) find what is said in common words and name the guard. Hashed
//! n-grams ([`Features`]) see habits, misspellings and the rules' verdict. A small encoder sees the
//! text as a whole. Logistic models put the three together; their scores are probabilities, and
//! `training/README.md` tells where they come from, `docs/results-detect.md` how good they are.
//!
//! Everything here is total (no text panics) and bounded: long messages are cut at both ends' expense
//! of the middle by the rules of [`normalise`] and of `wordpiece.rs`, and the work is linear in what is
//! left.

mod encoder;
mod features;
mod feedback;
mod head;
mod issue;
mod language;
mod normal;
mod pairs;
mod phrase_table;
mod phrases;
mod reading;
mod reply;
mod request;
mod wordpiece;
mod words;

use std::sync::LazyLock;

use handover_core::{Permille, Signals};

pub use features::Features;
pub use issue::{same_issue, same_issue_score};
pub use normal::{HEAD_CHARS, MAX_CHARS, normalise};
pub use phrases::Prepared;
pub use reading::Inputs;
pub use reply::{reply_scores, reply_signals};

use head::Head;
use issue::{Fingerprint, permille};
use reading::Reading;

/// The version of the understanding, as it stands in [`Signals::model`] and in decision records.
pub const MODEL: &str = "encoder-1";

/// The size of all weights, in bytes.
pub const MODEL_BYTES: usize = encoder::BYTES + HUMAN_REQUEST_FILE.len() + 5 * SMALL_HEAD_BYTES;
/// Bytes of each of the five small models: 389 floats and 2^14 buckets.
const SMALL_HEAD_BYTES: usize = 389 * 4 + (1 << 14);

static HUMAN_REQUEST_FILE: &[u8] = include_bytes!("../weights/human_request.bin");
static HUMAN_REQUEST: LazyLock<Head> = LazyLock::new(|| Head::new(HUMAN_REQUEST_FILE));

/// What a client's text alone says.
///
/// - `human_request`: the probability that the client asks for a human now, or the rules' own score
///   where that is higher; certain when the rules of `request.rs` find that the message says nothing
///   else (`exact_request`).
/// - `guard`: the rules' guard, named when no clause but guarded ones is a request. It holds against
///   the models: they take "I do not want to talk to a human" for its words.
/// - `feedback`: what the client says about the last answer.
/// - `language`: the language with most function words, when it has at least two and no equal.
/// - `fingerprint`: what the message is about, for [`same_issue`] and [`Prepared::matches`]; none
///   without a letter or digit.
/// - `vector`: none in this version; the fingerprint holds it.
pub fn signals(text: &str) -> Signals {
    let reading = Reading::of(text);
    let mut signals = Signals { model: MODEL.to_owned(), ..Signals::default() };
    if !reading.says_something() {
        return signals;
    }
    let rules = request::read(&reading.words);
    let score = permille(HUMAN_REQUEST.probability(&reading.features, &reading.encoded));
    let guarded = rules.guard.is_some();
    signals.human_request = match (rules.exact, guarded) {
        (true, _) => Permille::ONE,
        (false, true) => score.min(GUARDED_MOST),
        (false, false) => score.max(rules.score),
    };
    signals.guard = rules.guard;
    signals.exact_request = rules.exact;
    signals.feedback = feedback::read(&reading);
    signals.language = language::guess(&reading.words).map(str::to_owned);
    signals.fingerprint = Some(Fingerprint::of(&reading).written());
    signals
}

/// The most that a guarded request scores: just below every sensitivity's threshold.
const GUARDED_MOST: Permille = Permille::new(349);

/// The trained probability that the client asks for a human, before the rules have their say in
/// [`signals`].
pub fn probability_of_request(text: &str) -> f32 {
    let reading = Reading::of(text);
    HUMAN_REQUEST.probability(&reading.features, &reading.encoded)
}

/// The words that drove the score of [`signals`], the strongest first, each with how much lower (or, if
/// negative, higher) the score is without it, in thousandths. Takes one reading a word: for a person who
/// asks why, not for every message.
pub fn explain(text: &str) -> Vec<(String, i32)> {
    let score = |text: &str| i32::from(signals(text).human_request.get());
    let words: Vec<_> = text.split_whitespace().collect();
    let whole = score(text);
    let mut drove: Vec<_> = (0..words.len().min(EXPLAINED_WORDS))
        .map(|left_out| {
            let rest: Vec<_> =
                words.iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, word)| *word).collect();
            let word = words.get(left_out).copied().unwrap_or_default().to_owned();
            (word, whole - score(&rest.join(" ")))
        })
        .collect();
    drove.sort_by_key(|(_, difference)| -difference.abs());
    drove
}

/// The most words of a text that [`explain`] looks at.
const EXPLAINED_WORDS: usize = 60;
