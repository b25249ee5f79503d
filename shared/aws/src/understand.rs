//! What the text of an event says by itself, computed where events come in, or later where there was no time.

use handover_core::{Bot, Content, EventKind, Message, Signals};
use handover_detect::{Prepared, signals};

use crate::Failure;

/// How a function reads texts. It needs the encoder, 22 MB of a binary: a function that meets no texts is built
/// without.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// What a bot's phrases mean.
    pub(crate) phrases: fn(&Bot) -> Prepared,
    /// What a client's message means.
    pub(crate) message: fn(&mut EventKind),
}

/// The one way to read them.
pub const READER: Reader = Reader { phrases: Prepared::new, message: understand };

impl Reader {
    /// What becomes of a text in a function that has none.
    pub(crate) const NONE: Failure = Failure::quarantine("a function without an encoder met a text");
}

/// Characters of a client's text that are kept: an item of the table holds 400 KB, and no channel
/// carries as much.
const MAX_TEXT_CHARS: usize = 50_000;

/// Cuts a client's text to what can be kept.
pub fn fit(kind: &mut EventKind) {
    let Some(message) = said(kind) else { return };
    match &mut message.content {
        Content::Text(text)
        | Content::Choice { title: text, payload: None }
        | Content::Media { caption: Some(text), .. } => cut(text),
        Content::Choice { title, payload: Some(payload) } => {
            cut(title);
            cut(payload);
        }
        Content::Media { caption: None, .. }
        | Content::Location { .. }
        | Content::ContactCard
        | Content::Unsupported { .. } => {}
    }
}

/// Whether a client's words are still to be understood before anything is decided about them.
pub fn is_to_be_understood(kind: &EventKind) -> bool {
    let (EventKind::Message(message) | EventKind::Edited { content: message, .. }) = kind else {
        return false;
    };
    // Passed-on words are somebody else's.
    !message.forwarded && message.content.text().is_some() && message.signals == Signals::default()
}

/// Says what a client's text means.
pub fn understand(kind: &mut EventKind) {
    if is_to_be_understood(kind)
        && let Some(message) = said(kind)
        && let Some(text) = message.content.text()
    {
        message.signals = signals(text);
    }
}

const fn said(kind: &mut EventKind) -> Option<&mut Message> {
    if let EventKind::Message(message) | EventKind::Edited { content: message, .. } = kind {
        Some(message)
    } else {
        None
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
}
