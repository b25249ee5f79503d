//! Load on the local system: conversations of a realistic mix, many at a time, over real HTTP on this machine.
//! Says how much came through, how long it took, and whether anything was lost or done twice.

use std::{
    collections::BTreeMap,
    error::Error,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use handover_aws::{
    Random,
    http::{SharedHttpClient, send, world_client},
};
use handover_cloud::Clock;
use handover_local::{ClientMessage, Local, LocalOptions, SampleInbox};
use handover_tests::hosting::System;
use http::Request;
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

const HELP: &str = "\
Puts load on the local system, as it lies beside this program.

usage: cargo build --release --workspace --bins && target/release/load [--conversations N] [--at-once N]

  --conversations N   how many (default 500, at most 20000)
  --at-once N         how many clients write at a time (default 16, at most 256)";

/// The same ids and secrets here and in the process under test.
const SEED: u64 = 1;
const MAX_CONVERSATIONS: usize = 20_000;
const MAX_AT_ONCE: usize = 256;
const CLOSING: &str = "Thank you! Someone from the team will get back to you.";
/// Nothing has moved for so long: everything rests. Longer than the bot waits for a burst's next message.
const REST: Duration = Duration::from_secs(5);

type Failed = Box<dyn Error + Send + Sync>;

struct Options {
    conversations: usize,
    at_once: usize,
}

fn options() -> Result<Options, String> {
    let mut options = Options { conversations: 500, at_once: 16 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
        let value = value.ok_or_else(|| HELP.to_owned())?;
        match name.as_str() {
            "--conversations" if value <= MAX_CONVERSATIONS => options.conversations = value,
            "--at-once" if value <= MAX_AT_ONCE => options.at_once = value,
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(options)
}

/// What a client does. The shares are those of a small business's bot: most ask and are answered, a sixth
/// wants a person, and of providers' calls one in twenty comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plot {
    /// Asks what the bot knows.
    Asks,
    /// Asks what nobody knows, and is handed over for it.
    Stumps,
    /// Asks for a person, and goes on writing.
    WantsAPerson,
    /// The same, and somebody answers and gives the conversation back.
    IsAnswered,
    /// Asks, and the provider delivers each call twice.
    ComesTwice,
}

impl Plot {
    fn of(number: usize) -> Self {
        match number % 20 {
            0..=12 => Self::Asks,
            13 => Self::Stumps,
            14 | 15 => Self::WantsAPerson,
            16..=18 => Self::IsAnswered,
            _ => Self::ComesTwice,
        }
    }

    const fn texts(self) -> &'static [&'static str] {
        match self {
            Self::Asks => &["What are your opening hours?", "Thanks, that helps!"],
            Self::Stumps => &["Do you breed alpacas in the basement?"],
            Self::WantsAPerson | Self::IsAnswered => {
                &["Hello, are you open today?", "I want to talk to a human", "My number is 12345"]
            }
            Self::ComesTwice => &["What are your opening hours?"],
        }
    }

    /// Whether humans must have got it, once.
    const fn hands_over(self) -> bool {
        matches!(self, Self::Stumps | Self::WantsAPerson | Self::IsAnswered)
    }
}

/// Everything that the clients need.
struct Stage {
    client: SharedHttpClient,
    base_url: String,
    inbox: SampleInbox,
    account: String,
    staff: String,
    key: String,
    local: Local,
}

/// How long calls took.
#[derive(Default)]
struct Times(BTreeMap<&'static str, Vec<Duration>>);

impl Times {
    fn add(&mut self, what: &'static str, time: Duration) {
        self.0.entry(what).or_default().push(time);
    }

    fn merge(&mut self, other: Self) {
        for (what, times) in other.0 {
            self.0.entry(what).or_default().extend(times);
        }
    }
}

fn from(number: usize) -> String {
    format!("+49151{number:08}")
}

impl Stage {
    async fn call(&self, request: Request<Vec<u8>>) -> Result<Bytes, Failed> {
        let answer = send(&self.client, request, Duration::from_mins(1), 64 << 20).await?;
        if !answer.status().is_success() {
            return Err(format!("answered {}", answer.status()).into());
        }
        Ok(answer.into_body())
    }

    async fn page(&self, path: &str) -> Result<Value, Failed> {
        let request = Request::get(format!("{}{path}", self.base_url)).body(Vec::new())?;
        Ok(serde_json::from_slice(&self.call(request).await?)?)
    }

    async fn command(&self, conversation: &str, command: &str, body: &Value) -> Result<(), Failed> {
        let url =
            format!("{}/v1/accounts/{}/conversations/{conversation}/{command}", self.base_url, self.account);
        let request = Request::post(url)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("idempotency-key", format!("{command}-{conversation}"));
        self.call(request.body(body.to_string().into_bytes())?).await.map(drop)
    }

    /// One client's conversation, from its first message to its last.
    #[expect(clippy::disallowed_methods, reason = "measures")]
    async fn play(&self, number: usize, plot: Plot) -> Result<Times, Failed> {
        let mut times = Times::default();
        let sender = from(number);
        for text in plot.texts() {
            let message = ClientMessage::new(&self.inbox, Some(&sender), text, &Random::system());
            for _ in 0..if plot == Plot::ComesTwice { 2 } else { 1 } {
                let call = self.inbox.call(&self.base_url, &message, self.local.wall());
                let started = Instant::now();
                self.call(call.map(|body: Bytes| body.to_vec())).await?;
                times.add("webhook to 2xx", started.elapsed());
            }
        }
        if plot == Plot::IsAnswered {
            let id = handover_core::ConversationId::derive(
                &self.inbox.inbox.account,
                &self.inbox.inbox.id,
                &format!("whatsapp:{sender}"),
            );
            // A person needs a moment; until humans have it there is nothing to claim.
            let started = Instant::now();
            while self.command(id.as_str(), "claim", &json!({"staff": self.staff})).await.is_err() {
                if started.elapsed() > Duration::from_mins(2) {
                    return Err("humans never got the conversation".into());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            times.add("asked for a person to claimed", started.elapsed());
            let started = Instant::now();
            let reply = json!({"staff": self.staff, "text": "Alex here."});
            self.command(id.as_str(), "reply", &reply).await?;
            times.add("reply, answered", started.elapsed());
            self.command(id.as_str(), "hand-back", &json!({"staff": self.staff})).await?;
        }
        Ok(times)
    }

    /// Waits until nothing moves any more.
    #[expect(clippy::disallowed_methods, reason = "waits for another process")]
    async fn rest(&self) -> Result<Instant, Failed> {
        let mut before = 0;
        let mut moved = Instant::now();
        while moved.elapsed() < REST {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let info = self.page("/local/info").await?;
            let waiting = info.pointer("/queues").and_then(Value::as_array).into_iter().flatten();
            let busy = waiting.filter(|queue| queue["visible"] != 0 || queue["in_flight"] != 0).count();
            let now = self.page("/local/outbox").await?.as_array().map_or(0, Vec::len);
            if now != before || busy > 0 {
                (before, moved) = (now, Instant::now());
            }
        }
        Ok(moved)
    }

    /// What was lost or done twice, in words.
    async fn wrong(&self, conversations: usize) -> Result<Vec<String>, Failed> {
        let outbox = self.page("/local/outbox").await?;
        let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for sent in outbox.as_array().into_iter().flatten() {
            let field = |name: &str| sent.pointer(&format!("/fields/{name}")).and_then(Value::as_str);
            if let (Some(to), Some(body)) = (field("To"), field("Body")) {
                texts.entry(to.to_owned()).or_default().push(body.to_owned());
            }
        }
        let mut wrong = Vec::new();
        for number in 0..conversations {
            let plot = Plot::of(number);
            let client = format!("whatsapp:{}", from(number));
            let id = handover_core::ConversationId::derive(
                &self.inbox.inbox.account,
                &self.inbox.inbox.id,
                &client,
            );
            let seen = self.page(&format!("/local/conversations/{id}")).await?;
            let list = |name: &str| seen.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
            let written = list("transcript").iter().filter(|line| line["kind"] == "message").count();
            if written != plot.texts().len() {
                wrong.push(format!("{plot:?}: {written} of {} messages are kept", plot.texts().len()));
            }
            let handovers = list("handovers").len();
            if handovers != usize::from(plot.hands_over()) {
                wrong.push(format!("{plot:?}: {handovers} handovers"));
            }
            let said = texts.remove(&client).unwrap_or_default();
            let closings = said.iter().filter(|text| *text == CLOSING).count();
            // One that a person's own answer has overtaken is suppressed.
            let overtaken = plot == Plot::IsAnswered && closings == 0;
            if closings != usize::from(plot.hands_over()) && !overtaken {
                wrong.push(format!("{plot:?}: {closings} closing messages"));
            }
            let replies = said.iter().filter(|text| *text == "Alex here.").count();
            if replies != usize::from(plot == Plot::IsAnswered) {
                wrong.push(format!("{plot:?}: {replies} replies by staff"));
            }
            // Questions that follow each other closely have one answer together.
            let answers = said.len() - closings - replies;
            if answers > plot.texts().len() || (plot == Plot::Asks && answers == 0) {
                wrong.push(format!("{plot:?}: {answers} answers by the bot"));
            }
        }
        wrong.extend(texts.keys().map(|to| format!("a text went to {to}, who has not written")));
        let aside = self.page("/local/quarantine").await?.as_array().map_or(0, Vec::len);
        if aside > 0 {
            wrong.push(format!("{aside} messages are in quarantine"));
        }
        Ok(wrong)
    }
}

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a command line tool that measures")]
async fn load(options: &Options) -> Result<bool, Failed> {
    let directory = std::env::current_exe()?.parent().ok_or("no directory")?.to_owned();
    let system = System::start(&directory.join("handover"), SEED, &[])?;
    let local = Local::open(LocalOptions {
        seed: LocalOptions::seed(SEED),
        public_url: system.base_url.clone(),
        ..LocalOptions::in_memory(Clock::system(), SEED)
    })
    .await?;
    let clinic = local.sample().await?.clinic;
    let stage = Arc::new(Stage {
        client: world_client(true),
        base_url: system.base_url.clone(),
        inbox: clinic.twilio,
        account: clinic.account.to_string(),
        staff: clinic.assignee.to_string(),
        key: clinic.api_key,
        local,
    });
    let places = Arc::new(Semaphore::new(options.at_once));
    let started = Instant::now();
    let mut playing = JoinSet::new();
    for number in 0..options.conversations {
        let (stage, places) = (Arc::clone(&stage), Arc::clone(&places));
        playing.spawn(async move {
            let _place = places.acquire().await?;
            stage.play(number, Plot::of(number)).await
        });
    }
    let mut times = Times::default();
    let mut wrong = Vec::new();
    while let Some(played) = playing.join_next().await {
        match played? {
            Ok(more) => times.merge(more),
            Err(error) => wrong.push(format!("a conversation broke off: {error}")),
        }
    }
    let written = started.elapsed();
    let rested = stage.rest().await?.duration_since(started);
    wrong.extend(stage.wrong(options.conversations).await?);

    let webhooks = times.0.get("webhook to 2xx").map_or(0, Vec::len);
    let rate = |count: usize, time: Duration| {
        let count = u32::try_from(count).map_or(f64::MAX, f64::from);
        count / time.as_secs_f64()
    };
    println!("{} conversations, {} clients at a time", options.conversations, options.at_once);
    println!(
        "{webhooks} webhooks in {:.1} s, {:.0} a second; all their effects {:.1} s after the first, {:.0} messages a second",
        written.as_secs_f64(),
        rate(webhooks, written),
        rested.as_secs_f64(),
        rate(webhooks, rested),
    );
    println!("\n| ms | p50 | p90 | p99 | most |\n|---|---|---|---|---|");
    for (what, mut all) in times.0 {
        all.sort_unstable();
        let at = |share: usize| {
            let time = all.get((all.len() * share / 100).min(all.len() - 1));
            time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
        };
        println!("| {what} | {:.1} | {:.1} | {:.1} | {:.1} |", at(50), at(90), at(99), at(100));
    }
    println!("\nlost or done twice: {}", wrong.len());
    for line in wrong.iter().take(20) {
        println!("  {line}");
    }
    Ok(wrong.is_empty())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "a command line tool speaks")]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(help) => {
            eprintln!("{help}");
            return ExitCode::from(2);
        }
    };
    match load(&options).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
