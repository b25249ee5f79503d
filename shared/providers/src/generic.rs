//! Our own format, for channels that no provider here knows.
//!
//! **In**: a POST signed by Standard Webhooks (`v1`: HMAC-SHA256 over `id.timestamp.body`), whose
//! body is one event, an array of events, or `{"events": [...]}`:
//!
//! ```json
//! {"type": "message", "id": "m-1", "from": "client-7", "text": "Hello", "sent_at": "2026-01-01T10:00:00Z"}
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `type` | `message` (default), `edited`, `deleted`, `reaction`, `receipt`, `echo`, `opt_out`, `opt_in`, `thread_control`, `system` |
//! | `from` | the client; needed. A string, or an array of strings, strongest identity first |
//! | `person` | your own name for the client, where it is the same in all your inboxes: links their conversations |
//! | `id` | the event's id; without it the `webhook-id` header and the place in the batch count |
//! | `sent_at` | milliseconds since the Unix epoch, or RFC 3339 |
//! | `name` | the client's name |
//! | `reply_to` | where answers go, when that is not the first `from` |
//! | `text` | the words |
//! | `forwarded` | `true`: the client passes on what somebody else wrote; rules leave its words alone |
//! | `media` | `[{"kind": "image", "url": "..."}]`; kinds: image, audio, video, document, sticker |
//! | `choice` | `{"title": "...", "payload": "..."}`: a pressed button |
//! | `location` | `{"latitude": 52.5, "longitude": 13.4, "name": "..."}` |
//! | `message` | the id of the message that is edited, deleted, reacted to or reported on; of an echo: its own |
//! | `emoji` | of a reaction; missing: taken back |
//! | `status` | of a receipt: sent, delivered, read, failed (with `error`) |
//! | `effect` | of a receipt or echo: the id that came with our message |
//! | `author`, `app` | of an echo: human, automation or ours; and in which app |
//! | `control` | of a thread_control: with_humans, with_us, requested |
//! | `what` | of a system event: its name |
//!
//! **Out**: a POST to `reply_url`, signed the same way, `webhook-id` being the effect's id: a
//! receiver that gets the same id again has got the same message again.
//!
//! ```json
//! {"type": "message", "id": "...", "part": 1, "parts": 1, "to": "client-7", "text": "...", "purpose": "closing"}
//! ```
//!
//! 2xx with `{"id": "..."}` (optional), an empty body or a plain word means sent; 429 and 503 mean not taken, try later; another
//! 4xx means refused, with `{"error": "window_closed" | "opted_out" | "blocked" | "gone" | ...}`.

use handover_core::{
    Bug, Content, Echo, EchoAuthor, EventKind, Message, Receipt, ReceiptStatus, ThreadControl, Timestamp,
    planted,
};
use hmac::{Hmac, Mac};
use http::{HeaderMap, Request};
use serde_json::json;
use sha2::Sha256;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    outbound::{FailureClass, by_status, post, retry_after},
    signature::{from_base64, is_recent, keyed, standard_webhooks_key, standard_webhooks_signature},
    split::Limit,
};

pub(crate) const LIMIT: Limit = Limit::chars(4_000);

