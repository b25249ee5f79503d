//! The pages under `/local`, and AWS, over the port.

use crate::client::{TwilioMessage, request};
use crate::running::Running;
use serde_json::json;

const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.0");

#[test]
fn strangers_are_kept_out() {
    let running = Running::start(&["--ephemeral"]);
    let port = running.authority.rsplit(':').next().unwrap();
    let ask = |headers: &[(&str, &str)]| request(&running.authority, "GET", "/local/info", headers, b"");
    let named = format!("localhost:{port}");
    assert_eq!(ask(&[("host", &named)]).status, 200);
    let own = format!("http://{}", running.authority);
    assert_eq!(ask(&[("origin", &own)]).status, 200);
    for headers in [
        [("host", "handover.example"), ("accept", "*/*")],
        [("origin", "http://handover.example"), ("accept", "*/*")],
        [("origin", "null"), ("accept", "*/*")],
    ] {
        let answer = ask(&headers);
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.json()["error"].is_string(), "{}", answer.body);
    }
    // AWS holds the secrets as well.
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let aws = |host: &str| request(&running.authority, "POST", "/", &[("host", host), JSON, target], b"{}");
    assert_eq!(aws(&running.authority).json()["TableNames"].as_array().unwrap().len(), 1);
    assert_eq!(aws("handover.example").status, 403);
}

#[test]
fn what_cannot_be_answered_says_what_to_do() {
    let running = Running::start(&["--ephemeral"]);
    for (method, page, body, status) in [
        ("GET", "/local/nowhere", "", 404),
        ("GET", "/local/conversations/none", "", 404),
        ("GET", "/local/conversations/%20", "", 404),
        ("POST", "/local/info", "", 405),
        ("POST", "/local/clock", "{}", 400),
        ("POST", "/local/clock", r#"{"advance": "P1Y"}"#, 400),
        ("POST", "/local/clock", r#"{"to": "2020-01-01T00:00:00Z"}"#, 400),
        ("POST", "/local/faults", r#"{"rule": []}"#, 400),
        ("GET", "/local/curl", "", 400),
        ("GET", "/local/curl?inbox=in1&text=a", "", 404),
    ] {
        let answer = request(&running.authority, method, page, &[], body.as_bytes());
        assert_eq!(answer.status, status, "{method} {page} {body}: {}", answer.body);
        assert!(answer.json()["error"].as_str().unwrap().len() > 10, "{}", answer.body);
    }
    let huge = vec![b'a'; 10 * 1024 * 1024 + 1];
    let inbox = running.inbox(0, "twilio");
    let path = format!("/webhooks/{}", inbox["id"].as_str().unwrap());
    assert_eq!(request(&running.authority, "POST", &path, &[], &huge).status, 413);
    assert_eq!(request(&running.authority, "POST", "/webhooks/in1", &[], b"a=b").status, 404);
}

#[test]
fn faults_strike_the_functions_until_they_are_taken_back() {
    let running = Running::start(&["--ephemeral"]);
    let inbox = running.inbox(0, "twilio");
    let client = "whatsapp:+491510000001";
    let message = TwilioMessage::new(&inbox, "SM1", client, "I want to talk to a human");
    let faults = json!({"rules": [
        {"service": "sqs", "function": "evaluate", "effect": {"fail": {"status": 500, "code": "InternalError"}}},
    ]});
    assert_eq!(running.post("/local/faults", &faults.to_string()).status, 200);
    assert_eq!(running.page("/local/faults")["rules"], faults["rules"]);
    assert_eq!(message.post(&running.authority, &inbox).status, 503);
    let everything = json!({"rules": [{"service": "dynamodb", "effect": "throttle"}]});
    assert_eq!(running.post("/local/faults", &everything.to_string()).status, 200);
    assert_eq!(running.page("/local/conversations"), json!([]), "the pages stay readable");
    assert_eq!(running.post("/local/faults", "{}").status, 200);
    assert_eq!(message.post(&running.authority, &inbox).status, 200);
    running.advance("PT0S");
    assert_eq!(running.conversation(client).unwrap()["summary"]["control"], "human");
}

#[test]
fn what_cannot_be_read_is_shown_in_quarantine() {
    let running = Running::start(&["--ephemeral"]);
    let inbox = running.inbox(0, "generic");
    let command =
        running.get(&format!("/local/curl?inbox={}&text=it%27s%20me", inbox["id"].as_str().unwrap()));
    assert_eq!(command.status, 200);
    assert!(command.body.starts_with("curl -sS 'http://127.0.0.1:"), "{}", command.body);
    assert!(command.body.contains(r#""text":"it'\''s me""#), "{}", command.body);
    // Authentic, and of no use: Twilio's signature over a form that says nothing.
    let inbox = running.inbox(0, "twilio");
    let message = TwilioMessage::new(&inbox, "SM1", "", "Hello");
    assert_eq!(message.post(&running.authority, &inbox).status, 200);
    running.advance("PT0S");
    let quarantine = running.page("/local/quarantine");
    assert_eq!(quarantine.as_array().unwrap().len(), 1, "{quarantine}");
    assert_eq!(quarantine[0]["source"], "evaluate");
    assert_eq!(quarantine[0]["inbox"], inbox["id"]);
    // The thing itself is only shown when somebody looks at it.
    assert_eq!(quarantine[0]["body"], json!(null));
    let path = format!("/local/quarantine/{}", quarantine[0]["id"].as_str().unwrap());
    assert_eq!(running.page(&path)["body"], message.form.as_str());
    let still = running.post(&format!("{path}/redrive"), "");
    assert_eq!(still.status, 400, "{}", still.body);
    assert_eq!(running.post(&format!("{path}/discard"), "{}").status, 400);
    let gone = running.post(&format!("{path}/discard"), r#"{"reason": "a test"}"#);
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(running.page("/local/quarantine"), json!([]));
    assert_eq!(running.get(&path).status, 404);
}
