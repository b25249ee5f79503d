//! Many seeds, on every core.

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use super::{Fault, Plan, Report, Violation, run};

/// What many seeds came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many were run.
    pub seeds: u64,
    /// How many calls functions made.
    pub calls: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// What was reached, by name.
    pub reached: BTreeMap<String, u64>,
    /// Seeds that broke a promise, with what they broke.
    pub broken: BTreeMap<u64, Vec<Violation>>,
}

/// How a campaign is run.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// The seeds.
    pub seeds: Range<u64>,
    /// Faults of these kinds.
    pub kinds: Vec<Fault>,
    /// The first seed that breaks a promise ends it.
    pub until_broken: bool,
}

impl Campaign {
    /// Runs it on every core.
    pub fn run(&self) -> Tally {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let next = AtomicU64::new(self.seeds.start);
        let over = AtomicBool::new(false);
        let tally = Mutex::new(Tally::default());
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        let seed = next.fetch_add(1, Ordering::SeqCst);
                        if seed >= self.seeds.end {
                            return;
                        }
                        let report = one(&Plan::draw(seed, &self.kinds));
                        if self.until_broken && !report.violations.is_empty() {
                            over.store(true, Ordering::SeqCst);
                        }
                        tally.lock().unwrap_or_else(PoisonError::into_inner).add(seed, report);
                    }
                });
            }
        });
        tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn add(&mut self, seed: u64, report: Report) {
        self.seeds += 1;
        self.calls += report.calls;
        for (into, from) in [(&mut self.faults, report.faults), (&mut self.reached, report.reached)] {
            for (name, count) in from {
                *into.entry(name).or_default() += count;
            }
        }
        if !report.violations.is_empty() {
            self.broken.insert(seed, report.violations);
        }
    }
}

/// Runs one plan; a panic counts as a broken promise.
pub fn one(plan: &Plan) -> Report {
    let ran = catch_unwind(AssertUnwindSafe(|| on_a_runtime(run(plan))));
    ran.unwrap_or_else(|_| Report {
        violations: vec![Violation::new("the run panicked".to_owned())],
        ..Default::default()
    })
}

/// Runs something on a runtime of its own.
pub fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(work)
}

/// Removes steps, faults and hostile conditions as long as the plan still fails; gives the smallest found.
pub fn shrink(plan: Plan) -> Plan {
    let mut smallest = plan;
    loop {
        let smaller = smallest.smaller().into_iter().find(|plan| !one(plan).violations.is_empty());
        match smaller {
            Some(plan) => smallest = plan,
            None => return smallest,
        }
    }
}
