//! When the bot comes back, what keeps it quiet, and what a promise is worth.

use handover_core::*;

use crate::{build::*, world::*};

/// Handed over at `START` with this pause.
fn paused_for(pause: Pause) -> World {
    let mut world = World::new([HandoverAction { pause, ..human_requested() }]);
    world.take(asks(900));
    world
}

fn timer(world: &mut World, timer: Timer) -> Decision {
    let event = world.event(EventKind::Timer(timer));
    world.process(&event)
}

pub(crate) fn wake() -> Timer {
    Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at: START }
}

#[test]
fn a_pause_is_days_hours_and_minutes() {
    let mut world = paused_for(Pause::For { days: 1, hours: 2, minutes: 3 });
    assert_eq!(world.conversation.resumes_at(), Some(START + hours(26) + minutes(3)));
    world = paused_for(Pause::UntilHandedBack);
    assert_eq!(world.conversation.resumes_at(), None);
    world.pass(hours(10_000));
    assert!(!world.conversation.resume_due(world.now));
}

#[test]
fn the_bot_comes_back_by_the_timer() {
    let mut world = paused_for(for_hours(1));
    let resume = world.resume_timer();
    world.pass(minutes(59));
    assert_eq!(timer(&mut world, resume.clone()), Decision::PutBack(START + hours(1)));
    let applied = world.pass(minutes(1)).take(EventKind::Timer(resume.clone()));
    assert_eq!(applied.record.verdict, Verdict::PauseEnded);
    assert!(applied.record.resumed);
    assert_eq!((&applied.conversation.control, applied.conversation.epoch), (&Control::Bot, 2));
    let at = START + hours(1);
    assert_eq!(applied.conversation.handed_back_at, Some(at));
    assert_eq!(applied.handovers, [(1, HandoverChange::Ended { at, end: HandoverEnd::PauseEnded })]);
    assert_eq!(applied.conversation.open_task, Some(1), "a task is closed by hand");
    // The same timer again.
    assert_eq!(timer(&mut world, resume), Decision::Ignore(Ignored::StaleTimer));
}

#[test]
fn the_bot_comes_back_at_the_next_message_when_every_timer_is_lost() {
    let mut world = paused_for(for_hours(1));
    world.pass(hours(3));
    let applied = world.take(says("hello?"));
    assert_eq!((applied.record.verdict, applied.record.resumed), (Verdict::Turn, true));
    assert_eq!(
        applied.conversation.handed_back_at,
        Some(START + hours(1)),
        "when it was due, not when noticed"
    );
    assert_eq!(turns(&applied), [id("event-2")], "the earlier message is answered along with this one");
    let returning = applied
        .effects
        .iter()
        .any(|effect| matches!(effect.kind, EffectKind::StartTurn { returning: true, epoch: 2, .. }));
    assert!(returning);
}

#[test]
fn the_sweep_finds_what_is_due_and_nothing_else() {
    let mut world = paused_for(for_hours(1));
    assert_eq!(world.conversation.wake_at(), Some(START + hours(1)));
    world.pass(minutes(59));
    assert_eq!(timer(&mut world, wake()), Decision::Ignore(Ignored::NothingDue));
    assert_eq!(world.pass(minutes(1)).take(EventKind::Timer(wake())).record.verdict, Verdict::PauseEnded);
    assert_eq!(world.conversation.wake_at(), Some(START + hours(24)), "the promise is still live");
    let applied = world.pass(hours(23)).take(EventKind::Timer(wake()));
    assert_eq!((applied.record.verdict, applied.record.resumed), (Verdict::PromiseMissed, false));
    assert_eq!(world.conversation.wake_at(), None);
    assert_eq!(timer(&mut world, wake()), Decision::Ignore(Ignored::NothingDue));
}

#[test]
fn a_timer_of_another_epoch_or_sequence_changes_nothing() {
    let mut world = paused_for(for_hours(1));
    let (resume, promise) = (world.resume_timer(), world.promise_timer());
    world.pass(hours(100));
    for stale in [
        Timer { epoch: 0, ..resume.clone() },
        Timer { epoch: 2, ..resume.clone() },
        Timer { sequence: resume.sequence + 1, ..resume },
        Timer { epoch: 0, ..promise.clone() },
        Timer { sequence: promise.sequence + 1, ..promise },
    ] {
        assert_eq!(timer(&mut world, stale), Decision::Ignore(Ignored::StaleTimer));
    }
}

