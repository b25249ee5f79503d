//! Everything about a client in one document, and then nothing: the whole table is looked through.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use handover_cloud::Verdict as Fate;
use handover_core::{ContactId, EventId, EventKind, Outcome, OutcomeResult, ReplySignals, TurnId, Verdict};
use handover_tests::{MINUTE, World};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{by_chat, by_phone, chat, linked, see};
use crate::console::{Api, CLIENT, alex};

/// Every item of the table, as it is stored.
pub(crate) async fn table(world: &World) -> Vec<Value> {
    let name = world.local.cloud().template().tables.first().unwrap().name.clone();
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut body = json!({"TableName": name});
        if !start.is_null() {
            body["ExclusiveStartKey"] = start;
        }
        let request = Request::builder()
            .method("POST")
            .uri("http://aws.local/")
            .header("x-amz-target", "DynamoDB_20120810.Scan")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let response = world.local.cloud().call(request).await.unwrap();
        let answer: Value = serde_json::from_slice(response.body()).unwrap();
        items.extend(answer["Items"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().cloned());
        start = answer["LastEvaluatedKey"].clone();
        if start.is_null() {
            return items;
        }
    }
}

/// What the client said and is called, and what was said of and to them.
const PERSONAL: [&str; 9] = [
    "4915112345678",
    "guest-7",
    "my knee hurts",
    "talk to a human",
    "Mrs Miller",
    "come at nine",
    "very-important",
    "is allergic",
    "from+me",
];

async fn found(world: &World) -> Vec<String> {
    let items: Vec<String> = table(world).await.iter().map(Value::to_string).collect();
    let found = PERSONAL.iter().filter(|word| items.iter().any(|item| item.contains(**word)));
    found.map(|word| (*word).to_owned()).collect()
}

/// Everything that can be said and done with a client in two inboxes.
async fn history(world: &World) {
    linked(world).await;
    let api = Api::clinic(world);
    world.say(world.twilio(), CLIENT, "2", "my knee hurts, I am Mrs Miller").await;
    world.say(world.twilio(), CLIENT, "3", "I want to talk to a human").await;
    world.travel(MINUTE).await;
    let reply = json!({"staff": alex(world), "text": "You can come at nine."});
    assert_eq!(api.command("reply", "r", &reply).await.status, StatusCode::OK);
    let tag = json!({"tag": "very-important", "reason": "is allergic"});
    assert_eq!(api.command("tags", "t", &tag).await.status, StatusCode::OK);
    chat(world, "c2", "it is me again, Mrs Miller").await;
    // Something of theirs that could not be read.
    let body = format!("MessageSid=&Body=from+me&From={}", CLIENT.trim_start_matches('+'));
    assert!(world.webhook(crate::traffic::signed(world, body.as_bytes())).await.is_success());
    world.settle().await;
    assert_eq!(world.local.admin_store().quarantine(world.account()).await.unwrap().len(), 1);
}

fn contact(world: &World) -> String {
    format!("/contacts/{}", ContactId::of(&by_phone(world)))
}

