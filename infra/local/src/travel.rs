//! Letting time pass.

use handover_core::Timestamp;

use crate::{Local, LocalError};

impl Local {
    /// Lets domain time pass until `to`, from due event to due event, each handled at its own time and in
    /// order, and settles there: nothing is ready any more, except what became so meanwhile on real time.
    /// What the tables may forget by then, they forget when the journey passes a midnight.
    ///
    /// When `to` is past, what is ready is done and no time passes. Nobody else may run the functions'
    /// queues at the same time.
    ///
    /// # Errors
    /// Whatever the queues' storage reports, or the clock's file.
    pub async fn travel(&self, to: Timestamp) -> Result<(), LocalError> {
        let (clock, dispatcher) = (self.cloud().clock(), self.dispatcher());
        let from = Timestamp::from_ms(clock.now_ms());
        loop {
            dispatcher.settle().await?;
            let now = clock.now_ms();
            if now >= to.as_ms() {
                break;
            }
            // At least a millisecond, so that it cannot stand still.
            let next = dispatcher.next_event_at()?.map_or(i64::MAX, |next| next.max(now + 1));
            self.clock_file().move_to(clock, next.min(to.as_ms()))?;
        }
        // Once a day at most, as a real table is in no hurry either.
        if to.day() > from.day() {
            self.cloud().expire()?;
        }
        Ok(())
    }
}
