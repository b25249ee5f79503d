//! The turn API, for bots that live elsewhere: they ask before they speak, and speak as of an epoch.

use handover_aws::Line;
use handover_core::{Assignee, Conversation, Origin, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    commands::{self, BotMessage},
    conversations::find,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// A question for leave to speak.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "MayISpeak"))]
pub(crate) struct Wanted {
    /// Whether the latest lines are wanted, those of humans included.
    #[serde(default)]
    history: bool,
}

/// Whether a bot may speak.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Leave {
    Speak,
    HandedOver,
    Paused,
}

/// Who may speak now, and until when.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TurnStatus {
    answer: Leave,
    /// The epoch to speak in, or in which others own the conversation.
    epoch: u64,
    /// Why the bot may not speak: why humans own the conversation, or `opted_out`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Who owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Assignee>,
    /// When the bot has it again, if nothing else happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    resumes_at: Option<Timestamp>,
    /// When humans gave it back last.
    #[serde(skip_serializing_if = "Option::is_none")]
    handed_back_at: Option<Timestamp>,
    /// The latest lines, oldest first, when they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Line>>,
}

impl TurnStatus {
    const fn new(answer: Leave, epoch: u64) -> Self {
        Self {
            answer,
            epoch,
            reason: None,
            owner: None,
            resumes_at: None,
            handed_back_at: None,
            history: None,
        }
    }
}

/// Whether a bot may speak now.
///
/// `speak` comes with the epoch to speak in. A pause that is over counts as over, even before anything has
/// noted it: the message that is sent then notes it first.
pub(crate) async fn ask(call: &Call<'_>) -> Answered {
    let Wanted { history } = call.json()?;
    let (conversation, contact) = find(call, call.id("conversation")?).await?;
    let mut shown = status(&conversation, contact.assignee, call);
    if history {
        shown.history = Some(call.store().history(call.account(), &conversation.id, &[]).await?);
    }
    Ok(Answer::ok(shown))
}

fn status(conversation: &Conversation, owner: Option<Assignee>, call: &Call<'_>) -> TurnStatus {
    let Some(human) = conversation.human().filter(|_| !conversation.resume_due(call.now)) else {
        let over = conversation.human().is_some();
        let epoch = conversation.epoch.saturating_add(u64::from(over));
        if conversation.opted_out {
            return TurnStatus { reason: Some("opted_out"), ..TurnStatus::new(Leave::Paused, epoch) };
        }
        let handed_back_at = conversation.handed_back_at;
        return TurnStatus { handed_back_at, ..TurnStatus::new(Leave::Speak, epoch) };
    };
    let answer = match human.origin {
        Origin::Action { .. } => Leave::HandedOver,
        Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => Leave::Paused,
    };
    let (reason, resumes_at) = (Some(human.origin.name()), human.resumes_at());
    TurnStatus { reason, owner, resumes_at, ..TurnStatus::new(answer, conversation.epoch) }
}

/// A bot says something as of an epoch: it is on its way, or refused with the new owner.
pub(crate) async fn speak(call: &Call<'_>) -> Answered {
    let answered = commands::run::<BotMessage>(call).await;
    let Err(mut problem) = answered else { return answered };
    if problem.status == StatusCode::CONFLICT && problem.code == "stale_epoch" {
        let (conversation, contact) = find(call, call.id("conversation")?).await?;
        if let Value::Object(now) = json!(status(&conversation, contact.assignee, call)) {
            problem.members.extend(now);
        }
    }
    Err::<Answer, Problem>(problem)
}
