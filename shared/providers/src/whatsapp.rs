//! WhatsApp Cloud API.
//!
//! Wire formats: developers.facebook.com/documentation/business-messaging/whatsapp (webhooks,
//! business-scoped user ids, error codes).

use handover_core::{Content, Echo, EchoAuthor, EventKind, Message, Receipt, ReceiptStatus};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::TYPING,
    inbound::{Batch, location, media, media_kind, message},
    instant,
    json::Json,
    meta,
    outbound::{correlation, from_correlation, post_json, with},
    split::Limit,
    template::REPLY_TEMPLATE,
};

/// Characters of a text body.
pub(crate) const LIMIT: Limit = Limit::utf16(4_096);

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("phone_number_id", true, "Phone number ID (WhatsApp Manager, API setup)"),
    Field::secret(
        "access_token",
        true,
        "Permanent access token of a system user with whatsapp_business_messaging",
    ),
    meta::APP_SECRET,
    meta::VERIFY_TOKEN,
    meta::GRAPH_VERSION,
    REPLY_TEMPLATE,
    Field::setting(
        "reply_template_language",
        false,
        "Language code of that template, such as en (the default) or pt_BR",
    ),
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy(
            "Set the Callback URL of the product WhatsApp in the Meta app, with the same Verify Token as here",
            url,
        ),
        Step::tell(
            "Subscribe to the fields messages and, where staff also use the WhatsApp Business app, smb_message_echoes",
        ),
        Step::tell(
            "With several numbers in one app set an alternate callback URL per phone number: messages of other numbers are not answered here",
        ),
    ]
}

pub(crate) fn normalise(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    if meta::answer_verification(request, batch) {
        return Ok(());
    }
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    if body.get("entry").list().is_empty() {
        return Err("body without entries");
    }
    for change in body.get("entry").list().iter().flat_map(|entry| entry.get("changes").list()) {
        let field = change.get("field").text().unwrap_or_default();
        if !matches!(field, "messages" | "smb_message_echoes") {
            batch.unknown(field);
            continue;
        }
        let value = change.get("value");
        let number = value.at(&["metadata", "phone_number_id"]).id();
        if !endpoint.serves("phone_number_id", number.as_deref()) {
            batch.unknown("another_phone_number");
            continue;
        }
        let business = Business { number, contacts: value.get("contacts").list() };
        for element in value.get("messages").list() {
            business.message(element, batch);
        }
        for element in value.get("message_echoes").list() {
            echo(element, batch);
        }
        for element in value.get("statuses").list() {
            business.status(element, batch);
        }
        for _ in value.get("errors").list() {
            batch.unknown("errors");
        }
    }
    Ok(())
}

/// The part of a change that all its elements share.
struct Business<'a> {
    number: Option<String>,
    contacts: &'a [Json<'a>],
}

/// Who the client is: the business-scoped id is stable and always there since 2026, the phone
/// number may be missing.
fn client(user_id: Option<String>, phone: Option<String>, id: &str, kind: EventKind) -> Option<Inbound> {
    let identities: Vec<String> = user_id.into_iter().chain(phone.clone()).collect();
    let first = identities.first()?.clone();
    let address = phone.unwrap_or(first);
    Some(Inbound { sender: Some(address.clone()), address, identities, ..Inbound::new("", id, kind) })
}

/// A client who has another number or id from now on (`user_changed_number`): what comes under it is theirs.
fn renamed(event: Inbound, system: &Json<'_>) -> Inbound {
    let now: Vec<String> =
        ["user_id", "wa_id", "new_wa_id"].iter().filter_map(|name| system.get(name).id()).collect();
    let Some(address) = now.last().cloned() else { return event };
    Inbound { address, identities: now.into_iter().chain(event.identities).collect(), ..event }
}

