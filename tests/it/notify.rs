//! How staff and automations are told, each channel with its own failure side.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use bytes::Bytes;
use handover_aws::{
    ChatKey, InboxKey, MasterKey, Sdk, Sealer, load_master_key,
    store::{IN_DOUBT, NoteItem, Recipient},
};
use handover_cloud::{Call, RecordedRequest, Service, Verdict as Fate};
use handover_core::{
    Account, Announcement, Channel, Inbox, NotificationChannel, NotificationKind, Provider, Staff, Webhook,
    WebhookId,
};
use handover_providers::{Secrets, standard_webhooks_signature};
use handover_tests::{MINUTE, View, World};
use http::{Response, StatusCode};
use serde_json::Value;

use crate::automations::types;

pub(crate) const CLIENT: &str = "+4915112345678";
const PHONE: &str = "+493012345678";
const CHAT: &str = "chat.example";
pub(crate) const AUTOMATION: &str = "automation.example";
pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
pub(crate) const SAID: &str = "I want to talk to a human";

async fn master_key(world: &World) -> MasterKey {
    let host = world.local.host("notify").unwrap();
    let arn = (host.lookup)("MASTER_KEY_SECRET_ARN").unwrap();
    load_master_key(&Sdk::new(&host.sdk).secrets, &arn).await.unwrap()
}

/// Changes the staff member who gets the conversations.
pub(crate) async fn edit_staff(world: &World, edit: impl FnOnce(&mut Staff)) {
    let store = world.local.admin_store();
    let mut staff = store.staff(world.account(), &world.sample.clinic.assignee).await.unwrap().unwrap();
    edit(&mut staff);
    staff.validate().unwrap();
    store.put_staff(world.account(), &staff).await.unwrap();
    world.travel(MINUTE).await;
}

pub(crate) async fn edit_account(world: &World, edit: impl FnOnce(&mut Account)) {
    let store = world.local.admin_store();
    let (mut account, _) = store.account(world.account()).await.unwrap().unwrap();
    edit(&mut account);
    store.put_account(&account).await.unwrap();
    world.travel(MINUTE).await;
}

async fn chat_at(world: &World, url: &str) {
    edit_staff(world, |staff| {
        staff.chat_webhook = Some(url.to_owned());
        staff.notifications.conversation_assigned.chat = true;
    })
    .await;
}

async fn with_sms(world: &World) {
    let key = master_key(world).await;
    let inbox = Inbox {
        id: InboxKey::new(&key).new_id([7; 16]),
        account: world.account().clone(),
        name: "SMS".to_owned(),
        provider: Provider::Twilio,
        channel: Channel::Sms,
        bot: None,
        unknown_sender_is_human: false,
        settings: BTreeMap::from([
            ("account_sid".to_owned(), format!("AC{}", "5".repeat(32))),
            ("from".to_owned(), "+15550003333".to_owned()),
        ]),
    };
    let secrets: Secrets = [("auth_token", "token")].into_iter().collect();
    let owner = [inbox.account.as_str(), inbox.id.as_str()];
    let plain = serde_json::to_string(&secrets).unwrap();
    let sealed = Sealer::new(&key).seal(&plain, &owner, [9; 12]).unwrap();
    world.local.admin_store().put_inbox(&inbox, Some(sealed)).await.unwrap();
    edit_account(world, |account| account.sms_inbox = Some(inbox.id.clone())).await;
    edit_staff(world, |staff| {
        staff.phone = Some(PHONE.to_owned());
        staff.notifications.conversation_assigned.sms = true;
    })
    .await;
}

pub(crate) async fn listen(world: &World, events: &[Announcement]) -> WebhookId {
    let webhook = Webhook {
        id: WebhookId::from_random([3; 16]),
        url: format!("https://{AUTOMATION}/hooks/handover"),
        events: events.to_vec(),
    };
    webhook.validate().unwrap();
    let owner = [world.account().as_str(), webhook.id.as_str()];
    let sealed = Sealer::new(&master_key(world).await).seal(SECRET, &owner, [4; 12]).unwrap();
    world.local.admin_store().put_webhook(world.account(), &webhook, sealed).await.unwrap();
    world.travel(MINUTE).await;
    webhook.id
}

