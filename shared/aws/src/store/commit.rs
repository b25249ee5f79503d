//! The one commit: state, marker, and what the decision creates, all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, transact_write_items::TransactWriteItemsError},
    types::{
        CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        Update as TableUpdate,
    },
};
use handover_core::{
    AccountId, Applied, Assignee, Contact, Conversation, ConversationId, Handover, HandoverChange, Origin,
    Verdict,
};

use super::{
    Item, MessageItem, Store, classify, decode, encode,
    expressions::{self, HandoverFields},
    items::{ContactItem, HandoverItem, SCHEMA},
    keys,
    state::StateItem,
};
use crate::Failure;

/// A decision about to be made true.
#[derive(Clone, Debug)]
pub struct Commit<'a> {
    /// What was decided.
    pub applied: &'a Applied,
    /// The conversation as it was read.
    pub before: &'a Conversation,
    /// The contact as it was read.
    pub contact_before: &'a Contact,
    /// The transcript's line and marker.
    pub message: &'a MessageItem,
    /// Other identities of the client's, seen for the first time: they shall point here.
    pub aliases: &'a [ConversationId],
    /// Days that ended handovers are kept.
    pub retention_days: u16,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// It is true now.
    Done,
    /// The event was processed before: this is its marker.
    Already(Box<MessageItem>),
    /// Somebody else wrote in between: read and decide again.
    Moved,
}

impl Store {
    /// Makes a decision true, once.
    ///
    /// A decision that changes nothing but the transcript is a plain conditional write; every
    /// other one is a transaction on the state's version and the marker's absence.
    pub async fn commit(&self, commit: &Commit<'_>) -> Result<Committed, Failure> {
        let state_changed = commit.applied.conversation != *commit.before || commit.before.version == 0;
        let contact_changed = commit.applied.contact != *commit.contact_before;
        let alone = !state_changed
            && !contact_changed
            && commit.applied.handovers.is_empty()
            && commit.applied.left.is_none()
            && !commit.applied.relist
            && commit.aliases.is_empty();
        if alone {
            return self.commit_message(commit.message).await;
        }
        // Rows of tags say where to look: they stand before the tag does, and fall after it.
        self.put_tag_rows(commit).await?;
        if commit.applied.record.verdict == Verdict::Erased {
            self.erase_tag_rows(commit).await?;
        }
        // A handover that has passed its retention cannot be changed, and must not hold up the rest.
        let mut gone = BTreeSet::new();
        let committed = loop {
            match self.commit_all(commit, &gone).await? {
                Attempt::Committed(committed) => break committed,
                Attempt::Gone(epochs) => gone.extend(epochs),
            }
        };
        if committed == Committed::Done {
            self.drop_tag_rows(commit).await;
        }
        Ok(committed)
    }

