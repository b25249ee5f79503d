//! The Human Handover editor: three scenarios from nothing, two tabs, and a seventh.

use handover_tests::World;
use http::StatusCode;

use super::Browser;

/// The ids of the actions in the left panel.
fn actions(page: &super::Shown) -> Vec<String> {
    let links = page.html.split("handover?action=").skip(1);
    links.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

async fn empty_bot(alex: &Browser<'_>) -> String {
    let made = alex
        .done("/console/bots", "/console/bots", &[("name", "Sales bot"), ("connector", "faq"), ("once", "1")])
        .await;
    let path = made
        .html
        .split("href=\"/console/bots/")
        .find(|rest| rest.starts_with("bot") || rest.contains("/handover\""));
    let id = path.unwrap().split(['/', '"']).next().unwrap().to_owned();
    let id = if id.is_empty() { panic!("{}", made.html) } else { id };
    format!("/console/bots/{id}/handover")
}

async fn add(alex: &Browser<'_>, path: &str, kind: &str) -> super::Shown {
    let page = alex.get(path).await;
    let seen = page.field("seen");
    alex.submit(&page, &format!("{path}/add"), &[("seen", &seen), ("kind", kind)]).await
}

#[tokio::test]
async fn three_scenarios_from_nothing_with_a_phrase_of_ones_own() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    let path = empty_bot(&alex).await;
    assert!(alex.get(&path).await.has("No scenarios yet"));
    for kind in ["human_requested", "lack_of_knowledge", "repeated_failure"] {
        assert_eq!(add(&alex, &path, kind).await.status, StatusCode::SEE_OTHER, "{kind}");
    }
    let page = alex.get(&path).await;
    let ids = actions(&page);
    assert_eq!(ids.len(), 3, "{}", page.html);
    let first = format!("{path}?action={}", ids[0]);
    let page = alex.get(&first).await;
    let seen = page.field("seen");
    let team = format!("team:{}", world.sample.clinic.team);
    let fields = [
        ("seen", seen.as_str()),
        ("action", &ids[0]),
        ("enabled", "on"),
        ("sensitivity", "balanced"),
        ("phrase", "is Doctor Lee in today"),
        ("phrase", "  "),
        ("assign", &team),
        ("skip_if_assigned", "on"),
        ("closing", "send"),
        ("closing_text", "One moment, please."),
        ("action_pause", "for"),
        ("action_days", "1"),
        ("action_hours", "2"),
        ("action_minutes", "30"),
        ("create_task", "on"),
        ("tag", "front"),
    ];
    let saved = alex.done(&first, &path, &fields).await;
    for wanted in
        ["Saved.", "is Doctor Lee in today", "One moment, please.", "value=\"30\"", "value=\"front\""]
    {
        assert!(saved.has(wanted), "{wanted}: {}", saved.html);
    }
    // What a client's message would lead to.
    let tried = alex.submit(&saved, &format!("{path}/try"), &[("text", "Is Doctor Lee in today?")]).await;
    assert!(tried.has("This would fire") && tried.has("100 %"), "{}", tried.html);
    let guarded =
        alex.submit(&saved, &format!("{path}/try"), &[("text", "don't transfer me to a human")]).await;
    assert!(!guarded.has("This would fire"), "{}", guarded.html);
    assert!(guarded.has("Is judged on the bot&#39;s answer") || guarded.has("Is judged on the bot's answer"));
    // An inbox, a wrong pause, and the linter.
    assert!(saved.has("No inbox has this bot") || saved.has("no inbox has this bot"), "{}", saved.html);
    let wrong: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| {
            if name.starts_with("action_") && *name != "action_pause" {
                (*name, "0")
            } else {
                (*name, *value)
            }
        })
        .collect();
    let page = alex.get(&first).await;
    let seen = page.field("seen");
    let wrong: Vec<(&str, &str)> = wrong
        .into_iter()
        .map(|(name, value)| if name == "seen" { (name, seen.as_str()) } else { (name, value) })
        .collect();
    let refused = alex.submit(&page, &path, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("at least one minute") && refused.has("One moment, please."), "{}", refused.html);
}

