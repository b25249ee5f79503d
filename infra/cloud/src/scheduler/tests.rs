//! The semantics of schedules, on a manual clock.

use super::*;
use crate::sqs::{Attributes, queue_arn};
use crate::storage::Storage;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// 2026-11-22T14:00:00Z, a Sunday.
const START: i64 = 1_795_356_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

struct World {
    clock: Clock,
    sqs: Sqs,
    scheduler: Scheduler,
}

fn world() -> World {
    let clock = Clock::manual(START);
    let database = Storage::Memory.open_queues().unwrap();
    let sqs = Sqs::open(database.clone(), clock.clone()).unwrap();
    for queue in ["timers", "dead"] {
        sqs.create_queue(queue, &Attributes::new()).unwrap();
    }
    let scheduler = Scheduler::open(database, clock.clone(), sqs.clone()).unwrap();
    scheduler.set_lateness(Lateness::Exact);
    World { clock, sqs, scheduler }
}

/// A complete request with some members replaced; `null` removes one.
fn request(changes: &Value) -> Value {
    let mut request = json!({
        "ScheduleExpression": "at(2026-11-22T15:00:00)",
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": queue_arn("timers"),
            "RoleArn": "arn:aws:iam::000000000000:role/scheduler",
            "Input": "{\"kind\":\"resume\"}",
        },
    });
    for (name, value) in changes.as_object().unwrap() {
        match (request.get_mut(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new.clone()),
            _ => request[name] = value.clone(),
        }
    }
    request
}

impl World {
    fn call(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        body: &Value,
    ) -> Result<Value, (u16, String, String)> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.scheduler.call(method, path, query, body.as_bytes());
        let value: Value = serde_json::from_slice(response.body()).unwrap();
        if response.status().is_success() {
            return Ok(value);
        }
        let kind = response.headers()["x-amzn-errortype"].to_str().unwrap().to_owned();
        Err((response.status().as_u16(), kind, value["Message"].as_str().unwrap().to_owned()))
    }

    fn create(&self, name: &str, changes: &Value) -> Result<Value, (u16, String, String)> {
        self.call(&Method::POST, &format!("/schedules/{name}"), "", &request(changes))
    }

    fn advance_ms(&self, ms: i64) {
        self.clock.advance(Duration::from_millis(ms.unsigned_abs()));
    }

    /// What fires now: name and number of messages.
    fn fired(&self) -> Vec<(String, usize)> {
        let fired = self.scheduler.fire_due().unwrap().into_iter();
        fired.map(|fired| (fired.name, fired.message_ids.len())).collect()
    }

    fn bodies(&self, queue: &str) -> Vec<String> {
        self.sqs.peek_all(queue).unwrap().into_iter().map(|message| message.body).collect()
    }

    fn names(&self) -> Vec<String> {
        self.scheduler.schedules(None).unwrap().into_iter().map(|schedule| schedule.name).collect()
    }
}

#[test]
fn a_one_time_schedule_fires_at_its_time_once_and_deletes_itself() {
    let world = world();
    world.create("once", &json!({})).unwrap();
    world.create("kept", &json!({ "ActionAfterCompletion": "NONE" })).unwrap();
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + HOUR));
    world.advance_ms(HOUR - 1);
    assert!(world.fired().is_empty());
    world.advance_ms(1);
    assert_eq!(world.fired(), [("kept".to_owned(), 1), ("once".to_owned(), 1)]);
    assert_eq!(world.bodies("timers"), [r#"{"kind":"resume"}"#, r#"{"kind":"resume"}"#]);
    assert_eq!(world.names(), ["kept"]);
    world.advance_ms(HOUR);
    assert!(world.fired().is_empty());
    assert_eq!(world.scheduler.next_due_at().unwrap(), None);
}

#[test]
fn due_schedules_fire_in_the_order_of_their_times() {
    let world = world();
    for (name, time) in [("a", "15:30:00"), ("b", "15:10:00"), ("c", "15:20:00"), ("d", "17:00:00")] {
        world.create(name, &json!({ "ScheduleExpression": format!("at(2026-11-22T{time})") })).unwrap();
    }
    world.advance_ms(2 * HOUR);
    let names: Vec<_> = world.fired().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "c", "a"]);
}

