//! Every expression that is sent to the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{Assignee, HandoverChange, HandoverEnd, PromiseState, Timestamp};
use serde::Serialize;

use super::Item;
use crate::Failure;

/// Items of a partition.
pub(super) const PARTITION: &str = "pk = :pk";
/// Items of a partition whose sort key begins with a prefix.
pub(super) const PARTITION_PREFIX: &str = "pk = :pk AND begins_with(sk, :prefix)";
/// Rows of an account in the `inbox` index that are of one kind.
pub(super) const INBOX_PREFIX: &str = "inbox_pk = :pk AND begins_with(inbox_sk, :prefix)";
/// Rows of an owner in the `work` index.
pub(super) const WORK_OF: &str = "work_pk = :pk";
/// Rows that are assigned to somebody in particular.
pub(super) const ASSIGNED_TO: &str = "assignee = :assignee";
/// Rows that are assigned to nobody.
pub(super) const UNASSIGNED: &str = "attribute_not_exists(assignee)";
/// Rows of one scenario.
pub(super) const OF_SCENARIO: &str = "scenario = :scenario";
/// Rows of one inbox.
pub(super) const OF_INBOX: &str = "inbox = :inbox";
/// Rows whose wake time has come.
pub(super) const WAKE_DUE: &str = "wake_at <= :now";
/// The item is not there yet.
pub(super) const ABSENT: &str = "attribute_not_exists(pk)";
/// The message is nobody's, or its claimer knows that it was not sent.
pub(super) const UNCLAIMED: &str = "attribute_not_exists(pk) OR #state = :released";
/// The same, or its claimer must have died by now.
pub(super) const UNCLAIMED_OR_LEFT: &str = "attribute_not_exists(pk) OR #state = :released \
     OR (#state = :claimed AND claimed_at < :left)";
/// The claim is this run's.
pub(super) const CLAIMED_BY: &str = "writer = :writer";
/// A tag's row as it stood before a contact lost the tag.
pub(super) const NOT_SINCE: &str = "version <= :version";
/// Handovers of an account that began from one instant up to another.
pub(super) const BEGUN_IN: &str = "report_pk = :pk AND started_at BETWEEN :from AND :to";
/// The item is there.
pub(super) const PRESENT: &str = "attribute_exists(pk)";
/// The item is in the version that was read.
pub(super) const VERSION: &str = "version = :version";
/// The staff member is an owner.
pub(super) const IS_OWNER: &str = "staff.#role = :owner";
/// A bot's present revision is the one that was read.
pub(super) const REVISION: &str = "revision = :version";
/// No condition.
pub(super) const ALWAYS: &str = "";
/// A notification was read.
pub(super) const MARK_READ: &str = "SET #read = :yes";
/// Ends an API key, the first time.
pub(super) const REVOKE: &str = "SET revoked_at = if_not_exists(revoked_at, :now)";
/// The item has not ended.
pub(super) const NOT_ENDED: &str = "expires_at > :now";
/// One more try of a code.
pub(super) const ONE_MORE_TRY: &str = "ADD tries :one";
/// The code has not ended, and may be tried once more.
pub(super) const MAY_BE_TRIED: &str = "expires_at > :now AND tries < :max";
/// One more of something that happens only so often.
pub(super) const COUNT_UP: &str = "SET expires_at = :end ADD #count :one";
/// It has not happened too often yet.
pub(super) const BELOW_MAX: &str = "attribute_not_exists(#count) OR #count < :max";
/// Nothing is known of how far a message got.
pub(super) const NO_RECEIPT: &str = "attribute_not_exists(receipt)";
/// A ledger entry that this claim may settle.
pub(super) const LEDGER_HELD: &str = "attempt = :attempt AND #state = :held";

/// An update in the making.
#[derive(Debug, Default)]
pub(super) struct Update {
    set: Vec<String>,
    remove: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Item,
}

impl Update {
    /// Sets an attribute.
    pub(super) fn set<T: Serialize>(&mut self, name: &str, value: T) -> Result<(), Failure> {
        let value = serde_dynamo::to_attribute_value(value)
            .map_err(|_| Failure::quarantine("item cannot be encoded"))?;
        let index = self.values.len();
        self.names.insert(format!("#a{index}"), name.to_owned());
        self.values.insert(format!(":a{index}"), value);
        self.set.push(format!("#a{index} = :a{index}"));
        Ok(())
    }

