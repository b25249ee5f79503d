//! Viber bots.
//!
//! Wire formats: developers.viber.com/docs/api/rest-bot-api.

use handover_core::{Content, EventKind, Receipt, ReceiptStatus};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    form::Form,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    outbound::{FailureClass, by_status, correlation, post_json, retry_after},
    signature::{any_signed_sha256, from_hex},
    split::Limit,
};

/// Characters of a text.
pub(crate) const LIMIT: Limit = Limit::utf16(7_000);

pub(crate) const FIELDS: &[Field] = &[
    Field::secret("auth_token", true, "Authentication token of the bot: it signs the webhooks, too"),
    Field::setting("sender_name", true, "Name that clients see, at most 28 characters"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![Step::copy(
        "Call set_webhook with this url and the event_types delivered, seen, failed, subscribed, unsubscribed and conversation_started",
        url,
    )]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let query = Form::parse(request.raw_query.as_bytes());
    let signature = request
        .header("x-viber-content-signature")
        .map(str::to_owned)
        .or_else(|| query.filled("sig"))
        .ok_or(Refusal::unauthorized("signature header missing"))?;
    let signature = from_hex(&signature).ok_or(Refusal::unauthorized("signature is not hexadecimal"))?;
    if any_signed_sha256(endpoint.secrets.live("auth_token"), &[request.body], &signature) {
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
    let event = body.get("event").text().ok_or("body without an event")?;
    if event == "webhook" {
        return Ok(());
    }
    let token = body.get("message_token").id().ok_or("event without a message token")?;
    let user = match event {
        "message" => body.get("sender"),
        _ => body.get("user"),
    };
    let mut attachments = 0;
    let named = format!("{token}:{event}");
    let receipt = |status| Receipt {
        message: token.clone(),
        status,
        effect: None,
        error: body.get("desc").text().map(|_| "failed".to_owned()),
        class: None,
        up_to: None,
    };
    let (kind, dedupe_id) = match event {
        "message" => {
            let content = content(body.get("message"));
            attachments = usize::from(matches!(content, Content::Media { .. }));
            (EventKind::Message(message(Some(token.clone()), content)), token.clone())
        }
        "delivered" => (EventKind::Receipt(receipt(ReceiptStatus::Delivered)), named),
        "seen" => (EventKind::Receipt(receipt(ReceiptStatus::Read)), named),
        "failed" => (EventKind::Receipt(receipt(ReceiptStatus::Failed)), named),
        "subscribed" => (EventKind::Consent { opted_out: false }, named),
        "unsubscribed" => (EventKind::Consent { opted_out: true }, named),
        "conversation_started" => (EventKind::System { what: event.to_owned() }, token.clone()),
        other => {
            batch.unknown(other);
            return Ok(());
        }
    };
    let client = user.get("id").id().or_else(|| body.get("user_id").id()).ok_or("event without a user")?;
    batch.push(Inbound {
        sender: Some(client.clone()),
        author_name: user.get("name").id(),
        message_id: Some(token),
        sent_at: instant::from_millis(body.get("timestamp")),
        attachments,
        ..Inbound::new(client, dedupe_id, kind)
    });
    Ok(())
}

fn content(inner: &Json<'_>) -> Content {
    let kind = inner.get("type").text().unwrap_or_default();
    let text = inner.get("text").string();
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    match kind {
        "text" => text.map_or_else(unsupported, Content::Text),
        "picture" | "video" | "file" | "sticker" => media(media_kind(kind), text, inner.get("media").id()),
        "url" => inner.get("media").string().or(text).map_or_else(unsupported, Content::Text),
        "location" => {
            let place = inner.get("location");
            let name = inner.at(&["location", "address"]).id();
            location(place.get("lat").float(), place.get("lon").float(), name).unwrap_or_else(unsupported)
        }
        "contact" => Content::ContactCard,
        _ => unsupported(),
    }
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let token = endpoint.secrets.newest("auth_token").ok_or(Unsendable::MissingSecret("auth_token"))?;
    let name = endpoint.setting("sender_name").ok_or(Unsendable::MissingSetting("sender_name"))?;
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "receiver": outgoing.to, "type": "text", "sender": { "name": name }, "text": text,
                "tracking_data": correlation(outgoing.effect),
            });
            post_json("https://chatapi.viber.com/pa/send_message", &[("x-viber-auth-token", token)], &body)
        })
        .collect()
}

/// Viber answers 200 and puts the result in the body.
pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    match body.get("status").integer() {
        Some(0) => SendResult::Sent { message: body.get("message_token").id().unwrap_or_default() },
        Some(12) => SendResult::Retry { after: retry_after(headers) },
        Some(code) => {
            let code = code.to_string();
            SendResult::Failed { class: class(&code).unwrap_or(FailureClass::Rejected), code: Some(code) }
        }
        None if (200..=299).contains(&status) => SendResult::Ambiguous,
        None => by_status(status, headers, None),
    }
}

/// The class of an error code of send_message.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        "2" | "8" | "15" => FailureClass::BadCredentials,
        "5" | "11" => FailureClass::Gone,
        "6" => FailureClass::OptedOut,
        "7" | "9" | "21" => FailureClass::Blocked,
        "1" | "3" | "4" | "10" | "13" | "14" | "16" | "17" | "18" | "19" | "20" => FailureClass::Rejected,
        _ => return None,
    })
}
