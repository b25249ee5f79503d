//! What is wrong with settings before it hurts: valid, but hardly as they were meant.

use std::{collections::BTreeSet, time::Duration};

use handover_aws::Failure;
use handover_core::{
    Account, AccountId, Assignee, Bot, ClosingMessage, Connector, Directory, HandoverAction, Inbox, InboxId,
    NotificationChannel, NotificationKind, Permille, Problem, ScenarioKind, Staff, wants,
};
use handover_detect::broad_phrase;

use crate::{Api, address, bot_secrets};

/// What stands beside a bot's settings and its connector needs.
#[derive(Debug, Default)]
pub(crate) struct Supplies {
    /// The names of its secrets.
    secrets: BTreeSet<String>,
    /// It knows anything, where it is the built-in one.
    knows_anything: bool,
    /// Its address is one that requests are sent to.
    reachable: bool,
}

impl Supplies {
    /// Those of a bot.
    pub(crate) async fn of(api: &Api, account: &AccountId, bot: &Bot) -> Result<Self, Failure> {
        let mut supplies = Self { reachable: address::of_bot(api, bot).is_none(), ..Self::default() };
        match &bot.connector {
            Connector::External | Connector::Bedrock { .. } => {}
            Connector::Faq => {
                supplies.knows_anything = api.processor.store().knows_anything(account, &bot.id).await?;
            }
            Connector::Http { .. } | Connector::OpenAi { .. } => {
                let (secrets, _) = bot_secrets::open(api, account, &bot.id).await?;
                supplies.secrets = secrets.names().map(str::to_owned).collect();
            }
        }
        Ok(supplies)
    }
}

/// What a bot's connector needs and has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Entries,
    Address,
    SigningSecret,
    Model,
    ApiKey,
}

/// Something that is valid, but hardly as it was meant. Actions are named by their place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    LabsOff,
    BotOff,
    NoInbox,
    /// The provider of an inbox wants something set up.
    Provider {
        inbox: InboxId,
        setting: String,
        message: String,
    },
    /// A client who asks for a human gets none.
    NoHuman,
    Missing(Missing),
    OnlyPauses {
        action: usize,
    },
    NobodyTold {
        action: usize,
    },
    AssigneeGone {
        action: usize,
    },
    AssigneeDeaf {
        action: usize,
    },
    /// A phrase that ordinary messages match.
    BroadPhrase {
        action: usize,
        place: usize,
        phrase: String,
        share: Permille,
        example: String,
    },
    /// The pause is longer than an inbox's reply window.
    LongPause {
        action: usize,
    },
}

impl Warning {
    /// The warning as the API tells it, with the field that it is about.
    pub(crate) fn problem(&self) -> Problem {
        let (field, message) = match self {
            Self::LabsOff => (
                "account.labs.human_handover".to_owned(),
                "is off: no handover starts in this account".to_owned(),
            ),
            Self::BotOff => ("handover".to_owned(), "is off: this bot hands nothing over".to_owned()),
            Self::NoInbox => ("inboxes".to_owned(), "no inbox has this bot".to_owned()),
            Self::Provider { inbox, setting, message } => {
                (format!("inboxes[{inbox}].settings.{setting}"), message.clone())
            }
            Self::NoHuman => (
                "actions".to_owned(),
                "no enabled action for human_requested: a client who asks for a human gets none".to_owned(),
            ),
            Self::Missing(missing) => {
                let (field, message) = missing.told();
                (field.to_owned(), message.to_owned())
            }
            Self::OnlyPauses { action } => (
                format!("actions[{action}]"),
                "only pauses the bot: nobody is assigned or told, no task, no tag, no message".to_owned(),
            ),
            Self::NobodyTold { action } => (
                format!("actions[{action}].assign"),
                "nobody is assigned, and there is no admin to be told".to_owned(),
            ),
            Self::AssigneeGone { action } => (
                format!("actions[{action}].assign.to"),
                "is gone: conversations will wait for somebody to claim them".to_owned(),
            ),
            Self::AssigneeDeaf { action } => (
                format!("actions[{action}].assign.to"),
                "has every notification of assigned conversations switched off".to_owned(),
            ),
            Self::BroadPhrase { action, place, share, example, .. } => (
                format!("actions[{action}].scenario.phrases[{place}]"),
                format!("matches ordinary messages, about {} in 1000, such as \"{example}\"", share.get()),
            ),
            Self::LongPause { action } => (
                format!("actions[{action}].pause"),
                "is longer than the reply window of an inbox: nobody can answer at its end".to_owned(),
            ),
        };
        Problem { field, message }
    }
}

impl Missing {
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Entries => ("faq", "is empty: the bot answers nothing"),
            Self::Address => (
                "connector.url",
                "is not one that can be reached: every question fails, and counts as unanswered",
            ),
            Self::SigningSecret => {
                ("connector", "has no signing_secret: the bot cannot be asked, for requests go out signed")
            }
            Self::Model => ("connector.model", "is missing: every question fails, and counts as unanswered"),
            Self::ApiKey => ("connector", "has no api_key: every question fails, and counts as unanswered"),
        }
    }
}

