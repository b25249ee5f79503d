//! Files that clients sent, fetched from the provider with the inbox's own credentials when somebody looks at them.
//! None is kept.

use std::time::Duration;

use axum::body::Bytes;
use handover_aws::http::{BROKE_OFF, SendError, send};
use handover_core::{Content, ConversationId, EventId, MediaKind};
use handover_providers::{Endpoint, Fetched, NoFile, media_answer, media_request, references};
use http::{StatusCode, header};

use super::{Reply, Shown, visit::Visit, words as w};
use crate::{
    inboxes::{open, webhook_url},
    problem::Problem,
};

/// The most bytes of a file that is shown: an answer of a Lambda function has at most 6 MB, in base64.
const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;
/// How long all requests for a file may take (the gateway waits for ten seconds), and how many there are: an id is
/// exchanged for an address, which may lead on.
const PATIENCE: Duration = Duration::from_secs(8);
const MAX_HOPS: usize = 3;

/// A file on its way to a browser.
#[derive(Debug)]
pub(crate) struct Media {
    pub(super) content_type: &'static str,
    /// It is shown where it stands; otherwise it is kept as a file.
    pub(super) inline: bool,
    pub(super) bytes: Bytes,
}

/// One of the files of a line.
pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let (account, store) = (&visit.account.id, visit.store());
    let conversation: ConversationId = visit.id("conversation")?;
    let line: EventId = visit.id("line")?;
    let line = store.message(account, &conversation, &line).await?.ok_or_else(Problem::not_found)?;
    let Some(Content::Media { kind, reference: Some(all), .. }) = &line.content else {
        return Err(Problem::not_found());
    };
    let place = visit.query("file").map_or(Ok(0), str::parse).map_err(|_| Problem::not_found())?;
    let reference = references(all).nth(place).ok_or_else(Problem::not_found)?;
    let state = store.state(account, &conversation).await?.ok_or_else(Problem::not_found)?;
    let stored =
        store.inbox_settings(account, &state.inbox).await?.ok_or_else(|| no_file(w::FILE_NO_INBOX))?;
    let (inbox, secrets) = (&stored.value.inbox, open(visit.api, &stored.value)?);
    let public_url = webhook_url(visit.api, &inbox.id);
    let endpoint = Endpoint {
        provider: inbox.provider,
        inbox: &inbox.id,
        public_url: &public_url,
        settings: &inbox.settings,
        secrets: &secrets,
    };
    fetch(visit, &endpoint, reference, *kind).await.map(Reply::Media)
}

async fn fetch(
    visit: &Visit<'_>,
    endpoint: &Endpoint<'_>,
    reference: &str,
    kind: MediaKind,
) -> Result<Media, Problem> {
    let clock = visit.api.processor.clock();
    let end = clock.monotonic() + PATIENCE;
    let mut request = media_request(endpoint, reference).map_err(why)?;
    for _ in 0..MAX_HOPS {
        let asked = request.uri().clone();
        let left = end.saturating_sub(clock.monotonic());
        let answer = send(&visit.api.world, request, left, MAX_FILE_BYTES).await;
        let answer = answer.map_err(|error| match error {
            SendError::Ambiguous(BROKE_OFF) => no_file(w::FILE_TOO_LARGE),
            SendError::NotSent(_) | SendError::Ambiguous(_) => no_file(w::FILE_UNAVAILABLE),
        })?;
        let (parts, body) = answer.into_parts();
        match media_answer(endpoint, &asked, parts.status, &parts.headers, &body).map_err(why)? {
            Fetched::At(next) => request = *next,
            Fetched::File => {
                let declared = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let content_type = content_type(declared.unwrap_or_default(), &body, kind);
                return Ok(match content_type {
                    Some(content_type) => Media { content_type, inline: true, bytes: body },
                    None => Media { content_type: "application/octet-stream", inline: false, bytes: body },
                });
            }
        }
    }
    Err(no_file(w::FILE_UNAVAILABLE))
}

fn why(no: NoFile) -> Problem {
    no_file(match no {
        NoFile::Gone => w::FILE_GONE,
        NoFile::Refused | NoFile::Unsendable(_) => w::FILE_REFUSED,
        NoFile::Unknown => w::FILE_UNKNOWN,
        NoFile::Unavailable => w::FILE_UNAVAILABLE,
    })
}

fn no_file(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_GATEWAY, "no_file", w::NO_FILE, detail)
}

/// What a browser may show where it stands: nothing that could hold a script. Some providers say of every file
/// that it is bytes; then its beginning tells (mimesniff.spec.whatwg.org).
fn content_type(declared: &str, bytes: &[u8], kind: MediaKind) -> Option<&'static str> {
    const SHOWN: [&str; 16] = [
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "audio/mpeg",
        "audio/mp4",
        "audio/x-m4a",
        "audio/aac",
        "audio/ogg",
        "audio/opus",
        "audio/amr",
        "audio/wav",
        "audio/webm",
        "video/mp4",
        "video/webm",
        "video/3gpp",
    ];
    let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(shown) = SHOWN.into_iter().find(|shown| *shown == declared) {
        return Some(shown);
    }
    if !matches!(declared.as_str(), "" | "application/octet-stream" | "binary/octet-stream") {
        return None;
    }
    let is_sound = kind == MediaKind::Audio;
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'O', b'g', b'g', b'S', ..] => Some("audio/ogg"),
        [b'I', b'D', b'3', ..] => Some("audio/mpeg"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Some("audio/amr"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(if is_sound { "audio/mp4" } else { "video/mp4" }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_hold_a_script_is_shown_where_it_stands() {
        let image = MediaKind::Image;
        assert_eq!(content_type("Image/JPEG; x=1", b"", image), Some("image/jpeg"));
        for other in ["text/html", "image/svg+xml", "application/xhtml+xml", "text/javascript"] {
            assert_eq!(content_type(other, b"GIF89a", image), None, "{other}");
        }
        assert_eq!(content_type("", b"OggS....", MediaKind::Audio), Some("audio/ogg"));
        assert_eq!(content_type("", b"....ftypM4A ", MediaKind::Audio), Some("audio/mp4"));
        assert_eq!(content_type("application/octet-stream", b"<svg", image), None);
    }
}
