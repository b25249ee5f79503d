//! Sinch Conversation API.
//!
//! Wire formats: developers.sinch.com/docs/conversation (callbacks, messages:send, reason codes).

use handover_core::{Content, Echo, EchoAuthor, EventKind, MediaKind, Receipt, ReceiptStatus, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    inbound::{Batch, happened, location, media, message},
    instant,
    json::Json,
    outbound::{
        FailureClass, basic, by_status, correlation, from_correlation, post_form, post_json, retry_after,
        segment, sent,
    },
    signature::{any_signed_sha256, from_base64, is_recent},
    split::Limit,
};

/// What one message of a channel holds (developers.sinch.com/docs/conversation/channel-support). An address
/// that is a contact does not say which channel the contact is on: then the strictest counts.
pub(crate) fn limit(to: &str) -> Limit {
    match to.split_once(':').map(|(channel, _)| channel) {
        Some("WHATSAPP" | "TELEGRAM") => Limit::utf16(4_096),
        Some("MESSENGER" | "LINE") => Limit::utf16(2_000),
        Some("SMS" | "RCS" | "MMS") => Limit::utf16(1_600),
        // Longer texts are cut off.
        Some("VIBERBM") => Limit::utf16(1_000),
        _ => Limit::bytes(1_000),
    }
}

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("project_id", true, "ID of the Sinch project"),
    Field::setting("app_id", true, "ID of the Conversation API app"),
    Field::setting("region", false, "us (the default), eu or br: where the app is"),
    Field::setting("key_id", true, "Access key of the project"),
    Field::secret("key_secret", true, "Secret of that access key"),
    Field::secret("webhook_secret", true, "Secret of the app's webhook: it signs the calls"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Add a webhook to the Conversation API app with this target and a secret", url),
        Step::tell(
            "Choose the triggers MESSAGE_INBOUND, MESSAGE_DELIVERY, MESSAGE_SUBMIT, OPT_IN and OPT_OUT",
        ),
    ]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let header = |name| request.header(name).ok_or(Refusal::unauthorized("signature headers missing"));
    let signature = header("x-sinch-webhook-signature")?;
    let nonce = header("x-sinch-webhook-signature-nonce")?;
    let timestamp = header("x-sinch-webhook-signature-timestamp")?;
    if request
        .header("x-sinch-webhook-signature-algorithm")
        .is_some_and(|name| !name.eq_ignore_ascii_case("HmacSHA256"))
    {
        return Err(Refusal::unauthorized("signature algorithm is not HmacSHA256"));
    }
    let seconds = timestamp.parse().map_err(|_| Refusal::unauthorized("time stamp is no number"))?;
    if !is_recent(seconds, now) {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let signature = from_base64(signature).ok_or(Refusal::unauthorized("signature is not base64"))?;
    let parts: [&[u8]; 5] = [request.body, b".", nonce.as_bytes(), b".", timestamp.as_bytes()];
    if any_signed_sha256(endpoint.secrets.live("webhook_secret"), &parts, &signature) {
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
    let app = body.get("app_id").id();
    if !endpoint.serves("app_id", app.as_deref()) {
        batch.unknown("another_app");
        return Ok(());
    }
    let Some((name, inner)) = happened(&body, &NOTIFICATIONS, &[]) else {
        batch.unknown("empty");
        return Ok(());
    };
    one(name, inner, &body, app.as_ref(), batch);
    Ok(())
}

/// What a callback can report.
const NOTIFICATIONS: [&str; 6] = [
    "message",
    "message_redaction",
    "message_submit_notification",
    "message_delivery_report",
    "opt_in_notification",
    "opt_out_notification",
];

fn one(name: &str, inner: &Json<'_>, body: &Json<'_>, app: Option<&String>, batch: &mut Batch) {
    let channel = inner.at(&["channel_identity", "channel"]).id().or_else(|| inner.get("channel").id());
    let identity = inner.at(&["channel_identity", "identity"]).id().or_else(|| inner.get("identity").id());
    let contact = inner.get("contact_id").id();
    let identities: Vec<String> = contact.iter().chain(&identity).cloned().collect();
    let (Some(first), Some(client)) =
        (identities.first().cloned(), identity.clone().or_else(|| contact.clone()))
    else {
        return batch.unknown(name);
    };
    let address = match (contact, channel, identity) {
        (Some(contact), _, _) => contact,
        (None, Some(channel), Some(identity)) => format!("{channel}:{identity}"),
        (None, _, _) => first,
    };
    let effect =
        body.get("message_metadata").text().or(inner.get("metadata").text()).and_then(from_correlation);
    let id = inner.get("id").id().or_else(|| inner.get("message_id").id());
    let at = [inner.get("accept_time"), body.get("event_time"), body.get("accepted_time")];
    let sent_at = at.into_iter().find_map(instant::from_text);
    let fact = |dedupe_id: String, kind, attachments| Inbound {
        identities: identities.clone(),
        address: address.clone(),
        sender: Some(client.clone()),
        recipient: app.cloned(),
        thread: inner.get("conversation_id").id(),
        message_id: id.clone(),
        sent_at,
        attachments,
        ..Inbound::new("", dedupe_id, kind)
    };
    match (name, id.clone()) {
        ("message", Some(id)) if inner.get("direction").text() == Some("TO_CONTACT") => {
            let message = inner.get("app_message");
            let (content, attachments) = content(message);
            let echo =
                Echo { message: id.clone(), author: author(effect.as_ref(), message), effect, content };
            batch.push(Inbound {
                sender: app.cloned(),
                recipient: Some(client.clone()),
                ..fact(id, EventKind::Echo(echo), attachments)
            });
        }
        ("message" | "message_redaction", Some(id)) => {
            let (content, attachments) = content(inner.get("contact_message"));
            batch.push(fact(id.clone(), EventKind::Message(message(Some(id), content)), attachments));
        }
        ("message_submit_notification", Some(id)) => {
            let message = inner.get("submitted_message");
            let (content, attachments) = content(message);
            let echo =
                Echo { message: id.clone(), author: author(effect.as_ref(), message), effect, content };
            batch.push(Inbound {
                sender: app.cloned(),
                recipient: Some(client.clone()),
                ..fact(id, EventKind::Echo(echo), attachments)
            });
        }
        ("message_delivery_report", Some(id)) => {
            let word = inner.get("status").text().unwrap_or_default();
            let status = match word {
                "QUEUED_ON_CHANNEL" | "QUEUED" | "SWITCHING_CHANNEL" => ReceiptStatus::Sent,
                "DELIVERED" => ReceiptStatus::Delivered,
                "READ" => ReceiptStatus::Read,
                "FAILED" => ReceiptStatus::Failed,
                other => return batch.unknown(other),
            };
            let error = inner.at(&["reason", "code"]).id();
            let receipt = Receipt { message: id.clone(), status, effect, error, class: None, up_to: None };
            batch.push(fact(format!("{id}:{word}"), EventKind::Receipt(receipt), 0));
        }
        // What the client asked for could not be done.
        ("opt_in_notification" | "opt_out_notification", _)
            if inner.get("status").text().is_some_and(|status| status.ends_with("_FAILED")) =>
        {
            batch.unknown(inner.get("status").text().unwrap_or_default());
        }
        ("opt_in_notification" | "opt_out_notification", _) => {
            let opted_out = name == "opt_out_notification";
            let request = inner.get("request_id").id().unwrap_or_default();
            let at = sent_at.map_or(0, Timestamp::as_ms);
            batch.push(fact(format!("{name}:{client}:{request}:{at}"), EventKind::Consent { opted_out }, 0));
        }
        ("message" | "message_submit_notification" | "message_delivery_report", None) => {
            batch.broken("message without an id");
        }
        (other, _) => batch.unknown(other),
    }
}

/// Who sends through the API is told by what the sender leaves in the metadata, or says of its agent.
fn author(effect: Option<&handover_core::EffectId>, message: &Json<'_>) -> EchoAuthor {
    let app = || "Sinch".to_owned();
    match message.at(&["agent", "type"]).text() {
        _ if effect.is_some() => EchoAuthor::Ours,
        Some("HUMAN") => EchoAuthor::Human { app: app() },
        Some("BOT") => EchoAuthor::Automation { app: app() },
        _ => EchoAuthor::Unknown,
    }
}

/// What a message can be made of.
const CONTENTS: [&str; 7] = [
    "text_message",
    "media_message",
    "media_card_message",
    "choice_response_message",
    "location_message",
    "contact_info_message",
    "contact_message",
];
/// What stands around that.
const AROUND: [&str; 4] = ["reply_to", "channel_specific_message", "explicit_channel_message", "agent"];

fn content(inner: &Json<'_>) -> (Content, usize) {
    let unsupported = |what: &str| (Content::Unsupported { what: what.to_owned() }, 0);
    let file = |url: &Json<'_>, caption: Option<String>| {
        let url = url.id();
        (media(kind_of_file(url.as_deref().unwrap_or_default()), caption, url), 1)
    };
    let Some((name, value)) = happened(inner, &CONTENTS, &AROUND) else { return unsupported("empty") };
    match name {
        "text_message" => (Content::Text(value.get("text").string().unwrap_or_default()), 0),
        "media_message" => file(value.get("url"), None),
        "media_card_message" => file(value.get("url"), value.get("caption").string()),
        "choice_response_message" => {
            (Content::Choice { title: String::new(), payload: value.get("postback_data").id() }, 0)
        }
        "location_message" => {
            let place = value.get("coordinates");
            let title = value.get("title").id().or_else(|| value.get("label").id());
            let place = location(place.get("latitude").float(), place.get("longitude").float(), title);
            place.map_or_else(|| unsupported(name), |place| (place, 0))
        }
        "contact_info_message" | "contact_message" => (Content::ContactCard, 0),
        other => unsupported(other),
    }
}

