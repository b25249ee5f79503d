//! What built-in bots know: an item for each entry, and a number that says when something changed.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use handover_core::{AccountId, BotId, FaqEntry, FaqId};
use serde::{Deserialize, Serialize};

use super::{Edit, Store, Versioned, decode, encode, expressions, items::SCHEMA, keys};
use crate::Failure;

/// Entries that one transaction changes (100 writes at most, with those of version and journal).
const ENTRIES_AT_ONCE: usize = 90;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FaqItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts the entry's edits.
    version: u64,
    entry: FaqEntry,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FaqVersionItem {
    pk: String,
    sk: String,
    schema: u8,
    /// Counts all edits of the bot's entries.
    version: u64,
}

/// A change of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaqChange {
    /// It is so from now on. The number counts its edits; 1 is for an entry that is not there yet.
    Put(FaqEntry, u64),
    /// It is gone.
    Remove(FaqId),
}

impl Store {
    /// A number that changes with every edit of a bot's entries.
    pub async fn faq_version(&self, account: &AccountId, bot: &BotId) -> Result<u64, Failure> {
        self.faq_version_read(account, bot, false).await
    }

    async fn faq_version_read(&self, account: &AccountId, bot: &BotId, strong: bool) -> Result<u64, Failure> {
        let item: Option<FaqVersionItem> =
            self.get(&keys::faq(account, bot), keys::FAQ_VERSION, strong).await?;
        Ok(item.map_or(0, |item| item.version))
    }

    /// Every entry of a bot, in the order of their ids.
    pub async fn faq(&self, account: &AccountId, bot: &BotId) -> Result<Vec<Versioned<FaqEntry>>, Failure> {
        let items = self.query(&keys::faq(account, bot), keys::FAQ_ENTRY, true).await?;
        let read = |item| {
            let item: FaqItem = decode(item)?;
            Ok(Versioned { value: item.entry, version: item.version })
        };
        items.into_iter().map(read).collect()
    }

    /// An entry of a bot.
    pub async fn faq_entry(
        &self,
        account: &AccountId,
        bot: &BotId,
        id: &FaqId,
    ) -> Result<Option<Versioned<FaqEntry>>, Failure> {
        let item: Option<FaqItem> = self.get(&keys::faq(account, bot), &keys::faq_entry(id), true).await?;
        Ok(item.map(|item| Versioned { value: item.entry, version: item.version }))
    }

    /// Makes changes of a bot's entries, some dozens at a time, with a line in the journal; `false` when
    /// somebody else edited them meanwhile. Made again, the changes come to the same.
    pub async fn edit_faq(
        &self,
        edit: &Edit<'_>,
        bot: &BotId,
        changes: &[FaqChange],
    ) -> Result<bool, Failure> {
        let pk = keys::faq(edit.account, bot);
        let chunks = changes.chunks(ENTRIES_AT_ONCE);
        let last = chunks.len().saturating_sub(1);
        for (number, chunk) in chunks.enumerate() {
            let seen = self.faq_version_read(edit.account, bot, true).await?;
            let version = seen.saturating_add(1);
            let item =
                FaqVersionItem { pk: pk.clone(), sk: keys::FAQ_VERSION.to_owned(), schema: SCHEMA, version };
            let condition = if seen == 0 { expressions::ABSENT } else { expressions::VERSION };
            let mut writes = vec![self.edit_write(encode(&item)?, condition, Some(seen))?];
            for change in chunk {
                writes.push(match change {
                    FaqChange::Put(entry, version) => {
                        let item = FaqItem {
                            pk: pk.clone(),
                            sk: keys::faq_entry(&entry.id),
                            schema: SCHEMA,
                            version: *version,
                            entry: entry.clone(),
                        };
                        match version.checked_sub(1).filter(|before| *before > 0) {
                            None => self.edit_write(encode(&item)?, expressions::ABSENT, None)?,
                            before => self.edit_write(encode(&item)?, expressions::VERSION, before)?,
                        }
                    }
                    FaqChange::Remove(id) => {
                        let delete = Delete::builder()
                            .table_name(&self.table)
                            .key("pk", AttributeValue::S(pk.clone()))
                            .key("sk", AttributeValue::S(keys::faq_entry(id)))
                            .build()
                            .map_err(|_| Failure::quarantine("write cannot be built"))?;
                        TransactWriteItem::builder().delete(delete).build()
                    }
                });
            }
            let journal = Edit { seen: Some(seen), ..edit.clone() };
            writes.push(self.audit_write(&journal, &format!("bot/{bot}/faq"), Some(version))?);
            if number == last {
                writes.extend(self.once_write(edit)?);
            }
            if !self.transact(writes).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
