//! The bot's side, whole: questions that it answers and does not, bursts, failures by the table, and a
//! return with memory.

#![expect(clippy::indexing_slicing, reason = "an answer without the member that a test is about fails it")]

mod external;
mod knowledge;
mod turns;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use handover_cloud::RecordedRequest;
use handover_core::{
    ActionId, Bot, Connector, Content, DeliveryId, Envelope, Event, EventId, EventKind, Feedback,
    HandoverAction, Message, Pause, Scenario, Signals,
};
use handover_tests::{SECOND, World};
use http::Response;
use serde_json::{Value, json};

use crate::console::Api;

pub(crate) const CLIENT: &str = "+4915112345678";
/// Longer than a burst's window.
pub(crate) const WINDOW: Duration = Duration::from_secs(3);
pub(crate) const HOST: &str = "clinic-bot.example";

/// A client writes, and the bot has been asked and answered.
pub(crate) async fn ask(world: &World, id: &str, text: &str) {
    world.say(world.twilio(), CLIENT, id, text).await;
    world.travel(WINDOW).await;
}

/// Changes the clinic's bot, before anything has read its settings.
pub(crate) async fn set_bot(world: &World, change: impl FnOnce(&mut Bot)) {
    let store = world.local.admin_store();
    let (account, id) = (world.account(), &world.sample.clinic.bot);
    let revision = store.current_revision(account, id).await.unwrap().unwrap();
    let mut bot = store.revision(account, id, revision).await.unwrap().unwrap().bot;
    change(&mut bot);
    store.put_bot(account, &bot).await.unwrap();
}

pub(crate) fn repeated_failure(max_retries: u8) -> HandoverAction {
    let id: ActionId = "repeated_failure".parse().unwrap();
    let pause = Pause::For { days: 0, hours: 1, minutes: 0 };
    HandoverAction { pause, ..HandoverAction::new(id, Scenario::RepeatedFailure { max_retries }) }
}

/// What a bot of the clinic's own was asked, in order.
pub(crate) type Heard = Arc<Mutex<Vec<Value>>>;

/// The clinic's own bot, asked over HTTP: it answers by this.
pub(crate) async fn own_bot(
    world: &World,
    answers: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static,
) -> Heard {
    set_bot(world, |bot| bot.connector = Connector::Http { url: format!("https://{HOST}/turns") }).await;
    let made = Api::clinic(world)
        .post(&format!("/bots/{}/secrets", world.sample.clinic.bot), &json!({"name": "signing_secret"}))
        .await;
    assert!(made.body["value"].as_str().unwrap().starts_with("whsec_"), "{made:?}");
    let heard = Heard::default();
    let noted = Arc::clone(&heard);
    let responder = move |request: &RecordedRequest| {
        let question: Value = serde_json::from_str(&request.body).unwrap();
        let (status, body) = answers(&question);
        noted.lock().unwrap().push(question);
        let response = Response::builder().status(status);
        response.body(Bytes::from(body.to_string())).unwrap()
    };
    world.local.cloud().recorder().set_responder(HOST, Arc::new(responder));
    heard
}

/// A client's message with these signals, put on the conversation's queue as evaluate would.
pub(crate) async fn hear(world: &World, id: &str, text: &str, topic: &str, feedback: Feedback) {
    let inbox = &world.twilio().inbox;
    let identity = format!("whatsapp:{CLIENT}");
    let conversation = world.conversation(world.twilio(), CLIENT);
    let understood = handover_detect::signals(topic).fingerprint.unwrap_or_else(|| topic.replace(' ', "-"));
    let signals = Signals { feedback, fingerprint: Some(understood), ..Signals::default() };
    let event_id = EventId::of(&conversation, "test", id);
    let envelope = Envelope {
        account: inbox.account.clone(),
        inbox: inbox.id.clone(),
        conversation,
        identities: vec![identity.clone()],
        address: Some(identity),
        person: None,
        delivery_id: event_id.as_str().parse::<DeliveryId>().unwrap(),
        waited: false,
        event: Event {
            id: event_id,
            sent_at: None,
            received_at: world.now(),
            kind: EventKind::Message(Message {
                provider_message: None,
                content: Content::Text(text.to_owned()),
                signals,
            }),
        },
    };
    let request = handover_cloud::sqs::SendRequest {
        body: serde_json::to_string(&envelope).unwrap(),
        group_id: Some(envelope.conversation.to_string()),
        deduplication_id: Some(envelope.event.id.to_string()),
        ..Default::default()
    };
    world.local.cloud().sqs().send(&world.queue("ConversationQueue.fifo"), &request).unwrap();
    world.settle().await;
    world.travel(WINDOW + SECOND).await;
}
