//! Small signs of life: "is typing" and "has been read", where a provider has them.

use handover_core::Provider;
use http::Request;
use serde_json::json;

use crate::{
    Endpoint, Unsendable, chatwoot, line, messenger,
    outbound::{post_form, post_json, with},
    sunshine, telegram, twilio, whatsapp,
};

/// Shows the client that an answer is being written. `message` is the provider's id of the client's
/// last message: WhatsApp ties the sign to it (and marks it as read). It goes away by itself within
/// 5 to 25 seconds. `None` where the provider has no such sign.
///
/// # Errors
/// Why no request can be made.
pub fn show_typing(
    endpoint: &Endpoint<'_>,
    to: &str,
    message: &str,
) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    match endpoint.provider {
        Provider::WhatsApp => {
            let body = with(read_by_us(message), "typing_indicator", json!({ "type": "text" }));
            whatsapp::call(endpoint, &body).map(Some)
        }
        Provider::Twilio if to.starts_with("whatsapp:") => {
            let (_, authorization) = twilio::credentials(endpoint)?;
            let url = "https://messaging.twilio.com/v2/Indicators/Typing.json";
            post_form(url, &authorization, &[("messageId", message), ("channel", "whatsapp")]).map(Some)
        }
        Provider::Messenger | Provider::Instagram => sender_action(endpoint, to, "typing_on").map(Some),
        Provider::Telegram => {
            let body = with(telegram::chat(to)?, "action", "typing");
            telegram::call(endpoint, "sendChatAction", &body).map(Some)
        }
        Provider::Line => {
            // Only in chats with one person; at most 60 seconds, in steps of five.
            if !to.starts_with('U') {
                return Ok(None);
            }
            let body = json!({ "chatId": to, "loadingSeconds": 20 });
            let url = "https://api.line.me/v2/bot/chat/loading/start";
            post_json(url, &[("authorization", &line::bearer(endpoint)?)], &body).map(Some)
        }
        Provider::Chatwoot => {
            chatwoot::call(endpoint, to, "toggle_typing_status", &json!({ "typing_status": "on" })).map(Some)
        }
        Provider::Sunshine => activity(endpoint, to, "typing:start").map(Some),
        Provider::Generic
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::HighLevel
        | Provider::Slack
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber => Ok(None),
    }
}

/// Shows the client that what they wrote has been read, up to the given message. `None` where the
/// provider has no such sign.
///
/// # Errors
/// Why no request can be made.
pub fn mark_read(
    endpoint: &Endpoint<'_>,
    to: &str,
    message: &str,
) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    match endpoint.provider {
        Provider::WhatsApp => whatsapp::call(endpoint, &read_by_us(message)).map(Some),
        Provider::Messenger | Provider::Instagram => sender_action(endpoint, to, "mark_seen").map(Some),
        Provider::Sunshine => activity(endpoint, to, "conversation:read").map(Some),
        Provider::Generic
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::HighLevel
        | Provider::Telegram
        | Provider::Slack
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber => Ok(None),
    }
}

fn read_by_us(message: &str) -> serde_json::Value {
    json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message })
}

fn sender_action(endpoint: &Endpoint<'_>, to: &str, action: &str) -> Result<Request<Vec<u8>>, Unsendable> {
    messenger::call(endpoint, "messages", &json!({ "recipient": { "id": to }, "sender_action": action }))
}

fn activity(endpoint: &Endpoint<'_>, to: &str, kind: &str) -> Result<Request<Vec<u8>>, Unsendable> {
    sunshine::call(endpoint, to, "activity", &json!({ "author": { "type": "business" }, "type": kind }))
}
