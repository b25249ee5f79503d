//! The primitives that webhook signatures are made of. Every comparison takes constant time.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use handover_core::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// How far a signed time stamp may be from our clock, in either direction, in seconds (Standard
/// Webhooks, Slack and Chatwoot name five minutes).
pub(crate) const WINDOW_SECONDS: i64 = 300;

/// A keyed hash over the concatenated parts.
pub(crate) fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> M {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

/// Whether `signature` is the keyed hash of the concatenated parts under one of the live secrets.
pub(crate) fn any_signed<M: Mac + KeyInit>(secrets: &[String], parts: &[&[u8]], signature: &[u8]) -> bool {
    // Every secret is tried, so that the time says nothing about which one matched. An empty one
    // would be a key that everybody knows.
    secrets.iter().filter(|secret| !secret.is_empty()).fold(false, |matched, secret| {
        keyed::<M>(secret.as_bytes(), parts).verify_slice(signature).is_ok() | matched
    })
}

/// HMAC-SHA256 under one of the live secrets.
pub(crate) fn any_signed_sha256(secrets: &[String], parts: &[&[u8]], signature: &[u8]) -> bool {
    any_signed::<Hmac<Sha256>>(secrets, parts, signature)
}

/// HMAC-SHA1 under one of the live secrets.
pub(crate) fn any_signed_sha1(secrets: &[String], parts: &[&[u8]], signature: &[u8]) -> bool {
    any_signed::<Hmac<Sha1>>(secrets, parts, signature)
}

/// HMAC-SHA256 of the concatenated parts.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    keyed::<Hmac<Sha256>>(key, parts).finalize().into_bytes().to_vec()
}

/// HMAC-SHA1 of the concatenated parts.
pub(crate) fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    keyed::<Hmac<Sha1>>(key, parts).finalize().into_bytes().to_vec()
}

/// Whether a presented static secret equals one of the live ones. Both sides are hashed under a
/// key first, so that neither content nor length shows in the time that it takes.
pub(crate) fn any_equal(secrets: &[String], presented: &[u8]) -> bool {
    const KEY: &[u8] = b"equality";
    let presented = hmac_sha256(KEY, &[presented]);
    secrets.iter().filter(|secret| !secret.is_empty()).fold(false, |matched, secret| {
        keyed::<Hmac<Sha256>>(KEY, &[secret.as_bytes()]).verify_slice(&presented).is_ok() | matched
    })
}

/// SHA-256 of the bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the bytes in lower-case hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(&sha256(bytes))
}

/// Bytes from hexadecimal digits of either case.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()
}

/// Bytes from padded standard base64.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

/// Padded standard base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Whether a signed time stamp, in whole seconds since the Unix epoch, is within the replay window.
pub(crate) fn is_recent(seconds: i64, now: Timestamp) -> bool {
    seconds.abs_diff(now.as_seconds()) <= WINDOW_SECONDS.unsigned_abs()
}

/// The key bytes of a Standard Webhooks secret: base64, with or without padding and the `whsec_`
/// prefix (standard-webhooks specification, "Signature scheme").
pub(crate) fn standard_webhooks_key(secret: &str) -> Option<Vec<u8>> {
    let text = secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=');
    BASE64_NOPAD.decode(text.as_bytes()).ok().filter(|key| !key.is_empty())
}

/// Whether a text can be a Standard Webhooks secret: `whsec_` and the base64 of at least 24 bytes (the
/// specification's minimum).
pub fn is_signing_secret(secret: &str) -> bool {
    standard_webhooks_key(secret).is_some_and(|key| key.len() >= 24)
}

/// The `webhook-signature` header of a Standard Webhooks message (`v1`, HMAC-SHA256), or `None`
/// when the secret is not base64.
pub fn standard_webhooks_signature(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Option<String> {
    let key = standard_webhooks_key(secret)?;
    let seconds = seconds.to_string();
    let signature = hmac_sha256(&key, &[id.as_bytes(), b".", seconds.as_bytes(), b".", body]);
    Some(format!("v1,{}", to_base64(&signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_needs_the_whole_secret() {
        let secrets = ["one".to_owned(), String::new()];
        assert!(any_equal(&secrets, b"one"));
        for wrong in ["", "on", "onee", "two"] {
            assert!(!any_equal(&secrets, wrong.as_bytes()), "{wrong:?}");
        }
        assert!(!any_equal(&[], b"one"));
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let signature = hmac_sha256(b"", &[b"body"]);
        assert!(!any_signed_sha256(&[String::new()], &[b"body"], &signature));
        let signature = hmac_sha256(b"old", &[b"bo", b"dy"]);
        assert!(any_signed_sha256(&["new".to_owned(), "old".to_owned()], &[b"body"], &signature));
    }

    #[test]
    fn the_window_is_five_minutes_both_ways() {
        let now = Timestamp::from_ms(1_000_000_999);
        assert!(is_recent(1_000_000 - 300, now) && is_recent(1_000_000 + 300, now));
        assert!(!is_recent(1_000_000 - 301, now) && !is_recent(1_000_000 + 301, now));
        assert!(!is_recent(i64::MIN, now) && !is_recent(i64::MAX, now));
    }
}
