//! What there is to know of each provider before the first message: settings, limits, set-up.

use std::time::Duration;

use handover_core::{Channel, Problem, Provider};

use crate::{
    Secrets, Settings, bird, chatwoot, generic, highlevel, intercom, line, messagebird, messenger,
    signature::is_signing_secret, sinch, slack, sunshine, telegram, twilio, twilio_conversations, viber,
    vonage, whatsapp,
};

/// A setting or secret of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in [`Settings`] or [`Secrets`].
    pub name: &'static str,
    /// Whether it is a secret.
    pub secret: bool,
    /// Whether the inbox cannot work without it.
    pub required: bool,
    /// What it is and where to find it, for the settings page.
    pub what: &'static str,
}

impl Field {
    pub(crate) const fn setting(name: &'static str, required: bool, what: &'static str) -> Self {
        Self { name, secret: false, required, what }
    }

    pub(crate) const fn secret(name: &'static str, required: bool, what: &'static str) -> Self {
        Self { name, secret: true, required, what }
    }
}

/// Settings that are `yes` or `no`.
const SWITCHES: [&str; 4] = ["typing", "native_handover", "human_agent", "retries_set_up"];

pub(crate) const TYPING: Field = Field::setting(
    "typing",
    false,
    "no, when clients shall not see that an answer is being written and that their message was read",
);
pub(crate) const NATIVE_HANDOVER: Field = Field::setting(
    "native_handover",
    false,
    "yes, when staff answer in the provider's own app: a handover moves the provider's thread there, and its end moves it back",
);
pub(crate) const RETRIES: Field = Field::setting(
    "retries_set_up",
    false,
    "yes, once the provider is set up to send again what was not answered, or it is accepted that it does not (see the set-up steps)",
);

/// What should be looked at before it hurts, by field: a provider that loses messages unless it is told to
/// send them again, or whatever it is told.
pub fn cautions(provider: Provider, settings: &Settings) -> Vec<Problem> {
    let message = match provider {
        Provider::Twilio => {
            "Twilio sends a message again only when the webhook address ends in #rc=5&rp=all: set it up, with the fallback address, and set this to yes"
        }
        Provider::Line => {
            "LINE sends a message again only when Webhook redelivery is switched on: switch it on and set this to yes"
        }
        Provider::TwilioConversations => {
            "Twilio never sends a Conversations call again: a message that comes during an outage is lost. Set this to yes once that is accepted"
        }
        Provider::Chatwoot => {
            "Chatwoot sends no call again, but opens the conversation for staff when an agent bot's call fails: connect this inbox as an agent bot (no account webhook) and set this to yes"
        }
        Provider::Intercom => {
            "Intercom sends a call again once only, after about a minute: a message that comes during a longer outage is lost. Set this to yes once that is accepted"
        }
        Provider::Generic
        | Provider::WhatsApp
        | Provider::Messenger
        | Provider::Instagram
        | Provider::HighLevel
        | Provider::Telegram
        | Provider::Slack
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber
        | Provider::Sunshine => return Vec::new(),
    };
    if settings.get(RETRIES.name).is_some_and(|set_up| set_up == "yes") {
        return Vec::new();
    }
    vec![Problem { field: RETRIES.name.to_owned(), message: message.to_owned() }]
}

/// One thing to do at the provider's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub what: String,
    /// What to copy there.
    pub value: Option<String>,
}

impl Step {
    pub(crate) fn tell(what: &str) -> Self {
        Self { what: what.to_owned(), value: None }
    }

    pub(crate) fn copy(what: &str, value: &str) -> Self {
        Self { what: what.to_owned(), value: Some(value.to_owned()) }
    }
}

/// The settings and secrets of a provider's inboxes.
pub fn fields(provider: Provider) -> &'static [Field] {
    match provider {
        Provider::Generic => generic::FIELDS,
        Provider::Twilio => twilio::FIELDS,
        Provider::TwilioConversations => twilio::CONVERSATIONS_FIELDS,
        Provider::WhatsApp => whatsapp::FIELDS,
        Provider::Messenger => messenger::FIELDS,
        Provider::Instagram => messenger::INSTAGRAM_FIELDS,
        Provider::HighLevel => highlevel::FIELDS,
        Provider::Telegram => telegram::FIELDS,
        Provider::Slack => slack::FIELDS,
        Provider::Line => line::FIELDS,
        Provider::Chatwoot => chatwoot::FIELDS,
        Provider::Intercom => intercom::FIELDS,
        Provider::Vonage => vonage::FIELDS,
        Provider::Sinch => sinch::FIELDS,
        Provider::MessageBird => messagebird::FIELDS,
        Provider::Bird => bird::FIELDS,
        Provider::Viber => viber::FIELDS,
        Provider::Sunshine => sunshine::FIELDS,
    }
}

