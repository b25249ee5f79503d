//! Messaging providers, pure in both directions: a webhook call in, a [`Verdict`] and events out; a
//! text in, HTTP requests out; an HTTP answer in, a [`SendResult`] out. No clock, no randomness, no
//! I/O.
//!
//! One module per provider holds its signature, its wire format, its API and its error codes.

mod bird;
mod catalogue;
mod chatwoot;
mod endpoint;
mod form;
mod generic;
mod highlevel;
mod hint;
mod html;
mod inbound;
mod instant;
mod intercom;
mod json;
mod jwt;
mod line;
mod media;
mod messagebird;
mod messenger;
mod meta;
mod outbound;
mod presence;
mod quoted;
mod routing;
mod signature;
mod sinch;
mod slack;
mod split;
mod sunshine;
mod telegram;
mod template;
mod token;
mod twilio;
mod twilio_conversations;
mod viber;
mod vonage;
mod whatsapp;

use handover_core::{Provider, Timestamp};
use http::{HeaderMap, Request, StatusCode};

pub use catalogue::{
    Field, Step, answer_within, body_limit, cautions, check_fields, fields, reply_window, set_up_steps,
    timeout,
};
pub use endpoint::{Endpoint, Secrets, Settings, WebhookRequest};
pub use inbound::{Accepted, Inbound, Malformed, Refusal, Reply, Verdict};
pub use instant::parse as parse_time;
pub use media::{Fetched, NoFile, media_answer, media_request, references};
pub use outbound::{FailureClass, Outgoing, SendResult, Unsendable};
pub use presence::{mark_read, show_typing};
pub use routing::{Move, classify_move, move_thread};
pub use signature::{is_signing_secret, standard_webhooks_signature};
pub use template::{Template, reply_template, send_template};
pub use token::{AccessToken, read_token, token_request};
pub use twilio::twilio_signature;

use crate::{inbound::Batch, json::Json};

/// Judges a webhook call: is it authentic, and what does it say? `now` is the real clock, for
/// replay windows.
pub fn receive(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>, now: Timestamp) -> Verdict {
    match authenticate(endpoint, request, now) {
        Ok(()) => normalise(endpoint, request),
        Err(refusal) => Verdict::Refused(refusal),
    }
}

/// Whether a webhook call comes from the provider: its signature, token or handshake.
///
/// # Errors
/// Why it does not.
pub fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    match endpoint.provider {
        Provider::Generic => generic::authenticate(endpoint, request, now),
        Provider::Twilio | Provider::TwilioConversations => twilio::authenticate(endpoint, request),
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => {
            meta::authenticate(endpoint, request)
        }
        Provider::HighLevel => highlevel::authenticate(endpoint, request, now),
        Provider::Telegram => telegram::authenticate(endpoint, request),
        Provider::Slack => slack::authenticate(endpoint, request, now),
        Provider::Line => line::authenticate(endpoint, request),
        Provider::Chatwoot => chatwoot::authenticate(endpoint, request, now),
        Provider::Intercom => intercom::authenticate(endpoint, request),
        Provider::Vonage => vonage::authenticate(endpoint, request, now),
        Provider::Sinch => sinch::authenticate(endpoint, request, now),
        Provider::MessageBird => messagebird::authenticate(endpoint, request, now),
        Provider::Bird => bird::authenticate(endpoint, request, now),
        Provider::Viber => viber::authenticate(endpoint, request),
        Provider::Sunshine => sunshine::authenticate(endpoint, request),
    }
}

/// The headers that [`normalise`] reads: with method, query and body, all that a call says.
pub const READ_HEADERS: [&str; 2] = ["content-type", "webhook-id"];

