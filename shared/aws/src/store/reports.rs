//! Handovers of a period, from the `reports` index. It may lag by moments.

use aws_sdk_dynamodb::types::AttributeValue;
use handover_core::{AccountId, ConversationId, Origin, PromiseState, Timestamp};
use serde::Deserialize;

use super::{Item, Page, Store, classify, decode, expressions, keys};
use crate::Failure;

/// A handover, as far as reports count it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReportedHandover {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its epoch; with the conversation, its name.
    pub epoch: u64,
    /// How it began.
    pub origin: Origin,
    /// When.
    pub started_at: Timestamp,
    /// When somebody claimed it.
    #[serde(default)]
    pub claimed_at: Option<Timestamp>,
    /// When a human first answered.
    #[serde(default)]
    pub first_reply_at: Option<Timestamp>,
    /// Until when a human is to answer.
    pub promise_due_at: Timestamp,
    /// What became of that.
    pub promise: PromiseState,
}

impl ReportedHandover {
    /// Whether no human has answered, nor settled the matter otherwise.
    pub fn is_unanswered(&self) -> bool {
        self.first_reply_at.is_none() && matches!(self.promise, PromiseState::Open | PromiseState::Missed)
    }

    /// Where a list goes on after it.
    pub fn cursor(&self) -> String {
        format!("{}#{}#{}", self.started_at.as_ms(), self.conversation, self.epoch)
    }

    /// Whether its promise was not kept in time, as of `now`.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        match self.promise {
            PromiseState::Missed => true,
            PromiseState::Open => self.promise_due_at <= now,
            PromiseState::Kept | PromiseState::Released => false,
        }
    }
}

impl Store {
    /// A page of the handovers that began from `from` on and before `to`, oldest or newest first: as many as
    /// one read gives, at most 1 MB. `None` when `cursor` is not one of this list's.
    pub async fn handovers_begun(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
        newest_first: bool,
        cursor: Option<&str>,
    ) -> Result<Option<Page<ReportedHandover>>, Failure> {
        let start = match cursor {
            None => None,
            Some(cursor) => match start(account, cursor) {
                Some(start) => Some(start),
                None => return Ok(None),
            },
        };
        let instant = |at: i64| AttributeValue::N(at.to_string());
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("reports")
            .key_condition_expression(expressions::BEGUN_IN)
            .expression_attribute_values(":pk", AttributeValue::S(keys::report_index(account)))
            .expression_attribute_values(":from", instant(from.as_ms()))
            .expression_attribute_values(":to", instant(to.as_ms() - 1))
            .scan_index_forward(!newest_first)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| classify(&error))?;
        let rows = answer.items.unwrap_or_default();
        let rows: Vec<ReportedHandover> = rows.into_iter().map(decode).collect::<Result<_, _>>()?;
        let next = rows.last().filter(|_| answer.last_evaluated_key.is_some()).map(ReportedHandover::cursor);
        Ok(Some(Page { rows, next }))
    }
}

/// The key after which a list goes on: nothing in a cursor leads out of the account.
fn start(account: &AccountId, cursor: &str) -> Option<Item> {
    let mut parts = cursor.split('#');
    let at: i64 = parts.next()?.parse().ok()?;
    let conversation: ConversationId = parts.next()?.parse().ok()?;
    let epoch: u64 = parts.next()?.parse().ok()?;
    let text = |text: String| AttributeValue::S(text);
    Some(Item::from([
        ("pk".to_owned(), text(keys::conversation(account, &conversation))),
        ("sk".to_owned(), text(keys::handover(epoch))),
        ("report_pk".to_owned(), text(keys::report_index(account))),
        ("started_at".to_owned(), AttributeValue::N(at.to_string())),
    ]))
}
