//! API keys, as stored.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use handover_core::{AccountId, ApiKeyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Edit, Store, decode, encode, expressions, items::SCHEMA, keys};
use crate::{ApiKey, Failure, Scope};

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyItem {
    pub(crate) pk: String,
    pub(crate) sk: ApiKeyId,
    pub(crate) schema: u8,
    /// What it is for, in its maker's words.
    pub name: String,
    /// What it may be used for.
    pub scope: Scope,
    /// What the secret is recognised by.
    pub(crate) hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By which key; none: by somebody with the stack's own rights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<ApiKeyId>,
    /// When it ends, in seconds since the Unix epoch; the table forgets it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyItem {
    /// The item of a new key that never ends by itself.
    pub fn new(key: &ApiKey, name: &str, scope: Scope, created_at: Timestamp) -> Self {
        Self {
            pk: keys::api_keys(key.account()),
            sk: key.id(),
            schema: SCHEMA,
            name: name.to_owned(),
            scope,
            hash: key.hash(),
            created_at,
            created_by: None,
            expires_at: None,
            revoked_at: None,
        }
    }

    /// Its id.
    pub const fn id(&self) -> &ApiKeyId {
        &self.sk
    }

    /// Whether whoever shows this key may come in.
    pub fn admits(&self, key: &ApiKey, now: Timestamp) -> bool {
        let live = self.expires_at.is_none_or(|end| now.as_seconds() < end);
        key.matches(&self.hash) && live && self.revoked_at.is_none()
    }
}

impl Store {
    /// Stores a new key; `false` when it stands already.
    pub async fn put_api_key(&self, key: &ApiKeyItem) -> Result<bool, Failure> {
        self.put_new(key).await
    }

    /// An account's key, strongly consistent: a revoked one is refused from then on.
    pub async fn api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<Option<ApiKeyItem>, Failure> {
        self.get(&keys::api_keys(account), id.as_str(), true).await
    }

    /// Makes a key, with its line in the journal; `false` when it stands already.
    pub async fn make_api_key(&self, edit: &Edit<'_>, key: &ApiKeyItem) -> Result<bool, Failure> {
        let writes = vec![(encode(key)?, expressions::ABSENT)];
        Ok(self.edit(edit, &format!("api-key/{}", key.id()), writes).await?.is_some())
    }

    /// Ends a key, with its line in the journal; `false` when there is none of this id. The first end
    /// stays on record.
    pub async fn end_api_key(&self, edit: &Edit<'_>, id: &ApiKeyId) -> Result<bool, Failure> {
        match self.api_key(edit.account, id).await? {
            None => return Ok(false),
            Some(known) if known.revoked_at.is_some() => return Ok(true),
            Some(_) => {}
        }
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(keys::api_keys(edit.account)))
            .key("sk", AttributeValue::S(id.to_string()))
            .update_expression(expressions::REVOKE)
            .condition_expression(expressions::PRESENT)
            .expression_attribute_values(":now", AttributeValue::N(edit.at.as_ms().to_string()))
            .build()
            .map_err(|_| Failure::quarantine("write cannot be built"))?;
        let journal = self.audit_write(edit, &format!("api-key/{id}"), None)?;
        self.transact(vec![TransactWriteItem::builder().update(update).build(), journal]).await
    }

    /// All of an account's keys, by id.
    pub async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKeyItem>, Failure> {
        let items = self.query(&keys::api_keys(account), "", false).await?;
        items.into_iter().map(decode).collect()
    }
}
