//! What a bot's reply alone says.

use std::sync::LazyLock;

use handover_core::ReplySignals;

use crate::{language::table, phrase_table::PhraseTable, words::Words};

/// Words after an offer ("shall I ...") within which a promise is only part of it.
const OFFER_REACH: usize = 12;

static NON_ANSWERS: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.non_answers));
static PROMISES: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.promises));
static OFFERS: LazyLock<PhraseTable<()>> = LazyLock::new(|| table(|lists| lists.offers));

/// What a bot's reply alone says, by phrases: that it does not know or did not understand
/// (`non_answer`), or that a person takes over (`promises_person`; "would you like me to connect
/// you?" is an offer, not a promise). "Unfortunately we are closed on Sundays" is an answer: regret
/// alone says nothing.
pub fn reply_signals(reply: &str) -> ReplySignals {
    let words = Words::read(reply);
    let words = words.all();
    let mut signals = ReplySignals::default();
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
