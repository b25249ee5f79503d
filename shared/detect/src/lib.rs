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

mod answers;
mod encoder;
mod features;
mod feedback;
mod head;
mod issue;
mod kernel;
mod language;
mod meaning;
mod normal;
mod ordinary;
mod pairs;
mod phrase_table;
mod phrases;
mod product;
mod reading;
mod reply;
mod request;
mod retrieval;
mod vector;
mod wordpiece;
mod words;

use std::sync::LazyLock;

use handover_core::{Permille, Signals};

pub use answers::{Answers, FLOOR, Found, Topic};
pub use features::Features;
pub use issue::{same_issue, same_issue_score};
pub use normal::{HEAD_CHARS, MAX_CHARS, normalise};
pub use ordinary::{Broad, broad_phrase};
pub use phrases::Prepared;
pub use reading::Inputs;
pub use reply::{reply_scores, reply_signals};
pub use wordpiece::pieces;

use head::Head;
use issue::Fingerprint;
use meaning::Meaning;
use reading::Reading;

/// The version of the understanding, as it stands in [`Signals::model`] and in decision records.
pub const MODEL: &str = "encoder-3";

/// The size of all weights, in bytes.
pub const MODEL_BYTES: usize =
    encoder::BYTES + ordinary::BYTES + HUMAN_REQUEST_FILE.len() + 5 * SMALL_HEAD_BYTES;
/// Bytes of each of the five small models: five floats and 2^14 buckets.
const SMALL_HEAD_BYTES: usize = 5 * 4 + (1 << 14);

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
/// - `fingerprint`: what the message is about, for [`same_issue`]; none without a letter or digit.
/// - `vector`: what the message means, for [`Prepared::matches`] and [`Answers`].
pub fn signals(text: &str) -> Signals {
    let reading = Reading::of(text);
    let mut signals = Signals { model: MODEL.to_owned(), ..Signals::default() };
    if !reading.says_something() {
        return signals;
    }
    let rules = request::read(&reading.words);
    let evidence = HUMAN_REQUEST.evidence(&reading.features, reading.encoded.evidence.request);
    let score = operating_score(
        evidence + if language::elsewhere(&reading.words) { pairs::REQUEST_ELSEWHERE } else { 0.0 },
    );
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
    signals.vector = Some(Meaning::of(&reading).written());
    signals
}

/// The most that a guarded request scores: just below every sensitivity's threshold.
const GUARDED_MOST: Permille = Permille::new(349);

/// The trained evidence (logarithms of odds) for each question, before the rules have their say: a
/// request for a human, unhelpful, resolved, a non-answer, a promise of a person, refers back.
pub fn evidence(text: &str) -> [f32; 6] {
    let reading = Reading::of(text);
    let [request, rest @ ..] = reading.encoded.evidence.as_array();
    let [unhelpful, resolved, non_answer, promise, again] = rest;
    [
        HUMAN_REQUEST.evidence(&reading.features, request),
        feedback::UNHELPFUL.evidence(&reading.features, unhelpful),
        feedback::RESOLVED.evidence(&reading.features, resolved),
        reply::NON_ANSWER.evidence(&reading.features, non_answer),
        reply::PROMISE.evidence(&reading.features, promise),
        issue::AGAIN.evidence(&reading.features, again),
    ]
}

/// Evidence as a score whose thousandths are [`handover_core::Sensitivity`]'s: eager, balanced and
/// strict each stand at the evidence that `training/heads.py` chose for them
/// (`docs/results-detect.md`); straight lines between them, and beyond them ever closer to 0 and 1000.
fn operating_score(evidence: f32) -> Permille {
    let [eager, balanced, strict] = pairs::REQUEST;
    let between = |from: f32, to: f32| (evidence - from) / (to - from);
    let score = if evidence < eager {
        350.0 * ((evidence - eager) / 2.0).exp()
    } else if evidence < balanced {
        350.0 + 250.0 * between(eager, balanced)
    } else if evidence < strict {
        600.0 + 250.0 * between(balanced, strict)
    } else {
        1_000.0 - 150.0 * ((strict - evidence) / 2.0).exp()
    };
    issue::permille(score / 1_000.0)
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
