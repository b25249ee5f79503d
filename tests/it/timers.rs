//! Timers that cannot be lost: Scheduler down, every timer dropped, doubled, early, late; what falls due is
//! told once all the same.

use std::{collections::BTreeMap, time::Duration};

use handover_aws::queue::{Timed, timer_event};
use handover_cloud::{Service, Verdict as Fate, scheduler::Lateness, sqs::SendRequest};
use handover_core::{Announcement, Control, NotificationKind, PromiseState, Timer, TimerKind, Timestamp};
use handover_tests::{MINUTE, START_MS, View, World};
use http::StatusCode;
use serde_json::json;

use crate::{
    automations::types,
    console::{Api, alex, billie},
    notify::{AUTOMATION, CLIENT, SAID, answers, listen, sent_to},
};

const HOUR: Duration = Duration::from_hours(1);
const OTHER: &str = "+4915100000002";

fn start() -> Timestamp {
    Timestamp::from_ms(START_MS)
}

/// How often staff were told what, about this conversation.
fn told(view: &View) -> BTreeMap<NotificationKind, usize> {
    let mut told = BTreeMap::new();
    let here =
        view.notes.iter().filter(|(_, note)| note.conversation.as_ref() == Some(&view.conversation.id));
    for (_, note) in here {
        *told.entry(note.about).or_default() += 1;
    }
    told
}

/// Lets a timer of the conversation arrive now, whatever its time.
async fn timer(world: &World, kind: TimerKind, sequence: u32, due_at: Timestamp) {
    let inbox = &world.twilio().inbox;
    let timer = Timer { kind, epoch: 1, sequence, due_at };
    let id = world.conversation(world.twilio(), CLIENT);
    let envelope = Box::new(timer_event(&inbox.account, &inbox.id, &id, &timer, world.now()));
    let body = serde_json::to_string(&Timed::Event { envelope }).unwrap();
    let message = SendRequest { body, ..SendRequest::default() };
    world.local.cloud().sqs().send(&world.queue("TimersQueue"), &message).unwrap();
    world.settle().await;
}

async fn until_handed_back(world: &World) {
    let pause = json!({"pause": "until_handed_back", "staff": alex(world)});
    assert_eq!(Api::clinic(world).command("pause", "p", &pause).await.status, StatusCode::OK);
    world.settle().await;
}

/// Scheduler takes nothing and calls nobody: the sweep's schedule does not fire either.
fn scheduler_down(world: &World) {
    world.drop_timers();
    let broken = Fate::Fail { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() };
    world.strike_all(broken, |call| call.service == Service::Scheduler);
}

fn scheduler_up(world: &World) {
    world.heal();
    world.local.cloud().scheduler().set_lateness(Lateness::Exact);
}

#[tokio::test]
async fn scheduler_down_for_an_hour() {
    let world = World::new(1).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel_to(30 * MINUTE).await;
    scheduler_down(&world);
    // A handover in the middle of it stands, with its closing message.
    world.travel_to(45 * MINUTE).await;
    world.say(world.twilio(), OTHER, "2", SAID).await;
    assert_eq!(world.see(OTHER).await.texts.len(), 1);
    world.travel_to(90 * MINUTE).await;
    assert!(world.see(CLIENT).await.conversation.human().is_some(), "its timer was lost");
    scheduler_up(&world);
    world.travel_to(96 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + HOUR), "when it was due");
    // What could not be set then was set afterwards.
    assert!(world.see(OTHER).await.conversation.human().is_some());
    world.travel_to(107 * MINUTE).await;
    assert_eq!(world.see(OTHER).await.conversation.control, Control::Bot);
    world.assert_nothing_left();
}

