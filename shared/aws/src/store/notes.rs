//! What staff were told, and what was put aside.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{
    AccountId, ConversationId, EventId, Notification, NotificationChannel, StaffId, Timestamp,
};

use super::{
    MARKER_DAYS, NoteItem, Page, QuarantineItem, Store, classify, decode, encode, expressions,
    items::{SCHEMA, new_message},
    keys,
    tags::key,
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
        let row = QuarantineItem {
            pk: keys::quarantine_list(&quarantined.account),
            sk: keys::quarantine_row(item.at, &item.id),
            body: String::new(),
            call: None,
            ..item.clone()
        };
        let writes = vec![
            self.edit_write(encode(&item)?, expressions::ABSENT, None)?,
            self.edit_write(encode(&row)?, expressions::ALWAYS, None)?,
        ];
        if self.transact(writes).await? {
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
        let items = self.query(&keys::quarantine(account), "", true).await?;
        let mut items: Vec<QuarantineItem> = items.into_iter().map(decode).collect::<Result<_, _>>()?;
        items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        Ok(items)
    }

    /// A page of what an account has in quarantine, without the things themselves, after the row `after`: one
    /// read.
    pub async fn quarantine_page(
        &self,
        account: &AccountId,
        newest_first: bool,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<QuarantineItem>, Failure> {
        let pk = keys::quarantine_list(account);
        let answer = self
            .in_partition(&pk, "")
            .consistent_read(true)
            .scan_index_forward(!newest_first)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|after| key(&pk, after)))
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let next = answer.last_evaluated_key.as_ref().and_then(|key| key.get("sk")?.as_s().ok().cloned());
        let rows = answer.items.unwrap_or_default().into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok(Page { rows, next })
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
