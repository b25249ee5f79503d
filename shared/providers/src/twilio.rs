//! Twilio Programmable Messaging: SMS, MMS, WhatsApp and RCS.
//!
//! Wire formats: twilio.com/docs/messaging/guides/webhook-request, /docs/usage/webhooks/webhooks-security,
//! /docs/messaging/api/message-resource, /docs/api/errors.

use std::collections::BTreeMap;

use handover_core::{Content, EffectId, EventKind, Message, Receipt, ReceiptStatus};
use http::{HeaderMap, Request};

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::{RETRIES, TYPING},
    form::Form,
    inbound::{Batch, Reply, id_from_body, location, media, media_kind, message},
    json::Json,
    outbound::{FailureClass, basic, by_status, post_form, retry_after, segment, sent},
    signature::{any_signed_sha1, from_base64, hmac_sha1, sha256_hex, to_base64},
    split::Limit,
    template::REPLY_TEMPLATE,
};

/// Characters of one message (Body parameter of the Message resource).
pub(crate) const LIMIT: Limit = Limit::utf16(1_600);

const AUTH_TOKEN: Field = Field::secret(
    "auth_token",
    true,
    "Auth Token of the account: it signs the webhooks, and sends where there is no API key",
);
const ACCOUNT_SID: Field = Field::setting("account_sid", true, "Account SID (AC and 32 hexadecimal digits)");
const API_KEY_SID: Field =
    Field::setting("api_key_sid", false, "SID of an API key (SK...) to send with instead of the Auth Token");
const API_KEY_SECRET: Field = Field::secret("api_key_secret", false, "Secret of that API key");

pub(crate) const FIELDS: &[Field] = &[
    ACCOUNT_SID,
    AUTH_TOKEN,
    Field::setting("from", false, "Sender: a number in E.164, or whatsapp: and the number"),
    Field::setting(
        "messaging_service_sid",
        false,
        "Messaging Service (MG...) to send by instead of a sender",
    ),
    API_KEY_SID,
    API_KEY_SECRET,
    REPLY_TEMPLATE,
    TYPING,
    RETRIES,
];

pub(crate) const CONVERSATIONS_FIELDS: &[Field] =
    &[ACCOUNT_SID, AUTH_TOKEN, API_KEY_SID, API_KEY_SECRET, RETRIES];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        // Connection overrides: five attempts on connection failure, 4xx, 5xx and time-outs. The
        // fragment is not part of what is signed.
        Step::copy(
            "Set \"A message comes in\" of the number, sender or Messaging Service to this address, with HTTP POST; the part after # makes Twilio try again",
            &format!("{url}#rc=5&rp=all"),
        ),
        Step::copy(
            "Set \"Primary handler fails\" (the fallback address) to the same, with HTTP POST, so that a message survives when all attempts fail",
            &format!("{url}#rc=5&rp=all"),
        ),
        Step::tell("Switch Twilio's own answers off (Autopilot, Studio flow, TwiML Bin) for this sender"),
    ]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let signature = request
        .header("x-twilio-signature")
        .ok_or(Refusal::unauthorized("signature header missing"))
        .and_then(|header| from_base64(header).ok_or(Refusal::unauthorized("signature is not base64")))?;
    let url = endpoint.url_with(request.raw_query);
    let is_form = request.is("application/x-www-form-urlencoded");
    let query = Form::parse(request.raw_query.as_bytes());
    let mut signed_body = Vec::new();
    match query.get("bodySHA256") {
        // A body that is no form is bound to the URL by its hash.
        Some(hash) if !is_form => {
            if !sha256_hex(request.body).eq_ignore_ascii_case(&hash) {
                return Err(Refusal::unauthorized("body does not match its hash"));
            }
        }
        None if request.is("application/json") => return Err(Refusal::unauthorized("body hash missing")),
        _ => {
            for (name, value) in Form::parse(request.body).sorted() {
                signed_body.extend_from_slice(name);
                signed_body.extend_from_slice(value);
            }
        }
    }
    // Twilio's back ends disagree on whether the port is part of the URL.
    let secrets = endpoint.secrets.live("auth_token");
    let signed = port_variants(&url)
        .iter()
        .any(|url| any_signed_sha1(secrets, &[url.as_bytes(), &signed_body], &signature));
    if signed { Ok(()) } else { Err(Refusal::unauthorized("signature does not match")) }
}

/// The URL as it is, then without its port, or with the default one.
fn port_variants(url: &str) -> Vec<String> {
    let mut variants = vec![url.to_owned()];
    let Some((scheme, rest)) = url.split_once("://") else { return variants };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((_, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            let without =
                authority.strip_suffix(port).and_then(|rest| rest.strip_suffix(':')).unwrap_or(authority);
            variants.push(format!("{scheme}://{without}{tail}"));
        }
        _ => {
            let port = if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 };
            variants.push(format!("{scheme}://{authority}:{port}{tail}"));
        }
    }
    variants
}

