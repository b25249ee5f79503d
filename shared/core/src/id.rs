//! Names of things. Random ids are made at the edge; derived ones come from what they name.

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, Specification};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An id that is empty, longer than 64 bytes, or holds something besides `A-Z a-z 0-9 _ -`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an id has 1 to 64 characters out of A-Z, a-z, 0-9, _ and -")
    }
}

impl std::error::Error for InvalidId {}

/// What an id may look like, as a regular expression.
pub const ID_PATTERN: &str = "^[A-Za-z0-9_-]{1,64}$";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text))
                } else {
                    Err(InvalidId)
                }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": ID_PATTERN})
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    AccountId,
    /// A handover action within its bot.
    ActionId,
    /// An API key.
    ApiKeyId,
    /// A bot within its account.
    BotId,
    /// A client, as one person over all inboxes.
    ContactId,
    /// One contact in one inbox.
    ConversationId,
    /// What one enqueue of an event carries, to tell our redelivery from a provider's duplicate.
    DeliveryId,
    /// Something to do to the world.
    EffectId,
    /// A fact that reached us.
    EventId,
    /// The business's endpoint at a provider.
    InboxId,
    /// A question and answer entry within its bot.
    FaqId,
    /// A human who answers.
    StaffId,
    /// A group of staff members.
    TeamId,
    /// One question to the bot.
    TurnId,
    /// An address at which an account's own automations listen.
    WebhookId,
}

/// 130 bits of SHA-256 over the length-prefixed parts, in lower-case base32: 26 characters.
fn derive(kind: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(&kind).chain(parts) {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = BASE32_NOPAD.encode(&hash.finalize());
    text.truncate(26);
    text.make_ascii_lowercase();
    text
}

impl ConversationId {
    /// The conversation of a client's identity at an inbox.
    pub fn derive(account: &AccountId, inbox: &InboxId, identity: &str) -> Self {
        Self(derive("conversation", &[account.as_str(), inbox.as_str(), identity]))
    }
}

impl ContactId {
    /// The contact that a conversation starts with; conversations may be linked to another later.
    pub fn of(conversation: &ConversationId) -> Self {
        Self(conversation.0.clone())
    }

    /// The contact that a provider or the business itself calls `person`, whatever the inbox.
    pub fn named(account: &AccountId, person: &str) -> Self {
        Self(derive("contact", &[account.as_str(), person]))
    }
}

impl EventId {
    /// The event that a provider calls `provider_id`; `discriminator` tells edits, receipts and
    /// the like of one message apart.
    pub fn derive(inbox: &InboxId, kind: &str, provider_id: &str, discriminator: &str) -> Self {
        Self(derive("event", &[inbox.as_str(), kind, provider_id, discriminator]))
    }

    /// An event of our own about a conversation: a timer, a delivery result, a bot's outcome.
    pub fn of(conversation: &ConversationId, kind: &str, discriminator: &str) -> Self {
        Self(derive("own", &[conversation.as_str(), kind, discriminator]))
    }
}

impl EffectId {
    /// The effect of a kind that a cause has on a conversation.
    pub fn derive(conversation: &ConversationId, kind: &str, cause: &str) -> Self {
        Self(derive("effect", &[conversation.as_str(), kind, cause]))
    }

    /// What an account's admins are told about something at most once on a day (days since the
    /// Unix epoch), whichever conversation it was noticed in.
    pub fn daily(account: &AccountId, kind: &str, day: i64) -> Self {
        Self(derive("daily", &[account.as_str(), kind, &day.to_string()]))
    }

    /// One staff member's copy, on one channel, of what `self` tells several.
    #[must_use]
    pub fn copy_for(&self, staff: &StaffId, channel: &str) -> Self {
        Self(derive("copy", &[&self.0, staff.as_str(), channel]))
    }

    /// Another thing that the same people are told because of the same thing.
    #[must_use]
    pub fn also(&self, kind: &str) -> Self {
        Self(derive("also", &[&self.0, kind]))
    }

    /// One webhook's copy of what `self` announces to several.
    #[must_use]
    pub fn copy_at(&self, webhook: &WebhookId) -> Self {
        Self(derive("announcement", &[&self.0, webhook.as_str()]))
    }
}

impl FaqId {
    /// The entry that a question has when nobody gives it another id: importing it again finds it.
    pub fn of(bot: &BotId, question: &str) -> Self {
        Self(derive("faq", &[bot.as_str(), question.trim()]))
    }
}

impl TurnId {
    /// The turn that an event starts in an epoch.
    pub fn derive(conversation: &ConversationId, epoch: u64, trigger: &EventId) -> Self {
        Self(derive("turn", &[conversation.as_str(), &epoch.to_string(), trigger.as_str()]))
    }
}

macro_rules! random_ids {
    ($($name:ident $prefix:literal),* $(,)?) => {$(
        impl $name {
            /// A new id from 16 random bytes.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(format!(concat!($prefix, "_{}"), lower_base32(&bytes)))
            }
        }
    )*};
}

random_ids! {
    AccountId "acc",
    ActionId "act",
    ApiKeyId "key",
    BotId "bot",
    DeliveryId "dlv",
    FaqId "faq",
    StaffId "stf",
    TeamId "tea",
    WebhookId "whk",
}

/// Unpadded lower-case base32 (RFC 4648 alphabet).
pub fn lower_base32(bytes: &[u8]) -> String {
    let mut text = BASE32_NOPAD.encode(bytes);
    text.make_ascii_lowercase();
    text
}

/// Reads what [`lower_base32`] writes; `None` when it is something else.
pub fn from_lower_base32(text: &str) -> Option<Vec<u8>> {
    let mut specification = Specification::new();
    specification.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    specification.encoding().ok()?.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(derive("a", &["bc", "d"]), derive("a", &["b", "cd"]));
    }

    #[test]
    fn base32_comes_back() {
        let bytes: Vec<u8> = (0..26).collect();
        assert_eq!(from_lower_base32(&lower_base32(&bytes)), Some(bytes));
        assert_eq!(from_lower_base32("not base 32!"), None);
    }

    #[test]
    fn ids_refuse_what_could_break_a_key() {
        for bad in ["", "a#b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(bad.parse::<AccountId>(), Err(InvalidId));
        }
    }
}
