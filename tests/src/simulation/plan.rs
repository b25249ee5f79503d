//! What happens in a run, drawn from a seed.

use std::{fmt, time::Duration};

use handover_cloud::{Service, scheduler::Lateness};
use handover_core::{Pause, UnansweredPolicy};

use super::{
    dice::Dice,
    fault::{Fault, Strike},
};

/// The client who writes by WhatsApp at Twilio.
pub(crate) const BY_TWILIO: u8 = 0;
/// The client who writes by the clinic's own chat.
pub(crate) const BY_CHAT: u8 = 1;

/// Everything that happens in a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// The world that it happens in.
    pub conditions: Conditions,
    /// What clients, staff, the bot and time do, in order.
    pub steps: Vec<Step>,
    /// What happens to outgoing calls of functions.
    pub faults: Vec<Strike>,
}

/// What is the same all through a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// How schedules fire.
    pub lateness: Lateness,
    /// Standard queues double and reorder.
    pub unruly_queues: bool,
    /// How many invocations run at once, their calls mixed.
    pub together: u8,
    /// The sweep comes every five minutes; otherwise only when everything comes to rest.
    pub sweeping: bool,
    /// Functions' clocks differ by seconds.
    pub skewed: bool,
    /// Index reads may miss the latest write.
    pub stale_reads: bool,
    /// Some messages and items were written by another version, with fields that this one does not know.
    pub other_version: bool,
    /// The bot is asked by turns; otherwise it lives elsewhere.
    pub asked: bool,
    /// What becomes of an unanswered message when the bot comes back.
    pub unanswered: UnansweredPolicy,
    /// Three handovers in a day keep a conversation with humans.
    pub loop_guard: bool,
}

impl Conditions {
    /// A friendly world.
    pub const CALM: Self = Self {
        lateness: Lateness::Exact,
        unruly_queues: false,
        together: 1,
        sweeping: false,
        skewed: false,
        stale_reads: false,
        other_version: false,
        asked: true,
        unanswered: UnansweredPolicy::Answer,
        loop_guard: false,
    };

    fn draw(dice: &mut Dice, seed: u64) -> Self {
        let lateness = match dice.below(5) {
            0 => Lateness::Exact,
            1 => Lateness::Dropped,
            2 => Lateness::Doubled,
            _ => Lateness::Seeded(seed),
        };
        let policies =
            [UnansweredPolicy::Answer, UnansweredPolicy::HandOverAgain, UnansweredPolicy::StayQuiet];
        Self {
            lateness,
            unruly_queues: dice.once_in(2),
            together: [1, 1, 2, 3].get(usize::try_from(dice.below(4)).unwrap_or(0)).copied().unwrap_or(1),
            sweeping: dice.once_in(10),
            skewed: dice.once_in(3),
            stale_reads: dice.once_in(5),
            other_version: dice.once_in(3),
            asked: !dice.once_in(5),
            unanswered: dice.one_of(&policies).unwrap_or_default(),
            loop_guard: dice.once_in(4),
        }
    }

    /// The same with one thing friendlier.
    fn friendlier(self) -> Vec<Self> {
        let calm = Self::CALM;
        let all = [
            Self { lateness: calm.lateness, ..self },
            Self { unruly_queues: calm.unruly_queues, ..self },
            Self { together: calm.together, ..self },
            Self { sweeping: calm.sweeping, ..self },
            Self { skewed: calm.skewed, ..self },
            Self { stale_reads: calm.stale_reads, ..self },
            Self { other_version: calm.other_version, ..self },
            Self { unanswered: calm.unanswered, ..self },
            Self { loop_guard: calm.loop_guard, ..self },
        ];
        all.into_iter().filter(|conditions| *conditions != self).collect()
    }
}

