//! What pages weigh and cost where there is a lot.

use handover_cloud::{CallRecord, Service};
use handover_tests::World;
use http::StatusCode;

use super::Browser;

/// Conversations of the quick tier; `HANDOVER_FULL` makes it ten thousand.
#[expect(clippy::disallowed_methods, reason = "which tier it is, is decided outside")]
fn conversations() -> usize {
    if std::env::var_os("HANDOVER_FULL").is_some() { 10_000 } else { 600 }
}

fn reads(log: &[CallRecord]) -> usize {
    let own = log.iter().filter(|call| call.function.as_deref() == Some("console"));
    own.filter(|call| call.service == Service::DynamoDb).count()
}

#[tokio::test]
async fn over_many_conversations_every_list_is_paged_light_and_three_reads() {
    let world = World::new(1).await;
    world.stop_sweep();
    let count = conversations();
    let said = ["I want to talk to a human", "What are your opening hours?"];
    for number in 0..count {
        let from = format!("+49151{number:08}");
        let text = said[number % 2];
        world.post(world.twilio(), &from, &number.to_string(), text).await;
        if number % 50 == 0 {
            world.settle().await;
        }
    }
    world.settle().await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    // One conversation with much in it.
    let long = "+4915199999999";
    for number in 0..120 {
        world
            .post(world.twilio(), long, &format!("99{number}"), &format!("{number} {}", "words ".repeat(200)))
            .await;
    }
    world.settle().await;
    let id = world.conversation(world.twilio(), long);
    alex.get("/console/inbox").await; // The names are in memory from here on.
    let mut pages: Vec<String> = [
        "inbox",
        "inbox?view=mine",
        "inbox?view=all",
        "inbox?view=bot",
        "inbox?view=follow-up",
        "inbox?view=follow-up",
        "tasks",
        "notifications",
        "staff",
        "teams",
        "bots",
        "inboxes",
        "keys",
        "audit",
        "account",
        "quarantine",
        "me",
    ]
    .map(|path| format!("/console/{path}"))
    .to_vec();
    pages.extend([
        format!("/console/conversations/{id}"),
        format!("/console/contacts/{id}"),
        format!("/console/bots/{}/handover", clinic.bot),
        format!("/console/bots/{}/knowledge", clinic.bot),
        format!("/console/bots/{}", clinic.bot),
        format!("/console/inboxes/{}", clinic.twilio.inbox.id),
        format!("/console/staff/{}", clinic.colleague),
    ]);
    for path in pages {
        world.local.cloud().take_log();
        let page = alex.get(&path).await;
        let reads = reads(&world.local.cloud().take_log());
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.html.len() < 60_000, "{path}: {} bytes", page.html.len());
        assert!(reads <= 3, "{path}: {reads} reads");
    }
    // Every page of a list is another one, and the last says so.
    let mut path = "/console/inbox?view=mine".to_owned();
    let mut seen = 0;
    loop {
        let page = alex.get(&path).await;
        seen += page.html.matches("class=\"row\"").count();
        let next = page.html.split("rel=\"next\"").next().filter(|_| page.has("rel=\"next\""));
        let Some(before) = next else { break };
        let link = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        path = link.replace("&amp;", "&");
    }
    assert_eq!(seen, count / 2, "all handovers are Alex's");
}
