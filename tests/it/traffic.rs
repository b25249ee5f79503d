//! The same message twice, at the same time, out of order, a week later; and what is no message at all.

use bytes::Bytes;
use handover_cloud::{Verdict as Fate, sqs::Order};
use handover_core::{NotificationKind, Verdict};
use handover_tests::{MINUTE, World};
use http::StatusCode;

const CLIENT: &str = "+4915112345678";
const OTHER: &str = "+4915199999999";

#[tokio::test]
async fn twice_equals_once() {
    let world = World::new(1).await;
    for _ in 0..3 {
        world.say(world.twilio(), CLIENT, "1", "human").await;
    }
    let first = world.see(CLIENT).await;
    // Past the queue's own five minutes, and within the pause.
    world.travel(20 * MINUTE).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.record(), first.record());
    assert_eq!((view.messages.len(), view.texts.len(), view.told()), (1, 1, first.told()));
}

#[tokio::test]
async fn a_week_later_it_is_still_the_same_message() {
    let world = World::new(2).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.stop_sweep();
    world.travel(7 * 24 * 60 * MINUTE).await;
    let before = world.see(CLIENT).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.record(), before.record());
    assert_eq!((view.verdicts().len(), view.texts.len()), (1, 1));
    world.assert_nothing_left();
}

#[tokio::test]
async fn at_the_same_time_it_counts_once() {
    let world = World::new(3).await;
    let calls = (0..5).map(|_| world.webhook(world.call(world.twilio(), CLIENT, "1", "human")));
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    // Interleaved at every await, in one task.
    let mut taken = 0;
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(status) => {
                taken += u32::from(status.is_success());
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(taken, 5);
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!((view.verdicts(), view.texts.len()), (vec![Verdict::HandedOver], 1));
}

#[tokio::test]
async fn standard_queues_that_double_and_reorder_change_nothing() {
    for seed in 0..5 {
        let world = World::new(4).await;
        let order = Order { seed, reorder_standard: true, duplicate_standard: true };
        world.local.cloud().sqs().set_order(Some(order));
        world.say(world.twilio(), CLIENT, "1", "human").await;
        world.travel(5 * MINUTE).await;
        world.say(world.twilio(), CLIENT, "2", "hello?").await;
        world.travel(90 * MINUTE).await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::Paused], "seed {seed}");
        assert_eq!((view.conversation.epoch, view.texts.len()), (2, 1), "seed {seed}");
        let assigned =
            view.notes.iter().filter(|(_, note)| note.about == NotificationKind::ConversationAssigned);
        assert_eq!(assigned.count(), 2, "seed {seed}: in app and by e-mail, each recorded once");
    }
}

#[tokio::test]
async fn messages_that_overtake_each_other_are_all_kept() {
    let world = World::new(5).await;
    // The second is on the queue before the first.
    world.post(world.twilio(), CLIENT, "2", "are you there?").await;
    world.post(world.twilio(), CLIENT, "1", "human").await;
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts().len(), 2);
    assert_eq!((view.handovers.len(), view.texts.len()), (1, 1));
}

#[tokio::test]
async fn conversations_do_not_get_in_each_others_way() {
    let together = World::new(6).await;
    together.post(together.twilio(), CLIENT, "1", "human").await;
    together.post(together.twilio(), OTHER, "2", "human").await;
    together.settle().await;
    let apart = World::new(6).await;
    apart.say(apart.twilio(), OTHER, "2", "human").await;
    apart.say(apart.twilio(), CLIENT, "1", "human").await;
    for client in [CLIENT, OTHER] {
        let (one, other) = (together.see(client).await, apart.see(client).await);
        assert_eq!(
            (one.record(), one.texts.clone(), one.told()),
            (other.record(), other.texts.clone(), other.told())
        );
    }
}

