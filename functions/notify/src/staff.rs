//! Telling a staff member, each channel with its own failure side.

use std::time::Duration;

use handover_aws::{
    Failure,
    batch::Received,
    queue::Notice,
    store::{HealthNews, IN_DOUBT, LedgerState, NoteClaim, Recipient, Told},
    telemetry,
};
use handover_core::{Account, NotificationChannel, Staff, Timestamp, lower_base32, wants};
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
/// A claim of this age was left behind by a process that died: no invocation of this function lasts as long
/// (30 s in the template).
pub(crate) const LEFT_AFTER: Duration = Duration::from_mins(1);
/// When to look again for what became of a copy that is being sent.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(5);
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
        let words = self.words(notice).await?;
        let run = self.run();
        let claim = self.claim(&run, Some(LEFT_AFTER));
        if !self.is_ours(notice, &claim).await? {
            return Ok(());
        }
        match self.mailer.send(address, notice, &words).await {
            Ok(failure) => self.settle(notice, &claim, failure).await,
            // Sent or not: it goes out again at once. A second e-mail beats none.
            Err(failure) => self.release(notice, &claim, failure).await,
        }
    }

    async fn chat(
        &self,
        notice: &Notice,
        staff: &Staff,
        received: &Received,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
        let Some(url) = &staff.chat_webhook else { return self.no_address(notice).await };
        let words = self.words(notice).await?;
        self.has_time(signed::PATIENCE, deadline)?;
        let run = self.run();
        let claim = self.claim(&run, Some(LEFT_AFTER));
        if !self.is_ours(notice, &claim).await? {
            return Ok(());
        }
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
                let failure = Failure::Retry { after, reason: "chat is not taking messages" };
                return self.release(notice, &claim, failure).await;
            }
        };
        self.settle(notice, &claim, failure).await
    }

    /// Claimed for ever before it is sent: nobody pays for the same SMS twice, and nobody is woken twice by
    /// it.
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
        let run = self.run();
        let claim = self.claim(&run, None);
        if !self.is_ours(notice, &claim).await? {
            return Ok(());
        }
        let failure = match self.send_sms(sms).await {
            Sent::Taken => None,
            Sent::Refused(why) => Some(why),
            Sent::InDoubt => Some(IN_DOUBT.to_owned()),
            Sent::NotYet(_) if received.receives >= TRIES => {
                Some("the provider does not take messages".to_owned())
            }
            Sent::NotYet(after) => {
                let failure = Failure::Retry { after, reason: "provider is not taking messages" };
                return self.release(notice, &claim, failure).await;
            }
        };
        self.settle(notice, &claim, failure).await
    }

    /// A name for this run, so that it knows its own claims.
    pub(crate) fn run(&self) -> String {
        lower_base32(&self.random.bytes::<10>())
    }

    pub(crate) fn claim<'a>(&self, run: &'a str, left_after: Option<Duration>) -> NoteClaim<'a> {
        NoteClaim { writer: run, at: self.clock.now(), left_after }
    }

    /// Claims a message; `false` when what became of it stands already. While another run is at it nothing
    /// is known yet: the message comes back.
    async fn is_ours(&self, notice: &Notice, claim: &NoteClaim<'_>) -> Result<bool, Failure> {
        let (account, notification, subject) = (&notice.account, &notice.notification, notice.subject());
        let before = match self.store.claim_told(account, notification, &subject, claim).await? {
            Told::Ours => return Ok(true),
            Told::Before(before) => before,
        };
        if claim.left_after.is_some() && before.state == Some(LedgerState::Claimed) {
            return Err(Failure::Retry { after: Some(LOOK_AGAIN), reason: "another copy is being sent" });
        }
        telemetry::count("notification", "told_before");
        self.note_health(notice, before.failure.as_deref()).await?;
        Ok(false)
    }

    /// Writes down what became of a claimed message, and shows on the staff member whether they are
    /// reached. A crash before this lets the message go out again, where its channel bears that.
    async fn settle(
        &self,
        notice: &Notice,
        claim: &NoteClaim<'_>,
        failure: Option<String>,
    ) -> Result<(), Failure> {
        count(notice, failure.as_deref());
        let state = match failure.as_deref() {
            None => LedgerState::Sent,
            Some(IN_DOUBT) => LedgerState::Unknown,
            Some(_) => LedgerState::Failed,
        };
        let (account, notification) = (&notice.account, &notice.notification);
        self.store
            .settle_told(account, notification, &notice.subject(), claim, state, failure.clone())
            .await?;
        self.note_health(notice, failure.as_deref()).await
    }

    /// Gives a claim back: the message may be sent later.
    async fn release(&self, notice: &Notice, claim: &NoteClaim<'_>, failure: Failure) -> Result<(), Failure> {
        let (account, notification) = (&notice.account, &notice.notification);
        let (state, why) = (LedgerState::Released, Some("not sent yet".to_owned()));
        self.store.settle_told(account, notification, &notice.subject(), claim, state, why).await?;
        Err(failure)
    }

    /// Writes down, once, why there is nothing to send, and shows it on the staff member.
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
        let news = failure.map_or(HealthNews::Taken, HealthNews::Refused);
        self.store.note_health(&notice.account, &recipient, news, notice.at).await
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
        let quote = if account.0.notify_text { self.quote(&account.0, notice).await? } else { None };
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
