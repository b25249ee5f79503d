//! Random histories of one conversation, with a store of handovers beside it, and everything
//! that must hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use handover_core::*;

use crate::{build::*, world::World};

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The client writes or rewrites; `ago` seconds before it is decided.
    Client { what: u8, ago: u64 },
    /// A message of our side is seen.
    Echo { author: u8, evidence: u8, waited: bool, ago: u64 },
    /// The client opts out or in.
    Consent(bool),
    /// The provider's thread control moves.
    Thread(u8),
    /// A send did not simply go out.
    Delivery { nth: usize, result: u8 },
    /// A turn that was started comes to an end.
    Outcome { nth: usize, result: u8 },
    /// A timer that was once set fires: early, late, again, whatever its epoch.
    Timer { nth: usize },
    /// The sweep.
    Wake,
    /// Staff, an API key or the system want something; `ago` seconds before it is decided.
    Command { who: u8, what: u8, ago: u64 },
    /// Something about the contact changes in another conversation, and this one hears of it, or not yet.
    Contact { what: u8, told: bool },
    /// The business changes its settings.
    Setting(u8),
}

/// A conversation, and what the outside has of it.
pub(crate) struct History {
    world: World,
    handovers: BTreeMap<u64, Handover>,
    effects: BTreeSet<EffectId>,
    timers: Vec<Timer>,
    turns: Vec<(TurnId, u64, EventId)>,
    sends: Vec<Sent>,
}

struct Sent {
    effect: EffectId,
    purpose: Purpose,
    epoch: u64,
    /// The fence refused it for good.
    stale: bool,
    told: bool,
}

impl History {
    pub(crate) fn new(channel: Channel) -> Self {
        let short = HandoverAction { pause: for_hours(1), ..human_requested() };
        let taskless = HandoverAction {
            create_task: false,
            tag: None,
            assign: Some(Assign { to: staff("ben"), skip_if_assigned: true }),
            ..repeated_failure(1)
        };
        let world = World::new([short, lack_of_knowledge(), taskless, custom("sales")]).on(channel).linked();
        let world = world.with(|bot| bot.pause_all_inboxes = true);
        Self {
            world,
            handovers: BTreeMap::new(),
            effects: BTreeSet::new(),
            timers: Vec::new(),
            turns: Vec::new(),
            sends: Vec::new(),
        }
    }

    /// Takes one step, `delay` seconds later, and checks everything.
    pub(crate) fn step(&mut self, delay: u64, step: &Step) {
        self.world.pass(seconds(delay));
        let Some(event) = self.event(step) else { return };
        let before = self.world.clone();
        let decision = self.world.decide(&event);
        assert_eq!(decision, before.decide(&event), "the same question has the same answer");
        self.world.process(&event);
        match decision {
            Decision::Apply(applied) => {
                self.keep(&applied);
                check_step(&before, &event, &applied);
                self.check_sends(&applied);
                self.check_handovers();
                self.check_timers();
            }
            Decision::PutBack(until) => assert!(until > self.world.now, "or it would spin"),
            Decision::Ignore(_) => {}
        }
        if let EventKind::Timer(timer) = &event.kind {
            check_stale_timer(&before, timer, &event);
        }
        self.world.evidence = Evidence::default();
        self.world.waited = false;
    }

