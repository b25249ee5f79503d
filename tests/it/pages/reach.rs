//! What stands on every page, and that nobody reaches another account by any link.

use handover_tests::World;
use http::StatusCode;

use super::Browser;
use crate::console::{CLIENT, conversation};

/// Every page of the clinic that an admin can see.
pub(crate) async fn pages(world: &World) -> Vec<String> {
    let clinic = &world.sample.clinic;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let id = conversation(world);
    let entry = world.local.admin_store().faq(&clinic.account, &clinic.bot).await.unwrap().entries;
    let mut pages: Vec<String> = [
        "inbox",
        "inbox?view=mine",
        "inbox?view=all",
        "inbox?view=bot",
        "inbox?view=follow-up",
        "inbox?view=follow-up",
        "tasks",
        "notifications",
        "me",
        "reports",
        "reports?days=30",
        "reports?only=unanswered",
        "bots",
        "inboxes",
        "inboxes/new",
        "staff",
        "staff/new",
        "teams",
        "keys",
        "quarantine",
        "audit",
        "account",
    ]
    .map(|path| format!("/console/{path}"))
    .to_vec();
    pages.extend([
        format!("/console/conversations/{id}"),
        format!("/console/contacts/{id}"),
        format!("/console/bots/{}", clinic.bot),
        format!("/console/bots/{}/handover", clinic.bot),
        format!("/console/bots/{}/knowledge", clinic.bot),
        format!("/console/bots/{}/knowledge/{}", clinic.bot, entry.first().unwrap().value.id),
        format!("/console/inboxes/{}", clinic.twilio.inbox.id),
        format!("/console/staff/{}", clinic.colleague),
        format!("/console/teams/{}", clinic.team),
    ]);
    for provider in handover_core::Provider::ALL {
        pages.push(format!("/console/inboxes/new?provider={}", provider.name()));
    }
    pages
}

#[tokio::test]
async fn every_page_is_whole_light_and_without_anything_inline() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    for path in pages(&world).await {
        let page = alex.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.html);
        assert!(page.html.len() < 60_000, "{path}: {} bytes", page.html.len());
        assert!(
            page.headers["content-security-policy"].contains("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert_eq!(page.html.matches("<h1").count(), 1, "{path}");
        assert_eq!(page.html.matches("<script").count(), 1, "{path}");
        for inline in [" style=\"", "<style", " onclick", " onsubmit", "javascript:", "\u{1}"] {
            assert!(!page.has(inline), "{path} has {inline:?}");
        }
        // What a form is sent with stands in it.
        let (forms, tokens) =
            (page.html.matches("method=\"post\"").count(), page.html.matches("name=\"csrf\"").count());
        assert_eq!(forms, tokens, "{path}");
        // No id stands twice.
        let mut ids: Vec<&str> =
            page.html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{path} has an id twice");
    }
}