/// Lets a host answer with a status that can be changed.
pub(crate) fn answers(world: &World, host: &str, status: u16) -> Arc<AtomicU16> {
    let status = Arc::new(AtomicU16::new(status));
    let now = Arc::clone(&status);
    let answer = move |_: &RecordedRequest| {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::from_u16(now.load(Ordering::SeqCst)).unwrap();
        response
    };
    world.local.cloud().recorder().set_responder(host, Arc::new(answer));
    status
}

pub(crate) fn sent_to(world: &World, host: &str) -> Vec<RecordedRequest> {
    let url = format!("https://{host}/");
    let requests = world.local.cloud().recorder().requests();
    requests.into_iter().filter(|request| request.url.starts_with(&url)).collect()
}

pub(crate) fn assert_signed(request: &RecordedRequest, secret: &str) {
    let header = |name: &str| request.header(name).unwrap();
    let seconds = header("webhook-timestamp").parse().unwrap();
    assert_eq!(seconds, request.at_ms / 1_000);
    let expected =
        standard_webhooks_signature(secret, header("webhook-id"), seconds, request.body.as_bytes());
    assert_eq!(request.header("webhook-signature"), expected.as_deref());
}

/// What is on record about the one message on a channel that a conversation led to.
pub(crate) fn note(view: &View, channel: NotificationChannel) -> NoteItem {
    let about = NotificationKind::ConversationAssigned;
    let here = Some(&view.conversation.id);
    let mut notes = view.notes.iter().filter(|(_, note)| {
        note.channel == channel && note.about == about && note.conversation.as_ref() == here
    });
    let (_, note) = notes.next().unwrap();
    assert!(notes.next().is_none(), "recorded once");
    note.clone()
}

/// Whether the staff member is shown as not reached on a channel, and why.
pub(crate) async fn failing(world: &World, channel: NotificationChannel) -> Option<String> {
    let health = world.local.admin_store().health(world.account()).await.unwrap();
    let staff = world.sample.clinic.assignee.clone();
    let of_channel = Recipient::Staff { staff, channel };
    health.into_iter().find(|item| item.recipient == of_channel).and_then(|item| item.failure)
}

#[tokio::test]
async fn a_chat_message_is_signed_and_quiet() {
    let world = World::new(31).await;
    answers(&world, CHAT, 200);
    chat_at(&world, "https://chat.example/services/T1/B1").await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let sent = sent_to(&world, CHAT);
    let [message] = sent.as_slice() else { panic!("one message: {sent:?}") };
    assert_eq!(message.url, "https://chat.example/services/T1/B1");
    let key = ChatKey::new(&master_key(&world).await);
    assert_signed(message, &key.secret(world.account(), &world.sample.clinic.assignee));
    let body: Value = serde_json::from_str(&message.body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert!(text.contains("Reason: the client asked for a person"), "{text}");
    assert!(!text.contains("want to talk") && !text.contains(CLIENT), "{text}");
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Chat).failure, None);
    assert_eq!(failing(&world, NotificationChannel::Chat).await, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn the_clients_words_are_told_only_where_the_account_says_so() {
    let world = World::new(32).await;
    answers(&world, CHAT, 200);
    chat_at(&world, "https://chat.example/").await;
    edit_account(&world, |account| account.notify_text = true).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let sent = sent_to(&world, CHAT);
    assert!(sent.first().unwrap().body.contains("I want to talk to a human"), "{sent:?}");
}

#[tokio::test]
async fn a_chat_that_refuses_is_shown_until_it_works_again() {
    let world = World::new(33).await;
    let status = answers(&world, CHAT, 404);
    chat_at(&world, "https://chat.example/").await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert_eq!(sent_to(&world, CHAT).len(), 1, "nobody asks twice what was refused");
    let failure = Some("the chat refuses it with status 404".to_owned());
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Chat).failure, failure);
    assert_eq!(failing(&world, NotificationChannel::Chat).await, failure);
    world.assert_nothing_left();

    status.store(200, Ordering::SeqCst);
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    assert_eq!(failing(&world, NotificationChannel::Chat).await, None);
}

