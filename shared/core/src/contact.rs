//! The client, as one person over all inboxes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Assignee, ContactId, Timestamp};

/// The client, as one person over all inboxes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl Contact {
    /// A contact that is not stored yet.
    pub fn new(id: ContactId, since: Timestamp) -> Self {
        Self { id, version: 0, assignee: None, tags: BTreeSet::new(), since }
    }
}
