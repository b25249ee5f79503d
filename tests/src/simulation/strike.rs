//! The hook of a run: strikes calls as the plan says, and watches the clock between a fence and its text.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use handover_cloud::{Call, Clock, Service, Verdict};

use super::{
    dice::Dice,
    fault::{Fault, Strike, failure},
    plan::{Conditions, Plan},
};

/// A fence that is older than this when its text leaves is no fence (DESIGN: submit within a second).
const FENCE_LIVE_MS: i64 = 1_000;

/// What strikes the calls of a run.
#[derive(Debug)]
pub(crate) struct Striker {
    clock: Clock,
    /// Invocations are mixed: a call may belong to any of several.
    mixed: bool,
    /// The bot is slow or silent now and then.
    moody: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    /// With how many of their calls were seen.
    strikes: Vec<(Strike, u64)>,
    outage: Option<Service>,
    healed: bool,
    /// Two calls of the console are mixed at the moment.
    mixing: bool,
    /// What tells staff and automations was struck, or killed.
    notify_struck: bool,
    struck: BTreeMap<String, u64>,
    calls: u64,
    /// Calls that may have written to the table.
    writes: u64,
    fence_read_ms: Option<i64>,
    late: Vec<i64>,
}

impl Striker {
    pub(crate) fn new(plan: &Plan, clock: Clock) -> Arc<Self> {
        let state = State {
            dice: Dice::new(plan.seed ^ 0x5f5f),
            strikes: plan.faults.iter().map(|strike| (*strike, 0)).collect(),
            outage: None,
            healed: false,
            mixing: false,
            notify_struck: false,
            struck: BTreeMap::new(),
            calls: 0,
            writes: 0,
            fence_read_ms: None,
            late: Vec::new(),
        };
        let Conditions { together, moody, .. } = plan.conditions;
        Arc::new(Self { clock, mixed: together > 1, moody, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to a call.
    pub(crate) fn fate(&self, call: &Call) -> Verdict {
        let Some(function) = call.function.as_deref() else { return Verdict::Proceed };
        let mut state = self.state();
        state.calls += 1;
        let reads = ["GetItem", "Query", "BatchGetItem"].contains(&call.operation.as_str());
        state.writes += u64::from(call.service == Service::DynamoDb && !reads);
        if !self.mixed && function == "deliver" {
            state.watch(call, self.clock.now_ms());
        }
        let mixed = self.mixed || state.mixing;
        if state.healed {
            return state.stand_back(mixed);
        }
        let verdict = if state.outage == Some(call.service) {
            state.count("outage");
            failure()
        } else if let Some(fault) = state.hit(call) {
            state.count(fault.name());
            fault.verdict()
        } else if self.moody && call.service == Service::World && function == "respond" {
            return state.mood_of_bot();
        } else if self.moody && call.service == Service::World && function == "deliver" {
            return state.mood_of_provider(mixed);
        } else {
            return state.stand_back(mixed);
        };
        state.notify_struck |= function == "notify";
        verdict
    }

    /// Mixes the calls of the invocations that run at once, or stops doing so.
    pub(crate) fn mix(&self, mixing: bool) {
        self.state().mixing = mixing;
    }

    /// Whether what tells staff and automations was struck: then it may tell a thing again.
    pub(crate) fn notify_struck(&self) -> bool {
        self.state().notify_struck
    }

    /// Takes a service down, or brings all back.
    pub(crate) fn outage(&self, service: Option<Service>) {
        self.state().outage = service;
    }

    /// Nothing is struck from now on.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.healed = true;
        state.outage = None;
    }

    /// How many calls there were that may have written to the table.
    pub(crate) fn writes(&self) -> u64 {
        self.state().writes
    }

    /// How many calls there were, and what was struck.
    pub(crate) fn counts(&self) -> (u64, BTreeMap<String, u64>) {
        let state = self.state();
        (state.calls, state.struck.clone())
    }

    /// How old fences were, in milliseconds, that were too old when their texts left.
    pub(crate) fn late(&self) -> Vec<i64> {
        self.state().late.clone()
    }
}

impl State {
    fn count(&mut self, what: &str) {
        *self.struck.entry(what.to_owned()).or_default() += 1;
    }

    /// The fault that strikes a call, if one does.
    fn hit(&mut self, call: &Call) -> Option<Fault> {
        let mut hit = None;
        for (strike, seen) in self.strikes.iter_mut().filter(|(strike, _)| strike.counts(call)) {
            if *seen == strike.after {
                hit = hit.or(Some(strike.fault));
            }
            *seen += 1;
        }
        hit
    }

    /// A provider that takes a text and does not say so, or is the last thing that a process sees.
    fn mood_of_provider(&mut self, mixed: bool) -> Verdict {
        match self.dice.below(20) {
            0 => Verdict::LoseAnswer,
            1 => Verdict::CrashAfter,
            2 => Verdict::BreakBefore,
            _ => self.stand_back(mixed),
        }
    }

    /// A bot that takes its time, or does not answer at all.
    fn mood_of_bot(&mut self) -> Verdict {
        match self.dice.below(8) {
            0 => Verdict::LoseAnswer,
            1 | 2 => Verdict::Delay(Duration::from_secs(1 + self.dice.below(9))),
            _ => Verdict::StandBack(u32::try_from(self.dice.below(40)).unwrap_or(0)),
        }
    }

    /// Invocations that run at once take turns, as their calls' latencies have it.
    fn stand_back(&mut self, mixed: bool) -> Verdict {
        match if mixed { self.dice.below(4) } else { 0 } {
            0 => Verdict::Proceed,
            turns => Verdict::StandBack(u32::try_from(turns).unwrap_or(1)),
        }
    }

    fn watch(&mut self, call: &Call, now_ms: i64) {
        match call.service {
            Service::DynamoDb if call.operation == "GetItem" => self.fence_read_ms = Some(now_ms),
            Service::World => {
                let age = now_ms - self.fence_read_ms.unwrap_or(i64::MIN / 2);
                if age >= FENCE_LIVE_MS {
                    self.late.push(age);
                }
            }
            Service::DynamoDb
            | Service::Sqs
            | Service::Scheduler
            | Service::SecretsManager
            | Service::Ses
            | Service::Events => {}
        }
    }
}
