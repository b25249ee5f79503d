//! Telegram bots.
//!
//! Wire formats: core.telegram.org/bots/api (Update, Message, setWebhook, sendMessage).

use handover_core::{Content, Echo, EchoAuthor, EventKind, MediaKind, Message};
use http::{HeaderMap, Request};
use serde_json::{Value, json};

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::TYPING,
    inbound::{Batch, Reply, happened, location, media, message},
    instant,
    json::Json,
    outbound::{FailureClass, by_status, post_json, retry_after, retry_seconds, sent, with},
    signature::any_equal,
    split::Limit,
};

/// Characters of a text "after entities parsing".
pub(crate) const LIMIT: Limit = Limit::utf16(4_096);

pub(crate) const FIELDS: &[Field] = &[
    Field::secret("bot_token", true, "Token of the bot, from @BotFather"),
    Field::secret(
        "secret_token",
        true,
        "Any 1 to 256 characters out of A-Z, a-z, 0-9, _ and -; given to setWebhook as secret_token",
    ),
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Call setWebhook with this url and the same secret_token as here", url),
        Step::copy(
            "Give setWebhook these allowed_updates",
            r#"["message","edited_message","callback_query","message_reaction","my_chat_member","business_message","edited_business_message","deleted_business_messages"]"#,
        ),
    ]
}

pub(crate) fn authenticate(endpoint: &Endpoint<'_>, request: &WebhookRequest<'_>) -> Result<(), Refusal> {
    let token = request
        .header("x-telegram-bot-api-secret-token")
        .ok_or(Refusal::unauthorized("secret token header missing"))?;
    if any_equal(endpoint.secrets.live("secret_token"), token.as_bytes()) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("secret token does not match"))
    }
}

/// What an update can be about.
const UPDATES: [&str; 8] = [
    "message",
    "edited_message",
    "business_message",
    "edited_business_message",
    "callback_query",
    "message_reaction",
    "deleted_business_messages",
    "my_chat_member",
];

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    let text = request.text();
    let update = Json::parse(&text).ok_or("body is not JSON")?;
    let id = update.get("update_id").id().ok_or("update without an id")?;
    let Some((name, inner)) = happened(&update, &UPDATES, &[]) else {
        batch.unknown("empty");
        return Ok(());
    };
    match name {
        "message" | "business_message" | "edited_message" | "edited_business_message" => {
            written(name, inner, id, batch);
        }
        "callback_query" => pressed(inner, id, batch),
        "message_reaction" => {
            let latest = inner.get("new_reaction").list().first();
            let emoji = latest
                .and_then(|latest| latest.get("emoji").id().or_else(|| latest.get("custom_emoji_id").id()));
            match chat_and_message(inner) {
                Some((chat, message)) => batch.push(Inbound {
                    sender: inner.at(&["user", "id"]).id(),
                    thread: Some(chat.clone()),
                    sent_at: instant::from_seconds(inner.get("date")),
                    ..Inbound::new(chat, id, EventKind::Reaction { message, emoji })
                }),
                None => batch.broken("reaction without a message"),
            }
        }
        "deleted_business_messages" => {
            let Some(chat) = inner.at(&["chat", "id"]).id() else { return Err("deletion without a chat") };
            for number in inner.get("message_ids").list().iter().filter_map(Json::id) {
                let target = format!("{chat}:{number}");
                batch.push(Inbound {
                    address: address(inner, &chat),
                    sender: Some(chat.clone()),
                    thread: Some(chat.clone()),
                    message_id: Some(target.clone()),
                    same_as: Some(format!("{id}:{number}")),
                    ..Inbound::new(chat.clone(), id.clone(), EventKind::Deleted { message: target })
                });
            }
        }
        "my_chat_member" if inner.at(&["chat", "type"]).text() == Some("private") => {
            let opted_out = inner.at(&["new_chat_member", "status"]).text() == Some("kicked");
            let Some(chat) = inner.at(&["chat", "id"]).id() else { return Err("membership without a chat") };
            batch.push(Inbound {
                sender: Some(chat.clone()),
                thread: Some(chat.clone()),
                sent_at: instant::from_seconds(inner.get("date")),
                ..Inbound::new(chat, id, EventKind::Consent { opted_out })
            });
        }
        other => batch.unknown(other),
    }
    Ok(())
}

