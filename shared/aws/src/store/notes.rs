//! What staff were told, and what was put aside.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    AccountId, ConversationId, EventId, Notification, NotificationChannel, StaffId, Timestamp,
};

use super::{
    MARKER_DAYS, NoteItem, QuarantineItem, Store, classify, decode, expressions,
    items::{SCHEMA, new_message},
    keys,
};
use crate::{Failure, queue::Quarantined};

/// What a notification is about, beside the notification itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSubject {
    /// The conversation, when it is about one.
    pub conversation: Option<ConversationId>,
    /// The handover's epoch, when it is about one.
    pub epoch: Option<u64>,
    /// When the cause happened.
    pub at: Timestamp,
}

impl Store {
    /// Records a notification once; `false` when it stands already. In-app notifications are read
    /// from here, those of other channels are the proof that they were sent.
    pub async fn put_note(
        &self,
        account: &AccountId,
        notification: &Notification,
        subject: &NoteSubject,
        failure: Option<String>,
    ) -> Result<bool, Failure> {
        self.put_new(&note_item(account, notification, subject, failure)).await
    }

    /// Everything a staff member was told, on every channel, newest in-app ones last.
    pub async fn notes(&self, account: &AccountId, staff: &StaffId) -> Result<Vec<NoteItem>, Failure> {
        let items = self.query(&keys::notifications(account, staff), "", false).await?;
        items.into_iter().map(decode).collect()
    }

    /// A staff member has read a notification.
    pub async fn mark_note_read(&self, note: &NoteItem) -> Result<(), Failure> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(note.pk.clone()))
            .key("sk", AttributeValue::S(note.sk.clone()))
            .update_expression(expressions::MARK_READ)
            .condition_expression(expressions::PRESENT)
            .expression_attribute_names("#read", "read")
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        Ok(())
    }

    /// Keeps what could not be processed, once; gives when it was first put aside.
    pub async fn put_quarantine(&self, quarantined: &Quarantined) -> Result<Timestamp, Failure> {
        let pk = keys::quarantine(&quarantined.account);
        let item = QuarantineItem {
            pk: pk.clone(),
            sk: quarantined.id.clone(),
            schema: SCHEMA,
            id: quarantined.id.clone(),
            reason: quarantined.reason.clone(),
            source: quarantined.source.clone(),
            inbox: quarantined.inbox.clone(),
            conversation: quarantined.conversation.clone(),
            body: quarantined.body.clone(),
            cut: quarantined.cut,
            call: quarantined.call.clone(),
            at: quarantined.at,
            expires_at: quarantined.at.as_seconds() + MARKER_DAYS * 86_400,
        };
        if self.put_new(&item).await? {
            return Ok(item.at);
        }
        let kept: Option<QuarantineItem> = self.get(&pk, &quarantined.id, true).await?;
        Ok(kept.map_or(item.at, |kept| kept.at))
    }

    /// One of the things that an account has in quarantine.
    pub async fn quarantined(
        &self,
        account: &AccountId,
        id: &str,
    ) -> Result<Option<QuarantineItem>, Failure> {
        self.get(&keys::quarantine(account), id, true).await
    }

    /// Everything that an account has in quarantine, oldest first.
    pub async fn quarantine(&self, account: &AccountId) -> Result<Vec<QuarantineItem>, Failure> {
        let items = self.query(&keys::quarantine(account), "", false).await?;
        let mut items: Vec<QuarantineItem> = items.into_iter().map(decode).collect::<Result<_, _>>()?;
        items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(items)
    }

    /// What an account has in quarantine, oldest first, without the things themselves.
    pub async fn quarantine_list(&self, account: &AccountId) -> Result<Vec<QuarantineItem>, Failure> {
        let mut items: Vec<QuarantineItem> = Vec::new();
        let mut start = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression(expressions::PARTITION)
                .projection_expression(expressions::WITHOUT_BODY)
                .expression_attribute_names("#source", "source")
                .expression_attribute_names("#at", "at")
                .expression_attribute_names("#schema", "schema")
                .expression_attribute_values(":pk", AttributeValue::S(keys::quarantine(account)))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| classify(&error))?;
            for item in answer.items.unwrap_or_default() {
                items.push(decode(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(items)
    }

    /// Leaves a line in the transcript where something could not be processed.
    pub async fn put_stub(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        quarantined: &Quarantined,
    ) -> Result<(), Failure> {
        // Not the event's own marker: a redrive must still be able to process it.
        let id = EventId::of(conversation, "quarantine", &quarantined.id);
        let mut stub = new_message(account, conversation, &id);
        "quarantined".clone_into(&mut stub.kind);
        stub.at = quarantined.at;
        stub.detail = Some(quarantined.reason.clone());
        stub.delivery_id = quarantined.delivery_id();
        stub.expires_at = quarantined.at.as_seconds() + MARKER_DAYS * 86_400;
        self.put_new(&stub).await?;
        Ok(())
    }
}

/// What is on record about a notification.
pub(super) fn note_item(
    account: &AccountId,
    notification: &Notification,
    subject: &NoteSubject,
    failure: Option<String>,
) -> NoteItem {
    NoteItem {
        pk: keys::notifications(account, &notification.staff),
        sk: match notification.channel {
            NotificationChannel::InApp => keys::note(subject.at, &notification.id),
            NotificationChannel::Email | NotificationChannel::Sms | NotificationChannel::Chat => {
                keys::told(&notification.id)
            }
        },
        schema: SCHEMA,
        id: notification.id.clone(),
        about: notification.about,
        channel: notification.channel,
        conversation: subject.conversation.clone(),
        epoch: subject.epoch,
        at: subject.at,
        read: false,
        failure,
        state: None,
        writer: String::new(),
        claimed_at: None,
        expires_at: subject.at.as_seconds() + MARKER_DAYS * 86_400,
    }
}
