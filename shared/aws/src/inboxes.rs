//! Inboxes with their secrets opened, kept in memory for a while.

use std::sync::Arc;

use handover_core::{Inbox, InboxId};
use serde::de::DeserializeOwned;

use crate::{ABSENCE_LIVE, Cache, Clock, Failure, InboxKey, SETTINGS_LIVE, Sealer, Store};

/// An inbox with its secrets opened.
#[derive(Clone, Debug)]
pub struct OpenInbox<S> {
    /// The inbox.
    pub inbox: Inbox,
    /// Its secrets.
    pub secrets: S,
}

/// Opens inboxes. An id that was never given out costs nothing to refuse.
#[derive(Debug)]
pub struct Inboxes<S> {
    store: Store,
    key: InboxKey,
    sealer: Sealer,
    clock: Clock,
    known: Cache<InboxId, Option<Arc<OpenInbox<S>>>>,
}

impl<S: DeserializeOwned + Default> Inboxes<S> {
    /// Nothing is believed yet.
    pub fn new(store: Store, key: InboxKey, sealer: Sealer, clock: Clock) -> Self {
        Self { store, key, sealer, clock, known: Cache::default() }
    }

    /// The inbox; `None` when there is none of this id.
    pub async fn open(&self, id: &InboxId) -> Result<Option<Arc<OpenInbox<S>>>, Failure> {
        if !self.key.is_authentic(id) {
            return Ok(None);
        }
        let now = self.clock.monotonic();
        if let Some(known) = self.known.get(id, now) {
            return Ok(known);
        }
        let found = match self.store.inbox(id).await? {
            None => None,
            Some(stored) => {
                let secrets = match &stored.sealed {
                    None => S::default(),
                    Some(sealed) => {
                        let inbox = &stored.inbox;
                        let opened =
                            self.sealer.open(sealed, &[inbox.account.as_str(), inbox.id.as_str()])?;
                        serde_json::from_str(&opened)
                            .map_err(|_| Failure::quarantine("inbox secrets cannot be read"))?
                    }
                };
                Some(Arc::new(OpenInbox { inbox: stored.inbox, secrets }))
            }
        };
        let live = if found.is_some() { SETTINGS_LIVE } else { ABSENCE_LIVE };
        self.known.put(id.clone(), found.clone(), now + live);
        Ok(found)
    }
}
