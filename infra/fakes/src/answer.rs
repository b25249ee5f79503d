//! What each provider's API answers, in its own shape.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use handover_core::Provider;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{Garbled, Why};

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Something else instead of the answer.
pub(crate) fn garbled(how: Garbled, right: &Response<Bytes>) -> Response<Bytes> {
    let page = Bytes::from_static(b"<html>upstream says hello</html>");
    let (status, body) = match how {
        Garbled::Gateway => (StatusCode::BAD_GATEWAY, page),
        Garbled::Page => (right.status(), page),
        Garbled::Cut => {
            let half = right.body().len() / 2;
            (right.status(), right.body().slice(..half))
        }
        Garbled::Bare => (right.status(), Bytes::from_static(b"{}")),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

pub(crate) fn token(token: &str) -> Response<Bytes> {
    answer(200, &json!({ "access_token": token, "expires_in": 3599, "scope": "", "token_type": "bearer" }))
}

/// What a sign of life or a moved thread is answered with.
pub(crate) fn done(provider: Provider) -> Response<Bytes> {
    let body = match provider {
        Provider::Telegram => json!({ "ok": true, "result": true }),
        Provider::Messenger | Provider::Instagram | Provider::WhatsApp | Provider::Twilio => {
            json!({ "success": true })
        }
        Provider::Generic
        | Provider::TwilioConversations
        | Provider::HighLevel
        | Provider::Slack
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber
        | Provider::Sunshine => json!({}),
    };
    answer(200, &body)
}

/// What the provider calls the message of this number.
pub(crate) fn id(provider: Provider, to: &str, number: usize) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(format!("{}/{number}", provider.name())));
    let short = hash.get(..32).unwrap_or_default();
    match provider {
        Provider::Twilio => format!("SM{short}"),
        Provider::TwilioConversations => format!("IM{short}"),
        Provider::WhatsApp => format!("wamid.{short}"),
        Provider::Messenger | Provider::Instagram => format!("m_{short}"),
        Provider::Telegram => format!("{to}:{number}"),
        Provider::Slack => format!("{to}:1767261602.{number:06}"),
        Provider::Line | Provider::Chatwoot | Provider::Intercom | Provider::Viber => number.to_string(),
        Provider::Generic
        | Provider::HighLevel
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Sunshine => short.to_owned(),
    }
}

pub(crate) fn taken(provider: Provider, to: &str, id: &str) -> Response<Bytes> {
    let last = id.rsplit(':').next().unwrap_or_default();
    let number = last.parse::<u64>().unwrap_or_default();
    let (status, body) = match provider {
        Provider::Twilio | Provider::TwilioConversations => {
            (201, json!({ "sid": id, "status": "queued", "to": to }))
        }
        Provider::WhatsApp => (
            200,
            json!({ "messaging_product": "whatsapp", "contacts": [{ "input": to }], "messages": [{ "id": id }] }),
        ),
        Provider::Messenger | Provider::Instagram => (200, json!({ "recipient_id": to, "message_id": id })),
        Provider::HighLevel => (201, json!({ "conversationId": "c1", "messageId": id })),
        Provider::Telegram => {
            let chat = to.parse::<i64>().unwrap_or_default();
            (200, json!({ "ok": true, "result": { "message_id": number, "chat": { "id": chat } } }))
        }
        Provider::Slack => (200, json!({ "ok": true, "channel": to, "ts": last })),
        Provider::Line => (200, json!({ "sentMessages": [{ "id": id }] })),
        Provider::Chatwoot => (200, json!({ "id": number })),
        Provider::Intercom => {
            let part = json!({ "type": "conversation_part", "id": id });
            (200, json!({ "type": "conversation", "conversation_parts": { "conversation_parts": [part] } }))
        }
        Provider::Vonage => (202, json!({ "message_uuid": id })),
        Provider::Sinch => (200, json!({ "message_id": id, "accepted_time": "2026-01-01T00:00:00Z" })),
        Provider::Viber => (200, json!({ "status": 0, "status_message": "ok", "message_token": number })),
        Provider::Sunshine => (201, json!({ "messages": [{ "id": id }] })),
        Provider::MessageBird => (201, json!({ "id": id, "status": "pending" })),
        Provider::Bird => (202, json!({ "id": id, "status": "accepted" })),
        Provider::Generic => (200, json!({ "id": id })),
    };
    answer(status, &body)
}

