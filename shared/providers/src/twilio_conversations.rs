//! Twilio Conversations: a conversation with participants, of whom the client is one.
//!
//! Wire formats: twilio.com/docs/conversations/conversations-webhooks, /docs/conversations/api.
//! Signatures and error codes are those of [`crate::twilio`].

use handover_core::{Content, Echo, EchoAuthor, EventKind, Receipt, ReceiptStatus};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Inbound, Outgoing, SendResult, Step, Unsendable, WebhookRequest,
    form::Form,
    inbound::{Batch, media, media_kind, message},
    instant,
    json::Json,
    outbound::{correlation, from_correlation, post_form, segment},
    twilio,
};

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Set the Post-Event URL of the Conversations service to this address, with POST", url),
        Step::tell("Choose onMessageAdded, onMessageUpdated, onMessageRemoved and onDeliveryUpdated"),
        Step::tell(
            "Twilio does not send these calls again and knows no fallback for them: where no message may be lost, connect the numbers by Programmable Messaging (provider twilio) instead",
        ),
    ]
}

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let form = Form::parse(request.body);
    let event = form.filled("EventType").ok_or("body without an event type")?;
    let conversation = form.filled("ConversationSid").ok_or("event without a conversation")?;
    let Some(id) = form.filled("MessageSid") else {
        batch.unknown(&event);
        return Ok(());
    };
    let author = form.filled("Author");
    let is_ours =
        is_ours(form.get("Source").as_deref().unwrap_or_default(), author.as_deref().unwrap_or_default());
    let changed = form.filled("DateUpdated").unwrap_or_default();
    let mut attachments = 0;
    let (kind, dedupe_id) = match event.as_str() {
        "onMessageAdded" => {
            let (content, files) = content(&form);
            attachments = files;
            let kind = if is_ours {
                EventKind::Echo(echo(&form, id.clone(), content))
            } else {
                EventKind::Message(message(Some(id.clone()), content))
            };
            (kind, id.clone())
        }
        "onMessageUpdated" if !is_ours => {
            let content = message(Some(id.clone()), content(&form).0);
            (EventKind::Edited { message: id.clone(), content }, format!("{id}:updated:{changed}"))
        }
        "onMessageRemoved" if !is_ours => {
            (EventKind::Deleted { message: id.clone() }, format!("{id}:removed"))
        }
        "onDeliveryUpdated" => {
            let word = form.filled("Status").unwrap_or_default();
            let status = match word.as_str() {
                "sent" => ReceiptStatus::Sent,
                "delivered" => ReceiptStatus::Delivered,
                "read" => ReceiptStatus::Read,
                "failed" | "undelivered" => ReceiptStatus::Failed,
                other => {
                    batch.unknown(other);
                    return Ok(());
                }
            };
            let error = form.filled("ErrorCode").filter(|code| code != "0");
            (
                EventKind::Receipt(Receipt {
                    message: id.clone(),
                    status,
                    effect: None,
                    error,
                    class: None,
                    up_to: None,
                }),
                format!("{id}:{word}"),
            )
        }
        other => {
            batch.unknown(other);
            return Ok(());
        }
    };
    let at = ["DateUpdated", "DateCreated"]
        .iter()
        .find_map(|name| form.filled(name))
        .filter(|_| event != "onMessageAdded");
    let at = at.or_else(|| form.filled("DateCreated"));
    batch.push(Inbound {
        sender: author,
        recipient: form.filled("ChatServiceSid"),
        thread: Some(conversation.clone()),
        message_id: Some(id),
        sent_at: at.and_then(|at| instant::parse(&at)),
        attachments,
        ..Inbound::new(conversation, dedupe_id, kind)
    });
    Ok(())
}

/// Clients come by a channel, and then their name is an address of it. What comes by the SDK or the
/// API under another name is our side: an agent's app, or software.
fn is_ours(source: &str, author: &str) -> bool {
    let is_address = author.starts_with('+') || author.contains(":+") || author.starts_with("messenger:");
    matches!(source, "SDK" | "API") && !is_address
}

fn echo(form: &Form, id: String, content: Content) -> Echo {
    let attributes = form.get("Attributes").unwrap_or_default();
    let effect = Json::parse(&attributes)
        .and_then(|json| json.get("handover_effect").text().and_then(from_correlation));
    let author = if effect.is_some() {
        EchoAuthor::Ours
    } else if form.get("Source").as_deref() == Some("SDK") {
        EchoAuthor::Human { app: "Twilio Conversations".to_owned() }
    } else {
        EchoAuthor::Unknown
    };
    Echo { message: id, author, effect, content }
}

fn content(form: &Form) -> (Content, usize) {
    let body = form.get("Body").unwrap_or_default().into_owned();
    let list = form.get("Media").unwrap_or_default();
    let Some(list) = Json::parse(&list) else { return (Content::Text(body), 0) };
    let Some(first) = list.list().first() else { return (Content::Text(body), 0) };
    let ids: Vec<_> = list.list().iter().filter_map(|file| file.get("Sid").text()).collect();
    let kind = media_kind(first.get("ContentType").text().unwrap_or_default());
    (media(kind, Some(body), Some(ids.join(" ")).filter(|all| !all.is_empty())), list.list().len())
}

/// The name under which our messages stand in a conversation.
const AUTHOR: &str = "handover";

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let (_, authorization) = twilio::credentials(endpoint)?;
    let url = format!("https://conversations.twilio.com/v1/Conversations/{}/Messages", segment(outgoing.to));
    let attributes = json!({ "handover_effect": correlation(outgoing.effect) }).to_string();
    parts
        .iter()
        .map(|text| {
            post_form(
                &url,
                &authorization,
                &[("Author", AUTHOR), ("Body", text), ("Attributes", &attributes)],
            )
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    match (status, twilio::classify(status, headers, body)) {
        // Here a 404 names the conversation.
        (404, SendResult::Failed { code, .. }) => {
            SendResult::Failed { class: crate::FailureClass::Gone, code }
        }
        (_, result) => result,
    }
}
