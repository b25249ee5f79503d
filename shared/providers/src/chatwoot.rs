//! Chatwoot: an open-source agent desk, and a natural place for a conversation to be handed to.
//!
//! Wire formats: chatwoot/chatwoot (webhook listener, webhook signatures of 4.11.2 and 4.13),
//! developers.chatwoot.com (application API).

use handover_core::{Content, Echo, EchoAuthor, EventKind, ThreadControl, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::{NATIVE_HANDOVER, RETRIES, TYPING},
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    outbound::{by_status, correlation, from_correlation, post_json, segment, sent},
    signature::{any_signed_sha256, from_hex, is_recent},
    split::Limit,
};

/// Characters of one message (Chatwoot itself takes up to 150,000; most of its channels do not).
pub(crate) const LIMIT: Limit = Limit::chars(4_000);

pub(crate) const FIELDS: &[Field] = &[
    Field::setting(
        "base_url",
        true,
        "Address of the Chatwoot installation, such as https://app.chatwoot.com",
    ),
    Field::setting("account_id", true, "Number of the Chatwoot account (in the address of its dashboard)"),
    Field::setting(
        "inbox_id",
        false,
        "Number of the Chatwoot inbox: what happens in others is then left alone",
    ),
    Field::secret(
        "webhook_secret",
        true,
        "Secret of the webhook or agent bot (not the access token or the HMAC token)",
    ),
    Field::secret("access_token", true, "Access token of the agent bot that answers"),
    NATIVE_HANDOVER,
    RETRIES,
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy(
            "Add an agent bot (Chatwoot 4.13 or later) with this webhook address, and connect it to the inbox",
            url,
        ),
        Step::tell(
            "Copy the bot's webhook secret and access token here; versions before 4.11.2 do not sign and are refused",
        ),
    ]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (Some(timestamp), Some(signature)) =
        (request.header("x-chatwoot-timestamp"), request.header("x-chatwoot-signature"))
    else {
        return Err(Refusal::unauthorized("signature headers missing"));
    };
    let seconds = timestamp.parse().map_err(|_| Refusal::unauthorized("time stamp is no number"))?;
    if !is_recent(seconds, now) {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let signature = signature
        .strip_prefix("sha256=")
        .and_then(from_hex)
        .ok_or(Refusal::unauthorized("signature is not sha256= and hexadecimal digits"))?;
    let parts: [&[u8]; 3] = [timestamp.as_bytes(), b".", request.body];
    if any_signed_sha256(endpoint.secrets.live("webhook_secret"), &parts, &signature) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("signature does not match"))
    }
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    let event = body.get("event").text().ok_or("body without an event")?;
    let is_message = event.starts_with("message_");
    let conversation = if is_message { body.get("conversation") } else { &body };
    let inbox = body.at(&["inbox", "id"]).id().or_else(|| conversation.get("inbox_id").id());
    if !endpoint.serves("inbox_id", inbox.as_deref()) {
        batch.unknown("another_inbox");
        return Ok(());
    }
    let account = body
        .at(&["account", "id"])
        .id()
        .or_else(|| endpoint.setting("account_id").map(str::to_owned))
        .unwrap_or_default();
    let seen = Seen {
        event,
        body: &body,
        recipient: inbox.map(|inbox| format!("{account}:{inbox}")),
        account,
        conversation: conversation.get("id").id(),
        contact: conversation.at(&["meta", "sender", "id"]).id(),
    };
    match event {
        "message_created" | "message_updated" => seen.message(batch),
        "conversation_status_changed" | "conversation_opened" | "conversation_resolved" => seen.status(batch),
        other => batch.unknown(other),
    }
    Ok(())
}

struct Seen<'a> {
    event: &'a str,
    body: &'a Json<'a>,
    account: String,
    recipient: Option<String>,
    conversation: Option<String>,
    contact: Option<String>,
}

