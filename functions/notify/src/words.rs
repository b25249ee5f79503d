//! What staff read: quiet by default, no client's words.

use handover_aws::queue::Notice;
use handover_core::{NotificationKind, ScenarioKind};

/// Characters of a client's words that an e-mail or a chat carries.
const QUOTE_CHARS: usize = 500;
/// Characters of a client's words that an SMS carries, so that it stays one or two segments.
const SMS_QUOTE_CHARS: usize = 60;

/// What is said about a notification, before it takes a channel's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// What happened, in a line.
    pub(crate) subject: &'static str,
    sentence: &'static str,
    reason: Option<&'static str>,
    /// Where to look: a page of the console.
    link: Option<String>,
    /// What the client said, where the account wants it told.
    quote: Option<String>,
}

impl Words {
    /// The words for a notification. `console` is the console's address without a trailing slash, `quote`
    /// what the client said.
    pub(crate) fn new(notice: &Notice, console: &str, quote: Option<String>) -> Self {
        let link = notice.conversation.as_ref().map(|id| format!("{console}/conversations/{id}"));
        Self {
            subject: notice.notification.about.headline(),
            sentence: sentence(notice.notification.about),
            reason: notice.scenario.map(reason),
            link,
            quote,
        }
    }

    /// An e-mail's plain text.
    pub(crate) fn email(&self) -> String {
        self.paragraphs("\n\n", &|text| text.to_owned()) + "\n"
    }

    /// A chat message. What chats would read as markup or as a mention is written out
    /// (`&`, `<` and `>`, as Slack and its likes want it).
    pub(crate) fn chat(&self) -> String {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        format!("{}\n{}", self.subject, self.paragraphs("\n", &escape))
    }

    /// An SMS: the subject, why, and where.
    pub(crate) fn sms(&self) -> String {
        let mut text = format!("{}.", self.subject);
        if let Some(reason) = self.reason {
            text.push_str(" Reason: ");
            text.push_str(reason);
            text.push('.');
        }
        if let Some(quote) = &self.quote {
            text.push_str(" \"");
            text.push_str(&shortened(quote, SMS_QUOTE_CHARS));
            text.push('"');
        }
        if let Some(link) = &self.link {
            text.push(' ');
            text.push_str(link);
        }
        text
    }

    fn paragraphs(&self, separator: &str, escape: &dyn Fn(&str) -> String) -> String {
        let mut paragraphs = vec![self.sentence.to_owned()];
        if let Some(reason) = self.reason {
            paragraphs.push(format!("Reason: {reason}"));
        }
        if let Some(quote) = &self.quote {
            paragraphs.push(format!("The client: {}", escape(&shortened(quote, QUOTE_CHARS))));
        }
        paragraphs.extend(self.link.clone());
        paragraphs.join(separator)
    }
}

/// The first `max` characters, on one line.
fn shortened(text: &str, max: usize) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = line.chars();
    let mut short: String = chars.by_ref().take(max).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
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
        NotificationKind::Unanswered => {
            "Nobody answered while the bot was paused, and the bot will not answer by itself."
        }
        NotificationKind::WindowClosing => {
            "The channel takes answers for a limited time after the client's last message. It is almost over."
        }
        NotificationKind::TaskOverdue => "The follow-up was due, and is still open.",
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
        NotificationKind::AssigneeLeft => {
            "What was assigned to a removed staff member or team is nobody's now. Assign it anew."
        }
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

#[cfg(test)]
mod tests {
    use handover_core::{EffectId, Notification, NotificationChannel, Timestamp};

    use super::*;

    fn notice() -> Notice {
        Notice {
            account: "acc".parse().unwrap(),
            notification: Notification {
                id: EffectId::derive(&"conv".parse().unwrap(), "x", "1"),
                staff: "ana".parse().unwrap(),
                about: NotificationKind::ConversationAssigned,
                channel: NotificationChannel::Email,
            },
            conversation: Some("conv".parse().unwrap()),
            contact: None,
            epoch: Some(1),
            scenario: Some(ScenarioKind::HumanRequested),
            at: Timestamp::from_ms(0),
        }
    }

    #[test]
    fn reason_and_place_and_nothing_else() {
        let words = Words::new(&notice(), "https://console.example", None);
        assert_eq!(
            words.sms(),
            "A conversation is assigned to you. Reason: the client asked for a person. \
             https://console.example/conversations/conv"
        );
        assert!(words.email().ends_with(
            "\n\nReason: the client asked for a person\n\nhttps://console.example/conversations/conv\n"
        ));
        assert!(!words.sms().contains("conv\"") && words.sms().chars().count() < 160);
    }

    #[test]
    fn a_clients_words_mention_nobody_and_stay_short() {
        let said = format!("<!channel> & {}", "long\n".repeat(300));
        let words = Words::new(&notice(), "https://console.example", Some(said));
        let chat = words.chat();
        assert!(chat.contains("The client: &lt;!channel&gt; &amp; long long"), "{chat}");
        assert!(chat.chars().count() < 800 && chat.contains('…'));
        assert!(words.sms().chars().count() < 306, "two segments: {}", words.sms());
    }
}
