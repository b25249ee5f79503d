//! The semantics of the queues, on a manual clock.

mod order;
mod wire;

use super::*;
use crate::storage::Storage;
use serde_json::{Value, json};
use std::time::Duration;

const START: i64 = 1_800_000_000_000;
const SECOND: Duration = Duration::from_secs(1);

struct World {
    clock: Clock,
    sqs: Sqs,
}

fn world() -> World {
    let clock = Clock::manual(START);
    let sqs = Sqs::open(Storage::Memory.open_queues().unwrap(), clock.clone()).unwrap();
    World { clock, sqs }
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl World {
    fn standard(&self, name: &str, pairs: &[(&str, &str)]) {
        self.sqs.create_queue(name, &attributes(pairs)).unwrap();
    }

    fn fifo(&self, name: &str, pairs: &[(&str, &str)]) {
        let mut all = attributes(pairs);
        all.insert("FifoQueue".to_owned(), "true".to_owned());
        self.sqs.create_queue(name, &all).unwrap();
    }

    fn send(&self, queue: &str, group: &str, body: &str) -> Sent {
        self.sqs.send(queue, &in_group(group, body, body)).unwrap()
    }

    fn receive(&self, queue: &str, max: usize) -> Vec<ReceivedMessage> {
        self.sqs.receive(queue, max, None).unwrap()
    }

    fn bodies(&self, queue: &str, max: usize) -> Vec<String> {
        bodies(&self.receive(queue, max))
    }

    fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, operation: &str, body: Value) -> Result<Value, (String, Value)> {
        let response = self.sqs.call(operation, "aws.local", body.to_string().as_bytes()).await;
        let value: Value = serde_json::from_slice(response.body()).unwrap();
        if response.status().is_success() {
            return Ok(value);
        }
        let code = response.headers().get("x-amzn-query-error").unwrap().to_str().unwrap().to_owned();
        Err((code, value))
    }
}

fn in_group(group: &str, body: &str, deduplication_id: &str) -> SendRequest {
    SendRequest {
        group_id: Some(group.to_owned()),
        deduplication_id: Some(deduplication_id.to_owned()),
        ..SendRequest::text(body)
    }
}

fn bodies(messages: &[ReceivedMessage]) -> Vec<String> {
    messages.iter().map(|message| message.body.clone()).collect()
}

fn code(result: Result<impl Sized, ServiceError>) -> String {
    result.err().expect("a refusal").code
}

#[test]
fn a_group_is_received_in_order_and_locked_while_one_of_it_is_in_flight() {
    let world = world();
    world.fifo("q.fifo", &[]);
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3"), ("b", "b2")] {
        world.send("q.fifo", group, body);
    }
    let first = world.receive("q.fifo", 3);
    assert_eq!(bodies(&first), ["a1", "b1", "a2"]);
    assert!(world.bodies("q.fifo", 10).is_empty(), "both groups are locked");

    world.sqs.delete("q.fifo", &first[1].receipt_handle).unwrap();
    assert_eq!(world.bodies("q.fifo", 10), ["b2"], "b is free, a is not");
    world.sqs.delete("q.fifo", &first[0].receipt_handle).unwrap();
    assert!(world.bodies("q.fifo", 10).is_empty(), "a2 is still in flight");
    world.sqs.change_visibility("q.fifo", &first[2].receipt_handle, Duration::ZERO).unwrap();
    let both = world.receive("q.fifo", 10);
    assert_eq!(bodies(&both), ["a2", "a3"], "given back, in order");
    world.sqs.change_visibility("q.fifo", &both[0].receipt_handle, Duration::ZERO).unwrap();
    assert!(world.bodies("q.fifo", 10).is_empty(), "a later one of the group is still in flight");
}

#[test]
fn a_time_out_gives_the_group_back_from_its_first_message() {
    let world = world();
    world.fifo("q.fifo", &[("VisibilityTimeout", "5")]);
    world.send("q.fifo", "a", "a1");
    world.send("q.fifo", "a", "a2");
    assert_eq!(world.bodies("q.fifo", 1), ["a1"]);
    world.clock.advance(Duration::from_millis(4_999));
    assert!(world.bodies("q.fifo", 1).is_empty());
    world.clock.advance(Duration::from_millis(1));
    let again = world.receive("q.fifo", 10);
    assert_eq!(bodies(&again), ["a1", "a2"]);
    assert_eq!(again[0].attributes["ApproximateReceiveCount"], "2");
    assert_eq!(again[0].attributes["ApproximateFirstReceiveTimestamp"], START.to_string());
}

