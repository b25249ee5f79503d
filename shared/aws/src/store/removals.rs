//! Bots and inboxes that are removed: they are in no list any more, and their secrets are gone.

use handover_core::{Bot, BotId, Inbox};

use super::{
    Edit, Store, encode, expressions,
    items::{InboxItem, RevisionItem, SCHEMA},
    keys,
};
use crate::Failure;

impl Store {
    /// Removes a bot, with a line in the journal. Its revisions stay: handovers that began with one of them
    /// end by it, and records name them. `false` when somebody else has changed the bot since.
    ///
    /// What it knows is removed after it, see [`Self::forget_removed_bot`].
    pub async fn remove_bot(&self, edit: &Edit<'_>, bot: &Bot) -> Result<bool, Failure> {
        let (pk, revision) = (keys::bot(edit.account, &bot.id), edit.version());
        let listed = format!("{}{}", keys::BOT_OF, bot.id);
        let last = RevisionItem {
            pk: pk.clone(),
            sk: keys::revision(revision),
            schema: SCHEMA,
            revision,
            bot: bot.clone(),
            removed: true,
        };
        let writes = vec![
            self.edit_write(encode(&last)?, expressions::ABSENT, None)?,
            self.removal(&pk, keys::CURRENT, expressions::REVISION, edit.seen)?,
            self.removal(&pk, keys::BOT_SECRETS, expressions::ALWAYS, None)?,
            self.removal(&keys::account(edit.account), &listed, expressions::ALWAYS, None)?,
            self.audit_write(edit, &format!("bot/{}", bot.id), None)?,
        ];
        self.transact(writes).await
    }

    /// Removes what a bot knew that was removed: more than one transaction holds. Done twice it is done
    /// once.
    pub async fn forget_removed_bot(&self, edit: &Edit<'_>, bot: &BotId) -> Result<(), Failure> {
        self.clear_faq(edit.account, bot).await
    }

    /// Removes an inbox, with a line in the journal. Its item stays, without bot and secrets: what is said of
    /// and done with the conversations that began there is still decided by it. `false` when somebody
    /// else has changed the inbox since.
    pub async fn remove_inbox(&self, edit: &Edit<'_>, inbox: &Inbox) -> Result<bool, Failure> {
        let item = InboxItem {
            pk: keys::inbox(&inbox.id),
            sk: keys::INBOX.to_owned(),
            schema: SCHEMA,
            version: edit.version(),
            inbox: Inbox { bot: None, ..inbox.clone() },
            sealed: None,
            removed: true,
        };
        let listed = format!("{}{}", keys::INBOX_OF, inbox.id);
        let writes = vec![
            self.edit_write(encode(&item)?, expressions::VERSION, edit.seen)?,
            self.removal(&keys::account(edit.account), &listed, expressions::ALWAYS, None)?,
            self.audit_write(edit, &format!("inbox/{}", inbox.id), None)?,
        ];
        self.transact(writes).await
    }
}
