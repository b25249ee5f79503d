//! Whose something in quarantine is. A client is compared as a whole value: `visitor-1` is not in what
//! `visitor-12` has sent.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64;
use handover_aws::{
    queue::RawCall,
    store::{Head, QuarantineItem, StoredInbox},
};
use handover_core::{Channel, Conversation, ConversationId, Envelope, InboxId};
use handover_providers::Verdict;

use crate::{http::Call, problem::Problem};

/// How deep values that are themselves JSON are looked into.
const MAX_DEPTH: u8 = 4;
/// Members whose values are what somebody says, in small letters: who is named there is not the sender.
const SAID: [&str; 10] =
    ["body", "caption", "content", "description", "html", "message", "note", "subject", "text", "title"];
/// A number without quotes is a name from this many digits on; shorter ones count things.
const MIN_DIGITS: usize = 5;

/// What is known of the senders of something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// It is theirs and nobody else's.
    Theirs,
    /// It is theirs and others': one call may carry what several clients have sent.
    Shared,
    /// It is somebody else's, or nobody's.
    NotTheirs,
}

/// Tells which things in quarantine belong to a contact.
#[derive(Debug)]
pub(crate) struct Owners<'a> {
    call: &'a Call<'a>,
    conversations: &'a BTreeMap<ConversationId, Conversation>,
    inboxes: BTreeMap<InboxId, Option<StoredInbox>>,
    /// Where conversations stand that are not the contact's by their own id: identities may point to one.
    elsewhere: BTreeMap<ConversationId, bool>,
}

impl<'a> Owners<'a> {
    pub(crate) const fn new(
        call: &'a Call<'a>,
        conversations: &'a BTreeMap<ConversationId, Conversation>,
    ) -> Self {
        Self { call, conversations, inboxes: BTreeMap::new(), elsewhere: BTreeMap::new() }
    }

    /// Whose it is. What can be read says so itself; of what cannot, whole values are compared.
    pub(crate) async fn of(&mut self, item: &QuarantineItem) -> Result<Whose, Problem> {
        if let Some(conversation) = &item.conversation {
            return Ok(whose([self.is_theirs(conversation).await?]));
        }
        if let Some(call) = &item.call {
            return self.of_call(item, call).await;
        }
        if let Ok(envelope) = serde_json::from_str::<Envelope>(&item.body) {
            let theirs = self.is_theirs(&envelope.conversation).await?
                || self.is_one(&envelope.inbox, &envelope.identities, envelope.address.as_deref()).await?;
            return Ok(whose([theirs]));
        }
        Ok(whose([self.names_them(item.inbox.as_ref(), &[&item.body])]))
    }

    /// A webhook call's, read as `evaluate` reads it.
    async fn of_call(&mut self, item: &QuarantineItem, call: &RawCall) -> Result<Whose, Problem> {
        let Some(inbox) = &item.inbox else { return Ok(Whose::NotTheirs) };
        let mut senders = Vec::new();
        let mut whole = false;
        if !item.cut
            && let Some(stored) = self.inbox(inbox).await?
            && let Ok(Verdict::Accepted(accepted)) = self.call.app.said_by(&stored, item, call)
        {
            whole = !accepted.events.is_empty()
                && !accepted.unknown.iter().any(|name| name.starts_with("malformed:"));
            for event in &accepted.events {
                senders.push(self.is_one(inbox, &event.identities, Some(&event.address)).await?);
            }
        }
        if !whole {
            let body = if call.base64 { decoded(&item.body) } else { item.body.clone() };
            let theirs = self.names_them(Some(inbox), &[&body, &call.query]);
            // Beside messages that can be read, nobody knows whose those are that cannot.
            let others = (!senders.is_empty()).then_some(false);
            senders.extend(others);
            senders.push(theirs);
        }
        Ok(whose(senders))
    }

    async fn inbox(&mut self, id: &InboxId) -> Result<Option<StoredInbox>, Problem> {
        if let Some(known) = self.inboxes.get(id) {
            return Ok(known.clone());
        }
        let found = self.call.store().inbox_settings(self.call.account(), id).await?;
        let found = found.map(|found| found.value);
        self.inboxes.insert(id.clone(), found.clone());
        Ok(found)
    }

