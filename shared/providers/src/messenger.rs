//! Facebook Messenger and Instagram messaging.
//!
//! Wire formats: developers.facebook.com/docs/messenger-platform (webhook events, send API,
//! conversation routing) and /docs/instagram-platform.

use handover_core::{
    Content, Echo, EchoAuthor, EventKind, Provider, Purpose, Receipt, ReceiptStatus, ThreadControl,
};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, SendResult, Step, Unsendable, WebhookRequest,
    catalogue::{NATIVE_HANDOVER, TYPING},
    inbound::{Batch, happened, location, media, media_kind, message},
    instant,
    json::Json,
    meta,
    outbound::{correlation, from_correlation, post_json, with},
    split::Limit,
};

/// Characters of a Messenger text.
pub(crate) const LIMIT: Limit = Limit::utf16(2_000);
/// Bytes of an Instagram text.
pub(crate) const INSTAGRAM_LIMIT: Limit = Limit::bytes(1_000);

/// The app id of the Page Inbox, where a page's staff answers.
const PAGE_INBOX: &str = "263902037430900";
/// The app id of the Instagram inbox.
const INSTAGRAM_INBOX: &str = "1217981644879628";

const APP_ID: Field =
    Field::setting("app_id", true, "App ID of the Meta app: tells our own messages from those of other apps");
const HUMAN_AGENT: Field = Field::setting(
    "human_agent",
    false,
    "yes, when the app has the permission Human Agent: staff can then answer for 7 days",
);

const STAFF_APP: Field = Field::setting(
    "staff_app_id",
    false,
    "App ID of the app where staff answer, when that is not the Page Inbox (or Instagram's own inbox)",
);

pub(crate) const FIELDS: &[Field] = &[
    Field::setting("page_id", true, "ID of the Facebook page"),
    APP_ID,
    Field::secret("access_token", true, "Page access token with pages_messaging"),
    meta::APP_SECRET,
    meta::VERIFY_TOKEN,
    HUMAN_AGENT,
    STAFF_APP,
    meta::GRAPH_VERSION,
    NATIVE_HANDOVER,
    TYPING,
];

