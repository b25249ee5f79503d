//! How a pause ends: by its timer, by a message, by the sweep, never in the middle of a human chat.

use std::time::Duration;

use handover_cloud::{Service, Verdict as Fate, scheduler::Lateness};
use handover_core::{
    Command, CommandKind, Control, DeliveryId, Envelope, Event, EventId, EventKind, NotificationKind,
    Principal, PromiseState, Timestamp, Verdict,
};
use handover_tests::{MINUTE, SECOND, START_MS, World};

const CLIENT: &str = "+4915112345678";
const HOUR: Duration = Duration::from_hours(1);

fn start() -> Timestamp {
    Timestamp::from_ms(START_MS)
}

/// Puts a staff member's command on the conversation's queue.
async fn command(world: &World, id: &str, kind: CommandKind) {
    let inbox = &world.twilio().inbox;
    let envelope = Envelope {
        account: inbox.account.clone(),
        inbox: inbox.id.clone(),
        conversation: world.conversation(world.twilio(), CLIENT),
        identities: Vec::new(),
        person: None,
        address: None,
        delivery_id: id.parse::<DeliveryId>().unwrap(),
        waited: false,
        event: Event {
            id: id.parse::<EventId>().unwrap(),
            sent_at: None,
            received_at: world.now(),
            kind: EventKind::Command(Command {
                by: Principal::Staff(world.sample.clinic.assignee.clone()),
                reason: None,
                kind,
            }),
        },
    };
    let request = handover_cloud::sqs::SendRequest {
        body: serde_json::to_string(&envelope).unwrap(),
        group_id: Some(envelope.conversation.to_string()),
        deduplication_id: Some(id.to_owned()),
        ..Default::default()
    };
    world.local.cloud().sqs().send(&world.queue("ConversationQueue.fifo"), &request).unwrap();
    world.settle().await;
}

#[tokio::test]
async fn by_the_timer_with_no_message_coming_in() {
    for lateness in [Lateness::Exact, Lateness::Seeded(7), Lateness::Doubled] {
        let world = World::new(1).await;
        world.stop_sweep();
        world.local.cloud().scheduler().set_lateness(lateness);
        world.say(world.twilio(), CLIENT, "1", "human").await;
        world.travel_to(59 * MINUTE).await;
        assert!(world.see(CLIENT).await.conversation.human().is_some(), "{lateness:?}");
        world.travel_to(HOUR + 120 * SECOND).await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.conversation.control, Control::Bot, "{lateness:?}");
        assert_eq!(view.conversation.epoch, 2, "{lateness:?}");
        assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + HOUR), "{lateness:?}");
    }
}

#[tokio::test]
async fn by_the_sweep_when_every_timer_is_lost() {
    let world = World::new(2).await;
    world.drop_timers();
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.local.cloud().scheduler().set_lateness(Lateness::Exact);
    world.travel_to(HOUR + 6 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
}

#[tokio::test]
async fn by_the_next_message_when_every_timer_is_lost_and_nobody_sweeps() {
    let world = World::new(3).await;
    world.drop_timers();
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(3 * HOUR).await;
    assert!(world.see(CLIENT).await.conversation.human().is_some());
    world.say(world.twilio(), CLIENT, "2", "thanks, what are your hours?").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::ExternalBot]);
    // It ended when it was due, not when somebody noticed.
    assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + HOUR));
    assert!(view.messages.last().unwrap().record.resumed);
}

#[tokio::test]
async fn and_a_new_request_after_it_is_a_new_handover() {
    let world = World::new(4).await;
    world.drop_timers();
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(3 * HOUR).await;
    world.say(world.twilio(), CLIENT, "2", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::HandedOver]);
    assert_eq!((view.conversation.epoch, view.handovers.len(), view.texts.len()), (3, 2, 2));
    // The older promise is not forgotten: the new handover takes over its deadline.
    let [first, second] = view.handovers.as_slice() else { panic!() };
    assert_eq!(first.promise, PromiseState::Released);
    assert_eq!(second.promise_due_at, first.promise_due_at);
}

