//! A provider's own notion of who has the thread, moved along with ours.

use handover_core::Provider;
use http::{HeaderMap, Request, StatusCode};
use serde_json::json;

use crate::{
    Endpoint, SendResult, Unsendable, chatwoot, classify, json::Json, messenger, outbound::with, sunshine,
};

/// Where a thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To the provider's app for staff.
    ToHumans,
    /// Back to us.
    ToUs,
    /// Its owner is asked to pass it to us: where it cannot be taken.
    Ask,
}

/// Moves the thread by the provider's own means: Messenger's and Instagram's conversation routing,
/// Chatwoot's status, Sunshine's switchboard. `None` where the provider has none, and no way to ask. `to` is
/// an address as in [`crate::Outgoing`].
///
/// Meta lets an app take a thread under the routing's primary behavior, and request it under its default one
/// (developers.facebook.com/documentation/business-messaging/instagram-messaging/features/conversation-routing/apis).
/// Sunshine's `acceptControl` goes to whoever was offered control, so control is passed both ways
/// (sunshine-conversations-api-spec, SwitchboardActionsApi).
///
/// # Errors
/// Why no request can be made.
pub fn move_thread(
    endpoint: &Endpoint<'_>,
    to: &str,
    direction: Move,
) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    match endpoint.provider {
        Provider::Messenger | Provider::Instagram => {
            let body = json!({ "recipient": { "id": to }, "metadata": "handover" });
            let (edge, body) = match direction {
                Move::ToHumans => {
                    ("pass_thread_control", with(body, "target_app_id", messenger::staff_app(endpoint)))
                }
                Move::ToUs => ("take_thread_control", body),
                Move::Ask => ("request_thread_control", body),
            };
            messenger::call(endpoint, edge, &body).map(Some)
        }
        Provider::Chatwoot => {
            let status = match direction {
                Move::ToHumans => "open",
                Move::ToUs => "pending",
                Move::Ask => return Ok(None),
            };
            chatwoot::call(endpoint, to, "toggle_status", &json!({ "status": status })).map(Some)
        }
        Provider::Sunshine => {
            let target = match direction {
                Move::ToHumans => "next",
                Move::ToUs => endpoint
                    .setting(sunshine::INTEGRATION)
                    .ok_or(Unsendable::MissingSetting(sunshine::INTEGRATION))?,
                Move::Ask => return Ok(None),
            };
            let body = json!({ "switchboardIntegration": target });
            sunshine::call(endpoint, to, "passControl", &body).map(Some)
        }
        Provider::Generic
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::WhatsApp
        | Provider::HighLevel
        | Provider::Telegram
        | Provider::Slack
        | Provider::Line
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber => Ok(None),
    }
}

/// What the provider's answer to such a move means. `Sent` without an id: it was done; `Ambiguous`: nobody can
/// know, and moving it twice is moving it once.
pub fn classify_move(provider: Provider, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SendResult {
    if !status.is_success() {
        return classify(provider, status, headers, body);
    }
    let text = String::from_utf8_lossy(body);
    match Json::parse(&text) {
        Some(answer) if answer.is_object() && !answer.get("error").is_object() => {
            SendResult::Sent { message: String::new() }
        }
        Some(answer) if answer.is_object() => classify(provider, status, headers, body),
        _ => SendResult::Ambiguous,
    }
}
