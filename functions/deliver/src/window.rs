//! Reply windows: what may still be said freely, and what takes its place when nothing may.

use handover_core::{CLIENT_TIME_GRAIN, Conversation, Inbox, Purpose, Timestamp};

/// Whether the provider is certain to refuse a free-form text. The client's last time may be known up to
/// an hour too early: within that hour the provider is asked.
pub(crate) fn is_closed(
    inbox: &Inbox,
    conversation: &Conversation,
    purpose: Purpose,
    now: Timestamp,
) -> bool {
    let window = match purpose {
        Purpose::Staff => inbox.human_reply_window(),
        Purpose::Bot | Purpose::Closing => inbox.reply_window(),
    };
    let end = window.zip(conversation.last_client_at).map(|(window, last)| last + window);
    end.is_some_and(|end| now > end + CLIENT_TIME_GRAIN)
}
