//! The turn API, for bots that live elsewhere: they ask before they speak, and speak as of an epoch.

use handover_core::{Assignee, Conversation, Origin};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    commands::{self, BotMessage},
    conversations::find,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

#[derive(Debug, Deserialize)]
struct Wanted {
    /// Whether the latest lines are wanted, those of humans included.
    #[serde(default)]
    history: bool,
}

/// Whether a bot may speak now.
///
/// `speak` comes with the epoch to speak in. A pause that is over counts as over, even before anything has
/// noted it: the message that is sent then notes it first.
pub(crate) async fn ask(call: &Call<'_>) -> Answered {
    let Wanted { history } = call.json()?;
    let (conversation, contact) = find(call, call.id("conversation")?).await?;
    let mut shown = status(&conversation, contact.assignee.as_ref(), call);
    if history {
        let lines = call.store().history(call.account(), &conversation.id, &[]).await?;
        shown.insert("history".to_owned(), json!(lines));
    }
    Ok(Answer::ok(Value::Object(shown)))
}

fn status(conversation: &Conversation, owner: Option<&Assignee>, call: &Call<'_>) -> Map<String, Value> {
    let Some(human) = conversation.human().filter(|_| !conversation.resume_due(call.now)) else {
        let over = conversation.human().is_some();
        let epoch = conversation.epoch.saturating_add(u64::from(over));
        if conversation.opted_out {
            return object(json!({"answer": "paused", "reason": "opted_out", "epoch": epoch}));
        }
        let back = conversation.handed_back_at;
        return object(json!({"answer": "speak", "epoch": epoch, "handed_back_at": back}));
    };
    let answer = match human.origin {
        Origin::Action { .. } => "handed_over",
        Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => "paused",
    };
    object(json!({
        "answer": answer,
        "reason": human.origin.name(),
        "epoch": conversation.epoch,
        "owner": owner,
        "resumes_at": human.resumes_at(),
    }))
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

/// A bot says something as of an epoch: it is on its way, or refused with the new owner.
pub(crate) async fn speak(call: &Call<'_>) -> Answered {
    let answered = commands::run::<BotMessage>(call).await;
    let Err(mut problem) = answered else { return answered };
    if problem.status == StatusCode::CONFLICT && problem.code == "stale_epoch" {
        let (conversation, contact) = find(call, call.id("conversation")?).await?;
        let now = status(&conversation, contact.assignee.as_ref(), call);
        problem.members.extend(now);
    }
    Err::<Answer, Problem>(problem)
}
