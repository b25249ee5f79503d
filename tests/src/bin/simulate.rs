//! Runs seeds through the simulator: `simulate --seeds 1000 --start 0`, or one again: `--replay 17`.

use std::{collections::BTreeMap, process::ExitCode};

use handover_tests::simulation::{Plan, run, shrink};

const HELP: &str = "\
Tries to break the promises of ARCHITECTURE.md with hostile worlds, one a seed.

usage: simulate [--seeds N] [--start S] [--replay SEED]

  --seeds N      how many seeds (default 100)
  --start S      the first (default 0)
  --replay SEED  one seed, with its plan

A violation prints the seed and the shrunk plan; the exit status is then 1.";

struct Options {
    seeds: u64,
    start: u64,
    replay: Option<u64>,
}

fn options() -> Result<Options, String> {
    let mut options = Options { seeds: 100, start: 0, replay: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut number = || {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value.ok_or_else(|| format!("{name} needs a number\n\n{HELP}"))
        };
        match name.as_str() {
            "--seeds" => options.seeds = number()?,
            "--start" => options.start = number()?,
            "--replay" => options.replay = Some(number()?),
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks")]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(help) => {
            eprintln!("{help}");
            return ExitCode::from(2);
        }
    };
    let seeds = match options.replay {
        Some(seed) => {
            println!("{}", Plan::draw(seed));
            seed..seed.saturating_add(1)
        }
        None => options.start..options.start.saturating_add(options.seeds),
    };
    let (mut faults, mut reached): (BTreeMap<String, u64>, BTreeMap<String, u64>) = Default::default();
    let (mut calls, mut broken, total) = (0, 0_u32, seeds.end - seeds.start);
    for seed in seeds {
        let plan = Plan::draw(seed);
        let report = run(&plan).await;
        calls += report.calls;
        for (into, from) in [(&mut faults, report.faults), (&mut reached, report.reached)] {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        if !report.violations.is_empty() {
            broken += 1;
            let small = shrink(plan).await;
            println!("seed {seed} breaks a promise; the smallest plan that does:\n{small}");
            for violation in run(&small).await.violations {
                println!("  -> {violation}");
            }
        }
    }
    println!("{total} seeds, {calls} calls, {broken} broken");
    println!("faults: {faults:?}");
    println!("reached: {reached:?}");
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
