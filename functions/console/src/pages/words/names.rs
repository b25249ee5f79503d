//! What the names in the API are called on the pages.

use handover_aws::Scope;
use handover_core::{Channel, Guard, Provider, Role, Verdict};

use crate::tryout::Why;

/// What was done, by the word in the address that one comes back to.
pub(in crate::pages) fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "saved" => "Saved.",
        "added" => "Added.",
        "removed" => "Removed.",
        "imported" => "Imported.",
        "on" => "Switched on.",
        "off" => "Switched off.",
        "claim" => "This conversation is yours now.",
        "assign" => "Assigned.",
        "reply" => "Sent.",
        "hand-back" => "The bot has the conversation again.",
        "resolve" => "Resolved. The bot has the conversation again.",
        "pause" => "The bot is paused.",
        "tag" => "Tags changed.",
        "task" => "The task is done.",
        "erase" => "The client is being erased. It takes a few minutes.",
        "ended" => "The key is ended.",
        "redriven" => "It is on its way again.",
        "gone" => "It is gone.",
        "pending" => super::PENDING,
        _ => return None,
    })
}

/// Why people have a conversation.
pub(in crate::pages) fn reason(name: &str) -> &'static str {
    match name {
        "human_requested" => "The client asked for a person",
        "lack_of_knowledge" => "The bot did not know",
        "repeated_failure" => "The bot failed repeatedly",
        "custom" => "A scenario of your own",
        "takeover" => "Somebody stepped in",
        "pause" => "Somebody paused the bot",
        "elsewhere" => "Another conversation of this client is with people",
        _ => "",
    }
}

/// The same where there is little room.
pub(in crate::pages) fn reason_short(name: &str) -> &'static str {
    match name {
        "human_requested" => "Asked",
        "lack_of_knowledge" => "Not known",
        "repeated_failure" => "Failed",
        "custom" => "Custom",
        "takeover" => "Stepped in",
        "pause" => "Paused",
        _ => "",
    }
}

pub(in crate::pages) const fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Admin => "Admin",
        Role::Staff => "Staff",
    }
}

pub(in crate::pages) const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "Look",
        Scope::Write => "Look, and give commands",
        Scope::Admin => "Everything",
    }
}

pub(in crate::pages) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "SMS",
        Channel::WhatsApp => "WhatsApp",
        Channel::Messenger => "Messenger",
        Channel::Instagram => "Instagram",
        Channel::Telegram => "Telegram",
        Channel::Slack => "Slack",
        Channel::Line => "LINE",
        Channel::Viber => "Viber",
        Channel::Web => "Web chat",
        Channel::Other => "Other",
    }
}

pub(in crate::pages) const fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::Generic => "Your own system (JSON)",
        Provider::Twilio => "Twilio Messaging",
        Provider::TwilioConversations => "Twilio Conversations",
        Provider::WhatsApp => "WhatsApp Cloud API",
        Provider::Messenger => "Facebook Messenger",
        Provider::Instagram => "Instagram",
        Provider::HighLevel => "HighLevel",
        Provider::Telegram => "Telegram",
        Provider::Slack => "Slack",
        Provider::Line => "LINE",
        Provider::Chatwoot => "Chatwoot",
        Provider::Intercom => "Intercom",
        Provider::Vonage => "Vonage",
        Provider::Sinch => "Sinch",
        Provider::MessageBird => "MessageBird",
        Provider::Bird => "Bird",
        Provider::Viber => "Viber",
        Provider::Sunshine => "Sunshine Conversations",
    }
}

/// What came in that has no words.
pub(in crate::pages) fn content(kind: &str) -> &'static str {
    match kind {
        "image" => "Picture",
        "audio" => "Voice message",
        "video" => "Video",
        "document" => "Document",
        "sticker" => "Sticker",
        "location" => "Location",
        "contact" => "Contact card",
        _ => "Something that cannot be shown",
    }
}

pub(in crate::pages) const fn guard(guard: Guard) -> &'static str {
    match guard {
        Guard::Negation => "the client says not to",
        Guard::AboutTheBot => "it asks what the bot is",
        Guard::ThirdParty => "it is about somebody else",
        Guard::PastEvent => "it is about something past",
        Guard::Conditional => "it only imagines it",
    }
}