#[tokio::test]
async fn a_chat_that_is_down_gets_it_later_and_once() {
    let world = World::new(34).await;
    let status = answers(&world, CHAT, 503);
    chat_at(&world, "https://chat.example/").await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(MINUTE).await;
    let tries = sent_to(&world, CHAT);
    assert!(tries.len() > 2);
    let ids: std::collections::BTreeSet<_> = tries.iter().map(|sent| sent.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1, "the receiver can drop what it has had");
    status.store(200, Ordering::SeqCst);
    world.travel(2 * MINUTE).await;
    let all = sent_to(&world, CHAT).len();
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Chat).failure, None);
    world.travel(10 * MINUTE).await;
    assert_eq!(sent_to(&world, CHAT).len(), all);
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_chat_that_never_answers_is_given_up_and_shown() {
    let world = World::new(35).await;
    answers(&world, CHAT, 500);
    chat_at(&world, "https://chat.example/").await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(40 * MINUTE).await;
    let failure = Some("the chat does not answer".to_owned());
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Chat).failure, failure);
    assert_eq!(failing(&world, NotificationChannel::Chat).await, failure);
    world.assert_nothing_left();
}

#[tokio::test]
async fn nothing_is_sent_to_addresses_inside() {
    let world = World::new(36).await;
    for (number, url) in
        ["https://127.0.0.1/x", "https://169.254.169.254/latest", "https://intranet/x", "https://[::1]/"]
            .into_iter()
            .enumerate()
    {
        chat_at(&world, url).await;
        let client = format!("+491510000000{number}");
        world.say(world.twilio(), &client, &number.to_string(), SAID).await;
        let failure = note(&world.see(&client).await, NotificationChannel::Chat).failure.unwrap();
        assert!(failure.starts_with("the chat's address cannot be used"), "{url}: {failure}");
        assert!(!failure.contains("127.") && !failure.contains("169."), "{failure}");
    }
    let requests = world.local.cloud().recorder().requests();
    let other = |request: &&RecordedRequest| {
        request.method != "EMAIL" && !request.url.starts_with("https://api.twilio.com/")
    };
    assert_eq!(requests.iter().filter(other).count(), 0);
}

#[tokio::test]
async fn an_sms_goes_through_the_chosen_inbox() {
    let world = World::new(37).await;
    with_sms(&world).await;
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let texts = world.texts(PHONE);
    let [text] = texts.as_slice() else { panic!("one SMS: {texts:?}") };
    assert_eq!(text.body, "A conversation is assigned to you. Reason: the client asked for a person.");
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Sms).failure, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn an_sms_of_unknown_fate_is_never_sent_again() {
    for (seed, fate, sent) in
        [(38, Fate::LoseAnswer, 1), (39, Fate::CrashBefore, 0), (40, Fate::CrashAfter, 1)]
    {
        let world = World::new(seed).await;
        with_sms(&world).await;
        let fate_of = fate.clone();
        world.strike_all(fate_of, |call: &Call| {
            call.service == Service::World && call.function.as_deref() == Some("notify")
        });
        world.say(world.twilio(), CLIENT, "1", SAID).await;
        world.travel(5 * MINUTE).await;
        world.heal();
        world.travel(30 * MINUTE).await;
        assert_eq!(world.texts(PHONE).len(), sent, "{fate:?}");
        let failure = note(&world.see(CLIENT).await, NotificationChannel::Sms).failure;
        assert_eq!(failure.as_deref(), Some(IN_DOUBT), "{fate:?}");
        assert_eq!(failing(&world, NotificationChannel::Sms).await.as_deref(), Some(IN_DOUBT));
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn an_sms_that_certainly_was_not_sent_is_sent_later() {
    let world = World::new(41).await;
    with_sms(&world).await;
    world.strike_all(Fate::BreakBefore, |call: &Call| {
        call.service == Service::World && call.function.as_deref() == Some("notify")
    });
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert!(world.texts(PHONE).is_empty());
    world.heal();
    world.travel(2 * MINUTE).await;
    assert_eq!(world.texts(PHONE).len(), 1);
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Sms).failure, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn an_sms_that_no_provider_takes_is_given_up_and_shown() {
    let world = World::new(49).await;
    with_sms(&world).await;
    world.strike_all(Fate::BreakBefore, |call: &Call| {
        call.service == Service::World && call.function.as_deref() == Some("notify")
    });
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(40 * MINUTE).await;
    let failure = Some("the provider does not take messages".to_owned());
    assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Sms).failure, failure);
    assert_eq!(failing(&world, NotificationChannel::Sms).await, failure);
    world.heal();
    world.travel(40 * MINUTE).await;
    assert!(world.texts(PHONE).is_empty(), "old news");
    world.assert_nothing_left();
}