pub(crate) const INSTAGRAM_FIELDS: &[Field] = &[
    Field::setting("account_id", true, "ID of the Instagram professional account"),
    Field::setting(
        "page_id",
        false,
        "ID of the linked Facebook page, when the token is the page's; without it the token is the Instagram user's",
    ),
    APP_ID,
    Field::secret(
        "access_token",
        true,
        "Access token with instagram_manage_messages or instagram_business_manage_messages",
    ),
    meta::APP_SECRET,
    meta::VERIFY_TOKEN,
    HUMAN_AGENT,
    STAFF_APP,
    meta::GRAPH_VERSION,
    NATIVE_HANDOVER,
    TYPING,
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Set the Callback URL in the Meta app, with the same Verify Token as here", url),
        Step::tell(
            "Subscribe to messages, messaging_postbacks, message_echoes, message_reads, message_deliveries, message_reactions, message_edits, messaging_handovers and standby",
        ),
        Step::tell(
            "Make the app the default app for conversation routing, so that new conversations come to it first",
        ),
        Step::tell(
            "With native handover: where the routing lets no app take a thread, it is asked for, and the bot stays quiet until staff pass it back",
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
    let setting = if endpoint.provider == Provider::Instagram { "account_id" } else { "page_id" };
    for entry in body.get("entry").list() {
        let business = entry.get("id").id();
        if !endpoint.serves(setting, business.as_deref()) {
            batch.unknown("another_page");
            continue;
        }
        for element in entry.get("messaging").list() {
            one(endpoint, business.as_ref(), element, batch);
        }
        for element in entry.get("standby").list() {
            standby(endpoint, business.as_ref(), element, batch);
        }
        for change in entry.get("changes").list() {
            batch.unknown(change.get("field").text().unwrap_or("change"));
        }
    }
    Ok(())
}

/// Another app has the thread: what the client writes is recorded, after the fact that it is not
/// ours to answer.
fn standby(endpoint: &Endpoint<'_>, business: Option<&String>, element: &Json<'_>, batch: &mut Batch) {
    let mut events = Batch::default();
    one(endpoint, business, element, &mut events);
    for event in std::mem::take(&mut events.events) {
        if matches!(event.kind, EventKind::Message(_) | EventKind::Edited { .. }) {
            let kind = EventKind::ThreadControl(ThreadControl::WithHumans);
            batch.push(Inbound { kind, ..event.clone() });
        }
        batch.push(event);
    }
    batch.absorb(events);
}

/// What an element can report; a referral may come along with a message.
const HAPPENINGS: [&str; 13] = [
    "message",
    "message_edit",
    "reaction",
    "postback",
    "read",
    "delivery",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "optin",
    "account_linking",
    "game_play",
    "referral",
];

fn one(endpoint: &Endpoint<'_>, business: Option<&String>, element: &Json<'_>, batch: &mut Batch) {
    let sender = element.at(&["sender", "id"]).id();
    let recipient = element.at(&["recipient", "id"]).id();
    let is_echo = element.at(&["message", "is_echo"]).is_true();
    let (what, inner) = happened(element, &HAPPENINGS, &["sender", "recipient", "prior_message"])
        .unwrap_or(("empty", &Json::Null));
    let Some(client) = (if is_echo { recipient.clone() } else { sender.clone() }) else {
        return match what {
            "message" | "message_edit" | "postback" | "reaction" | "empty" => {
                batch.broken("element without a client");
            }
            // About the page or the app, such as policy_enforcement and app_roles.
            other => batch.unknown(other),
        };
    };
    let at = element.get("timestamp").integer();
    let fact = |message_id: Option<String>, dedupe_id: String, kind| Inbound {
        sender: sender.clone(),
        recipient: recipient.clone().or_else(|| business.cloned()),
        message_id,
        sent_at: instant::from_millis(element.get("timestamp")),
        ..Inbound::new(client.clone(), dedupe_id, kind)
    };
    let named = |name: &str| format!("{name}:{client}:{}", at.unwrap_or_default());
    let mid = inner.get("mid").id();
    match (what, mid) {
        ("message", Some(mid)) if inner.get("is_deleted").is_true() => {
            let kind = EventKind::Deleted { message: mid.clone() };
            batch.push(fact(Some(mid.clone()), format!("{mid}:deleted"), kind));
        }
        ("message", Some(mid)) => {
            let (content, attachments) = content(inner);
            let kind = if is_echo {
                EventKind::Echo(echo(endpoint, inner, mid.clone(), content))
            } else {
                EventKind::Message(message(Some(mid.clone()), content))
            };
            batch.push(Inbound { attachments, ..fact(Some(mid.clone()), mid, kind) });
        }
        ("message_edit", Some(mid)) => {
            let text = inner.get("text").string().unwrap_or_default();
            let content = message(Some(mid.clone()), Content::Text(text));
            let count = inner.get("num_edit").integer().unwrap_or_default();
            let kind = EventKind::Edited { message: mid.clone(), content };
            batch.push(fact(Some(mid.clone()), format!("{mid}:edit:{count}"), kind));
        }
        ("reaction", Some(mid)) => {
            let gone = inner.get("action").text() == Some("unreact");
            let emoji = inner.get("emoji").id().or_else(|| inner.get("reaction").id()).filter(|_| !gone);
            let dedupe_id = format!("reaction:{client}:{mid}:{}", at.unwrap_or_default());
            batch.push(fact(None, dedupe_id, EventKind::Reaction { message: mid, emoji }));
        }
        ("postback", mid) => {
            // In standby the payload is missing.
            let title = inner.get("title").string().unwrap_or_default();
            let content = Content::Choice { title, payload: inner.get("payload").id() };
            let kind = EventKind::Message(message(mid.clone(), content));
            batch.push(fact(mid.clone(), mid.unwrap_or_else(|| named("postback")), kind));
        }
        ("read", Some(mid)) => {
            let kind = receipt(mid.clone(), ReceiptStatus::Read);
            batch.push(fact(Some(mid.clone()), format!("{mid}:read"), kind));
        }
        (what @ ("read" | "delivery"), _) => {
            let status = if what == "read" { ReceiptStatus::Read } else { ReceiptStatus::Delivered };
            let Some(watermark) = inner.get("watermark").id() else {
                return batch.broken("receipt without a watermark");
            };
            let dedupe_id = format!("{what}:{client}:{watermark}");
            let mids: Vec<_> = inner.get("mids").list().iter().filter_map(Json::id).collect();
            for mid in &mids {
                batch.push(fact(Some(mid.clone()), dedupe_id.clone(), receipt(mid.clone(), status)));
            }
            if mids.is_empty() {
                // No message of ours has such an id.
                let kind = EventKind::Receipt(Receipt {
                    message: format!("watermark:{watermark}"),
                    status,
                    effect: None,
                    error: None,
                    class: None,
                    up_to: instant::from_millis(inner.get("watermark")),
                });
                batch.push(fact(None, dedupe_id, kind));
            }
        }
        (what @ ("pass_thread_control" | "take_thread_control" | "request_thread_control"), _) => {
            batch.push(fact(None, named(what), thread_control(endpoint, what, inner)));
        }
        (what @ ("optin" | "referral" | "account_linking" | "game_play"), _) => {
            batch.push(fact(None, named(what), EventKind::System { what: what.to_owned() }));
        }
        ("message" | "message_edit" | "reaction", None) => batch.broken("message without an id"),
        (other, _) => batch.unknown(other),
    }
}

/// Who has the thread after a move of it, or who asks for it.
fn thread_control(endpoint: &Endpoint<'_>, what: &str, inner: &Json<'_>) -> EventKind {
    let owner = inner.get("new_owner_app_id").id();
    let app = endpoint.setting("app_id");
    let ours = match (what, app, owner.as_deref()) {
        ("request_thread_control", ..) => {
            // Staff who want to answer; a bot that wants the thread is no reason to fall silent.
            let asker = inner.get("requested_owner_app_id").id();
            return if asker.as_deref().is_some_and(|app| is_staff(endpoint, app)) {
                EventKind::ThreadControl(ThreadControl::Requested)
            } else {
                EventKind::System { what: what.to_owned() }
            };
        }
        // This event goes to the app that the thread is taken from.
        ("take_thread_control", app, owner) => owner.is_some() && owner == app,
        (_, _, Some(PAGE_INBOX | INSTAGRAM_INBOX)) => false,
        (_, Some(app), Some(owner)) => app == owner,
        // The event goes to the app that the thread is passed to.
        _ => true,
    };
    EventKind::ThreadControl(if ours { ThreadControl::WithUs } else { ThreadControl::WithHumans })
}

/// Whether staff answer in this app: the provider's own inbox, or the one that the inbox names.
fn is_staff(endpoint: &Endpoint<'_>, app: &str) -> bool {
    let is_named = endpoint.setting("staff_app_id") == Some(app) && endpoint.setting("app_id") != Some(app);
    is_named || matches!(app, PAGE_INBOX | INSTAGRAM_INBOX)
}

/// The app that a thread goes to for staff.
pub(crate) fn staff_app<'a>(endpoint: &Endpoint<'a>) -> &'a str {
    let own = if endpoint.provider == Provider::Instagram { INSTAGRAM_INBOX } else { PAGE_INBOX };
    endpoint.setting("staff_app_id").unwrap_or(own)
}

