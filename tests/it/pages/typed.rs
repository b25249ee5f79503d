//! What is typed into pages: that it is never lost, that every control says what it is about, and that the
//! note on sensitive data stands where free text is typed and nowhere else.

use handover_tests::World;
use http::{Method, StatusCode};
use serde_json::json;

use super::{Browser, Shown, reach::pages};
use crate::console::{Api, CLIENT, conversation};

/// An attribute of a tag.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// The tags of the controls that one types or chooses in.
fn controls(page: &Shown) -> Vec<&str> {
    let tags = ["<input ", "<textarea ", "<select "].into_iter().flat_map(|start| {
        page.html.match_indices(start).map(|(at, _)| page.html[at..].split('>').next().unwrap())
    });
    let typed = |tag: &&str| {
        !["hidden", "checkbox", "radio", "file"].contains(&attribute(tag, "type").unwrap_or_default())
    };
    tags.filter(typed).collect()
}

/// Fields that are no free text: names, addresses, numbers, choices, and secrets.
fn is_free(tag: &str) -> bool {
    let name = attribute(tag, "name").unwrap_or_default();
    let kind = attribute(tag, "type").unwrap_or_default();
    let named = ["name", "scenario_name", "connector_url", "connector_model", "code", "of"];
    !(tag.starts_with("<select")
        || ["number", "password", "email", "tel", "url"].contains(&kind)
        || named.contains(&name)
        || name.starts_with("setting_"))
}

#[tokio::test]
async fn the_note_on_sensitive_data_stands_where_free_text_is_typed_and_nowhere_else() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let mut listed = pages(&world).await;
    listed.push("/console/sign-in".to_owned());
    let mut noted = 0;
    for path in listed {
        let page = alex.get(&path).await;
        for tag in controls(&page) {
            let described = attribute(tag, "aria-describedby").unwrap_or_default();
            let of_control: Vec<&str> = described.split(' ').filter(|id| id.ends_with("-note")).collect();
            assert_eq!(!of_control.is_empty(), is_free(tag), "{path}: {tag}");
            noted += of_control.len();
            for id in described.split(' ').filter(|id| !id.is_empty()) {
                assert!(page.has(&format!("id=\"{id}\"")), "{path}: {tag} is described by nothing");
            }
            let id = attribute(tag, "id").unwrap_or_default();
            let labelled = page.has(&format!("for=\"{id}\"")) || attribute(tag, "aria-label").is_some();
            assert!(labelled, "{path}: {tag} has no label");
        }
        // No note without a text that it is about.
        for note in page.html.split("class=\"phi\" id=\"").skip(1) {
            let id = note.split('"').next().unwrap();
            let about = controls(&page).iter().any(|tag| {
                attribute(tag, "aria-describedby").unwrap_or_default().split(' ').any(|known| known == id)
            });
            assert!(about, "{path}: the note {id} is about nothing");
        }
        assert_eq!(
            page.html.matches("class=\"phi\"").count(),
            page.html.matches("class=\"phi\" id=").count()
        );
    }
    assert!(noted > 15, "only {noted} notes");
}

