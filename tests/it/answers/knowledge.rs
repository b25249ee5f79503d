//! Question and answer entries and connector secrets, by the API.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use handover_aws::{Clock, Knowledge, Knowledges};
use handover_cloud::{CallRecord, Verdict as Fate};
use handover_core::FaqEntry;
use handover_tests::{MINUTE, World};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{CLIENT, ask};
use crate::console::{Answer, Api, send};

async fn import(api: &Api<'_>, bot: &str, query: &str, content_type: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://handover.test/v1/accounts/{}/bots/{bot}/faq/import{query}", api.account))
        .header("authorization", format!("Bearer {}", api.key))
        .header("content-type", content_type);
    send(api.world, request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()).await
}

#[tokio::test]
async fn entries_are_made_changed_removed_and_live_within_half_a_minute() {
    let world = World::answering(1).await;
    let api = Api::clinic(&world);
    let base = format!("/bots/{}/faq", world.sample.clinic.bot);
    ask(&world, "1", "where can I park my car?").await;

    let surf = json!({"question": "Do you sell surfboards?", "answer": "Only on Fridays."});
    let made = api.call(Method::POST, &base, &[("idempotency-key", "k1")], &surf).await;
    assert_eq!((made.status, made.etag.as_deref()), (StatusCode::CREATED, Some("\"1\"")), "{made:?}");
    let again = api.call(Method::POST, &base, &[("idempotency-key", "k1")], &surf).await;
    assert_eq!((again.status, &again.body["id"]), (StatusCode::OK, &made.body["id"]));
    let path = format!("{base}/{}", made.body["id"].as_str().unwrap());
    let tried = api.post(&format!("{base}/try"), &json!({"text": "do you sell surfboards"})).await;
    assert_eq!(
        (&tried.body["items"][0]["score"], &tried.body["items"][0]["entry"]["id"]),
        (&json!(1000), &made.body["id"])
    );
    world.travel(std::time::Duration::from_secs(31)).await;
    ask(&world, "2", "do you sell surfboards?").await;
    assert_eq!(world.see(CLIENT).await.texts.last().unwrap().body, "Only on Fridays.");

    let better = json!({"question": "Do you sell surfboards?", "answer": "Never."});
    let unseen = api.call(Method::PUT, &path, &[], &better).await;
    assert_eq!(unseen.status, StatusCode::PRECONDITION_REQUIRED);
    let changed = api.call(Method::PUT, &path, &[("if-match", "\"1\"")], &better).await;
    assert_eq!((changed.status, changed.etag.as_deref()), (StatusCode::OK, Some("\"2\"")), "{changed:?}");
    let late = api.call(Method::PUT, &path, &[("if-match", "\"1\"")], &surf).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(api.get(&path).await.body["answer"], "Never.");
    // Who has not seen the better answer cannot remove it.
    for (headers, status) in [
        (&[][..], StatusCode::PRECONDITION_REQUIRED),
        (&[("if-match", "\"1\"")], StatusCode::PRECONDITION_FAILED),
        (&[("if-match", "\"2\"")], StatusCode::NO_CONTENT),
    ] {
        assert_eq!(api.call(Method::DELETE, &path, headers, &Value::Null).await.status, status);
    }
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);

    // Every page, and nothing twice.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{base}?limit=7{cursor}")).await.body;
        seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let count = seen.len();
    seen.dedup();
    assert_eq!((count, seen.len()), (30, 30));
}

