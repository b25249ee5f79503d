//! What staff and API clients' commands lead to.

use crate::{
    ActionId, Assignee, Audience, Bug, Command, CommandKind, Control, Decision, HandoverChange, HandoverEnd,
    NotificationKind, Outcome, OutcomeResult, Pause, Principal, Purpose, Refusal, Returns, SeenControl,
    StaffId, TextSource, TimerKind, TurnId, Verdict, planted,
};

use super::{contact, draft::Draft, outcome, too_old};

pub(super) fn command(mut draft: Draft<'_>, command: &Command) -> Decision {
    if too_old(draft.input.event, draft.now) {
        return draft.refuse(Refusal::TooOld);
    }
    if let CommandKind::Reply { seen: Some(seen), .. } = &command.kind
        && let Some(refusal) = draft.other_than_seen(&command.by, seen)
    {
        draft.settle(false);
        return draft.refuse(refusal);
    }
    if let CommandKind::Reply { .. } | CommandKind::Resolve = command.kind {
        // Whoever answers or resolves deals with what waits, even where the pause has just ended.
        draft.end_waiting();
    }
    draft.settle(false);
    match &command.kind {
        CommandKind::Claim => claim(draft, &command.by),
        CommandKind::Assign { to } => assign(draft, to.as_ref()),
        CommandKind::Reply { seen, .. } => reply(draft, &command.by, seen.as_ref()),
        CommandKind::HandBack => hand_back(draft, &command.by),
        CommandKind::Resolve => resolve(draft, &command.by),
        CommandKind::Pause { pause } => set_pause(draft, &command.by, *pause),
        CommandKind::StartHandover { action } => start_handover(draft, action.as_ref()),
        CommandKind::Tag { tag, present } => {
            if *present {
                if !draft.add_tag(tag) {
                    return draft.refuse(Refusal::TooManyTags);
                }
            } else {
                draft.contact.tags.remove(tag);
            }
            draft.apply(Verdict::Tagged)
        }
        CommandKind::CompleteTask => {
            if draft.conversation.open_task.is_none() {
                return draft.refuse(Refusal::NoOpenTask);
            }
            draft.close_task(draft.at());
            draft.apply(Verdict::TaskDone)
        }
        CommandKind::Link { .. } => contact::link(draft),
        CommandKind::Unlink => contact::unlink(draft),
        CommandKind::Release { from } => contact::release(draft, from),
        CommandKind::Erase => contact::erase(draft),
        CommandKind::BotMessage { text, epoch, signals, result, retrieval } => {
            let trigger = draft.event_id().clone();
            let said = Outcome {
                turn: TurnId::derive(&draft.conversation.id, *epoch, &trigger),
                epoch: *epoch,
                trigger,
                result: result.clone().unwrap_or(OutcomeResult::Answered),
                reply: Some(text.clone()),
                retrieval: *retrieval,
                reply_signals: signals.clone(),
                fingerprint: None,
            };
            bot_message(draft, &said)
        }
    }
}

/// One wins; the others are told who.
fn claim(mut draft: Draft<'_>, by: &Principal) -> Decision {
    let Principal::Staff(staff) = by else { return draft.refuse(Refusal::NotStaff) };
    if draft.policy.directory.staff(staff).is_none() {
        return draft.refuse(Refusal::NoSuchAssignee);
    }
    match draft.holder() {
        Some(other) if other != staff && !planted(Bug::LastClaimWins) => {
            let other = Assignee::Staff(other.clone());
            return draft.refuse(Refusal::ClaimedBy(other));
        }
        _ if draft.conversation.human().is_none() => {
            draft.take_over(Some(by.clone()), None, false);
            draft.set_claimed(true);
        }
        // Whom it was assigned to claims it once.
        Some(_) if draft.is_claimed() => {}
        Some(_) | None => draft.give_to(Some(Assignee::Staff(staff.clone())), true),
    }
    draft.apply(Verdict::Claimed)
}

fn assign(mut draft: Draft<'_>, to: Option<&Assignee>) -> Decision {
    if to.is_some_and(|to| !draft.policy.directory.has(to)) {
        return draft.refuse(Refusal::NoSuchAssignee);
    }
    if draft.contact.assignee.as_ref() == to {
        return draft.apply(Verdict::Assigned);
    }
    draft.give_to(to.cloned(), false);
    let cause = draft.event_id().to_string();
    let with_humans = draft.conversation.human().is_some();
    let task = draft.conversation.open_task.is_some();
    match to {
        Some(to @ Assignee::Staff(_)) => {
            let and = task.then_some(NotificationKind::TaskAssigned);
            draft.notify_both(
                NotificationKind::ConversationAssigned,
                and,
                Audience::Assignee(to.clone()),
                &cause,
            );
        }
        Some(team @ Assignee::Team(_)) if with_humans => {
            let audience = Audience::Assignee(team.clone());
            draft.notify(NotificationKind::ConversationWaiting, audience, &cause);
        }
        None if with_humans => {
            draft.notify(NotificationKind::ConversationWaiting, Audience::Admins, &cause);
        }
        Some(Assignee::Team(_)) | None => {}
    }
    draft.apply(Verdict::Assigned)
}

/// A staff member's answer: while the bot has control, it takes control. Whom the conversation is assigned to
/// claims it with the first answer, and so does whoever answers in the place of somebody else on purpose.
fn reply(mut draft: Draft<'_>, by: &Principal, seen: Option<&SeenControl>) -> Decision {
    if draft.conversation.opted_out {
        return draft.refuse(Refusal::OptedOut);
    }
    if draft.humans_are_elsewhere() || draft.conversation.human().is_none() {
        draft.take_over(Some(by.clone()), None, true);
        let own = matches!(by, Principal::Staff(staff) if draft.holder() == Some(staff));
        draft.set_claimed(own);
    } else {
        draft.human_wrote();
        if let Principal::Staff(staff) = by {
            let claims = match draft.holder() {
                None => true,
                Some(holder) if holder == staff => !draft.is_claimed(),
                Some(_) => seen.is_some(),
            };
            if claims {
                draft.give_to(Some(Assignee::Staff(staff.clone())), true);
            }
        }
    }
    draft.send(Purpose::Staff, TextSource::Event);
    draft.apply(Verdict::StaffReplied)
}

