//! What a client's message leads to.

use std::time::Duration;

use crate::{
    Asked, CLIENT_TIME_GRAIN, Connector, Content, Control, Decision, EventKind, Feedback, HandoverAction,
    HandoverChange, Issue, MAX_FOLDED, MediaKind, Message, NotificationKind, PhraseMatch, Scenario,
    ScenarioKind, Sensitivity, Signals, Timestamp, Verdict,
};

use super::{draft::Draft, too_old};

/// What a message would fire.
struct Fires<'a> {
    action: &'a HandoverAction,
    matched: Option<PhraseMatch>,
}

pub(super) fn message(mut draft: Draft<'_>, message: &Message) -> Decision {
    draft.note_signals(message);
    if too_old(draft.input.event, draft.now) {
        draft.settle(false);
        return draft.apply(Verdict::TooOld);
    }
    draft.note_client_time();
    draft.note_return();

    if draft.in_stretch() && draft.conversation.resume_due(draft.now) {
        // Decided too late for the stretch that it belongs to: an unanswered one.
        draft.note_waiting();
        draft.settle(false);
        return draft.apply(Verdict::Paused);
    }
    draft.settle(message.content.text().is_some());
    if let Control::Human(_) = draft.conversation.control {
        return paused(draft, message);
    }

    if draft.before_hand_back() {
        // It crossed with a hand-back, so that the human may not have seen it.
        let waiting = draft.waiting(draft.event_id().clone());
        draft.answer_late(&waiting);
        return draft.apply(Verdict::BeforeHandBack);
    }

    let stopped = match judge(&mut draft, message) {
        Ok(()) => return draft.apply(Verdict::HandedOver),
        Err(stopped) => stopped,
    };
    let verdict = turn(&mut draft, message);
    // What stood in the way of one handover does not hide that another one began.
    draft.apply(stopped.filter(|_| verdict != Verdict::HandedOver).unwrap_or(verdict))
}

pub(super) fn edit(mut draft: Draft<'_>, message: &Message) -> Decision {
    draft.note_signals(message);
    if too_old(draft.input.event, draft.now) {
        return draft.apply(Verdict::TooOld);
    }
    draft.settle(false);
    if let Control::Human(_) = draft.conversation.control {
        return paused(draft, message);
    }
    if draft.before_hand_back() {
        return draft.apply(Verdict::BeforeHandBack);
    }
    match judge(&mut draft, message) {
        Ok(()) => draft.apply(Verdict::HandedOver),
        // The bot has answered the first wording, or is about to.
        Err(stopped) => draft.apply(stopped.unwrap_or(Verdict::Noted)),
    }
}

/// Humans own the conversation: the message waits for them.
fn paused(mut draft: Draft<'_>, message: &Message) -> Decision {
    draft.note_waiting();
    let asks = draft.policy.actions().any(|action| {
        let by_phrase = action.scenario.kind() == ScenarioKind::HumanRequested
            && draft.input.evidence.phrase_of(&action.id).is_some();
        by_phrase || means(&message.signals, action)
    });
    if !asks {
        return draft.apply(Verdict::Paused);
    }
    let epoch = draft.conversation.epoch;
    if let Control::Human(human) = &mut draft.conversation.control
        && human.urgency < u8::MAX
    {
        human.urgency += 1;
        let urgency = human.urgency;
        draft.change(epoch, HandoverChange::Urgency(urgency));
        // Told once per stretch: who asks five times does not ring five times.
        if urgency == 1 {
            draft.notify(NotificationKind::Urgent, draft.assignee_or_admins(), &epoch.to_string());
        }
    }
    draft.apply(Verdict::AskedAgain)
}

/// Hands over if the message fires something; otherwise says what stood in the way, if anything.
fn judge(draft: &mut Draft<'_>, message: &Message) -> Result<(), Option<Verdict>> {
    if let Some(fires) = fires(draft, message, |action| action.enabled) {
        return hand_over(draft, &fires);
    }
    if let Some(action) = count_failure(draft, message) {
        return hand_over(draft, &Fires { action, matched: None });
    }
    if let Some(disabled) = fires(draft, message, |action| !action.enabled) {
        draft.note_fires(&disabled);
        return Err(Some(Verdict::NoEnabledAction));
    }
    Err(draft.unserved_request(message))
}