#[tokio::test]
async fn nobody_sees_another_account_by_any_link() {
    let world = World::answering(1).await;
    let twin = Browser::of(&world, &world.sample.twin, "alex.moreno@moonlight-clinic.example").await;
    let page = twin.get("/console/me").await;
    let listed = pages(&world).await;
    for path in listed.iter().filter(|path| path.matches('/').count() > 2 && !path.contains("/new")) {
        assert_eq!(twin.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let id = conversation(&world);
    let clinic = &world.sample.clinic;
    for path in [
        format!("/console/conversations/{id}/claim"),
        format!("/console/conversations/{id}/reply"),
        format!("/console/contacts/{id}/erase"),
        format!("/console/bots/{}/handover/add", clinic.bot),
        format!("/console/staff/{}/remove", clinic.colleague),
        format!("/console/teams/{}", clinic.team),
        format!("/console/inboxes/{}", clinic.twilio.inbox.id),
    ] {
        let fields = [("seen", "1"), ("text", "x"), ("name", "x"), ("kind", "custom")];
        let done = twin.submit(&page, &path, &fields).await;
        assert_eq!(done.status, StatusCode::NOT_FOUND, "{path}: {}", done.html);
    }
    let unknown = twin.get("/console/conversations/nobodys").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(Browser::new(&world).get("/console/nowhere").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn settings_pages_save_what_they_show() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let made = alex.done("/console/teams", "/console/teams", &[("name", "Night shift"), ("once", "t")]).await;
    assert!(made.has("Night shift"));
    let staff = [
        ("name", "Casey"),
        ("email", "casey@sunrise-clinic.example"),
        ("role", "staff"),
        ("once", "s"),
        ("conversation_email", "on"),
    ];
    let made = alex.done("/console/staff/new", "/console/staff", &staff).await;
    assert!(made.has("Casey") && made.has("Told by E-mail"), "{}", made.html);
    let wrong = [("name", ""), ("email", "nonsense"), ("once", "w")];
    let page = alex.get("/console/staff/new").await;
    let refused = alex.submit(&page, "/console/staff", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("must look like name@example.com") && refused.has("nonsense"), "{}", refused.html);
    let page = alex.get("/console/keys").await;
    let key = alex.submit(&page, "/console/keys", &[("name", "CRM"), ("scope", "read"), ("once", "k")]).await;
    assert!(key.has("hk_acc") || key.has("hk_"), "{}", key.html);
    assert!(alex.get("/console/keys").await.has("CRM"));
    let bot = format!("/console/bots/{}", world.sample.clinic.bot);
    let knowledge = format!("{bot}/knowledge");
    let table = "question,answer\nDo you have parking?,\"Yes, behind the house.\"\n";
    let page = alex.get(&knowledge).await;
    let done = alex.submit(&page, &format!("{knowledge}/import"), &[("table", table), ("once", "i")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    let csv = alex.get(&format!("{knowledge}/export?format=csv")).await;
    assert!(
        csv.has("Do you have parking?") && csv.headers["content-type"].starts_with("text/csv"),
        "{}",
        csv.html
    );
    let tried = alex.submit(&page, &format!("{knowledge}/try"), &[("text", "where is parking")]).await;
    assert!(tried.has("Do you have parking?"), "{}", tried.html);
    let inbox = [
        ("provider", "twilio"),
        ("name", "SMS"),
        ("channel", "sms"),
        ("setting_account_sid", "AC00000000000000000000000000000000"),
        ("setting_from", "+15550009999"),
        ("secret_auth_token", "0123456789abcdef0123456789abcdef"),
        ("once", "n"),
    ];
    let made = alex.done("/console/inboxes/new?provider=twilio", "/console/inboxes", &inbox).await;
    assert!(made.has("/webhooks/") && made.has("Set it up at the provider"), "{}", made.html);
    assert!(!made.has("0123456789abcdef0123456789abcdef"), "secrets never come out");
    let log = alex.get("/console/audit").await;
    assert!(log.has("Alex Moreno") && log.has("Inbox: "), "{}", log.html);
}

#[tokio::test]
async fn what_was_made_a_moment_ago_is_known_on_every_page() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    // The names are in memory before anything is made.
    let page = alex.get("/console/inbox").await;
    let made = alex
        .submit(&page, "/console/bots", &[("name", "New bot"), ("connector", "faq"), ("once", "1")])
        .await;
    let path = made.to.unwrap();
    let bot = path.split('?').next().unwrap();
    let knowledge = alex.get(&format!("{bot}/knowledge")).await;
    assert_eq!(knowledge.status, StatusCode::OK);
    assert!(knowledge.has("The bot knows nothing yet"), "{}", knowledge.html);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let form = [
        ("provider", "generic"),
        ("name", "Our system"),
        ("channel", "web"),
        ("secret_signing_secret", secret),
        ("setting_reply_url", "https://our-system.example/replies"),
        ("once", "2"),
    ];
    let made = alex.submit(&page, "/console/inboxes", &form).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let path = made.to.unwrap();
    let inbox = path.split('?').next().unwrap().to_owned();
    let shown = alex.get(&inbox).await;
    let seen = shown.field("seen");
    let url = "https://our-system.example/replies";
    let renamed = [("name", "Renamed"), ("channel", "web"), ("setting_reply_url", url), ("seen", &seen)];
    assert_eq!(alex.submit(&shown, &inbox, &renamed).await.status, StatusCode::SEE_OTHER);
    // By another of the function's instances too, which nothing has told.
    alex.get("/console/inbox").await;
    let store = world.local.admin_store();
    let mut bot: handover_core::Bot = {
        let clinic = &world.sample.clinic;
        let revision = store.current_revision(&clinic.account, &clinic.bot).await.unwrap().unwrap();
        store.revision(&clinic.account, &clinic.bot, revision).await.unwrap().unwrap().bot
    };
    bot.id = "bot_elsewhere".parse().unwrap();
    store.put_bot(&world.sample.clinic.account, &bot).await.unwrap();
    assert_eq!(alex.get("/console/bots/bot_elsewhere/knowledge").await.status, StatusCode::OK);
}
