//! Calls with thousands of elements, and providers that do not wait: what comes in is on the queue in time, in
//! order, and what cannot be read stands alone.

use std::{collections::BTreeMap, sync::atomic::AtomicI64};

use handover_aws::Clock;
use handover_core::{Envelope, EventKind, ReceiptStatus, Verdict};
use handover_evaluate::App;

use super::*;

const CLIENTS: usize = 40;
const MESSAGES: usize = 2_000;
const ASKS: &str = "I want to talk to a human";

/// A function of its own, by a clock of the test's.
async fn evaluate(world: &World, clock: Clock) -> App {
    let mut host = world.local.host("evaluate").unwrap();
    host.clock = clock.signatures_on_domain_time();
    App::start(&host).await.unwrap()
}

/// The world's clock.
fn clock(world: &World) -> Clock {
    let clock = world.local.cloud().clock().clone();
    Clock::with_domain(move || clock.now_ms())
}

/// The function's answer to a webhook call.
async fn answer(app: &App, call: &Request<Bytes>) -> i64 {
    let headers: BTreeMap<&str, &str> =
        call.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let path = call.uri().path();
    let request = json!({
        "version": "2.0", "routeKey": "POST /webhooks/{inbox}", "rawPath": path, "rawQueryString": "",
        "headers": headers, "isBase64Encoded": false, "body": std::str::from_utf8(call.body()).unwrap(),
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "domainName": "h", "domainPrefix": "h",
            "http": {
                "method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "t",
            },
            "requestId": "r1", "routeKey": "POST /webhooks/{inbox}", "stage": "$default",
            "time": "22/Nov/2026:22:05:17 +0000", "timeEpoch": 0,
        },
    });
    app.handle(serde_json::from_value(request).unwrap()).await.status_code
}

fn signed(at: &At<'_>, body: &Value) -> Request<Bytes> {
    at.call("x-hub-signature-256", &|bytes: &[u8]| format!("sha256={}", HEXLOWER.encode(bytes)), body)
}

fn client(number: usize) -> String {
    format!("49151{number:06}")
}

