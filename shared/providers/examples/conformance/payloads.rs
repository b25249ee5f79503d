//! Payload cases: what does a body come to?
//!
//! The cases have one event per message where the crate may have several facts: a client's STOP is
//! a message and a consent, a delivery report over several messages is several receipts, a message
//! in standby is a message and a move of thread control. These are put together here again.

use std::{collections::BTreeSet, fs, path::Path};

use handover_core::{Content, EventKind, InboxId, Message, Provider, ReceiptStatus, ThreadControl};
use handover_providers::{Endpoint, Inbound, Secrets, Settings, Verdict, WebhookRequest, normalise};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::report::Report;

/// Runs all cases of a directory.
pub(crate) fn run(directory: &Path) -> Result<Report, String> {
    let entries = fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let cases: BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(".expect.json").map(str::to_owned)).collect();
    if cases.is_empty() {
        return Err(format!("{}: no *.expect.json", directory.display()));
    }
    let mut report = Report::default();
    for case in cases {
        let Some(provider) = provider(case.split("__").next().unwrap_or_default()) else {
            report.skipped.push(case);
            continue;
        };
        match judge(directory, &case, provider, &mut report.not_compared) {
            Ok(()) => report.passed += 1,
            Err(problem) => report.failures.push(format!("{case}: {problem}")),
        }
    }
    Ok(report)
}

fn provider(prefix: &str) -> Option<Provider> {
    let name = prefix.replace('-', "_");
    Provider::ALL.iter().copied().find(|provider| provider.name() == name)
}

fn judge(
    directory: &Path,
    case: &str,
    provider: Provider,
    not_compared: &mut BTreeSet<String>,
) -> Result<(), String> {
    let read = |ending: &str| fs::read(directory.join(format!("{case}{ending}")));
    let expected: Value = read(".expect.json")
        .map_err(|error| error.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))?;
    let body = match read(".form") {
        Ok(body) => body,
        Err(_) => read(".json").map_err(|error| error.to_string())?,
    };
    let mut headers = HeaderMap::new();
    let content_type = expected.get("content_type").and_then(Value::as_str).unwrap_or("application/json");
    headers.insert("content-type", HeaderValue::from_str(content_type).map_err(|error| error.to_string())?);
    let inbox: InboxId = "conformance".parse().map_err(|_| "inbox id".to_owned())?;
    let (settings, secrets) = (Settings::new(), Secrets::new());
    let endpoint = Endpoint {
        provider,
        inbox: &inbox,
        public_url: "https://example.com/in",
        settings: &settings,
        secrets: &secrets,
    };
    let request = WebhookRequest { method: &Method::POST, raw_query: "", headers: &headers, body: &body };
    let events = match normalise(&endpoint, &request) {
        Verdict::Accepted(accepted) => accepted.events,
        Verdict::Malformed(malformed) => return Err(format!("malformed: {}", malformed.reason)),
        Verdict::Refused(refusal) => return Err(format!("refused: {}", refusal.reason)),
    };
    let found = together(&events);
    let expected = expected.get("events").and_then(Value::as_array).ok_or("case without events")?;
    if expected.len() != found.len() {
        return Err(format!("{} events instead of {}", found.len(), expected.len()));
    }
    for (place, (expected, found)) in expected.iter().zip(&found).enumerate() {
        compare(expected, found, not_compared).map_err(|problem| format!("event {place}: {problem}"))?;
    }
    Ok(())
}

fn compare(
    expected: &Value,
    found: &Map<String, Value>,
    not_compared: &mut BTreeSet<String>,
) -> Result<(), String> {
    for (name, expected) in expected.as_object().into_iter().flatten() {
        if matches!(name.as_str(), "provider" | "note") {
            continue;
        }
        let Some(found) = found.get(name) else {
            not_compared.insert(name.clone());
            continue;
        };
        let same = match (expected, found) {
            (Value::String(expected), Value::String(found)) if name == "status" => {
                reached(expected) == reached(found)
            }
            // A status that changes back and forth has the moment of the change in its key, which the cases
            // leave out.
            (Value::String(expected), Value::String(found))
                if name == "dedupe_id" && expected.starts_with("conversation_") =>
            {
                expected == found
                    || found.strip_prefix(expected.as_str()).is_some_and(|at| at.starts_with(':'))
            }
            // No words are no words.
            (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => {
                name == "text" && text.is_empty()
            }
            (Value::Number(expected), Value::Number(found)) => {
                let difference =
                    expected.as_f64().zip(found.as_f64()).map(|(expected, found)| (expected - found).abs());
                expected == found
                    || difference.is_some_and(|difference| name.ends_with("itude") && difference < 1e-6)
            }
            (expected, found) => expected == found,
        };
        if !same {
            return Err(format!("{name} is {found} instead of {expected}"));
        }
    }
    Ok(())
}

/// How far a message got, in our four words, whatever the provider's word for it.
fn reached(word: &str) -> String {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "accepted" | "scheduled" | "queued" | "pending" | "processing" | "sending" | "submitted"
        | "buffered" | "transmitted" | "queued_on_channel" | "switching_channel" => "sent",
        "partially_delivered" => "delivered",
        "seen" | "played" => "read",
        "undelivered" | "undeliverable" | "rejected" | "canceled" | "expired" | "deleted" | "skipped"
        | "delivery_failed" | "sending_failed" => "failed",
        other => other,
    }
    .to_owned()
}

