//! What the phrases of a bot's revision mean, kept beside it: reading them takes a millisecond each, which no
//! message shall wait for.

use data_encoding::BASE64;
use handover_core::{AccountId, BotId, BotRevision};
use handover_detect::{MODEL, Prepared};
use serde::{Deserialize, Serialize};

use super::{Store, items::SCHEMA, keys};
use crate::Failure;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MeaningsItem {
    pk: String,
    sk: String,
    schema: u8,
    /// `Prepared::meanings`, as base64: 192 characters for each phrase, so at most 230 KB.
    meanings: String,
}

impl Store {
    /// What a revision's phrases mean, as the present version of the understanding has it, if it was kept.
    pub async fn meanings(&self, account: &AccountId, of: &BotRevision) -> Result<Option<Vec<u8>>, Failure> {
        let (pk, sk) = key(account, &of.bot.id, of.revision);
        let item: Option<MeaningsItem> = self.get(&pk, &sk, false).await?;
        Ok(item.and_then(|item| BASE64.decode(item.meanings.as_bytes()).ok()))
    }

    /// Keeps what a revision's phrases mean; nothing for a bot that has none. It is the same whoever keeps it.
    pub async fn keep_meanings(
        &self,
        account: &AccountId,
        of: &BotRevision,
        phrases: &Prepared,
    ) -> Result<(), Failure> {
        if phrases.is_empty() {
            return Ok(());
        }
        let (pk, sk) = key(account, &of.bot.id, of.revision);
        let meanings = BASE64.encode(&phrases.meanings());
        self.put(&MeaningsItem { pk, sk, schema: SCHEMA, meanings }).await
    }
}

/// Beside the revisions; versions of the understanding stand side by side while one replaces another.
fn key(account: &AccountId, bot: &BotId, revision: u64) -> (String, String) {
    (keys::bot(account, bot), keys::meanings(revision, MODEL))
}
