//! Signature cases: is a call authentic, and what does a handshake answer?

use std::{fs, path::Path};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use handover_core::{InboxId, Provider, Timestamp};
use handover_providers::{Endpoint, Secrets, Settings, Verdict, WebhookRequest, receive};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;

use super::report::Report;

/// Runs a file of cases.
pub(crate) fn run(file: &Path) -> Result<Report, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let cases: Vec<Value> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut report = Report::default();
    for case in &cases {
        let name = format!("{} {}: {}", word(case, "id"), word(case, "scheme"), word(case, "name"));
        // HighLevel's RSA signatures have ended; nobody can switch them on here. What is refused with them is
        // refused without them.
        let is = |name: &str| case.get(name) == Some(&Value::Bool(true));
        let is_legacy = is("allow_legacy_rsa") && is("expected_valid");
        let Some((provider, field)) = scheme(word(case, "scheme")).filter(|_| !is_legacy) else {
            report.skipped.push(name);
            continue;
        };
        match judge(case, provider, field) {
            Ok(()) => report.passed += 1,
            Err(problem) if case.get("optional") == Some(&Value::Bool(true)) => {
                report.tolerated.push(format!("{name}: {problem}"));
            }
            Err(problem) => report.failures.push(format!("{name}: {problem}")),
        }
    }
    Ok(report)
}

/// Who verifies a scheme, and which secret the case's `secret` is.
fn scheme(name: &str) -> Option<(Provider, &'static str)> {
    Some(match name {
        "twilio.x-twilio-signature" => (Provider::Twilio, "auth_token"),
        // GitHub signs in the same way as Meta.
        "meta.x-hub-signature-256" | "github.x-hub-signature-256" => (Provider::WhatsApp, "app_secret"),
        "meta.hub-challenge" => (Provider::WhatsApp, "verify_token"),
        "slack.v0" => (Provider::Slack, "signing_secret"),
        "line.x-line-signature" => (Provider::Line, "channel_secret"),
        "telegram.secret-token" => (Provider::Telegram, "secret_token"),
        "viber.x-viber-content-signature" => (Provider::Viber, "auth_token"),
        "sinch.x-sinch-webhook-signature" => (Provider::Sinch, "webhook_secret"),
        "standardwebhooks.v1" => (Provider::Generic, "signing_secret"),
        "chatwoot.x-chatwoot-signature" => (Provider::Chatwoot, "webhook_secret"),
        "intercom.x-hub-signature" => (Provider::Intercom, "client_secret"),
        "bird.notifications" => (Provider::Bird, "signing_key"),
        "messagebird.jwt" | "messagebird.legacy" => (Provider::MessageBird, "signing_key"),
        "vonage.jwt" | "vonage.sms-sig" => (Provider::Vonage, "signature_secret"),
        "sunshine.x-api-key" => (Provider::Sunshine, "webhook_secret"),
        "highlevel.signature" => (Provider::HighLevel, "secret"),
        _ => return None,
    })
}

fn word<'a>(case: &'a Value, name: &str) -> &'a str {
    case.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn judge(case: &Value, provider: Provider, field: &str) -> Result<(), String> {
    let body = body(case)?;
    let headers = headers(case)?;
    let url = word(case, "url").split('#').next().unwrap_or_default();
    let (public_url, raw_query) = url.split_once('?').unwrap_or((url, ""));
    let method: Method = word(case, "method").parse().map_err(|_| "method is none".to_owned())?;
    let inbox: InboxId = "conformance".parse().map_err(|_| "inbox id".to_owned())?;
    let secrets: Secrets = [(field, word(case, "secret"))].into_iter().collect();
    let mut settings = Settings::new();
    for (setting, member) in [("public_key", "public_key_ed25519"), ("sms_signature_method", "alg")] {
        if let Some(value) = case.get(member).and_then(Value::as_str) {
            settings.insert(setting.to_owned(), value.to_owned());
        }
    }
    let endpoint = Endpoint { provider, inbox: &inbox, public_url, settings: &settings, secrets: &secrets };
    let request = WebhookRequest { method: &method, raw_query, headers: &headers, body: &body };
    let verdict = receive(&endpoint, &request, now(case, &headers, &body));
    let expected =
        case.get("expected_valid").and_then(Value::as_bool).ok_or("case without expected_valid")?;
    match (&verdict, expected) {
        (Verdict::Refused(refusal), true) => Err(format!("refused: {}", refusal.reason)),
        (Verdict::Accepted(_) | Verdict::Malformed(_), false) => Err("accepted".to_owned()),
        (Verdict::Refused(_), false) | (Verdict::Malformed(_), true) => Ok(()),
        (Verdict::Accepted(accepted), true) => {
            match case.get("expected_response_body").and_then(Value::as_str) {
                Some(answer) if answer != accepted.reply.body => {
                    Err(format!("answers {:?}", accepted.reply.body))
                }
                _ => Ok(()),
            }
        }
    }
}