pub(crate) const FIELDS: &[Field] = &[
    Field::secret(
        "signing_secret",
        true,
        "Standard Webhooks secret (whsec_ and base64 of 24 to 64 bytes) of both directions",
    ),
    Field::setting("reply_url", true, "https address that our messages are posted to"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Post signed events to this address", url),
        Step::tell(
            "Let your system repeat an event that was not answered with 2xx, with the same webhook-id",
        ),
        Step::tell("Let your reply_url drop messages whose webhook-id it has already taken"),
    ]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (Some(id), Some(timestamp), Some(signatures)) = (
        request.header("webhook-id"),
        request.header("webhook-timestamp"),
        request.header("webhook-signature"),
    ) else {
        return Err(Refusal::unauthorized("signature headers missing"));
    };
    let seconds = timestamp.parse().map_err(|_| Refusal::unauthorized("time stamp is no number"))?;
    if !is_recent(seconds, now) {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let offered: Vec<_> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,").and_then(from_base64))
        .take(8)
        .collect();
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body];
    let keys =
        endpoint.secrets.live("signing_secret").iter().filter_map(|secret| standard_webhooks_key(secret));
    let signed = keys.fold(false, |signed, key| {
        let mac = keyed::<Hmac<Sha256>>(&key, &parts);
        offered.iter().any(|signature| mac.clone().verify_slice(signature).is_ok()) || signed
    });
    if signed || planted(Bug::SignatureIgnored) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("signature does not match"))
    }
}

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let call = request.header("webhook-id").unwrap_or_default();
    let events = match &body {
        Json::List(events) => events.as_slice(),
        Json::Object(_) if !body.get("events").is_null() => body.get("events").list(),
        Json::Object(_) => std::slice::from_ref(&body),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Float(_) | Json::Text(_) => {
            return Err("body is no event");
        }
    };
    for (place, event) in events.iter().enumerate() {
        let id = event.get("id").id().unwrap_or_else(|| format!("{call}:{place}"));
        one(event, id, batch);
    }
    Ok(())
}

fn one(event: &Json<'_>, id: String, batch: &mut Batch) {
    let mut identities: Vec<String> = event.get("from").list().iter().filter_map(Json::id).collect();
    identities.extend(event.get("from").id());
    let Some(first) = identities.first().cloned() else { return batch.broken("event without a from") };
    let target = event.get("message").id();
    let effect = event.get("effect").text().and_then(|effect| effect.parse().ok());
    let files = event.get("media").list();
    let kind = match (event.get("type").text().unwrap_or("message"), target) {
        ("message", _) => match content(event, files) {
            Some(content) => EventKind::Message(Message {
                forwarded: event.get("forwarded").is_true(),
                ..message(Some(id.clone()), content)
            }),
            None => return batch.broken("message without content"),
        },
        ("edited", Some(target)) => match content(event, files) {
            Some(content) => {
                EventKind::Edited { content: message(Some(target.clone()), content), message: target }
            }
            None => return batch.broken("edit without content"),
        },
        ("deleted", Some(message)) => EventKind::Deleted { message },
        ("reaction", Some(message)) => EventKind::Reaction {
            message,
            emoji: event.get("emoji").string().filter(|emoji| !emoji.is_empty()),
        },
        ("receipt", Some(message)) => {
            let status = match event.get("status").text() {
                Some("sent") => ReceiptStatus::Sent,
                Some("delivered") => ReceiptStatus::Delivered,
                Some("read") => ReceiptStatus::Read,
                Some("failed") => ReceiptStatus::Failed,
                _ => return batch.broken("receipt without a known status"),
            };
            EventKind::Receipt(Receipt {
                message,
                status,
                effect,
                error: event.get("error").id(),
                class: None,
                up_to: None,
            })
        }
        ("echo", Some(message)) => {
            let app = event.get("app").string().unwrap_or_else(|| "your app".to_owned());
            let author = match event.get("author").text() {
                Some("human") => EchoAuthor::Human { app },
                Some("automation") => EchoAuthor::Automation { app },
                Some("ours") => EchoAuthor::Ours,
                _ => EchoAuthor::Unknown,
            };
            match content(event, files) {
                Some(content) => EventKind::Echo(Echo { message, author, effect, content }),
                None => return batch.broken("echo without content"),
            }
        }
        ("opt_out", _) => EventKind::Consent { opted_out: true },
        ("opt_in", _) => EventKind::Consent { opted_out: false },
        ("thread_control", _) => EventKind::ThreadControl(match event.get("control").text() {
            Some("with_humans") => ThreadControl::WithHumans,
            Some("with_us") => ThreadControl::WithUs,
            Some("requested") => ThreadControl::Requested,
            _ => return batch.broken("thread control without a known control"),
        }),
        ("system", _) => EventKind::System { what: event.get("what").id().unwrap_or_default() },
        ("edited" | "deleted" | "reaction" | "receipt" | "echo", None) => {
            return batch.broken("event without the message that it is about");
        }
        (other, _) => return batch.unknown(other),
    };
    batch.push(Inbound {
        address: event.get("reply_to").id().unwrap_or_else(|| first.clone()),
        sender: Some(first),
        identities,
        person: event.get("person").id().map(|person| format!("generic:{person}")),
        author_name: event.get("name").string(),
        message_id: Some(id.clone()),
        sent_at: instant::from_millis(event.get("sent_at"))
            .or_else(|| instant::from_text(event.get("sent_at"))),
        attachments: files.len(),
        ..Inbound::new("", id, kind)
    });
}

