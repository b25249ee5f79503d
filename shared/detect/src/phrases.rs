//! A business's own example phrases.

use std::collections::BTreeMap;

use handover_core::{ActionId, Bot, Permille, PhraseMatch, ScenarioKind, Signals};

use crate::{
    MODEL,
    language::{Cue, LANGUAGES, Language, without_politeness},
    meaning::{Meaning, closeness},
    phrase_table::PhraseTable,
    reading::Reading,
    words::Words,
};

/// From this closeness on a message means the same as a phrase (`docs/results-detect.md`).
const MEANS_THE_SAME: Permille = Permille::new(650);

/// A phrase that is one word of at most this many characters ...
const SHORT_WORD_CHARS: usize = 3;
/// ... is looked for only in messages of at most this many words.
const SHORT_MESSAGE_WORDS: usize = 4;
/// Function words that may stand between "don't" and the phrase that it takes back.
const NEGATION_REACH: usize = 3;

/// The example phrases of every action of a bot, in normal form. Made once per configuration
/// revision.
#[derive(Debug)]
pub struct Prepared {
    actions: Vec<(ActionId, ScenarioKind)>,
    phrases: PhraseTable<Phrase>,
    /// What the phrases mean.
    meanings: Vec<(Phrase, Meaning)>,
}

#[derive(Clone, Copy, Debug)]
struct Phrase {
    /// The place of its action in [`Prepared::actions`].
    action: usize,
    /// Its place in the action's list.
    index: u16,
    /// Only equal messages match.
    whole_only: bool,
}

impl Prepared {
    /// The phrases of a bot's actions, enabled or not: the decision knows what is switched off. A
    /// phrase without a letter or digit matches nothing.
    ///
    /// Each phrase is read by the encoder, about a millisecond each: this is for when a bot is saved. What
    /// comes of it is kept by [`Prepared::meanings`], and [`Prepared::with_meanings`] needs no encoder.
    pub fn new(bot: &Bot) -> Self {
        let mut prepared = Self::by_words(bot);
        prepared.meanings =
            Self::meant(bot).map(|(phrase, text)| (phrase, Meaning::of(&Reading::of(text)))).collect();
        prepared
    }

    /// The same without reading anything, from what [`Prepared::meanings`] gave for this bot; `None` when
    /// that was another version of the understanding, or other phrases.
    pub fn with_meanings(bot: &Bot, meanings: &[u8]) -> Option<Self> {
        let mut prepared = Self::by_words(bot);
        let content = meanings.strip_prefix(MODEL.as_bytes())?.strip_prefix(b"\n")?;
        let (content, rest) = content.as_chunks();
        let phrases: Vec<_> = Self::meant(bot).map(|(phrase, _)| phrase).collect();
        if phrases.len() != content.len() || !rest.is_empty() {
            return None;
        }
        prepared.meanings = phrases.into_iter().zip(content.iter().map(Meaning::from_bytes)).collect();
        Some(prepared)
    }

    /// What the phrases mean, to be kept beside the bot's revision: the version of the understanding, a
    /// line's end, and 144 bytes for each phrase that has a letter or digit. No word can be read from them.
    pub fn meanings(&self) -> Vec<u8> {
        let mut written = [MODEL.as_bytes(), b"\n"].concat();
        written.extend(self.meanings.iter().flat_map(|(_, meaning)| meaning.to_bytes()));
        written
    }

    /// Whether there is no phrase whose meaning counts.
    pub const fn is_empty(&self) -> bool {
        self.meanings.is_empty()
    }

    /// The phrases that mean something, in their order.
    fn meant(bot: &Bot) -> impl Iterator<Item = (Phrase, &str)> {
        let phrases = bot.actions.iter().enumerate().flat_map(|(action, settings)| {
            let phrases = (0..).zip(settings.scenario.phrases());
            phrases.map(move |(index, text)| (Phrase { action, index, whole_only: false }, text.as_str()))
        });
        phrases.filter(|(_, text)| !Words::read(text).all().is_empty())
    }

    /// The phrases as rows of words; nothing is known of what they mean.
    fn by_words(bot: &Bot) -> Self {
        let mut phrases = PhraseTable::default();
        for (action, settings) in bot.actions.iter().enumerate() {
            for (index, phrase) in (0..).zip(settings.scenario.phrases()) {
                let words = Words::read(phrase);
                let words = words.all();
                phrases.add(&words.join(" "), Phrase { action, index, whole_only: false });
                // A phrase of courtesies alone ("thank you") is looked for as it stands.
                let plain = without_politeness(&words);
                if !plain.is_empty() && plain.len() < words.len() {
                    phrases.add(&plain.join(" "), Phrase { action, index, whole_only: true });
                }
            }
        }
        let actions = bot.actions.iter().map(|action| (action.id.clone(), action.scenario.kind())).collect();
        Self { actions, phrases, meanings: Vec::new() }
    }

