//! A world between two steps, and the steps that lead on.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
};

use handover_core::{Contact, Conversation, Effect, Purpose, Timestamp};
use stateright::{Model, Property};

use crate::{
    deliver::Claimed,
    process::Working,
    promises,
    setting::{Happening, Setting, instant},
};

/// The protocol, and how much may happen in it.
#[derive(Clone, Debug)]
pub struct Protocol {
    pub(crate) setting: Setting,
    /// How often a process may die.
    pub crashes: u8,
    /// The client says something ordinary as well, which the bot is asked.
    pub chats: bool,
    /// What the staff member does.
    pub staff: Option<Happening>,
    /// How many timers may get lost.
    pub lost_timers: u8,
}

/// Who works: each is a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Crew {
    /// Takes events off the conversation's queue, one after the other.
    Execute,
    /// Takes timers.
    Resume,
    /// Does a command in place, beside the queue.
    Console,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Something comes from outside.
    Arrives(Happening),
    /// The bot answers what it was asked.
    BotAnswers,
    /// An hour passes.
    TimePasses,
    /// A process reads the conversation for an event.
    Load(Crew, Happening),
    /// A timer comes before its time.
    Early(Happening),
    /// It decides and commits.
    Commit(Crew),
    /// It publishes what was committed, and acknowledges the event.
    Publish(Crew),
    /// It dies.
    Dies(Crew),
    /// The fence of the text at the head of its queue is read, and the text claimed.
    Claim,
    /// It goes out, and its claim is settled.
    Submit,
    /// The sending process dies with a claim in hand.
    SenderDies {
        /// It had submitted the text already.
        submitted: bool,
    },
    /// A timer gets lost.
    TimerLost(Happening),
}

/// How far a text got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ledger {
    /// Somebody is at it, or died at it.
    Claimed,
    /// It went out.
    Sent,
    /// It did not, and will not.
    Suppressed,
    /// Nobody can know.
    Unknown,
}

/// A text on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Outbound {
    pub(crate) effect: String,
    pub(crate) purpose: Purpose2,
    pub(crate) epoch: u64,
    pub(crate) expires_at: i64,
}

/// [`Purpose`] with an order to be hashed by.
pub(crate) type Purpose2 = u8;

/// A text that went out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    pub(crate) effect: String,
    pub(crate) purpose: Purpose2,
    pub(crate) epoch: u64,
    /// The epoch that humans had control in when it did, if they had.
    pub(crate) humans_in: Option<u64>,
}

/// A marker: who committed an event, and what it led to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Marker {
    pub(crate) delivery: u8,
    pub(crate) at: Timestamp,
    pub(crate) effects: Vec<Effect>,
}

/// A world between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The conversation, as stored.
    pub conversation: Conversation,
    pub(crate) contact: Contact,
    pub(crate) hours: u8,
    pub(crate) markers: BTreeMap<String, Marker>,
    /// What has not come from outside yet.
    pub(crate) to_come: BTreeSet<Happening>,
    /// The conversation's queue.
    pub(crate) queue: Vec<Happening>,
    /// Timers that are set, and sweeps.
    pub(crate) timers: BTreeSet<Happening>,
    /// A command that the console does in place.
    pub(crate) in_place: Option<Happening>,
    /// Turns that the bot was asked: trigger and epoch.
    pub(crate) turns: BTreeSet<(String, u64)>,
    pub(crate) outbound: Vec<Outbound>,
    pub(crate) ledger: BTreeMap<String, Ledger>,
    pub(crate) crew: BTreeMap<Crew, Working>,
    pub(crate) sending: Option<Claimed>,
    /// Everything that went out, in order.
    pub sent: Vec<Sent>,
    /// Handovers that are open on record.
    pub(crate) open: BTreeSet<u64>,
    pub(crate) crashes: u8,
    pub(crate) lost: u8,
    /// What no step may do, and one did.
    pub(crate) wrong: Option<&'static str>,
}

impl Eq for World {}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // The domain's types are not hashed anywhere else; as JSON they are told apart by all that is kept.
        let domain = serde_json::to_string(&(&self.conversation, &self.contact));
        domain.unwrap_or_default().hash(hasher);
        for (event, marker) in &self.markers {
            (event, marker.delivery, marker.at).hash(hasher);
        }
        (self.hours, &self.to_come, &self.queue, &self.timers, &self.in_place).hash(hasher);
        (&self.turns, &self.outbound, &self.sent, &self.open).hash(hasher);
        (self.crashes, self.lost, self.wrong).hash(hasher);
        self.ledger.hash(hasher);
        self.crew.hash(hasher);
        self.sending.hash(hasher);
    }
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        instant(self.hours)
    }

    /// Whether nothing is under way any more.
    pub(crate) fn rests(&self) -> bool {
        let nobody = self.crew.is_empty() && self.sending.is_none() && self.in_place.is_none();
        let nothing = self.queue.is_empty() && self.outbound.is_empty() && self.turns.is_empty();
        nobody && nothing && self.to_come.is_empty()
    }
}