/// The `X-Twilio-Signature` of a form POST: what Twilio computes, for local runs and tests.
pub fn twilio_signature(auth_token: &str, url: &str, body: &[u8]) -> String {
    let mut text = url.as_bytes().to_vec();
    for (name, value) in Form::parse(body).sorted() {
        text.extend_from_slice(name);
        text.extend_from_slice(value);
    }
    to_base64(&hmac_sha1(auth_token.as_bytes(), &[&text]))
}

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    batch.reply = Reply::ok("text/xml", "<Response/>");
    let raw = if request.method == http::Method::GET { request.raw_query.as_bytes() } else { request.body };
    let form = Form::parse(raw);
    if let Some(status) = form.filled("MessageStatus") {
        return receipt(&form, &status, request, batch);
    }
    let id = ["MessageSid", "SmsMessageSid", "SmsSid"].iter().find_map(|name| form.filled(name));
    if id.is_none() && form.get("Body").is_none() {
        // Such as a call, when the address was entered under voice.
        batch.unknown("no_message");
        return Ok(());
    }
    let from = form.filled("From").ok_or("message without a From")?;
    let dedupe_id = id.clone().unwrap_or_else(|| id_from_body(raw, 0));
    let (content, attachments) = content(&form);
    let fact = |kind| Inbound {
        sender: Some(from.clone()),
        author_name: form.filled("ProfileName"),
        recipient: form.filled("To"),
        message_id: id.clone(),
        attachments,
        ..Inbound::new(from.clone(), dedupe_id.clone(), kind)
    };
    if let Some(opted_out) = consent(&form) {
        batch.push(Inbound { attachments: 0, ..fact(EventKind::Consent { opted_out }) });
    }
    let forwarded = ["Forwarded", "FrequentlyForwarded"]
        .iter()
        .any(|name| form.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true")));
    batch.push(fact(EventKind::Message(Message { forwarded, ..message(id.clone(), content) })));
    Ok(())
}

/// What the client says about being written to: Twilio's word for it, or a message that is nothing
/// but one of the unmistakable default keywords of SMS. (CANCEL, END and QUIT are also default
/// keywords, but ordinary words to a booking bot; where Twilio acts on them, a send fails with 21610.)
fn consent(form: &Form) -> Option<bool> {
    match form.get("OptOutType").as_deref() {
        Some("STOP") => return Some(true),
        Some("START") => return Some(false),
        _ => {}
    }
    if form.get("From").is_some_and(|from| from.contains(':')) {
        return None;
    }
    match form.get("Body")?.trim().to_ascii_uppercase().as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "REVOKE" | "OPTOUT" => Some(true),
        // YES is an ordinary answer, too; to who has not opted out it changes nothing.
        "START" | "UNSTOP" | "YES" => Some(false),
        _ => None,
    }
}

fn content(form: &Form) -> (Content, usize) {
    let body = form.get("Body").unwrap_or_default().into_owned();
    let files = form.get("NumMedia").and_then(|count| count.parse::<usize>().ok()).unwrap_or(0).min(20);
    let degrees = |name| form.get(name).and_then(|degrees| degrees.parse().ok());
    let choice = |title: Option<String>, payload| Content::Choice {
        title: title.unwrap_or_else(|| body.clone()),
        payload,
    };
    if let Some(payload) = form.filled("ButtonPayload") {
        return (choice(form.filled("ButtonText"), Some(payload)), 0);
    }
    if let Some(payload) = form.filled("ListId") {
        return (choice(form.filled("ListTitle"), Some(payload)), 0);
    }
    if let Some(title) = form.filled("ButtonText") {
        return (choice(Some(title), None), 0);
    }
    let name = form.filled("Label").or_else(|| form.filled("Address"));
    if let Some(place) = location(degrees("Latitude"), degrees("Longitude"), name) {
        return (place, 0);
    }
    if files == 0 {
        return (Content::Text(body), 0);
    }
    let mime = form.get("MediaContentType0").unwrap_or_default();
    if mime.eq_ignore_ascii_case("text/vcard") || mime.eq_ignore_ascii_case("text/x-vcard") {
        return (Content::ContactCard, files);
    }
    let references: Vec<_> =
        (0..files).filter_map(|place| form.filled(&format!("MediaUrl{place}"))).collect();
    (media(media_kind(&mime), Some(body), Some(references.join(" ")).filter(|all| !all.is_empty())), files)
}

/// A status callback: From and To are those of our message, so the client is To.
fn receipt(
    form: &Form,
    status: &str,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let id = form.filled("MessageSid").or_else(|| form.filled("SmsSid")).ok_or("status without a message")?;
    let client = form.filled("To").ok_or("status without a To")?;
    let reached = match status {
        "accepted" | "scheduled" | "queued" | "sending" | "sent" => ReceiptStatus::Sent,
        "delivered" | "partially_delivered" => ReceiptStatus::Delivered,
        "read" => ReceiptStatus::Read,
        "failed" | "undelivered" | "canceled" => ReceiptStatus::Failed,
        other => {
            batch.unknown(other);
            return Ok(());
        }
    };
    let effect = Form::parse(request.raw_query.as_bytes()).get("effect").and_then(|id| id.parse().ok());
    let kind = EventKind::Receipt(Receipt {
        message: id.clone(),
        status: reached,
        effect,
        error: form.filled("ErrorCode"),
        class: None,
        up_to: None,
    });
    batch.push(Inbound {
        sender: Some(client.clone()),
        recipient: form.filled("From"),
        message_id: Some(id.clone()),
        ..Inbound::new(client, format!("{id}:{status}"), kind)
    });
    Ok(())
}

