//! What pages weigh at the product's own limits.

use handover_tests::{MINUTE, World};
use http::{Method, StatusCode};
use serde_json::json;

use super::Browser;
use crate::console::{Api, CLIENT, conversation};

/// The most that a page may weigh.
const MAX_BYTES: usize = 60_000;

async fn light(alex: &Browser<'_>, path: &str) -> super::Shown {
    let page = alex.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.html);
    assert!(page.html.len() < MAX_BYTES, "{path}: {} bytes", page.html.len());
    page
}

/// Texts that take as much room as any: three bytes a letter, or six once they stand in a page.
const WIDE: [&str; 2] = ["漢", "\""];

#[tokio::test]
async fn a_conversation_of_the_longest_texts_is_light_and_every_text_can_be_read_to_its_end() {
    let world = World::new(1).await;
    let alex = Browser::alex(&world).await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    for (number, wide) in WIDE.iter().cycle().take(30).enumerate() {
        world.post(world.twilio(), CLIENT, &format!("l{number}"), &wide.repeat(1_600)).await;
    }
    world.settle().await;
    let api = Api::clinic(&world);
    for (number, wide) in WIDE.iter().cycle().take(49).enumerate() {
        let tag = format!("{number:02}{}", wide.repeat(78));
        let tagged = api.command("tags", &format!("t{number}"), &json!({"tag": tag, "present": true})).await;
        assert_eq!(tagged.status, StatusCode::OK, "{tagged:?}");
    }
    world.travel(MINUTE).await;
    let long = format!("{}the end", "漢\"".repeat(1_990));
    let said = api.command("reply", "r", &json!({"text": long, "staff": world.sample.clinic.assignee})).await;
    assert_eq!(said.status, StatusCode::OK, "{said:?}");
    let page = light(&alex, &path).await;
    light(&alex, &path.replace("conversations", "contacts")).await;
    assert!(!page.has("the end"), "the beginning stands in the transcript");
    let line = said.body["command"].as_str().unwrap().to_owned();
    let mut next = format!("{path}?open={line}&from=0");
    for _ in 0..8 {
        let page = light(&alex, &next).await;
        if page.has("the end") {
            return;
        }
        let links = page.html.split("href=\"").map(|rest| rest.split('"').next().unwrap_or_default());
        let mut links = links.filter(|link| link.contains(&line)).map(|link| link.replace("&amp;", "&"));
        next = links.next().unwrap_or_else(|| panic!("no way on from {next}"));
    }
    panic!("the end is not reached");
}

#[tokio::test]
async fn the_largest_bot_fits_its_pages_and_loses_nothing_when_a_part_is_saved() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let (api, id) = (Api::clinic(&world), &world.sample.clinic.bot);
    let path = format!("/bots/{id}");
    let known = api.get(&path).await;
    let mut bot = known.body.clone();
    // One action is as large as can be; what its phrases mean takes a while to read.
    let phrases = |action: usize| -> Vec<String> {
        let (count, wide) = (if action == 0 { 200 } else { 1 }, WIDE[action % 2]);
        (0..count)
            .map(|number| format!("{number:03} {}", wide.repeat(if action == 0 { 196 } else { 1 })))
            .collect()
    };
    let custom = |number: usize| {
        let mut action = known.body["actions"][0].clone();
        let wide = WIDE[number % 2];
        action["id"] = json!(format!("action{number}"));
        action["scenario"] = json!({"custom": {"name": wide.repeat(80), "phrases": phrases(number)}});
        action["closing_message"] = json!({"text": wide.repeat(1_600)});
        action["tag"] = json!(wide.repeat(80));
        action
    };
    bot["actions"] = (0..6).map(custom).collect();
    bot["no_answer_message"] = json!(WIDE[1].repeat(1_600));
    let etag = known.etag.clone().unwrap();
    let saved = api.call(Method::PUT, &path, &[("if-match", &etag)], &bot).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    light(&alex, &format!("/console/bots/{id}")).await;
    let editor = format!("/console/bots/{id}/handover");
    for number in [0, 5] {
        let page = light(&alex, &format!("{editor}?action=action{number}")).await;
        assert!(page.has("000 ") && (number > 0 || page.has("name=\"to\"")), "{}", page.html);
    }
    // A part in the middle is edited; the others stay.
    let page = light(&alex, &format!("{editor}?action=action0&from=25")).await;
    let (from, to) = (page.field("from"), page.field("to"));
    let seen = page.field("seen");
    let kept = (from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap());
    assert!(kept.0 > 0 && kept.1 > kept.0, "{kept:?}");
    let fields = [
        ("seen", seen.as_str()),
        ("action", "action0"),
        ("kind", "custom"),
        ("enabled", "on"),
        ("scenario_name", "Contracts"),
        ("from", &from),
        ("to", &to),
        ("phrase", "the only one of this part"),
        ("closing", "nothing"),
        ("action_pause", "open"),
    ];
    let saved = alex.submit(&page, &editor, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.html);
    let after = api.get(&path).await.body.to_string();
    assert!(after.contains("the only one of this part"), "{after}");
    let left = |number: usize| after.contains(&format!("\"{number:03} 漢漢"));
    assert!(left(0) && left(199), "the others stay");
    assert!(!left(kept.0) && !left(kept.1 - 1), "this part's phrases are gone");
}