#[test]
fn schedules_are_late_by_less_than_a_minute_the_same_every_time() {
    let times = |seed| {
        let world = world();
        world.scheduler.set_lateness(Lateness::Seeded(seed));
        let mut times = Vec::new();
        for name in ["a", "b", "c", "d", "e"] {
            world.create(name, &json!({})).unwrap();
            let at = world.scheduler.next_due_at().unwrap().unwrap();
            assert!((0..MINUTE).contains(&(at - START - HOUR)), "{at}");
            world.scheduler.delete_schedule("default", name).unwrap();
            times.push(at);
        }
        times
    };
    assert_eq!(times(1), times(1));
    assert_ne!(times(1), times(2));
    let mut distinct = times(1);
    distinct.dedup();
    assert!(distinct.len() > 3, "{distinct:?}");
}

#[test]
fn nothing_fires_before_its_late_time_and_the_earliest_of_all_is_next() {
    let world = world();
    world.scheduler.set_lateness(Lateness::Seeded(5));
    for second in 0..30 {
        let expression = format!("at(2026-11-22T15:00:{second:02})");
        world.create(&format!("s{second}"), &json!({ "ScheduleExpression": expression })).unwrap();
    }
    let mut fired = 0;
    while let Some(next) = world.scheduler.next_due_at().unwrap() {
        world.clock.set(next - 1);
        assert!(world.fired().is_empty());
        world.clock.set(next);
        let now = world.fired().len();
        assert!(now > 0);
        fired += now;
    }
    assert_eq!(fired, 30);
}

#[test]
fn timers_can_be_dropped_doubled_or_fired_at_once() {
    for (lateness, calls) in [(Lateness::Dropped, 0), (Lateness::Doubled, 2)] {
        let world = world();
        world.scheduler.set_lateness(lateness);
        world.create("once", &json!({})).unwrap();
        world.advance_ms(HOUR);
        assert_eq!(world.fired(), [("once".to_owned(), calls)]);
        assert_eq!(world.bodies("timers").len(), calls);
        assert!(world.names().is_empty());
    }
    let world = world();
    world.create("once", &json!({})).unwrap();
    world.create("off", &json!({ "State": "DISABLED" })).unwrap();
    let fired = world.scheduler.fire_all_now().unwrap();
    assert_eq!((fired.len(), fired[0].due_at_ms), (1, START + HOUR));
    assert_eq!(world.bodies("timers").len(), 1);
    assert_eq!(world.names(), ["off"]);
}

#[test]
fn recurring_schedules_go_on_between_their_dates_and_do_not_make_up_for_what_they_missed() {
    let world = world();
    let dates = json!({
        "ScheduleExpression": "rate(5 minutes)",
        "StartDate": (START + MINUTE) / 1000,
        "EndDate": (START + 31 * MINUTE) / 1000,
    });
    world.create("sweep", &dates).unwrap();
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + MINUTE));
    world.advance_ms(MINUTE);
    assert_eq!(world.fired().len(), 1);
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + 6 * MINUTE));
    world.advance_ms(17 * MINUTE);
    assert_eq!(world.fired().len(), 1, "three were missed, one fires");
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + 21 * MINUTE), "on the old beat");
    world.advance_ms(10 * MINUTE);
    assert_eq!(world.fired().len(), 1);
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + 31 * MINUTE), "the end counts");
    world.advance_ms(10 * MINUTE);
    assert_eq!(world.fired().len(), 1);
    assert!(world.names().is_empty(), "deleted after its last call");
}

#[test]
fn a_rate_without_a_start_fires_at_once() {
    let world = world();
    world.create("sweep", &json!({ "ScheduleExpression": "rate(5 minutes)" })).unwrap();
    assert_eq!(world.fired().len(), 1);
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + 5 * MINUTE));
}