#[test]
fn a_deduplication_id_is_remembered_for_five_minutes_even_after_the_delete() {
    let world = world();
    world.fifo("q.fifo", &[]);
    let first = world.sqs.send("q.fifo", &in_group("a", "one", "id")).unwrap();
    let received = world.receive("q.fifo", 1);
    world.sqs.delete("q.fifo", &received[0].receipt_handle).unwrap();

    world.clock.advance(Duration::from_millis(299_999));
    let second = world.sqs.send("q.fifo", &in_group("b", "two", "id")).unwrap();
    assert_eq!((&second.message_id, &second.sequence_number), (&first.message_id, &first.sequence_number));
    assert_eq!(world.sqs.depths("q.fifo").unwrap().total(), 0);

    world.clock.advance(Duration::from_millis(1));
    let third = world.sqs.send("q.fifo", &in_group("a", "three", "id")).unwrap();
    assert_ne!(third.message_id, first.message_id);
    assert!(third.sequence_number > first.sequence_number);
    assert_eq!(world.bodies("q.fifo", 10), ["three"]);
}

#[test]
fn deduplication_is_by_queue_by_group_or_by_content() {
    let world = world();
    let by_group = [("DeduplicationScope", "messageGroup"), ("FifoThroughputLimit", "perMessageGroupId")];
    world.fifo("queue.fifo", &[]);
    world.fifo("group.fifo", &by_group);
    world.fifo("content.fifo", &[("ContentBasedDeduplication", "true")]);
    for queue in ["queue.fifo", "group.fifo"] {
        world.sqs.send(queue, &in_group("a", "1", "id")).unwrap();
        world.sqs.send(queue, &in_group("b", "2", "id")).unwrap();
        world.sqs.send(queue, &in_group("b", "3", "id")).unwrap();
    }
    assert_eq!(world.bodies("queue.fifo", 10), ["1"]);
    assert_eq!(world.bodies("group.fifo", 10), ["1", "2"]);

    let plain = |body: &str| SendRequest { group_id: Some("a".to_owned()), ..SendRequest::text(body) };
    for body in ["x", "x", "y"] {
        world.sqs.send("content.fifo", &plain(body)).unwrap();
    }
    assert_eq!(world.bodies("content.fifo", 10), ["x", "y"]);
    assert_eq!(code(world.sqs.send("queue.fifo", &plain("x"))), "InvalidParameterValue");
}

#[test]
fn a_message_received_too_often_goes_to_the_dead_letter_queue_and_frees_its_group() {
    let world = world();
    // The dead-letter queue counts its own receives only: it does not pass the message on at once.
    world.fifo("grave.fifo", &[]);
    let policy = json!({ "deadLetterTargetArn": queue_arn("grave.fifo"), "maxReceiveCount": 1 }).to_string();
    world.fifo("dead.fifo", &[("RedrivePolicy", &policy)]);
    let policy = json!({ "deadLetterTargetArn": queue_arn("dead.fifo"), "maxReceiveCount": 2 }).to_string();
    world.fifo("q.fifo", &[("RedrivePolicy", &policy), ("VisibilityTimeout", "1")]);
    let mut request = in_group("a", "poison", "p");
    request.trace_header = Some("Root=1".to_owned());
    let string = MessageAttribute {
        data_type: "String".to_owned(),
        string_value: Some("v".to_owned()),
        binary_value: None,
    };
    request.attributes.insert("k".to_owned(), string);
    let sent = world.sqs.send("q.fifo", &request).unwrap();
    world.send("q.fifo", "a", "next");

    for _ in 0..2 {
        assert_eq!(world.bodies("q.fifo", 1), ["poison"]);
        world.advance(1);
    }
    assert_eq!(world.bodies("q.fifo", 10), ["next"], "the group goes on in the same receive");

    let dead = world.receive("dead.fifo", 10);
    assert_eq!(bodies(&dead), ["poison"]);
    assert_eq!(dead[0].message_id, sent.message_id);
    assert_eq!(dead[0].message_attributes, request.attributes);
    assert_eq!(dead[0].attributes["MessageGroupId"], "a");
    assert_eq!(dead[0].attributes["AWSTraceHeader"], "Root=1");
    assert_eq!(dead[0].attributes["ApproximateReceiveCount"], "3", "counted over all queues");
    assert_eq!(dead[0].attributes["DeadLetterQueueSourceArn"], queue_arn("q.fifo"));
    assert_eq!(world.sqs.dead_letter_sources("dead.fifo").unwrap(), ["q.fifo"]);
    assert_eq!(world.sqs.depths("q.fifo").unwrap().total(), 1);
}