#[tokio::test]
async fn an_export_is_an_import() {
    let world = World::answering(2).await;
    let api = Api::clinic(&world);
    let bot = world.sample.clinic.bot.to_string();
    let csv = "question,answer,alternatives\nWhen?,\"Nine, sharp.\",Since when?|How early?\n";
    let made = import(&api, &bot, "", "text/csv", csv).await;
    assert_eq!(made.body, json!({"changed": 1, "removed": 0, "entries": 31}), "{made:?}");
    let again = import(&api, &bot, "", "text/csv; charset=utf-8", csv).await;
    assert_eq!(again.body, json!({"changed": 0, "removed": 0, "entries": 31}));

    let exported = api.get(&format!("/bots/{bot}/faq/export")).await.body;
    assert_eq!(exported["items"].as_array().unwrap().len(), 31);
    let unchanged = import(&api, &bot, "?replace=true", "application/json", &exported.to_string()).await;
    assert_eq!(unchanged.body, json!({"changed": 0, "removed": 0, "entries": 31}));
    let request = Request::builder()
        .uri(format!("http://handover.test/v1/accounts/{}/bots/{bot}/faq/export?format=csv", api.account))
        .header("authorization", format!("Bearer {}", api.key));
    let text = world.local.dispatcher().http(request.body(Bytes::new()).unwrap(), "127.0.0.1").await;
    assert_eq!(text.headers()["content-type"], "text/csv; charset=utf-8");
    let text = String::from_utf8(text.body().to_vec()).unwrap();
    let unchanged = import(&api, &bot, "?replace=true", "text/csv", &text).await;
    assert_eq!(unchanged.body, json!({"changed": 0, "removed": 0, "entries": 31}), "{text}");

    let only = json!({"items": [{"question": "Why?", "answer": "Because."}]});
    let replaced = import(&api, &bot, "?replace=true", "application/json", &only.to_string()).await;
    assert_eq!(replaced.body, json!({"changed": 1, "removed": 31, "entries": 1}));

    let bad = import(&api, &bot, "", "text/csv", "question,answer\n,x\n").await;
    assert_eq!(
        (bad.status, &bad.body["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("rows[1].question"))
    );
    let many: Vec<Value> =
        (0..501).map(|number| json!({"question": format!("q{number}"), "answer": "a"})).collect();
    let too_many = import(&api, &bot, "", "application/json", &json!({"items": many}).to_string()).await;
    assert_eq!(too_many.status, StatusCode::CONFLICT);
    let fit: Vec<Value> = many.into_iter().take(499).collect();
    let filled = import(&api, &bot, "", "application/json", &json!({"items": fit}).to_string()).await;
    assert_eq!(filled.body["entries"], 500, "{filled:?}");
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let world = World::new(3).await;
    let api = Api::clinic(&world);
    let path = format!("/bots/{}/secrets", world.sample.clinic.bot);
    assert_eq!(api.get(&path).await.body, json!({"items": []}));
    let set = api.post(&path, &json!({"name": "api_key", "value": "sk-very-secret"})).await;
    assert_eq!(set.status, StatusCode::CREATED, "{set:?}");
    let made = api.post(&path, &json!({"name": "signing_secret"})).await;
    assert!(made.body["value"].as_str().unwrap().starts_with("whsec_"));
    api.post(&path, &json!({"name": "signing_secret"})).await;
    let shown = api.get(&path).await.body;
    assert_eq!(
        shown,
        json!({"items": [{"name": "api_key", "live": 1}, {"name": "signing_secret", "live": 2}]})
    );
    assert!(!set.body.to_string().contains("very"));
    for bad in [
        json!({"name": "password", "value": "x"}),
        json!({"name": "api_key"}),
        json!({"name": "api_key", "value": "a\nb"}),
        json!({"name": "signing_secret", "value": "short"}),
    ] {
        assert_eq!(api.post(&path, &bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

/// Entries of an import, all with one answer.
fn answering(answer: &str, count: usize) -> String {
    let items: Vec<Value> =
        (0..count).map(|number| json!({"question": format!("q{number}"), "answer": answer})).collect();
    json!({"items": items}).to_string()
}

/// How many entries there are with which answers.
async fn answers(world: &World) -> Vec<(String, usize)> {
    let store = world.local.admin_store();
    let faq = store.faq(world.account(), &world.sample.clinic.bot).await.unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for entry in faq.entries {
        *counts.entry(entry.value.answer).or_insert(0) += 1;
    }
    counts.into_iter().collect()
}

#[tokio::test]
async fn an_import_is_whole_or_not_at_all_whatever_crashes() {
    let old = ("old".to_owned(), 200);
    let new = ("new".to_owned(), 200);
    let mut number = 0;
    let calls = loop {
        let world = World::new(5).await;
        let api = Api::clinic(&world);
        let bot = world.sample.clinic.bot.to_string();
        let first = import(&api, &bot, "", "application/json", &answering("old", 200)).await;
        assert_eq!(first.body["entries"], 200, "{first:?}");
        let counter = world.strike(number, Fate::CrashAfter);
        let done = import(&api, &bot, "?replace=true", "application/json", &answering("new", 200)).await;
        let calls = counter.load(Ordering::SeqCst);
        world.heal();
        let now = answers(&world).await;
        assert!(now == [old.clone()] || now == [new.clone()], "call {number}: {now:?}");
        assert!(done.status != StatusCode::OK || now == [new.clone()], "call {number}: {done:?}");
        // Asked again it is done, and nothing of a try that died is in the way.
        let again = import(&api, &bot, "?replace=true", "application/json", &answering("new", 200)).await;
        assert_eq!(again.body["entries"], 200, "{again:?}");
        assert_eq!(answers(&world).await, std::slice::from_ref(&new), "call {number}");
        if calls <= number {
            break calls;
        }
        number += 1;
    };
    assert!(calls >= 7, "{calls} calls");
}

#[tokio::test]
async fn of_two_imports_at_once_one_wins_and_the_other_is_told() {
    let world = World::new(6).await;
    let api = Api::clinic(&world);
    let bot = world.sample.clinic.bot.to_string();
    let (one, two) = (answering("one", 480), answering("two", 480));
    // Step by step in turns: both have read the entries before either has written any.
    world.strike_all(Fate::StandBack(1), |_| true);
    let (first, second) = tokio::join!(
        import(&api, &bot, "?replace=true", "application/json", &one),
        import(&api, &bot, "?replace=true", "application/json", &two),
    );
    world.heal();
    let won = [&first, &second].map(|answer| answer.status == StatusCode::OK);
    let now = answers(&world).await;
    match won {
        [true, false] => assert_eq!(now, [("one".to_owned(), 480)]),
        [false, true] => assert_eq!(now, [("two".to_owned(), 480)]),
        other => panic!("{other:?}: {first:?} {second:?}"),
    }
    let lost = if won[0] { second } else { first };
    assert_eq!(
        (lost.status, &lost.body["type"]),
        (StatusCode::CONFLICT, &json!("urn:handover:problem:entries_changed"))
    );
}

#[tokio::test]
async fn nothing_is_imported_by_mistake() {
    let world = World::answering(7).await;
    let api = Api::clinic(&world);
    let bot = world.sample.clinic.bot.to_string();
    for (kind, empty) in [("application/json", "{\"items\":[]}"), ("text/csv", "question,answer\n")] {
        let refused = import(&api, &bot, "?replace=true", kind, empty).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
        assert!(refused.body.to_string().contains("allow_empty=true"), "{refused:?}");
        assert_eq!(import(&api, &bot, "", kind, empty).await.body["entries"], 30);
    }
    let meant = import(&api, &bot, "?replace=true&allow_empty=true", "text/csv", "question,answer\n").await;
    assert_eq!(meant.body, json!({"changed": 0, "removed": 30, "entries": 0}));
}

#[tokio::test]
async fn an_import_that_changes_nothing_is_done_once_all_the_same() {
    let world = World::answering(8).await;
    let api = Api::clinic(&world);
    let path = format!("/bots/{}/faq/import", world.sample.clinic.bot);
    let headers = [("idempotency-key", "k")];
    let entry = json!({"items": [{"id": "e1", "question": "Why?", "answer": "Because."}]});
    api.post(&path, &entry).await;
    let first = api.call(Method::POST, &path, &headers, &entry).await;
    assert_eq!(first.body["changed"], 0, "{first:?}");
    let other = json!({"items": [{"id": "e1", "question": "Why?", "answer": "No idea."}]});
    api.post(&path, &other).await;
    // The first request comes again, late: what was edited since stays.
    let late = api.call(Method::POST, &path, &headers, &entry).await;
    assert_eq!((late.status, &late.body["changed"]), (StatusCode::OK, &json!(0)));
    let now = api.get(&format!("/bots/{}/faq/e1", world.sample.clinic.bot)).await;
    assert_eq!(now.body["answer"], "No idea.");
}

#[tokio::test]
async fn the_same_request_never_shows_a_secret_that_was_set_later() {
    let world = World::new(9).await;
    let api = Api::clinic(&world);
    let path = format!("/bots/{}/secrets", world.sample.clinic.bot);
    let (wanted, headers) = (json!({"name": "signing_secret"}), [("idempotency-key", "k")]);
    let first = api.call(Method::POST, &path, &headers, &wanted).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let later = api.post(&path, &wanted).await.body["value"].as_str().unwrap().to_owned();
    let again = api.call(Method::POST, &path, &headers, &wanted).await;
    assert_eq!(
        (again.status, &again.body["type"]),
        (StatusCode::CONFLICT, &json!("urn:handover:problem:made_before"))
    );
    assert!(!again.body.to_string().contains(&later));
    // 23 bytes are one too few (Standard Webhooks).
    let weak = json!({"name": "signing_secret", "value": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
    let refused = api.post(&path, &weak).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{refused:?}");
    // The old value ends when it is told to.
    let known = api.get(&path).await;
    assert_eq!(known.body["items"], json!([{"name": "signing_secret", "live": 2}]));
    let old = format!("{path}/signing_secret/old");
    for (headers, status) in [
        (vec![], StatusCode::PRECONDITION_REQUIRED),
        (vec![("if-match", "\"1\"")], StatusCode::PRECONDITION_FAILED),
        (vec![("if-match", known.etag.as_deref().unwrap())], StatusCode::OK),
    ] {
        assert_eq!(api.call(Method::DELETE, &old, &headers, &Value::Null).await.status, status);
    }
    assert_eq!(api.get(&path).await.body["items"], json!([{"name": "signing_secret", "live": 1}]));
}

#[tokio::test]
async fn a_table_says_what_it_is() {
    let world = World::answering(10).await;
    let api = Api::clinic(&world);
    let bot = world.sample.clinic.bot.to_string();
    let csv = "question,answer,alternatives\nWhen?,Nine.,Since when?\n";
    assert_eq!(import(&api, &bot, "", "TEXT/CSV; charset=UTF-8", csv).await.body["changed"], 1);
    // Without the column the alternatives stay.
    let other = import(&api, &bot, "", "text/csv", "question,answer\nWhen?,Ten.\n").await;
    assert_eq!(other.body["changed"], 1, "{other:?}");
    let exported = api.get(&format!("/bots/{bot}/faq/export")).await.body;
    let entry = exported["items"].as_array().unwrap().iter().find(|entry| entry["question"] == "When?");
    let entry = entry.unwrap();
    assert_eq!((&entry["answer"], &entry["alternatives"]), (&json!("Ten."), &json!(["Since when?"])));
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let refused = import(&api, &bot, "", kind, csv).await;
        assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{refused:?}");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("text/csv") && detail.contains("application/json"), "{detail}");
    }
    for reserved in ["export", "import", "try"] {
        let entry = json!({"items": [{"id": reserved, "question": "Q", "answer": "A"}]}).to_string();
        let refused = import(&api, &bot, "", "application/json", &entry).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("items[0].id")),
            "{reserved}"
        );
    }
}

#[tokio::test]
async fn what_is_exported_can_be_imported_however_much_it_is() {
    let world = World::new(11).await;
    let api = Api::clinic(&world);
    let bot = world.sample.clinic.bot.to_string();
    let long = "\u{e4}".repeat(300);
    let items = |range: std::ops::Range<u32>| {
        let entry = |number: u32| {
            let alternatives: Vec<String> = (0..15).map(|_| long.clone()).collect();
            json!({"question": format!("q{number}"), "answer": long, "alternatives": alternatives})
        };
        json!({"items": range.map(entry).collect::<Vec<Value>>()}).to_string()
    };
    for range in [0..200, 200..400] {
        let made = import(&api, &bot, "", "application/json", &items(range)).await;
        assert_eq!(made.status, StatusCode::OK, "{:?}", made.body);
    }
    let too_large = import(&api, &bot, "", "application/json", &items(0..500)).await;
    assert_eq!(too_large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(too_large.body["detail"].as_str().unwrap().contains("split it"), "{too_large:?}");
    let (mut parts, mut cursor, mut seen) = (0, String::new(), 0);
    loop {
        let part = api.get(&format!("/bots/{bot}/faq/export?cursor={cursor}")).await.body;
        seen += part["items"].as_array().unwrap().len();
        parts += 1;
        let back = import(&api, &bot, "", "application/json", &part.to_string()).await;
        assert_eq!(back.body, json!({"changed": 0, "removed": 0, "entries": 400}));
        let Some(next) = part["next"].as_str() else { break };
        next.clone_into(&mut cursor);
        let replacing = import(&api, &bot, "?replace=true", "application/json", &part.to_string()).await;
        assert_eq!(replacing.status, StatusCode::UNPROCESSABLE_ENTITY, "{replacing:?}");
    }
    assert_eq!((parts, seen), (2, 400));
}

/// How often something was written about the entries, a call each.
fn puts(log: &[CallRecord], function: Option<&str>) -> usize {
    let by = |call: &&CallRecord| call.function.as_deref() == function && call.operation == "PutItem";
    log.iter().filter(by).count()
}

#[tokio::test]
async fn what_entries_are_about_is_kept_beside_them_and_read_once() {
    let world = World::answering(9).await;
    world.stop_sweep();
    let (store, bot) = (world.local.admin_store(), &world.sample.clinic.bot);
    world.local.cloud().take_log();
    ask(&world, "1", "where can I park my car?").await;
    assert_eq!(puts(&world.local.cloud().take_log(), Some("respond")), 16, "every item of them");

    // Another process has nothing to read but what was kept, and knows the same.
    let clock = world.local.cloud().clock().clone();
    let clock = Clock::with_domain(move || clock.now_ms());
    let fresh = || Knowledges::new(store.clone(), clock.clone());
    let entries = async || -> Vec<FaqEntry> {
        let faq = store.faq(world.account(), bot).await.unwrap();
        faq.entries.into_iter().map(|entry| entry.value).collect()
    };
    let known = fresh().of(world.account(), bot).await.unwrap();
    assert_eq!(puts(&world.local.cloud().take_log(), None), 0);
    for question in ["is there somewhere to leave the car", "do you open on sundays", "surfboards"] {
        assert_eq!(known.best(question), Knowledge::new(entries().await).best(question), "{question}");
    }

    // One more entry is one more question to read.
    let surf = json!({"question": "Do you sell surfboards?", "answer": "Only on Fridays."});
    let api = Api::clinic(&world);
    assert_eq!(api.post(&format!("/bots/{bot}/faq"), &surf).await.status, StatusCode::CREATED);
    world.travel(MINUTE).await;
    world.local.cloud().take_log();
    ask(&world, "2", "do you sell surfboards?").await;
    assert_eq!(puts(&world.local.cloud().take_log(), Some("respond")), 1);
    assert_eq!(world.see(CLIENT).await.texts.last().unwrap().body, "Only on Fridays.");
}

#[tokio::test]
async fn more_entries_than_can_be_read_at_once_are_read_by_and_by() {
    let world = World::answering(10).await;
    let (store, bot) = (world.local.admin_store(), &world.sample.clinic.bot);
    // A quarter of a second between two looks at the clock.
    let looks = std::sync::atomic::AtomicI64::new(0);
    let clock = Clock::with_domain(move || 250 * looks.fetch_add(1, Ordering::SeqCst));
    let mut turns = 0;
    loop {
        let (knowledge, is_whole) =
            handover_aws::read_knowledge(store, &clock, world.account(), bot).await.unwrap();
        // What is not read yet is found by its words.
        let (best, _) = knowledge.best("where can I park my car?")[0];
        assert!(best.question.to_lowercase().contains("park"), "{best:?}");
        turns += 1;
        if is_whole {
            break;
        }
        assert!(turns < 50);
    }
    assert!(turns > 1);
}
