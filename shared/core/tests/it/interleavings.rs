//! Invariant 2, with the steps of a delivery apart: bot replies, human messages, handovers, resumes and
//! duplicates in any order, and a process that may die between reading the fence, claiming and submitting.

use handover_core::*;

use crate::{build::*, world::World};

const HISTORIES: u64 = 10_000;
const STEPS: u32 = 30;

/// Numbers that repeat themselves for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// A text on its way. The queue holds a conversation's texts in order, and hands out the next one when
/// the one before is done.
struct Sending {
    purpose: Purpose,
    epoch: u64,
    effect: EffectId,
    /// How many commits there were when the fence was read, and when the text was claimed.
    fenced: Option<u64>,
    claimed: bool,
}

/// What a provider got: what, decided in which epoch, with a fence read after so many commits.
struct Submitted {
    purpose: Purpose,
    epoch: u64,
    effect: EffectId,
    fenced: u64,
}

struct Run {
    dice: Dice,
    world: World,
    commits: u64,
    /// After how many commits each epoch of humans began.
    taken: Vec<(u64, u64)>,
    turns: Vec<(TurnId, u64, EventId)>,
    queue: Vec<Sending>,
    sent: Vec<Submitted>,
    history: Vec<EventKind>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let short = HandoverAction { pause: for_hours(1), ..human_requested() };
        let world = World::new([short, lack_of_knowledge(), repeated_failure(1)])
            .with(|bot| bot.daily_messages = 1_000);
        Self {
            dice: Dice(seed),
            world,
            commits: 0,
            taken: Vec::new(),
            turns: Vec::new(),
            queue: Vec::new(),
            sent: Vec::new(),
            history: Vec::new(),
        }
    }

    fn step(&mut self) {
        let pass = [0, 0, 1, 5, 1_800, 4_000];
        let by = pass.get(usize::try_from(self.dice.roll(6)).unwrap_or(0)).copied().unwrap_or(0);
        self.world.pass(seconds(by));
        match self.dice.roll(24) {
            0..=3 => self.take(says("hello")),
            4 => self.take(asks(900)),
            5 => self.take(reply("ana")),
            6 => self.take(human_echo()),
            7 | 8 => self.take(command(by_ana(), CommandKind::HandBack)),
            9..=12 => self.outcome(),
            13 => self.again(),
            14 => self.timer(),
            _ => self.deliver(),
        }
    }

    fn take(&mut self, kind: EventKind) {
        let event = self.world.event(kind.clone());
        let before = self.world.conversation.epoch;
        self.history.push(kind);
        let Decision::Apply(applied) = self.world.process(&event) else { return };
        self.commits += 1;
        let after = &self.world.conversation;
        if after.epoch != before && after.human().is_some() {
            self.taken.push((after.epoch, self.commits));
        }
        for effect in applied.effects {
            if let EffectKind::StartTurn { turn, epoch, trigger, .. } = effect.kind {
                self.turns.push((turn, epoch, trigger));
            } else if let EffectKind::Send { purpose, epoch, .. } = effect.kind {
                self.queue.push(Sending { purpose, epoch, effect: effect.id, fenced: None, claimed: false });
            }
        }
    }

    fn outcome(&mut self) {
        if self.turns.is_empty() {
            return;
        }
        let nth = self.dice.roll(self.turns.len() as u64);
        let (turn, epoch, trigger) = self.turns.swap_remove(usize::try_from(nth).unwrap_or(0));
        let result = match self.dice.roll(4) {
            0 => OutcomeResult::NoAnswer,
            1 => OutcomeResult::WantsHandover,
            _ => OutcomeResult::Answered,
        };
        self.take(EventKind::Outcome(Outcome { turn, epoch, trigger, ..self.world.outcome(result) }));
    }

    /// Something that happened happens again, with another id: a duplicate that nobody recognises.
    fn again(&mut self) {
        if !self.history.is_empty() {
            let nth = self.dice.roll(self.history.len() as u64);
            let kind = self.history.get(usize::try_from(nth).unwrap_or(0)).cloned();
            if let Some(kind) = kind {
                self.take(kind);
            }
        }
    }

    fn timer(&mut self) {
        let due_at = self.world.conversation.wake_at().unwrap_or(self.world.now);
        self.take(EventKind::Timer(Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at }));
    }

    /// The next step of the delivery that is under way: read the fence, claim, submit; or the process dies
    /// there.
    fn deliver(&mut self) {
        let dies = self.dice.roll(6) == 0;
        let Some(next) = self.queue.first_mut() else { return };
        match (next.fenced, next.claimed) {
            _ if dies && next.claimed => {
                // The claim is found by the next run: nobody can know, and it is not sent again.
                self.queue.remove(0);
            }
            _ if dies => next.fenced = None,
            (None, _) => {
                let at = self.world.now;
                match fence(&self.world.conversation, next.purpose, next.epoch, at, at) {
                    Fence::Submit => next.fenced = Some(self.commits),
                    Fence::Suppress(_) => {
                        self.queue.remove(0);
                    }
                }
            }
            (Some(_), false) => next.claimed = true,
            (Some(fenced), true) => {
                let Sending { purpose, epoch, effect, .. } = self.queue.remove(0);
                self.sent.push(Submitted { purpose, epoch, effect, fenced });
            }
        }
    }

    fn check(&self, seed: u64) {
        for (epoch, commit) in &self.taken {
            let before = |sent: &&Submitted| sent.purpose == Purpose::Bot && sent.epoch < *epoch;
            for late in self.sent.iter().filter(before) {
                // Its fence was read before humans had the conversation.
                assert!(late.fenced < *commit, "seed {seed}: a bot's text passed a fence of epoch {epoch}");
            }
            let closing =
                self.sent.iter().position(|sent| sent.purpose == Purpose::Closing && sent.epoch == *epoch);
            if let Some(closing) = closing {
                let after = self.sent.iter().skip(closing).filter(before).count();
                assert_eq!(after, 0, "seed {seed}: a bot's text after the closing message of {epoch}");
            }
        }
        for sent in self.sent.iter().filter(|sent| sent.purpose == Purpose::Bot) {
            assert!(
                self.taken.iter().all(|(epoch, _)| *epoch != sent.epoch),
                "seed {seed}: a bot's text of an epoch of humans"
            );
        }
        let mut effects: Vec<&EffectId> = self.sent.iter().map(|sent| &sent.effect).collect();
        effects.sort_unstable();
        effects.dedup();
        assert_eq!(effects.len(), self.sent.len(), "seed {seed}: a text went out twice");
    }
}

fn by_ana() -> Principal {
    by("ana")
}

#[test]
fn after_a_handover_the_bot_has_said_its_last_word() {
    let (mut crossed, mut closings, mut bots) = (0_u32, 0_u32, 0_u32);
    for seed in 0..HISTORIES {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
            // At most one text is under way; only it can still cross a commit.
            let under_way = run.queue.iter().filter(|sending| sending.fenced.is_some()).count();
            assert!(under_way <= 1, "seed {seed}");
        }
        run.check(seed);
        let late = |sent: &&Submitted| run.taken.iter().any(|(_, commit)| sent.fenced < *commit);
        crossed += u32::try_from(run.sent.iter().filter(late).count()).unwrap_or(0);
        closings += u32::from(run.sent.iter().any(|sent| sent.purpose == Purpose::Closing));
        bots += u32::from(run.sent.iter().any(|sent| sent.purpose == Purpose::Bot));
    }
    // The runs reach what they are about.
    assert!(crossed > 100 && closings > 500 && bots > 500, "{crossed} {closings} {bots}");
}
