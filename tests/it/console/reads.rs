//! Lists, transcripts and the quarantine, as the API shows them.

use std::collections::BTreeSet;

use handover_cloud::Verdict as Fate;
use handover_tests::{MINUTE, World};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Api, CLIENT, alex, conversation};

/// Every page of a list, by cursors.
async fn all(api: &Api<'_>, path: &str, limit: usize) -> Vec<Value> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    for _ in 0..50 {
        let page = api.get(&format!("{path}&limit={limit}&cursor={cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {page:?}");
        let rows = page.body["items"].as_array().unwrap();
        assert!(rows.len() <= limit);
        items.extend(rows.iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return items,
        }
    }
    panic!("a list without end");
}

fn ids(items: &[Value]) -> BTreeSet<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_filter_finds_its_own_and_pages_lose_nothing() {
    let world = World::new(1).await;
    let inbox = world.twilio();
    for number in 0..7 {
        let text = if number < 4 { "I want to talk to a human" } else { "hello" };
        world.say(inbox, &format!("+491510000000{number}"), &format!("{number}"), text).await;
        world.travel(MINUTE / 6).await;
    }
    let of = |number: u8| world.conversation(inbox, &format!("+491510000000{number}")).to_string();
    let api = Api::clinic(&world);
    let assign = |number: u8, to: Value| {
        let (api, id) = (api.clone(), of(number));
        async move { api.post(&format!("/conversations/{id}/assign"), &json!({"to": to})).await }
    };
    assert_eq!(assign(0, Value::Null).await.status, StatusCode::OK);
    assert_eq!(assign(4, json!({"staff": alex(&world)})).await.status, StatusCode::OK);
    world.settle().await;
    let alex = format!("staff:{}", alex(&world));
    for (query, wanted) in [
        ("control=human".to_owned(), vec![0, 1, 2, 3]),
        ("control=bot".to_owned(), vec![4, 5, 6]),
        (String::new(), vec![0, 1, 2, 3, 4, 5, 6]),
        ("assignee=none&control=human".to_owned(), vec![0]),
        (format!("assignee={alex}&control=human"), vec![1, 2, 3]),
        (format!("assignee={alex}"), vec![1, 2, 3, 4]),
        ("scenario=human_requested".to_owned(), vec![0, 1, 2, 3]),
        ("scenario=custom".to_owned(), vec![]),
    ] {
        let wanted: Vec<String> = wanted.into_iter().map(of).collect();
        let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        for limit in [1, 2, 3, 50] {
            let found = all(&api, &format!("/conversations?{query}"), limit).await;
            assert_eq!((ids(&found), found.len()), (wanted.clone(), wanted.len()), "{query} by {limit}");
        }
    }
    // Those with humans first, the longest waiting of them first.
    let first = all(&api, "/conversations?control=human&assignee=none", 1).await;
    assert_eq!(first[0]["id"], of(0));
    let tasks = all(&api, &format!("/tasks?assignee={alex}"), 2).await;
    assert_eq!(tasks.len(), 3, "{tasks:?}");
    assert_eq!(all(&api, "/tasks?assignee=none", 2).await.len(), 1);
    for (path, field) in [
        ("/conversations?control=robot", "control"),
        ("/conversations?assignee=me", "assignee"),
        ("/conversations?limit=0", "limit"),
        ("/conversations?limit=201", "limit"),
        ("/conversations?cursor=!", "cursor"),
        ("/conversations?cursor=QiNmb3JlaWdu&control=human", "cursor"),
        ("/tasks", "assignee"),
    ] {
        let refused = api.get(path).await;
        assert_eq!(
            (refused.status, &refused.body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{path}"
        );
    }
    // Another account sees none of it, with whatever cursor.
    let twin = Api::of(&world, &world.sample.twin);
    let page = api.get("/conversations?control=human&limit=1").await.body;
    let cursor = page["next"].as_str().unwrap();
    let foreign = twin.get(&format!("/conversations?control=human&cursor={cursor}")).await;
    assert_eq!((foreign.status, &foreign.body["items"]), (StatusCode::OK, &json!([])));
}

#[tokio::test]
async fn a_transcript_shows_what_was_said_why_and_what_became_of_it() {
    let world = World::new(2).await;
    let api = Api::clinic(&world);
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.travel(MINUTE).await;
    let reply = json!({"staff": alex(&world), "text": "Hello, Alex here."});
    assert_eq!(api.command("reply", "1", &reply).await.status, StatusCode::OK);
    world.settle().await;
    let path = format!("/conversations/{}/transcript", conversation(&world));
    let whole = api.get(&path).await.body;
    let lines = whole["items"].as_array().unwrap();
    assert_eq!(lines[0]["decision"]["verdict"], "handed_over");
    assert_eq!(lines[0]["texts"][0]["state"], "sent", "{whole:#}");
    let said = lines.iter().find(|line| line["author"] == "staff").unwrap();
    assert_eq!(
        (&said["content"], &said["texts"][0]["purpose"]),
        (&json!({"text": "Hello, Alex here."}), &json!("staff"))
    );
    assert_eq!(said["by"], json!({"staff": alex(&world)}));
    let mut paged = Vec::new();
    let mut before = String::new();
    loop {
        let page = api.get(&format!("{path}?limit=1&before={before}")).await.body;
        paged.insert(0, page["items"][0].clone());
        match page["before"].as_str() {
            Some(next) => next.clone_into(&mut before),
            None => break,
        }
    }
    assert_eq!(&paged, lines);
}

#[tokio::test]
async fn what_was_put_aside_can_be_looked_at_redriven_and_discarded() {
    let world = World::new(3).await;
    let api = Api::clinic(&world);
    // A message whose processing kills the process, until somebody repairs it.
    world.post(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.strike_all(Fate::CrashBefore, |call| {
        call.function.as_deref() == Some("execute") && call.operation == "TransactWriteItems"
    });
    world.settle().await;
    world.travel(7 * 60 * MINUTE).await;
    world.heal();
    world.settle().await;
    let listed = api.get("/quarantine").await.body;
    let [item] = listed["items"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&item["source"], &item["body"]), (&json!("execute"), &Value::Null));
    let path = format!("/quarantine/{}", item["id"].as_str().unwrap());
    let looked = api.get(&path).await.body;
    assert!(looked["body"].as_str().unwrap().contains("talk to a human"));
    let again = api.post(&format!("{path}/redrive"), &Value::Null).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{again:?}");
    world.settle().await;
    // Seven hours late: the pause of an hour counts from the message, so that the stretch is over again,
    // but it was a handover, somebody was told, and its promise stands.
    let view = world.see(CLIENT).await;
    assert_eq!(view.handovers.len(), 1);
    assert!(view.conversation.promise.is_some());
    assert_eq!(api.get("/quarantine").await.body["items"], json!([]));
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    world.assert_nothing_left();
    // What the provider sent wrong never was an event.
    assert!(world.webhook(crate::traffic::signed(&world, b"not json")).await.is_success());
    world.settle().await;
    let listed = api.get("/quarantine").await.body;
    let path = format!("/quarantine/{}", listed["items"][0]["id"].as_str().unwrap());
    assert_eq!(api.post(&format!("{path}/redrive"), &Value::Null).await.status, StatusCode::CONFLICT);
    let unexplained = api.post(&format!("{path}/discard"), &json!({"reason": " "})).await;
    assert_eq!(unexplained.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = api.post(&format!("{path}/discard"), &json!({"reason": "a test of the provider's"})).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get("/quarantine").await.body["items"], json!([]));
    let journal = api.get("/audit").await.body.to_string();
    assert!(journal.contains("a test of the provider's"), "{journal}");
}
