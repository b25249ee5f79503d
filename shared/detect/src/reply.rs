//! What a bot's reply alone says.

use std::sync::LazyLock;

use handover_core::{Permille, ReplySignals};

use crate::{
    MODEL,
    head::Head,
    issue::permille,
    language::{guess, table},
    phrase_table::PhraseTable,
    reading::Reading,
    words::Words,
};

/// Words after an offer ("shall I ...") within which a promise is only part of it.
const OFFER_REACH: usize = 12;

static NON_ANSWERS: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.non_answers));
static PROMISES: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.promises));
static COURTESIES: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.courtesies));
static OFFERS: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.offers));

/// How likely a reply in another language than English has to be a non-answer. On the part `fit` it is
/// right in ten of eleven, at 500 in fourteen of nineteen.
const FOREIGN: Permille = Permille::new(650);

pub(crate) static NON_ANSWER: LazyLock<Head> =
    LazyLock::new(|| Head::new(include_bytes!("../weights/non_answer.bin")));
pub(crate) static PROMISE: LazyLock<Head> =
    LazyLock::new(|| Head::new(include_bytes!("../weights/promise.bin")));

/// What a bot's reply alone says: that it does not know, did not understand or puts the client off
/// (`non_answer`), or that a person takes over (`promises_person`; "would you like me to connect
/// you?" is an offer, not a promise). "Unfortunately we are closed on Sundays" is an answer: regret
/// alone says nothing, and what is courteous and nothing else answers a courtesy. Each is said when it is
/// likelier than not; what is only offered is no promise, and neither an offer nor a promise is a non-answer
/// unless the phrases say so. In other languages than English, of which few replies were seen, a non-answer
/// takes `FOREIGN`: a false one hands over a client who was answered.
pub fn reply_signals(reply: &str) -> ReplySignals {
    let [non_answer_score, promise_score] = reply_scores(reply);
    let likely = Permille::new(500);
    let foreign = |language: &str| language != "en";
    let words = Words::read(reply);
    let unknown = by_phrases(&words).non_answer;
    let enough = if guess(&words).is_some_and(foreign) { FOREIGN } else { likely };
    let words = words.all();
    let offers = (0..words.len()).any(|at| OFFERS.longest(words.get(at..).unwrap_or_default()).is_some());
    let promises_person = promise_score >= likely && !offers;
    ReplySignals {
        model: MODEL.to_owned(),
        non_answer: unknown
            || (non_answer_score >= enough && !offers && !promises_person && !is_courtesy(&words)),
        promises_person,
        non_answer_score,
        promise_score,
    }
}

/// Whether a reply has nothing but courtesies ("You're welcome. Have a nice day!").
fn is_courtesy(words: &[&str]) -> bool {
    let mut at = 0;
    while let Some(rest @ [_, ..]) = words.get(at..) {
        let Some((length, ())) = COURTESIES.longest(rest) else { return false };
        at += length;
    }
    true
}

/// How likely a reply is a non-answer, and how likely it promises a person.
pub fn reply_scores(reply: &str) -> [Permille; 2] {
    let reading = Reading::of(reply);
    if !reading.says_something() {
        return [Permille::default(); 2];
    }
    let evidence = reading.encoded.evidence;
    [(&NON_ANSWER, evidence.non_answer), (&PROMISE, evidence.promise)]
        .map(|(head, evidence)| permille(head.probability(&reading.features, evidence)))
}

/// What phrases in a reply say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ByPhrases {
    pub(crate) non_answer: bool,
    pub(crate) promises_person: bool,
}

/// What the phrases in a reply say, as one of the inputs of the models.
pub(crate) fn by_phrases(words: &Words) -> ByPhrases {
    let words = words.all();
    let mut signals = ByPhrases::default();
    let mut offer_ends = None;
    for at in 0..words.len() {
        let rest = words.get(at..).unwrap_or_default();
        if let Some((length, ())) = OFFERS.longest(rest) {
            offer_ends = Some(at + length);
        }
        let offered = offer_ends.is_some_and(|end| at.saturating_sub(end) <= OFFER_REACH);
        signals.non_answer |= NON_ANSWERS.longest(rest).is_some();
        signals.promises_person |= !offered && PROMISES.longest(rest).is_some();
    }
    signals
}
