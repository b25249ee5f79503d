//! Load, decide, commit, publish: the way of every event, a step at a time.

use std::hash::{Hash, Hasher};

use handover_core::{
    Applied, Contact, Conversation, Decision, EffectKind, Evidence, HandoverChange, Input, TimerKind,
    Timestamp, decide,
};

use crate::{
    setting::{Happening, Setting},
    world::{Action, Crew, Marker, Outbound, World, number},
};

/// A process at work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Working {
    /// It has read the conversation.
    Loaded(Happening, Box<(Conversation, Contact)>, Timestamp),
    /// The event is committed; its effects are not published yet.
    Committed(Happening),
}

impl Eq for Working {}

impl Hash for Working {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            // What it read is told by the version: a version is written once.
            Self::Loaded(happening, read, now) => {
                (0, happening, read.0.version, read.1.version, now).hash(hasher);
            }
            Self::Committed(happening) => (1, happening).hash(hasher),
        }
    }
}

impl World {
    /// What the crew may do next.
    pub(crate) fn work(&self, actions: &mut Vec<Action>) {
        for who in [Crew::Execute, Crew::Resume, Crew::Console] {
            match self.crew.get(&who) {
                Some(Working::Loaded(..)) => actions.push(Action::Commit(who)),
                Some(Working::Committed(_)) => actions.push(Action::Publish(who)),
                None => match who {
                    Crew::Execute => {
                        actions.extend(self.queue.first().cloned().map(|next| Action::Load(who, next)));
                    }
                    Crew::Resume => {
                        actions.extend(self.timers.iter().cloned().map(|next| {
                            if next.due_at_ms() > self.now().as_ms() {
                                Action::Early(next)
                            } else {
                                Action::Load(who, next)
                            }
                        }));
                    }
                    Crew::Console => {
                        actions.extend(self.in_place.clone().map(|next| Action::Load(who, next)));
                    }
                },
            }
            // Who dies before the commit leaves no trace, except that a command is not done in place.
            let leaves_traces = match self.crew.get(&who) {
                Some(Working::Loaded(..)) => who == Crew::Console,
                Some(Working::Committed(_)) => true,
                None => false,
            };
            if self.crashes > 0 && leaves_traces {
                actions.push(Action::Dies(who));
            }
        }
    }

    pub(crate) fn load(&mut self, who: Crew, happening: Happening) {
        let read = Box::new((self.conversation.clone(), self.contact.clone()));
        self.crew.insert(who, Working::Loaded(happening, read, self.now()));
    }

    /// Decides by what was read, and commits if that still stands.
    pub(crate) fn commit(&mut self, setting: &Setting, who: Crew) {
        let Some(Working::Loaded(happening, read, now)) = self.crew.remove(&who) else { return };
        let (before, contact) = *read;
        let event = happening.event(now);
        let evidence = Evidence::default();
        let input = Input {
            conversation: &before,
            contact: &contact,
            event: &event,
            waited: false,
            evidence: &evidence,
        };
        let applied = match decide(&input, &setting.policy(), now) {
            Decision::Apply(applied) => applied,
            Decision::Ignore(_) => {
                // A timer looks stale once it has done its work: made good by its marker.
                let ours = self.markers.get(&happening.id());
                if ours.is_some_and(|marker| marker.delivery == happening.delivery()) {
                    self.crew.insert(who, Working::Committed(happening));
                } else {
                    self.acknowledge(who, &happening);
                }
                return;
            }
            // It comes back by itself: it stays where it is.
            Decision::PutBack(_) => return,
        };
        if let Some(marker) = self.markers.get(&happening.id()) {
            if marker.delivery == happening.delivery() {
                self.crew.insert(who, Working::Committed(happening));
            } else {
                self.acknowledge(who, &happening);
            }
            return;
        }
        let changes = applied.conversation != before || applied.contact != contact || before.version == 0;
        if (changes || !applied.handovers.is_empty())
            && (before.version, contact.version) != (self.conversation.version, self.contact.version)
        {
            // Somebody else wrote in between: read again.
            return;
        }
        self.note_wrong(&happening, &before, &applied);
        if changes || !applied.handovers.is_empty() {
            self.conversation = applied.conversation.clone();
            self.conversation.version = before.version + 1;
        }
        if applied.contact != contact {
            self.contact = applied.contact.clone();
            self.contact.version = contact.version + 1;
        }
        for (epoch, change) in &applied.handovers {
            match change {
                HandoverChange::Open(_) => {
                    self.open.insert(*epoch);
                }
                HandoverChange::Ended { .. } => {
                    self.open.remove(epoch);
                }
                HandoverChange::Assigned { .. }
                | HandoverChange::Urgency(_)
                | HandoverChange::ReplyBy(_)
                | HandoverChange::FirstReply(_)
                | HandoverChange::Promise { .. }
                | HandoverChange::TaskClosed(_)
                | HandoverChange::Paused { .. } => {}
            }
        }
        let marker = Marker { delivery: happening.delivery(), at: now, effects: applied.effects };
        self.markers.insert(happening.id(), marker);
        self.crew.insert(who, Working::Committed(happening));
    }

    /// What no commit may do.
    fn note_wrong(&mut self, happening: &Happening, before: &Conversation, applied: &Applied) {
        if applied.conversation.epoch < before.epoch {
            self.wrong = Some("an epoch went back");
        }
        if let Happening::Timer(epoch, _, _) = happening
            && *epoch != before.epoch
            && applied.conversation != *before
        {
            self.wrong = Some("a timer of another epoch changed something");
        }
        let ended = before.human().is_some() && applied.conversation.human().is_none();
        let by_timer = matches!(happening, Happening::Timer(..) | Happening::Wake(_));
        if ended && by_timer && before.resumes_at().is_none_or(|end| end > self.now()) {
            self.wrong = Some("a timer ended a pause that was not over");
        }
    }

    pub(crate) fn publish(&mut self, who: Crew) {
        let Some(Working::Committed(happening)) = self.crew.remove(&who) else { return };
        let Some(Marker { at, effects, .. }) = self.markers.get(&happening.id()).cloned() else { return };
        for effect in effects {
            match effect.kind {
                EffectKind::Send { purpose, epoch, .. } => {
                    let outbound = Outbound {
                        effect: effect.id.to_string(),
                        purpose: number(purpose),
                        epoch,
                        expires_at: (at + purpose.expires_after()).as_ms(),
                    };
                    self.outbound.push(outbound);
                }
                EffectKind::StartTurn { epoch, trigger, .. } => {
                    self.turns.insert((trigger.to_string(), epoch));
                }
                EffectKind::Arm(timer) if timer.kind == TimerKind::Resume => {
                    self.timers.insert(Happening::Timer(timer.epoch, timer.sequence, timer.due_at.as_ms()));
                }
                EffectKind::Arm(_)
                | EffectKind::Notify { .. }
                | EffectKind::Thread { .. }
                | EffectKind::Announce { .. }
                | EffectKind::Nudge { .. }
                | EffectKind::Erase { .. } => {}
            }
        }
        self.acknowledge(who, &happening);
    }

    fn acknowledge(&mut self, who: Crew, happening: &Happening) {
        match who {
            Crew::Execute => {
                self.queue.remove(0);
            }
            Crew::Resume => {
                self.timers.remove(happening);
            }
            Crew::Console => self.in_place = None,
        }
    }
}
