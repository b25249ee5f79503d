//! `infra/template.yaml`, read as CloudFormation reads it: a closed subset of SAM and CloudFormation.
//!
//! Whatever the local cloud does not know - a resource type, a property, an intrinsic - is an error
//! that names it, so that nothing can stand in the template and silently not happen here. Resources and
//! properties that have no meaning on one machine (alarms, log groups, tracing...) are accepted by name.

mod intrinsics;
mod mail;
mod properties;
mod resources;

use crate::policy::Statement;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is wrong with a template: where, and what. Always one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {problem}")]
pub struct TemplateError {
    /// The logical id or section.
    pub at: String,
    /// What is wrong there.
    pub problem: String,
}

impl TemplateError {
    fn new(at: impl Into<String>, problem: impl Into<String>) -> Self {
        // Parser messages may quote several lines of the file.
        Self { at: at.into(), problem: problem.into().split_whitespace().collect::<Vec<_>>().join(" ") }
    }
}

/// Everything that the local cloud takes from the template.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// SQS queues, dead-letter queues among them.
    pub queues: Vec<Queue>,
    /// Names of the EventBridge Scheduler groups.
    pub schedule_groups: Vec<String>,
    /// Schedules that exist from the start.
    pub schedules: Vec<Schedule>,
    /// Secrets Manager secrets.
    pub secrets: Vec<Secret>,
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// Routes of the HTTP API.
    pub routes: Vec<Route>,
    /// Queues that functions consume.
    pub event_sources: Vec<EventSource>,
    /// What is told about e-mails.
    pub mail_events: Vec<MailEvents>,
    /// The outputs, resolved.
    pub outputs: BTreeMap<String, String>,
}

/// A DynamoDB table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// The types (`S`, `N`, `B`) of the key attributes of the table and of its indexes.
    pub attributes: BTreeMap<String, String>,
    /// The key.
    pub key: Key,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// The attribute that holds the time to live, in Unix seconds.
    pub ttl_attribute: Option<String>,
}

/// The key of a table or index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The partition key's attribute.
    pub partition: String,
    /// The sort key's attribute.
    pub sort: Option<String>,
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection: String,
    /// The attributes that it holds beside the keys, for `INCLUDE`.
    pub attributes: Vec<String>,
}

/// An SQS queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name; FIFO queues end in `.fifo`.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The attributes as `CreateQueue` takes them.
    pub attributes: BTreeMap<String, String>,
}

/// A schedule that the stack itself creates.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// The group that it belongs to.
    pub group: String,
    /// The body of its `CreateSchedule` request.
    pub request: Value,
}

/// A secret whose value is generated when the stack is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its name in the template.
    pub logical_id: String,
    /// Its physical name.
    pub name: String,
    /// Its ARN, with the six characters that Secrets Manager adds.
    pub arn: String,
    /// How long the generated value is, in characters.
    pub length: usize,
    /// The characters that the generated value is drawn from.
    pub alphabet: String,
}

/// A Lambda function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name in the template.
    pub logical_id: String,
    /// The binary that it runs (`Metadata: BuildProperties: Binary`), by which the local cloud knows it.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Seconds after which an invocation is cut off.
    pub timeout_s: u32,
    /// Memory in MB.
    pub memory_mb: u32,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// What it may do.
    pub statements: Vec<Statement>,
}

/// A route of the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Method and path, such as `POST /webhooks/{inbox}`.
    pub key: String,
    /// The [`Function::name`] that answers it.
    pub function: String,
}

/// An event source mapping: a queue and the function that consumes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// Its name in the template.
    pub logical_id: String,
    /// The queue's name.
    pub queue: String,
    /// The queue's ARN.
    pub queue_arn: String,
    /// The [`Function::name`] that is invoked.
    pub function: String,
    /// The most records in one invocation.
    pub batch_size: usize,
    /// Whether the function's answer names the records that failed.
    pub report_batch_item_failures: bool,
    /// The most invocations at a time.
    pub maximum_concurrency: Option<usize>,
}

/// What SES tells about the e-mails of a configuration set, and where a rule of the default bus brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailEvents {
    /// The configuration set.
    pub configuration_set: String,
    /// The kinds that are told, such as `bounce`.
    pub kinds: Vec<String>,
    /// The queue that gets the `detail` of each.
    pub queue: String,
}

impl Template {
    /// Reads a template. `parameters` replace the defaults of those that the template declares.
    pub fn parse(yaml: &str, parameters: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let document = intrinsics::read(yaml)?;
        let stack = intrinsics::Stack::new(&document, parameters)?;
        resources::read(&stack)
    }

    /// The function of this name (its binary).
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The queue of this logical id.
    pub fn queue(&self, logical_id: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.logical_id == logical_id)
    }
}

#[cfg(test)]
mod tests;
