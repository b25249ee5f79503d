//! What falls due by itself, each told once: tasks, reply windows, pauses that leave a client unanswered.

use handover_core::*;

use crate::{build::*, pauses::wake, world::*};

fn wakes(world: &mut World) -> Applied {
    world.take(EventKind::Timer(wake()))
}

fn about(applied: &Applied) -> Vec<NotificationKind> {
    notifications(applied).into_iter().map(|(about, _)| about).collect()
}

fn announced(applied: &Applied) -> Vec<Announcement> {
    let of = |effect: &Effect| match effect.kind {
        EffectKind::Announce { what, .. } => Some(what),
        EffectKind::Notify { .. }
        | EffectKind::Send { .. }
        | EffectKind::StartTurn { .. }
        | EffectKind::Arm(_)
        | EffectKind::Thread { .. }
        | EffectKind::Nudge { .. }
        | EffectKind::Erase { .. } => None,
    };
    applied.effects.iter().filter_map(of).collect()
}

fn external(actions: impl IntoIterator<Item = HandoverAction>) -> World {
    World::new(actions).with(|bot| bot.connector = Connector::External)
}

#[test]
fn an_open_task_is_overdue_once() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    // Answered in time: the promise is kept, and the task stays open.
    world.pass(hours(1)).command("ana", CommandKind::Reply { text: "hello".to_owned(), seen: None });
    let due_at = START + hours(24);
    assert_eq!(world.conversation.wake_at(), Some(due_at));
    world.pass(hours(23));
    let applied = wakes(&mut world);
    assert_eq!(applied.record.verdict, Verdict::TaskOverdue);
    assert_eq!(announced(&applied), [Announcement::TaskOverdue]);
    let ana = Audience::Assignee(staff("ana"));
    assert_eq!(notifications(&applied), [(NotificationKind::TaskOverdue, ana)]);
    assert_eq!((world.conversation.open_task, world.conversation.task_due_at), (Some(1), None));
    // Once: whatever comes after it says nothing of it.
    let applied = world.pass(hours(1)).take(says("hello?"));
    assert!(announced(&applied).is_empty());
}