#[test]
fn a_call_that_fails_goes_to_the_dead_letter_queue() {
    let world = world();
    let target = json!({ "Arn": queue_arn("missing"), "DeadLetterConfig": { "Arn": queue_arn("dead") } });
    world.create("lost", &json!({ "Target": target })).unwrap();
    world.advance_ms(HOUR);
    let fired = world.scheduler.fire_due().unwrap();
    assert!(fired[0].error.as_deref().unwrap().contains("QueueDoesNotExist"));
    assert_eq!(world.bodies("dead"), [r#"{"kind":"resume"}"#]);
}

#[test]
fn the_input_gets_its_context_and_is_described_when_there_is_none() {
    let world = world();
    let input = r#"{"arn":"<aws.scheduler.schedule-arn>","at":"<aws.scheduler.scheduled-time>"}"#;
    world.create("context", &json!({ "Target": { "Input": input } })).unwrap();
    let mut without = request(&json!({}));
    without["Target"].as_object_mut().unwrap().remove("Input");
    world.call(&Method::POST, "/schedules/without", "", &without).unwrap();
    world.advance_ms(HOUR);
    world.fired();
    let bodies: Vec<Value> =
        world.bodies("timers").iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    assert_eq!(bodies[0], json!({ "arn": schedule_arn("default", "context"), "at": "2026-11-22T15:00:00Z" }));
    assert_eq!(bodies[1]["resources"], json!([schedule_arn("default", "without")]));
}

#[test]
fn a_repeated_request_is_harmless_and_a_taken_name_is_a_conflict() {
    let world = world();
    let token = json!({ "ClientToken": "token-1" });
    let created = world.create("s", &token).unwrap();
    assert_eq!(created["ScheduleArn"], schedule_arn("default", "s"));
    assert_eq!(world.create("s", &token).unwrap(), created);
    for other in [
        json!({ "ClientToken": "token-1", "Description": "other" }),
        json!({ "ClientToken": "token-2" }),
        json!({}),
    ] {
        let (status, kind, _) = world.create("s", &other).unwrap_err();
        assert_eq!((status, kind.as_str()), (409, "ConflictException"), "{other}");
    }
}

#[test]
fn requests_are_checked() {
    let world = world();
    let nothing = Value::Null;
    for (changes, expected) in [
        (json!({ "ScheduleExpression": nothing }), "scheduleExpression"),
        (json!({ "FlexibleTimeWindow": nothing }), "flexibleTimeWindow"),
        (json!({ "FlexibleTimeWindow": { "Mode": "ON" } }), "flexibleTimeWindow"),
        (json!({ "FlexibleTimeWindow": { "Mode": "FLEXIBLE" } }), "flexibleTimeWindow"),
        (json!({ "Target": nothing }), "target"),
        (json!({ "Target": { "RoleArn": "role" } }), "target.roleArn"),
        (json!({ "Target": { "RoleArn": "arn:aws:iam::1:role/x" } }), "target.roleArn"),
        (
            json!({ "Target": { "RetryPolicy": { "MaximumEventAgeInSeconds": 59 } } }),
            "maximumEventAgeInSeconds",
        ),
        (json!({ "Target": { "RetryPolicy": { "MaximumRetryAttempts": 186 } } }), "maximumRetryAttempts"),
        (
            json!({ "Target": { "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f" } }),
            "SQS queues only",
        ),
        (json!({ "Target": { "Arn": queue_arn("x.fifo") } }), "MessageGroupId"),
        (json!({ "Target": { "DeadLetterConfig": { "Arn": queue_arn("x.fifo") } } }), "DeadLetterConfig"),
        (json!({ "Target": { "Input": "{" } }), "Input is not valid JSON"),
        (json!({ "Target": { "Input": format!("\"{}\"", "x".repeat(MAX_INPUT_BYTES)) } }), "Input is longer"),
        (json!({ "Target": { "LambdaParameters": {} } }), "LambdaParameters"),
        (json!({ "ClientToken": "no spaces" }), "clientToken"),
        (json!({ "ClientToken": "x".repeat(65) }), "clientToken"),
        (json!({ "State": "ON" }), "state"),
        (json!({ "ActionAfterCompletion": "KEEP" }), "actionAfterCompletion"),
        (json!({ "Description": "x".repeat(513) }), "description"),
        (json!({ "ScheduleExpressionTimezone": "Europe/Berlin" }), "knows UTC only"),
        (json!({ "ScheduleExpressionTimezone": "Nowhere" }), "Invalid ScheduleExpressionTimezone Nowhere"),
        (json!({ "ScheduleExpression": "at(2026-11-22T13:59:59)" }), "in the past"),
        (json!({ "ScheduleExpression": "rate(5 minutes)", "StartDate": 2, "EndDate": 1 }), "StartDate"),
        (json!({ "StartDate": "tomorrow" }), "malformed request"),
    ] {
        let (status, kind, message) = world.create("s", &changes).unwrap_err();
        assert_eq!((status, kind.as_str()), (400, "ValidationException"), "{changes}");
        assert!(message.contains(expected), "{changes}: {message}");
    }
    let long = "x".repeat(65);
    for name in ["a b", &long, "a+b"] {
        assert!(world.create(name, &json!({})).unwrap_err().2.contains("at 'name'"), "{name}");
    }
    let (_, _, message) = world.create("a b", &json!({ "State": "ON" })).unwrap_err();
    assert!(message.starts_with("2 validation errors detected"), "{message}");
    let (status, kind, _) = world.create("s", &json!({ "GroupName": "missing" })).unwrap_err();
    assert_eq!((status, kind.as_str()), (404, "ResourceNotFoundException"));
    assert!(world.names().is_empty());
    world.create("s", &json!({ "ScheduleExpressionTimezone": "UTC", "State": "ENABLED" })).unwrap();
    world.create("now", &json!({ "ScheduleExpression": "at(2026-11-22T14:00:00)" })).unwrap();
}

#[test]
fn the_past_is_accepted_when_asked_and_fires_at_once() {
    let world = world();
    world.scheduler.set_accept_past(true);
    world.create("s", &json!({ "ScheduleExpression": "at(2026-11-22T13:00:00)" })).unwrap();
    assert_eq!(world.fired(), [("s".to_owned(), 1)]);
}

#[test]
fn an_update_replaces_everything() {
    let world = world();
    world.create("s", &json!({ "Description": "old", "ClientToken": "t" })).unwrap();
    let update = request(
        &json!({ "ScheduleExpression": "rate(1 hour)", "StartDate": (START + 3 * HOUR) / 1000, "ActionAfterCompletion": "NONE" }),
    );
    world.advance_ms(5_000);
    world.call(&Method::PUT, "/schedules/s", "", &update).unwrap();
    let found = world.call(&Method::GET, "/schedules/s", "groupName=default", &Value::Null).unwrap();
    let mut expected = update;
    expected["Target"]["RetryPolicy"] =
        json!({ "MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185 });
    for (name, value) in [
        ("Arn", json!(schedule_arn("default", "s"))),
        ("Name", json!("s")),
        ("GroupName", json!("default")),
        ("State", json!("ENABLED")),
        ("ScheduleExpressionTimezone", json!("UTC")),
        ("CreationDate", json!(START / 1000)),
        ("LastModificationDate", json!(START / 1000 + 5)),
    ] {
        expected[name] = value;
    }
    assert_eq!(found, expected);
    assert_eq!(world.scheduler.next_due_at().unwrap(), Some(START + 3 * HOUR));
    let disabled = request(&json!({ "State": "DISABLED" }));
    world.call(&Method::PUT, "/schedules/s", "", &disabled).unwrap();
    assert_eq!(world.scheduler.next_due_at().unwrap(), None);
    let missing = world.call(&Method::PUT, "/schedules/other", "", &disabled).unwrap_err();
    assert_eq!((missing.0, missing.1.as_str()), (404, "ResourceNotFoundException"));
}

#[test]
fn groups_hold_schedules_and_take_them_along() {
    let world = world();
    let none = Value::Null;
    let token = json!({ "ClientToken": "t" });
    let created = world.call(&Method::POST, "/schedule-groups/handover", "", &token).unwrap();
    assert_eq!(created["ScheduleGroupArn"], group_arn("handover"));
    world.call(&Method::POST, "/schedule-groups/handover", "", &token).unwrap();
    let conflict = world.call(&Method::POST, "/schedule-groups/handover", "", &none).unwrap_err();
    assert_eq!((conflict.0, conflict.1.as_str()), (409, "ConflictException"));
    assert_eq!(world.call(&Method::POST, "/schedule-groups/default", "", &none).unwrap_err().0, 409);
    assert_eq!(world.call(&Method::DELETE, "/schedule-groups/default", "", &none).unwrap_err().0, 400);
    assert_eq!(world.call(&Method::GET, "/schedule-groups/other", "", &none).unwrap_err().0, 404);
    let listed = world.call(&Method::GET, "/schedule-groups", "NamePrefix=h", &none).unwrap();
    assert_eq!(listed["ScheduleGroups"][0]["Name"], "handover");

    world.create("s", &json!({ "GroupName": "handover" })).unwrap();
    world.create("s", &json!({})).unwrap();
    world.call(&Method::GET, "/schedules/s", "groupName=handover", &none).unwrap();
    world.call(&Method::DELETE, "/schedules/s", "", &none).unwrap();
    assert_eq!(world.call(&Method::DELETE, "/schedules/s", "", &none).unwrap_err().0, 404);
    assert_eq!(world.scheduler.schedule("handover", "s").unwrap().group, "handover");
    world.call(&Method::DELETE, "/schedule-groups/handover", "", &none).unwrap();
    assert!(world.names().is_empty());
}

#[test]
fn schedules_are_listed_in_pages_by_prefix_group_and_state() {
    let world = world();
    world.scheduler.create_group("g", None).unwrap();
    for (name, group, state) in [
        ("a1", "default", "ENABLED"),
        ("a2", "g", "DISABLED"),
        ("a3", "g", "ENABLED"),
        ("b1", "g", "ENABLED"),
    ] {
        world.create(name, &json!({ "GroupName": group, "State": state })).unwrap();
    }
    let list = |query: &str| {
        let answer = world.call(&Method::GET, "/schedules", query, &Value::Null).unwrap();
        let names: Vec<String> = answer["Schedules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|schedule| schedule["Name"].as_str().unwrap().to_owned())
            .collect();
        (names, answer["NextToken"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").0, ["a1", "a2", "a3", "b1"]);
    assert_eq!(list("NamePrefix=a").0, ["a1", "a2", "a3"]);
    assert_eq!(list("ScheduleGroup=g&State=ENABLED").0, ["a3", "b1"]);
    let (first, token) = list("MaxResults=3");
    assert_eq!(first, ["a1", "a2", "a3"]);
    assert_eq!(list(&format!("MaxResults=3&NextToken={}", token.unwrap())), (vec!["b1".to_owned()], None));
    for query in ["MaxResults=0", "MaxResults=101", "MaxResults=x", "State=ON"] {
        assert_eq!(world.call(&Method::GET, "/schedules", query, &Value::Null).unwrap_err().0, 400);
    }
    assert_eq!(world.call(&Method::PATCH, "/schedules", "", &Value::Null).unwrap_err().0, 404);
}

#[test]
fn a_request_tells_which_schedule_it_is_about() {
    let of = |query, body: &[u8]| requested_schedule("/schedules/s", query, body);
    let name = |group: &str| Some((group.to_owned(), "s".to_owned()));
    assert_eq!(of("", br#"{"GroupName":"g"}"#), name("g"));
    assert_eq!(of("groupName=g", b""), name("g"));
    assert_eq!(of("", b"{}"), name("default"));
    assert_eq!(requested_schedule("/schedule-groups/g", "", b""), None);
}
