//! Who a browser is: the cookies of a session and of a sign-in under way.

use std::time::Duration;

use handover_aws::store::SessionKey;
use handover_core::{AccountId, StaffId, Timestamp, from_lower_base32, lower_base32};
use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Api, problem::Problem};

/// Bytes of a secret that a browser keeps.
const SECRET_BYTES: usize = 32;
/// How long somebody stays signed in.
const SESSION_LIVE: Duration = Duration::from_hours(7 * 24);
/// How long a one-time link is good for.
const LINK_LIVE: Duration = Duration::from_hours(1);
/// What a browser keeps while somebody signs in.
const BROWSER: &str = "handover-browser";
/// What it keeps of having been signed in, for longer than a session.
const KNOWN: &str = "handover-known";
const KNOWN_LIVE: Duration = Duration::from_hours(180 * 24);
/// What a browser is known for, beside the address.
const KNOWN_OWNER: &str = "known browser";
/// What it keeps afterwards.
const SESSION: &str = "handover-session";

/// A secret as a browser has it. The table knows its hash.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret([u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

impl Secret {
    pub(super) fn new(api: &Api) -> Self {
        Self(api.random.bytes())
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        from_lower_base32(text)?.try_into().ok().map(Self)
    }

    pub(super) fn text(&self) -> String {
        lower_base32(&self.0)
    }

    /// What the table knows of it.
    pub(super) fn hash(&self) -> String {
        self.hash_with("handover browser secret", "")
    }

    /// What else is bound to it.
    pub(super) fn hash_with(&self, purpose: &str, text: &str) -> String {
        let hash = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(self.0);
        lower_base32(&hash.chain_update(text).finalize())
    }
}

/// What a form carries to show that it is one of ours.
pub(super) fn csrf_of(secret: &Secret) -> String {
    secret.hash_with("handover csrf", "")
}

/// Whether two texts are the same, in time that tells nothing about where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Somebody who has signed in, as their browser says.
#[derive(Clone, Debug)]
pub(super) struct Session {
    account: AccountId,
    staff: StaffId,
    pub(super) secret: Secret,
    hash: String,
}

impl Session {
    /// What the browser shows; whether it is true, only the table knows.
    pub(super) fn of(api: &Api, headers: &HeaderMap) -> Option<Self> {
        let text = cookie(headers, &cookie_name(api, SESSION))?;
        let mut parts = text.split('.');
        let (account, staff, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let secret = Secret::parse(secret)?;
        Some(Self { account: account.parse().ok()?, staff: staff.parse().ok()?, hash: secret.hash(), secret })
    }

    pub(super) fn key(&self) -> SessionKey<'_> {
        SessionKey { account: &self.account, staff: &self.staff, hash: &self.hash }
    }

    /// Signs somebody in; gives the cookie.
    pub(super) async fn start(
        api: &Api,
        account: &AccountId,
        staff: &StaffId,
        now: Timestamp,
    ) -> Result<String, Problem> {
        let secret = Secret::new(api);
        let session = Self { account: account.clone(), staff: staff.clone(), hash: secret.hash(), secret };
        let until = now + SESSION_LIVE;
        api.processor.store().begin_session(&session.key(), now, until).await?;
        let text = format!("{account}.{staff}.{}", session.secret.text());
        Ok(set_cookie(api, SESSION, &text, SESSION_LIVE))
    }

    /// The cookie that makes a browser forget its session.
    pub(super) fn forget(api: &Api) -> String {
        set_cookie(api, SESSION, "", Duration::ZERO)
    }
}

/// The secret of a browser that somebody signs in with, and the cookie if it is new.
pub(super) fn browser(api: &Api, headers: &HeaderMap) -> (Secret, Option<String>) {
    if let Some(known) = known_browser(api, headers) {
        return (known, None);
    }
    let secret = Secret::new(api);
    let cookie = set_cookie(api, BROWSER, &secret.text(), Duration::from_hours(24));
    (secret, Some(cookie))
}

/// The secret of a browser that has been here.
pub(super) fn known_browser(api: &Api, headers: &HeaderMap) -> Option<Secret> {
    cookie(headers, &cookie_name(api, BROWSER)).and_then(Secret::parse)
}

/// The cookie by which a browser shows later that whoever has this address was signed in with it.
pub(super) fn remember(api: &Api, email_hash: &str) -> Option<String> {
    let sealed = api.sealer.seal(email_hash, &[KNOWN_OWNER], api.random.bytes()).ok()?;
    Some(set_cookie(api, KNOWN, &sealed, KNOWN_LIVE))
}

/// A browser that somebody was signed in with before: the hash of their address, and what to count its
/// requests by.
pub(super) fn remembered(api: &Api, headers: &HeaderMap) -> Option<(String, String)> {
    let shown = cookie(headers, &cookie_name(api, KNOWN))?;
    let email_hash = api.sealer.open(shown, &[KNOWN_OWNER]).ok()?;
    let hash = Sha256::new().chain_update(KNOWN_OWNER).chain_update([0]).chain_update(shown).finalize();
    Some((email_hash, lower_base32(&hash)))
}

/// A link that signs a staff member in once: its address.
pub(crate) async fn new_link(
    api: &Api,
    account: &AccountId,
    staff: &StaffId,
    now: Timestamp,
) -> Result<String, Problem> {
    let secret = Secret::new(api);
    api.processor.store().put_link(&secret.hash(), account, staff, now + LINK_LIVE).await?;
    Ok(format!("{}/sign-in/link/{}", api.console_url, secret.text()))
}

/// Browsers hold a `__Host-` cookie to be ours alone, and take it over TLS only. The local system has none.
fn cookie_name(api: &Api, name: &str) -> String {
    if is_secure(api) { format!("__Host-{name}") } else { name.to_owned() }
}

fn is_secure(api: &Api) -> bool {
    api.console_url.starts_with("https://")
}

fn set_cookie(api: &Api, name: &str, value: &str, live: Duration) -> String {
    let (name, seconds) = (cookie_name(api, name), live.as_secs());
    let secure = if is_secure(api) { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Eight digits.
pub(super) fn new_code(api: &Api) -> String {
    // The remainder of 64 random bits is as good as even.
    let number = u64::from_be_bytes(api.random.bytes()) % 100_000_000;
    format!("{number:08}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=1; handover-session=x.y.z;b=2".parse().unwrap());
        assert_eq!(cookie(&headers, "handover-session"), Some("x.y.z"));
        assert_eq!((cookie(&headers, "session"), cookie(&headers, "b")), (None, Some("2")));
    }

    #[test]
    fn secrets_are_hashed_apart_and_never_shown() {
        let secret = Secret([7; 32]);
        assert_eq!(Secret::parse(&secret.text()), Some(secret.clone()));
        assert_ne!(secret.hash(), csrf_of(&secret));
        assert!(!format!("{secret:?}").contains(&secret.text()));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", ""));
        for bad in ["", "short", &secret.text().to_uppercase()] {
            assert_eq!(Secret::parse(bad), None, "{bad}");
        }
    }
}
