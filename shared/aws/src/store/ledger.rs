//! The ledger: what was submitted to providers, or nearly. A claim comes before every submission,
//! and its attempt number fences a slow run's completion.

use aws_sdk_dynamodb::{
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use handover_core::{AccountId, ConversationId, EffectId, Purpose, ReceiptStatus, Timestamp};

use super::{
    LedgerItem, LedgerState, MARKER_DAYS, Store, classify, decode, encode,
    expressions::{self, Update},
    items::SCHEMA,
    keys,
};
use crate::Failure;

/// What is to be claimed.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The conversation.
    pub conversation: &'a ConversationId,
    /// The effect.
    pub effect: &'a EffectId,
    /// Why the text is sent.
    pub purpose: Purpose,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// A hash of the text, to recognise its echo.
    pub text_hash: &'a str,
    /// The hashes of its parts, where there are several.
    pub part_hashes: &'a [String],
    /// Which run claims: random, and the same for the whole run.
    pub writer: &'a str,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// It is ours: the attempt's number.
    Ours(u32),
    /// Somebody was at it before: the entry as it stands.
    Before(Box<LedgerItem>),
}

impl Store {
    /// Claims a send. An entry that was released is claimed anew, with the next attempt's number.
    pub async fn claim(&self, claim: &Claim<'_>, now: Timestamp) -> Result<Claimed, Failure> {
        let mut item = LedgerItem {
            pk: keys::conversation(claim.account, claim.conversation),
            sk: keys::ledger(claim.effect),
            schema: SCHEMA,
            effect: claim.effect.clone(),
            purpose: claim.purpose,
            epoch: claim.epoch,
            attempt: 1,
            writer: claim.writer.to_owned(),
            state: LedgerState::Claimed,
            at: now,
            text_hash: claim.text_hash.to_owned(),
            part_hashes: claim.part_hashes.to_vec(),
            provider_message: None,
            more_messages: Vec::new(),
            detail: None,
            receipt: None,
            expires_at: now.as_seconds() + MARKER_DAYS * 86_400,
        };
        // Only this run can tell its own claim from another's: it asks again before it gives up.
        let put = match self.put_claim(&item, None).await {
            Err(Failure::Retry { .. }) => self.put_claim(&item, None).await,
            put => put,
        };
        let Some(before) = put? else { return Ok(Claimed::Ours(1)) };
        if before.state != LedgerState::Released {
            return Ok(claimed(claim, before));
        }
        item.attempt = before.attempt.saturating_add(1);
        match self.put_claim(&item, Some(before.attempt)).await? {
            None => Ok(Claimed::Ours(item.attempt)),
            Some(newer) => Ok(claimed(claim, newer)),
        }
    }

