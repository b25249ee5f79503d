//! Who gets in, and what they see of others: nothing.

use bytes::Bytes;
use handover_aws::{
    ApiKey, Scope,
    store::{ApiKeyItem, Edit},
};
use handover_console::{Described, described};
use handover_tests::{SECOND, World};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Api, CLIENT, alex, conversation, send};

/// A path of a route with these ids in it.
fn filled(route: &Described, account: &str, other: &str) -> String {
    let fill = |segment: &str| match segment {
        "{account}" => account.to_owned(),
        parameter if parameter.starts_with('{') => other.to_owned(),
        fixed => fixed.to_owned(),
    };
    route.pattern.split('/').map(fill).collect::<Vec<_>>().join("/")
}

async fn ask(world: &World, route: &Described, path: &str, key: Option<&str>) -> Answer {
    let mut request = Request::builder().method(route.method).uri(format!("http://handover.test{path}"));
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    // An ETag that could fit, so that only the path decides.
    request = request.header("if-match", "\"1\"");
    send(world, request.body(Bytes::from_static(b"{}")).unwrap()).await
}

fn of_accounts() -> impl Iterator<Item = Described> {
    described().into_iter().filter(|route| route.pattern.contains("{account}"))
}

#[tokio::test]
async fn on_every_route_foreign_and_unknown_ids_answer_alike() {
    let world = World::new(1).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let (clinic, twin) = (&world.sample.clinic, &world.sample.twin);
    let unknown = Api::clinic(&world).get("/conversations/unknown").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.content_type, "application/problem+json");
    // Everything in the clinic that has an id.
    let ids = [
        conversation(&world).to_string(),
        clinic.bot.to_string(),
        clinic.assignee.to_string(),
        clinic.team.to_string(),
        clinic.twilio.inbox.id.to_string(),
    ];
    let mut routes = 0;
    for route in of_accounts() {
        routes += 1;
        for id in &ids {
            // Another's account, with another's things in it.
            let path = filled(&route, clinic.account.as_str(), id);
            assert_eq!(ask(&world, &route, &path, Some(&twin.api_key)).await, unknown, "{route:?} {path}");
            if route.pattern.matches('{').count() > 1 {
                // Another's things under the own account.
                let path = filled(&route, twin.account.as_str(), id);
                assert_eq!(
                    ask(&world, &route, &path, Some(&twin.api_key)).await,
                    unknown,
                    "{route:?} {path}"
                );
            }
        }
        for account in ["acc_unknown", "-", "%20"] {
            let path = filled(&route, account, "unknown");
            assert_eq!(ask(&world, &route, &path, Some(&clinic.api_key)).await, unknown, "{route:?} {path}");
        }
        if route.pattern.matches('{').count() > 1 {
            for id in ["unknown", "stf_unknown", "%23", &"x".repeat(100)] {
                let path = filled(&route, clinic.account.as_str(), id);
                assert_eq!(
                    ask(&world, &route, &path, Some(&clinic.api_key)).await,
                    unknown,
                    "{route:?} {path}"
                );
            }
        }
    }
    assert!(routes >= 10, "{routes} routes");
    // And none of this has changed anything.
    let view = world.see(CLIENT).await;
    assert_eq!((view.conversation.epoch, view.messages.len()), (1, 1));
}

