//! What stands in the table. Every item carries the number of its schema; fields are only ever
//! added, so that yesterday's code reads today's items and the other way round.

use std::collections::BTreeMap;

use handover_core::{
    Account, AccountId, ActionId, Assignee, Bot, Contact, ContactId, Content, ConversationId, DeliveryId,
    Effect, EffectId, EventId, Handover, HandoverEnd, Inbox, InboxId, NotificationChannel, NotificationKind,
    Origin, Principal, PromiseState, Purpose, ReceiptStatus, Record, Scenario, Staff, Task, Team, Timestamp,
    Verdict,
};
use serde::{Deserialize, Serialize};

use super::keys;
use crate::queue::RawCall;

/// The schema number that this code writes.
pub(crate) const SCHEMA: u8 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ContactItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    pub(crate) version: u64,
    pub(crate) contact: Contact,
}

/// A message or other kept event: the transcript's line, the decision record, and the marker that
/// the event was processed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// The event.
    pub id: EventId,
    /// Its kind's name.
    pub kind: String,
    /// When it reached us.
    pub at: Timestamp,
    /// When the provider says that it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Who spoke.
    pub author: Author,
    /// Which staff member or key, for commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
    /// What was said; absent when the account keeps no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// What happened, for events without content, in a word or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The provider's id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message: Option<String>,
    /// Why it led to what it led to (JSON of a `Record`).
    #[serde(with = "json")]
    pub record: Record,
    /// What was to be done (JSON).
    #[serde(default, with = "json", skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// The enqueue that committed it.
    pub delivery_id: DeliveryId,
    /// When the table forgets it, in seconds since the Unix epoch.
    pub expires_at: i64,
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The client.
    Client,
    /// The bot.
    Bot,
    /// A human of the business.
    Staff,
    /// Nobody: something happened.
    System,
}

/// Nested values as one JSON string: a third smaller than attribute maps, and always read whole.
mod json {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&serde_json::to_string(value).map_err(ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: de::DeserializeOwned,
        D: Deserializer<'de>,
    {
        serde_json::from_str(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HandoverItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    pub(crate) epoch: u64,
    pub(crate) origin: Origin,
    pub(crate) trigger: EventId,
    pub(crate) started_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resume_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) task_closed_at: Option<Timestamp>,
    pub(crate) promise_due_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reply_by: Option<Timestamp>,
    pub(crate) promise: PromiseState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) promise_settled_at: Option<Timestamp>,
    #[serde(default)]
    pub(crate) urgency: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) claimed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_reply_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<HandoverEnd>,
    /// Repeats of the key and the origin, for the indexes.
    pub(crate) conversation: ConversationId,
    pub(crate) contact: ContactId,
    pub(crate) scenario: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) work_pk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) work_sk: Option<String>,
    /// The `reports` index's partition; its sort key is `started_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) report_pk: Option<String>,
}

impl From<HandoverItem> for Handover {
    fn from(item: HandoverItem) -> Self {
        let task = item.due_at.map(|due_at| Task { due_at, closed_at: item.task_closed_at });
        Self {
            epoch: item.epoch,
            origin: item.origin,
            trigger: item.trigger,
            started_at: item.started_at,
            resume_at: item.resume_at,
            assignee: item.assignee.as_deref().and_then(assignee_of),
            tag: item.tag,
            task,
            promise_due_at: item.promise_due_at,
            reply_by: item.reply_by,
            promise: item.promise,
            promise_settled_at: item.promise_settled_at,
            urgency: item.urgency,
            claimed_at: item.claimed_at,
            first_reply_at: item.first_reply_at,
            ended_at: item.ended_at,
            end: item.end,
        }
    }
}

/// Reads what [`Assignee::label`] writes.
pub(crate) fn assignee_of(label: &str) -> Option<Assignee> {
    match label.split_once(':')? {
        ("staff", id) => id.parse().ok().map(Assignee::Staff),
        ("team", id) => id.parse().ok().map(Assignee::Team),
        _ => None,
    }
}

/// What was submitted to a provider, or nearly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LedgerItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// The effect.
    pub effect: EffectId,
    /// Why the text is sent.
    pub purpose: Purpose,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// Counts the claims: fences a slow run's completion.
    pub attempt: u32,
    /// Which run claimed it: tells a repeated call of ours from somebody else's claim.
    #[serde(default)]
    pub writer: String,
    /// How far it got.
    pub state: LedgerState,
    /// When it was last claimed or settled.
    pub at: Timestamp,
    /// A hash of the text, to recognise its echo; empty once the client's data is erased.
    pub text_hash: String,
    /// The hashes of its parts, where it is too long for one message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_hashes: Vec<String>,
    /// The provider's id of the message, or of its first part that got one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_message: Option<String>,
    /// The provider's ids of the other parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_messages: Vec<String>,
    /// The provider's code or our class, when it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What the provider has said about it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptStatus>,
    /// When the table forgets it, in seconds since the Unix epoch.
    pub expires_at: i64,
}

impl LedgerItem {
    /// Whether the provider calls it, or a part of it, by this id.
    pub fn is_called(&self, message: &str) -> bool {
        self.provider_message.iter().chain(&self.more_messages).any(|known| known == message)
    }

