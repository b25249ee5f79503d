//! The stories that must hold when nothing goes wrong.

use std::time::Duration;

use handover_aws::store::LedgerState;
use handover_core::{
    Assignee, Control,
    NotificationChannel::{Email, InApp},
    NotificationKind::{ConversationAssigned, TaskAssigned},
    Returns, ScenarioKind, Timestamp, Verdict,
};
use handover_tests::{MINUTE, SECOND, START_MS, World};

const CLIENT: &str = "+4915112345678";
const CLOSING: &str = "Thank you! Someone from the team will get back to you.";
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_client_asks_for_a_human() {
    let world = World::new(1).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;

    let view = world.see(CLIENT).await;
    let at = Timestamp::from_ms(START_MS);
    let clinic = &world.sample.clinic;
    assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    assert_eq!(view.contact.assignee, Some(Assignee::Staff(clinic.assignee.clone())));
    assert!(view.contact.tags.contains("human_handover"));
    let Control::Human(human) = &view.conversation.control else { panic!("humans own it") };
    assert_eq!(human.returns, Returns::At(at + HOUR));
    let handover = view.handovers.first().unwrap();
    assert_eq!(view.handovers.len(), 1);
    assert_eq!(handover.task.unwrap().due_at, at + 24 * HOUR);
    // WhatsApp's window closes 24 hours after the client's message: an hour before, at the latest.
    assert_eq!(handover.promise_due_at, at + 23 * HOUR);
    assert_eq!(handover.origin.scenario(), Some(ScenarioKind::HumanRequested));

    assert_eq!(view.closing(), Some(LedgerState::Sent));
    let texts: Vec<&str> = view.texts.iter().map(|text| text.body.as_str()).collect();
    assert_eq!(texts, [CLOSING]);

    let schedules = world.local.cloud().scheduler().schedules(None).unwrap();
    let resume = schedules.iter().find(|schedule| schedule.name.starts_with("resume-")).unwrap();
    assert_eq!(resume.due_at_ms, Some(START_MS + 3_600_000));

    let assignee = clinic.assignee.clone();
    let expected = [
        (assignee.clone(), ConversationAssigned, InApp, Some(1)),
        (assignee.clone(), ConversationAssigned, Email, Some(1)),
        (assignee, TaskAssigned, InApp, Some(1)),
    ];
    assert_eq!(view.told(), expected.into_iter().collect());
    let emails = world.emails();
    assert_eq!(emails.len(), 1, "{emails:?}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn while_paused_messages_wait_and_the_bot_comes_back_by_itself() {
    let world = World::new(2).await;
    world.say(world.twilio(), CLIENT, "1", "agent please").await;
    world.travel(10 * MINUTE).await;
    world.say(world.twilio(), CLIENT, "2", "my order number is 12345").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::Paused]);
    assert_eq!(view.texts.len(), 1);

    world.travel(50 * MINUTE + 120 * SECOND).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.conversation.epoch, 2);
    let handover = view.handovers.first().unwrap();
    assert_eq!(handover.ended_at, Some(Timestamp::from_ms(START_MS) + HOUR));
    // The assignment stays, and so does the task.
    assert_eq!(view.contact.assignee, Some(Assignee::Staff(world.sample.clinic.assignee.clone())));
    assert_eq!(handover.task.unwrap().closed_at, None);
    world.assert_nothing_left();
}
