//! Question and answer entries and connector secrets, by the API.

use bytes::Bytes;
use handover_tests::World;
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
    assert_eq!(api.call(Method::DELETE, &path, &[], &Value::Null).await.status, StatusCode::NO_CONTENT);
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
