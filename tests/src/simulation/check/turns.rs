//! What the bot was asked, and what became of its answers.

use std::collections::{BTreeMap, BTreeSet};

use handover_core::{EffectKind, EventId, Verdict};

use super::Checks;
use crate::View;

impl Checks<'_> {
    /// Every question has one outcome, unless a later question is about its message as well; an outcome counts
    /// in the epoch of its question alone.
    pub(super) fn turns(&mut self, client: u8, view: &View) {
        let mut asked = BTreeMap::new();
        let mut folded = BTreeSet::new();
        for effect in view.messages.iter().flat_map(|message| &message.effects) {
            if let EffectKind::StartTurn { turn, epoch, trigger, earlier, .. } = &effect.kind {
                let outcome = EventId::of(&view.conversation.id, "outcome", turn.as_str());
                asked.insert(outcome, (*epoch, trigger.clone()));
                folded.extend(earlier.iter().cloned());
            }
        }
        for (outcome, (epoch, trigger)) in &asked {
            let Some(line) = view.messages.iter().find(|line| line.id == *outcome) else {
                self.that(folded.contains(trigger), || {
                    format!("client {client}: a question of epoch {epoch} has no outcome")
                });
                continue;
            };
            let since = line.record.epoch;
            let verdict = line.record.verdict;
            let counted_in = if matches!(verdict, Verdict::BotReplied | Verdict::NoAnswer) {
                Some(since)
            } else {
                Some(since.saturating_sub(1)).filter(|_| verdict == Verdict::HandedOver)
            };
            self.that(counted_in.is_none_or(|counted_in| counted_in == *epoch), || {
                format!("client {client}: an outcome of epoch {epoch} counted in {counted_in:?}")
            });
        }
        for line in view.messages.iter().filter(|line| line.kind == "outcome") {
            self.that(asked.contains_key(&line.id), || {
                format!("client {client}: an outcome of a question that nobody asked")
            });
        }
    }
}
