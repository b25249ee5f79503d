//! Bodies that no provider sends: nothing panics, and whatever is authentic gets an answer.

use std::{fs, path::Path, sync::LazyLock};

use handover_core::Provider;
use handover_providers::{Verdict, body_limit, classify};
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::Value;

use crate::{Call, Inbox};

/// The kept payloads with their providers.
static PAYLOADS: LazyLock<Vec<(Provider, bool, Vec<u8>)>> = LazyLock::new(read_payloads);

fn read_payloads() -> Vec<(Provider, bool, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/payloads");
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".expect.json") {
            continue;
        }
        let prefix = name.split("__").next().unwrap().replace('-', "_");
        let provider = *Provider::ALL.iter().find(|provider| provider.name() == prefix).unwrap();
        let is_form = path.extension().is_some_and(|ending| ending == "form");
        found.push((provider, is_form, fs::read(path).unwrap()));
    }
    found.sort_by(|a, b| a.2.cmp(&b.2));
    assert!(found.len() > 80);
    found
}

fn provider() -> impl Strategy<Value = Provider> {
    prop::sample::select(Provider::ALL)
}

fn check(provider: Provider, body: &[u8], is_form: bool) {
    for inbox in [Inbox::bare(provider), Inbox::complete(provider)] {
        let call = if is_form { Call::form(body) } else { Call::json(body) };
        let verdict = inbox.read(&call);
        assert!(!matches!(verdict, Verdict::Refused(_)));
        if let Verdict::Accepted(accepted) = verdict {
            for event in &accepted.events {
                assert!(event.identities.iter().all(|identity| !identity.is_empty()), "{event:?}");
                assert!(!event.identities.is_empty() && !event.address.is_empty(), "{event:?}");
                assert!(!event.dedupe_id.is_empty(), "{event:?}");
            }
            for name in &accepted.unknown {
                assert!(name.len() <= 100 && name.is_ascii() && !name.contains(' '), "{name:?}");
            }
        }
        // Nothing of this is signed.
        assert!(matches!(inbox.receive(&call), Verdict::Refused(_)));
    }
}

/// Replaces the node that the steps lead to.
fn replace(json: &mut Value, steps: &[usize], by: Value) {
    let next = match json {
        Value::Array(items) if !items.is_empty() => {
            let count = items.len();
            steps.split_first().and_then(|(step, rest)| Some((items.get_mut(step % count)?, rest)))
        }
        Value::Object(members) if !members.is_empty() => {
            let count = members.len();
            steps.split_first().and_then(|(step, rest)| Some((members.values_mut().nth(step % count)?, rest)))
        }
        _ => None,
    };
    match next {
        Some((node, rest)) => replace(node, rest, by),
        None => *json = by,
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(Value::Bool(true)),
        Just(serde_json::json!(i64::MIN)),
        Just(serde_json::json!(u64::MAX)),
        Just(serde_json::json!(-1.5e300)),
        Just(serde_json::json!("")),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!([null, [], {}, "x", 0])),
        "\\PC{0,40}".prop_map(Value::String),
        Just(serde_json::json!("x".repeat(10_000))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(provider in provider(), body in prop::collection::vec(any::<u8>(), 0..200), is_form: bool) {
        check(provider, &body, is_form);
        classify(provider, StatusCode::OK, &HeaderMap::new(), &body);
    }

    #[test]
    fn damaged_bytes(at in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), by: u8, cut: bool) {
        let all = &*PAYLOADS;
        let (provider, is_form, mut body) = all[at.index(all.len())].clone();
        let place = place.index(body.len());
        if cut { body.truncate(place); } else { body[place] = by; }
        check(provider, &body, is_form);
    }

    #[test]
    fn odd_members(at in any::<prop::sample::Index>(), steps in prop::collection::vec(0_usize..50, 0..9), by in odd_value()) {
        let all = &*PAYLOADS;
        let (provider, is_form, body) = all[at.index(all.len())].clone();
        if !is_form {
            let mut json: Value = serde_json::from_slice(&body).unwrap();
            replace(&mut json, &steps, by);
            check(provider, json.to_string().as_bytes(), false);
        }
    }

    #[test]
    fn payloads_of_other_providers(provider in provider(), at in any::<prop::sample::Index>()) {
        let all = &*PAYLOADS;
        let (_, is_form, body) = &all[at.index(all.len())];
        check(provider, body, *is_form);
    }

    #[test]
    fn answers(provider in provider(), status in 100_u16..600, code in odd_value(), name in "code|error|status|errors|ok|message|sid") {
        let body = serde_json::json!({ name.clone(): code, "error": { name: 1 } }).to_string();
        classify(provider, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.as_bytes());
    }
}

#[test]
fn bodies_that_break_parsers() {
    let bodies: [Vec<u8>; 9] = [
        Vec::new(),
        b"null".to_vec(),
        b"\xff\xfe\x00".to_vec(),
        b"{\"entry\":1e999}".to_vec(),
        b"{\"update_id\":123456789012345678901234567890}".to_vec(),
        "[".repeat(200_000).into_bytes(),
        "{\"a\":".repeat(200_000).into_bytes(),
        format!("{{\"events\":[{}0]}}", "0,".repeat(100_000)).into_bytes(),
        b"a=%&=&&%ff=%0".to_vec(),
    ];
    for provider in Provider::ALL {
        for body in &bodies {
            check(*provider, body, false);
            check(*provider, body, true);
        }
        assert!(body_limit(*provider) >= 256 * 1024);
    }
}

#[test]
fn a_message_with_broken_letters_is_still_a_message() {
    let body = b"{\"update_id\":1,\"message\":{\"message_id\":2,\"chat\":{\"id\":3},\"text\":\"ab\xff\",\"text\":\"cd\xff\"}}";
    let Verdict::Accepted(accepted) = Inbox::bare(Provider::Telegram).read(&Call::json(*body)) else {
        panic!("not accepted");
    };
    let handover_core::EventKind::Message(message) = &accepted.events[0].kind else { panic!("no message") };
    assert_eq!(message.content.text(), Some("cd\u{fffd}"));
}