    /// The event of a step; `None` where it cannot happen.
    fn event(&mut self, step: &Step) -> Option<Event> {
        match step {
            Step::Client { what, ago } => {
                let kind = self.client(*what);
                Some(self.world.event_at(kind, self.world.now.minus(seconds(*ago))))
            }
            Step::Echo { author, evidence, waited, ago } => {
                self.world.waited = *waited;
                self.world.evidence.echo = match evidence % 3 {
                    0 => EchoEvidence::NotOurs,
                    1 => EchoEvidence::Ours,
                    _ => EchoEvidence::Undecided,
                };
                let author = match author % 4 {
                    0 => EchoAuthor::Human { app: "app".to_owned() },
                    1 => EchoAuthor::Ours,
                    2 => EchoAuthor::Automation { app: "campaigns".to_owned() },
                    _ => EchoAuthor::Unknown,
                };
                Some(self.world.event_at(echo(author), self.world.now.minus(seconds(*ago))))
            }
            Step::Consent(opted_out) => Some(self.world.event(EventKind::Consent { opted_out: *opted_out })),
            Step::Thread(control) => {
                let control = match control % 3 {
                    0 => ThreadControl::WithHumans,
                    1 => ThreadControl::WithUs,
                    _ => ThreadControl::Requested,
                };
                Some(self.world.event(EventKind::ThreadControl(control)))
            }
            Step::Delivery { nth, result } => self.delivery(*nth, *result),
            Step::Outcome { nth, result } => self.outcome(*nth, *result),
            Step::Timer { nth } => {
                let timer = self.timers.get(nth % self.timers.len().max(1))?.clone();
                Some(self.world.event(EventKind::Timer(timer)))
            }
            Step::Wake => {
                let timer = Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at: self.world.now };
                Some(self.world.event(EventKind::Timer(timer)))
            }
            Step::Command { who, what, ago } => {
                let kind = self.command(*who, *what);
                Some(self.world.event_at(kind, self.world.now.minus(seconds(*ago))))
            }
            Step::Contact { what, told } => self.contact(*what, *told),
            Step::Setting(which) => {
                self.change_setting(*which);
                None
            }
        }
    }

    fn client(&mut self, what: u8) -> EventKind {
        match what % 10 {
            0 | 1 => asks(900),
            2 => {
                self.world.evidence.phrases = vec![phrase("sales")];
                says("what would it cost")
            }
            3 => feeds_back(Feedback::Unhelpful),
            4 => feeds_back(Feedback::Resolved),
            5 => {
                self.world.evidence.same_issue = Some(true);
                says("again")
            }
            6 => media(MediaKind::Image, None),
            7 => media(MediaKind::Sticker, None),
            8 => edit(asks(900)),
            _ => says("hello"),
        }
    }

    fn delivery(&mut self, nth: usize, result: u8) -> Option<Event> {
        let index = nth % self.sends.len().max(1);
        let sent = self.sends.get_mut(index).filter(|sent| !sent.told)?;
        sent.told = true;
        let result = match result % 3 {
            0 => DeliveryResult::Suppressed(Suppressed::Expired),
            1 => DeliveryResult::Failed { class: "rejected".to_owned(), code: None },
            _ => DeliveryResult::Unknown,
        };
        let delivery = Delivery { effect: sent.effect.clone(), purpose: sent.purpose, result };
        Some(self.world.event(EventKind::Delivery(delivery)))
    }

    fn outcome(&mut self, nth: usize, result: u8) -> Option<Event> {
        if self.turns.is_empty() {
            return None;
        }
        let (turn, epoch, trigger) = self.turns.remove(nth % self.turns.len());
        let mut outcome = self.world.outcome(match result % 6 {
            0 => OutcomeResult::NoAnswer,
            1 => OutcomeResult::Failed { reason: "timeout".to_owned() },
            2 => OutcomeResult::WantsHandover,
            _ => OutcomeResult::Answered,
        });
        (outcome.turn, outcome.epoch, outcome.trigger) = (turn, epoch, trigger);
        outcome.reply_signals.non_answer = result % 6 == 3;
        outcome.reply_signals.promises_person = result % 6 == 4;
        Some(self.world.event(EventKind::Outcome(outcome)))
    }

    fn command(&mut self, who: u8, what: u8) -> EventKind {
        let who = match who % 5 {
            0 | 1 => by("ana"),
            2 => by("ben"),
            3 => Principal::ApiKey(id("key")),
            _ => Principal::System,
        };
        let epoch = self.world.conversation.epoch;
        let kind = match what % 19 {
            0 | 1 => CommandKind::Reply { text: "Hello".to_owned(), seen: None },
            2 => CommandKind::Claim,
            3 => CommandKind::Assign { to: Some(staff("ben")) },
            4 => CommandKind::Assign { to: Some(team("front")) },
            5 => CommandKind::Assign { to: None },
            6 => CommandKind::HandBack,
            7 => CommandKind::Resolve,
            8 => CommandKind::Pause { pause: for_hours(3) },
            9 => CommandKind::Pause { pause: Pause::UntilHandedBack },
            10 => CommandKind::StartHandover { action: None },
            11 => CommandKind::StartHandover { action: Some(id("lack")) },
            12 => tag("vip", true),
            13 => tag("vip", false),
            14 => CommandKind::CompleteTask,
            15 => CommandKind::Release { from: staff("ben") },
            16 => CommandKind::Erase,
            17 => CommandKind::Unlink,
            _ => return bot_message(epoch, ReplySignals::default()),
        };
        command(who, kind)
    }

    /// What another conversation does to the contact. A lost hint about its assignee would be found by
    /// nobody, so that none gets lost; who may answer is found by whatever comes next.
    fn contact(&mut self, what: u8, told: bool) -> Option<Event> {
        let contact = &mut self.world.contact;
        let assignee = match what % 4 {
            0 => {
                contact.holding.insert(id("other"));
                false
            }
            1 => {
                contact.holding.remove(&id("other"));
                false
            }
            2 => {
                contact.assignee = Some(staff("ben"));
                true
            }
            _ => {
                contact.assignee = None;
                true
            }
        };
        (assignee || told).then(|| self.world.event(EventKind::Contact { assignee }))
    }

    fn change_setting(&mut self, which: u8) {
        let members = &mut self.world.directory.staff;
        match which % 8 {
            0 => members.retain(|member| member.id != id("ben")),
            1 if members.iter().all(|member| member.id != id("ben")) => {
                members.push(member("ben", Role::Staff));
            }
            2 => self.world.account.labs.human_handover ^= true,
            3 => self.world.bot().loop_guard ^= true,
            4 => self.world.bot().unanswered = UnansweredPolicy::Answer,
            5 => self.world.bot().unanswered = UnansweredPolicy::HandOverAgain,
            6 => self.world.bot().unanswered = UnansweredPolicy::StayQuiet,
            _ => self.world.bot().cooldown_minutes = 30,
        }
    }

    /// Does what the store and the queues do with what is kept.
    fn keep(&mut self, applied: &Applied) {
        for (epoch, change) in &applied.handovers {
            self.keep_change(*epoch, change.clone());
        }
        for effect in &applied.effects {
            let fresh = self.effects.insert(effect.id.clone());
            match &effect.kind {
                EffectKind::Notify { audience: Audience::Admins, epoch: None, .. } => continue,
                EffectKind::Arm(timer) => self.timers.push(timer.clone()),
                EffectKind::StartTurn { turn, epoch, trigger, .. } => {
                    self.turns.push((turn.clone(), *epoch, trigger.clone()));
                }
                EffectKind::Send { purpose, epoch, .. } => self.sends.push(Sent {
                    effect: effect.id.clone(),
                    purpose: *purpose,
                    epoch: *epoch,
                    stale: false,
                    told: false,
                }),
                EffectKind::Notify { .. }
                | EffectKind::Thread { .. }
                | EffectKind::Announce { .. }
                | EffectKind::Nudge { .. }
                | EffectKind::Erase { .. } => {}
            }
            assert!(fresh, "an effect's id is its own: {effect:?}");
        }
    }

    fn keep_change(&mut self, epoch: u64, change: HandoverChange) {
        if let HandoverChange::Open(handover) = change {
            assert!(self.handovers.values().all(|other| other.ended_at.is_some()), "two open handovers");
            assert_eq!(handover.epoch, epoch);
            assert!(self.handovers.insert(epoch, *handover).is_none(), "an epoch began twice");
            return;
        }
        let handover = self.handovers.get_mut(&epoch).expect("only what began changes");
        match change {
            HandoverChange::Open(_) => unreachable!("kept above"),
            HandoverChange::Assigned { to, claimed_at } => {
                handover.assignee = to;
                handover.claimed_at = claimed_at.or(handover.claimed_at);
            }
            HandoverChange::Urgency(urgency) => handover.urgency = urgency,
            HandoverChange::ReplyBy(at) => handover.reply_by = Some(at),
            HandoverChange::FirstReply(at) => {
                assert_eq!(handover.first_reply_at.replace(at), None, "the first reply is one");
            }
            HandoverChange::Promise { state, at } => {
                assert_eq!(handover.promise, PromiseState::Open, "a promise is settled once");
                handover.promise = state;
                handover.promise_settled_at = Some(at);
            }
            HandoverChange::TaskClosed(at) => {
                let task = handover.task.as_mut().expect("a task to close");
                assert_eq!(task.closed_at.replace(at), None, "a task is closed once");
            }
            HandoverChange::Paused { resume_at } => handover.resume_at = resume_at,
            HandoverChange::Ended { at, end } => {
                assert_eq!(handover.ended_at.replace(at), None, "a handover ends once");
                handover.end = Some(end);
            }
        }
    }

    /// What is on record agrees with the state.
    fn check_handovers(&self) {
        let conversation = &self.world.conversation;
        let assignee = &self.world.contact.assignee;
        let open = self.handovers.values().find(|handover| handover.ended_at.is_none());
        assert_eq!(open.is_some(), conversation.human().is_some());
        if let Some((open, human)) = open.zip(conversation.human()) {
            assert_eq!(open.epoch, conversation.epoch);
            assert_eq!(open.origin, human.origin);
            assert_eq!(&open.assignee, assignee);
            assert_eq!(open.urgency, human.urgency);
            assert_eq!(open.first_reply_at.is_some(), human.last_human_at.is_some());
            assert_eq!(open.resume_at.map_or(Returns::ByHand, Returns::At), human.returns);
        }
        let promised: Vec<_> = self
            .handovers
            .values()
            .filter(|handover| handover.promise == PromiseState::Open)
            .map(|handover| (handover.epoch, handover.promise_due_at))
            .collect();
        let live: Vec<_> =
            conversation.promise.iter().map(|promise| (promise.epoch, promise.due_at)).collect();
        assert_eq!(promised, live, "every promise is live or settled");
        let tasks: Vec<_> = self
            .handovers
            .values()
            .filter(|handover| handover.task.is_some_and(|task| task.closed_at.is_none()))
            .collect();
        let epochs: Vec<_> = tasks.iter().map(|handover| handover.epoch).collect();
        assert_eq!(epochs, conversation.open_task.into_iter().collect::<Vec<_>>());
        assert!(tasks.iter().all(|handover| handover.assignee == *assignee), "a task follows its assignee");
    }

    /// What is due by itself has a timer.
    fn check_timers(&self) {
        let conversation = &self.world.conversation;
        let armed = |timer: Timer| self.timers.contains(&timer);
        if let Some(human) = conversation.human() {
            let (epoch, sequence) = (conversation.epoch, human.resume_sequence);
            match human.returns {
                Returns::At(due_at) => {
                    assert!(armed(Timer { kind: TimerKind::Resume, epoch, sequence, due_at }));
                }
                Returns::ByHand => assert_eq!(sequence, 0),
            }
        }
        let task = conversation.open_task.and_then(|epoch| self.handovers.get(&epoch)?.task);
        assert_eq!(conversation.open_task.is_some(), task.is_some());
        if let Some(due_at) = conversation.task_due_at {
            assert_eq!(task.map(|task| task.due_at), Some(due_at), "only an open task falls due");
        }
        if let Some(Promise { epoch, due_at, sequence }) = conversation.promise {
            assert!(armed(Timer { kind: TimerKind::Promise, epoch, sequence, due_at }));
        }
        let mut sequences: Vec<_> = self.timers.iter().map(|timer| timer.sequence).collect();
        sequences.dedup();
        assert_eq!(sequences.len(), self.timers.len(), "each timer has a sequence of its own");
    }

    /// What may still leave, and what never will.
    fn check_sends(&mut self, applied: &Applied) {
        let closings = self.sends.iter().filter(|sent| sent.purpose == Purpose::Closing);
        let epochs: BTreeSet<_> = closings.clone().map(|sent| sent.epoch).collect();
        assert_eq!(epochs.len(), closings.count(), "one closing message per handover");

        let after = &applied.conversation;
        for effect in &applied.effects {
            match &effect.kind {
                EffectKind::StartTurn { epoch, .. } => {
                    assert_eq!((*epoch, &after.control), (after.epoch, &Control::Bot), "asked in vain");
                }
                EffectKind::Send { purpose: Purpose::Bot, epoch, .. } => {
                    assert_eq!((*epoch, &after.control), (after.epoch, &Control::Bot), "said in vain");
                }
                EffectKind::Send { .. }
                | EffectKind::Arm(_)
                | EffectKind::Notify { .. }
                | EffectKind::Thread { .. }
                | EffectKind::Nudge { .. }
                | EffectKind::Erase { .. }
                | EffectKind::Announce { .. } => {}
            }
        }
        let now = self.world.now;
        for sent in &mut self.sends {
            let verdict = fence(after, sent.purpose, sent.epoch, now, now);
            let human_wrote =
                after.epoch == sent.epoch && after.human().is_some_and(|human| human.last_human_at.is_some());
            match (sent.purpose, verdict) {
                (Purpose::Staff, verdict) => {
                    assert_eq!(verdict == Fence::Submit, !after.opted_out);
                }
                (Purpose::Bot | Purpose::Closing, Fence::Submit) => {
                    assert!(!sent.stale, "what is stale stays stale");
                    assert_eq!(sent.epoch, after.epoch);
                    assert_eq!(sent.purpose == Purpose::Bot, after.human().is_none());
                    assert!(!human_wrote, "nothing of the bot's after a human's message");
                }
                (
                    Purpose::Bot | Purpose::Closing,
                    Fence::Suppress(Suppressed::ControlChanged | Suppressed::HumanWrote),
                ) => sent.stale = true,
                (
                    Purpose::Bot | Purpose::Closing,
                    Fence::Suppress(Suppressed::Expired | Suppressed::OptedOut),
                ) => {}
            }
        }
    }
}

