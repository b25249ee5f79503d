//! A simulator that tries to break the promises: real functions, real queues and timers, a hostile
//! world. A seed makes a plan; running a plan gives a verdict; a plan that fails is shrunk.

mod check;
mod plan;
mod run;

pub use check::Violation;
pub use plan::{Fault, Plan, Step};
pub use run::{Report, run};

/// Removes steps and faults as long as the plan still fails; gives the smallest found.
pub async fn shrink(plan: Plan) -> Plan {
    let mut smallest = plan;
    loop {
        let mut smaller = None;
        for candidate in smallest.smaller() {
            if !run(&candidate).await.violations.is_empty() {
                smaller = Some(candidate);
                break;
            }
        }
        match smaller {
            Some(plan) => smallest = plan,
            None => return smallest,
        }
    }
}