#[tokio::test]
async fn instructions_that_are_longer_than_a_page_stay_until_new_ones_are_typed() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let (api, id) = (Api::clinic(&world), &world.sample.clinic.bot);
    let path = format!("/bots/{id}");
    let known = api.get(&path).await;
    let mut bot = known.body.clone();
    let long = "漢".repeat(50_000);
    bot["connector"] = json!({"bedrock": {"model": "m", "instructions": long}});
    let etag = known.etag.clone().unwrap();
    let saved = api.call(Method::PUT, &path, &[("if-match", &etag)], &bot).await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    let own = format!("/console/bots/{id}");
    let page = light(&alex, &own).await;
    assert!(page.has("too long to be changed here"), "{}", page.html);
    let seen = page.field("seen");
    let fields = [
        ("seen", seen.as_str()),
        ("name", "Renamed"),
        ("connector", "bedrock"),
        ("connector_model", "m"),
        ("connector_instructions", ""),
        ("instructions_kept", "on"),
        ("no_answer_message", "Sorry"),
        ("quiet_minutes", "15"),
        ("takeover_pause", "open"),
        ("cooldown_minutes", "0"),
        ("daily_messages", "9"),
        ("fold_seconds", "2"),
    ];
    let saved = alex.done(&own, &own, &fields).await;
    assert!(saved.has("Renamed"), "{}", saved.html);
    let after = api.get(&path).await.body;
    assert_eq!(
        after["connector"]["bedrock"]["instructions"].as_str().map(|text| text.chars().count()),
        Some(50_000)
    );
}

#[tokio::test]
async fn lists_of_many_are_paged() {
    let world = World::answering(1).await;
    let alex = Browser::alex(&world).await;
    let api = Api::clinic(&world);
    let wide = WIDE[0].repeat(70);
    for number in 0..130 {
        let name = format!("{number:03} {wide}");
        let staff = api.post("/staff", &json!({"name": name, "role": "staff"})).await;
        assert_eq!(staff.status, StatusCode::CREATED, "{staff:?}");
        let team = api.post("/teams", &json!({"name": format!("T{name}"), "members": []})).await;
        assert_eq!(team.status, StatusCode::CREATED, "{team:?}");
        let bot = api.post("/bots", &json!({"name": name})).await;
        assert_eq!(bot.status, StatusCode::CREATED, "{bot:?}");
    }
    for number in 0..30 {
        let key = api.post("/api-keys", &json!({"name": format!("{number} {wide}"), "scope": "read"})).await;
        assert_eq!(key.status, StatusCode::CREATED, "{key:?}");
        let (question, answer) = (format!("{number} {}", "\"".repeat(290)), WIDE[0].repeat(1_600));
        let body = json!({"question": question, "answer": answer});
        let entry = api.post(&format!("/bots/{}/faq", world.sample.clinic.bot), &body).await;
        assert_eq!(entry.status, StatusCode::CREATED, "{entry:?}");
    }
    for list in ["staff", "teams", "bots", "keys"] {
        let mut path = format!("/console/{list}");
        let mut rows = 0;
        loop {
            let page = light(&alex, &path).await;
            rows += page.html.matches("class=\"row\"").count();
            let Some((before, _)) = page.html.split_once("\" rel=\"next\"") else { break };
            path = before.rsplit("href=\"").next().unwrap().replace("&amp;", "&");
        }
        assert!(rows >= if list == "keys" { 30 } else { 130 }, "{list}: {rows}");
    }
    light(&alex, "/console/audit").await;
    light(&alex, &format!("/console/bots/{}/knowledge", world.sample.clinic.bot)).await;
    light(&alex, "/console/tasks?of=").await;
    light(&alex, &format!("/console/bots/{}/handover", world.sample.clinic.bot)).await;
    // Among so many one names whom one means.
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let path = format!("/console/conversations/{}", conversation(&world));
    let page = light(&alex, &path).await;
    assert!(page.has("Type the name of a staff member or team") && !page.has("<select"), "{}", page.html);
    let to = [("to", "billie chen"), ("once", "a")];
    assert!(alex.done(&path, &format!("{path}/assign"), &to).await.has("Billie Chen"));
    let nobody =
        alex.submit(&page, &format!("{path}/assign"), &[("to", "Nobody at all"), ("once", "b")]).await;
    assert!(nobody.has("nobody has this name"), "{}", nobody.html);
    // Whoever is not shown stays a member.
    let team = format!("/console/teams/{}", world.sample.clinic.team);
    let page = light(&alex, &team).await;
    let (seen, shown) = (page.field("seen"), page.field("shown"));
    let last = format!("129 {wide}");
    let fields = [
        ("seen", seen.as_str()),
        ("name", "Front desk"),
        ("shown", shown.as_str()),
        ("member", world.sample.clinic.assignee.as_str()),
        ("member", world.sample.clinic.colleague.as_str()),
        ("more_member", last.as_str()),
    ];
    alex.done(&team, &team, &fields).await;
    let members = api.get(&format!("/teams/{}", world.sample.clinic.team)).await.body;
    assert_eq!(members["members"].as_array().map(Vec::len), Some(3), "{members}");
}
