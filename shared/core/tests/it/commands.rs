//! What staff and API clients may do, and when they are refused.

use handover_core::*;

use crate::{build::*, world::*};

fn refusal(applied: &Applied) -> Option<&Refusal> {
    assert_eq!(applied.record.verdict == Verdict::Refused, applied.record.refusal.is_some());
    applied.record.refusal.as_ref()
}

#[test]
fn a_handover_does_everything_that_its_action_says() {
    let mut world = World::new([human_requested()]);
    let event = world.pass(hours(1)).event(asks(900));
    let Decision::Apply(applied) = world.process(&event) else { panic!("not kept") };
    let at = world.now;
    let origin = Origin::Action {
        action: id("human"),
        bot: id("bot"),
        revision: 7,
        scenario: ScenarioKind::HumanRequested,
    };
    let expected = Handover {
        epoch: 1,
        origin: origin.clone(),
        trigger: event.id.clone(),
        started_at: at,
        resume_at: Some(at + hours(48)),
        assignee: Some(staff("ana")),
        tag: Some("human_handover".to_owned()),
        task: Some(Task { due_at: at + hours(24), closed_at: None }),
        promise_due_at: at + hours(24),
        reply_by: None,
        promise: PromiseState::Open,
        promise_settled_at: None,
        urgency: 0,
        claimed_at: None,
        first_reply_at: None,
        ended_at: None,
        end: None,
    };
    assert_eq!(applied.handovers, [(1, HandoverChange::Open(Box::new(expected)))]);
    let conversation = &applied.conversation;
    assert_eq!(conversation.control_since, at);
    assert_eq!(conversation.open_task, Some(1));
    assert_eq!(conversation.promise, Some(Promise { epoch: 1, due_at: at + hours(24), sequence: 2 }));
    assert_eq!(conversation.recent.len(), 1);
    let human = HumanControl {
        origin,
        returns: Returns::At(at + hours(48)),
        quiet_minutes: 15,
        last_human_at: None,
        waiting: Some(Waiting::new(event.id.clone(), at)),
        urgency: 0,
        claimed: false,
        resume_sequence: 1,
    };
    assert_eq!(conversation.human(), Some(&human));
    assert_eq!(applied.contact.assignee, Some(staff("ana")));
    assert!(applied.contact.tags.contains("human_handover"));
    let ana = || Audience::Assignee(staff("ana"));
    let told = [(NotificationKind::ConversationAssigned, ana()), (NotificationKind::TaskAssigned, ana())];
    assert_eq!(notifications(&applied), told);
    assert_eq!(sends(&applied), [Purpose::Closing]);
    let timer = |kind, sequence, due_at| Timer { kind, epoch: 1, sequence, due_at };
    assert_eq!(
        timers(&applied),
        [timer(TimerKind::Resume, 1, at + hours(48)), timer(TimerKind::Promise, 2, at + hours(24))]
    );
    assert_eq!((applied.record.epoch, applied.record.revision), (1, Some(7)));
}

#[test]
fn an_action_may_do_without_text_task_tag_and_end() {
    let action = HandoverAction {
        closing_message: ClosingMessage::SendNothing,
        create_task: false,
        tag: None,
        pause: Pause::UntilHandedBack,
        ..human_requested()
    };
    let applied = World::new([action]).take(asks(900));
    let handover = opened(&applied);
    assert_eq!((handover.task, handover.tag.as_deref(), handover.resume_at), (None, None, None));
    assert!(sends(&applied).is_empty() && applied.contact.tags.is_empty());
    assert_eq!(applied.conversation.open_task, None);
    let told = [(NotificationKind::ConversationAssigned, Audience::Assignee(staff("ana")))];
    assert_eq!(notifications(&applied), told);
    assert!(timers(&applied).iter().all(|timer| timer.kind == TimerKind::Promise));
}

#[test]
fn a_command_over_24_hours_old_is_refused() {
    let mut world = World::new([]);
    let received_at = world.now;
    world.pass(hours(25));
    let applied = world.take_at(reply("ana"), received_at);
    assert_eq!((refusal(&applied), applied.effects.len()), (Some(&Refusal::TooOld), 0));
}

#[test]
fn a_reply_takes_control_while_the_bot_has_it() {
    let mut world = World::new([]);
    let applied = world.take(reply("ben"));
    assert_eq!(applied.record.verdict, Verdict::StaffReplied);
    let origin = Origin::Takeover { by: Some(by("ben")), app: None };
    assert_eq!(opened(&applied).origin, origin);
    assert_eq!(opened(&applied).claimed_at, Some(START));
    assert_eq!(sends(&applied), [Purpose::Staff]);
}

