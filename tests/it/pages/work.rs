//! Staff at work: a client asks for a person, and gets one.

use handover_tests::{SECOND, World};
use http::StatusCode;

use super::Browser;
use crate::console::{CLIENT, conversation};

#[tokio::test]
async fn a_handover_is_claimed_answered_and_handed_back_and_the_bot_goes_on() {
    let world = World::answering(1).await;
    let billie = Browser::billie(&world).await;
    world.say(world.twilio(), CLIENT, "1", "What are your opening hours?").await;
    // The bot waits two seconds for more.
    world.travel(2 * SECOND).await;
    world.say(world.twilio(), CLIENT, "2", "thanks. I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    // Alex has it by the action.
    let all = billie.get("/console/inbox?view=all").await;
    assert!(
        all.has(&path) && all.has("Alex Moreno") && all.has("The client asked for a person"),
        "{}",
        all.html
    );
    assert!(!billie.get("/console/inbox?view=mine").await.has(&path));
    let page = billie.get(&path).await;
    for wanted in [
        "What are your opening hours?",
        "I want to talk to a human",
        "Thank you! Someone from the team will get back to you.",
        "Why the bot stepped aside",
        "has this conversation.",
    ] {
        assert!(page.has(wanted), "{wanted}: {}", page.html);
    }
    assert!(!page.has("name=\"text\""), "the composer is locked");
    // Somebody else has claimed it.
    let refused = billie.submit(&page, &format!("{path}/claim"), &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("Alex Moreno has it already"), "{}", refused.html);
    let me = format!("staff:{}", world.sample.clinic.colleague);
    let mine = billie.done(&path, &format!("{path}/assign"), &[("to", &me), ("once", "a")]).await;
    assert!(mine.has("name=\"text\"") && mine.has("Assigned."), "{}", mine.html);
    assert!(billie.get("/console/inbox?view=mine").await.has(&path));
    // The same form sent twice is one answer.
    let page = billie.get(&path).await;
    let fields = [("text", "Hello, this is Billie <b>&</b>."), ("once", "reply-1")];
    for _ in 0..2 {
        let sent = billie.submit(&page, &format!("{path}/reply"), &fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    }
    let empty = billie.submit(&page, &format!("{path}/reply"), &[("text", "  "), ("once", "2")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    world.settle().await;
    let texts: Vec<String> =
        world.texts(&format!("whatsapp:{CLIENT}")).into_iter().map(|text| text.body).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("Billie")).count(), 1, "{texts:?}");
    let page = billie.get(&path).await;
    assert!(page.has("Hello, this is Billie &lt;b&gt;&amp;&lt;/b&gt;."), "{}", page.html);
    assert!(page.has("Billie Chen") && page.has(">Sent<"), "{}", page.html);
    let back = billie.done(&path, &format!("{path}/hand-back"), &[("reason", "all said")]).await;
    assert!(back.has("The bot has the conversation again.") && back.has("all said"), "{}", back.html);
    assert!(back.has("The bot is answering. Take over to write yourself."), "{}", back.html);
    world.say(world.twilio(), CLIENT, "3", "What are your opening hours?").await;
    world.travel(2 * SECOND).await;
    let texts = world.texts(&format!("whatsapp:{CLIENT}")).len();
    assert_eq!(texts, 4, "answer, closing message, Billie's, and the bot's again");
}

#[tokio::test]
async fn tags_tasks_contacts_and_notifications() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let id = conversation(&world);
    let path = format!("/console/conversations/{id}");
    let tasks = alex.get("/console/tasks").await;
    assert!(tasks.has(&path) && tasks.has("Due"), "{}", tasks.html);
    let notes = alex.get("/console/notifications").await;
    assert!(notes.has("A conversation is assigned to you"), "{}", notes.html);
    let note = notes.html.split("action=\"/console/notifications/").nth(1).unwrap();
    let note = note.split('"').next().unwrap();
    let read = alex.submit(&notes, &format!("/console/notifications/{note}"), &[("to", id.as_str())]).await;
    assert_eq!(read.to.as_deref(), Some(path.as_str()));
    let left = alex.get("/console/notifications").await.html.matches("unread").count();
    assert_eq!(notes.html.matches("unread").count(), left + 1);
    let tagged = alex.done(&path, &format!("{path}/tag"), &[("tag", "vip")]).await;
    assert!(tagged.has("vip") && tagged.has("human_handover"), "{}", tagged.html);
    let done = alex.done(&path, &format!("{path}/task"), &[]).await;
    assert!(done.has("The task is done."));
    assert!(alex.get("/console/tasks").await.has("No open tasks"));
    let contact = alex.get(&format!("/console/contacts/{id}")).await;
    assert!(contact.has(CLIENT) && contact.has("The client asked for a person"), "{}", contact.html);
    let file = alex.get(&format!("/console/contacts/{id}/export")).await;
    assert!(file.has("I want to talk to a human") && file.has("\"contact\""), "{}", file.html);
    let erased =
        alex.done(&format!("/console/contacts/{id}"), &format!("/console/contacts/{id}/erase"), &[]).await;
    assert!(erased.has("The client is being erased."));
    world.settle().await;
    assert_eq!(alex.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(alex.get("/console/audit").await.has("erased"));
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    for path in
        ["/console/inbox?view=mine".to_owned(), format!("/console/conversations/{}", conversation(&world))]
    {
        let first = alex.get(&path).await;
        let etag = first.headers["etag"].clone();
        let again = alex.send("GET", &path, String::new(), &[("if-none-match", &etag)]).await;
        assert_eq!((again.status, again.html.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        world.say(world.twilio(), CLIENT, &format!("2{}", path.len()), "hello? a human please").await;
        let changed = alex.send("GET", &path, String::new(), &[("if-none-match", &etag)]).await;
        assert_eq!(changed.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn labs_off_is_said_on_every_page_with_the_way_to_switch_it_on() {
    let world = World::new(1).await;
    let twin = Browser::of(&world, &world.sample.twin, "alex.moreno@moonlight-clinic.example").await;
    let page = twin.get("/console/inbox").await;
    assert!(page.has("Human handover is switched off for this account"), "{}", page.html);
    let page = twin.get("/console/account").await;
    let fields = [
        ("seen", page.field("seen")),
        ("name", "Moonlight".to_owned()),
        ("retention_days", "365".to_owned()),
        ("human_handover", "on".to_owned()),
        ("store_text", "on".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = twin.done("/console/account", "/console/account", &fields).await;
    assert!(saved.has("Saved.") && !saved.has("switched off for this account"), "{}", saved.html);
}
