//! Intercom.
//!
//! Wire formats: developers.intercom.com (webhooks, reply to a conversation), Intercom-OpenAPI 2.14.

use handover_core::{Content, Echo, EchoAuthor, EventKind, MediaKind};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::RETRIES,
    html,
    inbound::{Batch, media, media_kind, message, own_words},
    instant,
    json::Json,
    outbound::{by_status, post_json, segment, sent},
    quoted::without_earlier_mails,
    signature::{any_signed_sha1, from_hex},
    split::Limit,
};

/// Characters of one reply; Intercom names no limit, this keeps messages readable.
pub(crate) const LIMIT: Limit = Limit::chars(7_000);

/// Version of the API that requests ask for.
const VERSION: &str = "2.14";

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("admin_id", true, "ID of the teammate that the bot answers as; nobody else must use it"),
    Field::setting("region", false, "eu or au, when the workspace is not in the United States"),
    Field::secret("client_secret", true, "Client secret of the app: it signs the webhooks"),
    Field::secret("access_token", true, "Access token of the app"),
    RETRIES,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Set the endpoint URL of the app's webhooks", url),
        Step::tell(
            "Subscribe to conversation.user.created, conversation.user.replied, conversation.admin.replied and conversation.admin.single.created",
        ),
        Step::tell(
            "Intercom sends a call again once only, after about a minute: watch for longer outages, and read the conversations there afterwards",
        ),
        Step::tell("Switch Fin and workflows off for these conversations, or the client gets two answers"),
    ]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let signature = request
        .header("x-hub-signature")
        .ok_or(Refusal::unauthorized("signature header missing"))?
        .strip_prefix("sha1=")
        .and_then(from_hex)
        .ok_or(Refusal::unauthorized("signature is not sha1= and hexadecimal digits"))?;
    if any_signed_sha1(endpoint.secrets.live("client_secret"), &[request.body], &signature) {
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
    let topic = body.get("topic").text().ok_or("body without a topic")?;
    let item = body.at(&["data", "item"]);
    let parts: Vec<&Json<'_>> = match topic {
        "ping" => return Ok(()),
        "conversation.user.created" | "conversation.admin.single.created" => vec![item.get("source")],
        "conversation.user.replied"
        | "conversation.admin.replied"
        | "conversation.admin.noted"
        | "conversation.operator.replied" => {
            item.at(&["conversation_parts", "conversation_parts"]).list().iter().collect()
        }
        other => {
            batch.unknown(other);
            return Ok(());
        }
    };
    let (Some(notification), Some(conversation)) = (body.get("id").id(), item.get("id").id()) else {
        return Err("notification without an id or conversation");
    };
    for (place, part) in parts.into_iter().enumerate() {
        let author = part.get("author");
        let author_kind = author.get("type").text().unwrap_or_default();
        let Some(id) = part.get("id").id() else {
            batch.broken("part without an id");
            continue;
        };
        let (content, attachments) = content(part);
        let kind = match (topic, author_kind) {
            ("conversation.admin.noted", _) => EventKind::System { what: "private_note".to_owned() },
            _ if part.get("part_type").text() == Some("note") => {
                EventKind::System { what: "private_note".to_owned() }
            }
            // Assignments and the like carry no words.
            _ if part.get("body").is_null() && attachments == 0 => {
                EventKind::System { what: part.get("part_type").id().unwrap_or_default() }
            }
            (_, "user" | "lead" | "contact") => {
                // Clients may answer by mail.
                let content = own_words(content, without_earlier_mails);
                EventKind::Message(message(Some(id.clone()), content))
            }
            _ => EventKind::Echo(echo(endpoint, author, id.clone(), content)),
        };
        batch.push(Inbound {
            sender: author.get("id").id().map(|author| format!("{author_kind}:{author}")),
            author_name: author.get("name").id(),
            recipient: body.get("app_id").id(),
            thread: Some(conversation.clone()),
            message_id: Some(id),
            sent_at: instant::from_seconds(part.get("created_at"))
                .or_else(|| instant::from_seconds(body.get("created_at"))),
            attachments,
            ..Inbound::new(
                conversation.clone(),
                if place == 0 { notification.clone() } else { format!("{notification}:{place}") },
                kind,
            )
        });
    }
    Ok(())
}

/// A teammate's message. Our own come back the same way, under the teammate that the bot answers as.
fn echo(endpoint: &Endpoint<'_>, author: &Json<'_>, id: String, content: Content) -> Echo {
    let is_ours =
        endpoint.setting("admin_id").is_some_and(|ours| author.get("id").id().as_deref() == Some(ours));
    let author = match author.get("type").text() {
        Some("admin") if is_ours => EchoAuthor::Unknown,
        Some("admin") => EchoAuthor::Human { app: "Intercom".to_owned() },
        _ => EchoAuthor::Automation { app: "Intercom".to_owned() },
    };
    Echo { message: id, author, effect: None, content }
}

fn content(part: &Json<'_>) -> (Content, usize) {
    let text = html::to_text(part.get("body").text().unwrap_or_default());
    let files = part.get("attachments").list();
    let Some(first) = files.first() else { return (Content::Text(text), 0) };
    let references: Vec<_> = files.iter().filter_map(|file| file.get("url").text()).collect();
    let kind = first.get("content_type").text().map_or(MediaKind::Document, media_kind);
    (media(kind, Some(text), Some(references.join(" ")).filter(|all| !all.is_empty())), files.len())
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let admin = endpoint.setting("admin_id").ok_or(Unsendable::MissingSetting("admin_id"))?;
    let token = endpoint.secrets.newest("access_token").ok_or(Unsendable::MissingSecret("access_token"))?;
    let host = match endpoint.setting("region") {
        Some("eu") => "api.eu.intercom.io",
        Some("au") => "api.au.intercom.io",
        _ => "api.intercom.io",
    };
    let url = format!("https://{host}/conversations/{}/reply", segment(outgoing.to));
    parts
        .iter()
        .map(|text| {
            let headers = [("authorization", &*format!("Bearer {token}")), ("intercom-version", VERSION)];
            let body = json!({
                "message_type": "comment", "type": "admin", "admin_id": admin, "body": html::from_text(text),
            });
            post_json(&url, &headers, &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    let parts = body.at(&["conversation_parts", "conversation_parts"]).list();
    match status {
        200..=299 => sent(parts.last().and_then(|part| part.get("id").id())),
        _ => by_status(
            status,
            headers,
            body.get("errors").list().first().and_then(|error| error.get("code").id()),
        ),
    }
}
