//! What the checks of a bot say on its page.

use handover_core::Permille;

use crate::lint::Missing;

pub(in crate::pages) const CHECK_LABS: &str =
    "Human handover is switched off for this account: no handover starts.";
pub(in crate::pages) const CHECK_BOT: &str =
    "Human handover is switched off for this bot: it hands nothing over.";
pub(in crate::pages) const CHECK_NO_INBOX: &str = "No inbox has this bot: no client reaches it.";
pub(in crate::pages) const CHECK_NO_HUMAN: &str =
    "No scenario \u{201c}Human requested\u{201d} is switched on: a client who asks for a person gets none.";
pub(in crate::pages) const CHECK_ONLY_PAUSES: &str =
    "It only pauses the bot: nobody is assigned, and there is no task, no tag and no message.";
pub(in crate::pages) const CHECK_NOBODY_TOLD: &str = "Nobody is assigned, and there is no admin to be told.";
pub(in crate::pages) const CHECK_ASSIGNEE_GONE: &str =
    "Whom it assigns to has left: conversations will wait until somebody claims them.";
pub(in crate::pages) const CHECK_ASSIGNEE_DEAF: &str =
    "Whom it assigns to has switched off every notification of assigned conversations.";
pub(in crate::pages) const CHECK_LONG_PAUSE: &str =
    "The pause is longer than a channel lets you answer: at its end nobody can.";
pub(in crate::pages) const CHECK_GO: &str = "Go there";
pub(in crate::pages) const CHECK_MORE: &str = "more phrases like these";

/// What a bot's connector needs and has not.
pub(in crate::pages) const fn missing(missing: Missing) -> &'static str {
    match missing {
        Missing::Entries => "The bot knows nothing yet: it answers nothing.",
        Missing::Address => "The bot's address cannot be reached: every question counts as unanswered.",
        Missing::SigningSecret => "The bot has no signing secret: it cannot be asked.",
        Missing::Model => "The bot has no model: every question counts as unanswered.",
        Missing::ApiKey => "The bot has no API key: every question counts as unanswered.",
    }
}

/// A phrase that ordinary messages match.
pub(in crate::pages) fn broad(phrase: &str, share: Permille, example: &str) -> String {
    format!(
        "The phrase \u{201c}{phrase}\u{201d} matches ordinary messages, about {} in 1000, such as \u{201c}{example}\u{201d}.",
        share.get()
    )
}

/// What the provider of an inbox wants set up. Its own words point at the setting as \u{201c}this\u{201d}.
pub(in crate::pages) fn provider_wants(inbox: &str, message: &str, setting: &str) -> String {
    let message = message.replace("set this to yes", &format!("set \u{201c}{setting}\u{201d} to yes"));
    format!("{inbox}: {message}.")
}
