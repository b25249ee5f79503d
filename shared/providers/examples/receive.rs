//! Verifies and reads a webhook call of 2 KB again and again, to be counted or timed: WhatsApp's, or Twilio's.
//!
//! ```text
//! valgrind --tool=callgrind target/release/examples/receive whatsapp 1000
//! ```
//!
//! What one call costs is the difference between two counts of repetitions.

use std::{hint::black_box, process::ExitCode};

use data_encoding::HEXLOWER;
use handover_core::{InboxId, Provider, Timestamp};
use handover_providers::{Endpoint, Secrets, Settings, Verdict, WebhookRequest, receive, twilio_signature};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method};
use sha2::Sha256;

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let provider = arguments.next().unwrap_or_default();
    let repetitions = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_u32);
    let done = if provider == "twilio" { twilio(repetitions) } else { whatsapp(repetitions) };
    done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

const URL: &str = "https://hooks.example.com/webhooks/inbox";

/// `None` when a call was not accepted with its one event.
fn run(
    provider: Provider,
    (settings, secrets): (&Settings, &Secrets),
    headers: &HeaderMap,
    body: &str,
    repetitions: u32,
) -> Option<()> {
    let inbox: InboxId = "inbox".parse().ok()?;
    let endpoint = Endpoint { provider, inbox: &inbox, public_url: URL, settings, secrets };
    let request = WebhookRequest { method: &Method::POST, raw_query: "", headers, body: body.as_bytes() };
    for _ in 0..repetitions {
        let verdict = receive(black_box(&endpoint), black_box(&request), Timestamp::from_ms(0));
        let Verdict::Accepted(accepted) = black_box(verdict) else { return None };
        (accepted.events.len() == 1).then_some(())?;
    }
    Some(())
}

fn whatsapp(repetitions: u32) -> Option<()> {
    let body = body();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).ok()?;
    mac.update(body.as_bytes());
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-hub-signature-256", HeaderValue::from_str(&signature).ok()?);
    let settings = Settings::from([("phone_number_id".to_owned(), "200000000000002".to_owned())]);
    let secrets: Secrets = [("app_secret", SECRET)].into_iter().collect();
    run(Provider::WhatsApp, (&settings, &secrets), &headers, &body, repetitions)
}

/// All fields that Twilio sends with a WhatsApp message, and words up to 2,048 bytes.
fn twilio(repetitions: u32) -> Option<()> {
    let fields = "SmsMessageSid=SM1111111111111111&NumMedia=0&ProfileName=Ada+Lovelace&MessageType=text&SmsSid=SM1111111111111111&WaId=4915112345678&SmsStatus=received&To=whatsapp%3A%2B15550001111&NumSegments=1&ReferralNumMedia=0&MessageSid=SM1111111111111111&AccountSid=AC1111111111111111&From=whatsapp%3A%2B4915112345678&ApiVersion=2010-04-01&Body=";
    let words = 2_048_usize.saturating_sub(fields.len());
    let body = fields.to_owned() + &"please+help+me+".repeat(words).chars().take(words).collect::<String>();
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    let signature = twilio_signature(SECRET, URL, body.as_bytes());
    headers.insert("x-twilio-signature", HeaderValue::from_str(&signature).ok()?);
    let secrets: Secrets = [("auth_token", SECRET)].into_iter().collect();
    run(Provider::Twilio, (&Settings::new(), &secrets), &headers, &body, repetitions)
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