impl Protocol {
    /// A client who asks for a human, told twice by the provider; nothing else happens, and nothing goes wrong.
    pub fn new() -> Self {
        Self { setting: Setting::new(), crashes: 0, chats: false, staff: None, lost_timers: 0 }
    }
}

impl Default for Protocol {
    fn default() -> Self {
        Self::new()
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let (conversation, contact) = self.setting.beginning();
        // A message that waits in the queue and one that has not come yet are the same to everybody: the client's
        // are in it from the beginning, in both orders, and only the provider's second copy comes when it likes.
        let mut to_come = BTreeSet::from([Happening::Asks { copy: 1 }]);
        to_come.extend(self.staff.clone());
        let (asks, chats) = (Happening::Asks { copy: 0 }, Happening::Chats);
        let first = World {
            conversation,
            contact,
            hours: 0,
            markers: BTreeMap::new(),
            to_come,
            queue: vec![asks.clone(), chats.clone()],
            timers: BTreeSet::new(),
            in_place: None,
            turns: BTreeSet::new(),
            outbound: Vec::new(),
            ledger: BTreeMap::new(),
            crew: BTreeMap::new(),
            sending: None,
            sent: Vec::new(),
            open: BTreeSet::new(),
            crashes: self.crashes,
            lost: self.lost_timers,
            wrong: None,
        };
        if !self.chats {
            return vec![World { queue: vec![asks], ..first }];
        }
        let second = World { queue: vec![chats, asks], ..first.clone() };
        vec![first, second]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        actions
            .extend(world.to_come.iter().filter(|next| world.may_come(next)).cloned().map(Action::Arrives));
        if !world.turns.is_empty() {
            actions.push(Action::BotAnswers);
        }
        if world.hours == 0 && world.conversation.human().is_some() {
            actions.push(Action::TimePasses);
        }
        world.work(actions);
        world.deliver(actions);
        if world.lost > 0 {
            actions.extend(world.timers.iter().cloned().map(Action::TimerLost));
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        let mut world = last.clone();
        match action {
            Action::Arrives(happening) => world.arrive(happening),
            Action::BotAnswers => world.bot_answers(),
            Action::TimePasses => world.time_passes(),
            Action::Load(who, happening) => world.load(who, happening),
            // What comes of it can only be nothing: one step shows whether it is.
            Action::Early(timer) => {
                world.load(Crew::Resume, timer);
                world.commit(&self.setting, Crew::Resume);
            }
            Action::Commit(who) => world.commit(&self.setting, who),
            Action::Publish(who) => world.publish(who),
            Action::Dies(who) => {
                world.crashes -= 1;
                world.crew.remove(&who);
                if who == Crew::Console {
                    // The page gets no answer; the queue has the command.
                    world.in_place = None;
                }
            }
            Action::Claim => world.claim(),
            Action::Submit => world.submit(),
            Action::SenderDies { submitted } => world.sender_dies(submitted),
            Action::TimerLost(timer) => {
                world.lost -= 1;
                world.timers.remove(&timer);
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

impl World {
    /// Staff act on what they see: a conversation that is there, and for a hand-back one that they have.
    fn may_come(&self, happening: &Happening) -> bool {
        match happening {
            Happening::Reply => self.conversation.version > 0,
            Happening::HandBack => self.conversation.human().is_some(),
            Happening::Asks { .. }
            | Happening::Chats
            | Happening::Outcome(..)
            | Happening::Timer(..)
            | Happening::Wake(_) => true,
        }
    }

    fn arrive(&mut self, happening: Happening) {
        self.to_come.remove(&happening);
        match &happening {
            // Durable first, then in place.
            Happening::Reply | Happening::HandBack => self.in_place = Some(happening.clone()),
            Happening::Asks { .. }
            | Happening::Chats
            | Happening::Outcome(..)
            | Happening::Timer(..)
            | Happening::Wake(_) => {}
        }
        self.queue.push(happening);
    }

    fn bot_answers(&mut self) {
        if let Some((trigger, epoch)) = self.turns.pop_first() {
            self.queue.push(Happening::Outcome(trigger, epoch));
        }
    }

    /// With it comes the sweep, where something fell due.
    fn time_passes(&mut self) {
        self.hours += 1;
        let due = self.conversation.wake_at().filter(|at| *at <= self.now());
        self.timers.extend(due.map(|at| Happening::Wake(at.as_ms())));
    }
}

pub(crate) const fn purpose(number: Purpose2) -> Purpose {
    match number {
        0 => Purpose::Bot,
        1 => Purpose::Closing,
        _ => Purpose::Staff,
    }
}

pub(crate) const fn number(purpose: Purpose) -> Purpose2 {
    match purpose {
        Purpose::Bot => 0,
        Purpose::Closing => 1,
        Purpose::Staff => 2,
    }
}
