//! Seeded choices, and the order of groups under any sequence of calls.

use super::*;
use proptest::prelude::*;

#[test]
fn a_seeded_order_mixes_groups_and_keeps_each_in_order() {
    let batches = |seed| {
        let world = world();
        world.fifo("q.fifo", &[]);
        for body in 0..12 {
            world.send("q.fifo", if body < 6 { "a" } else { "b" }, &format!("{body:02}"));
        }
        world.sqs.set_order(Some(Order { seed, reorder_standard: false, duplicate_standard: false }));
        world.bodies("q.fifo", 6)
    };
    let mut mixed = 0;
    for seed in 0..20 {
        let batch = batches(seed);
        assert_eq!(batch, batches(seed), "repeatable");
        let (a, b): (Vec<_>, Vec<_>) = batch.into_iter().partition(|body| body.as_str() < "06");
        mixed += usize::from(!a.is_empty() && !b.is_empty());
        assert!(a.is_sorted() && b.is_sorted());
    }
    assert!(mixed > 15, "{mixed} of 20 batches had both groups");
}

#[test]
fn a_seeded_order_shuffles_standard_queues_and_delivers_some_messages_twice() {
    let world = world();
    world.standard("q", &[]);
    for body in 0..40 {
        world.sqs.send("q", &SendRequest::text(format!("{body:02}"))).unwrap();
    }
    world.sqs.set_order(Some(Order { seed: 3, reorder_standard: true, duplicate_standard: true }));
    let mut seen = Vec::new();
    loop {
        let batch = world.receive("q", 10);
        if batch.is_empty() {
            break;
        }
        for message in &batch {
            world.sqs.delete("q", &message.receipt_handle).unwrap();
        }
        seen.extend(bodies(&batch));
    }
    assert!(!seen.is_sorted());
    let twice = seen.len() - 40;
    assert!((2..=20).contains(&twice), "{twice} twice");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 40, "nothing lost");
    assert_eq!(world.sqs.depths("q").unwrap().total(), 0);
}

/// What can be done to a FIFO queue in the property test.
#[derive(Clone, Debug)]
enum Step {
    Send(u8),
    Receive(usize),
    /// Delete the n-th of the messages in hand.
    Delete(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Step::Send),
        3 => (1..=5_usize).prop_map(Step::Receive),
        2 => (0..5_usize).prop_map(Step::Delete),
        1 => (1..12_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done: a group's messages are first received in the order of sending, never while
    /// another receive of the group is in flight, and `next_visible_at` tells exactly when a receive finds something.
    #[test]
    fn fifo_groups_stay_in_order(steps in proptest::collection::vec(step(), 1..60), seed in any::<Option<u64>>()) {
        let world = world();
        world.fifo("q.fifo", &[("VisibilityTimeout", "10")]);
        world.sqs.set_order(seed.map(|seed| Order { seed, reorder_standard: false, duplicate_standard: false }));
        let mut sent = 0_u32;
        // Group, body, handle and end of every receive that was not deleted.
        let mut in_hand: Vec<(String, String, String, i64)> = Vec::new();
        let mut last_seen: HashMap<String, String> = HashMap::new();
        for step in steps {
            let now = world.clock.now_ms();
            match step {
                Step::Send(group) => {
                    sent += 1;
                    world.send("q.fifo", &group.to_string(), &format!("{sent:04}"));
                }
                Step::Receive(max) => {
                    let ready = world.sqs.next_visible_at("q.fifo").unwrap() == Some(now);
                    let received = world.receive("q.fifo", max);
                    prop_assert_eq!(!received.is_empty(), ready);
                    in_hand.retain(|(_, _, _, end)| *end > now);
                    for message in &received {
                        let group = &message.attributes["MessageGroupId"];
                        prop_assert!(in_hand.iter().all(|(locked, ..)| locked != group), "received from a locked group");
                        if message.attributes["ApproximateReceiveCount"] == "1" {
                            let before = last_seen.insert(group.clone(), message.body.clone());
                            prop_assert!(before.is_none_or(|before| before < message.body), "out of order");
                        }
                    }
                    in_hand.extend(received.into_iter().map(|message| {
                        let group = message.attributes["MessageGroupId"].clone();
                        (group, message.body, message.receipt_handle, now + 10_000)
                    }));
                }
                Step::Delete(index) => {
                    in_hand.retain(|(_, _, _, end)| *end > now);
                    if index < in_hand.len() {
                        let (_, _, handle, _) = in_hand.remove(index);
                        world.sqs.delete("q.fifo", &handle).unwrap();
                    }
                }
                Step::Wait(seconds) => world.advance(seconds),
            }
        }
    }
}
