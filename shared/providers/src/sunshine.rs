//! Sunshine Conversations (Zendesk), API v2.
//!
//! Wire formats: zendesk/sunshine-conversations-api-spec, docs.smooch.io/rest.

use handover_core::{Content, Echo, EchoAuthor, EventKind, Receipt, ReceiptStatus, ThreadControl};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Settings, Step, Unsendable, WebhookRequest,
    catalogue::{NATIVE_HANDOVER, TYPING},
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    outbound::{FailureClass, basic, by_status, correlation, from_correlation, post_json, segment, sent},
    signature::any_equal,
    split::Limit,
};

/// Characters of a text.
pub(crate) const LIMIT: Limit = Limit::utf16(4_096);

/// The setting that names our own switchboard integration.
pub(crate) const INTEGRATION: &str = "integration_id";

/// Whether control that is passed on can come back.
pub(crate) fn check_switchboard(settings: &Settings) -> Option<(&'static str, &'static str)> {
    let moves = settings.get(NATIVE_HANDOVER.name).is_some_and(|value| value == "yes");
    let named = settings.get(INTEGRATION).is_some_and(|id| !id.trim().is_empty());
    (moves && !named).then_some((INTEGRATION, "is needed with native_handover: control comes back to it"))
}

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("app_id", true, "ID of the Sunshine Conversations app"),
    Field::setting(
        "base_url",
        false,
        "Address of the API: https://api.smooch.io (the default), https://api.eu-1.smooch.io, or https://SUBDOMAIN.zendesk.com/sc",
    ),
    Field::setting("key_id", true, "ID of an API key of the app"),
    Field::setting(
        INTEGRATION,
        false,
        "ID of our own switchboard integration: tells whose turn it is, and is where control comes back to; needed with native_handover",
    ),
    Field::secret("key_secret", true, "Secret of that API key"),
    Field::secret("webhook_secret", true, "Secret of the webhook, sent along as X-API-Key"),
    NATIVE_HANDOVER,
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Add a Conversations Integration or webhook (v2) with this target", url),
        Step::tell(
            "Choose the triggers conversation:message, conversation:postback, conversation:read, conversation:message:delivery:user, conversation:message:delivery:failure and, with a switchboard, all of switchboard:*",
        ),
    ]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let key = request.header("x-api-key").ok_or(Refusal::unauthorized("key header missing"))?;
    if any_equal(endpoint.secrets.live("webhook_secret"), key.as_bytes()) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("key does not match"))
    }
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let app = body.at(&["app", "id"]).id();
    if !endpoint.serves("app_id", app.as_deref()) {
        batch.unknown("another_app");
        return Ok(());
    }
    for event in body.get("events").list() {
        one(endpoint, event, app.as_ref(), batch);
    }
    Ok(())
}

fn one(endpoint: &Endpoint<'_>, event: &Json<'_>, app: Option<&String>, batch: &mut Batch) {
    let name = event.get("type").text().unwrap_or_default();
    let payload = event.get("payload");
    let conversation = payload.get("conversation");
    let inner = payload.get("message");
    let author = inner.get("author");
    let is_message = name == "conversation:message";
    let is_client = author.get("type").text() == Some("user");
    let message_id = inner.get("id").id();
    let mut attachments = 0;
    let kind = match (name, message_id.clone()) {
        ("conversation:message", Some(id)) => {
            let content = content(inner.get("content"));
            attachments = usize::from(matches!(content, Content::Media { .. }));
            if is_client {
                EventKind::Message(message(Some(id), content))
            } else {
                EventKind::Echo(echo(inner, id, content))
            }
        }
        ("conversation:postback", _) => {
            let postback = payload.get("postback");
            let title = postback
                .get("actionText")
                .string()
                .or_else(|| postback.get("text").string())
                .unwrap_or_default();
            EventKind::Message(message(
                None,
                Content::Choice { title, payload: postback.get("payload").id() },
            ))
        }
        ("conversation:message:delivery:channel", Some(id)) => receipt(payload, id, ReceiptStatus::Sent),
        ("conversation:message:delivery:user", Some(id)) => receipt(payload, id, ReceiptStatus::Delivered),
        ("conversation:message:delivery:failure", Some(id)) => receipt(payload, id, ReceiptStatus::Failed),
        ("conversation:read", _)
            if payload.at(&["activity", "author", "type"]).text() != Some("business") =>
        {
            let read = event.get("id").id().unwrap_or_default();
            EventKind::Receipt(Receipt {
                message: format!("watermark:{read}"),
                status: ReceiptStatus::Read,
                effect: None,
                error: None,
                class: None,
                up_to: instant::from_text(event.get("createdAt")),
            })
        }
        (name, _) if name.starts_with("switchboard:") => {
            let active = conversation.get("activeSwitchboardIntegration");
            let active = ["id", "integrationId"].map(|name| active.get(name).id());
            match endpoint.setting(INTEGRATION) {
                Some(_) if active.iter().all(Option::is_none) => EventKind::System { what: name.to_owned() },
                // Whose turn it is cannot be told.
                None => EventKind::System { what: name.to_owned() },
                Some(ours) if active.iter().flatten().any(|id| id == ours) => {
                    EventKind::ThreadControl(ThreadControl::WithUs)
                }
                // Whatever is offered to whom: who is active has it.
                Some(_) => EventKind::ThreadControl(ThreadControl::WithHumans),
            }
        }
        ("conversation:message", None) => return batch.broken("message without an id"),
        (other, _) => return batch.unknown(other),
    };
    let (Some(id), Some(place)) = (event.get("id").id(), conversation.get("id").id()) else {
        return batch.broken("event without an id or conversation");
    };
    let user = if is_message {
        author.get("userId").id()
    } else {
        payload.at(&["user", "id"]).id().or_else(|| author.get("userId").id())
    };
    batch.push(Inbound {
        // What is reported about a message of ours is reported about the client.
        sender: user.filter(|_| is_client || !is_message).or_else(|| author.get("type").id()),
        author_name: author.get("displayName").id(),
        recipient: app.cloned(),
        thread: Some(place.clone()),
        message_id,
        sent_at: instant::from_text(inner.get("received"))
            .or_else(|| instant::from_text(event.get("createdAt"))),
        attachments,
        ..Inbound::new(place, id, kind)
    });
}