    async fn commit_message(&self, message: &MessageItem) -> Result<Committed, Failure> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(message)?))
            .condition_expression(expressions::ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = result else { return Ok(Committed::Done) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item.clone().ok_or(Failure::retry("marker was not returned"))?;
                Ok(Committed::Already(Box::new(decode(item)?)))
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    async fn commit_all(&self, commit: &Commit<'_>, gone: &BTreeSet<u64>) -> Result<Attempt, Failure> {
        let account = &commit.applied.conversation.account;
        let conversation = &commit.applied.conversation.id;
        // The marker stands first: if it fails, nothing else matters.
        let mut writes = vec![
            self.put_write(encode(commit.message)?, expressions::ABSENT, None)?,
            self.state_write(commit)?,
        ];
        if commit.applied.contact != *commit.contact_before {
            writes.push(self.contact_write(account, &commit.applied.contact)?);
        }
        if let Some(left) = &commit.applied.left {
            // Written even if nothing changes in it: whoever links to it at the same moment must notice.
            writes.push(self.contact_write(account, left)?);
        }
        for alias in commit.aliases {
            let item = alias_item(account, alias, conversation);
            writes.push(self.put_write(encode(&item)?, expressions::ABSENT, None)?);
        }
        // One write for each handover: a transaction takes an item once.
        let mut opened: BTreeMap<u64, Handover> = BTreeMap::new();
        let mut updates: BTreeMap<u64, HandoverFields> = BTreeMap::new();
        for (epoch, change) in &commit.applied.handovers {
            match (change, opened.get_mut(epoch)) {
                (HandoverChange::Open(handover), _) => {
                    opened.insert(*epoch, Handover::clone(handover));
                }
                (_, Some(handover)) => handover.apply(change.clone()),
                (_, None) => updates.entry(*epoch).or_default().take(change.clone()),
            }
        }
        for handover in opened.values() {
            let item = handover_item(&commit.applied.conversation, handover);
            writes.push(self.put_write(encode(&item)?, expressions::ABSENT, None)?);
        }
        // The updates stand last, so that a reason's place tells which handover it is about.
        let first_update = writes.len();
        updates.retain(|epoch, _| !gone.contains(epoch));
        let epochs: Vec<u64> = updates.keys().copied().collect();
        for (epoch, fields) in updates {
            writes.push(self.handover_write(commit, epoch, fields)?);
        }

        let result = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = result else { return Ok(Attempt::Committed(Committed::Done)) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                judge_cancellation(canceled.cancellation_reasons(), first_update, &epochs)
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    fn put_write(
        &self,
        item: Item,
        condition: &str,
        version: Option<u64>,
    ) -> Result<TransactWriteItem, Failure> {
        let mut put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(version) = version {
            put = put.expression_attribute_values(":version", number(version));
        }
        let put = put.build().map_err(|_| Failure::quarantine("write cannot be built"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn state_write(&self, commit: &Commit<'_>) -> Result<TransactWriteItem, Failure> {
        let before = commit.before.version;
        let mut conversation = commit.applied.conversation.clone();
        conversation.version = before.saturating_add(1);
        let item = encode(&state_item(conversation, commit.applied.contact.assignee.as_ref()))?;
        if before == 0 {
            self.put_write(item, expressions::ABSENT, None)
        } else {
            self.put_write(item, expressions::VERSION, Some(before))
        }
    }

    fn contact_write(&self, account: &AccountId, contact: &Contact) -> Result<TransactWriteItem, Failure> {
        let before = contact.version;
        let mut contact = contact.clone();
        contact.version = before.saturating_add(1);
        let item = encode(&ContactItem {
            pk: keys::contact(account, &contact.id),
            sk: keys::CONTACT.to_owned(),
            schema: SCHEMA,
            version: contact.version,
            contact,
        })?;
        if before == 0 {
            self.put_write(item, expressions::ABSENT, None)
        } else {
            self.put_write(item, expressions::VERSION, Some(before))
        }
    }

    fn handover_write(
        &self,
        commit: &Commit<'_>,
        epoch: u64,
        fields: HandoverFields,
    ) -> Result<TransactWriteItem, Failure> {
        let after = &commit.applied.conversation;
        let (account, conversation) = (&after.account, &after.id);
        let mut update = fields.update(|owner| keys::work_index(account, owner))?;
        // What is still open in it must not be forgotten by the table.
        let open = after.open_task == Some(epoch)
            || after.promise.is_some_and(|promise| promise.epoch == epoch)
            || (after.human().is_some() && after.epoch == epoch);
        if !open {
            let keep = i64::from(commit.retention_days).saturating_mul(86_400);
            update.set("expires_at", commit.message.at.as_seconds().saturating_add(keep))?;
        }
        let expression = update.expression();
        let write = TableUpdate::builder()
            .table_name(&self.table)
            .key("pk", string(keys::conversation(account, conversation)))
            .key("sk", string(keys::handover(epoch)))
            .update_expression(expression)
            .condition_expression(expressions::PRESENT)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .build()
            .map_err(|_| Failure::quarantine("write cannot be built"))?;
        Ok(TransactWriteItem::builder().update(write).build())
    }
}

/// What a transaction came to.
enum Attempt {
    /// It is decided.
    Committed(Committed),
    /// These handovers are not there any more.
    Gone(Vec<u64>),
}

/// What a cancelled transaction means: the reasons stand in the order of the writes, the marker's
/// first, the state's second, those of updated handovers from `first_update` on.
fn judge_cancellation(
    reasons: &[CancellationReason],
    first_update: usize,
    updated: &[u64],
) -> Result<Attempt, Failure> {
    let failed = |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    if let Some(marker) = reasons.first().filter(|reason| failed(reason)) {
        let item = marker.item.clone().ok_or(Failure::retry("marker was not returned"))?;
        return Ok(Attempt::Committed(Committed::Already(Box::new(decode(item)?))));
    }
    let conflict = |reason: &CancellationReason| reason.code() == Some("TransactionConflict");
    if reasons.iter().take(first_update).any(failed) || reasons.iter().any(conflict) {
        return Ok(Attempt::Committed(Committed::Moved));
    }
    let missing = reasons.iter().skip(first_update).zip(updated).filter(|(reason, _)| failed(reason));
    let gone: Vec<u64> = missing.map(|(_, epoch)| *epoch).collect();
    if !gone.is_empty() {
        return Ok(Attempt::Gone(gone));
    }
    let throttled = |reason: &CancellationReason| {
        matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded"))
    };
    if reasons.iter().any(throttled) {
        return Err(Failure::retry("service is throttling"));
    }
    if reasons.iter().any(|reason| reason.code() == Some("ItemCollectionSizeLimitExceeded")) {
        return Err(Failure::quarantine("too many items in one conversation"));
    }
    Err(Failure::retry("service refused the transaction"))
}

pub(super) fn state_item(conversation: Conversation, assignee: Option<&Assignee>) -> StateItem {
    let owner = assignee.map(Assignee::label);
    let human = conversation.human();
    // What is erased stands in no list.
    let listed = !conversation.is_erased();
    StateItem {
        pk: keys::conversation(&conversation.account, &conversation.id),
        sk: keys::STATE.to_owned(),
        schema: SCHEMA,
        version: conversation.version,
        moved_to: None,
        inbox_pk: listed.then(|| keys::inbox_index(&conversation.account)),
        inbox_sk: listed.then(|| keys::inbox_sort(&conversation, owner.as_deref())),
        conversation: Some(conversation.id.clone()),
        inbox: Some(conversation.inbox.clone()),
        wake_at: conversation.wake_at(),
        scenario: human.map(|human| human.origin.name().to_owned()),
        urgency: human.map(|human| human.urgency),
        assignee: owner,
        state: Some(conversation),
    }
}

fn alias_item(account: &AccountId, alias: &ConversationId, conversation: &ConversationId) -> StateItem {
    StateItem {
        pk: keys::conversation(account, alias),
        sk: keys::STATE.to_owned(),
        schema: SCHEMA,
        version: 1,
        state: None,
        moved_to: Some(conversation.clone()),
        inbox_pk: None,
        inbox_sk: None,
        conversation: None,
        inbox: None,
        wake_at: None,
        scenario: None,
        assignee: None,
        urgency: None,
    }
}

fn handover_item(conversation: &Conversation, handover: &Handover) -> HandoverItem {
    let owner = handover.assignee.as_ref().map(Assignee::label);
    let account = &conversation.account;
    let task = handover.task;
    let open_task = task.filter(|task| task.closed_at.is_none());
    HandoverItem {
        pk: keys::conversation(account, &conversation.id),
        sk: keys::handover(handover.epoch),
        schema: SCHEMA,
        epoch: handover.epoch,
        origin: handover.origin.clone(),
        trigger: handover.trigger.clone(),
        started_at: handover.started_at,
        resume_at: handover.resume_at,
        tag: handover.tag.clone(),
        due_at: task.map(|task| task.due_at),
        task_closed_at: task.and_then(|task| task.closed_at),
        promise_due_at: handover.promise_due_at,
        promise: handover.promise,
        promise_settled_at: handover.promise_settled_at,
        urgency: handover.urgency,
        claimed_at: handover.claimed_at,
        first_reply_at: handover.first_reply_at,
        ended_at: handover.ended_at,
        end: handover.end.clone(),
        conversation: conversation.id.clone(),
        contact: conversation.contact.clone(),
        scenario: handover.origin.name().to_owned(),
        work_pk: open_task.map(|_| keys::work_index(account, owner.as_deref())),
        work_sk: open_task.map(|task| keys::work_sort(task.due_at, &conversation.id, handover.epoch)),
        // What only follows from another conversation is counted there.
        report_pk: (!matches!(handover.origin, Origin::Elsewhere { .. }))
            .then(|| keys::report_index(account)),
        assignee: owner,
    }
}

fn string(text: String) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text)
}

fn number(value: u64) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::N(value.to_string())
}
