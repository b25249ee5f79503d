//! The last check before text leaves: does it still stand?

use serde::{Deserialize, Serialize};

use crate::{Bug, Control, Conversation, Origin, Purpose, Timestamp, planted};

/// Whether a text may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// It may.
    Submit,
    /// It may not, ever.
    Suppress(Suppressed),
}

/// Why a text was not submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Suppressed {
    /// Control has changed since it was decided.
    ControlChanged,
    /// A human has written to the client already.
    HumanWrote,
    /// It is too old.
    Expired,
    /// The client wants no messages.
    OptedOut,
}

/// Whether a text that was decided in `epoch` may leave at `now`, given the conversation as a
/// strong read shows it.
///
/// A bot's reply needs the bot in control in the same epoch; a closing message its own handover,
/// still open and without a human's message in it; a staff member's reply only its ledger entry.
pub fn fence(
    conversation: &Conversation,
    purpose: Purpose,
    epoch: u64,
    expires_at: Timestamp,
    now: Timestamp,
) -> Fence {
    if now > expires_at && !planted(Bug::ExpiryIgnored) {
        return Fence::Suppress(Suppressed::Expired);
    }
    if conversation.opted_out && !planted(Bug::OptOutIgnored) {
        return Fence::Suppress(Suppressed::OptedOut);
    }
    match purpose {
        Purpose::Staff => Fence::Submit,
        Purpose::Bot => match conversation.control {
            Control::Bot if conversation.epoch == epoch || planted(Bug::FenceIgnoresEpoch) => Fence::Submit,
            Control::Human(_) if planted(Bug::FenceIgnoresControl) => Fence::Submit,
            Control::Bot | Control::Human(_) => Fence::Suppress(Suppressed::ControlChanged),
        },
        Purpose::Closing => match &conversation.control {
            Control::Human(human)
                if conversation.epoch == epoch && matches!(human.origin, Origin::Action { .. }) =>
            {
                if human.last_human_at.is_some() && !planted(Bug::ClosingAfterHuman) {
                    Fence::Suppress(Suppressed::HumanWrote)
                } else {
                    Fence::Submit
                }
            }
            Control::Human(_) | Control::Bot => Fence::Suppress(Suppressed::ControlChanged),
        },
    }
}
