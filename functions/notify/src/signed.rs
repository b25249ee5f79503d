//! Signed messages to addresses that businesses set: Standard Webhooks headers, the guard's rules for the
//! address, 10 seconds, and no more of an answer than is worth reading.

use std::time::Duration;

use handover_aws::http::{SharedHttpClient, UrlRefused, check_url, send};
use handover_core::Timestamp;
use handover_providers::standard_webhooks_signature;
use http::{Request, Response, header};

/// How long an address may take in all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 262_144;
/// The longest wait that an answer may ask for: what the queue can delay.
const MAX_WAIT: Duration = Duration::from_mins(15);

/// A message about to be sent.
pub(crate) struct Signed<'a> {
    /// Where: not checked yet.
    pub(crate) url: &'a str,
    /// The Standard Webhooks secret.
    pub(crate) secret: &'a str,
    /// The message's id: the same whenever it is sent again.
    pub(crate) id: &'a str,
    /// Now, by the real clock.
    pub(crate) at: Timestamp,
    /// The JSON.
    pub(crate) body: String,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// The address took it.
    Taken,
    /// The address will not take it.
    Refused(u16),
    /// Nothing is sent to such an address.
    Forbidden(UrlRefused),
    /// It may be sent later: the address was not reached, failed, or wants to wait.
    Later(Option<Duration>),
}

/// Sends it once.
pub(crate) async fn post(world: &SharedHttpClient, message: Signed<'_>) -> Posted {
    let uri = match check_url(message.url, false) {
        Ok(uri) => uri,
        Err(refused) => return Posted::Forbidden(refused),
    };
    let seconds = message.at.as_seconds();
    let signature = standard_webhooks_signature(message.secret, message.id, seconds, message.body.as_bytes());
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signature.unwrap_or_default())
        .body(message.body.into_bytes());
    let Ok(request) = request else { return Posted::Forbidden(UrlRefused::NotAUrl) };
    match send(world, request, PATIENCE, MAX_ANSWER_BYTES).await {
        Ok(answer) => judge(&answer),
        // Sent or not: a second message with the same id beats none.
        Err(_) => Posted::Later(None),
    }
}

fn judge<T>(answer: &Response<T>) -> Posted {
    match answer.status().as_u16() {
        200..=299 => Posted::Taken,
        408 | 425 | 429 | 500..=599 => Posted::Later(retry_after(answer)),
        // A redirect is followed nowhere: it could lead inside.
        status => Posted::Refused(status),
    }
}

/// The wait that `Retry-After` asks for in seconds (RFC 9110, 10.2.3).
fn retry_after<T>(answer: &Response<T>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_meaning() {
        let judged = |status: u16| judge(&Response::builder().status(status).body(()).unwrap());
        for status in [200, 202, 204] {
            assert_eq!(judged(status), Posted::Taken);
        }
        for status in [301, 307, 400, 401, 403, 404, 410, 413, 422] {
            assert_eq!(judged(status), Posted::Refused(status));
        }
        for status in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(judged(status), Posted::Later(None));
        }
        let later = |text: &str| {
            judge(&Response::builder().status(429).header("retry-after", text).body(()).unwrap())
        };
        assert_eq!(later("30"), Posted::Later(Some(Duration::from_secs(30))));
        assert_eq!(later("999999"), Posted::Later(Some(MAX_WAIT)));
        assert_eq!(later("Wed, 21 Oct 2026 07:28:00 GMT"), Posted::Later(None));
    }
}