fn content(event: &Json<'_>, files: &[Json<'_>]) -> Option<Content> {
    let text = event.get("text").string();
    let choice = event.get("choice");
    if choice.is_object() {
        let title = choice.get("title").string().or(text).unwrap_or_default();
        return Some(Content::Choice { title, payload: choice.get("payload").id() });
    }
    if let Some(first) = files.first() {
        let references: Vec<_> = files.iter().filter_map(|file| file.get("url").text()).collect();
        let kind = media_kind(first.get("kind").text().unwrap_or_default());
        return Some(media(kind, text, Some(references.join(" ")).filter(|all| !all.is_empty())));
    }
    let place = event.get("location");
    location(place.get("latitude").float(), place.get("longitude").float(), place.get("name").string())
        .or_else(|| text.map(Content::Text))
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let url = endpoint.setting("reply_url").ok_or(Unsendable::MissingSetting("reply_url"))?;
    let secret =
        endpoint.secrets.newest("signing_secret").ok_or(Unsendable::MissingSecret("signing_secret"))?;
    let seconds = outgoing.sent_at.as_seconds();
    (1..)
        .zip(parts)
        .map(|(part, text)| {
            // Each part is a message of its own to a receiver that drops repeated ids.
            let id =
                if part == 1 { outgoing.effect.to_string() } else { format!("{}.{part}", outgoing.effect) };
            let body = json!({
                "type": "message", "id": outgoing.effect.as_str(), "part": part, "parts": parts.len(),
                "to": outgoing.to, "text": text, "purpose": outgoing.purpose.name(),
            })
            .to_string()
            .into_bytes();
            let signature =
                standard_webhooks_signature(secret, &id, seconds, &body).ok_or(Unsendable::BadSettings)?;
            let headers = [
                ("webhook-id", id.as_str()),
                ("webhook-timestamp", &seconds.to_string()),
                ("webhook-signature", &signature),
            ];
            post(url, "application/json", &headers, body)
        })
        .collect()
}

/// `text` is the whole body: what begins like a page or like JSON and is none of ours did not come from the
/// receiver, and what became of the message nobody can know.
pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>, text: &str) -> SendResult {
    match (status, body.get("error").text()) {
        (200..=299, _) if body.is_null() && text.trim_start().starts_with(['<', '{', '[']) => {
            SendResult::Ambiguous
        }
        (200..=299, _) => SendResult::Sent { message: body.get("id").id().unwrap_or_default() },
        // Repeating is safe: the receiver knows the message by its id.
        (503, _) => SendResult::Retry { after: retry_after(headers) },
        (_, code) => match (by_status(status, headers, code.map(str::to_owned)), code.and_then(class)) {
            (SendResult::Failed { code, .. }, Some(class)) => SendResult::Failed { class, code },
            (result, _) => result,
        },
    }
}

pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        "window_closed" => FailureClass::WindowClosed,
        "opted_out" => FailureClass::OptedOut,
        "blocked" => FailureClass::Blocked,
        "bad_credentials" => FailureClass::BadCredentials,
        "gone" => FailureClass::Gone,
        _ => return None,
    })
}
