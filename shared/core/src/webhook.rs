//! Where an account's own automations listen.

use serde::{Deserialize, Serialize};

use crate::{Announcement, WebhookId};

/// An address that hears what happens in an account. Its secret is kept apart, encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where: an https address.
    pub url: String,
    /// What it hears of.
    pub events: Vec<Announcement>,
}

impl Webhook {
    /// Whether it hears of this.
    pub fn hears(&self, what: Announcement) -> bool {
        self.events.contains(&what)
    }
}
