//! What the bot's answer, or the lack of one, leads to.

use crate::{
    Bug, Control, Decision, HandoverAction, Issue, NotificationKind, Outcome, OutcomeResult, Purpose,
    Scenario, ScenarioKind, TextSource, Verdict, planted,
};

use super::{draft::Draft, too_old};

pub(super) fn outcome(mut draft: Draft<'_>, outcome: &Outcome) -> Decision {
    note(&mut draft, outcome);
    draft.settle(false);
    let same_epoch = draft.conversation.epoch == outcome.epoch || planted(Bug::StaleOutcomeSpoken);
    if !same_epoch || draft.conversation.human().is_some() {
        return stale(draft, outcome);
    }
    if too_old(draft.input.event, draft.now) {
        return draft.apply(Verdict::TooOld);
    }
    if draft.conversation.asked.as_ref().is_some_and(|asked| asked.earlier.contains(&outcome.trigger)) {
        // The client went on writing: the bot is asked about all of it, and answers that.
        return draft.apply(Verdict::Folded);
    }
    judge(draft, outcome)
}

fn note(draft: &mut Draft<'_>, outcome: &Outcome) {
    draft.record.outcome = Some(outcome.result.clone());
    draft.record.retrieval = outcome.retrieval;
    let signals = &outcome.reply_signals;
    if !signals.model.is_empty() {
        draft.record.model.clone_from(&signals.model);
        draft.record.non_answer = Some(signals.non_answer_score);
        draft.record.promise = Some(signals.promise_score);
    }
}

/// What a bot's answer of the present epoch leads to.
pub(super) fn judge(mut draft: Draft<'_>, outcome: &Outcome) -> Decision {
    note(&mut draft, outcome);
    if outcome.result == OutcomeResult::WantsHandover || outcome.reply_signals.promises_person {
        let verdict = match draft.request_human() {
            Ok(()) => Verdict::HandedOver,
            Err(stopped) => {
                draft.send_no_answer();
                stopped
            }
        };
        return draft.apply(verdict);
    }

    let lacks = lacks_knowledge(&draft, outcome);
    let failed = match outcome.result {
        OutcomeResult::NoAnswer | OutcomeResult::Failed { .. } => true,
        OutcomeResult::Answered | OutcomeResult::WantsHandover => outcome.reply_signals.non_answer,
    };
    let attempts = draft.note_attempt(outcome, failed);
    if draft.is_late_answer(outcome) {
        // Detection looks only at what came after the last hand-back.
        return reply(draft, outcome, None);
    }
    let Some(action) = draft.fires_on_attempt(lacks, attempts.filter(|_| failed)) else {
        return reply(draft, outcome, None);
    };
    let scenario = action.scenario.kind();
    draft.record.scenario = Some(scenario);
    draft.record.action = Some(action.id.clone());
    match draft.may_hand_over() {
        Ok(()) if draft.is_cooling_down(scenario) => reply(draft, outcome, Some(Verdict::CoolingDown)),
        Ok(()) => {
            draft.hand_over(action, scenario);
            draft.apply(Verdict::HandedOver)
        }
        Err(stopped) => reply(draft, outcome, Some(stopped)),
    }
}

/// Control has changed since the bot was asked: the trigger counts under the present control.
fn stale(mut draft: Draft<'_>, outcome: &Outcome) -> Decision {
    let waiting = draft.waiting(outcome.trigger.clone());
    match &mut draft.conversation.control {
        Control::Human(human) => {
            if human.waiting.is_none() && human.last_human_at.is_none() {
                human.waiting = Some(waiting);
            }
        }
        Control::Bot => {
            if !too_old(draft.input.event, draft.now) {
                draft.answer_late(&waiting);
            }
        }
    }
    draft.apply(Verdict::StaleOutcome)
}

