//! What is paid for, counted: the table that docs/cost.md computes prices from.

use std::{collections::BTreeMap, fs, path::Path};

use handover_cloud::{CallRecord, Service};
use handover_tests::{SECOND, World};

const CLIENT: &str = "+4915112345678";

/// Everything that AWS bills a story by, free tiers and data transfer aside.
#[derive(Debug, Default)]
struct Bill {
    /// Requests to the HTTP API.
    http: usize,
    /// Invocations, by function.
    invocations: BTreeMap<String, usize>,
    /// Requests to FIFO and to standard queues, those of Lambda's pollers included: a receive and a delete
    /// for each batch, which here has one message.
    fifo: usize,
    standard: usize,
    /// Schedules that are made; each fires once.
    schedules: usize,
    reads: f64,
    writes: f64,
    emails: usize,
}

impl Bill {
    fn row(&self, what: &str) -> String {
        let invocations: usize = self.invocations.values().sum();
        format!(
            "| {what} | {} | {invocations} | {} | {} | {} | {} | {} | {} |",
            self.http, self.fifo, self.standard, self.schedules, self.reads, self.writes, self.emails
        )
    }

    fn calls(&mut self, log: &[CallRecord]) {
        for call in log.iter().filter(|call| call.function.is_some()) {
            self.reads += call.units.read;
            self.writes += call.units.write;
            match call.service {
                Service::Sqs => self.requests(&call.resource, 1),
                Service::Scheduler => self.schedules += 1,
                Service::Ses => self.emails += 1,
                Service::DynamoDb | Service::SecretsManager | Service::Events | Service::World => {}
            }
        }
    }

    fn requests(&mut self, queue: &str, count: usize) {
        match queue.strip_suffix(".fifo") {
            Some(_) => self.fifo += count,
            None => self.standard += count,
        }
    }
}

/// Works everything off that is ready, an invocation at a time.
async fn work_off(world: &World, bill: &mut Bill) {
    let sources = world.local.cloud().template().event_sources.clone();
    let dispatcher = world.local.dispatcher();
    loop {
        let mut moved = false;
        for source in &sources {
            // Quarantine's queue is the second of its function, and empty here.
            if source.logical_id == "QuarantineSource" {
                continue;
            }
            while dispatcher.step_function(&source.function).await.unwrap() {
                *bill.invocations.entry(source.function.clone()).or_default() += 1;
                bill.requests(&source.queue, 2);
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}

/// A client writes; everything follows that does within five seconds.
async fn billed(world: &World, id: &str, text: &str) -> Bill {
    world.local.cloud().take_log();
    let mut bill = Bill { http: 1, ..Bill::default() };
    world.post(world.twilio(), CLIENT, id, text).await;
    *bill.invocations.entry("evaluate".to_owned()).or_default() += 1;
    for _ in 0..5 {
        work_off(world, &mut bill).await;
        world.local.cloud().clock().advance(SECOND);
    }
    bill.calls(&world.local.cloud().take_log());
    bill
}

#[tokio::test]
async fn the_bill_is_as_documented() {
    let world = World::answering(1).await;
    world.stop_sweep();
    // Settings, the master key and the entries are in memory for half a minute.
    world.say(world.twilio(), CLIENT, "1", "where can I park my car?").await;
    world.travel(10 * SECOND).await;
    let answered = billed(&world, "2", "when do you open?").await;
    let handover = billed(&world, "3", "I want to talk to a human").await;
    let waits = billed(&world, "4", "my number is 12345").await;
    let rows = [
        answered.row("a question that the built-in bot answers"),
        handover.row("a message that hands over: closing message, task, two notes, an e-mail"),
        waits.row("a message that waits for a human"),
    ];
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/cost.md");
    let document = fs::read_to_string(document).unwrap();
    let missing: Vec<&String> = rows.iter().filter(|row| !document.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "docs/cost.md lacks:\n{}", rows.join("\n"));
}
