//! Checks of configuration: every problem at once, each with the field that it is about.

use serde::{Deserialize, Serialize};

use crate::{
    Bot, ClosingMessage, Connector, HandoverAction, MAX_ACTIONS, MAX_FOLD_SECONDS, MAX_INSTRUCTIONS_CHARS,
    MAX_MESSAGE_CHARS, MAX_MODEL_CHARS, MAX_NAME_CHARS, MAX_PAUSE, MAX_PHRASE_CHARS, MAX_PHRASES,
    MAX_RETRIES, MAX_URL_CHARS, Pause, Scenario, Staff, Webhook,
};

/// Something wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "FieldProblem"))]
pub struct Problem {
    /// The field, as a path: `actions[2].pause`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { field: field.into(), message: message.into() });
    }

    pub(crate) fn length(&mut self, field: &str, text: &str, max: usize) {
        let chars = text.chars().count();
        if text.trim().is_empty() {
            self.add(field, "must not be empty");
        } else if chars > max {
            self.add(field, format!("must be at most {max} characters, is {chars}"));
        }
    }

    fn pause(&mut self, field: &str, pause: Pause) {
        let Some(duration) = pause.duration() else { return };
        if duration.is_zero() {
            self.add(field, "must be at least one minute; to wait for a human use until_handed_back");
        } else if duration > MAX_PAUSE {
            self.add(field, "must be at most 365 days; to wait for a human use until_handed_back");
        }
    }

    pub(crate) fn done(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}

impl Bot {
    /// Checks every setting.
    ///
    /// # Errors
    /// All problems, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        problems.length("name", &self.name, MAX_NAME_CHARS);
        if self.actions.len() > MAX_ACTIONS {
            let count = self.actions.len();
            problems.add("actions", format!("a bot has at most {MAX_ACTIONS} handover actions, not {count}"));
        }
        for (index, action) in self.actions.iter().enumerate() {
            if self.actions.iter().take(index).any(|other| other.id == action.id) {
                problems.add(format!("actions[{index}].id"), "is used by an earlier action already");
            }
            check_action(&mut problems, &format!("actions[{index}]"), action);
        }
        problems.length("no_answer_message", &self.no_answer_message, MAX_MESSAGE_CHARS);
        if self.quiet_minutes > 1_440 {
            problems.add("quiet_minutes", "must be at most 1440 (24 hours)");
        }
        problems.pause("takeover_pause", self.takeover_pause);
        if self.daily_messages == 0 {
            problems.add("daily_messages", "must be at least 1; to silence the bot, pause it");
        }
        if self.fold_seconds > MAX_FOLD_SECONDS {
            problems.add("fold_seconds", format!("must be at most {MAX_FOLD_SECONDS} (5 minutes)"));
        }
        check_connector(&mut problems, &self.connector);
        problems.done()
    }
}

fn check_action(problems: &mut Problems, field: &str, action: &HandoverAction) {
    match &action.scenario {
        Scenario::HumanRequested { phrases, .. } => check_phrases(problems, field, phrases),
        Scenario::LackOfKnowledge { .. } => {}
        Scenario::RepeatedFailure { max_retries } => {
            if *max_retries > MAX_RETRIES {
                let message = format!("must be 0 to {MAX_RETRIES}, is {max_retries}");
                problems.add(format!("{field}.scenario.max_retries"), message);
            }
        }
        Scenario::Custom { name, phrases } => {
            problems.length(&format!("{field}.scenario.name"), name, MAX_NAME_CHARS);
            if phrases.is_empty() {
                problems.add(format!("{field}.scenario.phrases"), "needs at least one example phrase");
            }
            check_phrases(problems, field, phrases);
        }
    }
    if let ClosingMessage::Text(text) = &action.closing_message {
        let closing = format!("{field}.closing_message");
        if text.trim().is_empty() {
            problems.add(closing, "must not be empty; to send nothing choose send_nothing");
        } else {
            problems.length(&closing, text, MAX_MESSAGE_CHARS);
        }
    }
    problems.pause(&format!("{field}.pause"), action.pause);
    if let Some(tag) = &action.tag {
        problems.length(&format!("{field}.tag"), tag, MAX_NAME_CHARS);
    }
}

fn check_phrases(problems: &mut Problems, field: &str, phrases: &[String]) {
    if phrases.len() > MAX_PHRASES {
        let message = format!("at most {MAX_PHRASES} example phrases, not {}", phrases.len());
        problems.add(format!("{field}.scenario.phrases"), message);
    }
    for (index, phrase) in phrases.iter().enumerate() {
        problems.length(&format!("{field}.scenario.phrases[{index}]"), phrase, MAX_PHRASE_CHARS);
    }
}

fn check_connector(problems: &mut Problems, connector: &Connector) {
    match connector {
        Connector::Http { url } | Connector::OpenAi { url, .. } => {
            if !url.starts_with("https://") && !is_this_machine(url) {
                problems.add("connector.url", "must be an https address");
            }
        }
        Connector::External | Connector::Faq | Connector::Bedrock { .. } => {}
    }
    match connector {
        Connector::OpenAi { model, instructions, .. } | Connector::Bedrock { model, instructions } => {
            problems.length("connector.model", model, MAX_MODEL_CHARS);
            if instructions.chars().count() > MAX_INSTRUCTIONS_CHARS {
                let message = format!("must be at most {MAX_INSTRUCTIONS_CHARS} characters");
                problems.add("connector.instructions", message);
            }
        }
        Connector::External | Connector::Faq | Connector::Http { .. } => {}
    }
}

/// An address of this machine over plain http: only the local system reaches it, and only when it is told
/// to; on Lambda the HTTP client refuses it.
fn is_this_machine(url: &str) -> bool {
    let host = url.strip_prefix("http://").unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    ["127.0.0.1", "localhost", "[::1]"].contains(&name)
}

impl Staff {
    /// Checks every setting.
    ///
    /// # Errors
    /// All problems, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        problems.length("name", &self.name, MAX_NAME_CHARS);
        let switches = [self.notifications.conversation_assigned, self.notifications.task_assigned];
        match &self.email {
            Some(email) if !is_email(email) => problems.add("email", "must look like name@example.com"),
            None if switches.iter().any(|switch| switch.email) => {
                problems.add("email", "is needed for notifications by e-mail");
            }
            Some(_) | None => {}
        }
        match &self.phone {
            Some(phone) if !is_e164(phone) => problems.add("phone", "must look like +4930123456 (E.164)"),
            None if switches.iter().any(|switch| switch.sms) => {
                problems.add("phone", "is needed for notifications by SMS");
            }
            Some(_) | None => {}
        }
        match &self.chat_webhook {
            Some(url) if !is_https(url) => {
                problems.add("chat_webhook", "must be an https address of at most 2048 characters");
            }
            None if switches.iter().any(|switch| switch.chat) => {
                problems.add("chat_webhook", "is needed for notifications in a chat");
            }
            Some(_) | None => {}
        }
        problems.done()
    }
}

impl Webhook {
    /// Checks every setting.
    ///
    /// # Errors
    /// All problems, in the order of the fields.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Problems::default();
        if !is_https(&self.url) {
            problems.add("url", "must be an https address of at most 2048 characters");
        }
        if self.events.is_empty() {
            problems.add("events", "needs at least one event; to hear nothing, delete the webhook");
        }
        problems.done()
    }
}

fn is_https(url: &str) -> bool {
    url.starts_with("https://") && url.chars().count() <= MAX_URL_CHARS
}

fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            plain(local)
                && plain(domain)
                && !domain.contains('@')
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
        })
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
    })
}
