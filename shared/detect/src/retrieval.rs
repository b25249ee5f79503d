//! Which of a bot's entries answers a question, by its words alone.
//!
//! Words, weighted by how rare they are among the entries, compared by their letters: an inflected or
//! misspelt word still counts for most of itself. An entry is as good as its best phrasing. The score is
//! the share of the question that the phrasing covers times the share of the phrasing that the question
//! covers, so that one common word in two long questions is next to nothing, and a word that no entry
//! knows weighs most.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::{language::LANGUAGES, words::Words};

/// Words whose letters are less alike than this have nothing to do with each other.
const ALIKE: f32 = 0.55;
/// The most words of a question or phrasing that are looked at.
const MAX_WORDS: usize = 40;

/// A bot's entries, ready to be searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    /// Every word of the entries, with its weight and its letters.
    words: Vec<Word>,
    /// Each phrasing: its entry, and its words by their places in `words`.
    phrasings: Vec<(usize, Vec<usize>)>,
    /// The weight of a word that no entry has.
    unknown: f32,
}

#[derive(Clone, Debug)]
struct Word {
    weight: f32,
    letters: HashSet<[char; 3]>,
    text: String,
}

impl Index {
    /// An index of entries, each given by its phrasings.
    pub(crate) fn new<Entry, Text>(entries: impl IntoIterator<Item = Entry>) -> Self
    where
        Entry: IntoIterator<Item = Text>,
        Text: AsRef<str>,
    {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut entries_with: HashMap<usize, HashSet<usize>> = HashMap::new();
        let mut phrasings = Vec::new();
        let mut count = 0;
        for (entry, texts) in entries.into_iter().enumerate() {
            count = entry + 1;
            for text in texts {
                let mut own = Vec::new();
                for word in telling_words(text.as_ref()) {
                    let next = places.len();
                    let place = *places.entry(word).or_insert(next);
                    entries_with.entry(place).or_default().insert(entry);
                    if !own.contains(&place) {
                        own.push(place);
                    }
                }
                if !own.is_empty() {
                    phrasings.push((entry, own));
                }
            }
        }
        let mut words: Vec<(usize, Word)> = places
            .into_iter()
            .map(|(text, place)| {
                let with = entries_with.get(&place).map_or(0, HashSet::len);
                (place, Word { weight: weight(count, with), letters: letters(&text), text })
            })
            .collect();
        words.sort_unstable_by_key(|(place, _)| *place);
        Self {
            words: words.into_iter().map(|(_, word)| word).collect(),
            phrasings,
            unknown: weight(count, 0),
        }
    }

    /// The entries that have something to do with a question, best first, with scores of at most 1; of
    /// equals the earlier.
    pub(crate) fn best(&self, question: &str) -> Vec<(usize, f32)> {
        let asked: Vec<Vec<(usize, f32)>> =
            telling_words(question).iter().map(|word| self.alike(word)).collect();
        // A question's word weighs what the nearest of the entries' words does.
        let weights: Vec<f32> = asked.iter().map(|alike| self.weight_of(alike)).collect();
        let whole: f32 = weights.iter().sum();
        let mut scores: BTreeMap<usize, f32> = BTreeMap::new();
        for (entry, own) in &self.phrasings {
            let likeness = |alike: &[(usize, f32)], place: usize| {
                alike.iter().find(|(known, _)| *known == place).map_or(0.0, |(_, likeness)| *likeness)
            };
            let mut covered = 0.0;
            for (alike, weight) in asked.iter().zip(&weights) {
                covered += weight * own.iter().map(|place| likeness(alike, *place)).fold(0.0, f32::max);
            }
            if covered <= 0.0 {
                continue;
            }
            let (mut own_covered, mut own_whole) = (0.0, 0.0);
            for place in own {
                let weight = self.words.get(*place).map_or(0.0, |word| word.weight);
                own_whole += weight;
                own_covered += weight * asked.iter().map(|alike| likeness(alike, *place)).fold(0.0, f32::max);
            }
            let score = (covered / whole) * (own_covered / own_whole);
            let best = scores.entry(*entry).or_default();
            *best = best.max(score);
        }
        let mut ranked: Vec<(usize, f32)> = scores.into_iter().collect();
        ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        ranked
    }

    /// The entries' words that a word is like, and how much.
    fn alike(&self, word: &str) -> Vec<(usize, f32)> {
        let of_word = letters(word);
        let mut alike = Vec::new();
        for (place, known) in self.words.iter().enumerate() {
            let likeness = if known.text == word { 1.0 } else { dice(&of_word, &known.letters) };
            if likeness >= ALIKE {
                alike.push((place, likeness));
            }
        }
        alike
    }

