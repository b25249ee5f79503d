//! A local EventBridge Scheduler: schedules are kept in SQLite beside the queues and fire into them,
//! each in the transaction that moves it on, so that a killed process neither loses nor doubles a call.
//!
//! Recurring schedules that missed several times (the clock jumped, or nothing ran) fire once and go on
//! from now. Expressions are in UTC; targets are the local SQS queues. There are no tags.

#[cfg(test)]
mod calendar_tests;
mod cron;
mod expression;
mod firing;
mod schedule;
#[cfg(test)]
mod tests;
mod wire;

pub use cron::Cron;
pub use expression::Expression;
pub use firing::{Fired, Lateness};
pub use schedule::{
    DeadLetterConfig, FlexibleTimeWindow, MAX_INPUT_BYTES, RetryPolicy, ScheduleRequest, SqsParameters,
    Target,
};
pub use wire::{error_response, requested_schedule};

use crate::clock::Clock;
use crate::service::{ACCOUNT_ID, REGION, ServiceError};
use crate::sqs::Sqs;
use crate::storage::Database;
use http::StatusCode;
use rusqlite::{Connection, OptionalExtension, Row};
use schedule::{check_client_token, check_name, form_error, validation};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS schedule_group (
  name TEXT PRIMARY KEY, client_token TEXT, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS schedule (
  schedule_group TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL, due_at INTEGER,
  PRIMARY KEY (schedule_group, name));
CREATE INDEX IF NOT EXISTS schedule_by_due ON schedule (due_at);
";

const SELECT: &str = "SELECT schedule_group, name, request, created_at, modified_at, due_at FROM schedule";

/// The schedules. Clones share them.
#[derive(Clone, Debug)]
pub struct Scheduler {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    database: Database,
    sqs: Sqs,
    lateness: Mutex<Lateness>,
    accept_past: AtomicBool,
    /// Counts changes of what is due.
    revision: watch::Sender<u64>,
}

/// A schedule as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The group's name.
    pub group: String,
    /// The schedule's name.
    pub name: String,
    /// What it was created or last updated with.
    pub request: ScheduleRequest,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds.
    pub modified_at_ms: i64,
    /// When it is due next, in Unix milliseconds; nothing when disabled or completed.
    pub due_at_ms: Option<i64>,
}

/// A group of schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's name.
    pub name: String,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds.
    pub modified_at_ms: i64,
}

impl Schedule {
    /// The schedule's ARN.
    pub fn arn(&self) -> String {
        schedule_arn(&self.group, &self.name)
    }
}

/// The ARN of a local schedule.
pub fn schedule_arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/{group}/{name}")
}

/// The ARN of a local schedule group.
pub fn group_arn(name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule-group/{name}")
}

impl Scheduler {
    /// Opens the schedules of this database; they fire into `sqs`, which must be on the same database.
    pub fn open(database: Database, clock: Clock, sqs: Sqs) -> Result<Self, ServiceError> {
        let now = clock.now_ms();
        database.transact(|connection| {
            connection.execute_batch(SCHEMA)?;
            let default = "INSERT OR IGNORE INTO schedule_group VALUES ('default', NULL, ?1, ?1)";
            connection.execute(default, [now])?;
            Ok::<_, ServiceError>(())
        })?;
        Ok(Self {
            inner: Arc::new(Inner {
                clock,
                database,
                sqs,
                lateness: Mutex::new(Lateness::Seeded(0)),
                accept_past: AtomicBool::new(false),
                revision: watch::Sender::new(0),
            }),
        })
    }

    /// Whether `at(...)` in the past is accepted, and fires at once. It is refused by default: AWS is
    /// reported to refuse it, and documents neither.
    pub fn set_accept_past(&self, accept: bool) {
        self.inner.accept_past.store(accept, Ordering::Relaxed);
    }

