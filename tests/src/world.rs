//! The world: the local system, a clock that only moves when told, and clients who write.

use std::{
    fs::OpenOptions,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use handover_cloud::{Call, Clock, Verdict, scheduler::Lateness};
use handover_core::{AccountId, Connector, ConversationId, Timestamp};
use handover_local::{ClientMessage, Local, LocalOptions, Sample, SampleInbox};
use handover_providers::standard_webhooks_signature;
use http::{Request, StatusCode};

/// 2026-11-22T09:00:00Z, when every world begins.
pub const START_MS: i64 = 1_795_338_000_000;
/// A second.
pub const SECOND: Duration = Duration::from_secs(1);
/// A minute.
pub const MINUTE: Duration = Duration::from_mins(1);

/// How often a provider tries a webhook again, and how long it waits in between.
const PROVIDER_TRIES: u32 = 8;
const PROVIDER_WAIT: Duration = Duration::from_secs(15);

/// The variable that names a file for what worlds make use of of the functions' policies, a permission a line.
pub const USED_PERMISSIONS: &str = "USED_PERMISSIONS";

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    /// The system.
    pub local: Local,
    /// The sample accounts.
    pub sample: Sample,
}

impl World {
    /// A new world whose bots live elsewhere. The same seed makes the same world.
    pub async fn new(seed: u64) -> Self {
        Self::with(seed, Connector::External).await
    }

    /// A new world whose bots answer from their entries.
    pub async fn answering(seed: u64) -> Self {
        Self::with(seed, Connector::Faq).await
    }

    /// A new world whose bots are asked in this way.
    pub async fn with(seed: u64, connector: Connector) -> Self {
        Self::open(LocalOptions::in_memory(Clock::manual(START_MS), seed), connector, false).await
    }

    /// A new world with these options; `stale_reads`: eventually consistent reads can be made to miss the
    /// latest write.
    pub async fn open(options: LocalOptions, connector: Connector, stale_reads: bool) -> Self {
        let local = Local::open(options).await.expect("the local system opens");
        if stale_reads {
            local.cloud().keep_replica().expect("nothing is written yet");
        }
        let sample = local.sample_with(connector).await.expect("the sample is stored");
        let world = Self { local, sample };
        // The sweep is due as soon as the world begins.
        world.settle().await;
        world.local.cloud().take_log();
        world
    }

    /// The clinic's WhatsApp inbox.
    pub fn twilio(&self) -> &SampleInbox {
        &self.sample.clinic.twilio
    }

    /// The webhook call by which an inbox's provider delivers what a client writes. `id` is the
    /// provider's id of the message.
    pub fn call(&self, inbox: &SampleInbox, from: &str, id: &str, text: &str) -> Request<Bytes> {
        let id = format!("{id:0>32}");
        let message = ClientMessage { id, from: from.to_owned(), text: text.to_owned() };
        inbox.call(self.local.public_url(), &message, self.local.wall())
    }

    /// The call by which the clinic's own system delivers an event to its generic inbox.
    pub fn generic_call(&self, call_id: &str, event: &serde_json::Value) -> Request<Bytes> {
        let inbox = &self.sample.clinic.generic;
        let now = self.local.wall();
        let body = event.to_string();
        let signature =
            standard_webhooks_signature(&inbox.secret, call_id, now.as_seconds(), body.as_bytes());
        Request::builder()
            .method("POST")
            .uri(inbox.webhook_url(self.local.public_url()))
            .header("content-type", "application/json")
            .header("webhook-id", call_id)
            .header("webhook-timestamp", now.as_seconds().to_string())
            .header("webhook-signature", signature.expect("the sample's secret is one"))
            .body(Bytes::from(body))
            .expect("a request")
    }

    /// Makes one webhook call.
    pub async fn webhook(&self, request: Request<Bytes>) -> StatusCode {
        self.local.dispatcher().http(request, "127.0.0.1").await.status()
    }

    /// A client writes, and the provider delivers it until it is taken; nothing else moves.
    pub async fn post(&self, inbox: &SampleInbox, from: &str, id: &str, text: &str) {
        for _ in 0..PROVIDER_TRIES {
            if self.webhook(self.call(inbox, from, id, text)).await.is_success() {
                return;
            }
            self.travel(PROVIDER_WAIT).await;
        }
        panic!("the provider gave up");
    }

    /// A client writes, and everything that follows at once happens.
    pub async fn say(&self, inbox: &SampleInbox, from: &str, id: &str, text: &str) {
        self.post(inbox, from, id, text).await;
        self.settle().await;
    }

    /// Lets everything happen that is ready now.
    pub async fn settle(&self) {
        self.local.dispatcher().settle().await.expect("the queues work");
    }

    /// Lets time pass, from due event to due event.
    pub async fn travel(&self, by: Duration) {
        self.local.travel(self.now() + by).await.expect("time passes");
    }

    /// Lets time pass until so long after the world's beginning.
    pub async fn travel_to(&self, after_start: Duration) {
        let to = Timestamp::from_ms(START_MS) + after_start;
        self.local.travel(to).await.expect("time passes");
    }

    /// When it is.
    pub fn now(&self) -> Timestamp {
        self.local.now()
    }