/// The bot says that it does not know, or its answer stands on nothing.
fn lacks_knowledge(draft: &Draft<'_>, outcome: &Outcome) -> bool {
    let floor =
        draft.policy.first_enabled(ScenarioKind::LackOfKnowledge).and_then(|action| match action.scenario {
            Scenario::LackOfKnowledge { evidence_floor } => Some(evidence_floor),
            Scenario::HumanRequested { .. } | Scenario::RepeatedFailure { .. } | Scenario::Custom { .. } => {
                None
            }
        });
    let weak = outcome
        .retrieval
        .zip(floor)
        .is_some_and(|(retrieval, floor)| retrieval.sources == 0 || retrieval.best < floor);
    outcome.result == OutcomeResult::NoAnswer || outcome.reply_signals.non_answer || weak
}

/// No handover: the client gets the bot's reply, or the no-answer message, and never silence.
fn reply(mut draft: Draft<'_>, outcome: &Outcome, stopped: Option<Verdict>) -> Decision {
    let spoke = outcome.reply.as_deref().is_some_and(|reply| !reply.trim().is_empty());
    let verdict = if spoke && !matches!(outcome.result, OutcomeResult::Failed { .. }) {
        draft.send(Purpose::Bot, TextSource::Event);
        Verdict::BotReplied
    } else {
        draft.send_no_answer();
        Verdict::NoAnswer
    };
    draft.apply(stopped.unwrap_or(verdict))
}

impl<'a> Draft<'a> {
    /// The bot wants a human, or has promised one: as if the client had asked.
    ///
    /// # Errors
    /// What stood in the way.
    pub(super) fn request_human(&mut self) -> Result<(), Verdict> {
        let scenario = ScenarioKind::HumanRequested;
        self.record.scenario = Some(scenario);
        self.may_hand_over()?;
        let Some(action) = self.policy.first_enabled(scenario) else {
            self.alert_daily(NotificationKind::NotConfigured);
            return Err(Verdict::NoEnabledAction);
        };
        self.hand_over(action, scenario);
        Ok(())
    }

    /// The first action in list order among those that are judged on an attempt: the bot lacks
    /// knowledge, or this many attempts have failed.
    pub(super) fn fires_on_attempt(&self, lacks: bool, failed: Option<u8>) -> Option<&'a HandoverAction> {
        self.policy.actions().filter(|action| action.enabled).find(|action| match action.scenario {
            Scenario::LackOfKnowledge { .. } => lacks,
            Scenario::RepeatedFailure { max_retries } => failed.is_some_and(|failed| failed > max_retries),
            Scenario::HumanRequested { .. } | Scenario::Custom { .. } => false,
        })
    }

    /// Whether the bot was asked about a message that humans left behind unanswered.
    fn is_late_answer(&self, outcome: &Outcome) -> bool {
        let asked = self.conversation.asked.as_ref().filter(|asked| asked.trigger == outcome.trigger);
        asked.zip(self.conversation.handed_back_at).is_some_and(|(asked, back)| asked.at < back)
    }

    /// The message for when the bot does not know.
    pub(super) fn send_no_answer(&mut self) {
        let Some(revision) = self.bot() else { return };
        let text = TextSource::NoAnswer { bot: revision.bot.id.clone(), revision: revision.revision };
        self.send(Purpose::Bot, text);
    }

    /// Notes the bot's attempt at the client's issue; gives how many have failed.
    fn note_attempt(&mut self, outcome: &Outcome, failed: bool) -> Option<u8> {
        self.policy.first_enabled(ScenarioKind::RepeatedFailure)?;
        let same = self.input.evidence.same_issue != Some(false);
        let issue = self.conversation.issue.take().filter(|_| same);
        let mut issue = issue.unwrap_or(Issue { fingerprint: None, failed: 0, answered: false });
        if outcome.fingerprint.is_some() {
            issue.fingerprint.clone_from(&outcome.fingerprint);
        }
        issue.answered = !failed;
        if failed {
            issue.failed = issue.failed.saturating_add(1);
        }
        let attempts = issue.failed;
        self.conversation.issue = Some(issue);
        self.record.failed_attempts = Some(attempts);
        Some(attempts)
    }
}
