//! The best entries of a list of questions that have an answer, for the built-in FAQ bot.

use std::cmp::Reverse;

use handover_core::{Permille, Signals};

use crate::{
    language::without_politeness,
    meaning::{Meaning, closeness},
    phrase_table::PhraseTable,
    reading::Reading,
    words::Words,
};

/// From this score on an entry answers the message; below it the bot says that it does not know. It is
/// the closeness from which a message means the same as a phrase (`docs/results-detect.md`).
pub const FLOOR: Permille = Permille::new(650);

/// Questions, each of an entry, ready to be compared. Made once per configuration revision.
#[derive(Debug, Default)]
pub struct Answers {
    equal: PhraseTable<usize>,
    /// The entry that a question belongs to, and what the question means.
    meanings: Vec<(usize, Meaning)>,
}

/// An entry and how well it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in the list, from 0.
    pub entry: usize,
    /// 1000 when a question of the entry equals the message in normal form; else how likely one means
    /// the same, at most 999.
    pub score: Permille,
}

impl Answers {
    /// The questions of the entries: each entry may be asked in several ways. A question without a
    /// letter or digit is never found.
    pub fn new<'a, Q: IntoIterator<Item = &'a str>>(entries: impl IntoIterator<Item = Q>) -> Self {
        let mut answers = Self::default();
        for (entry, questions) in entries.into_iter().enumerate() {
            for question in questions {
                let reading = Reading::of(question);
                if reading.says_something() {
                    answers.equal.add(&reading.words.all().join(" "), entry);
                    answers.meanings.push((entry, Meaning::of(&reading)));
                }
            }
        }
        answers
    }

    /// The best `most` entries, the best first, the earlier among equals; whoever asks compares with
    /// [`FLOOR`]. `signals` are the message's own.
    pub fn best(&self, text: &str, signals: &Signals, most: usize) -> Vec<Found> {
        let words = Words::read(text);
        let words = words.all();
        let equal = self.equal.equal(&words).iter().chain(self.equal.equal(without_politeness(&words)));
        let mut found: Vec<_> = equal.map(|entry| Found { entry: *entry, score: Permille::ONE }).collect();
        if let Some(message) = signals.vector.as_deref().and_then(Meaning::parse) {
            for questions in self.meanings.chunk_by(|(one, _), (other, _)| one == other) {
                let meant = closeness(questions.iter().map(|(_, question)| question), &message);
                if let (Some((entry, _)), Some((_, score))) = (questions.first(), meant) {
                    found.push(Found { entry: *entry, score: score.min(Permille::new(999)) });
                }
            }
        }
        found.sort_by_key(|found| (found.entry, Reverse(found.score)));
        found.dedup_by_key(|found| found.entry);
        found.sort_by_key(|found| Reverse(found.score));
        found.truncate(most);
        found
    }
}