impl Seen<'_> {
    fn fact(&self, client: String, dedupe_id: String, kind: EventKind) -> Inbound {
        let created = self.body.get("created_at");
        Inbound {
            address: self.conversation.clone().unwrap_or_default(),
            recipient: self.recipient.clone(),
            thread: self.conversation.as_ref().map(|id| format!("{}:{id}", self.account)),
            sent_at: instant::from_text(created).or_else(|| instant::from_seconds(created)),
            ..Inbound::new(client, dedupe_id, kind)
        }
    }

    fn message(&self, batch: &mut Batch) {
        let body = self.body;
        let (Some(id), Some(_)) = (body.get("id").id(), &self.conversation) else {
            return batch.broken("message without an id or conversation");
        };
        let sender = body.get("sender");
        let sender_kind = sender.get("type").text();
        let sender_id = sender.get("id").id();
        let direction = body.get("message_type");
        // A word in webhooks, a number in the API.
        let is_incoming = direction.text() == Some("incoming") || direction.integer() == Some(0);
        let is_outgoing = direction.text() == Some("outgoing") || direction.integer() == Some(1);
        let contact = self.contact.clone().or_else(|| sender_id.clone().filter(|_| is_incoming));
        let Some(client) = contact.map(|contact| format!("contact:{contact}")) else {
            return batch.broken("message without a contact");
        };
        let dedupe_id = format!("{}:{id}", self.event);
        let attributes = body.get("content_attributes");
        let is_update = self.event == "message_updated";
        let chosen = attributes.get("submitted_values").list().first();
        let (content, attachments) = content(body);
        let (kind, dedupe_id) = match chosen.filter(|_| is_update) {
            Some(chosen) => {
                let payload = chosen.get("value").id();
                let dedupe_id = format!("{dedupe_id}:{}", payload.as_deref().unwrap_or_default());
                let title = chosen.get("title").string().or_else(|| payload.clone()).unwrap_or_default();
                (EventKind::Message(message(Some(id.clone()), Content::Choice { title, payload })), dedupe_id)
            }
            None if is_update && is_incoming && attributes.get("deleted").is_true() => {
                (EventKind::Deleted { message: id.clone() }, format!("{dedupe_id}:deleted"))
            }
            None if is_update => return batch.unknown(self.event),
            None if body.get("private").is_true() => {
                (EventKind::System { what: "private_note".to_owned() }, dedupe_id)
            }
            None if is_incoming => (EventKind::Message(message(Some(id.clone()), content)), dedupe_id),
            None if is_outgoing => (EventKind::Echo(self.echo(id.clone(), content)), dedupe_id),
            // Greetings, surveys, and lines such as "assigned to".
            None => (EventKind::System { what: direction.id().unwrap_or_default() }, dedupe_id),
        };
        batch.push(Inbound {
            sender: sender_id
                .map(|sender| {
                    format!(
                        "{}:{sender}",
                        sender_kind.unwrap_or(if is_incoming { "contact" } else { "user" })
                    )
                })
                .or_else(|| Some(client.clone()).filter(|_| is_incoming)),
            author_name: sender.get("name").id(),
            message_id: Some(id),
            attachments,
            ..self.fact(client, dedupe_id, kind)
        });
    }

    fn echo(&self, id: String, content: Content) -> Echo {
        let effect =
            self.body.at(&["content_attributes", "handover_effect"]).text().and_then(from_correlation);
        // Campaigns and rules send in the name of a user.
        let is_automatic = !self.body.at(&["additional_attributes", "campaign_id"]).is_null()
            || !self.body.at(&["content_attributes", "automation_rule_id"]).is_null();
        let author = match self.body.at(&["sender", "type"]).text() {
            _ if effect.is_some() => EchoAuthor::Ours,
            _ if is_automatic => EchoAuthor::Automation { app: "Chatwoot".to_owned() },
            Some("user") => EchoAuthor::Human { app: "Chatwoot".to_owned() },
            Some("agent_bot") => EchoAuthor::Unknown,
            _ => EchoAuthor::Automation { app: "Chatwoot".to_owned() },
        };
        Echo { message: id, author, effect, content }
    }

    /// An open conversation is with staff, a pending one with the bot; staff resolve what is done.
    fn status(&self, batch: &mut Batch) {
        let status = match self.event {
            "conversation_opened" => "open",
            "conversation_resolved" => "resolved",
            _ => self.body.get("status").text().unwrap_or_default(),
        };
        let control = match status {
            "open" => ThreadControl::WithHumans,
            "pending" | "resolved" => ThreadControl::WithUs,
            _ => return batch.unknown(&format!("conversation_{status}")),
        };
        let (Some(id), Some(contact)) = (&self.conversation, &self.contact) else {
            return batch.broken("conversation without an id or contact");
        };
        // Without the moment of the change a later change back would look like a repetition.
        let changed = ["updated_at", "last_activity_at", "timestamp"].iter().find_map(|name| {
            let at = self.body.get(name);
            at.id().or_else(|| at.float().map(|at| at.to_string()))
        });
        let changed = changed.unwrap_or_default();
        let dedupe_id = format!("{}:{id}:{changed}", self.event);
        let fact = self.fact(format!("contact:{contact}"), dedupe_id, EventKind::ThreadControl(control));
        // Reported under two names, the status's and the event's.
        batch.push(Inbound {
            sent_at: None,
            same_as: Some(format!("status:{id}:{status}:{changed}")),
            ..fact
        });
    }
}

fn content(body: &Json<'_>) -> (Content, usize) {
    let text = body.get("content").string();
    let files = body.get("attachments").list();
    let Some(first) = files.first() else { return (Content::Text(text.unwrap_or_default()), 0) };
    let kind = first.get("file_type").text().unwrap_or_default();
    let title = first.get("fallback_title").id();
    if let Some(place) =
        location(first.get("coordinates_lat").float(), first.get("coordinates_long").float(), title)
        && kind == "location"
    {
        return (place, 0);
    }
    if kind == "contact" {
        return (Content::ContactCard, 0);
    }
    let references: Vec<_> = files.iter().filter_map(|file| file.get("data_url").text()).collect();
    (media(media_kind(kind), text, Some(references.join(" ")).filter(|all| !all.is_empty())), files.len())
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "content": text, "message_type": "outgoing", "private": false,
                "content_attributes": { "handover_effect": correlation(outgoing.effect) },
            });
            call(endpoint, outgoing.to, "messages", &body)
        })
        .collect()
}

pub(crate) fn call(
    endpoint: &Endpoint<'_>,
    conversation: &str,
    what: &str,
    body: &serde_json::Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let base =
        endpoint.setting("base_url").ok_or(Unsendable::MissingSetting("base_url"))?.trim_end_matches('/');
    let account = endpoint.setting("account_id").ok_or(Unsendable::MissingSetting("account_id"))?;
    let token = endpoint.secrets.newest("access_token").ok_or(Unsendable::MissingSecret("access_token"))?;
    let url =
        format!("{base}/api/v1/accounts/{}/conversations/{}/{what}", segment(account), segment(conversation));
    post_json(&url, &[("api_access_token", token)], body)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    match status {
        200..=299 => sent(body.get("id").id()),
        _ => by_status(status, headers, None),
    }
}
