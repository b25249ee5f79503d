//! MessageBird (classic Conversations API).
//!
//! Wire formats: developers.messagebird.com (conversations, signed requests),
//! messagebird/python-rest-api and go-rest-api (request validators).

use handover_core::{Content, Echo, EchoAuthor, EventKind, Receipt, ReceiptStatus, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    jwt::{self, Token},
    outbound::{FailureClass, by_status, post_json, segment, sent},
    signature::{any_signed_sha256, from_base64, is_recent, sha256, sha256_hex},
    split::Limit,
};

/// What its SMS channel takes: a conversation's id does not say which channel it is on, and this is the
/// strictest.
pub(crate) const LIMIT: Limit = Limit::sms_parts(9);

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("channel_id", false, "ID of the channel: messages of others are then left alone"),
    Field::secret("signing_key", true, "Signing key (Developer settings): it signs the webhooks"),
    Field::secret("access_key", true, "Live access key"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![Step::copy(
        "Create a Conversations webhook with this url and the events message.created and message.updated",
        url,
    )]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let keys = endpoint.secrets.live("signing_key");
    let Some(token) = request.header("messagebird-signature-jwt") else {
        return authenticate_older(request, keys, now);
    };
    let token = Token::verified(token, keys).ok_or(Refusal::unauthorized("token is not signed"))?;
    let claims = token.claims().ok_or(Refusal::unauthorized("token without claims"))?;
    if claims.get("iss").text() != Some("MessageBird") || !jwt::is_bounded(&claims, now.as_seconds()) {
        return Err(Refusal::unauthorized("token is of another issuer or time"));
    }
    let hash_of = |name: &str, bytes: &[u8]| {
        claims.get(name).text().is_some_and(|hash| hash.eq_ignore_ascii_case(&sha256_hex(bytes)))
    };
    if !hash_of("url_hash", endpoint.url_with(request.raw_query).as_bytes()) {
        return Err(Refusal::unauthorized("token is for another address"));
    }
    let body_matches = if request.body.is_empty() {
        claims.get("payload_hash").is_null()
    } else {
        hash_of("payload_hash", request.body)
    };
    if body_matches { Ok(()) } else { Err(Refusal::unauthorized("body does not match the token's hash")) }
}

/// The older scheme: HMAC over time stamp, sorted query and the body's hash.
fn authenticate_older(request: &WebhookRequest<'_>, keys: &[String], now: Timestamp) -> Result<(), Refusal> {
    let mut pairs: Vec<&str> = request.raw_query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    authenticate_headers(request, keys, now, &pairs.join("&"))
}

