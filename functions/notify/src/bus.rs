//! Telling the stack's EventBridge bus what automations are told.

use aws_sdk_eventbridge::{Client, primitives::DateTime, types::PutEventsRequestEntry};
use handover_aws::Failure;
use handover_core::Timestamp;
use serde_json::Value;

/// The `source` of our events.
const SOURCE: &str = "handover";

/// The bus.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    client: Client,
    name: String,
}

impl Bus {
    /// The bus of this name or ARN.
    pub(crate) const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// Puts an event on the bus once.
    pub(crate) async fn put(&self, what: &str, at: Timestamp, detail: &Value) -> Result<(), Failure> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(what)
            .time(DateTime::from_millis(at.as_ms()))
            .detail(detail.to_string())
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| handover_aws::store::classify(&error))?;
        // The call succeeds even when its events do not.
        if answer.failed_entry_count() == 0 { Ok(()) } else { Err(Failure::retry("bus refused the event")) }
    }
}
