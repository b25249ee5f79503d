//! What happens in a run, drawn from a seed.

use std::{fmt, time::Duration};

use handover_cloud::{Service, scheduler::Lateness};
use handover_core::{Pause, UnansweredPolicy};

use super::{
    dice::Dice,
    draw,
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
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, drawn by itself")]
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
    /// Where the bot is.
    pub bot: BotPlace,
    /// The bot is slow now and then or silent, and so are providers and the account's own automation.
    pub moody: bool,
    /// The actions assign as the sample's do; otherwise nobody is assigned.
    pub assigns: bool,
    /// Humans in one conversation of a contact silence the bot in all of them.
    pub silent_everywhere: bool,
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
        bot: BotPlace::AskedByHttp,
        moody: false,
        assigns: true,
        silent_everywhere: false,
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
            bot: match dice.below(10) {
                0 | 1 => BotPlace::Elsewhere,
                2 => BotPlace::BuiltIn,
                _ => BotPlace::AskedByHttp,
            },
            moody: dice.once_in(2),
            assigns: !dice.once_in(3),
            silent_everywhere: dice.once_in(2),
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
            Self { moody: calm.moody, ..self },
            Self { assigns: calm.assigns, ..self },
            Self { silent_everywhere: calm.silent_everywhere, ..self },
            Self { unanswered: calm.unanswered, ..self },
            Self { loop_guard: calm.loop_guard, ..self },
        ];
        all.into_iter().filter(|conditions| *conditions != self).collect()
    }
}

/// Where the bot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotPlace {
    /// The business's own, asked over HTTP.
    AskedByHttp,
    /// Built in: it answers from its entries.
    BuiltIn,
    /// It lives elsewhere, and asks for leave before it speaks.
    Elsewhere,
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
    /// A bot that lives elsewhere speaks; any other one gets the time to.
    Bot {
        /// In whose conversation.
        client: u8,
        /// Its number.
        number: u16,
        /// It has asked for leave before, and only speaks now.
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
    /// Staff do two things at once in the console.
    Both {
        /// In whose conversation.
        client: u8,
        /// Their number.
        number: u16,
        /// One.
        one: StaffAction,
        /// The other.
        other: StaffAction,
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
    /// Something that nobody knows.
    Unknown,
}

impl Words {
    /// All that there are.
    pub(crate) const ALL: [Self; 5] =
        [Self::Ask, Self::Question, Self::Unhelpful, Self::Thanks, Self::Unknown];

    /// In words.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Ask => "I want to talk to a human",
            Self::Question => "what are your opening hours?",
            Self::Unhelpful => "that did not help",
            Self::Thanks => "that worked, thank you",
            Self::Unknown => "do you sell surfboards?",
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
    /// The clients are one person: they share a contact from now on.
    Link,
    /// They are two after all.
    Unlink,
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
        let length = usize::try_from(8 + dice.below(18)).unwrap_or(8);
        let mut steps = Vec::new();
        while steps.len() < length {
            // Every step has a number of its own, whether it uses it or not.
            let number = u16::try_from(steps.len() + 1).unwrap_or(u16::MAX);
            if dice.once_in(8) {
                steps.extend(draw::motif(&mut dice, number));
            } else {
                steps.push(draw::step(&mut dice, number));
            }
        }
        for step in &mut steps {
            // Six days of sweeps say no more than six hours of them.
            if let Step::Wait(time) = step
                && conditions.sweeping
            {
                *time = (*time).min(Duration::from_hours(6));
            }
        }
        // Only a world with a replica has reads that are stale.
        let possible = |kind: &Fault| *kind != Fault::StaleRead || conditions.stale_reads;
        let kinds: Vec<_> = kinds.iter().copied().filter(possible).collect();
        let faults = (0..dice.below(10)).filter_map(|_| Strike::draw(&mut dice, &kinds)).collect();
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

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "seed {}: {:?}", self.seed, self.conditions)?;
        for Strike { to, after, fault } in &self.faults {
            match to {
                None => writeln!(formatter, "  call {after}: {}", fault.name())?,
                Some(to) => {
                    let (function, place) = (to.function, format!("{:?} {}", to.service, to.resource));
                    writeln!(formatter, "  call {after} of {function} to {place}: {}", fault.name())?;
                }
            }
        }
        for step in &self.steps {
            writeln!(formatter, "  {step:?}")?;
        }
        Ok(())
    }
}
