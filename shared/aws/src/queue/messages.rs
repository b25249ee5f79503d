//! What travels on the queues.

use std::{collections::BTreeMap, time::Duration};

use handover_core::{
    AccountId, Announcement, Assignee, ContactId, ConversationId, DeliveryId, EffectId, Envelope, EventId,
    InboxId, Notification, Purpose, ScenarioKind, ThreadTarget, Timestamp, TurnId, WebhookId, lower_base32,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::NoteSubject;

/// Text on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbound {
    /// The account.
    pub account: AccountId,
    /// The inbox that it leaves by.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The effect: the ledger's key.
    pub effect: EffectId,
    /// Why it is sent.
    pub purpose: Purpose,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// After this it is not sent.
    pub expires_at: Timestamp,
    /// What it says.
    pub text: String,
}

/// A sign of life on its way to a client: what they wrote was read, and an answer is being written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The account.
    pub account: AccountId,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// Who is writing.
    pub typing: Purpose,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// The provider's id of the message that is being answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A move of the provider's own thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadMove {
    /// The account.
    pub account: AccountId,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The effect.
    pub effect: EffectId,
    /// Who gets it.
    pub thread_to: ThreadTarget,
    /// The epoch that it was decided in.
    pub epoch: u64,
}

/// A message on the outbound queue. Each has a field that the others lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Departure {
    /// A text.
    Text(Outbound),
    /// A sign of life.
    Sign(Sign),
    /// A move of the thread.
    Thread(ThreadMove),
}

impl Departure {
    pub(super) const fn conversation(&self) -> &ConversationId {
        match self {
            Self::Text(text) => &text.conversation,
            Self::Sign(sign) => &sign.conversation,
            Self::Thread(thread) => &thread.conversation,
        }
    }

    /// What the queue drops a second copy by.
    pub(super) fn deduplication(&self) -> String {
        match self {
            Self::Text(text) => text.effect.to_string(),
            Self::Sign(sign) => {
                let message = sign.message.as_deref().unwrap_or_default();
                let cause = format!("{}-{}-{message}", sign.typing.name(), sign.epoch);
                EffectId::derive(&sign.conversation, "sign", &cause).to_string()
            }
            Self::Thread(thread) => thread.effect.to_string(),
        }
    }
}

/// A question on its way to the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The account.
    pub account: AccountId,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn.
    pub turn: TurnId,
    /// The epoch that it was decided in.
    pub epoch: u64,
    /// The message that it is about.
    pub trigger: EventId,
    /// Messages shortly before it that it is about as well, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EventId>,
    /// What the message is about, when this is its own turn and it is about anything of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What the message says, when this is its own turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bot comes back from a human stretch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returning: bool,
}

/// Something that a timer brings, or that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Timed {
    /// An event whose time may have come.
    Event {
        /// The event.
        envelope: Box<Envelope>,
    },
    /// A timer that could not be set.
    Arm {
        /// The timer, as an event.
        envelope: Box<Envelope>,
    },
    /// Look for what is due and was not brought by a timer, a page at a time.
    Sweep {
        /// One account; none: all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<AccountId>,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Somebody was removed: take what is theirs from them, a page at a time.
    Left {
        /// The account.
        account: AccountId,
        /// The staff member or team.
        assignee: Assignee,
        /// When.
        at: Timestamp,
        /// Everything was looked at already, but settings that knew them were still believed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
        /// Something was found.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    },
    /// Remove what is stored of a client in a conversation.
    Erase {
        /// The account.
        account: AccountId,
        /// The conversation.
        conversation: ConversationId,
        /// What reached us up to then.
        until: Timestamp,
        /// What was said to the client before this epoch.
        epoch: u64,
        /// It was done once, while a text may have been on its way.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
}

/// A message on the notifications queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The account.
    pub account: AccountId,
    /// To whom, what about, and where.
    pub notification: Notification,
    /// The conversation, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The handover's epoch, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// What the handover fired on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<ScenarioKind>,
    /// When the cause happened.
    pub at: Timestamp,
}

impl Notice {
    /// What it is about.
    pub fn subject(&self) -> NoteSubject {
        NoteSubject { conversation: self.conversation.clone(), epoch: self.epoch, at: self.at }
    }
}

/// A sign-in code on its way to whoever has the address; whether anybody has it is only asked there, so
/// that whoever types an address learns nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInMail {
    /// What it belongs to: the hash that the browser's code stands under.
    pub sign_in: String,
    /// The [`SignInCode`], sealed for it.
    pub sealed: String,
    /// When it was asked for.
    pub at: Timestamp,
}