/// A refusal, with the provider's documented status and code.
pub(crate) fn refusal(provider: Provider, why: Why) -> Response<Bytes> {
    let (status, body) = match provider {
        Provider::Twilio | Provider::TwilioConversations => twilio(provider, why),
        Provider::WhatsApp => whatsapp(why),
        Provider::Messenger | Provider::Instagram => messenger(why),
        Provider::Telegram => telegram(why),
        Provider::Slack => slack(why),
        Provider::Viber => viber(why),
        Provider::Vonage => vonage(why),
        Provider::Generic
        | Provider::HighLevel
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Sunshine => by_status(provider, why),
    };
    let mut response = answer(status, &body);
    if let Why::Limited(Some(seconds)) = why {
        for (name, value) in hint(provider, seconds) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// How a provider says for how long it limits the rate; most do not.
fn hint(provider: Provider, seconds: u32) -> Vec<(HeaderName, HeaderValue)> {
    let text = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let named = |name: &'static str, value: HeaderValue| (HeaderName::from_static(name), value);
    match provider {
        Provider::Generic
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::Slack
        | Provider::Sunshine => vec![(header::RETRY_AFTER, seconds.into())],
        // At 10 o'clock on 1 January 2026, Unix time 1,767,261,600.
        Provider::Intercom => vec![
            (header::DATE, HeaderValue::from_static("Thu, 01 Jan 2026 10:00:00 GMT")),
            named("x-ratelimit-remaining", 0.into()),
            named("x-ratelimit-reset", (1_767_261_600 + u64::from(seconds)).into()),
        ],
        // In minutes.
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => {
            let minutes = seconds.div_ceil(60);
            let usage = json!({ "1": [{ "call_count": 100, "estimated_time_to_regain_access": minutes }] });
            vec![named("x-business-use-case-usage", text(&usage.to_string()))]
        }
        Provider::HighLevel => vec![
            named("x-ratelimit-interval-milliseconds", (u64::from(seconds) * 1_000).into()),
            named("x-ratelimit-remaining", 0.into()),
        ],
        // In the body.
        Provider::Telegram
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber => Vec::new(),
    }
}

/// The status where the provider has no codes of its own for it.
const fn status(why: Why) -> u16 {
    match why {
        Why::Credentials => 401,
        Why::Incomplete | Why::TooLong => 400,
        Why::OptedOut | Why::WindowClosed | Why::NotOwner | Why::Routing | Why::Blocked => 403,
        Why::Gone => 404,
        Why::Limited(_) => 429,
        Why::Broken => 500,
        Why::Repeated => 409,
    }
}

fn twilio(provider: Provider, why: Why) -> (u16, Value) {
    let (status, code) = match why {
        Why::Credentials => (401, 20_003),
        Why::Incomplete => (400, 21_602),
        Why::TooLong => (400, 21_617),
        Why::OptedOut => (400, 21_610),
        Why::WindowClosed => (400, 63_016),
        Why::Blocked => (400, 63_014),
        Why::Gone if provider == Provider::TwilioConversations => (404, 20_404),
        Why::Gone => (400, 21_211),
        Why::Limited(_) => (429, 20_429),
        Why::Broken | Why::NotOwner | Why::Routing | Why::Repeated => (500, 20_500),
    };
    (status, json!({ "code": code, "message": "refused", "status": status }))
}

fn meta(status: u16, code: u32, subcode: u32) -> (u16, Value) {
    let error =
        json!({ "message": "refused", "type": "OAuthException", "code": code, "error_subcode": subcode });
    (status, json!({ "error": error }))
}

fn whatsapp(why: Why) -> (u16, Value) {
    match why {
        Why::Credentials => meta(401, 190, 463),
        Why::Incomplete | Why::TooLong | Why::NotOwner | Why::Routing | Why::Repeated => meta(400, 100, 0),
        Why::OptedOut => meta(400, 131_050, 0),
        Why::WindowClosed => meta(400, 131_047, 0),
        Why::Blocked => meta(403, 368, 0),
        Why::Gone => meta(400, 131_026, 0),
        Why::Limited(_) => meta(429, 130_429, 0),
        Why::Broken => (500, json!({ "error": { "message": "internal", "code": 1 } })),
    }
}

fn messenger(why: Why) -> (u16, Value) {
    match why {
        Why::Credentials => meta(401, 190, 463),
        Why::Incomplete | Why::TooLong | Why::Repeated => meta(400, 100, 0),
        Why::OptedOut | Why::Blocked => meta(400, 551, 1_545_041),
        Why::WindowClosed => meta(400, 10, 2_018_278),
        Why::NotOwner => meta(400, 10, 2_018_300),
        Why::Routing => meta(400, 27, 0),
        Why::Gone => meta(400, 100, 2_018_001),
        Why::Limited(_) => meta(400, 613, 0),
        Why::Broken => (500, json!({ "error": { "message": "internal", "code": 1 } })),
    }
}

fn telegram(why: Why) -> (u16, Value) {
    let (status, description) = match why {
        Why::Credentials => (401, "Unauthorized"),
        Why::Incomplete => (400, "Bad Request: message text is empty"),
        Why::TooLong => (400, "Bad Request: message is too long"),
        Why::OptedOut | Why::Blocked => (403, "Forbidden: bot was blocked by the user"),
        Why::Gone => (400, "Bad Request: chat not found"),
        Why::Limited(_) => (429, "Too Many Requests: retry later"),
        Why::WindowClosed | Why::NotOwner | Why::Routing | Why::Repeated => (400, "Bad Request: refused"),
        Why::Broken => (500, "Internal Server Error"),
    };
    let mut body = json!({ "ok": false, "error_code": status, "description": description });
    if let (Why::Limited(Some(seconds)), Some(members)) = (why, body.as_object_mut()) {
        members.insert("parameters".to_owned(), json!({ "retry_after": seconds }));
    }
    (status, body)
}

fn slack(why: Why) -> (u16, Value) {
    let (status, error) = match why {
        Why::Credentials => (200, "invalid_auth"),
        Why::Incomplete => (200, "no_text"),
        Why::TooLong => (200, "msg_too_long"),
        Why::OptedOut | Why::Blocked | Why::WindowClosed | Why::NotOwner | Why::Routing => {
            (200, "restricted_action")
        }
        Why::Gone | Why::Repeated => (200, "channel_not_found"),
        Why::Limited(_) => (429, "ratelimited"),
        Why::Broken => (500, "internal_error"),
    };
    (status, json!({ "ok": false, "error": error }))
}

fn viber(why: Why) -> (u16, Value) {
    let code = match why {
        Why::Credentials => 2,
        Why::Incomplete | Why::TooLong | Why::WindowClosed | Why::NotOwner | Why::Routing | Why::Repeated => {
            3
        }
        Why::OptedOut => 6,
        Why::Blocked => 7,
        Why::Gone => 5,
        Why::Limited(_) => 12,
        Why::Broken => return (500, json!({})),
    };
    (200, json!({ "status": code, "status_message": "refused" }))
}

fn vonage(why: Why) -> (u16, Value) {
    let (status, code) = match why {
        Why::Credentials => (401, "unauthorized"),
        Why::Incomplete | Why::NotOwner | Why::Routing | Why::Repeated => (422, "1010"),
        Why::TooLong => (422, "1020"),
        Why::OptedOut => (422, "1240"),
        Why::WindowClosed => (422, "1340"),
        Why::Blocked => (422, "1210"),
        Why::Gone => (422, "1310"),
        Why::Limited(_) => (429, "1000"),
        Why::Broken => (500, "1300"),
    };
    let kind = format!("https://developer.vonage.com/api-errors/messages#{code}");
    (status, json!({ "type": kind, "title": "refused", "detail": "refused", "instance": "i1" }))
}

/// Providers whose status says it, with a code in their own shape.
fn by_status(provider: Provider, why: Why) -> (u16, Value) {
    if (provider, why) == (Provider::Line, Why::Gone) {
        return (400, json!({ "message": "The property, 'to', in the request body is invalid" }));
    }
    let status = status(why);
    let word = match why {
        Why::Credentials => "unauthorized",
        Why::Incomplete | Why::TooLong | Why::NotOwner | Why::Routing | Why::Repeated => "bad_request",
        Why::OptedOut => "opted_out",
        Why::WindowClosed => "window_closed",
        Why::Blocked => "blocked",
        Why::Gone => "not_found",
        Why::Limited(_) => "rate_limit_exceeded",
        Why::Broken => "server_error",
    };
    let body = match provider {
        Provider::Intercom => {
            json!({ "type": "error.list", "errors": [{ "code": word, "message": "refused" }] })
        }
        Provider::Sinch => {
            let name = if status == 429 { "RESOURCE_EXHAUSTED" } else { "FAILED_PRECONDITION" };
            json!({ "error": { "code": status, "message": "refused", "status": name } })
        }
        Provider::MessageBird => {
            let code = match why {
                Why::Credentials => 2,
                Why::Gone => 20,
                Why::Incomplete | Why::TooLong => 10,
                Why::OptedOut
                | Why::WindowClosed
                | Why::NotOwner
                | Why::Routing
                | Why::Blocked
                | Why::Limited(_)
                | Why::Broken
                | Why::Repeated => 0,
            };
            json!({ "errors": [{ "code": code, "description": "refused" }] })
        }
        Provider::Bird => json!({ "code": word, "message": "refused" }),
        Provider::Sunshine => json!({ "errors": [{ "code": word, "title": "refused" }] }),
        Provider::Line => json!({ "message": "refused" }),
        Provider::HighLevel => json!({ "statusCode": status, "message": "refused" }),
        Provider::Generic
        | Provider::Chatwoot
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::WhatsApp
        | Provider::Messenger
        | Provider::Instagram
        | Provider::Telegram
        | Provider::Slack
        | Provider::Vonage
        | Provider::Viber => json!({ "error": word }),
    };
    (status, body)
}