#[tokio::test]
async fn what_is_not_authentic_gets_401_and_nothing_happens() {
    let world = World::new(7).await;
    let good = world.call(world.twilio(), CLIENT, "1", "human");
    let mut none = good.clone();
    none.headers_mut().remove("x-twilio-signature");
    let mut wrong = good.clone();
    wrong.headers_mut().insert("x-twilio-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().unwrap());
    let mut tampered = good.clone();
    *tampered.body_mut() = Bytes::from([good.body().as_ref(), b"&Extra=1"].concat());
    for call in [none, wrong, tampered] {
        assert_eq!(world.webhook(call).await, StatusCode::UNAUTHORIZED);
    }
    let stale = world.call(&world.sample.clinic.generic, "visitor", "1", "human");
    world.travel(6 * MINUTE).await;
    assert_eq!(world.webhook(stale).await, StatusCode::UNAUTHORIZED);
    // One account's secret does not open another's inbox.
    let mut foreign = world.sample.twin.twilio.clone();
    foreign.secret.clone_from(&world.twilio().secret);
    assert_eq!(world.webhook(world.call(&foreign, CLIENT, "1", "human")).await, StatusCode::UNAUTHORIZED);
    world.settle().await;
    assert!(world.local.admin_store().conversations(world.account()).await.unwrap().is_empty());
    assert!(world.local.admin_store().quarantine(world.account()).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_inbox_that_was_never_given_out_is_refused_without_a_read() {
    let world = World::new(8).await;
    world.local.cloud().take_log();
    let unknown = ["x", "inaaaa", "../etc/passwd", &"a".repeat(41), "in%00", "%F0%9F%99%8F"];
    for id in unknown {
        let mut call = world.call(world.twilio(), CLIENT, "1", "human");
        *call.uri_mut() = format!("/webhooks/{id}").parse().unwrap();
        assert_eq!(world.webhook(call).await, StatusCode::NOT_FOUND, "{id}");
    }
    assert_eq!(world.local.cloud().take_log(), []);
}

#[tokio::test]
async fn too_large_is_413() {
    let world = World::new(9).await;
    let generic = &world.sample.clinic.generic;
    let long = "x".repeat(300_000);
    assert_eq!(
        world.webhook(world.call(generic, "visitor", "1", &long)).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let longer = "x".repeat(1_100_000);
    let call = world.call(world.twilio(), CLIENT, "1", &longer);
    assert_eq!(world.webhook(call).await, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Signs a body of any bytes for the clinic's generic inbox.
pub(crate) fn signed(world: &World, body: &[u8]) -> http::Request<Bytes> {
    let generic = &world.sample.clinic.generic;
    let mut call = world.call(generic, "visitor", "1", "x");
    let seconds = world.local.wall().as_seconds();
    let signature =
        handover_providers::standard_webhooks_signature(&generic.secret, "msg_1", seconds, body).unwrap();
    call.headers_mut().insert("webhook-id", "msg_1".parse().unwrap());
    call.headers_mut().insert("webhook-signature", signature.parse().unwrap());
    *call.body_mut() = Bytes::copy_from_slice(body);
    call
}

#[tokio::test]
async fn authentic_but_malformed_is_200_and_quarantined_with_a_notice() {
    let rubbish: [&[u8]; 6] = [
        b"",
        b"not json",
        b"{\"type\":\"message\"",
        b"{\"type\":\"message\",\"from\":17}",
        b"\xff\xfe\x00\x01",
        &[b'['; 10_000],
    ];
    for (seed, body) in rubbish.into_iter().enumerate() {
        let world = World::new(10).await;
        assert_eq!(world.webhook(signed(&world, body)).await, StatusCode::OK, "case {seed}");
        world.settle().await;
        let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
        assert_eq!(kept.len(), 1, "case {seed}");
        assert!(!kept.first().unwrap().reason.is_empty());
        let admin = &world.sample.clinic.assignee;
        let notes = world.local.admin_store().notes(world.account(), admin).await.unwrap();
        let about: Vec<NotificationKind> = notes.iter().map(|note| note.about).collect();
        assert_eq!(about, [NotificationKind::Quarantined], "case {seed}");
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn odd_texts_are_handled() {
    let long = "ü".repeat(20_000);
    let odd = [
        "\u{202e}namuh a ot klat ot tnaw I",
        "مرحبا، أريد التحدث إلى شخص",
        "👩‍⚕️👩‍⚕️👩‍⚕️",
        "\u{0}\u{1}\u{2}",
        "a\u{0301}\u{0301}\u{0301}\u{0301}",
        "   ",
        "{\"text\": \"human\"}",
        "'; DROP TABLE conversations; --",
        &long,
    ];
    let world = World::new(11).await;
    for (index, text) in odd.into_iter().enumerate() {
        let from = format!("+49151000000{index}");
        world.say(world.twilio(), &from, &index.to_string(), text).await;
        assert_eq!(world.see(&from).await.verdicts().len(), 1, "{text:?}");
    }
    world.assert_nothing_left();
}

#[tokio::test]
async fn duplicate_keys_and_broken_letters_do_not_confuse_who_speaks() {
    let world = World::new(12).await;
    let body =
        br#"{"type":"message","id":"a","from":"visitor-1","from":"visitor-2","text":"hi","text":"human"}"#;
    let status = world.webhook(signed(&world, body)).await;
    assert_eq!(status, StatusCode::OK);
    world.settle().await;
    let conversations = world.local.admin_store().conversations(world.account()).await.unwrap();
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap();
    assert_eq!(conversations.len() + kept.len(), 1, "one conversation, or put aside");
}

#[tokio::test]
async fn services_down_nothing_is_acknowledged_that_is_not_durable() {
    use handover_cloud::Service::{DynamoDb, Sqs};
    let world = World::new(13).await;
    let broken = Fate::Fail { status: 500, code: "InternalServerError".to_owned(), message: String::new() };
    for service in [DynamoDb, Sqs] {
        world.strike_all(broken.clone(), move |call| {
            call.function.as_deref() == Some("evaluate") && call.service == service
        });
        let status = world.webhook(world.call(world.twilio(), CLIENT, "1", "human")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{service:?}");
        world.heal();
    }
    world.say(world.twilio(), CLIENT, "1", "human").await;
    assert_eq!(world.see(CLIENT).await.texts.len(), 1);
}

#[tokio::test]
async fn a_table_that_is_down_for_minutes_delays_everything_and_loses_nothing() {
    use handover_cloud::Service::DynamoDb;
    for operations in [&["TransactWriteItems", "PutItem"][..], &["Query"], &["GetItem", "UpdateItem"]] {
        let world = World::new(14).await;
        world.stop_sweep();
        let broken =
            Fate::Fail { status: 500, code: "InternalServerError".to_owned(), message: String::new() };
        // evaluate's settings are warm.
        world.say(world.twilio(), OTHER, "0", "hello").await;
        world.strike_all(broken, move |call| {
            call.service == DynamoDb
                && operations.contains(&call.operation.as_str())
                && call.function.as_deref() != Some("evaluate")
        });
        world.say(world.twilio(), CLIENT, "1", "human").await;
        world.travel(4 * MINUTE).await;
        world.heal();
        world.travel(6 * MINUTE).await;
        let view = world.see(CLIENT).await;
        assert_eq!(view.verdicts(), [Verdict::HandedOver], "{operations:?}");
        assert_eq!(view.texts.len(), 1, "{operations:?}");
        assert!(world.local.admin_store().quarantine(world.account()).await.unwrap().is_empty());
        world.assert_nothing_left();
    }
}
