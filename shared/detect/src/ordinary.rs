//! Ordinary messages of clients, to tell an owner when a phrase would match them.

use handover_core::{ActionId, Bot, HandoverAction, Permille, Scenario, Signals};

use crate::{meaning::Meaning, phrases::Prepared};

/// Messages that ask for nobody, from many businesses in seven languages, one a line: some of the
/// plain ones of `training/voices`, chosen by `training/heads.py`.
static TEXTS: &str = include_str!("../weights/ordinary.txt");
/// What they mean: a vector and a sketch each.
static MEANINGS: &[u8] = include_bytes!("../weights/ordinary.bin");

/// The size of what is built in, in bytes.
pub(crate) const BYTES: usize = TEXTS.len() + MEANINGS.len();

/// From this share of the ordinary messages on a phrase is too broad.
const BROAD: Permille = Permille::new(10);
/// Messages less close in meaning are left out here: a phrase alone, without the others of its action, takes
/// more than it will (a third of what is between the threshold and this is taken back by the others).
const SURELY: Permille = Permille::new(800);

/// What a phrase would match although nobody means it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broad {
    /// The share of the built-in ordinary messages that it matches.
    pub share: Permille,
    /// The one that it matches most closely.
    pub example: &'static str,
}

/// Whether an owner's phrase would match ordinary traffic: some when it matches one in a hundred of the
/// built-in messages or more. For when a phrase is saved, not for every message.
pub fn broad_phrase(phrase: &str) -> Option<Broad> {
    let scenario = Scenario::Custom { name: "phrase".to_owned(), phrases: vec![phrase.to_owned()] };
    let mut bot = Bot::new("bot".parse().ok()?, "Bot");
    let id: ActionId = "phrase".parse().ok()?;
    bot.actions.push(HandoverAction::new(id, scenario));
    let prepared = Prepared::new(&bot);
    let matched: Vec<_> = ordinary()
        .filter_map(|(text, meaning)| {
            let signals = Signals { vector: Some(meaning.written()), ..Signals::default() };
            let by_words = Signals::default();
            let found = prepared.matches(text, &by_words).into_iter().next();
            let found = found.or_else(|| {
                prepared.matches(text, &signals).into_iter().find(|found| found.closeness >= SURELY)
            });
            found.map(|found| (found.closeness, text))
        })
        .collect();
    let share = (matched.len() * 1_000).checked_div(TEXTS.lines().count()).unwrap_or_default();
    let share = Permille::new(u16::try_from(share).unwrap_or(u16::MAX));
    let (_, example) = matched.into_iter().max_by_key(|(closeness, _)| *closeness)?;
    (share >= BROAD).then_some(Broad { share, example })
}

fn ordinary() -> impl Iterator<Item = (&'static str, Meaning)> {
    TEXTS.lines().zip(MEANINGS.as_chunks().0.iter().map(Meaning::from_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;

    #[test]
    fn the_meanings_are_those_of_the_texts() {
        assert_eq!(ordinary().count(), TEXTS.lines().count());
        for (text, meaning) in ordinary().step_by(40) {
            let now = Meaning::of(&Reading::of(text));
            assert!(now.vector.cosine(&meaning.vector) > 0.999, "{text}");
            assert_eq!(now.sketch, meaning.sketch, "{text}");
        }
    }

    #[test]
    fn broad_phrases_are_told_from_others() {
        for broad in ["what", "how much"] {
            assert!(broad_phrase(broad).is_some_and(|broad| broad.share >= BROAD), "{broad}");
        }
        for narrow in ["I want to buy a wedding cake", "my boiler smells of gas", "franchise enquiry", ""] {
            assert_eq!(broad_phrase(narrow), None, "{narrow}");
        }
    }
}
