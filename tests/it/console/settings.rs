//! Settings by the API alone: a newcomer's account from nothing, edits that do not overwrite each other,
//! secrets that go in and never come out.

use handover_cloud::Invocation;
use handover_core::{Channel, InboxId, Provider, Verdict};
use handover_local::SampleInbox;
use handover_tests::World;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Api};

const SECRET: &str = "whsec_bmV3Y29tZXItc2VjcmV0LW9mLTMyLWJ5dGVzLWFuZC1tb3Jl";

fn action(id: &str, scenario: &Value, pause: &Value) -> Value {
    json!({"id": id, "scenario": scenario, "pause": pause})
}

async fn created(api: &Api<'_>, path: &str, body: &Value) -> Value {
    let answer = api.post(path, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{path}: {answer:?}");
    assert_eq!(answer.etag.as_deref(), Some("\"1\""), "{path}");
    answer.body
}

/// An account with a staff member, a bot of three actions, and a generic inbox, made by the API.
async fn newcomer(world: &World) -> (Api<'_>, SampleInbox) {
    let order = json!({"create_account": {"name": "Second Business"}});
    let Invocation::Answered(made) = world.local.dispatcher().invoke("console", order).await else {
        panic!("not answered");
    };
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let api = Api { world, key: text("api_key"), account: text("account") };
    let staff = json!({"name": "Robin", "role": "admin", "email": "robin@second.example"});
    let robin = created(&api, "/staff", &staff).await;
    let team = json!({"name": "Sales", "members": [robin["id"]]});
    let team = created(&api, "/teams", &team).await;
    let hour = json!({"for": {"hours": 1}});
    let mut first = action("human", &json!({"human_requested": {}}), &hour);
    first["assign"] = json!({"to": {"staff": robin["id"]}});
    let mut second =
        action("sales", &json!({"custom": {"name": "Sales", "phrases": ["how much is it"]}}), &hour);
    second["assign"] = json!({"to": {"team": team["id"]}});
    let third =
        action("failure", &json!({"repeated_failure": {"max_retries": 1}}), &json!("until_handed_back"));
    let bot = json!({"name": "Helper", "actions": [first, second, third]});
    let bot = created(&api, "/bots", &bot).await;
    let inbox = json!({
        "name": "Website",
        "provider": "generic",
        "channel": "web",
        "bot": bot["id"],
        "settings": {"reply_url": "https://bot.example/second"},
        "secrets": {"signing_secret": SECRET},
    });
    let inbox = created(&api, "/inboxes", &inbox).await;
    let id: InboxId = inbox["id"].as_str().unwrap().parse().unwrap();
    let url = format!("{}/webhooks/{id}", world.local.public_url());
    assert_eq!(inbox["webhook_url"], url);
    assert!(!inbox["set_up_steps"].as_array().unwrap().is_empty());
    assert!(!inbox.to_string().contains(SECRET));
    let stored = world.local.admin_store().inbox(&id).await.unwrap().unwrap().inbox;
    assert_eq!((stored.provider, stored.channel), (Provider::Generic, Channel::Web));
    (api, SampleInbox { inbox: stored, secret_name: "signing_secret", secret: SECRET.to_owned() })
}

#[tokio::test]
async fn a_newcomers_account_hands_over() {
    let world = World::new(1).await;
    let (api, inbox) = newcomer(&world).await;
    world.say(&inbox, "visitor-1", "1", "I want to talk to a human").await;
    world.say(&inbox, "visitor-2", "2", "how much is it").await;
    for (visitor, kind) in [("visitor-1", "staff"), ("visitor-2", "team")] {
        let id = world.conversation(&inbox, visitor);
        let shown = api.get(&format!("/conversations/{id}")).await.body;
        assert_eq!(shown["control"], "human", "{shown}");
        assert!(shown["assignee"].as_str().unwrap().starts_with(kind), "{shown}");
        let view = world.look(&inbox.inbox.account, &id).await.unwrap();
        assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    }
    let staff = api.get("/staff").await.body;
    let robin = staff["items"][0]["id"].as_str().unwrap();
    let path = format!("/staff/{robin}/notifications");
    let notes = api.get(&path).await.body;
    let count = notes["unread"].as_u64().unwrap();
    assert!(count >= 2, "{notes}");
    let first = notes["items"][0]["id"].as_str().unwrap();
    assert_eq!(api.post(&format!("{path}/{first}/read"), &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).await.body["unread"], count - 1);
    let tasks = api.get(&format!("/tasks?assignee=staff:{robin}")).await.body;
    assert_eq!((tasks["items"].as_array().unwrap().len(), &tasks["items"][0]["overdue"]), (1, &json!(false)));
    // Nothing to complain about but what is true.
    let bots = api.get("/bots").await.body;
    let bot = bots["items"][0]["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/bots/{bot}/lint")).await.body["items"], json!([]));
    let journal = api.get("/audit").await.body;
    // Beside what was made: the key itself, by nobody.
    assert_eq!(journal["items"].as_array().unwrap().len(), 5, "{journal}");
}

