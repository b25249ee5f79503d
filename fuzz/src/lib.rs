//! What the targets do with their bytes. A new parser gets a function here, three lines in
//! `fuzz_targets/`, a `[[bin]]` in `Cargo.toml`, and is then run by `.ci/run` and `.ci/full`.

use std::fmt::Debug;

use handover_core::{
    Account, Bot, Contact, Conversation, Effect, Envelope, Handover, Inbox, InboxId, Provider, Record, Staff,
    Team, Timestamp, Webhook,
};
use handover_providers::{
    Endpoint, Outgoing, Secrets, Settings, Verdict, WebhookRequest, check_fields, classify, classify_move,
    failure_class, fields, parse_time, parts, read_token, receive, send_text,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};

const NOW: Timestamp = Timestamp::from_ms(1_767_261_600_000);

/// Headers that some provider reads.
const HEADERS: [&str; 14] = [
    "authorization",
    "messagebird-signature",
    "messagebird-signature-jwt",
    "webhook-signature",
    "x-api-key",
    "x-chatwoot-signature",
    "x-ghl-signature",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-line-signature",
    "x-sinch-webhook-signature",
    "x-slack-signature",
    "x-twilio-signature",
    "x-viber-content-signature",
];

/// A provider's webhook calls and API answers. The first byte chooses what the rest is.
///
/// # Panics
/// When something is read that cannot be, or an event lacks what every event has.
pub fn provider(provider: Provider, data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let id: InboxId = "inbox".parse().expect("an id");
    let (settings, secrets) =
        if choice & 1 == 0 { (Settings::new(), Secrets::new()) } else { complete(provider) };
    let endpoint = Endpoint {
        provider,
        inbox: &id,
        public_url: "https://hooks.example.com/webhooks/inbox",
        settings: &settings,
        secrets: &secrets,
    };
    match choice >> 1 & 7 {
        0 => answer(provider, rest),
        1 => {
            // The first line is a header's value, and the query.
            let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (head, body) = rest.split_at(line);
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(head) {
                for name in HEADERS.into_iter().chain(["x-slack-request-timestamp", "content-type"]) {
                    headers.insert(HeaderName::from_static(name), value.clone());
                }
            }
            let raw_query = std::str::from_utf8(head).unwrap_or_default();
            let request = WebhookRequest { method: &Method::POST, raw_query, headers: &headers, body };
            let _ = receive(&endpoint, &request, NOW);
        }
        2 => {
            let raw_query = std::str::from_utf8(rest).unwrap_or_default();
            let headers = HeaderMap::new();
            let request = WebhookRequest { method: &Method::GET, raw_query, headers: &headers, body: b"" };
            let _ = receive(&endpoint, &request, NOW);
            check(handover_providers::normalise(&endpoint, &request));
        }
        3 => say(&endpoint, rest),
        kind => {
            let mut headers = HeaderMap::new();
            let media_type = if kind == 4 { "application/x-www-form-urlencoded" } else { "application/json" };
            headers.insert("content-type", HeaderValue::from_static(media_type));
            let request =
                WebhookRequest { method: &Method::POST, raw_query: "", headers: &headers, body: rest };
            check(handover_providers::normalise(&endpoint, &request));
        }
    }
}

/// Every setting and secret that the provider has.
fn complete(provider: Provider) -> (Settings, Secrets) {
    let mut settings = Settings::new();
    let mut secrets = Secrets::new();
    for field in fields(provider) {
        if field.secret {
            let value = if provider == Provider::Generic {
                "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
            } else {
                "secret"
            };
            secrets.rotate_in(field.name, value.to_owned());
        } else if field.name.ends_with("_url") {
            settings.insert(field.name.to_owned(), "https://api.example.com".to_owned());
        }
    }
    let _ = check_fields(provider, &settings, &secrets);
    (settings, secrets)
}