#[tokio::test]
async fn without_a_live_key_nobody_gets_in() {
    let world = World::new(2).await;
    let clinic = &world.sample.clinic;
    let store = world.local.admin_store();
    let other = ApiKey::new(clinic.account.clone(), [9; 32]);
    let mut expiring = ApiKeyItem::new(&other, "for a minute", Scope::Read, world.now());
    expiring.expires_at = Some(world.now().as_seconds() + 60);
    store.put_api_key(&expiring).await.unwrap();
    // The account of one key with the secret of another.
    let crossed = clinic.api_key.replace(clinic.account.as_str(), world.sample.twin.account.as_str());
    for route in of_accounts() {
        let path = filled(&route, clinic.account.as_str(), "unknown");
        for key in [None, Some(""), Some("hk_x"), Some(crossed.as_str())] {
            let answer = ask(&world, &route, &path, key).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{route:?} {key:?}");
            assert_eq!(answer.body["type"], "urn:handover:problem:unauthenticated");
        }
    }
    let path = format!("/conversations/{}", conversation(&world));
    let api = Api { key: other.text(), ..Api::clinic(&world) };
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    world.travel(61 * SECOND).await;
    assert_eq!(api.get(&path).await.status, StatusCode::UNAUTHORIZED);
    let own = ApiKey::parse(&clinic.api_key).unwrap();
    assert_eq!(Api::clinic(&world).get(&path).await.status, StatusCode::NOT_FOUND);
    let edit = Edit { account: &clinic.account, by: None, at: world.now(), seen: None, once: None };
    assert!(store.end_api_key(&edit, &own.id()).await.unwrap());
    assert_eq!(Api::clinic(&world).get(&path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_does_what_its_scope_says_and_no_more() {
    let world = World::new(3).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    let clinic = &world.sample.clinic;
    for (byte, scope) in [(1, Scope::Read), (2, Scope::Write)] {
        let key = ApiKey::new(clinic.account.clone(), [byte; 32]);
        let item = ApiKeyItem::new(&key, "limited", scope, world.now());
        world.local.admin_store().put_api_key(&item).await.unwrap();
        for route in of_accounts().filter(|route| route.scope > scope) {
            let path = filled(&route, clinic.account.as_str(), "unknown");
            let answer = ask(&world, &route, &path, Some(&key.text())).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?}");
            assert_eq!(answer.body["type"], "urn:handover:problem:scope");
        }
        let api = Api { key: key.text(), ..Api::clinic(&world) };
        let read = api.get(&format!("/conversations/{}", conversation(&world))).await;
        assert_eq!(read.status, StatusCode::OK);
        // Speaking for a staff member takes an admin's key.
        let claimed = api.command("claim", "1", &json!({"staff": alex(&world)})).await;
        assert_eq!(claimed.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn whoever_has_the_stacks_rights_makes_accounts_and_nobody_else() {
    let world = World::new(4).await;
    let dispatcher = world.local.dispatcher();
    let order = json!({"create_account": {"name": "Second Business"}});
    let handover_cloud::Invocation::Answered(made) = dispatcher.invoke("console", order.clone()).await else {
        panic!("not answered");
    };
    let (account, key) = (made["account"].as_str().unwrap(), made["api_key"].as_str().unwrap());
    let api = Api { world: &world, key: key.to_owned(), account: account.to_owned() };
    assert_eq!(api.get("/conversations/unknown").await.status, StatusCode::NOT_FOUND);
    let clinic = Api { key: key.to_owned(), ..Api::clinic(&world) };
    assert_eq!(clinic.get("/conversations/unknown").await.status, StatusCode::NOT_FOUND);
    // The same words in a request are only a request.
    let before = world.local.admin_store().accounts().await.unwrap();
    for path in ["/v1/accounts", "/v1", "/v1/create_account"] {
        let request = Request::builder().method(Method::POST).uri(format!("http://handover.test{path}"));
        send(&world, request.body(Bytes::from(order.to_string())).unwrap()).await;
    }
    assert_eq!(world.local.admin_store().accounts().await.unwrap(), before);
    for bad in
        [json!({}), json!({"create_account": {"name": ""}}), json!({"create_key": {"account": "acc_x"}})]
    {
        let handover_cloud::Invocation::Answered(refused) = dispatcher.invoke("console", bad).await else {
            panic!("not answered");
        };
        assert!(refused["error"].is_string() && refused["api_key"] == Value::Null, "{refused}");
    }
}

#[tokio::test]
async fn no_route_falls_over_whatever_is_sent() {
    let world = World::new(5).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let clinic = &world.sample.clinic;
    let deep = "[".repeat(2_000);
    let bodies = [
        "",
        "null",
        "[]",
        "\"x\"",
        "{\"name\":null}",
        "{\"text\":{\"a\":[1]}}",
        "{\"id\":7}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\u0000\",\"scope\":\"read\",\"days\":4294967295}",
        &deep,
    ];
    let ids = [
        conversation(&world).to_string(),
        clinic.bot.to_string(),
        clinic.assignee.to_string(),
        clinic.team.to_string(),
        clinic.twilio.inbox.id.to_string(),
    ];
    for route in described() {
        for id in &ids {
            let path = filled(&route, clinic.account.as_str(), id);
            for body in bodies {
                let request = Request::builder()
                    .method(route.method)
                    .uri(format!("http://handover.test{path}?limit=200&cursor=%00&before=%ff"))
                    .header("authorization", format!("Bearer {}", clinic.api_key))
                    .header("content-type", "application/json")
                    .header("if-match", "\"18446744073709551615\"");
                let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
                let answer = send(&world, request).await;
                assert!(!answer.status.is_server_error(), "{route:?} {body}: {answer:?}");
                if answer.status.is_client_error() {
                    assert_eq!(answer.content_type, "application/problem+json", "{route:?} {body}");
                    assert_eq!(answer.body["status"], answer.status.as_u16(), "{route:?} {body}");
                }
            }
        }
    }
}