/// The headers that MessageBird's older scheme and Bird share; `middle` is what the two sign
/// between the time stamp and the raw hash of the body.
pub(crate) fn authenticate_headers(
    request: &WebhookRequest<'_>,
    keys: &[String],
    now: Timestamp,
    middle: &str,
) -> Result<(), Refusal> {
    let (Some(signature), Some(timestamp)) =
        (request.header("messagebird-signature"), request.header("messagebird-request-timestamp"))
    else {
        return Err(Refusal::unauthorized("signature headers missing"));
    };
    let seconds = timestamp.parse().map_err(|_| Refusal::unauthorized("time stamp is no number"))?;
    if !is_recent(seconds, now) {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let signature = from_base64(signature).ok_or(Refusal::unauthorized("signature is not base64"))?;
    let hash = sha256(request.body);
    let parts: [&[u8]; 5] = [timestamp.as_bytes(), b"\n", middle.as_bytes(), b"\n", &hash];
    if any_signed_sha256(keys, &parts, &signature) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("signature does not match"))
    }
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let name = body.get("type").text().unwrap_or_default();
    if !matches!(name, "message.created" | "message.updated") {
        batch.unknown(name);
        return Ok(());
    }
    let inner = body.get("message");
    let channel = inner.get("channelId").id();
    if !endpoint.serves("channel_id", channel.as_deref()) {
        batch.unknown("another_channel");
        return Ok(());
    }
    let id = inner.get("id").id().ok_or("message without an id")?;
    let thread = inner.get("conversationId").id().or_else(|| body.at(&["conversation", "id"]).id());
    // The direction, not the event's name, tells ours from the client's.
    let is_ours = inner.get("direction").text() == Some("sent");
    let client = inner.get(if is_ours { "to" } else { "from" }).id();
    let contact = body.at(&["contact", "id"]).id();
    let identities: Vec<String> = contact.into_iter().chain(client.clone()).collect();
    let first = identities.first().cloned().ok_or("message without a client")?;
    let (content, attachments) = content(inner);
    let (kind, dedupe_id) = match name {
        "message.updated" => {
            let word = inner.get("status").text().unwrap_or_default();
            let status = match word {
                _ if !is_ours => {
                    batch.unknown(name);
                    return Ok(());
                }
                "pending" | "accepted" | "sent" | "transmitted" => ReceiptStatus::Sent,
                "delivered" => ReceiptStatus::Delivered,
                "read" => ReceiptStatus::Read,
                "failed" | "rejected" | "expired" | "deleted" => ReceiptStatus::Failed,
                other => {
                    batch.unknown(other);
                    return Ok(());
                }
            };
            let error = inner.at(&["error", "code"]).id();
            (
                EventKind::Receipt(Receipt {
                    message: id.clone(),
                    status,
                    effect: None,
                    error,
                    class: None,
                    up_to: None,
                }),
                format!("{id}:{word}"),
            )
        }
        _ if is_ours => {
            let echo = Echo { message: id.clone(), author: EchoAuthor::Unknown, effect: None, content };
            (EventKind::Echo(echo), id.clone())
        }
        _ => (EventKind::Message(message(Some(id.clone()), content)), id.clone()),
    };
    let is_echo = matches!(kind, EventKind::Echo(_));
    batch.push(Inbound {
        identities,
        address: thread.clone().unwrap_or(first),
        sender: if is_echo { inner.get("from").id() } else { client },
        author_name: body.at(&["contact", "displayName"]).id().filter(|_| !is_ours),
        recipient: channel,
        thread,
        message_id: Some(id),
        sent_at: instant::from_text(inner.get(if name == "message.updated" {
            "updatedDatetime"
        } else {
            "createdDatetime"
        })),
        attachments,
        ..Inbound::new("", dedupe_id, kind)
    });
    Ok(())
}

fn content(inner: &Json<'_>) -> (Content, usize) {
    let kind = inner.get("type").text().unwrap_or_default();
    let content = inner.get("content");
    let value = content.get(kind);
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    let found = match kind {
        "text" => content.get("text").string().map_or_else(unsupported, Content::Text),
        "image" | "video" | "audio" | "file" | "sticker" | "whatsappSticker" => {
            let word = if kind == "whatsappSticker" { "sticker" } else { kind };
            let url = value.get("url").id().or_else(|| value.get("link").id());
            return (media(media_kind(word), value.get("caption").string(), url), 1);
        }
        "location" => location(value.get("latitude").float(), value.get("longitude").float(), None)
            .unwrap_or_else(unsupported),
        "button" => Content::Choice {
            title: value.get("text").string().unwrap_or_default(),
            payload: value.get("payload").id(),
        },
        "interactive" => {
            let reply = value.get("reply");
            let reply = if reply.is_object() {
                reply
            } else {
                value.get(value.get("type").text().unwrap_or_default())
            };
            Content::Choice {
                title: reply.get("text").string().or_else(|| reply.get("title").string()).unwrap_or_default(),
                payload: reply.get("id").id(),
            }
        }
        "contacts" => Content::ContactCard,
        _ => unsupported(),
    };
    (found, 0)
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let key = endpoint.secrets.newest("access_key").ok_or(Unsendable::MissingSecret("access_key"))?;
    let url =
        format!("https://conversations.messagebird.com/v1/conversations/{}/messages", segment(outgoing.to));
    parts
        .iter()
        .map(|text| {
            let body = json!({ "type": "text", "content": { "text": text } });
            post_json(&url, &[("authorization", &format!("AccessKey {key}"))], &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let code = body.get("errors").list().first().and_then(|error| error.get("code").id());
    match (status, code.as_deref().and_then(class)) {
        (200..=299, _) => sent(body.get("id").id()),
        (400..=499, Some(class)) if status != 429 => SendResult::Failed { class, code },
        _ => by_status(status, headers, code),
    }
}

/// The class of an error code of the REST API, and of WhatsApp's codes in delivery failures.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        "2" => FailureClass::BadCredentials,
        "20" => FailureClass::Gone,
        "9" | "10" | "21" | "25" => FailureClass::Rejected,
        "470" => FailureClass::WindowClosed,
        other => return crate::meta::class(other).filter(|_| other.len() >= 6),
    })
}
