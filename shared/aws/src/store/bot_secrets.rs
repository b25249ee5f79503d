//! The sealed secrets of a bot's connector.

use handover_core::{AccountId, BotId};
use serde::{Deserialize, Serialize};

use super::{Edit, Store, Versioned, encode, expressions, items::SCHEMA, keys};
use crate::Failure;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BotSecretsItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts its edits.
    version: u64,
    /// AES-256-GCM of the secrets' JSON; account and bot are the associated data.
    sealed: String,
}

impl Store {
    /// The secrets of a bot's connector, still sealed.
    pub async fn bot_secrets(
        &self,
        account: &AccountId,
        bot: &BotId,
        strong: bool,
    ) -> Result<Option<Versioned<String>>, Failure> {
        let item: Option<BotSecretsItem> =
            self.get(&keys::bot(account, bot), keys::BOT_SECRETS, strong).await?;
        Ok(item.map(|item| Versioned { value: item.sealed, version: item.version }))
    }

    /// Keeps the secrets of a bot's connector; `None` when somebody else has changed them since.
    pub async fn edit_bot_secrets(
        &self,
        edit: &Edit<'_>,
        bot: &BotId,
        sealed: String,
    ) -> Result<Option<u64>, Failure> {
        let version = edit.seen.unwrap_or(0).saturating_add(1);
        let item = BotSecretsItem {
            pk: keys::bot(edit.account, bot),
            sk: keys::BOT_SECRETS.to_owned(),
            schema: SCHEMA,
            version,
            sealed,
        };
        let condition = if edit.seen.is_some() { expressions::VERSION } else { expressions::ABSENT };
        let mut writes = vec![
            self.edit_write(encode(&item)?, condition, edit.seen)?,
            self.audit_write(edit, &format!("bot/{bot}/secrets"), Some(version))?,
        ];
        writes.extend(self.once_write(edit)?);
        Ok(self.transact(writes).await?.then_some(version))
    }
}
