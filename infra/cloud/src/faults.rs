//! Faults as data: rules that can be posted as JSON, made into a hook.

use crate::calls::{Call, Hook, Service, Verdict};
use crate::service::draw;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Everything that goes wrong on purpose. The first rule that matches a call decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Faults {
    /// The rules, in order.
    #[serde(default)]
    pub rules: Vec<Fault>,
    /// Schedules delete themselves without ever firing.
    #[serde(default)]
    pub drop_timers: bool,
    /// Decides which calls a rule with a probability hits.
    #[serde(default)]
    pub seed: u64,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The service.
    pub service: Service,
    /// The operation; any when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The function that calls; anybody when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What happens.
    pub effect: Effect,
    /// How many calls it still hits; without a limit when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u32>,
    /// The share of matching calls that it hits, 0 to 1; all when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The service refuses it.
    Fail {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
    },
    /// It takes this many milliseconds longer.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// It is carried out, and its answer is lost.
    LoseAnswer,
    /// The connection breaks before it arrives.
    BreakBefore,
    /// The service throttles it.
    Throttle,
}

impl Faults {
    /// A hook that applies the rules, each as often as it still may.
    pub fn into_hook(self) -> Hook {
        let Self { rules, drop_timers: _, seed } = self;
        let rules: Vec<(Fault, AtomicU32)> = rules
            .into_iter()
            .map(|rule| {
                let remaining = rule.remaining.unwrap_or(u32::MAX);
                (rule, AtomicU32::new(remaining))
            })
            .collect();
        Arc::new(move |call| {
            let hit = rules.iter().find(|(rule, remaining)| rule.hits(call, seed) && rule.spend(remaining));
            hit.map(|(rule, _)| rule.effect.verdict()).unwrap_or_default()
        })
    }
}

impl Fault {
    fn hits(&self, call: &Call, seed: u64) -> bool {
        self.service == call.service
            && self.operation.as_ref().is_none_or(|operation| *operation == call.operation)
            && self.function.as_ref().is_none_or(|function| call.function.as_ref() == Some(function))
            && self.probability.is_none_or(|share| lot(seed, call.number) < share)
    }

    /// Uses the rule up by one, unless it is used up.
    fn spend(&self, remaining: &AtomicU32) -> bool {
        self.remaining.is_none()
            || remaining
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
    }
}

/// A number from 0 (included) to 1 (excluded) that depends on seed and call only.
fn lot(seed: u64, number: u64) -> f64 {
    let steps = u32::try_from(draw(seed, &number.to_string()) >> 32).unwrap_or(u32::MAX);
    f64::from(steps) / (f64::from(u32::MAX) + 1.0)
}

impl Effect {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Fail { status, code } => Verdict::Fail {
                status: *status,
                code: code.clone(),
                message: "a fault was asked for".to_owned(),
            },
            Self::Delay { ms } => Verdict::Delay(Duration::from_millis(*ms)),
            Self::LoseAnswer => Verdict::LoseAnswer,
            Self::BreakBefore => Verdict::BreakBefore,
            Self::Throttle => Verdict::Throttle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(number: u64, operation: &str, function: Option<&str>) -> Call {
        Call {
            number,
            function: function.map(str::to_owned),
            service: Service::DynamoDb,
            operation: operation.to_owned(),
            resource: String::new(),
            host: String::new(),
        }
    }

    #[test]
    fn a_rule_hits_its_own_calls_as_often_as_it_may() {
        let faults: Faults = serde_json::from_value(json!({"rules": [
            {"service": "dynamodb", "operation": "PutItem", "function": "execute",
             "effect": {"fail": {"status": 500, "code": "InternalServerError"}}, "remaining": 2},
            {"service": "dynamodb", "operation": "GetItem", "effect": "throttle"},
        ]}))
        .unwrap();
        let hook = faults.into_hook();
        let failed = |call: &Call| matches!(hook(call), Verdict::Fail { status: 500, .. });
        assert!(!failed(&call(1, "PutItem", None)));
        assert!(!failed(&call(2, "PutItem", Some("notify"))));
        assert!(failed(&call(3, "PutItem", Some("execute"))));
        assert!(failed(&call(4, "PutItem", Some("execute"))));
        assert!(!failed(&call(5, "PutItem", Some("execute"))));
        assert_eq!(hook(&call(6, "GetItem", None)), Verdict::Throttle);
        assert_eq!(hook(&call(7, "Query", None)), Verdict::Proceed);
    }

    #[test]
    fn a_probability_hits_its_share_and_the_same_calls_each_time() {
        let faults: Faults = serde_json::from_value(json!({"seed": 7, "rules": [
            {"service": "dynamodb", "effect": {"delay": {"ms": 5}}, "probability": 0.25},
        ]}))
        .unwrap();
        let hits =
            |hook: Hook| (0..4000).filter(|n| hook(&call(*n, "GetItem", None)) != Verdict::Proceed).collect();
        let first: Vec<u64> = hits(faults.clone().into_hook());
        let second: Vec<u64> = hits(faults.into_hook());
        assert_eq!(first, second);
        assert!((800..1200).contains(&first.len()), "{}", first.len());
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let unknown = json!({"rules": [{"service": "sqs", "effect": "throttle", "funtion": "execute"}]});
        assert!(serde_json::from_value::<Faults>(unknown).is_err());
    }
}
