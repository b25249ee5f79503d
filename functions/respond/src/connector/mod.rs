//! Ways to ask a bot. Each may be asked the same question twice; the turn's id tells.

pub mod bedrock;
mod faq;
mod http;
mod openai;
mod prompt;
mod structured;

use std::time::Duration;

use handover_aws::{Knowledge, Line, http::SharedHttpClient, queue::Turn};
use handover_core::{
    Bot, Connector, Conversation, Inbox, MAX_REPLY_CHARS, OutcomeResult, Retrieval, Timestamp,
};
use handover_providers::Secrets;

/// A wait that a bot asks for is worth it up to here; a client waits with it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a bot is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The turn.
    pub turn: &'a Turn,
    /// The conversation, as it stands.
    pub conversation: &'a Conversation,
    /// The bot.
    pub bot: &'a Bot,
    /// The inbox.
    pub inbox: &'a Inbox,
    /// What the client said, oldest first; never empty.
    pub messages: Vec<Said>,
    /// What was said before, oldest first, where the connector is told.
    pub history: Vec<Line>,
}

/// A message of the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its words.
    pub text: String,
}

impl Question<'_> {
    /// Everything that the client said, a message a line.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.messages.iter().map(|message| message.text.as_str()).collect();
        texts.join("\n")
    }
}

/// What connectors work with.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// Reaches the business's own bots.
    pub http: &'a SharedHttpClient,
    /// Reaches Bedrock.
    pub bedrock: &'a aws_sdk_bedrockruntime::Client,
    /// The connector's secrets.
    pub secrets: &'a Secrets,
    /// The bot's entries.
    pub knowledge: &'a Knowledge,
    /// Now, by the real clock.
    pub now: Timestamp,
    /// How long a bot may take in all.
    pub patience: Duration,
    /// How long a language model may.
    pub model_patience: Duration,
}

/// What a bot answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it went.
    pub result: OutcomeResult,
    /// What it says to the client.
    pub reply: Option<String>,
    /// What that stands on.
    pub retrieval: Option<Retrieval>,
}

/// Why a bot gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// In a word: `timeout`, `unreachable`, `rate_limited`, `unavailable`, `refused`, `malformed`,
    /// `empty`, `too_long`, `forbidden_address`, `no_secret`, ...
    pub reason: &'static str,
    /// It may be over in a moment.
    pub passes: bool,
    /// How long the bot wants to be left alone.
    pub after: Option<Duration>,
}

impl Trouble {
    /// Trouble that stays.
    pub const fn new(reason: &'static str) -> Self {
        Self { reason, passes: false, after: None }
    }

    /// Trouble that may be over in a moment.
    pub const fn passing(reason: &'static str) -> Self {
        Self { reason, passes: true, after: None }
    }

    /// Trouble that is over after a while; one that is longer than a client waits stays.
    fn over_after(reason: &'static str, after: Option<Duration>) -> Self {
        Self { reason, passes: after.is_none_or(|after| after <= LONGEST_WAIT), after }
    }
}

/// Asks the bot.
///
/// # Errors
/// [`Trouble`] when it gave no answer that makes sense.
pub async fn ask(world: &World<'_>, question: &Question<'_>) -> Result<Answer, Trouble> {
    let answer = match &question.bot.connector {
        // It asks us; a question that was on its way when the settings changed has nobody to go to.
        Connector::External => return Err(Trouble::new("no_bot")),
        Connector::Faq => faq::ask(world, question),
        Connector::Http { url } => http::ask(world, question, url).await?,
        Connector::OpenAi { url, model, instructions } => {
            openai::ask(world, question, url, model, instructions).await?
        }
        Connector::Bedrock { model, instructions } => {
            bedrock::ask(world, question, model, instructions).await?
        }
    };
    checked(answer)
}

/// An answer that makes sense: with a text that can be sent where one is promised.
fn checked(mut answer: Answer) -> Result<Answer, Trouble> {
    answer.reply = answer.reply.map(|reply| reply.trim().to_owned()).filter(|reply| !reply.is_empty());
    if answer.reply.as_ref().is_some_and(|reply| reply.chars().count() > MAX_REPLY_CHARS) {
        return Err(Trouble::new("too_long"));
    }
    if answer.reply.is_none() && answer.result == OutcomeResult::Answered {
        return Err(Trouble::new("empty"));
    }
    Ok(answer)
}
