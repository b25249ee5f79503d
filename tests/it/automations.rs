//! What an account's own automations hear.

use std::sync::atomic::Ordering;

use handover_aws::store::{Edit, Recipient};
use handover_cloud::{RecordedRequest, Service, Verdict as Fate};
use handover_core::{
    Announcement, Command, CommandKind, DeliveryId, Envelope, Event, EventId, EventKind, NotificationKind,
    Principal,
};
use handover_tests::{MINUTE, World};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    console::{Api, alex},
    crashes_around::on_bus,
    notify::{AUTOMATION, CLIENT, SAID, SECRET, answers, assert_signed, edit_account, listen, sent_to},
};

/// The types of the messages, in alphabetical order.
pub(crate) fn types(sent: &[RecordedRequest]) -> Vec<String> {
    let of = |request: &RecordedRequest| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        body.get("type").and_then(Value::as_str).unwrap().to_owned()
    };
    let mut types: Vec<String> = sent.iter().map(of).collect();
    types.sort();
    types
}

#[tokio::test]
async fn automations_hear_of_a_handover_from_its_beginning_to_its_end() {
    let world = World::new(44).await;
    answers(&world, AUTOMATION, 204);
    listen(&world, &Announcement::ALL).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let sent = sent_to(&world, AUTOMATION);
    assert_eq!(types(&sent), ["handover.started", "tag.added", "task.created"]);
    let conversation = world.conversation(world.twilio(), CLIENT);
    for request in &sent {
        assert_signed(request, SECRET);
        assert!(!request.body.contains("want to talk") && !request.body.contains(CLIENT), "{}", request.body);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!(body["timestamp"], "2026-11-22T09:01:00Z");
        let data = &body["data"];
        assert_eq!(data["account"], world.account().as_str());
        assert_eq!(data["conversation"], conversation.as_str());
        assert_eq!(data["handover"], format!("{conversation}-1"));
        assert_eq!(data["scenario"], "human_requested");
        assert_eq!(data["tag"], "human_handover");
        assert_eq!(data["task_due_at"], "2026-11-23T09:01:00Z");
    }
    world.travel(62 * MINUTE).await;
    assert_eq!(types(&sent_to(&world, AUTOMATION)).first().unwrap(), "handover.ended");

    // Somebody tags the contact by hand.
    let event = EventId::of(&conversation, "test", "tag");
    let kind = CommandKind::Tag { tag: "vip".to_owned(), present: true };
    let envelope = Envelope {
        account: world.account().clone(),
        inbox: world.twilio().inbox.id.clone(),
        conversation: conversation.clone(),
        identities: Vec::new(),
        person: None,
        address: None,
        delivery_id: DeliveryId::from_random([1; 16]),
        waited: false,
        event: Event {
            id: event,
            sent_at: None,
            received_at: world.now(),
            kind: EventKind::Command(Command { by: Principal::System, reason: None, kind }),
        },
    };
    let body = serde_json::to_string(&envelope).unwrap();
    let message = handover_cloud::sqs::SendRequest {
        body,
        group_id: Some(conversation.to_string()),
        deduplication_id: Some("tag".to_owned()),
        ..Default::default()
    };
    world.local.cloud().sqs().send(&world.queue("ConversationQueue.fifo"), &message).unwrap();
    world.settle().await;
    let sent = sent_to(&world, AUTOMATION);
    let last: Value = serde_json::from_str(&sent.last().unwrap().body).unwrap();
    assert_eq!((&last["type"], &last["data"]["tag"]), (&Value::from("tag.added"), &Value::from("vip")));
    world.assert_nothing_left();
}