#[test]
fn a_task_that_is_closed_is_never_overdue() {
    for kind in [CommandKind::CompleteTask, CommandKind::HandBack, CommandKind::Resolve] {
        let mut world = World::new([human_requested()]);
        world.take(asks(900));
        world.pass(hours(1)).command("ana", kind);
        assert_eq!((world.conversation.open_task, world.conversation.task_due_at), (None, None));
    }
    // A newer handover's task takes its place, and its time.
    let mut world = World::new([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    world.take(asks(900));
    world.pass(hours(2)).take(asks(900));
    assert_eq!(world.conversation.task_due_at, Some(START + hours(26)));
}

#[test]
fn who_hears_that_a_client_was_not_answered_hears_of_the_task_at_once() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    // The promise fell due before the window closed, the task after it; nobody looked until now.
    world.pass(hours(25));
    let applied = wakes(&mut world);
    assert_eq!(announced(&applied), [Announcement::PromiseMissed, Announcement::TaskOverdue]);
    assert!(about(&applied).contains(&NotificationKind::PromiseMissed));
    assert!(!about(&applied).contains(&NotificationKind::TaskOverdue));
}

#[test]
fn staff_hear_before_the_reply_window_closes() {
    let mut world = World::new([human_requested()]).on(Channel::WhatsApp);
    world.take(asks(900));
    world.pass(hours(1)).command("ana", CommandKind::Reply { text: "hello".to_owned(), seen: None });
    assert_eq!(world.conversation.window_told_at(), None, "nobody waits");
    world.pass(hours(4)).take(says("and one more thing"));
    let due_at = START + hours(5 + 24 - 2);
    assert_eq!(world.conversation.window_told_at(), Some(due_at));
    world.pass(hours(21));
    assert_eq!(wakes(&mut world).record.verdict, Verdict::TaskOverdue);
    assert_eq!(world.conversation.wake_at(), Some(due_at));
    world.pass(hours(1));
    let applied = wakes(&mut world);
    assert_eq!(applied.record.verdict, Verdict::WindowClosing);
    let ana = Audience::Assignee(staff("ana"));
    assert_eq!(notifications(&applied), [(NotificationKind::WindowClosing, ana)]);
    let event = world.event(EventKind::Timer(wake()));
    assert!(matches!(world.decide(&event), Decision::Ignore(Ignored::NothingDue)), "told once");
    // Who was answered since and writes again starts anew.
    world.command("ana", CommandKind::Reply { text: "here".to_owned(), seen: None });
    world.pass(hours(2)).take(says("thanks, but..."));
    assert_eq!(world.conversation.window_told_at(), Some(world.now + hours(22)));
}

#[test]
fn a_channel_without_a_window_warns_of_none() {
    let mut world = World::new([human_requested()]).on(Channel::Sms);
    world.take(asks(900));
    assert_eq!(world.conversation.window_told_at(), None);
}

#[test]
fn a_pause_that_leaves_a_client_to_an_external_bot_is_told() {
    let mut world = external([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    world.take(asks(900));
    world.pass(hours(1));
    let applied = wakes(&mut world);
    assert_eq!(applied.record.verdict, Verdict::PauseEnded);
    let told = (NotificationKind::Unanswered, Audience::AssigneeAndAdmins(staff("ana")));
    assert_eq!(notifications(&applied), [told]);

    // Not where the bot answers, where a human did, or where a human gives it back.
    let mut answers = World::new([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    answers.take(asks(900));
    answers.pass(hours(1));
    assert!(about(&wakes(&mut answers)).is_empty());
    let mut answered = external([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    answered.take(asks(900));
    answered.pass(minutes(1)).command("ana", CommandKind::Reply { text: "hello".to_owned(), seen: None });
    answered.pass(hours(2));
    assert!(about(&wakes(&mut answered)).is_empty());
    let mut back = external([human_requested()]);
    back.take(asks(900));
    assert!(about(&back.pass(minutes(1)).command("ana", CommandKind::HandBack)).is_empty());
}

#[test]
fn a_second_stretch_that_ends_unanswered_is_told_and_not_begun_a_third_time() {
    let again = |world: &mut World| {
        world.bot().unanswered = UnansweredPolicy::HandOverAgain;
        world.take(asks(900));
        world.pass(hours(1));
        let second = wakes(world);
        assert_eq!((world.conversation.epoch, about(&second).len()), (3, 2), "handed over again, and told");
        let waiting = world.conversation.human().unwrap().waiting.clone().unwrap();
        assert_eq!((waiting.event, waiting.since, waiting.again), (id("event-1"), START, true));
        world.pass(hours(1));
        wakes(world)
    };
    let action = || HandoverAction { pause: for_hours(1), ..human_requested() };
    let mut world = external([action()]);
    let ended = again(&mut world);
    assert_eq!((&world.conversation.control, world.conversation.epoch), (&Control::Bot, 4));
    assert_eq!(about(&ended), [NotificationKind::Unanswered]);
    // A bot that can be asked answers what has waited all along.
    let mut world = World::new([action()]);
    let ended = again(&mut world);
    assert_eq!((turns(&ended), about(&ended).len()), (vec![id("event-1")], 0));
}

#[test]
fn what_a_human_takes_up_in_the_same_moment_is_not_told_as_unanswered() {
    let mut world = external([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    world.take(asks(900));
    world.pass(hours(2));
    let applied = world.command("ana", CommandKind::Claim);
    assert!(applied.record.resumed && about(&applied).is_empty());
    let waiting = world.conversation.human().unwrap().waiting.clone().unwrap();
    assert_eq!((waiting.event, waiting.since), (id("event-1"), START), "it still waits");
}
