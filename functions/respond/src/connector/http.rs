//! The turn protocol: a signed POST (Standard Webhooks) to the business's own bot, and its answer. The
//! forms of both are in `schema/`.

use std::time::Duration;

use handover_aws::{
    Line, Speaker,
    http::{BROKE_OFF, SendError, check_url, send},
};
use handover_core::{AccountId, BotId, Channel, ContactId, ConversationId, InboxId, Timestamp, TurnId};
use handover_providers::{Secrets, standard_webhooks_signature};
use http::{HeaderMap, Request, Response, header};
use serde::Serialize;

use super::{
    Answer, Question, Trouble, World,
    structured::{self, Spoken},
};

/// Bytes of an answer that are read.
pub(super) const MAX_ANSWER_BYTES: usize = 262_144;

/// The body of a question.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    turn: &'a TurnId,
    account: &'a AccountId,
    bot: &'a BotId,
    inbox: &'a InboxId,
    channel: Channel,
    conversation: &'a ConversationId,
    contact: &'a ContactId,
    epoch: u64,
    text: String,
    messages: Vec<&'a str>,
    returning: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Told<'a>>,
}

/// A line of the history, as bots read it.
#[derive(Serialize)]
struct Told<'a> {
    speaker: Speaker,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    at: String,
}

/// Asks the business's own bot.
pub(super) async fn ask(world: &World<'_>, question: &Question<'_>, url: &str) -> Result<Answer, Trouble> {
    // On Lambda the client itself refuses this machine; the local system may be told to reach it.
    let uri = check_url(url, true).map_err(|_| Trouble::new("forbidden_address"))?;
    let body = body(question, world.now);
    let id = question.turn.turn.as_str();
    let signature = signature(world.secrets, id, world.now.as_seconds(), &body)?;
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", world.now.as_seconds())
        .header("webhook-signature", signature)
        .body(body)
        .map_err(|_| Trouble::new("forbidden_address"))?;
    let answer = send(world.http, request, world.patience, MAX_ANSWER_BYTES).await.map_err(unsent)?;
    let spoken: Spoken = structured::read(judged(&answer)?)?;
    spoken.answer()
}

/// With each live secret: a bot that has not heard of the new one yet knows the old one.
fn signature(secrets: &Secrets, id: &str, seconds: i64, body: &[u8]) -> Result<String, Trouble> {
    let live = secrets.live("signing_secret").iter();
    let signatures: Vec<String> =
        live.filter_map(|secret| standard_webhooks_signature(secret, id, seconds, body)).collect();
    if signatures.is_empty() { Err(Trouble::new("no_secret")) } else { Ok(signatures.join(" ")) }
}

fn body(question: &Question<'_>, now: Timestamp) -> Vec<u8> {
    let Question { turn, conversation, bot, inbox, messages, history } = question;
    let told = |line: &'_ Line| Told { speaker: line.speaker, text: "", at: rfc3339(line.at) };
    let body = Body {
        kind: "turn.asked",
        timestamp: rfc3339(now),
        data: Data {
            turn: &turn.turn,
            account: &turn.account,
            bot: &bot.id,
            inbox: &inbox.id,
            channel: inbox.channel,
            conversation: &turn.conversation,
            contact: &conversation.contact,
            epoch: turn.epoch,
            text: question.text(),
            messages: messages.iter().map(|message| message.text.as_str()).collect(),
            returning: turn.returning,
            history: history.iter().map(|line| Told { text: &line.text, ..told(line) }).collect(),
        },
    };
    // Strings and numbers are always JSON.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// An instant as RFC 3339 has it, in UTC.
fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default().to_string()
}

/// What it means that there is no answer. A bot that may have got the question has had its time.
pub(super) fn unsent(error: SendError) -> Trouble {
    match error {
        SendError::Ambiguous("no answer in time") => Trouble::new("timeout"),
        SendError::Ambiguous(BROKE_OFF) => Trouble::new("malformed"),
        SendError::NotSent(_) | SendError::Ambiguous(_) => Trouble::passing("unreachable"),
    }
}

/// The body of an answer that is one.
pub(super) fn judged<T: AsRef<[u8]>>(answer: &Response<T>) -> Result<&[u8], Trouble> {
    match answer.status().as_u16() {
        200..=299 => Ok(answer.body().as_ref()),
        429 => Err(Trouble::over_after("rate_limited", retry_after(answer.headers()))),
        408 | 425 | 500..=599 => Err(Trouble::over_after("unavailable", retry_after(answer.headers()))),
        401 | 403 => Err(Trouble::new("unauthorized")),
        // A redirect is followed nowhere: it could lead inside.
        _ => Err(Trouble::new("refused")),
    }
}

/// The wait that `Retry-After` asks for in seconds (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