/// What a webhook call says, authentic or not: for calls that were found authentic before, and for tools.
/// Routes use [`receive`].
pub fn normalise(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Verdict {
    let mut batch = Batch::default();
    let read = match endpoint.provider {
        Provider::Generic => generic::normalise(endpoint, request, &mut batch),
        Provider::Twilio => twilio::normalise(endpoint, request, &mut batch),
        Provider::TwilioConversations => twilio_conversations::normalise(endpoint, request, &mut batch),
        Provider::WhatsApp => whatsapp::normalise(endpoint, request, &mut batch),
        Provider::Messenger | Provider::Instagram => messenger::normalise(endpoint, request, &mut batch),
        Provider::HighLevel => highlevel::normalise(endpoint, request, &mut batch),
        Provider::Telegram => telegram::normalise(endpoint, request, &mut batch),
        Provider::Slack => slack::normalise(endpoint, request, &mut batch),
        Provider::Line => line::normalise(endpoint, request, &mut batch),
        Provider::Chatwoot => chatwoot::normalise(endpoint, request, &mut batch),
        Provider::Intercom => intercom::normalise(endpoint, request, &mut batch),
        Provider::Vonage => vonage::normalise(endpoint, request, &mut batch),
        Provider::Sinch => sinch::normalise(endpoint, request, &mut batch),
        Provider::MessageBird => messagebird::normalise(endpoint, request, &mut batch),
        Provider::Bird => bird::normalise(endpoint, request, &mut batch),
        Provider::Viber => viber::normalise(endpoint, request, &mut batch),
        Provider::Sunshine => sunshine::normalise(endpoint, request, &mut batch),
    };
    match read {
        Ok(()) => {
            batch.classify_failures(endpoint.provider);
            batch.verdict()
        }
        Err(reason) => Verdict::Malformed(Malformed { reason: reason.to_owned(), reply: batch.reply }),
    }
}

/// The requests that send a text, in order: several when it is longer than the channel's limit.
///
/// # Errors
/// Why there are none. Nothing was sent.
pub fn send_text(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let parts = parts(endpoint.provider, outgoing.to, outgoing.text);
    if parts.is_empty() {
        return Err(Unsendable::EmptyText);
    }
    if outgoing.to.is_empty() {
        return Err(Unsendable::BadAddress);
    }
    match endpoint.provider {
        Provider::Generic => generic::send(endpoint, outgoing, &parts),
        Provider::Twilio => twilio::send(endpoint, outgoing, &parts),
        Provider::TwilioConversations => twilio_conversations::send(endpoint, outgoing, &parts),
        Provider::WhatsApp => whatsapp::send(endpoint, outgoing, &parts),
        Provider::Messenger | Provider::Instagram => messenger::send(endpoint, outgoing, &parts),
        Provider::HighLevel => highlevel::send(endpoint, outgoing, &parts),
        Provider::Telegram => telegram::send(endpoint, outgoing, &parts),
        Provider::Slack => slack::send(endpoint, outgoing, &parts),
        Provider::Line => line::send(endpoint, outgoing, &parts),
        Provider::Chatwoot => chatwoot::send(endpoint, outgoing, &parts),
        Provider::Intercom => intercom::send(endpoint, outgoing, &parts),
        Provider::Vonage => vonage::send(endpoint, outgoing, &parts),
        Provider::Sinch => sinch::send(endpoint, outgoing, &parts),
        Provider::MessageBird => messagebird::send(endpoint, outgoing, &parts),
        Provider::Bird => bird::send(endpoint, outgoing, &parts),
        Provider::Viber => viber::send(endpoint, outgoing, &parts),
        Provider::Sunshine => sunshine::send(endpoint, outgoing, &parts),
    }
}

/// The messages that a text to an address becomes at a provider: more than one where it is too long for one.
pub fn parts<'a>(provider: Provider, to: &str, text: &'a str) -> Vec<&'a str> {
    let limit = match provider {
        Provider::Generic => generic::LIMIT,
        Provider::Twilio | Provider::TwilioConversations => twilio::LIMIT,
        Provider::WhatsApp => whatsapp::LIMIT,
        Provider::Messenger => messenger::LIMIT,
        Provider::Instagram => messenger::INSTAGRAM_LIMIT,
        Provider::HighLevel => highlevel::limit(to),
        Provider::Telegram => telegram::LIMIT,
        Provider::Slack => slack::LIMIT,
        Provider::Line => line::LIMIT,
        Provider::Chatwoot => chatwoot::LIMIT,
        Provider::Intercom => intercom::LIMIT,
        Provider::Vonage => vonage::limit(to),
        Provider::Sinch => sinch::limit(to),
        Provider::MessageBird => messagebird::LIMIT,
        Provider::Bird => bird::LIMIT,
        Provider::Viber => viber::LIMIT,
        Provider::Sunshine => sunshine::LIMIT,
    };
    split::split(text, limit)
}

/// What the provider's answer to a text means.
pub fn classify(provider: Provider, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SendResult {
    let text = String::from_utf8_lossy(body);
    let body = Json::parse(&text).unwrap_or(Json::Null);
    let status = status.as_u16();
    let result = match provider {
        Provider::Generic => generic::classify(status, headers, &body, &text),
        Provider::Twilio => twilio::classify(status, headers, &body),
        Provider::TwilioConversations => twilio_conversations::classify(status, headers, &body),
        Provider::WhatsApp => whatsapp::classify(status, headers, &body),
        Provider::Messenger | Provider::Instagram => messenger::classify(status, headers, &body),
        Provider::HighLevel => highlevel::classify(status, headers, &body),
        Provider::Telegram => telegram::classify(status, headers, &body),
        Provider::Slack => slack::classify(status, headers, &body),
        Provider::Line => line::classify(status, headers, &body),
        Provider::Chatwoot => chatwoot::classify(status, headers, &body),
        Provider::Intercom => intercom::classify(status, headers, &body),
        Provider::Vonage => vonage::classify(status, headers, &body),
        Provider::Sinch => sinch::classify(status, headers, &body),
        Provider::MessageBird => messagebird::classify(status, headers, &body),
        Provider::Bird => bird::classify(status, headers, &body),
        Provider::Viber => viber::classify(status, headers, &body),
        Provider::Sunshine => sunshine::classify(status, headers, &body),
    };
    if result == (SendResult::Retry { after: None }) {
        return SendResult::Retry { after: hint::wait(provider, headers) };
    }
    result
}

/// The class of a provider's error code, as it stands in the receipt of a message that failed after
/// it had been taken.
pub fn failure_class(provider: Provider, code: &str) -> Option<FailureClass> {
    match provider {
        Provider::Generic => generic::class(code),
        Provider::Twilio | Provider::TwilioConversations => twilio::class(code),
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => meta::class(code),
        Provider::Slack => slack::class(code),
        Provider::Vonage => vonage::class(code),
        Provider::Sinch => sinch::class(code),
        Provider::MessageBird => messagebird::class(code),
        Provider::Viber => viber::class(code),
        Provider::Sunshine => sunshine::class(code),
        Provider::Telegram
        | Provider::HighLevel
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Bird => None,
    }
}