    /// Removes an attribute; its name must not be a reserved word.
    pub(super) fn remove(&mut self, name: &str) {
        self.remove.push(name.to_owned());
    }

    /// Whether it changes nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }

    /// Another value for the condition.
    pub(super) fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(name.to_owned(), value);
    }

    /// The update expression.
    pub(super) fn expression(&self) -> String {
        let mut parts = Vec::new();
        if !self.set.is_empty() {
            parts.push(format!("SET {}", self.set.join(", ")));
        }
        if !self.remove.is_empty() {
            parts.push(format!("REMOVE {}", self.remove.join(", ")));
        }
        parts.join(" ")
    }
}

/// The attributes of a stored handover that its changes set.
#[derive(Debug, Default)]
#[expect(clippy::option_option, reason = "not touched, set to something, removed")]
pub(super) struct HandoverFields {
    assignee: Option<Option<Assignee>>,
    claimed_at: Option<Timestamp>,
    urgency: Option<u8>,
    reply_by: Option<Timestamp>,
    first_reply_at: Option<Timestamp>,
    promise: Option<(PromiseState, Timestamp)>,
    task_closed_at: Option<Timestamp>,
    resume_at: Option<Option<Timestamp>>,
    ended: Option<(Timestamp, HandoverEnd)>,
}

impl HandoverFields {
    /// Takes a change in; the last of a kind wins.
    pub(super) fn take(&mut self, change: HandoverChange) {
        match change {
            HandoverChange::Open(_) => {}
            HandoverChange::Assigned { to, claimed_at } => {
                self.assignee = Some(to);
                self.claimed_at = claimed_at.or(self.claimed_at);
            }
            HandoverChange::Urgency(urgency) => self.urgency = Some(urgency),
            HandoverChange::ReplyBy(at) => self.reply_by = Some(at),
            HandoverChange::FirstReply(at) => self.first_reply_at = Some(at),
            HandoverChange::Promise { state, at } => self.promise = Some((state, at)),
            HandoverChange::TaskClosed(at) => self.task_closed_at = Some(at),
            HandoverChange::Paused { resume_at } => self.resume_at = Some(resume_at),
            HandoverChange::Ended { at, end } => self.ended = Some((at, end)),
        }
    }

    /// The update that sets them. `work_pk` names the `work` index's partition of an owner.
    pub(super) fn update(self, work_pk: impl Fn(Option<&str>) -> String) -> Result<Update, Failure> {
        let mut update = Update::default();
        let task_open = self.task_closed_at.is_none();
        if let Some(assignee) = self.assignee {
            let label = assignee.as_ref().map(Assignee::label);
            if task_open {
                // Without a `work_sk`, which only an open task has, the row stays out of the index.
                update.set("work_pk", work_pk(label.as_deref()))?;
            }
            match label {
                Some(label) => update.set("assignee", label)?,
                None => update.remove("assignee"),
            }
        }
        if let Some(at) = self.claimed_at {
            update.set("claimed_at", at)?;
        }
        if let Some(urgency) = self.urgency {
            update.set("urgency", urgency)?;
        }
        if let Some(at) = self.reply_by {
            update.set("reply_by", at)?;
        }
        if let Some(at) = self.first_reply_at {
            update.set("first_reply_at", at)?;
        }
        if let Some((state, at)) = self.promise {
            update.set("promise", state)?;
            update.set("promise_settled_at", at)?;
        }
        if let Some(at) = self.task_closed_at {
            update.set("task_closed_at", at)?;
            update.remove("work_pk");
            update.remove("work_sk");
        }
        match self.resume_at {
            Some(Some(at)) => update.set("resume_at", at)?,
            Some(None) => update.remove("resume_at"),
            None => {}
        }
        if let Some((at, end)) = self.ended {
            update.set("ended_at", at)?;
            update.set("end", end)?;
        }
        Ok(update)
    }
}
