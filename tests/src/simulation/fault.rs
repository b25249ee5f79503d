//! What happens to outgoing calls.

use std::time::Duration;

use handover_cloud::{Call, Service, Verdict};

use super::dice::Dice;

/// What happens to an outgoing call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before it.
    CrashBefore,
    /// The process dies after it.
    CrashAfter,
    /// It is carried out, and its answer gets lost.
    LoseAnswer,
    /// It never leaves.
    BreakBefore,
    /// It is throttled.
    Throttle,
    /// A transaction meets another.
    Conflict,
    /// The service fails.
    Fail,
    /// It takes seconds.
    Delay,
    /// An eventually consistent read misses the latest write.
    StaleRead,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LoseAnswer,
        Self::BreakBefore,
        Self::Throttle,
        Self::Conflict,
        Self::Fail,
        Self::Delay,
        Self::StaleRead,
    ];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::LoseAnswer => "lose-answer",
            Self::BreakBefore => "break-before",
            Self::Throttle => "throttle",
            Self::Conflict => "conflict",
            Self::Fail => "fail",
            Self::Delay => "delay",
            Self::StaleRead => "stale-read",
        }
    }

    /// What the cloud does.
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::CrashBefore => Verdict::CrashBefore,
            Self::CrashAfter => Verdict::CrashAfter,
            Self::LoseAnswer => Verdict::LoseAnswer,
            Self::BreakBefore => Verdict::BreakBefore,
            Self::Throttle => Verdict::Throttle,
            Self::Conflict => Verdict::TransactionConflict,
            Self::Fail => failure(),
            Self::Delay => Verdict::Delay(Duration::from_millis(2_500)),
            Self::StaleRead => Verdict::StaleRead,
        }
    }

    /// Whether it can happen to a call: another answer would not be the service's own, or change nothing.
    fn strikes(self, call: &Call) -> bool {
        let operation = call.operation.as_str();
        self.suits(call.service)
            && match self {
                Self::Conflict => WRITES.contains(&operation),
                Self::StaleRead => READS.contains(&operation),
                Self::CrashBefore
                | Self::CrashAfter
                | Self::LoseAnswer
                | Self::BreakBefore
                | Self::Throttle
                | Self::Fail
                | Self::Delay => true,
            }
    }

    /// Whether it can happen to some call of this service.
    fn suits(self, service: Service) -> bool {
        match self {
            Self::Conflict | Self::StaleRead => service == Service::DynamoDb,
            Self::CrashBefore
            | Self::CrashAfter
            | Self::LoseAnswer
            | Self::BreakBefore
            | Self::Throttle
            | Self::Fail
            | Self::Delay => true,
        }
    }
}

/// DynamoDB's operations that may meet another transaction.
const WRITES: [&str; 4] = ["TransactWriteItems", "PutItem", "UpdateItem", "DeleteItem"];
/// Those that may read what is no longer so.
const READS: [&str; 3] = ["GetItem", "Query", "BatchGetItem"];

/// A service that is down.
pub(crate) fn failure() -> Verdict {
    Verdict::Fail { status: 500, code: "InternalServerError".to_owned(), message: String::new() }
}

/// A fault and the call that it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strike {
    /// Which calls count; none: all of them.
    pub to: Option<Target>,
    /// How many of those come before it.
    pub after: u64,
    /// What happens.
    pub fault: Fault,
}

/// Whose calls count, and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose.
    pub function: &'static str,
    /// Where to.
    pub service: Service,
    /// What the resource's name ends in.
    pub resource: &'static str,
}

/// Calls of a usual run: what strikes any call strikes one of these.
const USUAL_CALLS: u64 = 900;

/// Each function with what it calls in the course of a run, and how many of those calls come early: half of the
/// strikes are at these, the others anywhere in [`LATER`] times as many.
const TARGETS: [(&str, Service, &str, u64); 26] = [
    ("evaluate", Service::Sqs, "", 12),
    ("evaluate", Service::DynamoDb, "", 6),
    ("execute", Service::DynamoDb, "", 30),
    ("execute", Service::Sqs, "ConversationQueue.fifo", 12),
    ("execute", Service::Sqs, "OutboundQueue.fifo", 6),
    ("execute", Service::Sqs, "TurnsQueue", 6),
    ("execute", Service::Sqs, "NotificationsQueue", 6),
    ("execute", Service::Sqs, "TimersQueue", 3),
    ("execute", Service::Scheduler, "", 5),
    ("resume", Service::DynamoDb, "", 12),
    ("resume", Service::Scheduler, "", 3),
    ("resume", Service::Sqs, "", 6),
    ("respond", Service::DynamoDb, "", 10),
    ("respond", Service::World, "", 5),
    ("respond", Service::Sqs, "", 5),
    ("deliver", Service::DynamoDb, "", 15),
    ("deliver", Service::World, "", 6),
    ("deliver", Service::Sqs, "", 6),
    ("notify", Service::DynamoDb, "", 20),
    ("notify", Service::Ses, "", 5),
    ("notify", Service::World, "", 8),
    ("notify", Service::Sqs, "", 3),
    ("console", Service::DynamoDb, "", 20),
    ("console", Service::Sqs, "", 8),
    ("console", Service::Scheduler, "", 2),
    ("execute", Service::Sqs, "QuarantineQueue", 1),
];
/// See [`TARGETS`].
const LATER: u64 = 8;

impl Strike {
    /// One of the faults in `kinds`.
    pub(crate) fn draw(dice: &mut Dice, kinds: &[Fault]) -> Option<Self> {
        let fault = dice.one_of(kinds)?;
        if dice.once_in(2) {
            return Some(Self { to: None, after: dice.below(USUAL_CALLS), fault });
        }
        let suiting: Vec<_> = TARGETS.into_iter().filter(|(_, service, ..)| fault.suits(*service)).collect();
        let (function, service, resource, early) = dice.one_of(&suiting)?;
        let calls = if dice.once_in(2) { early } else { early * LATER };
        Some(Self { to: Some(Target { function, service, resource }), after: dice.below(calls), fault })
    }

    /// Whether a call counts for it.
    pub(crate) fn counts(&self, call: &Call) -> bool {
        let meant = |to: Target| {
            call.service == to.service
                && call.function.as_deref() == Some(to.function)
                && call.resource.ends_with(to.resource)
        };
        self.fault.strikes(call) && self.to.is_none_or(meant)
    }
}
