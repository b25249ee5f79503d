//! What pages weigh and cost where there is a lot.

use std::{fmt::Write, fs, path::Path, time::Duration};

use handover_aws::queue::Quarantined;
use handover_cloud::{CallRecord, Service};
use handover_core::Connector;
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

/// What a page costs and weighs, where nothing of the account is in memory, and once it is.
struct Weight {
    page: String,
    cold: usize,
    warm: usize,
    kilobytes: usize,
}

/// Every page of the clinic that shows something, by what it is called, with its address.
async fn pages(world: &World, conversation: &str) -> Vec<(&'static str, String)> {
    let clinic = &world.sample.clinic;
    let store = world.local.admin_store();
    let entry = store.faq(&clinic.account, &clinic.bot).await.unwrap().entries;
    let quarantined = store.quarantine(&clinic.account).await.unwrap();
    let mut pages: Vec<(&'static str, String)> = [
        ("waiting", "inbox"),
        ("mine", "inbox?view=mine"),
        ("with people", "inbox?view=all"),
        ("to follow up", "inbox?view=follow-up"),
        ("with the bot", "inbox?view=bot"),
        ("tasks", "tasks"),
        ("notifications", "notifications"),
        ("own settings", "me"),
        ("reports", "reports"),
        ("reports, a quarter", "reports?days=90"),
        ("not answered", "reports?only=unanswered"),
        ("answered late", "reports?only=overdue"),
        ("bots", "bots"),
        ("inboxes", "inboxes"),
        ("new inbox", "inboxes/new?provider=twilio"),
        ("staff", "staff"),
        ("new staff member", "staff/new"),
        ("teams", "teams"),
        ("keys", "keys"),
        ("account", "account"),
        ("quarantine", "quarantine"),
        ("audit log", "audit"),
    ]
    .map(|(name, path)| (name, format!("/console/{path}")))
    .to_vec();
    let bot = format!("/console/bots/{}", clinic.bot);
    pages.extend([
        ("conversation", format!("/console/conversations/{conversation}")),
        ("contact", format!("/console/contacts/{conversation}")),
        ("a team's inbox", format!("/console/inbox?view=team-{}", clinic.team)),
        ("a colleague's tasks", format!("/console/tasks?of=staff:{}", clinic.colleague)),
        ("handover", format!("{bot}/handover")),
        ("knowledge", format!("{bot}/knowledge")),
        ("bot", bot.clone()),
        ("inbox", format!("/console/inboxes/{}", clinic.twilio.inbox.id)),
        ("staff member", format!("/console/staff/{}", clinic.colleague)),
        ("team", format!("/console/teams/{}", clinic.team)),
    ]);
    pages.extend(entry.first().map(|entry| ("entry", format!("{bot}/knowledge/{}", entry.value.id))));
    let quarantined = quarantined.first().map(|item| format!("/console/quarantine/{}", item.id));
    pages.extend(quarantined.map(|path| ("quarantined", path)));
    pages
}

async fn weigh(world: &World, alex: &Browser<'_>, pages: Vec<(&'static str, String)>) -> Vec<Weight> {
    let mut weights = Vec::new();
    for (name, path) in pages {
        let mut counted = [0; 2];
        let mut bytes = 0;
        for (index, of) in counted.iter_mut().enumerate() {
            if index == 0 {
                // Names are believed for half a minute.
                world.travel(Duration::from_secs(31)).await;
            }
            world.local.cloud().take_log();
            let page = alex.get(&path).await;
            *of = reads(&world.local.cloud().take_log());
            assert_eq!(page.status, StatusCode::OK, "{path}");
            bytes = page.html.len();
        }
        let [cold, warm] = counted;
        assert!(bytes < 60_000, "{path}: {bytes} bytes");
        assert!(cold <= 3 && warm <= 3, "{path}: {cold} reads cold, {warm} warm");
        weights.push(Weight { page: name.to_owned(), cold, warm, kilobytes: bytes.div_ceil(1_000) });
    }
    weights
}

/// What docs/pages.md says.
fn table(conversations: usize, weights: &[Weight]) -> String {
    let mut text = format!(
        "Over {conversations} conversations, and one of 120 long messages; tests/it/pages/weight.rs counts.\n\n\
         | page | reads, nothing in memory | reads, names in memory | KB |\n|---|---|---|---|\n"
    );
    for Weight { page, cold, warm, kilobytes } in weights {
        writeln!(text, "| {page} | {cold} | {warm} | {kilobytes} |").unwrap();
    }
    text
}

/// Holds docs/pages.md against what was counted; `UPDATE_EXPECT` writes it anew.
#[expect(clippy::disallowed_methods, reason = "whether to write is decided outside")]
fn check_document(counted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/pages.md");
    let text = format!("# What pages cost and weigh\n\n{counted}");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, text).unwrap();
        return;
    }
    assert_eq!(fs::read_to_string(path).unwrap_or_default(), text, "UPDATE_EXPECT=1 writes it anew");
}

async fn busy(world: &World, count: usize) -> String {
    world.stop_sweep();
    for number in 0..count {
        let from = format!("+49151{number:08}");
        let text = if number % 2 == 0 { "I want to talk to a human" } else { "What are your opening hours?" };
        world.post(world.twilio(), &from, &number.to_string(), text).await;
        if number % 50 == 0 {
            world.settle().await;
        }
    }
    world.settle().await;
    // One conversation with much in it.
    let long = "+4915199999999";
    for number in 0..120 {
        world
            .post(world.twilio(), long, &format!("99{number}"), &format!("{number} {}", "words ".repeat(200)))
            .await;
    }
    let ask = "and now I want to talk to a human";
    world.post(world.twilio(), long, "99120", ask).await;
    world.settle().await;
    world.conversation(world.twilio(), long).to_string()
}

#[tokio::test]
async fn over_many_conversations_every_list_is_paged_light_and_three_reads() {
    let world = World::new(1).await;
    let count = conversations();
    let id = busy(&world, count).await;
    put_aside(&world, 60).await;
    let alex = Browser::alex(&world).await;
    let weights = weigh(&world, &alex, pages(&world, &id).await).await;
    if count >= 10_000 {
        check_document(&table(count, &weights));
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
    assert_eq!(seen, count / 2 + 1, "all handovers are Alex's");
}

#[tokio::test]
async fn the_built_in_bot_and_one_elsewhere_cost_no_more_reads() {
    for connector in [Connector::Faq, Connector::Http { url: "https://bot.example/turns".to_owned() }] {
        let world = World::with(1, connector).await;
        let id = busy(&world, 4).await;
        let alex = Browser::alex(&world).await;
        weigh(&world, &alex, pages(&world, &id).await).await;
    }
}

/// Things that could not be processed, each of 30 KB: together more than one read gives.
async fn put_aside(world: &World, count: u8) {
    let clinic = &world.sample.clinic;
    for number in 0..count {
        let (account, body) = (clinic.account.clone(), format!("{number} {}", "x".repeat(30_000)));
        let item = Quarantined::new(account, "evaluate", "body is not JSON", body, world.now());
        world.local.admin_store().put_quarantine(&item).await.unwrap();
    }
}
