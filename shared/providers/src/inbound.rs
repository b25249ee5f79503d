//! What a webhook call comes to.

use handover_core::{
    Content, ConversationId, DeliveryId, Envelope, Event, EventId, EventKind, Inbox, InboxId, MediaKind,
    Message, Provider, Signals, Timestamp,
};
use http::StatusCode;

use crate::{failure_class, json::Json, signature::sha256_hex};

/// What to make of a webhook call.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Authentic and understood: answer with the reply once the events are durable.
    Accepted(Accepted),
    /// Not authentic: answer with the refusal's status and do nothing else.
    Refused(Refusal),
    /// Authentic, and nothing can be made of it: quarantine, then answer with the reply. An error
    /// status would make some providers send it again for days, and hold up what comes after it.
    Malformed(Malformed),
}

/// An authentic call that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// What the provider wants to read.
    pub reply: Reply,
    /// What happened, in the provider's order; empty for handshakes.
    pub events: Vec<Inbound>,
    /// Names of elements that no rule knows, that are another endpoint's, or that lack what they
    /// need: acknowledged and to be counted. Without content.
    pub unknown: Vec<String>,
}

/// Why a call is not authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 401, or 403 for a handshake with the wrong token (Meta's documentation asks for it).
    pub status: StatusCode,
    /// The reason, for counters and logs; never for the caller.
    pub reason: &'static str,
}

impl Refusal {
    /// A refusal with status 401.
    pub(crate) const fn unauthorized(reason: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, reason }
    }
}

/// An authentic call that nothing can be made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    /// What is wrong with it, without its content.
    pub reason: String,
    /// What the provider wants to read.
    pub reply: Reply,
}

/// An answer to a webhook call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Reply {
    /// 200 with a body.
    pub(crate) fn ok(content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, content_type, body: body.into() }
    }
}

impl Default for Reply {
    fn default() -> Self {
        Self::ok("text/plain; charset=utf-8", "")
    }
}

/// A fact that a provider reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Inbound {
    /// What the client is known by, strongest first (a business-scoped id before a phone number;
    /// the provider's conversation where that is what all its events have in common). Never empty.
    pub identities: Vec<String>,
    /// The client as a person, where they are called the same in every inbox of the business.
    pub person: Option<String>,
    /// Where an answer to the client goes: the `to` of [`crate::send_text`].
    pub address: String,
    /// Who wrote or did it, in the provider's words: the client, or who acted on our side.
    pub sender: Option<String>,
    /// The name that the sender goes by.
    pub author_name: Option<String>,
    /// Which of the business's endpoints it concerns, in the provider's words.
    pub recipient: Option<String>,
    /// The provider's conversation or thread, where it has one.
    pub thread: Option<String>,
    /// The provider's id of the message that this is.
    pub message_id: Option<String>,
    /// What the provider repeats when it reports the same fact again.
    pub dedupe_id: String,
    /// What another report of the same fact has in common with this one, where `dedupe_id` does
    /// not (Slack reports a mention twice, under two event ids).
    pub same_as: Option<String>,
    /// When it happened, where the provider says so.
    pub sent_at: Option<Timestamp>,
    /// How many files come with it. All their references stand in the content, separated by blanks.
    pub attachments: usize,
    /// What happened. Signals are empty: they are computed where the text is understood.
    pub kind: EventKind,
}

impl Inbound {
    /// A fact about a client that is known by one identity, which is also where answers go.
    pub(crate) fn new(identity: impl Into<String>, dedupe_id: impl Into<String>, kind: EventKind) -> Self {
        let identity = identity.into();
        Self {
            address: identity.clone(),
            identities: vec![identity],
            person: None,
            sender: None,
            author_name: None,
            recipient: None,
            thread: None,
            message_id: None,
            dedupe_id: dedupe_id.into(),
            same_as: None,
            sent_at: None,
            attachments: 0,
            kind,
        }
    }

    /// The event, on its way to its conversation. `delivery_id` names this enqueue of it.
    pub fn envelope(
        self,
        inbox: &Inbox,
        delivery_id: &DeliveryId,
        received_at: Timestamp,
    ) -> Option<Envelope> {
        let id = self.event_id(&inbox.id);
        let conversation = ConversationId::derive(&inbox.account, &inbox.id, self.identities.first()?);
        Some(Envelope {
            account: inbox.account.clone(),
            inbox: inbox.id.clone(),
            conversation,
            identities: self.identities,
            person: self.person,
            address: Some(self.address),
            delivery_id: delivery_id.clone(),
            waited: false,
            event: Event { id, sent_at: self.sent_at, received_at, kind: self.kind },
        })
    }

    /// The event's id: the same whenever the provider reports the same fact.
    pub fn event_id(&self, inbox: &InboxId) -> EventId {
        let (class, discriminator) = match &self.kind {
            EventKind::Message(_) => ("message", ""),
            EventKind::Edited { .. } => ("edited", ""),
            EventKind::Deleted { .. } => ("deleted", ""),
            EventKind::Reaction { .. } => ("reaction", ""),
            EventKind::Receipt(receipt) => ("receipt", receipt.message.as_str()),
            EventKind::Echo(_) => ("echo", ""),
            EventKind::Consent { .. } => ("consent", ""),
            EventKind::ThreadControl(_) => ("thread_control", ""),
            EventKind::System { .. } => ("system", ""),
            EventKind::Delivery(_) => ("delivery", ""),
            EventKind::Outcome(_) => ("outcome", ""),
            EventKind::Timer(_) => ("timer", ""),
            EventKind::Command(_) => ("command", ""),
            EventKind::Contact { .. } => ("contact", ""),
        };
        EventId::derive(inbox, class, self.same_as.as_deref().unwrap_or(&self.dedupe_id), discriminator)
    }
}

