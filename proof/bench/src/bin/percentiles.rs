//! How long each stage of our own work takes: `percentiles [TIMES]` prints the median and the 99th percentile of
//! each over so many runs (20,000 unless told), in microseconds. The must for `inbound` is 100 and 300.

use std::{hint::black_box, process::ExitCode, time::Instant};

use handover_bench::{OwnWork, Stage};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool speaks")]
#[expect(clippy::disallowed_methods, reason = "what it measures is time")]
fn main() -> ExitCode {
    let times = std::env::args().nth(1).map_or(Ok(20_000), |times| times.parse::<usize>());
    let Ok(times @ 1..) = times else {
        eprintln!("usage: percentiles [TIMES]");
        return ExitCode::from(2);
    };
    let work = OwnWork::new();
    println!("{:16} {:>10} {:>10}", "stage", "p50, us", "p99, us");
    for stage in Stage::ALL {
        // The understanding takes a thousand times as long as the rest.
        let times = if stage == Stage::Understand { times.div_ceil(20) } else { times };
        let mut taken: Vec<u128> = (0..times)
            .map(|_| {
                let start = Instant::now();
                black_box(work.run(black_box(stage)));
                start.elapsed().as_nanos()
            })
            .collect();
        taken.sort_unstable();
        let at = |hundredths: usize| taken.get((taken.len() - 1) * hundredths / 100).copied().unwrap_or(0);
        let micros = |nanos: u128| format!("{}.{}", nanos / 1_000, nanos % 1_000 / 100);
        println!("{:16} {:>10} {:>10}", stage.name(), micros(at(50)), micros(at(99)));
    }
    ExitCode::SUCCESS
}
