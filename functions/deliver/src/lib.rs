//! Sends text to clients through their provider, at most once.

mod signs;
mod submit;
mod tokens;
mod window;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    Clock, Failure, Host, Inboxes, OpenInbox, Queues, Random, StartError, Store,
    batch::{Batch, Received},
    http::SharedHttpClient,
    open_inboxes,
    queue::{self, Departure, Outbound},
    store::{Claim, Claimed, LedgerItem, LedgerState},
    telemetry, text_hash,
};
use handover_core::{
    Bug, Delivery, DeliveryId, DeliveryResult, Envelope, Event, EventId, EventKind, Timestamp, lower_base32,
    planted,
};
use handover_providers::{Endpoint, Secrets};

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    store: Store,
    queues: Queues,
    clock: Clock,
    inboxes: Arc<Inboxes<Secrets>>,
    world: SharedHttpClient,
    public_url: String,
    random: Random,
    tokens: Arc<tokens::Tokens>,
}

/// An open inbox with the address at which its provider reaches it.
pub(crate) struct Reached<'a> {
    open: &'a OpenInbox<Secrets>,
    public_url: String,
}

impl Reached<'_> {
    pub(crate) fn get(&self) -> Endpoint<'_> {
        Endpoint {
            provider: self.open.inbox.provider,
            inbox: &self.open.inbox.id,
            public_url: &self.public_url,
            settings: &self.open.inbox.settings,
            secrets: &self.open.secrets,
        }
    }
}

/// What became of a text that was settled now or before.
struct Settled {
    state: LedgerState,
    attempt: u32,
    result: Option<DeliveryResult>,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment, or without the master key.
    pub async fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let store = reading.store(&sdk);
        let queues = reading.queues(&sdk);
        for name in ["CONVERSATION_QUEUE_URL", "OUTBOUND_QUEUE_URL", "QUARANTINE_QUEUE_URL"] {
            reading.required(name);
        }
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        let public_url = reading.required("PUBLIC_URL");
        reading.finish()?;
        let inboxes = open_inboxes(&sdk, &key_arn, store.clone(), host.clock.clone()).await?;
        let world = host.world.clone();
        Ok(Self::new(
            store,
            queues,
            host.clock.clone(),
            Arc::new(inboxes),
            world,
            public_url,
            Random::system(),
        ))
    }

    /// The function on this store and these queues; `world` reaches the providers, and
    /// `public_url` is where they reach us.
    pub fn new(
        store: Store,
        queues: Queues,
        clock: Clock,
        inboxes: Arc<Inboxes<Secrets>>,
        world: SharedHttpClient,
        public_url: String,
        random: Random,
    ) -> Self {
        let tokens = Arc::default();
        Self { store, queues, clock, inboxes, world, public_url, random, tokens }
    }

    /// Processes a record of the outbound queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let batch = Batch {
            source: "deliver",
            queues: &self.queues,
            queue_url: &self.queues.urls().outbound,
            clock: &self.clock,
            deadline,
        };
        batch.work(event, |received| self.one(received)).await
    }

    async fn one(&self, received: Received) -> Result<(), Failure> {
        match queue::decode(&received.body)? {
            Departure::Text(outbound) => self.text(outbound).await,
            Departure::Sign(sign) => {
                self.show(&sign).await;
                Ok(())
            }
            Departure::Thread(thread) => self.move_thread(&thread, received.receives).await,
        }
    }

    /// One text: check that it still stands, claim, submit, settle; then tell the conversation
    /// unless it simply went out.
    async fn text(&self, outbound: Outbound) -> Result<(), Failure> {
        let hash = text_hash(&outbound.conversation, &outbound.text);
        let writer = lower_base32(&self.random.bytes::<10>());
        let checked = self.check(&outbound).await?;
        let part_hashes = checked.part_hashes(&outbound);
        let claim = Claim {
            account: &outbound.account,
            conversation: &outbound.conversation,
            effect: &outbound.effect,
            purpose: outbound.purpose,
            epoch: outbound.epoch,
            text_hash: &hash,
            part_hashes: &part_hashes,
            writer: &writer,
        };
        let settled = match self.store.claim(&claim, self.clock.now()).await? {
            Claimed::Ours(attempt) => {
                self.hold_thread(&outbound).await;
                self.submit(&outbound, &claim, attempt, checked).await?
            }
            Claimed::Before(entry)
                if entry.state == LedgerState::Claimed && planted(Bug::LeftBehindSentAgain) =>
            {
                self.submit(&outbound, &claim, entry.attempt, checked).await?
            }
            Claimed::Before(entry) => self.left_behind(&claim, *entry).await?,
        };
        telemetry::count("delivery", state_name(settled.state));
        match settled.result {
            Some(result) => self.tell(&outbound, settled.attempt, result).await,
            None => Ok(()),
        }
    }

    /// The inbox as the provider's code needs to see it.
    pub(crate) fn endpoint<'a>(&self, open: &'a OpenInbox<Secrets>) -> Reached<'a> {
        Reached { open, public_url: format!("{}/webhooks/{}", self.public_url, open.inbox.id) }
    }

    /// Somebody was at this text before. If they died before they could say what became of it,
    /// nobody can know, and it is not sent again.
    async fn left_behind(&self, claim: &Claim<'_>, entry: LedgerItem) -> Result<Settled, Failure> {
        let attempt = entry.attempt;
        let result = match entry.state {
            LedgerState::Sent => None,
            LedgerState::Claimed | LedgerState::Unknown => Some(DeliveryResult::Unknown),
            LedgerState::Failed => Some(DeliveryResult::Failed {
                class: entry.detail.clone().unwrap_or_else(|| "rejected".to_owned()),
                code: None,
            }),
            LedgerState::Suppressed => {
                let why = entry.detail.as_deref().and_then(submit::suppressed_from);
                why.map(DeliveryResult::Suppressed)
            }
            // Claimed and released by somebody else between our two writes.
            LedgerState::Released => return Err(Failure::retry("text is being sent elsewhere")),
        };
        if entry.state == LedgerState::Claimed {
            let unknown = LedgerState::Unknown;
            let ours = self.store.settle_claim(claim, attempt, unknown, &[], None, self.clock.now()).await?;
            if !ours {
                return Err(Failure::retry("text is being sent elsewhere"));
            }
            return Ok(Settled { state: unknown, attempt, result });
        }
        Ok(Settled { state: entry.state, attempt, result })
    }

    /// The result as an event of the conversation. The same result always has the same id.
    async fn tell(&self, outbound: &Outbound, attempt: u32, result: DeliveryResult) -> Result<(), Failure> {
        let discriminator = format!("{}-{attempt}", outbound.effect);
        let id = EventId::of(&outbound.conversation, "delivery", &discriminator);
        let delivery_id: DeliveryId =
            id.as_str().parse().map_err(|_| Failure::quarantine("bad delivery id"))?;
        let event = Event {
            id,
            sent_at: None,
            received_at: self.clock.now(),
            kind: EventKind::Delivery(Delivery {
                effect: outbound.effect.clone(),
                purpose: outbound.purpose,
                result,
            }),
        };
        self.queues
            .events(&[Envelope {
                account: outbound.account.clone(),
                inbox: outbound.inbox.clone(),
                conversation: outbound.conversation.clone(),
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

const fn state_name(state: LedgerState) -> &'static str {
    match state {
        LedgerState::Claimed => "claimed",
        LedgerState::Released => "released",
        LedgerState::Sent => "sent",
        LedgerState::Failed => "failed",
        LedgerState::Unknown => "unknown",
        LedgerState::Suppressed => "suppressed",
    }
}