#[tokio::test]
async fn of_two_who_edit_the_same_the_second_is_told() {
    let world = World::new(2).await;
    let (api, _) = newcomer(&world).await;
    for list in ["/bots", "/staff", "/teams", "/inboxes"] {
        let listed = api.get(list).await.body;
        let path = format!("{list}/{}", listed["items"][0]["id"].as_str().unwrap());
        let read = api.get(&path).await;
        let etag = read.etag.unwrap();
        let mut wanted = read.body;
        if let Some(members) = wanted.as_object_mut() {
            for shown in ["id", "secret_names", "rotating", "webhook_url", "set_up_steps"] {
                members.remove(shown);
            }
        }
        wanted["name"] = json!("First");
        let put = |etag: String, body: Value| {
            let (api, path) = (api.clone(), path.clone());
            async move { api.call(Method::PUT, &path, &[("if-match", etag.as_str())], &body).await }
        };
        let unseen = api.call(Method::PUT, &path, &[], &wanted).await;
        assert_eq!(unseen.status, StatusCode::PRECONDITION_REQUIRED, "{path}");
        let first = put(etag.clone(), wanted.clone()).await;
        assert_eq!(
            (first.status, first.etag.as_deref()),
            (StatusCode::OK, Some("\"2\"")),
            "{path}: {first:?}"
        );
        wanted["name"] = json!("Second");
        assert_eq!(put(etag, wanted.clone()).await.status, StatusCode::PRECONDITION_FAILED, "{path}");
        assert_eq!(api.get(&path).await.body["name"], "First", "{path}");
        assert_eq!(put("\"2\"".to_owned(), wanted).await.status, StatusCode::OK, "{path}");
    }
    let listed = api.get("/bots").await.body;
    let bot = listed["items"][0]["id"].as_str().unwrap();
    let first = api.get(&format!("/bots/{bot}/revisions/1")).await.body;
    assert_eq!((&first["bot"]["name"], &listed["items"][0]["revision"]), (&json!("Helper"), &json!(3)));
    let account = api.get("").await;
    let mut wanted = account.body.clone();
    wanted["labs"]["human_handover"] = json!(false);
    let headers = [("if-match", account.etag.as_deref().unwrap())];
    assert_eq!(api.call(Method::PUT, "", &headers, &wanted).await.status, StatusCode::OK);
    let other = account.body.clone();
    assert_eq!(api.call(Method::PUT, "", &headers, &other).await.status, StatusCode::PRECONDITION_FAILED);
    let warned = api.get(&format!("/bots/{bot}/lint")).await.body;
    assert_eq!(warned["items"][0]["field"], "account.labs.human_handover");
}

