//! How staff and an account's own automations are reached: the claim of a message before it is sent,
//! which addresses have failed, and where automations listen.

use handover_core::{
    AccountId, ConversationId, Handover, Notification, NotificationChannel, StaffId, Timestamp, Webhook,
    WebhookId,
};
use serde::{Deserialize, Serialize};

use super::{
    Edit, LedgerState, NoteClaim, NoteItem, NoteSubject, Store, Versioned,
    claims::Claimed,
    decode,
    edits::condition,
    encode,
    items::{HandoverItem, SCHEMA},
    keys,
    notes::note_item,
};
use crate::Failure;

/// What the failure of a text says that nobody can know about.
pub const IN_DOUBT: &str = "nobody can know whether it was sent";

/// Somebody or something that notifications go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A staff member on a channel.
    Staff {
        /// Who.
        staff: StaffId,
        /// Where.
        channel: NotificationChannel,
    },
    /// An automation.
    Webhook(WebhookId),
}

impl Recipient {
    /// The recipient of a notification.
    pub fn of(notification: &Notification) -> Self {
        Self::Staff { staff: notification.staff.clone(), channel: notification.channel }
    }
}

/// What became of the last try to reach somebody; there is none before the first failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Whom.
    pub recipient: Recipient,
    /// Why the last try failed; none: it worked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// It was taken first and came back afterwards, so that being taken again says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bounced: bool,
    /// When that was.
    pub at: Timestamp,
}

/// What is heard about a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthNews<'a> {
    /// A message was taken.
    Taken,
    /// A message was not taken; why.
    Refused(&'a str),
    /// A message that had been taken came back, or was complained about.
    Bounced(&'a str),
    /// A message has arrived.
    Delivered,
}

/// What became of a claim of a notification's message.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It is ours to send.
    Ours,
    /// Somebody is at it, or was: what stands on record.
    Before(Box<NoteItem>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WebhookItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) schema: u8,
    /// Counts its edits; the first ones were stored without.
    #[serde(default = "first")]
    pub(super) version: u64,
    pub(super) webhook: Webhook,
    /// AES-256-GCM of the signing secret; account and webhook are the associated data.
    pub(super) sealed: String,
}

/// A webhook with its secret, still sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// Its Standard Webhooks secret, sealed for account and webhook.
    pub sealed: String,
}

const fn first() -> u64 {
    1
}

impl Store {
    /// Claims the message of a notification before it is sent, so that two copies of it that are at work
    /// at the same moment do not send two. A claim that is older than `claim.left_after` was left behind
    /// by a process that died, and is claimed anew; where that is `None`, it stays in doubt for ever.
    pub async fn claim_told(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
        claim: &NoteClaim<'_>,
    ) -> Result<Told, Failure> {
        // Only this run can tell its own claim from another's: it asks again before it gives up.
        match self.claim_note(account, notification, subject, claim).await {
            Err(Failure::Retry { .. }) => self.claim_note(account, notification, subject, claim).await,
            told => told,
        }
    }

    async fn claim_note(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
        claim: &NoteClaim<'_>,
    ) -> Result<Told, Failure> {
        let mut item = note_item(account, notification, subject, Some(IN_DOUBT.to_owned()));
        item.state = Some(LedgerState::Claimed);
        item.writer = claim.writer.to_owned();
        item.claimed_at = Some(claim.at);
        let Claimed::Theirs(before) = self.claim_item(&item, claim).await? else { return Ok(Told::Ours) };
        // The answer to our own write may have got lost, and the call was made again.
        let own = before.state == Some(LedgerState::Claimed) && before.writer == claim.writer;
        Ok(if own { Told::Ours } else { Told::Before(Box::new(before)) })
    }

    /// Says what became of a claimed message, unless somebody else has claimed it since.
    pub async fn settle_told(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
        claim: &NoteClaim<'_>,
        state: LedgerState,
        failure: Option<String>,
    ) -> Result<(), Failure> {
        let mut item = note_item(account, notification, subject, failure);
        item.state = Some(state);
        item.writer = claim.writer.to_owned();
        self.settle_item(&item, claim).await
    }

