//! Whether the client asks for a human, now.
//!
//! A clause is read from left to right as a row of cues ([`Cue`]). A request is an ask and somebody
//! to ask for, within [`REACH`] words of each other and in either order ("someone I can talk to"):
//!
//! | ask | a human | anyone | alone |
//! |---|---|---|---|
//! | transfer ("put me through to") | 950 | 900 | 450 |
//! | contact ("speak to") | 950 | 800 | - |
//! | want ("I need", "is there") | 700 | - | - |
//! | callback ("someone call me") | | | 700 |
//!
//! "Not a bot" and "tired of this robot" (a negation shortly before the bot) are a request at 700.
//! At the thresholds of [`handover_core::Sensitivity`] strict takes the first two rows with a human,
//! balanced everything but an ask alone, eager that too.
//!
//! A guard cue ("don't", "I spoke to", "if I", "are you", "he") holds for the next [`REACH`] words of
//! its clause, or until the client says what they do want ("can I", "I want"). What it holds for is no
//! request: the score is [`GUARDED`], and the guard is named unless another clause is a request.
//!
//! A request is exact when the message says nothing else: besides cues it has only function words.
//! Bare words ("agent", "0") are exact when they, courtesies and a number of reference behind them aside, are the
//! whole message.

use std::sync::LazyLock;

use handover_core::{Guard, Permille};

use crate::{
    language::{Cue, LANGUAGES, Language, table, without_politeness},
    phrase_table::PhraseTable,
    words::Words,
};

/// Words that may stand between an ask and who is asked for, or between a guard and what it guards.
const REACH: usize = 5;
/// The score of words of a request that a guard holds for: below every threshold.
const GUARDED: Permille = Permille::new(100);
/// From this score on a request that says nothing else is exact.
const EXACT_FROM: u16 = 700;

/// What a message says about wanting a human.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) score: Permille,
    pub(crate) guard: Option<Guard>,
    pub(crate) exact: bool,
}

static BARE: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.bare));

pub(crate) fn read(words: &Words) -> Request {
    let all = words.all();
    if !BARE.equal(without_politeness(without_reference(&all))).is_empty() {
        return Request { score: Permille::ONE, guard: None, exact: true };
    }
    let clauses: Vec<_> = words.clauses().collect();
    let readings: Vec<_> = LANGUAGES.iter().map(|language| Reading::of(language, &clauses)).collect();
    let score = readings.iter().map(|reading| reading.score).max().unwrap_or_default();
    let guard = readings.iter().find_map(|reading| reading.guard);
    if score == 0 {
        return Request { score: guard.map_or(Permille::default(), |_| GUARDED), guard, exact: false };
    }
    if readings.iter().any(|reading| reading.score >= EXACT_FROM && !reading.says_more) {
        return Request { score: Permille::ONE, guard: None, exact: true };
    }
    Request { score: Permille::new(score), guard: None, exact: false }
}

/// Digits that a number of reference has at least: fewer may be an answer ("person 2").
const REFERENCE_DIGITS: usize = 3;
/// What stands before a number of reference.
const REFERENCE: [&str; 7] = ["ref", "nr", "no", "order", "case", "ticket", "id"];

/// The words without a number of reference behind them.
fn without_reference<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    match words {
        [before @ .., last]
            if last.chars().filter(char::is_ascii_digit).count() >= REFERENCE_DIGITS
                && !before.is_empty() =>
        {
            match before {
                [bare @ .., word] if REFERENCE.contains(word) => bare,
                _ => before,
            }
        }
        _ => words,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Transfer,
    Contact,
    Want,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Human,
    Anyone,
}

/// The score of an ask for somebody, in thousandths; 0 when it may well be something else.
const fn score(ask: Ask, who: Who) -> u16 {
    match (ask, who) {
        (Ask::Transfer | Ask::Contact, Who::Human) => 950,
        (Ask::Transfer, Who::Anyone) => 900,
        (Ask::Contact, Who::Anyone) => 800,
        (Ask::Want, Who::Human) => 700,
        (Ask::Want, Who::Anyone) => 0,
    }
}

/// A message read in one language.
#[derive(Default)]
struct Reading {
    /// The best request without a guard, in thousandths.
    score: u16,
    /// The first guard that held for a request.
    guard: Option<Guard>,
    /// There are words besides cues and function words.
    says_more: bool,
}

