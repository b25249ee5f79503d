//! A bot that speaks the turn protocol: it checks the signature, knows one thing, and says so when it does
//! not know.
//!
//! ```sh
//! SIGNING_SECRET=whsec_... cargo run -p handover-respond --example bot -- 127.0.0.1:9000
//! ```

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

/// A question that is older or newer than this is somebody's recording.
const REPLAY_WINDOW: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9000".to_owned());
    #[expect(clippy::disallowed_methods, reason = "an example reads its own environment")]
    let secret = std::env::var("SIGNING_SECRET")?;
    serve(TcpListener::bind(address).await?, &secret).await?;
    Ok(())
}

/// Answers until the process ends.
pub(crate) async fn serve(listener: TcpListener, secret: &str) -> Result<(), std::io::Error> {
    let key = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes()).unwrap_or_default();
    axum::serve(listener, Router::new().route("/turns", post(turn)).with_state(Arc::new(key))).await
}

async fn turn(State(key): State<Arc<Vec<u8>>>, headers: HeaderMap, body: Bytes) -> Response {
    if !is_authentic(&key, &headers, &body, now()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(question) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let text = question.pointer("/data/text").and_then(Value::as_str).unwrap_or_default();
    Json(answer(&text.to_lowercase())).into_response()
}

/// What this bot knows.
fn answer(text: &str) -> Value {
    if text.contains("refund") {
        return json!({"outcome": "wants_handover"});
    }
    if text.contains("open") {
        let evidence = json!({"sources": 1, "best": 0.9});
        return json!({"outcome": "answered", "reply": "We open at nine.", "evidence": evidence});
    }
    json!({"outcome": "no_answer", "evidence": {"sources": 0, "best": 0.0}})
}

/// Standard Webhooks: HMAC-SHA256 over id, time and body, compared in constant time; while a secret is
/// being exchanged there are two signatures.
fn is_authentic(key: &[u8], headers: &HeaderMap, body: &[u8], now: u64) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let recent = timestamp.parse::<u64>().is_ok_and(|at| at.abs_diff(now) <= REPLAY_WINDOW.as_secs());
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(body);
    recent
        && header("webhook-signature").split(' ').filter_map(|part| part.strip_prefix("v1,")).any(
            |signature| {
                BASE64
                    .decode(signature.as_bytes())
                    .is_ok_and(|bytes| mac.clone().verify_slice(&bytes).is_ok())
            },
        )
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "an example has the machine's clock")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}
