//! Vonage: the Messages API, and the older SMS API's webhooks.
//!
//! Wire formats: developer.vonage.com (Messages API, signed webhooks, signing SMS messages, API errors).

use data_encoding::HEXLOWER_PERMISSIVE;
use handover_core::{Content, EventKind, Receipt, ReceiptStatus, Timestamp};
use hmac::Hmac;
use http::{HeaderMap, Request};
use md5::{Digest, Md5};
use serde_json::json;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    form::Form,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    jwt::{self, Token},
    outbound::{FailureClass, basic, by_status, correlation, from_correlation, post_json, retry_after, sent},
    signature::{any_equal, any_signed, is_recent, sha256_hex},
    split::Limit,
};

/// Characters of a text on the channel that stands in front of the address (Messages API specification, `text`
/// of each channel).
pub(crate) fn limit(to: &str) -> Limit {
    Limit::utf16(match to.split(':').next().unwrap_or_default() {
        "messenger" => 640,
        "whatsapp" => 4_096,
        "rcs" => 3_072,
        // sms, mms, viber_service, and what is not known.
        _ => 1_000,
    })
}

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("api_key", true, "API key of the account"),
    Field::setting("from", true, "Sender: a number without +, or the id of the page or service"),
    Field::setting(
        "sms_signature_method",
        false,
        "Of the older SMS API's webhooks: md5hash (the default), md5, sha1, sha256 or sha512",
    ),
    Field::secret(
        "signature_secret",
        true,
        "Signature secret of the account (Settings): it signs the webhooks",
    ),
    Field::secret("api_secret", true, "API secret of the account"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy(
            "Set this as Inbound URL and as Status URL of the application (capability Messages, version v1), with POST",
            url,
        ),
        Step::tell("Keep signed webhooks switched on for the application"),
    ]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let secrets = endpoint.secrets.live("signature_secret");
    let Some(token) = request.header("authorization") else {
        return authenticate_sms(endpoint, request, secrets, now);
    };
    let token = token.strip_prefix("Bearer ").or_else(|| token.strip_prefix("bearer "));
    let token = token.and_then(|token| Token::verified(token.trim(), secrets));
    let token = token
        .filter(|token| token.algorithm() == "HS256")
        .ok_or(Refusal::unauthorized("token is not signed by HS256"))?;
    let claims = token.claims().ok_or(Refusal::unauthorized("token without claims"))?;
    let seconds = now.as_seconds();
    // There is no exp claim: the age is ours to limit.
    if !claims.get("iat").integer().is_some_and(|issued| is_recent(issued, now))
        || !jwt::is_in_time(&claims, seconds)
    {
        return Err(Refusal::unauthorized("token outside the replay window"));
    }
    let hash = claims.get("payload_hash");
    let is_bound = match hash.text() {
        Some(hash) => hash.eq_ignore_ascii_case(&sha256_hex(request.body)),
        None => hash.is_null() && request.body.is_empty(),
    };
    if is_bound { Ok(()) } else { Err(Refusal::unauthorized("body does not match the token's hash")) }
}

/// The parameters of an older SMS webhook, wherever they stand.
fn sms_parameters(request: &WebhookRequest<'_>) -> Option<Vec<(String, String)>> {
    if request.body.is_empty() || request.is("application/x-www-form-urlencoded") {
        let raw = if request.body.is_empty() { request.raw_query.as_bytes() } else { request.body };
        let lossy = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        return Some(
            Form::parse(raw).sorted().iter().map(|(name, value)| (lossy(name), lossy(value))).collect(),
        );
    }
    let text = request.text();
    let body = Json::parse(&text)?;
    let members = body.members().iter().filter_map(|(name, value)| {
        Some((name.to_string(), value.text().map(str::to_owned).or_else(|| value.id())?))
    });
    Some(members.collect())
}