    /// Whether somebody of these names at this inbox is the contact.
    async fn is_one(
        &mut self,
        inbox: &InboxId,
        identities: &[String],
        address: Option<&str>,
    ) -> Result<bool, Problem> {
        let mut here = self.conversations.values().filter(|conversation| conversation.inbox == *inbox);
        if here.any(|conversation| address == Some(conversation.address.as_str())) {
            return Ok(true);
        }
        for identity in identities {
            let derived = ConversationId::derive(self.call.account(), inbox, identity);
            if self.is_theirs(&derived).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a conversation is the contact's, or points to one that is.
    async fn is_theirs(&mut self, id: &ConversationId) -> Result<bool, Problem> {
        if self.conversations.contains_key(id) {
            return Ok(true);
        }
        if let Some(known) = self.elsewhere.get(id) {
            return Ok(*known);
        }
        let head = self.call.store().head(self.call.account(), id).await?;
        let theirs = matches!(head, Head::MovedTo(to) if self.conversations.contains_key(&to));
        self.elsewhere.insert(id.clone(), theirs);
        Ok(theirs)
    }

    /// Whether one of the whole values of what cannot be read names the contact: their phone number wherever
    /// it stands, any other name at the inbox where it is one.
    fn names_them(&self, inbox: Option<&InboxId>, texts: &[&str]) -> bool {
        let mut values = BTreeSet::new();
        for text in texts {
            values.extend(values_of(text));
        }
        self.conversations.values().any(|conversation| {
            let here = inbox.map_or_else(
                || values.contains(conversation.inbox.as_str()),
                |inbox| *inbox == conversation.inbox,
            );
            let address = bare(&conversation.address);
            let has_number = matches!(conversation.channel, Channel::Sms | Channel::WhatsApp)
                && address.bytes().all(|byte| byte.is_ascii_digit());
            let named = |value: &String| {
                let derived = ConversationId::derive(self.call.account(), &conversation.inbox, value);
                let is_address = bare(value) == address && (here || has_number);
                is_address || (here && derived == conversation.id)
            };
            values.contains(conversation.id.as_str()) || values.iter().any(named)
        })
    }
}

fn whose(senders: impl IntoIterator<Item = bool>) -> Whose {
    let senders: BTreeSet<bool> = senders.into_iter().collect();
    match (senders.contains(&true), senders.contains(&false)) {
        (true, false) => Whose::Theirs,
        (true, true) => Whose::Shared,
        (false, _) => Whose::NotTheirs,
    }
}

/// What of a body in base64 can be read: its end may be cut off.
fn decoded(text: &str) -> String {
    let whole = text.len() / 4 * 4;
    let bytes = text.get(..whole).and_then(|text| BASE64.decode(text.as_bytes()).ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An address without what providers write before it: `whatsapp:+4915…` and `4915…` are one number.
fn bare(address: &str) -> &str {
    let address = address.trim();
    let number = match address.split_once(':') {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) => rest,
        Some(_) | None => address,
    };
    let number = number.strip_prefix('+').unwrap_or(number);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { number } else { address }
}

/// The whole values in a text that may be broken: strings and numbers of JSON, values of a form, both
/// unescaped, and the text itself.
fn values_of(text: &str) -> BTreeSet<String> {
    let text = text.trim();
    let mut values = BTreeSet::new();
    if text.contains('"') {
        from_json(text, MAX_DEPTH, &mut values);
    } else if text.contains(['=', '&']) {
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            keep(&name, &value, MAX_DEPTH, &mut values);
        }
    }
    values.insert(text.to_owned());
    values
}

/// A member's value, with those of the JSON that it may be; not when it is what somebody says.
fn keep(name: &str, value: &str, depth: u8, values: &mut BTreeSet<String>) {
    let value = value.trim();
    if value.is_empty() || SAID.contains(&name.to_ascii_lowercase().as_str()) {
        return;
    }
    if depth > 0 && value.starts_with(['{', '[']) {
        from_json(value, depth - 1, values);
    }
    values.insert(value.to_owned());
}

/// The strings and numbers of JSON, also of the beginning of one or of something near to it.
fn from_json(text: &str, depth: u8, values: &mut BTreeSet<String>) {
    let mut rest = text;
    let mut name = String::new();
    while let Some(start) = rest.find(|letter: char| letter == '"' || letter.is_ascii_digit()) {
        let token = rest.get(start..).unwrap_or_default();
        let length = if token.starts_with('"') { string_length(token) } else { number_length(token) };
        let (token, after) = token.split_at_checked(length).unwrap_or((token, ""));
        rest = after;
        if token.starts_with('"') {
            let Ok(value) = serde_json::from_str::<String>(token) else { continue };
            if after.trim_start().starts_with(':') {
                name = value;
            } else {
                keep(&name, &value, depth, values);
            }
        } else if token.len() >= MIN_DIGITS {
            keep(&name, token, depth, values);
        }
    }
}

/// Bytes of a string with its quotes; one that does not end reaches to the end.
fn string_length(token: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in token.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return place + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    token.len()
}

fn number_length(token: &str) -> usize {
    token.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(token.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let mut values = values_of(text);
        values.remove(text);
        values.into_iter().collect()
    }

    #[test]
    fn whole_values_are_found_in_what_cannot_be_read() {
        assert_eq!(values(r#"{"from":"visitor-12","n":12,"id":123456"#), ["123456", "visitor-12"]);
        assert_eq!(values(r#"{"a":"J\u00f6rg \"J\"\\","cut":"off"#), ["J\u{f6}rg \"J\"\\"]);
        assert_eq!(values("From=whatsapp%3A%2B49151&Name=a+b"), ["a b", "whatsapp:+49151"]);
        // A form in which JSON stands, and JSON in JSON.
        assert!(values("payload=%7B%22user%22%3A%22U1%22%7D").contains(&"U1".to_owned()));
        assert!(values(r#"{"event":"{\"sender\":\"gu\\u00e9st\"}"}"#).contains(&"gu\u{e9}st".to_owned()));
    }

    #[test]
    fn who_is_named_in_what_somebody_says_has_not_sent_it() {
        let said = [
            "From=visitor-12&Body=visitor-1",
            "From=visitor-12&Name=to%3Dvisitor-1",
            r#"{"from":"visitor-12","text":"visitor-1"}"#,
            r#"{"from":"visitor-12","text":{"body":"visitor-1"}}"#,
            r#"{"from":"visitor-12","name":"\"visitor-1\" and I"}"#,
            r#"{"from":"visitor-12","text":"{\"from\":\"visitor-1\"}"}"#,
        ];
        for body in said {
            let values = values(body);
            assert!(values.contains(&"visitor-12".to_owned()), "{body}: {values:?}");
            assert!(!values.contains(&"visitor-1".to_owned()), "{body}: {values:?}");
        }
    }

    #[test]
    fn a_number_is_one_however_it_is_written() {
        for written in ["whatsapp:+4915112345678", "+4915112345678", " 4915112345678", "tel:4915112345678"] {
            assert_eq!(bare(written), "4915112345678", "{written}");
        }
        for other in ["visitor-1", "T1:C2", "+", "mailto:a@b.c"] {
            assert_eq!(bare(other), other);
        }
    }
}
