//! Every call that passes through the cloud: what a test may do to it, and what is noted of it.

use crate::dynamodb::Units;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many calls the log holds; older ones fall out.
const LOG_CAPACITY: usize = 100_000;

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// SQS.
    Sqs,
    /// EventBridge Scheduler.
    Scheduler,
    /// Secrets Manager.
    SecretsManager,
    /// SES, version 2.
    Ses,
    /// EventBridge.
    Events,
    /// Any other host: a provider's API, a chat's webhook.
    World,
}

/// A call about to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number, counted from 1 since the cloud was opened; the order in which calls arrived.
    pub number: u64,
    /// The function that calls: the owner of the key id, for calls to the world the one that runs under
    /// [`crate::Cloud::run_as`]. None for an administrator.
    pub function: Option<String>,
    /// Where it goes.
    pub service: Service,
    /// The operation, such as `PutItem`; for the world, the HTTP method.
    pub operation: String,
    /// The ARN of the first resource that it touches; for the world, the path.
    pub resource: String,
    /// The host that it is sent to.
    pub host: String,
}

/// What happens to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out.
    #[default]
    Proceed,
    /// It is refused with this error and not carried out.
    Fail {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// The error's text.
        message: String,
    },
    /// It is refused with the service's own throttling error.
    Throttle,
    /// DynamoDB only: another transaction holds the item. `TransactionCanceledException` for a
    /// transaction, `TransactionConflictException` for a single write.
    TransactionConflict,
    /// It is carried out after this much domain time: a system clock waits, a manual one is moved. A
    /// client's own timeout runs on real time; one that would strike is [`Self::LoseAnswer`].
    Delay(Duration),
    /// It is carried out, and the connection breaks before the answer arrives.
    LoseAnswer,
    /// The connection breaks before the request arrives.
    BreakBefore,
    /// The caller dies before the request leaves.
    CrashBefore,
    /// The caller dies after the call was carried out.
    CrashAfter,
    /// DynamoDB only: an eventually consistent read does not see the latest write (see
    /// [`crate::Cloud::keep_replica`]). Anything else proceeds.
    StaleRead,
}

/// Decides what happens to each call.
pub type Hook = Arc<dyn Fn(&Call) -> Verdict + Send + Sync>;

/// How a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The request never arrived.
    #[error("connection reset before the request was sent")]
    Before,
    /// The request was carried out; its answer was lost.
    #[error("no answer within the time limit")]
    AnswerLost,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It succeeded.
    Done,
    /// The service refused it, with the code of its error.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error's code, such as `ConditionalCheckFailedException`.
        code: String,
    },
    /// The request never arrived.
    BrokenBefore,
    /// It was carried out, and the caller does not know.
    AnswerLost,
    /// The caller died before it.
    CrashedBefore,
    /// It was carried out, and the caller died.
    CrashedAfter,
}

/// What is noted of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRecord {
    /// [`Call::number`].
    pub number: u64,
    /// [`Call::function`].
    pub function: Option<String>,
    /// Where it went.
    pub service: Service,
    /// [`Call::operation`].
    pub operation: String,
    /// [`Call::resource`].
    pub resource: String,
    /// How it ended.
    pub outcome: Outcome,
    /// DynamoDB's price of it, refused conditions included.
    pub units: Units,
}

/// The calls, in the order in which they ended.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    records: Mutex<VecDeque<CallRecord>>,
}

impl CallLog {
    /// Notes a call.
    pub(crate) fn note(&self, call: Call, outcome: Outcome, units: Units) {
        let Call { number, function, service, operation, resource, host: _ } = call;
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == LOG_CAPACITY {
            records.pop_front();
        }
        records.push_back(CallRecord { number, function, service, operation, resource, outcome, units });
    }

    /// Takes everything noted so far.
    pub(crate) fn take(&self) -> Vec<CallRecord> {
        std::mem::take(&mut *self.records.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}
