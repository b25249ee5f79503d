//! The shipped functions against the providers' APIs: windows, templates, threads, tokens, hints, and what
//! happens when an answer does not come.

mod batches;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use handover_aws::{InboxKey, Sdk, Sealer, load_master_key, store::LedgerState};
use handover_cloud::{Call, Service, Verdict as Fate};
use handover_core::{
    Channel, Connector, Control, ConversationId, Inbox, NotificationKind, Provider, Purpose,
};
use handover_fakes::{Account, Garbled, Trouble};
use handover_providers::{Secrets, standard_webhooks_signature};
use handover_tests::{MINUTE, SECOND, View, World};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::console::Api;

const HOUR: Duration = Duration::from_hours(1);
const CLIENT: &str = "4915112345678";
const SMS: &str = "+4915112345678";

/// An inbox of the clinic's at a provider, with an account there.
struct At<'a> {
    world: &'a World,
    inbox: Inbox,
    secret: &'static str,
}

impl<'a> At<'a> {
    async fn new(
        world: &'a World,
        provider: Provider,
        channel: Channel,
        settings: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> At<'a> {
        let host = world.local.host("deliver").unwrap();
        let arn = (host.lookup)("MASTER_KEY_SECRET_ARN").unwrap();
        let key = load_master_key(&Sdk::new(&host.sdk).secrets, &arn).await.unwrap();
        let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let inbox = Inbox {
            id: InboxKey::new(&key).new_id([42; 16]),
            account: world.account().clone(),
            name: provider.name().to_owned(),
            provider,
            channel,
            bot: Some(world.sample.clinic.bot.clone()),
            unknown_sender_is_human: false,
            settings: map(settings),
        };
        let sealed: Secrets = secrets.iter().copied().collect();
        let owner = [inbox.account.as_str(), inbox.id.as_str()];
        let plain = serde_json::to_string(&sealed).unwrap();
        let sealed = Sealer::new(&key).seal(&plain, &owner, [9; 12]).unwrap();
        world.local.admin_store().put_inbox(&inbox, Some(sealed)).await.unwrap();
        let account = Account { provider, settings: inbox.settings.clone(), secrets: map(secrets) };
        world.local.fakes().open(account);
        At { world, inbox, secret: "app-secret" }
    }