fn hand_over(draft: &mut Draft<'_>, fires: &Fires<'_>) -> Result<(), Option<Verdict>> {
    draft.note_fires(fires);
    draft.may_hand_over().map_err(Some)?;
    let scenario = fires.action.scenario.kind();
    if draft.is_cooling_down(scenario) {
        return Err(Some(Verdict::CoolingDown));
    }
    draft.hand_over(fires.action, scenario);
    Ok(())
}

/// The action that the message itself fires: matched phrases in list order first, then built-in
/// meaning in list order.
fn fires<'a>(
    draft: &Draft<'a>,
    message: &Message,
    wanted: impl Fn(&HandoverAction) -> bool,
) -> Option<Fires<'a>> {
    for action in draft.policy.actions().filter(|action| wanted(action)) {
        if let Some(matched) = draft.input.evidence.phrase_of(&action.id) {
            return Some(Fires { action, matched: Some(matched.clone()) });
        }
    }
    draft
        .policy
        .actions()
        .find(|action| wanted(action) && means(&message.signals, action))
        .map(|action| Fires { action, matched: None })
}

/// Whether the text means what the action fires on; only human_requested has a built-in meaning.
fn means(signals: &Signals, action: &HandoverAction) -> bool {
    match action.scenario {
        Scenario::HumanRequested { sensitivity, .. } => asks_for_human(signals, sensitivity),
        Scenario::LackOfKnowledge { .. } | Scenario::RepeatedFailure { .. } | Scenario::Custom { .. } => {
            false
        }
    }
}

fn asks_for_human(signals: &Signals, sensitivity: Sensitivity) -> bool {
    signals.exact_request || (signals.guard.is_none() && signals.human_request >= sensitivity.threshold())
}

/// Counts a failed attempt if the client says that the last answer did not help, or asks the same
/// again; gives the repeated-failure action that fires.
fn count_failure<'a>(draft: &mut Draft<'a>, message: &Message) -> Option<&'a HandoverAction> {
    if let EventKind::Edited { .. } = draft.input.event.kind {
        // Putting a message another way is not asking again.
        return None;
    }
    let same = draft.input.evidence.same_issue;
    let issue = draft.conversation.issue.as_mut()?;
    match message.signals.feedback {
        Feedback::Resolved => {
            draft.conversation.issue = None;
            return None;
        }
        Feedback::Unhelpful if issue.answered => fail(issue),
        Feedback::Neutral if same == Some(true) && issue.answered => fail(issue),
        Feedback::Neutral if same == Some(false) => {
            draft.conversation.issue = None;
            return None;
        }
        Feedback::Unhelpful | Feedback::Neutral => return None,
    }
    let failed = issue.failed;
    draft.record.failed_attempts = Some(failed);
    draft.fires_on_attempt(false, Some(failed))
}

fn fail(issue: &mut Issue) {
    issue.failed = issue.failed.saturating_add(1);
    issue.answered = false;
}

/// Nothing fired: the bot is asked, if there is one that can be.
fn turn(draft: &mut Draft<'_>, message: &Message) -> Verdict {
    let Some(revision) = draft.bot() else { return Verdict::NoBot };
    if draft.conversation.opted_out {
        return Verdict::OptedOut;
    }
    if revision.bot.connector == Connector::External {
        return Verdict::ExternalBot;
    }
    let unreadable = message.content.text().is_none();
    if unreadable && matches!(message.content, Content::Media { kind: MediaKind::Sticker, .. }) {
        return Verdict::Noted;
    }
    if unreadable {
        let verdict = if draft.is_capped() { Verdict::MessageCap } else { Verdict::Unreadable };
        return draft.cannot_serve(verdict);
    }
    let wait_s = if draft.policy.account.store_text { revision.bot.fold_seconds } else { 0 };
    let asked = draft.asked_with(wait_s);
    if asked.earlier.is_empty() && draft.is_capped() {
        return draft.cannot_serve(Verdict::MessageCap);
    }
    draft.start_turn(asked, wait_s);
    Verdict::Turn
}

