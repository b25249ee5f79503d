//! A text's way out: check, claim, submit, settle.

use handover_core::{Fence, Timestamp, fence};

use crate::world::{Action, Ledger, Sent, World, purpose};

/// A text that a process is at: the head of its queue. It is claimed, and may go, or not.
///
/// Nobody else sees the ledger or what a provider was told: reading the fence and claiming are one step, and so
/// are submitting and settling, with a death after each half a step of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Claimed(bool);

impl World {
    /// What the sending process may do next.
    pub(crate) fn deliver(&self, actions: &mut Vec<Action>) {
        match self.sending {
            None if self.outbound.is_empty() => return,
            None => actions.push(Action::Claim),
            Some(_) => actions.push(Action::Submit),
        }
        if self.crashes > 0
            && let Some(Claimed(may)) = self.sending
        {
            actions.push(Action::SenderDies { submitted: false });
            actions.extend(may.then_some(Action::SenderDies { submitted: true }));
        }
    }

    /// Reads the fence and claims. Somebody was at it before: what became of it then stands, and it is not
    /// sent again.
    pub(crate) fn claim(&mut self) {
        let Some(text) = self.outbound.first() else { return };
        let expires_at = Timestamp::from_ms(text.expires_at);
        let fenced = fence(&self.conversation, purpose(text.purpose), text.epoch, expires_at, self.now());
        match self.ledger.get(&text.effect).copied() {
            None => {
                self.ledger.insert(text.effect.clone(), Ledger::Claimed);
                self.sending = Some(Claimed(fenced == Fence::Submit));
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

    /// Submits what may go, and settles the claim.
    pub(crate) fn submit(&mut self) {
        let Some(Claimed(may)) = self.sending.take() else { return };
        if may {
            self.go_out();
        }
        let text = self.outbound.remove(0);
        self.ledger.insert(text.effect, if may { Ledger::Sent } else { Ledger::Suppressed });
    }

    pub(crate) fn sender_dies(&mut self, submitted: bool) {
        self.crashes -= 1;
        self.sending = None;
        if submitted {
            self.go_out();
        }
    }

    fn go_out(&mut self) {
        let Some(text) = self.outbound.first() else { return };
        self.sent.push(Sent {
            effect: text.effect.clone(),
            purpose: text.purpose,
            epoch: text.epoch,
            humans_in: self.conversation.human().map(|_| self.conversation.epoch),
        });
    }
}
