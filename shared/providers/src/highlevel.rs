//! HighLevel.
//!
//! Wire formats: GoHighLevel/highlevel-api-docs (webhooks, conversations API) and highlevel-api-sdk.

use std::iter::once;

use data_encoding::BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use handover_core::{Content, Echo, EchoAuthor, EventKind, MediaKind, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest, html,
    inbound::{Batch, id_from_body, media, message, own_words},
    instant,
    json::Json,
    outbound::{FailureClass, by_status, post_json, sent, with},
    quoted::without_earlier_mails,
    signature::from_base64,
    split::Limit,
};

/// What one message of a channel holds; the channel stands in front of the address. Of mail HighLevel names
/// no limit: this only keeps one readable.
pub(crate) fn limit(to: &str) -> Limit {
    match to.split(':').next().unwrap_or_default() {
        "Email" => Limit::chars(20_000),
        "WhatsApp" => Limit::utf16(4_096),
        "FB" => Limit::utf16(2_000),
        "IG" => Limit::bytes(1_000),
        _ => Limit::utf16(1_600),
    }
}

/// HighLevel's published platform key: an Ed25519 public key in DER (RFC 8410), base64.
const PLATFORM_KEY: &str = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=";

/// What stands before the 32 key bytes in DER.
const DER_PREFIX: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// How old a signed call may be, in seconds. HighLevel repeats what was not answered with the same
/// body and time stamp for hours, so five minutes would lose messages; repeats are told by their id.
const WINDOW_SECONDS: i64 = 24 * 3_600;

pub(crate) const FIELDS: &[Field] = &[
    Field::setting(
        "location_id",
        true,
        "ID of the location (sub-account); what happens in others is left alone",
    ),
    Field::secret(
        "access_token",
        true,
        "Private integration token or access token of the location, with conversations/message.write",
    ),
    Field::setting(
        "conversation_provider_id",
        false,
        "ID of a custom conversation provider, when messages go by one",
    ),
    Field::setting(
        "public_key",
        false,
        "Public key that signs the webhooks, when it is not HighLevel's published one (PEM or base64)",
    ),
    Field::setting(
        "next_public_key",
        false,
        "A second public key that may sign the webhooks, while HighLevel changes its key (PEM or base64)",
    ),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy(
            "Set the webhook URL of the marketplace app, and subscribe to InboundMessage, OutboundMessage and ContactDndUpdate",
            url,
        ),
        Step::tell(
            "Switch HighLevel's Conversation AI off for these channels, or the client gets two answers",
        ),
    ]
}

/// Reads a public key in PEM or in the base64 of its DER.
fn public_key(text: &str) -> Option<VerifyingKey> {
    let base64: String =
        text.lines().filter(|line| !line.starts_with("-----")).flat_map(str::split_whitespace).collect();
    let der = BASE64.decode(base64.as_bytes()).ok()?;
    let bytes: [u8; 32] = der.strip_prefix(DER_PREFIX)?.try_into().ok()?;
    VerifyingKey::from_bytes(&bytes).ok()
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let signature = request
        .header("x-ghl-signature")
        // What HighLevel writes when it did not sign.
        .filter(|header| *header != "N/A")
        .ok_or(Refusal::unauthorized("signature header missing"))?;
    let signature = from_base64(signature)
        .and_then(|bytes| Signature::from_slice(&bytes).ok())
        .ok_or(Refusal::unauthorized("signature is not 64 bytes in base64"))?;
    let key = public_key(endpoint.setting("public_key").unwrap_or(PLATFORM_KEY))
        .ok_or(Refusal::unauthorized("public key is not Ed25519"))?;
    let next = endpoint.setting("next_public_key").and_then(public_key);
    if !once(key).chain(next).any(|key| key.verify_strict(request.body, &signature).is_ok()) {
        return Err(Refusal::unauthorized("signature does not match"));
    }
    let text = request.text();
    match Json::parse(&text).as_ref().and_then(signed_at) {
        Some(at) if at.as_seconds().abs_diff(now.as_seconds()) <= WINDOW_SECONDS.unsigned_abs() => Ok(()),
        Some(_) => Err(Refusal::unauthorized("time stamp outside the replay window")),
        None => Err(Refusal::unauthorized("body without a time stamp")),
    }
}

