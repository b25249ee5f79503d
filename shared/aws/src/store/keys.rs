//! Keys of the one table. The account is part of every key that holds an account's data.

use handover_core::{
    AccountId, BotId, ContactId, Control, Conversation, ConversationId, EffectId, EventId, FaqId, InboxId,
    StaffId, TeamId, Timestamp, WebhookId,
};

use super::Recipient;

/// Partition of a conversation: its state, messages, handovers and ledger.
pub(crate) fn conversation(account: &AccountId, conversation: &ConversationId) -> String {
    format!("C#{account}#{conversation}")
}

/// Partition of a contact: the conversation's that it began with, so that one read brings both.
pub(crate) fn contact(account: &AccountId, contact: &ContactId) -> String {
    format!("C#{account}#{contact}")
}

/// What one read of a conversation's partition begins with.
pub(crate) const HEAD: &str = "HEAD#";
/// What state, contact and handovers of a conversation begin with, and nothing else of it.
pub(crate) const STATE_AND_HANDOVERS: &str = "H";
pub(crate) const STATE: &str = "HEAD#STATE";
pub(crate) const CONTACT: &str = "HEAD#CONTACT";
pub(crate) const MESSAGE: &str = "MESSAGE#";
pub(crate) const HANDOVER: &str = "HANDOVER#";
pub(crate) const LEDGER: &str = "LEDGER#";

pub(crate) fn message(event: &EventId) -> String {
    format!("{MESSAGE}{event}")
}

pub(crate) fn handover(epoch: u64) -> String {
    format!("{HANDOVER}{epoch:010}")
}

pub(crate) fn ledger(effect: &EffectId) -> String {
    format!("{LEDGER}{effect}")
}

/// Partition that lists the accounts.
pub(crate) const ACCOUNTS: &str = "ACCOUNTS";

/// Partition of an account's settings, staff and teams.
pub(crate) fn account(account: &AccountId) -> String {
    format!("A#{account}")
}

pub(crate) const ACCOUNT: &str = "ACCOUNT";
pub(crate) const STAFF: &str = "STAFF#";
pub(crate) const TEAM: &str = "TEAM#";

/// What an account has elsewhere is listed among its settings.
pub(crate) const BOT_OF: &str = "BOT#";
pub(crate) const INBOX_OF: &str = "INBOX#";

pub(crate) const WEBHOOK: &str = "WEBHOOK#";

pub(crate) fn webhook(webhook: &WebhookId) -> String {
    format!("{WEBHOOK}{webhook}")
}

/// Partition of what is known about who could not be reached.
pub(crate) fn health(account: &AccountId) -> String {
    format!("H#{account}")
}

pub(crate) fn health_of(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Staff { staff, channel } => format!("{STAFF}{staff}#{}", channel.name()),
        Recipient::Webhook(id) => webhook(id),
    }
}

pub(crate) fn staff(staff: &StaffId) -> String {
    format!("{STAFF}{staff}")
}

pub(crate) fn team(team: &TeamId) -> String {
    format!("{TEAM}{team}")
}

/// Partition of a bot's revisions.
pub(crate) fn bot(account: &AccountId, bot: &BotId) -> String {
    format!("B#{account}#{bot}")
}

pub(crate) const CURRENT: &str = "CURRENT";

pub(crate) const REVISION: &str = "REVISION#";

pub(crate) fn revision(revision: u64) -> String {
    format!("{REVISION}{revision:010}")
}

/// What the phrases of a revision mean, to a version of the understanding.
pub(crate) fn meanings(revision: u64, model: &str) -> String {
    format!("MEANINGS#{revision:010}#{model}")
}

/// Where the sealed secrets of a bot's connector stand, beside its revisions.
pub(crate) const BOT_SECRETS: &str = "SECRETS";

/// Partition of what a built-in bot knows.
pub(crate) fn faq(account: &AccountId, bot: &BotId) -> String {
    format!("F#{account}#{bot}")
}

pub(crate) const FAQ_VERSION: &str = "VERSION";

/// What the questions are about, to a version of the understanding: all buckets, and one of them.
pub(crate) fn faq_topics(model: &str) -> String {
    format!("TOPICS#{model}#")
}

pub(crate) fn faq_topic_bucket(model: &str, bucket: u8) -> String {
    format!("{}{bucket:02}", faq_topics(model))
}

pub(crate) const FAQ_ENTRY: &str = "ENTRY#";

/// Entries that belong to a generation; those of before there were any stand under [`FAQ_ENTRY`].
pub(crate) const FAQ_GENERATION: &str = "GENERATION#";

/// What the keys of all entries of a generation begin with.
pub(crate) fn faq_entries(generation: Option<&str>) -> String {
    match generation {
        None => FAQ_ENTRY.to_owned(),
        Some(generation) => format!("{FAQ_GENERATION}{generation}#"),
    }
}

pub(crate) fn faq_entry(generation: Option<&str>, entry: &FaqId) -> String {
    format!("{}{entry}", faq_entries(generation))
}

/// The generation of an entry with this key.
pub(crate) fn faq_generation(sk: &str) -> Option<&str> {
    let (generation, _) = sk.strip_prefix(FAQ_GENERATION)?.split_once('#')?;
    Some(generation)
}

