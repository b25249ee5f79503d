//! A provider's own notion of who has the thread, moved along with ours.

use handover_core::Provider;
use http::Request;
use serde_json::json;

use crate::{
    Endpoint, Unsendable, chatwoot,
    messenger::{self, PAGE_INBOX},
    outbound::with,
    sunshine,
};

/// Where a thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To the provider's app for staff.
    ToHumans,
    /// Back to us.
    ToUs,
}

/// Moves the thread by the provider's own means: Messenger's and Instagram's conversation routing,
/// Chatwoot's status, Sunshine's switchboard. `None` where the provider has none. `to` is an
/// address as in [`crate::Outgoing`].
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
                    let app = endpoint.setting("staff_app_id").unwrap_or(PAGE_INBOX);
                    ("pass_thread_control", with(body, "target_app_id", app))
                }
                Move::ToUs => ("take_thread_control", body),
            };
            messenger::call(endpoint, edge, &body).map(Some)
        }
        Provider::Chatwoot => {
            let status = match direction {
                Move::ToHumans => "open",
                Move::ToUs => "pending",
            };
            chatwoot::call(endpoint, to, "toggle_status", &json!({ "status": status })).map(Some)
        }
        Provider::Sunshine => {
            let (what, body) = match direction {
                Move::ToHumans => ("passControl", json!({ "switchboardIntegration": "next" })),
                Move::ToUs => ("acceptControl", json!({ "metadata": {} })),
            };
            sunshine::call(endpoint, to, what, &body).map(Some)
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
