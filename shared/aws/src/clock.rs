//! Time, as the functions see it.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use handover_core::Timestamp;

type Read<T> = Arc<dyn Fn() -> T + Send + Sync>;
type Wait = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Three readings of time and a way to wait, which tests and the local system replace.
#[derive(Clone)]
pub struct Clock {
    domain: Read<Timestamp>,
    wall: Read<Timestamp>,
    monotonic: Read<Duration>,
    wait: Wait,
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
        Self { domain: Arc::clone(&wall), wall, monotonic: Arc::new(move || start.elapsed()), wait }
    }

    /// Domain time from elsewhere (Unix milliseconds); signatures stay on the machine's clock and
    /// elapsed time follows the domain's.
    pub fn with_domain(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let now: Read<i64> = Arc::new(now_ms);
        let for_monotonic = Arc::clone(&now);
        Self {
            domain: Arc::new(move || Timestamp::from_ms(now())),
            wall: Self::system().wall,
            monotonic: Arc::new(move || Duration::from_millis(u64::try_from(for_monotonic()).unwrap_or(0))),
            // Domain time moves when it is told to: waiting for it here would be waiting for ever.
            wait: Arc::new(|_| Box::pin(std::future::ready(()))),
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
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").finish_non_exhaustive()
    }
}
