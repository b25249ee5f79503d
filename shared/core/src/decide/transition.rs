//! Changes of control: the one way into a human stretch, and the one way out of it.

use std::time::Duration;

use crate::{
    Announcement, Asked, Assign, Assignee, Audience, Bug, ClosingMessage, Connector, Control, EffectKind,
    EventId, Handover, HandoverAction, HandoverChange, HandoverEnd, HumanControl, LOOP_WINDOW, MAX_EVENT_AGE,
    MAX_TAGS, NotificationKind, Origin, Pause, Principal, Promise, PromiseState, Purpose, RECENT_HANDOVERS,
    REPLY_WINDOW_MARGIN, REPLY_WINDOW_WARNING, Recent, Returns, ScenarioKind, StaffId, TASK_DUE_AFTER, Task,
    TextSource, ThreadTarget, TimerKind, Timestamp, UnansweredPolicy, Verdict, Waiting, planted,
};

use super::draft::Draft;

/// A human stretch about to begin.
struct Beginning<'a> {
    origin: Origin,
    pause: Pause,
    assign: Option<&'a Assign>,
    tag: Option<&'a str>,
    create_task: bool,
    /// A human's message to the client begins it.
    human_wrote: bool,
    /// A staff member takes it in person.
    taken_by: Option<StaffId>,
}

