//! The same request again: after a lost answer, much later, by somebody else, with other words; and what
//! was made a moment ago.

use handover_cloud::Verdict as Fate;
use handover_core::{Assignee, Verdict};
use handover_tests::{MINUTE, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Api, CLIENT, alex};

async fn put(api: &Api<'_>, path: &str, etag: &str, body: &Value) -> Answer {
    api.call(Method::PUT, path, &[("if-match", etag)], body).await
}

async fn post(api: &Api<'_>, path: &str, key: &str, body: &Value) -> Answer {
    api.call(Method::POST, path, &[("idempotency-key", key)], body).await
}

/// A setting as it can be put back.
fn settable(mut body: Value) -> Value {
    for shown in ["secret_names", "rotating", "webhook_url", "set_up_steps"] {
        body.as_object_mut().unwrap().remove(shown);
    }
    if body["provider"].is_string() {
        body.as_object_mut().unwrap().remove("id");
    }
    body
}

#[tokio::test]
async fn a_replacement_whose_answer_got_lost_is_repeated_and_another_is_refused() {
    let world = World::new(1).await;
    let api = Api::clinic(&world);
    let hook = json!({"url": "https://automation.example/hook", "events": ["tag.added"]});
    let hook = api.post("/webhooks", &hook).await.body;
    let clinic = &world.sample.clinic;
    let paths = [
        String::new(),
        format!("/bots/{}", clinic.bot),
        format!("/staff/{}", clinic.assignee),
        format!("/teams/{}", clinic.team),
        format!("/inboxes/{}", clinic.twilio.inbox.id),
        format!("/webhooks/{}", hook["id"].as_str().unwrap()),
    ];
    for path in paths {
        let read = api.get(&path).await;
        let etag = read.etag.unwrap();
        let field = if path.starts_with("/webhooks") { "url" } else { "name" };
        let mut wanted = settable(read.body);
        wanted[field] = json!("https://renamed.example");
        if path.starts_with("/inboxes") {
            wanted["secrets"] = json!({"auth_token": "the next token"});
        }
        world.strike_all(Fate::LoseAnswer, |call| call.operation == "TransactWriteItems");
        let lost = put(&api, &path, &etag, &wanted).await;
        world.heal();
        let again = put(&api, &path, &etag, &wanted).await;
        assert_eq!(again.status, StatusCode::OK, "{path}: {lost:?} {again:?}");
        let now = api.get(&path).await;
        assert_eq!((&again.etag, &again.body), (&now.etag, &now.body), "{path}");
        assert_ne!(now.etag.as_deref(), Some(etag.as_str()), "{path}");
        if path.starts_with("/inboxes") {
            // The secret before is still the old one, not the new one twice.
            assert_eq!(now.body["rotating"], json!(["auth_token"]));
        }
        wanted[field] = json!("https://other.example");
        assert_eq!(put(&api, &path, &etag, &wanted).await.status, StatusCode::PRECONDITION_FAILED, "{path}");
    }
}

