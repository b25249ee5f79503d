//! Where an account's own automations listen.

use serde::{Deserialize, Serialize};

use crate::{Announcement, WebhookId};

/// An address that hears what happens in an account. Its secret is kept apart, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where: an https address.
    #[cfg_attr(feature = "schema", schemars(length(max = crate::MAX_URL_CHARS), regex(pattern = r"^https://")))]
    pub url: String,
    /// What it hears of.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub events: Vec<Announcement>,
}

impl Webhook {
    /// Whether it hears of this.
    pub fn hears(&self, what: Announcement) -> bool {
        self.events.contains(&what)
    }
}
