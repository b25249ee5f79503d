//! Domain time. Everything in the local cloud that has to do with time (visibility, delays,
//! deduplication, schedules, expiry) asks a [`Clock`], so that a test can move it.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Domain time in Unix milliseconds. Clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock {
    real: bool,
    /// The offset from real time of a system clock; the time itself of a manual one.
    base: Arc<watch::Sender<i64>>,
}

impl Clock {
    /// Real time plus an offset that starts at zero and grows by [`Clock::advance`].
    pub fn system() -> Self {
        Self { real: true, base: Arc::new(watch::Sender::new(0)) }
    }

    /// A clock that stands at `start_ms` (Unix milliseconds) until it is moved.
    pub fn manual(start_ms: i64) -> Self {
        Self { real: false, base: Arc::new(watch::Sender::new(start_ms)) }
    }

    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.base.borrow().saturating_add(self.origin_ms())
    }

    /// Whether the clock moves only when it is moved.
    pub fn is_manual(&self) -> bool {
        !self.real
    }

    /// How far this clock is ahead of real time, in milliseconds; zero for a manual clock, which has
    /// no relation to real time.
    pub fn offset_ms(&self) -> i64 {
        if self.real { *self.base.borrow() } else { 0 }
    }

    /// Moves the clock forward and wakes everybody who waits on it.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.base.send_modify(|base| *base = base.saturating_add(by));
    }

    /// Moves the clock to `now_ms` (Unix milliseconds) and wakes everybody who waits on it.
    pub fn set(&self, now_ms: i64) {
        self.base.send_replace(now_ms.saturating_sub(self.origin_ms()));
    }

    /// Resolves when the clock is moved by hand after this call: take the future first, look at the
    /// time then, and no move is missed.
    pub fn changed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut moves = self.base.subscribe();
        let keep = Arc::clone(&self.base);
        async move {
            // The sender lives as long as `keep`, so this cannot fail.
            let _ = moves.changed().await;
            drop(keep);
        }
    }

    /// Resolves as soon as the time is `due_ms` (Unix milliseconds) or later: after the real remainder
    /// or when the clock is moved there, whichever is first. A manual clock waits to be moved.
    #[expect(clippy::disallowed_methods, reason = "a clock is where waiting for real time belongs")]
    pub async fn wait_until(&self, due_ms: i64) {
        loop {
            let moved = self.changed();
            let remainder = due_ms.saturating_sub(self.now_ms());
            if remainder <= 0 {
                return;
            }
            if self.real {
                let remainder = Duration::from_millis(remainder.unsigned_abs());
                tokio::select! {
                    () = moved => {}
                    () = tokio::time::sleep(remainder) => {}
                }
            } else {
                moved.await;
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads real time")]
    fn origin_ms(&self) -> i64 {
        if !self.real {
            return 0;
        }
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since_epoch.map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_waiter_wakes_when_the_clock_reaches_its_time_and_not_before() {
        let clock = Clock::manual(1_000);
        let other = clock.clone();
        let (at, ()) = tokio::join!(
            async {
                clock.wait_until(1_500).await;
                clock.now_ms()
            },
            async {
                other.advance(Duration::from_millis(499));
                tokio::task::yield_now().await;
                assert_eq!(other.now_ms(), 1_499);
                other.advance(Duration::from_millis(2));
            }
        );
        assert_eq!(at, 1_501);
    }

    #[tokio::test]
    async fn a_move_before_the_await_is_not_missed() {
        let clock = Clock::manual(0);
        let moved = clock.changed();
        clock.set(7);
        moved.await;
        assert_eq!(clock.now_ms(), 7);
    }

    #[tokio::test]
    async fn a_system_clock_jumps_over_a_long_wait() {
        let clock = Clock::system();
        let due = clock.now_ms() + 86_400_000;
        let ((), ()) = tokio::join!(clock.wait_until(due), async {
            clock.advance(Duration::from_hours(24));
        });
        assert_eq!(clock.offset_ms(), 86_400_000);
        assert!(clock.now_ms() >= due);
    }
}