#[tokio::test]
async fn an_idempotency_key_stands_for_one_request_for_ever() {
    let world = World::new(2).await;
    let api = Api::clinic(&world);
    let reused = "urn:handover:problem:idempotency_key_reused";
    let (staff, inbox) = (
        json!({"name": "Casey"}),
        json!({"name": "Chat", "provider": "generic", "channel": "web",
               "settings": {"reply_url": "https://x.example"}, "secrets": {"signing_secret": SECRET}}),
    );
    let hook = json!({"url": "https://automation.example/hook", "events": ["tag.added"]});
    let bodies = [
        ("/staff", staff),
        ("/teams", json!({"name": "Night"})),
        ("/bots", json!({"name": "Helper"})),
        ("/inboxes", inbox),
        ("/webhooks", hook),
    ];
    for (path, body) in &bodies {
        let first = post(&api, path, "once", body).await;
        assert_eq!(first.status, StatusCode::CREATED, "{path}: {first:?}");
        world.travel(40 * 24 * 60 * MINUTE).await;
        let again = post(&api, path, "once", body).await;
        assert_eq!((again.status, &again.body), (StatusCode::OK, &first.body), "{path}");
        let mut other = body.clone();
        other[if *path == "/webhooks" { "url" } else { "name" }] = json!("https://another.example");
        let refused = post(&api, path, "once", &other).await;
        assert_eq!(
            (refused.status, &refused.body["type"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(reused)),
            "{path}"
        );
    }
    // Another caller's key of the same name is another key, and so is one on another path.
    let made = post(&api, "/api-keys", "once", &json!({"name": "second", "scope": "admin"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let second = Api { key: made.body["api_key"].as_str().unwrap().to_owned(), ..api.clone() };
    assert_eq!(post(&second, "/staff", "once", &json!({"name": "Quinn"})).await.status, StatusCode::CREATED);
    // A key's text is only in its first answer: its caller is told what to do.
    let again = post(&api, "/api-keys", "once", &json!({"name": "second", "scope": "admin"})).await;
    assert_eq!(
        (again.status, &again.body["type"]),
        (StatusCode::CONFLICT, &json!("urn:handover:problem:made_before"))
    );
    let other = post(&api, "/api-keys", "once", &json!({"name": "third", "scope": "admin"})).await;
    assert_eq!(other.body["type"], reused);
    assert_eq!(api.get("/api-keys").await.body["items"].as_array().unwrap().len(), 2);
}

const SECRET: &str = "whsec_bmV3Y29tZXItc2VjcmV0LW9mLTMyLWJ5dGVzLWFuZC1tb3Jl";

#[tokio::test]
async fn a_commands_key_is_known_after_weeks_too() {
    let world = World::new(3).await;
    let api = Api::clinic(&world);
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let body = json!({"staff": alex(&world), "text": "Hello, Alex here."});
    let first = api.command("reply", "once", &body).await;
    assert_eq!(first.status, StatusCode::OK);
    world.settle().await;
    world.travel(30 * 24 * 60 * MINUTE).await;
    assert_eq!(api.command("reply", "once", &body).await, first);
    let other = api.command("reply", "once", &json!({"staff": alex(&world), "text": "Bye."})).await;
    assert_eq!(other.body["type"], "urn:handover:problem:idempotency_key_reused");
    world.settle().await;
    let texts = world.see(CLIENT).await.texts;
    assert_eq!(texts.iter().filter(|text| text.body != "Hello, Alex here.").count(), 1, "{texts:?}");
}

#[tokio::test]
async fn who_was_made_a_moment_ago_can_be_given_a_conversation() {
    let world = World::new(4).await;
    let api = Api::clinic(&world);
    // The settings are in memory now, in every function.
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    assert_eq!(api.command("tags", "t", &json!({"tag": "vip"})).await.status, StatusCode::OK);
    let casey = api.post("/staff", &json!({"name": "Casey"})).await.body["id"].clone();
    let given = api.command("assign", "a", &json!({"to": {"staff": casey}})).await;
    assert_eq!((given.status, &given.body["verdict"]), (StatusCode::OK, &json!("assigned")), "{given:?}");
    let night = api.post("/teams", &json!({"name": "Night", "members": [casey]})).await.body["id"].clone();
    let given = api.command("assign", "b", &json!({"to": {"team": night}})).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    let quinn = api.post("/staff", &json!({"name": "Quinn"})).await.body["id"].clone();
    let claimed = api.command("claim", "c", &json!({"staff": quinn})).await;
    assert_eq!(claimed.status, StatusCode::OK, "{claimed:?}");
    // And whoever is not there is still not there.
    let nobody = api.command("assign", "d", &json!({"to": {"staff": "stf_nobody"}})).await;
    assert_eq!(nobody.body["errors"][0]["field"], "to", "{nobody:?}");
}

#[tokio::test]
async fn a_handover_goes_to_somebody_who_was_made_a_moment_ago() {
    let world = World::new(5).await;
    let api = Api::clinic(&world);
    let other = "+4915100000001";
    world.say(world.twilio(), other, "1", "what are your opening hours?").await;
    world.travel(MINUTE / 3).await;
    // The bot is read again by the next message, the staff are still believed.
    let casey = api.post("/staff", &json!({"name": "Casey"})).await.body["id"].clone();
    let path = format!("/bots/{}", world.sample.clinic.bot);
    let read = api.get(&path).await;
    let mut bot = read.body;
    for action in bot["actions"].as_array_mut().unwrap() {
        action["assign"] = json!({"to": {"staff": casey}});
    }
    assert_eq!(put(&api, &path, &read.etag.unwrap(), &bot).await.status, StatusCode::OK);
    for number in 0..4 {
        world.travel(MINUTE / 6).await;
        let client = format!("+491510000010{number}");
        world.say(world.twilio(), &client, &format!("2{number}"), "I want to talk to a human").await;
        let view = world.see(&client).await;
        assert_eq!(view.verdicts(), [Verdict::HandedOver]);
        let assignee = view.contact.assignee;
        let before = Some(Assignee::Staff(alex(&world).clone()));
        let now = Some(Assignee::Staff(casey.as_str().unwrap().parse().unwrap()));
        assert!(assignee == now || (number < 3 && assignee == before), "{number}: {assignee:?}");
    }
}

#[tokio::test]
async fn the_old_one_of_two_secrets_is_retired_by_hand() {
    let world = World::new(6).await;
    let api = Api::clinic(&world);
    let path = format!("/inboxes/{}", world.twilio().inbox.id);
    let read = api.get(&path).await;
    let mut wanted = settable(read.body);
    wanted["secrets"] = json!({"auth_token": "the next token"});
    let rotated = put(&api, &path, &read.etag.unwrap(), &wanted).await;
    assert_eq!(rotated.body["rotating"], json!(["auth_token"]));
    world.travel(MINUTE).await;
    // Both live: the sample still signs with the old one.
    assert!(world.webhook(world.call(world.twilio(), CLIENT, "1", "hello")).await.is_success());
    let old = format!("{path}/secrets/auth_token/old");
    let retire = |etag: String, path: String| {
        let api = api.clone();
        async move { api.call(Method::DELETE, &path, &[("if-match", etag.as_str())], &Value::Null).await }
    };
    let stale = retire("\"1\"".to_owned(), old.clone()).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{stale:?}");
    let etag = rotated.etag.unwrap();
    let retired = retire(etag.clone(), old.clone()).await;
    assert_eq!((retired.status, &retired.body["rotating"]), (StatusCode::OK, &json!([])), "{retired:?}");
    // The same again has nothing left to do.
    assert_eq!(retire(etag.clone(), old).await, retired);
    let none = retire(etag, format!("{path}/secrets/no_such/old")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    world.travel(MINUTE).await;
    let refused = world.webhook(world.call(world.twilio(), CLIENT, "2", "hello")).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn every_change_has_its_line_in_the_journal() {
    let world = World::new(7).await;
    let api = Api::clinic(&world);
    let made = api.post("/api-keys", &json!({"name": "reporting", "scope": "read"})).await.body;
    let key = made["id"].as_str().unwrap();
    let hook = json!({"url": "https://automation.example/hook", "events": ["tag.added"]});
    let hook_answer = api.post("/webhooks", &hook).await;
    let hook_id = hook_answer.body["id"].as_str().unwrap();
    world.travel(MINUTE).await;
    let hook_path = format!("/webhooks/{hook_id}");
    let changed = put(&api, &hook_path, &hook_answer.etag.unwrap(), &hook).await;
    assert_eq!(changed.etag.as_deref(), Some("\"2\""), "{changed:?}");
    world.travel(MINUTE).await;
    for path in [format!("/api-keys/{key}"), hook_path] {
        assert_eq!(api.call(Method::DELETE, &path, &[], &Value::Null).await.status, StatusCode::NO_CONTENT);
    }
    // The key that one came in with cannot end itself.
    let own = handover_aws::ApiKey::parse(&api.key).unwrap().id();
    let refused = api.call(Method::DELETE, &format!("/api-keys/{own}"), &[], &Value::Null).await;
    assert_eq!(refused.body["type"], "urn:handover:problem:key_in_use", "{refused:?}");
    let mut lines = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("/audit?limit=1&cursor={cursor}")).await.body;
        let items = page["items"].as_array().unwrap();
        lines.extend(items.iter().map(|line| (line["what"].clone(), line["version"].clone())));
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    lines.sort_by_key(|(what, version)| (what.to_string(), version.to_string()));
    let (key, hook) = (json!(format!("api-key/{key}")), json!(format!("webhook/{hook_id}")));
    let wanted = [
        (key.clone(), json!(1)),
        (key, Value::Null),
        (hook.clone(), json!(1)),
        (hook.clone(), json!(2)),
        (hook, Value::Null),
    ];
    assert_eq!(lines, wanted);
}

#[tokio::test]
async fn transcripts_are_kept_as_long_as_markers_at_least() {
    let world = World::new(8).await;
    let api = Api::clinic(&world);
    let read = api.get("").await;
    for (days, status) in [
        (39, StatusCode::UNPROCESSABLE_ENTITY),
        (3_651, StatusCode::UNPROCESSABLE_ENTITY),
        (40, StatusCode::OK),
    ] {
        let mut wanted = read.body.clone();
        wanted["retention_days"] = json!(days);
        assert_eq!(put(&api, "", read.etag.as_deref().unwrap(), &wanted).await.status, status, "{days}");
    }
}
