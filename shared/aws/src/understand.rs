//! What the text of an event says by itself, computed where events come in.

use handover_core::{Content, EventKind};
use handover_detect::signals;

/// Characters of a client's text that are kept: an item of the table holds 400 KB, and no channel
/// carries as much.
const MAX_TEXT_CHARS: usize = 50_000;

/// Cuts a client's text to what can be kept, and says what it means.
pub fn understand(kind: &mut EventKind) {
    let (EventKind::Message(message) | EventKind::Edited { content: message, .. }) = kind else { return };
    match &mut message.content {
        Content::Text(text)
        | Content::Choice { title: text, .. }
        | Content::Media { caption: Some(text), .. } => cut(text),
        Content::Media { caption: None, .. }
        | Content::Location { .. }
        | Content::ContactCard
        | Content::Unsupported { .. } => {}
    }
    if let Some(text) = message.content.text() {
        message.signals = signals(text);
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
}