    /// Creates a schedule. Repeating a request with its client token is harmless; an existing name
    /// otherwise is `ConflictException`.
    pub fn create_schedule(&self, name: &str, request: &ScheduleRequest) -> Result<(), ServiceError> {
        let expression = request.validate(name)?;
        let created =
            self.inner.database.transact(|connection| {
                Self::require_group(connection, request.group())?;
                if let Some(existing) = find(connection, request.group(), name)? {
                    if request.client_token.is_some() && existing.request == *request {
                        return Ok(false);
                    }
                    return Err(conflict(format!("Schedule {name} already exists.")));
                }
                let now = self.inner.clock.now_ms();
                let due = self.first_due(&expression, request, now)?;
                let document = serde_json::to_string(request)?;
                connection
                    .prepare_cached("INSERT INTO schedule VALUES (?1, ?2, ?3, ?4, ?4, ?5)")?
                    .execute((request.group(), name, document, now, due))?;
                Ok(true)
            })?;
        if created {
            self.notify();
        }
        Ok(())
    }

    /// Replaces everything that a schedule says.
    pub fn update_schedule(&self, name: &str, request: &ScheduleRequest) -> Result<(), ServiceError> {
        let expression = request.validate(name)?;
        self.inner.database.transact(|connection| {
            Self::require_group(connection, request.group())?;
            find(connection, request.group(), name)?.ok_or_else(|| no_such_schedule(name))?;
            let now = self.inner.clock.now_ms();
            let due = self.first_due(&expression, request, now)?;
            let document = serde_json::to_string(request)?;
            let statement = "UPDATE schedule SET request = ?3, modified_at = ?4, due_at = ?5
                             WHERE schedule_group = ?1 AND name = ?2";
            connection.prepare_cached(statement)?.execute((request.group(), name, document, now, due))?;
            Ok::<_, ServiceError>(())
        })?;
        self.notify();
        Ok(())
    }

    /// One schedule.
    pub fn schedule(&self, group: &str, name: &str) -> Result<Schedule, ServiceError> {
        let found = self.inner.database.read(|connection| find(connection, group, name))?;
        found.ok_or_else(|| no_such_schedule(name))
    }

    /// All schedules, of one group if given, by group and name.
    pub fn schedules(&self, group: Option<&str>) -> Result<Vec<Schedule>, ServiceError> {
        self.inner.database.read(|connection| {
            let statement =
                format!("{SELECT} WHERE ?1 IS NULL OR schedule_group = ?1 ORDER BY schedule_group, name");
            let mut statement = connection.prepare_cached(&statement)?;
            let rows = statement.query_map([group], schedule)?;
            rows.map(|row| row?).collect()
        })
    }

    /// Deletes a schedule.
    pub fn delete_schedule(&self, group: &str, name: &str) -> Result<(), ServiceError> {
        let deleted = self.inner.database.transact(|connection| delete(connection, group, name))?;
        self.notify();
        if deleted { Ok(()) } else { Err(no_such_schedule(name)) }
    }

    /// Creates a group. An existing name is `ConflictException`, unless the client token is that of the
    /// request that made it.
    pub fn create_group(&self, name: &str, client_token: Option<&str>) -> Result<(), ServiceError> {
        let mut problems = Vec::new();
        check_name(&mut problems, "name", name);
        check_client_token(&mut problems, client_token);
        if !problems.is_empty() {
            return Err(form_error(&problems));
        }
        let now = self.inner.clock.now_ms();
        self.inner.database.transact(|connection| {
            let existing: Option<Option<String>> = connection
                .prepare_cached("SELECT client_token FROM schedule_group WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            match existing {
                Some(token) if token.is_some() && token.as_deref() == client_token => return Ok(()),
                Some(_) => return Err(conflict(format!("Schedule group {name} already exists."))),
                None => {}
            }
            let statement = "INSERT INTO schedule_group VALUES (?1, ?2, ?3, ?3)";
            connection.prepare_cached(statement)?.execute((name, client_token, now))?;
            Ok(())
        })
    }

