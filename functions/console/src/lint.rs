//! What is wrong with settings before it hurts: valid, but hardly as they were meant.

use handover_core::{
    Account, Assignee, Bot, ClosingMessage, Directory, HandoverAction, Inbox, NotificationChannel,
    NotificationKind, Problem, ScenarioKind, Staff, wants,
};

/// All warnings about a bot and the channels of the inboxes that it answers in, each with the field that it is about.
pub(crate) fn lint(account: &Account, directory: &Directory, bot: &Bot, inboxes: &[&Inbox]) -> Vec<Problem> {
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
