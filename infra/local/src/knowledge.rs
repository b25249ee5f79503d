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
    use handover_aws::Knowledge;

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
}
