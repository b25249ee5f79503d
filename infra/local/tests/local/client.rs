//! The world's side of the port: HTTP by hand, and signatures made without the code under test.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::Sha1;
use std::io::{Read, Write};
use std::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends a request to `authority` and reads the whole answer.
pub(crate) fn request(
    authority: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\n").unwrap();
    let length = body.len().to_string();
    let own = [("host", authority), ("connection", "close"), ("content-length", length.as_str())];
    let own = own.iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
    for (name, value) in own.chain(headers) {
        write!(stream, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(b"\r\n").unwrap();
    // A server that refuses a body by its size answers before it has read it.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, body: body.to_owned() }
}

/// A client's WhatsApp message as Twilio posts it: headers and form.
pub(crate) struct TwilioMessage {
    pub(crate) signature: String,
    pub(crate) form: String,
}

impl TwilioMessage {
    /// `inbox` is the inbox as `/local/info` shows it.
    pub(crate) fn new(inbox: &Value, sid: &str, from: &str, text: &str) -> Self {
        let settings = &inbox["settings"];
        let fields = [
            ("AccountSid", settings["account_sid"].as_str().unwrap()),
            ("Body", text),
            ("From", from),
            ("MessageSid", sid),
            ("NumMedia", "0"),
            ("To", settings["from"].as_str().unwrap()),
        ];
        // The URL, then names and values in the order of the names (twilio.com/docs/usage/security).
        let mut signed = inbox["webhook_url"].as_str().unwrap().to_owned();
        for (name, value) in fields {
            signed.push_str(name);
            signed.push_str(value);
        }
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut mac = Hmac::<Sha1>::new_from_slice(inbox["secret"].as_str().unwrap().as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        let signature = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
        Self { signature, form }
    }

    /// Posts it to the inbox.
    pub(crate) fn post(&self, authority: &str, inbox: &Value) -> Answer {
        let path = format!("/webhooks/{}", inbox["id"].as_str().unwrap());
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("x-twilio-signature", self.signature.as_str()),
        ];
        request(authority, "POST", &path, &headers, self.form.as_bytes())
    }
}