/// Sinch gives an address and no type: its ending tells.
fn kind_of_file(url: &str) -> MediaKind {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "bmp" | "heic" => MediaKind::Image,
        "ogg" | "oga" | "opus" | "mp3" | "m4a" | "amr" | "aac" | "wav" => MediaKind::Audio,
        "mp4" | "mov" | "3gp" | "webm" | "avi" | "mkv" => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let setting = |name| endpoint.setting(name).ok_or(Unsendable::MissingSetting(name));
    let secret = endpoint.secrets.newest("key_secret").ok_or(Unsendable::MissingSecret("key_secret"))?;
    let region = endpoint.setting("region").unwrap_or("us");
    let project = segment(setting("project_id")?);
    let url =
        format!("https://{}.conversation.api.sinch.com/v1/projects/{project}/messages:send", segment(region));
    let recipient = match outgoing.to.split_once(':') {
        Some((channel, identity)) => {
            json!({ "identified_by": { "channel_identities": [{ "channel": channel, "identity": identity }] } })
        }
        None => json!({ "contact_id": outgoing.to }),
    };
    let authorization = basic(setting("key_id")?, secret);
    let app = setting("app_id")?;
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "app_id": app, "recipient": recipient, "message": { "text_message": { "text": text } },
                "message_metadata": correlation(outgoing.effect),
            });
            post_json(&url, &[("authorization", &authorization)], &body)
        })
        .collect()
}

