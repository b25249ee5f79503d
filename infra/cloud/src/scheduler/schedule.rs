//! What a schedule says, on the wire and in the store, and what AWS checks of it (`CreateSchedule`
//! reference).

use super::Expression;
use crate::service::ServiceError;
use crate::sqs::{is_fifo, queue_name_of_arn};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The largest input of a target, in bytes (EventBridge Scheduler quotas: 256 KB).
pub const MAX_INPUT_BYTES: usize = 256 * 1024;

/// The body of `CreateSchedule` and `UpdateSchedule`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ScheduleRequest {
    /// Makes a repeated request harmless: 1 to 64 of letters, digits, `-`, `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// The schedule's group; `default` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    /// `at(...)`, `rate(...)` or `cron(...)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_expression: Option<String>,
    /// Must be UTC when given: there is no zone database here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_expression_timezone: Option<String>,
    /// Unix seconds before which a recurring schedule is not due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_date: Option<Number>,
    /// Unix seconds after which a recurring schedule is not due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Number>,
    /// For people; at most 512 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `ENABLED` (when not given) or `DISABLED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Kept, and of no effect here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// What is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// `OFF`, or a window in which AWS may call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flexible_time_window: Option<FlexibleTimeWindow>,
    /// `DELETE` removes the schedule after its last call; `NONE` when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_after_completion: Option<String>,
}

/// What a schedule calls: a local queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
pub struct Target {
    /// The ARN of an SQS queue.
    pub arn: String,
    /// The role that Scheduler takes on.
    pub role_arn: String,
    /// The message: JSON, at most 256 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Needed for FIFO queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqs_parameters: Option<SqsParameters>,
    /// Kept, and of no effect here: a local call fails for good or succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
    /// A standard queue that gets what could not be delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_config: Option<DeadLetterConfig>,
}

/// Parameters of a queue target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SqsParameters {
    /// The message group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
}

/// How long and how often AWS tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RetryPolicy {
    /// 60..=86400.
    pub maximum_event_age_in_seconds: u32,
    /// 0..=185.
    pub maximum_retry_attempts: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { maximum_event_age_in_seconds: 86_400, maximum_retry_attempts: 185 }
    }
}

/// Where undeliverable calls go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DeadLetterConfig {
    /// The ARN of a standard queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
}

/// Whether AWS may call later than the expression says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FlexibleTimeWindow {
    /// `OFF` or `FLEXIBLE`.
    pub mode: String,
    /// With `FLEXIBLE`, 1..=1440.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_window_in_minutes: Option<u32>,
}

impl ScheduleRequest {
    /// The group, `default` when none is given.
    pub fn group(&self) -> &str {
        self.group_name.as_deref().unwrap_or("default")
    }

    /// Whether the schedule is to fire at all.
    pub(super) fn enabled(&self) -> bool {
        self.state.as_deref() != Some("DISABLED")
    }

    /// Whether the schedule goes away after its last call.
    pub(super) fn deletes_itself(&self) -> bool {
        self.action_after_completion.as_deref() == Some("DELETE")
    }

    /// The start, in Unix milliseconds.
    pub(super) fn start_ms(&self) -> Option<i64> {
        self.start_date.as_ref().and_then(milliseconds)
    }

    /// The end, in Unix milliseconds.
    pub(super) fn end_ms(&self) -> Option<i64> {
        self.end_date.as_ref().and_then(milliseconds)
    }

    /// Checks the request and reads its expression. All that is wrong with the form is told at once.
    pub(super) fn validate(&self, name: &str) -> Result<Expression, ServiceError> {
        let mut problems = Vec::new();
        check_name(&mut problems, "name", name);
        check_name(&mut problems, "groupName", self.group());
        check_client_token(&mut problems, self.client_token.as_deref());
        check_choice(&mut problems, "state", self.state.as_deref(), &["ENABLED", "DISABLED"]);
        let action = self.action_after_completion.as_deref();
        check_choice(&mut problems, "actionAfterCompletion", action, &["NONE", "DELETE"]);
        let mut check = |ok: bool, member: &str, constraint: &str| {
            if !ok {
                problems.push(problem(member, constraint));
            }
        };
        let description = self.description.as_deref().unwrap_or_default();
        check(description.chars().count() <= 512, "description", "length less than or equal to 512");
        check(self.schedule_expression.is_some(), "scheduleExpression", "not be null");
        match &self.flexible_time_window {
            None => check(false, "flexibleTimeWindow", "not be null"),
            Some(window) => {
                let minutes = window.maximum_window_in_minutes;
                let fits = match window.mode.as_str() {
                    "OFF" => minutes.is_none(),
                    "FLEXIBLE" => minutes.is_some_and(|minutes| (1..=1440).contains(&minutes)),
                    _ => false,
                };
                check(fits, "flexibleTimeWindow", "be OFF, or FLEXIBLE with a window of 1 to 1440 minutes");
            }
        }
        match &self.target {
            None => check(false, "target", "not be null"),
            Some(target) => {
                check(is_role(&target.role_arn), "target.roleArn", "be the ARN of a role");
                check(!target.arn.is_empty(), "target.arn", "not be null");
                let retry = target.retry_policy.clone().unwrap_or_default();
                let age = (60..=86_400).contains(&retry.maximum_event_age_in_seconds);
                check(age, "target.retryPolicy.maximumEventAgeInSeconds", "be between 60 and 86400");
                let attempts = retry.maximum_retry_attempts <= 185;
                check(attempts, "target.retryPolicy.maximumRetryAttempts", "be between 0 and 185");
            }
        }
        if !problems.is_empty() {
            return Err(form_error(&problems));
        }
        self.target.iter().try_for_each(Target::validate)?;
        self.check_times()
    }

