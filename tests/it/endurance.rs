//! Long outages, lost answers, things that grow old, and what is too big or too odd for a service.

use std::time::Duration;

use handover_aws::store::LedgerState;
use handover_cloud::{Service, Verdict as Fate, sqs::SendRequest};
use handover_core::{
    Content, ConversationId, DeliveryId, Envelope, Event, EventId, EventKind, Message, NotificationKind,
    Receipt, ReceiptStatus, Signals, Verdict,
};
use handover_tests::{MINUTE, World};
use http::StatusCode;

const CLIENT: &str = "+4915112345678";

/// Puts an event on the conversation's queue, as evaluate would.
async fn event(world: &World, id: &str, identities: &[&str], kind: EventKind) {
    let inbox = &world.twilio().inbox;
    let conversation = ConversationId::derive(&inbox.account, &inbox.id, identities.first().unwrap());
    let envelope = Envelope {
        account: inbox.account.clone(),
        inbox: inbox.id.clone(),
        conversation,
        identities: identities.iter().map(|identity| (*identity).to_owned()).collect(),
        person: None,
        address: None,
        delivery_id: id.parse::<DeliveryId>().unwrap(),
        waited: false,
        event: Event { id: id.parse::<EventId>().unwrap(), sent_at: None, received_at: world.now(), kind },
    };
    let request = SendRequest {
        body: serde_json::to_string(&envelope).unwrap(),
        group_id: Some(envelope.conversation.to_string()),
        deduplication_id: Some(id.to_owned()),
        ..Default::default()
    };
    world.local.cloud().sqs().send(&world.queue("ConversationQueue.fifo"), &request).unwrap();
    world.settle().await;
}

fn text(words: &str) -> EventKind {
    let signals: Signals = handover_detect::signals(words);
    EventKind::Message(Message {
        provider_message: None,
        content: Content::Text(words.to_owned()),
        forwarded: false,
        signals,
    })
}

#[tokio::test]
async fn half_an_hour_without_writes_sends_nobody_to_quarantine() {
    let world = World::new(1).await;
    world.stop_sweep();
    world.strike_all(Fate::Throttle, |call| call.operation == "TransactWriteItems");
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.say(world.twilio(), CLIENT, "2", "hello?").await;
    world.travel(30 * MINUTE).await;
    world.heal();
    world.travel(5 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::Paused]);
    assert!(world.local.admin_store().quarantine(world.account()).await.unwrap().is_empty());
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_handover_that_the_table_has_forgotten_holds_nothing_up() {
    let world = World::new(2).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel(90 * MINUTE).await;
    let id = world.conversation(world.twilio(), CLIENT);
    world.forget_handover(&id, 1).await;
    world.say(world.twilio(), CLIENT, "2", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::HandedOver]);
    assert_eq!((view.handovers.len(), view.texts.len()), (1, 2));
}

#[tokio::test]
async fn a_lost_answer_leaves_no_doubt_about_a_text() {
    for operation in ["PutItem", "UpdateItem"] {
        let world = World::new(3).await;
        let struck = std::sync::atomic::AtomicBool::new(false);
        world.strike_all_if(move |call| {
            let ours = call.function.as_deref() == Some("deliver") && call.operation == operation;
            if ours && !struck.swap(true, std::sync::atomic::Ordering::SeqCst) {
                Fate::LoseAnswer
            } else {
                Fate::Proceed
            }
        });
        world.say(world.twilio(), CLIENT, "1", "human").await;
        world.travel(10 * MINUTE).await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.texts.len(), 1, "{operation}");
        assert_eq!(view.closing(), Some(LedgerState::Sent), "{operation}");
    }
}

#[tokio::test]
async fn letters_that_a_queue_refuses_come_through() {
    let world = World::new(4).await;
    let odd = "human \u{fffe}\u{ffff}";
    world.say(world.twilio(), CLIENT, "1", odd).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.messages.first().unwrap().content, Some(Content::Text(odd.to_owned())));
}

