//! LINE Messaging API.
//!
//! Wire formats: developers.line.biz/en/reference/messaging-api, line/line-openapi.

use handover_core::{Content, EffectId, EventKind, ThreadControl};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::{RETRIES, TYPING},
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    outbound::{FailureClass, by_status, post_json, retry_after},
    signature::{any_signed_sha256, from_base64, sha256},
    split::Limit,
};

/// UTF-16 code units of a text.
pub(crate) const LIMIT: Limit = Limit::utf16(5_000);
/// Messages of one push.
const MESSAGES_PER_PUSH: usize = 5;

pub(crate) const FIELDS: &[Field] = &[
    Field::secret("channel_secret", true, "Channel secret (Basic settings): it signs the webhooks"),
    Field::secret("channel_access_token", true, "Channel access token (Messaging API)"),
    Field::setting(
        "destination",
        false,
        "The bot's user id (U...): events of another bot are then left alone",
    ),
    RETRIES,
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Set the Webhook URL (Messaging API) and switch Use webhook on", url),
        Step::tell("Switch Webhook redelivery on: without it LINE does not send again what was not answered"),
        Step::tell("Switch Auto-reply messages off in LINE Official Account Manager"),
    ]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let signature = request
        .header("x-line-signature")
        .ok_or(Refusal::unauthorized("signature header missing"))
        .and_then(|header| from_base64(header).ok_or(Refusal::unauthorized("signature is not base64")))?;
    if any_signed_sha256(endpoint.secrets.live("channel_secret"), &[request.body], &signature) {
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
    let destination = body.get("destination").id();
    if !endpoint.serves("destination", destination.as_deref()) {
        batch.unknown("another_destination");
        return Ok(());
    }
    for event in body.get("events").list() {
        one(event, destination.as_ref(), batch);
    }
    Ok(())
}

fn one(event: &Json<'_>, destination: Option<&String>, batch: &mut Batch) {
    let source = event.get("source");
    let user = source.get("userId").id();
    // In groups and rooms answers go to all, and the writer may be withheld.
    let place = ["groupId", "roomId"].iter().find_map(|name| source.get(name).id()).or_else(|| user.clone());
    let kind_name = event.get("type").text().unwrap_or_default();
    let shared = place.clone().filter(|place| Some(place) != user.as_ref());
    let Some(place) = place else { return batch.unknown(kind_name) };
    let Some(id) = event.get("webhookEventId").id() else { return batch.broken("event without an id") };
    let inner = event.get("message");
    let message_id = inner.get("id").id();
    let mut attachments = 0;
    let kind = match kind_name {
        "message" => {
            let Some(message_id) = message_id.clone() else { return batch.broken("message without an id") };
            let content = content(inner, &message_id);
            attachments = usize::from(matches!(content, Content::Media { .. }));
            EventKind::Message(message(Some(message_id), content))
        }
        "postback" => {
            let title = event.at(&["postback", "displayText"]).string().unwrap_or_default();
            let content = Content::Choice { title, payload: event.at(&["postback", "data"]).id() };
            EventKind::Message(message(None, content))
        }
        "unsend" => match event.at(&["unsend", "messageId"]).id() {
            Some(message) => EventKind::Deleted { message },
            None => return batch.broken("unsend without a message"),
        },
        "follow" => EventKind::Consent { opted_out: false },
        "unfollow" => EventKind::Consent { opted_out: true },
        "join" | "leave" | "memberJoined" | "memberLeft" | "accountLink" | "beacon" | "membership" => {
            EventKind::System { what: kind_name.to_owned() }
        }
        other => return batch.unknown(other),
    };
    let unsent = if let EventKind::Deleted { message } = &kind { Some(message.clone()) } else { None };
    let fact = Inbound {
        sender: user.or_else(|| Some(place.clone())),
        recipient: destination.cloned(),
        thread: shared,
        message_id: message_id.or(unsent),
        sent_at: instant::from_millis(event.get("timestamp")),
        attachments,
        ..Inbound::new(place, id, kind)
    };
    // In standby another channel (a module, or staff in the chat) has the conversation.
    if event.get("mode").text() == Some("standby") && matches!(fact.kind, EventKind::Message(_)) {
        batch.push(Inbound { kind: EventKind::ThreadControl(ThreadControl::WithHumans), ..fact.clone() });
    }
    batch.push(fact);
}

