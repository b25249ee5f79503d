//! The built-in bot: the entry that fits best, or none.

use handover_aws::ENTRY_FLOOR;
use handover_core::{OutcomeResult, Permille, Retrieval, Scenario};

use super::{Answer, Question, World};

/// Answers from the bot's entries. Below the floor it says that it does not know rather than guessing.
pub(super) fn ask(world: &World<'_>, question: &Question<'_>) -> Answer {
    let floor = question.bot.actions.iter().find_map(|action| match action.scenario {
        Scenario::LackOfKnowledge { evidence_floor } => Some(evidence_floor),
        Scenario::HumanRequested { .. } | Scenario::RepeatedFailure { .. } | Scenario::Custom { .. } => None,
    });
    let floor = floor.unwrap_or(ENTRY_FLOOR);
    // A burst may hold a greeting and a question: as a whole, or its best message alone.
    let alone = question.messages.iter().map(|message| message.text.clone());
    let whole = (question.messages.len() > 1).then(|| question.text());
    let mut best = Vec::new();
    for text in alone.chain(whole) {
        let found = world.knowledge.best(&text);
        let score = |found: &[(_, Permille)]| found.first().map(|(_, score): &(_, Permille)| *score);
        if score(&found) > score(&best) {
            best = found;
        }
    }
    let sources = best.iter().filter(|(_, score)| *score >= floor).count();
    let retrieval = Retrieval {
        sources: u16::try_from(sources).unwrap_or(u16::MAX),
        best: best.first().map_or(Permille::default(), |(_, score)| *score),
    };
    let reply = best.first().filter(|_| sources > 0).map(|(entry, _)| entry.answer.clone());
    let result = if reply.is_some() { OutcomeResult::Answered } else { OutcomeResult::NoAnswer };
    Answer { result, reply, retrieval: Some(retrieval) }
}