    fn check_times(&self) -> Result<Expression, ServiceError> {
        let zone = self.schedule_expression_timezone.as_deref().unwrap_or("UTC");
        if !["UTC", "Etc/UTC"].contains(&zone) {
            let text =
                format!("Invalid ScheduleExpressionTimezone {zone}: the local Scheduler knows UTC only.");
            return Err(validation(text));
        }
        for (name, date) in [("StartDate", &self.start_date), ("EndDate", &self.end_date)] {
            if date.as_ref().is_some_and(|date| milliseconds(date).is_none()) {
                return Err(validation(format!("Invalid {name}.")));
            }
        }
        if let (Some(start), Some(end)) = (self.start_ms(), self.end_ms())
            && start >= end
        {
            return Err(validation("The StartDate must come before the EndDate."));
        }
        let text = self.schedule_expression.as_deref().unwrap_or_default();
        Expression::parse(text).ok_or_else(|| validation(format!("Invalid Schedule Expression {text}.")))
    }
}

impl Target {
    fn validate(&self) -> Result<(), ServiceError> {
        let Some(queue) = queue_name_of_arn(&self.arn) else {
            let text = format!(
                "Provided Arn is not in correct format: the local Scheduler calls its own SQS queues only, not {}.",
                self.arn
            );
            return Err(validation(text));
        };
        let group = self.sqs_parameters.as_ref().and_then(|parameters| parameters.message_group_id.as_ref());
        if is_fifo(queue) && group.is_none() {
            return Err(validation("MessageGroupId is required for a FIFO queue."));
        }
        let dead_letter = self.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref());
        if let Some(arn) = dead_letter
            && queue_name_of_arn(arn).is_none_or(is_fifo)
        {
            return Err(validation("DeadLetterConfig Arn is not the ARN of a standard SQS queue."));
        }
        let Some(input) = &self.input else { return Ok(()) };
        if input.len() > MAX_INPUT_BYTES {
            return Err(validation(format!("Input is longer than {MAX_INPUT_BYTES} bytes.")));
        }
        let json = serde_json::from_str::<serde::de::IgnoredAny>(input);
        json.map(|_| ()).map_err(|_| validation("Input is not valid JSON."))
    }
}

/// Names of schedules and groups: 1 to 64 of letters, digits, `-`, `_`, `.`.
pub(super) fn check_name(problems: &mut Vec<String>, member: &str, name: &str) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
        problems.push(problem(member, "satisfy regular expression pattern: [0-9a-zA-Z-_.]{1,64}"));
    }
}

/// Client tokens: 1 to 64 of letters, digits, `-`, `_`.
pub(super) fn check_client_token(problems: &mut Vec<String>, token: Option<&str>) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if token.is_some_and(|token| token.is_empty() || token.len() > 64 || !token.bytes().all(plain)) {
        problems.push(problem("clientToken", "satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}"));
    }
}

/// A member that must be one of a few words.
pub(super) fn check_choice(problems: &mut Vec<String>, member: &str, value: Option<&str>, allowed: &[&str]) {
    if value.is_some_and(|value| !allowed.contains(&value)) {
        problems.push(problem(member, &format!("satisfy enum value set: [{}]", allowed.join(", "))));
    }
}

/// The refusal of a malformed request, in the words of AWS.
pub(super) fn form_error(problems: &[String]) -> ServiceError {
    let plural = if problems.len() == 1 { "" } else { "s" };
    validation(format!("{} validation error{plural} detected: {}", problems.len(), problems.join("; ")))
}

/// A `ValidationException`.
pub(super) fn validation(message: impl Into<String>) -> ServiceError {
    ServiceError::bad_request("ValidationException", message)
}

fn problem(member: &str, constraint: &str) -> String {
    format!("Value at '{member}' failed to satisfy constraint: Member must {constraint}")
}

/// `arn:aws:iam::<12 digits>:role/<name>`, in any partition.
fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [scheme, partition, service, region, account, resource] = parts.as_slice() else { return false };
    *scheme == "arn"
        && partition.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && resource.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}

/// Unix seconds as milliseconds.
fn milliseconds(seconds: &Number) -> Option<i64> {
    let duration = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
    i64::try_from(duration.as_millis()).ok()
}
