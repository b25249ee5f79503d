//! Verifies and reads a WhatsApp webhook call of 2 KB again and again, to be counted or timed.
//!
//! ```text
//! valgrind --tool=callgrind target/release/examples/receive 1000
//! ```
//!
//! What one call costs is the difference between two counts of repetitions.

use std::{hint::black_box, process::ExitCode};

use data_encoding::HEXLOWER;
use handover_core::{InboxId, Provider, Timestamp};
use handover_providers::{Endpoint, Secrets, Settings, Verdict, WebhookRequest, receive};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method};
use sha2::Sha256;

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn main() -> ExitCode {
    let repetitions = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_u32);
    run(repetitions).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// `None` when a call was not accepted with its one event.
fn run(repetitions: u32) -> Option<()> {
    let body = body();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).ok()?;
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-hub-signature-256", HeaderValue::from_str(&signature).ok()?);
    let inbox: InboxId = "inbox".parse().ok()?;
    let settings = Settings::from([("phone_number_id".to_owned(), "200000000000002".to_owned())]);
    let secrets: Secrets = [("app_secret", SECRET)].into_iter().collect();
    let endpoint = Endpoint {
        provider: Provider::WhatsApp,
        inbox: &inbox,
        public_url: "https://hooks.example.com/webhooks/inbox",
        settings: &settings,
        secrets: &secrets,
    };
    let request =
        WebhookRequest { method: &Method::POST, raw_query: "", headers: &headers, body: body.as_bytes() };
    for _ in 0..repetitions {
        let verdict = receive(black_box(&endpoint), black_box(&request), Timestamp::from_ms(0));
        let Verdict::Accepted(accepted) = black_box(verdict) else { return None };
        (accepted.events.len() == 1).then_some(())?;
    }
    Some(())
}

/// A text message with all that surrounds it, 2,048 bytes.
fn body() -> String {
    let around = |text: &str| {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"100000000000001","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550001111","phone_number_id":"200000000000002"}},"contacts":[{{"profile":{{"name":"J\u00fcrgen"}},"wa_id":"4915112345678","user_id":"DE.1234567890"}}],"messages":[{{"from":"4915112345678","from_user_id":"DE.1234567890","id":"wamid.TEST0001","timestamp":"1767225600","type":"text","text":{{"body":"{text}"}}}}]}},"field":"messages"}}]}}]}}"#
        )
    };
    let words = 2_048_usize.saturating_sub(around("").len());
    around(&"please help me ".repeat(words).chars().take(words).collect::<String>())
}
