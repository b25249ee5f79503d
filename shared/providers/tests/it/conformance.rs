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
    fn an_unknown_member() {
        let report = spoilt("whatsapp__text", "mood", "sunny".into());
        assert_eq!(report.passed, 1);
        assert!(report.not_compared.contains("mood"));
    }
}
