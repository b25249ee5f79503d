//! What was put aside goes on its way again, whatever dies in between.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use handover_aws::queue::{Quarantined, RawCall};
use handover_cloud::{Invocation, Verdict as Fate};
use handover_core::Verdict;
use handover_tests::{MINUTE, View, World};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Api, CLIENT};

/// A webhook call as code of yesterday has put it aside, which could not read it.
async fn put_aside(world: &World, call: Request<Bytes>) -> String {
    let body = String::from_utf8(call.body().to_vec()).unwrap();
    let inbox = &world.twilio().inbox;
    let mut aside =
        Quarantined::new(inbox.account.clone(), "evaluate", "not known yesterday", body, world.now());
    aside.inbox = Some(inbox.id.clone());
    let content_type = call.headers().get("content-type").unwrap().to_str().unwrap().to_owned();
    let aside = aside.with_call(RawCall {
        method: "POST".to_owned(),
        query: String::new(),
        headers: [("content-type".to_owned(), content_type)].into(),
        base64: false,
    });
    world.local.admin_store().put_quarantine(&aside).await.unwrap();
    aside.id
}

/// A call that is redriven while one of its outgoing calls meets a fate, and again until it is answered.
async fn redriven(number: u64, fate: Fate) -> (View, u64) {
    let world = World::new(1).await;
    world.stop_sweep();
    let call = world.call(world.twilio(), CLIENT, "1", "I want to talk to a human");
    let path = format!("/quarantine/{}/redrive", put_aside(&world, call).await);
    let counter = world.strike(number, fate);
    let api = Api::clinic(&world);
    let mut answered = false;
    for _ in 0..8 {
        let headers = [("idempotency-key", "once")];
        let answer = api.call(http::Method::POST, &path, &headers, &Value::Null).await;
        if answer.status == StatusCode::ACCEPTED {
            answered = true;
            break;
        }
        assert!(answer.status.is_server_error(), "{answer:?}");
        world.travel(MINUTE / 4).await;
    }
    assert!(answered);
    world.settle().await;
    world.travel(5 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    world.assert_nothing_left();
    assert_eq!(api.get("/quarantine").await.body["items"], json!([]));
    (world.see(CLIENT).await, calls)
}

#[tokio::test]
async fn a_call_that_can_be_read_now_is_read_whatever_crashes() {
    let (smooth, calls) = redriven(u64::MAX, Fate::Proceed).await;
    assert_eq!(smooth.verdicts(), [Verdict::HandedOver]);
    assert_eq!((smooth.handovers.len(), smooth.texts.len()), (1, 1));
    assert!(calls > 10, "{calls} calls");
    for number in 0..calls {
        for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer, Fate::Throttle] {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy, _) = redriven(number, fate).await;
            assert_eq!(bumpy.verdicts(), smooth.verdicts(), "{at}");
            assert_eq!(bumpy.handovers.len(), 1, "{at}");
            assert!(bumpy.texts.len() <= 1, "{at}: {:?}", bumpy.texts);
        }
    }
}

#[tokio::test]
async fn what_came_by_itself_meanwhile_is_not_done_twice() {
    let world = World::new(2).await;
    let call = || world.call(world.twilio(), CLIENT, "1", "I want to talk to a human");
    let id = put_aside(&world, call()).await;
    // The provider tried again, and by then it could be read.
    assert!(world.webhook(call()).await.is_success());
    world.settle().await;
    let before = world.see(CLIENT).await;
    let answer = Api::clinic(&world).post(&format!("/quarantine/{id}/redrive"), &Value::Null).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    world.settle().await;
    let after = world.see(CLIENT).await;
    assert_eq!(after.record(), before.record());
    assert_eq!(after.texts, before.texts);
}

#[tokio::test]
async fn what_is_a_day_old_is_recorded_and_not_acted_on() {
    let world = World::new(3).await;
    let call = world.call(world.twilio(), CLIENT, "1", "I want to talk to a human");
    let id = put_aside(&world, call).await;
    world.travel(25 * 60 * MINUTE).await;
    let answer = Api::clinic(&world).post(&format!("/quarantine/{id}/redrive"), &Value::Null).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.verdicts(), [Verdict::TooOld]);
}

