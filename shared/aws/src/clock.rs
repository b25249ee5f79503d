//! Time, as the functions see it.

use std::{fmt, future::Future, pin::Pin, sync::Arc, task::Poll, time::Duration};

use handover_core::Timestamp;

type Read<T> = Arc<dyn Fn() -> T + Send + Sync>;
type Wait = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Three readings of time and two ways to wait, which tests and the local system replace.
#[derive(Clone)]
pub struct Clock {
    domain: Read<Timestamp>,
    wall: Read<Timestamp>,
    monotonic: Read<Duration>,
    wait: Wait,
    /// Resolves at a monotonic reading, at the latest when it is polled after it.
    end: Wait,
}

impl Clock {
    /// The machine's clocks.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where a process reads its clocks")]
        let start = std::time::Instant::now();
        #[expect(clippy::disallowed_methods, reason = "the one place where a process reads its clocks")]
        let wall: Read<Timestamp> = Arc::new(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let ms = since.map_or(0, |since| since.as_millis());
            Timestamp::from_ms(i64::try_from(ms).unwrap_or(i64::MAX))
        });
        #[expect(clippy::disallowed_methods, reason = "the one place where a process waits")]
        let wait: Wait = Arc::new(|time| Box::pin(tokio::time::sleep(time)));
        let until = Arc::clone(&wait);
        let end: Wait = Arc::new(move |at| until(at.saturating_sub(start.elapsed())));
        Self { domain: Arc::clone(&wall), wall, monotonic: Arc::new(move || start.elapsed()), wait, end }
    }

    /// Domain time from elsewhere (Unix milliseconds); signatures stay on the machine's clock and
    /// elapsed time follows the domain's.
    pub fn with_domain(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let now: Read<i64> = Arc::new(now_ms);
        let for_monotonic = Arc::clone(&now);
        let monotonic: Read<Duration> =
            Arc::new(move || Duration::from_millis(u64::try_from(for_monotonic()).unwrap_or(0)));
        let for_end = Arc::clone(&monotonic);
        Self {
            domain: Arc::new(move || Timestamp::from_ms(now())),
            wall: Self::system().wall,
            monotonic,
            // Domain time moves when it is told to: waiting for it here would be waiting for ever.
            wait: Arc::new(|_| Box::pin(std::future::ready(()))),
            end: Arc::new(move |at| {
                let now = Arc::clone(&for_end);
                Box::pin(std::future::poll_fn(
                    move |_| if now() >= at { Poll::Ready(()) } else { Poll::Pending },
                ))
            }),
        }
    }

    /// The same, with signatures judged by domain time as well: for tests with fixed payloads.
    #[must_use]
    pub fn signatures_on_domain_time(self) -> Self {
        Self { wall: Arc::clone(&self.domain), ..self }
    }

    /// When it is, for everything that is due, paused or promised.
    pub fn now(&self) -> Timestamp {
        (self.domain)()
    }

    /// When it is, for the replay window of signatures.
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// A reading that only grows, for ages of caches and reads.
    pub fn monotonic(&self) -> Duration {
        (self.monotonic)()
    }
}

impl Clock {
    /// Waits a moment before something is tried again, where somebody waits for the answer: everything else
    /// comes back by a queue. Domain time from elsewhere does not wait.
    pub async fn pause(&self, time: Duration) {
        (self.wait)(time).await;
    }

    /// Does something as long as there is time (`until`, monotonic); `None` when it was given up. What has
    /// left by then may have been done.
    pub async fn within<Work: Future>(&self, until: Duration, work: Work) -> Option<Work::Output> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = (self.end)(until) => None,
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_given_up() {
        let system = Clock::system();
        assert_eq!(system.within(system.monotonic(), std::future::pending::<()>()).await, None);
        assert_eq!(system.within(Duration::ZERO, std::future::ready(7)).await, Some(7), "done is done");

        let now = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&now);
        let told = Clock::with_domain(move || read.load(Ordering::SeqCst));
        let slow = std::future::poll_fn(|_| {
            now.fetch_add(1_000, Ordering::SeqCst);
            Poll::<()>::Pending
        });
        assert_eq!(told.within(Duration::from_secs(1), slow).await, None);
    }
}
