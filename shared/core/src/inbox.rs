//! The business's endpoints at providers.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{AccountId, BotId, InboxId};

/// The business's endpoint at a provider. Its secrets are kept apart, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// Its id: the last part of its webhook address.
    pub id: InboxId,
    /// Whose it is.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Who carries its messages.
    pub provider: Provider,
    /// How they reach the client.
    pub channel: Channel,
    /// Which bot answers in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotId>,
    /// An outbound message of unknown author counts as a human's.
    #[serde(default)]
    pub unknown_sender_is_human: bool,
    /// What the provider needs besides secrets: account numbers, sender addresses...
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, as it stands in stored items and requests.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// Who carries messages.
    Provider {
        /// Our own JSON, signed by Standard Webhooks.
        Generic = "generic",
        /// Twilio Programmable Messaging.
        Twilio = "twilio",
        /// Twilio Conversations.
        TwilioConversations = "twilio_conversations",
        /// WhatsApp Cloud API.
        WhatsApp = "whatsapp",
        /// Facebook Messenger.
        Messenger = "messenger",
        /// Instagram messaging.
        Instagram = "instagram",
        /// HighLevel.
        HighLevel = "highlevel",
        /// Telegram bots.
        Telegram = "telegram",
        /// Slack.
        Slack = "slack",
        /// LINE.
        Line = "line",
        /// Chatwoot.
        Chatwoot = "chatwoot",
        /// Intercom.
        Intercom = "intercom",
        /// Vonage Messages.
        Vonage = "vonage",
        /// Sinch Conversation.
        Sinch = "sinch",
        /// MessageBird (classic).
        MessageBird = "messagebird",
        /// Bird.
        Bird = "bird",
        /// Viber.
        Viber = "viber",
        /// Sunshine Conversations.
        Sunshine = "sunshine",
    }
}

named! {
    /// How messages reach the client.
    Channel {
        /// SMS and MMS.
        Sms = "sms",
        /// WhatsApp.
        WhatsApp = "whatsapp",
        /// Facebook Messenger.
        Messenger = "messenger",
        /// Instagram.
        Instagram = "instagram",
        /// Telegram.
        Telegram = "telegram",
        /// Slack.
        Slack = "slack",
        /// LINE.
        Line = "line",
        /// Viber.
        Viber = "viber",
        /// A chat on a web page.
        Web = "web",
        /// Anything else.
        Other = "other",
    }
}

impl Channel {
    /// How long after the client's last message a free-form reply is possible; `None`: always.
    /// WhatsApp, Messenger and Instagram: 24 hours (Meta's messaging policies).
    pub const fn reply_window(self) -> Option<Duration> {
        match self {
            Self::WhatsApp | Self::Messenger | Self::Instagram => Some(Duration::from_hours(24)),
            Self::Sms | Self::Telegram | Self::Slack | Self::Line | Self::Viber | Self::Web | Self::Other => {
                None
            }
        }
    }
}
