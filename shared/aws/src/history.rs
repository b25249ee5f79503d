//! What was said in a conversation, for a bot that has to go on with it.

use std::collections::BTreeSet;

use handover_core::{
    AccountId, ConversationId, EffectKind, EventId, Handover, Purpose, TextSource, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    Failure, Store,
    store::{Author, MessageItem},
};

/// Lines that a bot is told, the latest ones.
const MAX_LINES: usize = 30;
/// Characters of one line.
const MAX_LINE_CHARS: usize = 1_000;

/// Who a line is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The client.
    Client,
    /// The bot.
    Bot,
    /// A human of the business.
    Staff,
    /// Nobody: humans took the conversation over.
    HumansBegan,
    /// Nobody: humans gave the conversation back to the bot.
    HumansEnded,
}

/// A line of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Said"))]
pub struct Line {
    /// Who it is by, or what happened.
    pub speaker: Speaker,
    /// What was said; empty where something happened.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// The latest lines of a conversation, oldest first, without the messages in `but`. Says where humans
    /// took over and where they gave the conversation back. What an account keeps no text of is not there.
    pub async fn history(
        &self,
        account: &AccountId,
        conversation: &ConversationId,
        but: &[EventId],
    ) -> Result<Vec<Line>, Failure> {
        let (messages, handovers) =
            tokio::join!(self.transcript(account, conversation), self.handovers(account, conversation));
        Ok(lines(&messages?, &handovers?, but))
    }
}

fn lines(messages: &[MessageItem], handovers: &[Handover], but: &[EventId]) -> Vec<Line> {
    let but: BTreeSet<&EventId> = but.iter().collect();
    let said = messages.iter().filter(|message| !but.contains(&message.id)).filter_map(line);
    let marker = |speaker, at| Line { speaker, text: String::new(), at };
    let began = handovers.iter().map(|handover| marker(Speaker::HumansBegan, handover.started_at));
    let ended =
        handovers.iter().filter_map(|handover| Some(marker(Speaker::HumansEnded, handover.ended_at?)));
    let mut lines: Vec<Line> = said.chain(began).chain(ended).collect();
    // The client's request comes before the handover that it began, at the same instant.
    lines.sort_by_key(|line| (line.at, line.text.is_empty()));
    lines.split_off(lines.len().saturating_sub(MAX_LINES))
}

fn line(message: &MessageItem) -> Option<Line> {
    let content = message.content.as_ref()?;
    let speaker = match message.author {
        Author::Client => Speaker::Client,
        Author::Staff => Speaker::Staff,
        // What the bot wanted to say counts when it was sent.
        Author::Bot if is_sent(message) => Speaker::Bot,
        Author::Bot | Author::System => return None,
    };
    let text = content.text().map_or_else(|| format!("[{}]", content.kind()), str::to_owned);
    let text = text.chars().take(MAX_LINE_CHARS).collect();
    Some(Line { speaker, text, at: message.at })
}

fn is_sent(message: &MessageItem) -> bool {
    message.effects.iter().any(|effect| {
        matches!(effect.kind, EffectKind::Send { purpose: Purpose::Bot, text: TextSource::Event, .. })
    })
}
