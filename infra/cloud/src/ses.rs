//! SES version 2: `SendEmail` with simple content, and what is told of an e-mail afterwards.

use crate::policy::Access;
use crate::recorder::Recorder;
use crate::service::{ACCOUNT_ID, REGION, ServiceError, json_response};
use crate::sqs::{SendRequest, Sqs};
use crate::template::MailEvents;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// The mail service: it records what it sends.
#[derive(Default)]
pub(crate) struct Ses {
    suppressed: Mutex<BTreeSet<String>>,
    bouncing: Mutex<BTreeSet<String>>,
}

/// A `SendEmail` request, as far as it is known here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SendEmail {
    from_email_address: String,
    destination: Destination,
    content: Content,
    #[serde(default)]
    configuration_set_name: Option<String>,
    #[serde(default)]
    email_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    name: String,
    value: String,
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

    /// Sending needs the permission on the sender's identity, and on the configuration set that it names.
    pub(crate) fn accesses(&self) -> Vec<Access> {
        let address = bare(&self.from_email_address);
        let set = self.configuration_set_name.as_ref().map(|set| format!("configuration-set/{set}"));
        let resources = std::iter::once(format!("identity/{address}")).chain(set);
        resources
            .map(|resource| {
                Access::new("ses:SendEmail", format!("arn:aws:ses:{REGION}:{ACCOUNT_ID}:{resource}"))
                    .about("ses:FromAddress", address)
            })
            .collect()
    }
}

impl Ses {
    /// Refuses mail to these addresses from now on, and to no others.
    pub(crate) fn suppress(&self, addresses: BTreeSet<String>) {
        *self.suppressed.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// Lets mail to these addresses be taken and come back from now on, and to no others.
    pub(crate) fn bounce(&self, addresses: BTreeSet<String>) {
        *self.bouncing.lock().unwrap_or_else(PoisonError::into_inner) = addresses;
    }

    /// Sends an e-mail into the recorder, and tells its fate where the template has somebody to tell.
    pub(crate) fn send(
        &self,
        request: SendEmail,
        recorder: &Recorder,
        events: &[MailEvents],
        sqs: &Sqs,
    ) -> Result<Response<Bytes>, ServiceError> {
        let SendEmail { from_email_address, destination, content, configuration_set_name, email_tags } =
            request;
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
        let message_id = format!("local-{:016}", sent.sequence);
        let told = configuration_set_name.unwrap_or_default();
        let mut tags: BTreeMap<String, Vec<String>> =
            email_tags.into_iter().map(|tag| (tag.name, vec![tag.value])).collect();
        tags.insert("ses:configuration-set".to_owned(), vec![told.clone()]);
        let mail = json!({"messageId": message_id, "destination": recipients, "tags": tags});
        let (kind, detail) = self.fate(&recipients, &mail);
        let hears = |events: &&MailEvents| {
            events.configuration_set == told && events.kinds.iter().any(|known| known == kind)
        };
        for events in events.iter().filter(hears) {
            let message = SendRequest { body: detail.to_string(), ..SendRequest::default() };
            sqs.send(&events.queue, &message)?;
        }
        let answer = json!({"MessageId": message_id});
        Ok(json_response(StatusCode::OK, "application/json", &answer))
    }

    /// What becomes of an e-mail: the kind of event, and its detail.
    fn fate(&self, recipients: &[String], mail: &Value) -> (&'static str, Value) {
        let bouncing = self.bouncing.lock().unwrap_or_else(PoisonError::into_inner);
        let back: Vec<Value> = recipients
            .iter()
            .map(|to| bare(to))
            .filter(|to| bouncing.contains(*to))
            .map(|to| json!({"emailAddress": to}))
            .collect();
        if back.is_empty() {
            let delivery = json!({"recipients": recipients});
            return ("delivery", json!({"eventType": "Delivery", "delivery": delivery, "mail": mail}));
        }
        let bounce =
            json!({"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": back});
        ("bounce", json!({"eventType": "Bounce", "bounce": bounce, "mail": mail}))
    }
}

/// The address without a display name.
fn bare(address: &str) -> &str {
    let inner = address.rsplit_once('<').map_or(address, |(_, inner)| inner);
    inner.trim_end_matches('>').trim()
}