#[tokio::test]
async fn every_event_is_heard_of_once_at_an_address_and_on_the_bus() {
    let world = World::new(50).await;
    let api = Api::clinic(&world);
    answers(&world, AUTOMATION, 204);
    listen(&world, &Announcement::ALL).await;
    edit_account(&world, |account| account.event_bus = true).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert_eq!(api.command("assign", "a", &json!({"to": null})).await.status, StatusCode::OK);
    let staff = json!({"staff": alex(&world)});
    assert_eq!(api.command("claim", "c", &staff).await.status, StatusCode::OK);
    let reply = json!({"staff": alex(&world), "text": "hello"});
    assert_eq!(api.command("reply", "r", &reply).await.status, StatusCode::OK);
    assert_eq!(api.command("reply", "r2", &reply).await.status, StatusCode::OK);
    assert_eq!(api.command("hand-back", "h", &staff).await.status, StatusCode::OK);
    world.settle().await;
    // Another client is never answered.
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    world.travel(26 * 60 * MINUTE).await;
    let mut expected = Vec::new();
    for (what, times) in [
        (Announcement::FirstReply, 1),
        (Announcement::HandoverClaimed, 1),
        (Announcement::HandoverEnded, 2),
        (Announcement::HandoverStarted, 2),
        (Announcement::PromiseMissed, 1),
        (Announcement::TagAdded, 2),
        (Announcement::TaskCreated, 2),
        (Announcement::TaskOverdue, 1),
    ] {
        expected.extend(std::iter::repeat_n(what.name(), times));
    }
    expected.sort_unstable();
    assert_eq!(types(&sent_to(&world, AUTOMATION)), expected);
    let bus = on_bus(&world);
    assert_eq!(bus.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
    let ids: std::collections::BTreeSet<_> = bus.iter().map(|(_, id)| id).collect();
    assert_eq!(ids.len(), bus.len(), "each has an id of its own");
    // Switched off, the bus hears nothing more.
    edit_account(&world, |account| account.event_bus = false).await;
    world.say(world.twilio(), "+4915100000002", "3", SAID).await;
    assert_eq!(on_bus(&world).len(), bus.len());
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_bus_that_takes_nothing_gets_it_later_and_once() {
    let world = World::new(51).await;
    edit_account(&world, |account| account.event_bus = true).await;
    world.strike_all(Fate::Throttle, |call| call.service == Service::Events);
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert!(on_bus(&world).is_empty());
    world.heal();
    world.travel(10 * MINUTE).await;
    assert_eq!(on_bus(&world).len(), 3);
    world.assert_nothing_left();
}

#[tokio::test]
async fn what_nobody_listens_to_is_not_committed() {
    let world = World::new(45).await;
    let effects = async |client: &str| {
        let view = world.see(client).await;
        serde_json::to_string(&view.messages.first().unwrap().effects).unwrap()
    };
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert!(!effects(CLIENT).await.contains("announce"));
    listen(&world, &[Announcement::TaskCreated]).await;
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    let committed = effects("+4915100000001").await;
    assert!(committed.contains("task.created") && !committed.contains("handover.started"), "{committed}");
}

#[tokio::test]
async fn an_automation_that_does_not_answer_is_tried_for_hours_and_then_shown_to_the_admins() {
    let world = World::new(46).await;
    let status = answers(&world, AUTOMATION, 500);
    let webhook = listen(&world, &[Announcement::HandoverStarted]).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(30 * MINUTE).await;
    let health = async || {
        let health = world.local.admin_store().health(world.account()).await.unwrap();
        let ours = Recipient::Webhook(webhook.clone());
        health.into_iter().find(|item| item.recipient == ours).and_then(|item| item.failure)
    };
    assert_eq!(health().await.as_deref(), Some("webhook does not take messages"));
    let tries = sent_to(&world, AUTOMATION).len();
    assert!((7..12).contains(&tries), "{tries}");
    world.travel(300 * MINUTE).await;
    let sent = sent_to(&world, AUTOMATION);
    assert_eq!(sent.len(), 20);
    let id = sent.first().unwrap().header("webhook-id");
    assert!(sent.iter().all(|request| request.header("webhook-id") == id));
    for request in &sent {
        assert_signed(request, SECRET);
    }
    // Another client's event meets the same: it is one thing to be looked at, and none of either's transcript.
    world.say(world.twilio(), "+4915100000002", "3", SAID).await;
    world.travel(300 * MINUTE).await;
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept.first().unwrap().reason, "webhook does not take messages");
    for client in [CLIENT, "+4915100000002"] {
        let view = world.see(client).await;
        assert!(view.messages.iter().all(|message| message.kind != "quarantined"), "{client}");
    }
    let staff = world.local.admin_store().account(world.account()).await.unwrap().unwrap().1.staff;
    let mut told = 0;
    for member in staff {
        let notes = world.local.admin_store().notes(world.account(), &member.id).await.unwrap();
        told += notes.iter().filter(|note| note.about == NotificationKind::Quarantined).count();
    }
    assert!(told > 0);

    status.store(200, Ordering::SeqCst);
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    assert_eq!(health().await, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn an_outage_of_ours_uses_up_none_of_an_automations_tries() {
    let world = World::new(52).await;
    let status = answers(&world, AUTOMATION, 503);
    listen(&world, &[Announcement::HandoverStarted]).await;
    // Nothing can be claimed for half a day: more receives than an automation has tries.
    world.strike_all(Fate::Throttle, |call| {
        call.function.as_deref() == Some("notify") && call.service == Service::DynamoDb
    });
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(12 * 60 * MINUTE).await;
    assert!(sent_to(&world, AUTOMATION).is_empty());
    world.heal();
    world.travel(20 * MINUTE).await;
    let refused = sent_to(&world, AUTOMATION).len();
    assert!(refused > 1, "it is tried again after it was refused: {refused}");
    status.store(200, Ordering::SeqCst);
    world.travel(30 * MINUTE).await;
    assert_eq!(sent_to(&world, AUTOMATION).len(), refused + 1);
    assert!(world.local.admin_store().quarantine(world.account()).await.unwrap().is_empty());
    world.assert_nothing_left();
}

#[tokio::test]
async fn redirects_are_not_followed_and_a_removed_webhook_hears_nothing() {
    let world = World::new(47).await;
    let status = answers(&world, AUTOMATION, 307);
    let webhook = listen(&world, &[Announcement::HandoverStarted]).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert_eq!(sent_to(&world, AUTOMATION).len(), 1);
    let edit = Edit { account: world.account(), by: None, at: world.now(), seen: None, once: None };
    assert!(world.local.admin_store().delete_webhook(&edit, &webhook).await.unwrap());
    status.store(200, Ordering::SeqCst);
    world.travel(30 * MINUTE).await;
    assert_eq!(sent_to(&world, AUTOMATION).len(), 1, "what was on its way is dropped");
    world.assert_nothing_left();
}