#[tokio::test]
async fn what_is_wrong_is_tied_to_its_control_and_what_was_typed_stays() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let bot = format!("/console/bots/{}", world.sample.clinic.bot);
    let page = alex.get(&bot).await;
    let fields = [
        ("seen", page.field("seen")),
        ("name", String::new()),
        ("connector", "faq".to_owned()),
        ("no_answer_message", "Typed by hand".to_owned()),
        ("quiet_minutes", "many".to_owned()),
        ("takeover_pause", "for".to_owned()),
        ("cooldown_minutes", "1".to_owned()),
        ("daily_messages", "7".to_owned()),
        ("fold_seconds", "2".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = alex.submit(&page, &bot, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.has("Typed by hand") && refused.has("value=\"7\""), "{}", refused.html);
    let quiet = controls(&refused).into_iter().find(|tag| tag.contains("name=\"quiet_minutes\"")).unwrap();
    assert_eq!(attribute(quiet, "aria-invalid"), Some("true"));
    assert!(attribute(quiet, "aria-describedby").unwrap().contains("quiet_minutes-error"), "{quiet}");
    // A reload, or the address typed anew, leads to the page.
    assert!(refused.has(&format!("data-at=\"{bot}\"")), "{}", refused.html);
    let knowledge = format!("{bot}/knowledge");
    let page = alex.get(&knowledge).await;
    let fields = [("question", ""), ("answer", "An answer"), ("once", "1")];
    let refused = alex.submit(&page, &knowledge, &fields).await;
    let question = controls(&refused).into_iter().find(|tag| tag.contains("name=\"question\"")).unwrap();
    assert_eq!(attribute(question, "aria-invalid"), Some("true"));
    // What cannot be tried is said in the box itself, where screen readers are told of it.
    let handover = format!("{bot}/handover");
    let page = alex.get(&handover).await;
    let tried = alex.submit(&page, &format!("{handover}/try"), &[("text", " ")]).await;
    assert_eq!(tried.status, StatusCode::UNPROCESSABLE_ENTITY);
    let status = tried.html.split("<div role=\"status\">").nth(1).unwrap_or_default();
    assert!(status.contains("Something is not right yet") && status.contains("Text:"), "{}", tried.html);
}

#[tokio::test]
async fn whoever_asks_for_what_only_takes_forms_gets_the_page() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let (id, bot) = (conversation(&world), &world.sample.clinic.bot);
    for (asked, page) in [
        (format!("/console/conversations/{id}/claim"), format!("/console/conversations/{id}")),
        (format!("/console/bots/{bot}/handover/try"), format!("/console/bots/{bot}/handover")),
        (format!("/console/bots/{bot}/remove"), format!("/console/bots/{bot}")),
        ("/console/keys/key1/end".to_owned(), "/console/keys".to_owned()),
    ] {
        let shown = alex.get(&asked).await;
        assert_eq!(
            (shown.status, shown.to.as_deref()),
            (StatusCode::SEE_OTHER, Some(page.as_str())),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn a_refused_command_leaves_a_page_that_lives_under_its_own_address() {
    let world = World::new(1).await;
    let billie = Browser::billie(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    let page = billie.get(&path).await;
    let refused =
        billie.submit(&page, &format!("{path}/claim"), &[("once", "c"), ("text", "My draft")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.has("Alex Moreno has it already"), "the loser is told who: {}", refused.html);
    assert!(refused.has("data-live=\"") && refused.has(&format!("data-at=\"{path}\"")), "{}", refused.html);
    assert!(refused.has("Your text, not sent") && refused.has("My draft"), "{}", refused.html);
    // Whoever takes over from there goes on with it.
    let me = format!("staff:{}", world.sample.clinic.colleague);
    let fields = [("to", me.as_str()), ("once", "a"), ("text", "My draft")];
    let taken = billie.submit(&refused, &format!("{path}/assign"), &fields).await;
    assert_eq!(taken.status, StatusCode::OK);
    assert!(taken.has(">My draft</textarea>") && taken.has("name=\"text\" rows"), "{}", taken.html);
}

#[tokio::test]
async fn of_two_tabs_the_second_is_told_the_same_on_every_page_and_can_save_over_it() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    let entries = world.local.admin_store().faq(&clinic.account, &clinic.bot).await.unwrap().entries;
    let entry = entries.first().unwrap().value.id.clone();
    let typed = "Typed in the second tab";
    for (path, first, second) in [
        (
            "/console/account".to_owned(),
            vec![("retention_days", "365"), ("human_handover", "on")],
            vec![("retention_days", "366"), ("human_handover", "on")],
        ),
        (format!("/console/bots/{}", clinic.bot), bot_form(), bot_form()),
        (
            format!("/console/staff/{}", clinic.colleague),
            vec![("email", "billie.chen@sunrise-clinic.example")],
            vec![("email", "billie.chen@sunrise-clinic.example")],
        ),
        (format!("/console/teams/{}", clinic.team), Vec::new(), Vec::new()),
        (
            format!("/console/bots/{}/knowledge/{entry}", clinic.bot),
            vec![("question", "First?"), ("answer", "First")],
            vec![("question", typed), ("answer", "Second")],
        ),
    ] {
        let page = alex.get(&path).await;
        let seen = page.field("seen");
        let with = |name: &'static str, more: Vec<(&'static str, &'static str)>| {
            let mut fields = vec![("name", name)];
            fields.extend(more);
            fields
        };
        let mut fields = with("First tab", first);
        fields.push(("seen", &seen));
        let saved = alex.submit(&page, &path, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{path}: {}", saved.html);
        let mut fields = with(typed, second);
        fields.push(("seen", &seen));
        let told = alex.submit(&page, &path, &fields).await;
        assert_eq!(told.status, StatusCode::PRECONDITION_FAILED, "{path}: {}", told.html);
        assert!(
            told.has("Somebody else has changed this meanwhile") && told.has(typed),
            "{path}: {}",
            told.html
        );
        assert!(!told.has("ETag") && told.has("See how it is now"), "{path}: {}", told.html);
        // Seen what there is now, it can be saved over it.
        let over = told.field("over");
        fields.push(("over", &over));
        let saved = alex.submit(&told, &path, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{path}: {}", saved.html);
    }
}

fn bot_form() -> Vec<(&'static str, &'static str)> {
    vec![
        ("connector", "faq"),
        ("no_answer_message", "Sorry"),
        ("quiet_minutes", "15"),
        ("takeover_pause", "for"),
        ("takeover_hours", "1"),
        ("cooldown_minutes", "0"),
        ("daily_messages", "9"),
        ("fold_seconds", "2"),
        ("handover", "on"),
    ]
}

#[tokio::test]
async fn what_was_typed_for_something_that_was_removed_meanwhile_can_be_added_anew() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    let path = format!("/console/bots/{}/handover", clinic.bot);
    let page = alex.get(&path).await;
    let seen = page.field("seen");
    let gone = [("seen", seen.as_str()), ("action", "human_requested")];
    let removed = alex.submit(&page, &format!("{path}/remove"), &gone).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.html);
    let mut typed = vec![
        ("seen", seen.as_str()),
        ("action", "human_requested"),
        ("kind", "human_requested"),
        ("enabled", "on"),
        ("phrase", "the doctor herself"),
        ("closing", "send"),
        ("closing_text", "What I typed"),
        ("action_pause", "open"),
    ];
    let told = alex.submit(&page, &path, &typed).await;
    assert_eq!(told.status, StatusCode::CONFLICT, "{}", told.html);
    assert!(
        told.has("Somebody else has removed this meanwhile") && told.has("What I typed"),
        "{}",
        told.html
    );
    assert!(told.has("the doctor herself"), "{}", told.html);
    let (now, anew) = (told.field("seen"), told.field("anew"));
    typed.extend([("seen", now.as_str()), ("anew", anew.as_str())]);
    typed.remove(0);
    let saved = alex.submit(&told, &path, &typed).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.html);
    let page = alex.get(&saved.to.unwrap()).await;
    assert!(page.has("What I typed") && page.has("the doctor herself"), "{}", page.html);
    let entries = world.local.admin_store().faq(&clinic.account, &clinic.bot).await.unwrap().entries;
    let entry = format!("/console/bots/{}/knowledge/{}", clinic.bot, entries.first().unwrap().value.id);
    let page = alex.get(&entry).await;
    let seen = [("seen", page.field("seen"))];
    let seen: Vec<(&str, &str)> = seen.iter().map(|(name, value)| (*name, value.as_str())).collect();
    alex.submit(&page, &format!("{entry}/remove"), &seen).await;
    let fields = [seen.as_slice(), &[("question", "Mine?"), ("answer", "My answer")]].concat();
    let told = alex.submit(&page, &entry, &fields).await;
    assert!(told.has("Somebody else has removed this meanwhile") && told.has("My answer"), "{}", told.html);
}

#[tokio::test]
async fn the_checks_name_phrase_and_inbox_and_lead_to_where_it_is_mended() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let clinic = &world.sample.clinic;
    let api = Api::clinic(&world);
    let path = format!("/bots/{}", clinic.bot);
    let known = api.get(&path).await;
    let mut bot = known.body.clone();
    bot["actions"][0]["scenario"]["human_requested"]["phrases"] =
        json!(["my boiler smells of gas", "how much"]);
    let etag = known.etag.unwrap();
    let saved = api.call(Method::PUT, &path, &[("if-match", &etag)], &bot).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    let page = alex.get(&format!("/console/bots/{}/handover", clinic.bot)).await;
    assert!(page.has("The phrase “how much” matches ordinary messages"), "{}", page.html);
    assert!(page.has("from=0#phrase-2") && page.has("id=\"phrase-2\""), "{}", page.html);
    let inbox = format!("/console/inboxes/{}#setting_retries_set_up", clinic.twilio.inbox.id);
    assert!(page.has(&inbox) && page.has("set “Retries set up” to yes"), "{}", page.html);
    assert!(alex.get(&inbox).await.has("id=\"setting_retries_set_up\""));
}