/// Where tokens are given (developers.sinch.com/docs/conversation/api-reference, "OAuth2"). Basic
/// authentication works as well, at a fraction of the rate.
const TOKEN_URL: &str = "https://auth.sinch.com/oauth2/token";

pub(crate) fn token_request(endpoint: &Endpoint<'_>) -> Result<Request<Vec<u8>>, Unsendable> {
    let key = endpoint.setting("key_id").ok_or(Unsendable::MissingSetting("key_id"))?;
    let secret = endpoint.secrets.newest("key_secret").ok_or(Unsendable::MissingSecret("key_secret"))?;
    post_form(TOKEN_URL, &basic(key, secret), &[("grant_type", "client_credentials")])
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let code = body.at(&["error", "status"]).string();
    match (status, code.as_deref()) {
        (200..=299, _) => sent(body.get("message_id").id()),
        (_, Some("RESOURCE_EXHAUSTED")) => SendResult::Retry { after: retry_after(headers) },
        _ => by_status(status, headers, code),
    }
}

/// The class of a delivery report's reason code.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        // What may pass by itself (RATE_LIMITED, CHANNEL_FAILURE, DELIVERY_TIMED_OUT, ...) has no class.
        "OUTSIDE_ALLOWED_SENDING_WINDOW" => FailureClass::WindowClosed,
        "RECIPIENT_NOT_OPTED_IN" => FailureClass::OptedOut,
        "DELIVERY_REJECTED_DUE_TO_POLICY" | "CHANNEL_REJECT" => FailureClass::Blocked,
        "NO_PERMISSION"
        | "INACTIVE_CREDENTIAL"
        | "CHANNEL_BAD_CONFIGURATION"
        | "CHANNEL_CONFIGURATION_MISSING"
        | "UNKNOWN_APP" => FailureClass::BadCredentials,
        "RECIPIENT_INVALID_CHANNEL_IDENTITY"
        | "RECIPIENT_NOT_REACHABLE"
        | "CONTACT_NOT_FOUND"
        | "NO_CHANNEL_IDENTITY_FOR_CONTACT"
        | "NO_CHANNELS_LEFT" => FailureClass::Gone,
        "BAD_REQUEST"
        | "UNSUPPORTED_OPERATION"
        | "MESSAGE_EXPIRED"
        | "MESSAGE_SPLIT_REQUIRED"
        | "MEDIA_TYPE_UNSUPPORTED"
        | "MEDIA_TOO_LARGE"
        | "MEDIA_NOT_REACHABLE"
        | "TEMPLATE_NOT_FOUND"
        | "TEMPLATE_INSUFFICIENT_PARAMETERS"
        | "TEMPLATE_NON_EXISTING_LANGUAGE_OR_VERSION"
        | "NO_PROFILE_AVAILABLE" => FailureClass::Rejected,
        _ => return None,
    })
}
