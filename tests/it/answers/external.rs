//! Bots that live elsewhere: they ask before they speak, and speak as of an epoch.

use handover_core::{Purpose, ScenarioKind, Verdict};
use handover_tests::{MINUTE, World};
use http::StatusCode;
use serde_json::{Value, json};

use super::{CLIENT, ask, set_bot};
use crate::console::{Answer, Api, alex};

async fn turn(api: &Api<'_>, key: &str, body: &Value) -> Value {
    let answer = api.command("turns", key, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body
}

async fn speak(api: &Api<'_>, key: &str, epoch: u64, text: &str) -> Answer {
    api.command("messages", key, &json!({"epoch": epoch, "text": text})).await
}

#[tokio::test]
async fn a_bot_asks_speaks_and_is_refused_with_the_new_owner() {
    let world = World::new(1).await;
    let api = Api::clinic(&world);
    ask(&world, "1", "hello").await;
    let may = turn(&api, "t1", &Value::Null).await;
    assert_eq!((&may["answer"], &may["epoch"]), (&json!("speak"), &json!(0)));
    let said = speak(&api, "m1", 0, "Good morning!").await;
    assert_eq!((said.status, &said.body["verdict"]), (StatusCode::OK, &json!("bot_replied")), "{said:?}");
    // The same request again is the same message.
    assert_eq!(speak(&api, "m1", 0, "Good morning!").await.status, StatusCode::OK);
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.texts.len(), 1);

    ask(&world, "2", "a human please").await;
    let may = turn(&api, "t2", &json!({"history": true})).await;
    assert_eq!((&may["answer"], &may["reason"]), (&json!("handed_over"), &json!("human_requested")));
    assert_eq!(may["owner"]["staff"], json!(alex(&world)));
    let spoken: Vec<&str> =
        may["history"].as_array().unwrap().iter().map(|line| line["speaker"].as_str().unwrap()).collect();
    assert_eq!(spoken, ["client", "bot", "client", "humans_began"]);
    for epoch in [0, 1] {
        let refused = speak(&api, &format!("m2-{epoch}"), epoch, "As I was saying").await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
        assert_eq!(refused.body["type"], "urn:handover:problem:stale_epoch");
        assert_eq!((&refused.body["answer"], &refused.body["epoch"]), (&json!("handed_over"), &json!(1)));
        assert_eq!(refused.body["owner"]["staff"], json!(alex(&world)));
    }
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.texts.len(), 2, "the greeting and the closing message: {:?}", view.texts);

    // The pause is over: a new epoch, told before anything has noted it.
    world.stop_sweep();
    world.drop_timers();
    world.travel(61 * MINUTE).await;
    let may = turn(&api, "t3", &Value::Null).await;
    assert_eq!((&may["answer"], &may["epoch"]), (&json!("speak"), &json!(2)));
    assert_eq!(speak(&api, "m3", 2, "I am back.").await.status, StatusCode::OK);
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.texts.len(), 3);
}

#[tokio::test]
async fn a_human_who_steps_in_pauses_the_bot() {
    let world = World::new(2).await;
    let api = Api::clinic(&world);
    ask(&world, "1", "hello").await;
    api.command("reply", "r1", &json!({"staff": alex(&world), "text": "Alex here."})).await;
    let may = turn(&api, "t1", &Value::Null).await;
    assert_eq!((&may["answer"], &may["reason"]), (&json!("paused"), &json!("takeover")));
}

#[tokio::test]
async fn its_words_are_judged_like_any_bots() {
    for (seed, body, scenario) in [
        (3, json!({"epoch": 0, "text": "I'm connecting you to a colleague."}), ScenarioKind::HumanRequested),
        (4, json!({"epoch": 0, "outcome": "no_answer"}), ScenarioKind::LackOfKnowledge),
        (5, json!({"epoch": 0, "outcome": "wants_handover"}), ScenarioKind::HumanRequested),
        (
            6,
            json!({"epoch": 0, "text": "Maybe.", "evidence": {"sources": 0, "best": 0.1}}),
            ScenarioKind::LackOfKnowledge,
        ),
    ] {
        let world = World::new(seed).await;
        let api = Api::clinic(&world);
        ask(&world, "1", "hello").await;
        let said = api.command("messages", "m1", &body).await;
        assert_eq!((said.status, &said.body["verdict"]), (StatusCode::OK, &json!("handed_over")), "{body}");
        world.settle().await;
        let view = world.see(CLIENT).await;
        let found = view.conversation.human().and_then(|human| human.origin.scenario());
        assert_eq!(found, Some(scenario), "{body}");
        assert!(view.ledger.iter().all(|entry| entry.purpose == Purpose::Closing), "{body}");
    }
}

#[tokio::test]
async fn the_cap_and_the_limits_hold() {
    let world = World::new(7).await;
    set_bot(&world, |bot| bot.daily_messages = 1).await;
    let api = Api::clinic(&world);
    ask(&world, "1", "hello").await;
    for bad in [json!({"epoch": 0}), json!({"epoch": 0, "text": " "}), json!({"text": "x"})] {
        let refused = api.command("messages", "bad", &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    assert_eq!(speak(&api, "m1", 0, "One.").await.status, StatusCode::OK);
    let capped = speak(&api, "m2", 0, "Two.").await;
    assert_eq!(capped.body["type"], "urn:handover:problem:message_cap", "{capped:?}");
    assert_eq!(world.see(CLIENT).await.verdicts(), [Verdict::ExternalBot]);
}