/// The events as the cases have them.
fn together(events: &[Inbound]) -> Vec<Map<String, Value>> {
    let mut found: Vec<Map<String, Value>> = Vec::new();
    let mut before: Option<&Inbound> = None;
    for event in events {
        let same_fact = before.is_some_and(|before| before.dedupe_id == event.dedupe_id);
        let before_kind = before.filter(|_| same_fact).map(|before| &before.kind);
        let mut view = view(event);
        match (before_kind, &event.kind) {
            // One report over several messages: the first stands for all.
            (Some(EventKind::Receipt(_)), EventKind::Receipt(_)) => continue,
            (Some(EventKind::Consent { opted_out }), EventKind::Message(_)) => {
                found.pop();
                view.insert("opt_out".to_owned(), json!(opted_out));
            }
            // Another app has the thread: recorded, and not for the bot.
            (
                Some(EventKind::ThreadControl(ThreadControl::WithHumans)),
                EventKind::Message(_) | EventKind::Edited { .. },
            ) => {
                found.pop();
                view.insert("must_evaluate".to_owned(), json!(false));
            }
            _ => {}
        }
        found.push(view);
        before = Some(event);
    }
    found
}

fn view(event: &Inbound) -> Map<String, Value> {
    let mut view = Map::new();
    let mut put = |name: &str, value: Value| {
        view.insert(name.to_owned(), value);
    };
    put("message_id", json!(event.message_id));
    put("sender", json!(event.sender));
    put("recipient", json!(event.recipient));
    put("timestamp_ms", json!(event.sent_at.map(handover_core::Timestamp::as_ms)));
    put("dedupe_id", json!(event.dedupe_id));
    put("conversation", json!(event.thread));
    put("media_count", json!(event.attachments));
    // A business-scoped id has a country code and a dot in front.
    put("sender_user_id", json!(event.identities.first().filter(|identity| identity.contains('.'))));
    put("must_evaluate", json!(false));
    put("text", Value::Null);
    put("kind", json!("other"));
    match &event.kind {
        EventKind::Message(message) => written(message, &mut put),
        EventKind::Edited { message, content } => {
            written(content, &mut put);
            put("edit_of", json!(message));
        }
        EventKind::Deleted { message } => put("target", json!(message)),
        EventKind::Reaction { message, emoji } => {
            put("kind", json!("reaction"));
            put("text", json!(emoji));
            put("target", json!(message));
        }
        EventKind::Receipt(receipt) => {
            put("kind", json!("receipt"));
            put(
                "status",
                json!(match receipt.status {
                    ReceiptStatus::Sent => "sent",
                    ReceiptStatus::Delivered => "delivered",
                    ReceiptStatus::Read => "read",
                    ReceiptStatus::Failed => "failed",
                }),
            );
        }
        EventKind::Echo(echo) => {
            put("kind", json!("echo"));
            put("text", json!(words(&echo.content)));
        }
        EventKind::ThreadControl(control) => {
            if *control == ThreadControl::WithUs {
                put("handover", json!("returned_to_us"));
            }
        }
        // The words of a private note are dropped on purpose: there is nothing to compare.
        EventKind::System { what } if what == "private_note" => {
            view.remove("text");
        }
        // A call with a recording.
        EventKind::System { .. } if event.attachments > 0 => put("kind", json!("media")),
        EventKind::System { .. }
        | EventKind::Consent { .. }
        | EventKind::Delivery(_)
        | EventKind::Outcome(_)
        | EventKind::Timer(_)
        | EventKind::Command(_)
        | EventKind::Contact { .. } => {}
    }
    view
}

fn written(message: &Message, put: &mut impl FnMut(&str, Value)) {
    put("text", json!(words(&message.content)));
    let kind = match &message.content {
        Content::Text(_) => "text",
        Content::Choice { payload, .. } => {
            put("button_payload", json!(payload));
            "button"
        }
        Content::Media { .. } => "media",
        Content::Location { latitude_e6, longitude_e6, .. } => {
            put("latitude", json!(f64::from(*latitude_e6) / 1e6));
            put("longitude", json!(f64::from(*longitude_e6) / 1e6));
            "location"
        }
        Content::ContactCard | Content::Unsupported { .. } => "other",
    };
    put("kind", json!(kind));
    put("must_evaluate", json!(kind != "other"));
}

fn words(content: &Content) -> Option<&str> {
    match content {
        Content::Text(text) => Some(text),
        Content::Choice { title, .. } => Some(title),
        Content::Media { caption, .. } => caption.as_deref(),
        Content::Location { .. } | Content::ContactCard | Content::Unsupported { .. } => None,
    }
}