fn content(inner: &Json<'_>, id: &str) -> Content {
    let kind = inner.get("type").text().unwrap_or_default();
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    match kind {
        "text" => inner.get("text").string().map_or_else(unsupported, Content::Text),
        "image" | "video" | "audio" | "file" | "sticker" => {
            media(media_kind(kind), None, Some(id.to_owned()))
        }
        "location" => {
            let name = inner.get("title").id().or_else(|| inner.get("address").id());
            location(inner.get("latitude").float(), inner.get("longitude").float(), name)
                .unwrap_or_else(unsupported)
        }
        _ => unsupported(),
    }
}

/// The key under which LINE takes a request once only, for 24 hours: the same for the same part of
/// the same effect. A UUID of version 8 (RFC 9562) from a hash.
fn retry_key(effect: &EffectId, part: usize) -> String {
    let hash = sha256(format!("line:{effect}:{part}").as_bytes());
    let number = u128::from_be_bytes(hash.first_chunk::<16>().copied().unwrap_or_default());
    let number = number & !(0xF << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
    let digits = format!("{number:032x}");
    let group = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)].join("-")
}

/// The `Authorization` header of requests to LINE.
pub(crate) fn bearer(endpoint: &Endpoint<'_>) -> Result<String, Unsendable> {
    let token = endpoint.secrets.newest("channel_access_token");
    Ok(format!("Bearer {}", token.ok_or(Unsendable::MissingSecret("channel_access_token"))?))
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let authorization = bearer(endpoint)?;
    parts
        .chunks(MESSAGES_PER_PUSH)
        .enumerate()
        .map(|(part, texts)| {
            let messages: Vec<_> = texts.iter().map(|text| json!({ "type": "text", "text": text })).collect();
            let headers = [
                ("authorization", authorization.as_str()),
                ("x-line-retry-key", &retry_key(outgoing.effect, part)),
            ];
            let body = json!({ "to": outgoing.to, "messages": messages });
            post_json("https://api.line.me/v2/bot/message/push", &headers, &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let sent = || body.get("sentMessages").list().first().and_then(|message| message.get("id").id());
    let says = |words: &str| body.get("message").text().is_some_and(|text| text.contains(words));
    let code = Some(status.to_string());
    match status {
        // 409: a request with this retry key was already accepted.
        409 => SendResult::Sent { message: sent().unwrap_or_default() },
        // An answer that is not LINE's: the retry key makes repeating safe here, too.
        200..=299 => sent().map_or(SendResult::Retry { after: None }, |message| SendResult::Sent { message }),
        429 if says("monthly limit") => {
            SendResult::Failed { class: FailureClass::Blocked, code: Some("monthly_limit".to_owned()) }
        }
        // The retry key makes repeating safe.
        500..=599 => SendResult::Retry { after: retry_after(headers) },
        400 if says("'to'") => SendResult::Failed { class: FailureClass::Gone, code },
        404 => SendResult::Failed { class: FailureClass::Rejected, code },
        _ => by_status(status, headers, code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_key_is_a_uuid_and_stays_the_same() {
        let effect: EffectId = "abc".parse().unwrap();
        let key = retry_key(&effect, 0);
        assert_eq!(key, retry_key(&effect, 0));
        assert_ne!(key, retry_key(&effect, 1));
        let lengths: Vec<_> = key.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(key.chars().nth(14), Some('8'));
        assert!(key.chars().nth(19).is_some_and(|digit| "89ab".contains(digit)));
    }
}
