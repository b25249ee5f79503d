//! Telling an account's own automations, as Standard Webhooks messages.

use std::time::Duration;

use handover_aws::{
    Failure,
    batch::Received,
    queue::{Announced, Quarantined},
    store::{Announcing, HealthNews, LedgerState, NoteClaim, Recipient},
    telemetry,
};
use handover_core::{Assignee, Bug, Handover, HandoverId, Timestamp, WebhookId, planted};
use serde_json::{Value, json};

use crate::{
    App,
    signed::{self, Posted, Signed},
    staff::{LEFT_AFTER, LOOK_AGAIN},
};

/// The first wait before a message is sent again; it doubles with every try.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// The longest wait: what the queue can delay.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// A message that was tried this often, over some three and a half hours, is put aside. What counts is how often it
/// was sent, not how often it was received: an outage of our own store must not use up an automation's tries.
const TRIES: u32 = 20;
/// The status by which an address says that it is gone for good (standard-webhooks specification).
const GONE: u16 = 410;

impl App {
    /// One message to one automation: at least once, always with the same id, and doubled only by a crash or
    /// an answer that gets lost.
    pub(crate) async fn announce(
        &self,
        announced: &Announced,
        received: &Received,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
        let Some(webhook) = &announced.webhook else { return self.put_on_bus(announced).await };
        let Some(stored) = self.store.webhook(&announced.account, webhook).await? else {
            telemetry::count("announcement", "webhook_gone");
            return Ok(());
        };
        if !stored.webhook.hears(announced.what) {
            telemetry::count("announcement", "switched_off");
            return Ok(());
        }
        let owner = [announced.account.as_str(), webhook.as_str()];
        let secret = self.sealer.open(&stored.sealed, &owner)?;
        let handover =
            self.store.handover(&announced.account, &announced.conversation, announced.epoch).await?;
        self.has_time(signed::PATIENCE, deadline)?;
        let run = self.run();
        let claim = self.claim(&run, Some(LEFT_AFTER));
        let Some(tries) = self.may_announce(announced, &claim).await? else { return Ok(()) };
        let message = Signed {
            url: &stored.webhook.url,
            secret: &secret,
            id: announced.id.as_str(),
            at: self.clock.wall(),
            body: body(announced, handover.as_ref()).to_string(),
        };
        let (why, after) = match signed::post(&self.world, message).await {
            Posted::Taken => {
                telemetry::count("announcement", "sent");
                self.settle_announced(announced, &claim, LedgerState::Sent, tries).await?;
                return self.note_webhook(announced, webhook, HealthNews::Taken).await;
            }
            Posted::Forbidden(_) => ("webhook's address cannot be used", None),
            Posted::Refused(GONE) => ("webhook is gone", None),
            Posted::Refused(_) => ("webhook refuses the message", Some(wait(tries))),
            Posted::Later(after) => {
                let wait = wait(tries);
                ("webhook does not take messages", Some(after.map_or(wait, |after| after.max(wait))))
            }
        };
        // It may be sent again: soon, or when an admin takes it out of quarantine, with all its tries.
        let after = after.filter(|_| tries < TRIES);
        let so_far = after.map_or(0, |_| tries);
        self.settle_announced(announced, &claim, LedgerState::Released, so_far).await?;
        self.note_webhook(announced, webhook, HealthNews::Refused(why)).await?;
        match after {
            Some(after) => Err(Failure::Retry { after: Some(after), reason: why }),
            None => self.give_up(announced, webhook, received, why).await,
        }
    }

    /// Nobody hears of this any more. The admins are told of an address that cannot be reached once, not with
    /// every event, and it is nothing of the client's: their transcript does not speak of it.
    async fn give_up(
        &self,
        announced: &Announced,
        webhook: &WebhookId,
        received: &Received,
        why: &'static str,
    ) -> Result<(), Failure> {
        telemetry::failed("notify", "quarantine", why, received.receives);
        let (account, body) = (announced.account.clone(), received.body.clone());
        let unheard = Quarantined::new(account, "notify", why, body, self.clock.now());
        self.queues.quarantine(&unheard.once_for(&[webhook.as_str(), why])).await
    }