    /// All groups by name, `default` among them.
    pub fn groups(&self) -> Result<Vec<Group>, ServiceError> {
        self.inner.database.read(|connection| {
            let statement = "SELECT name, created_at, modified_at FROM schedule_group ORDER BY name";
            let mut statement = connection.prepare_cached(statement)?;
            let rows = statement.query_map((), |row| {
                Ok(Group { name: row.get(0)?, created_at_ms: row.get(1)?, modified_at_ms: row.get(2)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Deletes a group with its schedules; `default` stays.
    pub fn delete_group(&self, name: &str) -> Result<(), ServiceError> {
        if name == "default" {
            return Err(validation("The default schedule group cannot be deleted."));
        }
        self.inner.database.transact(|connection| {
            Self::require_group(connection, name)?;
            connection.execute("DELETE FROM schedule WHERE schedule_group = ?1", [name])?;
            connection.execute("DELETE FROM schedule_group WHERE name = ?1", [name])?;
            Ok::<_, ServiceError>(())
        })?;
        self.notify();
        Ok(())
    }

    /// Resolves when, after this call, what is due was changed: take the future first, look at
    /// [`Scheduler::next_due_at`] then, and no change is missed.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut revision = self.inner.revision.subscribe();
        let keep = Arc::clone(&self.inner);
        async move {
            // The sender lives as long as `keep`, so this cannot fail.
            let _ = revision.changed().await;
            drop(keep);
        }
    }

    fn notify(&self) {
        self.inner.revision.send_modify(|revision| *revision = revision.wrapping_add(1));
    }

    fn first_due(
        &self,
        expression: &Expression,
        request: &ScheduleRequest,
        now: i64,
    ) -> Result<Option<i64>, ServiceError> {
        if let Expression::At(at) = expression
            && *at < now
            && !self.inner.accept_past.load(Ordering::Relaxed)
        {
            return Err(validation(
                "Invalid Schedule Expression: the time of a one-time schedule is in the past.",
            ));
        }
        if !request.enabled() {
            return Ok(None);
        }
        Ok(within(request, expression, expression.first_due(request.start_ms(), now)))
    }

    fn require_group(connection: &Connection, name: &str) -> Result<(), ServiceError> {
        let mut statement = connection.prepare_cached("SELECT 1 FROM schedule_group WHERE name = ?1")?;
        if statement.exists([name])? {
            return Ok(());
        }
        let message = format!("Schedule group {name} does not exist.");
        Err(ServiceError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message))
    }
}

/// A due time, unless a recurring schedule has ended by then.
fn within(request: &ScheduleRequest, expression: &Expression, due: Option<i64>) -> Option<i64> {
    let once = matches!(expression, Expression::At(_));
    due.filter(|due| once || request.end_ms().is_none_or(|end| *due <= end))
}

fn find(connection: &Connection, group: &str, name: &str) -> Result<Option<Schedule>, ServiceError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} WHERE schedule_group = ?1 AND name = ?2"))?;
    statement.query_row((group, name), schedule).optional()?.transpose()
}

fn delete(connection: &Connection, group: &str, name: &str) -> Result<bool, ServiceError> {
    let statement = "DELETE FROM schedule WHERE schedule_group = ?1 AND name = ?2";
    Ok(connection.prepare_cached(statement)?.execute((group, name))? > 0)
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Result<Schedule, ServiceError>> {
    let document: String = row.get(2)?;
    let (group, name) = (row.get(0)?, row.get(1)?);
    let (created_at_ms, modified_at_ms, due_at_ms) = (row.get(3)?, row.get(4)?, row.get(5)?);
    let request = serde_json::from_str(&document).map_err(ServiceError::from);
    Ok(request.map(|request| Schedule { group, name, request, created_at_ms, modified_at_ms, due_at_ms }))
}

fn conflict(message: String) -> ServiceError {
    ServiceError::new(StatusCode::CONFLICT, "ConflictException", message)
}

fn no_such_schedule(name: &str) -> ServiceError {
    let message = format!("Schedule {name} does not exist.");
    ServiceError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}
