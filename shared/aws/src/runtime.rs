//! The loop between Lambda and a handler.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use handover_core::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Clock, Trace};

pub use lambda_runtime::Error;

/// The longest that a function may run: 15 minutes (Lambda quotas).
const LONGEST_RUN_MS: u64 = 900_000;

/// Answers Lambda's events until the process ends: an `SqsEvent` with an `SqsBatchResponse`, an
/// `ApiGatewayV2httpRequest` with an `ApiGatewayV2httpResponse`.
///
/// The handler also gets the instant at which Lambda stops waiting for it. It has no error: what fails
/// stands in its answer. A panic fails that one invocation; its message is kept back, because it can hold
/// what a client wrote.
pub async fn run<Event, Answer, Work>(handle: impl Fn(Event, Timestamp) -> Work) -> Result<(), Error>
where
    Event: DeserializeOwned,
    Answer: Serialize,
    Work: Future<Output = Answer>,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let deadline = deadline(event.context.deadline, Clock::system().wall());
        let trace = event.context.xray_trace_id.as_deref().and_then(Trace::read);
        // Boxed, because the compiler gives up on futures that hold as many others as a handler's.
        let work: Pin<Box<dyn Future<Output = Result<Answer, &'static str>> + '_>> =
            Box::pin(async move { Ok(handle(understood(&event.payload)?, deadline).await) });
        let work = unpanicked(work);
        async move {
            let done = match trace {
                Some(trace) => trace.around(work).await,
                None => work.await,
            };
            done.unwrap_or(Err("panicked"))
        }
    }))
    .await
}

/// The instant at which Lambda stops waiting. cargo-lambda's emulator tells how long that is instead, ten
/// minutes in milliseconds; as an instant that would be in 1970.
fn deadline(told: u64, now: Timestamp) -> Timestamp {
    if told <= LONGEST_RUN_MS {
        return now + Duration::from_millis(told);
    }
    Timestamp::from_ms(i64::try_from(told).unwrap_or(i64::MAX))
}

/// An event as the handler's type. It is read here, because the runtime library would log what it
/// cannot read.
fn understood<Event: DeserializeOwned>(event: &RawValue) -> Result<Event, &'static str> {
    serde_json::from_str(event.get()).map_err(|error| {
        tracing::error!(column = error.column(), "event not understood");
        "event not understood"
    })
}

/// Does the work; `None` when it panicked. The message is dropped.
pub(crate) async fn unpanicked<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Ready(done)) => Poll::Ready(Some(done)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_work_and_nothing_else() {
        let work = async {
            tokio::task::yield_now().await;
            panic!("in the middle of the work");
        };
        assert_eq!(unpanicked::<()>(work).await, None);
        assert_eq!(unpanicked(async { 7 }).await, Some(7));
    }

    #[test]
    fn a_deadline_is_an_instant_or_what_is_left() {
        let now = Timestamp::from_ms(1_795_359_137_123);
        assert_eq!(deadline(1_795_359_147_123, now), now + Duration::from_secs(10));
        assert_eq!(deadline(600_000, now), now + Duration::from_mins(10));
        assert_eq!(deadline(u64::MAX, now), Timestamp::from_ms(i64::MAX));
    }

    #[test]
    fn an_event_that_is_not_understood_is_not_quoted() {
        let event = RawValue::from_string(r#"{"Records":"what a client wrote"}"#.to_owned()).unwrap();
        let result: Result<aws_lambda_events::sqs::SqsEvent, _> = understood(&event);
        assert_eq!(result.unwrap_err(), "event not understood");
    }
}