#[test]
fn changing_the_pause_sets_a_new_timer_and_voids_the_old_one() {
    let mut world = paused_for(for_hours(1));
    let old = world.resume_timer();
    let at = world.pass(minutes(10)).now;
    let applied = world.command("ana", CommandKind::Pause { pause: for_hours(5) });
    assert_eq!(applied.conversation.epoch, 1);
    assert_eq!(applied.handovers, [(1, HandoverChange::Paused { resume_at: Some(at + hours(5)) })]);
    assert_eq!(timers(&applied), [world.resume_timer()]);
    assert!(world.resume_timer().sequence > old.sequence);
    world.pass(hours(6));
    assert_eq!(timer(&mut world, old), Decision::Ignore(Ignored::StaleTimer));
    let current = world.resume_timer();

    let mut by_hand = world.clone();
    by_hand.now = at;
    let applied = by_hand.command("ana", CommandKind::Pause { pause: Pause::UntilHandedBack });
    assert_eq!(applied.handovers, [(1, HandoverChange::Paused { resume_at: None })]);
    assert!(timers(&applied).is_empty());
    assert_eq!(timer(&mut by_hand, current.clone()), Decision::Ignore(Ignored::StaleTimer));

    assert_eq!(world.take(EventKind::Timer(current)).record.verdict, Verdict::PauseEnded);
}

#[test]
fn silencing_the_bot_is_a_stretch_of_its_own() {
    let mut world = World::new([]);
    let applied = world.command("ben", CommandKind::Pause { pause: for_hours(1) });
    assert_eq!(applied.record.verdict, Verdict::PauseSet);
    assert_eq!(opened(&applied).origin, Origin::Pause { by: by("ben") });
    assert_eq!(opened(&applied).resume_at, Some(START + hours(1)));
    assert!(sends(&applied).is_empty());
}

#[test]
fn a_human_who_writes_keeps_the_bot_quiet() {
    let quiet = |wrote_at: u64| {
        let mut world = paused_for(for_hours(1));
        world.pass(minutes(wrote_at)).take(human_echo());
        world.conversation.resumes_at()
    };
    assert_eq!(quiet(10), Some(START + minutes(60)), "long before the end it changes nothing");
    assert_eq!(quiet(45), Some(START + minutes(60)));
    assert_eq!(quiet(46), Some(START + minutes(61)));
    assert_eq!(quiet(59), Some(START + minutes(74)));
}

#[test]
fn the_quiet_time_is_the_one_that_the_stretch_began_with() {
    let mut world = paused_for(for_hours(1)).with(|bot| bot.quiet_minutes = 1_000);
    world.pass(minutes(59)).take(human_echo());
    assert_eq!(world.conversation.resumes_at(), Some(START + minutes(74)));
}

#[test]
fn a_human_holds_the_bot_back_24_hours_at_most() {
    let mut world = paused_for(for_hours(1));
    world.pass(minutes(49));
    for _ in 0..144 {
        world.pass(minutes(10)).take(human_echo());
        assert_eq!(world.conversation.epoch, 1);
    }
    assert_eq!(world.conversation.resumes_at(), Some(START + hours(25)));
    let resume = world.resume_timer();
    assert_eq!(timer(&mut world, resume.clone()), Decision::PutBack(START + hours(25)));
    assert_eq!(world.pass(minutes(11)).take(EventKind::Timer(resume)).record.verdict, Verdict::PauseEnded);
}

#[test]
fn a_message_that_came_within_the_pause_is_an_unanswered_one() {
    let mut world = paused_for(for_hours(1));
    world.pass(minutes(1)).take(reply("ana"));
    let written_at = world.pass(minutes(50)).now;
    world.pass(hours(1));
    let mut event = world.event_at(asks(900), written_at);
    event.id = id("late");
    let Decision::Apply(applied) = world.process(&event) else { panic!("not kept") };
    assert_eq!((applied.record.verdict, applied.record.resumed), (Verdict::Paused, true));
    assert_eq!(turns(&applied), [id("late")]);
    assert_eq!(applied.conversation.control, Control::Bot);
}

#[test]
fn the_pause_is_over_at_its_very_end() {
    let mut world = paused_for(for_hours(1));
    let written_at = world.pass(minutes(59)).now;
    world.pass(minutes(1));
    assert!(world.conversation.resume_due(world.now));
    let late = world.clone().take_at(says("hello?"), written_at);
    assert_eq!((late.record.verdict, late.record.resumed), (Verdict::Paused, true));
    assert_eq!(world.take(says("hello?")).record.verdict, Verdict::Turn);
}