pub(in crate::pages) const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::HandedOver => "Handed over to people",
        Verdict::LabsOff => "No handover: switched off for the account",
        Verdict::HandoverOff => "No handover: switched off for the bot",
        Verdict::NoEnabledAction => "No handover: no scenario is switched on for this",
        Verdict::CoolingDown => "No handover: the same scenario fired a moment ago",
        Verdict::NoBot => "No bot answers here",
        Verdict::Turn => "The bot answers",
        Verdict::Folded => "Answered together with the next message",
        Verdict::ExternalBot => "The bot elsewhere answers",
        Verdict::MessageCap => "The bot has said enough for today",
        Verdict::Unreadable => "Nothing in it that a bot can read",
        Verdict::Paused => "Waits for a person",
        Verdict::AskedAgain => "Asked for a person again",
        Verdict::TooOld => "Came too late to act on",
        Verdict::BeforeHandBack => "Crossed with the hand-back",
        Verdict::OptedOut => "The client wants no messages",
        Verdict::Noted => "Noted",
        Verdict::BotReplied => "The bot answered",
        Verdict::NoAnswer => "The bot had no answer",
        Verdict::StaleOutcome => "The bot's answer came too late",
        Verdict::TakenOver => "Somebody stepped in",
        Verdict::StaffReplied => "Answered by a person",
        Verdict::Claimed => "Claimed the conversation",
        Verdict::Assigned => "Assigned the conversation",
        Verdict::HandedBack => "Handed back to the bot",
        Verdict::Resolved => "Resolved",
        Verdict::PauseSet => "Paused the bot",
        Verdict::Tagged => "Changed the tags",
        Verdict::TaskDone => "Task done",
        Verdict::PauseEnded => "The pause ended: the bot is back",
        Verdict::PromiseMissed => "Nobody answered in time",
        Verdict::Linked => "Linked to another conversation",
        Verdict::Unlinked => "Unlinked",
        Verdict::Erased => "Erased",
        Verdict::TaskOverdue => "The task is overdue",
        Verdict::WindowClosing => "Soon the channel takes no more answers",
        Verdict::Refused => "Refused",
    }
}

/// Why a handover action would fire, or why not.
pub(in crate::pages) const fn why(why: Why) -> &'static str {
    match why {
        Why::Phrase => "Fires: the message matches a phrase.",
        Why::Meaning => "Fires: the client asks for a person.",
        Why::AnotherFirst => "Would fit, but another scenario comes first.",
        Why::SwitchedOff => "Would fit, but is switched off.",
        Why::HandoverOff => "Would fit, but human handover is switched off.",
        Why::Guarded => "Does not fire: the words are there, but it is no request.",
        Why::TooLow => "Does not fire: too unsure, and no phrase matches.",
        Why::NoPhrase => "Does not fire: no phrase matches.",
        Why::OnTheAnswer => "Is judged on the bot's answer, not on the message.",
    }
}

/// Which part of the system put something aside.
pub(in crate::pages) fn source(function: &str) -> &'static str {
    match function {
        "evaluate" => "on its way in",
        "execute" => "when it was decided about",
        "respond" => "when the bot was asked",
        "deliver" => "on its way out",
        "notify" => "when staff were told",
        "resume" => "when a time had come",
        _ => "",
    }
}

/// What was changed, by its kind in the journal.
pub(in crate::pages) fn changed(kind: &str, part: Option<&str>) -> &'static str {
    match (kind, part) {
        ("account", _) => "Account settings",
        ("bot", Some("faq")) => "Knowledge",
        ("bot", Some("secrets")) => "Secrets of a bot",
        ("bot", _) => "Bot",
        ("inbox", _) => "Inbox",
        ("staff", _) => "Staff member",
        ("team", _) => "Team",
        ("api-key", _) => "API key",
        ("webhook", _) => "Webhook",
        ("quarantine", _) => "Quarantine",
        ("contact", _) => "Contact",
        _ => "Setting",
    }
}

/// A setting of a provider, by its name, as people read it.
pub(in crate::pages) fn setting(name: &str) -> String {
    let words = name.split('_').enumerate().map(|(index, word)| match word {
        "sid" | "url" | "id" | "api" | "jwt" | "ip" | "hmac" => word.to_uppercase(),
        word if index == 0 => {
            let mut chars = word.chars();
            chars
                .next()
                .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
                .unwrap_or_default()
        }
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}
