//! Stories of questions and answers.

use handover_aws::store::LedgerState;
use handover_core::{
    Connector, Control, Feedback, OutcomeResult, Purpose, ScenarioKind, UnansweredPolicy, Verdict,
};
use handover_tests::{MINUTE, SECOND, View, World};
use serde_json::{Value, json};

use super::{CLIENT, WINDOW, ask, hear, own_bot, repeated_failure, set_bot};
use crate::console::{Api, alex};

const UNKNOWN: &str = "do you sell surfboards?";
const NO_ANSWER: &str = "Sorry, I don't have that. Could you put it another way?";

fn texts(view: &View) -> Vec<&str> {
    view.texts.iter().map(|text| text.body.as_str()).collect()
}

fn scenario(view: &View) -> Option<ScenarioKind> {
    view.conversation.human().and_then(|human| human.origin.scenario())
}

#[tokio::test]
async fn four_questions_are_answered_and_the_fifth_hands_over() {
    let world = World::answering(1).await;
    for (id, question, answer) in [
        ("1", "What are your opening hours?", "We are open Monday to Friday"),
        ("2", "where can I park my car", "There is a car park"),
        ("3", "how can I cancel my appointment?", "Use the link in your confirmation"),
        ("4", "do you speak spanish", "English, Spanish, German"),
    ] {
        ask(&world, id, question).await;
        let view = world.see(CLIENT).await;
        let last = texts(&view).last().map(|text| (*text).to_owned()).unwrap();
        assert!(last.starts_with(answer), "{question}: {last}");
    }
    ask(&world, "5", UNKNOWN).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::Turn; 5]);
    assert_eq!(scenario(&view), Some(ScenarioKind::LackOfKnowledge));
    assert_eq!(view.texts.len(), 5);
    assert_eq!(view.closing(), Some(LedgerState::Sent));
    let outcomes: Vec<_> = view.messages.iter().filter(|message| message.kind == "outcome").collect();
    let last = &outcomes.last().unwrap().record;
    assert_eq!((last.outcome.clone(), last.verdict), (Some(OutcomeResult::NoAnswer), Verdict::HandedOver));
    assert!(last.retrieval.is_some_and(|found| found.sources == 0 && found.best.get() < 350));
    assert!(outcomes.iter().all(|outcome| outcome.record.retrieval.is_some()));
    world.assert_nothing_left();
}

#[tokio::test]
async fn without_a_handover_the_client_reads_the_no_answer_message() {
    let world = World::answering(2).await;
    set_bot(&world, |bot| bot.actions.clear()).await;
    ask(&world, "1", UNKNOWN).await;
    assert_eq!(texts(&world.see(CLIENT).await), [NO_ANSWER]);
}

#[tokio::test]
async fn a_burst_is_one_question_with_one_answer() {
    let world = World::answering(3).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    world.travel(SECOND).await;
    world.say(world.twilio(), CLIENT, "2", "quick question").await;
    world.travel(SECOND).await;
    world.say(world.twilio(), CLIENT, "3", "where can I park my car?").await;
    world.travel(WINDOW).await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::Turn; 3]);
    assert_eq!(view.texts.len(), 1, "{:?}", view.texts);
    assert!(view.texts.iter().all(|text| text.body.starts_with("There is a car park")));
    world.assert_nothing_left();
}

/// On which of the client's messages it hands over when the bot never knows.
async fn with_no_answers(max_retries: u8, seed: u64) -> usize {
    let world = World::answering(seed).await;
    set_bot(&world, |bot| bot.actions = vec![repeated_failure(max_retries)]).await;
    for message in 1..6 {
        ask(&world, &message.to_string(), UNKNOWN).await;
        let view = world.see(CLIENT).await;
        if scenario(&view) == Some(ScenarioKind::RepeatedFailure) {
            assert_eq!(texts(&view).iter().filter(|text| **text == NO_ANSWER).count(), message - 1);
            return message;
        }
    }
    panic!("never handed over");
}