/// All warnings about a bot and the channels of the inboxes that it answers in.
pub(crate) fn lint(
    account: &Account,
    directory: &Directory,
    bot: &Bot,
    inboxes: &[&Inbox],
    supplies: &Supplies,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn_if = |wrong: bool, warning: Warning| warnings.extend(wrong.then_some(warning));
    warn_if(!account.labs.human_handover, Warning::LabsOff);
    warn_if(!bot.handover, Warning::BotOff);
    warn_if(inboxes.is_empty(), Warning::NoInbox);
    for inbox in inboxes {
        for caution in handover_providers::cautions(inbox.provider, &inbox.settings) {
            let (inbox, setting, message) = (inbox.id.clone(), caution.field, caution.message);
            warnings.push(Warning::Provider { inbox, setting, message });
        }
    }
    let asks =
        |action: &HandoverAction| action.enabled && action.scenario.kind() == ScenarioKind::HumanRequested;
    if !bot.actions.iter().any(asks) {
        warnings.push(Warning::NoHuman);
    }
    warnings.extend(unsupplied(bot, supplies).into_iter().map(Warning::Missing));
    let window = inboxes.iter().filter_map(|inbox| inbox.human_reply_window()).min();
    let admins = directory.staff.iter().any(|staff| staff.role.is_admin());
    for (place, action) in bot.actions.iter().enumerate().filter(|(_, action)| action.enabled) {
        warnings.extend(of_action(place, action, directory, admins, window));
    }
    warnings
}

/// What is wrong with an action that is switched on.
fn of_action(
    place: usize,
    of: &HandoverAction,
    directory: &Directory,
    admins: bool,
    window: Option<Duration>,
) -> Vec<Warning> {
    let (action, mut warnings) = (place, Vec::new());
    let silent = of.closing_message == ClosingMessage::SendNothing;
    if of.assign.is_none() && silent && !of.create_task && of.tag.is_none() {
        warnings.push(Warning::OnlyPauses { action });
    }
    match &of.assign {
        None if !admins => warnings.push(Warning::NobodyTold { action }),
        Some(assign) if !directory.has(&assign.to) => warnings.push(Warning::AssigneeGone { action }),
        Some(assign) if !told(directory, &assign.to) => warnings.push(Warning::AssigneeDeaf { action }),
        Some(_) | None => {}
    }
    for (place, phrase) in of.scenario.phrases().iter().enumerate() {
        if let Some(broad) = broad_phrase(phrase) {
            let (phrase, share, example) = (phrase.clone(), broad.share, broad.example.to_owned());
            warnings.push(Warning::BroadPhrase { action, place, phrase, share, example });
        }
    }
    if let (Some(pause), Some(window)) = (of.pause.duration(), window)
        && pause > window
    {
        warnings.push(Warning::LongPause { action });
    }
    warnings
}

/// What a bot's connector needs and has not.
fn unsupplied(bot: &Bot, supplies: &Supplies) -> Vec<Missing> {
    let has = |name: &str| supplies.secrets.contains(name);
    let needs = match &bot.connector {
        Connector::External => Vec::new(),
        Connector::Faq => vec![(supplies.knows_anything, Missing::Entries)],
        Connector::Http { .. } => {
            vec![(supplies.reachable, Missing::Address), (has("signing_secret"), Missing::SigningSecret)]
        }
        Connector::OpenAi { model, .. } => vec![
            (supplies.reachable, Missing::Address),
            (!model.trim().is_empty(), Missing::Model),
            (has("api_key"), Missing::ApiKey),
        ],
        Connector::Bedrock { model, .. } => vec![(!model.trim().is_empty(), Missing::Model)],
    };
    needs.into_iter().filter(|(there, _)| !there).map(|(_, missing)| missing).collect()
}

/// Whether somebody hears of a conversation that is given to this assignee.
fn told(directory: &Directory, to: &Assignee) -> bool {
    let hears = |staff: &Staff| {
        let about = NotificationKind::ConversationAssigned;
        NotificationChannel::ALL.iter().any(|channel| wants(staff, about, *channel))
    };
    match to {
        Assignee::Staff(id) => directory.staff(id).is_some_and(hears),
        Assignee::Team(id) => {
            let team = directory.teams.iter().find(|team| team.id == *id);
            let mut members = team.into_iter().flat_map(|team| &team.members);
            members.any(|member| directory.staff(member).is_some())
        }
    }
}

#[cfg(test)]
mod tests {
    use handover_core::Scenario;

    use super::*;

    #[test]
    fn a_phrase_that_matches_ordinary_messages_is_named() {
        let account: Account = serde_json::from_str(r#"{"id": "account", "name": "Account"}"#).unwrap();
        let phrases = ["how much", "my boiler smells of gas"].map(str::to_owned).to_vec();
        let mut bot = Bot::new("bot".parse().unwrap(), "Bot");
        let scenario = Scenario::Custom { name: "Prices".to_owned(), phrases };
        bot.actions.push(HandoverAction::new("prices".parse().unwrap(), scenario));
        let found = lint(&account, &Directory::default(), &bot, &[], &Supplies::default());
        let found: Vec<Problem> = found.iter().map(Warning::problem).collect();
        let phrases: Vec<_> = found.iter().filter(|problem| problem.field.contains(".phrases[")).collect();
        let [broad] = phrases.as_slice() else { unreachable!("{found:?}") };
        assert_eq!(broad.field, "actions[0].scenario.phrases[0]");
        assert!(broad.message.starts_with("matches ordinary messages, about "), "{}", broad.message);
    }
}