#[test]
fn a_reply_in_a_handover_keeps_the_promise_once() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let at = world.pass(minutes(5)).now;
    let first = world.take(reply("ana"));
    let kept = HandoverChange::Promise { state: PromiseState::Kept, at };
    // The first answer of whom it was given to is their claim.
    let claimed = HandoverChange::Assigned { to: Some(Assignee::Staff(id("ana"))), claimed_at: Some(at) };
    assert_eq!(first.handovers, [(1, HandoverChange::FirstReply(at)), (1, kept), (1, claimed)]);
    assert_eq!(first.conversation.promise, None);
    let human = first.conversation.human().expect("humans");
    assert_eq!((human.last_human_at, human.waiting.as_ref()), (Some(at), None));
    let second = world.pass(minutes(5)).take(reply("ana"));
    assert!(second.handovers.is_empty());
    assert_eq!(names(&second), ["send staff text"]);
    assert_eq!(world.human().last_human_at, Some(at + minutes(5)));
}

#[test]
fn nobody_writes_to_a_client_who_opted_out() {
    let mut world = World::new([human_requested()]);
    world.take(EventKind::Consent { opted_out: true });
    for kind in [reply("ana"), bot_message(0, ReplySignals::default())] {
        let applied = world.take(kind);
        assert_eq!((refusal(&applied), applied.effects.len()), (Some(&Refusal::OptedOut), 0));
    }
}

#[test]
fn a_hand_back_gives_control_and_settles() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let at = world.pass(minutes(5)).now;
    let applied = world.command("ana", CommandKind::HandBack);
    assert_eq!(applied.record.verdict, Verdict::HandedBack);
    let end = HandoverEnd::HandedBack { by: Some(by("ana")) };
    assert_eq!(
        applied.handovers,
        [
            (1, HandoverChange::Promise { state: PromiseState::Released, at }),
            (1, HandoverChange::TaskClosed(at)),
            (1, HandoverChange::Ended { at, end }),
        ]
    );
    let after = &applied.conversation;
    assert_eq!((&after.control, after.epoch), (&Control::Bot, 2));
    assert_eq!((after.handed_back_at, after.control_since), (Some(at), at));
    assert_eq!((after.promise, after.open_task), (None, None));
    assert_eq!(applied.contact.assignee, Some(staff("ana")), "an assignment ends only by hand");
    assert_eq!(refusal(&world.command("ana", CommandKind::HandBack)), Some(&Refusal::AlreadyWithBot));
}

#[test]
fn a_hand_back_sticks_and_the_bot_answers_what_waited() {
    for (policy, asked) in [
        (UnansweredPolicy::Answer, 1),
        (UnansweredPolicy::HandOverAgain, 1),
        (UnansweredPolicy::StayQuiet, 0),
    ] {
        let mut world = World::new([human_requested()]).with(|bot| bot.unanswered = policy);
        world.take(asks(900));
        let applied = world.pass(minutes(1)).command("ana", CommandKind::HandBack);
        assert_eq!(applied.conversation.control, Control::Bot);
        assert_eq!(turns(&applied).len(), asked);
    }
}

#[test]
fn whoever_resolves_has_dealt_with_everything() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let at = world.pass(minutes(5)).now;
    let applied = world.command("ana", CommandKind::Resolve);
    let end = HandoverEnd::Resolved { by: by("ana") };
    assert_eq!(
        applied.handovers,
        [
            (1, HandoverChange::Promise { state: PromiseState::Released, at }),
            (1, HandoverChange::TaskClosed(at)),
            (1, HandoverChange::Ended { at, end }),
        ]
    );
    assert_eq!((applied.contact.assignee.as_ref(), turns(&applied).len()), (None, 0));
    assert_eq!(applied.conversation.control, Control::Bot);
    // What the client wrote since is not dealt with.
    let mut world = World::new([human_requested()]);
    world.take(human_echo());
    let resolved_at = world.pass(minutes(1)).now;
    world.pass(seconds(1)).take(says("wait!"));
    let applied = world.take_at(command(by("ana"), CommandKind::Resolve), resolved_at);
    assert_eq!(turns(&applied).len(), 1);
}

