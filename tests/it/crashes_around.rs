//! Crashes around the conversations: edits of settings by the API, what falls due and is found by the sweep,
//! and what leaves for the event bus. Whatever dies, nothing answered is lost and nothing is doubled.

#![expect(clippy::indexing_slicing, reason = "an answer without the member that a test is about fails it")]

use std::sync::atomic::Ordering;

use handover_cloud::Verdict as Fate;
use handover_core::Announcement;
use handover_tests::{MINUTE, View, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    automations::types,
    console::{Answer, Api, alex},
    notify::{AUTOMATION, CLIENT, SAID, answers, edit_account, listen, sent_to},
};

const FATES: [Fate; 4] = [Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer, Fate::Throttle];

/// A caller who repeats what was not answered.
async fn insist(api: &Api<'_>, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    for _ in 0..8 {
        let answer = api.call(method.clone(), path, headers, body).await;
        if !answer.status.is_server_error() {
            return answer;
        }
        api.world.travel(MINUTE / 4).await;
    }
    panic!("{method} {path} was never answered");
}

/// Settings made, edited and removed; a caller whose edit meets a version that is newer than it knew reads
/// again, as it must, and finds its own edit or makes it now.
async fn edited(number: u64, fate: Fate) -> (Value, u64) {
    let world = World::new(61).await;
    world.stop_sweep();
    let api = Api::clinic(&world);
    let counter = world.strike(number, fate);
    let key = [("idempotency-key", "k1")];
    let staff = insist(&api, Method::POST, "/staff", &key, &json!({"name": "Robin"})).await;
    assert!(staff.status.is_success(), "{staff:?}");
    let id = staff.body["id"].as_str().unwrap().to_owned();
    let team = insist(&api, Method::POST, "/teams", &key, &json!({"name": "Sales", "members": [id]})).await;
    assert!(team.status.is_success(), "{team:?}");
    let hook = json!({"url": "https://automation.example/x", "events": ["task.overdue"]});
    let hook = insist(&api, Method::POST, "/webhooks", &key, &hook).await;
    assert!(hook.status.is_success(), "{hook:?}");

    let path = format!("/bots/{}", world.sample.clinic.bot);
    for _ in 0..3 {
        let read = insist(&api, Method::GET, &path, &[], &Value::Null).await;
        let mut bot = read.body.clone();
        if bot["name"] == "Edited" {
            break;
        }
        bot["name"] = json!("Edited");
        bot.as_object_mut().unwrap().remove("id");
        let etag = read.etag.unwrap();
        let put = insist(&api, Method::PUT, &path, &[("if-match", &etag)], &bot).await;
        assert!(put.status.is_success() || put.status == StatusCode::PRECONDITION_FAILED, "{put:?}");
    }
    let team = format!("/teams/{}", team.body["id"].as_str().unwrap());
    let gone = insist(&api, Method::DELETE, &team, &[("if-match", "\"1\"")], &Value::Null).await;
    // Gone by this call, or by the one whose answer got lost.
    assert!([StatusCode::NO_CONTENT, StatusCode::NOT_FOUND].contains(&gone.status), "{gone:?}");
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    world.travel(5 * MINUTE).await;
    world.assert_nothing_left();

    let audit = api.get("/audit").await.body;
    let mut journal: Vec<Value> = audit["items"].as_array().unwrap().clone();
    for line in &mut journal {
        line.as_object_mut().unwrap().remove("at");
    }
    journal.sort_by_key(ToString::to_string);
    let left = json!({
        "staff": api.get("/staff").await.body,
        "teams": api.get("/teams").await.body,
        "webhooks": api.get("/webhooks").await.body,
        "bot": api.get(&path).await.body,
        "journal": journal,
    });
    (left, calls)
}

#[tokio::test]
async fn an_edit_that_was_answered_is_there_once_whatever_crashes() {
    let (smooth, calls) = edited(u64::MAX, Fate::Proceed).await;
    assert_eq!(smooth["bot"]["name"], "Edited");
    assert!(calls > 10, "{calls}");
    for number in 0..calls {
        for fate in FATES {
            let (bumpy, _) = edited(number, fate.clone()).await;
            assert_eq!(bumpy, smooth, "call {number} of {calls}: {fate:?}");
        }
    }
}

/// A day passes, and the sweep finds what fell due. Only the calls from then on meet a fate.
async fn swept(number: u64, fate: Fate) -> (View, World, u64) {
    let world = World::new(62).await;
    world.drop_timers();
    world.stop_sweep();
    answers(&world, AUTOMATION, 200);
    listen(&world, &[Announcement::PromiseMissed, Announcement::TaskOverdue]).await;
    edit_account(&world, |account| account.event_bus = true).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let pause = json!({"pause": "until_handed_back", "staff": alex(&world)});
    assert_eq!(Api::clinic(&world).command("pause", "p", &pause).await.status, StatusCode::OK);
    world.settle().await;
    world.travel(22 * 60 * MINUTE + MINUTE).await;
    let counter = world.strike(number, fate);
    world.sweep().await;
    world.travel(2 * 60 * MINUTE).await;
    world.sweep().await;
    world.travel(20 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    (world.see(CLIENT).await, world, calls)
}

/// Events on the bus: their types with their ids.
pub(crate) fn on_bus(world: &World) -> Vec<(String, String)> {
    let requests = world.local.cloud().recorder().requests();
    let events = requests.iter().filter(|request| request.method == "EVENT");
    let mut events: Vec<(String, String)> = events
        .map(|request| {
            assert_eq!(
                (request.url.as_str(), request.header("source")),
                ("eventbridge:handover", Some("handover"))
            );
            assert!(!request.body.contains(CLIENT) && !request.body.contains("talk to a human"));
            let body: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(body["type"], request.header("detail-type").unwrap());
            (request.header("detail-type").unwrap().to_owned(), body["id"].as_str().unwrap().to_owned())
        })
        .collect();
    events.sort();
    events
}

#[tokio::test]
async fn what_falls_due_is_told_once_whatever_crashes() {
    let (smooth, world, calls) = swept(u64::MAX, Fate::Proceed).await;
    world.assert_nothing_left();
    let heard = types(&sent_to(&world, AUTOMATION));
    assert_eq!(heard, ["promise.missed", "task.overdue"]);
    let bus = on_bus(&world);
    let names: Vec<&str> = bus.iter().map(|(name, _)| name.as_str()).collect();
    let expected = ["handover.started", "promise.missed", "tag.added", "task.created", "task.overdue"];
    assert_eq!(names, expected);
    assert!(calls > 20, "{calls}");
    for number in 0..calls {
        for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer] {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy, world, _) = swept(number, fate).await;
            assert_eq!(bumpy.told(), smooth.told(), "{at}");
            assert_eq!(bumpy.notes.len(), smooth.notes.len(), "{at}: recorded once");
            let verdicts = |view: &View| {
                let mut verdicts: Vec<_> = view.messages.iter().map(|line| line.record.verdict).collect();
                verdicts.sort_unstable();
                verdicts
            };
            assert_eq!(verdicts(&bumpy), verdicts(&smooth), "{at}");
            // At least once, with one id; doubled by the fate alone.
            let mut now = on_bus(&world);
            assert!(now.len() <= bus.len() + 1, "{at}");
            now.dedup();
            assert_eq!(now, bus, "{at}");
            let mut now = types(&sent_to(&world, AUTOMATION));
            assert!(now.len() <= heard.len() + 1, "{at}");
            now.dedup();
            assert_eq!(now, heard, "{at}");
            world.assert_nothing_left();
        }
    }
}