impl Draft<'_> {
    fn note_signals(&mut self, message: &Message) {
        self.record.model.clone_from(&message.signals.model);
        self.record.human_request = Some(message.signals.human_request);
        self.record.guard = message.signals.guard;
        self.record.threshold = self.policy.actions().find_map(|action| match &action.scenario {
            Scenario::HumanRequested { sensitivity, .. } => Some(sensitivity.threshold()),
            Scenario::LackOfKnowledge { .. } | Scenario::RepeatedFailure { .. } | Scenario::Custom { .. } => {
                None
            }
        });
    }

    fn note_fires(&mut self, fires: &Fires<'_>) {
        self.record.scenario = Some(fires.action.scenario.kind());
        self.record.action = Some(fires.action.id.clone());
        self.record.matched.clone_from(&fires.matched);
    }

    /// When the client wrote: not later than it reached us.
    fn said_at(&self) -> Timestamp {
        self.input.event.sent_at.unwrap_or(self.at()).min(self.at())
    }

    /// Whoever writes may be answered, although a text of ours was refused before as if they wanted none: only
    /// their own word stands until they take it back. Where the provider still holds them for opted out, it
    /// refuses the next text as well.
    fn note_return(&mut self) {
        if self.conversation.refused_at.is_some_and(|refused| refused < self.said_at()) {
            self.conversation.refused_at = None;
            self.conversation.opted_out = false;
        }
    }

    fn note_client_time(&mut self) {
        let at = self.said_at();
        let last = self.conversation.last_client_at;
        if last.is_none_or(|last| at.since(last) >= CLIENT_TIME_GRAIN) {
            self.conversation.last_client_at = Some(at);
            self.extend_reply_window();
        }
    }

    fn note_waiting(&mut self) {
        let waiting = self.waiting(self.event_id().clone());
        if let Control::Human(human) = &mut self.conversation.control
            && human.waiting.is_none()
            // Answered since, by a human who saw it before we did.
            && human.last_human_at.is_none_or(|last| last <= waiting.since)
        {
            human.waiting = Some(waiting);
        }
    }

    /// The client asks for a human by built-in meaning, and the bot has no such action at all.
    fn unserved_request(&self, message: &Message) -> Option<Verdict> {
        let human_requested =
            |action: &HandoverAction| action.scenario.kind() == ScenarioKind::HumanRequested;
        (self.bot().is_some()
            && !self.policy.actions().any(human_requested)
            && asks_for_human(&message.signals, Sensitivity::Balanced))
        .then_some(Verdict::NoEnabledAction)
    }

    /// This message as a question, together with those that came less than `wait_s` seconds before:
    /// the bot has not been asked about them yet. Without a stored text they could not be read again,
    /// and there is no wait.
    fn asked_with(&mut self, wait_s: u16) -> Asked {
        let mut asked = Asked {
            trigger: self.event_id().clone(),
            at: self.at(),
            earlier: Vec::new(),
            returning: self.conversation.handed_back_at.is_some() && self.conversation.asked.is_none(),
        };
        let window = Duration::from_secs(wait_s.into());
        let near = |last: &mut Asked| asked.at.since(last.at) < window && last.earlier.len() + 1 < MAX_FOLDED;
        if let Some(last) = self.conversation.asked.take_if(near) {
            asked.earlier = last.earlier;
            asked.earlier.push(last.trigger);
            asked.returning = last.returning;
        }
        asked
    }

    /// Whether the switches let a handover begin.
    pub(super) fn may_hand_over(&self) -> Result<(), Verdict> {
        if !self.policy.account.labs.human_handover {
            return Err(Verdict::LabsOff);
        }
        if self.bot().is_none_or(|revision| !revision.bot.handover) {
            return Err(Verdict::HandoverOff);
        }
        Ok(())
    }

    /// The bot cannot serve this message: as if it did not know.
    fn cannot_serve(&mut self, why: Verdict) -> Verdict {
        let scenario = ScenarioKind::LackOfKnowledge;
        self.record.scenario = Some(scenario);
        match self.policy.first_enabled(scenario) {
            Some(action) if self.may_hand_over().is_ok() && !self.is_cooling_down(scenario) => {
                self.hand_over(action, scenario);
                return Verdict::HandedOver;
            }
            None if self.may_hand_over().is_ok() => self.alert_daily(NotificationKind::NotConfigured),
            Some(_) | None => {}
        }
        if why == Verdict::Unreadable {
            self.send_no_answer();
            self.count_bot_message();
        }
        why
    }
}
