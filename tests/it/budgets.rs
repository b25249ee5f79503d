//! What each story costs, in calls and capacity units, against the budgets of the design.

use handover_cloud::{CallRecord, Service};
use handover_core::Control;
use handover_tests::{MINUTE, World};

const CLIENT: &str = "+4915112345678";

/// What a function spent.
#[derive(Debug, PartialEq)]
struct Cost {
    calls: usize,
    reads: f64,
    writes: f64,
}

fn cost(log: &[CallRecord], function: &str) -> Cost {
    let calls: Vec<&CallRecord> =
        log.iter().filter(|call| call.function.as_deref() == Some(function)).collect();
    Cost {
        calls: calls.len(),
        reads: calls.iter().map(|call| call.units.read).sum(),
        writes: calls.iter().map(|call| call.units.write).sum(),
    }
}

/// A world whose functions have their settings in memory.
async fn warm() -> World {
    let world = World::new(1).await;
    world.stop_sweep();
    world.say(world.twilio(), "+4915100000000", "0", "human").await;
    world.local.cloud().take_log();
    world
}

#[tokio::test]
async fn a_webhook_is_one_call() {
    let world = warm().await;
    world.post(world.twilio(), CLIENT, "1", "human").await;
    let log = world.local.cloud().take_log();
    assert_eq!(cost(&log, "evaluate"), Cost { calls: 1, reads: 0.0, writes: 0.0 });
}

#[tokio::test]
async fn a_message_that_changes_no_state_is_one_read_and_one_write() {
    let world = warm().await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    world.travel(MINUTE / 6).await;
    world.local.cloud().take_log();
    world.say(world.twilio(), CLIENT, "2", "and on sundays?").await;
    let log = world.local.cloud().take_log();
    assert_eq!(cost(&log, "execute"), Cost { calls: 2, reads: 1.0, writes: 1.0 });
}

#[tokio::test]
async fn a_message_that_changes_state() {
    let world = warm().await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    let log = world.local.cloud().take_log();
    let cost = cost(&log, "execute");
    // Goal 4: state and marker in one transaction. The fifth is the new row of the `inbox` index.
    assert_eq!((cost.reads, cost.writes), (1.0, 5.0));
}

#[tokio::test]
async fn a_handover() {
    let world = warm().await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    let log = world.local.cloud().take_log();
    let execute = cost(&log, "execute");
    assert_eq!(execute.reads, 1.0, "{log:#?}");
    // Goal 8, first bar 12: marker, state, contact and handover at 2, a row in each of the three indexes,
    // and the tag's row.
    assert_eq!(execute.writes, 12.0, "{log:#?}");
    // The closing message: claim and settle.
    let deliver = cost(&log, "deliver");
    assert_eq!((deliver.reads, deliver.writes), (1.0, 2.0), "{log:#?}");
    // Two notifications in the console, each recorded once, and an e-mail, claimed and settled.
    assert_eq!(cost(&log, "notify").writes, 4.0);
    let slow = log.iter().filter(|call| call.service == Service::Scheduler).count();
    assert_eq!(slow, 2, "the end of the pause, and the promise");
}

#[tokio::test]
async fn the_end_of_a_pause() {
    let world = warm().await;
    world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    world.travel(59 * MINUTE).await;
    // The other conversation's pause ends at the same time; only ours is counted.
    world.local.cloud().take_log();
    world.travel(2 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
    let log = world.local.cloud().take_log();
    let writes: Vec<f64> = log
        .iter()
        .filter(|call| call.operation == "TransactWriteItems")
        .map(|call| call.units.write)
        .collect();
    // First bar 8: marker, state and handover at 2, the row's move in the `inbox` index at 2.
    assert_eq!(writes, [8.0, 8.0], "{log:#?}");
}

/// From a question to the submitted answer of the built-in bot.
#[tokio::test]
async fn an_answer_from_the_entries() {
    let world = World::answering(1).await;
    world.stop_sweep();
    world.say(world.twilio(), CLIENT, "1", "where can I park my car?").await;
    // Settings are read anew after half a minute.
    world.travel(MINUTE / 3).await;
    world.local.cloud().take_log();
    world.say(world.twilio(), CLIENT, "2", "when do you open?").await;
    let asked = world.local.cloud().take_log();
    world.travel(MINUTE / 20).await;
    let answered = world.local.cloud().take_log();
    assert_eq!(world.see(CLIENT).await.texts.len(), 2);

    // The message: state and marker in one transaction, for the state says what the bot was asked.
    let message = cost(&asked, "execute");
    assert_eq!((message.reads, message.writes), (1.0, 4.0), "{asked:#?}");
    // The question: the state alone; the entries are in memory.
    assert_eq!(cost(&answered, "respond"), Cost { calls: 2, reads: 1.0, writes: 0.0 }, "{answered:#?}");
    // From the outcome to the submitted text: goal 3 WRU and 2 RRU, first bar 6 WRU, which it reaches where
    // the outcome writes the state too: it counts an attempt, or, as here, the client asks about something else.
    let (outcome, sent) = (cost(&answered, "execute"), cost(&answered, "deliver"));
    assert_eq!((outcome.reads + sent.reads, outcome.writes + sent.writes), (2.0, 6.0), "{answered:#?}");
    // Four hops: to the conversation, to the bot, to the conversation, to the client; beside them the client
    // is shown that somebody writes.
    let hops = asked.iter().chain(&answered).filter(|call| call.operation == "SendMessageBatch").count();
    assert_eq!(hops, 5, "{asked:#?} {answered:#?}");
}

/// Without a repeated_failure action nothing is counted, and the outcome changes nothing but the transcript.
#[tokio::test]
async fn an_answer_where_nothing_is_counted_meets_the_goal() {
    let world = World::answering(2).await;
    world.stop_sweep();
    let store = world.local.admin_store();
    let bot = store.revision(world.account(), &world.sample.clinic.bot, 1).await.unwrap().unwrap().bot;
    let actions = bot.actions.into_iter().filter(|action| action.id.as_str() != "repeated_failure").collect();
    store.put_bot(world.account(), &handover_core::Bot { actions, ..bot }).await.unwrap();
    world.say(world.twilio(), CLIENT, "1", "where can I park my car?").await;
    // Settings are read anew after half a minute.
    world.travel(MINUTE / 3).await;
    world.say(world.twilio(), CLIENT, "2", "when do you open?").await;
    world.local.cloud().take_log();
    world.travel(MINUTE / 20).await;
    let log = world.local.cloud().take_log();
    let (outcome, sent) = (cost(&log, "execute"), cost(&log, "deliver"));
    assert_eq!((outcome.reads + sent.reads, outcome.writes + sent.writes), (2.0, 3.0), "{log:#?}");
}
