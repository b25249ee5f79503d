//! What leaves the system, judged by where everything stood before.

use std::collections::BTreeMap;

use handover_aws::{store::LedgerItem, text_hash};
use handover_cloud::RecordedRequest;
use handover_core::{Control, Conversation, ConversationId, Purpose, Timestamp};

use super::{
    plan::{BY_CHAT, BY_TWILIO},
    run::{CLIENTS, PHONE, Run, Submitted, VISITOR},
};

/// Where everything stood before a round.
pub(crate) struct Watch {
    /// Something may leave in it that has to be judged, or the story is told.
    may_leave: bool,
    states: BTreeMap<u8, Conversation>,
    sequence: u64,
}

impl Run<'_> {
    /// Where everything stands before something happens that texts may leave in.
    pub(crate) async fn watch(&self) -> Watch {
        let cloud = self.world.local.cloud();
        let waits =
            |queue: &str| cloud.sqs().depths(&self.world.queue(queue)).expect("the queue exists").total() > 0;
        // Of several at once, one may publish a text and another one send it.
        let may_leave = self.plan.conditions.together > 1
            || self.is_told()
            || waits("OutboundQueue.fifo")
            || waits("TurnsQueue");
        let states = if may_leave { self.states().await } else { BTreeMap::new() };
        Watch { may_leave, states, sequence: cloud.recorder().last_sequence() }
    }

    /// Where the clients' conversations stand; read once until a function writes again.
    pub(crate) async fn states(&self) -> BTreeMap<u8, Conversation> {
        let writes = self.striker.writes();
        if let Some((seen_at, states)) = self.seen.take()
            && seen_at == writes
        {
            self.seen.set(Some((seen_at, states.clone())));
            return states;
        }
        let mut states = BTreeMap::new();
        for client in CLIENTS {
            for id in self.names(client) {
                let state = self.world.local.admin_store().state(self.account(), &id).await;
                if let Some(state) = state.expect("the table works") {
                    states.insert(client, state);
                }
            }
        }
        self.seen.set(Some((writes, states.clone())));
        states
    }

    /// The conversations that a client's identities may lead to.
    pub(crate) fn names(&self, client: u8) -> Vec<ConversationId> {
        if client == BY_TWILIO {
            return vec![self.world.conversation(self.world.twilio(), PHONE)];
        }
        let inbox = &self.world.sample.clinic.generic;
        VISITOR.iter().map(|name| self.world.conversation(inbox, name)).collect()
    }

    /// Two: what left in a round must have stood when the round began, or have been decided in it.
    pub(crate) async fn judge(&mut self, watch: Watch) {
        let Watch { may_leave, states: before, sequence } = watch;
        if !may_leave {
            return;
        }
        self.tell_round(&before).await;
        let requests = self.world.local.cloud().recorder().requests_after(sequence);
        let mut after = None;
        for request in requests {
            self.judge_question(&request, &before);
            let Some((client, effect, body)) = submission(&request) else { continue };
            if after.is_none() {
                after = Some(self.states().await);
            }
            let now = after.as_ref().and_then(|after| after.get(&client));
            let Some(now) = now else {
                self.broken(format!("client {client}: a text left for a conversation that is not there"));
                continue;
            };
            let ledger = self.world.local.admin_store().ledger(self.account(), &now.id).await;
            let hash = text_hash(&now.id, &body);
            let of_it = ledger.expect("the table works").into_iter().filter(|entry| match &effect {
                Some(effect) => entry.effect.as_str() == effect,
                None => entry.text_hash == hash,
            });
            // The same words may have left before.
            let entry = of_it.max_by_key(|entry| (entry.at, entry.epoch));
            let opted_out = before.get(&client).is_some_and(|state| state.opted_out) && now.opted_out;
            if opted_out {
                self.broken(format!("client {client}: {body:?} left though the client wants nothing"));
            }
            let judged =
                entry.as_ref().zip(before.get(&client)).and_then(|(entry, state)| stale(entry, state));
            if let Some(why) = judged {
                self.broken(format!("client {client}: {body:?} left though {why}"));
            }
            let (sequence, at) = (request.sequence, Timestamp::from_ms(request.at_ms));
            self.done.submitted.push(Submitted { client, sequence, at, effect, body, entry });
        }
    }

    /// Two: the bot is not asked what it may not answer.
    fn judge_question(&mut self, request: &RecordedRequest, before: &BTreeMap<u8, Conversation>) {
        let Some(question) = self.heard.questions().get(&request.sequence).cloned() else { return };
        if !question.authentic {
            self.broken("the bot was asked by a request that is not what it should be".to_owned());
        }
        let state = before.values().find(|state| state.id.as_str() == question.conversation);
        let Some(state) = state else { return };
        let (asked, now) = (question.epoch, state.epoch);
        if asked < now || (asked == now && state.human().is_some()) {
            self.broken(format!("the bot was asked in epoch {asked}, and it was {now} and not its turn"));
        }
        self.done.turns.insert(question.turn, question.epoch);
    }
}

/// What of a text's reasons had gone before the round in which it left.
fn stale(entry: &LedgerItem, before: &Conversation) -> Option<String> {
    let epoch = entry.epoch;
    match (entry.purpose, &before.control) {
        (Purpose::Staff, _) => None,
        _ if before.epoch > epoch => Some(format!("epoch {} had begun, and it is of {epoch}", before.epoch)),
        (Purpose::Bot, Control::Human(_)) if before.epoch == epoch => Some("humans had control".to_owned()),
        (Purpose::Closing, Control::Human(human))
            if before.epoch == epoch && human.last_human_at.is_some() =>
        {
            Some("a human had written".to_owned())
        }
        (Purpose::Bot | Purpose::Closing, Control::Bot | Control::Human(_)) => None,
    }
}

/// To whom a text went, the effect where the provider is told, and the words.
pub(crate) fn submission(request: &RecordedRequest) -> Option<(u8, Option<String>, String)> {
    if request.url.starts_with("https://api.twilio.com/") {
        let mut form = form_urlencoded::parse(request.body.as_bytes());
        let body = form.find(|(key, _)| key == "Body").map(|(_, value)| value.into_owned())?;
        return Some((BY_TWILIO, None, body));
    }
    if !request.url.starts_with("https://bot.example/") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(&request.body).ok()?;
    let field = |name: &str| body.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    Some((BY_CHAT, field("id"), field("text")?))
}
