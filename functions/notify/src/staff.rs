//! Telling a staff member, each channel with its own failure side.

use std::time::Duration;

use handover_aws::{
    Failure,
    batch::Received,
    queue::Notice,
    store::{IN_DOUBT, LedgerState, NoteItem, Recipient},
    telemetry,
};
use handover_core::{Account, Bug, NotificationChannel, Staff, Timestamp, planted, wants};
use serde_json::json;

use crate::{
    App,
    signed::{self, Posted, Signed},
    sms::Sent,
    words::Words,
};

/// From this receive on, a chat or provider that cannot be reached counts as failed: with waits of 1, 2,
/// 4 … 60 s that is about a quarter of an hour, and old news on a phone helps nobody.
const TRIES: u32 = 20;
/// What an invocation needs beside a send, to write down what became of it.
const TIME_TO_SETTLE: Duration = Duration::from_secs(3);

impl App {
    /// One message to one staff member on one channel: at least once, recorded once.
    pub(crate) async fn tell(
        &self,
        notice: &Notice,
        received: &Received,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
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
            NotificationChannel::Email => self.email(notice, &staff).await,
            NotificationChannel::Chat => self.chat(notice, &staff, received, deadline).await,
            NotificationChannel::Sms => self.sms(notice, &staff, received, deadline).await,
        }
    }

    async fn email(&self, notice: &Notice, staff: &Staff) -> Result<(), Failure> {
        let Some(address) = &staff.email else { return self.no_address(notice).await };
        if let Some(told) = self.store.told(&notice.account, &notice.notification).await? {
            return self.note_health(notice, told.failure.as_deref()).await;
        }
        let words = self.words(notice).await?;
        let failure = self.mailer.send(address, &words).await?;
        // Sent, but not recorded: a crash here sends it again. A second e-mail beats none.
        self.record(notice, failure).await
    }

    async fn chat(
        &self,
        notice: &Notice,
        staff: &Staff,
        received: &Received,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
        let Some(url) = &staff.chat_webhook else { return self.no_address(notice).await };
        if let Some(told) = self.store.told(&notice.account, &notice.notification).await? {
            return self.note_health(notice, told.failure.as_deref()).await;
        }
        let words = self.words(notice).await?;
        self.has_time(signed::PATIENCE, deadline)?;
        let message = Signed {
            url,
            secret: &self.chat_key.secret(&notice.account, &staff.id),
            id: notice.notification.id.as_str(),
            at: self.clock.wall(),
            body: json!({ "text": words.chat() }).to_string(),
        };
        let failure = match signed::post(&self.world, message).await {
            Posted::Taken => None,
            Posted::Refused(status) => Some(format!("the chat refuses it with status {status}")),
            Posted::Forbidden(refused) => Some(format!("the chat's address cannot be used: {refused}")),
            Posted::Later(_) if received.receives >= TRIES => Some("the chat does not answer".to_owned()),
            Posted::Later(after) => {
                return Err(Failure::Retry { after, reason: "chat is not taking messages" });
            }
        };
        self.record(notice, failure).await
    }

    /// Claimed before it is sent: nobody pays for the same SMS twice, and nobody is woken twice by it.
    async fn sms(
        &self,
        notice: &Notice,
        staff: &Staff,
        received: &Received,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
        let Some(phone) = &staff.phone else { return self.no_address(notice).await };
        let words = self.words(notice).await?;
        let account = self.policies.account(&notice.account).await?;
        let sms = match self.prepare_sms(&account.0, notice, phone, &words.sms()).await? {
            Ok(sms) => sms,
            Err(reason) => return self.record(notice, Some(reason.to_owned())).await,
        };
        self.has_time(sms.patience(), deadline)?;
        let (account, notification, subject) = (&notice.account, &notice.notification, notice.subject());
        if let Some(before) = self.store.claim_told(account, notification, &subject).await? {
            return self.left_behind(notice, &before).await;
        }
        let (state, failure) = match self.send_sms(sms).await {
            Sent::Taken => (LedgerState::Sent, None),
            Sent::Refused(why) => (LedgerState::Failed, Some(why)),
            Sent::InDoubt => (LedgerState::Unknown, Some(IN_DOUBT.to_owned())),
            Sent::NotYet(_) if received.receives >= TRIES => {
                (LedgerState::Failed, Some("the provider does not take messages".to_owned()))
            }
            Sent::NotYet(after) => {
                let failure = Some("not sent yet".to_owned());
                self.store
                    .settle_told(account, notification, &subject, LedgerState::Released, failure)
                    .await?;
                return Err(Failure::Retry { after, reason: "provider is not taking messages" });
            }
        };
        self.store.settle_told(account, notification, &subject, state, failure.clone()).await?;
        count(notice, failure.as_deref());
        self.note_health(notice, failure.as_deref()).await
    }

    /// Somebody was at this SMS before, and perhaps died at it: it is not sent again.
    async fn left_behind(&self, notice: &Notice, before: &NoteItem) -> Result<(), Failure> {
        telemetry::count("notification", "told_before");
        self.note_health(notice, before.failure.as_deref()).await
    }

    /// Writes down, once, what became of a message, and shows on the staff member whether they are reached.
    async fn record(&self, notice: &Notice, failure: Option<String>) -> Result<(), Failure> {
        count(notice, failure.as_deref());
        self.store
            .put_note(&notice.account, &notice.notification, &notice.subject(), failure.clone())
            .await?;
        self.note_health(notice, failure.as_deref()).await
    }

    async fn no_address(&self, notice: &Notice) -> Result<(), Failure> {
        self.record(notice, Some("no address is set".to_owned())).await
    }

    async fn note_health(&self, notice: &Notice, failure: Option<&str>) -> Result<(), Failure> {
        let recipient = Recipient::of(&notice.notification);
        self.store.note_health(&notice.account, &recipient, failure, notice.at).await
    }

    /// A send that the invocation's end would cut off is not begun.
    pub(crate) fn has_time(&self, patience: Duration, deadline: Timestamp) -> Result<(), Failure> {
        if deadline.since(self.clock.wall()) < patience + TIME_TO_SETTLE {
            return Err(Failure::retry("invocation ends too soon"));
        }
        Ok(())
    }

    /// What is said: the client's words only where the account wants them told.
    async fn words(&self, notice: &Notice) -> Result<Words, Failure> {
        let account = self.policies.account(&notice.account).await?;
        let quote = if account.0.notify_text || planted(Bug::EmailsQuote) {
            self.quote(&account.0, notice).await?
        } else {
            None
        };
        Ok(Words::new(notice, self.console_url.as_deref(), quote))
    }

    /// What the client said that began the handover.
    async fn quote(&self, account: &Account, notice: &Notice) -> Result<Option<String>, Failure> {
        let Some((conversation, epoch)) = notice.conversation.as_ref().zip(notice.epoch) else {
            return Ok(None);
        };
        let Some(handover) = self.store.handover(&account.id, conversation, epoch).await? else {
            return Ok(None);
        };
        let trigger = self.store.message(&account.id, conversation, &handover.trigger).await?;
        Ok(trigger.and_then(|message| message.content?.text().map(str::to_owned)))
    }
}

fn count(notice: &Notice, failure: Option<&str>) {
    let outcome = if failure.is_some() { "failed" } else { notice.notification.channel.name() };
    telemetry::count("notification", outcome);
}