#[test]
fn what_becomes_of_an_unanswered_message_when_the_bot_comes_back() {
    let back = |world: &World, policy, waited: u64| {
        let mut world = world.clone().with(|bot| bot.unanswered = policy);
        world.pass(hours(waited)).take(EventKind::Timer(wake()))
    };
    let world = paused_for(for_hours(1));
    assert_eq!(turns(&back(&world, UnansweredPolicy::Answer, 1)), [id("event-1")]);
    assert_eq!(turns(&back(&world, UnansweredPolicy::Answer, 23)).len(), 1);
    assert!(turns(&back(&world, UnansweredPolicy::Answer, 24)).is_empty(), "too old to answer");
    assert!(turns(&back(&world, UnansweredPolicy::StayQuiet, 1)).is_empty());

    let again = back(&world, UnansweredPolicy::HandOverAgain, 1);
    assert_eq!(again.record.verdict, Verdict::PauseEnded);
    assert_eq!((again.conversation.epoch, opened(&again).origin.name()), (3, "human_requested"));
    assert_eq!(sends(&again).len(), 1);

    // Answered: nothing to do.
    let mut answered = world.clone();
    answered.pass(minutes(1)).take(reply("ana"));
    for policy in [UnansweredPolicy::Answer, UnansweredPolicy::HandOverAgain] {
        let applied = back(&answered, policy, 2);
        assert_eq!((turns(&applied).len(), &applied.conversation.control), (0, &Control::Bot));
    }
    // An external bot is not asked, and whoever opted out is not written to.
    let external = world.clone().with(|bot| bot.connector = Connector::External);
    assert!(turns(&back(&external, UnansweredPolicy::Answer, 1)).is_empty());
    let mut opted_out = world.clone();
    opted_out.take(EventKind::Consent { opted_out: true });
    assert!(turns(&back(&opted_out, UnansweredPolicy::Answer, 1)).is_empty());
}

#[test]
fn handing_over_again_uses_the_same_action_or_the_first_for_requests() {
    let unanswered = |actions: Vec<HandoverAction>, change: fn(&mut World)| {
        let mut world = World::new(actions).with(|bot| bot.unanswered = UnansweredPolicy::HandOverAgain);
        world.command("max", CommandKind::Pause { pause: for_hours(1) });
        world.take(says("hello?"));
        change(&mut world);
        world.pass(hours(2)).take(EventKind::Timer(wake()))
    };
    let applied = unanswered(vec![custom("sales"), human_requested()], |_| {});
    assert_eq!(applied.record.action, Some(id("human")));
    // Where it may not or cannot, the bot answers.
    for applied in [
        unanswered(vec![custom("sales")], |_| {}),
        unanswered(vec![human_requested()], |world| world.account.labs.human_handover = false),
        unanswered(vec![human_requested()], |world| world.bot().handover = false),
        unanswered(vec![human_requested()], |world| world.bot().actions = vec![off(human_requested())]),
    ] {
        assert_eq!((&applied.conversation.control, turns(&applied).len()), (&Control::Bot, 1));
    }

    let mut world = World::new([lack_of_knowledge(), human_requested()])
        .with(|bot| bot.unanswered = UnansweredPolicy::HandOverAgain);
    world.take(media(MediaKind::Audio, None));
    let mut switched_off = world.clone();
    let applied = world.pass(hours(2)).take(EventKind::Timer(wake()));
    assert_eq!(applied.record.action, Some(id("lack")));
    switched_off.bot().actions = vec![off(lack_of_knowledge()), human_requested()];
    let applied = switched_off.pass(hours(2)).take(EventKind::Timer(wake()));
    assert_eq!(applied.record.action, Some(id("human")));
}

#[test]
fn a_message_that_the_bot_will_not_see_leaves_the_earlier_one_a_turn() {
    for (message, asked) in [
        (says("hello?"), "event-2"),
        (media(MediaKind::Image, Some("this one")), "event-2"),
        (media(MediaKind::Sticker, None), "event-1"),
    ] {
        let mut world = paused_for(for_hours(1));
        let applied = world.pass(hours(2)).take(message);
        assert_eq!(turns(&applied), [id(asked)]);
    }
}