#[tokio::test]
async fn what_cannot_go_again_stays_and_says_why() {
    let world = World::new(4).await;
    let api = Api::clinic(&world);
    assert!(world.webhook(crate::traffic::signed(&world, b"not json")).await.is_success());
    assert!(world.webhook(crate::traffic::signed(&world, b"\xff\x00")).await.is_success());
    let long = [b"{".as_slice(), &vec![b' '; 220_000]].concat();
    assert!(world.webhook(crate::traffic::signed(&world, &long)).await.is_success());
    world.settle().await;
    let listed = api.get("/quarantine").await.body;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let mut said = Vec::new();
    for item in items {
        let path = format!("/quarantine/{}", item["id"].as_str().unwrap());
        let refused = api.post(&format!("{path}/redrive"), &Value::Null).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
        said.push(refused.body["detail"].as_str().unwrap().to_owned());
        let whole = api.get(&path).await.body;
        assert_eq!(whole["cut"], json!(said.last().unwrap().contains("only its beginning")), "{whole}");
    }
    assert_eq!(said.iter().filter(|said| said.starts_with("it still cannot be read")).count(), 2, "{said:?}");
    assert_eq!(api.get("/quarantine").await.body, listed);
    // Where an account keeps no text there is nothing that could go again.
    let read = api.get("").await;
    let mut wanted = read.body;
    wanted["store_text"] = json!(false);
    let headers = [("if-match", read.etag.as_deref().unwrap())];
    assert_eq!(api.call(http::Method::PUT, "", &headers, &wanted).await.status, StatusCode::OK);
    world.travel(MINUTE).await;
    assert!(world.webhook(crate::traffic::signed(&world, b"nor this")).await.is_success());
    world.settle().await;
    let kept = api.get("/quarantine?limit=200").await.body;
    let path = format!("/quarantine/{}", kept["items"][3]["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.body["body"], Value::Null);
    let refused = api.post(&format!("{path}/redrive"), &Value::Null).await;
    assert!(refused.body["detail"].as_str().unwrap().contains("keeps no text"), "{refused:?}");
}

#[tokio::test]
async fn pages_lose_nothing_while_things_leave_and_only_admins_see_text() {
    let world = World::new(5).await;
    let api = Api::clinic(&world);
    for number in 0..7 {
        let body = format!("not json {number}");
        assert!(world.webhook(crate::traffic::signed(&world, body.as_bytes())).await.is_success());
        world.settle().await;
        world.travel(MINUTE).await;
    }
    let all = api.get("/quarantine").await.body;
    let all: Vec<&str> =
        all["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/quarantine?limit=2&cursor={cursor}")).await.body;
        for item in page["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            let path = format!("/quarantine/{id}/discard");
            let why = json!({"reason": "seen"});
            assert_eq!(api.post(&path, &why).await.status, StatusCode::NO_CONTENT);
            seen.push(id);
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let id = put_aside(&world, world.call(world.twilio(), CLIENT, "1", "hello")).await;
    let made = api.post("/api-keys", &json!({"name": "clerk", "scope": "write"})).await.body;
    let clerk = Api { key: made["api_key"].as_str().unwrap().to_owned(), ..api.clone() };
    let listed = clerk.get("/quarantine").await;
    assert_eq!((listed.status, listed.body["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    assert!(!listed.body.to_string().contains("hello"));
    assert_eq!(clerk.get(&format!("/quarantine/{id}")).await.status, StatusCode::FORBIDDEN);
    // The stack's operator can do the same without a key.
    let order = json!({"redrive": {"account": world.account(), "item": id}});
    let Invocation::Answered(done) = world.local.dispatcher().invoke("console", order.clone()).await else {
        panic!("not answered");
    };
    assert_eq!(done["item"], json!(id), "{done}");
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.messages.len(), 1);
    let Invocation::Answered(gone) = world.local.dispatcher().invoke("console", order).await else {
        panic!("not answered");
    };
    assert!(gone["error"].is_string(), "{gone}");
}
