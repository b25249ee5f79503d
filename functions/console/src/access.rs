//! Who may come in.

use handover_aws::{ApiKey, Scope};
use handover_core::Principal;
use http::{HeaderMap, StatusCode, header};

use crate::{Api, http::Caller, problem::Problem};

impl Api {
    /// Whoever shows a key that the table knows: `Authorization: Bearer hk_...`.
    pub(crate) async fn let_in(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|text| text.split_once(' '));
        let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some(key) = shown.and_then(|(_, text)| ApiKey::parse(text.trim())) else {
            return Err(stranger());
        };
        let (store, now) = (self.processor.store(), self.processor.clock().now());
        let known = store.api_key(key.account(), &key.id()).await?;
        let known = known.filter(|known| known.admits(&key, now)).ok_or_else(stranger)?;
        let (by, account) = (Principal::ApiKey(key.id()), key.account().clone());
        Ok(Caller { by, account, scope: known.scope, is_owner: false })
    }
}

/// Whether the caller's key is for this.
pub(crate) fn permit(caller: &Caller, needed: Scope) -> Result<(), Problem> {
    if caller.scope >= needed {
        return Ok(());
    }
    let detail =
        format!("this needs a key of scope {}, yours is of scope {}", needed.name(), caller.scope.name());
    Err(Problem::new(StatusCode::FORBIDDEN, "scope", "The key is not for this", &detail))
}

fn stranger() -> Problem {
    let detail = "send a live API key as \"Authorization: Bearer hk_...\"";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "No valid API key", detail)
}