impl Draft<'_> {
    /// Lets what is due take effect: an overdue promise, an overdue task, a reply window that closes, then
    /// the end of the pause.
    ///
    /// `answers_itself`: the event is a client's message that the bot is going to see anyway, so
    /// that an earlier unanswered one needs no turn of its own.
    pub(super) fn settle(&mut self, answers_itself: bool) {
        if let Some(promise) = self.conversation.promise.filter(|promise| promise.due_at <= self.now) {
            self.miss(promise);
        }
        if self.conversation.task_due_at.is_some_and(|due_at| due_at <= self.now) {
            self.tell_overdue();
        }
        if self.conversation.window_told_at().is_some_and(|at| at <= self.now) {
            self.warn_of_window();
        }
        if let Some(at) = self.conversation.resumes_at().filter(|at| *at <= self.now) {
            self.record.resumed = true;
            self.end(at, HandoverEnd::PauseEnded, answers_itself);
        }
        self.follow_holders(answers_itself);
    }

    fn miss(&mut self, promise: Promise) {
        self.conversation.promise = None;
        let state = PromiseState::Missed;
        if !planted(Bug::MissNotRecorded) {
            self.change(promise.epoch, HandoverChange::Promise { state, at: promise.due_at });
        }
        self.notify(NotificationKind::PromiseMissed, self.responsible(), &promise.epoch.to_string());
        self.announce(Announcement::PromiseMissed, promise.epoch);
        self.happened(Verdict::PromiseMissed);
    }

    /// The open task is overdue: told once.
    fn tell_overdue(&mut self) {
        if !planted(Bug::OverdueNotNoted) {
            self.conversation.task_due_at = None;
        }
        let Some(epoch) = self.conversation.open_task else { return };
        // Who hears in the same moment that this very client was not answered in time knows enough.
        let missed = self.handovers.iter().any(|(of, change)| {
            *of == epoch && matches!(change, HandoverChange::Promise { state: PromiseState::Missed, .. })
        });
        if !missed {
            self.notify(NotificationKind::TaskOverdue, self.assignee_or_admins(), &epoch.to_string());
        }
        self.announce(Announcement::TaskOverdue, epoch);
        self.happened(Verdict::TaskOverdue);
    }

    /// Soon nobody can answer the waiting client any more: told once.
    fn warn_of_window(&mut self) {
        let (epoch, now) = (self.conversation.epoch, self.now);
        let closes_at = self.conversation.window_told_at().map(|at| at + REPLY_WINDOW_WARNING);
        let Control::Human(human) = &mut self.conversation.control else { return };
        let Some(waiting) = &mut human.waiting else { return };
        waiting.window_told = true;
        let cause = format!("{epoch}-{}", waiting.event);
        // Too late for a warning; what was promised is told in its own right.
        if closes_at.is_some_and(|closes_at| now < closes_at) {
            self.notify(NotificationKind::WindowClosing, self.assignee_or_admins(), &cause);
        }
        self.happened(Verdict::WindowClosing);
    }

    /// Hands over by an action's settings.
    pub(super) fn hand_over(&mut self, action: &HandoverAction, scenario: ScenarioKind) {
        let Some(revision) = self.bot() else { return };
        self.leave_elsewhere();
        let origin = Origin::Action {
            action: action.id.clone(),
            bot: revision.bot.id.clone(),
            revision: revision.revision,
            scenario,
        };
        let looping = self.is_looping();
        self.begin(Beginning {
            origin,
            pause: if looping { Pause::UntilHandedBack } else { action.pause },
            assign: action.assign.as_ref(),
            tag: action.tag.as_deref(),
            create_task: action.create_task,
            human_wrote: false,
            taken_by: None,
        });
        self.remember(scenario);
        if let ClosingMessage::Text(_) = action.closing_message {
            let text = TextSource::Closing {
                bot: revision.bot.id.clone(),
                revision: revision.revision,
                action: action.id.clone(),
            };
            self.send(Purpose::Closing, text);
        }
        // After the closing message: who has passed a thread on can say no more in it.
        self.move_thread(ThreadTarget::Humans);
        if looping {
            let epoch = self.conversation.epoch.to_string();
            self.notify(NotificationKind::LoopGuard, Audience::Admins, &epoch);
        }
        self.record.scenario = Some(scenario);
        self.record.action = Some(action.id.clone());
    }

    fn is_looping(&self) -> bool {
        let recent = |recent: &&Recent| self.at().since(recent.at) <= LOOP_WINDOW;
        self.bot().is_some_and(|revision| revision.bot.loop_guard)
            && self.conversation.recent.iter().filter(recent).count() >= 2
    }

    fn remember(&mut self, scenario: ScenarioKind) {
        let at = self.at();
        let recent = &mut self.conversation.recent;
        recent.push(Recent { scenario, at, back_at: None });
        if recent.len() > RECENT_HANDOVERS {
            recent.remove(0);
        }
    }

    /// A human steps in: by a message (`human_wrote`), by claiming, or in the provider's own app.
    pub(super) fn take_over(&mut self, by: Option<Principal>, app: Option<String>, human_wrote: bool) {
        let twelve_hours = Pause::For { days: 0, hours: 12, minutes: 0 };
        let pause = self.bot().map_or(twelve_hours, |revision| revision.bot.takeover_pause);
        let taken_by = staff_of(by.as_ref());
        self.leave_elsewhere();
        let origin = Origin::Takeover { by, app };
        self.begin(Beginning {
            origin,
            pause,
            assign: None,
            tag: None,
            create_task: false,
            human_wrote,
            taken_by,
        });
    }

    /// Somebody silences the bot.
    pub(super) fn silence(&mut self, by: Principal, pause: Pause) {
        self.leave_elsewhere();
        self.begin(Beginning {
            origin: Origin::Pause { by },
            pause,
            assign: None,
            tag: None,
            create_task: false,
            human_wrote: false,
            taken_by: None,
        });
    }

    fn begin(&mut self, beginning: Beginning<'_>) {
        let at = self.at();
        let returns = beginning.pause.duration().map_or(Returns::ByHand, |pause| Returns::At(at + pause));
        self.give_to_humans(beginning.origin.clone(), returns, beginning.human_wrote);
        let epoch = self.conversation.epoch;
        if self.bot().is_some_and(|revision| revision.bot.pause_all_inboxes) {
            self.contact.holding.insert(self.conversation.id.clone());
        }

        let was = self.contact.assignee.clone();
        self.choose_assignee(beginning.assign, beginning.taken_by.as_ref());
        if let Some(tag) = beginning.tag {
            self.add_tag(tag);
        }
        let task = beginning.create_task.then(|| Task { due_at: at + TASK_DUE_AFTER, closed_at: None });
        if task.is_some() {
            self.close_task(at);
            self.conversation.open_task = Some(epoch);
            self.conversation.task_due_at = task.map(|task| task.due_at);
        } else if let Some(earlier) = self.conversation.open_task.filter(|_| self.contact.assignee != was) {
            let to = self.contact.assignee.clone();
            self.change(earlier, HandoverChange::Assigned { to, claimed_at: None });
        }

        let reply_by = self.reply_by();
        let promise_due_at = self.promise_due_at(reply_by);
        self.release_promise(if beginning.human_wrote { PromiseState::Kept } else { PromiseState::Released });
        let kept = beginning.human_wrote;
        let resume_at = match returns {
            Returns::At(end) => Some(end),
            Returns::ByHand => None,
        };
        self.change(
            epoch,
            HandoverChange::Open(Box::new(Handover {
                epoch,
                origin: beginning.origin,
                trigger: self.event_id().clone(),
                started_at: at,
                resume_at,
                assignee: self.contact.assignee.clone(),
                tag: beginning.tag.map(str::to_owned),
                task,
                promise_due_at,
                reply_by,
                promise: if kept { PromiseState::Kept } else { PromiseState::Open },
                promise_settled_at: kept.then_some(at),
                urgency: 0,
                claimed_at: beginning.taken_by.as_ref().map(|_| at),
                first_reply_at: kept.then_some(at),
                ended_at: None,
                end: None,
            })),
        );
        self.announce(Announcement::HandoverStarted, epoch);
        if task.is_some() {
            self.announce(Announcement::TaskCreated, epoch);
        }

        if let Some(end) = resume_at {
            let sequence = self.arm(TimerKind::Resume, end);
            if let Control::Human(human) = &mut self.conversation.control {
                human.resume_sequence = sequence;
            }
        }
        if !kept {
            let sequence = self.arm(TimerKind::Promise, promise_due_at);
            self.conversation.promise = Some(Promise { epoch, due_at: promise_due_at, sequence });
        }
        if beginning.taken_by.is_none() && !beginning.human_wrote {
            self.tell_assignee(task.is_some());
        }
    }

    /// Gives control to humans, in a new epoch.
    pub(super) fn give_to_humans(&mut self, origin: Origin, returns: Returns, human_wrote: bool) {
        let at = self.at();
        self.conversation.epoch =
            self.conversation.epoch.saturating_add(u64::from(!planted(Bug::EpochNotRaised)));
        self.conversation.control_since = at;
        self.conversation.issue = None;
        self.conversation.asked = None;
        let unasked = self.take_back_turn();
        let message = self.input.event.is_client_message().then(|| self.event_id().clone());
        let unanswered = self.take_back_unanswered();
        let waiting = message.or(unasked).map(|event| self.waiting(event)).or(unanswered);
        self.conversation.control = Control::Human(HumanControl {
            origin,
            returns,
            quiet_minutes: self.bot().map_or(15, |revision| revision.bot.quiet_minutes),
            last_human_at: human_wrote.then_some(at),
            waiting: waiting.filter(|_| !human_wrote),
            urgency: 0,
            claimed: false,
            resume_sequence: 0,
        });
    }

    /// A message that waits for a human from now on.
    pub(super) fn waiting(&self, event: EventId) -> Waiting {
        let window = self.policy.inbox.human_reply_window();
        let hours = window.filter(|window| Some(*window) != self.conversation.channel.reply_window());
        let reply_hours = hours.and_then(|window| u16::try_from(window.as_secs() / 3_600).ok());
        Waiting { reply_hours, ..Waiting::new(event, self.at()) }
    }

    /// A turn that this very decision was going to start would be stale at once: its message waits
    /// for the humans instead.
    pub(super) fn take_back_turn(&mut self) -> Option<EventId> {
        let mut unasked = None;
        self.effects.retain(|effect| {
            let EffectKind::StartTurn { trigger, .. } = &effect.kind else { return true };
            unasked = Some(trigger.clone());
            false
        });
        unasked
    }

    /// What was about to be told as unanswered goes on waiting for the humans who begin now.
    fn take_back_unanswered(&mut self) -> Option<Waiting> {
        self.effects.retain(|effect| {
            !matches!(effect.kind, EffectKind::Notify { about: NotificationKind::Unanswered, .. })
        });
        self.unanswered.take()
    }

    /// Who looks after the contact from now on. Nobody new: whoever does already.
    fn choose_assignee(&mut self, assign: Option<&Assign>, taken_by: Option<&StaffId>) {
        // Somebody who has left looks after nobody.
        self.contact.assignee.take_if(|assignee| !self.policy.directory.has(assignee));
        if let Some(staff) = taken_by {
            if self.contact.assignee.as_ref().and_then(Assignee::staff).is_none() {
                self.contact.assignee = Some(Assignee::Staff(staff.clone()));
            }
            return;
        }
        let Some(assign) = assign else { return };
        if assign.skip_if_assigned && self.contact.assignee.is_some() {
            return;
        }
        if self.policy.directory.has(&assign.to) {
            self.contact.assignee = Some(assign.to.clone());
        } else {
            self.alert_daily(NotificationKind::AssigneeMissing);
        }
    }

    /// Tells whoever a conversation now waits for.
    fn tell_assignee(&mut self, task: bool) {
        let epoch = self.conversation.epoch.to_string();
        match self.contact.assignee.clone() {
            Some(assignee @ Assignee::Staff(_)) => {
                self.notify_both(
                    NotificationKind::ConversationAssigned,
                    task.then_some(NotificationKind::TaskAssigned),
                    Audience::Assignee(assignee),
                    &epoch,
                );
            }
            Some(team @ Assignee::Team(_)) => {
                self.notify(NotificationKind::ConversationWaiting, Audience::Assignee(team), &epoch);
            }
            None if planted(Bug::WaitingNotTold) => {}
            None => self.notify(NotificationKind::ConversationWaiting, Audience::Admins, &epoch),
        }
    }

    /// A tag on the contact; `false` when it has as many as one may have, [`MAX_TAGS`], without this one.
    pub(super) fn add_tag(&mut self, tag: &str) -> bool {
        if self.contact.tags.contains(tag) {
            return true;
        }
        if self.contact.tags.len() >= MAX_TAGS {
            return false;
        }
        self.contact.tags.insert(tag.to_owned());
        self.announce(Announcement::TagAdded, self.conversation.epoch);
        true
    }

    /// Until when a human can write freely, where the channel has such a window.
    pub(super) fn reply_by(&self) -> Option<Timestamp> {
        let at = self.at();
        let last_client_at = if self.input.event.is_client_message() {
            Some(self.input.event.sent_at.unwrap_or(at).min(at))
        } else {
            self.conversation.last_client_at
        };
        self.policy.inbox.human_reply_window().zip(last_client_at).map(|(window, last)| last + window)
    }

    /// The client wrote in a stretch of humans: they can write freely for longer.
    pub(super) fn extend_reply_window(&mut self) {
        let epoch = self.conversation.epoch;
        if self.conversation.human().is_some()
            && !self.conversation.resume_due(self.now)
            && let Some(at) = self.reply_by()
        {
            self.change(epoch, HandoverChange::ReplyBy(at));
        }
    }

    /// The task's due time, or an hour before the channel's reply window closes, or what an
    /// earlier promise said: whichever is first.
    fn promise_due_at(&self, reply_by: Option<Timestamp>) -> Timestamp {
        let at = self.at();
        let task_due_at = at + TASK_DUE_AFTER;
        let window_due_at = reply_by
            .map(|reply_by| reply_by.minus(REPLY_WINDOW_MARGIN))
            // A window that has closed already cannot be met; the task's time stands.
            .filter(|due_at| *due_at > at);
        let earlier = self.conversation.promise.map(|promise| promise.due_at);
        [window_due_at, earlier].into_iter().flatten().fold(task_due_at, Timestamp::min)
    }

    fn release_promise(&mut self, state: PromiseState) {
        if let Some(promise) = self.conversation.promise.take() {
            let at = self.at();
            self.change(promise.epoch, HandoverChange::Promise { state, at });
        }
    }

    /// Closes the open task, if there is one.
    pub(super) fn close_task(&mut self, at: Timestamp) {
        self.conversation.task_due_at = None;
        if let Some(epoch) = self.conversation.open_task.take() {
            self.change(epoch, HandoverChange::TaskClosed(at));
        }
    }

    /// A human has written to the client in a stretch that humans own already.
    pub(super) fn human_wrote(&mut self) {
        let at = self.at();
        let epoch = self.conversation.epoch;
        let Control::Human(human) = &mut self.conversation.control else { return };
        let first = human.last_human_at.is_none();
        human.last_human_at = human.last_human_at.max(Some(at));
        if first {
            self.change(epoch, HandoverChange::FirstReply(at));
            self.announce(Announcement::FirstReply, epoch);
        }
        self.release_promise(PromiseState::Kept);
    }

    /// Humans have dealt with what the client wrote up to now.
    pub(super) fn end_waiting(&mut self) {
        let at = self.at();
        if let Control::Human(human) = &mut self.conversation.control {
            human.waiting.take_if(|waiting| waiting.since <= at);
        }
    }

    /// Somebody settles what was promised by other means than writing.
    pub(super) fn settle_by_hand(&mut self) {
        self.release_promise(PromiseState::Released);
        if !planted(Bug::TaskStaysOpen) {
            self.close_task(self.at());
        }
    }

    /// Gives control back to the bot, as of `at`.
    pub(super) fn end(&mut self, at: Timestamp, end: HandoverEnd, answers_itself: bool) {
        let Control::Human(human) = std::mem::replace(&mut self.conversation.control, Control::Bot) else {
            return;
        };
        let ended = self.conversation.epoch;
        self.conversation.epoch = ended.saturating_add(1);
        self.conversation.control_since = at;
        self.conversation.handed_back_at = Some(at);
        self.conversation.issue = None;
        self.conversation.asked = None;
        if let Origin::Action { .. } = human.origin
            && let Some(recent) = self.conversation.recent.last_mut()
        {
            recent.back_at = Some(at);
        }
        self.contact.holding.remove(&self.conversation.id);
        let nobody_chose = matches!(end, HandoverEnd::PauseEnded | HandoverEnd::ElsewhereEnded);
        if end == HandoverEnd::PauseEnded && planted(Bug::AssignmentEndsWithPause) {
            self.contact.assignee = None;
        }
        let thread_moved = matches!(end, HandoverEnd::HandedBack { by: None });
        if !planted(Bug::EndNotRecorded) {
            self.change(ended, HandoverChange::Ended { at, end });
        }
        if !human.is_elsewhere() {
            self.announce(Announcement::HandoverEnded, ended);
        }
        // Whoever gave it back by the provider's own thread control has moved the thread already.
        if !thread_moved {
            self.take_thread_back(&human.origin);
        }
        let Some(waiting) = human.waiting else { return };
        // Who gives it back by hand wants the bot to go on.
        if nobody_chose && !waiting.again && self.hand_over_again(&human.origin, &waiting) {
            return;
        }
        if !answers_itself && !self.answer_late(&waiting) && nobody_chose {
            let cause = format!("{ended}-{}", waiting.event);
            self.notify(NotificationKind::Unanswered, self.responsible(), &cause);
            self.unanswered = Some(waiting);
        }
    }

    /// Moves the provider's own thread, where the inbox wants that.
    pub(super) fn move_thread(&mut self, to: ThreadTarget) {
        if self.policy.inbox.moves_threads() {
            self.thread(to);
        }
    }

    /// The thread comes back with control, unless it has never left us.
    fn take_thread_back(&mut self, origin: &Origin) {
        match origin {
            Origin::Action { .. } | Origin::Takeover { app: Some(_), .. } => {
                self.move_thread(ThreadTarget::Bot);
            }
            Origin::Takeover { app: None, .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => {}
        }
    }

    /// Lets the bot answer a client's message that it could not answer when it came; whether it will.
    pub(super) fn answer_late(&mut self, waiting: &Waiting) -> bool {
        let Some(revision) = self.bot() else { return false };
        let wanted = revision.bot.unanswered != UnansweredPolicy::StayQuiet
            && revision.bot.connector != Connector::External
            && !self.conversation.opted_out
            && !self.is_capped();
        let answers = wanted && self.now.since(waiting.since) < MAX_EVENT_AGE;
        if answers {
            let trigger = waiting.event.clone();
            let asked = Asked { trigger, at: waiting.since, earlier: Vec::new(), returning: true };
            self.start_turn(asked, 0);
        }
        answers
    }

    /// Nobody answered in the pause: hands over again, where the business wants that and may. What waits
    /// goes on waiting.
    fn hand_over_again(&mut self, origin: &Origin, waiting: &Waiting) -> bool {
        let wanted =
            self.bot().is_some_and(|revision| revision.bot.unanswered == UnansweredPolicy::HandOverAgain);
        if !wanted || self.may_hand_over().is_err() {
            return false;
        }
        let same = match origin {
            Origin::Action { action, .. } => self.policy.action(action).filter(|action| action.enabled),
            Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => None,
        };
        let Some(action) = same.or_else(|| self.policy.first_enabled(ScenarioKind::HumanRequested)) else {
            return false;
        };
        self.hand_over(action, action.scenario.kind());
        if let Control::Human(human) = &mut self.conversation.control {
            human.waiting = Some(Waiting { again: true, ..waiting.clone() });
        }
        true
    }

    /// Whether a scenario other than human_requested came back too recently to fire again.
    pub(super) fn is_cooling_down(&self, scenario: ScenarioKind) -> bool {
        let Some(revision) = self.bot() else { return false };
        let cooldown = Duration::from_mins(u64::from(revision.bot.cooldown_minutes));
        scenario != ScenarioKind::HumanRequested
            && self.conversation.recent.iter().any(|recent| {
                recent.scenario == scenario
                    && recent.back_at.is_some_and(|back| self.at().since(back) < cooldown)
            })
    }
}

fn staff_of(by: Option<&Principal>) -> Option<StaffId> {
    match by {
        Some(Principal::Staff(staff)) => Some(staff.clone()),
        Some(Principal::ApiKey(_) | Principal::System) | None => None,
    }
}
