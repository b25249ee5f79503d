//! How staff and an account's own automations are reached: the one claim of a text that costs money,
//! which addresses have failed, and where automations listen.

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use handover_core::{
    AccountId, ConversationId, Handover, Notification, NotificationChannel, StaffId, Timestamp, Webhook,
    WebhookId,
};
use serde::{Deserialize, Serialize};

use super::{
    LedgerState, NoteItem, NoteSubject, Store, classify, decode, encode, expressions,
    items::{HandoverItem, SCHEMA},
    keys,
    notes::note_item,
};
use crate::Failure;

/// What the failure of a text says that nobody can know about.
pub const IN_DOUBT: &str = "nobody can know whether it was sent";

/// Somebody or something that notifications go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// When that was.
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WebhookItem {
    pub(super) pk: String,
    pub(super) sk: String,
    pub(super) schema: u8,
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

impl Store {
    /// What is on record about a notification on a channel other than in_app.
    pub async fn told(
        &self,
        account: &AccountId,
        notification: &Notification,
    ) -> Result<Option<NoteItem>, Failure> {
        let pk = keys::notifications(account, &notification.staff);
        self.get(&pk, &keys::told(&notification.id), true).await
    }

    /// Claims the one text of a notification that must not go out twice. `None`: it is ours to send.
    /// Otherwise somebody was at it before, and it stands as it is: a claim that was left behind stays
    /// in doubt.
    pub async fn claim_told(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
    ) -> Result<Option<NoteItem>, Failure> {
        let mut item = note_item(account, notification, subject, Some(IN_DOUBT.to_owned()));
        item.state = Some(LedgerState::Claimed);
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(&item)?))
            .condition_expression(expressions::UNCLAIMED)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":released", AttributeValue::S("released".to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = result else { return Ok(None) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item.clone().ok_or(Failure::retry("note was not returned"))?;
                decode(item).map(Some)
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    /// Says what became of a claimed text. Only its claimer knows, so nothing is compared.
    pub async fn settle_told(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
        state: LedgerState,
        failure: Option<String>,
    ) -> Result<(), Failure> {
        let mut item = note_item(account, notification, subject, failure);
        item.state = Some(state);
        self.put(&item).await
    }

    /// Notes whether somebody was reached at `at`. Success after success, the usual case, is one read.
    pub async fn note_health(
        &self,
        account: &AccountId,
        recipient: &Recipient,
        failure: Option<&str>,
        at: Timestamp,
    ) -> Result<(), Failure> {
        let (pk, sk) = (keys::health(account), keys::health_of(recipient));
        let known: Option<HealthItem> = self.get(&pk, &sk, false).await?;
        let changed = known.as_ref().map_or(failure.is_some(), |known| {
            known.at <= at && (known.failure.as_deref() != failure || failure.is_some() && known.at < at)
        });
        if !changed {
            return Ok(());
        }
        let failure = failure.map(str::to_owned);
        self.put(&HealthItem { pk, sk, schema: SCHEMA, recipient: recipient.clone(), failure, at }).await
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
            webhook: webhook.clone(),
            sealed,
        })
        .await
    }

    /// Removes a webhook: what is on its way to it is dropped.
    pub async fn delete_webhook(&self, account: &AccountId, webhook: &WebhookId) -> Result<(), Failure> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(keys::account(account)))
            .key("sk", AttributeValue::S(keys::webhook(webhook)))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        Ok(())
    }
}
