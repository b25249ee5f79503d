//! Decides events of the conversation queue, commits, and publishes.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    Failure, Host, Processor, READER, StartError,
    batch::{Batch, Received},
    queue,
};
use handover_core::{Envelope, Timestamp};

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
        let processor = reading.processor(&reading.sdk(), Some(READER));
        reading.required("CONVERSATION_QUEUE_URL");
        reading.required("QUARANTINE_QUEUE_URL");
        reading.finish()?;
        Ok(Self::new(processor))
    }

    /// The function on this store, these queues and timers.
    pub const fn new(processor: Processor) -> Self {
        Self { processor }
    }

    /// Processes a batch of the conversation queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let queues = self.processor.queues();
        let batch = Batch {
            source: "execute",
            queues,
            queue_url: &queues.urls().conversation,
            clock: self.processor.clock(),
            deadline,
        };
        batch.work(event, |received| self.one(received)).await
    }

    async fn one(&self, received: Received) -> Result<(), Failure> {
        let envelope: Envelope = queue::decode(&received.body)?;
        self.processor.refuse_suspect(&envelope, &received).await?;
        self.processor.process(&envelope).await?;
        Ok(())
    }
}