impl Business<'_> {
    fn contact(&self, user_id: Option<&String>, phone: Option<&String>) -> &Json<'_> {
        static NOBODY: Json<'static> = Json::Null;
        let same = |json: &Json<'_>, id: Option<&String>| id.is_some() && json.id().as_ref() == id;
        self.contacts
            .iter()
            .find(|contact| same(contact.get("user_id"), user_id) || same(contact.get("wa_id"), phone))
            .unwrap_or(&NOBODY)
    }

    fn message(&self, element: &Json<'_>, batch: &mut Batch) {
        let Some(id) = element.get("id").id() else { return batch.broken("message without an id") };
        let phone = element.get("from").id();
        let user_id = element.get("from_user_id").id();
        let contact = self.contact(user_id.as_ref(), phone.as_ref());
        let user_id = user_id.or_else(|| contact.get("user_id").id());
        let target = |member: &str| element.at(&[member, "original_message_id"]).id();
        let kind = match element.get("type").text().unwrap_or_default() {
            "reaction" => match element.at(&["reaction", "message_id"]).id() {
                Some(message) => {
                    EventKind::Reaction { message, emoji: element.at(&["reaction", "emoji"]).id() }
                }
                None => return batch.broken("reaction without a message"),
            },
            "edit" => match target("edit") {
                Some(message_id) => EventKind::Edited {
                    message: message_id,
                    content: message(Some(id.clone()), content(element.at(&["edit", "message"]))),
                },
                None => return batch.broken("edit without a message"),
            },
            "revoke" => match target("revoke") {
                Some(message) => EventKind::Deleted { message },
                None => return batch.broken("revocation without a message"),
            },
            "system" => EventKind::System {
                what: element.at(&["system", "type"]).id().unwrap_or_else(|| "system".to_owned()),
            },
            "request_welcome" => EventKind::System { what: "request_welcome".to_owned() },
            _ => {
                let context = element.get("context");
                let forwarded = ["forwarded", "frequently_forwarded"];
                EventKind::Message(Message {
                    forwarded: forwarded.iter().any(|name| context.get(name).is_true()),
                    ..message(Some(id.clone()), content(element))
                })
            }
        };
        let attachments = usize::from(is_media(element));
        match client(user_id, phone, &id, kind).map(|event| renamed(event, element.get("system"))) {
            Some(event) => batch.push(Inbound {
                author_name: contact.at(&["profile", "name"]).string(),
                recipient: self.number.clone(),
                message_id: Some(id),
                sent_at: instant::from_seconds(element.get("timestamp")),
                attachments,
                ..event
            }),
            None => batch.broken("message without a sender"),
        }
    }

    fn status(&self, element: &Json<'_>, batch: &mut Batch) {
        let Some(id) = element.get("id").id() else { return batch.broken("status without an id") };
        let word = element.get("status").text().unwrap_or_default();
        let status = match word {
            "sent" => ReceiptStatus::Sent,
            "delivered" => ReceiptStatus::Delivered,
            // A voice message that was played was also seen.
            "read" | "played" => ReceiptStatus::Read,
            "failed" => ReceiptStatus::Failed,
            other => return batch.unknown(other),
        };
        let kind = EventKind::Receipt(Receipt {
            message: id.clone(),
            status,
            effect: element.get("biz_opaque_callback_data").text().and_then(from_correlation),
            error: element.get("errors").list().first().and_then(|error| error.get("code").id()),
            class: None,
            up_to: None,
        });
        match client(element.get("recipient_user_id").id(), element.get("recipient_id").id(), &id, kind) {
            Some(event) => batch.push(Inbound {
                dedupe_id: format!("{id}:{word}"),
                recipient: self.number.clone(),
                message_id: Some(id),
                sent_at: instant::from_seconds(element.get("timestamp")),
                ..event
            }),
            None => batch.broken("status without a recipient"),
        }
    }
}

