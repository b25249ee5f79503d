//! What staff read: quiet by default, no client's words.

use handover_aws::queue::Notice;
use handover_core::{NotificationKind, ScenarioKind};

/// An e-mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Email {
    /// The subject.
    pub(crate) subject: String,
    /// The text.
    pub(crate) text: String,
}

/// The e-mail for a notification: what happened, why, and where to look.
pub(crate) fn email(notice: &Notice) -> Email {
    let subject = subject(notice.notification.about).to_owned();
    let mut text = format!("{}\n", sentence(notice.notification.about));
    if let Some(scenario) = notice.scenario {
        text.push_str("\nReason: ");
        text.push_str(reason(scenario));
        text.push('\n');
    }
    if let Some(conversation) = &notice.conversation {
        text.push_str("\nConversation: ");
        text.push_str(conversation.as_str());
        text.push('\n');
    }
    Email { subject, text }
}

const fn subject(about: NotificationKind) -> &'static str {
    match about {
        NotificationKind::ConversationAssigned => "A conversation is assigned to you",
        NotificationKind::TaskAssigned => "A task is assigned to you",
        NotificationKind::ConversationWaiting => "A conversation waits for somebody to claim it",
        NotificationKind::PromiseMissed => "A client has not been answered in time",
        NotificationKind::Urgent => "A client asks for a person again",
        NotificationKind::DeliveryFailed => "A message did not reach a client",
        NotificationKind::NotConfigured => "A client needed a person, and no action says what to do",
        NotificationKind::AssigneeMissing => "An action assigns to somebody who is not there any more",
        NotificationKind::LoopGuard => "A conversation stays with the team: it came back too often",
        NotificationKind::Quarantined => "Something that came in could not be read",
    }
}

const fn sentence(about: NotificationKind) -> &'static str {
    match about {
        NotificationKind::ConversationAssigned => {
            "The bot has handed a conversation over to you. The client was told that somebody will answer."
        }
        NotificationKind::TaskAssigned => {
            "A follow-up is due within 24 hours of the client's request for help."
        }
        NotificationKind::ConversationWaiting => "Nobody has claimed this conversation yet.",
        NotificationKind::PromiseMissed => "The client was promised an answer, and the time for it is over.",
        NotificationKind::Urgent => "The client has asked for a person again while waiting.",
        NotificationKind::DeliveryFailed => "The provider did not take a message, or nobody can know.",
        NotificationKind::NotConfigured => {
            "Switch a handover action on for this scenario, so that such clients reach a person."
        }
        NotificationKind::AssigneeMissing => {
            "The conversation waits unassigned. Choose somebody else in the handover action."
        }
        NotificationKind::LoopGuard => "Three handovers in a day: the bot stays silent until you hand back.",
        NotificationKind::Quarantined => "It is kept in quarantine, where an admin can look at it.",
    }
}

const fn reason(scenario: ScenarioKind) -> &'static str {
    match scenario {
        ScenarioKind::HumanRequested => "the client asked for a person",
        ScenarioKind::LackOfKnowledge => "the bot does not know",
        ScenarioKind::RepeatedFailure => "the bot failed repeatedly",
        ScenarioKind::Custom => "a scenario of your own",
    }
}
