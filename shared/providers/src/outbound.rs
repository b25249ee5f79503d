//! Messages of ours on their way to a provider, and what its answer means.

use std::time::Duration;

use data_encoding::HEXUPPER;
use handover_core::{EffectId, Purpose, Timestamp};
use http::{HeaderMap, Method, Request, header};
use serde_json::Value;

use crate::json::Json;

/// A text for a client.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Where it goes: the `address` of an event of the client's.
    pub to: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The effect that sends it; travels along where the API has a place for it.
    pub effect: &'a EffectId,
    /// Now, by the real clock: some requests are signed with it.
    pub sent_at: Timestamp,
}

/// Why no request can be made. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The inbox lacks a setting.
    #[error("the inbox has no {0}")]
    MissingSetting(&'static str),
    /// The inbox lacks a secret.
    #[error("the inbox has no {0}")]
    MissingSecret(&'static str),
    /// There is nothing to say.
    #[error("the text is empty")]
    EmptyText,
    /// The address is none of this provider's.
    #[error("the address is none of this provider's")]
    BadAddress,
    /// A setting or secret cannot stand where the request needs it.
    #[error("the request cannot be built from the inbox's settings")]
    BadSettings,
}

/// What a provider's answer to a text means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// The provider took it.
    Sent {
        /// The provider's id of the message; empty when it gives none.
        message: String,
    },
    /// It was certainly not taken; the same request may succeed later.
    Retry {
        /// How long to wait at least, where the provider says so.
        after: Option<Duration>,
    },
    /// It was certainly not taken, and the same request will not succeed.
    Failed {
        /// Why.
        class: FailureClass,
        /// The provider's own code.
        code: Option<String>,
    },
    /// Nobody can know whether it was taken.
    Ambiguous,
}

/// Why a provider will not deliver a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// The client has not written for so long that only templates are allowed.
    WindowClosed,
    /// The client wants no messages.
    OptedOut,
    /// The client blocked us, or the provider does.
    Blocked,
    /// The provider does not know or no longer trusts our credentials.
    BadCredentials,
    /// The client or conversation is no longer there.
    Gone,
    /// Anything else: the request itself is not acceptable.
    Rejected,
}

impl FailureClass {
    /// The class's name in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WindowClosed => "window_closed",
            Self::OptedOut => "opted_out",
            Self::Blocked => "blocked",
            Self::BadCredentials => "bad_credentials",
            Self::Gone => "gone",
            Self::Rejected => "rejected",
        }
    }
}

/// Longest wait that a provider's hint may ask for.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The wait that a `Retry-After` header asks for, in whole seconds (RFC 9110, 10.2.3; the form with
/// a date is not used by these providers), at most an hour.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// A wait of seconds that stands in a body, at most an hour.
pub(crate) fn retry_seconds(json: &Json<'_>) -> Option<Duration> {
    let seconds = u64::try_from(json.integer()?).ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

/// What a good answer means: a message of the id that the API documents. An answer without one is not the
/// API's (a proxy's page, half a body), and nobody can know.
pub(crate) fn sent(id: Option<String>) -> SendResult {
    id.map_or(SendResult::Ambiguous, |message| SendResult::Sent { message })
}

/// What a status says where the body says no more. A 5xx leaves open whether the message was taken.
pub(crate) fn by_status(status: u16, headers: &HeaderMap, code: Option<String>) -> SendResult {
    let class = match status {
        429 => return SendResult::Retry { after: retry_after(headers) },
        401 | 403 => FailureClass::BadCredentials,
        404 | 410 => FailureClass::Gone,
        400..=499 => FailureClass::Rejected,
        _ => return SendResult::Ambiguous,
    };
    SendResult::Failed { class, code }
}

const PREFIX: &str = "handover:";

/// Our effect's id as correlation data that other apps' data cannot be taken for.
pub(crate) fn correlation(effect: &EffectId) -> String {
    format!("{PREFIX}{effect}")
}

/// Reads what [`correlation`] wrote.
pub(crate) fn from_correlation(text: &str) -> Option<EffectId> {
    text.strip_prefix(PREFIX)?.parse().ok()
}

/// A POST with a JSON body.
pub(crate) fn post_json(
    url: &str,
    headers: &[(&'static str, &str)],
    body: &Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    post(url, "application/json", headers, body.to_string().into_bytes())
}

/// The JSON object with one member more.
pub(crate) fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
    object
}

/// A POST with a form.
pub(crate) fn post_form(
    url: &str,
    authorization: &str,
    pairs: &[(&str, &str)],
) -> Result<Request<Vec<u8>>, Unsendable> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    post(url, "application/x-www-form-urlencoded", &[("authorization", authorization)], body.into_bytes())
}

/// A POST with a body.
pub(crate) fn post(
    url: &str,
    content_type: &'static str,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let request = Request::builder().method(Method::POST).uri(url).header(header::CONTENT_TYPE, content_type);
    headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(body)
        .map_err(|_| Unsendable::BadSettings)
}

/// The value of an `Authorization` header for HTTP Basic (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", crate::signature::to_base64(format!("{user}:{password}").as_bytes()))
}

/// A text as one segment of a URL's path: everything but unreserved characters percent-encoded
/// (RFC 3986, 2.3).
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&HEXUPPER.encode(&[byte]));
        }
    }
    encoded
}
