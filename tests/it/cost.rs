//! What is paid for, counted, and the prices of it: the tables of docs/cost.md, and what docs/scale.md takes from
//! them.

use std::{collections::BTreeMap, fs, path::Path};

use handover_cloud::{CallRecord, Service, Template};
use handover_tests::{SECOND, World};

const CLIENT: &str = "+4915112345678";

/// Dollars, us-east-1 on demand, as docs/cost.md lists them: a million requests of the HTTP API, of Lambda, of
/// FIFO and of standard queues; a million GB-seconds; a million read and write units; a GB of logs.
const HTTP: f64 = 1.00;
const INVOCATION: f64 = 0.20;
const FIFO: f64 = 0.50;
const STANDARD: f64 = 0.40;
const GB_SECOND: f64 = 13.3334;
const READ: f64 = 0.125;
const WRITE: f64 = 0.625;
const LOGS: f64 = 0.50;
/// A million schedules that fire, a million e-mails.
const SCHEDULE: f64 = 1.00;
const EMAIL: f64 = 100.00;
/// A month: metrics (an alarm pays for each that it reads), custom metrics, dashboards, secrets.
const ALARM_METRIC: f64 = 0.10;
const METRIC: f64 = 0.30;
const DASHBOARD: f64 = 3.00;
const SECRET: f64 = 0.40;
/// Assumed: seconds of an invocation, of one that waits for a provider, what an e-mail adds, and GB of log lines
/// that a million invocations write.
const SECONDS: f64 = 0.020;
const AT_A_PROVIDER: f64 = 0.200;
const FOR_AN_EMAIL: f64 = 0.080;
const LOG_GB: f64 = 0.7;
/// Lambda polls a queue with five long polls of 20 s, for 30 days: millions of receives.
const POLLS: f64 = 5.0 * 30.0 * 86_400.0 / 20.0 / 1e6;

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

    /// What a million of it cost.
    fn priced(&self, what: &str, template: &Template) -> String {
        let count = |number: usize| f64::from(u32::try_from(number).unwrap());
        let gigabytes = |name: &str| f64::from(template.function(name).unwrap().memory_mb) / 1024.0;
        let lambda = self.invocations.iter().map(|(name, &number)| {
            let seconds = if name == "deliver" { AT_A_PROVIDER } else { SECONDS };
            count(number) * (INVOCATION + seconds * gigabytes(name) * GB_SECOND)
        });
        let lambda =
            lambda.sum::<f64>() + count(self.emails) * FOR_AN_EMAIL * gigabytes("notify") * GB_SECOND;
        let emails = count(self.emails) * EMAIL;
        let parts = [
            count(self.http) * HTTP,
            lambda,
            count(self.fifo) * FIFO + count(self.standard) * STANDARD,
            self.reads * READ + self.writes * WRITE,
            count(self.invocations.values().sum()) * LOG_GB * LOGS,
            count(self.schedules) * SCHEDULE,
            emails,
        ];
        let together: f64 = parts.iter().sum();
        let parts = parts.map(|part| format!("{part:.2}")).join(" | ");
        format!("| {what} | {parts} | **{together:.2}** | {:.2} |", together - emails)
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
    let stories = [
        (&answered, "a question that the built-in bot answers"),
        (&handover, "a message that hands over: closing message, task, two notes, an e-mail"),
        (&waits, "a message that waits for a human"),
    ];
    let template = world.local.cloud().template();
    let rows: Vec<String> = stories.iter().map(|(bill, what)| bill.row(what)).collect();
    let prices: Vec<String> = stories.iter().map(|(bill, what)| bill.priced(what, template)).collect();
    holds("docs/cost.md", &rows);
    holds("docs/cost.md", &prices);
    // At 10^9 messages a month, and five times the average: a thousand questions a second, and as many others.
    let writes = (answered.writes + waits.writes) * 1_000.0;
    let quota = 40_000.0 / writes;
    holds(
        "docs/scale.md",
        &[
            format!(
                "questions 1,000/s * {} + others 1,000/s * {} = {writes} writes",
                answered.writes, waits.writes
            ),
            format!("at about {quota:.1} * 10^9 a month"),
        ],
    );
}

/// That a document has these rows, or what it should have.
fn holds(document: &str, rows: &[String]) {
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(document);
    let text = fs::read_to_string(text).unwrap();
    let missing: Vec<&String> = rows.iter().filter(|row| !text.contains(row.as_str())).collect();
    assert!(missing.is_empty(), "{document} lacks {missing:?} of:\n{}", rows.join("\n"));
}

#[tokio::test]
async fn an_idle_stack_costs_what_is_documented() {
    let world = World::new(2).await;
    let template = world.local.cloud().template();
    let queues: Vec<&str> = template.event_sources.iter().map(|source| source.queue.as_str()).collect();
    let price = |queue: &&str| if is_fifo(queue) { FIFO } else { STANDARD };
    let fifo = queues.iter().filter(|queue| is_fifo(queue)).count();
    let pollers = POLLS * queues.iter().map(price).sum::<f64>();
    // Of two alarms for webhooks one is made.
    let alarms: Vec<&str> = crate::template::alarms()
        .into_iter()
        .filter(|(_, text)| !text.contains("Condition: HasFunctionUrls"))
        .map(|(_, text)| text)
        .collect();
    let read = alarms.iter().map(|text| text.matches("MetricStat:").count().max(1));
    let read: u32 = read.map(|count| u32::try_from(count).unwrap()).sum();
    let alarming = f64::from(read) * ALARM_METRIC;
    let metrics = 3.0 * METRIC;
    let sweep = 0.05;
    let together = pollers + sweep + alarming + metrics + DASHBOARD + SECRET;
    let sources = queues.len();
    holds(
        "docs/cost.md",
        &[
            format!(
                "| pollers | {pollers:.2} | Lambda polls each of the {sources} event sources, {fifo} of them FIFO,"
            ),
            format!("| alarms | {alarming:.2} | {}, which read {read} metrics |", alarms.len()),
            format!("| **together** | **about {together:.0}** |"),
        ],
    );
}

fn is_fifo(queue: &str) -> bool {
    Path::new(queue).extension().is_some_and(|suffix| suffix == "fifo")
}
