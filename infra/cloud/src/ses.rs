//! SES version 2: `SendEmail` with simple content.

use crate::policy::Access;
use crate::recorder::Recorder;
use crate::service::{ACCOUNT_ID, REGION, ServiceError, json_response};
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// The mail service: it records what it sends.
#[derive(Default)]
pub(crate) struct Ses {
    suppressed: Mutex<BTreeSet<String>>,
}

/// A `SendEmail` request, as far as it is known here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendEmail {
    from_email_address: String,
    destination: Destination,
    content: Content,
}

#[derive(Deserialize)]
struct Destination {
    #[serde(rename = "ToAddresses", default)]
    to: Vec<String>,
    #[serde(rename = "CcAddresses", default)]
    cc: Vec<String>,
    #[serde(rename = "BccAddresses", default)]
    bcc: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    simple: Simple,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Simple {
    subject: Text,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    text: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    data: String,
}

impl SendEmail {
    /// Reads a request.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, ServiceError> {
        serde_json::from_slice(body).map_err(|error| {
            ServiceError::bad_request("BadRequestException", format!("not known to the local cloud: {error}"))
        })
    }

    /// Sending needs the permission on the sender's identity.
    pub(crate) fn access(&self) -> Access {
        let address = bare(&self.from_email_address);
        Access::new("ses:SendEmail", format!("arn:aws:ses:{REGION}:{ACCOUNT_ID}:identity/{address}"))
    }
}

impl Ses {
    /// Refuses mail to these addresses from now on, and to no others.
    pub(crate) fn suppress(&self, addresses: BTreeSet<String>) {
        *self.suppressed.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// Sends an e-mail into the recorder.
    pub(crate) fn send(
        &self,
        request: SendEmail,
        recorder: &Recorder,
    ) -> Result<Response<Bytes>, ServiceError> {
        let SendEmail { from_email_address, destination, content } = request;
        let Destination { to, cc, bcc } = destination;
        let recipients: Vec<String> = to.into_iter().chain(cc).chain(bcc).collect();
        // SES takes 1 to 50 recipients (SendEmail, Destination).
        if recipients.is_empty() || recipients.len() > 50 {
            return Err(ServiceError::bad_request("BadRequestException", "Missing or too many destinations"));
        }
        let invalid = |address: &&String| !bare(address).contains('@');
        if let Some(address) = recipients.iter().chain([&from_email_address]).find(invalid) {
            let message = format!("Missing final '@domain': {address}");
            return Err(ServiceError::bad_request("BadRequestException", message));
        }
        let suppressed = self.suppressed.lock().unwrap_or_else(PoisonError::into_inner);
        if recipients.iter().any(|address| suppressed.contains(bare(address))) {
            return Err(ServiceError::bad_request("MessageRejected", "Address is on the suppression list."));
        }
        drop(suppressed);
        let headers = vec![
            ("from".to_owned(), from_email_address),
            ("subject".to_owned(), content.simple.subject.data),
        ];
        let url = format!("mailto:{}", recipients.join(","));
        let sent = recorder.record("EMAIL", url, headers, content.simple.body.text.data);
        let answer = json!({"MessageId": format!("local-{:016}", sent.sequence)});
        Ok(json_response(StatusCode::OK, "application/json", &answer))
    }
}

/// The address without a display name.
fn bare(address: &str) -> &str {
    let inner = address.rsplit_once('<').map_or(address, |(_, inner)| inner);
    inner.trim_end_matches('>').trim()
}