#[test]
fn a_turn_that_would_be_stale_at_once_is_not_started() {
    let mut world = paused_for(for_hours(1));
    world.pass(hours(2));
    for kind in [CommandKind::Claim, CommandKind::Pause { pause: for_hours(1) }] {
        let mut world = world.clone();
        let applied = world.command("ana", kind);
        assert!(turns(&applied).is_empty());
        assert_eq!(world.human().waiting.as_ref().map(|waiting| &waiting.event), Some(&id("event-1")));
    }
    assert!(turns(&world.clone().take(edit(asks(900)))).is_empty());
}

#[test]
fn a_promise_falls_due_with_the_task_or_before_the_window_closes() {
    let due = |channel: Channel, sent_ago: Option<u64>| {
        let mut world = World::new([human_requested()]).on(channel);
        let mut event = world.event(asks(900));
        event.sent_at = sent_ago.map(|ago| world.now.minus(hours(ago)));
        world.process(&event);
        let promise = world.conversation.promise.expect("a promise");
        promise.due_at.since(START)
    };
    for channel in [Channel::Web, Channel::Sms, Channel::Telegram, Channel::Slack, Channel::Other] {
        assert_eq!(due(channel, None), hours(24));
    }
    for channel in [Channel::WhatsApp, Channel::Messenger, Channel::Instagram] {
        assert_eq!(due(channel, None), hours(23));
        assert_eq!(due(channel, Some(10)), hours(13));
        assert_eq!(due(channel, Some(23)), hours(24), "a window that closes now cannot be met");
    }
}

#[test]
fn a_message_from_the_future_does_not_lengthen_the_window() {
    let mut world = World::new([human_requested()]).on(Channel::WhatsApp);
    let mut event = world.event(asks(900));
    event.sent_at = Some(world.now + minutes(30));
    world.process(&event);
    assert_eq!(world.conversation.promise.map(|promise| promise.due_at), Some(START + hours(23)));
}

#[test]
fn without_a_message_the_window_counts_from_the_last_one() {
    let mut world = World::new([human_requested()]).on(Channel::WhatsApp);
    world.take(says("hello"));
    world.pass(hours(10));
    let start = CommandKind::StartHandover { action: None };
    assert_eq!(opened(&world.command("max", start)).promise_due_at, START + hours(23));
}

#[test]
fn an_earlier_promise_is_not_put_off_by_a_new_one() {
    let mut world = paused_for(for_hours(1));
    world.pass(hours(2)).take(says("hello?"));
    let at = world.now;
    let applied = world.take(asks(900));
    let released = HandoverChange::Promise { state: PromiseState::Released, at };
    assert!(applied.handovers.contains(&(1, released)));
    assert_eq!(opened(&applied).promise_due_at, START + hours(24));
    assert_eq!(applied.conversation.promise.map(|promise| promise.epoch), Some(3));
}

#[test]
fn a_missed_promise_is_told_once() {
    let mut world = paused_for(for_hours(48));
    let promise = world.promise_timer();
    world.pass(hours(23));
    assert_eq!(timer(&mut world, promise.clone()), Decision::PutBack(START + hours(24)));
    let applied = world.pass(hours(1)).take(EventKind::Timer(promise.clone()));
    assert_eq!(applied.record.verdict, Verdict::PromiseMissed);
    let at = START + hours(24);
    assert_eq!(applied.handovers, [(1, HandoverChange::Promise { state: PromiseState::Missed, at })]);
    let responsible = Audience::AssigneeAndAdmins(staff("ana"));
    assert_eq!(notifications(&applied), [(NotificationKind::PromiseMissed, responsible)]);
    assert_eq!(world.conversation.epoch, 1, "the pause goes on");
    assert_eq!(timer(&mut world, promise), Decision::Ignore(Ignored::StaleTimer));
    let late = world.take(reply("ana"));
    assert!(late.handovers.contains(&(1, HandoverChange::FirstReply(at))));
    assert!(!late.handovers.iter().any(|(_, change)| matches!(change, HandoverChange::Promise { .. })));
}

#[test]
fn an_overdue_promise_is_noticed_by_whatever_comes_first() {
    let mut world = paused_for(Pause::UntilHandedBack);
    world.pass(hours(30));
    let applied = world.take(says("hello?"));
    let at = START + hours(24);
    assert_eq!(applied.handovers, [(1, HandoverChange::Promise { state: PromiseState::Missed, at })]);
    assert_eq!(applied.record.verdict, Verdict::Paused);
}