/// When a call was signed. Without that, a message's own time stands for it; of everything else `dateAdded`
/// is another date.
fn signed_at(body: &Json<'_>) -> Option<Timestamp> {
    let is_message = body.get("type").text().is_some_and(|name| name.ends_with("boundMessage"));
    instant::from_text(body.get("timestamp"))
        .or_else(|| instant::from_text(body.get("dateAdded")).filter(|_| is_message))
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let location = body.get("locationId").id();
    if !endpoint.serves_only("location_id", location.as_deref()) {
        batch.unknown("another_location");
        return Ok(());
    }
    let message_id = body.get("messageId").id();
    let webhook = body.get("webhookId").id();
    let dedupe_id = webhook.or_else(|| message_id.clone()).unwrap_or_else(|| id_from_body(request.body, 0));
    let name = body.get("type").text().unwrap_or_default();
    if name == "ContactDndUpdate" {
        let contact = body.get("id").id().ok_or("event without a contact")?;
        let opted_out = body.get("dnd").is_true();
        let is_set =
            |channel: &Json<'_>| matches!(channel.get("status").text(), Some("active" | "permanent"));
        if !opted_out && body.get("dndSettings").members().iter().any(|(_, channel)| is_set(channel)) {
            // Of some channels only: where that is the client's, HighLevel refuses what is sent.
            batch.unknown("dnd_of_some_channels");
            return Ok(());
        }
        let kind = EventKind::Consent { opted_out };
        batch.push(Inbound {
            sender: Some(contact.clone()),
            recipient: location,
            sent_at: instant::from_text(body.get("timestamp")),
            ..Inbound::new(contact, dedupe_id, kind)
        });
        return Ok(());
    }
    // The direction in HighLevel's own examples is wrong at times: the event's name counts.
    let is_ours = match name {
        "InboundMessage" => false,
        "OutboundMessage" => true,
        other => {
            batch.unknown(other);
            return Ok(());
        }
    };
    let contact = body.get("contactId").id().ok_or("message without a contact")?;
    let channel = body.get("messageType").text().unwrap_or("SMS");
    let files: Vec<&str> = body.get("attachments").list().iter().filter_map(Json::text).collect();
    let user = body.get("userId").id();
    let provider_message = message_id.clone().unwrap_or_else(|| dedupe_id.clone());
    let kind = if is_call(channel) {
        // Not chat, whichever event reports it.
        EventKind::System { what: "call".to_owned() }
    } else if is_ours {
        let author = match (&user, body.get("source").text()) {
            (Some(_), _) => EchoAuthor::Human { app: "HighLevel".to_owned() },
            (None, Some("workflow" | "campaign" | "bulk_actions")) => {
                EchoAuthor::Automation { app: "HighLevel".to_owned() }
            }
            (None, _) => EchoAuthor::Unknown,
        };
        EventKind::Echo(Echo {
            message: provider_message,
            author,
            effect: None,
            content: content(&body, channel, &files),
        })
    } else {
        let content = content(&body, channel, &files);
        let content = if is_mail(channel) { own_words(content, without_earlier_mails) } else { content };
        EventKind::Message(message(Some(provider_message), content))
    };
    let us = location.as_ref().map(|location| format!("location:{location}"));
    batch.push(Inbound {
        // One contact of a location, whichever number or page they write to.
        person: Some(format!("highlevel:{contact}")),
        address: format!("{}:{contact}", outbound_type(channel)),
        sender: if is_ours { user.map(|user| format!("user:{user}")).or(us) } else { Some(contact.clone()) },
        recipient: location,
        thread: body.get("conversationId").id(),
        message_id,
        sent_at: instant::from_text(body.get("dateAdded"))
            .or_else(|| instant::from_text(body.get("timestamp"))),
        attachments: files.len(),
        ..Inbound::new(contact, dedupe_id, kind)
    });
    Ok(())
}

