//! EventBridge: `PutEvents`. Events go into the recorder, since nothing here listens on a bus.

use crate::policy::Access;
use crate::recorder::Recorder;
use crate::service::{ACCOUNT_ID, REGION, ServiceError, json_response};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

/// The protocol's content type.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A `PutEvents` request, as far as it is known here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    source: String,
    detail_type: String,
    detail: String,
    #[serde(default)]
    event_bus_name: Option<String>,
}

impl Entry {
    /// The bus's name; an ARN ends in it.
    fn bus(&self) -> &str {
        let named = self.event_bus_name.as_deref().unwrap_or("default");
        named.rsplit('/').next().unwrap_or(named)
    }
}

impl PutEvents {
    /// Reads a request.
    pub(crate) fn parse(operation: &str, body: &[u8]) -> Result<Self, ServiceError> {
        if operation != "PutEvents" {
            let message = format!("the operation {operation} is not known to the local cloud");
            return Err(ServiceError::bad_request("ValidationException", message));
        }
        serde_json::from_slice(body).map_err(|error| {
            let message = format!("not known to the local cloud: {error}");
            ServiceError::bad_request("ValidationException", message)
        })
    }

    /// Each event needs the permission on its bus.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        let arn = |entry: &Entry| format!("arn:aws:events:{REGION}:{ACCOUNT_ID}:event-bus/{}", entry.bus());
        self.entries.iter().map(|entry| Access::new("events:PutEvents", arn(entry))).collect()
    }

    /// Records every event; one whose detail is no JSON object is refused, as EventBridge does.
    pub(crate) fn perform(self, recorder: &Recorder) -> Response<Bytes> {
        let mut failed = 0;
        let results: Vec<Value> = self
            .entries
            .into_iter()
            .map(|entry| {
                if !serde_json::from_str::<Value>(&entry.detail).is_ok_and(|detail| detail.is_object()) {
                    failed += 1;
                    return json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."});
                }
                let url = format!("eventbridge:{}", entry.bus());
                let headers =
                    vec![("source".to_owned(), entry.source), ("detail-type".to_owned(), entry.detail_type)];
                let sent = recorder.record("EVENT", url, headers, entry.detail);
                json!({"EventId": format!("local-{:016}", sent.sequence)})
            })
            .collect();
        let answer = json!({"FailedEntryCount": failed, "Entries": results});
        json_response(StatusCode::OK, CONTENT_TYPE, &answer)
    }
}

/// A refusal in the protocol's shape.
pub(crate) fn error_response(error: &ServiceError) -> Response<Bytes> {
    json_response(error.status, CONTENT_TYPE, &json!({"__type": error.code, "message": error.message}))
}
