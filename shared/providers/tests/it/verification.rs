//! What every provider's verification has in common: live secrets, windows, headers, the bytes of the body.

use std::collections::BTreeMap;

use handover_core::{InboxId, Provider};
use handover_providers::{Secrets, Verdict};
use http::{HeaderMap, HeaderName, HeaderValue};

#[path = "../../examples/receive/calls.rs"]
mod calls;

use calls::Call;

const NOW: i64 = 1_767_225_600 + 43_200;
const FIRST: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
const SECOND: &str = "whsec_bmV3ZXIgbmV3ZXIgbmV3ZXIgbmV3ZXI=";
const THIRD: &str = "whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=";

/// Whether a call is taken by an inbox whose live secrets are these, at `NOW`.
fn is_taken(provider: Provider, live: &[&str], call: &Call) -> bool {
    let fields: BTreeMap<&str, &[&str]> = calls::SIGNING.into_iter().map(|field| (field, live)).collect();
    let secrets: Secrets = serde_json::from_value(serde_json::json!(fields)).unwrap();
    let inbox: InboxId = "inbox".parse().unwrap();
    match call.received(provider, &inbox, &secrets, NOW) {
        Verdict::Accepted(accepted) => {
            assert_eq!(accepted.events.len(), 1, "{provider:?}");
            true
        }
        Verdict::Refused(_) => false,
        Verdict::Malformed(malformed) => panic!("{provider:?}: {malformed:?}"),
    }
}

fn call(provider: Provider, secret: &str, seconds: i64) -> Call {
    calls::call(provider, secret, seconds).unwrap()
}

/// HighLevel signs with its own key: the business has no secret.
fn with_secrets() -> impl Iterator<Item = Provider> {
    Provider::ALL.iter().copied().filter(|provider| *provider != Provider::HighLevel)
}

#[test]
fn either_live_secret_is_good_and_no_other() {
    for provider in with_secrets() {
        let signed = |secret: &str| call(provider, secret, NOW);
        assert!(is_taken(provider, &[SECOND, FIRST], &signed(FIRST)), "{provider:?}");
        assert!(is_taken(provider, &[SECOND, FIRST], &signed(SECOND)), "{provider:?}");
        assert!(!is_taken(provider, &[SECOND, FIRST], &signed(THIRD)), "{provider:?}");
        assert!(!is_taken(provider, &[SECOND], &signed(FIRST)), "{provider:?}");
        assert!(!is_taken(provider, &[], &signed(FIRST)), "{provider:?}");
    }
}

#[test]
fn an_empty_secret_is_none() {
    for provider in with_secrets() {
        // What anybody could sign.
        let Some(forged) = calls::call(provider, "", NOW) else { continue };
        assert!(!is_taken(provider, &[""], &forged), "{provider:?}");
        assert!(!is_taken(provider, &["", FIRST], &forged), "{provider:?}");
        assert!(is_taken(provider, &["", FIRST], &call(provider, FIRST, NOW)), "{provider:?}");
    }
}

#[test]
fn the_replay_window_has_exact_edges() {
    for provider in Provider::ALL.iter().copied() {
        // In seconds before and after our clock.
        let window = match provider {
            Provider::Generic
            | Provider::Slack
            | Provider::Chatwoot
            | Provider::Sinch
            | Provider::Bird
            | Provider::Vonage => Some((300, 300)),
            // The token lives for a minute, and is over at its end; a second of leeway.
            Provider::MessageBird => Some((60, 1)),
            _ => None,
        };
        let taken = |seconds: i64| is_taken(provider, &[FIRST], &call(provider, FIRST, seconds));
        match window {
            Some((before, after)) => {
                assert!(taken(NOW - before) && taken(NOW + after), "{provider:?}");
                assert!(!taken(NOW - before - 1) && !taken(NOW + after + 1), "{provider:?}");
            }
            None => assert!(taken(NOW - 3_600) && taken(NOW + 3_600), "{provider:?}"),
        }
    }
}

#[test]
fn every_byte_of_the_body_counts() {
    for provider in Provider::ALL.iter().copied() {
        let mut tampered = call(provider, FIRST, NOW);
        tampered.body = tampered.body.replacen("please", "Please", 1);
        // These present a secret and sign nothing.
        let unbound = matches!(provider, Provider::Telegram | Provider::Sunshine);
        assert_eq!(is_taken(provider, &[FIRST], &tampered), unbound, "{provider:?}");
    }
}

/// The header that proves a call, with what becomes of its value.
fn reworded(provider: Provider, change: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Call {
    let mut call = call(provider, FIRST, NOW);
    let proof = |name: &&HeaderName| {
        let name = name.as_str();
        ["authorization", "x-api-key", "x-telegram-bot-api-secret-token"].contains(&name)
            || name.ends_with("signature")
            || name.ends_with("signature-256")
            || name.ends_with("signature-jwt")
    };
    let name = call.headers.keys().find(proof).unwrap().clone();
    let value = call.headers.remove(&name).unwrap();
    for value in change(value.as_bytes()) {
        call.headers.append(&name, HeaderValue::from_bytes(&value).unwrap());
    }
    call
}

/// What becomes of the header that carries the proof: its values instead.
type Change = dyn Fn(&[u8]) -> Vec<Vec<u8>>;

#[test]
fn odd_headers_prove_nothing() {
    for provider in Provider::ALL.iter().copied() {
        let taken = |change: &Change| is_taken(provider, &[FIRST], &reworded(provider, change));
        assert!(taken(&|value| vec![value.to_vec()]), "{provider:?}");
        let odd: [&Change; 7] = [
            &|_| Vec::new(),
            &|_| vec![Vec::new()],
            &|value| vec![value[..value.len() - 1].to_vec()],
            &|value| vec![[value, b"A"].concat()],
            &|_| vec![vec![0xff, 0xfe, 0x80]],
            &|_| vec![b"x".repeat(8_000)],
            // Two headers of a name are not a choice: the first counts.
            &|value| vec![b"forged".to_vec(), value.to_vec()],
        ];
        for (place, odd) in odd.into_iter().enumerate() {
            assert!(!taken(odd), "{provider:?}: {place}");
        }
    }
}

#[test]
fn names_of_headers_and_media_types_have_no_case_and_may_say_more() {
    for provider in Provider::ALL.iter().copied() {
        let mut call = call(provider, FIRST, NOW);
        let media_type = call.headers["content-type"].to_str().unwrap().to_uppercase();
        let value = HeaderValue::from_str(&format!("{media_type} ; charset=UTF-8")).unwrap();
        call.headers.insert("content-type", value);
        let shouted: HeaderMap = call
            .headers
            .iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_str().to_uppercase().as_bytes()).unwrap(), value.clone())
            })
            .collect();
        call.headers = shouted;
        assert!(is_taken(provider, &[FIRST], &call), "{provider:?}");
    }
}