#[tokio::test]
async fn an_export_holds_everything_and_an_erasure_leaves_nothing() {
    let world = World::new(11).await;
    history(&world).await;
    assert_eq!(found(&world).await, PERSONAL);
    let api = Api::clinic(&world);
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{}/export?limit=3&cursor={cursor}", contact(&world))).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        items.extend(page.body["items"].as_array().unwrap().iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let whole = api.get(&format!("{}/export?limit=200", contact(&world))).await.body;
    assert_eq!(whole["items"].as_array().unwrap(), &items, "by pages or at once");
    let text = Value::from(items.clone()).to_string();
    for word in PERSONAL {
        assert!(text.contains(word), "{word} is not in the export");
    }
    let kinds = |kind: &str| items.iter().filter(|item| item["kind"] == kind).count();
    assert_eq!((kinds("conversation"), kinds("quarantine"), kinds("message")), (2, 1, 9), "{items:#?}");
    assert!(kinds("sent") == 2 && kinds("handover") == 2 && kinds("notification") > 0, "{items:#?}");

    let erased = api.call(Method::DELETE, &contact(&world), &[], &Value::Null).await;
    assert_eq!(erased.status, StatusCode::ACCEPTED, "{erased:?}");
    world.settle().await;
    assert_eq!(found(&world).await, Vec::<String>::new());
    assert_eq!(api.get(&contact(&world)).await.status, StatusCode::NOT_FOUND);
    let shown = api.get(&format!("/conversations/{}", by_phone(&world))).await;
    assert_eq!(shown.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/conversations").await.body["items"], json!([]));
    assert_eq!(api.get(&format!("/tasks?assignee=staff:{}", alex(&world))).await.body["items"], json!([]));
    let journal = api.get("/audit").await.body.to_string();
    assert!(journal.contains(": erased") && !PERSONAL.iter().any(|word| journal.contains(word)), "{journal}");
    // Timers of before find nothing, and nobody is told anything.
    let requests = world.local.cloud().recorder().requests().len();
    world.travel(26 * 60 * MINUTE).await;
    assert_eq!(world.local.cloud().recorder().requests().len(), requests);
    assert_eq!(found(&world).await, Vec::<String>::new());
    world.assert_nothing_left();

    // The same client is a new one.
    world.say(world.twilio(), CLIENT, "9", "I want to talk to a human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.messages.last().unwrap().record.verdict, Verdict::HandedOver);
    let sent = view.ledger.iter().filter(|entry| entry.provider_message.is_some()).count();
    assert_eq!((sent, view.contact.tags.len(), view.contact.linked.len()), (1, 1, 0));
    let listed = api.get("/conversations?control=human").await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    chat(&world, "c9", "hello").await;
    assert!(see(&world, &by_chat(&world)).await.conversation.human().is_none());
    world.assert_nothing_left();
}

#[tokio::test]
async fn what_was_under_way_leaves_nothing_behind_either() {
    let world = World::new(12).await;
    world.say(world.twilio(), CLIENT, "1", "my knee hurts").await;
    let id = by_phone(&world);
    let api = Api::clinic(&world);
    // The bot is asked, and answers when there is nobody left to answer.
    let before = world.see(CLIENT).await.conversation;
    let trigger: EventId = before.id.as_str().parse().unwrap();
    let late = Outcome {
        turn: TurnId::derive(&id, before.epoch, &trigger),
        epoch: before.epoch,
        trigger,
        result: OutcomeResult::Answered,
        reply: Some("You can come at nine.".to_owned()),
        retrieval: None,
        reply_signals: ReplySignals::default(),
        fingerprint: None,
    };
    let erased = api.call(Method::DELETE, &contact(&world), &[], &Value::Null).await;
    assert_eq!(erased.status, StatusCode::ACCEPTED, "{erased:?}");
    world.settle().await;
    crate::takeover::happens(&world, &id, "late", EventKind::Outcome(late)).await;
    assert_eq!(found(&world).await, Vec::<String>::new());
    assert_eq!(world.texts(&format!("whatsapp:{CLIENT}")), []);
    world.travel(5 * MINUTE).await;
    world.assert_nothing_left();
}

/// An erasure, one of whose outgoing calls meets a fate; asked for until it is answered.
async fn erased(number: u64, fate: Fate) -> (World, u64) {
    let world = World::new(13).await;
    world.stop_sweep();
    history(&world).await;
    let counter = world.strike(number, fate);
    for _ in 0..8 {
        let answer = Api::clinic(&world).call(Method::DELETE, &contact(&world), &[], &Value::Null).await;
        // Asked again after all was done there is nobody of that name.
        if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
            break;
        }
        assert!(answer.status.is_server_error(), "{answer:?}");
        world.travel(MINUTE / 4).await;
    }
    world.settle().await;
    world.travel(15 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    (world, calls)
}

#[tokio::test]
async fn an_erasure_that_was_answered_is_done_whatever_crashes() {
    let (world, calls) = erased(u64::MAX, Fate::Proceed).await;
    assert_eq!(found(&world).await, Vec::<String>::new());
    assert!(calls > 40, "{calls} calls");
    for number in 0..calls {
        let lost = (number % 3 == 0).then_some(Fate::LoseAnswer);
        for fate in [Fate::CrashBefore, Fate::CrashAfter].into_iter().chain(lost) {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (world, _) = erased(number, fate).await;
            assert_eq!(found(&world).await, Vec::<String>::new(), "{at}");
            world.assert_nothing_left();
            world.say(world.twilio(), CLIENT, "9", "I want to talk to a human").await;
            let view = world.see(CLIENT).await;
            assert_eq!(view.messages.last().unwrap().record.verdict, Verdict::HandedOver, "{at}");
        }
    }
}
