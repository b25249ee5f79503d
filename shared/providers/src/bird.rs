//! Bird (Channels API).
//!
//! Wire formats: docs.bird.com (notifications API: verifying a webhook; channels API: messages).

use handover_core::{Content, Echo, EchoAuthor, EventKind, Receipt, ReceiptStatus, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    messagebird::authenticate_headers,
    outbound::{by_status, correlation, from_correlation, post_json, segment, sent},
    split::Limit,
};

/// Characters of a text that its SMS channel takes.
pub(crate) const LIMIT: Limit = Limit::utf16(1_600);

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("workspace_id", true, "ID of the workspace"),
    Field::setting("channel_id", true, "ID of the channel"),
    Field::secret("signing_key", true, "Signing key of the webhook subscription"),
    Field::secret("access_key", true, "Access key with the right to send messages"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![Step::copy(
        "Create a webhook subscription of service channels with this url, a signing key and the channel's events inbound, outbound and interaction",
        url,
    )]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let url = endpoint.url_with(request.raw_query);
    authenticate_headers(request, endpoint.secrets.live("signing_key"), now, &url)
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let name = body.get("event").text().unwrap_or_default();
    let inner = body.get("payload");
    let channel = inner.get("channelId").id();
    if !endpoint.serves("channel_id", channel.as_deref()) {
        batch.unknown("another_channel");
        return Ok(());
    }
    let is_inbound = name.ends_with(".inbound") || inner.get("direction").text() == Some("incoming");
    if !is_inbound && !name.ends_with(".outbound") {
        batch.unknown(name);
        return Ok(());
    }
    let id = inner.get("id").id().ok_or("message without an id")?;
    let contact = if is_inbound {
        inner.at(&["sender", "contact"])
    } else {
        inner.at(&["receiver", "contacts"]).list().first().unwrap_or(&Json::Null)
    };
    let identifier = contact.get("identifierValue").id();
    let identities: Vec<String> = contact.get("id").id().into_iter().chain(identifier.clone()).collect();
    let first = identities.first().cloned().ok_or("message without a contact")?;
    let client = identifier.unwrap_or(first);
    let word = inner.get("status").text().unwrap_or_default();
    let (content, attachments) = content(inner.get("body"));
    let effect = inner.get("reference").text().and_then(from_correlation);
    let (kind, dedupe_id) = if is_inbound {
        (EventKind::Message(message(Some(id.clone()), content)), id.clone())
    } else {
        let status = match word {
            "accepted" | "processing" | "scheduled" => None,
            "sent" => Some(ReceiptStatus::Sent),
            "delivered" => Some(ReceiptStatus::Delivered),
            "read" => Some(ReceiptStatus::Read),
            "rejected" | "sending_failed" | "delivery_failed" | "skipped" | "deleted" => {
                Some(ReceiptStatus::Failed)
            }
            other => {
                batch.unknown(other);
                return Ok(());
            }
        };
        if let Some(status) = status {
            let error = inner.at(&["failure", "code"]).id().or_else(|| inner.get("reason").id());
            (
                EventKind::Receipt(Receipt {
                    message: id.clone(),
                    status,
                    effect,
                    error,
                    class: None,
                    up_to: None,
                }),
                format!("{id}:{word}"),
            )
        } else {
            // The first news of a message is the message itself.
            let author = if effect.is_some() { EchoAuthor::Ours } else { EchoAuthor::Unknown };
            (EventKind::Echo(Echo { message: id.clone(), author, effect, content }), id.clone())
        }
    };
    let is_echo = matches!(kind, EventKind::Echo(_));
    batch.push(Inbound {
        identities,
        address: client.clone(),
        sender: if is_echo { channel.clone() } else { Some(client) },
        author_name: contact.at(&["annotations", "name"]).id().filter(|_| is_inbound),
        recipient: channel,
        message_id: Some(id),
        sent_at: instant::from_text(inner.get(if is_inbound || is_echo {
            "createdAt"
        } else {
            "lastStatusAt"
        })),
        attachments,
        ..Inbound::new("", dedupe_id, kind)
    });
    Ok(())
}

fn content(body: &Json<'_>) -> (Content, usize) {
    let kind = body.get("type").text().unwrap_or_default();
    let value = body.get(kind);
    let text = value.get("text").string();
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    let found = match kind {
        "text" => {
            // A pressed button comes as a text with an action.
            let action =
                value.get("actions").list().first().map_or(&Json::Null, |action| action.get("postback"));
            match (text, action.get("payload").id()) {
                (text, Some(payload)) => {
                    Content::Choice { title: text.unwrap_or_default(), payload: Some(payload) }
                }
                (Some(text), None) => Content::Text(text),
                (None, None) => unsupported(),
            }
        }
        "image" | "file" => {
            let list = value.get(if kind == "image" { "images" } else { "files" }).list();
            let urls: Vec<_> = list.iter().filter_map(|file| file.get("mediaUrl").text()).collect();
            let word = list.first().and_then(|file| file.get("contentType").text()).unwrap_or(kind);
            return (
                media(media_kind(word), text, Some(urls.join(" ")).filter(|all| !all.is_empty())),
                list.len(),
            );
        }
        "location" => {
            let place = value.get("coordinates");
            let name = value.at(&["location", "label"]).id();
            location(place.get("latitude").float(), place.get("longitude").float(), name)
                .unwrap_or_else(unsupported)
        }
        "contact" => Content::ContactCard,
        _ => unsupported(),
    };
    (found, 0)
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let setting = |name| endpoint.setting(name).map(segment).ok_or(Unsendable::MissingSetting(name));
    let key = endpoint.secrets.newest("access_key").ok_or(Unsendable::MissingSecret("access_key"))?;
    let url = format!(
        "https://api.bird.com/workspaces/{}/channels/{}/messages",
        setting("workspace_id")?,
        setting("channel_id")?
    );
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "receiver": { "contacts": [{ "identifierValue": outgoing.to }] },
                "body": { "type": "text", "text": { "text": text } },
                "reference": correlation(outgoing.effect),
            });
            post_json(&url, &[("authorization", &format!("AccessKey {key}"))], &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    match status {
        200..=299 => sent(body.get("id").id()),
        _ => by_status(status, headers, body.get("code").id()),
    }
}
