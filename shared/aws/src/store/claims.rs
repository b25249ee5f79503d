//! Claims of what is about to leave for staff and automations, so that two copies of a message that are at
//! work at the same moment do not both send it.

use std::time::Duration;

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use handover_core::{AccountId, EffectId, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{LedgerState, Store, classify, decode, encode, expressions, items::SCHEMA, keys};
use crate::Failure;

/// Days that it is remembered which announcements were made: longer than a queue keeps a copy (14 days).
const ANNOUNCED_DAYS: i64 = 15;

/// A run's claim of a message.
#[derive(Clone, Copy, Debug)]
pub struct NoteClaim<'a> {
    /// Which run: random.
    pub writer: &'a str,
    /// Now.
    pub at: Timestamp,
    /// From which age on another run's claim counts as left behind; none: never.
    pub left_after: Option<Duration>,
}

/// How far an announcement to an automation got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct AnnouncedItem {
    pk: String,
    sk: String,
    schema: u8,
    state: LedgerState,
    writer: String,
    claimed_at: Timestamp,
    expires_at: i64,
    /// How often it was sent in vain.
    #[serde(default)]
    tries: u32,
}

/// What a claim came upon.
pub(super) enum Claimed<T> {
    /// It is this run's; what stood there before, as far as that is known.
    Ours(Option<T>),
    /// What stands there instead.
    Theirs(T),
}

/// What became of a claim of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announcing {
    /// It is ours to send.
    Ours {
        /// How often it was sent in vain before. A run that dies after its claim forgets the count.
        tries: u32,
    },
    /// Another run is at it.
    BeingSent,
    /// It was sent before.
    Sent,
}

impl Store {
    /// Claims an announcement; `id` names it with its recipient.
    pub async fn claim_announced(
        &self,
        account: &AccountId,
        id: &EffectId,
        claim: &NoteClaim<'_>,
    ) -> Result<Announcing, Failure> {
        let item = announced(account, id, claim, LedgerState::Claimed, 0);
        // Only this run can tell its own claim from another's: it asks again before it gives up.
        let before = match self.claim_item(&item, claim).await {
            Err(Failure::Retry { .. }) => self.claim_item(&item, claim).await?,
            before => before?,
        };
        Ok(match before {
            Claimed::Ours(before) => Announcing::Ours { tries: before.map_or(0, |before| before.tries) },
            Claimed::Theirs(before) if before.state != LedgerState::Claimed => Announcing::Sent,
            Claimed::Theirs(before) if before.writer == claim.writer => Announcing::Ours { tries: 0 },
            Claimed::Theirs(_) => Announcing::BeingSent,
        })
    }

    /// Says what became of a claimed announcement, and how often it was sent in vain so far.
    pub async fn settle_announced(
        &self,
        account: &AccountId,
        id: &EffectId,
        claim: &NoteClaim<'_>,
        state: LedgerState,
        tries: u32,
    ) -> Result<(), Failure> {
        self.settle_item(&announced(account, id, claim, state, tries), claim).await
    }

    /// Writes a claim where there is none, or none any more.
    pub(super) async fn claim_item<T: Serialize + DeserializeOwned>(
        &self,
        item: &T,
        claim: &NoteClaim<'_>,
    ) -> Result<Claimed<T>, Failure> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(encode(item)?))
            .condition_expression(expressions::UNCLAIMED)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":released", text("released"))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(after) = claim.left_after {
            let left = AttributeValue::N(claim.at.minus(after).as_ms().to_string());
            put = put
                .condition_expression(expressions::UNCLAIMED_OR_LEFT)
                .expression_attribute_values(":claimed", text("claimed"))
                .expression_attribute_values(":left", left);
        }
        let error = match put.send().await {
            Ok(put) => return put.attributes.map(decode).transpose().map(Claimed::Ours),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item.clone().ok_or(Failure::retry("claim was not returned"))?;
                decode(item).map(Claimed::Theirs)
            }
            Some(_) | None => Err(classify(&error)),
        }
    }

    /// Writes what became of a claim, unless somebody else has claimed it since.
    pub(super) async fn settle_item<T: Serialize>(
        &self,
        item: &T,
        claim: &NoteClaim<'_>,
    ) -> Result<(), Failure> {
        let once = async || {
            let put = self.client.put_item().table_name(&self.table).set_item(Some(encode(item)?));
            let writer = AttributeValue::S(claim.writer.to_owned());
            let put = put.condition_expression(expressions::CLAIMED_BY);
            let Err(error) = put.expression_attribute_values(":writer", writer).send().await else {
                return Ok(());
            };
            match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                Some(_) | None => Err(classify(&error)),
            }
        };
        match once().await {
            Err(Failure::Retry { .. }) => once().await,
            settled => settled,
        }
    }
}

fn announced(
    account: &AccountId,
    id: &EffectId,
    claim: &NoteClaim<'_>,
    state: LedgerState,
    tries: u32,
) -> AnnouncedItem {
    AnnouncedItem {
        pk: keys::announced(account, id),
        sk: keys::ANNOUNCED.to_owned(),
        schema: SCHEMA,
        state,
        writer: claim.writer.to_owned(),
        claimed_at: claim.at,
        expires_at: claim.at.as_seconds() + ANNOUNCED_DAYS * 86_400,
        tries,
    }
}
