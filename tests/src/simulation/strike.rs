//! The hook of a run: strikes calls as the plan says, and watches the clock between a fence and its text.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use handover_cloud::{Call, Clock, Service, Verdict};

use super::{
    dice::Dice,
    fault::{Strike, failure},
    plan::Plan,
};

/// A fence that is older than this when its text leaves is no fence (DESIGN: submit within a second).
const FENCE_LIVE_MS: i64 = 1_000;

/// What strikes the calls of a run.
#[derive(Debug)]
pub(crate) struct Striker {
    clock: Clock,
    /// Invocations are mixed: a call may belong to any of several.
    mixed: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    dice: Dice,
    /// With how many of their calls were seen.
    strikes: Vec<(Strike, u64)>,
    outage: Option<Service>,
    healed: bool,
    struck: BTreeMap<String, u64>,
    calls: u64,
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
            struck: BTreeMap::new(),
            calls: 0,
            fence_read_ms: None,
            late: Vec::new(),
        };
        Arc::new(Self { clock, mixed: plan.conditions.together > 1, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to a call.
    pub(crate) fn fate(&self, call: &Call) -> Verdict {
        let Some(function) = call.function.as_deref() else { return Verdict::Proceed };
        let mut state = self.state();
        state.calls += 1;
        if !self.mixed && function == "deliver" {
            state.watch(call, self.clock.now_ms());
        }
        if state.healed {
            return state.stand_back(self.mixed);
        }
        if state.outage == Some(call.service) {
            state.count("outage");
            return failure();
        }
        let mut hit = None;
        for (strike, seen) in state.strikes.iter_mut().filter(|(strike, _)| strike.counts(call)) {
            if *seen == strike.after {
                hit = hit.or(Some(strike.fault));
            }
            *seen += 1;
        }
        match hit {
            Some(fault) => {
                state.count(fault.name());
                fault.verdict()
            }
            None => state.stand_back(self.mixed),
        }
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
            | Service::Ses => {}
        }
    }
}