/// The account and the `Authorization` header of requests to Twilio.
pub(crate) fn credentials<'a>(endpoint: &Endpoint<'a>) -> Result<(&'a str, String), Unsendable> {
    let account = endpoint.setting("account_sid").ok_or(Unsendable::MissingSetting("account_sid"))?;
    let authorization = match (endpoint.setting("api_key_sid"), endpoint.secrets.newest("api_key_secret")) {
        (Some(key), Some(secret)) => basic(key, secret),
        _ => basic(
            account,
            endpoint.secrets.newest("auth_token").ok_or(Unsendable::MissingSecret("auth_token"))?,
        ),
    };
    Ok((account, authorization))
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    parts.iter().map(|text| create(endpoint, outgoing.to, outgoing.effect, &[("Body", text)])).collect()
}

/// The request that creates a message of the given content. Its status callbacks carry the effect.
pub(crate) fn create(
    endpoint: &Endpoint<'_>,
    to: &str,
    effect: &EffectId,
    content: &[(&str, &str)],
) -> Result<Request<Vec<u8>>, Unsendable> {
    let (account, authorization) = credentials(endpoint)?;
    let url = format!("https://api.twilio.com/2010-04-01/Accounts/{}/Messages.json", segment(account));
    let (sender, value) = match (endpoint.setting("messaging_service_sid"), endpoint.setting("from")) {
        (Some(service), _) => ("MessagingServiceSid", service.to_owned()),
        (None, Some(from)) if to.starts_with("whatsapp:") && !from.starts_with("whatsapp:") => {
            ("From", format!("whatsapp:{from}"))
        }
        (None, Some(from)) => ("From", from.to_owned()),
        (None, None) => return Err(Unsendable::MissingSetting("from")),
    };
    let callback = format!("{}?effect={effect}", endpoint.public_url);
    let mut pairs = vec![("To", to), (sender, value.as_str())];
    pairs.extend(content);
    pairs.push(("StatusCallback", &callback));
    post_form(&url, &authorization, &pairs)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let code = body.get("code").integer().map(|code| code.to_string());
    match (status, code.as_deref()) {
        (200..=299, _) => sent(body.get("sid").id()),
        // Too many requests; too many messages in the queue, to one number, or for the channel.
        (429, _) | (_, Some("14107" | "20429" | "21611" | "63017" | "63018")) => {
            SendResult::Retry { after: retry_after(headers) }
        }
        (_, Some(known)) => match (class(known), by_status(status, headers, code.clone())) {
            (Some(class), _) => SendResult::Failed { class, code },
            // A 404 names the account or service in the address, not the client.
            (None, SendResult::Failed { class: FailureClass::Gone, code }) => {
                SendResult::Failed { class: FailureClass::Rejected, code }
            }
            (None, result) => result,
        },
        (_, None) => by_status(status, headers, None),
    }
}

/// Twilio's error codes, of answers and of status callbacks alike (twilio.com/docs/api/errors; for those of
/// WhatsApp also /docs/whatsapp/api/error-code-mapping). What may pass by itself has no class.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    static CLASSES: &[(FailureClass, &[&str])] = &[
        (FailureClass::WindowClosed, &["63016", "63051"]),
        (FailureClass::OptedOut, &["21610", "63033", "63050"]),
        // 63014: the client blocked the sender or took consent back; their next message lifts it.
        (FailureClass::Blocked, &["30004", "30007", "63014", "63032", "63049"]),
        (
            FailureClass::BadCredentials,
            &["20003", "20005", "20008", "20403", "20404", "30002", "63001", "63020"],
        ),
        (FailureClass::Gone, &["21211", "21614", "30003", "30005", "30006", "63003", "63024", "63036"]),
        (
            FailureClass::Rejected,
            &[
                "21408", "21602", "21604", "21605", "21606", "21608", "21612", "21617", "21619", "21655",
                "21656", "21703", "30034", "63002", "63005", "63007", "63008", "63013", "63015", "63019",
                "63021", "63022", "63025", "63027", "63028", "63029", "63030", "63031",
            ],
        ),
    ];
    CLASSES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
}

/// Whether the settings name a sender and a whole API key.
pub(crate) fn check_sender(settings: &BTreeMap<String, String>) -> Option<(&'static str, &'static str)> {
    let given = |name: &str| settings.get(name).is_some_and(|value| !value.is_empty());
    (!given("from") && !given("messaging_service_sid"))
        .then_some(("from", "give a sender, or a Messaging Service as messaging_service_sid"))
}
