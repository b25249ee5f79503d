//! Removing what is stored of a client, after the conversation's own record has forgotten them.

use std::time::Duration;

use handover_aws::{Failure, queue::Timed, store::Erasure, telemetry};

use crate::App;

/// A text that was on its way is settled by then: twice a sender's longest run.
const AGAIN_AFTER: Duration = Duration::from_mins(2);

impl App {
    /// Removes it; and again a little later, for the result of a text that was on its way. Cut off half-way
    /// it begins again, and what was removed already costs a read.
    pub(crate) async fn erase(&self, erasure: &Erasure<'_>, again: bool) -> Result<(), Failure> {
        self.processor.store().erase(erasure).await?;
        telemetry::count("erased", if again { "again" } else { "first" });
        if again {
            return Ok(());
        }
        let later = Timed::Erase {
            account: erasure.account.clone(),
            conversation: erasure.conversation.clone(),
            until: erasure.until,
            epoch: erasure.epoch,
            again: true,
        };
        self.processor.queues().timed(&later, AGAIN_AFTER).await
    }
}