/// The chat and the message's id; a message's number is unique within its chat only.
fn chat_and_message(json: &Json<'_>) -> Option<(String, String)> {
    let chat = json.at(&["chat", "id"]).id()?;
    let id = format!("{chat}:{}", json.get("message_id").id()?);
    Some((chat, id))
}

/// Where an answer goes: a chat, with the business connection that it is reached by in front.
fn address(json: &Json<'_>, chat: &str) -> String {
    json.get("business_connection_id")
        .id()
        .map_or_else(|| chat.to_owned(), |connection| format!("{connection}:{chat}"))
}

fn name(user: &Json<'_>) -> Option<String> {
    let names: Vec<_> = ["first_name", "last_name"].iter().filter_map(|name| user.get(name).text()).collect();
    Some(names.join(" ")).filter(|name| !name.is_empty())
}

fn written(name_of_update: &str, inner: &Json<'_>, id: String, batch: &mut Batch) {
    let Some((chat, message_id)) = chat_and_message(inner) else {
        return batch.broken("message without a chat");
    };
    let from = inner.get("from");
    let sender = from.get("id").id();
    let is_business = name_of_update.contains("business");
    let is_edit = name_of_update.starts_with("edited");
    // The client of a business chat is whom the chat is with; everybody else in it is our side.
    let is_ours = is_business && sender.as_ref().is_some_and(|sender| *sender != chat);
    if from.get("is_bot").is_true() && !is_ours {
        return batch.unknown("message_of_a_bot");
    }
    let (content, attachments) = content(inner);
    let kind = match content {
        None => EventKind::System { what: "service_message".to_owned() },
        Some(_) if is_ours && is_edit => return batch.unknown("edited_business_echo"),
        Some(content) if is_ours => {
            // A bot that writes for the owner may be this one.
            let author = if inner.get("sender_business_bot").is_null() {
                EchoAuthor::Human { app: "Telegram".to_owned() }
            } else {
                EchoAuthor::Unknown
            };
            EventKind::Echo(Echo { message: message_id.clone(), author, effect: None, content })
        }
        Some(content) => {
            let forwarded = ["forward_origin", "forward_date"].iter().any(|name| !inner.get(name).is_null());
            let content = Message { forwarded, ..message(Some(message_id.clone()), content) };
            if is_edit {
                EventKind::Edited { message: message_id.clone(), content }
            } else {
                EventKind::Message(content)
            }
        }
    };
    let at = if is_edit { inner.get("edit_date") } else { inner.get("date") };
    batch.push(Inbound {
        address: address(inner, &chat),
        sender: sender.or_else(|| Some(chat.clone())),
        author_name: name(from),
        thread: Some(chat.clone()),
        message_id: Some(message_id),
        sent_at: instant::from_seconds(at),
        attachments,
        ..Inbound::new(chat, id, kind)
    });
}

/// A pressed inline button. The message that it hangs on is the bot's.
fn pressed(inner: &Json<'_>, id: String, batch: &mut Batch) {
    if let Some(query) = inner.get("id").text() {
        // The button shows a clock until the query is answered; the answer may ride on this reply.
        let answer = json!({ "method": "answerCallbackQuery", "callback_query_id": query });
        batch.reply = Reply::ok("application/json", answer.to_string());
    }
    let client = inner.at(&["from", "id"]).id();
    let bot_message = chat_and_message(inner.get("message"));
    let Some(chat) = bot_message.as_ref().map(|(chat, _)| chat.clone()).or_else(|| client.clone()) else {
        return batch.broken("button without a client");
    };
    let payload = inner.get("data").id();
    let rows = inner.at(&["message", "reply_markup", "inline_keyboard"]).list();
    let buttons = rows.iter().flat_map(Json::list);
    let title = buttons
        .filter(|button| payload.is_some() && button.get("callback_data").id() == payload)
        .find_map(|button| button.get("text").string())
        .unwrap_or_default();
    batch.push(Inbound {
        address: address(inner.get("message"), &chat),
        sender: client,
        author_name: name(inner.get("from")),
        thread: Some(chat.clone()),
        message_id: inner.get("id").id(),
        ..Inbound::new(
            chat,
            id,
            EventKind::Message(message(inner.get("id").id(), Content::Choice { title, payload })),
        )
    });
}

