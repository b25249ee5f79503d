//! Counts the instructions of our own work with callgrind, and compares them with those on file:
//! `instructions --compare ../docs/instructions.txt`, or `--write` to put today's there.
//!
//! Counts are exact for one compiler, one lock file and one kind of machine. The start of the process is
//! taken out: each stage is run a few times and many times, and the difference counts.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    hint::black_box,
    process::{Command, ExitCode},
};

use handover_bench::{OwnWork, Stage};

/// How often a stage is run, the first and the second time.
const FEW: u64 = 10;
const MANY: u64 = 110;
/// More than so many percent above the count on file is a failure.
const TOLERANCE_PERCENT: u64 = 5;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["--run", stage, times] => run(stage, times).map(|_| String::new()),
        ["--write", path] => count_all().and_then(|counts| write(path, &counts)),
        ["--compare", path] => count_all().and_then(|counts| compare(path, &counts)),
        _ => Err("usage: instructions --compare FILE | --write FILE".to_owned()),
    };
    match done {
        Ok(said) => {
            print!("{said}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(stage: &str, times: &str) -> Result<usize, String> {
    let stage = Stage::named(stage).ok_or_else(|| format!("{stage} is no stage"))?;
    let times: u64 = times.parse().map_err(|_| format!("{times} is no number"))?;
    let work = OwnWork::new();
    Ok((0..times).map(|_| black_box(work.run(black_box(stage)))).sum())
}

fn count_all() -> Result<BTreeMap<&'static str, u64>, String> {
    Stage::ALL.into_iter().map(|stage| Ok((stage.name(), count(stage)?))).collect()
}

fn count(stage: Stage) -> Result<u64, String> {
    let (few, many) = (collected(stage, FEW)?, collected(stage, MANY)?);
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

/// What callgrind counts for a process of ours.
fn collected(stage: Stage, times: u64) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["--run", stage.name(), &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find_map(|line| line.split_once("Collected : "));
    let number = line.and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| format!("callgrind did not count {}:\n{said}", stage.name()))
}

fn write(path: &str, counts: &BTreeMap<&str, u64>) -> Result<String, String> {
    let mut text =
        String::from("# Instructions of our own work for one message, by stage (callgrind, release).\n");
    for (stage, count) in counts {
        let _ = writeln!(text, "{stage} {count}");
    }
    std::fs::write(path, &text).map_err(|error| format!("{path}: {error}"))?;
    Ok(text)
}

fn compare(path: &str, counts: &BTreeMap<&str, u64>) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let on_file: BTreeMap<&str, u64> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(stage, count)| Some((stage, count.parse().ok()?)))
        .collect();
    let mut said = String::new();
    let mut worse = Vec::new();
    for (stage, count) in counts {
        let before = on_file.get(stage).ok_or_else(|| format!("{path} does not know {stage}"))?;
        let _ = writeln!(said, "{stage:16} {count:9}, on file {before:9}");
        if *count * 100 > before * (100 + TOLERANCE_PERCENT) {
            worse.push(format!("{stage}: {count} instructions, {before} on file"));
        }
    }
    if worse.is_empty() { Ok(said) } else { Err(format!("{said}{}", worse.join("\n"))) }
}
