//! Requests out, and what answers mean.

use std::{fmt::Write, time::Duration};

use expect_test::expect_file;
use handover_core::{EffectId, Provider, Purpose};
use handover_providers::{
    FailureClass::{self, BadCredentials, Blocked, Gone, OptedOut, Rejected, WindowClosed},
    Move, Outgoing, SendResult, Template, Unsendable, classify, failure_class, mark_read, move_thread,
    send_template, send_text, show_typing,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use crate::{Inbox, NOW};

/// An address of each provider's.
pub(crate) fn address(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => "client-7",
        Provider::Twilio => "whatsapp:+4915112345678",
        Provider::TwilioConversations => "CH1",
        Provider::WhatsApp => "4915112345678",
        Provider::Messenger | Provider::Instagram => "7000000000000001",
        Provider::HighLevel => "SMS:contact-1",
        Provider::Telegram => "bc1:-1001234567890",
        Provider::Slack => "C1:1767261602.000002",
        Provider::Line => "U0000000000000000000000000000000c",
        Provider::Chatwoot => "42",
        Provider::Intercom => "215",
        Provider::Vonage => "whatsapp:447700900001",
        Provider::Sinch => "WHATSAPP:46700000000",
        Provider::MessageBird => "conv/1",
        Provider::Bird => "+31612345678",
        Provider::Viber => "01234567890A=",
        Provider::Sunshine => "f52b",
    }
}

fn effect() -> EffectId {
    "effect1".parse().unwrap()
}

fn send(inbox: &Inbox, text: &str, purpose: Purpose) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let to = address(inbox.provider);
    send_text(&inbox.endpoint(), &Outgoing { to, text, purpose, effect: &effect(), sent_at: NOW })
}

fn render(out: &mut String, request: &Request<Vec<u8>>) {
    writeln!(out, "{} {}", request.method(), request.uri()).unwrap();
    for (name, value) in request.headers() {
        writeln!(out, "{name}: {}", value.to_str().unwrap()).unwrap();
    }
    writeln!(out, "{}\n", std::str::from_utf8(request.body()).unwrap()).unwrap();
}

/// Every kind of request of every provider, as a text to review.
#[test]
fn requests() {
    let mut out = String::new();
    for provider in Provider::ALL {
        let inbox = Inbox::complete(*provider);
        let (endpoint, to) = (inbox.endpoint(), address(*provider));
        let mut show = |what: &str, requests: &[Request<Vec<u8>>]| {
            for request in requests {
                writeln!(out, "== {} {what}", provider.name()).unwrap();
                render(&mut out, request);
            }
        };
        show("text", &send(&inbox, "Thank you & goodbye: <b>ü</b>", Purpose::Closing).unwrap());
        if matches!(provider, Provider::Messenger | Provider::Instagram) {
            show("staff's text", &send(&inbox, "Hello", Purpose::Staff).unwrap());
        }
        show("typing", show_typing(&endpoint, to, "m1").unwrap().as_slice());
        show("read", mark_read(&endpoint, to, "m1").unwrap().as_slice());
        show("to humans", move_thread(&endpoint, to, Move::ToHumans).unwrap().as_slice());
        show("to us", move_thread(&endpoint, to, Move::ToUs).unwrap().as_slice());
        show("ask", move_thread(&endpoint, to, Move::Ask).unwrap().as_slice());
        let parameters = ["Ada".to_owned(), "Monday".to_owned()];
        let template = Template { name: "follow_up", language: "en_GB", parameters: &parameters };
        show("template", send_template(&endpoint, to, &template, &effect()).unwrap().as_slice());
    }
    expect_file!["../fixtures/requests.txt"].assert_eq(&out);
}