/// What clients write, one after the other, again and again; some of them ask for a human in the end.
fn batch(now_ms: i64) -> Value {
    let messages: Vec<Value> = (0..MESSAGES)
        .map(|place| {
            let (number, is_last) = (place % CLIENTS, place + CLIENTS >= MESSAGES);
            let text = if is_last && number % 10 == 0 { ASKS } else { "what are your opening hours?" };
            json!({
                "from": client(number), "id": format!("wamid.{place}"), "timestamp": (now_ms / 1_000).to_string(),
                "type": "text", "text": { "body": text },
            })
        })
        .collect();
    let value = json!({ "metadata": { "phone_number_id": "200" }, "messages": messages });
    json!({ "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }] })
}

#[tokio::test]
async fn a_batch_of_thousands_is_on_the_queue_in_time_and_understood_where_it_is_decided() {
    let world = World::new(720).await;
    world.stop_sweep();
    let at = At::whatsapp(&world, &[]).await;
    // Ten milliseconds go by between two looks at the clock while texts are read, until Meta waits no longer.
    let (start, looks) = (world.now().as_ms(), AtomicI64::new(0));
    let app = evaluate(
        &world,
        Clock::with_domain(move || start + 10 * looks.fetch_add(1, Ordering::SeqCst).min(400)),
    )
    .await;
    world.local.cloud().take_log();
    assert_eq!(answer(&app, &signed(&at, &batch(start))).await, 200);
    let log = world.local.cloud().take_log();
    let calls = log.iter().filter(|call| call.operation == "SendMessageBatch").count();
    assert!((MESSAGES / 10..MESSAGES / 10 + 16).contains(&calls), "{calls}");

    let queued = world.local.cloud().sqs().peek_all(&world.queue("ConversationQueue.fifo")).unwrap();
    let queued: Vec<Envelope> =
        queued.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    let mut in_order: BTreeMap<&ConversationId, Vec<usize>> = BTreeMap::new();
    let mut understood = 0;
    for envelope in &queued {
        let EventKind::Message(message) = &envelope.event.kind else { panic!("{envelope:?}") };
        understood += usize::from(!message.signals.model.is_empty());
        let id = message.provider_message.as_deref().unwrap();
        in_order
            .entry(&envelope.conversation)
            .or_default()
            .push(id.trim_start_matches("wamid.").parse().unwrap());
    }
    assert_eq!((queued.len(), in_order.len()), (MESSAGES, CLIENTS));
    assert!(in_order.values().all(|places| places.is_sorted()), "{in_order:?}");
    assert!((10..MESSAGES / 4).contains(&understood), "{understood} were understood while Meta waited");

    world.settle().await;
    for number in 0..CLIENTS {
        let view = world.look(world.account(), &at.conversation(&client(number))).await.unwrap();
        let of_client = || view.messages.iter().filter(|message| message.kind == "message");
        assert!(of_client().all(|message| !message.record.model.is_empty()), "{number}");
        let mut verdicts: Vec<Verdict> = of_client().map(|message| message.record.verdict).collect();
        verdicts.sort_unstable();
        let asked = usize::from(number % 10 == 0);
        let mut expected = vec![Verdict::HandedOver; asked];
        expected.resize(MESSAGES / CLIENTS, Verdict::ExternalBot);
        assert_eq!(verdicts, expected, "{number}");
    }
}

#[tokio::test]
async fn the_broken_elements_of_a_call_are_put_aside_alone_and_whole() {
    let world = World::new(721).await;
    let at = At::messenger(&world, &[]).await;
    // 300 KB, more than an item of the table can hold.
    let padding = "x".repeat(2_000);
    let element = |place: usize| {
        let sender = if place % 60 == 30 { json!({}) } else { json!({ "id": CLIENT }) };
        let message = json!({ "mid": format!("m_{place}"), "text": "hello", "padding": padding });
        json!({ "sender": sender, "recipient": { "id": "300" }, "timestamp": 1, "message": message })
    };
    let all: Vec<Value> = (0..150).map(element).collect();
    let body = json!({ "object": "page", "entry": [{ "id": "300", "messaging": all }] });
    assert_eq!(at.post(&body).await, StatusCode::OK);
    world.settle().await;
    assert_eq!(at.see().await.verdicts().len(), 148);
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    let mut broken: Vec<String> = Vec::new();
    for item in &kept {
        assert!(!item.cut);
        let body: Value = serde_json::from_str(&item.body).unwrap();
        let elements = body["entry"][0]["messaging"].as_array().unwrap();
        assert_eq!((elements.len(), &body["entry"][0]["id"]), (1, &json!("300")));
        broken.push(elements[0]["message"]["mid"].as_str().unwrap().to_owned());
    }
    broken.sort();
    assert_eq!(broken, ["m_30", "m_90"]);
}

#[tokio::test]
async fn a_queue_that_does_not_answer_ends_with_the_providers_patience() {
    let world = World::new(722).await;
    let at = At::whatsapp(&world, &[]).await;
    let app = evaluate(&world, clock(&world)).await;
    let clock = world.local.cloud().clock().clone();
    world.strike_all_if(move |call: &Call| {
        if call.operation != "SendMessageBatch" {
            return Fate::Proceed;
        }
        clock.advance(5 * SECOND);
        // Outside of a run: a call without an answer.
        Fate::CrashBefore
    });
    assert_eq!(answer(&app, &signed(&at, &batch(world.now().as_ms()))).await, 503);
    world.heal();
    assert_eq!(answer(&app, &signed(&at, &batch(world.now().as_ms()))).await, 200);
}

#[tokio::test]
async fn an_inbox_that_cannot_be_read_at_once_is_read_again() {
    let world = World::new(723).await;
    let reads = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&reads);
    world.strike_all_if(move |call: &Call| {
        let is_read = call.function.as_deref() == Some("evaluate") && call.operation == "GetItem";
        if is_read && count.fetch_add(1, Ordering::SeqCst) < 3 { Fate::Throttle } else { Fate::Proceed }
    });
    let call = world.call(world.twilio(), SMS, "1", ASKS);
    assert_eq!(world.webhook(call).await, StatusCode::OK);
    assert_eq!(reads.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_button_without_a_label_says_its_payload() {
    let world = World::new(724).await;
    let pressed = |payload: &str| json!({ "type": "message", "id": payload, "from": "guest", "choice": { "payload": payload } });
    for payload in ["hours", "human"] {
        assert_eq!(world.webhook(world.generic_call(payload, &pressed(payload))).await, StatusCode::OK);
        world.travel(SECOND).await;
    }
    let id = world.conversation(&world.sample.clinic.generic, "guest");
    let view = world.look(world.account(), &id).await.unwrap();
    assert_eq!(view.verdicts(), [Verdict::ExternalBot, Verdict::HandedOver]);
}

#[tokio::test]
async fn what_was_read_up_to_an_instant_is_read_in_the_ledger() {
    let world = World::new(725).await;
    let at = At::messenger(&world, &[]).await;
    at.says("m_1", ASKS).await;
    world.travel(MINUTE).await;
    at.reply("k1", "I am here").await;
    let read = world.now().as_ms();
    world.travel(MINUTE).await;
    at.reply("k2", "Are you there?").await;
    let happened = json!({
        "sender": { "id": CLIENT }, "recipient": { "id": "300" }, "timestamp": read, "read": { "watermark": read },
    });
    let body = json!({ "object": "page", "entry": [{ "id": "300", "messaging": [happened] }] });
    assert_eq!(at.post(&body).await, StatusCode::OK);
    world.settle().await;
    let mut ledger = at.see().await.ledger;
    ledger.sort_by_key(|entry| entry.at);
    let receipts: Vec<_> = ledger.iter().map(|entry| entry.receipt).collect();
    assert_eq!(receipts, [Some(ReceiptStatus::Read), Some(ReceiptStatus::Read), None]);
}
