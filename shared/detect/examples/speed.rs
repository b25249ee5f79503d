//! Measures what the understanding costs: `speed`. Prints one JSON object with the time of the first
//! message of a process (which reads the weights), of preparing six actions with 200 phrases each, and
//! of all signals for messages of 20 words, in microseconds; and the most memory used, in KiB (Linux).

use std::{error::Error, fs, time::Instant};

use handover_core::{Bot, HandoverAction, Scenario};
use handover_detect::{MODEL, MODEL_BYTES, Prepared, same_issue, signals};
use serde_json::json;

const MESSAGES: usize = 2_000;
/// Words that messages and phrases are made of; what they say does not matter for their time.
const WORDS: &str = "the parcel that I ordered last week has not arrived and nobody answers when my wife calls \
    about a refund for the broken kettle could you please check the address on your invoice before Friday because \
    we are moving house thank you";

#[expect(clippy::disallowed_methods, reason = "a measuring tool")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, u128) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed().as_micros())
}

/// Twenty words or so, different for each number.
fn text(number: usize, count: usize) -> String {
    let words: Vec<_> = WORDS.split_whitespace().collect();
    let word = |at: usize| {
        words.get((number * 7 + at * (1 + number % 5)) % words.len()).copied().unwrap_or_default()
    };
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

#[expect(clippy::print_stdout, reason = "a command line tool")]
fn main() -> Result<(), Box<dyn Error>> {
    let (_, first) = timed(|| signals("hello there"));
    let mut bot = Bot::new("bot".parse()?, "Bot");
    for action in 0..6 {
        let phrases = (0..200).map(|phrase| text(action * 200 + phrase, 3 + phrase % 5)).collect();
        let scenario = Scenario::Custom { name: format!("topic {action}"), phrases };
        bot.actions.push(HandoverAction::new(format!("action{action}").parse()?, scenario));
    }
    let (prepared, preparing) = timed(|| Prepared::new(&bot));
    let present = signals("where is my order").fingerprint;
    let mut times: Vec<_> = (0..MESSAGES)
        .map(|number| {
            let text = text(number, 20);
            let (_, time) = timed(|| {
                let found = signals(&text);
                let matches = prepared.matches(&text, &found);
                let same = same_issue(present.as_deref(), found.fingerprint.as_deref());
                (found, matches, same)
            });
            time
        })
        .collect();
    times.sort_unstable();
    let at = |percent: usize| times.get(MESSAGES * percent / 100);
    let figures = json!({
        "model": MODEL, "model_bytes": MODEL_BYTES, "first_message_us": first, "preparing_1200_phrases_us": preparing,
        "message_us": {"p50": at(50), "p90": at(90), "p99": at(99)}, "memory_kib": memory(),
    });
    println!("{figures:#}");
    Ok(())
}
