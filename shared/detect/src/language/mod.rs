//! The word lists, one file per language, and what is made of them.
//!
//! Every entry stands in normal form (a test says so): no accents, no capitals, no apostrophes. The lists
//! are filled lines; rustfmt, which would put one phrase on each line, leaves them alone.

mod de;
mod en;
mod es;
mod fr;
mod it;
mod nl;
mod pt;

use std::{collections::HashSet, sync::LazyLock};

use crate::{phrase_table::PhraseTable, words::Words};

/// One language's word lists.
pub(crate) struct Lists {
    /// ISO 639-1.
    pub(crate) code: &'static str,
    /// The verb stands last: "einen Menschen sprechen". Elsewhere somebody directly before a verb is who
    /// speaks, not who is asked for ("people speak English", but "someone I can speak to").
    pub(crate) verb_last: bool,
    /// Its function words: they tell the language, and may stand anywhere in an exact request.
    pub(crate) common: &'static [&'static str],
    /// Greetings and courtesies: they say nothing at either end of a message.
    pub(crate) polite: &'static [&'static str],
    /// What is a request when it is all that a message says.
    pub(crate) bare: &'static [&'static str],
    /// What the rules for requests stand on.
    pub(crate) cues: &'static [(Cue, &'static [&'static str])],
    /// The client says that the last answer did not help.
    pub(crate) unhelpful: &'static [&'static str],
    /// The client says that the matter is settled.
    pub(crate) resolved: &'static [&'static str],
    /// A reply that says that the bot does not know or did not understand.
    pub(crate) non_answers: &'static [&'static str],
    /// A reply that promises that a person takes over.
    pub(crate) promises: &'static [&'static str],
    /// What a reply may say to a greeting or to thanks: alone it is an answer.
    pub(crate) courtesies: &'static [&'static str],
    /// A reply that asks whether it should; what follows is no promise.
    pub(crate) offers: &'static [&'static str],
}

/// What a phrase does to the reading of a clause. The rules are in `request.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cue {
    /// "Put me through": an ask that may stand alone.
    Transfer,
    /// "Speak to".
    Contact,
    /// "I want", "is there".
    Want,
    /// "Someone call me": a request by itself.
    Callback,
    /// "Human", "agent": who answers instead of the bot.
    Human,
    /// "Someone", "the team": may be anybody, a client's plumber too.
    Anyone,
    /// "Bot", "robot".
    Bot,
    /// "Can I": what follows is meant, whatever stood before.
    Open,
    /// "Don't".
    Negation,
    /// "I spoke to".
    Past,
    /// "Are you".
    AboutTheBot,
    /// "If I".
    Conditional,
    /// "My husband": somebody else is the subject.
    ThirdParty,
    /// "My": directly before a human, it is somebody of the client's own.
    Possessive,
    /// "Travel agent": not one of the business's humans.
    Outsider,
    /// "Human resources", "hello": says nothing here.
    Neutral,
}

/// A language, ready for lookup.
pub(crate) struct Language {
    pub(crate) lists: &'static Lists,
    pub(crate) common: HashSet<&'static str>,
    pub(crate) cues: PhraseTable<Cue>,
}

const LISTS: [&Lists; 7] =
    [&en::LISTS, &es::LISTS, &fr::LISTS, &de::LISTS, &pt::LISTS, &it::LISTS, &nl::LISTS];

/// All languages.
pub(crate) static LANGUAGES: LazyLock<Vec<Language>> = LazyLock::new(|| {
    let language = |lists: &'static Lists| {
        let mut cues = PhraseTable::default();
        lists.polite.iter().for_each(|phrase| cues.add(phrase, Cue::Neutral));
        for (cue, phrases) in lists.cues {
            phrases.iter().for_each(|phrase| cues.add(phrase, *cue));
        }
        Language { lists, common: lists.common.iter().copied().collect(), cues }
    };
    LISTS.into_iter().map(language).collect()
});

/// One table of one kind of phrases of all languages.
pub(crate) fn table(of: impl Fn(&Lists) -> &'static [&'static str]) -> PhraseTable<()> {
    let mut table = PhraseTable::default();
    LISTS.into_iter().flat_map(of).for_each(|phrase| table.add(phrase, ()));
    table
}

static POLITE: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.polite));

/// The words without greetings and courtesies at either end.
pub(crate) fn without_politeness<'w, 't>(words: &'w [&'t str]) -> &'w [&'t str] {
    let mut start = 0;
    while let Some((length, ())) = POLITE.longest(words.get(start..).unwrap_or_default()) {
        start += length;
    }
    // From the front on again, so that phrases of several words are found; what counts is where the
    // last word stands that belongs to none.
    let mut end = start;
    let mut at = start;
    while let Some(rest) = words.get(at..)
        && !rest.is_empty()
    {
        if let Some((length, ())) = POLITE.longest(rest) {
            at += length;
        } else {
            at += 1;
            end = at;
        }
    }
    words.get(start..end).unwrap_or_default()
}