/// Partition of an inbox: found by its unguessable id alone, before the account is known.
pub(crate) fn inbox(inbox: &InboxId) -> String {
    format!("I#{inbox}")
}

pub(crate) const INBOX: &str = "INBOX";

/// Partition of what a staff member was told.
pub(crate) fn notifications(account: &AccountId, staff: &StaffId) -> String {
    format!("N#{account}#{staff}")
}

pub(crate) const NOTE: &str = "NOTE#";

/// Sorts by time; the same notification always has the same key.
pub(crate) fn note(at: Timestamp, id: &EffectId) -> String {
    format!("{NOTE}{:015}#{id}", at.as_ms())
}

pub(crate) fn told(id: &EffectId) -> String {
    format!("TOLD#{id}")
}

/// Partition of what an account has in quarantine.
pub(crate) fn quarantine(account: &AccountId) -> String {
    format!("Q#{account}")
}

/// Partition that lists what an account has in quarantine, by when it was put aside.
pub(crate) fn quarantine_list(account: &AccountId) -> String {
    format!("J#{account}")
}

pub(crate) fn quarantine_row(at: Timestamp, id: &str) -> String {
    format!("{:015}#{id}", at.as_ms())
}

/// Partition of the contacts of an account that carry a tag, or may.
pub(crate) fn tag(account: &AccountId, tag: &str) -> String {
    format!("T#{account}#{tag}")
}

/// Partition of the `reports` index: an account's handovers, by when they began.
pub(crate) fn report_index(account: &AccountId) -> String {
    format!("R#{account}")
}

/// Partition of what was announced to an automation, or nearly.
pub(crate) fn announced(account: &AccountId, id: &EffectId) -> String {
    format!("E#{account}#{id}")
}

pub(crate) const ANNOUNCED: &str = "ANNOUNCED";

/// Partition of an account's journal.
pub(crate) fn audit(account: &AccountId) -> String {
    format!("U#{account}")
}

/// Partition of an account's staff members and teams whose removal is under way.
pub(crate) fn leaving(account: &AccountId) -> String {
    format!("L#{account}")
}

/// Partition of the requests that an account's callers have had done once.
pub(crate) fn requests(account: &AccountId) -> String {
    format!("R#{account}")
}

/// Partition of an account's API keys.
pub(crate) fn api_keys(account: &AccountId) -> String {
    format!("K#{account}")
}

/// Partition of a sign-in under way, or of what limits them: the name says nothing about whom.
pub(crate) fn sign_in(name: &str) -> String {
    format!("D#{name}")
}

pub(crate) const CODE: &str = "CODE";
pub(crate) const LINK: &str = "LINK";
pub(crate) const COUNT: &str = "COUNT#";

/// Partition of those whose e-mail address has this hash, over all accounts.
pub(crate) fn address(hash: &str) -> String {
    format!("M#{hash}")
}

/// Where a staff member has signed in: among the account's settings, so that one read brings both.
pub(crate) const SESSIONS: &str = "SESSIONS#";

pub(crate) fn sessions(staff: &StaffId) -> String {
    format!("{SESSIONS}{staff}")
}

/// Partition of the `inbox` index.
pub(crate) fn inbox_index(account: &AccountId) -> String {
    format!("I#{account}")
}

/// Sort keys of the `inbox` index begin with whose turn it is: a human's (`H#`), the bot's with
/// something still open (`P#`), the bot's (`B#`).
pub(crate) const WITH_HUMANS: &str = "H#";
pub(crate) const BOT_PENDING: &str = "P#";
pub(crate) const WITH_BOT: &str = "B#";

/// Those of humans that wait for somebody to take them: a team's among nobody's, by how long.
pub(crate) const WAITING: &str = "H#-#";

/// Where a conversation stands in the `inbox` index: by the staff member who has it, then by how long.
pub(crate) fn inbox_sort(conversation: &Conversation, owner: Option<&str>) -> String {
    let since = conversation.control_since.as_ms();
    let id = &conversation.id;
    match conversation.control {
        Control::Human(_) => format!("{}{since:015}#{id}", with_humans(owner)),
        Control::Bot if conversation.promise.is_some() || conversation.open_task.is_some() => {
            format!("{BOT_PENDING}{since:015}#{id}")
        }
        Control::Bot => format!("{WITH_BOT}{since:015}#{id}"),
    }
}

/// What the conversations of an owner begin with in the `inbox` index.
pub(crate) fn with_humans(owner: Option<&str>) -> String {
    match owner.filter(|owner| !owner.starts_with("team:")) {
        Some(staff) => format!("{WITH_HUMANS}{staff}#"),
        None => WAITING.to_owned(),
    }
}

/// Partition of the `work` index: open tasks of one assignee (`-`: nobody's).
pub(crate) fn work_index(account: &AccountId, owner: Option<&str>) -> String {
    format!("W#{account}#{}", owner.unwrap_or("-"))
}

/// Where a task stands in the `work` index: by due time.
pub(crate) fn work_sort(due_at: Timestamp, conversation: &ConversationId, epoch: u64) -> String {
    format!("{:015}#{conversation}#{epoch}", due_at.as_ms())
}
