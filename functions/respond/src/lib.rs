//! Asks bots through their connectors, and reports what became of each question to its conversation.
//! Nothing here is said to a client: `execute` decides.

pub mod connector;
mod report;

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use handover_aws::{
    Cache, Clock, Failure, Host, Knowledges, Line, Policies, Queues, SETTINGS_LIVE, Sealer, Speaker,
    StartError, Store,
    batch::{Batch, Received},
    http::SharedHttpClient,
    load_master_key,
    queue::{self, Turn},
    shared_config, telemetry,
};
use handover_core::{AccountId, BotId, Bug, Connector, Conversation, Inbox, MAX_FOLDED, Timestamp, planted};
use handover_providers::Secrets;

use crate::connector::{Answer, Question, Said, Trouble, World};

/// A bot is asked on this many receives of a question at most: trouble that may be over in a second or two
/// is worth as much, and a client waits no longer.
const TRIES: u32 = 3;
/// From this receive on the bot is not called, nor from the last try on when the question is this old:
/// either our own side has been down for half a minute, or the call kills the process, and the question came
/// back when its visibility ended. The question counts as failed, so that nobody waits for ever.
const GIVE_UP: u32 = 6;
const GIVE_UP_AGE: Duration = Duration::from_mins(5);

/// How long a bot may take in all, and a language model: the function has 30 seconds.
const PATIENCE: Duration = Duration::from_secs(10);
const MODEL_PATIENCE: Duration = Duration::from_secs(20);

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    queues: Queues,
    clock: Clock,
    policies: Policies,
    knowledge: Knowledges,
    sealer: Sealer,
    secrets: Cache<(AccountId, BotId), Arc<Secrets>>,
    world: SharedHttpClient,
    bedrock: aws_sdk_bedrockruntime::Client,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment, or without the master key.
    pub async fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let store = reading.store(&sdk);
        let queues = reading.queues(&sdk);
        for name in ["CONVERSATION_QUEUE_URL", "TURNS_QUEUE_URL", "QUARANTINE_QUEUE_URL"] {
            reading.required(name);
        }
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        reading.finish()?;
        let key = load_master_key(&sdk.secrets, &key_arn).await?;
        let clock = host.clock.clone();
        let inner = Inner {
            policies: Policies::new(store.clone(), clock.clone(), None),
            knowledge: Knowledges::new(store.clone(), clock.clone()),
            sealer: Sealer::new(&key),
            secrets: Cache::default(),
            world: host.world.clone(),
            bedrock: connector::bedrock::client(&shared_config(&host.sdk), MODEL_PATIENCE),
            store,
            queues,
            clock,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Processes a record of the turns queue.
    pub async fn handle(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        let queues = &self.inner.queues;
        let batch = Batch {
            source: "respond",
            queues,
            queue_url: &queues.urls().turns,
            clock: &self.inner.clock,
            deadline,
        };
        batch.work(event, |received| self.inner.one(received)).await
    }
}

impl Inner {
    /// One question: ask, judge, report.
    async fn one(&self, received: Received) -> Result<(), Failure> {
        let turn: Turn = queue::decode(&received.body)?;
        let age = self.clock.now().since(received.sent_at);
        if received.receives >= GIVE_UP || (received.receives >= TRIES && age >= GIVE_UP_AGE) {
            return self.report(&turn, Err(Trouble::new("unreachable"))).await;
        }
        let Some(conversation) = self.store.state(&turn.account, &turn.conversation).await? else {
            telemetry::count("turn", "gone");
            return Ok(());
        };
        let changed = conversation.human().is_some() || conversation.epoch != turn.epoch;
        if changed && !planted(Bug::AskedInVain) {
            // Whatever the bot said would not be sent.
            return self.report(&turn, Err(Trouble::new("control_changed"))).await;
        }
        if conversation.asked.as_ref().is_some_and(|asked| asked.earlier.contains(&turn.trigger)) {
            // The client went on writing: the last message's question is about all of them.
            telemetry::count("turn", "folded");
            return Ok(());
        }
        let answered = self.ask(&turn, &conversation).await?;
        if let Err(trouble) = &answered
            && trouble.passes
            && received.receives < TRIES
        {
            return Err(Failure::Retry { after: trouble.after, reason: trouble.reason });
        }
        self.report(&turn, answered).await
    }

