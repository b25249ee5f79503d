//! What our own code does for one inbound message, stage by stage: for benchmarks and instruction counts.
//! Nothing in it waits, and nothing in it is drawn.

use std::collections::BTreeMap;

use handover_core::{
    Account, Applied, Bot, BotRevision, Channel, Connector, Contact, ContactId, Conversation, ConversationId,
    Decision, DeliveryId, Directory, Envelope, Event, EventKind, Evidence, HandoverAction, Inbox, InboxId,
    Input, Labs, Policy, Provider, Scenario, Sensitivity, Signals, Timestamp, decide,
};
use handover_providers::{Endpoint, Secrets, Verdict, WebhookRequest, authenticate, normalise, receive};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// 2026-11-22T09:00:00Z.
const START_MS: i64 = 1_795_338_000_000;

/// A stage of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The signature over the raw bytes.
    Verify,
    /// From bytes to events.
    Normalise,
    /// What the text alone says.
    Understand,
    /// From an event to a queue message.
    Encode,
    /// And back.
    Decode,
    /// What an ordinary message leads to.
    DecideOrdinary,
    /// What a request for a human leads to.
    DecideHandover,
    /// All of it but the understanding: webhook to queue message, and queue message to decision and record.
    Inbound,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Verify,
        Self::Normalise,
        Self::Understand,
        Self::Encode,
        Self::Decode,
        Self::DecideOrdinary,
        Self::DecideHandover,
        Self::Inbound,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Normalise => "normalise",
            Self::Understand => "understand",
            Self::Encode => "encode",
            Self::Decode => "decode",
            Self::DecideOrdinary => "decide_ordinary",
            Self::DecideHandover => "decide_handover",
            Self::Inbound => "inbound",
        }
    }

    /// The stage of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name() == name)
    }
}

/// A business and a message to it, ready to be worked on.
#[derive(Debug)]
pub struct OwnWork {
    inbox: Inbox,
    secrets: Secrets,
    account: Account,
    directory: Directory,
    bot: BotRevision,
    conversation: Conversation,
    contact: Contact,
    headers: HeaderMap,
    body: Vec<u8>,
    now: Timestamp,
    /// What the text says, as the understanding has it: it travels with the message.
    signals: Signals,
    envelope: Envelope,
    encoded: String,
}

const URL: &str = "https://handover.example/webhooks/inbox";
const TEXT: &str = "Hello, I would like to know whether you are open on Saturday morning?";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

