//! One client in several conversations: linked by staff or by the provider, with the bot silent in all of
//! them, and everything about them in one place.

#![expect(clippy::indexing_slicing, reason = "an answer without the member that a test is about fails it")]

pub(crate) mod erasure;

use std::sync::atomic::Ordering;

use handover_cloud::Verdict as Fate;
use handover_core::{Assignee, Bot, ContactId, Control, ConversationId, HandoverEnd, Origin, Verdict};
use handover_tests::{MINUTE, SECOND, View, World};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::console::{Api, CLIENT, alex, billie};

/// The same client in the chat on the clinic's page.
pub(crate) const GUEST: &str = "guest-7";

pub(crate) fn by_phone(world: &World) -> ConversationId {
    world.conversation(world.twilio(), CLIENT)
}

pub(crate) fn by_chat(world: &World) -> ConversationId {
    world.conversation(&world.sample.clinic.generic, GUEST)
}

pub(crate) async fn chat(world: &World, id: &str, text: &str) {
    world.say(&world.sample.clinic.generic, GUEST, id, text).await;
}

pub(crate) async fn see(world: &World, id: &ConversationId) -> View {
    world.look(world.account(), id).await.unwrap()
}

/// Edits the clinic's bot, and lets the edit become live.
pub(crate) async fn edit_bot(world: &World, edit: impl FnOnce(&mut Bot)) {
    let store = world.local.admin_store();
    let id = &world.sample.clinic.bot;
    let mut bot = store.bot_settings(world.account(), id).await.unwrap().unwrap().bot;
    edit(&mut bot);
    store.put_bot(world.account(), &bot).await.unwrap();
    world.travel(MINUTE).await;
}

/// Says by the API that both conversations are one client's, until it is answered.
async fn link(world: &World) {
    let path = format!("/conversations/{}/link", by_chat(world));
    let body = json!({"staff": alex(world), "with": by_phone(world)});
    for _ in 0..8 {
        let api = Api::clinic(world);
        let answer = api.call(Method::POST, &path, &[("idempotency-key", "link")], &body).await;
        if answer.status.is_success() {
            return;
        }
        assert!(answer.status.is_server_error(), "{answer:?}");
        world.travel(MINUTE / 4).await;
    }
    panic!("never answered");
}

/// A client with a conversation by phone and one by chat, linked, with a bot that is silent in both while
/// humans own one.
pub(crate) async fn linked(world: &World) {
    edit_bot(world, |bot| bot.pause_all_inboxes = true).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    chat(world, "c1", "hello").await;
    link(world).await;
    world.settle().await;
}