    /// Notes whether somebody was reached at `at`. Success after success, the usual case, is one read.
    pub async fn note_health(
        &self,
        account: &AccountId,
        recipient: &Recipient,
        news: HealthNews<'_>,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let (pk, sk) = (keys::health(account), keys::health_of(recipient));
        let known: Option<HealthItem> = self.get(&pk, &sk, false).await?;
        let (failure, bounced) = match news {
            HealthNews::Taken | HealthNews::Delivered => (None, false),
            HealthNews::Refused(why) => (Some(why), false),
            HealthNews::Bounced(why) => (Some(why), true),
        };
        let changed = known.as_ref().map_or(failure.is_some(), |known| {
            // That it was taken says nothing about an address from which mail comes back afterwards.
            let believed = news != HealthNews::Taken || !known.bounced;
            let new = known.failure.as_deref() != failure || failure.is_some() && known.at < at;
            known.at <= at && believed && new
        });
        if !changed {
            return Ok(());
        }
        let (recipient, failure) = (recipient.clone(), failure.map(str::to_owned));
        self.put(&HealthItem { pk, sk, schema: SCHEMA, recipient, failure, bounced, at }).await
    }

    /// Everybody and everything of an account that could not be reached at least once.
    pub async fn health(&self, account: &AccountId) -> Result<Vec<HealthItem>, Failure> {
        let items = self.query(&keys::health(account), "", false).await?;
        items.into_iter().map(decode).collect()
    }

    /// One handover.
    pub async fn handover(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        epoch: u64,
    ) -> Result<Option<Handover>, Failure> {
        let pk = keys::conversation(account, conversation);
        let item: Option<HandoverItem> = self.get(&pk, &keys::handover(epoch), true).await?;
        Ok(item.map(Handover::from))
    }

    /// A webhook with its sealed secret: for an announcement about to go out.
    pub async fn webhook(
        &self,
        account: &AccountId,
        webhook: &WebhookId,
    ) -> Result<Option<StoredWebhook>, Failure> {
        let item: Option<WebhookItem> =
            self.get(&keys::account(account), &keys::webhook(webhook), false).await?;
        Ok(item.map(|item| StoredWebhook { webhook: item.webhook, sealed: item.sealed }))
    }

    /// Stores a webhook with its sealed secret.
    pub async fn put_webhook(
        &self,
        account: &AccountId,
        webhook: &Webhook,
        sealed: String,
    ) -> Result<(), Failure> {
        self.put(&WebhookItem {
            pk: keys::account(account),
            sk: keys::webhook(&webhook.id),
            schema: SCHEMA,
            version: first(),
            webhook: webhook.clone(),
            sealed,
        })
        .await
    }

    /// A webhook with its sealed secret, as an edit needs it.
    pub async fn webhook_settings(
        &self,
        account: &AccountId,
        id: &WebhookId,
    ) -> Result<Option<Versioned<StoredWebhook>>, Failure> {
        let item: Option<WebhookItem> = self.get(&keys::account(account), &keys::webhook(id), true).await?;
        Ok(item.map(|item| Versioned {
            value: StoredWebhook { webhook: item.webhook, sealed: item.sealed },
            version: item.version,
        }))
    }

    /// Makes or edits a webhook; `None` when somebody else did since.
    pub async fn edit_webhook(
        &self,
        edit: &Edit<'_>,
        stored: &StoredWebhook,
    ) -> Result<Option<u64>, Failure> {
        let StoredWebhook { webhook, sealed } = stored;
        let item = WebhookItem {
            pk: keys::account(edit.account),
            sk: keys::webhook(&webhook.id),
            schema: SCHEMA,
            version: edit.version(),
            webhook: webhook.clone(),
            sealed: sealed.clone(),
        };
        self.edit(edit, &format!("webhook/{}", webhook.id), vec![(encode(&item)?, condition(edit))]).await
    }

    /// Removes a webhook: what is on its way to it is dropped. `false` when it is gone, or changed since.
    pub async fn delete_webhook(&self, edit: &Edit<'_>, id: &WebhookId) -> Result<bool, Failure> {
        self.delete(edit, &format!("webhook/{id}"), &keys::webhook(id), None).await
    }
}
