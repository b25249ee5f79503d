//! Humans who step in, by the console or in the provider's own app, and switches that are turned off while
//! they are at it.

use std::time::Duration;

use handover_aws::store::LedgerState;
use handover_cloud::{Call, Service, Verdict as Fate};
use handover_core::{
    Content, Control, ConversationId, DeliveryId, Echo, EchoAuthor, Envelope, Event, EventId, EventKind,
    NotificationKind, Origin, Pause, Purpose, Receipt, ReceiptStatus, Verdict,
};
use handover_tests::{MINUTE, SECOND, World};
use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    console::{Api, CLIENT, alex},
    contacts::edit_bot,
};

const HOUR: Duration = Duration::from_hours(1);

/// Puts an event on the conversation's queue, as its provider's webhook or one of our functions would.
pub(crate) async fn happens(world: &World, conversation: &ConversationId, id: &str, kind: EventKind) {
    let inbox = &world.twilio().inbox;
    let id = EventId::of(conversation, "test", id);
    let envelope = Envelope {
        account: inbox.account.clone(),
        inbox: inbox.id.clone(),
        conversation: conversation.clone(),
        identities: vec![format!("whatsapp:{CLIENT}")],
        person: None,
        address: None,
        delivery_id: id.as_str().parse::<DeliveryId>().unwrap(),
        waited: false,
        event: Event { id: id.clone(), sent_at: None, received_at: world.now(), kind },
    };
    let request = handover_cloud::sqs::SendRequest {
        body: serde_json::to_string(&envelope).unwrap(),
        group_id: Some(conversation.to_string()),
        deduplication_id: Some(id.to_string()),
        ..Default::default()
    };
    world.local.cloud().sqs().send(&world.queue("ConversationQueue.fifo"), &request).unwrap();
    world.settle().await;
}

async fn echo(world: &World, id: &str, message: &str, author: EchoAuthor, text: &str) {
    let content = Content::Text(text.to_owned());
    let echo = Echo { message: message.to_owned(), author, effect: None, content };
    happens(world, &world.conversation(world.twilio(), CLIENT), id, EventKind::Echo(echo)).await;
}

fn human() -> EchoAuthor {
    EchoAuthor::Human { app: "WhatsApp Business app".to_owned() }
}

/// The provider takes the text, but its answer is lost.
fn lose_answers_of_the_provider(world: &World) {
    world.strike_all(Fate::LoseAnswer, |call: &Call| call.service == Service::World);
}

#[tokio::test]
async fn a_reply_from_the_console_takes_control_for_the_takeover_pause() {
    let world = World::new(1).await;
    edit_bot(&world, |bot| bot.takeover_pause = Pause::For { days: 0, hours: 2, minutes: 0 }).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    let reply = json!({"staff": alex(&world), "text": "Alex here, from nine."});
    assert_eq!(Api::clinic(&world).command("reply", "1", &reply).await.status, StatusCode::OK);
    world.settle().await;
    let view = world.see(CLIENT).await;
    let origin = &view.conversation.human().unwrap().origin;
    assert!(matches!(origin, Origin::Takeover { by: Some(_), .. }), "{origin:?}");
    assert_eq!((view.texts.len(), view.contact.assignee.is_some()), (1, true));
    world.say(world.twilio(), CLIENT, "2", "thanks").await;
    assert_eq!(world.see(CLIENT).await.verdicts().last(), Some(&Verdict::Paused));
    world.travel(118 * MINUTE).await;
    assert!(world.see(CLIENT).await.conversation.human().is_some());
    world.travel(5 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_humans_message_in_the_providers_app_takes_control_and_an_automations_does_not() {
    let world = World::new(2).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    let automation = EchoAuthor::Automation { app: "campaigns".to_owned() };
    echo(&world, "e1", "wamid.1", automation, "20 % off today").await;
    echo(&world, "e2", "wamid.2", EchoAuthor::Unknown, "who wrote this?").await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    echo(&world, "e3", "wamid.3", human(), "Hello, this is Dr Chen").await;
    let view = world.see(CLIENT).await;
    assert!(view.conversation.human().is_some());
    assert_eq!(view.contact.assignee, None, "the provider does not say who it was");
    // Twelve hours after it.
    world.travel(12 * HOUR + 3 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    world.assert_nothing_left();
}

#[tokio::test]
async fn our_own_message_that_comes_back_is_known_by_its_id_and_the_same_words_again_are_a_humans() {
    let world = World::new(3).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let view = world.see(CLIENT).await;
    let (sent, said) = (view.ledger[0].provider_message.clone().unwrap(), view.texts[0].body.clone());
    echo(&world, "e1", &sent, human(), &said).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.human().unwrap().last_human_at, None);
    echo(&world, "e2", "wamid.another", human(), &said).await;
    assert!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at.is_some());
}

#[tokio::test]
async fn while_nobody_knows_whether_ours_was_sent_an_echo_is_compared_by_its_words() {
    let world = World::new(4).await;
    lose_answers_of_the_provider(&world);
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.heal();
    let view = world.see(CLIENT).await;
    assert_eq!((view.closing(), view.texts.len()), (Some(LedgerState::Unknown), 1));
    let said = view.texts[0].body.clone();
    echo(&world, "e1", "wamid.1", human(), &format!(" {said}\n")).await;
    assert_eq!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at, None);
    // Other words wait for half a minute, and are a human's then.
    echo(&world, "e2", "wamid.2", human(), "Hello, this is Dr Chen").await;
    world.travel(29 * SECOND).await;
    assert_eq!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at, None);
    world.travel(2 * SECOND).await;
    assert!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at.is_some());
    world.assert_nothing_left();
}

