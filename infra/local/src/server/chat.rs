//! A page on which one plays a client: writes to the clinic as from a phone, sees what comes back, and lets
//! time pass. The console is open beside it.

use std::collections::HashMap;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handover_aws::store::Author;
use handover_core::{Content, ConversationId};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Served, error};
use crate::{ClientMessage, LocalError, views};

const PAGE: &str = include_str!("chat/chat.html");
const STYLE: &str = include_str!("chat/chat.css");
const SCRIPT: &str = include_str!("chat/chat.js");
/// Who writes, when nobody says who.
const CLIENT: &str = "+4915112345678";

pub(super) fn router() -> Router<Served> {
    Router::new()
        .route("/", get(page))
        .route("/chat.css", get(async || text("text/css; charset=utf-8", STYLE.to_owned())))
        .route("/chat.js", get(async || text("text/javascript; charset=utf-8", SCRIPT.to_owned())))
        .route("/lines", get(lines))
        .route("/say", post(say))
}

fn text(content_type: &'static str, body: String) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(POLICY)),
    ];
    (headers, body).into_response()
}

async fn page(State(served): State<Served>) -> Response {
    text("text/html; charset=utf-8", PAGE.replace("{clinic}", served.sample.clinic.name))
}

/// What a client sees: what they wrote, and what the provider was given for them.
async fn lines(State(served): State<Served>, Query(query): Query<HashMap<String, String>>) -> Response {
    let from = query.get("from").map_or(CLIENT, String::as_str);
    match seen(&served, from).await {
        Ok(lines) => Json(json!({"lines": lines, "clock": views::clock(&served.local)})).into_response(),
        Err(failure) => error(StatusCode::SERVICE_UNAVAILABLE, &failure.to_string()),
    }
}

async fn seen(served: &Served, from: &str) -> Result<Vec<Value>, LocalError> {
    let inbox = &served.sample.clinic.twilio.inbox;
    let address = format!("whatsapp:{from}");
    let id = ConversationId::derive(&inbox.account, &inbox.id, &address);
    let mut lines = Vec::new();
    for line in served.local.admin_store().transcript(&inbox.account, &id).await? {
        if line.author == Author::Client
            && let Some(text) = line.content.as_ref().and_then(Content::text)
        {
            lines.push((line.at.as_ms(), "client", text.to_owned()));
        }
    }
    for request in served.local.cloud().recorder().requests() {
        let form: HashMap<String, String> =
            form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        if form.get("To") == Some(&address)
            && let Some(text) = form.get("Body")
        {
            lines.push((request.at_ms, "clinic", text.clone()));
        }
    }
    lines.sort_by_key(|(at, ..)| *at);
    Ok(lines.into_iter().map(|(at, who, text)| json!({"at": at, "who": who, "text": text})).collect())
}

/// What a client writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    #[serde(default)]
    from: Option<String>,
    text: String,
}

/// Delivers a message as the clinic's provider does, signed.
async fn say(State(served): State<Served>, Json(Said { from, text }): Json<Said>) -> Response {
    let inbox = &served.sample.clinic.twilio;
    let from = from.filter(|from| !from.is_empty());
    let message = ClientMessage::new(inbox, Some(from.as_deref().unwrap_or(CLIENT)), &text, &served.random);
    let call = inbox.call(served.local.public_url(), &message, served.local.wall());
    let answered = served.local.dispatcher().http(call, "127.0.0.1").await;
    if answered.status().is_success() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error(StatusCode::BAD_GATEWAY, "the message was not taken")
    }
}
