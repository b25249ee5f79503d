//! Runs seeds through the simulator: `simulate --seeds 1000 --start 0`, or one again: `--replay 17`.

use std::process::ExitCode;

#[cfg(feature = "planted")]
use handover_tests::simulation::one;
use handover_tests::simulation::{Campaign, Fault, Plan, on_a_runtime, shrink, tell};

const HELP: &str = "\
Tries to break the promises of ARCHITECTURE.md with hostile worlds, one a seed.

usage: simulate [--seeds N] [--start S] [--faults LIST] [--replay SEED] [--whole] [--planted LIST]

  --seeds N      how many seeds (default 100)
  --start S      the first (default 0)
  --faults LIST  only faults of these kinds, separated by commas; `none` for none:
                 crash-before, crash-after, lose-answer, break-before, throttle, conflict, fail, delay,
                 stale-read
  --replay SEED  one seed, told line by line
  --whole        do not look for the smallest plan that breaks the same
  --planted LIST `all`, or names of planted bugs, separated by commas: each must be found within the
                 seeds (in a build with the feature `planted` alone)

A violation prints the seed, the smallest plan found that breaks a promise, and its story; the exit
status is then 1.";

struct Options {
    seeds: u64,
    start: u64,
    replay: Option<u64>,
    kinds: Vec<Fault>,
    whole: bool,
    planted: Option<String>,
}

fn options() -> Result<Options, String> {
    let mut options = Options {
        seeds: 100,
        start: 0,
        replay: None,
        kinds: Fault::ALL.to_vec(),
        whole: false,
        planted: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--whole" {
            options.whole = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value\n\n{HELP}"))?;
        let number = || value.parse().map_err(|_| format!("{name} needs a number\n\n{HELP}"));
        match name.as_str() {
            "--seeds" => options.seeds = number()?,
            "--start" => options.start = number()?,
            "--replay" => options.replay = Some(number()?),
            "--planted" => options.planted = Some(value.clone()),
            "--faults" => options.kinds = kinds(&value)?,
            _ => return Err(HELP.to_owned()),
        }
    }
    Ok(options)
}

fn kinds(list: &str) -> Result<Vec<Fault>, String> {
    let named = |name: &str| Fault::ALL.into_iter().find(|fault| fault.name() == name);
    let given = list.split(',').filter(|name| !name.is_empty() && *name != "none");
    given.map(|name| named(name).ok_or_else(|| format!("{name} is no kind of fault\n\n{HELP}"))).collect()
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks")]
fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(help) => {
            eprintln!("{help}");
            return ExitCode::from(2);
        }
    };
    if let Some(list) = &options.planted {
        return look_for_planted(list, &options);
    }
    if let Some(seed) = options.replay {
        let plan = Plan::draw(seed, &options.kinds);
        print!("{plan}");
        let report = on_a_runtime(tell(&plan));
        println!("{}", report.story.join("\n"));
        for violation in &report.violations {
            println!("  -> {violation}");
        }
        return if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let seeds = options.start..options.start.saturating_add(options.seeds);
    let tally = Campaign { seeds, kinds: options.kinds.clone(), until_broken: false }.run();
    for (seed, violations) in &tally.broken {
        println!("seed {seed} breaks a promise:");
        for violation in violations {
            println!("  -> {violation}");
        }
        if !options.whole {
            let small = shrink(Plan::draw(*seed, &options.kinds));
            println!("the smallest plan found that breaks one:\n{small}");
            let report = on_a_runtime(tell(&small));
            println!("{}", report.story.join("\n"));
            for violation in report.violations {
                println!("  -> {violation}");
            }
        }
    }
    println!("{} seeds, {} calls, {} broken", tally.seeds, tally.calls, tally.broken.len());
    println!("faults: {:?}", tally.faults);
    println!("reached: {:?}", tally.reached);
    if tally.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plants one bug after the other, and looks for each.
#[cfg(feature = "planted")]
#[expect(clippy::print_stdout, reason = "a command line tool speaks")]
fn look_for_planted(list: &str, options: &Options) -> ExitCode {
    let wanted =
        |bug: &handover_core::Bug| list == "all" || list.split(',').any(|name| name == format!("{bug:?}"));
    let (mut missed, mut broken_without) = (0, false);
    for bug in handover_core::Bug::ALL.into_iter().filter(wanted) {
        let end = options.start.saturating_add(options.seeds);
        let mut from = options.start;
        loop {
            handover_core::plant(Some(bug));
            let tally = Campaign { seeds: from..end, kinds: options.kinds.clone(), until_broken: true }.run();
            let Some((seed, violations)) = tally.broken.first_key_value() else {
                missed += 1;
                println!("{bug:?}: NOT FOUND in {} seeds", options.seeds);
                break;
            };
            // What breaks without the bug as well says nothing of it.
            handover_core::plant(None);
            if one(&Plan::draw(*seed, &options.kinds)).violations.is_empty() {
                let first = violations.first().map(ToString::to_string).unwrap_or_default();
                println!("{bug:?}: found after {} seeds, by {seed}: {first}", seed - options.start + 1);
                break;
            }
            println!("{seed} breaks a promise without any bug");
            broken_without = true;
            from = seed + 1;
        }
    }
    handover_core::plant(None);
    println!("{missed} missed");
    if missed == 0 && !broken_without { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(not(feature = "planted"))]
#[expect(clippy::print_stderr, reason = "a command line tool speaks")]
fn look_for_planted(_: &str, _: &Options) -> ExitCode {
    eprintln!("no bug is planted in this build: build it with --features planted");
    ExitCode::from(2)
}