/// A sign-in code and its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInCode {
    /// The address as it was typed.
    pub email: String,
    /// The code's digits.
    pub code: String,
}

/// How long a sign-in code is good for.
pub const SIGN_IN_CODE_LIVE: Duration = Duration::from_mins(10);

/// Something that an account's own automation hears of, on its way there. What is known of the handover
/// is looked up when it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// The account.
    pub account: AccountId,
    /// Which automation; none: the stack's event bus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookId>,
    /// Follows from the effect and the webhook: the receiver drops what it has had.
    pub id: EffectId,
    /// What happened.
    pub what: Announcement,
    /// The inbox.
    pub inbox: InboxId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The contact.
    pub contact: ContactId,
    /// The epoch that it happened in: with a handover's, the handover.
    pub epoch: u64,
    /// The tag, when somebody put it on by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When it happened.
    pub at: Timestamp,
}

/// Something that cannot be processed, on its way to where admins look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Follows from its source and body, so that it is kept once.
    pub id: String,
    /// Whose it is.
    pub account: AccountId,
    /// Where it came in, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<InboxId>,
    /// Which conversation it belongs to, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// What is wrong with it.
    pub reason: String,
    /// Which function put it aside.
    pub source: String,
    /// The thing itself; empty where the account keeps no text.
    pub body: String,
    /// Only the beginning of the body was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// What else was read of a webhook call: with the body, all that is needed to read it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<RawCall>,
    /// When it was put aside.
    pub at: Timestamp,
}

/// A webhook call beside its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawCall {
    /// The method.
    pub method: String,
    /// The query as it was sent, still percent-encoded, without the question mark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// The headers that are read after the signature was checked, in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body was no text, and is kept in base64.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base64: bool,
}

impl Quarantined {
    /// A thing to be put aside.
    pub fn new(account: AccountId, source: &str, reason: &str, body: String, at: Timestamp) -> Self {
        let (id, length) = (id_of(&[source, &body]), body.len());
        let body = cut(body);
        Self {
            id,
            cut: body.len() < length,
            call: None,
            account,
            inbox: None,
            conversation: None,
            reason: reason.to_owned(),
            source: source.to_owned(),
            body,
            at,
        }
    }

    /// A webhook call to be put aside. What it says may stand in its query alone.
    #[must_use]
    pub fn with_call(mut self, call: RawCall) -> Self {
        if !call.query.is_empty() {
            self.id = id_of(&[&self.id, &call.query]);
        }
        self.call = Some(call);
        self
    }

    /// One of its kind: what else is put aside for the same cause is kept with it, as the first of them.
    #[must_use]
    pub fn once_for(mut self, cause: &[&str]) -> Self {
        self.id = id_of(cause);
        self
    }

    pub(crate) fn delivery_id(&self) -> DeliveryId {
        // The id is base32 and so always a valid one.
        self.id.parse().unwrap_or_else(|_| DeliveryId::from_random([0; 16]))
    }
}

/// What is kept of a body that is put aside: an item of the table holds 400 KB.
pub const MAX_KEPT_BYTES: usize = 200_000;

/// As much of a body as an item can hold.
fn cut(mut body: String) -> String {
    if body.len() > MAX_KEPT_BYTES {
        body.truncate(body.floor_char_boundary(MAX_KEPT_BYTES));
    }
    body
}

fn id_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    lower_base32(&hash.finalize()).chars().take(26).collect()
}