/// Something that somebody does. `number` is unique in a run; what a provider delivers is named by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A client writes; the provider tries until it is taken or it gives up.
    Say {
        /// Which client.
        client: u8,
        /// Its number.
        number: u16,
        /// What.
        words: Words,
    },
    /// The provider sends an old message again.
    Again {
        /// The message's number.
        number: u16,
    },
    /// The client in the chat does something else than writing.
    Chat {
        /// Its number.
        number: u16,
        /// What.
        what: ChatEvent,
    },
    /// Somebody posts a message with a wrong signature.
    Forge {
        /// Its number.
        number: u16,
    },
    /// The bot takes what it is asked, and says what it found for all that it has.
    Bot {
        /// Decides what it says.
        number: u16,
        /// It has taken it before, and only speaks now.
        late: bool,
    },
    /// Staff do something in the console.
    Command {
        /// In whose conversation.
        client: u8,
        /// Its number.
        number: u16,
        /// What.
        what: StaffAction,
    },
    /// Whatever is ready happens.
    Settle,
    /// Time passes.
    Wait(Duration),
    /// The business changes its settings.
    Configure(Edit),
    /// A service is down from now on.
    Outage(Service),
    /// All services work again.
    Mend,
    /// Every schedule fires now, whenever it is due.
    FireEarly,
}

/// What a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// That it wants a human.
    Ask,
    /// Something ordinary.
    Question,
    /// That the answer did not help.
    Unhelpful,
    /// That it is content.
    Thanks,
}

impl Words {
    /// In words.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Ask => "I want to talk to a human",
            Self::Question => "what are your opening hours?",
            Self::Unhelpful => "that did not help",
            Self::Thanks => "that worked, thank you",
        }
    }
}

/// What comes by the chat beside messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatEvent {
    /// A message is put another way.
    Edit(Words),
    /// A human of the business writes from an app of their own.
    HumanEcho,
    /// The last text that we sent comes back, as if a human had written it.
    OwnEcho,
    /// The client wants no messages, or wants them again.
    Consent {
        /// No messages.
        opted_out: bool,
    },
    /// The chat's own control moves.
    Thread {
        /// To humans.
        with_humans: bool,
    },
    /// News of the last text that we sent.
    Receipt {
        /// It will not arrive.
        failed: bool,
    },
    /// A stronger identity of the client shows itself, now and from now on.
    Rename,
}

/// What staff do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffAction {
    /// Claim.
    Claim {
        /// The colleague does, not the assignee.
        colleague: bool,
    },
    /// Both claim at once.
    ClaimRace,
    /// Write to the client.
    Reply {
        /// The colleague does, not the assignee.
        colleague: bool,
    },
    /// Give the conversation back to the bot.
    HandBack,
    /// Settle the matter.
    Resolve,
    /// Set the pause.
    Pause(Pause),
    /// Hand over by hand.
    Start,
    /// Give it to the team.
    AssignTeam,
    /// Tick the task off.
    CompleteTask,
}

/// What the business changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Whether the bot may hand over.
    Handover(bool),
    /// Whether the account may.
    Labs(bool),
    /// What the closing message says: this number is in it.
    Closing(u16),
    /// How long the pause is, in minutes.
    Pause(u16),
}

impl Plan {
    /// The plan of a seed with faults of these kinds.
    pub fn draw(seed: u64, kinds: &[Fault]) -> Self {
        let mut dice = Dice::new(seed);
        let conditions = Conditions::draw(&mut dice, seed);
        let length = u16::try_from(8 + dice.below(18)).unwrap_or(8);
        let steps = (1..=length).map(|number| match Step::draw(&mut dice, number) {
            // Six days of sweeps say no more than six hours of them.
            Step::Wait(time) if conditions.sweeping => Step::Wait(time.min(Duration::from_hours(6))),
            step => step,
        });
        let steps = steps.collect();
        let faults = (0..dice.below(5)).filter_map(|_| Strike::draw(&mut dice, kinds)).collect();
        Self { seed, conditions, steps, faults }
    }

