//! How long our own work takes: `cargo bench` in `proof`.

use std::{hint::black_box, time::Duration};

use criterion::Criterion;
use handover_bench::{OwnWork, Stage};

fn main() {
    let work = OwnWork::new();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for stage in Stage::ALL {
        criterion.bench_function(stage.name(), |bencher| bencher.iter(|| work.run(black_box(stage))));
    }
    criterion.final_summary();
}
