//! Client messages as providers deliver them to the sample's inboxes, signed.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use handover_aws::Random;
use handover_core::{Provider, Timestamp};
use handover_providers::{standard_webhooks_signature, twilio_signature};
use http::{HeaderName, HeaderValue, Method, Request, header::CONTENT_TYPE};
use serde_json::json;

use crate::SampleInbox;

/// What a client writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientMessage {
    /// The message's id: 32 hexadecimal digits.
    pub id: String,
    /// Who writes: a phone number in E.164 at a Twilio inbox, any text at a generic one.
    pub from: String,
    /// The words.
    pub text: String,
}

impl ClientMessage {
    /// A message with a new id, from somebody that the sample's inbox can have as a client unless `from`
    /// says who.
    pub fn new(inbox: &SampleInbox, from: Option<&str>, text: &str, random: &Random) -> Self {
        let by_phone = inbox.inbox.provider == Provider::Twilio;
        let from = from.unwrap_or(if by_phone { "+4915112345678" } else { "client-7" });
        let id = HEXLOWER.encode(&random.bytes::<16>());
        Self { id, from: from.to_owned(), text: text.to_owned() }
    }
}

impl SampleInbox {
    /// The webhook call by which the inbox's provider delivers a message at `now`. The generic provider's
    /// signature is good for five minutes from then, Twilio's for ever.
    pub fn call(&self, public_url: &str, message: &ClientMessage, now: Timestamp) -> Request<Bytes> {
        let url = self.webhook_url(public_url);
        // The sample has these two.
        if self.inbox.provider == Provider::Twilio {
            self.twilio_call(&url, message)
        } else {
            self.generic_call(&url, message, now)
        }
    }

    /// The form that Twilio sends for an incoming WhatsApp message
    /// (twilio.com/docs/messaging/guides/webhook-request).
    fn twilio_call(&self, url: &str, message: &ClientMessage) -> Request<Bytes> {
        let ClientMessage { id, from, text } = message;
        let sid = format!("SM{id}");
        let setting = |name: &str| self.inbox.settings.get(name).map_or("", String::as_str);
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("SmsMessageSid", &sid)
            .append_pair("NumMedia", "0")
            .append_pair("ProfileName", "Robin")
            .append_pair("MessageType", "text")
            .append_pair("SmsSid", &sid)
            .append_pair("WaId", from.trim_start_matches('+'))
            .append_pair("SmsStatus", "received")
            .append_pair("Body", text)
            .append_pair("To", setting("from"))
            .append_pair("NumSegments", "1")
            .append_pair("MessageSid", &sid)
            .append_pair("AccountSid", setting("account_sid"))
            .append_pair("From", &format!("whatsapp:{from}"))
            .append_pair("ApiVersion", "2010-04-01")
            .finish();
        let signature = twilio_signature(&self.secret, url, body.as_bytes());
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", &signature)];
        request(url, &headers, body)
    }

    fn generic_call(&self, url: &str, message: &ClientMessage, now: Timestamp) -> Request<Bytes> {
        let ClientMessage { id, from, text } = message;
        let body = json!({"type": "message", "id": id, "from": from, "text": text}).to_string();
        let (id, seconds) = (format!("msg_{id}"), now.as_seconds());
        let signature = standard_webhooks_signature(&self.secret, &id, seconds, body.as_bytes());
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", &id),
            ("webhook-timestamp", &seconds.to_string()),
            ("webhook-signature", &signature.unwrap_or_default()),
        ];
        request(url, &headers, body)
    }
}

fn request(url: &str, headers: &[(&str, &str)], body: String) -> Request<Bytes> {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.parse().unwrap_or_default();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

/// The shell command that sends a request whose body is text.
pub fn curl(request: &Request<Bytes>) -> String {
    use std::fmt::Write as _;
    let mut command = format!("curl -sS {}", quoted(&request.uri().to_string()));
    for (name, value) in request.headers() {
        let value = value.to_str().unwrap_or_default();
        // curl says by itself that it sends a form.
        if name != CONTENT_TYPE || value != "application/x-www-form-urlencoded" {
            // Writing to a String cannot fail.
            let _ = write!(command, " -H {}", quoted(&format!("{name}: {value}")));
        }
    }
    let _ = write!(command, " --data-raw {}", quoted(&String::from_utf8_lossy(request.body())));
    command
}

/// One word of a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_the_same_as_the_request() {
        let request =
            request("http://h/w", &[("content-type", "application/json"), ("a", "b")], "it's".into());
        let expected =
            r"curl -sS 'http://h/w' -H 'content-type: application/json' -H 'a: b' --data-raw 'it'\''s'";
        assert_eq!(curl(&request), expected);
    }
}
