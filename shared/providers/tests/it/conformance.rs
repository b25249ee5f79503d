//! The conformance tool on the cases that are kept here.

use std::path::Path;

#[path = "../../examples/conformance/payloads.rs"]
mod payloads;
#[path = "../../examples/conformance/report.rs"]
mod report;
#[path = "../../examples/conformance/signatures.rs"]
mod signatures;

#[test]
fn every_signature_case_is_judged_as_expected() {
    let report = signatures::run(&fixtures().join("signatures.json")).unwrap();
    assert!(report.failures.is_empty() && report.skipped.is_empty(), "{report}");
    assert_eq!(report.passed, 64);
}

#[test]
fn every_payload_comes_to_the_expected_events() {
    let report = payloads::run(&fixtures().join("payloads")).unwrap();
    assert!(report.failures.is_empty() && report.skipped.is_empty(), "{report}");
    assert_eq!(report.passed, 83);
}

#[test]
fn cases_that_cannot_be_read_are_no_success() {
    assert!(signatures::run(&fixtures().join("missing.json")).is_err());
    assert!(payloads::run(&fixtures().join("missing")).is_err());
    assert!(payloads::run(&fixtures().join("..")).is_err());
}

fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

mod the_tool_notices {
    use super::*;

    /// A directory of one case, of which one expected member is changed.
    fn spoilt(case: &str, member: &str, value: serde_json::Value) -> report::Report {
        let directory =
            std::env::temp_dir().join(format!("handover-conformance-{}-{case}-{member}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let source = fixtures().join("payloads");
        std::fs::copy(source.join(format!("{case}.json")), directory.join(format!("{case}.json"))).unwrap();
        let text = std::fs::read_to_string(source.join(format!("{case}.expect.json"))).unwrap();
        let mut expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        expected["events"][0][member] = value;
        std::fs::write(directory.join(format!("{case}.expect.json")), expected.to_string()).unwrap();
        let report = payloads::run(&directory).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        report
    }

    #[test]
    fn a_wrong_value() {
        for (member, value) in [
            ("text", "other".into()),
            ("sender", "other".into()),
            ("dedupe_id", "other".into()),
            ("timestamp_ms", 1.into()),
            ("kind", "button".into()),
            ("must_evaluate", false.into()),
            ("message_id", serde_json::Value::Null),
        ] {
            let report = spoilt("whatsapp__text", member, value);
            assert_eq!((report.passed, report.failures.len()), (0, 1), "{member}: {report}");
        }
    }

    #[test]
    fn a_status_in_the_providers_own_words() {
        for word in ["DELIVERED", "delivered"] {
            assert_eq!(spoilt("whatsapp__status_failed", "status", word.into()).passed, 0, "{word}");
        }
        for word in ["undelivered", "expired", "delivery_failed", "FAILED"] {
            assert_eq!(spoilt("whatsapp__status_failed", "status", word.into()).passed, 1, "{word}");
        }
    }

    /// A file of one case, signed as Twilio and Slack do.
    fn judged(case: &serde_json::Value) -> report::Report {
        let id = case["id"].as_str().unwrap();
        let file =
            std::env::temp_dir().join(format!("handover-conformance-{}-{id}.json", std::process::id()));
        std::fs::write(&file, serde_json::json!([case]).to_string()).unwrap();
        let report = signatures::run(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        report
    }

    #[test]
    fn numbers_in_a_form() {
        let url = "https://example.com/in";
        let signature = handover_providers::twilio_signature("secret", url, b"NumMedia=0&Body=hi");
        let case = serde_json::json!({
            "id": "number", "scheme": "twilio.x-twilio-signature", "name": "", "method": "POST", "url": url,
            "secret": "secret", "headers": { "x-twilio-signature": signature },
            "params": { "NumMedia": 0, "Body": "hi" }, "expected_valid": true,
        });
        assert_eq!(judged(&case).passed, 1);
    }

    #[test]
    fn the_cases_own_tolerance() {
        for (age, tolerance, valid) in [
            (300, 300, true),
            (301, 300, false),
            (60, 60, true),
            (61, 60, false),
            (600, 600, true),
            (601, 600, false),
        ] {
            let signature = handover_providers::standard_webhooks_signature(
                "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                "m",
                1_000_000,
                b"{}",
            );
            let case = serde_json::json!({
                "id": format!("tolerance-{age}"), "scheme": "standardwebhooks.v1", "name": "", "method": "POST",
                "url": "https://example.com/in", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
                "headers": { "webhook-id": "m", "webhook-timestamp": "1000000", "webhook-signature": signature },
                "body": "{}", "now": 1_000_000 + age, "tolerance_s": tolerance, "expected_valid": valid,
            });
            assert_eq!(judged(&case).passed, 1, "{age} {tolerance}");
        }
    }

    #[test]
    fn an_unknown_member() {
        let report = spoilt("whatsapp__text", "mood", "sunny".into());
        assert_eq!(report.passed, 1);
        assert!(report.not_compared.contains("mood"));
    }
}
