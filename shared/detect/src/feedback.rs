//! What the client says about the last answer.

use std::sync::LazyLock;

use handover_core::Feedback;

use crate::{language::LANGUAGES, phrase_table::PhraseTable, words::Words};

static PHRASES: LazyLock<PhraseTable<Feedback>> = LazyLock::new(|| {
    let mut phrases = PhraseTable::default();
    for language in LANGUAGES.iter() {
        language.lists.resolved.iter().for_each(|phrase| phrases.add(phrase, Feedback::Resolved));
        language.lists.unhelpful.iter().for_each(|phrase| phrases.add(phrase, Feedback::Unhelpful));
    }
    phrases
});

/// The phrases of a message, longest first at each word. A complaint outweighs praise: "that worked,
/// but the other thing did not help" is still open.
pub(crate) fn read(words: &Words) -> Feedback {
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
