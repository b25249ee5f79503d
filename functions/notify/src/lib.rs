//! Tells staff members, each on the channels they chose, and an account's own automations; and keeps what
//! was put aside.

mod automation;
mod bus;
mod email;
mod fate;
mod quarantine;
mod sign_in;
mod signed;
mod sms;
mod staff;
mod words;

use std::sync::Arc;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    ChatKey, Clock, Failure, Host, InboxKey, Inboxes, Policies, Queues, Random, Sealer, StartError, Store,
    batch::{Batch, Received},
    http::SharedHttpClient,
    load_master_key,
    queue::{self, Announced, Notice, SignInMail},
    shared_config,
};
use handover_core::Timestamp;
use handover_providers::Secrets;
use serde::Deserialize;

use crate::{bus::Bus, email::Mailer, fate::MailFate};

/// What comes from the notifications queue. Each has a field that the others lack.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Word {
    /// For a staff member.
    Notice(Notice),
    /// For an automation.
    Announced(Announced),
    /// For somebody who wants to sign in.
    SignIn(SignInMail),
    /// About an e-mail that was sent before.
    Fate(MailFate),
}

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    store: Store,
    queues: Queues,
    policies: Arc<Policies>,
    inboxes: Arc<Inboxes<Secrets>>,
    clock: Clock,
    mailer: Mailer,
    bus: Option<Bus>,
    random: Random,
    sealer: Sealer,
    chat_key: ChatKey,
    world: SharedHttpClient,
    public_url: String,
    console_url: String,
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
        reading.required("NOTIFICATIONS_QUEUE_URL");
        reading.required("QUARANTINE_QUEUE_URL");
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        let public_url = reading.required("PUBLIC_URL");
        let sender = reading.optional("EMAIL_SENDER");
        let configuration_set = reading.optional("EMAIL_CONFIGURATION_SET");
        let console_url = reading.optional("CONSOLE_URL");
        // Without an address of its own the console is where the stack is.
        let console_url = console_url.unwrap_or_else(|| format!("{public_url}/console"));
        let bus = reading.optional("EVENT_BUS");
        reading.finish()?;
        let key = load_master_key(&sdk.secrets, &key_arn).await?;
        let clock = host.clock.clone();
        let config = shared_config(&host.sdk);
        let (inbox_key, sealer) = (InboxKey::new(&key), Sealer::new(&key));
        let inboxes = Inboxes::new(store.clone(), inbox_key, sealer.clone(), clock.clone());
        Ok(Self {
            policies: Arc::new(Policies::new(store.clone(), clock.clone(), None)),
            inboxes: Arc::new(inboxes),
            store,
            queues,
            clock,
            mailer: Mailer::new(aws_sdk_sesv2::Client::new(&config), sender, configuration_set),
            bus: bus.map(|name| Bus::new(aws_sdk_eventbridge::Client::new(&config), name)),
            random: Random::system(),
            sealer,
            chat_key: ChatKey::new(&key),
            world: host.world.clone(),
            public_url,
            console_url,
        })
    }

    /// Processes a batch of the notifications queue or of the quarantine queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let urls = self.queues.urls();
        let first = event.records.first().and_then(|record| record.event_source_arn.as_deref());
        let name = |text: &str, separator| text.rsplit(separator).next().map(str::to_owned);
        let from_quarantine = first.and_then(|arn| name(arn, ':')) == name(&urls.quarantine, '/');
        let queue_url = if from_quarantine { &urls.quarantine } else { &urls.notifications };
        let batch = Batch { source: "notify", queues: &self.queues, queue_url, clock: &self.clock, deadline };
        if from_quarantine {
            // What is in quarantine must not go there again, whatever is wrong with it.
            let keep = async |received| {
                self.keep(received).await.map_err(|failure| Failure::retry(failure.reason()))
            };
            batch.work(event, keep).await
        } else {
            batch.work(event, |received| self.pass_on(received, deadline)).await
        }
    }

    async fn pass_on(&self, received: Received, deadline: Timestamp) -> Result<(), Failure> {
        match queue::decode(&received.body)? {
            Word::Notice(notice) => self.tell(&notice, &received, deadline).await,
            Word::Announced(announced) => self.announce(&announced, &received, deadline).await,
            Word::SignIn(mail) => self.send_code(&mail).await,
            Word::Fate(fate) => self.note_fate(&fate, received.sent_at).await,
        }
    }
}