/// What is wrong with an inbox's settings and secrets: what is missing, what the provider does not
/// know, and what cannot stand in a request.
pub fn check_fields(provider: Provider, settings: &Settings, secrets: &Secrets) -> Vec<Problem> {
    let known = fields(provider);
    let mut problems = Vec::new();
    let mut add = |field: &str, message: String| problems.push(Problem { field: field.to_owned(), message });
    for field in known.iter().filter(|field| field.required) {
        let given = if field.secret {
            secrets.newest(field.name).is_some()
        } else {
            settings.get(field.name).is_some_and(|value| !value.trim().is_empty())
        };
        if !given {
            add(field.name, format!("is needed: {}", field.what));
        }
    }
    let names =
        settings.keys().map(|name| (name.as_str(), false)).chain(secrets.names().map(|name| (name, true)));
    for (name, secret) in names {
        if !known.iter().any(|field| field.name == name && field.secret == secret) {
            let kind = if secret { "secret" } else { "setting" };
            add(name, format!("is no {kind} of provider {}", provider.name()));
        }
    }
    for (name, value) in settings {
        if value.len() > MAX_VALUE_BYTES || value.chars().any(char::is_control) {
            add(name, format!("must be at most {MAX_VALUE_BYTES} bytes without control characters"));
        } else if name.ends_with("_url") && !value.is_empty() && !is_url(value) {
            add(name, "must be an https address".to_owned());
        } else if SWITCHES.contains(&name.as_str()) && !matches!(value.as_str(), "" | "yes" | "no") {
            add(name, "must be yes or no".to_owned());
        }
    }
    for name in secrets.names() {
        let values = secrets.live(name);
        if values.iter().any(|value| {
            value.len() > MAX_VALUE_BYTES || value.chars().any(|letter| letter.is_control() && letter != '\n')
        }) {
            add(name, format!("must be at most {MAX_VALUE_BYTES} bytes without control characters"));
        }
        if values.len() > Secrets::MAX_LIVE {
            add(name, format!("must have at most {} live values", Secrets::MAX_LIVE));
        }
    }
    if provider == Provider::Twilio
        && let Some((field, message)) = twilio::check_sender(settings)
    {
        add(field, message.to_owned());
    }
    if provider == Provider::Sunshine
        && let Some((field, message)) = sunshine::check_switchboard(settings)
    {
        add(field, message.to_owned());
    }
    let is_short = |secret: &String| !is_signing_secret(secret);
    if provider == Provider::Generic && secrets.live("signing_secret").iter().any(is_short) {
        add("signing_secret", "must be whsec_ and the base64 of at least 24 bytes".to_owned());
    }
    problems
}

/// Longest setting or secret, in bytes.
const MAX_VALUE_BYTES: usize = 4_096;

/// Whether it is an address of the web with a host. Plain http passes here, because local runs need
/// it; the client that opens the connection refuses it elsewhere.
fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("https" | "http")) && url.host().is_some_and(|host| !host.is_empty())
    })
}

/// Largest body that is looked at, in bytes. Meta batches up to 3 MB (Graph API webhooks, "payloads
/// can be up to 3 MB"); our own format is held to 256 KiB; none of the others comes near 1 MiB.
pub const fn body_limit(provider: Provider) -> usize {
    match provider {
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => 3 * 1024 * 1024,
        Provider::Generic => 256 * 1024,
        Provider::Twilio
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
        | Provider::Viber
        | Provider::Sunshine => 1024 * 1024,
    }
}

/// How long the provider waits for an answer to its webhook call: facts that cannot be stored at
/// once are tried again within this time before 503 is answered.
pub const fn answer_within(provider: Provider) -> Duration {
    Duration::from_secs(match provider {
        Provider::Line => 2,
        Provider::Slack => 3,
        Provider::Telegram => 10,
        Provider::Twilio | Provider::Generic => 15,
        Provider::Sunshine => 20,
        Provider::TwilioConversations
        | Provider::WhatsApp
        | Provider::Messenger
        | Provider::Instagram
        | Provider::HighLevel
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber => 5,
    })
}

/// How long to wait for the provider's answer to a request of ours, in all.
pub const fn timeout(provider: Provider) -> Duration {
    Duration::from_secs(match provider {
        // Twilio and Meta answer slowly under load, and a time-out is an ambiguous result.
        Provider::Twilio
        | Provider::TwilioConversations
        | Provider::WhatsApp
        | Provider::Messenger
        | Provider::Instagram => 15,
        Provider::Generic
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
        | Provider::Viber
        | Provider::Sunshine => 10,
    })
}

/// How long after the client's last message a free-form text is possible; `None`: always.
pub fn reply_window(provider: Provider, channel: Channel) -> Option<Duration> {
    provider.reply_window(channel)
}

/// What to do at the provider's console so that its webhooks come to `webhook_url` and come again
/// when they were not answered.
pub fn set_up_steps(provider: Provider, webhook_url: &str) -> Vec<Step> {
    match provider {
        Provider::Generic => generic::steps(webhook_url),
        Provider::Twilio => twilio::steps(webhook_url),
        Provider::TwilioConversations => twilio_conversations::steps(webhook_url),
        Provider::WhatsApp => whatsapp::steps(webhook_url),
        Provider::Messenger | Provider::Instagram => messenger::steps(webhook_url),
        Provider::HighLevel => highlevel::steps(webhook_url),
        Provider::Telegram => telegram::steps(webhook_url),
        Provider::Slack => slack::steps(webhook_url),
        Provider::Line => line::steps(webhook_url),
        Provider::Chatwoot => chatwoot::steps(webhook_url),
        Provider::Intercom => intercom::steps(webhook_url),
        Provider::Vonage => vonage::steps(webhook_url),
        Provider::Sinch => sinch::steps(webhook_url),
        Provider::MessageBird => messagebird::steps(webhook_url),
        Provider::Bird => bird::steps(webhook_url),
        Provider::Viber => viber::steps(webhook_url),
        Provider::Sunshine => sunshine::steps(webhook_url),
    }
}
