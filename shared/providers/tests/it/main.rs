//! Webhooks in, requests out: every provider, through the crate's public interface.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "the helpers of tests fail by panicking, and name only what they look for"
)]

mod apis;
mod catalogue;
mod conformance;
mod inbound;
mod kinds;
mod outbound;
mod robustness;
mod sides;
mod verification;

use handover_core::{EventKind, InboxId, Provider, Timestamp};
use handover_providers::{
    Accepted, Endpoint, Inbound, Secrets, Settings, Verdict, WebhookRequest, fields, normalise, receive,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

const URL: &str = "https://hooks.example.com/webhooks/inbox";
const NOW: Timestamp = Timestamp::from_ms(1_767_261_600_000);
/// A Standard Webhooks secret of 24 bytes.
const GENERIC_SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// An inbox at a provider.
struct Inbox {
    id: InboxId,
    provider: Provider,
    settings: Settings,
    secrets: Secrets,
}

impl Inbox {
    /// An inbox without settings.
    fn bare(provider: Provider) -> Self {
        let id = "inbox".parse().unwrap();
        Self { id, provider, settings: Settings::new(), secrets: Secrets::new() }
    }

    /// An inbox with every setting and secret that the provider has.
    fn complete(provider: Provider) -> Self {
        let mut inbox = Self::bare(provider);
        for field in fields(provider) {
            let value = match (provider, field.name) {
                (Provider::Generic, "signing_secret") => GENERIC_SECRET.to_owned(),
                (_, name) if name.ends_with("_url") => {
                    format!("https://{}.example.com", name.replace('_', "-"))
                }
                (Provider::Twilio, "from") => "+441632960001".to_owned(),
                (_, "graph_version") => "v24.0".to_owned(),
                (_, "human_agent" | "native_handover" | "typing" | "retries_set_up") => "yes".to_owned(),
                (Provider::Sinch | Provider::Intercom, "region") => "eu".to_owned(),
                (_, name) => format!("test-{}", name.replace('_', "-")),
            };
            if field.secret {
                inbox.secrets.rotate_in(field.name, value);
            } else {
                inbox.settings.insert(field.name.to_owned(), value);
            }
        }
        inbox
    }

    fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.insert(setting.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, setting: &str) -> Self {
        self.settings.remove(setting);
        self
    }

    fn endpoint(&self) -> Endpoint<'_> {
        let Self { id, provider, settings, secrets } = self;
        Endpoint { provider: *provider, inbox: id, public_url: URL, settings, secrets }
    }

    fn receive(&self, call: &Call) -> Verdict {
        receive(&self.endpoint(), &call.request(), NOW)
    }

    fn read(&self, call: &Call) -> Verdict {
        normalise(&self.endpoint(), &call.request())
    }
}

/// A webhook call.
struct Call {
    method: Method,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Call {
    fn post(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let call =
            Self { method: Method::POST, query: String::new(), headers: HeaderMap::new(), body: body.into() };
        call.header("content-type", content_type)
    }

    fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::post("application/json", body)
    }

    fn form(body: impl Into<Vec<u8>>) -> Self {
        Self::post("application/x-www-form-urlencoded", body)
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    fn request(&self) -> WebhookRequest<'_> {
        WebhookRequest {
            method: &self.method,
            raw_query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

fn accepted(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

fn refused(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Refused(refusal) if refusal.status == StatusCode::UNAUTHORIZED)
}

/// The events of a JSON body, unsigned.
fn events(inbox: &Inbox, body: &Value) -> Vec<Inbound> {
    accepted(inbox.read(&Call::json(body.to_string()))).events
}

fn kinds(inbox: &Inbox, body: &Value) -> Vec<EventKind> {
    events(inbox, body).into_iter().map(|event| event.kind).collect()
}

fn words(event: &Inbound) -> Option<&str> {
    match &event.kind {
        EventKind::Message(message) | EventKind::Edited { content: message, .. } => message.content.text(),
        EventKind::Echo(echo) => echo.content.text(),
        _ => None,
    }
}

/// A webhook body of Messenger's with one element.
fn messenger(element: Value) -> Value {
    let mut element = element;
    element["timestamp"] = json!(1_767_261_600_000_i64);
    json!({ "object": "page", "entry": [{ "id": "300", "messaging": [element] }] })
}
