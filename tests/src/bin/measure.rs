//! What the functions' binaries take from a machine: size, start, memory, and processor time per event.
//! Hosts them as Lambda does, beside a function that does nothing, on the local cloud.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use handover_aws::http::{SharedHttpClient, send, world_client};
use handover_cloud::Clock;
use handover_local::{ClientMessage, Local, LocalOptions, SampleInbox};
use handover_tests::hosting::{Process, RuntimeApi, invoke_api};

const HELP: &str = "\
Measures the functions' binaries as they lie beside this one.

usage: cargo build --release --workspace --bins && target/release/measure [--starts N] [--events N]

  --starts N   how often each is started (default 10); the median counts
  --events N   how many clients write, for each story (default 300)";

/// The template's functions.
const FUNCTIONS: [&str; 6] = ["evaluate", "execute", "resume", "deliver", "notify", "console"];
/// One that does nothing.
const EMPTY: &str = "empty";
/// The same ids and secrets here and in the process under test.
const SEED: u64 = 1;
/// Nothing has happened for so long: everything rests.
const REST: Duration = Duration::from_millis(1_500);

type Failed = Box<dyn Error>;

struct Options {
    starts: usize,
    events: usize,
}

fn options() -> Result<Options, String> {
    let mut options = Options { starts: 10, events: 300 };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
        let value = value.ok_or_else(|| HELP.to_owned())?;
        match name.as_str() {
            "--starts" => options.starts = value,
            "--events" => options.events = value,
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(options)
}

/// The local system's process, ended with this one.
struct System {
    child: Child,
    base_url: String,
}

impl System {
    fn start(binary: &PathBuf, functions_url: &str) -> Result<Self, Failed> {
        let mut child = Command::new(binary)
            .args(["--ephemeral", "--listen", "127.0.0.1:0", "--functions-url", functions_url])
            .args(["--seed", &SEED.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = lines.next().ok_or("the local system did not start")??;
        let base_url = first.strip_prefix("ready ").ok_or("the local system is not ready")?.to_owned();
        // Whoever closes the pipe stops the writer.
        std::thread::spawn(move || lines.count());
        Ok(Self { child, base_url })
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Bench {
    client: SharedHttpClient,
    directory: PathBuf,
    system: System,
    apis: Arc<Mutex<BTreeMap<String, RuntimeApi>>>,
}

impl Bench {
    async fn open() -> Result<Self, Failed> {
        let directory = std::env::current_exe()?.parent().ok_or("no directory")?.to_owned();
        let apis = Arc::default();
        let address = invoke_api(Arc::clone(&apis)).await?;
        let system = System::start(&directory.join("handover"), &format!("http://{address}"))?;
        Ok(Self { client: world_client(true), directory, system, apis })
    }

    async fn environment(&self, function: &str) -> Result<BTreeMap<String, String>, Failed> {
        if function == EMPTY {
            return Ok(BTreeMap::new());
        }
        let url = format!("{}/local/environment/{function}", self.system.base_url);
        let request = http::Request::get(url).body(Vec::new())?;
        let answer = send(&self.client, request, Duration::from_secs(10), 1 << 20).await?;
        let text = std::str::from_utf8(answer.body())?;
        let line = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(text.lines().filter_map(line).collect())
    }

    async fn start(&self, function: &str) -> Result<Process, Failed> {
        let (api, first_poll) = RuntimeApi::open().await?;
        let environment = self.environment(function).await?;
        let process = Process::start(&self.directory.join(function), &environment, &api, first_poll).await?;
        self.apis.lock().unwrap_or_else(PoisonError::into_inner).insert(function.to_owned(), api);
        Ok(process)
    }

    /// Waits until no function has ended an invocation for a while.
    #[expect(clippy::disallowed_methods, reason = "waits for other processes")]
    async fn rest(&self) {
        let ended = || -> u64 {
            let apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
            apis.values().map(RuntimeApi::ended).sum()
        };
        let mut before = ended();
        loop {
            tokio::time::sleep(REST).await;
            let now = ended();
            if now == before {
                return;
            }
            before = now;
        }
    }

    /// Clients write, one after the other; everything that follows happens.
    async fn story(
        &self,
        inbox: &SampleInbox,
        local: &Local,
        clients: usize,
        text: &str,
    ) -> Result<(), Failed> {
        for client in 0..clients {
            let from = format!("+49151{:08}", client + text.len() * 10_000);
            let random = handover_aws::Random::system();
            let message = ClientMessage::new(inbox, Some(&from), text, &random);
            let call = inbox.call(&self.system.base_url, &message, local.wall());
            let call = call.map(|body: Bytes| body.to_vec());
            let answer = send(&self.client, call, Duration::from_secs(30), 1 << 20).await?;
            if !answer.status().is_success() {
                return Err(format!("the webhook was answered {}", answer.status()).into());
            }
        }
        self.rest().await;
        Ok(())
    }
}

fn cpu(processes: &BTreeMap<&str, Process>) -> Result<BTreeMap<String, u64>, Failed> {
    let each = processes.iter().map(|(name, process)| Ok(((*name).to_owned(), process.cpu_ns()?)));
    each.collect()
}

#[expect(clippy::print_stdout, reason = "a command line tool speaks")]
async fn measure(options: &Options) -> Result<(), Failed> {
    let bench = Bench::open().await?;
    let mut starts: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    // In turn, so that what else the machine does meets all of them alike.
    for _ in 0..options.starts {
        for name in [EMPTY].into_iter().chain(FUNCTIONS) {
            starts.entry(name).or_default().push(bench.start(name).await?.start);
        }
    }
    let mut median: BTreeMap<&str, Duration> = BTreeMap::new();
    for (name, times) in &mut starts {
        times.sort_unstable();
        median.insert(name, times.get(times.len() / 2).copied().unwrap_or_default());
    }
    let mut processes: BTreeMap<&str, Process> = BTreeMap::new();
    for name in FUNCTIONS {
        processes.insert(name, bench.start(name).await?);
    }

    let local = Local::open(LocalOptions {
        seed: LocalOptions::seed(SEED),
        public_url: bench.system.base_url.clone(),
        ..LocalOptions::in_memory(Clock::system(), SEED)
    })
    .await?;
    let sample = local.sample().await?;
    let inbox = &sample.clinic.twilio;
    // Connections and caches warm.
    bench.story(inbox, &local, 10, "hello, are you open today?").await?;
    let mut per_event: Vec<(&str, BTreeMap<String, f64>)> = Vec::new();
    for (story, text) in [
        ("ordinary message of a new client", "what are your opening hours?"),
        ("handover", "I want to talk to a human"),
    ] {
        let before = cpu(&processes)?;
        bench.story(inbox, &local, options.events, text).await?;
        let after = cpu(&processes)?;
        let events = u32::try_from(options.events).map_or(1.0, f64::from);
        let used = after.into_iter().map(|(name, used)| {
            let used = used.saturating_sub(before.get(&name).copied().unwrap_or_default());
            (name, Duration::from_nanos(used).as_secs_f64() * 1_000.0 / events)
        });
        per_event.push((story, used.collect()));
    }

    println!("| function | bytes | start, ms | against empty | peak memory, MB |");
    println!("|---|---|---|---|---|");
    let empty = median.get(EMPTY).copied().unwrap_or_default().as_secs_f64();
    for name in [EMPTY].into_iter().chain(FUNCTIONS) {
        let bytes = std::fs::metadata(bench.directory.join(name))?.len();
        let start = median.get(name).copied().unwrap_or_default().as_secs_f64();
        let memory = match processes.get(name) {
            Some(process) => (process.peak_memory_bytes()? / 1_000_000).to_string(),
            None => String::new(),
        };
        println!("| {name} | {bytes} | {:.1} | {:.2} | {memory} |", start * 1_000.0, start / empty);
    }
    println!("\n| processor time, ms a message | {} |", FUNCTIONS.join(" | "));
    println!("|---|{}", "---|".repeat(FUNCTIONS.len()));
    for (story, used) in per_event {
        let cells = FUNCTIONS.map(|name| format!("{:.3}", used.get(name).copied().unwrap_or_default()));
        println!("| {story} | {} |", cells.join(" | "));
    }
    Ok(())
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
    match measure(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
