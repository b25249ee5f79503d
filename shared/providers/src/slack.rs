//! Slack, as a channel in which clients write.
//!
//! Wire formats: docs.slack.dev (verifying requests, Events API, interactivity, chat.postMessage).

use handover_core::{Content, Echo, EchoAuthor, EventKind, Timestamp};
use http::{HeaderMap, Request};
use serde_json::json;

use crate::{
    Endpoint, Field, Inbound, Outgoing, Refusal, SendResult, Step, Unsendable, WebhookRequest,
    form::Form,
    inbound::{Batch, Reply, media, media_kind, message, own_words},
    json::Json,
    outbound::{FailureClass, by_status, post_json, retry_after, sent, with},
    quoted::without_quotes,
    signature::{any_signed_sha256, from_hex, is_recent},
    split::Limit,
};

/// Characters of a text that Slack recommends at most (it cuts at 40,000).
pub(crate) const LIMIT: Limit = Limit::utf16(4_000);

pub(crate) const FIELDS: &[Field] = &[
    Field::secret("signing_secret", true, "Signing Secret of the app (Basic information)"),
    Field::secret("bot_token", true, "Bot user token (xoxb-...) with chat:write"),
];

pub(crate) fn steps(url: &str) -> Vec<Step> {
    vec![
        Step::copy("Set this as the Request URL of Event Subscriptions", url),
        Step::copy("Set this as the Request URL of Interactivity", url),
        Step::tell(
            "Subscribe the bot to message.im, and to message.channels or app_mention where it works in channels",
        ),
    ]
}

pub(crate) fn authenticate(
    endpoint: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (Some(timestamp), Some(signature)) =
        (request.header("x-slack-request-timestamp"), request.header("x-slack-signature"))
    else {
        return Err(Refusal::unauthorized("signature headers missing"));
    };
    let seconds = timestamp.parse().map_err(|_| Refusal::unauthorized("time stamp is no number"))?;
    if !is_recent(seconds, now) {
        return Err(Refusal::unauthorized("time stamp outside the replay window"));
    }
    let signature = signature
        .strip_prefix("v0=")
        .and_then(from_hex)
        .ok_or(Refusal::unauthorized("signature is not v0= and hexadecimal digits"))?;
    let parts: [&[u8]; 4] = [b"v0:", timestamp.as_bytes(), b":", request.body];
    if any_signed_sha256(endpoint.secrets.live("signing_secret"), &parts, &signature) {
        Ok(())
    } else {
        Err(Refusal::unauthorized("signature does not match"))
    }
}

pub(crate) fn normalise(
    _: &Endpoint<'_>,
    request: &WebhookRequest<'_>,
    batch: &mut Batch,
) -> Result<(), &'static str> {
    if request.is("application/x-www-form-urlencoded") {
        let form = Form::parse(request.body);
        let Some(payload) = form.get("payload") else {
            batch.unknown(if form.get("command").is_some() { "slash_command" } else { "form" });
            return Ok(());
        };
        let interaction = Json::parse(&payload).ok_or("payload is not JSON")?;
        pressed(&interaction, batch);
        return Ok(());
    }
    let text = request.text();
    let body = Json::parse(&text).ok_or("body is not JSON")?;
    match body.get("type").text().unwrap_or_default() {
        "url_verification" => {
            batch.reply =
                Reply::ok("text/plain; charset=utf-8", body.get("challenge").text().unwrap_or_default());
        }
        "event_callback" => event(&body, batch),
        other => batch.unknown(other),
    }
    Ok(())
}

/// A Slack time stamp (`1767261601.000001`: seconds and a running number) as an instant.
fn instant(ts: Option<&str>) -> Option<Timestamp> {
    let (seconds, fraction) = ts?.split_once('.')?;
    let millis: i64 = fraction.get(..3)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(millis).map(Timestamp::from_ms)
}

/// Where a message was written. What all events about a client have in common is the channel, and
/// outside of direct messages the thread, which starts with the message itself.
struct Place {
    channel: String,
    thread: Option<String>,
    is_direct: bool,
}

impl Place {
    fn of(event: &Json<'_>) -> Option<Self> {
        let channel = event.get("channel").id()?;
        let is_direct =
            event.get("channel_type").text().map_or_else(|| channel.starts_with('D'), |kind| kind == "im");
        Some(Self { thread: event.get("thread_ts").id(), channel, is_direct })
    }

    fn fact(self, ts: Option<&str>, dedupe_id: String, kind: EventKind) -> Inbound {
        let Self { channel, thread, is_direct } = self;
        let root = thread.clone().or_else(|| ts.map(str::to_owned).filter(|_| !is_direct));
        let threaded =
            |root: Option<String>| root.map_or_else(|| channel.clone(), |root| format!("{channel}:{root}"));
        let address = threaded(root.clone());
        let identity = if is_direct { channel.clone() } else { address.clone() };
        Inbound {
            address,
            thread: Some(threaded(thread)),
            message_id: ts.map(|ts| format!("{channel}:{ts}")),
            sent_at: instant(ts),
            ..Inbound::new(identity, dedupe_id, kind)
        }
    }
}