fn receipt(message: String, status: ReceiptStatus) -> EventKind {
    EventKind::Receipt(Receipt { message, status, effect: None, error: None, class: None, up_to: None })
}

fn echo(endpoint: &Endpoint<'_>, inner: &Json<'_>, mid: String, content: Content) -> Echo {
    let effect = inner.get("metadata").text().and_then(from_correlation);
    let app = inner.get("app_id").id();
    let author = match app.as_deref() {
        _ if effect.is_some() => EchoAuthor::Ours,
        Some(PAGE_INBOX) => EchoAuthor::Human { app: "Page Inbox".to_owned() },
        Some(INSTAGRAM_INBOX) => EchoAuthor::Human { app: "Instagram".to_owned() },
        Some(app) if is_staff(endpoint, app) => EchoAuthor::Human { app: format!("app {app}") },
        Some(app) if endpoint.setting("app_id").is_some_and(|ours| ours != app) => {
            EchoAuthor::Automation { app: format!("app {app}") }
        }
        _ => EchoAuthor::Unknown,
    };
    Echo { message: mid, author, effect, content }
}

/// What was written, and how many files came with it. The message that it replies to is not part.
fn content(inner: &Json<'_>) -> (Content, usize) {
    let text = inner.get("text").string();
    let payload = inner.at(&["quick_reply", "payload"]).id();
    if payload.is_some() {
        return (Content::Choice { title: text.unwrap_or_default(), payload }, 0);
    }
    // A shared link comes as text and as an attachment of its preview.
    let files: Vec<_> = inner
        .get("attachments")
        .list()
        .iter()
        .filter(|file| !matches!(file.get("type").text(), Some("fallback" | "template")))
        .collect();
    let Some(first) = files.first() else {
        let what = if inner.get("is_unsupported").is_true() { "unsupported" } else { "empty" };
        return (text.map_or_else(|| Content::Unsupported { what: what.to_owned() }, Content::Text), 0);
    };
    let place = first.at(&["payload", "coordinates"]);
    let title = first.get("title").string();
    if let Some(place) = location(place.get("lat").float(), place.get("long").float(), title) {
        return (place, 0);
    }
    let kind = match first.get("type").text().unwrap_or_default() {
        "ig_reel" | "reel" => "video",
        "story_mention" | "share" | "ig_post" => "image",
        _ if !first.at(&["payload", "sticker_id"]).is_null() => "sticker",
        kind => kind,
    };
    let references: Vec<_> = files.iter().filter_map(|file| file.at(&["payload", "url"]).text()).collect();
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
            let content = json!({ "text": text });
            let content = if endpoint.provider == Provider::Messenger {
                with(content, "metadata", correlation(outgoing.effect))
            } else {
                content
            };
            let body = json!({ "recipient": { "id": outgoing.to }, "message": content });
            // Only a human's words may use the longer window (Messenger Platform policy).
            let is_human_agent =
                outgoing.purpose == Purpose::Staff && endpoint.setting("human_agent") == Some("yes");
            let body = if is_human_agent {
                with(with(body, "messaging_type", "MESSAGE_TAG"), "tag", "HUMAN_AGENT")
            } else {
                with(body, "messaging_type", "RESPONSE")
            };
            call(endpoint, "messages", &body)
        })
        .collect()
}

pub(crate) fn call(
    endpoint: &Endpoint<'_>,
    edge: &str,
    body: &serde_json::Value,
) -> Result<Request<Vec<u8>>, Unsendable> {
    let token = endpoint.secrets.newest("access_token").ok_or(Unsendable::MissingSecret("access_token"))?;
    let (host, node) = match (endpoint.setting("page_id"), endpoint.setting("account_id")) {
        (Some(page), _) => ("graph.facebook.com", page),
        (None, Some(account)) => ("graph.instagram.com", account),
        (None, None) => return Err(Unsendable::MissingSetting("page_id")),
    };
    let url = meta::graph_url(endpoint, host, node, edge);
    post_json(&url, &[("authorization", &format!("Bearer {token}"))], body)
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    meta::classify(status, headers, body, |body| body.get("message_id").id())
}
