//! Setting timers. They are hints: the record says what is due.

use std::time::Duration;

use aws_sdk_scheduler::{
    Client,
    operation::create_schedule::CreateScheduleError,
    types::{ActionAfterCompletion, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target},
};
use handover_core::{ConversationId, Envelope, EventKind, Timer, Timestamp};

use crate::{
    Failure, Queues,
    queue::{self, MAX_DELAY, Timed},
    telemetry,
};

/// How long a timer that could not be set waits before it is tried again.
const ARM_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// Where schedules are made.
#[derive(Clone, Debug)]
pub struct SchedulerSettings {
    /// The schedule group.
    pub group: String,
    /// The role that Scheduler sends as.
    pub role_arn: String,
    /// The timers queue.
    pub target_arn: String,
}

/// Sets timers: a one-time schedule, or a delayed message when it is near.
#[derive(Clone, Debug)]
pub struct Timers {
    client: Client,
    settings: SchedulerSettings,
    queues: Queues,
}

impl Timers {
    /// Timers that arrive on the timers queue.
    pub fn new(client: Client, settings: SchedulerSettings, queues: Queues) -> Self {
        Self { client, settings, queues }
    }

    /// Sets a timer; when Scheduler does not take it, it is put on the timers queue to be set
    /// later, and that is a success.
    pub async fn arm(&self, envelope: &Envelope, now: Timestamp) -> Result<(), Failure> {
        let EventKind::Timer(timer) = &envelope.event.kind else {
            return Err(Failure::quarantine("not a timer"));
        };
        match self.set(timer, envelope, now).await {
            Ok(()) => Ok(()),
            // What its queue does not take is published again with the rest.
            Err(failure) if timer.due_at.since(now) < MAX_DELAY => Err(failure),
            Err(failure) => {
                telemetry::count("timer_not_set", failure.reason());
                let envelope = Box::new(envelope.clone());
                self.queues.timed(&Timed::Arm { envelope }, ARM_AGAIN_AFTER).await
            }
        }
    }

    /// Sets a timer that could not be set before. As long as that fails, its own message comes back: a new
    /// one each time would multiply with every message that the queue delivers twice.
    pub async fn arm_again(&self, envelope: &Envelope, now: Timestamp) -> Result<(), Failure> {
        let EventKind::Timer(timer) = &envelope.event.kind else {
            return Err(Failure::quarantine("not a timer"));
        };
        self.set(timer, envelope, now).await
    }

    /// Brings an event back at `due_at`. A timer that is far too early is set anew: its name keeps it from
    /// multiplying. Anything else waits on the queue, the longest delay at most.
    pub async fn put_back(
        &self,
        envelope: &Envelope,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut envelope = envelope.clone();
        if let EventKind::Timer(timer) = &mut envelope.event.kind {
            timer.due_at = due_at;
            return self.arm(&envelope, now).await;
        }
        let delay = round_up(due_at.since(now)).min(MAX_DELAY);
        self.queues.timed(&Timed::Event { envelope: Box::new(envelope) }, delay).await
    }

    async fn set(&self, timer: &Timer, envelope: &Envelope, now: Timestamp) -> Result<(), Failure> {
        let ahead = timer.due_at.since(now);
        if ahead < MAX_DELAY {
            let envelope = Box::new(envelope.clone());
            return self.queues.timed(&Timed::Event { envelope }, round_up(ahead)).await;
        }
        self.create(timer, envelope).await
    }

    async fn create(&self, timer: &Timer, envelope: &Envelope) -> Result<(), Failure> {
        let built = |_| Failure::quarantine("schedule cannot be built");
        let input = queue::encode(&Timed::Event { envelope: Box::new(envelope.clone()) })?;
        let retries =
            RetryPolicy::builder().maximum_event_age_in_seconds(86_400).maximum_retry_attempts(185).build();
        let target = Target::builder()
            .arn(&self.settings.target_arn)
            .role_arn(&self.settings.role_arn)
            .input(input)
            .retry_policy(retries)
            .build()
            .map_err(built)?;
        let window =
            FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(built)?;
        let result = self
            .client
            .create_schedule()
            .name(schedule_name(&envelope.conversation, timer))
            .group_name(&self.settings.group)
            .schedule_expression(at_expression(timer.due_at)?)
            .schedule_expression_timezone("UTC")
            .flexible_time_window(window)
            .target(target)
            .action_after_completion(ActionAfterCompletion::Delete)
            .send()
            .await;
        match result {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // Its name says what it is: it stands already.
                Some(CreateScheduleError::ConflictException(_)) => Ok(()),
                Some(_) | None => Err(crate::store::classify(&error)),
            },
        }
    }
}

/// `<kind>-<conversation>-<epoch>-<sequence>`: at most 64 characters, the same whenever the same
/// timer is set again.
pub fn schedule_name(conversation: &ConversationId, timer: &Timer) -> String {
    format!("{}-{conversation}-{}-{}", timer.kind.name(), timer.epoch, timer.sequence)
}

/// `at(...)` in UTC, rounded down to the minute: Scheduler's precision is a minute, and early is
/// put back while late is late.
pub fn at_expression(due_at: Timestamp) -> Result<String, Failure> {
    let minute = due_at.as_seconds().div_euclid(60) * 60;
    let instant = jiff::Timestamp::from_second(minute)
        .map_err(|_| Failure::quarantine("a timer lies outside the calendar"))?;
    Ok(format!("at({})", instant.strftime("%Y-%m-%dT%H:%M:%S")))
}

/// Whole seconds, so that a delayed message is not early by a fraction.
fn round_up(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs() + u64::from(duration.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use handover_core::TimerKind;

    use super::*;

    #[test]
    fn schedules_are_named_by_what_they_are() {
        let conversation: ConversationId = "abcdefghijklmnopqrstuvwxyz".parse().unwrap();
        let due_at = Timestamp::from_ms(0);
        let timer = Timer { kind: TimerKind::Promise, epoch: 999_999_999, sequence: 999_999_999, due_at };
        let name = schedule_name(&conversation, &timer);
        assert_eq!(name, "promise-abcdefghijklmnopqrstuvwxyz-999999999-999999999");
        assert!(name.len() <= 64);
    }

    #[test]
    fn times_are_rounded_down_to_the_minute() {
        let due_at = Timestamp::from_ms(1_795_358_459_999); // 2026-11-22T14:40:59.999Z
        assert_eq!(at_expression(due_at).unwrap(), "at(2026-11-22T14:40:00)");
    }

    #[test]
    fn delays_are_rounded_up_to_the_second() {
        assert_eq!(round_up(Duration::from_millis(1)), Duration::from_secs(1));
        assert_eq!(round_up(Duration::from_secs(2)), Duration::from_secs(2));
    }
}
