//! Decides due timers, sets those that could not be set, and sweeps for those that got lost.

mod erase;
mod leave;

use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    Failure, Host, Processed, Processor, StartError,
    batch::{Batch, Received},
    queue::{self, Timed, wake_event},
    store::{Erasure, Waking},
    telemetry,
};
use handover_core::{AccountId, Bug, EventKind, TimerKind, Timestamp, planted};

use crate::leave::Leaver;

/// What is due for so long has been found by an earlier sweep already, which was of no use.
const STUCK_AFTER: Duration = Duration::from_mins(10);

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    processor: Processor,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment.
    pub fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        // A timer has no words: no encoder.
        let processor = reading.processor(&reading.sdk(), None);
        reading.required("QUARANTINE_QUEUE_URL");
        reading.finish()?;
        Ok(Self::new(processor))
    }

    /// The function on this store, these queues and timers.
    pub const fn new(processor: Processor) -> Self {
        Self { processor }
    }

    /// Processes a batch of the timers queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let queues = self.processor.queues();
        let batch = Batch {
            source: "resume",
            queues,
            queue_url: &queues.urls().timers,
            clock: self.processor.clock(),
            deadline,
        };
        batch.work(event, |received| self.one(received)).await
    }

    async fn one(&self, received: Received) -> Result<(), Failure> {
        match queue::decode(&received.body)? {
            Timed::Event { mut envelope } => {
                let mut due_at = None;
                if let EventKind::Timer(timer) = &envelope.event.kind {
                    // What the sweep finds has no timer, or has lost it.
                    due_at = (timer.kind != TimerKind::Wake).then_some(timer.due_at);
                    // It was written when it was set; it reaches us now.
                    envelope.event.received_at = self.processor.clock().now();
                }
                self.processor.refuse_suspect(&envelope, &received).await?;
                let processed = self.processor.process(&envelope).await?;
                if let (Some(due_at), Processed::Committed(_)) = (due_at, processed) {
                    telemetry::lasted("timer_lag", self.processor.clock().now().since(due_at));
                }
                Ok(())
            }
            Timed::Arm { envelope } => {
                let now = self.processor.clock().now();
                self.processor.timers().arm_again(&envelope, now).await
            }
            Timed::Left { account, assignee, at, again, found, cursor } => {
                self.take_from(&Leaver { account, assignee, at, again, found, cursor }).await
            }
            Timed::Erase { account, conversation, until, epoch, again } => {
                let erasure = Erasure { account: &account, conversation: &conversation, until, epoch };
                self.erase(&erasure, again).await
            }
            Timed::Sweep { account: Some(account), cursor } => self.sweep(&account, cursor.as_deref()).await,
            Timed::Sweep { account: None, .. } => self.sweep_all().await,
        }
    }

    /// Looks at every account: each is a message of its own, so that none waits for another.
    async fn sweep_all(&self) -> Result<(), Failure> {
        let accounts = self.processor.store().accounts().await?;
        telemetry::gauge("accounts_swept", u32::try_from(accounts.len()).unwrap_or(u32::MAX));
        let sweeps: Vec<Timed> = accounts
            .into_iter()
            .map(|account| Timed::Sweep { account: Some(account), cursor: None })
            .collect();
        self.processor.queues().timed_all(&sweeps, Duration::ZERO).await
    }

    /// Wakes every conversation of an account in which something is due, a page at a time. The index may
    /// lag, and what it shows may be long done: the record decides.
    async fn sweep(&self, account: &AccountId, cursor: Option<&str>) -> Result<(), Failure> {
        let (store, queues) = (self.processor.store(), self.processor.queues());
        let now = self.processor.clock().now();
        let (rows, next) = store.waking(account, now, cursor).await?;
        let wake = |row: &Waking| Timed::Event { envelope: Box::new(wake_event(account, row, now)) };
        let wakes: Vec<Timed> = rows.iter().map(wake).collect();
        queues.timed_all(&wakes, Duration::ZERO).await?;
        let stuck = rows.iter().filter(|row| now.since(row.wake_at) > STUCK_AFTER).count();
        telemetry::gauge("stuck", u32::try_from(stuck).unwrap_or(u32::MAX));
        telemetry::gauge("overdue", u32::try_from(wakes.len()).unwrap_or(u32::MAX));
        match next {
            Some(next) if !planted(Bug::SweepStopsHalfway) => {
                let rest = Timed::Sweep { account: Some(account.clone()), cursor: Some(next) };
                queues.timed(&rest, Duration::ZERO).await
            }
            Some(_) | None => self.remind_of_leavers(account, now).await,
        }
    }
}