    /// Every plan that has one fault or step less, or one condition friendlier.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let without_fault = (0..self.faults.len()).map(|index| {
            let mut plan = self.clone();
            plan.faults.remove(index);
            plan
        });
        let without_step = (0..self.steps.len()).map(|index| {
            let mut plan = self.clone();
            plan.steps.remove(index);
            plan
        });
        let friendlier = self.conditions.friendlier().into_iter();
        let friendlier = friendlier.map(|conditions| Self { conditions, ..self.clone() });
        without_fault.chain(without_step).chain(friendlier).collect()
    }
}

impl Step {
    fn draw(dice: &mut Dice, number: u16) -> Self {
        let client = if dice.once_in(2) { BY_TWILIO } else { BY_CHAT };
        match dice.below(44) {
            0..=10 => Self::Say { client, number, words: words(dice) },
            11 | 12 => Self::Again { number: u16::try_from(1 + dice.below(u64::from(number))).unwrap_or(1) },
            13..=17 => Self::Chat { number, what: chat(dice) },
            18 => Self::Forge { number },
            19..=22 => Self::Bot { number, late: dice.once_in(3) },
            23..=29 => Self::Command { client, number, what: staff_action(dice) },
            30..=34 => Self::Settle,
            35..=40 => Self::Wait(dice.time()),
            41 => Self::Configure(match dice.below(4) {
                0 => Edit::Handover(!dice.once_in(3)),
                1 => Edit::Labs(!dice.once_in(3)),
                2 => Edit::Closing(number),
                _ => Edit::Pause(u16::try_from(1 + dice.below(300)).unwrap_or(1)),
            }),
            42 => match dice.below(4) {
                0 => Self::Outage(Service::DynamoDb),
                1 => Self::Outage(Service::Sqs),
                2 => Self::Outage(Service::Scheduler),
                _ => Self::Outage(Service::World),
            },
            _ => {
                if dice.once_in(2) {
                    Self::Mend
                } else {
                    Self::FireEarly
                }
            }
        }
    }
}

fn words(dice: &mut Dice) -> Words {
    match dice.below(8) {
        0..=3 => Words::Ask,
        4 | 5 => Words::Question,
        6 => Words::Unhelpful,
        _ => Words::Thanks,
    }
}

fn chat(dice: &mut Dice) -> ChatEvent {
    match dice.below(12) {
        0 => ChatEvent::Edit(words(dice)),
        1..=3 => ChatEvent::HumanEcho,
        4 | 5 => ChatEvent::OwnEcho,
        6 => ChatEvent::Consent { opted_out: dice.once_in(2) },
        7 | 8 => ChatEvent::Thread { with_humans: dice.once_in(2) },
        9 => ChatEvent::Receipt { failed: dice.once_in(2) },
        _ => ChatEvent::Rename,
    }
}

fn staff_action(dice: &mut Dice) -> StaffAction {
    let colleague = dice.once_in(2);
    match dice.below(16) {
        0..=2 => StaffAction::Claim { colleague },
        3 => StaffAction::ClaimRace,
        4..=7 => StaffAction::Reply { colleague },
        8 | 9 => StaffAction::HandBack,
        10 => StaffAction::Resolve,
        11 | 12 => StaffAction::Pause(match dice.below(3) {
            0 => Pause::UntilHandedBack,
            _ => Pause::For { days: 0, hours: 0, minutes: u16::try_from(1 + dice.below(240)).unwrap_or(1) },
        }),
        13 => StaffAction::Start,
        14 => StaffAction::AssignTeam,
        _ => StaffAction::CompleteTask,
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "seed {}: {:?}", self.seed, self.conditions)?;
        for Strike { to, after, fault } in &self.faults {
            match to {
                None => writeln!(formatter, "  call {after}: {}", fault.name())?,
                Some(to) => {
                    let service = format!("{:?}", to.service);
                    writeln!(formatter, "  call {after} of {} to {service}: {}", to.function, fault.name())?;
                }
            }
        }
        for step in &self.steps {
            writeln!(formatter, "  {step:?}")?;
        }
        Ok(())
    }
}
