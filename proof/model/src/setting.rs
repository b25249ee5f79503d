//! The business, and the events that happen to it.

use std::{collections::BTreeMap, time::Duration};

use handover_core::{
    Account, Bot, BotRevision, Channel, Command, CommandKind, Connector, Contact, ContactId, Content,
    Conversation, ConversationId, Directory, Event, EventKind, HandoverAction, Inbox, Labs, Message, Outcome,
    OutcomeResult, Pause, Policy, Principal, Provider, ReplySignals, Scenario, Sensitivity, Signals, Timer,
    TimerKind, Timestamp,
};

/// When the world begins.
pub(crate) const START: Timestamp = Timestamp::from_ms(1_795_338_000_000);
/// How long a pause lasts, and how far time moves when it moves.
const PAUSE: Duration = Duration::from_hours(1);

/// What is the same in every world.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    account: Account,
    directory: Directory,
    inbox: Inbox,
    bot: BotRevision,
}

/// What happens, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    /// The client asks for a human; `copy`: the provider delivers it again.
    Asks {
        /// Which delivery of it.
        copy: u8,
    },
    /// The client says something ordinary.
    Chats,
    /// The staff member writes.
    Reply,
    /// The staff member gives the conversation back.
    HandBack,
    /// The bot answers a turn: its trigger, and the epoch that it was asked in.
    Outcome(String, u64),
    /// A timer comes: its epoch and sequence, and when it is due, in milliseconds.
    Timer(u64, u32, i64),
    /// The sweep found something due at this instant.
    Wake(i64),
}

impl Happening {
    /// The event's id: the same fact has the same one.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Asks { .. } => "asks".to_owned(),
            Self::Chats => "chats".to_owned(),
            Self::Reply => "reply".to_owned(),
            Self::HandBack => "hand-back".to_owned(),
            Self::Outcome(trigger, epoch) => format!("outcome-{trigger}-{epoch}"),
            Self::Timer(epoch, sequence, _) => format!("timer-{epoch}-{sequence}"),
            Self::Wake(at) => format!("wake-{at}"),
        }
    }

    /// Which enqueue it is.
    pub(crate) fn delivery(&self) -> u8 {
        match self {
            Self::Asks { copy } => *copy,
            Self::Chats
            | Self::Reply
            | Self::HandBack
            | Self::Outcome(..)
            | Self::Timer(..)
            | Self::Wake(_) => 0,
        }
    }

    /// When it is due, in milliseconds: what is not a timer always is.
    pub(crate) const fn due_at_ms(&self) -> i64 {
        match self {
            Self::Timer(_, _, at) | Self::Wake(at) => *at,
            Self::Asks { .. } | Self::Chats | Self::Reply | Self::HandBack | Self::Outcome(..) => i64::MIN,
        }
    }

    /// The event, received at this instant.
    pub(crate) fn event(&self, received_at: Timestamp) -> Event {
        let command =
            |kind| EventKind::Command(Command { by: Principal::Staff(id("ana")), reason: None, kind });
        let says = |text: &str, exact_request| {
            let signals = Signals { exact_request, ..Signals::default() };
            let content = Content::Text(text.to_owned());
            EventKind::Message(Message { provider_message: None, forwarded: false, content, signals })
        };
        let kind = match self {
            Self::Asks { .. } => says("human", true),
            Self::Chats => says("hello", false),
            Self::Reply => command(CommandKind::Reply { text: "hello".to_owned(), seen: None }),
            Self::HandBack => command(CommandKind::HandBack),
            Self::Outcome(trigger, epoch) => EventKind::Outcome(Outcome {
                turn: id(&format!("turn-{trigger}")),
                epoch: *epoch,
                trigger: id(trigger),
                result: OutcomeResult::Answered,
                reply: Some("nine to five".to_owned()),
                retrieval: None,
                reply_signals: ReplySignals::default(),
                fingerprint: None,
            }),
            Self::Timer(epoch, sequence, due_ms) => {
                let due_at = Timestamp::from_ms(*due_ms);
                let kind = TimerKind::Resume;
                EventKind::Timer(Timer { kind, epoch: *epoch, sequence: *sequence, due_at })
            }
            Self::Wake(at) => {
                let due_at = Timestamp::from_ms(*at);
                EventKind::Timer(Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at })
            }
        };
        Event { id: id(&self.id()), sent_at: None, received_at, kind }
    }
}

impl Setting {
    pub(crate) fn new() -> Self {
        let account = Account {
            id: id("acc"),
            name: "A clinic".to_owned(),
            labs: Labs { human_handover: true },
            store_text: true,
            retention_days: 365,
            notify_text: false,
            sms_inbox: None,
            event_bus: false,
        };
        let scenario = Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases: Vec::new() };
        let action = HandoverAction {
            pause: Pause::For { days: 0, hours: 1, minutes: 0 },
            ..HandoverAction::new(id("human_requested"), scenario)
        };
        // No quiet time, so that one step of the clock ends a pause.
        let bot = Bot {
            actions: vec![action],
            connector: Connector::Faq,
            quiet_minutes: 0,
            takeover_pause: Pause::For { days: 0, hours: 1, minutes: 0 },
            ..Bot::new(id("bot"), "Reception")
        };
        let inbox = Inbox {
            id: id("inbox"),
            account: account.id.clone(),
            name: "Web chat".to_owned(),
            provider: Provider::Generic,
            channel: Channel::Web,
            bot: Some(bot.id.clone()),
            unknown_sender_is_human: false,
            settings: BTreeMap::new(),
        };
        let directory = Directory::default();
        Self { account, directory, inbox, bot: BotRevision { revision: 1, bot } }
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        Policy {
            account: &self.account,
            directory: &self.directory,
            inbox: &self.inbox,
            bot: Some(&self.bot),
        }
    }

    /// The conversation before anything happens.
    pub(crate) fn beginning(&self) -> (Conversation, Contact) {
        let conversation = ConversationId::derive(&self.account.id, &self.inbox.id, "client");
        let contact = Contact::new(ContactId::of(&conversation), START);
        let (account, inbox) = (self.account.id.clone(), self.inbox.id.clone());
        let address = "client".to_owned();
        (Conversation::new(account, conversation, inbox, self.inbox.channel, address, START), contact)
    }
}

/// The instant after so many steps of the clock.
pub(crate) fn instant(steps: u8) -> Timestamp {
    (0..steps).fold(START, |at, _| at + PAUSE)
}

/// An id of letters that every id may have.
fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    #[expect(clippy::expect_used, reason = "the model's own names are ids")]
    text.parse().expect("an id")
}
