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