fn body(request: &Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn long_texts_are_several_messages_and_the_words_stay() {
    for provider in Provider::ALL {
        let sentences: Vec<String> = (0..2_000).map(|number| format!("Sentence {number}.")).collect();
        let text = sentences.join(" ");
        let requests = send(&Inbox::complete(*provider), &text, Purpose::Bot).unwrap();
        assert!(requests.len() > 1, "{provider:?}");
        let sent: String =
            requests.iter().map(|request| String::from_utf8(request.body().clone()).unwrap()).collect();
        let plain = sent.replace("Sentence+", "Sentence ").replace("%2E", ".");
        for sentence in &sentences {
            assert!(plain.contains(sentence.as_str()), "{provider:?} {sentence}");
        }
    }
}

#[test]
fn line_sends_five_messages_at_once_under_one_key_each() {
    let text = "x".repeat(5_000 * 7);
    let requests = send(&Inbox::complete(Provider::Line), &text, Purpose::Bot).unwrap();
    let counts: Vec<_> =
        requests.iter().map(|request| body(request)["messages"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [5, 2]);
    assert_ne!(requests[0].headers()["x-line-retry-key"], requests[1].headers()["x-line-retry-key"]);
}

#[test]
fn bots_never_speak_as_a_human_agent() {
    let inbox = Inbox::complete(Provider::Messenger);
    for purpose in [Purpose::Bot, Purpose::Closing] {
        assert_eq!(body(&send(&inbox, "x", purpose).unwrap()[0])["messaging_type"], "RESPONSE");
    }
    assert_eq!(body(&send(&inbox, "x", Purpose::Staff).unwrap()[0])["tag"], "HUMAN_AGENT");
    let without = Inbox::complete(Provider::Messenger).without("human_agent");
    assert_eq!(body(&send(&without, "x", Purpose::Staff).unwrap()[0])["messaging_type"], "RESPONSE");
}

#[test]
fn a_thread_goes_to_the_inbox_where_staff_answer() {
    for (provider, app) in
        [(Provider::Messenger, "263902037430900"), (Provider::Instagram, "1217981644879628")]
    {
        let target = |inbox: &Inbox| {
            let request = move_thread(&inbox.endpoint(), "7", Move::ToHumans).unwrap().unwrap();
            body(&request)["target_app_id"].clone()
        };
        assert_eq!(target(&Inbox::complete(provider).without("staff_app_id")), app);
        assert_eq!(target(&Inbox::complete(provider)), "test-staff-app-id");
    }
    let without = Inbox::complete(Provider::Sunshine).without("integration_id");
    let back = move_thread(&without.endpoint(), "c1", Move::ToUs);
    assert_eq!(back.unwrap_err(), Unsendable::MissingSetting("integration_id"));
}

#[test]
fn a_business_scoped_id_is_a_recipient() {
    let inbox = Inbox::complete(Provider::WhatsApp);
    let effect = effect();
    let outgoing = Outgoing { to: "DE.123", text: "x", purpose: Purpose::Bot, effect: &effect, sent_at: NOW };
    let body = body(&send_text(&inbox.endpoint(), &outgoing).unwrap()[0]);
    assert_eq!((&body["recipient"], &body["to"]), (&json!("DE.123"), &Value::Null));
}

#[test]
fn what_cannot_be_sent_says_why() {
    for provider in Provider::ALL {
        let bare = Inbox::bare(*provider);
        assert!(
            matches!(
                send(&bare, "x", Purpose::Bot),
                Err(Unsendable::MissingSetting(_) | Unsendable::MissingSecret(_))
            ),
            "{provider:?}"
        );
        assert_eq!(
            send(&Inbox::complete(*provider), " \n ", Purpose::Bot).unwrap_err(),
            Unsendable::EmptyText
        );
        let inbox = Inbox::complete(*provider);
        let effect = effect();
        let nowhere = Outgoing { to: "", text: "x", purpose: Purpose::Bot, effect: &effect, sent_at: NOW };
        assert_eq!(send_text(&inbox.endpoint(), &nowhere).unwrap_err(), Unsendable::BadAddress);
    }
    let mut inbox = Inbox::complete(Provider::WhatsApp);
    inbox.secrets.rotate_in("access_token", "two\nlines".to_owned());
    assert_eq!(send(&inbox, "x", Purpose::Bot).unwrap_err(), Unsendable::BadSettings);
}

fn sent(message: &str) -> SendResult {
    SendResult::Sent { message: message.to_owned() }
}

fn failed(class: FailureClass, code: &str) -> SendResult {
    SendResult::Failed { class, code: Some(code.to_owned()) }
}

fn retry(seconds: u64) -> SendResult {
    SendResult::Retry { after: Some(Duration::from_secs(seconds)) }
}

/// Answers as the providers document them.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn answers() {
    let not_now = || SendResult::Retry { after: None };
    let meta = |code: u32, subcode: u32| json!({ "error": { "code": code, "error_subcode": subcode, "message": "x" } });
    let slack = |error: &str| json!({ "ok": false, "error": error });
    let viber = |status: u32| json!({ "status": status, "status_message": "x" });
    let cases = [
        (Provider::Generic, 200, json!({ "id": "m1" }), sent("m1")),
        (Provider::Generic, 204, Value::Null, sent("")),
        (Provider::Generic, 503, Value::Null, not_now()),
        (Provider::Generic, 500, Value::Null, SendResult::Ambiguous),
        (Provider::Generic, 422, json!({ "error": "window_closed" }), failed(WindowClosed, "window_closed")),
        (Provider::Generic, 422, json!({ "error": "odd" }), failed(Rejected, "odd")),
        (Provider::Twilio, 201, json!({ "sid": "SM1" }), sent("SM1")),
        (Provider::Twilio, 400, json!({ "code": 21610 }), failed(OptedOut, "21610")),
        (Provider::Twilio, 400, json!({ "code": 63016 }), failed(WindowClosed, "63016")),
        (Provider::Twilio, 400, json!({ "code": 21211 }), failed(Gone, "21211")),
        (Provider::Twilio, 400, json!({ "code": 63014 }), failed(Blocked, "63014")),
        (Provider::Twilio, 400, json!({ "code": 63024 }), failed(Gone, "63024")),
        (Provider::Twilio, 400, json!({ "code": 63017 }), not_now()),
        (Provider::Twilio, 401, json!({ "code": 20003 }), failed(BadCredentials, "20003")),
        (Provider::Twilio, 404, json!({ "code": 20404 }), failed(BadCredentials, "20404")),
        (Provider::Twilio, 400, json!({ "code": 99999 }), failed(Rejected, "99999")),
        (Provider::Twilio, 429, json!({ "code": 20429 }), not_now()),
        (Provider::Twilio, 500, json!({ "code": 20500 }), SendResult::Ambiguous),
        (Provider::Twilio, 503, Value::Null, SendResult::Ambiguous),
        (Provider::TwilioConversations, 404, json!({ "code": 20404 }), failed(Gone, "20404")),
        (Provider::WhatsApp, 200, json!({ "messages": [{ "id": "wamid.1" }] }), sent("wamid.1")),
        (Provider::WhatsApp, 400, meta(131_047, 0), failed(WindowClosed, "131047")),
        (Provider::WhatsApp, 400, meta(131_050, 0), failed(OptedOut, "131050")),
        (Provider::WhatsApp, 400, meta(131_026, 0), failed(Gone, "131026")),
        (Provider::WhatsApp, 400, meta(100, 0), failed(Rejected, "100")),
        (Provider::WhatsApp, 401, meta(190, 463), failed(BadCredentials, "190")),
        (Provider::WhatsApp, 403, meta(368, 0), failed(Blocked, "368")),
        (Provider::WhatsApp, 400, meta(130_429, 0), not_now()),
        (Provider::WhatsApp, 500, meta(131_000, 0), SendResult::Ambiguous),
        (Provider::Messenger, 200, json!({ "message_id": "m_1" }), sent("m_1")),
        (Provider::Messenger, 400, meta(10, 2_018_278), failed(WindowClosed, "10/2018278")),
        (Provider::Messenger, 400, meta(100, 2_018_001), failed(Gone, "100/2018001")),
        (Provider::Messenger, 400, meta(200, 1_545_041), failed(Blocked, "200/1545041")),
        (Provider::Messenger, 400, meta(613, 0), not_now()),
        (Provider::Instagram, 400, meta(10, 2_534_022), failed(WindowClosed, "10/2534022")),
        (Provider::HighLevel, 201, json!({ "messageId": "h1" }), sent("h1")),
        (
            Provider::HighLevel,
            400,
            json!({ "message": "Cannot send message as DND is active for SMS." }),
            failed(Blocked, "dnd:SMS"),
        ),
        (
            Provider::HighLevel,
            400,
            json!({ "message": "Cannot send message as DND is active." }),
            failed(OptedOut, "dnd"),
        ),
        (Provider::HighLevel, 401, json!({ "message": "Invalid JWT" }), failed(BadCredentials, "401")),
        (Provider::HighLevel, 429, json!({ "message": "Too Many Requests" }), not_now()),
        (
            Provider::Telegram,
            200,
            json!({ "ok": true, "result": { "message_id": 5, "chat": { "id": 42 } } }),
            sent("42:5"),
        ),
        (
            Provider::Telegram,
            429,
            json!({ "ok": false, "error_code": 429, "parameters": { "retry_after": 7 } }),
            retry(7),
        ),
        (
            Provider::Telegram,
            403,
            json!({ "ok": false, "error_code": 403, "description": "Forbidden: bot was blocked by the user" }),
            failed(Blocked, "403"),
        ),
        (
            Provider::Telegram,
            403,
            json!({ "ok": false, "error_code": 403, "description": "Forbidden: user is deactivated" }),
            failed(Gone, "403"),
        ),
        (
            Provider::Telegram,
            400,
            json!({ "ok": false, "error_code": 400, "description": "Bad Request: chat not found" }),
            failed(Gone, "400"),
        ),
        (
            Provider::Telegram,
            401,
            json!({ "ok": false, "error_code": 401, "description": "Unauthorized" }),
            failed(BadCredentials, "401"),
        ),
        (Provider::Telegram, 502, Value::Null, SendResult::Ambiguous),
        (Provider::Slack, 200, json!({ "ok": true, "channel": "D1", "ts": "1.2" }), sent("D1:1.2")),
        (Provider::Slack, 200, slack("token_revoked"), failed(BadCredentials, "token_revoked")),
        (Provider::Slack, 200, slack("is_archived"), failed(Gone, "is_archived")),
        (Provider::Slack, 200, slack("restricted_action"), failed(Blocked, "restricted_action")),
        (Provider::Slack, 200, slack("msg_too_long"), failed(Rejected, "msg_too_long")),
        (Provider::Slack, 200, slack("internal_error"), SendResult::Ambiguous),
        (Provider::Slack, 429, slack("ratelimited"), not_now()),
        (Provider::Line, 200, json!({ "sentMessages": [{ "id": "461" }] }), sent("461")),
        (
            Provider::Line,
            409,
            json!({ "message": "The retry key is already accepted", "sentMessages": [{ "id": "461" }] }),
            sent("461"),
        ),
        (
            Provider::Line,
            400,
            json!({ "message": "The property, 'to', in the request body is invalid" }),
            failed(Gone, "400"),
        ),
        (
            Provider::Line,
            429,
            json!({ "message": "You have reached your monthly limit." }),
            failed(Blocked, "monthly_limit"),
        ),
        (Provider::Line, 429, json!({ "message": "The API rate limit has been exceeded." }), not_now()),
        (Provider::Line, 500, Value::Null, not_now()),
        (Provider::Chatwoot, 200, json!({ "id": 9 }), sent("9")),
        (Provider::Chatwoot, 404, Value::Null, SendResult::Failed { class: Gone, code: None }),
        (
            Provider::Intercom,
            200,
            json!({ "conversation_parts": { "conversation_parts": [{ "id": "1" }, { "id": "2" }] } }),
            sent("2"),
        ),
        (
            Provider::Intercom,
            401,
            json!({ "errors": [{ "code": "token_unauthorized" }] }),
            failed(BadCredentials, "token_unauthorized"),
        ),
        (Provider::Vonage, 202, json!({ "message_uuid": "u1" }), sent("u1")),
        (
            Provider::Vonage,
            422,
            json!({ "type": "https://developer.vonage.com/api-errors/messages#1050" }),
            failed(Blocked, "1050"),
        ),
        (
            Provider::Vonage,
            429,
            json!({ "type": "https://developer.vonage.com/api-errors/messages#1000" }),
            not_now(),
        ),
        (Provider::Sinch, 200, json!({ "message_id": "s1" }), sent("s1")),
        (Provider::Sinch, 429, json!({ "error": { "status": "RESOURCE_EXHAUSTED" } }), not_now()),
        (
            Provider::Sinch,
            403,
            json!({ "error": { "status": "PERMISSION_DENIED" } }),
            failed(BadCredentials, "PERMISSION_DENIED"),
        ),
        (Provider::MessageBird, 201, json!({ "id": "b1" }), sent("b1")),
        (Provider::MessageBird, 401, json!({ "errors": [{ "code": 2 }] }), failed(BadCredentials, "2")),
        (Provider::MessageBird, 404, json!({ "errors": [{ "code": 20 }] }), failed(Gone, "20")),
        (Provider::Bird, 202, json!({ "id": "b1" }), sent("b1")),
        (Provider::Bird, 422, json!({ "code": "InvalidPayload" }), failed(Rejected, "InvalidPayload")),
        (
            Provider::Viber,
            200,
            json!({ "status": 0, "message_token": 4_912_661_846_655_238_145_u64 }),
            sent("4912661846655238145"),
        ),
        (Provider::Viber, 200, viber(2), failed(BadCredentials, "2")),
        (Provider::Viber, 200, viber(5), failed(Gone, "5")),
        (Provider::Viber, 200, viber(6), failed(OptedOut, "6")),
        (Provider::Viber, 200, viber(7), failed(Blocked, "7")),
        (Provider::Viber, 200, viber(99), failed(Rejected, "99")),
        (Provider::Viber, 200, viber(12), not_now()),
        (Provider::Viber, 200, Value::Null, SendResult::Ambiguous),
        (Provider::Sunshine, 201, json!({ "messages": [{ "id": "z1" }] }), sent("z1")),
        (
            Provider::Sunshine,
            404,
            json!({ "errors": [{ "code": "conversation_not_found" }] }),
            failed(Gone, "conversation_not_found"),
        ),
        (Provider::Sunshine, 429, json!({ "errors": [{ "code": "too_many_requests" }] }), not_now()),
    ];
    for (provider, status, body, expected) in cases {
        let status = StatusCode::from_u16(status).unwrap();
        let found = classify(provider, status, &HeaderMap::new(), body.to_string().as_bytes());
        assert_eq!(found, expected, "{provider:?} {status} {body}");
    }
}

#[test]
fn hints_are_honoured_up_to_an_hour() {
    for (hint, expected) in
        [("5", retry(5)), ("99999", retry(3_600)), ("soon", SendResult::Retry { after: None })]
    {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(hint));
        for provider in Provider::ALL {
            // Viber answers 200 to everything that it reads.
            let found = classify(*provider, StatusCode::TOO_MANY_REQUESTS, &headers, b"");
            assert_eq!(found, expected, "{provider:?} {hint}");
        }
    }
}