impl Reading {
    fn of(language: &Language, clauses: &[Vec<&str>]) -> Self {
        let mut reading = Self::default();
        for clause in clauses {
            let mut scan = Scan { verb_last: language.lists.verb_last, ..Scan::default() };
            let mut at = 0;
            while let Some([word, ..]) = clause.get(at..) {
                let found = language.cues.longest(clause.get(at..).unwrap_or_default());
                let length = found.map_or(1, |(length, _)| length);
                match found {
                    Some((_, cue)) => scan.take(*cue, at, at + length, &mut reading),
                    None => reading.says_more |= !language.common.contains(word),
                }
                at += length;
            }
        }
        reading
    }

    /// Words of a request, under a guard or not.
    fn hit(&mut self, score: u16, guard: Option<Guard>) {
        if guard.is_some() {
            self.guard = self.guard.or(guard);
        } else {
            self.score = self.score.max(score);
        }
    }
}

/// What the present clause has said so far, each with the word that follows it.
#[derive(Default)]
struct Scan {
    /// Somebody may stand directly before the ask.
    verb_last: bool,
    ask: Option<(Ask, usize)>,
    who: Option<(Who, usize)>,
    guard: Option<(Guard, usize)>,
    possessive: Option<usize>,
}

impl Scan {
    fn take(&mut self, cue: Cue, start: usize, end: usize, reading: &mut Reading) {
        match cue {
            Cue::Transfer => {
                reading.hit(450, self.guard_of_ask(start));
                self.asks(Ask::Transfer, start, end, reading);
            }
            Cue::Contact => self.asks(Ask::Contact, start, end, reading),
            Cue::Want => {
                self.guard = None;
                self.ask = Some((Ask::Want, end));
            }
            Cue::Callback => reading.hit(700, self.guard_of_ask(start)),
            Cue::Human => self.names(Who::Human, start, end, reading),
            Cue::Anyone => self.names(Who::Anyone, start, end, reading),
            Cue::Bot => match within(self.guard, start) {
                Some(Guard::Negation) => reading.hit(700, None),
                Some(Guard::AboutTheBot) => reading.hit(0, Some(Guard::AboutTheBot)),
                Some(Guard::ThirdParty | Guard::PastEvent | Guard::Conditional) | None => {}
            },
            Cue::Open => self.guard = None,
            Cue::Negation => self.guard = Some((Guard::Negation, end)),
            Cue::Past => self.guard = Some((Guard::PastEvent, end)),
            Cue::AboutTheBot => self.guard = Some((Guard::AboutTheBot, end)),
            Cue::Conditional => self.guard = Some((Guard::Conditional, end)),
            Cue::ThirdParty => self.guard = Some((Guard::ThirdParty, end)),
            Cue::Possessive => self.possessive = Some(end),
            Cue::Outsider => reading.hit(0, Some(Guard::ThirdParty)),
            Cue::Neutral => {}
        }
    }

    /// "Are you able to put me through" is about the ask, not about the bot.
    fn guard_of_ask(&self, at: usize) -> Option<Guard> {
        within(self.guard, at).filter(|guard| *guard != Guard::AboutTheBot)
    }

    fn asks(&mut self, ask: Ask, start: usize, end: usize, reading: &mut Reading) {
        self.guard = self.guard.filter(|(guard, _)| *guard != Guard::AboutTheBot);
        let who = self.who.filter(|(_, end)| self.verb_last || *end < start);
        if let Some(who) = within(who, start) {
            reading.hit(score(ask, who), within(self.guard, start));
        }
        self.ask = Some((ask, end));
    }

    fn names(&mut self, who: Who, start: usize, end: usize, reading: &mut Reading) {
        if self.possessive == Some(start) {
            reading.hit(0, Some(Guard::ThirdParty));
            return;
        }
        let guard = within(self.guard, start);
        let score = within(self.ask, start).map_or(0, |ask| score(ask, who));
        if score > 0 || (guard.is_some() && who == Who::Human) {
            reading.hit(score, guard);
        }
        self.who = Some((who, end));
    }
}

/// What was said, if it still reaches the word at `start`.
fn within<T>(said: Option<(T, usize)>, start: usize) -> Option<T> {
    said.filter(|(_, end)| start.saturating_sub(*end) <= REACH).map(|(what, _)| what)
}
