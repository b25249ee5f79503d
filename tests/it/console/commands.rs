//! What commands lead to, once each, whatever dies in between.

use std::sync::atomic::Ordering;

use handover_cloud::Verdict as Fate;
use handover_core::{Assignee, Control, Verdict};
use handover_tests::{MINUTE, View, World};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Api, CLIENT, alex, billie, conversation};

#[tokio::test]
async fn ten_concurrent_claims_have_one_winner_and_nine_are_told_who() {
    let world = World::new(1).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    // Ten staff members, each with a claim of their own.
    let store = world.local.admin_store();
    let (_, directory) = store.account(world.account()).await.unwrap().unwrap();
    let mut staff = Vec::new();
    for number in 0..10 {
        let mut member = directory.staff.first().unwrap().clone();
        member.id = format!("stf_{number}").parse().unwrap();
        member.name = format!("Member {number}");
        store.put_staff(world.account(), &member).await.unwrap();
        staff.push(member);
    }
    world.travel(MINUTE).await;
    let mut answers = Vec::new();
    let mut tasks = tokio::task::JoinSet::new();
    for member in &staff {
        let (world, member) = (world.clone(), member.id.clone());
        tasks.spawn(async move {
            let key = member.to_string();
            (member.clone(), Api::clinic(&world).command("claim", &key, &json!({"staff": member})).await)
        });
    }
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer.unwrap());
    }
    let winners: Vec<_> = answers.iter().filter(|(_, answer)| answer.status == StatusCode::OK).collect();
    let [(winner, _)] = winners.as_slice() else { panic!("{answers:#?}") };
    let name = &staff.iter().find(|member| member.id == *winner).unwrap().name;
    for (member, answer) in answers.iter().filter(|(member, _)| member != winner) {
        assert_eq!(answer.status, StatusCode::CONFLICT, "{member}: {answer:?}");
        assert_eq!(answer.body["claimed_by"], json!({"staff": winner, "name": name}), "{member}");
    }
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.contact.assignee, Some(Assignee::Staff(winner.clone())));
    assert_eq!((view.handovers.len(), view.conversation.epoch), (1, 1));
    world.assert_nothing_left();
}

