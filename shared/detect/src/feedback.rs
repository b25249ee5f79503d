//! What the client says about the last answer.

use std::sync::LazyLock;

use handover_core::Feedback;

use crate::{head::Head, language::LANGUAGES, phrase_table::PhraseTable, reading::Reading, words::Words};

pub(crate) static UNHELPFUL: LazyLock<Head> =
    LazyLock::new(|| Head::new(include_bytes!("../weights/unhelpful.bin")));
pub(crate) static RESOLVED: LazyLock<Head> =
    LazyLock::new(|| Head::new(include_bytes!("../weights/resolved.bin")));

/// What the client says about the last answer: the likelier of the two when it is likelier than not.
pub(crate) fn read(reading: &Reading) -> Feedback {
    let evidence = reading.encoded.evidence;
    let unhelpful = UNHELPFUL.evidence(&reading.features, evidence.unhelpful);
    let resolved = RESOLVED.evidence(&reading.features, evidence.resolved);
    if unhelpful.max(resolved) < 0.0 {
        Feedback::Neutral
    } else if unhelpful >= resolved {
        Feedback::Unhelpful
    } else {
        Feedback::Resolved
    }
}

static PHRASES: LazyLock<PhraseTable<Feedback>> = LazyLock::new(|| {
    let mut phrases = PhraseTable::default();
    for language in LANGUAGES.iter() {
        language.lists.resolved.iter().for_each(|phrase| phrases.add(phrase, Feedback::Resolved));
        language.lists.unhelpful.iter().for_each(|phrase| phrases.add(phrase, Feedback::Unhelpful));
    }
    phrases
});

/// What the phrases in a message say, longest first at each word, as one of the inputs of the models. A
/// complaint outweighs praise: "that worked, but the other thing did not help" is still open.
pub(crate) fn by_phrases(words: &Words) -> Feedback {
    let words = words.all();
    let mut feedback = Feedback::Neutral;
    let mut at = 0;
    while at < words.len() {
        let found = PHRASES.longest(words.get(at..).unwrap_or_default());
        match found {
            Some((_, Feedback::Unhelpful)) => return Feedback::Unhelpful,
            Some((_, said @ (Feedback::Resolved | Feedback::Neutral))) => feedback = *said,
            None => {}
        }
        at += found.map_or(1, |(length, _)| length);
    }
    feedback
}
