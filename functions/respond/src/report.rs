//! What became of a question, as an event of its conversation.

use handover_aws::{
    Failure,
    queue::{self, Turn},
    telemetry,
};
use handover_core::{
    DeliveryId, Envelope, Event, EventId, EventKind, Outcome, OutcomeResult, ReplySignals, lower_base32,
};
use handover_detect::reply_signals;
use sha2::{Digest, Sha256};

use crate::{
    Inner,
    connector::{Answer, Trouble},
};

impl Inner {
    /// Puts the outcome on the conversation's queue. A question always has the same event, whatever the
    /// bot says when it is asked twice; whichever answer is decided first stands.
    pub(crate) async fn report(&self, turn: &Turn, answered: Result<Answer, Trouble>) -> Result<(), Failure> {
        let outcome = outcome(turn, answered);
        telemetry::count("turn", name(&outcome.result));
        let id = EventId::of(&turn.conversation, "outcome", turn.turn.as_str());
        // Which answer it is: another answer to the same question is a duplicate, and never republished
        // in the place of the one that was decided.
        let said = lower_base32(&Sha256::digest(queue::encode(&outcome)?));
        let delivery = EventId::of(&turn.conversation, id.as_str(), &said);
        let delivery_id: DeliveryId =
            delivery.as_str().parse().map_err(|_| Failure::quarantine("bad delivery id"))?;
        let kind = EventKind::Outcome(outcome);
        let event = Event { id, sent_at: None, received_at: self.clock.now(), kind };
        self.queues
            .events(&[Envelope {
                account: turn.account.clone(),
                inbox: turn.inbox.clone(),
                conversation: turn.conversation.clone(),
                identities: Vec::new(),
                person: None,
                address: None,
                delivery_id,
                waited: false,
                event,
            }])
            .await
    }
}

fn outcome(turn: &Turn, answered: Result<Answer, Trouble>) -> Outcome {
    let (result, reply, retrieval) = match answered {
        Ok(Answer { result, reply, retrieval }) => (result, reply, retrieval),
        Err(trouble) => (OutcomeResult::Failed { reason: trouble.reason.to_owned() }, None, None),
    };
    let reply_signals = reply.as_deref().map_or_else(ReplySignals::default, reply_signals);
    Outcome {
        turn: turn.turn.clone(),
        epoch: turn.epoch,
        trigger: turn.trigger.clone(),
        result,
        reply,
        retrieval,
        reply_signals,
        fingerprint: turn.fingerprint.clone(),
    }
}

/// The result's name, for counters; a failure's is its reason.
fn name(result: &OutcomeResult) -> &str {
    match result {
        OutcomeResult::Answered => "answered",
        OutcomeResult::NoAnswer => "no_answer",
        OutcomeResult::WantsHandover => "wants_handover",
        OutcomeResult::Failed { reason } => reason,
    }
}