    /// Whether this hash is its text's, or a part's.
    pub fn says(&self, hash: &str) -> bool {
        self.text_hash == hash || self.part_hashes.iter().any(|part| part == hash)
    }

    /// Whether an echo of it can come that no id tells apart: nobody knows whether it was sent, or the
    /// provider gave no id for each part.
    pub fn may_come_nameless(&self) -> bool {
        let named = usize::from(self.provider_message.is_some()) + self.more_messages.len();
        match self.state {
            LedgerState::Claimed | LedgerState::Unknown => true,
            LedgerState::Sent => named < self.part_hashes.len().max(1),
            LedgerState::Released | LedgerState::Failed | LedgerState::Suppressed => false,
        }
    }
}

/// How far a send got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LedgerState {
    /// Somebody is at it, or died at it.
    Claimed,
    /// It was certainly not sent, and may be tried again.
    Released,
    /// The provider took it.
    Sent,
    /// The provider refused it.
    Failed,
    /// Nobody can know.
    Unknown,
    /// It was not submitted, and will not be.
    Suppressed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Counts its edits.
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) account: Account,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountListItem {
    pub(crate) pk: String,
    pub(crate) sk: AccountId,
    pub(crate) schema: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StaffItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Counts its edits.
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) staff: Staff,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TeamItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Counts its edits.
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) team: Team,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CurrentItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    pub(crate) revision: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RevisionItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    pub(crate) revision: u64,
    pub(crate) bot: Bot,
    /// The bot was removed: this is no revision, but says that there is none after the one before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) removed: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InboxItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Counts its edits.
    #[serde(default)]
    pub(crate) version: u64,
    pub(crate) inbox: Inbox,
    /// AES-256-GCM of the secrets' JSON; account and inbox are the associated data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
    /// It was removed: nothing comes in or goes out there. What was said there is still decided by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) removed: bool,
}

/// A bot or inbox of an account, so that all of them can be found, with what lists show of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListedItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// The inbox, without its secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inbox: Option<Inbox>,
    /// What a bot's custom scenarios are called.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) scenarios: BTreeMap<ActionId, String>,
}

impl ListedItem {
    pub(crate) fn bot(account: &AccountId, bot: &Bot) -> Self {
        let sk = format!("{}{}", keys::BOT_OF, bot.id);
        let name = Some(bot.name.clone());
        let custom = bot.actions.iter().filter_map(|action| match &action.scenario {
            Scenario::Custom { name, .. } => Some((action.id.clone(), name.clone())),
            Scenario::HumanRequested { .. }
            | Scenario::LackOfKnowledge { .. }
            | Scenario::RepeatedFailure { .. } => None,
        });
        let scenarios = custom.collect();
        Self { pk: keys::account(account), sk, schema: SCHEMA, name, inbox: None, scenarios }
    }

    pub(crate) fn inbox(inbox: &Inbox) -> Self {
        Self {
            pk: keys::account(&inbox.account),
            sk: format!("{}{}", keys::INBOX_OF, inbox.id),
            schema: SCHEMA,
            name: Some(inbox.name.clone()),
            inbox: Some(inbox.clone()),
            scenarios: BTreeMap::new(),
        }
    }
}

/// What a staff member reads in the console.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Follows from the effect, the staff member and the channel.
    pub id: EffectId,
    /// What about.
    pub about: NotificationKind,
    /// Where.
    pub channel: NotificationChannel,
    /// The conversation, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The handover's epoch, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// When the cause happened.
    pub at: Timestamp,
    /// Whether it has been read.
    #[serde(default)]
    pub read: bool,
    /// Why it did not get through, when it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How far it got, on the channels that lead out of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<LedgerState>,
    /// Which run is at it, or was: tells a repeated call of ours from somebody else's claim.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub writer: String,
    /// When it was claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// When the table forgets it, in seconds since the Unix epoch.
    pub expires_at: i64,
}

/// Something that could not be processed, kept for an admin to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuarantineItem {
    pub(crate) pk: String,
    pub(crate) sk: String,
    pub(crate) schema: u8,
    /// Its own id.
    pub id: String,
    /// What is wrong with it.
    pub reason: String,
    /// Which function put it aside.
    pub source: String,
    /// Where it came in, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<InboxId>,
    /// Which conversation it belongs to, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The thing itself; empty where the account keeps no text, and in lists.
    #[serde(default)]
    pub body: String,
    /// Only the beginning of the body was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// What else was read of a webhook call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<RawCall>,
    /// When it was put aside.
    pub at: Timestamp,
    /// When the table forgets it, in seconds since the Unix epoch.
    #[serde(default)]
    pub expires_at: i64,
}

/// A line of a conversation's transcript with its keys, everything else still to be said.
pub fn new_message(account: &AccountId, conversation: &ConversationId, id: &EventId) -> MessageItem {
    MessageItem {
        pk: keys::conversation(account, conversation),
        sk: keys::message(id),
        schema: SCHEMA,
        id: id.clone(),
        kind: String::new(),
        at: Timestamp::from_ms(0),
        sent_at: None,
        author: Author::System,
        by: None,
        content: None,
        detail: None,
        provider_message: None,
        record: Record::new(Verdict::Noted, 0),
        effects: Vec::new(),
        delivery_id: DeliveryId::from_random([0; 16]),
        expires_at: 0,
    }
}