/// A client's message of the given content.
pub(crate) fn message(provider_message: Option<String>, content: Content) -> Message {
    Message { provider_message, content, forwarded: false, signals: Signals::default() }
}

/// A file of a kind, with the words under it and where it is.
pub(crate) fn media(kind: MediaKind, caption: Option<String>, reference: Option<String>) -> Content {
    Content::Media { kind, caption: caption.filter(|caption| !caption.is_empty()), reference }
}

/// The content with only those of its words that the client wrote themselves, as `own` finds them.
pub(crate) fn own_words(content: Content, own: fn(&str) -> String) -> Content {
    match content {
        Content::Text(text) => Content::Text(own(&text)),
        Content::Media { kind, caption, reference } => {
            Content::Media { kind, caption: caption.as_deref().map(own), reference }
        }
        Content::Choice { .. }
        | Content::Location { .. }
        | Content::ContactCard
        | Content::Unsupported { .. } => content,
    }
}

/// The kind of file that a MIME type or a provider's word for it names; a document when in doubt.
pub(crate) fn media_kind(name: &str) -> MediaKind {
    let name = name.to_ascii_lowercase();
    match name.split(['/', ';']).next().unwrap_or_default() {
        "image" | "photo" | "picture" | "gif" => MediaKind::Image,
        "audio" | "voice" => MediaKind::Audio,
        "video" => MediaKind::Video,
        "sticker" => MediaKind::Sticker,
        _ => MediaKind::Document,
    }
}

/// A place, when both degrees are on the globe.
pub(crate) fn location(
    latitude: Option<f64>,
    longitude: Option<f64>,
    name: Option<String>,
) -> Option<Content> {
    let millionths = |degrees: Option<f64>, limit: f64| {
        let degrees = degrees.filter(|degrees| degrees.abs() <= limit)?;
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 degrees are 180,000,000 millionths")]
        Some((degrees * 1e6).round() as i32)
    };
    Some(Content::Location {
        latitude_e6: millionths(latitude, 90.0)?,
        longitude_e6: millionths(longitude, 180.0)?,
        name,
    })
}

/// The events of one call while they are being read.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) reply: Reply,
    pub(crate) events: Vec<Inbound>,
    unknown: Vec<String>,
    broken: Option<&'static str>,
}

impl Batch {
    pub(crate) fn push(&mut self, event: Inbound) {
        self.events.push(event);
    }

    /// Counts an element that no rule knows. Its name comes from outside: it is cut to what a
    /// metric's dimension can bear.
    pub(crate) fn unknown(&mut self, name: &str) {
        let name: String = name
            .chars()
            .take(64)
            .map(
                |letter| if letter.is_ascii_alphanumeric() || "_.:-".contains(letter) { letter } else { '_' },
            )
            .collect();
        self.unknown.push(if name.is_empty() { "unnamed".to_owned() } else { name });
    }

    /// Notes an element that lacks what it needs; the others go on.
    pub(crate) fn broken(&mut self, what: &'static str) {
        self.unknown.push(format!("malformed:{what}").replace(' ', "_"));
        self.broken.get_or_insert(what);
    }

    /// Takes over what another batch counted and noted; its events stay where they are.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.unknown.extend(other.unknown);
        self.broken = self.broken.or(other.broken);
    }

    /// Puts our class on the provider's code in the receipts of messages that failed after they were taken.
    pub(crate) fn classify_failures(&mut self, provider: Provider) {
        for event in &mut self.events {
            if let EventKind::Receipt(receipt) = &mut event.kind
                && let Some(class) = receipt.error.as_deref().and_then(|code| failure_class(provider, code))
            {
                receipt.class = Some(class.name().to_owned());
            }
        }
    }

    /// The verdict: malformed when something was broken and nothing else came of it.
    pub(crate) fn verdict(self) -> Verdict {
        match self.broken {
            Some(what) if self.events.is_empty() => {
                Verdict::Malformed(Malformed { reason: what.to_owned(), reply: self.reply })
            }
            _ => {
                Verdict::Accepted(Accepted { reply: self.reply, events: self.events, unknown: self.unknown })
            }
        }
    }
}

/// Which of an element's members says what happened, and what: the first of the known names that is there as an
/// object. JSON's members have no order, and a new one beside the known ones must not hide them. Otherwise the
/// first object that is not one of `around`, for the counter.
pub(crate) fn happened<'j, 'a>(
    element: &'j Json<'a>,
    known: &[&str],
    around: &[&str],
) -> Option<(&'j str, &'j Json<'a>)> {
    let members = element.members();
    let named = |wanted: &str| members.iter().find(|(name, value)| name == wanted && value.is_object());
    let found = known.iter().find_map(|wanted| named(wanted)).or_else(|| {
        members.iter().find(|(name, value)| value.is_object() && !around.contains(&name.as_ref()))
    });
    found.map(|(name, value)| (name.as_ref(), value))
}

/// What stands for an id where the provider gives none: the hash of the call's body and the
/// element's place in it.
pub(crate) fn id_from_body(body: &[u8], place: usize) -> String {
    format!("sha256:{}:{place}", sha256_hex(body))
}
