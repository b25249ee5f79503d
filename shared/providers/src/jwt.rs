//! JSON Web Tokens with a shared secret (RFC 7519, RFC 7515; HS256, HS384, HS512).

use data_encoding::BASE64URL_NOPAD;
use hmac::Hmac;
use sha2::{Sha256, Sha384, Sha512};

use crate::{json::Json, signature::any_signed};

/// How far clocks may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 1;

/// A signed token's algorithm and its claims as JSON text.
#[derive(Debug)]
pub(crate) struct Token {
    algorithm: String,
    claims: String,
}

impl Token {
    /// Reads a token and checks that it is signed with one of the live secrets, by one of the
    /// three algorithms. `alg: none` and public-key algorithms are refused.
    pub(crate) fn verified(text: &str, secrets: &[String]) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).ok();
        let header = String::from_utf8(decode(header)?).ok()?;
        let algorithm = Json::parse(&header)?.get("alg").string()?;
        let signature = decode(signature)?;
        let parts: [&[u8]; 1] = [signed.as_bytes()];
        let valid = match algorithm.as_str() {
            "HS256" => any_signed::<Hmac<Sha256>>(secrets, &parts, &signature),
            "HS384" => any_signed::<Hmac<Sha384>>(secrets, &parts, &signature),
            "HS512" => any_signed::<Hmac<Sha512>>(secrets, &parts, &signature),
            _ => false,
        };
        let claims = String::from_utf8(decode(claims)?).ok()?;
        valid.then_some(Self { algorithm, claims })
    }

    /// The algorithm that it is signed with.
    pub(crate) fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// Its claims.
    pub(crate) fn claims(&self) -> Option<Json<'_>> {
        Json::parse(&self.claims).filter(Json::is_object)
    }
}

/// Whether the claims bound the token's life on both sides, and now is within it.
pub(crate) fn is_bounded(claims: &Json<'_>, now_seconds: i64) -> bool {
    ["nbf", "exp"].iter().all(|name| claims.get(name).integer().is_some()) && is_in_time(claims, now_seconds)
}

/// Whether the times that the claims name (`nbf`, `exp`) include now. At `exp` a token is over (RFC 7519,
/// 4.1.4).
pub(crate) fn is_in_time(claims: &Json<'_>, now_seconds: i64) -> bool {
    let bound = |name: &str| claims.get(name);
    let reads = |name: &str| bound(name).is_null() || bound(name).integer().is_some();
    reads("nbf")
        && reads("exp")
        && bound("nbf").integer().is_none_or(|nbf| nbf <= now_seconds.saturating_add(LEEWAY_SECONDS))
        && bound("exp").integer().is_none_or(|exp| exp > now_seconds.saturating_sub(LEEWAY_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::hmac_sha256;

    fn token(header: &str, claims: &str, key: &str) -> String {
        let signed = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes())).join(".");
        let signature = hmac_sha256(key.as_bytes(), &[signed.as_bytes()]);
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    #[test]
    fn accepts_either_live_secret_and_nothing_else() {
        let secrets = ["new".to_owned(), "old".to_owned()];
        for (key, valid) in [("new", true), ("old", true), ("other", false)] {
            let text = token(r#"{"alg":"HS256"}"#, r#"{"a":1}"#, key);
            assert_eq!(Token::verified(&text, &secrets).is_some(), valid, "{key}");
        }
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"RS256"}"#, r#"{"alg":"HS512"}"#, "{}", "x"] {
            assert!(Token::verified(&token(header, "{}", "new"), &secrets).is_none(), "{header}");
        }
        for text in ["", ".", "..", "a.b.c", "eyJhbGciOiJIUzI1NiJ9..", "no token"] {
            assert!(Token::verified(text, &secrets).is_none(), "{text}");
        }
    }

    #[test]
    fn times_bound_both_ways() {
        let claims = Json::parse(r#"{"nbf":100,"exp":200}"#).unwrap();
        assert!(is_in_time(&claims, 99) && is_in_time(&claims, 200));
        assert!(!is_in_time(&claims, 98) && !is_in_time(&claims, 201));
        assert!(is_bounded(&claims, 150) && !is_bounded(&claims, 201));
        for open in [r#"{"nbf":100}"#, r#"{"exp":200}"#, "{}", r#"{"nbf":100,"exp":"200 "}"#] {
            assert!(!is_bounded(&Json::parse(open).unwrap(), 150), "{open}");
        }
        assert!(!is_in_time(&Json::parse(r#"{"exp":"soon"}"#).unwrap(), 0));
        assert!(is_in_time(&Json::parse("{}").unwrap(), 0));
    }
}
