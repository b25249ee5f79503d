//! Firing: what is due goes into the queues, as late or as often as the lateness says.

use super::{Expression, SELECT, Schedule, Scheduler, delete, schedule, schedule_arn, within};
use crate::service::{ServiceError, draw};
use crate::sqs::{SendRequest, queue_name_of_arn};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;
use std::sync::PoisonError;

/// AWS calls within the minute that follows the due time (user guide: "60 second precision").
const PRECISION_MS: u64 = 60_000;

/// How punctual the calls are. Never early: AWS is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// Less than 60 seconds late, decided by the seed, the schedule's name and its due time.
    Seeded(u64),
    /// On the millisecond.
    Exact,
    /// Never called; a one-time schedule deletes itself all the same.
    Dropped,
    /// On the millisecond, twice.
    Doubled,
}

impl Lateness {
    /// Milliseconds between a due time and the call.
    fn delay_ms(self, group: &str, name: &str, due: i64) -> i64 {
        match self {
            Self::Seeded(seed) => (draw(seed, &format!("{group}/{name}@{due}")) % PRECISION_MS).cast_signed(),
            Self::Exact | Self::Dropped | Self::Doubled => 0,
        }
    }

    fn calls(self) -> usize {
        match self {
            Self::Seeded(_) | Self::Exact => 1,
            Self::Dropped => 0,
            Self::Doubled => 2,
        }
    }
}

/// A schedule that came due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The schedule's group.
    pub group: String,
    /// The schedule's name.
    pub name: String,
    /// The target's ARN.
    pub target: String,
    /// When it was due, in Unix milliseconds.
    pub due_at_ms: i64,
    /// The ids of the messages that were sent: none when it was dropped or failed, two when doubled.
    pub message_ids: Vec<String>,
    /// Why a call failed; the dead-letter queue has the input then, if there is one.
    pub error: Option<String>,
}

impl Scheduler {
    /// Sets how punctual the calls are from now on.
    pub fn set_lateness(&self, lateness: Lateness) {
        *self.inner.lateness.lock().unwrap_or_else(PoisonError::into_inner) = lateness;
        self.notify();
    }

    /// When [`Scheduler::fire_due`] has something to do next (Unix milliseconds, perhaps past); nothing
    /// when no schedule is due ever.
    pub fn next_due_at(&self) -> Result<Option<i64>, ServiceError> {
        let lateness = self.lateness();
        self.inner.database.read(|connection| {
            let statement =
                "SELECT schedule_group, name, due_at FROM schedule WHERE due_at IS NOT NULL ORDER BY due_at";
            let mut statement = connection.prepare_cached(statement)?;
            let mut rows = statement.query(())?;
            let mut earliest: Option<i64> = None;
            while let Some(row) = rows.next()? {
                let due: i64 = row.get(2)?;
                if earliest.is_some_and(|earliest| earliest <= due) {
                    break;
                }
                let (group, name): (String, String) = (row.get(0)?, row.get(1)?);
                let at = due + lateness.delay_ms(&group, &name, due);
                earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
            }
            Ok(earliest)
        })
    }

    /// Fires everything that is due by now, in the order of its times, and says what that was. A
    /// recurring schedule that missed several times fires once.
    pub fn fire_due(&self) -> Result<Vec<Fired>, ServiceError> {
        let lateness = self.lateness();
        let now = self.inner.clock.now_ms();
        self.fire(now, Some(now), |schedule, due| {
            Some(due + lateness.delay_ms(&schedule.group, &schedule.name, due)).filter(|at| *at <= now)
        })
    }

    /// Fires every enabled schedule that is not completed, as if it were due now.
    pub fn fire_all_now(&self) -> Result<Vec<Fired>, ServiceError> {
        self.fire(self.inner.clock.now_ms(), None, |_, due| Some(due))
    }

