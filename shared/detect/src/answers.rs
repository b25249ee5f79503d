//! The best entries of a list of questions that have an answer, for the built-in FAQ bot.

use std::{cmp::Reverse, collections::BTreeMap};

use handover_core::{Permille, Signals};

use crate::{
    encoder::VECTOR,
    issue::{Fingerprint, permille},
    language::without_politeness,
    phrase_table::PhraseTable,
    reading::Reading,
    retrieval::Index,
    vector::Vector,
    words::Words,
};

/// From this score on an entry answers the message; below it the bot says that it does not know. Set by
/// the questions to the sample clinic's bot (`infra/local/src/questions.tsv`): none gets another entry's
/// answer, and of what no entry knows one in twenty is answered.
pub const FLOOR: Permille = Permille::new(350);

/// The evidence at the floor: the words' score and the cosine of the issues, which add up to 2 at most. Neither
/// alone is a good judge: words miss what is put differently, and what is about the same thing need not be
/// the same question.
const EVIDENCE: f32 = 0.84;
const MOST_EVIDENCE: f32 = 2.0;

/// What a question is about, in the encoder's eyes: reading it takes some milliseconds, so that whoever has the
/// question keeps this beside it. No word can be read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic(Vector);

impl Topic {
    /// Bytes of a topic.
    pub const BYTES: usize = VECTOR;

    /// What a question is about; none without a letter or digit.
    pub fn of(question: &str) -> Option<Self> {
        let reading = Reading::of(question);
        reading.says_something().then(|| Self(Vector::of(&reading.encoded.issue)))
    }

    /// As it is kept; it means something to the same [`crate::MODEL`] only.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        self.0.to_bytes()
    }

    /// As it was kept.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        Self(Vector::from_bytes(bytes))
    }
}

/// Questions, each of an entry, ready to be compared. Made once per configuration revision.
#[derive(Debug, Default)]
pub struct Answers {
    equal: PhraseTable<usize>,
    index: Index,
    /// The entry that a question belongs to, and what the question is about.
    issues: Vec<(usize, Vector)>,
}

/// An entry and how well it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its place in the list, from 0.
    pub entry: usize,
    /// 1000 when a question of the entry equals the message in normal form; else by words and meaning, at
    /// most 999.
    pub score: Permille,
}

impl Answers {
    /// The questions of the entries: each entry may be asked in several ways. A question without a
    /// letter or digit is never found. Each question is read by the encoder.
    pub fn new<'a, Q: IntoIterator<Item = &'a str>>(entries: impl IntoIterator<Item = Q>) -> Self {
        Self::with_topics(entries, Topic::of)
    }

    /// The same without the encoder, with what the questions are known to be about. One of which it is not
    /// known is found by its words alone.
    pub fn with_topics<'a, Q: IntoIterator<Item = &'a str>>(
        entries: impl IntoIterator<Item = Q>,
        topic: impl Fn(&str) -> Option<Topic>,
    ) -> Self {
        let entries: Vec<Vec<&str>> = entries.into_iter().map(|entry| entry.into_iter().collect()).collect();
        let mut answers = Self { index: Index::new(&entries), ..Self::default() };
        for (entry, questions) in entries.iter().enumerate() {
            for question in questions {
                let words = Words::read(question);
                let words = words.all();
                if !words.is_empty() {
                    answers.equal.add(&words.join(" "), entry);
                    answers.issues.extend(topic(question).map(|Topic(issue)| (entry, issue)));
                }
            }
        }
        answers
    }

    /// The best `most` entries, the best first, the earlier among equals; whoever asks compares with
    /// [`FLOOR`]. `signals` are the message's own.
    pub fn best(&self, text: &str, signals: &Signals, most: usize) -> Vec<Found> {
        let mut evidence: BTreeMap<usize, f32> = self.index.best(text).into_iter().collect();
        if let Some(message) = signals.fingerprint.as_deref().and_then(Fingerprint::parse) {
            for questions in self.issues.chunk_by(|(one, _), (other, _)| one == other) {
                let cosines = questions.iter().map(|(_, question)| question.cosine(&message.issue));
                if let Some((entry, _)) = questions.first() {
                    *evidence.entry(*entry).or_default() += cosines.fold(0.0, f32::max);
                }
            }
        }
        let mut scores: BTreeMap<usize, Permille> =
            evidence.into_iter().map(|(entry, evidence)| (entry, score(evidence))).collect();
        let words = Words::read(text);
        let words = words.all();
        for entry in self.equal.equal(&words).iter().chain(self.equal.equal(without_politeness(&words))) {
            scores.insert(*entry, Permille::ONE);
        }
        let mut found: Vec<_> = scores.into_iter().map(|(entry, score)| Found { entry, score }).collect();
        found.sort_by_key(|found| Reverse(found.score));
        found.truncate(most);
        found
    }
}

/// Evidence as a score: straight lines that meet at the floor.
fn score(evidence: f32) -> Permille {
    let floor = f32::from(FLOOR.get()) / 1_000.0;
    let score = if evidence < EVIDENCE {
        evidence / EVIDENCE * floor
    } else {
        floor + (evidence - EVIDENCE) / (MOST_EVIDENCE - EVIDENCE) * (1.0 - floor)
    };
    permille(score).min(Permille::new(999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_grows_with_the_evidence() {
        let scores: Vec<u16> = (0_u16..=200).map(|at| score(f32::from(at) / 100.0).get()).collect();
        assert!(scores.is_sorted());
        assert_eq!(scores.first().zip(scores.last()), Some((&0, &999)));
        assert_eq!(score(EVIDENCE), FLOOR);
    }
}