fn is_call(channel: &str) -> bool {
    ["CALL", "Voicemail", "VoiceMail", "IVR_CALL"].iter().any(|call| channel.eq_ignore_ascii_case(call))
}

fn is_mail(channel: &str) -> bool {
    channel.eq_ignore_ascii_case("Email")
}

/// The word that the send API has for a channel.
fn outbound_type(channel: &str) -> &str {
    match channel {
        "Live Chat" | "LIVE_CHAT" | "WebChat" => "Live_Chat",
        // Who has only called can be written to.
        call if is_call(call) => "SMS",
        other => other,
    }
}

fn content(body: &Json<'_>, channel: &str, files: &[&str]) -> Content {
    let text = body.get("body").text().unwrap_or_default();
    let text = if is_mail(channel) { html::to_text(text) } else { text.to_owned() };
    let Some(first) = files.first() else { return Content::Text(text) };
    // HighLevel gives addresses and no types: the ending tells.
    let path = first.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    let kind = match ending.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "heic" => MediaKind::Image,
        "mp3" | "ogg" | "m4a" | "wav" | "amr" | "aac" | "opus" => MediaKind::Audio,
        "mp4" | "mov" | "3gp" | "webm" => MediaKind::Video,
        _ => MediaKind::Document,
    };
    media(kind, Some(text), Some(files.join(" ")))
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let token = endpoint.secrets.newest("access_token").ok_or(Unsendable::MissingSecret("access_token"))?;
    let (kind, contact) = outgoing.to.split_once(':').ok_or(Unsendable::BadAddress)?;
    let headers = [("authorization", &*format!("Bearer {token}")), ("version", "2021-04-15")];
    parts
        .iter()
        .map(|text| {
            let body = json!({ "type": kind, "contactId": contact, "message": text });
            let body = if is_mail(kind) { with(body, "html", html::from_text(text)) } else { body };
            let body = match endpoint.setting("conversation_provider_id") {
                Some(provider) => with(body, "conversationProviderId", provider),
                None => body,
            };
            post_json("https://services.leadconnectorhq.com/conversations/messages", &headers, &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    if (200..=299).contains(&status) {
        return sent(body.get("messageId").id());
    }
    // The API has no codes; "do not disturb" is the client's wish, of all channels or of one.
    let text = body.get("message").text().unwrap_or_default();
    let code = Some(status.to_string());
    let mut words = text.split(|letter: char| !letter.is_alphanumeric());
    if (400..=499).contains(&status) && status != 429 && words.clone().any(|word| word == "DND") {
        let channel = words.find(|word| CHANNELS.contains(word));
        return match channel {
            // The others stay open: the client as such has not asked to be left alone.
            Some(channel) => {
                SendResult::Failed { class: FailureClass::Blocked, code: Some(format!("dnd:{channel}")) }
            }
            None => SendResult::Failed { class: FailureClass::OptedOut, code: Some("dnd".to_owned()) },
        };
    }
    by_status(status, headers, code)
}

/// The channels that a contact can switch off one by one (`dndSettings` of the contacts API).
const CHANNELS: [&str; 6] = ["SMS", "Email", "WhatsApp", "GMB", "FB", "Call"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_published_key_in_both_forms() {
        let key = public_key(PLATFORM_KEY).unwrap();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{PLATFORM_KEY}\n-----END PUBLIC KEY-----\n");
        assert_eq!(public_key(&pem), Some(key));
        assert_eq!(public_key("MCowBQYDK2VwAyEA"), None);
        assert_eq!(public_key(""), None);
    }
}
