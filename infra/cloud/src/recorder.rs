//! The world outside AWS: what was sent to it, in order, and what it answers.

use crate::clock::Clock;
use crate::storage::Storage;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Headers whose values are secrets.
const SECRET_HEADERS: [&str; 4] = ["authorization", "cookie", "x-api-key", "x-telegram-bot-api-secret-token"];

/// Something that reached the world outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// Its place in the order, counted from 1.
    pub sequence: u64,
    /// When, in Unix milliseconds of the cloud's clock.
    pub at_ms: i64,
    /// The HTTP method; `EMAIL` for an e-mail, `EVENT` for an event on a bus.
    pub method: String,
    /// The whole URL; `mailto:` and the recipients for an e-mail, `eventbridge:` and the bus for an event.
    pub url: String,
    /// The headers, lower-cased, secrets replaced by `redacted`; subject and sender for an e-mail, source and
    /// type for an event.
    pub headers: Vec<(String, String)>,
    /// The body; what is not UTF-8 in it is replaced.
    pub body: String,
}

impl RecordedRequest {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Answers the requests to a host.
pub type Responder = Arc<dyn Fn(&RecordedRequest) -> Response<Bytes> + Send + Sync>;

/// The list of what was sent, and the responders.
pub struct Recorder {
    clock: Clock,
    responders: Mutex<HashMap<String, Responder>>,
    kept: Mutex<Kept>,
}

struct Kept {
    requests: Vec<RecordedRequest>,
    file: Option<File>,
}

impl Recorder {
    /// Opens the recorder; in a directory it keeps its list in `outbox.jsonl`.
    pub(crate) fn open(storage: &Storage, clock: Clock) -> std::io::Result<Self> {
        let kept = match storage.file("outbox.jsonl") {
            None => Kept { requests: Vec::new(), file: None },
            Some(path) => {
                let requests = if path.exists() { restore(&path)? } else { Vec::new() };
                let mut text = Vec::new();
                for request in &requests {
                    serde_json::to_writer(&mut text, request)?;
                    text.push(b'\n');
                }
                // Rewritten, because a killed process may have left half a line at the end.
                std::fs::write(&path, text)?;
                Kept { requests, file: Some(OpenOptions::new().append(true).open(path)?) }
            }
        };
        Ok(Self { clock, responders: Mutex::default(), kept: Mutex::new(kept) })
    }

    /// Lets this responder answer for a host (without port). Hosts without one answer 404.
    pub fn set_responder(&self, host: impl Into<String>, responder: Responder) {
        locked(&self.responders).insert(host.into(), responder);
    }

    /// Everything that was sent, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        locked(&self.kept).requests.clone()
    }

    /// Records a request and answers it.
    pub(crate) fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let headers = request.headers().iter().map(|(name, value)| {
            let shown = if SECRET_HEADERS.contains(&name.as_str()) {
                "redacted".to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (name.as_str().to_owned(), shown)
        });
        let recorded = self.record(
            request.method().as_str(),
            request.uri().to_string(),
            headers.collect(),
            String::from_utf8_lossy(request.body()).into_owned(),
        );
        let responder = locked(&self.responders).get(request.uri().host().unwrap_or_default()).cloned();
        responder.map_or_else(not_found, |responder| responder(&recorded))
    }

    /// Records something that was sent.
    pub(crate) fn record(
        &self,
        method: &str,
        url: String,
        headers: Vec<(String, String)>,
        body: String,
    ) -> RecordedRequest {
        let mut kept = locked(&self.kept);
        let sequence = kept.requests.last().map_or(0, |last| last.sequence) + 1;
        let request = RecordedRequest {
            sequence,
            at_ms: self.clock.now_ms(),
            method: method.to_owned(),
            url,
            headers,
            body,
        };
        if let Some(file) = &mut kept.file {
            let line = serde_json::to_string(&request).map(|line| line + "\n");
            // One write of a whole line: nothing that was answered is lost when the process is killed.
            let written = line.map_err(std::io::Error::from).and_then(|line| file.write_all(line.as_bytes()));
            if let Err(error) = written {
                tracing::error!(%error, "the outbox could not be written");
            }
        }
        kept.requests.push(request.clone());
        request
    }
}

fn not_found() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"no responder for this host"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn restore(path: &Path) -> std::io::Result<Vec<RecordedRequest>> {
    let mut requests = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        match serde_json::from_str(&line?) {
            Ok(request) => requests.push(request),
            // Only the last line can be half written; nothing was answered for it.
            Err(_) => break,
        }
    }
    Ok(requests)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
