//! Staff at work: a client asks for a person, and gets one.

use handover_cloud::Verdict as Fate;
use handover_core::{HandoverAction, Scenario, ScenarioKind, Sensitivity};
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

#[tokio::test]
async fn an_answer_is_not_sent_when_somebody_else_has_taken_over_or_the_bot_has_it_again() {
    let world = World::new(1).await;
    let (alex, billie) = (Browser::alex(&world).await, Browser::billie(&world).await);
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    let me = format!("staff:{}", world.sample.clinic.colleague);
    // Alex has it by the action and types, while Billie takes it over.
    let page = alex.get(&path).await;
    let mut fields = vec![("text", "Hello, this is Alex."), ("once", "one")];
    let seen = (page.field("epoch"), page.field("holder"));
    fields.extend([("epoch", seen.0.as_str()), ("holder", seen.1.as_str())]);
    billie.done(&path, &format!("{path}/assign"), &[("to", &me)]).await;
    let late = alex.submit(&page, &format!("{path}/reply"), &fields).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    for wanted in
        ["Your answer has not been sent", "Billie Chen has taken", "Hello, this is Alex.</textarea>"]
    {
        assert!(late.has(wanted), "{wanted}: {}", late.html);
    }
    assert!(late.has("Take it over and send"));
    // On purpose it is sent, and the conversation is Alex's.
    let seen = (late.field("epoch"), late.field("holder"));
    let again = [("text", "Hello, this is Alex."), ("epoch", &seen.0), ("holder", &seen.1), ("once", "two")];
    assert_eq!(alex.submit(&late, &format!("{path}/reply"), &again).await.status, StatusCode::SEE_OTHER);
    world.settle().await;
    let sent = || {
        let texts = world.texts(&format!("whatsapp:{CLIENT}")).into_iter();
        texts.filter(|text| text.body.contains("Alex")).count()
    };
    assert_eq!(sent(), 1);
    assert!(alex.get("/console/inbox?view=mine").await.has(&path));
    // Meanwhile handed back: the bot is not stepped on.
    let page = alex.get(&path).await;
    let seen = (page.field("epoch"), page.field("holder"));
    alex.done(&path, &format!("{path}/hand-back"), &[]).await;
    let back = [("text", "Alex again."), ("epoch", &seen.0), ("holder", &seen.1), ("once", "three")];
    let back = alex.submit(&page, &format!("{path}/reply"), &back).await;
    assert_eq!(back.status, StatusCode::CONFLICT);
    assert!(
        back.has("The bot has the conversation again") && back.has("Alex again.</textarea>"),
        "{}",
        back.html
    );
    world.settle().await;
    assert_eq!(sent(), 1);
}

#[tokio::test]
async fn the_first_answer_of_whom_it_was_given_to_counts_as_their_claim() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    assert!(alex.get("/console/reports").await.has("<b>–</b><span>Median until claimed"));
    world.travel(SECOND * 60).await;
    alex.done(&path, &format!("{path}/reply"), &[("text", "Hello."), ("once", "one")]).await;
    let reports = alex.get("/console/reports").await;
    assert!(!reports.has("<b>–</b><span>Median until claimed"), "{}", reports.html);
}

#[tokio::test]
async fn what_the_client_was_told_where_the_bot_had_no_answer_stands_in_the_transcript_with_its_fate() {
    let world = World::answering(1).await;
    crate::answers::set_bot(&world, |bot| {
        bot.actions.retain(|action| action.scenario.kind() != ScenarioKind::LackOfKnowledge);
    })
    .await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "Do you treat zebras?").await;
    world.travel(2 * SECOND).await;
    let page = alex.get(&format!("/console/conversations/{}", conversation(&world))).await;
    let said =
        page.html.split("I don&#39;t have that").nth(1).or(page.html.split("I don't have that").nth(1));
    let said = said.unwrap_or_else(|| panic!("{}", page.html));
    assert!(said.split("</li>").next().unwrap().contains("Sent"), "{said}");
}

#[tokio::test]
async fn what_is_not_done_yet_is_not_called_done_and_an_address_says_nothing() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    let lured = alex.get(&format!("{path}?done=erase")).await;
    assert!(!lured.has("being erased"), "{}", lured.html);
    let page = alex.get(&path).await;
    world.strike_all(Fate::Throttle, |call| call.operation == "TransactWriteItems");
    let pending = alex.submit(&page, &format!("{path}/claim"), &[]).await;
    world.heal();
    let shown = alex.get(&pending.to.unwrap()).await;
    assert!(shown.has("It will be done in a moment"), "{}", shown.html);
    assert!(!shown.has("This conversation is yours now."));
    world.settle().await;
}

#[tokio::test]
async fn who_waits_for_a_team_waits_among_the_others_oldest_first() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    let mut paths = Vec::new();
    for (number, to) in [Some(format!("team:{}", clinic.team)), None].into_iter().enumerate() {
        let from = format!("+491510000000{number}");
        world.say(world.twilio(), &from, &number.to_string(), "I want to talk to a human").await;
        let path = format!("/console/conversations/{}", world.conversation(world.twilio(), &from));
        let to = to.unwrap_or_default();
        alex.done(&path, &format!("{path}/assign"), &[("to", &to)]).await;
        world.travel(SECOND * 60).await;
        paths.push(path);
    }
    let waiting = alex.get("/console/inbox").await;
    let places: Vec<usize> = paths.iter().map(|path| waiting.html.find(path.as_str()).unwrap()).collect();
    assert!(places[0] < places[1], "the team's has waited longer: {}", waiting.html);
    assert_eq!(waiting.html.matches("Waits since").count(), 2, "{}", waiting.html);
    let team = alex.get(&format!("/console/inbox?view=team-{}", clinic.team)).await;
    assert!(team.has(&paths[0]) && !team.has(&paths[1]), "{}", team.html);
}

#[tokio::test]
async fn a_custom_scenario_is_called_by_its_name_and_a_phrase_needs_no_score() {
    let world = World::new(1).await;
    crate::answers::set_bot(&world, |bot| {
        let phrases = vec!["question about my bill".to_owned()];
        let custom = Scenario::Custom { name: "Billing".to_owned(), phrases };
        bot.actions = vec![HandoverAction::new("act_billing".parse().unwrap(), custom)];
        let phrases = vec!["put me through".to_owned()];
        let asked = Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases };
        bot.actions.push(HandoverAction::new("act_human".parse().unwrap(), asked));
    })
    .await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I have a question about my bill").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    for page in ["/console/inbox?view=all", path.as_str(), "/console/tasks?of=", "/console/reports"] {
        assert!(alex.get(page).await.has("Billing"), "{page}");
    }
    let other = "+4915100000009";
    world.say(world.twilio(), other, "2", "put me through").await;
    let path = format!("/console/conversations/{}", world.conversation(world.twilio(), other));
    let page = alex.get(&path).await;
    assert!(page.has("Matched the phrase") && !page.has("Asks for a person: "), "{}", page.html);
}