fn app(body: &Json<'_>) -> Option<String> {
    let team = body.get("team_id").id().or_else(|| body.at(&["team", "id"]).id())?;
    Some(format!("{team}:{}", body.get("api_app_id").text().unwrap_or_default()))
}

fn event(body: &Json<'_>, batch: &mut Batch) {
    let event = body.get("event");
    let kind = event.get("type").text().unwrap_or_default();
    let Some(id) = body.get("event_id").id() else { return batch.broken("event without an id") };
    if matches!(kind, "reaction_added" | "reaction_removed") {
        let item = event.get("item");
        let (Some(place), Some(ts)) = (Place::of(item), item.get("ts").text()) else {
            return batch.unknown("reaction_elsewhere");
        };
        if !place.is_direct {
            // Which thread the message is in is not said, and the thread is the conversation.
            return batch.unknown("reaction_in_a_channel");
        }
        let target = format!("{}:{ts}", place.channel);
        let emoji =
            event.get("reaction").text().filter(|_| kind == "reaction_added").map(|name| format!(":{name}:"));
        return batch.push(Inbound {
            sender: event.get("user").id(),
            recipient: app(body),
            message_id: None,
            sent_at: instant(event.get("event_ts").text()),
            ..place.fact(Some(ts), id, EventKind::Reaction { message: target, emoji })
        });
    }
    if !matches!(kind, "message" | "app_mention") {
        return batch.unknown(kind);
    }
    let Some(place) = Place::of(event) else { return batch.broken("message without a channel") };
    let channel = place.channel.clone();
    let subtype = event.get("subtype").text().unwrap_or_default();
    let edited = event.get("message");
    let removed = event.get("previous_message");
    let fact = match subtype {
        // Also sent when Slack unfolds a link: then the words are the same.
        "message_changed" if edited.get("text") == removed.get("text") => {
            return batch.unknown("message_changed_without_text");
        }
        "message_changed" if !edited.get("bot_id").is_null() => {
            return batch.unknown("message_of_a_bot_changed");
        }
        "message_changed" => {
            let Some(ts) = edited.get("ts").text() else { return batch.broken("edit without a message") };
            let target = format!("{channel}:{ts}");
            let content = message(Some(target.clone()), own_words(content(edited).0, without_quotes));
            let place = Place { thread: edited.get("thread_ts").id(), ..place };
            Inbound {
                sender: edited.get("user").id(),
                sent_at: instant(event.get("ts").text()),
                ..place.fact(Some(ts), id, EventKind::Edited { message: target, content })
            }
        }
        "message_deleted" => {
            let Some(ts) = event.get("deleted_ts").text() else {
                return batch.broken("deletion without a message");
            };
            let place = Place { thread: removed.get("thread_ts").id(), ..place };
            let kind = EventKind::Deleted { message: format!("{channel}:{ts}") };
            Inbound {
                sender: removed.get("user").id(),
                sent_at: instant(event.get("ts").text()),
                ..place.fact(Some(ts), id, kind)
            }
        }
        "" | "file_share" | "thread_broadcast" | "me_message" | "bot_message" => {
            let Some(ts) = event.get("ts").text() else {
                return batch.broken("message without a time stamp");
            };
            let target = format!("{channel}:{ts}");
            let (content, attachments) = content(event);
            let bot = event.get("bot_id").id();
            let kind = if bot.is_some() || subtype == "bot_message" {
                EventKind::Echo(echo(body, event, target.clone(), content))
            } else {
                EventKind::Message(message(Some(target.clone()), own_words(content, without_quotes)))
            };
            Inbound {
                sender: bot.or_else(|| event.get("user").id()),
                attachments,
                // A mention is reported as app_mention and as message, under two ids.
                same_as: Some(target),
                ..place.fact(Some(ts), id, kind)
            }
        }
        other => {
            let ts = event.get("ts").text();
            Inbound {
                sender: event.get("user").id(),
                ..place.fact(ts, id, EventKind::System { what: other.to_owned() })
            }
        }
    };
    batch.push(Inbound { recipient: app(body), ..fact });
}

/// A bot's message: ours when it carries our metadata.
fn echo(body: &Json<'_>, event: &Json<'_>, id: String, content: Content) -> Echo {
    let metadata = event.get("metadata");
    let effect = metadata
        .at(&["event_payload", "effect"])
        .text()
        .filter(|_| metadata.get("event_type").text() == Some(METADATA_TYPE))
        .and_then(|effect| effect.parse().ok());
    let author = match (event.get("app_id").id(), event.get("bot_id").id()) {
        _ if effect.is_some() => EchoAuthor::Ours,
        (Some(app), _) if Some(&app) != body.get("api_app_id").id().as_ref() => {
            EchoAuthor::Automation { app: format!("app {app}") }
        }
        _ => EchoAuthor::Unknown,
    };
    Echo { message: id, author, effect, content }
}

const METADATA_TYPE: &str = "handover";