/// What was written, `None` for service messages (joins, pins, ...), and how many files came along.
/// The message that it replies to and what it quotes are not part of it.
fn content(inner: &Json<'_>) -> (Option<Content>, usize) {
    if let Some(text) = inner.get("text").string() {
        return (Some(Content::Text(text)), 0);
    }
    let caption = inner.get("caption").string();
    if let Some(largest) = inner.get("photo").list().last() {
        return (Some(media(MediaKind::Image, caption, largest.get("file_id").id())), 1);
    }
    let files = [
        ("voice", MediaKind::Audio),
        ("audio", MediaKind::Audio),
        ("video", MediaKind::Video),
        ("video_note", MediaKind::Video),
        ("animation", MediaKind::Video),
        ("sticker", MediaKind::Sticker),
        ("document", MediaKind::Document),
    ];
    for (name, kind) in files {
        let file = inner.get(name);
        if file.is_object() {
            return (Some(media(kind, caption, file.get("file_id").id())), 1);
        }
    }
    let place = inner.get("location");
    let title = inner.at(&["venue", "title"]).id();
    if let Some(place) = location(place.get("latitude").float(), place.get("longitude").float(), title) {
        return (Some(place), 0);
    }
    if inner.get("contact").is_object() {
        return (Some(Content::ContactCard), 0);
    }
    for what in ["poll", "dice", "story", "game", "invoice", "paid_media", "checklist", "giveaway"] {
        if inner.get(what).is_object() {
            return (Some(Content::Unsupported { what: what.to_owned() }), 0);
        }
    }
    (None, 0)
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    parts.iter().map(|text| call(endpoint, "sendMessage", &with(chat(outgoing.to)?, "text", *text))).collect()
}

/// The part of a request that says to which chat it goes.
pub(crate) fn chat(address: &str) -> Result<Value, Unsendable> {
    let (connection, chat) = match address.rsplit_once(':') {
        Some((connection, chat)) => (Some(connection), chat),
        None => (None, address),
    };
    let chat: i64 = chat.parse().map_err(|_| Unsendable::BadAddress)?;
    let body = json!({ "chat_id": chat });
    Ok(match connection {
        Some(connection) => with(body, "business_connection_id", connection),
        None => body,
    })
}

pub(crate) fn call(
    endpoint: &Endpoint<'_>,
    method: &str,
    body: &Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let token = endpoint.secrets.newest("bot_token").ok_or(Unsendable::MissingSecret("bot_token"))?;
    post_json(&format!("https://api.telegram.org/bot{token}/{method}"), &[], body)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    if body.get("ok").is_true() {
        return sent(chat_and_message(body.get("result")).map(|(_, id)| id));
    }
    let description = body.get("description").text().unwrap_or_default().to_ascii_lowercase();
    let says = |words: &str| description.contains(words);
    let code = body.get("error_code").integer().map(|code| code.to_string());
    let failed = |class| SendResult::Failed { class, code: code.clone() };
    match status {
        429 => SendResult::Retry {
            after: retry_seconds(body.at(&["parameters", "retry_after"])).or(retry_after(headers)),
        },
        403 if says("blocked") => failed(FailureClass::Blocked),
        403 if says("deactivated") || says("kicked") || says("not a member") => failed(FailureClass::Gone),
        403 => failed(FailureClass::Rejected),
        400 if says("chat not found") || says("user not found") || says("peer_id_invalid") => {
            failed(FailureClass::Gone)
        }
        // The token is part of the address.
        404 => failed(FailureClass::BadCredentials),
        _ => by_status(status, headers, code),
    }
}
