//! Staff members and teams who are removed, and an account with very many open conversations.

#![expect(clippy::indexing_slicing, reason = "an answer without the member that a test is about fails it")]

use std::{collections::BTreeSet, sync::atomic::Ordering};

use bytes::Bytes;
use handover_cloud::Verdict as Fate;
use handover_core::{Assignee, NotificationKind, PromiseState, Role, StaffId, TeamId};
use handover_tests::{MINUTE, World};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use crate::{
    console::{Api, CLIENT, alex, billie},
    contacts::erasure::table,
};

/// Another admin, who is told what the first one cannot be told any more.
async fn with_second_admin(world: &World) -> StaffId {
    let store = world.local.admin_store();
    let mut staff = store.staff(world.account(), alex(world)).await.unwrap().unwrap();
    staff.id = "stf_second".parse().unwrap();
    staff.role = Role::Admin;
    store.put_staff(world.account(), &staff).await.unwrap();
    world.travel(MINUTE).await;
    staff.id
}

/// Removes somebody by the API, until it is answered.
async fn remove(world: &World, path: &str) {
    for _ in 0..8 {
        let api = Api::clinic(world);
        let answer = api.call(Method::DELETE, path, &[("if-match", "\"1\"")], &Value::Null).await;
        // Asked again after it was done there is nobody of that name.
        if answer.status == StatusCode::NO_CONTENT || answer.status == StatusCode::NOT_FOUND {
            return;
        }
        assert!(answer.status.is_server_error(), "{answer:?}");
        world.travel(MINUTE / 4).await;
    }
    panic!("never answered");
}

async fn told_of_leaving(world: &World, staff: &StaffId) -> usize {
    let notes = world.local.admin_store().notes(world.account(), staff).await.unwrap();
    notes.iter().filter(|note| note.about == NotificationKind::AssigneeLeft).count()
}

