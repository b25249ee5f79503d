//! What a client's message would lead to: the decision itself, asked about a conversation that is not there.

use handover_core::{
    Account, ActionId, BotId, BotRevision, Channel, Contact, Content, Conversation, ConversationId, Decision,
    Directory, Event, EventId, EventKind, Evidence, Guard, HandoverAction, Inbox, Input, Message, Permille,
    PhraseMatch, Policy, Provider, Record, Scenario, ScenarioKind, Signals, Timestamp, Verdict, decide,
};
use handover_detect::{Prepared, signals};
use serde::{Deserialize, Serialize};

use crate::{
    broken,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// Characters of a text to try.
const MAX_TRIED_CHARS: usize = 4_000;

/// A client's message to try.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TriedMessage"))]
pub(crate) struct Text {
    #[cfg_attr(test, schemars(length(min = 1, max = MAX_TRIED_CHARS)))]
    text: String,
}

/// What a message would lead to, as the first of a conversation.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TriedDecision"))]
pub(crate) struct Tried {
    decision: Record,
    /// What it means to each handover action, in the order of the list.
    actions: Vec<OfAction>,
}

/// What a message means to a handover action.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TriedAction"))]
pub(crate) struct OfAction {
    pub(crate) action: ActionId,
    pub(crate) enabled: bool,
    /// Why it fires, or why not.
    pub(crate) why: Why,
    /// Its example phrase that the message matches.
    pub(crate) phrase: Option<String>,
    pub(crate) closeness: Option<Permille>,
    /// How likely the client asks for a human.
    pub(crate) score: Option<Permille>,
    /// The score that it needs.
    pub(crate) threshold: Option<Permille>,
    /// Why it is not a request in spite of its words.
    pub(crate) guard: Option<Guard>,
}

/// Why a handover action fires on a message, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TriedWhy"))]
pub(crate) enum Why {
    /// A phrase matches.
    Phrase,
    /// The client asks for a human.
    Meaning,
    /// It matches, but an earlier action is taken.
    AnotherFirst,
    /// It matches, but is switched off.
    SwitchedOff,
    /// It matches, but handovers are off for the bot or the account.
    HandoverOff,
    /// Words of a request that are none.
    Guarded,
    /// The score is too low, and no phrase matches.
    TooLow,
    /// No phrase matches.
    NoPhrase,
    /// It is judged on the bot's answer, not on the message.
    OnTheAnswer,
}

impl Tried {
    /// The action that takes the conversation from the bot.
    pub(crate) fn fires(&self) -> Option<&ActionId> {
        self.decision.action.as_ref().filter(|_| self.decision.verdict == Verdict::HandedOver)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.decision.verdict
    }

    pub(crate) fn actions(&self) -> &[OfAction] {
        &self.actions
    }
}

/// Says what a message would lead to. Nothing is kept of it.
pub(crate) async fn tried(call: &Call<'_>) -> Answered {
    let id: BotId = call.id("bot")?;
    let found = call.store().bot_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    let Text { text } = call.json()?;
    if text.trim().is_empty() || text.chars().count() > MAX_TRIED_CHARS {
        let message = format!("must have 1 to {MAX_TRIED_CHARS} characters, not only blanks");
        return Err(Problem::field("text", message));
    }
    let (account, directory) =
        call.store().account(call.account()).await?.ok_or_else(|| broken("account does not exist"))?;
    let phrases = call.app.processor.policies().phrases(call.account(), &found).await?;
    Ok(Answer::ok(try_out(&account, &directory, &found, &phrases, &text, call.now)?))
}

/// Asks the decision itself.
pub(crate) fn try_out(
    account: &Account,
    directory: &Directory,
    found: &BotRevision,
    phrases: &Prepared,
    text: &str,
    now: Timestamp,
) -> Result<Tried, Problem> {
    let signals = signals(text);
    let phrases = phrases.matches(text, &signals);
    let inbox = Inbox {
        id: "tried".parse().map_err(|_| broken("an id is none"))?,
        account: account.id.clone(),
        name: String::new(),
        provider: Provider::Generic,
        channel: Channel::Web,
        bot: Some(found.bot.id.clone()),
        unknown_sender_is_human: false,
        settings: std::collections::BTreeMap::new(),
    };
    let conversation = ConversationId::derive(&account.id, &inbox.id, "somebody who tries");
    let event = Event {
        id: EventId::of(&conversation, "message", "tried"),
        sent_at: None,
        received_at: now,
        kind: EventKind::Message(Message {
            provider_message: None,
            content: Content::Text(text.to_owned()),
            forwarded: false,
            signals: signals.clone(),
        }),
    };
    let conversation = Conversation::new(
        account.id.clone(),
        conversation,
        inbox.id.clone(),
        inbox.channel,
        "somebody".to_owned(),
        now,
    );
    let contact = Contact::new(conversation.contact.clone(), now);
    let evidence = Evidence { phrases: phrases.clone(), ..Evidence::default() };
    let input = Input {
        conversation: &conversation,
        contact: &contact,
        event: &event,
        waited: false,
        evidence: &evidence,
    };
    let policy = Policy { account, directory, inbox: &inbox, bot: Some(found) };
    let decision = match decide(&input, &policy, now) {
        Decision::Apply(applied) => applied.record,
        // A client's message is always kept.
        Decision::PutBack(_) | Decision::Ignore(_) => Record::new(Verdict::Noted, 0),
    };
    let actions =
        found.bot.actions.iter().map(|action| judged(action, &phrases, &signals, &decision)).collect();
    Ok(Tried { decision, actions })
}

/// What a message means to one action, beside the decision that was taken.
fn judged(
    action: &HandoverAction,
    phrases: &[PhraseMatch],
    signals: &Signals,
    decision: &Record,
) -> OfAction {
    let matched = phrases.iter().find(|matched| matched.action == action.id);
    let sensitivity = match &action.scenario {
        Scenario::HumanRequested { sensitivity, .. } => Some(*sensitivity),
        Scenario::LackOfKnowledge { .. } | Scenario::RepeatedFailure { .. } | Scenario::Custom { .. } => None,
    };
    let threshold = sensitivity.map(handover_core::Sensitivity::threshold);
    let high = threshold.is_some_and(|threshold| signals.exact_request || signals.human_request >= threshold);
    let means = high && (signals.exact_request || signals.guard.is_none());
    let why = if matched.is_some() || means {
        let taken = decision.action.as_ref() == Some(&action.id);
        let handed_over = decision.verdict == Verdict::HandedOver;
        match (taken, handed_over) {
            (true, true) if matched.is_some() => Why::Phrase,
            (true, true) => Why::Meaning,
            _ if !action.enabled => Why::SwitchedOff,
            (true, false) => Why::HandoverOff,
            (false, _) => Why::AnotherFirst,
        }
    } else {
        match action.scenario.kind() {
            ScenarioKind::HumanRequested if high => Why::Guarded,
            ScenarioKind::HumanRequested => Why::TooLow,
            ScenarioKind::Custom => Why::NoPhrase,
            ScenarioKind::LackOfKnowledge | ScenarioKind::RepeatedFailure => Why::OnTheAnswer,
        }
    };
    let phrase = matched.and_then(|matched| action.scenario.phrases().get(usize::from(matched.phrase)));
    OfAction {
        action: action.id.clone(),
        enabled: action.enabled,
        why,
        phrase: phrase.cloned(),
        closeness: matched.map(|matched| matched.closeness),
        score: sensitivity.map(|_| signals.human_request),
        threshold,
        guard: signals.guard.filter(|_| sensitivity.is_some() && high),
    }
}
