//! What the engines of the local cloud share: where they pretend to be, how they refuse, and the
//! seeded draws that make their choices repeatable.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

/// The account that every local resource belongs to.
pub const ACCOUNT_ID: &str = "000000000000";

/// The region that every local resource lies in.
pub const REGION: &str = "us-east-1";

/// A service's refusal. How it looks on the wire depends on the service's protocol; see
/// [`crate::sqs::error_response`] and [`crate::scheduler::error_response`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The error's shape name in the service's model, such as `QueueDoesNotExist`.
    pub code: String,
    /// What is wrong, for people.
    pub message: String,
}

impl ServiceError {
    /// A refusal with this status, shape name and text.
    pub fn new(status: StatusCode, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// A refusal that is the caller's fault (HTTP 400).
    pub fn bad_request(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}

impl From<rusqlite::Error> for ServiceError {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", format!("local storage: {error}"))
    }
}

impl From<serde_json::Error> for ServiceError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", format!("stored document: {error}"))
    }
}

/// An HTTP answer with a JSON body.
pub fn json_response(status: StatusCode, content_type: &'static str, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let value = http::HeaderValue::from_static(content_type);
    response.headers_mut().insert(http::header::CONTENT_TYPE, value);
    response
}

/// A number that depends on nothing but the seed and the text, evenly spread over `u64`.
pub fn draw(seed: u64, text: &str) -> u64 {
    // FNV-1a over the text, spread by mix(): good enough for choices in tests, and fast in a debug build.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash ^ mix(seed))
}

/// Spreads the bits of a number (the finaliser of splitmix64): a bijection on `u64`.
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