    async fn whatsapp(world: &'a World, more: &[(&str, &str)]) -> At<'a> {
        let settings = [&[("phone_number_id", "200")], more].concat();
        let secrets = [("app_secret", "app-secret"), ("verify_token", "v"), ("access_token", "token")];
        At::new(world, Provider::WhatsApp, Channel::WhatsApp, &settings, &secrets).await
    }

    async fn messenger(world: &'a World, more: &[(&str, &str)]) -> At<'a> {
        let settings = [&[("page_id", "300"), ("app_id", "151")], more].concat();
        let secrets = [("app_secret", "app-secret"), ("verify_token", "v"), ("access_token", "token")];
        At::new(world, Provider::Messenger, Channel::Messenger, &settings, &secrets).await
    }

    /// A webhook call with a JSON body, signed over it.
    fn call(&self, header: &str, signature: &dyn Fn(&[u8]) -> String, body: &Value) -> Request<Bytes> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        let body = body.to_string();
        mac.update(body.as_bytes());
        Request::builder()
            .method("POST")
            .uri(format!("{}/webhooks/{}", self.world.local.public_url(), self.inbox.id))
            .header("content-type", "application/json")
            .header(header, signature(&mac.finalize().into_bytes()))
            .body(Bytes::from(body))
            .unwrap()
    }

    async fn post(&self, body: &Value) -> StatusCode {
        let hex = |signature: &[u8]| format!("sha256={}", HEXLOWER.encode(signature));
        self.world.webhook(self.call("x-hub-signature-256", &hex, body)).await
    }

    /// The client writes; the provider's own reply window opens.
    async fn says(&self, id: &str, text: &str) {
        let now_ms = self.world.now().as_ms();
        self.world.local.fakes().client_wrote(self.inbox.provider, CLIENT, now_ms);
        let body = if self.inbox.provider == Provider::WhatsApp {
            let message = json!({
                "from": CLIENT, "id": id, "timestamp": (now_ms / 1_000).to_string(),
                "type": "text", "text": { "body": text },
            });
            let value = json!({ "metadata": { "phone_number_id": "200" }, "messages": [message] });
            json!({ "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }] })
        } else {
            let message = json!({
                "sender": { "id": CLIENT }, "recipient": { "id": "300" }, "timestamp": now_ms,
                "message": { "mid": id, "text": text },
            });
            json!({ "object": "page", "entry": [{ "id": "300", "messaging": [message] }] })
        };
        assert_eq!(self.post(&body).await, StatusCode::OK);
        self.world.settle().await;
    }

    fn conversation(&self, client: &str) -> ConversationId {
        ConversationId::derive(&self.inbox.account, &self.inbox.id, client)
    }

    async fn see(&self) -> View {
        self.world.look(self.world.account(), &self.conversation(CLIENT)).await.unwrap()
    }

    /// A staff member's command in the console.
    async fn command(&self, name: &str, key: &str, body: &Value) {
        let path = format!("/conversations/{}/{name}", self.conversation(CLIENT));
        let headers = [("idempotency-key", key)];
        let answer = Api::clinic(self.world).call(http::Method::POST, &path, &headers, body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        self.world.settle().await;
    }

    async fn reply(&self, key: &str, text: &str) {
        self.command("reply", key, &json!({ "staff": self.world.sample.clinic.assignee, "text": text }))
            .await;
    }

    /// The texts that the API took: what they say, and under which tag or template.
    fn taken(&self) -> Vec<(String, &'static str)> {
        let taken = self.world.local.fakes().taken().into_iter();
        taken
            .map(|taken| {
                let way = match (taken.template, taken.tag.as_deref()) {
                    (true, _) => "template",
                    (false, Some("HUMAN_AGENT")) => "human agent",
                    (false, _) => "free",
                };
                (taken.text, way)
            })
            .collect()
    }

    /// How far staff's texts got, and why not further.
    async fn replies(&self) -> Vec<(LedgerState, Option<String>)> {
        let mut entries: Vec<_> = self.see().await.ledger;
        entries.retain(|entry| entry.purpose == Purpose::Staff);
        entries.sort_by_key(|entry| entry.at);
        entries.into_iter().map(|entry| (entry.state, entry.detail)).collect()
    }
}

const CLOSING: &str = "Thank you! Someone from the team will get back to you.";

/// How many requests went to a host.
fn requests_to(world: &World, host: &str) -> usize {
    let requests = world.local.cloud().recorder().requests();
    requests.iter().filter(|request| request.url.starts_with(&format!("https://{host}/"))).count()
}

#[tokio::test]
async fn a_closed_window_is_said_without_asking_the_provider() {
    let world = World::new(701).await;
    let at = At::whatsapp(&world, &[]).await;
    at.says("wamid.1", "I want to talk to a human").await;
    assert_eq!(at.taken(), [(CLOSING.to_owned(), "free")]);
    let handover = at.see().await.handovers.remove(0);
    assert_eq!(handover.reply_by, Some(handover.started_at + 24 * HOUR));

    world.travel(26 * HOUR).await;
    let asked = requests_to(&world, "graph.facebook.com");
    at.reply("k1", "Sorry for the wait").await;
    assert_eq!(at.replies().await, [(LedgerState::Failed, Some("window_closed".to_owned()))]);
    assert_eq!(requests_to(&world, "graph.facebook.com"), asked);
    let told = at.see().await.told();
    assert!(told.iter().any(|told| told.1 == NotificationKind::DeliveryFailed), "{told:?}");
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_reply_after_the_window_goes_in_the_template() {
    let world = World::new(702).await;
    let at =
        At::whatsapp(&world, &[("reply_template", "follow_up"), ("reply_template_language", "en")]).await;
    at.says("wamid.1", "I want to talk to a human").await;
    // Within the hour in which our own record may be behind, the provider's word counts.
    world.travel(24 * HOUR + 30 * MINUTE).await;
    at.reply("k1", "Sorry for\nthe wait").await;
    // And later it is not even asked for anything else.
    world.travel(2 * HOUR).await;
    at.reply("k2", "Still there?").await;
    let template = |text: &str| (text.to_owned(), "template");
    assert_eq!(
        at.taken(),
        [(CLOSING.to_owned(), "free"), template("Sorry for the wait"), template("Still there?")]
    );
    assert_eq!(at.replies().await, [(LedgerState::Sent, None), (LedgerState::Sent, None)]);
    // The client writes: the window is open again.
    at.says("wamid.2", "yes").await;
    at.reply("k3", "Good").await;
    assert_eq!(at.taken().last(), Some(&("Good".to_owned(), "free")));
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_human_agent_has_seven_days_and_the_bot_has_not() {
    let world = World::new(703).await;
    let at = At::messenger(&world, &[("human_agent", "yes")]).await;
    at.says("m_1", "I want to talk to a human").await;
    assert_eq!(at.taken(), [(CLOSING.to_owned(), "free")], "no bot's text under the tag");
    let handover = at.see().await.handovers.remove(0);
    assert_eq!(handover.reply_by, Some(handover.started_at + 7 * 24 * HOUR));
    assert_eq!(handover.promise_due_at, handover.started_at + 24 * HOUR, "the task is due first");
    let path = format!("/conversations/{}", at.conversation(CLIENT));
    let shown = Api::clinic(&world).call(http::Method::GET, &path, &[], &Value::Null).await.body;
    let last = at.see().await.conversation.last_client_at.unwrap();
    assert_eq!(shown["reply_by"], (last + 7 * 24 * HOUR).as_ms());
    world.travel(6 * 24 * HOUR).await;
    at.reply("k1", "Sorry for the wait").await;
    assert_eq!(at.taken().last(), Some(&("Sorry for the wait".to_owned(), "human agent")));
    world.travel(2 * 24 * HOUR).await;
    at.reply("k2", "Too late").await;
    assert_eq!(at.replies().await[1], (LedgerState::Failed, Some("window_closed".to_owned())));
}

#[tokio::test]
async fn the_thread_goes_to_the_page_inbox_and_comes_back() {
    let world = World::new(704).await;
    let at = At::messenger(&world, &[("native_handover", "yes")]).await;
    let away = || world.local.fakes().is_away(Provider::Messenger, CLIENT);
    at.says("m_1", "I want to talk to a human").await;
    // Afterwards nobody but the Page Inbox could have said it.
    assert_eq!((at.taken(), away()), (vec![(CLOSING.to_owned(), "free")], true));
    // A colleague answers from the console: only the thread's owner can.
    at.reply("k1", "I am here").await;
    assert_eq!((at.taken().len(), away()), (2, false));
    at.command("hand-back", "k2", &json!({ "staff": world.sample.clinic.assignee })).await;
    assert_eq!(at.see().await.conversation.control, Control::Bot);
    assert!(!away());
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_thread_that_cannot_be_taken_is_requested_and_the_bot_waits_for_it() {
    let world = World::new(721).await;
    let fakes = world.local.fakes();
    let at = At::messenger(&world, &[("native_handover", "yes")]).await;
    fakes.let_nobody_take(Provider::Messenger);
    at.says("m_1", "I want to talk to a human").await;
    at.command("hand-back", "k1", &json!({ "staff": world.sample.clinic.assignee })).await;
    assert_eq!(fakes.requested(), [(Provider::Messenger, CLIENT.to_owned())]);
    assert!(fakes.is_away(Provider::Messenger, CLIENT));
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    assert_eq!(kept.len(), 0, "a request is no failure");
    // Until the owner passes it, the client's words are the owner's to answer.
    let element = |inner: Value| {
        let mut element = json!({ "sender": { "id": CLIENT }, "recipient": { "id": "300" }, "timestamp": world.now().as_ms() });
        element.as_object_mut().unwrap().extend(inner.as_object().unwrap().clone());
        element
    };
    let standby = element(json!({ "message": { "mid": "m_2", "text": "are you open?" } }));
    at.post(&json!({ "object": "page", "entry": [{ "id": "300", "standby": [standby] }] })).await;
    world.settle().await;
    assert!(matches!(at.see().await.conversation.control, Control::Human(_)));
    assert_eq!(at.taken().len(), 1, "the closing message, and nothing of the bot's");
    fakes.pass_back(Provider::Messenger, CLIENT);
    let passed = element(json!({ "pass_thread_control": { "new_owner_app_id": "151" } }));
    at.post(&json!({ "object": "page", "entry": [{ "id": "300", "messaging": [passed] }] })).await;
    world.settle().await;
    assert_eq!(at.see().await.conversation.control, Control::Bot);
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_thread_that_cannot_be_moved_is_tried_again_and_then_shown_to_admins() {
    let world = World::new(705).await;
    let at = At::messenger(&world, &[("native_handover", "yes")]).await;
    let tries = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&tries);
    world.strike_all_if(move |call: &Call| {
        if call.service == Service::World && call.resource.ends_with("pass_thread_control") {
            count.fetch_add(1, Ordering::SeqCst);
            return Fate::LoseAnswer;
        }
        Fate::Proceed
    });
    at.says("m_1", "I want to talk to a human").await;
    world.travel(10 * MINUTE).await;
    assert_eq!(tries.load(Ordering::SeqCst), 8);
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(at.taken().len(), 1);
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_thread_move_is_dropped_when_control_has_moved_on() {
    let world = World::new(706).await;
    let at = At::messenger(&world, &[("native_handover", "yes")]).await;
    world.strike_all(Fate::BreakBefore, |call| call.service == Service::World);
    at.says("m_1", "I want to talk to a human").await;
    at.command("hand-back", "k1", &json!({ "staff": world.sample.clinic.assignee })).await;
    world.heal();
    world.travel(15 * MINUTE).await;
    // The closing message had its ten minutes; the thread never left.
    assert!(!world.local.fakes().is_away(Provider::Messenger, CLIENT));
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_the_provider_says() {
    let world = World::new(707).await;
    let fakes = world.local.fakes();
    fakes.order(Provider::Twilio, Trouble::RateLimited(Some(40)));
    world.say(world.twilio(), SMS, "1", "I want to talk to a human").await;
    world.travel(35 * SECOND).await;
    assert_eq!((fakes.taken().len(), requests_to(&world, "api.twilio.com")), (0, 1));
    world.travel(30 * SECOND).await;
    assert_eq!((fakes.taken().len(), requests_to(&world, "api.twilio.com")), (1, 2));
    assert_eq!(world.see(SMS).await.closing(), Some(LedgerState::Sent));
    world.assert_nothing_left();
}

#[tokio::test]
async fn what_nobody_can_know_is_never_sent_again() {
    for (seed, trouble) in [
        (708, Trouble::TakenThenSilent),
        (709, Trouble::TakenThenGarbled(Garbled::Page)),
        (710, Trouble::Broken),
    ] {
        let world = World::new(seed).await;
        world.local.fakes().order(Provider::Twilio, trouble);
        world.say(world.twilio(), SMS, "1", "I want to talk to a human").await;
        world.travel(20 * MINUTE).await;
        assert_eq!(requests_to(&world, "api.twilio.com"), 1, "{trouble:?}");
        assert_eq!(world.see(SMS).await.closing(), Some(LedgerState::Unknown), "{trouble:?}");
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn credentials_are_checked_for_real() {
    let world = World::new(711).await;
    let mut inbox = world.twilio().inbox.clone();
    inbox.settings.insert("account_sid".to_owned(), format!("AC{}", "0".repeat(32)));
    let host = world.local.host("deliver").unwrap();
    let arn = (host.lookup)("MASTER_KEY_SECRET_ARN").unwrap();
    let key = load_master_key(&Sdk::new(&host.sdk).secrets, &arn).await.unwrap();
    let account = Account {
        provider: Provider::Twilio,
        settings: inbox.settings.clone(),
        secrets: [("auth_token".to_owned(), "another".to_owned())].into(),
    };
    world.local.fakes().open(account);
    let secrets: Secrets = [("auth_token", world.twilio().secret.as_str())].into_iter().collect();
    let owner = [inbox.account.as_str(), inbox.id.as_str()];
    let plain = serde_json::to_string(&secrets).unwrap();
    let sealed = Sealer::new(&key).seal(&plain, &owner, [9; 12]).unwrap();
    world.local.admin_store().put_inbox(&inbox, Some(sealed)).await.unwrap();
    world.travel(MINUTE).await;
    world.say(world.twilio(), SMS, "1", "I want to talk to a human").await;
    assert_eq!(world.local.fakes().taken(), []);
    assert_eq!(world.see(SMS).await.closing(), Some(LedgerState::Failed));
}

async fn sinch(world: &World) -> At<'_> {
    let settings = [("project_id", "p1"), ("app_id", "a1"), ("region", "eu"), ("key_id", "k1")];
    let secrets = [("key_secret", "s1"), ("webhook_secret", "app-secret")];
    At::new(world, Provider::Sinch, Channel::Sms, &settings, &secrets).await
}

impl At<'_> {
    async fn says_by_sinch(&self, client: &str, id: &str) {
        let body = json!({
            "app_id": "a1",
            "message": {
                "id": id, "direction": "TO_APP", "contact_id": client,
                "channel_identity": { "channel": "SMS", "identity": client },
                "contact_message": { "text_message": { "text": "I want to talk to a human" } },
            },
        })
        .to_string();
        let seconds = self.world.local.wall().as_ms() / 1_000;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(format!("{body}.nonce.{seconds}").as_bytes());
        let request = Request::builder()
            .method("POST")
            .uri(format!("{}/webhooks/{}", self.world.local.public_url(), self.inbox.id))
            .header("content-type", "application/json")
            .header("x-sinch-webhook-signature", BASE64.encode(&mac.finalize().into_bytes()))
            .header("x-sinch-webhook-signature-nonce", "nonce")
            .header("x-sinch-webhook-signature-timestamp", seconds.to_string())
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(self.world.webhook(request).await, StatusCode::OK);
        self.world.settle().await;
    }
}

#[tokio::test]
async fn an_access_token_is_asked_for_once_and_again_when_it_has_ended() {
    let world = World::new(712).await;
    let at = sinch(&world).await;
    let fakes = world.local.fakes();
    let seen = || (fakes.taken().len(), fakes.tokens_asked_for());
    at.says_by_sinch("c1", "01A").await;
    at.says_by_sinch("c2", "01B").await;
    assert_eq!(seen(), (2, 1));
    fakes.revoke_tokens();
    at.says_by_sinch("c3", "01C").await;
    world.travel(10 * SECOND).await;
    assert_eq!(seen(), (3, 2), "401 with a kept token is no failure of the credentials");
    world.travel(HOUR).await;
    at.says_by_sinch("c4", "01D").await;
    assert_eq!(seen(), (4, 3));
    world.assert_nothing_left();
}

#[tokio::test]
async fn without_a_token_the_credentials_themselves_do() {
    let world = World::new(713).await;
    let at = sinch(&world).await;
    world.strike_all(Fate::BreakBefore, |call| call.host == "auth.sinch.com");
    at.says_by_sinch("c1", "01A").await;
    assert_eq!((at.taken().len(), world.local.fakes().tokens_asked_for()), (1, 0));
}

#[tokio::test]
async fn what_a_provider_sends_once_is_stored_in_spite_of_a_hiccup() {
    let world = World::new(714).await;
    for (number, failing, status) in [(1, 5, StatusCode::OK), (2, 1_000, StatusCode::SERVICE_UNAVAILABLE)] {
        let tries = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&tries);
        world.strike_all_if(move |call: &Call| {
            let sends = call.operation == "SendMessageBatch" && call.resource.contains("Conversation");
            if sends && count.fetch_add(1, Ordering::SeqCst) < failing {
                Fate::BreakBefore
            } else {
                Fate::Proceed
            }
        });
        let request = world.call(world.twilio(), SMS, &number.to_string(), "hello");
        assert_eq!(world.webhook(request).await, status);
        assert_eq!(tries.load(Ordering::SeqCst), if failing == 5 { 6 } else { 8 });
        world.heal();
    }
    world.settle().await;
    assert_eq!(world.see(SMS).await.messages.len(), 1);
}

#[tokio::test]
async fn clients_see_that_an_answer_is_being_written() {
    let world = World::new(715).await;
    let store = world.local.admin_store();
    let clinic = &world.sample.clinic;
    let mut bot = store.bot_settings(&clinic.account, &clinic.bot).await.unwrap().unwrap().bot;
    bot.connector = Connector::Faq;
    store.put_bot(&clinic.account, &bot).await.unwrap();
    world.travel(MINUTE).await;
    world.post(world.twilio(), SMS, "1", "what are your opening hours?").await;
    world.settle().await;
    let signs = world.local.fakes().signs();
    assert_eq!(signs.len(), 1, "{signs:?}");
    assert!(signs[0].0 == Provider::Twilio && signs[0].1.ends_with('1'), "{signs:?}");

    // A sign that cannot be shown holds nothing up, and is not tried again.
    let tries = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&tries);
    world.strike_all_if(move |call: &Call| {
        if call.host != "messaging.twilio.com" {
            return Fate::Proceed;
        }
        count.fetch_add(1, Ordering::SeqCst);
        Fate::BreakBefore
    });
    world.say(world.twilio(), SMS, "2", "and on sundays?").await;
    world.travel(5 * MINUTE).await;
    assert_eq!(tries.load(Ordering::SeqCst), 1);
    assert_eq!(world.local.fakes().signs().len(), 1);
    world.assert_nothing_left();
}

#[tokio::test]
async fn staff_are_seen_to_read_and_write_where_no_message_is_named() {
    let world = World::new(716).await;
    let at = At::messenger(&world, &[]).await;
    at.says("m_1", "I want to talk to a human").await;
    assert_eq!(world.local.fakes().signs(), []);
    at.reply("k1", "I am here").await;
    let sign = (Provider::Messenger, CLIENT.to_owned());
    assert_eq!(world.local.fakes().signs(), [sign.clone(), sign], "read, and typing");
    let quiet = World::new(717).await;
    let at = At::messenger(&quiet, &[("typing", "no")]).await;
    at.says("m_1", "I want to talk to a human").await;
    at.reply("k1", "I am here").await;
    assert_eq!((quiet.local.fakes().signs().len(), at.taken().len()), (0, 2));
}

#[tokio::test]
async fn what_a_client_passes_on_is_not_what_they_want() {
    let world = World::new(718).await;
    let at = At::whatsapp(&world, &[]).await;
    let say = |id: &str, context: Value| {
        let message = json!({
            "from": CLIENT, "id": id, "timestamp": (world.now().as_ms() / 1_000).to_string(), "type": "text",
            "text": { "body": "I want to talk to a human" }, "context": context,
        });
        whatsapp(json!({ "messages": [message] }))
    };
    assert_eq!(at.post(&say("wamid.1", json!({ "forwarded": true }))).await, StatusCode::OK);
    world.settle().await;
    let seen = at.see().await;
    assert_eq!(seen.conversation.control, Control::Bot);
    assert_eq!(seen.messages[0].record.human_request.map(handover_core::Permille::get), Some(0));
    assert_eq!(at.post(&say("wamid.2", json!({ "id": "wamid.1" }))).await, StatusCode::OK);
    world.settle().await;
    assert!(at.see().await.conversation.human().is_some(), "an answer to it is the client's own");
    world.assert_nothing_left();
}

fn whatsapp(value: Value) -> Value {
    let Value::Object(mut value) = value else { panic!("an object") };
    value.insert("metadata".to_owned(), json!({ "phone_number_id": "200" }));
    json!({ "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }] })
}

#[tokio::test]
async fn a_client_with_a_new_number_goes_on_with_the_same_conversation() {
    const NEW: &str = "4915199999999";
    let world = World::new(719).await;
    let at = At::whatsapp(&world, &[]).await;
    at.says("wamid.1", "I want to talk to a human").await;
    let seconds = || (world.now().as_ms() / 1_000).to_string();
    let changed = json!({
        "from": CLIENT, "id": "wamid.2", "timestamp": seconds(), "type": "system",
        "system": { "type": "user_changed_number", "wa_id": NEW, "body": "changed" },
    });
    assert_eq!(at.post(&whatsapp(json!({ "messages": [changed] }))).await, StatusCode::OK);
    world.settle().await;
    world.local.fakes().client_wrote(Provider::WhatsApp, NEW, world.now().as_ms());
    at.reply("k1", "I am here").await;
    let text = json!({
        "from": NEW, "from_user_id": "DE.77", "id": "wamid.3", "timestamp": seconds(), "type": "text",
        "text": { "body": "great" },
    });
    assert_eq!(at.post(&whatsapp(json!({ "messages": [text] }))).await, StatusCode::OK);
    world.settle().await;
    let seen = at.see().await;
    assert_eq!((seen.conversation.address.as_str(), seen.messages.len()), (NEW, 4), "{:?}", seen.messages);
    let to: Vec<_> = world.local.fakes().taken().into_iter().map(|taken| taken.to).collect();
    assert_eq!(to, [CLIENT, NEW]);
    world.assert_nothing_left();
}

#[tokio::test]
async fn answers_go_where_the_client_wrote_last() {
    let world = World::new(720).await;
    let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    let settings = [("reply_url", "https://bridge.example.com/in")];
    let at =
        At::new(&world, Provider::Generic, Channel::Other, &settings, &[("signing_secret", secret)]).await;
    for (id, place) in [("m1", "desk"), ("m2", "phone")] {
        let body = json!({ "id": id, "from": CLIENT, "text": "hello", "reply_to": place }).to_string();
        let seconds = world.local.wall().as_ms() / 1_000;
        let signature = standard_webhooks_signature(secret, id, seconds, body.as_bytes()).unwrap();
        let request = Request::builder()
            .method("POST")
            .uri(format!("{}/webhooks/{}", world.local.public_url(), at.inbox.id))
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signature)
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(world.webhook(request).await, StatusCode::OK);
        world.settle().await;
        assert_eq!(at.see().await.conversation.address, place);
    }
}
