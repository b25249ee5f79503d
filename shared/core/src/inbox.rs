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

impl Inbox {
    /// How long after the client's last message a free-form text is possible; `None`: always.
    pub const fn reply_window(&self) -> Option<Duration> {
        self.provider.reply_window(self.channel)
    }

    /// How long after the client's last message a human can still write freely; `None`: always. Seven days
    /// on Messenger and Instagram for an app with the permission Human Agent (Messenger Platform policy);
    /// it covers no text of a bot's, closing messages included.
    pub fn human_reply_window(&self) -> Option<Duration> {
        if matches!(self.provider, Provider::Messenger | Provider::Instagram) && self.is_on("human_agent") {
            return Some(Duration::from_hours(7 * 24));
        }
        self.reply_window()
    }

    /// Whether a handover moves the provider's own thread along: staff answer in the provider's app.
    pub fn moves_threads(&self) -> bool {
        self.provider.has_thread_control() && self.is_on("native_handover")
    }

    /// Whether the client is shown that an answer is being written.
    pub fn shows_typing(&self) -> bool {
        self.provider.shows_typing(self.channel)
            && self.settings.get("typing").is_none_or(|typing| typing != "no")
    }

    fn is_on(&self, setting: &str) -> bool {
        self.settings.get(setting).is_some_and(|value| value == "yes")
    }
}

impl Provider {
    /// How long after the client's last message a free-form text is possible; `None`: always.
    pub const fn reply_window(self, channel: Channel) -> Option<Duration> {
        // These carry one channel, whatever the inbox says.
        if matches!(self, Self::WhatsApp | Self::Messenger | Self::Instagram) {
            Channel::WhatsApp.reply_window()
        } else {
            channel.reply_window()
        }
    }

    /// Whether the provider itself knows who has the thread, and lets us move it: Messenger's and
    /// Instagram's conversation routing, Chatwoot's status, Sunshine's switchboard.
    pub const fn has_thread_control(self) -> bool {
        matches!(self, Self::Messenger | Self::Instagram | Self::Chatwoot | Self::Sunshine)
    }

    /// Whether a client who writes has thereby agreed to be written to again: a message to a Viber bot subscribes
    /// to it, and no other call says so (developers.viber.com, "Subscribed").
    pub const fn writing_subscribes(self) -> bool {
        matches!(self, Self::Viber)
    }

    /// Whether that is shown at a message of the client's, which the request has to name.
    pub const fn typing_names_message(self) -> bool {
        matches!(self, Self::WhatsApp | Self::Twilio)
    }

    /// Whether the provider can show a client on this channel that an answer is being written.
    pub const fn shows_typing(self, channel: Channel) -> bool {
        matches!(
            (self, channel),
            (
                Self::WhatsApp
                    | Self::Messenger
                    | Self::Instagram
                    | Self::Telegram
                    | Self::Line
                    | Self::Chatwoot
                    | Self::Sunshine,
                _
            ) | (Self::Twilio, Channel::WhatsApp)
        )
    }
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