    /// The bot's answer, or why there is none.
    async fn ask(
        &self,
        turn: &Turn,
        conversation: &Conversation,
    ) -> Result<Result<Answer, Trouble>, Failure> {
        let settings = self.policies.load(&turn.account, &turn.inbox).await?;
        let Some(revision) = &settings.bot else {
            return Ok(Err(Trouble::new("no_bot")));
        };
        let bot = &revision.bot;
        let reads_history = match bot.connector {
            Connector::OpenAi { .. } | Connector::Bedrock { .. } => true,
            // It has heard everything but what humans said.
            Connector::Http { .. } => turn.returning,
            Connector::External | Connector::Faq => false,
        };
        let waited = turn.returning && turn.text.is_none();
        let (mut messages, mut history) = (Vec::new(), Vec::new());
        if reads_history || waited {
            let asked: Vec<_> =
                turn.earlier.iter().chain([&turn.trigger]).filter(|_| !waited).cloned().collect();
            history = self.store.history(&turn.account, &turn.conversation, &asked).await?;
        }
        if waited {
            messages = take_unanswered(&mut history);
        }
        if messages.is_empty() {
            messages = self.messages(turn).await?;
        }
        if messages.is_empty() {
            return Ok(Err(Trouble::new("text_not_kept")));
        }
        if !reads_history {
            history.clear();
        }
        let question =
            Question { turn, conversation, bot, inbox: &settings.inbox as &Inbox, messages, history };
        let secrets = self.secrets(&turn.account, &bot.id).await?;
        let knowledge = self.knowledge.of(&turn.account, &bot.id).await?;
        let world = World {
            http: &self.world,
            bedrock: &self.bedrock,
            secrets: &secrets,
            knowledge: &knowledge,
            now: self.clock.wall(),
            patience: PATIENCE,
            model_patience: MODEL_PATIENCE,
        };
        Ok(connector::ask(&world, &question).await)
    }

    /// What the client said, oldest first, as far as its text is kept.
    async fn messages(&self, turn: &Turn) -> Result<Vec<Said>, Failure> {
        let mut said = Vec::new();
        for event in &turn.earlier {
            said.extend(self.stored(turn, event).await?);
        }
        match &turn.text {
            Some(text) => said.push(Said { text: text.clone() }),
            None => said.extend(self.stored(turn, &turn.trigger).await?),
        }
        Ok(said)
    }

    async fn stored(&self, turn: &Turn, event: &handover_core::EventId) -> Result<Option<Said>, Failure> {
        let message = self.store.message(&turn.account, &turn.conversation, event).await?;
        let text = message.and_then(|message| Some(message.content?.text()?.to_owned()));
        Ok(text.map(|text| Said { text }))
    }

    /// The secrets of a bot's connector, opened.
    async fn secrets(&self, account: &AccountId, bot: &BotId) -> Result<Arc<Secrets>, Failure> {
        let now = self.clock.monotonic();
        let key = (account.clone(), bot.clone());
        if let Some(known) = self.secrets.get(&key, now) {
            return Ok(known);
        }
        let secrets = match self.store.bot_secrets(account, bot, false).await? {
            None => Secrets::new(),
            Some(sealed) => {
                let plain = self.sealer.open(&sealed.value, &[account.as_str(), bot.as_str()])?;
                serde_json::from_str(&plain)
                    .map_err(|_| Failure::quarantine("connector secrets cannot be read"))?
            }
        };
        let secrets = Arc::new(secrets);
        self.secrets.put(key, Arc::clone(&secrets), now + SETTINGS_LIVE);
        Ok(secrets)
    }
}

/// Takes what the client said since anybody last answered: all of it waits, the latest messages count.
fn take_unanswered(lines: &mut Vec<Line>) -> Vec<Said> {
    let answered = lines.iter().rposition(|line| matches!(line.speaker, Speaker::Bot | Speaker::Staff));
    let since = answered.map_or(0, |place| place + 1);
    let mut said: Vec<Said> = lines
        .extract_if(since.., |line| line.speaker == Speaker::Client)
        .map(|line| Said { text: line.text })
        .collect();
    said.split_off(said.len().saturating_sub(MAX_FOLDED))
}