/// The language with most function words among the words, when it has at least two and no equal.
pub(crate) fn guess(words: &Words) -> Option<&'static str> {
    let words = words.all();
    let count = |language: &Language| words.iter().filter(|word| language.common.contains(**word)).count();
    let mut votes: Vec<_> = LANGUAGES.iter().map(|language| (count(language), language.lists.code)).collect();
    votes.sort_unstable();
    let (most, code) = votes.pop()?;
    let (second, _) = votes.pop()?;
    (most >= 2 && most > second).then_some(code)
}

/// Whether another language than English has more function words among the words: for short texts, whose
/// language [`guess`] leaves open.
pub(crate) fn elsewhere(words: &Words) -> bool {
    let words = words.all();
    let count = |language: &Language| words.iter().filter(|word| language.common.contains(**word)).count();
    let (english, others): (Vec<_>, Vec<_>) = LANGUAGES
        .iter()
        .map(|language| (language.lists.code == "en", count(language)))
        .partition(|(en, _)| *en);
    others.iter().map(|(_, count)| count).max() > english.iter().map(|(_, count)| count).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise;

    #[test]
    fn every_entry_stands_in_normal_form() {
        for lists in LISTS {
            let plain =
                [lists.common, lists.polite, lists.bare, lists.unhelpful, lists.resolved, lists.non_answers];
            let cues = lists.cues.iter().map(|(_, phrases)| *phrases);
            for entry in plain
                .into_iter()
                .chain([lists.promises, lists.offers, lists.courtesies])
                .chain(cues)
                .flatten()
            {
                assert_eq!(normalise(entry), *entry, "{}", lists.code);
                assert!(!entry.is_empty());
            }
        }
    }

    #[test]
    fn no_phrase_has_two_meanings_in_one_language() {
        for language in LANGUAGES.iter() {
            let entries = language.lists.cues.iter().flat_map(|(_, phrases)| phrases.iter());
            for entry in entries.chain(language.lists.polite) {
                let words: Vec<_> = entry.split(' ').collect();
                assert_eq!(language.cues.equal(&words).len(), 1, "{}: {entry}", language.lists.code);
            }
        }
    }

    #[test]
    fn what_makes_a_request_is_no_function_word_of_another_language() {
        let makes_a_request = |cue: Cue| match cue {
            Cue::Transfer | Cue::Contact | Cue::Want | Cue::Callback | Cue::Human | Cue::Anyone => true,
            // The bot takes a negation of the same language.
            Cue::Bot
            | Cue::Open
            | Cue::Negation
            | Cue::Past
            | Cue::AboutTheBot
            | Cue::Conditional
            | Cue::ThirdParty
            | Cue::Possessive
            | Cue::Outsider
            | Cue::Neutral => false,
        };
        for language in LANGUAGES.iter() {
            let cues = language.lists.cues.iter().filter(|(cue, _)| makes_a_request(*cue));
            for entry in cues.flat_map(|(_, phrases)| phrases.iter()) {
                for other in LANGUAGES.iter().filter(|other| other.lists.code != language.lists.code) {
                    let common = entry.split(' ').all(|word| other.common.contains(word));
                    assert!(!common, "{entry}: {} and {}", language.lists.code, other.lists.code);
                }
            }
        }
    }

    #[test]
    fn politeness_goes_at_both_ends_only() {
        let trimmed = |text: &str| {
            let words: Vec<_> = text.split(' ').collect();
            without_politeness(&words).join(" ")
        };
        assert_eq!(trimmed("hi good morning sales please thank you"), "sales");
        assert_eq!(trimmed("say thank you to sales"), "say thank you to sales");
        assert_eq!(trimmed("hello please"), "");
    }

    #[test]
    fn languages_are_told_apart() {
        for (text, code) in [
            ("what time do you open on sunday", Some("en")),
            ("a qué hora abren los domingos en la tienda", Some("es")),
            ("à quelle heure est-ce que vous ouvrez le dimanche", Some("fr")),
            ("wann habt ihr am Sonntag auf und was kostet das", Some("de")),
            ("a que horas vocês abrem no domingo, não sei", Some("pt")),
            ("a che ora aprite la domenica e quanto costa il taglio", Some("it")),
            ("hoe laat gaan jullie open op zondag en wat kost het", Some("nl")),
            ("ok", None),
            ("", None),
            ("予約したいです", None),
        ] {
            assert_eq!(guess(&Words::read(text)), code, "{text}");
        }
    }
}