    /// The actions that the message is an example of, in list order, each with its best phrase (the
    /// first among equals).
    ///
    /// A phrase matches
    /// - with closeness 1000 when the normal forms are equal, courtesies at either end aside ("Sales,
    ///   please!" and `sales`), whatever the guards say;
    /// - with its share of the message's words, at most 999, when it stands in the message as whole
    ///   words in a row. Not so when a refusal stands directly before it ("I don't want to cancel"),
    ///   when the scenario is human_requested and the message's guard says that it is no request, or
    ///   when the phrase is one word of at most three characters and the message has more than four
    ///   words;
    /// - by meaning, with how likely it means the same as the action's phrases, at most 999, when that is 650
    ///   or more: by the message's vector in the signals, so nothing is read twice. The phrase is the one that
    ///   is closest. The message's guard holds here as well.
    ///
    /// Words are what spaces and punctuation part: in scripts without spaces only equal messages
    /// match.
    pub fn matches(&self, text: &str, signals: &Signals) -> Vec<PhraseMatch> {
        let message = Words::read(text);
        let all = message.all();
        let mut best = BTreeMap::new();
        for phrase in self.phrases.equal(&all).iter().chain(self.phrases.equal(without_politeness(&all))) {
            keep(&mut best, *phrase, Permille::ONE);
        }
        let mut clause_start = 0;
        for clause in message.clauses() {
            let clause_end = clause_start + clause.len();
            for start in clause_start..clause_end {
                // What another clause says takes nothing back: "I don't know. Sales, please."
                let before = all.get(clause_start..start).unwrap_or_default();
                for (phrase, length) in self.standing_at(start, &all, before) {
                    if signals.guard.is_none() || !self.asks_for_a_human(phrase) {
                        keep(&mut best, phrase, share(length, all.len()));
                    }
                }
            }
            clause_start = clause_end;
        }
        for (phrase, closeness) in self.meant_by(signals) {
            if closeness >= MEANS_THE_SAME && (signals.guard.is_none() || !self.asks_for_a_human(phrase)) {
                keep(&mut best, phrase, closeness.min(Permille::new(999)));
            }
        }
        let matched = |(action, (closeness, phrase)): (usize, (Permille, u16))| {
            let (action, _) = self.actions.get(action)?;
            Some(PhraseMatch { action: action.clone(), phrase, closeness })
        };
        best.into_iter().filter_map(matched).collect()
    }

    /// How likely the message means the same as the phrases of the action, whatever the threshold; `None`
    /// for an action without phrases.
    pub fn closest(&self, action: &ActionId, signals: &Signals) -> Option<Permille> {
        let of = |phrase: &Phrase| self.actions.get(phrase.action).is_some_and(|(id, _)| id == action);
        self.meant_by(signals).into_iter().find(|(phrase, _)| of(phrase)).map(|(_, closeness)| closeness)
    }

    /// For each action its phrase that is closest by meaning, and how likely the message means the same as
    /// the action's phrases.
    fn meant_by(&self, signals: &Signals) -> Vec<(Phrase, Permille)> {
        let Some(message) = signals.vector.as_deref().and_then(Meaning::parse) else { return Vec::new() };
        let actions = self.meanings.chunk_by(|(one, _), (other, _)| one.action == other.action);
        actions
            .filter_map(|meanings| {
                let (place, closeness) = closeness(meanings.iter().map(|(_, meaning)| meaning), &message)?;
                Some((meanings.get(place)?.0, closeness))
            })
            .collect()
    }

    /// The phrases that stand in the message from this word on, each with its number of words.
    fn standing_at(&self, start: usize, message: &[&str], before: &[&str]) -> Vec<(Phrase, usize)> {
        let rest = message.get(start..).unwrap_or_default();
        let short = rest.first().is_some_and(|word| word.chars().count() <= SHORT_WORD_CHARS);
        let too_short = |length| length == 1 && short && message.len() > SHORT_MESSAGE_WORDS;
        let standing = self.phrases.beginnings(rest).filter(|(length, _)| !too_short(*length));
        let standing: Vec<_> = standing
            .flat_map(|(length, phrases)| phrases.iter().map(move |phrase| (*phrase, length)))
            .filter(|(phrase, _)| !phrase.whole_only)
            .collect();
        if standing.is_empty() || is_refused(before) { Vec::new() } else { standing }
    }

    fn asks_for_a_human(&self, phrase: Phrase) -> bool {
        self.actions.get(phrase.action).is_some_and(|(_, kind)| *kind == ScenarioKind::HumanRequested)
    }
}

/// Keeps the closest phrase of each action, the first one among equals.
fn keep(best: &mut BTreeMap<usize, (Permille, u16)>, phrase: Phrase, closeness: Permille) {
    let new = (closeness, phrase.index);
    let held = best.entry(phrase.action).or_insert(new);
    if closeness > held.0 || (closeness == held.0 && phrase.index < held.1) {
        *held = new;
    }
}

/// The share of a message's words that a phrase has; less than [`Permille::ONE`].
fn share(phrase: usize, message: usize) -> Permille {
    let share = (phrase * 1_000).checked_div(message).unwrap_or_default().min(999);
    Permille::new(u16::try_from(share).unwrap_or_default())
}

/// Whether the words before a phrase end in a refusal ("I do not want to"), in any language.
fn is_refused(before: &[&str]) -> bool {
    LANGUAGES.iter().any(|language| is_refused_in(language, before))
}

fn is_refused_in(language: &Language, before: &[&str]) -> bool {
    (0..before.len()).rev().take(NEGATION_REACH * 2).any(|start| {
        let words = before.get(start..).unwrap_or_default();
        let Some((length, Cue::Negation)) = language.cues.longest(words) else { return false };
        let between = words.get(length..).unwrap_or_default();
        between.len() <= NEGATION_REACH
            && between.iter().all(|word| language.common.contains(word) || is_want(language, word))
    })
}

/// "Don't want to".
fn is_want(language: &Language, word: &str) -> bool {
    matches!(language.cues.longest(&[word]), Some((_, Cue::Want | Cue::Possessive)))
}