#[tokio::test]
async fn a_handover_in_one_inbox_silences_the_bot_in_the_others_until_it_ends() {
    let world = World::new(1).await;
    linked(&world).await;
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    let chatting = see(&world, &by_chat(&world)).await;
    let origin = &chatting.conversation.human().unwrap().origin;
    assert_eq!(*origin, Origin::Elsewhere { conversation: by_phone(&world) });
    assert!(chatting.notes.iter().all(|(_, note)| note.conversation.as_ref() != Some(&by_chat(&world))));
    world.travel(SECOND).await;
    chat(&world, "c2", "are you there?").await;
    assert_eq!(see(&world, &by_chat(&world)).await.verdicts(), [Verdict::ExternalBot, Verdict::Paused]);
    // An hour later the pause is over, in both.
    world.travel(62 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    let chatting = see(&world, &by_chat(&world)).await;
    assert_eq!(chatting.conversation.control, Control::Bot);
    assert_eq!(chatting.handovers.first().unwrap().end, Some(HandoverEnd::ElsewhereEnded));
    chat(&world, "c3", "so?").await;
    assert_eq!(see(&world, &by_chat(&world)).await.verdicts().last(), Some(&Verdict::ExternalBot));
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_hint_that_is_lost_for_good_is_made_good_by_the_next_message() {
    let world = World::new(2).await;
    linked(&world).await;
    world.stop_sweep();
    world.post(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    // Everything that `resume` is told gets lost.
    world.strike_all(Fate::CrashBefore, |call| call.function.as_deref() == Some("resume"));
    world.settle().await;
    assert_eq!(see(&world, &by_chat(&world)).await.conversation.control, Control::Bot);
    world.travel(SECOND).await;
    chat(&world, "c2", "are you there?").await;
    let chatting = see(&world, &by_chat(&world)).await;
    assert_eq!(chatting.verdicts().last(), Some(&Verdict::Paused));
    world.heal();
    let api = Api::clinic(&world);
    let path = format!("/conversations/{}/hand-back", by_phone(&world));
    world.strike_all(Fate::CrashBefore, |call| call.function.as_deref() == Some("resume"));
    assert_eq!(api.post(&path, &json!({"staff": alex(&world)})).await.status, StatusCode::OK);
    world.travel(SECOND).await;
    chat(&world, "c3", "hello again").await;
    assert_eq!(see(&world, &by_chat(&world)).await.verdicts().last(), Some(&Verdict::ExternalBot));
}

#[tokio::test]
async fn who_answers_in_the_other_inbox_takes_it_over_there() {
    let world = World::new(3).await;
    linked(&world).await;
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    let api = Api::clinic(&world);
    let reply = json!({"staff": billie(&world), "text": "Hello, Billie here."});
    let path = format!("/conversations/{}/reply", by_chat(&world));
    assert_eq!(api.post(&path, &reply).await.status, StatusCode::OK);
    world.settle().await;
    world.travel(62 * MINUTE).await;
    // The first pause is over; both stay silent because a human is at the second.
    let chatting = see(&world, &by_chat(&world)).await;
    assert!(matches!(chatting.conversation.human().unwrap().origin, Origin::Takeover { .. }));
    let phone = world.see(CLIENT).await;
    assert!(phone.conversation.human().unwrap().is_elsewhere(), "{:?}", phone.conversation.control);
    // A hand-back in either is for both.
    let path = format!("/conversations/{}/hand-back", by_phone(&world));
    assert_eq!(api.post(&path, &json!({"staff": alex(&world)})).await.status, StatusCode::OK);
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    let chatting = see(&world, &by_chat(&world)).await;
    assert!(chatting.conversation.human().is_some(), "who is at it stays at it");
    world.assert_nothing_left();
}

#[tokio::test]
async fn assignee_and_tags_are_the_contacts_and_lists_say_so_in_every_inbox() {
    let world = World::new(4).await;
    linked(&world).await;
    let api = Api::clinic(&world);
    let contact = format!("/contacts/{}", ContactId::of(&by_phone(&world)));
    let tagged = api.post(&format!("{contact}/tags"), &json!({"tag": "vip"})).await;
    assert_eq!(tagged.status, StatusCode::OK, "{tagged:?}");
    let path = format!("/conversations/{}/assign", by_chat(&world));
    let given = api.post(&path, &json!({"to": {"staff": billie(&world)}})).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    world.settle().await;
    let shown = api.get(&contact).await.body;
    assert_eq!(
        (&shown["tags"], &shown["assignee"]),
        (&json!(["vip"]), &json!(format!("staff:{}", billie(&world))))
    );
    assert_eq!(shown["conversations"].as_array().unwrap().len(), 2);
    let listed = api.get(&format!("/conversations?assignee=staff:{}", billie(&world))).await.body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2, "{listed}");
    // The action says Alex, but skips who is assigned already, whichever inbox it was in.
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    let phone = world.see(CLIENT).await;
    assert_eq!(phone.handovers.first().unwrap().assignee, Some(Assignee::Staff(billie(&world).clone())));
    // A conversation's own id leads to its contact, too.
    assert_eq!(api.get(&format!("/contacts/{}", by_chat(&world))).await.body["id"], shown["id"]);

    let path = format!("/conversations/{}/unlink", by_chat(&world));
    assert_eq!(api.post(&path, &json!({})).await.status, StatusCode::OK);
    world.settle().await;
    let apart = api.get(&format!("/contacts/{}", by_chat(&world))).await.body;
    assert_eq!(apart["tags"], json!([]));
    assert_eq!(apart["conversations"].as_array().unwrap().len(), 1);
    // Nobody is at the chat: its bot speaks again.
    assert_eq!(see(&world, &by_chat(&world)).await.conversation.control, Control::Bot);
    let home = format!("/conversations/{}/unlink", by_phone(&world));
    let refused = api.post(&home, &json!({})).await;
    assert_eq!(
        (refused.status, &refused.body["type"]),
        (StatusCode::CONFLICT, &json!("urn:handover:problem:not_linked"))
    );
    world.settle().await;
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_history_goes_over_all_conversations_and_its_pages_lose_nothing() {
    let world = World::new(5).await;
    linked(&world).await;
    for number in 0..4 {
        world
            .say(world.twilio(), CLIENT, &format!("p{number}"), &format!("the knee hurts, day {number}"))
            .await;
        world.travel(MINUTE).await;
        chat(&world, &format!("w{number}"), &format!("the hip hurts, day {number}")).await;
        world.travel(MINUTE).await;
    }
    let api = Api::clinic(&world);
    let path = format!("/contacts/{}/history", by_chat(&world));
    let whole = api.get(&path).await.body;
    let lines = whole["items"].as_array().unwrap().clone();
    let said: Vec<&str> = lines.iter().filter_map(|line| line["content"]["text"].as_str()).take(3).collect();
    assert_eq!(said, ["the hip hurts, day 3", "the knee hurts, day 3", "the hip hurts, day 2"]);
    assert_eq!(lines.len(), 11, "two, a link, and eight");
    let mut paged: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{path}?limit=2&cursor={cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");
        paged.extend(page.body["items"].as_array().unwrap().iter().cloned());
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(paged, lines);
    let refused = api.get(&format!("{path}?cursor=eA")).await;
    assert_eq!(refused.body["errors"][0]["field"], "cursor", "{refused:?}");
}

#[tokio::test]
async fn whom_the_business_itself_names_is_one_contact_from_the_first_message_on() {
    let world = World::new(6).await;
    let generic = &world.sample.clinic.generic;
    let write = async |from: &str, id: &str, person: Option<&str>| {
        let mut call = world.call(generic, from, id, "hello");
        let mut body: Value = serde_json::from_slice(call.body()).unwrap();
        if let Some(person) = person {
            body["person"] = json!(person);
        }
        let body = body.to_string();
        let header = |name: &str| call.headers().get(name).unwrap().to_str().unwrap().to_owned();
        let (id, seconds) = (header("webhook-id"), header("webhook-timestamp"));
        let signature = handover_providers::standard_webhooks_signature(
            &generic.secret,
            &id,
            seconds.parse().unwrap(),
            body.as_bytes(),
        );
        call.headers_mut().insert("webhook-signature", signature.unwrap().parse().unwrap());
        *call.body_mut() = body.into();
        assert!(world.webhook(call).await.is_success());
        world.settle().await;
        see(&world, &world.conversation(generic, from)).await
    };
    let first = write("phone-7", "1", Some("customer-7")).await;
    let second = write("web-7", "2", Some("customer-7")).await;
    let stranger = write("web-8", "3", Some("customer-8")).await;
    let nobody = write("web-9", "4", None).await;
    assert_eq!(first.contact.id, second.contact.id);
    assert_eq!(second.contact.linked.len(), 2);
    assert!(![&stranger, &nobody].iter().any(|view| view.contact.id == first.contact.id));
    let api = Api::clinic(&world);
    let shown = api.get(&format!("/contacts/{}", first.contact.id)).await.body;
    assert_eq!(shown["conversations"].as_array().unwrap().len(), 2, "{shown}");
    // What staff say weighs more than the name, which comes again with every message.
    let path = format!("/conversations/{}/unlink", second.conversation.id);
    assert_eq!(api.post(&path, &json!({})).await.status, StatusCode::OK);
    let second = write("web-7", "5", Some("customer-7")).await;
    assert_eq!(second.contact.id, ContactId::of(&second.conversation.id));
    assert!(second.contact.linked.is_empty());
}

/// A link, a handover, its end, and a message in between, one of whose outgoing calls meets a fate.
async fn told(number: u64, fate: Fate) -> (View, View, u64) {
    let world = World::new(7).await;
    world.stop_sweep();
    edit_bot(&world, |bot| bot.pause_all_inboxes = true).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    chat(&world, "c1", "hello").await;
    let counter = world.strike(number, fate);
    link(&world).await;
    world.settle().await;
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    world.travel(5 * MINUTE).await;
    chat(&world, "c2", "are you there?").await;
    world.travel(75 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    world.assert_nothing_left();
    (world.see(CLIENT).await, see(&world, &by_chat(&world)).await, calls)
}

/// What must be the same however bumpy the way was; a hint that comes late ends a stretch late.
fn outline(view: &View) -> Value {
    let ends = view.handovers.iter().map(|handover| (&handover.origin, &handover.end, &handover.assignee));
    json!({
        "control": view.conversation.control,
        "epoch": view.conversation.epoch,
        "contact": view.conversation.contact,
        "tags": view.contact.tags,
        "holding": view.contact.holding,
        "linked": view.contact.linked,
        "handovers": ends.collect::<Vec<_>>(),
        "verdicts": view.verdicts(),
    })
}

#[tokio::test]
async fn both_conversations_end_the_same_whatever_crashes() {
    let (phone, chatting, calls) = told(u64::MAX, Fate::Proceed).await;
    assert_eq!((phone.conversation.epoch, chatting.conversation.epoch), (2, 2));
    assert!(calls > 30, "{calls} calls");
    for number in 0..calls {
        let lost = (number % 3 == 0).then_some(Fate::LoseAnswer);
        for fate in [Fate::CrashBefore, Fate::CrashAfter].into_iter().chain(lost) {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy_phone, bumpy_chat, _) = told(number, fate).await;
            assert_eq!(bumpy_phone.record(), phone.record(), "{at}");
            assert_eq!(outline(&bumpy_chat), outline(&chatting), "{at}");
        }
    }
}