/// A reply that is too long for one message; gives its parts.
async fn long_reply(world: &World) -> Vec<String> {
    let text = [0, 1, 2].map(|number| format!("Part {number}: {}\n\n", "word ".repeat(250))).concat();
    let reply = json!({"staff": alex(world), "text": text.trim()});
    let answer = Api::clinic(world).command("reply", "long", &reply).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    world.settle().await;
    world.see(CLIENT).await.texts.into_iter().map(|text| text.body).collect()
}

#[tokio::test]
async fn every_part_of_a_long_text_is_known_by_its_id() {
    let world = World::new(5).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    let parts = long_reply(&world).await;
    assert!(parts.len() >= 3, "{}", parts.len());
    let view = world.see(CLIENT).await;
    let entry = &view.ledger[0];
    assert_eq!((entry.part_hashes.len(), entry.more_messages.len()), (parts.len(), parts.len() - 1));
    let started = view.conversation.human().unwrap().last_human_at;
    world.travel(MINUTE).await;
    for (number, (message, text)) in
        entry.provider_message.iter().chain(&entry.more_messages).zip(&parts).enumerate()
    {
        echo(&world, &format!("e{number}"), message, human(), text).await;
    }
    assert_eq!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at, started);
    // A later part that does not arrive has failed as much as the first.
    let status = ReceiptStatus::Failed;
    let message = entry.more_messages[1].clone();
    let receipt =
        EventKind::Receipt(Receipt { message, status, effect: None, error: None, class: None, up_to: None });
    happens(&world, &view.conversation.id, "failed", receipt).await;
    let told = world.see(CLIENT).await.told();
    assert!(told.iter().any(|(_, about, ..)| *about == NotificationKind::DeliveryFailed), "{told:?}");
}

#[tokio::test]
async fn and_by_its_words_where_an_answer_was_lost_half_way_or_the_provider_gives_no_ids() {
    let world = World::new(6).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    lose_answers_of_the_provider(&world);
    long_reply(&world).await;
    world.heal();
    let view = world.see(CLIENT).await;
    assert_eq!((view.ledger[0].state, view.texts.len()), (LedgerState::Unknown, 1));
    let started = view.conversation.human().unwrap().last_human_at;
    world.travel(MINUTE).await;
    echo(&world, "e1", "wamid.1", human(), &view.texts[0].body).await;
    assert_eq!(world.see(CLIENT).await.conversation.human().unwrap().last_human_at, started);

    // No ids at all: an empty one is none.
    let world = World::new(7).await;
    crate::notify::answers(&world, "bot.example", 200);
    let generic = &world.sample.clinic.generic;
    world.say(generic, "guest", "1", "I want to talk to a human").await;
    let id = world.conversation(generic, "guest");
    let view = world.look(world.account(), &id).await.unwrap();
    let entry = &view.ledger[0];
    assert_eq!(
        (entry.state, entry.purpose, &entry.provider_message),
        (LedgerState::Sent, Purpose::Closing, &None)
    );
    let content = Content::Text("Thank you! Someone from the team will get back to you.".to_owned());
    let echo = Echo { message: String::new(), author: human(), effect: None, content };
    happens(&world, &id, "e1", EventKind::Echo(echo)).await;
    let view = world.look(world.account(), &id).await.unwrap();
    assert_eq!(view.conversation.human().unwrap().last_human_at, None);
}

#[tokio::test]
async fn switching_handovers_off_ends_none_that_is_open() {
    for off in ["labs", "bot", "action"] {
        let world = World::new(8).await;
        world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
        let api = Api::clinic(&world);
        if off == "labs" {
            let account = api.get("").await;
            let mut body = account.body;
            body["labs"]["human_handover"] = json!(false);
            let etag = account.etag.unwrap();
            assert_eq!(api.call(Method::PUT, "", &[("if-match", &etag)], &body).await.status, StatusCode::OK);
            world.travel(MINUTE).await;
        } else {
            edit_bot(&world, |bot| match off {
                "bot" => bot.handover = false,
                _ => bot.actions[0].enabled = false,
            })
            .await;
        }
        world.say(world.twilio(), CLIENT, "2", "hello?").await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::Paused], "{off}");
        let reply = json!({"staff": alex(&world), "text": "Alex here."});
        assert_eq!(api.command("reply", "1", &reply).await.status, StatusCode::OK, "{off}");
        // It ends as it would have, and no other begins.
        world.travel(HOUR + 20 * MINUTE).await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.conversation.control, Control::Bot, "{off}");
        assert_eq!(view.texts.len(), 2, "{off}");
        world.say(world.twilio(), CLIENT, "3", "I want to talk to a human").await;
        let view = world.see(CLIENT).await;
        assert_eq!((view.conversation.control.clone(), view.handovers.len()), (Control::Bot, 1), "{off}");
        world.assert_nothing_left();
    }
}