fn authenticate_sms(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    secrets: &[String],
    now: Timestamp,
) -> Result<(), Refusal> {
    let mut parameters =
        sms_parameters(request).ok_or(Refusal::unauthorized("neither token nor signature"))?;
    parameters.sort_unstable();
    let find = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let signature = find("sig").ok_or(Refusal::unauthorized("neither token nor signature"))?;
    let recent = find("timestamp")
        .and_then(|seconds| seconds.parse().ok())
        .is_some_and(|seconds| is_recent(seconds, now));
    if !recent {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let mut signed = String::new();
    for (name, value) in parameters.iter().filter(|(name, _)| name != "sig") {
        signed.extend(["&", name, "=", &value.replace(['&', '='], "_")]);
    }
    let offered = HEXLOWER_PERMISSIVE
        .decode(signature.as_bytes())
        .map_err(|_| Refusal::unauthorized("signature is not hexadecimal"))?;
    let parts: [&[u8]; 1] = [signed.as_bytes()];
    let valid = match endpoint.setting("sms_signature_method").unwrap_or("md5hash") {
        "md5" => any_signed::<Hmac<Md5>>(secrets, &parts, &offered),
        "sha1" => any_signed::<Hmac<Sha1>>(secrets, &parts, &offered),
        "sha256" => any_signed::<Hmac<Sha256>>(secrets, &parts, &offered),
        "sha512" => any_signed::<Hmac<Sha512>>(secrets, &parts, &offered),
        _ => {
            let expected = secrets
                .iter()
                .map(|secret| HEXLOWER_PERMISSIVE.encode(&Md5::digest(format!("{signed}{secret}"))));
            let expected: Vec<String> = expected.collect();
            any_equal(&expected, HEXLOWER_PERMISSIVE.encode(&offered).as_bytes())
        }
    };
    if valid { Ok(()) } else { Err(Refusal::unauthorized("signature does not match")) }
}

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = if request.body.is_empty() || request.is("application/x-www-form-urlencoded") {
        let members = sms_parameters(request).unwrap_or_default();
        Json::Object(
            members.into_iter().map(|(name, value)| (name.into(), Json::Text(value.into()))).collect(),
        )
    } else {
        Json::parse(&text).ok_or("body is not JSON")?
    };
    if !body.get("messageId").is_null() {
        sms(&body, batch);
    } else if !body.get("message_uuid").is_null() {
        messages(&body, batch);
    } else {
        batch.unknown("no_message");
    }
    Ok(())
}

/// A call of the Messages API: a message of the client's, or the status of one of ours.
fn messages(body: &Json<'_>, batch: &mut Batch) {
    let Some(id) = body.get("message_uuid").id() else { return batch.broken("message without an id") };
    let channel = body.get("channel").text().unwrap_or("sms");
    let status_word = body.get("status").text();
    let party = |name: &str| {
        body.get(name)
            .id()
            .or_else(|| body.at(&[name, "number"]).id())
            .or_else(|| body.at(&[name, "id"]).id())
    };
    let (client, ours) = if status_word.is_some() { ("to", "from") } else { ("from", "to") };
    let Some(client) = party(client) else { return batch.broken("message without a client") };
    let mut attachments = 0;
    let (kind, dedupe_id) = match status_word {
        Some(word) => {
            let status = match word {
                "submitted" => ReceiptStatus::Sent,
                "delivered" => ReceiptStatus::Delivered,
                "read" => ReceiptStatus::Read,
                "rejected" | "undeliverable" => ReceiptStatus::Failed,
                other => return batch.unknown(other),
            };
            let receipt = Receipt {
                message: id.clone(),
                status,
                effect: body.get("client_ref").text().and_then(from_correlation),
                error: error_code(body.get("error")),
                class: None,
                up_to: None,
            };
            (EventKind::Receipt(receipt), format!("{id}:{word}"))
        }
        None if body.get("message_type").text() == Some("reaction") => {
            let Some(message) = body.at(&["context", "message_uuid"]).id() else {
                return batch.broken("reaction without a message");
            };
            let emoji = body
                .at(&["reaction", "emoji"])
                .id()
                .filter(|_| body.at(&["reaction", "action"]).text() != Some("unreact"));
            (EventKind::Reaction { message, emoji }, id.clone())
        }
        None => {
            let content = content(body);
            attachments = usize::from(matches!(content, Content::Media { .. }));
            (EventKind::Message(message(Some(id.clone()), content)), id.clone())
        }
    };
    batch.push(Inbound {
        address: format!("{channel}:{client}"),
        sender: Some(client.clone()),
        author_name: body.at(&["profile", "name"]).id(),
        recipient: party(ours),
        message_id: Some(id),
        sent_at: instant::from_text(body.get("timestamp")),
        attachments,
        ..Inbound::new(client, dedupe_id, kind)
    });
}

fn content(body: &Json<'_>) -> Content {
    let kind = body.get("message_type").text().unwrap_or_default();
    let inner = body.get(kind);
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    match kind {
        "text" => body.get("text").string().map_or_else(unsupported, Content::Text),
        "image" | "audio" | "video" | "file" | "sticker" => media(
            media_kind(kind),
            inner.get("caption").string(),
            inner.get("url").id().or_else(|| inner.get("id").id()),
        ),
        "button" => Content::Choice {
            title: inner.get("text").string().unwrap_or_default(),
            payload: inner.get("payload").id(),
        },
        "reply" => Content::Choice {
            title: inner.get("title").string().unwrap_or_default(),
            payload: inner.get("id").id(),
        },
        "location" => {
            let degrees =
                |long: &str, short: &str| inner.get(long).float().or_else(|| inner.get(short).float());
            let name = inner.get("name").id().or_else(|| inner.get("address").id());
            location(degrees("latitude", "lat"), degrees("longitude", "long"), name)
                .unwrap_or_else(unsupported)
        }
        "vcard" | "contact" => Content::ContactCard,
        _ => unsupported(),
    }
}