#[tokio::test]
async fn the_way_round_by_the_api_alone() {
    let world = World::new(2).await;
    let api = Api::clinic(&world);
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let alex = alex(&world);
    // Assigned to Alex: Billie is told so.
    let refused = api.command("claim", "c1", &json!({"staff": billie(&world)})).await;
    assert_eq!(
        (refused.status, &refused.body["claimed_by"]["name"]),
        (StatusCode::CONFLICT, &json!("Alex Moreno"))
    );
    let claimed = api.command("claim", "c2", &json!({"staff": alex})).await;
    assert_eq!((claimed.status, &claimed.body["verdict"]), (StatusCode::OK, &json!("claimed")));
    let replied = api.command("reply", "r1", &json!({"staff": alex, "text": "Hello, Alex here."})).await;
    assert_eq!(replied.status, StatusCode::OK, "{replied:?}");
    // The same again is the same.
    assert_eq!(
        api.command("reply", "r1", &json!({"staff": alex, "text": "Hello, Alex here."})).await,
        replied
    );
    let other = api.command("reply", "r1", &json!({"staff": alex, "text": "Something else"})).await;
    assert_eq!(other.body["type"], "urn:handover:problem:idempotency_key_reused");
    world.settle().await;
    let texts = world.see(CLIENT).await.texts;
    assert_eq!(texts.iter().filter(|text| text.body == "Hello, Alex here.").count(), 1, "{texts:?}");
    assert_eq!(api.command("tags", "t1", &json!({"tag": "vip"})).await.status, StatusCode::OK);
    assert_eq!(api.command("task/complete", "d1", &json!({})).await.status, StatusCode::OK);
    let again = api.command("task/complete", "d2", &json!({})).await;
    assert_eq!(
        (again.status, &again.body["type"]),
        (StatusCode::CONFLICT, &json!("urn:handover:problem:no_open_task"))
    );
    let pause = json!({"pause": {"for": {"hours": 3}}});
    assert_eq!(api.command("pause", "p1", &pause).await.status, StatusCode::OK);
    let given = api.command("assign", "a1", &json!({"to": {"team": world.sample.clinic.team}})).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    let unexplained = api.command("resume", "h1", &json!({})).await;
    assert_eq!(unexplained.body["errors"][0]["field"], "reason", "{unexplained:?}");
    let back = api.command("resume", "h1", &json!({"reason": "settled by phone"})).await;
    assert_eq!((back.status, &back.body["verdict"]), (StatusCode::OK, &json!("handed_back")));
    assert_eq!(api.command("hand-back", "h2", &json!({"staff": alex})).await.status, StatusCode::CONFLICT);
    assert_eq!(api.command("handover", "s1", &json!({})).await.status, StatusCode::OK);
    assert_eq!(api.command("resolve", "e1", &json!({"staff": alex})).await.status, StatusCode::OK);
    let shown = api.get(&format!("/conversations/{}", conversation(&world))).await;
    assert_eq!(
        (&shown.body["control"], &shown.body["tags"]),
        (&json!("bot"), &json!(["human_handover", "vip"]))
    );
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!(
        (view.conversation.control.clone(), view.conversation.epoch, view.handovers.len()),
        (Control::Bot, 4, 2)
    );
    assert_eq!(view.contact.assignee, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn what_is_wrong_with_a_command_is_said_with_its_field() {
    let world = World::new(3).await;
    let api = Api::clinic(&world);
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    let long = "x".repeat(5_000);
    for (name, body, field) in [
        ("reply", json!({"text": " "}), "text"),
        ("reply", json!({"text": long}), "text"),
        ("reply", json!({"text": "x", "staff": "stf_nobody"}), "staff"),
        ("reply", json!({"text": "x", "tetx": "x"}), "tetx"),
        ("reply", json!({"text": 7}), "text"),
        ("claim", json!({}), "staff"),
        ("assign", json!({}), ""),
        ("assign", json!({"to": {"staff": "stf_nobody"}}), "to"),
        ("pause", json!({"pause": {"for": {"days": 366}}}), "pause"),
        ("pause", json!({"pause": {"for": {}}}), "pause"),
        ("tags", json!({"tag": ""}), "tag"),
        ("resolve", json!({}), "reason"),
        ("resolve", json!({"reason": "x".repeat(501)}), "reason"),
    ] {
        let answer = api.command(name, "1", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {body}: {answer:?}");
        assert_eq!(answer.body["errors"][0]["field"], field, "{name} {body}: {answer:?}");
    }
    world.settle().await;
    // Only the refused assignment came as far as the record.
    let view = world.see(CLIENT).await;
    let refused = view.messages.iter().filter(|message| message.record.verdict == Verdict::Refused).count();
    assert_eq!((view.messages.len(), refused), (2, 1));
}

#[tokio::test]
async fn with_labs_off_no_handover_starts() {
    let world = World::new(4).await;
    let twin = &world.sample.twin;
    world.say(&twin.twilio, CLIENT, "1", "human please").await;
    let id = world.conversation(&twin.twilio, CLIENT);
    let answer = Api::of(&world, twin).post(&format!("/conversations/{id}/handover"), &json!({})).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body["type"], "urn:handover:problem:labs_disabled");
}

#[tokio::test]
async fn a_queue_that_takes_nothing_means_that_nothing_happened() {
    let world = World::new(5).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    let before = world.see(CLIENT).await.record();
    world.strike_all(Fate::BreakBefore, |call| call.operation == "SendMessageBatch");
    let body = json!({"staff": alex(&world), "text": "Hello"});
    let answer = Api::clinic(&world).command("reply", "1", &body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    world.heal();
    world.settle().await;
    assert_eq!(world.see(CLIENT).await.record(), before);
    assert_eq!(world.see(CLIENT).await.texts, []);
}

/// A reply and a claim by the API, one of whose outgoing calls meets a fate; the caller repeats what
/// was not answered.
async fn told(number: u64, fate: Fate) -> (View, u64) {
    let world = World::new(6).await;
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    let counter = world.strike(number, fate);
    let alex = alex(&world);
    for (name, body) in [
        ("reply", json!({"staff": alex, "text": "Hello, Alex here."})),
        ("tags", json!({"tag": "vip"})),
        ("resolve", json!({"staff": alex})),
    ] {
        repeat(&world, name, &body).await;
        world.settle().await;
    }
    world.travel(5 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    world.assert_nothing_left();
    (world.see(CLIENT).await, calls)
}

async fn repeat(world: &World, name: &str, body: &Value) {
    for _ in 0..8 {
        let answer = Api::clinic(world).command(name, name, body).await;
        if answer.status.is_success() {
            return;
        }
        assert!(answer.status.is_server_error(), "{answer:?}");
        world.travel(MINUTE / 4).await;
    }
    panic!("{name} was never answered");
}

#[tokio::test]
async fn no_answered_command_is_lost_or_doubled_whatever_crashes() {
    let (smooth, calls) = told(u64::MAX, Fate::Proceed).await;
    assert_eq!(smooth.texts.len(), 1, "{:?}", smooth.texts);
    assert!(calls > 15, "{calls} calls");
    let verdicts = |view: &View| {
        let mut verdicts: Vec<_> = view.messages.iter().map(|message| message.record.verdict).collect();
        verdicts.sort_unstable();
        verdicts
    };
    for number in 0..calls {
        for fate in [Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer, Fate::Throttle] {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy, _) = told(number, fate).await;
            if bumpy.texts != smooth.texts {
                // A reply that may have been sent is not sent again, and staff are told.
                let unknown = |entry: &handover_aws::store::LedgerItem| {
                    entry.state == handover_aws::store::LedgerState::Unknown
                };
                assert!(
                    bumpy.ledger.iter().any(unknown) && bumpy.texts.is_empty(),
                    "{at}: {:?}",
                    bumpy.texts
                );
                continue;
            }
            let unknown =
                bumpy.ledger.iter().any(|entry| entry.state == handover_aws::store::LedgerState::Unknown);
            if !unknown {
                assert_eq!(verdicts(&bumpy), verdicts(&smooth), "{at}");
            }
            assert_eq!(bumpy.record(), smooth.record(), "{at}");
        }
    }
}
