//! What providers say about texts of ours: the ledger's business.

use std::{cmp::Reverse, time::Duration};

use handover_core::{
    Conversation, Delivery, DeliveryResult, Envelope, EventId, EventKind, Receipt, ReceiptStatus, Timestamp,
};

use super::Processor;
use crate::{
    Failure,
    store::{LedgerItem, LedgerState},
    telemetry,
};

/// How long a provider may take to answer a text of ours: so much later than in its own books, or less, the
/// text stands in ours.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// Of a conversation's texts the latest that one receipt may be about: who has read a text has read the one
/// before, and mostly that was on record already.
const NOTED_AT_ONCE: usize = 25;

impl Processor {
    /// Notes what a provider says about all texts of ours up to an instant.
    async fn note_all(
        &self,
        conversation: &Conversation,
        status: ReceiptStatus,
        up_to: Timestamp,
    ) -> Result<(), Failure> {
        let (account, id) = (&conversation.account, &conversation.id);
        let is_meant = |entry: &LedgerItem| {
            matches!(entry.state, LedgerState::Sent | LedgerState::Claimed)
                && entry.at <= up_to + ANSWERS_WITHIN
                && entry.receipt.is_none_or(|known| known < status)
        };
        let mut entries = self.store.ledger(account, id).await?;
        entries.retain(is_meant);
        entries.sort_by_key(|entry| Reverse(entry.at));
        entries.truncate(NOTED_AT_ONCE);
        for entry in &entries {
            self.store.note_receipt(account, id, &entry.effect, status).await?;
        }
        telemetry::count("receipt", if entries.is_empty() { "unknown" } else { "noted" });
        Ok(())
    }

    /// Notes what a provider says about a text of ours. One that fails after it was taken has failed as
    /// much as one that was refused: the event that says so to the conversation.
    pub(super) async fn note_receipt(
        &self,
        envelope: &Envelope,
        conversation: &Conversation,
        receipt: &Receipt,
    ) -> Result<Option<Envelope>, Failure> {
        let (account, id) = (&conversation.account, &conversation.id);
        if let Some(up_to) = receipt.up_to {
            self.note_all(conversation, receipt.status, up_to).await?;
            return Ok(None);
        }
        let entry = if let Some(effect) = &receipt.effect {
            self.store.ledger_entry(account, id, effect).await?
        } else {
            let ledger = self.store.ledger(account, id).await?;
            ledger.into_iter().find(|entry| entry.is_called(&receipt.message))
        };
        let Some(entry) = entry else {
            telemetry::count("receipt", "unknown");
            return Ok(None);
        };
        self.store.note_receipt(account, id, &entry.effect, receipt.status).await?;
        telemetry::count("receipt", "noted");
        if receipt.status != ReceiptStatus::Failed {
            return Ok(None);
        }
        let event_id = EventId::of(id, "delivery", &format!("{}-receipt", entry.effect));
        let mut failed = envelope.clone();
        failed.conversation = id.clone();
        failed.identities = Vec::new();
        failed.delivery_id = event_id.as_str().parse().map_err(|_| Failure::quarantine("bad delivery id"))?;
        failed.event.id = event_id;
        let class = receipt.class.clone().unwrap_or_else(|| "rejected".to_owned());
        let result = DeliveryResult::Failed { class, code: receipt.error.clone() };
        failed.event.kind =
            EventKind::Delivery(Delivery { effect: entry.effect, purpose: entry.purpose, result });
        Ok(Some(failed))
    }
}