#[tokio::test]
async fn everything_that_falls_due_is_told_once_with_every_timer_dropped_or_doubled() {
    for (seed, lateness) in [(2, Lateness::Dropped), (3, Lateness::Doubled), (4, Lateness::Seeded(9))] {
        let world = World::new(seed).await;
        let dropped = lateness == Lateness::Dropped;
        if dropped {
            world.stop_sweep();
        }
        world.local.cloud().scheduler().set_lateness(lateness);
        world.say(world.twilio(), CLIENT, "1", SAID).await;
        until_handed_back(&world).await;
        // The window warns at 22 hours, the promise is broken at 23, the task overdue at 24.
        let expected = [
            (22 * 60, NotificationKind::WindowClosing),
            (23 * 60, NotificationKind::PromiseMissed),
            (24 * 60, NotificationKind::TaskOverdue),
        ];
        for (due, about) in expected {
            world.travel_to((due - 1) * MINUTE).await;
            assert_eq!(told(&world.see(CLIENT).await).get(&about), None, "{lateness:?}: {about:?} early");
            world.travel_to((due + 6) * MINUTE).await;
            if dropped {
                world.sweep().await;
            }
            assert_eq!(told(&world.see(CLIENT).await).get(&about), Some(&1), "{lateness:?}: {about:?}");
        }
        // Sweeping on and on tells nothing again.
        for _ in 0..3 {
            world.travel(7 * MINUTE).await;
            world.sweep().await;
        }
        let view = world.see(CLIENT).await;
        for (_, about) in expected {
            assert_eq!(told(&view).get(&about), Some(&1), "{lateness:?}: {about:?}");
        }
        assert_eq!(view.handovers.first().unwrap().promise, PromiseState::Missed);
        assert_eq!(view.conversation.wake_at(), None, "nothing more falls due");
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_timer_that_comes_early_changes_nothing_and_is_put_back() {
    let world = World::new(5).await;
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.lose_timers();
    world.travel_to(50 * MINUTE).await;
    let before = world.see(CLIENT).await;
    timer(&world, TimerKind::Resume, 1, start() + HOUR).await;
    timer(&world, TimerKind::Promise, 2, start() + 23 * HOUR).await;
    let after = world.see(CLIENT).await;
    assert_eq!((after.record(), after.messages.len()), (before.record(), before.messages.len()));
    // The early one itself comes back in time: no other timer is left.
    world.travel_to(61 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + HOUR));
    world.travel_to(23 * HOUR + MINUTE).await;
    assert_eq!(told(&world.see(CLIENT).await).get(&NotificationKind::PromiseMissed), Some(&1));
}

#[tokio::test]
async fn a_timer_that_comes_late_ends_the_pause_as_of_its_end() {
    let world = World::new(6).await;
    world.stop_sweep();
    world.drop_timers();
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel_to(4 * HOUR).await;
    timer(&world, TimerKind::Resume, 1, start() + HOUR).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + HOUR));
    // And once more, later still: of an old epoch.
    let messages = view.messages.len();
    world.travel_to(5 * HOUR).await;
    timer(&world, TimerKind::Resume, 1, start() + HOUR).await;
    assert_eq!(world.see(CLIENT).await.messages.len(), messages);
}

#[tokio::test]
async fn the_window_is_warned_of_in_time_though_scheduler_is_down_when_it_is_due() {
    let world = World::new(7).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    until_handed_back(&world).await;
    world.travel_to(2 * HOUR).await;
    let reply = json!({"staff": alex(&world), "text": "One moment."});
    assert_eq!(Api::clinic(&world).command("reply", "r", &reply).await.status, StatusCode::OK);
    world.settle().await;
    // The client writes again, and nobody answers. The promise was kept long ago.
    world.travel_to(3 * HOUR).await;
    world.say(world.twilio(), CLIENT, "2", "are you still there?").await;
    world.travel_to((25 * 60 - 1) * MINUTE).await;
    scheduler_down(&world);
    world.travel(HOUR).await;
    scheduler_up(&world);
    world.travel(6 * MINUTE).await;
    let view = world.see(CLIENT).await;
    let closes = start() + 27 * HOUR;
    let note = view.notes.iter().find(|(_, note)| note.about == NotificationKind::WindowClosing);
    let (staff, note) = note.unwrap();
    assert!(note.at < closes, "in time");
    assert_eq!(staff, alex(&world), "the assignee");
    assert_eq!(told(&view).get(&NotificationKind::PromiseMissed), None);
}

#[tokio::test]
async fn a_task_follows_its_assignee_falls_due_once_and_closes_with_the_matter() {
    let world = World::new(8).await;
    answers(&world, AUTOMATION, 200);
    listen(&world, &[Announcement::TaskCreated, Announcement::TaskOverdue]).await;
    let api = Api::clinic(&world);
    let tasks = async |owner: &str| {
        let listed = api.get(&format!("/tasks?assignee={owner}")).await.body;
        listed["items"].as_array().unwrap().clone()
    };
    let (alex, billie) = (format!("staff:{}", alex(&world)), format!("staff:{}", billie(&world)));
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert_eq!((tasks(&alex).await.len(), tasks(&billie).await.len()), (1, 0));
    let to = json!({"to": {"staff": crate::console::billie(&world)}});
    assert_eq!(api.command("assign", "a", &to).await.status, StatusCode::OK);
    world.settle().await;
    assert_eq!((tasks(&alex).await.len(), tasks(&billie).await.len()), (0, 1));
    // The pause ends, the task stays, with Billie.
    world.travel(2 * HOUR).await;
    assert_eq!(tasks(&billie).await.first().unwrap()["overdue"], false);
    world.travel(23 * HOUR).await;
    assert_eq!(tasks(&billie).await.first().unwrap()["overdue"], true);
    let heard = || types(&sent_to(&world, AUTOMATION));
    assert_eq!(heard(), ["task.created", "task.overdue"]);
    world.travel(6 * HOUR).await;
    assert_eq!(heard(), ["task.created", "task.overdue"], "once");
    let resolve = json!({"staff": crate::console::billie(&world)});
    assert_eq!(api.command("resolve", "e", &resolve).await.status, StatusCode::OK);
    world.settle().await;
    assert!(tasks(&billie).await.is_empty() && tasks("none").await.is_empty());

    // Another one is given back before it falls due: it never does.
    world.say(world.twilio(), CLIENT, "2", SAID).await;
    let back = json!({"staff": crate::console::alex(&world)});
    assert_eq!(api.command("hand-back", "h", &back).await.status, StatusCode::OK);
    world.travel(26 * HOUR).await;
    assert_eq!(heard(), ["task.created", "task.created", "task.overdue"]);
    world.assert_nothing_left();
}
