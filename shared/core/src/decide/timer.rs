//! What a timer leads to. Timers are hints: the record says what is due.

use crate::{Decision, Ignored, Timer, TimerKind, Timestamp, Verdict};

use super::draft::Draft;

pub(super) fn timer(draft: Draft<'_>, timer: &Timer) -> Decision {
    match timer.kind {
        TimerKind::Resume => {
            let current = draft.conversation.human().filter(|human| {
                draft.conversation.epoch == timer.epoch && human.resume_sequence == timer.sequence
            });
            match current.and_then(crate::HumanControl::resumes_at) {
                None => Decision::Ignore(Ignored::StaleTimer),
                Some(due_at) => when_due(draft, due_at),
            }
        }
        TimerKind::Promise => {
            let current = draft
                .conversation
                .promise
                .filter(|promise| promise.epoch == timer.epoch && promise.sequence == timer.sequence);
            match current {
                None => Decision::Ignore(Ignored::StaleTimer),
                Some(promise) => when_due(draft, promise.due_at),
            }
        }
        TimerKind::Wake => match draft.conversation.wake_at() {
            Some(due_at) if due_at <= draft.now => when_due(draft, due_at),
            Some(_) | None => Decision::Ignore(Ignored::NothingDue),
        },
    }
}

fn when_due(mut draft: Draft<'_>, due_at: Timestamp) -> Decision {
    if due_at > draft.now {
        return Decision::PutBack(due_at);
    }
    draft.settle(false);
    let resumed = draft.record.resumed.then_some(Verdict::PauseEnded);
    let verdict = resumed.or(draft.happened).unwrap_or(Verdict::Noted);
    draft.apply(verdict)
}