#[test]
fn a_dead_letter_queue_of_another_kind_or_none_is_refused() {
    let world = world();
    world.fifo("dead.fifo", &[]);
    for target in ["dead.fifo", "missing"] {
        for count in ["1", "1001", "0"] {
            let policy =
                json!({ "deadLetterTargetArn": queue_arn(target), "maxReceiveCount": count }).to_string();
            let refused = code(world.sqs.create_queue("q", &attributes(&[("RedrivePolicy", &policy)])));
            let expected = if count == "1" { "InvalidParameterValue" } else { "InvalidAttributeValue" };
            assert_eq!(refused, expected, "{target} {count}");
        }
    }
}

#[test]
fn messages_end_with_the_retention_which_starts_anew_in_a_fifo_dead_letter_queue_only() {
    for (suffix, kept) in [("", 0), (".fifo", 1)] {
        let world = world();
        let retention = ("MessageRetentionPeriod", "60");
        let (dead, queue) = (format!("dead{suffix}"), format!("q{suffix}"));
        let policy = json!({ "deadLetterTargetArn": queue_arn(&dead), "maxReceiveCount": 1 }).to_string();
        let pairs = [("RedrivePolicy", policy.as_str()), ("VisibilityTimeout", "1"), retention];
        let request = if suffix.is_empty() {
            world.standard(&dead, &[retention]);
            world.standard(&queue, &pairs);
            SendRequest::text("m")
        } else {
            world.fifo(&dead, &[retention]);
            world.fifo(&queue, &pairs);
            in_group("a", "m", "m")
        };
        world.sqs.send(&queue, &request).unwrap();
        assert_eq!(world.bodies(&queue, 1), ["m"]);
        world.advance(30);
        assert!(world.bodies(&queue, 1).is_empty(), "moved");
        world.advance(29);
        assert_eq!(world.sqs.depths(&dead).unwrap().total(), 1);
        world.advance(1);
        assert_eq!(world.sqs.depths(&dead).unwrap().total(), kept, "{suffix}");
    }
}

#[test]
fn a_stale_handle_deletes_nothing_silently_on_standard_queues_and_is_refused_on_fifo_queues() {
    let world = world();
    world.standard("q", &[("VisibilityTimeout", "1")]);
    world.fifo("q.fifo", &[("VisibilityTimeout", "1")]);
    world.sqs.send("q", &SendRequest::text("m")).unwrap();
    world.send("q.fifo", "a", "m");
    for (queue, fifo) in [("q", false), ("q.fifo", true)] {
        let old = world.receive(queue, 1).remove(0).receipt_handle;
        world.advance(1);
        if fifo {
            assert_eq!(code(world.sqs.delete(queue, &old)), "InvalidParameterValue", "expired");
        }
        let new = world.receive(queue, 1).remove(0).receipt_handle;
        assert_ne!(old, new);
        let result = world.sqs.delete(queue, &old);
        assert_eq!(result.is_err(), fifo);
        assert_eq!(world.sqs.depths(queue).unwrap().in_flight, 1);
        if !fifo {
            world.advance(1);
        }
        world.sqs.delete(queue, &new).unwrap();
        assert_eq!(
            world.sqs.depths(queue).unwrap().total(),
            0,
            "an expired latest handle is good on standard queues"
        );
        world.sqs.delete(queue, &new).unwrap();
    }
    let standard = {
        world.sqs.send("q", &SendRequest::text("m")).unwrap();
        world.receive("q", 1).remove(0).receipt_handle
    };
    for handle in ["nonsense", "", &standard] {
        assert_eq!(code(world.sqs.delete("q.fifo", handle)), "ReceiptHandleIsInvalid", "{handle}");
    }
}

#[test]
fn visibility_changes_only_in_flight_and_up_to_twelve_hours_in_all() {
    let world = world();
    world.standard("q", &[("VisibilityTimeout", "10")]);
    world.sqs.send("q", &SendRequest::text("m")).unwrap();
    let first = world.receive("q", 1).remove(0).receipt_handle;
    let change =
        |handle: &str, seconds| world.sqs.change_visibility("q", handle, Duration::from_secs(seconds));
    world.advance(5);
    change(&first, 10).unwrap();
    world.clock.advance(Duration::from_millis(9_999));
    assert_eq!(world.sqs.depths("q").unwrap().in_flight, 1, "counted from the change");
    change(&first, 43_185).unwrap();
    assert_eq!(code(change(&first, 43_186)), "InvalidParameterValue", "12 hours from the receive");
    assert_eq!(code(change(&first, 43_201)), "InvalidParameterValue");
    change(&first, 1).unwrap();
    world.advance(1);
    assert_eq!(code(change(&first, 1)), "MessageNotInflight");
    let second = world.receive("q", 1).remove(0).receipt_handle;
    assert_eq!(code(change(&first, 1)), "InvalidParameterValue", "stale");
    world.sqs.delete("q", &second).unwrap();
    assert_eq!(code(change(&second, 1)), "InvalidParameterValue", "gone");
}