#[tokio::test]
async fn not_in_the_middle_of_a_human_chat() {
    let world = World::new(5).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(50 * MINUTE).await;
    command(&world, "reply-1", CommandKind::Reply { text: "Hello, Alex here.".to_owned(), seen: None }).await;
    world.travel_to(HOUR + 3 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert!(view.conversation.human().is_some(), "within the quiet time");
    assert_eq!(view.handovers.first().unwrap().promise, PromiseState::Kept);
    let said: Vec<&str> = view.texts.iter().map(|text| text.body.as_str()).collect();
    assert_eq!(said.last(), Some(&"Hello, Alex here."));
    // 15 minutes after the human's message.
    world.travel_to(HOUR + 6 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.handovers.first().unwrap().ended_at, Some(start() + 65 * MINUTE));
    world.assert_nothing_left();
}

#[tokio::test]
async fn scheduler_down_the_handover_stands_and_the_pause_ends() {
    let world = World::new(6).await;
    let broken = Fate::Fail { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() };
    world.strike_all(broken, |call| call.service == Service::Scheduler);
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!((view.verdicts(), view.texts.len()), (vec![Verdict::HandedOver], 1));
    world.travel_to(30 * MINUTE).await;
    world.heal();
    world.stop_sweep();
    world.travel_to(HOUR + 120 * SECOND).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
}

#[tokio::test]
async fn an_unkept_promise_is_told_once() {
    let world = World::new(7).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(26 * HOUR).await;
    let view = world.see(CLIENT).await;
    let handover = view.handovers.first().unwrap();
    assert_eq!(handover.promise, PromiseState::Missed);
    assert_eq!(view.conversation.promise, None);
    let missed: Vec<_> =
        view.told().into_iter().filter(|(_, about, ..)| *about == NotificationKind::PromiseMissed).collect();
    assert_eq!(missed.len(), 1, "the assignee is the one admin: {missed:?}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_hand_back_ends_it_at_once_and_old_timers_change_nothing() {
    let world = World::new(8).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(10 * MINUTE).await;
    command(&world, "back-1", CommandKind::HandBack).await;
    let view = world.see(CLIENT).await;
    assert_eq!((&view.conversation.control, view.conversation.epoch), (&Control::Bot, 2));
    assert!(view.handovers.first().unwrap().task.unwrap().closed_at.is_some());
    world.travel_to(20 * MINUTE).await;
    world.say(world.twilio(), CLIENT, "2", "human").await;
    // The first handover's timer fires at one hour; the second one's pause ends at 80 minutes.
    world.travel_to(HOUR + 2 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.epoch, 3);
    world.travel_to(HOUR + 23 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.epoch, 4);
}

/// Messages of standard queues come twice.
fn double_everything(world: &World) {
    let order = handover_cloud::sqs::Order { seed: 1, reorder_standard: true, duplicate_standard: true };
    world.local.cloud().sqs().set_order(Some(order));
}

fn timers_waiting(world: &World) -> u64 {
    world.local.cloud().sqs().depths(&world.queue("TimersQueue")).unwrap().total()
}

#[tokio::test]
async fn timers_that_cannot_be_set_do_not_multiply() {
    let world = World::new(31).await;
    world.stop_sweep();
    double_everything(&world);
    let broken =
        Fate::Fail { status: 500, code: "InternalServerException".to_owned(), message: String::new() };
    world.strike_all(broken, |call| call.service == Service::Scheduler);
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel_to(50 * MINUTE).await;
    // The pause's and the promise's, each at most doubled where it was put on the queue.
    assert!(timers_waiting(&world) <= 4, "{} timers", timers_waiting(&world));
    world.heal();
    world.travel_to(HOUR + 120 * SECOND).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
}

#[tokio::test]
async fn timers_that_come_far_too_early_are_set_anew_and_do_not_multiply() {
    let world = World::new(32).await;
    world.stop_sweep();
    double_everything(&world);
    world.say(world.twilio(), CLIENT, "1", "human").await;
    for minutes in [1, 10, 20] {
        world.travel_to(minutes * MINUTE).await;
        world.local.cloud().scheduler().fire_all_now().unwrap();
        world.settle().await;
        assert_eq!(timers_waiting(&world), 0, "they are with Scheduler again");
    }
    world.travel_to(59 * MINUTE).await;
    assert!(world.see(CLIENT).await.conversation.human().is_some());
    world.travel_to(HOUR + 120 * SECOND).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
}