#[test]
fn an_answer_that_names_no_message_is_no_success() {
    for provider in Provider::ALL {
        for body in ["<html>", "{\"id\":\"ab", "{\"ok\":tr", "[", "{\"sid\""] {
            let found = classify(*provider, StatusCode::OK, &HeaderMap::new(), body.as_bytes());
            // LINE's retry key makes repeating safe.
            let safe = (*provider == Provider::Line).then_some(SendResult::Retry { after: None });
            assert_eq!(found, safe.unwrap_or(SendResult::Ambiguous), "{provider:?} {body}");
        }
    }
    for body in ["", "ok", "{}", "{\"id\":\"m1\"}"] {
        let found = classify(Provider::Generic, StatusCode::OK, &HeaderMap::new(), body.as_bytes());
        assert!(matches!(found, SendResult::Sent { .. }), "{body}");
    }
}

#[test]
fn an_unreadable_or_unknown_failure_is_never_a_success() {
    for provider in Provider::ALL {
        for status in [400, 401, 403, 404, 422, 500, 502, 503, 504] {
            let found =
                classify(*provider, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), b"<html>");
            assert!(!matches!(found, SendResult::Sent { .. }), "{provider:?} {status} {found:?}");
            if status >= 500 {
                let repeats_safely =
                    matches!(provider, Provider::Line) || (*provider == Provider::Generic && status == 503);
                let is_retry = matches!(found, SendResult::Retry { .. });
                assert_eq!(is_retry, repeats_safely, "{provider:?} {status} {found:?}");
            }
        }
    }
}

/// Codes and their classes as the providers' pages describe them, one line a code.
#[test]
fn documented_codes_have_their_classes() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/codes.tsv")).unwrap();
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let [provider, code, class, _] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let provider = *Provider::ALL.iter().find(|known| known.name() == provider).unwrap();
        let found = failure_class(provider, code).map_or("-", FailureClass::name);
        assert_eq!(found, class, "{line}");
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn codes_of_late_failures_have_the_same_classes() {
    for (provider, code, class) in [
        (Provider::Twilio, "63016", Some(WindowClosed)),
        (Provider::Twilio, "30003", Some(Gone)),
        (Provider::WhatsApp, "131047", Some(WindowClosed)),
        (Provider::Sinch, "OUTSIDE_ALLOWED_SENDING_WINDOW", Some(WindowClosed)),
        (Provider::Sinch, "RECIPIENT_NOT_OPTED_IN", Some(OptedOut)),
        (Provider::MessageBird, "131047", Some(WindowClosed)),
        (Provider::MessageBird, "100", None),
        (Provider::Twilio, "1", None),
        (Provider::Telegram, "403", None),
    ] {
        assert_eq!(failure_class(provider, code), class, "{provider:?} {code}");
    }
}