#[test]
fn a_message_is_delayed_by_itself_or_by_its_queue() {
    let world = world();
    world.standard("q", &[("DelaySeconds", "10")]);
    world.fifo("q.fifo", &[("DelaySeconds", "10")]);
    world.sqs.send("q", &SendRequest::text("queue")).unwrap();
    world.sqs.send("q", &SendRequest { delay_seconds: Some(0), ..SendRequest::text("now") }).unwrap();
    world.sqs.send("q", &SendRequest { delay_seconds: Some(900), ..SendRequest::text("late") }).unwrap();
    let too_late = SendRequest { delay_seconds: Some(901), ..SendRequest::text("x") };
    assert_eq!(code(world.sqs.send("q", &too_late)), "InvalidParameterValue");
    let delayed_fifo = SendRequest { delay_seconds: Some(1), ..in_group("a", "x", "x") };
    assert_eq!(code(world.sqs.send("q.fifo", &delayed_fifo)), "InvalidParameterValue");

    assert_eq!(world.bodies("q", 10), ["now"]);
    assert_eq!(world.sqs.depths("q").unwrap(), Depths { visible: 0, in_flight: 1, delayed: 2 });
    world.advance(10);
    assert_eq!(world.bodies("q", 10), ["queue"]);
    world.advance(890);
    assert!(world.bodies("q", 10).contains(&"late".to_owned()));

    world.send("q.fifo", "a", "first");
    world.sqs.set_attributes("q.fifo", &attributes(&[("DelaySeconds", "0")])).unwrap();
    world.send("q.fifo", "a", "second");
    world.send("q.fifo", "b", "other");
    assert_eq!(world.bodies("q.fifo", 10), ["other"], "order holds behind a delayed message");
    world.advance(10);
    assert_eq!(world.bodies("q.fifo", 10), ["first", "second"]);
}

#[tokio::test]
async fn a_long_poll_is_woken_by_a_send_by_the_clock_and_by_its_end() {
    let world = world();
    world.standard("q", &[]);
    let poll = || world.sqs.receive_wait("q", 10, Some(30 * SECOND), 20 * SECOND);
    let (received, ()) = tokio::join!(poll(), async {
        tokio::task::yield_now().await;
        world.sqs.send("q", &SendRequest::text("sent")).unwrap();
    });
    assert_eq!(bodies(&received.unwrap()), ["sent"]);

    world.sqs.send("q", &SendRequest { delay_seconds: Some(15), ..SendRequest::text("delayed") }).unwrap();
    let (received, ()) = tokio::join!(poll(), async {
        tokio::task::yield_now().await;
        world.advance(15);
    });
    assert_eq!(bodies(&received.unwrap()), ["delayed"]);

    world.sqs.purge("q").unwrap();
    let (received, ()) = tokio::join!(poll(), async {
        tokio::task::yield_now().await;
        world.advance(20);
    });
    assert!(received.unwrap().is_empty());
}

#[tokio::test]
async fn a_long_poll_sees_a_group_unlocked() {
    let world = world();
    world.fifo("q.fifo", &[]);
    world.send("q.fifo", "a", "a1");
    world.send("q.fifo", "a", "a2");
    let first = world.receive("q.fifo", 1).remove(0);
    let (received, ()) = tokio::join!(world.sqs.receive_wait("q.fifo", 10, None, 20 * SECOND), async {
        tokio::task::yield_now().await;
        world.sqs.delete("q.fifo", &first.receipt_handle).unwrap();
    });
    assert_eq!(bodies(&received.unwrap()), ["a2"]);
}