#[tokio::test]
async fn without_an_inbox_for_sms_the_staff_members_page_says_so() {
    let world = World::new(42).await;
    edit_staff(&world, |staff| {
        staff.phone = Some(PHONE.to_owned());
        staff.notifications.conversation_assigned.sms = true;
    })
    .await;
    for (number, inbox, expected) in [
        (0, None, "no inbox for SMS is chosen"),
        (1, Some(world.twilio().inbox.id.clone()), "the inbox for SMS is of another channel"),
        (2, Some(world.sample.twin.twilio.inbox.id.clone()), "the inbox for SMS does not exist"),
    ] {
        edit_account(&world, |account| account.sms_inbox = inbox).await;
        let client = format!("+491510000000{number}");
        world.say(world.twilio(), &client, &number.to_string(), SAID).await;
        let failure = note(&world.see(&client).await, NotificationChannel::Sms).failure;
        assert_eq!(failure.as_deref(), Some(expected));
        assert_eq!(failing(&world, NotificationChannel::Sms).await.as_deref(), Some(expected));
    }
    assert!(world.texts(PHONE).is_empty());
}

#[tokio::test]
async fn a_refused_address_is_shown_until_it_works_again() {
    let world = World::new(43).await;
    let refused = Fate::Fail { status: 400, code: "MessageRejected".to_owned(), message: "no".to_owned() };
    world.strike_all(refused, |call: &Call| call.service == Service::Ses);
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    assert_eq!(failing(&world, NotificationChannel::Email).await.as_deref(), Some("address refused"));
    world.heal();
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    assert_eq!(failing(&world, NotificationChannel::Email).await, None);
}

/// A handover with every channel and an automation, and one fate for one call of a function.
async fn everything(number: u64, fate: Fate) -> (View, World, u64) {
    let world = World::new(48).await;
    world.stop_sweep();
    answers(&world, CHAT, 200);
    answers(&world, AUTOMATION, 200);
    chat_at(&world, "https://chat.example/").await;
    with_sms(&world).await;
    listen(&world, &[Announcement::HandoverStarted, Announcement::TagAdded]).await;
    let counter = world.strike(number, fate);
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    world.travel(15 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    (world.see(CLIENT).await, world, calls)
}

#[tokio::test]
async fn every_channel_survives_every_crash() {
    let (smooth, world, calls) = everything(u64::MAX, Fate::Proceed).await;
    let heard = types(&sent_to(&world, AUTOMATION));
    assert_eq!(heard, ["handover.started", "tag.added"]);
    assert!(calls > 20, "{calls}");
    for number in 0..calls {
        for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer] {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy, world, _) = everything(number, fate).await;
            let mut told = bumpy.told();
            told.retain(|(_, about, _, _)| *about != NotificationKind::DeliveryFailed);
            assert_eq!(told, smooth.told(), "{at}");
            // SMS at most once, and if not then in doubt; everything else at least once, with one id.
            let sms = world.texts(PHONE).len();
            let failure = note(&bumpy, NotificationChannel::Sms).failure;
            assert!(sms == 1 || (sms == 0 && failure.is_some()), "{at}: {sms} SMS, {failure:?}");
            let mut heard_now = types(&sent_to(&world, AUTOMATION));
            heard_now.dedup();
            assert_eq!(heard_now, heard, "{at}");
            for host in [CHAT, AUTOMATION] {
                let sent = sent_to(&world, host);
                let ids: std::collections::BTreeSet<_> =
                    sent.iter().map(|request| request.header("webhook-id")).collect();
                assert_eq!(ids.len(), if host == CHAT { 1 } else { 2 }, "{at}");
                assert!(sent.len() <= 2 * ids.len(), "{at}: doubled by the crash alone");
            }
            assert_eq!(note(&bumpy, NotificationChannel::Chat).failure, None, "{at}");
            // The crash or the lost answer may have doubled the e-mail itself, and nothing else.
            let mails = world.emails().len();
            assert!((1..=2).contains(&mails), "{at}: {mails} e-mails");
            assert_eq!(note(&bumpy, NotificationChannel::Email).failure, None, "{at}");
            world.assert_nothing_left();
        }
    }
}