    /// The conversation of a client at an inbox.
    pub fn conversation(&self, inbox: &SampleInbox, from: &str) -> ConversationId {
        let prefix = if inbox.inbox.provider == handover_core::Provider::Twilio { "whatsapp:" } else { "" };
        ConversationId::derive(&inbox.inbox.account, &inbox.inbox.id, &format!("{prefix}{from}"))
    }

    /// The clinic's account.
    pub fn account(&self) -> &AccountId {
        &self.sample.clinic.account
    }

    /// Counts the calls that functions make from now on, and does `verdict` to the one of this number
    /// (from 0). Gives the counter.
    pub fn strike(&self, number: u64, verdict: Verdict) -> Arc<AtomicU64> {
        let counter = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&counter);
        self.local.cloud().set_hook(Some(Arc::new(move |call: &Call| {
            if call.function.is_none() {
                return Verdict::Proceed;
            }
            if count.fetch_add(1, Ordering::SeqCst) == number { verdict.clone() } else { Verdict::Proceed }
        })));
        counter
    }

    /// Does `verdict` to every call of functions that `which` chooses.
    pub fn strike_all(&self, verdict: Verdict, which: impl Fn(&Call) -> bool + Send + Sync + 'static) {
        self.local.cloud().set_hook(Some(Arc::new(move |call: &Call| {
            if call.function.is_some() && which(call) { verdict.clone() } else { Verdict::Proceed }
        })));
    }

    /// Stops the sweep that comes every five minutes.
    pub fn stop_sweep(&self) {
        self.delete_schedules(|name| name.contains("Sweep"));
    }

    /// Forgets every schedule that is set, the sweep's aside.
    pub fn lose_timers(&self) {
        self.delete_schedules(|name| !name.contains("Sweep"));
    }

    fn delete_schedules(&self, which: impl Fn(&str) -> bool) {
        let scheduler = self.local.cloud().scheduler();
        let all = scheduler.schedules(None).expect("the schedules are there");
        for schedule in all.iter().filter(|schedule| which(&schedule.name)) {
            scheduler.delete_schedule(&schedule.group, &schedule.name).expect("it can be deleted");
        }
    }

    /// Sweeps now.
    pub async fn sweep(&self) {
        let queue = self.queue("TimersQueue");
        let request =
            handover_cloud::sqs::SendRequest { body: r#"{"kind":"sweep"}"#.to_owned(), ..Default::default() };
        self.local.cloud().sqs().send(&queue, &request).expect("the queue takes it");
        self.settle().await;
    }

    /// No schedule fires any more.
    pub fn drop_timers(&self) {
        self.local.cloud().scheduler().set_lateness(Lateness::Dropped);
    }

    /// The full name of the queue whose name ends so.
    pub fn queue(&self, end: &str) -> String {
        let queues = self.local.cloud().sqs().queues().expect("the queues work");
        queues.into_iter().find(|queue| queue.ends_with(end)).expect("the template has this queue")
    }

    /// Asks `fate` about every call of functions.
    pub fn strike_all_if(&self, fate: impl Fn(&Call) -> Verdict + Send + Sync + 'static) {
        self.local.cloud().set_hook(Some(Arc::new(move |call: &Call| {
            if call.function.is_some() { fate(call) } else { Verdict::Proceed }
        })));
    }

    /// Lets the table forget a handover, as it does when its time is over.
    pub async fn forget_handover(&self, conversation: &ConversationId, epoch: u64) {
        let pk = format!("C#{}#{conversation}", self.account());
        let sk = format!("HANDOVER#{epoch:010}");
        let key = serde_json::json!({"pk": {"S": pk}, "sk": {"S": sk}});
        let done = self.dynamodb("DeleteItem", serde_json::json!({"Key": key})).await;
        assert!(done, "the table forgets");
    }

    /// An administrator's own request to the table, without the table's name; whether it was done.
    pub async fn dynamodb(&self, operation: &str, mut request: serde_json::Value) -> bool {
        let table = self.local.cloud().template().tables.first().expect("a table").name.clone();
        if let Some(fields) = request.as_object_mut() {
            fields.insert("TableName".to_owned(), serde_json::Value::String(table));
        }
        let request = Request::builder()
            .method("POST")
            .uri("http://aws.local/")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .body(Bytes::from(request.to_string()))
            .expect("a request");
        self.local.cloud().call(request).await.expect("the table answers").status().is_success()
    }

    /// Lets every call proceed again.
    pub fn heal(&self) {
        self.local.cloud().set_hook(None);
    }

    /// Panics unless every queue is empty, the dead letters included.
    pub fn assert_nothing_left(&self) {
        let sqs = self.local.cloud().sqs();
        for queue in sqs.queues().expect("the queues work") {
            let depths = sqs.depths(&queue).expect("the queue exists");
            let delayed_timers = if queue.ends_with("TimersQueue") { depths.delayed } else { 0 };
            assert_eq!(depths.total() - delayed_timers, 0, "{queue}: {depths:?}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let Some(file) = handover_aws::process_lookup()(USED_PERMISSIONS) else { return };
        let used = self.local.cloud().used_permissions();
        let mut lines = String::new();
        for permission in &used {
            lines.push_str(&permission.to_string());
            lines.push('\n');
        }
        let file = OpenOptions::new().create(true).append(true).open(file);
        // A test that fails already must not panic again; what is not noted is found missing.
        let _ = file.and_then(|mut file| file.write_all(lines.as_bytes()));
    }
}
