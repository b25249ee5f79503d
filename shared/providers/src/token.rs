//! Access tokens, where a provider gives them for an inbox's credentials.

use std::time::Duration;

use handover_core::Provider;
use http::{Request, StatusCode};

use crate::{Endpoint, Unsendable, json::Json, sinch};

/// A token that stands for an inbox's credentials for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token: a secret.
    pub value: String,
    /// How long it lives.
    pub lives: Duration,
}

/// The request that asks for a token (OAuth 2.0 client credentials, RFC 6749, 4.4); `None` where the
/// credentials themselves go with each request.
///
/// # Errors
/// Why no request can be made.
pub fn token_request(endpoint: &Endpoint<'_>) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    if endpoint.provider == Provider::Sinch { sinch::token_request(endpoint).map(Some) } else { Ok(None) }
}

/// The token in an answer; `None` when it holds none.
pub fn read_token(provider: Provider, status: StatusCode, body: &[u8]) -> Option<AccessToken> {
    if provider != Provider::Sinch || !status.is_success() {
        return None;
    }
    let text = String::from_utf8_lossy(body);
    let body = Json::parse(&text)?;
    let value = body.get("access_token").id()?;
    let seconds = body.get("expires_in").integer().and_then(|seconds| u64::try_from(seconds).ok());
    // RFC 6749, 5.1: a lifetime that is left out is documented elsewhere; Sinch's is an hour.
    Some(AccessToken { value, lives: Duration::from_secs(seconds.unwrap_or(3_600).min(86_400)) })
}

impl std::fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AccessToken").field("lives", &self.lives).finish_non_exhaustive()
    }
}
