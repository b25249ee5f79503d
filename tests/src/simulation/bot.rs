//! The bot: takes what it is asked off its queue, and puts what it found on the conversation's.

use handover_aws::queue::Turn;
use handover_cloud::sqs::SendRequest;
use handover_core::{
    DeliveryId, Envelope, Event, EventId, EventKind, Outcome, OutcomeResult, ReplySignals, Retrieval,
};

use super::{dice::Dice, run::Run};

impl Run<'_> {
    /// Takes all that the bot is asked.
    pub(crate) fn take_turns(&mut self) {
        let sqs = self.world.local.cloud().sqs().clone();
        let queue = self.world.queue("TurnsQueue");
        loop {
            let batch = sqs.receive(&queue, 10, None).expect("the queue works");
            if batch.is_empty() {
                return;
            }
            for message in batch {
                sqs.delete(&queue, &message.receipt_handle).expect("it was just received");
                match serde_json::from_str::<Turn>(&message.body) {
                    Ok(turn) => {
                        // Asked again is answered again, under the same name.
                        self.done.turns.insert(turn.turn.to_string(), turn.epoch);
                        self.open_turns.push(turn);
                    }
                    Err(error) => self.broken(format!("a turn cannot be read: {error}")),
                }
            }
        }
    }

    /// Answers all that the bot has been asked; now and then twice.
    pub(crate) fn bot_speaks(&mut self, number: u16) {
        let mut dice = Dice::new(self.plan.seed ^ (u64::from(number) << 32));
        for turn in std::mem::take(&mut self.open_turns) {
            let envelope = self.outcome(&turn, &mut dice);
            for copy in 0..if dice.once_in(4) { 2 } else { 1 } {
                let request = SendRequest {
                    body: serde_json::to_string(&envelope).expect("an envelope is JSON"),
                    group_id: Some(envelope.conversation.to_string()),
                    deduplication_id: Some(format!("{}-{copy}", envelope.event.id)),
                    ..Default::default()
                };
                let queue = self.world.queue("ConversationQueue.fifo");
                self.world.local.cloud().sqs().send(&queue, &request).expect("the queue takes it");
            }
        }
    }

    fn outcome(&self, turn: &Turn, dice: &mut Dice) -> Envelope {
        let reply = Some(format!("answer {}", turn.turn));
        let mut outcome = Outcome {
            turn: turn.turn.clone(),
            epoch: turn.epoch,
            trigger: turn.trigger.clone(),
            result: OutcomeResult::Answered,
            reply,
            retrieval: Some(Retrieval { sources: 3, best: handover_core::Permille::new(900) }),
            reply_signals: ReplySignals::default(),
            fingerprint: None,
        };
        match dice.below(10) {
            0 => outcome.result = OutcomeResult::NoAnswer,
            1 => outcome.result = OutcomeResult::Failed { reason: "unreachable".to_owned() },
            2 => outcome.result = OutcomeResult::WantsHandover,
            3 => outcome.reply_signals.non_answer = true,
            4 => outcome.retrieval = Some(Retrieval { sources: 0, best: handover_core::Permille::new(0) }),
            _ => {}
        }
        if !matches!(outcome.result, OutcomeResult::Answered) {
            outcome.reply = None;
        }
        let id = EventId::of(&turn.conversation, "outcome", turn.turn.as_str());
        Envelope {
            account: turn.account.clone(),
            inbox: turn.inbox.clone(),
            conversation: turn.conversation.clone(),
            identities: Vec::new(),
            person: None,
            address: None,
            delivery_id: id.as_str().parse::<DeliveryId>().expect("a derived id is one"),
            waited: false,
            event: Event {
                id,
                sent_at: None,
                received_at: self.world.now(),
                kind: EventKind::Outcome(outcome),
            },
        }
    }
}
