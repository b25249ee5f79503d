//! Reports and the tag filter, by the API alone.

use std::time::Duration;

use handover_cloud::Verdict as Fate;
use handover_tests::{MINUTE, START_MS, World};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Api, CLIENT, alex, billie};

const HOUR: Duration = Duration::from_hours(1);
const DAY_MS: i64 = 86_400_000;

async fn command(world: &World, from: &str, name: &str, body: &Value) {
    let id = world.conversation(world.twilio(), from);
    let answer = Api::clinic(world).post(&format!("/conversations/{id}/{name}"), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    world.settle().await;
}

fn period(path: &str, from: i64, to: i64) -> String {
    format!("/reports/handovers{path}?from={from}&to={to}")
}

#[tokio::test]
async fn handovers_are_counted_by_scenario_bot_and_day_with_times() {
    let world = World::new(1).await;
    let api = Api::clinic(&world);
    let client = |number: u32| format!("+491510000000{number}");
    // Claimed after 4 minutes (by Billie, for nobody had it), answered after 10.
    world.say(world.twilio(), &client(1), "1", "I want to talk to a human").await;
    command(&world, &client(1), "assign", &json!({"to": null})).await;
    world.travel_to(4 * MINUTE).await;
    command(&world, &client(1), "claim", &json!({"staff": billie(&world)})).await;
    world.travel_to(10 * MINUTE).await;
    command(&world, &client(1), "reply", &json!({"staff": billie(&world), "text": "Hello"})).await;
    // Answered after 20 minutes by its assignee; settled by phone; never answered.
    world.say(world.twilio(), &client(2), "2", "I want to talk to a human").await;
    world.say(world.twilio(), &client(3), "3", "I want to talk to a human").await;
    world.say(world.twilio(), &client(4), "4", "I want to talk to a human").await;
    world.travel_to(30 * MINUTE).await;
    command(&world, &client(2), "reply", &json!({"staff": alex(&world), "text": "Hello"})).await;
    command(&world, &client(3), "resolve", &json!({"staff": alex(&world), "reason": "by phone"})).await;
    // A takeover on the next day, where nobody waited.
    world.travel_to(26 * HOUR).await;
    world.say(world.twilio(), &client(5), "5", "what are your opening hours?").await;
    command(&world, &client(5), "reply", &json!({"staff": alex(&world), "text": "Nine to five"})).await;

    let report = api.get(&period("", START_MS, START_MS + 3 * DAY_MS)).await;
    assert_eq!(report.status, StatusCode::OK, "{report:?}");
    let report = report.body;
    assert_eq!(
        (&report["handovers"], &report["unanswered"], &report["overdue"]),
        (&json!(5), &json!(1), &json!(1))
    );
    let minutes = |of: &Value| of.as_i64().unwrap() / 60_000;
    let claim = &report["time_to_claim"];
    // The assignee's answer is a claim too.
    assert_eq!(
        (&claim["count"], minutes(&claim["median_ms"]), minutes(&claim["p90_ms"])),
        (&json!(2), 4, 20)
    );
    let reply = &report["time_to_first_reply"];
    assert_eq!(
        (&reply["count"], minutes(&reply["median_ms"]), minutes(&reply["p90_ms"])),
        (&json!(2), 10, 20)
    );
    assert_eq!(minutes(&reply["mean_ms"]), 15);
    let line = |list: &str, at: usize| report[list][at].clone();
    assert_eq!(
        line("by_scenario", 0),
        json!({"scenario": "human_requested", "handovers": 4, "unanswered": 1, "overdue": 1})
    );
    assert_eq!(line("by_scenario", 1)["scenario"], "takeover");
    assert_eq!((&line("by_action", 0)["handovers"], &report["counted_from"]), (&json!(4), &Value::Null));
    assert_eq!(line("by_bot", 0)["bot"], world.sample.clinic.bot.as_str());
    assert_eq!(
        (&line("by_day", 0)["day"], &line("by_day", 0)["handovers"]),
        (&json!("2026-11-22"), &json!(4))
    );
    assert_eq!(
        (&line("by_day", 1)["day"], &line("by_day", 1)["handovers"]),
        (&json!("2026-11-23"), &json!(1))
    );

    // A period ends before its last instant, and another account sees nothing of it.
    let first_day = api.get(&period("", START_MS, START_MS + DAY_MS)).await.body;
    assert_eq!(first_day["handovers"], 4);
    let none = api.get(&period("", START_MS - DAY_MS, START_MS)).await.body;
    assert_eq!((&none["handovers"], &none["time_to_claim"]["median_ms"]), (&json!(0), &Value::Null));
    let twin = Api::of(&world, &world.sample.twin);
    assert_eq!(twin.get(&period("", START_MS, START_MS + DAY_MS)).await.body["handovers"], 0);

    // The single ones that were left, by page.
    for only in ["unanswered", "overdue"] {
        let path = format!("{}&only={only}&limit=1", period("/left", START_MS, START_MS + 3 * DAY_MS));
        let page = api.get(&path).await.body;
        let id = world.conversation(world.twilio(), &client(4));
        assert_eq!(page["items"][0]["conversation"], id.as_str(), "{page}");
        assert_eq!(
            (&page["items"][0]["unanswered"], &page["items"][0]["overdue"]),
            (&json!(true), &json!(true))
        );
        let rest = page["next"].as_str().map(|next| format!("{path}&cursor={next}"));
        if let Some(rest) = rest {
            assert_eq!(api.get(&rest).await.body["items"], json!([]));
        }
    }
    for (query, field) in [
        ("?from=1", "to"),
        ("?from=5&to=5", "to"),
        ("?from=0&to=7948800001", "to"),
        ("?from=x&to=5", "from"),
        ("?from=9223372036854775807&to=5", "from"),
        ("/left?from=0&to=5", "only"),
        ("/left?from=0&to=5&only=unanswered&cursor=eA", "cursor"),
    ] {
        let answer = api.get(&format!("/reports/handovers{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {answer:?}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn conversations_are_found_by_tag_and_by_the_record() {
    let world = World::new(2).await;
    let api = Api::clinic(&world);
    let tagged = async |tag: &str| -> Vec<String> {
        let mut ids = Vec::new();
        let mut path = format!("/conversations?tag={tag}&limit=1");
        for _ in 0..9 {
            let page = api.get(&path).await.body;
            let rows = page["items"].as_array().unwrap();
            ids.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/conversations?tag={tag}&limit=1&cursor={next}");
        }
        ids.sort();
        ids
    };
    let clients = [CLIENT, "+4915100000001", "+4915100000002"];
    let id = |client: &str| world.conversation(world.twilio(), client).to_string();
    world.say(world.twilio(), clients[0], "1", "I want to talk to a human").await;
    world.say(world.twilio(), clients[1], "2", "I want to talk to a human").await;
    world.say(world.twilio(), clients[2], "3", "what are your opening hours?").await;
    command(&world, clients[2], "tags", &json!({"tag": "vip"})).await;
    command(&world, clients[0], "tags", &json!({"tag": "vip"})).await;
    let mut both = vec![id(clients[0]), id(clients[1])];
    both.sort();
    assert_eq!(tagged("human_handover").await, both);
    let mut vips = vec![id(clients[0]), id(clients[2])];
    vips.sort();
    assert_eq!(tagged("vip").await, vips);
    assert!(tagged("nobody").await.is_empty());
    let shown = api.get("/conversations?tag=human_handover").await.body;
    assert_eq!(
        (&shown["items"][0]["control"], &shown["items"][0]["reason"]),
        (&json!("human"), &json!("human_requested"))
    );
    let twin = Api::of(&world, &world.sample.twin);
    assert_eq!(twin.get("/conversations?tag=vip").await.body["items"], json!([]));

    // Off and on again, with the row's removal lost in between: the record decides, and nothing is missed.
    world.strike_all(Fate::BreakBefore, |call| call.operation == "DeleteItem");
    command(&world, clients[0], "tags", &json!({"tag": "vip", "present": false})).await;
    world.heal();
    assert_eq!(tagged("vip").await, [id(clients[2])]);
    command(&world, clients[2], "tags", &json!({"tag": "vip", "present": false})).await;
    assert!(tagged("vip").await.is_empty());
    command(&world, clients[0], "tags", &json!({"tag": "vip"})).await;
    assert_eq!(tagged("vip").await, [id(clients[0])]);

    let together = api.get("/conversations?tag=vip&control=human").await;
    assert_eq!(together.body["errors"][0]["field"], "control", "{together:?}");
    let cursor = api.get("/conversations?tag=vip&cursor=Iw").await;
    assert_eq!(cursor.body["errors"][0]["field"], "cursor", "{cursor:?}");
}
