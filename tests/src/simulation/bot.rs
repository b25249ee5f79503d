//! The bot: one that is asked over HTTP answers as the seed says, one that lives elsewhere asks and speaks.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use handover_cloud::{RecordedRequest, Responder};
use handover_providers::standard_webhooks_signature;
use http::Response;
use serde_json::{Value, json};

use super::{
    dice::Dice,
    plan::BotPlace,
    run::{Ordered, Run},
};

/// The host of a bot that is asked over HTTP.
pub(crate) const BOT_HOST: &str = "clinic-bot.example";
/// Where it is asked.
pub(crate) const BOT_URL: &str = "https://clinic-bot.example/turns";
/// How long a bot has between a message and its answer: the window in which messages are folded, and a
/// second.
const BOT_TIME: Duration = Duration::from_secs(3);

/// A question that the bot was asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) turn: String,
    pub(crate) epoch: u64,
    pub(crate) conversation: String,
    /// It was signed, and a question.
    pub(crate) authentic: bool,
}

/// Every question that the bot was asked, by its place in the list of what left the system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    questions: Arc<Mutex<BTreeMap<u64, Question>>>,
}

impl Heard {
    pub(crate) fn questions(&self) -> MutexGuard<'_, BTreeMap<u64, Question>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears and answers, by the seed.
    pub(crate) fn responder(&self, seed: u64, secret: String) -> Responder {
        let heard = self.clone();
        Arc::new(move |request: &RecordedRequest| {
            let question = question(request, &secret);
            let mut questions = heard.questions();
            // The same question may be answered otherwise when it comes again.
            let before = questions.values().filter(|known| known.turn == question.turn).count();
            let turn = question.turn.clone();
            questions.insert(request.sequence, question);
            answer(seed, &turn, before as u64)
        })
    }
}

fn question(request: &RecordedRequest, secret: &str) -> Question {
    let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
    let data = body.get("data").cloned().unwrap_or_default();
    let field = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let header = |name: &str| request.header(name).unwrap_or_default();
    let seconds = header("webhook-timestamp").parse().unwrap_or_default();
    let body = request.body.as_bytes();
    let signature = standard_webhooks_signature(secret, header("webhook-id"), seconds, body);
    let turn = field("turn");
    let signed = signature.is_some_and(|signature| signature == header("webhook-signature"));
    Question {
        authentic: signed && header("webhook-id") == turn && !field("text").is_empty(),
        turn,
        epoch: data.get("epoch").and_then(Value::as_u64).unwrap_or_default(),
        conversation: field("conversation"),
    }
}

fn answer(seed: u64, turn: &str, before: u64) -> Response<Bytes> {
    let lot = turn.bytes().fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut dice = Dice::new(lot.wrapping_add(before));
    let said = |text: &str, sources: u16| {
        let best = if sources == 0 { 0.1 } else { 0.9 };
        json!({"outcome": "answered", "reply": text, "evidence": {"sources": sources, "best": best}})
    };
    let reply = format!("answer {turn}");
    let (status, body) = match dice.below(20) {
        0 | 1 => (200, json!({"outcome": "no_answer"})),
        2 => (200, json!({"outcome": "failed"})),
        3 => (200, json!({"outcome": "wants_handover"})),
        4 => (200, said("I'm connecting you to a colleague.", 3)),
        5 => (200, said(&reply, 0)),
        6 => (200, said("Sorry, I don't know.", 3)),
        7 => (200, json!({"outcome": "answered", "reply": ""})),
        8 => (200, json!("nonsense")),
        9 => (429, json!({})),
        10 => (500, json!({})),
        _ => (200, said(&reply, 3)),
    };
    let response = Response::builder().status(status);
    response.body(Bytes::from(body.to_string())).expect("a response")
}

impl Run<'_> {
    /// A bot that lives elsewhere speaks; any other one gets the time to.
    pub(crate) async fn bot_speaks(&mut self, client: u8, number: u16, late: bool) {
        if self.plan.conditions.bot != BotPlace::Elsewhere {
            return self.travel(BOT_TIME).await;
        }
        let Some(id) = self.states().await.get(&client).map(|state| state.id.clone()) else { return };
        if !late || !self.leave.contains_key(&client) {
            let answer = self.ask_amid(&id, "turns", &format!("turn-{number}"), &json!({})).await;
            let field = |name: &str| answer.body.get(name).cloned().unwrap_or_default();
            let Some(epoch) = field("epoch").as_u64() else { return };
            // One in three speaks whatever it is told; then it shall be refused.
            if field("answer") != "speak" && !number.is_multiple_of(3) {
                return;
            }
            self.leave.insert(client, epoch);
        }
        let Some(epoch) = self.leave.get(&client).copied() else { return };
        let text = format!("said {number}");
        let body = match number % 5 {
            0 => json!({"epoch": epoch, "outcome": "no_answer"}),
            1 => json!({"epoch": epoch, "text": text, "evidence": {"sources": 0, "best": 0.0}}),
            _ => json!({"epoch": epoch, "text": text}),
        };
        let answer = self.order(&id, "messages", &format!("said-{number}"), &body).await;
        self.say(|| format!("    turn API: message of epoch {epoch}: {}", answer.status));
        let text = body.get("text").map(|_| text);
        let (status, command) = (answer.status, answer.command());
        self.done.commands.push(Ordered { client, text, status, command });
    }
}
