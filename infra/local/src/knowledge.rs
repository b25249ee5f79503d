//! What the sample clinics' bots know.

use handover_console::faq_from_csv;
use handover_core::{BotId, FaqEntry};

/// 30 questions that a clinic's clients ask, as a business would import them.
const KNOWLEDGE: &str = include_str!("knowledge.csv");

/// The entries of a bot. The file is part of the program, and a test reads it.
pub(crate) fn entries(bot: &BotId) -> Vec<FaqEntry> {
    faq_from_csv(bot, KNOWLEDGE.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use handover_aws::{ENTRY_FLOOR, Knowledge};

    use super::*;

    #[test]
    fn there_are_thirty_and_each_finds_itself() {
        let entries = entries(&"bot".parse().unwrap());
        assert_eq!(entries.len(), 30);
        let knowledge = Knowledge::new(entries.clone());
        for entry in &entries {
            assert_eq!(entry.validate(), Ok(()), "{}", entry.question);
            for phrasing in entry.phrasings() {
                let found = knowledge.best(phrasing);
                assert_eq!(found.first().map(|(found, _)| *found), Some(entry), "{phrasing}");
            }
        }
    }

    /// Questions in other words than the entries', each with its entry's question; none where no entry answers.
    const QUESTIONS: &str = include_str!("questions.tsv");

    /// The floor was set by these: never the wrong answer, and seldom one to what nobody told the bot.
    #[test]
    fn the_floor_is_where_answers_are_right() {
        let knowledge = Knowledge::new(entries(&"bot".parse().unwrap()));
        let (mut right, mut wrong, mut known, mut invented, mut unknown) = (0, Vec::new(), 0, Vec::new(), 0);
        for (entry, question) in QUESTIONS.lines().filter_map(|line| line.split_once('\t')) {
            let found = knowledge.best(question).into_iter().next();
            let found = found.filter(|(_, score)| *score >= ENTRY_FLOOR).map(|(found, _)| &found.question);
            known += usize::from(!entry.is_empty());
            unknown += usize::from(entry.is_empty());
            match found {
                Some(found) if found == entry => right += 1,
                Some(_) if entry.is_empty() => invented.push(question),
                Some(_) => wrong.push(question),
                None => {}
            }
        }
        assert_eq!((known, unknown), (52, 63));
        assert!(right >= 20 && wrong.is_empty(), "{right} right; wrong: {wrong:?}");
        assert!(invented.len() <= 3, "{invented:?}");
    }
}