fn check(verdict: Verdict) {
    let Verdict::Accepted(accepted) = verdict else { return };
    for event in &accepted.events {
        assert!(!event.identities.is_empty() && !event.address.is_empty(), "{event:?}");
        assert!(event.identities.iter().all(|identity| !identity.is_empty()), "{event:?}");
        assert!(!event.dedupe_id.is_empty(), "{event:?}");
    }
    for name in &accepted.unknown {
        assert!(name.len() <= 100 && name.is_ascii() && !name.contains(' '), "{name:?}");
    }
}

fn answer(provider: Provider, data: &[u8]) {
    let Some((status, body)) = data.split_first() else { return };
    let status = StatusCode::from_u16(100 + u16::from(*status) * 2).unwrap_or(StatusCode::OK);
    let mut headers = HeaderMap::new();
    if let Some(Ok(value)) = body.get(..3).map(HeaderValue::from_bytes) {
        headers.insert(http::header::RETRY_AFTER, value);
    }
    if let Some(Ok(value)) = body.get(..64).map(HeaderValue::from_bytes) {
        for name in ["date", "x-business-use-case-usage", "x-ratelimit-interval-milliseconds"] {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    let _ = classify(provider, status, &headers, body);
    let _ = classify_move(provider, status, &headers, body);
    let _ = read_token(provider, status, body);
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = failure_class(provider, text);
        let _ = parse_time(text);
    }
}

/// A text on its way out: whatever it says and wherever it goes, its words stay.
fn say(endpoint: &Endpoint<'_>, data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (to, text) = text.split_once('\n').unwrap_or(("client", text));
    let effect = "effect".parse().expect("an id");
    let purpose = handover_core::Purpose::Staff;
    let outgoing = Outgoing { to, text, purpose, effect: &effect, sent_at: NOW };
    let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
    assert_eq!(letters(&parts(endpoint.provider, to, text).concat()), letters(text));
    if let Ok(requests) = send_text(endpoint, &outgoing) {
        assert!(!requests.is_empty());
    }
}

/// JSON that is a `T` comes back the same from its own JSON.
fn stable<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let again = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&again).expect("its own JSON"), value);
}

/// Events as they travel on the conversation queue.
pub fn event(data: &[u8]) {
    stable::<Envelope>(data);
}

/// What a business sets: read, and judged.
pub fn configuration(data: &[u8]) {
    stable::<Account>(data);
    stable::<Inbox>(data);
    stable::<Team>(data);
    if let Ok(bot) = serde_json::from_slice::<Bot>(data) {
        let _ = bot.validate();
        stable::<Bot>(data);
    }
    if let Ok(staff) = serde_json::from_slice::<Staff>(data) {
        let _ = staff.validate();
        stable::<Staff>(data);
    }
    if let Ok(webhook) = serde_json::from_slice::<Webhook>(data) {
        let _ = webhook.validate();
        stable::<Webhook>(data);
    }
}

/// Core types as they are stored.
pub fn state(data: &[u8]) {
    stable::<Conversation>(data);
    stable::<Contact>(data);
    stable::<Handover>(data);
    stable::<Record>(data);
    stable::<Effect>(data);
}

/// What a text alone says.
pub fn text(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = handover_detect::signals(text);
    }
}

/// What needs the AWS SDK to be built.
#[cfg(feature = "stored")]
pub mod stored {
    use handover_aws::queue::{Departure, Quarantined, Timed, Turn, Word};

    /// Messages of every queue, timers and schedules included.
    pub fn queue(data: &[u8]) {
        super::stable::<Departure>(data);
        super::stable::<Quarantined>(data);
        super::stable::<Timed>(data);
        super::stable::<Turn>(data);
        super::stable::<Word>(data);
    }

    /// Tables of questions and answers: what is taken has a question and an answer, and is within its limits.
    ///
    /// # Panics
    /// When an entry is taken that has neither.
    pub fn faq_table(data: &[u8]) {
        let bot = "bot".parse().expect("an id");
        if let Ok(entries) = handover_console::faq_from_csv(&bot, data) {
            for entry in entries {
                assert!(!entry.question.trim().is_empty() && !entry.answer.trim().is_empty(), "{entry:?}");
            }
        }
    }
}