#[test]
fn peeking_changes_nothing_and_shows_everything() {
    let world = world();
    world.fifo("q.fifo", &[]);
    let sent = world.send("q.fifo", "a", "m");
    world.receive("q.fifo", 1);
    let stored = world.sqs.peek_all("q.fifo").unwrap();
    assert_eq!(stored, world.sqs.peek_all("q.fifo").unwrap());
    let expected = StoredMessage {
        message_id: sent.message_id,
        body: "m".to_owned(),
        attributes: MessageAttributes::new(),
        group_id: Some("a".to_owned()),
        deduplication_id: Some("m".to_owned()),
        sent_at_ms: START,
        visible_at_ms: START + 30_000,
        receive_count: 1,
        dead_letter_source: None,
    };
    assert_eq!(stored, [expected]);
}

#[test]
fn a_deleted_queue_takes_its_messages_and_handles_with_it() {
    let world = world();
    world.standard("q", &[]);
    world.sqs.send("q", &SendRequest::text("m")).unwrap();
    let old = world.receive("q", 1).remove(0).receipt_handle;
    world.sqs.delete_queue("q").unwrap();
    assert_eq!(code(world.sqs.receive("q", 1, None)), "QueueDoesNotExist");
    world.standard("q", &[]);
    assert_eq!(world.sqs.depths("q").unwrap().total(), 0);
    assert_eq!(code(world.sqs.delete("q", &old)), "ReceiptHandleIsInvalid");
}

#[test]
fn queue_names_and_attributes_are_checked() {
    let world = world();
    let create = |name: &str, pairs: &[(&str, &str)]| world.sqs.create_queue(name, &attributes(pairs));
    let long = "x".repeat(81);
    for (name, pairs, expected) in [
        ("", &[][..], "InvalidParameterValue"),
        ("a b", &[], "InvalidParameterValue"),
        (long.as_str(), &[], "InvalidParameterValue"),
        ("q.fifo", &[], "InvalidParameterValue"),
        ("q", &[("FifoQueue", "true")], "InvalidParameterValue"),
        ("q", &[("FifoQueue", "false")], "InvalidAttributeName"),
        ("q", &[("ContentBasedDeduplication", "true")], "InvalidAttributeName"),
        ("q", &[("Colour", "red")], "InvalidAttributeName"),
        ("q", &[("VisibilityTimeout", "43201")], "InvalidAttributeValue"),
        ("q", &[("DelaySeconds", "901")], "InvalidAttributeValue"),
        ("q", &[("MessageRetentionPeriod", "59")], "InvalidAttributeValue"),
        ("q", &[("MaximumMessageSize", "1048577")], "InvalidAttributeValue"),
        ("q", &[("ReceiveMessageWaitTimeSeconds", "x")], "InvalidAttributeValue"),
        (
            "q.fifo",
            &[("FifoQueue", "true"), ("FifoThroughputLimit", "perMessageGroupId")],
            "InvalidAttributeValue",
        ),
    ] {
        assert_eq!(code(create(name, pairs)), expected, "{name} {pairs:?}");
    }
    create("q", &[("DelaySeconds", "5")]).unwrap();
    create("q", &[("DelaySeconds", "5")]).unwrap();
    create("q", &[]).unwrap();
    assert_eq!(code(create("q", &[("DelaySeconds", "6")])), "QueueNameExists");
    world.sqs.set_attributes("q", &attributes(&[("DelaySeconds", "")])).unwrap();
    assert_eq!(world.sqs.attributes("q").unwrap()["DelaySeconds"], "0");
}

#[test]
fn what_died_with_its_process_is_receivable_at_once_and_nothing_else_is() {
    let world = world();
    world.standard("q", &[]);
    world.fifo("q.fifo", &[]);
    world.sqs.send("q", &SendRequest::text("held")).unwrap();
    let later = SendRequest { delay_seconds: Some(60), ..SendRequest::text("delayed") };
    world.sqs.send("q", &later).unwrap();
    world.send("q.fifo", "a", "a1");
    world.send("q.fifo", "a", "a2");
    let held = world.receive("q", 10);
    assert_eq!(bodies(&held), ["held"]);
    assert_eq!(world.bodies("q.fifo", 1), ["a1"]);
    assert!(world.bodies("q", 10).is_empty() && world.bodies("q.fifo", 10).is_empty());

    assert_eq!(world.sqs.release_in_flight().unwrap(), 2);
    assert_eq!(world.bodies("q.fifo", 10), ["a1", "a2"], "in order, as before");
    let again = world.receive("q", 10);
    assert_eq!(bodies(&again), ["held"], "what was sent with a delay waits for its time");
    assert_eq!(again[0].attributes["ApproximateReceiveCount"], "2");
    // The dead one's handle is an earlier receive's.
    world.sqs.delete("q", &held[0].receipt_handle).unwrap();
    assert_eq!(world.sqs.depths("q").unwrap().in_flight, 1);
}