#[tokio::test]
async fn the_second_of_two_tabs_is_told_and_loses_nothing_that_was_typed() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    let path = format!("/console/bots/{}/handover", world.sample.clinic.bot);
    let (one, other) = (alex.get(&path).await, alex.get(&path).await);
    let seen = one.field("seen");
    let off = [("seen", seen.as_str()), ("action", "human_requested"), ("enabled", "off")];
    assert_eq!(alex.submit(&one, &format!("{path}/switch"), &off).await.status, StatusCode::SEE_OTHER);
    let typed = [
        ("seen", seen.as_str()),
        ("action", "human_requested"),
        ("enabled", "on"),
        ("closing", "send"),
        ("closing_text", "What I typed"),
        ("action_pause", "open"),
    ];
    let told = alex.submit(&other, &path, &typed).await;
    assert_eq!(told.status, StatusCode::PRECONDITION_FAILED);
    assert!(
        told.has("Somebody else has changed this meanwhile") && told.has("What I typed"),
        "{}",
        told.html
    );
    // The form still stands on the old version: sent again it is refused again.
    assert_eq!(alex.submit(&told, &path, &typed).await.status, StatusCode::PRECONDITION_FAILED);
    assert!(alex.get(&path).await.has("aria-checked=\"false\""));
}

#[tokio::test]
async fn a_seventh_scenario_is_refused_in_words_and_order_can_be_changed() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    let path = empty_bot(&alex).await;
    for _ in 0..6 {
        assert_eq!(add(&alex, &path, "custom").await.status, StatusCode::SEE_OTHER);
    }
    let seventh = add(&alex, &path, "custom").await;
    assert_eq!(seventh.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(seventh.has("a bot has at most 6 scenarios, not 7"), "{}", seventh.html);
    let page = alex.get(&path).await;
    let before = actions(&page);
    let fields = [("seen", page.field("seen")), ("action", before[1].clone()), ("by", "up".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(alex.submit(&page, &format!("{path}/move"), &fields).await.status, StatusCode::SEE_OTHER);
    let after = actions(&alex.get(&path).await);
    assert_eq!((&after[0], &after[1], after.len()), (&before[1], &before[0], 6));
    let page = alex.get(&path).await;
    let fields = [("seen", page.field("seen")), ("action", after[0].clone())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(alex.submit(&page, &format!("{path}/remove"), &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(actions(&alex.get(&path).await).len(), 5);
}

#[tokio::test]
async fn what_hurts_is_asked_about_before_it_is_done() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    let path = format!("/console/bots/{}/knowledge", clinic.bot);
    let page = alex.get(&path).await;
    let table = "question,answer\nWhere are you?,In the High Street.\n";
    let mut fields = vec![("table", table), ("replace", "on"), ("once", "one")];
    let count = world.local.admin_store().faq(&clinic.account, &clinic.bot).await.unwrap().entries.len();
    let asked = alex.submit(&page, &format!("{path}/import"), &fields).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.has(&format!("removes {} questions", count - 1)), "{}", asked.html);
    assert_eq!(
        world.local.admin_store().faq(&clinic.account, &clinic.bot).await.unwrap().entries.len(),
        count
    );
    fields.push(("sure", "yes"));
    let done = alex.submit(&asked, &format!("{path}/import"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    assert!(alex.get(&path).await.has("1 of "));
    // Labs off, and a new signing secret.
    let page = alex.get("/console/account").await;
    let seen = page.field("seen");
    let off = [("seen", seen.as_str()), ("name", "Clinic"), ("retention_days", "365"), ("store_text", "on")];
    let asked = alex.submit(&page, "/console/account", &off).await;
    assert!(asked.status == StatusCode::OK && asked.has("Switch human handover off?"), "{}", asked.html);
    assert!(!alex.get("/console/inbox").await.has("switched off for this account"));
    let bot = format!("/console/bots/{}", clinic.bot);
    let page = alex.get(&bot).await;
    let secret = [("name", "signing_secret"), ("value", "")];
    let asked = alex.submit(&page, &format!("{bot}/secrets"), &secret).await;
    assert!(asked.has("Make a new signing secret?") && !asked.has("whsec_"), "{}", asked.html);
}

#[tokio::test]
async fn the_audit_log_leads_to_what_an_edit_changed() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let bot = format!("/console/bots/{}", world.sample.clinic.bot);
    let page = alex.get(&format!("{bot}/handover")).await;
    let action = actions(&page).remove(0);
    let seen = page.field("seen");
    let fields = [("action", action.as_str()), ("seen", &seen), ("enabled", "off")];
    let done = alex.submit(&page, &format!("{bot}/handover/switch"), &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    let audit = alex.get("/console/audit").await;
    let path = audit.html.split(&format!("href=\"{bot}/revisions/")).nth(1).unwrap();
    let shown = alex.get(&format!("{bot}/revisions/{}", path.split('"').next().unwrap())).await;
    assert!(shown.has("enabled</th><td>true</td><td>false</td>"), "{}", shown.html);
    assert!(!shown.has("quiet minutes"), "{}", shown.html);
}
