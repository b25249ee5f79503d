//! A decision in the making.

use crate::{
    Announcement, Asked, Audience, BotRevision, Contact, ContactId, Conversation, Effect, EffectId,
    EffectKind, EventId, HandoverChange, NotificationKind, Policy, Purpose, Record, Refusal, TextSource,
    Timer, TimerKind, Timestamp, TurnId, Verdict, Waiting,
};

use super::{Applied, Decision, Input};

/// A decision in the making: the conversation and contact as they will be, and what follows.
pub(super) struct Draft<'a> {
    pub(super) input: &'a Input<'a>,
    pub(super) policy: &'a Policy<'a>,
    pub(super) now: Timestamp,
    pub(super) conversation: Conversation,
    pub(super) contact: Contact,
    /// The contact whose other conversations are to hear of changes, as it is stored.
    pub(super) stored: Contact,
    pub(super) left: Option<Contact>,
    pub(super) relist: bool,
    pub(super) handovers: Vec<(u64, HandoverChange)>,
    pub(super) effects: Vec<Effect>,
    pub(super) record: Record,
    /// The first thing that fell due by itself.
    pub(super) happened: Option<Verdict>,
    /// What a pause that is over leaves unanswered, unless a human stretch follows in this very decision.
    pub(super) unanswered: Option<Waiting>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(input: &'a Input<'a>, policy: &'a Policy<'a>, now: Timestamp) -> Self {
        let mut record = Record::new(Verdict::Noted, input.conversation.epoch);
        record.revision = policy.bot.map(|bot| bot.revision);
        let mut contact = input.contact.clone();
        let conversation = input.conversation;
        if contact.id != ContactId::of(&conversation.id) {
            // The first that is heard of it, where the contact was known before.
            contact.linked.entry(conversation.id.clone()).or_insert_with(|| conversation.inbox.clone());
        }
        Self {
            input,
            policy,
            now,
            conversation: input.conversation.clone(),
            contact,
            stored: input.contact.clone(),
            left: None,
            relist: false,
            handovers: Vec::new(),
            effects: Vec::new(),
            record,
            happened: None,
            unanswered: None,
        }
    }

    /// When the event reached us: the instant that everything it starts counts from.
    pub(super) fn at(&self) -> Timestamp {
        self.input.event.received_at
    }

    pub(super) fn event_id(&self) -> &'a EventId {
        &self.input.event.id
    }

    pub(super) fn bot(&self) -> Option<&'a BotRevision> {
        self.policy.bot
    }

    /// Whether the event reached us while humans owned the conversation: it belongs to their
    /// stretch, even if it is decided after the pause's end.
    pub(super) fn in_stretch(&self) -> bool {
        self.conversation.human().is_some()
            && self.conversation.resumes_at().is_none_or(|end| self.at() < end)
    }

    /// Whether the event reached us before the bot last got the conversation back.
    pub(super) fn before_hand_back(&self) -> bool {
        self.conversation.handed_back_at.is_some_and(|at| self.at() < at)
    }

    /// The decision, with this verdict.
    pub(super) fn apply(mut self, verdict: Verdict) -> Decision {
        self.record.verdict = verdict;
        self.record.epoch = self.conversation.epoch;
        self.nudge_others();
        Decision::Apply(Box::new(Applied {
            conversation: self.conversation,
            contact: self.contact,
            left: self.left,
            relist: self.relist,
            handovers: self.handovers,
            effects: self.effects,
            record: self.record,
        }))
    }

    /// The decision that a command does not fit the state.
    pub(super) fn refuse(mut self, refusal: Refusal) -> Decision {
        self.record.refusal = Some(refusal);
        self.apply(Verdict::Refused)
    }

    /// A change of the handover that began `epoch`.
    pub(super) fn change(&mut self, epoch: u64, change: HandoverChange) {
        self.handovers.push((epoch, change));
    }

    pub(super) fn effect(&mut self, kind_name: &str, cause: &str, kind: EffectKind) {
        let id = EffectId::derive(&self.conversation.id, kind_name, cause);
        self.push(Effect { id, kind });
    }

    fn push(&mut self, effect: Effect) {
        if self.effects.iter().all(|other| other.id != effect.id) {
            self.effects.push(effect);
        }
    }

    /// Text to the client because of this event.
    pub(super) fn send(&mut self, purpose: Purpose, text: TextSource) {
        let epoch = self.conversation.epoch;
        // One closing message per handover, whatever it was that asked for it.
        let cause = match purpose {
            Purpose::Closing => epoch.to_string(),
            Purpose::Bot | Purpose::Staff => self.event_id().to_string(),
        };
        self.effect(purpose.name(), &cause, EffectKind::Send { purpose, text, epoch });
    }

    /// A question to the bot about what is noted as asked.
    pub(super) fn start_turn(&mut self, asked: Asked, wait_s: u16) {
        let epoch = self.conversation.epoch;
        let Asked { trigger, earlier, returning, .. } = asked.clone();
        let turn = TurnId::derive(&self.conversation.id, epoch, &trigger);
        let cause = turn.to_string();
        if asked.earlier.is_empty() {
            self.count_bot_message();
        }
        self.conversation.asked = Some(asked);
        self.effect(
            "turn",
            &cause,
            EffectKind::StartTurn { turn, epoch, trigger, earlier, wait_s, returning },
        );
    }

    /// One more message that the bot is asked for, or says.
    pub(super) fn count_bot_message(&mut self) {
        self.conversation.bot_messages = self.conversation.bot_messages.plus_one(self.now);
    }

    /// Whether the bot has said enough for one day.
    pub(super) fn is_capped(&self) -> bool {
        self.bot().is_some_and(|bot| self.conversation.bot_messages.on(self.now) >= bot.bot.daily_messages)
    }

    /// A timer of the present epoch; gives its sequence.
    pub(super) fn arm(&mut self, kind: TimerKind, due_at: Timestamp) -> u32 {
        self.conversation.timer_sequence = self.conversation.timer_sequence.saturating_add(1);
        let sequence = self.conversation.timer_sequence;
        let timer = Timer { kind, epoch: self.conversation.epoch, sequence, due_at };
        self.effect(kind.name(), &format!("{}-{sequence}", timer.epoch), EffectKind::Arm(timer));
        sequence
    }

    /// Word to staff, at most once per `cause`.
    pub(super) fn notify(&mut self, about: NotificationKind, audience: Audience, cause: &str) {
        self.notify_both(about, None, audience, cause);
    }

    /// Word to staff about one thing, or about two that come together.
    pub(super) fn notify_both(
        &mut self,
        about: NotificationKind,
        and: Option<NotificationKind>,
        audience: Audience,
        cause: &str,
    ) {
        let epoch = self.conversation.human().map(|_| self.conversation.epoch);
        self.effect(about.name(), cause, EffectKind::Notify { about, and, audience, epoch });
    }

    /// Word to owners and admins about something wrong with the account's set-up: the same effect
    /// for all of the account's conversations on one day, so that they are told once.
    pub(super) fn alert_daily(&mut self, about: NotificationKind) {
        let id = EffectId::daily(&self.conversation.account, about.name(), self.at().day());
        let kind = EffectKind::Notify { about, and: None, audience: Audience::Admins, epoch: None };
        self.push(Effect { id, kind });
    }

    /// The assignee with the admins, or the admins alone.
    pub(super) fn responsible(&self) -> Audience {
        self.contact.assignee.clone().map_or(Audience::Admins, Audience::AssigneeAndAdmins)
    }

    /// The assignee, or the admins where there is none.
    pub(super) fn assignee_or_admins(&self) -> Audience {
        self.contact.assignee.clone().map_or(Audience::Admins, Audience::Assignee)
    }

    /// Something fell due by itself: what a timer that brought it is shown with.
    pub(super) fn happened(&mut self, verdict: Verdict) {
        self.happened.get_or_insert(verdict);
    }

    /// Word to the account's own automations.
    pub(super) fn announce(&mut self, what: Announcement, epoch: u64) {
        let name = format!("announce-{}", what.name());
        // An epoch may see several claims and tags; one event brings at most one of each.
        let cause = format!("{epoch}-{}", self.event_id());
        self.effect(&name, &cause, EffectKind::Announce { what, epoch });
    }
}
