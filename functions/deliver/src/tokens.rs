//! Access tokens that a provider gives for an inbox's credentials, kept as long as they live.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use handover_aws::http::send;
use handover_core::InboxId;
use handover_providers::{Endpoint, read_token, timeout, token_request};
use http::{HeaderValue, Request, header};

use crate::{App, submit::MAX_ANSWER_BYTES};

/// A token is not used any more so long before it ends.
const SPARE: Duration = Duration::from_mins(5);

/// The tokens of inboxes, with the instant (monotonic) until which they are used.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<InboxId, (HeaderValue, Duration)>>);

impl Tokens {
    fn live(&self, inbox: &InboxId, now: Duration) -> Option<HeaderValue> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(inbox).filter(|(_, until)| *until > now).map(|(value, _)| value.clone())
    }

    fn keep(&self, inbox: &InboxId, value: HeaderValue, until: Duration) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.insert(inbox.clone(), (value, until));
    }

    /// The provider does not know it any more.
    pub(crate) fn forget(&self, inbox: &InboxId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(inbox);
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl App {
    /// Puts an access token on requests, where the provider gives tokens; says whether it was one that had
    /// been kept. Without one they go as they are: with the credentials themselves, which the provider
    /// takes as well, if less gladly.
    pub(crate) async fn authorize(
        &self,
        endpoint: &Endpoint<'_>,
        requests: &mut [Request<Vec<u8>>],
    ) -> Option<bool> {
        let asked = token_request(endpoint).ok().flatten()?;
        let now = self.clock.monotonic();
        let kept = self.tokens.live(endpoint.inbox, now);
        let was_kept = kept.is_some();
        let token = if let Some(token) = kept {
            token
        } else {
            let answer = send(&self.world, asked, timeout(endpoint.provider), MAX_ANSWER_BYTES).await.ok()?;
            let token = read_token(endpoint.provider, answer.status(), answer.body())?;
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.value)).ok()?;
            value.set_sensitive(true);
            self.tokens.keep(endpoint.inbox, value.clone(), now + token.lives.saturating_sub(SPARE));
            value
        };
        for request in requests {
            request.headers_mut().insert(header::AUTHORIZATION, token.clone());
        }
        Some(was_kept)
    }
}