/// What one step may do.
fn check_step(before: &World, event: &Event, applied: &Applied) {
    let (was, is) = (&before.conversation, &applied.conversation);
    let moves = applied
        .handovers
        .iter()
        .filter(|(_, change)| matches!(change, HandoverChange::Open(_) | HandoverChange::Ended { .. }));
    let moves = u64::try_from(moves.count()).ok();
    let counted = is.epoch.checked_sub(was.epoch);
    if applied.record.verdict == Verdict::Erased {
        // Nothing under way may belong to what begins anew.
        assert!(is.epoch > was.epoch && [moves, moves.map(|moves| moves + 2)].contains(&counted));
    } else {
        assert_eq!(moves, counted, "epochs count control");
    }
    assert_eq!(is.epoch % 2 == 0, is.control == Control::Bot);
    assert_eq!(applied.record.epoch, is.epoch);
    assert_eq!((is.version, &is.id, &is.account), (was.version, &was.id, &was.account));
    assert!(is.timer_sequence >= was.timer_sequence && is.recent.len() <= RECENT_HANDOVERS);

    if let EventKind::Message(_) = event.kind {
        assert!(!was.resume_due(before.now) || is.epoch > was.epoch, "a pause with an end ends");
        assert!(
            applied.record.resumed || was.human().is_none() || is.epoch == was.epoch,
            "a client's message never gives control back"
        );
    }
    if let EventKind::Message(_) | EventKind::Contact { .. } = event.kind {
        let held = applied.contact.holder_for(&is.id).is_some();
        assert!(!held || is.human().is_some(), "the bot is silent in all of the contact's conversations");
        assert!(held || !is.human().is_some_and(HumanControl::is_elsewhere), "and no longer than that");
    }
    assert_eq!(
        applied.contact.holding.contains(&is.id),
        is.human().is_some_and(|human| !human.is_elsewhere()),
        "whoever has a stretch of their own holds the others"
    );
    if applied.record.refusal.is_some() {
        let speaks = |effect: &Effect| {
            matches!(effect.kind, EffectKind::Send { purpose: Purpose::Staff | Purpose::Bot, .. })
        };
        assert!(!applied.effects.iter().any(speaks), "a refused command says nothing");
    }
    check_assignment(before, event, applied);
}

