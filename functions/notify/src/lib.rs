//! Tells staff members, each on the channels they chose, and keeps what was put aside.

mod email;
mod words;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    Clock, Failure, Host, Queues, StartError, Store,
    batch::{Batch, Received},
    queue::{self, Notice, Quarantined},
    shared_config, telemetry,
};
use handover_core::{
    Audience, EffectId, NotificationChannel, NotificationKind, Staff, Timestamp, copies, wants,
};

pub use email::Mailer;

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    store: Store,
    queues: Queues,
    clock: Clock,
    mailer: Mailer,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment.
    pub fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let store = reading.store(&sdk);
        let queues = reading.queues(&sdk);
        reading.required("NOTIFICATIONS_QUEUE_URL");
        let sender = reading.optional("EMAIL_SENDER");
        reading.finish()?;
        let client = aws_sdk_sesv2::Client::new(&shared_config(&host.sdk));
        Ok(Self::new(store, queues, host.clock.clone(), Mailer::new(client, sender)))
    }

    /// The function on this store, these queues and this way of sending e-mail.
    pub const fn new(store: Store, queues: Queues, clock: Clock, mailer: Mailer) -> Self {
        Self { store, queues, clock, mailer }
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
            batch.work(event, |received| self.tell(received)).await
        }
    }

    /// One message to one staff member on one channel: at least once, recorded once.
    async fn tell(&self, received: Received) -> Result<(), Failure> {
        let notice: Notice = queue::decode(&received.body)?;
        let notification = &notice.notification;
        let Some(staff) = self.store.staff(&notice.account, &notification.staff).await? else {
            telemetry::count("notification", "recipient_left");
            return Ok(());
        };
        if !wants(&staff, notification.about, notification.channel) {
            telemetry::count("notification", "switched_off");
            return Ok(());
        }
        match notification.channel {
            NotificationChannel::InApp => {
                self.store.put_note(&notice.account, notification, &notice.subject(), None).await?;
                telemetry::count("notification", "in_app");
                Ok(())
            }
            NotificationChannel::Email => self.mail(&notice, &staff).await,
            NotificationChannel::Sms | NotificationChannel::Chat => {
                // Recorded, so that the staff member's page can say that it did not go out.
                let failure = Some("channel is not set up".to_owned());
                self.store.put_note(&notice.account, notification, &notice.subject(), failure).await?;
                telemetry::count("notification", "not_set_up");
                Ok(())
            }
        }
    }

    async fn mail(&self, notice: &Notice, staff: &Staff) -> Result<(), Failure> {
        let Some(address) = &staff.email else {
            telemetry::count("notification", "no_address");
            return Ok(());
        };
        if self.store.was_told(&notice.account, &notice.notification).await? {
            return Ok(());
        }
        let email = words::email(notice);
        let failure = self.mailer.send(address, &email).await?;
        let outcome = if failure.is_some() { "refused" } else { "email" };
        // Sent, but not recorded: a crash here sends it again. A second e-mail beats none.
        self.store.put_note(&notice.account, &notice.notification, &notice.subject(), failure).await?;
        telemetry::count("notification", outcome);
        Ok(())
    }

    /// Keeps what could not be processed where admins see it, and tells them.
    async fn keep(&self, received: Received) -> Result<(), Failure> {
        let mut quarantined: Quarantined = match queue::decode(&received.body) {
            Ok(quarantined) => quarantined,
            // What cannot even be kept: the queue's own dead letters hold it for an operator.
            Err(_) => return Err(Failure::retry("quarantined message cannot be read")),
        };
        let account = self.store.account(&quarantined.account).await?;
        if account.as_ref().is_some_and(|(account, _)| !account.store_text) {
            "the account keeps no text".clone_into(&mut quarantined.body);
        }
        // What comes twice was put aside when it first came.
        quarantined.at = self.store.put_quarantine(&quarantined).await?;
        if let Some(conversation) = &quarantined.conversation {
            self.store.put_stub(&quarantined.account, conversation, &quarantined).await?;
        }
        telemetry::count("quarantined", "kept");
        let Some((_, directory)) = account else { return Ok(()) };
        let cause = format!("quarantined-{}", quarantined.id);
        let effect: EffectId = cause.parse().map_err(|_| Failure::quarantine("bad quarantine id"))?;
        let about = NotificationKind::Quarantined;
        let notices: Vec<Notice> = copies(&effect, about, &Audience::Admins, &directory)
            .into_iter()
            .map(|notification| Notice {
                account: quarantined.account.clone(),
                notification,
                conversation: quarantined.conversation.clone(),
                contact: None,
                epoch: None,
                scenario: None,
                at: quarantined.at,
            })
            .collect();
        self.queues.notices(&notices).await
    }
}