    async fn put_claim(
        &self,
        item: &LedgerItem,
        released: Option<u32>,
    ) -> Result<Option<LedgerItem>, Failure> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(item)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        put = match released {
            None => put.condition_expression(expressions::ABSENT),
            Some(attempt) => put
                .condition_expression(expressions::LEDGER_HELD)
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":attempt", AttributeValue::N(attempt.to_string()))
                .expression_attribute_values(":held", AttributeValue::S("released".to_owned())),
        };
        let Err(error) = put.send().await else { return Ok(None) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item.clone().ok_or(Failure::retry("ledger entry was not returned"))?;
                decode(item).map(Some)
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    /// Settles a claim; `false` when the entry is no longer that claim's. `messages` are the provider's ids
    /// of the parts that it took.
    pub async fn settle_claim(
        &self,
        claim: &Claim<'_>,
        attempt: u32,
        state: LedgerState,
        messages: &[String],
        detail: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let settled = Settled { state, messages, detail, at: now };
        match self.settle_once(claim, attempt, &settled).await {
            Err(Failure::Retry { .. }) => self.settle_once(claim, attempt, &settled).await,
            result => result,
        }
    }

    async fn settle_once(
        &self,
        claim: &Claim<'_>,
        attempt: u32,
        settled: &Settled<'_>,
    ) -> Result<bool, Failure> {
        let state = settled.state;
        let mut update = Update::default();
        update.set("state", state)?;
        update.set("at", settled.at)?;
        if let Some((first, more)) = settled.messages.split_first() {
            update.set("provider_message", first)?;
            if !more.is_empty() {
                update.set("more_messages", more)?;
            }
        }
        if let Some(detail) = settled.detail {
            update.set("detail", detail)?;
        }
        update.names.insert("#state".to_owned(), "state".to_owned());
        update.value(":attempt", AttributeValue::N(attempt.to_string()));
        update.value(":held", AttributeValue::S("claimed".to_owned()));
        let (account, conversation, effect) = (claim.account, claim.conversation, claim.effect);
        let refused =
            self.update_ledger(account, conversation, effect, update, expressions::LEDGER_HELD).await?;
        Ok(match refused {
            None => true,
            // The answer to our own write got lost, and the call was made again.
            Some(entry) => entry.is_some_and(|entry| {
                entry.attempt == attempt && entry.writer == claim.writer && entry.state == state
            }),
        })
    }

    /// Notes what the provider says about a message; `false` when the ledger does not know it.
    pub async fn note_receipt(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        effect: &EffectId,
        status: ReceiptStatus,
    ) -> Result<bool, Failure> {
        let mut update = Update::default();
        update.set("receipt", status)?;
        // Receipts overtake each other; news never goes back.
        let earlier: &[ReceiptStatus] = match status {
            ReceiptStatus::Sent => &[],
            ReceiptStatus::Delivered | ReceiptStatus::Failed => &[ReceiptStatus::Sent],
            ReceiptStatus::Read => &[ReceiptStatus::Sent, ReceiptStatus::Delivered],
        };
        let mut conditions = vec![expressions::NO_RECEIPT.to_owned()];
        for (index, status) in earlier.iter().enumerate() {
            let value = serde_dynamo::to_attribute_value(status)
                .map_err(|_| Failure::quarantine("item cannot be encoded"))?;
            update.value(&format!(":e{index}"), value);
            conditions.push(format!("receipt = :e{index}"));
        }
        let condition = format!("{} AND ({})", expressions::PRESENT, conditions.join(" OR "));
        let refused = self.update_ledger(account, conversation, effect, update, &condition).await?;
        Ok(refused.is_none())
    }

    /// Updates an entry; `Some` with what stands there when the condition fails.
    async fn update_ledger(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        effect: &EffectId,
        update: Update,
        condition: &str,
    ) -> Result<Option<Option<LedgerItem>>, Failure> {
        let expression = update.expression();
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(keys::conversation(account, conversation)))
            .key("sk", AttributeValue::S(keys::ledger(effect)))
            .update_expression(expression)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = result else { return Ok(None) };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Some(failed.item.clone().map(decode).transpose()?))
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    /// One ledger entry.
    pub async fn ledger_entry(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        effect: &EffectId,
    ) -> Result<Option<LedgerItem>, Failure> {
        self.get(&keys::conversation(account, conversation), &keys::ledger(effect), true).await
    }

    /// A conversation's ledger.
    pub async fn ledger(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
    ) -> Result<Vec<LedgerItem>, Failure> {
        let items = self.query(&keys::conversation(account, conversation), keys::LEDGER, true).await?;
        items.into_iter().map(decode).collect()
    }
}

/// How a claim is settled.
struct Settled<'a> {
    state: LedgerState,
    messages: &'a [String],
    detail: Option<&'a str>,
    at: Timestamp,
}

/// What stands in the way of a claim, unless it is that claim itself: the answer to our own write got
/// lost, and the call was made again.
fn claimed(claim: &Claim<'_>, entry: LedgerItem) -> Claimed {
    if entry.state == LedgerState::Claimed && entry.writer == claim.writer {
        Claimed::Ours(entry.attempt)
    } else {
        Claimed::Before(Box::new(entry))
    }
}
