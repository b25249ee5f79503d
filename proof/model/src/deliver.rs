//! A text's way out: check, claim, submit, settle.

use handover_core::{Fence, Timestamp, fence};

use crate::world::{Action, Ledger, Outbound, Sent, World, purpose};

/// A text that a process is at: the head of its queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sending {
    /// The fence was read: it may go, or not.
    Checked(bool),
    /// It is claimed by this process.
    Claimed(bool),
    /// It went out.
    Submitted,
}

impl World {
    /// What the sending process may do next.
    pub(crate) fn deliver(&self, actions: &mut Vec<Action>) {
        match &self.sending {
            None if self.outbound.is_empty() => {}
            None => actions.push(Action::Check),
            Some(Sending::Checked(_)) => actions.push(Action::Claim),
            Some(Sending::Claimed(true)) => actions.push(Action::Submit),
            Some(Sending::Claimed(false) | Sending::Submitted) => actions.push(Action::Settle),
        }
        if self.crashes > 0 && self.sending.is_some() {
            actions.push(Action::SenderDies);
        }
    }

    pub(crate) fn check(&mut self) {
        let Some(Outbound { purpose: number, epoch, expires_at, .. }) = self.outbound.first() else { return };
        let expires_at = Timestamp::from_ms(*expires_at);
        let fenced = fence(&self.conversation, purpose(*number), *epoch, expires_at, self.now());
        self.sending = Some(Sending::Checked(fenced == Fence::Submit));
    }

    /// Somebody was at it before: what became of it then stands, and it is not sent again.
    pub(crate) fn claim(&mut self) {
        let (Some(Sending::Checked(may)), Some(text)) = (self.sending.take(), self.outbound.first()) else {
            return;
        };
        match self.ledger.get(&text.effect).copied() {
            None => {
                self.ledger.insert(text.effect.clone(), Ledger::Claimed);
                self.sending = Some(Sending::Claimed(may));
            }
            Some(Ledger::Claimed) => {
                self.ledger.insert(text.effect.clone(), Ledger::Unknown);
                self.outbound.remove(0);
            }
            Some(Ledger::Sent | Ledger::Suppressed | Ledger::Unknown) => {
                self.outbound.remove(0);
            }
        }
    }

    pub(crate) fn submit(&mut self) {
        let Some(text) = self.outbound.first() else { return };
        self.sent.push(Sent {
            effect: text.effect.clone(),
            purpose: text.purpose,
            epoch: text.epoch,
            humans_in: self.conversation.human().map(|_| self.conversation.epoch),
        });
        self.sending = Some(Sending::Submitted);
    }

    pub(crate) fn settle(&mut self) {
        let submitted = self.sending.take() == Some(Sending::Submitted);
        let text = self.outbound.remove(0);
        let state = if submitted { Ledger::Sent } else { Ledger::Suppressed };
        self.ledger.insert(text.effect, state);
    }
}