    fn lateness(&self) -> Lateness {
        *self.inner.lateness.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fires those of the schedules due until `until` that `time` gives a time for, in that order.
    fn fire(
        &self,
        now: i64,
        until: Option<i64>,
        time: impl Fn(&Schedule, i64) -> Option<i64>,
    ) -> Result<Vec<Fired>, ServiceError> {
        let calls = self.lateness().calls();
        let fired = self.inner.database.transact(|connection| {
            let mut due: Vec<(i64, i64, Schedule)> = Vec::new();
            {
                let statement = format!(
                    "{SELECT} WHERE due_at IS NOT NULL AND due_at <= coalesce(?1, due_at)
                     ORDER BY schedule_group, name"
                );
                let mut statement = connection.prepare_cached(&statement)?;
                for row in statement.query_map([until], schedule)? {
                    let schedule = row??;
                    if let Some(due_at) = schedule.due_at_ms
                        && let Some(at) = time(&schedule, due_at)
                    {
                        due.push((at, due_at, schedule));
                    }
                }
            }
            // Stable: schedules of the same time fire in the order of their names.
            due.sort_by_key(|(at, _, _)| *at);
            let mut fired = Vec::with_capacity(due.len());
            for (_, due_at, schedule) in due {
                fired.push(self.invoke(connection, &schedule, due_at, calls)?);
                move_on(connection, &schedule, due_at, now)?;
            }
            Ok::<_, ServiceError>(fired)
        })?;
        if !fired.is_empty() {
            self.inner.sqs.notify();
            self.notify();
        }
        Ok(fired)
    }

    fn invoke(
        &self,
        connection: &Connection,
        schedule: &Schedule,
        due_at_ms: i64,
        calls: usize,
    ) -> Result<Fired, ServiceError> {
        let target = schedule.request.target.clone().unwrap_or_default();
        let mut fired = Fired {
            group: schedule.group.clone(),
            name: schedule.name.clone(),
            target: target.arn.clone(),
            due_at_ms,
            message_ids: Vec::new(),
            error: None,
        };
        let group_id = target.sqs_parameters.and_then(|parameters| parameters.message_group_id);
        for attempt in 0..calls {
            let body = input(schedule, target.input.as_deref(), due_at_ms, attempt);
            let request = SendRequest { body, group_id: group_id.clone(), ..SendRequest::default() };
            let queue = queue_name_of_arn(&target.arn).unwrap_or_default();
            match self.inner.sqs.send_in(connection, queue, &request) {
                Ok(sent) => fired.message_ids.push(sent.message_id),
                Err(error) if error.status.is_client_error() => {
                    tracing::warn!(schedule = %schedule.name, error = %error, "schedule could not be delivered");
                    fired.error = Some(error.to_string());
                    let dead_letters =
                        target.dead_letter_config.as_ref().and_then(|config| config.arn.as_deref());
                    if let Some(queue) = dead_letters.and_then(queue_name_of_arn) {
                        self.dead_letter(connection, queue, request.body)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(fired)
    }

    /// Keeps an undeliverable input; a dead-letter queue that is not there loses it, as on AWS.
    fn dead_letter(&self, connection: &Connection, queue: &str, body: String) -> Result<(), ServiceError> {
        match self.inner.sqs.send_in(connection, queue, &SendRequest::text(body)) {
            Err(error) if !error.status.is_client_error() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Sets the next due time of a recurring schedule, completes or deletes the rest.
fn move_on(connection: &Connection, schedule: &Schedule, due_at: i64, now: i64) -> Result<(), ServiceError> {
    let text = schedule.request.schedule_expression.as_deref().unwrap_or_default();
    let next = Expression::parse(text)
        .and_then(|expression| within(&schedule.request, &expression, expression.next_due(due_at, now)));
    if next.is_none() && schedule.request.deletes_itself() {
        delete(connection, &schedule.group, &schedule.name)?;
    } else {
        connection
            .prepare_cached("UPDATE schedule SET due_at = ?3 WHERE schedule_group = ?1 AND name = ?2")?
            .execute((&schedule.group, &schedule.name, next))?;
    }
    Ok(())
}

/// The message: the target's input with its context attributes filled in, or a description of the call
/// when there is no input (user guide, "Adding context attributes").
fn input(schedule: &Schedule, input: Option<&str>, due_at: i64, attempt: usize) -> String {
    let arn = schedule_arn(&schedule.group, &schedule.name);
    let time =
        Timestamp::from_millisecond(due_at).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let time = time.unwrap_or_default();
    let execution = format!("{:016x}", draw(0, &format!("{arn}@{due_at}#{attempt}")));
    match input {
        Some(input) if input.contains("<aws.scheduler.") => input
            .replace("<aws.scheduler.schedule-arn>", &arn)
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &execution)
            .replace("<aws.scheduler.attempt-number>", "1"),
        Some(input) => input.to_owned(),
        None => json!({
            "version": "0",
            "id": execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": crate::service::ACCOUNT_ID,
            "time": time,
            "region": crate::service::REGION,
            "resources": [arn],
            "detail": "{}",
        })
        .to_string(),
    }
}