/// The body's bytes: given as text, as base64, as the gateway's event, or as parameters of a form.
fn body(case: &Value) -> Result<Vec<u8>, String> {
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|error| format!("base64: {error}"));
    if let Some(event) = text("aws_event_body") {
        let is_base64 = case.get("aws_is_base64_encoded") == Some(&Value::Bool(true));
        return if is_base64 { decode(event) } else { Ok(event.as_bytes().to_vec()) };
    }
    if let Some(encoded) = text("body_base64") {
        return decode(encoded);
    }
    if let Some(parameters) = case.get("params").and_then(Value::as_object) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in parameters {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                // A number or truth value stands in a form as it stands in JSON.
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                form.append_pair(name, &text);
            }
        }
        return Ok(form.finish().into_bytes());
    }
    Ok(text("body").unwrap_or_default().as_bytes().to_vec())
}

fn headers(case: &Value) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in case.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let name: HeaderName = name.parse().map_err(|_| format!("header name {name:?}"))?;
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            let value = HeaderValue::from_bytes(value.as_str().unwrap_or_default().as_bytes());
            headers.append(name.clone(), value.map_err(|_| "header value".to_owned())?);
        }
    }
    if case.get("params").is_some() && !headers.contains_key("content-type") {
        headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    Ok(headers)
}

/// The case's clock. A case that sets none, or (Vonage) asks for no limit of age, is judged at the
/// moment that the call itself names, so that only its signature counts.
fn now(case: &Value, headers: &HeaderMap, body: &[u8]) -> Timestamp {
    let seconds = |seconds: i64| Timestamp::from_ms(seconds.saturating_mul(1_000));
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if word(case, "scheme") == "vonage.jwt" && case.get("max_iat_age_s").is_none() {
        let claims = header("authorization").and_then(|value| value.split('.').nth(1));
        let claims = claims.and_then(|claims| BASE64URL_NOPAD.decode(claims.as_bytes()).ok());
        let claims: Option<Value> = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
        if let Some(issued) = claims.and_then(|claims| claims.get("iat")?.as_i64()) {
            return seconds(issued);
        }
    }
    let stamped = [
        "webhook-timestamp",
        "x-slack-request-timestamp",
        "x-chatwoot-timestamp",
        "x-sinch-webhook-signature-timestamp",
        "messagebird-request-timestamp",
    ];
    let parameter = case.get("params").and_then(|parameters| parameters.get("timestamp"));
    let parameter = parameter
        .and_then(|value| value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok())));
    let stamp: Option<i64> =
        stamped.iter().find_map(|name| header(name)).and_then(|text| text.parse().ok()).or(parameter);
    if let Some(now) = case.get("now").and_then(Value::as_i64) {
        let tolerance = case.get("tolerance_s").and_then(Value::as_i64);
        return seconds(match (stamp, tolerance) {
            (Some(stamp), Some(tolerance)) => as_far_from_our_edge(stamp, now, tolerance),
            _ => now,
        });
    }
    if let Some(now) = stamp {
        return seconds(now);
    }
    // HighLevel signs a time stamp inside of the body.
    let inside: Option<Value> = serde_json::from_slice(body).ok();
    let inside = inside.and_then(|body| {
        let at = body.get("timestamp").or_else(|| body.get("dateAdded"))?;
        at.as_str().map(str::to_owned)
    });
    let at = inside.and_then(|text| handover_providers::parse_time(&text));
    at.unwrap_or(Timestamp::from_ms(0))
}

/// The crate's window is fixed: a case that asks for another tolerance is judged at the instant that is as far
/// from the edge of our window as its own clock is from the edge of its own.
fn as_far_from_our_edge(stamp: i64, now: i64, tolerance: i64) -> i64 {
    const WINDOW_SECONDS: i64 = 300;
    let shift = WINDOW_SECONDS.saturating_sub(tolerance);
    if now >= stamp { now.saturating_add(shift).max(stamp) } else { now.saturating_sub(shift).min(stamp) }
}
