//! The API: who gets in, what commands lead to, and that nothing answered is lost.

#![expect(clippy::indexing_slicing, reason = "an answer without the member that a test is about fails it")]

mod access;
mod again;
mod commands;
mod described;
mod quarantine;
mod reads;
mod reports;
mod settings;

use bytes::Bytes;
use handover_core::{ConversationId, StaffId};
use handover_local::SampleAccount;
use handover_tests::World;
use http::{Method, Request, StatusCode};
use serde_json::Value;

pub(crate) const CLIENT: &str = "+4915112345678";

/// An answer of the API.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

/// Sends a request as it is.
pub(crate) async fn send(world: &World, request: Request<Bytes>) -> Answer {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = world.local.dispatcher().http(request, "127.0.0.1").await;
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let answer = Answer {
        status: response.status(),
        etag: header("etag"),
        content_type: header("content-type").unwrap_or_default(),
        body: serde_json::from_slice(response.body()).unwrap_or(Value::Null),
    };
    described::check(&method, &path, &answer);
    answer
}

/// A holder of an API key.
#[derive(Clone, Debug)]
pub(crate) struct Api<'a> {
    pub(crate) world: &'a World,
    pub(crate) key: String,
    pub(crate) account: String,
}

impl<'a> Api<'a> {
    pub(crate) fn of(world: &'a World, account: &SampleAccount) -> Self {
        Self { world, key: account.api_key.clone(), account: account.account.to_string() }
    }

    /// The clinic's.
    pub(crate) fn clinic(world: &'a World) -> Self {
        Self::of(world, &world.sample.clinic)
    }

    /// A request to a path below the account.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let uri = format!("http://handover.test/v1/accounts/{}{path}", self.account);
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        send(self.world, request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &[], &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &[], body).await
    }

    /// A command to the client's conversation under an idempotency key.
    pub(crate) async fn command(&self, name: &str, key: &str, body: &Value) -> Answer {
        let path = format!("/conversations/{}/{name}", conversation(self.world));
        self.call(Method::POST, &path, &[("idempotency-key", key)], body).await
    }
}

/// The client's conversation with the clinic.
pub(crate) fn conversation(world: &World) -> ConversationId {
    world.conversation(world.twilio(), CLIENT)
}

pub(crate) fn alex(world: &World) -> &StaffId {
    &world.sample.clinic.assignee
}

pub(crate) fn billie(world: &World) -> &StaffId {
    &world.sample.clinic.colleague
}
