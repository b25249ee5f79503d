//! The client, as one person over all inboxes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Assignee, ContactId, ConversationId, InboxId, Timestamp};

/// The client, as one person over all inboxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Contact {
    /// Their id.
    pub id: ContactId,
    /// Counts writes of the stored contact; 0: not stored yet.
    pub version: u64,
    /// Who looks after them; ends only by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// What they are tagged with.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// When they were first seen.
    pub since: Timestamp,
    /// Their conversations with their inboxes, where there is more than one; at most
    /// [`crate::MAX_LINKED`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linked: BTreeMap<ConversationId, InboxId>,
    /// The conversations whose human stretch silences the bot in the others as well.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub holding: BTreeSet<ConversationId>,
}

impl Contact {
    /// A contact that is not stored yet.
    pub fn new(id: ContactId, since: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            assignee: None,
            tags: BTreeSet::new(),
            since,
            linked: BTreeMap::new(),
            holding: BTreeSet::new(),
        }
    }

    /// The contact's conversations, the given one with the rest.
    pub fn conversations(&self, own: &ConversationId, inbox: &InboxId) -> BTreeMap<ConversationId, InboxId> {
        let mut all = self.linked.clone();
        all.insert(own.clone(), inbox.clone());
        all
    }

    /// The conversation that silences the bot in `conversation`, if another one does.
    pub fn holder_for(&self, conversation: &ConversationId) -> Option<&ConversationId> {
        self.holding.iter().find(|holder| *holder != conversation)
    }

    /// Takes a conversation out.
    pub(crate) fn leave(&mut self, conversation: &ConversationId) {
        self.linked.remove(conversation);
        self.holding.remove(conversation);
        let home = |id: &ConversationId| ContactId::of(id) == self.id;
        if self.linked.len() == 1 && self.linked.keys().all(home) {
            self.linked.clear();
        }
    }
}
