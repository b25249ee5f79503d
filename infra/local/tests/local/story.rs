//! The main story, over the port of the real binary.

use crate::client::TwilioMessage;
use crate::running::Running;
use serde_json::{Value, json};

const CLIENT: &str = "whatsapp:+4915112345678";

/// An instant of a page, in Unix milliseconds.
fn ms(at: &Value) -> i64 {
    at.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn verdicts(conversation: &Value) -> Vec<&str> {
    let decisions = conversation["decisions"].as_array().unwrap();
    decisions.iter().map(|decision| decision["record"]["verdict"].as_str().unwrap()).collect()
}

#[test]
fn a_signed_webhook_hands_over_and_the_bot_comes_back() {
    let running = Running::start(&["--ephemeral", "--seed", "1"]);
    let inbox = running.inbox(0, "twilio");
    let message = TwilioMessage::new(&inbox, "SM1", CLIENT, "I want to talk to a human");
    let answer = message.post(&running.authority, &inbox);
    assert_eq!((answer.status, answer.body.as_str()), (200, "<Response/>"));

    // By itself, on real time: each look takes a while, and a second is enough.
    let outbox = (0..2_000)
        .map(|_| running.page("/local/outbox"))
        .find(|outbox| outbox.as_array().unwrap().len() == 2)
        .expect("a closing message and an e-mail");
    running.advance("PT0S");
    let info = running.page("/local/info");
    let assignee = format!(
        "staff:{}",
        info["accounts"][0]["bot"]["actions"][0]["assign"]["to"]["staff"].as_str().unwrap()
    );
    let one = running.conversation(CLIENT).unwrap();
    assert_eq!(one["summary"]["control"], "human");
    assert_eq!(one["summary"]["assignee"], assignee.as_str());
    assert_eq!(one["tags"], json!(["human_handover"]));
    let [task] = one["tasks"].as_array().unwrap().as_slice() else { panic!("one task") };
    assert_eq!(ms(&task["due_at"]) - ms(&task["triggered_at"]), 86_400_000);
    let told: Vec<(&str, &str)> = one["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| (note["about"].as_str().unwrap(), note["channel"].as_str().unwrap()))
        .collect();
    for wanted in
        [("conversation_assigned", "in_app"), ("conversation_assigned", "email"), ("task_assigned", "in_app")]
    {
        assert!(told.contains(&wanted), "{wanted:?} in {told:?}");
    }
    assert_eq!(told.len(), 3, "what is switched off stays silent: {told:?}");
    let resume = one["timers"].as_array().unwrap().iter().find(|timer| timer["kind"] == "resume").unwrap();
    assert_eq!(resume["by"], "schedule");
    let closing = outbox.as_array().unwrap().iter().find(|sent| sent["kind"] == "http").unwrap();
    assert_eq!(closing["fields"]["Body"], "Thank you! Someone from the team will get back to you.");
    assert_eq!(closing["fields"]["To"], CLIENT);
    assert!(closing["url"].as_str().unwrap().starts_with("https://api.twilio.com/2010-04-01/Accounts/AC"));
    assert_eq!(one["ledger"][0]["state"], "sent");

    // Again is a duplicate; paused, nobody answers.
    assert_eq!(message.post(&running.authority, &inbox).status, 200);
    running.advance("PT30M");
    let question = TwilioMessage::new(&inbox, "SM2", CLIENT, "When do you open?");
    assert_eq!(question.post(&running.authority, &inbox).status, 200);
    running.advance("PT0S");
    let one = running.conversation(CLIENT).unwrap();
    assert_eq!(verdicts(&one), ["handed_over", "paused"]);
    assert_eq!(running.sent().len(), 1);

    // The hour is over, and no message comes in. Schedules are up to a minute late.
    let before = ms(&running.page("/local/clock")["domain"]);
    let clock = running.advance("PT32M");
    assert!(ms(&clock["domain"]) >= before + 32 * 60_000, "{clock}");
    assert!(ms(&clock["real"]) < before, "signatures stay on real time: {clock}");
    let one = running.conversation(CLIENT).unwrap();
    // What nobody has answered the bot answers now.
    assert_eq!(verdicts(&one), ["handed_over", "paused", "pause_ended", "bot_replied"]);
    assert_eq!(one["summary"]["control"], "bot");
    assert_eq!(one["summary"]["assignee"], assignee.as_str(), "the assignment stays");
    assert_eq!(one["handovers"][0]["end"], "pause_ended");
    assert_eq!(running.sent().len(), 2);
    assert_eq!(info["accounts"][0]["bot_knows"].as_array().unwrap().len(), 30);
}

#[test]
fn a_wrong_signature_is_refused_and_an_account_without_labs_hands_nothing_over() {
    let running = Running::start(&["--ephemeral"]);
    let clinic = running.inbox(0, "twilio");
    let twin = running.inbox(1, "twilio");
    let message = TwilioMessage::new(&twin, "SM1", CLIENT, "I want to talk to a human");
    assert_eq!(message.post(&running.authority, &clinic).status, 401);
    assert_eq!(message.post(&running.authority, &twin).status, 200);
    running.advance("PT5S");
    let one = running.conversation(CLIENT).unwrap();
    // The bot is asked instead, and does not know.
    assert_eq!(verdicts(&one), ["labs_off", "labs_off"]);
    assert_eq!(one["handovers"], json!([]));
    // That it writes is shown first.
    let sent = running.sent();
    let to: Vec<_> =
        sent.iter().map(|sent| sent["url"].as_str().unwrap().split('/').nth(2).unwrap()).collect();
    assert_eq!(to, ["messaging.twilio.com", "api.twilio.com"]);
}