#[tokio::test]
async fn what_was_theirs_waits_unassigned_and_the_promise_stands() {
    let world = World::new(1).await;
    let admin = with_second_admin(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let label = format!("staff:{}", alex(&world));
    let api = Api::clinic(&world);
    assert_eq!(api.get(&format!("/tasks?assignee={label}")).await.body["items"].as_array().unwrap().len(), 1);
    remove(&world, &format!("/staff/{}", alex(&world))).await;
    world.settle().await;
    let view = world.see(CLIENT).await;
    assert_eq!((view.contact.assignee.clone(), view.handovers[0].assignee.clone()), (None, None));
    assert_eq!(view.conversation.epoch, 1, "humans still own it");
    for (path, count) in [
        (format!("/tasks?assignee={label}"), 0),
        ("/tasks?assignee=none".to_owned(), 1),
        (format!("/conversations?assignee={label}"), 0),
        ("/conversations?assignee=none&control=human".to_owned(), 1),
    ] {
        assert_eq!(api.get(&path).await.body["items"].as_array().unwrap().len(), count, "{path}");
    }
    assert_eq!(told_of_leaving(&world, &admin).await, 1);
    world.travel(26 * 60 * MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.handovers[0].promise, PromiseState::Missed);
    let told = view.told();
    assert!(
        told.iter().any(|(staff, about, ..)| *staff == admin && *about == NotificationKind::PromiseMissed)
    );
    assert_eq!(told_of_leaving(&world, &admin).await, 1, "once");
    assert!(world.local.admin_store().leaving(world.account()).await.unwrap().is_empty());
    world.assert_nothing_left();
}

#[tokio::test]
async fn settings_of_before_do_not_bring_them_back() {
    let world = World::new(2).await;
    with_second_admin(&world).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    remove(&world, &format!("/staff/{}", alex(&world))).await;
    world.settle().await;
    // `execute` still believes that Alex is there.
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    let assigned = world.see(CLIENT).await.contact.assignee;
    assert_eq!(assigned, Some(Assignee::Staff(alex(&world).clone())), "else this test shows nothing");
    world.travel(2 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.contact.assignee, None);
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_team_can_be_removed_as_well() {
    let world = World::new(3).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let team: &TeamId = &world.sample.clinic.team;
    let to = json!({"to": {"team": team}});
    assert_eq!(Api::clinic(&world).command("assign", "1", &to).await.status, StatusCode::OK);
    remove(&world, &format!("/teams/{team}")).await;
    world.travel(2 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.contact.assignee, None);
    assert_eq!(told_of_leaving(&world, alex(&world)).await, 1);
    // Who has nothing is missed by nobody.
    remove(&world, &format!("/staff/{}", billie(&world))).await;
    world.travel(2 * MINUTE).await;
    assert_eq!(told_of_leaving(&world, alex(&world)).await, 1);
    world.assert_nothing_left();
}

#[tokio::test]
async fn who_was_removed_is_in_no_team_any_more() {
    let world = World::new(4).await;
    let api = Api::clinic(&world);
    let members = json!([alex(&world), billie(&world)]);
    let made =
        api.call(Method::POST, "/teams", &[], &json!({"name": "Front desk", "members": members})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let path = format!("/teams/{}", made.body["id"].as_str().unwrap());
    remove(&world, &format!("/staff/{}", billie(&world))).await;
    let mut team = api.get(&path).await;
    assert_eq!(team.body["members"], json!([alex(&world)]));
    assert!(api.get("/teams").await.body["items"].as_array().unwrap().contains(&team.body));
    // And what is shown can be saved.
    team.body["name"] = json!("Reception");
    let etag = team.etag.unwrap();
    let saved = api.call(Method::PUT, &path, &[("if-match", &etag)], &team.body).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
}

/// A removal, one of whose outgoing calls meets a fate.
async fn removed(number: u64, fate: Fate) -> (World, u64) {
    let world = World::new(4).await;
    with_second_admin(&world).await;
    for client in 0..3 {
        let from = format!("+491510000000{client}");
        world.say(world.twilio(), &from, &client.to_string(), "I want to talk to a human").await;
    }
    let counter = world.strike(number, fate);
    remove(&world, &format!("/staff/{}", alex(&world))).await;
    world.travel(20 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    // What died last comes back when its visibility ends.
    world.travel(4 * MINUTE).await;
    (world, calls)
}

#[tokio::test]
async fn a_removal_comes_to_its_end_whatever_crashes() {
    let (_, calls) = removed(u64::MAX, Fate::Proceed).await;
    assert!(calls > 20, "{calls} calls");
    for number in 0..calls {
        let lost = (number % 3 == 0).then_some(Fate::LoseAnswer);
        for fate in [Fate::CrashBefore, Fate::CrashAfter].into_iter().chain(lost) {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (world, _) = removed(number, fate).await;
            for client in 0..3 {
                let view = world.see(&format!("+491510000000{client}")).await;
                assert_eq!((view.contact.assignee, view.handovers[0].assignee.clone()), (None, None), "{at}");
            }
            assert_eq!(told_of_leaving(&world, &"stf_second".parse().unwrap()).await, 1, "{at}");
            assert!(world.local.admin_store().leaving(world.account()).await.unwrap().is_empty(), "{at}");
            world.assert_nothing_left();
        }
    }
}

/// Copies an open conversation as it is stored, until there are so many.
async fn many(world: &World, count: usize) {
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let id = world.conversation(world.twilio(), CLIENT).to_string();
    let of_it = |item: &&Value| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with(&id));
    let kept = |item: &&Value| !item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("LEDGER"));
    let items: Vec<String> =
        table(world).await.iter().filter(of_it).filter(kept).map(Value::to_string).collect();
    assert_eq!(items.len(), 4, "state, contact, handover, message");
    let copies = (1..count).flat_map(|number| {
        let other = format!("copy{number:022}");
        let copied = |item: &String| serde_json::from_str(&item.replace(&id, &other)).unwrap();
        items.iter().map(copied).collect::<Vec<Value>>()
    });
    let puts: Vec<Value> = copies.map(|item| json!({"PutRequest": {"Item": item}})).collect();
    let table = world.local.cloud().template().tables.first().unwrap().name.clone();
    for chunk in puts.chunks(25) {
        let body = json!({"RequestItems": {&table: chunk}});
        let request = Request::builder()
            .method("POST")
            .uri("http://aws.local/")
            .header("x-amz-target", "DynamoDB_20120810.BatchWriteItem")
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let response = world.local.cloud().call(request).await.unwrap();
        assert!(response.status().is_success(), "{:?}", response.body());
    }
}

/// Every row of a list, by pages of 200.
async fn rows(api: &Api<'_>, path: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = api.get(&format!("{path}&limit=200&cursor={cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {page:?}");
        for row in page.body["items"].as_array().unwrap() {
            let id = row["id"].as_str().or(row["conversation"].as_str()).unwrap();
            assert!(ids.insert(id.to_owned()), "a row twice");
        }
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn very_many_open_conversations_are_listed_released_and_woken() {
    an_account_of(1_000).await;
}

#[tokio::test]
#[ignore = "takes minutes: .ci/full runs it"]
async fn ten_thousand_open_conversations_are_listed_released_and_woken() {
    an_account_of(10_000).await;
}

/// An account with so many open conversations is listed, loses whoever had them, and gets them back.
async fn an_account_of(count: usize) {
    let world = World::new(5).await;
    let admin = with_second_admin(&world).await;
    many(&world, count).await;
    let api = Api::clinic(&world);
    let label = format!("staff:{}", alex(&world));
    assert_eq!(rows(&api, &format!("/conversations?assignee={label}")).await.len(), count);
    assert_eq!(rows(&api, &format!("/tasks?assignee={label}")).await.len(), count);
    // Switched off: what is open stays open.
    let account = api.get("").await;
    let mut off = account.body.clone();
    off["labs"]["human_handover"] = json!(false);
    let etag = account.etag.unwrap();
    let answer = api.call(Method::PUT, "", &[("if-match", &etag)], &off).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(rows(&api, "/conversations?control=human").await.len(), count);

    remove(&world, &format!("/staff/{}", alex(&world))).await;
    world.settle().await;
    assert_eq!(rows(&api, &format!("/conversations?assignee={label}")).await.len(), 0);
    assert_eq!(rows(&api, "/conversations?assignee=none&control=human").await.len(), count);
    assert_eq!(rows(&api, "/tasks?assignee=none").await.len(), count);
    assert_eq!(told_of_leaving(&world, &admin).await, 1);
    // No copy has a timer: the sweep finds them all.
    world.travel(70 * MINUTE).await;
    assert_eq!(rows(&api, "/conversations?control=human").await.len(), 0);
    assert_eq!(rows(&api, "/conversations?control=bot").await.len(), count);
    world.assert_nothing_left();
}