/// An assignment ends only by hand, or because its staff member has left.
fn check_assignment(before: &World, event: &Event, applied: &Applied) {
    let Some(assignee) = before.contact.assignee.as_ref().filter(|to| before.directory.has(to)) else {
        return;
    };
    let by_hand = match &event.kind {
        EventKind::Command(command) => {
            matches!(
                command.kind,
                CommandKind::Assign { .. }
                    | CommandKind::Resolve
                    | CommandKind::Release { .. }
                    | CommandKind::Erase
            )
        }
        EventKind::Message(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Receipt(_)
        | EventKind::Echo(_)
        | EventKind::Consent { .. }
        | EventKind::ThreadControl(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Outcome(_)
        | EventKind::Timer(_)
        | EventKind::Contact { .. } => false,
    };
    assert!(by_hand || applied.contact.assignee.is_some(), "an assignment ends only by hand");
    let opens = applied.handovers.iter().any(|(_, change)| matches!(change, HandoverChange::Open(_)));
    if assignee.staff().is_some() && !by_hand && !opens {
        assert_eq!(applied.contact.assignee.as_ref(), Some(assignee));
    }
}

/// A timer of an old epoch or sequence changes nothing.
fn check_stale_timer(before: &World, timer: &Timer, event: &Event) {
    let state = &before.conversation;
    let current = match timer.kind {
        TimerKind::Resume => {
            timer.epoch == state.epoch
                && state.human().is_some_and(|human| {
                    human.resume_sequence == timer.sequence && human.returns != Returns::ByHand
                })
        }
        TimerKind::Promise => state
            .promise
            .is_some_and(|promise| (promise.epoch, promise.sequence) == (timer.epoch, timer.sequence)),
        TimerKind::Wake => return,
    };
    if before.conversation.is_erased() {
        assert_eq!(before.decide(event), Decision::Ignore(Ignored::Erased));
        return;
    }
    let ignored = before.decide(event) == Decision::Ignore(Ignored::StaleTimer);
    assert_eq!(ignored, !current, "{timer:?} in {state:?}");
}