/// A call of the older SMS API: a message, or a delivery receipt.
fn sms(body: &Json<'_>, batch: &mut Batch) {
    let (Some(id), Some(client)) = (body.get("messageId").id(), body.get("msisdn").id()) else {
        return batch.broken("message without an id or number");
    };
    let (kind, dedupe_id) = match (body.get("text").string(), body.get("status").text()) {
        (Some(text), _) => (EventKind::Message(message(Some(id.clone()), Content::Text(text))), id.clone()),
        (None, Some(word)) => {
            let status = match word {
                "accepted" | "buffered" => ReceiptStatus::Sent,
                "delivered" => ReceiptStatus::Delivered,
                "failed" | "rejected" | "expired" => ReceiptStatus::Failed,
                other => return batch.unknown(other),
            };
            let effect = body.get("client-ref").text().and_then(from_correlation);
            let error = body.get("err-code").id().filter(|code| code != "0");
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
        }
        (None, None) => {
            let what = body.get("type").id().unwrap_or_default();
            (EventKind::Message(message(Some(id.clone()), Content::Unsupported { what })), id.clone())
        }
    };
    batch.push(Inbound {
        address: format!("sms:{client}"),
        sender: Some(client.clone()),
        recipient: body.get("to").id(),
        message_id: Some(id),
        sent_at: instant::from_text(body.get("message-timestamp")),
        ..Inbound::new(client, dedupe_id, kind)
    });
}

/// An error's number: the end of its `type` address, or its `code`.
fn error_code(error: &Json<'_>) -> Option<String> {
    let from_type = error
        .get("type")
        .text()
        .and_then(|kind| kind.rsplit_once(['#', '/']))
        .map(|(_, code)| code.to_owned());
    error.get("code").id().or(from_type).or_else(|| error.get("title").id())
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let key = endpoint.setting("api_key").ok_or(Unsendable::MissingSetting("api_key"))?;
    let from = endpoint.setting("from").ok_or(Unsendable::MissingSetting("from"))?;
    let secret = endpoint.secrets.newest("api_secret").ok_or(Unsendable::MissingSecret("api_secret"))?;
    let (channel, to) = outgoing.to.split_once(':').ok_or(Unsendable::BadAddress)?;
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "message_type": "text", "text": text, "to": to, "from": from, "channel": channel,
                "client_ref": correlation(outgoing.effect),
            });
            post_json("https://api.nexmo.com/v1/messages", &[("authorization", &basic(key, secret))], &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let code = error_code(body);
    match (status, code.as_deref()) {
        (200..=299, _) => sent(body.get("message_uuid").id()),
        (_, Some("1000")) => SendResult::Retry { after: retry_after(headers) },
        (400..=499, Some(known)) => match class(known) {
            Some(class) => SendResult::Failed { class, code },
            None => by_status(status, headers, code),
        },
        _ => by_status(status, headers, code),
    }
}

/// The class of an error of the Messages API (four digits or a word; developer.vonage.com/en/api-errors, and
/// /messages below it) or of an older SMS delivery receipt (`err-code`: one or two digits;
/// developer.vonage.com/en/messaging/sms/guides/delivery-receipts). What may pass by itself has no class.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    static CLASSES: &[(FailureClass, &[&str])] = &[
        (FailureClass::WindowClosed, &["1340"]),
        // The client has sent STOP.
        (FailureClass::OptedOut, &["1240", "9"]),
        (
            FailureClass::Blocked,
            &[
                "1050", "1060", "1210", "1270", "1280", "1282", "1461", "1470", "1472", "1473", "1483", "4",
                "6", "13", "14", "53",
            ],
        ),
        (
            FailureClass::BadCredentials,
            &[
                "1080",
                "1370",
                "unauthorized",
                "forbidden",
                "unprovisioned",
                "account-suspended",
                "jwt-expired",
                "jwt-revoked",
                "invalid-api-key",
                "invalid-signature",
            ],
        ),
        (
            FailureClass::Gone,
            &["1170", "1190", "1200", "1250", "1251", "1260", "1300", "1310", "1430", "3", "5", "11", "12"],
        ),
        (
            FailureClass::Rejected,
            &[
                "1010",
                "1020",
                "1021",
                "1022",
                "1040",
                "1070",
                "1090",
                "1120",
                "1130",
                "1140",
                "1150",
                "1160",
                "1290",
                "1320",
                "1350",
                "1360",
                "1380",
                "1381",
                "1382",
                "1400",
                "1410",
                "1420",
                "1440",
                "1450",
                "1451",
                "1460",
                "1480",
                "1481",
                "1482",
                "1484",
                "10",
                "15",
                "16",
                "50",
                "51",
                "52",
                "54",
                "low-balance",
                "invalid-params",
            ],
        ),
    ];
    CLASSES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
}
