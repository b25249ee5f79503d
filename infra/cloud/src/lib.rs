//! A local AWS, in this process: DynamoDB, SQS, EventBridge Scheduler, Secrets Manager and SES as an SDK
//! sees them, and Lambda's part of the work - event sources, HTTP events, policies. It runs what
//! `infra/template.yaml` declares.
//!
//! Every call to it and to the world outside passes one door ([`Cloud::call`], [`Cloud::call_world`]), where
//! it is held to its function's policy, where a hook can fail, delay, lose or crash it, and where it is
//! counted.

pub mod clock;
pub mod scheduler;
pub mod service;
pub mod sqs;
pub mod storage;

mod calls;
mod cloud;
mod connector;
mod dispatcher;
mod dynamodb;
mod events;
mod faults;
pub mod policy;
mod recorder;
mod routing;
mod secrets;
mod ses;
pub mod template;

pub use calls::{Broken, Call, CallRecord, Hook, Outcome, Service, Verdict};
pub use clock::Clock;
pub use cloud::{Cloud, CloudError, Crashed, ENDPOINT_HOST};
pub use dispatcher::{BoxFuture, Dispatcher, Handler, Invocation};
pub use dynamodb::Units;
pub use faults::{Effect, Fault, Faults};
pub use recorder::{RecordedRequest, Recorder, Responder};
pub use storage::Storage;
pub use template::{Template, TemplateError};
