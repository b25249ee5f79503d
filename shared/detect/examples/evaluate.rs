//! Measures the understanding on labelled messages: `evaluate human-request FILE.jsonl`.
//!
//! One JSON object a line: `text`, `label` (1: asks for a human, 0: does not, -1: ambiguous, left
//! out) and optionally `kind` (`dept`, which asks for a department, is left out too). A message
//! counts as a request where an action of balanced sensitivity would fire. Prints one JSON object.

use std::{fs, process::ExitCode};

use handover_core::Sensitivity;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Line {
    text: String,
    label: i8,
    #[serde(default)]
    kind: String,
}

#[derive(Default)]
struct Counts {
    hits: u32,
    misses: u32,
    false_alarms: u32,
    quiet: u32,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]
fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [task, file] = arguments.as_slice() else {
        eprintln!("usage: evaluate human-request FILE.jsonl");
        return ExitCode::from(2);
    };
    if task != "human-request" {
        eprintln!("unknown task {task:?}: the task is human-request");
        return ExitCode::from(2);
    }
    let lines = match fs::read_to_string(file) {
        Ok(lines) => lines,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut counts = Counts::default();
    for (number, line) in (1..).zip(lines.lines()) {
        match serde_json::from_str::<Line>(line) {
            Ok(line) => counts.add(&line),
            Err(error) => eprintln!("{file}:{number}: {error}"),
        }
    }
    println!("{}", counts.figures());
    ExitCode::SUCCESS
}

impl Counts {
    fn add(&mut self, line: &Line) {
        if line.label < 0 || line.kind == "dept" {
            return;
        }
        let signals = handover_detect::signals(&line.text);
        let threshold = Sensitivity::Balanced.threshold();
        let fires = signals.exact_request || (signals.guard.is_none() && signals.human_request >= threshold);
        let count = match (line.label > 0, fires) {
            (true, true) => &mut self.hits,
            (true, false) => &mut self.misses,
            (false, true) => &mut self.false_alarms,
            (false, false) => &mut self.quiet,
        };
        *count += 1;
    }

    /// The figures; null where nothing was counted.
    fn figures(&self) -> serde_json::Value {
        let share =
            |part: u32, rest: u32| (part + rest > 0).then(|| f64::from(part) / f64::from(part + rest));
        json!({
            "n": self.hits + self.misses + self.false_alarms + self.quiet,
            "precision": share(self.hits, self.false_alarms),
            "recall": share(self.hits, self.misses),
            "f1": share(2 * self.hits, self.misses + self.false_alarms),
            "false_positive_rate": share(self.false_alarms, self.quiet),
        })
    }
}