#[tokio::test]
async fn what_is_too_big_for_an_item_is_cut_and_kept() {
    let world = World::new(5).await;
    world.say(world.twilio(), CLIENT, "1", &"ab ".repeat(300_000)).await;
    let view = world.see(CLIENT).await;
    let Some(Content::Text(kept)) = &view.messages.first().unwrap().content else { panic!() };
    assert_eq!(kept.chars().count(), 50_000);

    let call = crate::traffic::signed(&world, "x".repeat(250_000).as_bytes());
    assert_eq!(world.webhook(call).await, StatusCode::OK);
    world.settle().await;
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    let kept = kept.first().unwrap();
    assert_eq!((kept.body.len(), kept.cut), (200_000, true));
    world.assert_nothing_left();
}

#[tokio::test]
async fn one_client_under_several_names_is_one_conversation() {
    for order in [["strong", "weak"], ["weak", "strong"]] {
        let world = World::new(6).await;
        event(&world, "e1", &["strong", "weak"], text("human")).await;
        event(&world, "e2", &[order[0]], text("hello")).await;
        event(&world, "e3", &[order[1]], text("hello again")).await;
        let inbox = &world.twilio().inbox;
        let id = ConversationId::derive(&inbox.account, &inbox.id, "strong");
        let view = world.look(world.account(), &id).await.unwrap();
        assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::Paused, Verdict::Paused]);
    }
    // A stronger name that shows itself later leads to where the client has been all along.
    let world = World::new(7).await;
    event(&world, "e1", &["weak"], text("human")).await;
    event(&world, "e2", &["strong", "weak"], text("hello")).await;
    event(&world, "e3", &["strong"], text("hello again")).await;
    let inbox = &world.twilio().inbox;
    let id = ConversationId::derive(&inbox.account, &inbox.id, "weak");
    assert_eq!(world.look(world.account(), &id).await.unwrap().verdicts().len(), 3);
}

#[tokio::test]
async fn receipts_never_go_back_and_a_late_failure_is_told() {
    let world = World::new(8).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let sent = world.see(CLIENT).await.ledger.first().unwrap().clone();
    let address = format!("whatsapp:{CLIENT}");
    let receipt = |status| {
        let message = sent.provider_message.clone().unwrap();
        EventKind::Receipt(Receipt {
            message,
            status,
            effect: Some(sent.effect.clone()),
            error: None,
            class: None,
            up_to: None,
        })
    };
    for (id, status) in
        [("r1", ReceiptStatus::Read), ("r2", ReceiptStatus::Delivered), ("r3", ReceiptStatus::Sent)]
    {
        event(&world, id, &[&address], receipt(status)).await;
    }
    assert_eq!(world.see(CLIENT).await.ledger.first().unwrap().receipt, Some(ReceiptStatus::Read));

    let world = World::new(8).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    for id in ["r1", "r2"] {
        event(&world, id, &[&address], receipt(ReceiptStatus::Failed)).await;
    }
    let told = world.see(CLIENT).await.told();
    let failed = told.iter().filter(|(_, about, ..)| *about == NotificationKind::DeliveryFailed);
    assert_eq!(failed.count(), 1, "{told:?}");
}

#[tokio::test]
async fn a_provider_that_takes_nothing_until_it_is_too_late_is_told() {
    let world = World::new(9).await;
    let refused = Fate::Fail { status: 429, code: String::new(), message: "{}".to_owned() };
    world.strike_all(refused, |call| call.service == Service::World);
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel(Duration::from_mins(20)).await;
    world.heal();
    let view = world.see(CLIENT).await;
    assert_eq!((view.closing(), view.texts.len()), (Some(LedgerState::Suppressed), 0));
    let told = view.told();
    assert!(told.iter().any(|(_, about, ..)| *about == NotificationKind::DeliveryFailed), "{told:?}");
}

#[tokio::test]
async fn after_years_the_table_has_forgotten_the_texts_and_the_conversation_goes_on() {
    let world = World::new(12).await;
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.travel(25 * 60 * MINUTE).await;
    assert!(!world.see(CLIENT).await.messages.is_empty());
    let account = world.local.admin_store().account(world.account()).await.unwrap().unwrap();
    let keep_days = u64::from(account.0.retention_days);
    world.travel(Duration::from_hours(24 * (keep_days + 3))).await;
    let view = world.see(CLIENT).await;
    assert_eq!((view.messages.len(), view.ledger.len()), (0, 0), "{:?}", view.messages);
    assert!(view.conversation.human().is_none());
    world.say(world.twilio(), CLIENT, "2", "get me a human please").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    assert!(view.conversation.human().is_some());
    world.travel(MINUTE).await;
    world.assert_nothing_left();
}