/// The same when the bot answers and the answers do not help.
async fn with_unhelpful_answers(max_retries: u8, seed: u64, asks_again: bool) -> usize {
    let world = World::new(seed).await;
    own_bot(&world, |_| {
        (200, json!({"outcome": "answered", "reply": "Sign in with the code in your e-mail."}))
    })
    .await;
    set_bot(&world, |bot| bot.actions = vec![repeated_failure(max_retries)]).await;
    for message in 1..6 {
        let feedback = if message > 1 && !asks_again { Feedback::Unhelpful } else { Feedback::Neutral };
        hear(&world, &message.to_string(), "I cannot sign in", "I cannot sign in", feedback).await;
        if scenario(&world.see(CLIENT).await) == Some(ScenarioKind::RepeatedFailure) {
            return message;
        }
    }
    panic!("never handed over");
}

#[tokio::test]
async fn repeated_failure_fires_on_the_message_that_the_table_says() {
    for (max_retries, no_answer, unhelpful) in [(0, 1, 2), (1, 2, 3), (2, 3, 4)] {
        let seed = 10 + u64::from(max_retries);
        assert_eq!(with_no_answers(max_retries, seed).await, no_answer, "max_retries {max_retries}");
        for asks_again in [false, true] {
            let found = with_unhelpful_answers(max_retries, seed, asks_again).await;
            assert_eq!(found, unhelpful, "max_retries {max_retries}, asks again {asks_again}");
        }
    }
}

#[tokio::test]
async fn another_topic_in_between_starts_anew() {
    let world = World::answering(20).await;
    set_bot(&world, |bot| bot.actions = vec![repeated_failure(1)]).await;
    let topics = ["do you sell surfboards", "my cat has a fever and needs a doctor"];
    for (id, topic) in [("1", 0), ("2", 1)] {
        hear(&world, id, topics[topic], topics[topic], Feedback::Neutral).await;
    }
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot, "each topic has failed once");
    hear(&world, "3", topics[1], topics[1], Feedback::Neutral).await;
    assert_eq!(scenario(&world.see(CLIENT).await), Some(ScenarioKind::RepeatedFailure));
    // "That worked" starts anew as well.
    let other = World::answering(21).await;
    set_bot(&other, |bot| bot.actions = vec![repeated_failure(1)]).await;
    hear(&other, "1", topics[0], topics[0], Feedback::Neutral).await;
    hear(&other, "2", "that worked, thanks", topics[0], Feedback::Resolved).await;
    assert_eq!(other.see(CLIENT).await.conversation.control, Control::Bot);
}