fn content(event: &Json<'_>) -> (Content, usize) {
    let text = event.get("text").text().map(unescape);
    let files = event.get("files").list();
    let Some(first) = files.first() else { return (Content::Text(text.unwrap_or_default()), 0) };
    let references: Vec<_> = files.iter().filter_map(|file| file.get("url_private").text()).collect();
    let kind = media_kind(first.get("mimetype").text().unwrap_or_default());
    (media(kind, text, Some(references.join(" ")).filter(|all| !all.is_empty())), files.len())
}

/// Slack escapes exactly these three.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Pressed buttons and chosen entries.
fn pressed(interaction: &Json<'_>, batch: &mut Batch) {
    let kind = interaction.get("type").text().unwrap_or_default();
    if kind != "block_actions" {
        return batch.unknown(kind);
    }
    let channel =
        interaction.at(&["channel", "id"]).id().or_else(|| interaction.at(&["container", "channel_id"]).id());
    let Some(channel) = channel else { return batch.unknown("block_actions_outside_of_a_channel") };
    let container = interaction.get("container");
    let thread = container.get("thread_ts").id().or_else(|| interaction.at(&["message", "thread_ts"]).id());
    let actions = interaction.get("actions").list();
    for (place, action) in actions.iter().enumerate() {
        let option = action.get("selected_option");
        let title =
            option.at(&["text", "text"]).text().or(action.at(&["text", "text"]).text()).unwrap_or_default();
        let payload = option
            .get("value")
            .id()
            .or_else(|| action.get("value").id())
            .or_else(|| action.get("action_id").id());
        let ts = action.get("action_ts").text();
        let Some(trigger) = interaction.get("trigger_id").id().or_else(|| ts.map(str::to_owned)) else {
            batch.broken("action without an id");
            continue;
        };
        let id = if place == 0 { trigger } else { format!("{trigger}:{place}") };
        // The button hangs on the bot's message: outside of direct messages that is the thread.
        let root = thread.clone().or_else(|| container.get("message_ts").id());
        let is_direct = channel.starts_with('D');
        let from = Place {
            channel: channel.clone(),
            thread: if is_direct { thread.clone() } else { root },
            is_direct,
        };
        let content = Content::Choice { title: unescape(title), payload };
        let message_id = ts.map(|ts| format!("{channel}:{ts}"));
        let fact = from.fact(ts, id, EventKind::Message(message(message_id, content)));
        batch.push(Inbound {
            sender: interaction.at(&["user", "id"]).id(),
            author_name: interaction.at(&["user", "name"]).id(),
            recipient: app(interaction),
            ..fact
        });
    }
}

pub(crate) fn send(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
    parts: &[&str],
) -> Result<Vec<Request<Vec<u8>>>, Unsendable> {
    let token = endpoint.secrets.newest("bot_token").ok_or(Unsendable::MissingSecret("bot_token"))?;
    let (channel, thread) = match outgoing.to.split_once(':') {
        Some((channel, thread)) => (channel, Some(thread)),
        None => (outgoing.to, None),
    };
    parts
        .iter()
        .map(|text| {
            let body = json!({
                "channel": channel, "text": escape(text), "unfurl_links": false,
                "metadata": { "event_type": METADATA_TYPE, "event_payload": { "effect": outgoing.effect.as_str() } },
            });
            let body = match thread {
                Some(thread) => with(body, "thread_ts", thread),
                None => body,
            };
            let url = "https://slack.com/api/chat.postMessage";
            post_json(url, &[("authorization", &format!("Bearer {token}"))], &body)
        })
        .collect()
}

pub(crate) fn classify(status: u16, headers: &HeaderMap, body: &Json<'_>) -> SendResult {
    if body.get("ok").is_true() {
        let channel = body.get("channel").text().unwrap_or_default();
        return sent(body.get("ts").text().map(|ts| format!("{channel}:{ts}")));
    }
    let code = body.get("error").string();
    match code.as_deref() {
        Some("ratelimited" | "rate_limited" | "message_limit_exceeded") => {
            SendResult::Retry { after: retry_after(headers) }
        }
        // Slack: "it's possible some aspect of the operation succeeded before the error was raised".
        Some("internal_error" | "fatal_error" | "request_timeout" | "service_unavailable") => {
            SendResult::Ambiguous
        }
        Some(known) if (200..=299).contains(&status) => {
            SendResult::Failed { class: class(known).unwrap_or(FailureClass::Rejected), code }
        }
        None if (200..=299).contains(&status) => SendResult::Ambiguous,
        _ => by_status(status, headers, code),
    }
}

/// The class of an error of chat.postMessage.
pub(crate) fn class(code: &str) -> Option<FailureClass> {
    Some(match code {
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "no_permission"
        | "org_login_required"
        | "ekm_access_denied"
        | "access_denied"
        | "enterprise_is_restricted"
        | "not_allowed_token_type"
        | "team_access_not_granted" => FailureClass::BadCredentials,
        "channel_not_found"
        | "is_archived"
        | "not_in_channel"
        | "user_not_found"
        | "thread_not_found"
        | "messages_tab_disabled" => FailureClass::Gone,
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "cannot_reply_to_message" => FailureClass::Blocked,
        "msg_too_long" | "no_text" | "invalid_arguments" | "metadata_too_large" => FailureClass::Rejected,
        _ => return None,
    })
}
