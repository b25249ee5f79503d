//! What is wrong with settings before it hurts: valid, but hardly as they were meant.

use std::collections::BTreeSet;

use handover_aws::Failure;
use handover_core::{
    Account, AccountId, Assignee, Bot, ClosingMessage, Connector, Directory, HandoverAction, Inbox,
    NotificationChannel, NotificationKind, Problem, ScenarioKind, Staff, wants,
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

/// All warnings about a bot and the channels of the inboxes that it answers in, each with the field that it is about.
pub(crate) fn lint(
    account: &Account,
    directory: &Directory,
    bot: &Bot,
    inboxes: &[&Inbox],
    supplies: &Supplies,
) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let mut warn =
        |field: String, message: &str| warnings.push(Problem { field, message: message.to_owned() });
    if !account.labs.human_handover {
        warn("account.labs.human_handover".to_owned(), "is off: no handover starts in this account");
    }
    if !bot.handover {
        warn("handover".to_owned(), "is off: this bot hands nothing over");
    }
    if inboxes.is_empty() {
        warn("inboxes".to_owned(), "no inbox has this bot");
    }
    for inbox in inboxes {
        for caution in handover_providers::cautions(inbox.provider, &inbox.settings) {
            warn(format!("inboxes[{}].settings.{}", inbox.id, caution.field), &caution.message);
        }
    }
    let asks =
        |action: &&HandoverAction| action.enabled && action.scenario.kind() == ScenarioKind::HumanRequested;
    if bot.actions.iter().find(asks).is_none() {
        warn(
            "actions".to_owned(),
            "no enabled action for human_requested: a client who asks for a human gets none",
        );
    }
    for (field, message) in unsupplied(bot, supplies) {
        warn(field.to_owned(), message);
    }
    let windows = inboxes.iter().filter_map(|inbox| inbox.human_reply_window()).min();
    let admins = directory.staff.iter().any(|staff| staff.role.is_admin());
    for (index, action) in bot.actions.iter().enumerate().filter(|(_, action)| action.enabled) {
        let field = |name: &str| format!("actions[{index}]{name}");
        let silent = action.closing_message == ClosingMessage::SendNothing;
        if action.assign.is_none() && silent && !action.create_task && action.tag.is_none() {
            warn(field(""), "only pauses the bot: nobody is assigned or told, no task, no tag, no message");
        }
        match &action.assign {
            None if !admins => warn(field(".assign"), "nobody is assigned, and there is no admin to be told"),
            Some(assign) if !directory.has(&assign.to) => {
                warn(field(".assign.to"), "is gone: conversations will wait for somebody to claim them");
            }
            Some(assign) if !told(directory, &assign.to) => {
                warn(field(".assign.to"), "has every notification of assigned conversations switched off");
            }
            Some(_) | None => {}
        }
        for (place, phrase) in action.scenario.phrases().iter().enumerate() {
            if let Some(broad) = broad_phrase(phrase) {
                let message = format!(
                    "matches ordinary messages, about {} in 1000, such as \"{}\"",
                    broad.share.get(),
                    broad.example
                );
                warn(field(&format!(".scenario.phrases[{place}]")), &message);
            }
        }
        if let (Some(pause), Some(window)) = (action.pause.duration(), windows)
            && pause > window
        {
            warn(
                field(".pause"),
                "is longer than the reply window of an inbox: nobody can answer at its end",
            );
        }
    }
    warnings
}

/// What a bot's connector needs and has not.
fn unsupplied(bot: &Bot, supplies: &Supplies) -> Vec<(&'static str, &'static str)> {
    let mut missing = Vec::new();
    let mut need = |there: bool, field, message| {
        if !there {
            missing.push((field, message));
        }
    };
    let has = |name: &str| supplies.secrets.contains(name);
    let no_key = "has no api_key: every question fails, and counts as unanswered";
    let no_url = "is not one that can be reached: every question fails, and counts as unanswered";
    let no_model = "is missing: every question fails, and counts as unanswered";
    match &bot.connector {
        Connector::External => {}
        Connector::Faq => need(supplies.knows_anything, "faq", "is empty: the bot answers nothing"),
        Connector::Http { .. } => {
            need(supplies.reachable, "connector.url", no_url);
            let unsigned = "has no signing_secret: the bot cannot be asked, for requests go out signed";
            need(has("signing_secret"), "connector", unsigned);
        }
        Connector::OpenAi { model, .. } => {
            need(supplies.reachable, "connector.url", no_url);
            need(!model.trim().is_empty(), "connector.model", no_model);
            need(has("api_key"), "connector", no_key);
        }
        Connector::Bedrock { model, .. } => need(!model.trim().is_empty(), "connector.model", no_model),
    }
    missing
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
        let phrases: Vec<_> = found.iter().filter(|problem| problem.field.contains(".phrases[")).collect();
        let [broad] = phrases.as_slice() else { unreachable!("{found:?}") };
        assert_eq!(broad.field, "actions[0].scenario.phrases[0]");
        assert!(broad.message.starts_with("matches ordinary messages, about "), "{}", broad.message);
    }
}
