//! Bots and inboxes that are removed: not while something needs them, and then with their secrets.

use handover_core::{ContactId, Verdict};
use handover_tests::{MINUTE, SECOND, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Api, CLIENT, alex, conversation};
use crate::contacts::erasure::table;

const IN_USE: &str = "urn:handover:problem:in_use";

async fn remove(api: &Api<'_>, path: &str, etag: Option<&str>) -> Answer {
    let headers: Vec<(&str, &str)> = etag.into_iter().map(|etag| ("if-match", etag)).collect();
    api.call(Method::DELETE, path, &headers, &Value::Null).await
}

/// Sets an inbox's bot, which the description of an inbox as it is shown allows to be sent back.
async fn give(api: &Api<'_>, inbox: &str, bot: &Value) {
    let path = format!("/inboxes/{inbox}");
    let shown = api.get(&path).await;
    let members = ["name", "provider", "channel", "unknown_sender_is_human", "settings"];
    let mut wanted: Value = members.into_iter().map(|name| (name, shown.body[name].clone())).collect();
    wanted["bot"] = bot.clone();
    let headers = [("if-match", shown.etag.as_deref().unwrap())];
    let done = api.call(Method::PUT, &path, &headers, &wanted).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
}

#[tokio::test]
async fn a_bot_goes_once_no_inbox_has_it_and_takes_what_it_knew_along() {
    let world = World::answering(21).await;
    let api = Api::clinic(&world);
    let clinic = &world.sample.clinic;
    let (bot, path) = (clinic.bot.to_string(), format!("/bots/{}", clinic.bot));
    let secret = json!({"name": "signing_secret"});
    assert_eq!(api.post(&format!("{path}/secrets"), &secret).await.status, StatusCode::CREATED);
    // More entries than a transaction holds.
    let items: Vec<Value> =
        (0..120).map(|number| json!({"question": format!("q{number}"), "answer": "a"})).collect();
    let many = api.post(&format!("{path}/faq/import"), &json!({"items": items})).await;
    assert_eq!(many.status, StatusCode::OK, "{many:?}");
    let etag = api.get(&path).await.etag.unwrap();

    assert_eq!(remove(&api, &path, None).await.status, StatusCode::PRECONDITION_REQUIRED);
    let refused = remove(&api, &path, Some(&etag)).await;
    assert_eq!((refused.status, &refused.body["type"]), (StatusCode::CONFLICT, &json!(IN_USE)));
    for inbox in [&clinic.twilio, &clinic.generic] {
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains(inbox.inbox.id.as_str()) && detail.contains(&inbox.inbox.name), "{detail}");
        give(&api, inbox.inbox.id.as_str(), &Value::Null).await;
    }
    assert_eq!(remove(&api, &path, Some("\"7\"")).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(api.get(&format!("{path}/faq?limit=1")).await.status, StatusCode::OK, "nothing was done");
    assert_eq!(remove(&api, &path, Some(&etag)).await.status, StatusCode::NO_CONTENT);

    for gone in ["", "/faq", "/secrets", "/lint"] {
        assert_eq!(api.get(&format!("{path}{gone}")).await.status, StatusCode::NOT_FOUND, "{gone}");
    }
    assert_eq!(remove(&api, &path, Some(&etag)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/bots").await.body["items"], json!([]));
    let revision = api.get(&format!("{path}/revisions/1")).await;
    assert_eq!(revision.status, StatusCode::OK, "records name revisions: {revision:?}");
    let left: Vec<Value> = table(&world).await;
    let of_bot = |item: &&Value| item["pk"]["S"].as_str().unwrap().ends_with(&format!("#{bot}"));
    let left: Vec<&str> = left.iter().filter(of_bot).map(|item| item["sk"]["S"].as_str().unwrap()).collect();
    assert!(left.iter().all(|sk| sk.starts_with("REVISION#")), "{left:?}");
    let journal = api.get("/audit").await.body;
    let line = journal["items"].as_array().unwrap().iter().find(|line| line["what"] == format!("bot/{bot}"));
    assert_eq!(line.unwrap()["version"], Value::Null, "{journal}");
    // No inbox can be given what is gone.
    let shown = api.get(&format!("/inboxes/{}", clinic.twilio.inbox.id)).await;
    let mut wanted = json!({"name": "Line", "provider": "twilio", "channel": "whatsapp", "bot": bot});
    wanted["settings"] = shown.body["settings"].clone();
    let headers = [("if-match", shown.etag.as_deref().unwrap())];
    let refused =
        api.call(Method::PUT, &format!("/inboxes/{}", clinic.twilio.inbox.id), &headers, &wanted).await;
    assert_eq!(refused.body["errors"][0]["field"], "bot", "{refused:?}");
}

#[tokio::test]
async fn nothing_is_put_aside_while_an_inbox_is_still_believed_to_have_a_bot_that_is_gone() {
    let world = World::new(22).await;
    let api = Api::clinic(&world);
    let clinic = &world.sample.clinic;
    // The bot is known from now on, the inbox from 20 seconds on, each for 30 seconds.
    world.say(&clinic.twilio, CLIENT, "1", "hello").await;
    world.travel(20 * SECOND).await;
    world.say(&clinic.generic, "visitor-1", "2", "hello").await;
    for inbox in [&clinic.twilio, &clinic.generic] {
        give(&api, inbox.inbox.id.as_str(), &Value::Null).await;
    }
    let path = format!("/bots/{}", clinic.bot);
    let etag = api.get(&path).await.etag.unwrap();
    assert_eq!(remove(&api, &path, Some(&etag)).await.status, StatusCode::NO_CONTENT);
    world.travel(15 * SECOND).await;
    world.say(&clinic.generic, "visitor-1", "3", "are you there?").await;
    let view = world.look(world.account(), &world.conversation(&clinic.generic, "visitor-1")).await.unwrap();
    assert_eq!(view.verdicts(), [Verdict::ExternalBot, Verdict::NoBot]);
    assert_eq!(world.local.admin_store().quarantine(world.account()).await.unwrap(), []);
}

#[tokio::test]
async fn an_inbox_goes_once_humans_have_no_conversation_in_it_and_its_clients_can_still_be_erased() {
    let world = World::new(23).await;
    let api = Api::clinic(&world);
    let id = world.twilio().inbox.id.clone();
    let path = format!("/inboxes/{id}");
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.travel(MINUTE).await;
    let etag = api.get(&path).await.etag.unwrap();
    assert_eq!(remove(&api, &path, None).await.status, StatusCode::PRECONDITION_REQUIRED);
    let refused = remove(&api, &path, Some(&etag)).await;
    assert_eq!((refused.status, &refused.body["type"]), (StatusCode::CONFLICT, &json!(IN_USE)));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(conversation(&world).as_str()), "{detail}");
    let done = api.command("hand-back", "h", &json!({"staff": alex(&world)})).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");

    // The other inbox is in nobody's way, except where SMS go out.
    let other = world.sample.clinic.generic.inbox.id.clone();
    let account = api.get("").await;
    let mut wanted = account.body.clone();
    wanted["sms_inbox"] = json!(other);
    let headers = [("if-match", account.etag.as_deref().unwrap())];
    let set = api.call(Method::PUT, "", &headers, &wanted).await;
    assert_eq!(set.status, StatusCode::OK, "{set:?}");
    let refused = remove(&api, &format!("/inboxes/{other}"), Some("\"1\"")).await;
    assert_eq!((refused.status, &refused.body["type"]), (StatusCode::CONFLICT, &json!(IN_USE)));
    assert!(refused.body["detail"].as_str().unwrap().contains("sms_inbox"), "{refused:?}");

    assert_eq!(remove(&api, &path, Some("\"7\"")).await.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(remove(&api, &path, Some(&etag)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(remove(&api, &path, Some(&etag)).await.status, StatusCode::NOT_FOUND);
    let listed = api.get("/inboxes").await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let journal = api.get("/audit").await.body;
    let what = format!("inbox/{id}");
    let line = journal["items"].as_array().unwrap().iter().find(|line| line["what"] == what);
    assert_eq!(line.unwrap()["version"], Value::Null, "{journal}");
    let stored = table(&world).await;
    let item = stored.iter().find(|item| item["pk"]["S"] == format!("I#{id}")).unwrap();
    assert!(item.get("sealed").is_none(), "{item}");

    // What its provider still sends is refused, within half a minute.
    world.travel(MINUTE).await;
    let late = world.webhook(world.call(world.twilio(), CLIENT, "2", "hello?")).await;
    assert_eq!(late, StatusCode::NOT_FOUND);
    let shown = api.get(&format!("/conversations/{}", conversation(&world))).await;
    assert_eq!((shown.status, &shown.body["control"]), (StatusCode::OK, &json!("bot")));
    let contact = format!("/contacts/{}", ContactId::of(&conversation(&world)));
    let erased = api.call(Method::DELETE, &contact, &[], &Value::Null).await;
    assert_eq!(erased.status, StatusCode::ACCEPTED, "{erased:?}");
    world.settle().await;
    world.travel(5 * MINUTE).await;
    assert!(
        !table(&world).await.iter().any(|item| item.to_string().contains(CLIENT.trim_start_matches('+')))
    );
    assert_eq!(world.local.admin_store().quarantine(world.account()).await.unwrap(), []);
    world.assert_nothing_left();
}