#[tokio::test]
async fn failing_bots_are_outcomes_and_never_a_stuck_queue() {
    for (seed, status, body, reason) in [
        (30, 200, json!("nonsense"), "malformed"),
        (31, 200, json!({"outcome": "answered", "reply": ""}), "empty"),
        (32, 404, json!({}), "refused"),
        (33, 500, json!({}), "unavailable"),
        (34, 429, json!({}), "rate_limited"),
    ] {
        let world = World::new(seed).await;
        let heard = own_bot(&world, move |_| (status, body.clone())).await;
        set_bot(&world, |bot| bot.actions.clear()).await;
        ask(&world, "1", "hello").await;
        world.travel(MINUTE).await;
        let view = world.see(CLIENT).await;
        assert_eq!(texts(&view), [NO_ANSWER], "{reason}");
        let outcome = view.messages.iter().find(|message| message.kind == "outcome").unwrap();
        let failed = Some(OutcomeResult::Failed { reason: reason.to_owned() });
        assert_eq!(outcome.record.outcome, failed);
        // What passes is tried three times, anything else once.
        let tries = if status >= 429 { 3 } else { 1 };
        assert_eq!(heard.lock().unwrap().len(), tries, "{reason}");
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn a_bot_whose_call_kills_the_process_is_given_up() {
    let world = World::new(40).await;
    own_bot(&world, |_| (200, json!({"outcome": "no_answer"}))).await;
    set_bot(&world, |bot| bot.actions.clear()).await;
    world.strike_all(handover_cloud::Verdict::CrashBefore, |call| call.host == super::HOST);
    ask(&world, "1", "hello").await;
    world.travel(10 * MINUTE).await;
    world.heal();
    let view = world.see(CLIENT).await;
    let outcome = view.messages.iter().find(|message| message.kind == "outcome").unwrap();
    let unreachable = Some(OutcomeResult::Failed { reason: "unreachable".to_owned() });
    assert_eq!((&outcome.record.outcome, texts(&view)), (&unreachable, vec![NO_ANSWER]));
    world.assert_nothing_left();
}

#[tokio::test]
async fn a_bot_that_wants_a_human_or_promises_one_gets_one() {
    let wants = json!({"outcome": "wants_handover"});
    let promises = json!({"outcome": "answered", "reply": "I'm connecting you to a colleague."});
    for (seed, answer) in [(50, wants), (51, promises)] {
        let world = World::new(seed).await;
        own_bot(&world, move |_| (200, answer.clone())).await;
        ask(&world, "1", "my case is special").await;
        let view = world.see(CLIENT).await;
        assert_eq!(scenario(&view), Some(ScenarioKind::HumanRequested), "{seed}");
        assert_eq!(
            (view.texts.len(), view.closing()),
            (1, Some(LedgerState::Sent)),
            "its own words are not sent"
        );
    }
}

#[tokio::test]
async fn a_reply_that_was_in_the_making_is_not_sent_after_a_handover() {
    let world = World::new(52).await;
    let heard = own_bot(&world, |_| (200, json!({"outcome": "answered", "reply": "Late."}))).await;
    world.say(world.twilio(), CLIENT, "1", "hello").await;
    // Within the window, before the bot is asked.
    world.travel(SECOND).await;
    world.say(world.twilio(), CLIENT, "2", "I want to talk to a human").await;
    world.travel(MINUTE).await;
    let view = world.see(CLIENT).await;
    assert_eq!(scenario(&view), Some(ScenarioKind::HumanRequested));
    assert!(heard.lock().unwrap().is_empty(), "the bot is not asked in vain");
    assert!(view.ledger.iter().all(|entry| entry.purpose != Purpose::Bot));
    world.assert_nothing_left();
}

#[tokio::test]
async fn the_daily_cap_holds() {
    let world = World::answering(53).await;
    set_bot(&world, |bot| {
        bot.daily_messages = 2;
        bot.actions.clear();
    })
    .await;
    for id in ["1", "2", "3", "4"] {
        ask(&world, id, "when do you open?").await;
    }
    let view = world.see(CLIENT).await;
    assert_eq!(view.texts.len(), 2);
    assert_eq!(view.verdicts(), [Verdict::Turn, Verdict::Turn, Verdict::MessageCap, Verdict::MessageCap]);
}

/// A conversation that Alex has answered in, with a message of the client's that nobody has answered.
async fn left_waiting(world: &World) {
    let api = Api::clinic(world);
    ask(world, "1", "I want to talk to a human").await;
    let reply = json!({"staff": alex(world), "text": "Alex here: your invoice is paid."});
    api.command("reply", "r1", &reply).await;
    world.travel(MINUTE).await;
    world.say(world.twilio(), CLIENT, "2", "thanks! and where can I park?").await;
    world.travel(61 * MINUTE).await;
}

#[tokio::test]
async fn the_bot_comes_back_with_memory_and_answers_what_nobody_answered() {
    let world = World::new(60).await;
    let heard =
        own_bot(&world, |_| (200, json!({"outcome": "answered", "reply": "Behind the house."}))).await;
    left_waiting(&world).await;
    let question = heard.lock().unwrap().first().cloned().unwrap();
    let data = &question["data"];
    assert_eq!((&data["text"], &data["returning"]), (&json!("thanks! and where can I park?"), &json!(true)));
    let lines: Vec<(&str, &str)> = data["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["speaker"].as_str().unwrap(), line["text"].as_str().unwrap_or("")))
        .collect();
    let expected = [
        ("client", "I want to talk to a human"),
        ("humans_began", ""),
        ("staff", "Alex here: your invoice is paid."),
        ("humans_ended", ""),
    ];
    assert_eq!(lines, expected);
    let view = world.see(CLIENT).await;
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(texts(&view).last(), Some(&"Behind the house."));
    // From now on it has heard everything itself; and what was asked of humans before does not fire again.
    ask(&world, "3", "ok").await;
    let later = heard.lock().unwrap().last().cloned().unwrap();
    assert_eq!((&later["data"]["returning"], &later["data"]["history"]), (&json!(false), &Value::Null));
    assert_eq!(world.see(CLIENT).await.handovers.len(), 1);
}

#[tokio::test]
async fn what_nobody_answered_is_handed_over_again_or_left_alone_as_the_business_wants() {
    let again = World::new(61).await;
    let heard = own_bot(&again, |_| (200, json!({"outcome": "answered", "reply": "x"}))).await;
    set_bot(&again, |bot| bot.unanswered = UnansweredPolicy::HandOverAgain).await;
    left_waiting(&again).await;
    let view = again.see(CLIENT).await;
    assert_eq!((view.handovers.len(), heard.lock().unwrap().len()), (2, 0));

    let quiet = World::new(62).await;
    let heard = own_bot(&quiet, |_| (200, json!({"outcome": "answered", "reply": "x"}))).await;
    set_bot(&quiet, |bot| bot.unanswered = UnansweredPolicy::StayQuiet).await;
    left_waiting(&quiet).await;
    let view = quiet.see(CLIENT).await;
    assert_eq!((view.handovers.len(), &view.conversation.control), (1, &Control::Bot));
    assert!(heard.lock().unwrap().is_empty());
    // The client's next message is answered, and the bot knows what happened.
    ask(&quiet, "3", "hello?").await;
    let question = heard.lock().unwrap().first().cloned().unwrap();
    assert_eq!(question["data"]["returning"], json!(true));
    assert!(question["data"]["history"].to_string().contains("where can I park"));
}

#[tokio::test]
async fn an_account_that_keeps_no_text_is_answered_message_by_message() {
    let world = World::answering(63).await;
    let store = world.local.admin_store();
    let (mut account, _) = store.account(world.account()).await.unwrap().unwrap();
    account.store_text = false;
    store.put_account(&account).await.unwrap();
    ask(&world, "1", "where can I park?").await;
    let view = world.see(CLIENT).await;
    assert!(texts(&view).first().unwrap().starts_with("There is a car park"));
    assert!(view.messages.iter().all(|message| message.content.is_none()));
}

#[tokio::test]
async fn nobody_is_asked_where_the_bot_lives_elsewhere() {
    let world = World::new(64).await;
    set_bot(&world, |bot| assert_eq!(bot.connector, Connector::External)).await;
    ask(&world, "1", "where can I park?").await;
    let view = world.see(CLIENT).await;
    assert_eq!((view.verdicts(), view.texts.len()), (vec![Verdict::ExternalBot], 0));
    world.assert_nothing_left();
}

/// A question that ends in a handover, with every outgoing call failing in its turn.
#[tokio::test]
async fn a_question_survives_every_crash() {
    use std::sync::atomic::Ordering;

    use handover_cloud::Verdict as Fate;
    let mut calls = u64::MAX;
    let mut number = 0;
    while number < calls {
        let fates: &[Fate] = if calls == u64::MAX {
            &[Fate::Proceed]
        } else {
            &[Fate::CrashBefore, Fate::CrashAfter, Fate::LoseAnswer]
        };
        for fate in fates {
            let world = World::answering(70).await;
            world.stop_sweep();
            let first = calls == u64::MAX;
            let counter = world.strike(if first { u64::MAX } else { number }, fate.clone());
            world.say(world.twilio(), CLIENT, "1", UNKNOWN).await;
            world.travel(20 * MINUTE).await;
            let made = counter.load(Ordering::SeqCst);
            world.heal();
            let view = world.see(CLIENT).await;
            let at = format!("call {number} of {calls}: {fate:?}");
            assert_eq!(view.handovers.len(), 1, "{at}");
            assert_eq!(scenario(&view), Some(ScenarioKind::LackOfKnowledge), "{at}");
            match view.closing() {
                Some(LedgerState::Sent) => assert_eq!(view.texts.len(), 1, "{at}"),
                Some(LedgerState::Unknown) => assert!(view.texts.len() <= 1, "{at}"),
                other => panic!("{at}: {other:?}"),
            }
            assert!(view.conversation.promise.is_some(), "{at}");
            world.assert_nothing_left();
            if first {
                calls = made;
            }
        }
        // The first round only counts.
        number += u64::from(fates.len() > 1);
    }
    assert!(calls > 15, "the story makes calls: {calls}");
}
