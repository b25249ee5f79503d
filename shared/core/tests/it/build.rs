//! Short names for the things that tests are made of.

use handover_core::*;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_767_225_600_000);

pub(crate) fn minutes(count: u64) -> std::time::Duration {
    std::time::Duration::from_mins(count)
}

pub(crate) fn hours(count: u64) -> std::time::Duration {
    std::time::Duration::from_hours(count)
}

pub(crate) fn seconds(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count)
}

/// Any of the id types.
pub(crate) fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().expect("a valid id")
}

pub(crate) fn staff(name: &str) -> Assignee {
    Assignee::Staff(id(name))
}

pub(crate) fn team(name: &str) -> Assignee {
    Assignee::Team(id(name))
}

pub(crate) fn member(name: &str, role: Role) -> Staff {
    Staff {
        id: id(name),
        name: name.to_owned(),
        role,
        email: None,
        phone: None,
        chat_webhook: None,
        notifications: NotificationSettings::default(),
    }
}

pub(crate) fn by(name: &str) -> Principal {
    Principal::Staff(id(name))
}

pub(crate) const fn for_hours(hours: u16) -> Pause {
    Pause::For { days: 0, hours, minutes: 0 }
}

/// human_requested, for `ana`, with a pause of two days.
pub(crate) fn human_requested() -> HandoverAction {
    HandoverAction {
        assign: Some(Assign { to: staff("ana"), skip_if_assigned: false }),
        pause: for_hours(48),
        ..HandoverAction::new(
            id("human"),
            Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases: Vec::new() },
        )
    }
}

pub(crate) fn lack_of_knowledge() -> HandoverAction {
    HandoverAction {
        pause: for_hours(2),
        ..HandoverAction::new(id("lack"), Scenario::LackOfKnowledge { evidence_floor: Permille::new(350) })
    }
}

pub(crate) fn repeated_failure(max_retries: u8) -> HandoverAction {
    HandoverAction {
        pause: for_hours(2),
        ..HandoverAction::new(id("retry"), Scenario::RepeatedFailure { max_retries })
    }
}

pub(crate) fn custom(name: &str) -> HandoverAction {
    HandoverAction {
        assign: Some(Assign { to: team("front"), skip_if_assigned: false }),
        ..HandoverAction::new(
            id(name),
            Scenario::Custom { name: name.to_owned(), phrases: vec!["an example".to_owned()] },
        )
    }
}

pub(crate) fn off(action: HandoverAction) -> HandoverAction {
    HandoverAction { enabled: false, ..action }
}

/// A match of an action's first phrase.
pub(crate) fn phrase(action: &str) -> PhraseMatch {
    PhraseMatch { action: id(action), phrase: 0, closeness: Permille::ONE }
}

pub(crate) fn message_of(content: Content, signals: Signals) -> EventKind {
    EventKind::Message(Message { provider_message: None, content, forwarded: false, signals })
}

/// An ordinary message.
pub(crate) fn says(text: &str) -> EventKind {
    message_of(Content::Text(text.to_owned()), Signals::default())
}

/// A message that asks for a human with this score.
pub(crate) fn asks(score: u16) -> EventKind {
    let signals = Signals { human_request: Permille::new(score), ..Signals::default() };
    message_of(Content::Text("a human please".to_owned()), signals)
}

/// A message that says something about the last answer.
pub(crate) fn feeds_back(feedback: Feedback) -> EventKind {
    let signals = Signals { feedback, ..Signals::default() };
    message_of(Content::Text("feedback".to_owned()), signals)
}

pub(crate) fn media(kind: MediaKind, caption: Option<&str>) -> EventKind {
    let caption = caption.map(str::to_owned);
    message_of(Content::Media { kind, caption, reference: None }, Signals::default())
}

pub(crate) fn edit(kind: EventKind) -> EventKind {
    let EventKind::Message(content) = kind else { panic!("only messages are edited") };
    EventKind::Edited { message: "m1".to_owned(), content }
}

pub(crate) fn echo(author: EchoAuthor) -> EventKind {
    EventKind::Echo(Echo {
        message: "wamid.1".to_owned(),
        author,
        effect: None,
        content: Content::Text("hello, Ana here".to_owned()),
    })
}

pub(crate) fn human_echo() -> EventKind {
    echo(EchoAuthor::Human { app: "WhatsApp Business app".to_owned() })
}

pub(crate) fn command(by: Principal, kind: CommandKind) -> EventKind {
    EventKind::Command(Command { by, reason: None, kind })
}

pub(crate) fn reply(name: &str) -> EventKind {
    command(by(name), CommandKind::Reply { text: "Hello, how can I help?".to_owned(), seen: None })
}

pub(crate) fn tag(name: &str, present: bool) -> CommandKind {
    CommandKind::Tag { tag: name.to_owned(), present }
}

pub(crate) fn bot_message(epoch: u64, signals: ReplySignals) -> EventKind {
    let text = "Nine o'clock.".to_owned();
    let kind = CommandKind::BotMessage { text, epoch, signals, result: None, retrieval: None };
    command(Principal::ApiKey(id("key")), kind)
}

pub(crate) const fn failed(effect: EffectId, purpose: Purpose, class: String) -> EventKind {
    EventKind::Delivery(Delivery { effect, purpose, result: DeliveryResult::Failed { class, code: None } })
}

pub(crate) const PROMISES_PERSON: ReplySignals = said(false, true);
pub(crate) const NON_ANSWER: ReplySignals = said(true, false);

const fn said(non_answer: bool, promises_person: bool) -> ReplySignals {
    let (non_answer_score, promise_score) = (Permille::new(0), Permille::new(0));
    ReplySignals { model: String::new(), non_answer, promises_person, non_answer_score, promise_score }
}
