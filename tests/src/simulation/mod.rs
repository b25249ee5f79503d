//! A simulator that tries to break the promises: real functions, real queues and timers, a hostile
//! world. A seed makes a plan; running a plan gives a verdict; a plan that fails is shrunk and told.

mod automation;
mod bot;
mod campaign;
mod check;
mod dice;
mod draw;
mod fault;
mod judge;
mod people;
mod plan;
mod rest;
mod run;
mod staff;
mod strike;
mod versions;

pub use campaign::{Campaign, Tally, on_a_runtime, one, shrink};
pub use check::Violation;
pub use fault::{Fault, Strike, Target};
pub use plan::{BotPlace, ChatEvent, Conditions, Edit, Plan, StaffAction, Step, Words};
pub use run::{Report, run, tell};