impl OwnWork {
    /// A clinic, and a client's ordinary question by its own chat.
    ///
    /// # Panics
    ///
    /// If what it is made of is not valid any more.
    pub fn new() -> Self {
        let account: handover_core::AccountId = "acc_benchmark".parse().expect("an id");
        let inbox_id: InboxId = "inbox_benchmark".parse().expect("an id");
        let mut bot = Bot::new("bot_benchmark".parse().expect("an id"), "Reception");
        let scenario = Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases: Vec::new() };
        bot.actions = vec![HandoverAction::new("human_requested".parse().expect("an id"), scenario)];
        bot.connector = Connector::Faq;
        let inbox = Inbox {
            id: inbox_id.clone(),
            account: account.clone(),
            name: "Web chat".to_owned(),
            provider: Provider::Generic,
            channel: Channel::Web,
            bot: Some(bot.id.clone()),
            unknown_sender_is_human: false,
            settings: BTreeMap::new(),
        };
        let now = Timestamp::from_ms(START_MS);
        let id = ConversationId::derive(&account, &inbox_id, "client-7");
        let mut conversation = Conversation::new(
            account.clone(),
            id.clone(),
            inbox_id.clone(),
            inbox.channel,
            "client-7".to_owned(),
            now,
        );
        conversation.version = 1;
        conversation.last_client_at = Some(now);
        let event = serde_json::json!({"type": "message", "id": "m-1", "from": "client-7", "text": TEXT});
        let body = event.to_string().into_bytes();
        let signature =
            handover_providers::standard_webhooks_signature(SECRET, "msg_1", now.as_seconds(), &body);
        let signature = signature.expect("the secret is one");
        let headers = [
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", now.as_seconds().to_string()),
            ("webhook-signature", signature),
        ];
        let headers = headers.into_iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(&value).expect("a header"))
        });
        let mut work = Self {
            secrets: [("signing_secret", SECRET)].into_iter().collect(),
            account: Account {
                id: account,
                name: "A clinic".to_owned(),
                labs: Labs { human_handover: true },
                store_text: true,
                retention_days: 365,
                notify_text: false,
                sms_inbox: None,
                event_bus: false,
            },
            directory: Directory::default(),
            bot: BotRevision { revision: 1, bot },
            contact: Contact::new(ContactId::of(&id), now),
            headers: headers.collect(),
            body,
            now,
            signals: handover_detect::signals(TEXT),
            envelope: Envelope {
                account: inbox.account.clone(),
                inbox: inbox_id,
                conversation: id,
                identities: vec!["client-7".to_owned()],
                person: None,
                address: Some("client-7".to_owned()),
                delivery_id: "delivery".parse::<DeliveryId>().expect("an id"),
                waited: false,
                event: Event {
                    id: "event".parse().expect("an id"),
                    sent_at: None,
                    received_at: now,
                    kind: EventKind::System { what: String::new() },
                },
            },
            inbox,
            conversation,
            encoded: String::new(),
        };
        work.envelope = work.envelope_of(work.received());
        work.encoded = serde_json::to_string(&work.envelope).expect("an envelope is JSON");
        work
    }

    /// Does a stage once; the number keeps the compiler from leaving it out.
    pub fn run(&self, stage: Stage) -> usize {
        match stage {
            Stage::Verify => usize::from(authenticate(&self.endpoint(), &self.webhook(), self.now).is_ok()),
            Stage::Normalise => match normalise(&self.endpoint(), &self.webhook()) {
                Verdict::Accepted(accepted) => accepted.events.len(),
                Verdict::Refused(_) | Verdict::Malformed(_) => 0,
            },
            Stage::Understand => handover_detect::signals(TEXT).model.len(),
            Stage::Encode => serde_json::to_string(&self.envelope).map_or(0, |text| text.len()),
            Stage::Decode => {
                serde_json::from_str::<Envelope>(&self.encoded).map_or(0, |read| read.identities.len())
            }
            Stage::DecideOrdinary => {
                self.decide(&self.envelope.event).map_or(0, |applied| applied.effects.len())
            }
            Stage::DecideHandover => {
                let mut event = self.envelope.event.clone();
                if let EventKind::Message(message) = &mut event.kind {
                    message.signals.exact_request = true;
                }
                self.decide(&event).map_or(0, |applied| applied.effects.len())
            }
            Stage::Inbound => self.inbound(),
        }
    }

    fn inbound(&self) -> usize {
        let envelope = self.envelope_of(self.received());
        let Ok(body) = serde_json::to_string(&envelope) else { return 0 };
        let Ok(envelope) = serde_json::from_str::<Envelope>(&body) else { return 0 };
        let Some(applied) = self.decide(&envelope.event) else { return 0 };
        // What the marker keeps of it.
        let record = serde_json::to_string(&applied.record).unwrap_or_default();
        let effects = serde_json::to_string(&applied.effects).unwrap_or_default();
        record.len() + effects.len()
    }

    fn received(&self) -> handover_providers::Accepted {
        match receive(&self.endpoint(), &self.webhook(), self.now) {
            Verdict::Accepted(accepted) => accepted,
            Verdict::Refused(refusal) => panic!("{refusal:?}"),
            Verdict::Malformed(malformed) => panic!("{malformed:?}"),
        }
    }

    fn envelope_of(&self, accepted: handover_providers::Accepted) -> Envelope {
        let inbound = accepted.events.into_iter().next().expect("one event");
        let id = inbound.event_id(&self.inbox.id);
        let strongest = inbound.identities.first().expect("a client");
        let conversation = ConversationId::derive(&self.inbox.account, &self.inbox.id, strongest);
        let mut kind = inbound.kind;
        if let EventKind::Message(message) = &mut kind {
            message.signals = self.signals.clone();
        }
        Envelope {
            conversation,
            identities: inbound.identities,
            address: Some(inbound.address),
            event: Event { id, sent_at: inbound.sent_at, received_at: self.now, kind },
            ..self.envelope.clone()
        }
    }

    fn decide(&self, event: &Event) -> Option<Box<Applied>> {
        let evidence = Evidence::default();
        let input = Input {
            conversation: &self.conversation,
            contact: &self.contact,
            event,
            waited: false,
            evidence: &evidence,
        };
        let policy = Policy {
            account: &self.account,
            directory: &self.directory,
            inbox: &self.inbox,
            bot: Some(&self.bot),
        };
        match decide(&input, &policy, self.now) {
            Decision::Apply(applied) => Some(applied),
            Decision::PutBack(_) | Decision::Ignore(_) => None,
        }
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint {
            provider: self.inbox.provider,
            inbox: &self.inbox.id,
            public_url: URL,
            settings: &self.inbox.settings,
            secrets: &self.secrets,
        }
    }

    fn webhook(&self) -> WebhookRequest<'_> {
        WebhookRequest { method: &Method::POST, raw_query: "", headers: &self.headers, body: &self.body }
    }
}

impl Default for OwnWork {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_does_its_work() {
        let work = OwnWork::new();
        for stage in Stage::ALL {
            assert_eq!(Stage::named(stage.name()), Some(stage));
            assert!(work.run(stage) > 0, "{} does nothing", stage.name());
        }
        assert!(work.run(Stage::DecideHandover) > work.run(Stage::DecideOrdinary));
    }
}