#[test]
fn resolving_after_the_pause_closes_what_is_left_and_asks_nobody() {
    let mut world = World::new([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    world.take(asks(900));
    let applied = world.pass(hours(2)).command("ana", CommandKind::Resolve);
    assert!(applied.record.resumed);
    assert!(turns(&applied).is_empty());
    assert_eq!((applied.conversation.open_task, applied.conversation.promise), (None, None));
    assert_eq!(applied.contact.assignee, None);
}

#[test]
fn a_handover_starts_by_hand_with_an_actions_settings() {
    let world = World::new([off(human_requested()), custom("sales")]);
    let start = |world: &mut World, action: Option<&str>| {
        let kind = CommandKind::StartHandover { action: action.map(id) };
        world.command("max", kind)
    };
    let applied = start(&mut world.clone(), None);
    assert_eq!(applied.record.action, Some(id("sales")), "the first enabled one");
    assert_eq!(applied.record.scenario, Some(ScenarioKind::Custom));
    let applied = start(&mut world.clone(), Some("human"));
    assert_eq!(applied.record.action, Some(id("human")), "chosen by hand, enabled or not");
    assert_eq!(refusal(&start(&mut world.clone(), Some("none"))), Some(&Refusal::NoSuchAction));
    assert_eq!(refusal(&start(&mut World::new([]), None)), Some(&Refusal::NoEnabledAction));
    let mut labs_off = world.clone();
    labs_off.account.labs.human_handover = false;
    assert_eq!(refusal(&start(&mut labs_off, None)), Some(&Refusal::LabsOff));
    let mut with_humans = world.clone();
    with_humans.take(human_echo());
    assert_eq!(refusal(&start(&mut with_humans, None)), Some(&Refusal::AlreadyWithHumans));
}

#[test]
fn tags_come_and_go() {
    let mut world = World::new([]);
    let first = world.command("ana", tag("vip", true));
    assert_eq!(names(&first), ["tag.added"]);
    let second = world.command("ana", tag("late", true));
    assert_ne!(first.effects.first().map(|e| &e.id), second.effects.first().map(|e| &e.id));
    assert!(world.command("ana", tag("vip", true)).effects.is_empty(), "it is there already");
    world.command("ana", tag("vip", false));
    assert_eq!(world.contact.tags.iter().collect::<Vec<_>>(), ["late"]);
}

#[test]
fn a_task_is_completed_once() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let done = world.command("ana", CommandKind::CompleteTask);
    assert_eq!(done.handovers, [(1, HandoverChange::TaskClosed(START))]);
    assert_eq!(refusal(&world.command("ana", CommandKind::CompleteTask)), Some(&Refusal::NoOpenTask));
}

#[test]
fn an_external_bot_speaks_only_in_the_epoch_that_it_asked_in() {
    let mut world = World::new([human_requested()]).with(|bot| bot.connector = Connector::External);
    let applied = world.take(bot_message(0, ReplySignals::default()));
    assert_eq!(applied.record.verdict, Verdict::BotReplied);
    assert_eq!(sends(&applied), [Purpose::Bot]);
    assert_eq!(applied.conversation.bot_messages.on(START), 1);
    for epoch in [1, u64::MAX] {
        let applied = world.take(bot_message(epoch, ReplySignals::default()));
        assert_eq!(refusal(&applied), Some(&Refusal::StaleEpoch));
    }
    world.take(asks(900));
    let applied = world.take(bot_message(1, ReplySignals::default()));
    assert_eq!((refusal(&applied), sends(&applied).len()), (Some(&Refusal::StaleEpoch), 0));
}

#[test]
fn an_external_bot_that_promises_a_person_hands_over_instead() {
    let mut world = World::new([human_requested()]);
    let applied = world.take(bot_message(0, PROMISES_PERSON));
    assert_eq!(applied.record.verdict, Verdict::HandedOver);
    assert_eq!(sends(&applied), [Purpose::Closing]);
    // Where no action is enabled its word goes out, and the admins hear of it.
    let applied = World::new([]).take(bot_message(0, PROMISES_PERSON));
    assert_eq!(names(&applied), ["tell admins not_configured", "send no-answer message"]);
}

#[test]
fn switching_off_stops_new_handovers_and_open_ones_end_as_they_would() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    world.account.labs.human_handover = false;
    world.bot().handover = false;
    world.bot().actions.clear();
    world.pass(hours(47));
    assert_eq!(world.take(says("hello?")).record.verdict, Verdict::Paused);
    let timer = world.pass(hours(1)).resume_timer();
    let applied = world.take(EventKind::Timer(timer));
    assert_eq!((applied.record.verdict, &applied.conversation.control), (Verdict::PauseEnded, &Control::Bot));
}
