//! What the world outside answers: Twilio's Messages API and the reply address of the sample's generic
//! inboxes. Every other host answers 404.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use handover_cloud::{RecordedRequest, Recorder, service::json_response};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The host of Twilio's API.
const TWILIO: &str = "api.twilio.com";
/// The host of the sample's reply addresses.
pub(crate) const BOT_HOST: &str = "bot.example";
/// The path of the Messages resource, around the account's SID.
const MESSAGES: (&str, &str) = ("/2010-04-01/Accounts/", "/Messages.json");

/// Lets the recorder answer for them.
pub(crate) fn answer(recorder: &Recorder) {
    recorder.set_responder(TWILIO, Arc::new(twilio));
    recorder.set_responder(
        BOT_HOST,
        Arc::new(|request| {
            let id = format!("bot-{}", request.sequence);
            json_response(StatusCode::OK, "application/json", &json!({"id": id}))
        }),
    );
}

/// Answers like Twilio (twilio.com/docs/messaging/api/message-resource, /docs/api/errors). That there are
/// credentials is checked; the recorder does not show which.
fn twilio(request: &RecordedRequest) -> Response<Bytes> {
    let path = request.url.split_once(TWILIO).map_or("", |(_, path)| path);
    let account = path.strip_prefix(MESSAGES.0).and_then(|rest| rest.strip_suffix(MESSAGES.1));
    let Some(account) = account.filter(|_| request.method == "POST") else {
        let message = format!("The requested resource {path} was not found");
        return refusal(StatusCode::NOT_FOUND, 20_404, &message);
    };
    if request.header("authorization").is_none() {
        return refusal(StatusCode::UNAUTHORIZED, 20_003, "Authenticate");
    }
    let form: HashMap<Cow<'_, str>, Cow<'_, str>> =
        form_urlencoded::parse(request.body.as_bytes()).filter(|(_, value)| !value.is_empty()).collect();
    let given = |names: &[&str]| names.iter().any(|name| form.contains_key(*name));
    let bad = |code, message| refusal(StatusCode::BAD_REQUEST, code, message);
    if !given(&["To"]) {
        return bad(21_604, "A 'To' phone number is required.");
    }
    if !given(&["From", "MessagingServiceSid"]) {
        return bad(21_603, "A 'From' phone number is required.");
    }
    if !given(&["Body", "MediaUrl", "ContentSid"]) {
        return bad(21_602, "Message body is required.");
    }
    created(request, account, &|name| form.get(name).map_or(Value::Null, |value| json!(value)))
}

/// The message, as Twilio shows it when it has taken it.
fn created(request: &RecordedRequest, account: &str, field: &dyn Fn(&str) -> Value) -> Response<Bytes> {
    // The place in the list never comes again, so neither does the SID.
    let hash = Sha256::digest(format!("{account}/{}/{}", request.sequence, request.at_ms));
    let sid = format!("SM{}", HEXLOWER.encode(hash.get(..16).unwrap_or_default()));
    let created = Timestamp::from_millisecond(request.at_ms).unwrap_or_default();
    let created = created.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    let media = format!("/2010-04-01/Accounts/{account}/Messages/{sid}/Media.json");
    let message = json!({
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": field("Body"),
        "date_created": created,
        "date_sent": null,
        "date_updated": created,
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": field("From"),
        "messaging_service_sid": field("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "1",
        "price": null,
        "price_unit": null,
        "sid": sid,
        "status": if field("From").is_null() { "accepted" } else { "queued" },
        "subresource_uris": {"media": media},
        "to": field("To"),
        "uri": format!("/2010-04-01/Accounts/{account}/Messages/{sid}.json"),
    });
    json_response(StatusCode::CREATED, "application/json", &message)
}

fn refusal(status: StatusCode, code: u32, message: &str) -> Response<Bytes> {
    let error = json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    });
    json_response(status, "application/json", &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json";

    fn request(url: &str, headers: &[(&str, &str)], body: &str) -> RecordedRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        RecordedRequest {
            sequence: 3,
            at_ms: 1_795_348_800_000, // 2026-11-22T12:00:00Z
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    fn answered(request: &RecordedRequest) -> (u16, Value) {
        let response = twilio(request);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    const SIGNED_IN: [(&str, &str); 1] = [("authorization", "redacted")];

    #[test]
    fn a_whole_message_is_taken() {
        let body = "To=whatsapp%3A%2B491&From=whatsapp%3A%2B1555&Body=Thank+you%21";
        let (status, message) = answered(&request(URL, &SIGNED_IN, body));
        assert_eq!(status, 201);
        assert_eq!(message["to"], "whatsapp:+491");
        assert_eq!(message["body"], "Thank you!");
        assert_eq!(message["status"], "queued");
        assert_eq!(message["date_created"], "Sun, 22 Nov 2026 12:00:00 +0000");
        let sid = message["sid"].as_str().unwrap().to_owned();
        assert!(sid.len() == 34 && sid.starts_with("SM"), "{sid}");
        let next = RecordedRequest { sequence: 4, ..request(URL, &SIGNED_IN, body) };
        assert_ne!(answered(&next).1["sid"], sid);
    }

    #[test]
    fn what_twilio_refuses_is_refused_with_its_codes() {
        for (headers, body, status, code) in [
            (&[][..], "To=1&From=2&Body=3", 401, 20_003),
            (&SIGNED_IN[..], "From=2&Body=3", 400, 21_604),
            (&SIGNED_IN[..], "To=1&Body=3", 400, 21_603),
            (&SIGNED_IN[..], "To=1&From=2&Body=", 400, 21_602),
        ] {
            let (answered, error) = answered(&request(URL, headers, body));
            assert_eq!((answered, error["code"].as_u64()), (status, Some(code)), "{body}");
        }
        let elsewhere = request("https://api.twilio.com/2010-04-01/Accounts.json", &SIGNED_IN, "");
        assert_eq!(answered(&elsewhere).0, 404);
    }
}
