//! What can be seen of a conversation from outside: the record, and what left the system.

use std::collections::BTreeSet;

use handover_aws::store::{Head, LedgerItem, LedgerState, MessageItem, NoteItem};
use handover_core::{
    AccountId, Contact, Conversation, ConversationId, Handover, NotificationChannel, NotificationKind,
    Purpose, StaffId, Verdict,
};
use serde_json::Value;

use crate::World;

/// What can be seen of a conversation.
#[derive(Clone, Debug)]
pub struct View {
    /// Its state.
    pub conversation: Conversation,
    /// Its contact.
    pub contact: Contact,
    /// Its handovers, oldest first.
    pub handovers: Vec<Handover>,
    /// Its transcript.
    pub messages: Vec<MessageItem>,
    /// Its ledger.
    pub ledger: Vec<LedgerItem>,
    /// What staff were told about it, on every channel.
    pub notes: Vec<(StaffId, NoteItem)>,
    /// The texts that providers took for it.
    pub texts: Vec<Text>,
}

/// A text that a provider took.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// To whom.
    pub to: String,
    /// What it says.
    pub body: String,
}

/// A notification, told apart from all others.
pub type Told = (StaffId, NotificationKind, NotificationChannel, Option<u64>);

impl World {
    /// Looks at a conversation; `None` when it does not exist.
    pub async fn look(&self, account: &AccountId, id: &ConversationId) -> Option<View> {
        let store = self.local.admin_store();
        let head = store.head(account, id).await.expect("the table works");
        let Head::Here { conversation, contact } = head else { return None };
        let mut notes = Vec::new();
        let (_, directory) = store.account(account).await.expect("the table works").expect("the account");
        for staff in &directory.staff {
            for note in store.notes(account, &staff.id).await.expect("the table works") {
                notes.push((staff.id.clone(), note));
            }
        }
        Some(View {
            handovers: store.handovers(account, id).await.expect("the table works"),
            messages: store.transcript(account, id).await.expect("the table works"),
            ledger: store.ledger(account, id).await.expect("the table works"),
            texts: self.texts(&conversation.address),
            conversation: *conversation,
            contact: *contact,
            notes,
        })
    }

    /// Looks at the conversation of a client at the clinic's WhatsApp inbox.
    pub async fn see(&self, from: &str) -> View {
        let id = self.conversation(self.twilio(), from);
        self.look(self.account(), &id).await.expect("the conversation exists")
    }

    /// The texts that Twilio took for an address.
    pub fn texts(&self, to: &str) -> Vec<Text> {
        let requests = self.local.cloud().recorder().requests();
        let twilio = requests.iter().filter(|request| request.url.starts_with("https://api.twilio.com/"));
        twilio
            .map(|request| {
                let field = |name: &str| {
                    let form = form_urlencoded::parse(request.body.as_bytes());
                    form.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
                };
                Text { to: field("To").unwrap_or_default(), body: field("Body").unwrap_or_default() }
            })
            .filter(|text| text.to == to)
            .collect()
    }

    /// The addresses that e-mails went to, with their subjects.
    pub fn emails(&self) -> Vec<(String, String)> {
        let requests = self.local.cloud().recorder().requests();
        let mails = requests.iter().filter(|request| request.method == "EMAIL");
        mails
            .map(|request| {
                let to = request.url.trim_start_matches("mailto:").to_owned();
                (to, request.header("subject").unwrap_or_default().to_owned())
            })
            .collect()
    }
}

impl View {
    /// The verdicts on what the client wrote, in the transcript's order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let of_client = self.messages.iter().filter(|message| message.kind == "message");
        of_client.map(|message| message.record.verdict).collect()
    }

    /// How far the closing message got, if there was one.
    pub fn closing(&self) -> Option<LedgerState> {
        let closing: Vec<&LedgerItem> =
            self.ledger.iter().filter(|entry| entry.purpose == Purpose::Closing).collect();
        assert!(closing.len() <= 1, "one closing message: {closing:?}");
        closing.first().map(|entry| entry.state)
    }

    /// Who was told what, where.
    pub fn told(&self) -> BTreeSet<Told> {
        let told = self.notes.iter();
        told.map(|(staff, note)| (staff.clone(), note.about, note.channel, note.epoch)).collect()
    }

    /// State, contact and handovers as JSON, with every instant in whole five minutes after the first
    /// message: what must be the same however bumpy the way there was (a provider that has to try
    /// again comes seconds later).
    pub fn record(&self) -> Value {
        let base = self.messages.first().map_or(0, |message| message.at.as_ms());
        let mut value = serde_json::json!({
            "conversation": self.conversation,
            "contact": self.contact,
            "handovers": self.handovers,
        });
        for path in ["/conversation/version", "/contact/version"] {
            if let Some(version) = value.pointer_mut(path) {
                *version = Value::Null;
            }
        }
        relative(&mut value, base);
        value
    }
}

fn relative(value: &mut Value, base: i64) {
    match value {
        Value::Number(number) => {
            if let Some(ms) = number.as_i64().filter(|ms| *ms > 1_000_000_000_000) {
                *value = Value::from((ms - base + 150_000).div_euclid(300_000));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relative(item, base)),
        Value::Object(fields) => fields.values_mut().for_each(|field| relative(field, base)),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
