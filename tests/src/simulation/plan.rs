//! What happens in a run, drawn from a seed.

use std::{fmt, time::Duration};

use handover_cloud::{Verdict, scheduler::Lateness};
use handover_core::{Pause, Timestamp};
use sha2::{Digest, Sha256};

/// How many clients write.
pub(crate) const CLIENTS: u8 = 2;

/// Everything that happens in a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// What clients, staff and time do, in order.
    pub steps: Vec<Step>,
    /// What happens to outgoing calls of functions, by the call's number.
    pub faults: Vec<(u64, Fault)>,
    /// How schedules fire.
    pub lateness: Lateness,
    /// Standard queues double and reorder.
    pub unruly_queues: bool,
}

/// Something that somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client writes; the provider tries until it is taken.
    Say {
        /// Which client.
        client: u8,
        /// The provider's number of the message.
        message: u16,
        /// Whether it asks for a human.
        asks: bool,
    },
    /// The provider sends an old message again.
    Again {
        /// Which client.
        client: u8,
        /// The provider's number of the message.
        message: u16,
    },
    /// Staff do something in the console.
    Command {
        /// In whose conversation.
        client: u8,
        /// The command's number.
        number: u16,
        /// What.
        what: StaffAction,
    },
    /// Whatever is ready happens.
    Settle,
    /// Time passes.
    Wait(Duration),
    /// The business changes its bot.
    Switch {
        /// Whether it may hand over.
        handover: bool,
    },
}

/// What staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffAction {
    /// Claim.
    Claim {
        /// The colleague does, not the assignee.
        colleague: bool,
    },
    /// Write to the client.
    Reply {
        /// The colleague does, not the assignee.
        colleague: bool,
    },
    /// Give the conversation back to the bot.
    HandBack,
    /// Settle the matter.
    Resolve,
    /// Set the pause.
    Pause(Pause),
    /// Hand over by hand.
    Start,
}

/// What happens to an outgoing call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it.
    CrashBefore,
    /// The process dies after it.
    CrashAfter,
    /// Its answer gets lost.
    LoseAnswer,
    /// It never leaves.
    BreakBefore,
    /// It is throttled.
    Throttle,
    /// A transaction meets another.
    Conflict,
    /// The service fails.
    Fail,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LoseAnswer,
        Self::BreakBefore,
        Self::Throttle,
        Self::Conflict,
        Self::Fail,
    ];

    /// What the cloud does.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::CrashBefore => Verdict::CrashBefore,
            Self::CrashAfter => Verdict::CrashAfter,
            Self::LoseAnswer => Verdict::LoseAnswer,
            Self::BreakBefore => Verdict::BreakBefore,
            Self::Throttle => Verdict::Throttle,
            Self::Conflict => Verdict::TransactionConflict,
            Self::Fail => {
                let code = "InternalServerError".to_owned();
                Verdict::Fail { status: 500, code, message: String::new() }
            }
        }
    }
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut steps = Vec::new();
        let mut message = 0;
        for number in 0..u16::try_from(8 + dice.below(16)).unwrap_or(8) {
            let client = u8::try_from(dice.below(u64::from(CLIENTS))).unwrap_or(0);
            steps.push(match dice.below(20) {
                0..=5 => {
                    message += 1;
                    Step::Say { client, message, asks: dice.below(2) == 0 }
                }
                6 => Step::Again {
                    client,
                    message: u16::try_from(dice.below(u64::from(message) + 1)).unwrap_or(0),
                },
                7..=11 => Step::Command { client, number, what: dice.staff_action() },
                12..=14 => Step::Settle,
                15..=18 => Step::Wait(dice.time()),
                _ => Step::Switch { handover: dice.below(4) != 0 },
            });
        }
        let faults = (0..dice.below(5))
            .map(|_| {
                let index = usize::try_from(dice.below(Fault::ALL.len() as u64)).unwrap_or(0);
                let fault = Fault::ALL.get(index).copied().unwrap_or(Fault::Fail);
                (dice.below(160), fault)
            })
            .collect();
        let lateness = match dice.below(5) {
            0 => Lateness::Exact,
            1 => Lateness::Dropped,
            2 => Lateness::Doubled,
            _ => Lateness::Seeded(seed),
        };
        Self { seed, steps, faults, lateness, unruly_queues: dice.below(2) == 0 }
    }

    /// Every plan that has one step or one fault less, and the same with nothing unruly.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller = Vec::new();
        for index in 0..self.faults.len() {
            let mut plan = self.clone();
            plan.faults.remove(index);
            smaller.push(plan);
        }
        for index in 0..self.steps.len() {
            let mut plan = self.clone();
            plan.steps.remove(index);
            smaller.push(plan);
        }
        if self.unruly_queues {
            smaller.push(Self { unruly_queues: false, ..self.clone() });
        }
        if self.lateness != Lateness::Exact {
            smaller.push(Self { lateness: Lateness::Exact, ..self.clone() });
        }
        smaller
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "seed {}: schedules {:?}, unruly queues {}",
            self.seed, self.lateness, self.unruly_queues
        )?;
        for (number, fault) in &self.faults {
            writeln!(formatter, "  call {number}: {fault:?}")?;
        }
        for step in &self.steps {
            writeln!(formatter, "  {step:?}")?;
        }
        Ok(())
    }
}

/// Numbers that follow from a seed.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self { seed, thrown: 0 }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.thrown += 1;
        let hash =
            Sha256::new().chain_update(self.seed.to_be_bytes()).chain_update(self.thrown.to_be_bytes());
        let bytes = hash.finalize();
        let number = bytes.first_chunk().map_or(0, |chunk: &[u8; 8]| u64::from_be_bytes(*chunk));
        number % limit.max(1)
    }

    fn time(&mut self) -> Duration {
        let seconds = match self.below(6) {
            0 => self.below(5),
            1 | 2 => self.below(300),
            3 | 4 => self.below(5_400),
            _ => self.below(100_000),
        };
        Duration::from_secs(seconds)
    }

    fn staff_action(&mut self) -> StaffAction {
        let colleague = self.below(2) == 0;
        match self.below(8) {
            0 | 1 => StaffAction::Claim { colleague },
            2 | 3 => StaffAction::Reply { colleague },
            4 => StaffAction::HandBack,
            5 => StaffAction::Resolve,
            6 => StaffAction::Pause(match self.below(3) {
                0 => Pause::UntilHandedBack,
                _ => {
                    Pause::For { days: 0, hours: 0, minutes: u16::try_from(1 + self.below(240)).unwrap_or(1) }
                }
            }),
            _ => StaffAction::Start,
        }
    }
}

/// When a run is over at the latest, after its last step: every pause with an end has ended, every
/// promise is settled, every queue's waits are over.
pub(crate) fn long_after(now: Timestamp) -> Timestamp {
    now + Duration::from_hours(54)
}
