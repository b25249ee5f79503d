//! Signing in, and what may be done then.

use std::time::Duration;

use handover_tests::World;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ALEX, BILLIE, Browser, link};
use crate::console::Api;

/// The code in the last e-mail to somebody.
fn code(world: &World, to: &str) -> Option<String> {
    let requests = world.local.cloud().recorder().requests();
    let mail = requests.iter().rfind(|request| request.url == format!("mailto:{to}"))?;
    let digits = mail.body.split_whitespace().find(|word| word.trim_end_matches('.').len() == 8)?;
    Some(digits.trim_end_matches('.').to_owned())
        .filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
}

async fn ask(browser: &Browser<'_>, email: &str) -> super::Shown {
    let page = browser.get("/console/sign-in").await;
    browser.submit(&page, "/console/sign-in", &[("email", email)]).await
}

async fn enter(browser: &Browser<'_>, code: &str) -> super::Shown {
    let page = browser.get("/console/sign-in/code").await;
    browser.submit(&page, "/console/sign-in/code", &[("code", code)]).await
}

#[tokio::test]
async fn a_code_by_email_signs_in_the_browser_that_asked_for_it_and_no_other() {
    let world = World::new(1).await;
    let (browser, thief) = (Browser::new(&world), Browser::new(&world));
    let asked = ask(&browser, "  Alex.Moreno@Sunrise-Clinic.example ").await;
    assert_eq!(asked.to.as_deref(), Some("/console/sign-in/code"));
    world.settle().await;
    let code = code(&world, ALEX).expect("an e-mail with a code");
    thief.get("/console/sign-in").await;
    assert_eq!(enter(&thief, &code).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(enter(&browser, "00000000").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(enter(&browser, &code).await.to.as_deref(), Some("/console/inbox"));
    assert!(browser.get("/console/inbox").await.has("Alex Moreno"));
    // A code is used up.
    assert_eq!(enter(&browser, &code).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Who signs out is out, with the same cookie too.
    let cookie = browser.cookies.borrow().clone();
    let page = browser.get("/console/inbox").await;
    browser.submit(&page, "/console/sign-out", &[]).await;
    *browser.cookies.borrow_mut() = cookie;
    let gone = browser.get("/console/inbox").await;
    assert_eq!(gone.to.as_deref(), Some("/console/sign-in?next=%2Fconsole%2Finbox"));
}

#[tokio::test]
async fn an_address_that_nobody_has_is_answered_alike_and_gets_nothing() {
    let world = World::new(1).await;
    let stranger = Browser::new(&world);
    let (unknown, known) = (ask(&stranger, "nobody@example.com").await, ask(&stranger, BILLIE).await);
    assert_eq!((unknown.status, &unknown.to, &unknown.html), (known.status, &known.to, &known.html));
    let calls = |log: &[handover_cloud::CallRecord]| -> Vec<String> {
        let own = log.iter().filter(|call| call.function.as_deref() == Some("console"));
        own.map(|call| call.operation.clone()).collect()
    };
    world.local.cloud().take_log();
    ask(&stranger, "another@example.com").await;
    let unknown = calls(&world.local.cloud().take_log());
    ask(&stranger, ALEX).await;
    assert_eq!(unknown, calls(&world.local.cloud().take_log()), "the console does the same for both");
    world.settle().await;
    assert!(
        world.emails().iter().all(|(to, _)| to.ends_with("@sunrise-clinic.example")),
        "{:?}",
        world.emails()
    );
    assert_eq!(world.emails().len(), 2);
    let wrong = ask(&stranger, "no address").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn codes_are_guessed_five_times_and_asked_for_five_times_an_hour() {
    let world = World::new(1).await;
    let browser = Browser::new(&world);
    ask(&browser, ALEX).await;
    world.settle().await;
    let right = code(&world, ALEX).unwrap();
    for _ in 0..5 {
        assert_eq!(enter(&browser, "12 34 56 78").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(enter(&browser, &right).await.status, StatusCode::UNPROCESSABLE_ENTITY, "the sixth try");
    for number in 1..5 {
        assert_eq!(ask(&browser, ALEX).await.status, StatusCode::SEE_OTHER, "code {number}");
    }
    assert_eq!(ask(&browser, ALEX).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&browser, BILLIE).await.status, StatusCode::SEE_OTHER, "others are not locked out");
    world.travel(Duration::from_hours(1)).await;
    assert_eq!(ask(&browser, ALEX).await.status, StatusCode::SEE_OTHER);
    world.settle().await;
    // Ten minutes later it is worth nothing.
    let late = code(&world, ALEX).unwrap();
    world.travel(Duration::from_mins(10)).await;
    assert_eq!(enter(&browser, &late).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_link_works_once_by_a_button_and_for_an_hour() {
    let world = World::new(1).await;
    let clinic = &world.sample.clinic;
    let path = link(&world, clinic, ALEX).await;
    let (first, second) = (Browser::new(&world), Browser::new(&world));
    // Whatever looks at links in advance uses nothing up.
    first.get(&path).await;
    let (page, other) = (first.get(&path).await, second.get(&path).await);
    assert_eq!(first.post(&path, &[]).await.status, StatusCode::FORBIDDEN, "a form of somebody else's");
    assert_eq!(first.submit(&page, &path, &[]).await.to.as_deref(), Some("/console/inbox"));
    assert_eq!(second.submit(&other, &path, &[]).await.status, StatusCode::GONE);
    let late = link(&world, clinic, ALEX).await;
    let page = second.get(&late).await;
    world.travel(Duration::from_hours(1)).await;
    assert_eq!(second.submit(&page, &late, &[]).await.status, StatusCode::GONE);
    // The first owner of an account is made with their link.
    let owner = Browser::of(&world, clinic, "owner@sunrise-clinic.example").await;
    assert!(owner.get("/console/staff").await.has("owner@sunrise-clinic.example"));
    assert!(owner.get("/console/me").await.has("Owner"));
}

#[tokio::test]
async fn a_session_ends_with_time_and_with_its_staff_member() {
    let world = World::new(1).await;
    let (alex, billie) = (Browser::alex(&world).await, Browser::billie(&world).await);
    let path = format!("/console/staff/{}", world.sample.clinic.colleague);
    let page = alex.get(&path).await;
    let seen = page.field("seen");
    alex.submit(&page, &format!("{path}/remove"), &[("seen", &seen)]).await;
    assert!(billie.get("/console/inbox").await.to.unwrap().starts_with("/console/sign-in"));
    world.travel(Duration::from_hours(7 * 24)).await;
    assert!(alex.get("/console/inbox").await.to.unwrap().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn nothing_is_done_without_the_sessions_own_form() {
    let world = World::new(1).await;
    let (alex, billie) = (Browser::alex(&world).await, Browser::billie(&world).await);
    let theirs = billie.get("/console/me").await.field("csrf");
    for csrf in ["", "wrong", theirs.as_str()] {
        let refused = alex.post("/console/teams", &[("csrf", csrf), ("name", "Ours")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let out = alex.post("/console/sign-out", &[("csrf", csrf)]).await;
        assert_eq!(out.status, StatusCode::FORBIDDEN);
    }
    assert!(!alex.get("/console/teams").await.has("Ours"));
}

#[tokio::test]
async fn staff_answer_and_admins_configure_and_owners_make_owners() {
    let world = World::new(1).await;
    let (alex, billie) = (Browser::alex(&world).await, Browser::billie(&world).await);
    for path in ["bots", "staff", "teams", "inboxes", "keys", "quarantine", "audit", "account"] {
        assert_eq!(billie.get(&format!("/console/{path}")).await.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(alex.get(&format!("/console/{path}")).await.status, StatusCode::OK, "{path}");
    }
    let page = billie.get("/console/me").await;
    let made = billie.submit(&page, "/console/teams", &[("name", "Mine")]).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    // One's own settings are one's own.
    let shown = billie
        .done(
            "/console/me",
            "/console/me",
            &[("seen", &page.field("seen")), ("phone", "+4930123456"), ("task_sms", "on")],
        )
        .await;
    assert!(shown.has("Saved.") && shown.has("+4930123456"), "{}", shown.html);
    let new = alex.get("/console/staff/new").await;
    let owner = [("name", "Eve"), ("role", "owner"), ("once", "1")];
    assert_eq!(alex.submit(&new, "/console/staff", &owner).await.status, StatusCode::FORBIDDEN);
    let owner_browser = Browser::of(&world, &world.sample.clinic, "owner@sunrise-clinic.example").await;
    let new = owner_browser.get("/console/staff/new").await;
    assert_eq!(owner_browser.submit(&new, "/console/staff", &owner).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn no_key_touches_owners_and_the_last_one_stays() {
    let world = World::new(1).await;
    let clinic = &world.sample.clinic;
    let owner = Browser::of(&world, clinic, "owner@sunrise-clinic.example").await;
    let list = owner.get("/console/staff").await;
    let of = |html: &str, email: &str| {
        let before = html.split(email).next().unwrap().to_owned();
        before.rsplit("/console/staff/").next().unwrap().split('"').next().unwrap().to_owned()
    };
    let id = of(&list.html, "owner@sunrise-clinic.example");
    let api = Api::clinic(&world);
    let alex = format!("/staff/{}", clinic.assignee);
    let known = api.get(&alex).await;
    let mut wanted = known.body.clone();
    wanted["role"] = json!("owner");
    let etag = known.etag.unwrap();
    let raised = api.call(Method::PUT, &alex, &[("if-match", &etag)], &wanted).await;
    assert_eq!(
        (raised.status, &raised.body["type"]),
        (StatusCode::FORBIDDEN, &json!("urn:handover:problem:owner"))
    );
    let made = api.post("/staff", &json!({"name": "Eve", "role": "owner", "email": "eve@example.com"})).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
    let path = format!("/staff/{id}");
    let etag = api.get(&path).await.etag.unwrap();
    let removed = api.call(Method::DELETE, &path, &[("if-match", &etag)], &Value::Null).await;
    assert_eq!(removed.status, StatusCode::FORBIDDEN);
    // The only owner stays one.
    let page = owner.get(&format!("/console/staff/{id}")).await;
    let seen = page.field("seen");
    let step_down =
        [("name", "Owner"), ("role", "staff"), ("email", "owner@sunrise-clinic.example"), ("seen", &seen)];
    let refused = owner.submit(&page, &format!("/console/staff/{id}"), &step_down).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("The last owner stays"), "{}", refused.html);
}

#[tokio::test]
async fn two_owners_who_demote_each_other_in_the_same_moment_leave_one() {
    for number in 0..12 {
        let world = World::new(number).await;
        let clinic = &world.sample.clinic;
        let (first, second) = ("first@sunrise-clinic.example", "second@sunrise-clinic.example");
        let one = Browser::of(&world, clinic, first).await;
        let two = Browser::of(&world, clinic, second).await;
        let (their, mine) = (one.get("/console/staff").await, two.get("/console/staff").await);
        let of = |html: &str, email: &str| {
            let before = html.split(email).next().unwrap().to_owned();
            before.rsplit("/console/staff/").next().unwrap().split('"').next().unwrap().to_owned()
        };
        let (first_id, second_id) = (of(&mine.html, first), of(&their.html, second));
        let demote = async |browser: &Browser<'_>, id: &str, email: &str| {
            let path = format!("/console/staff/{id}");
            let page = browser.get(&path).await;
            let seen = page.field("seen");
            browser
                .submit(&page, &path, &[("name", "X"), ("role", "admin"), ("email", email), ("seen", &seen)])
                .await
        };
        let both = tokio::join!(demote(&one, &second_id, second), demote(&two, &first_id, first));
        let done =
            [both.0.status, both.1.status].iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
        assert!(done <= 1, "{both:?}");
        let staff = Api::clinic(&world).get("/staff").await.body;
        let owners =
            staff["items"].as_array().unwrap().iter().filter(|staff| staff["role"] == "owner").count();
        assert!(owners >= 1, "{staff}");
    }
}

#[tokio::test]
async fn nobody_is_locked_out_by_what_others_ask_for() {
    let world = World::new(1).await;
    let (alex, stranger) = (Browser::new(&world), Browser::at(&world, "203.0.113.7"));
    ask(&alex, ALEX).await;
    world.settle().await;
    let right = code(&world, ALEX).unwrap();
    assert_eq!(enter(&alex, &right).await.to.as_deref(), Some("/console/inbox"));
    // Somebody elsewhere asks for Alex's codes until they are told to stop.
    let mut asked = 0;
    while ask(&stranger, ALEX).await.status == StatusCode::SEE_OTHER {
        asked += 1;
        assert!(asked <= 5);
    }
    // Neither a browser in another network nor the one that was signed in before has to wait.
    let other = Browser::at(&world, "198.51.100.9");
    assert_eq!(ask(&other, ALEX).await.status, StatusCode::SEE_OTHER);
    // In Alex's own network too somebody asks.
    let neighbour = Browser::new(&world);
    while ask(&neighbour, ALEX).await.status == StatusCode::SEE_OTHER {}
    assert_eq!(ask(&neighbour, ALEX).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&alex, ALEX).await.status, StatusCode::SEE_OTHER, "signed in with it before");
    world.settle().await;
    let again = code(&world, ALEX).unwrap();
    assert_eq!(enter(&alex, &again).await.to.as_deref(), Some("/console/inbox"));
}

#[tokio::test]
async fn the_ninth_browser_ends_the_first_session_and_no_other() {
    let world = World::new(1).await;
    let mut browsers = Vec::new();
    for _ in 0..9 {
        browsers.push(Browser::alex(&world).await);
        world.travel(Duration::from_mins(1)).await;
    }
    for (number, browser) in browsers.iter().enumerate() {
        let inbox = browser.get("/console/inbox").await;
        assert_eq!(inbox.status == StatusCode::OK, number > 0, "{number}");
    }
    let last = browsers.last().unwrap();
    let page = last.get("/console/me").await;
    last.submit(&page, "/console/me/sessions", &[]).await;
    assert_ne!(browsers[3].get("/console/inbox").await.status, StatusCode::OK, "all have ended");
}