/// A message that a human wrote in the WhatsApp Business app.
fn echo(element: &Json<'_>, batch: &mut Batch) {
    let Some(id) = element.get("id").id() else { return batch.broken("echo without an id") };
    let kind = match element.get("type").text().unwrap_or_default() {
        // Not a message to the client.
        other @ ("reaction" | "edit" | "revoke" | "system") => {
            return batch.unknown(&format!("echo_{other}"));
        }
        _ => EventKind::Echo(Echo {
            message: id.clone(),
            author: EchoAuthor::Human { app: "WhatsApp Business app".to_owned() },
            effect: None,
            content: content(element),
        }),
    };
    let phone = element.get("to").id();
    match client(element.get("to_user_id").id(), phone.clone(), &id, kind) {
        Some(event) => batch.push(Inbound {
            sender: element.get("from").id(),
            recipient: phone.or_else(|| event.identities.first().cloned()),
            message_id: Some(id),
            sent_at: instant::from_seconds(element.get("timestamp")),
            attachments: usize::from(is_media(element)),
            ..event
        }),
        None => batch.broken("echo without a recipient"),
    }
}

const MEDIA: [&str; 5] = ["image", "audio", "video", "document", "sticker"];

fn is_media(element: &Json<'_>) -> bool {
    element.get("type").text().is_some_and(|kind| MEDIA.contains(&kind))
}

/// What the client wrote. Quoted messages (`context`) and the ad that they came from (`referral`)
/// are not part of it.
fn content(element: &Json<'_>) -> Content {
    let kind = element.get("type").text().unwrap_or_default();
    let unsupported = || Content::Unsupported { what: kind.to_owned() };
    let choice = |title: &Json<'_>, payload: &Json<'_>| Content::Choice {
        title: title.string().unwrap_or_default(),
        payload: payload.id(),
    };
    match kind {
        "text" => element.at(&["text", "body"]).string().map_or_else(unsupported, Content::Text),
        kind if MEDIA.contains(&kind) => {
            let file = element.get(kind);
            media(media_kind(kind), file.get("caption").string(), file.get("id").id())
        }
        "button" => choice(element.at(&["button", "text"]), element.at(&["button", "payload"])),
        "interactive" => {
            let interactive = element.get("interactive");
            let name = interactive.get("type").text().unwrap_or_default();
            let reply = interactive.get(name);
            match name {
                "button_reply" | "list_reply" if reply.is_object() => {
                    choice(reply.get("title"), reply.get("id"))
                }
                "nfm_reply" if reply.is_object() => choice(reply.get("body"), reply.get("response_json")),
                _ => unsupported(),
            }
        }
        "location" => {
            let place = element.get("location");
            let name = place.get("name").id().or_else(|| place.get("address").id());
            location(place.get("latitude").float(), place.get("longitude").float(), name)
                .unwrap_or_else(unsupported)
        }
        "contacts" => Content::ContactCard,
        _ => unsupported(),
    }
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    parts
        .iter()
        .map(|text| {
            let body = with(with(to(outgoing.to), "type", "text"), "text", json!({ "body": text }));
            call(endpoint, &with(body, "biz_opaque_callback_data", correlation(outgoing.effect)))
        })
        .collect()
}

/// The part of a request that says to whom it goes: a phone number, or a business-scoped id, which
/// has a country code and a dot in front.
pub(crate) fn to(address: &str) -> serde_json::Value {
    let member = if address.contains('.') { "recipient" } else { "to" };
    json!({ "messaging_product": "whatsapp", "recipient_type": "individual", member: address })
}

pub(crate) fn call(
    endpoint: &Endpoint<'_>,
    body: &serde_json::Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let number = endpoint.setting("phone_number_id").ok_or(Unsendable::MissingSetting("phone_number_id"))?;
    let token = endpoint.secrets.newest("access_token").ok_or(Unsendable::MissingSecret("access_token"))?;
    let url = meta::graph_url(endpoint, "graph.facebook.com", number, "messages");
    post_json(&url, &[("authorization", &format!("Bearer {token}"))], body)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    meta::classify(status, headers, body, |body| body.get("messages").list().first()?.get("id").id())
}