    fn weight_of(&self, alike: &[(usize, f32)]) -> f32 {
        let nearest = alike.iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
        nearest.and_then(|(place, _)| self.words.get(*place)).map_or(self.unknown, |word| word.weight)
    }
}

/// The words of a text that tell what it is about: all but function words and courtesies, or all when
/// there are no others.
fn telling_words(text: &str) -> Vec<String> {
    let words = Words::read(text);
    let all: Vec<&str> = words.all().into_iter().take(MAX_WORDS).collect();
    let empty = |word: &&&str| {
        LANGUAGES
            .iter()
            .any(|language| language.lists.common.contains(word) || language.lists.polite.contains(word))
    };
    let telling: Vec<String> =
        all.iter().filter(|word| !empty(word)).map(|word| (*word).to_owned()).collect();
    if telling.is_empty() { all.into_iter().map(str::to_owned).collect() } else { telling }
}

/// How much a word says that so many of the entries have.
#[expect(clippy::cast_precision_loss, reason = "hundreds of entries")]
fn weight(entries: usize, with: usize) -> f32 {
    let (entries, with) = (entries as f32, with as f32);
    (1.0 + (entries - with + 0.5).max(0.5) / (with + 0.5)).ln()
}

/// A word's letters in threes, its ends included.
fn letters(word: &str) -> HashSet<[char; 3]> {
    let padded: Vec<char> = std::iter::once(' ').chain(word.chars()).chain(std::iter::once(' ')).collect();
    padded.windows(3).filter_map(|three| <[char; 3]>::try_from(three).ok()).collect()
}

/// How much of two sets is in both (Sørensen-Dice).
#[expect(clippy::cast_precision_loss, reason = "a word has some dozens of letters")]
fn dice(one: &HashSet<[char; 3]>, other: &HashSet<[char; 3]>) -> f32 {
    let both = one.intersection(other).count();
    2.0 * both as f32 / (one.len() + other.len()).max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index::new([
            vec!["What are your opening hours?", "When do you open?"],
            vec!["Do you have parking?", "Where can I park my car?"],
            vec!["How do I cancel an appointment?"],
            vec!["How do I book an appointment?"],
            vec!["¿Aceptan tarjetas de crédito?"],
        ])
    }

    fn first(question: &str) -> Option<(usize, f32)> {
        index().best(question).first().map(|(entry, score)| (*entry, *score))
    }

    #[test]
    fn the_same_words_are_certain() {
        assert_eq!(first("what are your opening hours"), Some((0, 1.0)));
        assert_eq!(first("WHEN DO YOU OPEN???"), Some((0, 1.0)));
    }

    #[test]
    fn inflected_misspelt_and_wrapped_words_are_found() {
        for (question, entry) in [
            ("hello, when are you opening please?", 0),
            ("can I cancel my appointmnet", 2),
            ("is there parking for my car", 1),
            ("I would like to book an appointment", 3),
            ("aceptan tarjeta de credito?", 4),
        ] {
            let (found, score) = first(question).unwrap();
            assert_eq!(found, entry, "{question}");
            assert!(score >= 0.35, "{question}: {score}");
        }
    }

    #[test]
    fn what_nothing_is_known_about_scores_low() {
        for question in ["do you sell surfboards", "my cat has a fever, what can I do", "who won the match"] {
            assert!(
                first(question).is_none_or(|(_, score)| score < 0.35),
                "{question}: {:?}",
                first(question)
            );
        }
        assert_eq!(first(""), None);
        assert_eq!(first("🙂🙂"), None);
    }

    #[test]
    fn of_two_alike_the_nearer_is_first() {
        let ranked = index().best("how can I cancel an appointment");
        assert_eq!(ranked.first().map(|(entry, _)| *entry), Some(2));
        assert!(ranked.windows(2).all(|pair| matches!(pair, [a, b] if a.1 >= b.1)));
    }

    #[test]
    fn nothing_breaks_it() {
        let long = "word ".repeat(10_000);
        let index = Index::new([vec![long.as_str(), ""], vec!["\u{0}\u{fffe}"]]);
        for question in [long.as_str(), "", "\u{0}", "a"] {
            assert!(index.best(question).iter().all(|(entry, _)| *entry < 2));
        }
        assert_eq!(Index::new(Vec::<Vec<&str>>::new()).best("anything"), []);
    }
}