fn receipt(payload: &Json<'_>, message: String, status: ReceiptStatus) -> EventKind {
    let effect = payload.at(&["message", "metadata", "handover_effect"]).text().and_then(from_correlation);
    let error = payload.at(&["error", "code"]).id();
    EventKind::Receipt(Receipt { message, status, effect, error, class: None, up_to: None })
}

/// A business message: ours by its metadata, software's when it says so or came through the API,
/// and otherwise a human's in the agent workspace.
fn echo(inner: &Json<'_>, id: String, content: Content) -> Echo {
    let effect = inner.at(&["metadata", "handover_effect"]).text().and_then(from_correlation);
    let is_ai = inner.at(&["author", "subtypes"]).list().iter().any(|subtype| subtype.text() == Some("AI"));
    let author = match inner.at(&["source", "type"]).text() {
        _ if effect.is_some() => EchoAuthor::Ours,
        _ if is_ai => EchoAuthor::Automation { app: "Zendesk AI agent".to_owned() },
        Some(source) if source.starts_with("zd:") => EchoAuthor::Human { app: "Zendesk".to_owned() },
        _ => EchoAuthor::Unknown,
    };
    Echo { message: id, author, effect, content }
}

fn content(inner: &Json<'_>) -> Content {
    let kind = inner.get("type").text().unwrap_or_default();
    let text = inner.get("text").string();
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    match kind {
        // A quick reply comes as a text with a payload.
        "text" => match (text, inner.get("payload").id()) {
            (text, Some(payload)) => {
                Content::Choice { title: text.unwrap_or_default(), payload: Some(payload) }
            }
            (Some(text), None) => Content::Text(text),
            (None, None) => unsupported(),
        },
        "image" | "file" => {
            let mime = inner.get("mediaType").text().unwrap_or(kind);
            media(
                media_kind(mime),
                text.or_else(|| inner.get("altText").string()),
                inner.get("mediaUrl").id(),
            )
        }
        "location" => {
            let place = inner.get("coordinates");
            let name =
                inner.at(&["location", "name"]).id().or_else(|| inner.at(&["location", "address"]).id());
            location(place.get("lat").float(), place.get("long").float(), name).unwrap_or_else(unsupported)
        }
        "formResponse" => inner.get("textFallback").string().map_or_else(unsupported, Content::Text),
        _ => unsupported(),
    }
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "author": { "type": "business" }, "content": { "type": "text", "text": text },
                "metadata": { "handover_effect": correlation(outgoing.effect) },
            });
            call(endpoint, outgoing.to, "messages", &body)
        })
        .collect()
}

pub(crate) fn call(
    endpoint: &Endpoint<'_>,
    conversation: &str,
    what: &str,
    body: &serde_json::Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let setting = |name| endpoint.setting(name).ok_or(Unsendable::MissingSetting(name));
    let secret = endpoint.secrets.newest("key_secret").ok_or(Unsendable::MissingSecret("key_secret"))?;
    let base = endpoint.setting("base_url").unwrap_or("https://api.smooch.io").trim_end_matches('/');
    let app = segment(setting("app_id")?);
    let url = format!("{base}/v2/apps/{app}/conversations/{}/{what}", segment(conversation));
    post_json(&url, &[("authorization", &basic(setting("key_id")?, secret))], body)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let code = body.get("errors").list().first().and_then(|error| error.get("code").id());
    match (status, code.as_deref().and_then(class)) {
        (200..=299, _) => {
            sent(body.get("messages").list().first().and_then(|message| message.get("id").id()))
        }
        (400..=499, Some(class)) if status != 429 => SendResult::Failed { class, code },
        _ => by_status(status, headers, code),
    }
}

/// The class of an error code, of answers and of delivery failures.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        "unauthorized" | "forbidden" | "invalid_auth" | "account_suspended" => FailureClass::BadCredentials,
        "conversation_not_found" | "user_not_found" | "user_not_reachable" => FailureClass::Gone,
        "user_blocked" | "user_has_blocked_bot" => FailureClass::Blocked,
        "bad_request" | "payload_too_large" => FailureClass::Rejected,
        _ => return None,
    })
}