#[tokio::test]
async fn what_is_wrong_is_said_all_at_once_with_its_field() {
    let world = World::new(3).await;
    let (api, _) = newcomer(&world).await;
    let fields = |answer: &Answer| -> Vec<String> {
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer:?}");
        let errors = answer.body["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    let seven: Vec<Value> = (0..7)
        .map(|number| {
            action(&format!("a{number}"), &json!({"lack_of_knowledge": {}}), &json!("until_handed_back"))
        })
        .collect();
    let refused = api.post("/bots", &json!({"name": "", "actions": seven})).await;
    assert_eq!(fields(&refused), ["name", "actions"]);
    assert!(refused.body["errors"][1]["message"].as_str().unwrap().contains("at most 6"));
    let mut lost = action("a", &json!({"repeated_failure": {"max_retries": 3}}), &json!({"for": {}}));
    lost["assign"] = json!({"to": {"staff": "stf_of_another_account"}});
    let refused = api.post("/bots", &json!({"name": "b", "actions": [lost]})).await;
    assert_eq!(
        fields(&refused),
        ["actions[0].scenario.max_retries", "actions[0].pause", "actions[0].assign.to"]
    );
    let refused = api.post("/bots", &json!({"name": "b", "qiuet_minutes": 3})).await;
    assert_eq!(fields(&refused), ["qiuet_minutes"]);
    let refused = api.post("/staff", &json!({"name": "R", "phone": "0151", "email": "x"})).await;
    assert_eq!(fields(&refused), ["email", "phone"]);
    let inbox = json!({"name": "I", "provider": "twilio", "channel": "sms", "secrets": {"auht_token": "x"}});
    let refused = fields(&api.post("/inboxes", &inbox).await);
    assert!(
        refused.contains(&"auth_token".to_owned()) && refused.contains(&"auht_token".to_owned()),
        "{refused:?}"
    );
    let inbox = json!({"name": "I", "provider": "generic", "channel": "web", "bot": world.sample.clinic.bot});
    assert_eq!(fields(&api.post("/inboxes", &inbox).await), ["bot"]);
    assert_eq!(
        fields(&api.post("/teams", &json!({"name": "T", "members": ["stf_x"]})).await),
        ["members[0]"]
    );
    let big = json!({"name": "x".repeat(300 * 1024)});
    assert_eq!(api.post("/staff", &big).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn the_same_creation_twice_makes_one() {
    let world = World::new(4).await;
    let api = Api::clinic(&world);
    let headers = [("idempotency-key", "once")];
    let body = json!({"name": "Casey"});
    let first = api.call(Method::POST, "/staff", &headers, &body).await;
    let again = api.call(Method::POST, "/staff", &headers, &body).await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(first.body, again.body);
    assert_eq!(api.get("/staff").await.body["items"].as_array().unwrap().len(), 3);
    let path = format!("/staff/{}", first.body["id"].as_str().unwrap());
    let gone = api.call(Method::DELETE, &path, &[("if-match", "\"1\"")], &Value::Null).await;
    assert_eq!((gone.status, api.get(&path).await.status), (StatusCode::NO_CONTENT, StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn a_key_is_shown_once_and_ends_when_it_is_revoked() {
    let world = World::new(5).await;
    let api = Api::clinic(&world);
    let made = api.post("/api-keys", &json!({"name": "reporting", "scope": "read", "days": 30})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let key = made.body["api_key"].as_str().unwrap().to_owned();
    let reader = Api { key: key.clone(), ..api.clone() };
    assert_eq!(reader.get("/bots").await.status, StatusCode::OK);
    assert_eq!(reader.get("/api-keys").await.status, StatusCode::FORBIDDEN);
    let listed = api.get("/api-keys").await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let secret = key.rsplit('_').next().unwrap();
    assert!(!listed.to_string().contains(secret));
    let path = format!("/api-keys/{}", made.body["id"].as_str().unwrap());
    assert_eq!(api.call(Method::DELETE, &path, &[], &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(reader.get("/bots").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn automations_listen_where_the_api_says() {
    let world = World::new(6).await;
    let api = Api::clinic(&world);
    let wanted = json!({"url": "https://automation.example/hook", "events": ["handover.started"]});
    let made = api.post("/webhooks", &wanted).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.body["secret"].as_str().unwrap().starts_with("whsec_"));
    let listed = api.get("/webhooks").await.body;
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["secret"]), (&made.body["id"], &Value::Null));
    let plain = json!({"url": "http://automation.example", "events": []});
    let refused = api.post("/webhooks", &plain).await;
    assert_eq!(refused.body["errors"].as_array().unwrap().len(), 2, "{refused:?}");
    world.travel(handover_tests::MINUTE).await;
    world.say(world.twilio(), super::CLIENT, "1", "I want to talk to a human").await;
    let sent = world.local.cloud().recorder().requests();
    let heard = sent.iter().filter(|request| request.url == "https://automation.example/hook");
    let request = heard.map(|request| request.body.clone()).next().unwrap();
    assert!(request.contains("handover.started"), "{request}");
    // Nobody answers there: it can be seen.
    let unreached = api.get("/unreached").await.body;
    assert_eq!(unreached["items"][0]["recipient"], json!({"webhook": made.body["id"]}), "{unreached}");
    let path = format!("/webhooks/{}", made.body["id"].as_str().unwrap());
    assert_eq!(api.call(Method::DELETE, &path, &[], &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get("/webhooks").await.body["items"], json!([]));
}