    /// One event to the stack's bus: at least once, with an id by which a second one is told.
    async fn put_on_bus(&self, announced: &Announced) -> Result<(), Failure> {
        let Some(bus) = &self.bus else {
            telemetry::count("announcement", "no_bus");
            return Ok(());
        };
        let handover =
            self.store.handover(&announced.account, &announced.conversation, announced.epoch).await?;
        let mut detail = body(announced, handover.as_ref());
        if let Some(members) = detail.as_object_mut() {
            members.insert("id".to_owned(), json!(announced.id));
        }
        let run = self.run();
        let claim = self.claim(&run, Some(LEFT_AFTER));
        let Some(tries) = self.may_announce(announced, &claim).await? else { return Ok(()) };
        let put = bus.put(announced.what.name(), announced.at, &detail).await;
        let (state, so_far) = match put {
            Ok(()) => (LedgerState::Sent, tries),
            Err(_) if tries < TRIES => (LedgerState::Released, tries),
            Err(_) => (LedgerState::Released, 0),
        };
        self.settle_announced(announced, &claim, state, so_far).await?;
        match put {
            Ok(()) => {
                telemetry::count("announcement", "on_bus");
                Ok(())
            }
            Err(_) if tries >= TRIES => Err(Failure::quarantine("bus does not take events")),
            Err(failure) => Err(Failure::Retry { after: Some(wait(tries)), reason: failure.reason() }),
        }
    }

    /// Claims an announcement and says which try this is, from one; none when it was made before. A command that was
    /// done in place is published again from its queue as a matter of course.
    async fn may_announce(
        &self,
        announced: &Announced,
        claim: &NoteClaim<'_>,
    ) -> Result<Option<u32>, Failure> {
        match self.store.claim_announced(&announced.account, &announced.id, claim).await? {
            Announcing::Ours { tries } => Ok(Some(tries.saturating_add(1))),
            Announcing::Sent if planted(Bug::AnnouncedAgain) => Ok(Some(1)),
            Announcing::Sent => {
                telemetry::count("announcement", "made_before");
                Ok(None)
            }
            Announcing::BeingSent => {
                Err(Failure::Retry { after: Some(LOOK_AGAIN), reason: "another copy is being sent" })
            }
        }
    }

    async fn settle_announced(
        &self,
        announced: &Announced,
        claim: &NoteClaim<'_>,
        state: LedgerState,
        tries: u32,
    ) -> Result<(), Failure> {
        self.store.settle_announced(&announced.account, &announced.id, claim, state, tries).await
    }

    async fn note_webhook(
        &self,
        announced: &Announced,
        webhook: &WebhookId,
        news: HealthNews<'_>,
    ) -> Result<(), Failure> {
        let recipient = Recipient::Webhook(webhook.clone());
        self.store.note_health(&announced.account, &recipient, news, announced.at).await
    }
}

/// 5 s, 10 s, 20 s … 15 min.
fn wait(tries: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LONGEST_WAIT)
}

/// Ids, scenario and instants; no names, numbers or texts of a client.
fn body(announced: &Announced, handover: Option<&Handover>) -> Value {
    let id = HandoverId { conversation: announced.conversation.clone(), epoch: announced.epoch };
    let tag = announced.tag.clone().or_else(|| handover?.tag.clone());
    let task = handover.and_then(|handover| handover.task);
    json!({
        "type": announced.what.name(),
        "timestamp": rfc3339(announced.at),
        "data": {
            "account": announced.account,
            "inbox": announced.inbox,
            "conversation": announced.conversation,
            "contact": announced.contact,
            "handover": handover.map(|_| id.to_string()),
            "scenario": handover.map(|handover| handover.origin.name()),
            "assignee": handover.and_then(|handover| handover.assignee.as_ref()).map(Assignee::label),
            "tag": tag,
            "task_due_at": task.map(|task| rfc3339(task.due_at)),
            "started_at": handover.map(|handover| rfc3339(handover.started_at)),
        },
    })
}

/// An instant as RFC 3339 has it, in UTC.
fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let waits: Vec<u64> = (1..=10).map(|tries| wait(tries).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
        let whole: Duration = (1..TRIES).map(wait).sum();
        assert!(whole > Duration::from_hours(2) && whole < Duration::from_hours(4), "{whole:?}");
    }
}