fn hand_back(mut draft: Draft<'_>, by: &Principal) -> Decision {
    if draft.conversation.human().is_none() {
        return draft.refuse(Refusal::AlreadyWithBot);
    }
    draft.settle_by_hand();
    // Who gives it back by hand wants the bot to go on, whoever is at the contact's other conversations.
    draft.contact.holding.clear();
    let at = draft.at();
    draft.end(at, HandoverEnd::HandedBack { by: Some(by.clone()) }, false);
    draft.apply(Verdict::HandedBack)
}

fn resolve(mut draft: Draft<'_>, by: &Principal) -> Decision {
    draft.settle_by_hand();
    draft.contact.holding.clear();
    draft.contact.assignee = None;
    let at = draft.at();
    draft.end(at, HandoverEnd::Resolved { by: by.clone() }, false);
    draft.apply(Verdict::Resolved)
}

fn set_pause(mut draft: Draft<'_>, by: &Principal, pause: Pause) -> Decision {
    if draft.humans_are_elsewhere() || draft.conversation.human().is_none() {
        draft.silence(by.clone(), pause);
        return draft.apply(Verdict::PauseSet);
    }
    let epoch = draft.conversation.epoch;
    let resume_at = pause.duration().map(|pause| draft.at() + pause);
    let sequence = resume_at.map(|at| draft.arm(TimerKind::Resume, at));
    if let Control::Human(human) = &mut draft.conversation.control {
        human.returns = resume_at.map_or(Returns::ByHand, Returns::At);
        human.resume_sequence = sequence.unwrap_or(0);
    }
    draft.change(epoch, HandoverChange::Paused { resume_at });
    draft.apply(Verdict::PauseSet)
}

fn start_handover(mut draft: Draft<'_>, action: Option<&ActionId>) -> Decision {
    if draft.conversation.human().is_some() && !draft.humans_are_elsewhere() {
        return draft.refuse(Refusal::AlreadyWithHumans);
    }
    if !draft.policy.account.labs.human_handover {
        return draft.refuse(Refusal::LabsOff);
    }
    let (chosen, otherwise) = match action {
        Some(id) => (draft.policy.action(id), Refusal::NoSuchAction),
        None => (draft.policy.actions().find(|action| action.enabled), Refusal::NoEnabledAction),
    };
    let Some(chosen) = chosen else { return draft.refuse(otherwise) };
    let scenario = chosen.scenario.kind();
    draft.hand_over(chosen, scenario);
    draft.apply(Verdict::HandedOver)
}

/// An external bot speaks, if the epoch that it asked in still stands: judged like any bot's outcome.
fn bot_message(mut draft: Draft<'_>, said: &Outcome) -> Decision {
    if draft.conversation.human().is_some() || draft.conversation.epoch != said.epoch {
        return draft.refuse(Refusal::StaleEpoch);
    }
    if draft.conversation.opted_out {
        return draft.refuse(Refusal::OptedOut);
    }
    if draft.is_capped() {
        return draft.refuse(Refusal::MessageCap);
    }
    draft.count_bot_message();
    outcome::judge(draft, said)
}

impl Draft<'_> {
    /// The staff member who looks after the contact and is still there to do so.
    fn holder(&self) -> Option<&StaffId> {
        let here = |assignee: &&Assignee| self.policy.directory.has(assignee);
        self.contact.assignee.as_ref().filter(here).and_then(Assignee::staff)
    }

    /// Why an answer does not fit any more: the bot has the conversation, or has had it since its author looked,
    /// or a colleague has taken it over.
    fn other_than_seen(&self, by: &Principal, seen: &SeenControl) -> Option<Refusal> {
        let ended = self.conversation.resumes_at().is_some_and(|at| at <= self.now);
        if ended || self.conversation.epoch != seen.epoch {
            return Some(Refusal::StaleEpoch);
        }
        let holder =
            self.holder().filter(|holder| !matches!(by, Principal::Staff(staff) if staff == *holder));
        let other =
            holder.cloned().map(Assignee::Staff).filter(|other| seen.assignee.as_ref() != Some(other))?;
        Some(Refusal::ClaimedBy(other))
    }

    fn is_claimed(&self) -> bool {
        self.conversation.human().is_some_and(|human| human.claimed)
    }

    fn set_claimed(&mut self, claimed: bool) {
        if let Control::Human(human) = &mut self.conversation.control {
            human.claimed = claimed;
        }
    }

    /// Gives the contact to somebody; an open handover and its task follow.
    pub(super) fn give_to(&mut self, to: Option<Assignee>, claimed: bool) {
        self.contact.assignee.clone_from(&to);
        let at = self.at();
        let of_task = self.conversation.open_task;
        let of_control = self.conversation.human().map(|_| self.conversation.epoch);
        let claimed_at = claimed.then_some(at);
        self.set_claimed(claimed);
        if let Some(epoch) = of_control {
            self.change(epoch, HandoverChange::Assigned { to: to.clone(), claimed_at });
            if claimed {
                self.announce(crate::Announcement::HandoverClaimed, epoch);
            }
        }
        if let Some(epoch) = of_task.filter(|_| of_task != of_control) {
            self.change(epoch, HandoverChange::Assigned { to, claimed_at: None });
        }
    }
}
