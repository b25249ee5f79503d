//! A business, one conversation of it, and a clock that stands until it is moved.

use handover_core::*;

use crate::build::*;

/// Everything that one decision needs, with the state that the last one left.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) directory: Directory,
    pub(crate) inbox: Inbox,
    pub(crate) bot: Option<BotRevision>,
    pub(crate) conversation: Conversation,
    pub(crate) contact: Contact,
    pub(crate) now: Timestamp,
    pub(crate) evidence: Evidence,
    pub(crate) waited: bool,
    events: u32,
}

impl World {
    /// Labs on, staff `ana` and `ben` (team `front`) and admin `max`, a web inbox, and a built-in bot
    /// with these actions.
    pub(crate) fn new(actions: impl IntoIterator<Item = HandoverAction>) -> Self {
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
        let mut bot = Bot::new(id("bot"), "Reception");
        bot.actions = actions.into_iter().collect();
        bot.connector = Connector::Faq;
        let directory = Directory {
            staff: vec![member("ana", Role::Staff), member("ben", Role::Staff), member("max", Role::Admin)],
            teams: vec![Team {
                id: id("front"),
                name: "Front desk".to_owned(),
                members: vec![id("ana"), id("ben")],
            }],
            webhooks: Vec::new(),
        };
        let inbox = Inbox {
            id: id("inbox"),
            account: account.id.clone(),
            name: "Web chat".to_owned(),
            provider: Provider::Generic,
            channel: Channel::Web,
            bot: Some(bot.id.clone()),
            unknown_sender_is_human: false,
            settings: std::collections::BTreeMap::new(),
        };
        let conversation_id = ConversationId::derive(&account.id, &inbox.id, "client");
        let contact = Contact::new(ContactId::of(&conversation_id), START);
        let conversation = Conversation::new(
            account.id.clone(),
            conversation_id,
            inbox.id.clone(),
            inbox.channel,
            "client".to_owned(),
            START,
        );
        Self {
            account,
            directory,
            inbox,
            bot: Some(BotRevision { revision: 7, bot }),
            conversation,
            contact,
            now: START,
            evidence: Evidence::default(),
            waited: false,
            events: 0,
        }
    }

    /// The bot's settings, to be changed.
    pub(crate) fn bot(&mut self) -> &mut Bot {
        &mut self.bot.as_mut().expect("a bot").bot
    }

    /// With the bot's settings changed.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Bot)) -> Self {
        change(self.bot());
        self
    }

    /// On another channel.
    pub(crate) fn on(mut self, channel: Channel) -> Self {
        self.inbox.channel = channel;
        self.conversation.channel = channel;
        self
    }

    /// With a contact who has another conversation, `other`, beside this one.
    pub(crate) fn linked(mut self) -> Self {
        let inbox: InboxId = id("inbox");
        self.contact.linked = [(self.conversation.id.clone(), inbox.clone()), (id("other"), inbox)].into();
        self
    }

    /// Humans take over `other`, whose bot is silent in all of the contact's conversations.
    pub(crate) fn hold_elsewhere(&mut self) -> Decision {
        self.contact.holding.insert(id("other"));
        let event = self.event(EventKind::Contact { assignee: false });
        self.process(&event)
    }

    /// The bot gets `other` back.
    pub(crate) fn end_elsewhere(&mut self) -> Decision {
        self.contact.holding.remove(&id("other"));
        let event = self.event(EventKind::Contact { assignee: false });
        self.process(&event)
    }

    /// What is known of `other`, with a contact of its own and nothing in it.
    pub(crate) fn other(&self) -> OtherContact {
        let contact = Contact::new(ContactId::of(&id("other")), self.now);
        OtherContact { conversation: id("other"), inbox: id("inbox"), contact }
    }

    /// Later.
    pub(crate) fn pass(&mut self, time: std::time::Duration) -> &mut Self {
        self.now = self.now + time;
        self
    }

    /// A new event that reaches us now.
    pub(crate) fn event(&mut self, kind: EventKind) -> Event {
        self.event_at(kind, self.now)
    }

    /// A new event that reached us then.
    pub(crate) fn event_at(&mut self, kind: EventKind, received_at: Timestamp) -> Event {
        self.events += 1;
        Event { id: id(&format!("event-{}", self.events)), sent_at: None, received_at, kind }
    }

    /// What is decided about an event; nothing changes.
    pub(crate) fn decide(&self, event: &Event) -> Decision {
        let policy = Policy {
            account: &self.account,
            directory: &self.directory,
            inbox: &self.inbox,
            bot: self.bot.as_ref(),
        };
        let input = Input {
            conversation: &self.conversation,
            contact: &self.contact,
            event,
            waited: self.waited,
            evidence: &self.evidence,
        };
        decide(&input, &policy, self.now)
    }

    /// Decides and keeps what is to be kept.
    pub(crate) fn process(&mut self, event: &Event) -> Decision {
        if self.conversation.is_revived_by(event) {
            // What finds the conversation does so.
            "client".clone_into(&mut self.conversation.address);
        }
        let decision = self.decide(event);
        if let Decision::Apply(applied) = &decision {
            self.conversation = applied.conversation.clone();
            self.contact = applied.contact.clone();
        }
        decision
    }

    /// Something happens now that is to be kept.
    pub(crate) fn take(&mut self, kind: EventKind) -> Applied {
        self.take_at(kind, self.now)
    }

    /// Something that reached us then is decided now, and kept.
    pub(crate) fn take_at(&mut self, kind: EventKind, received_at: Timestamp) -> Applied {
        let event = self.event_at(kind, received_at);
        match self.process(&event) {
            Decision::Apply(applied) => *applied,
            other @ (Decision::Ignore(_) | Decision::PutBack(_)) => panic!("not kept: {other:?}"),
        }
    }

    /// The same with what is known beside it.
    pub(crate) fn take_with(&mut self, kind: EventKind, evidence: Evidence) -> Applied {
        self.evidence = evidence;
        let applied = self.take(kind);
        self.evidence = Evidence::default();
        applied
    }

    /// A command by a staff member.
    pub(crate) fn command(&mut self, name: &str, kind: CommandKind) -> Applied {
        self.take(command(by(name), kind))
    }

    /// The bot's outcome of a turn of the present epoch.
    pub(crate) fn outcome(&self, result: OutcomeResult) -> Outcome {
        let trigger: EventId = id("trigger");
        let epoch = self.conversation.epoch;
        let reply = match result {
            OutcomeResult::Answered => Some("We open at nine.".to_owned()),
            OutcomeResult::NoAnswer | OutcomeResult::Failed { .. } | OutcomeResult::WantsHandover => None,
        };
        Outcome {
            turn: TurnId::derive(&self.conversation.id, epoch, &trigger),
            epoch,
            trigger,
            result,
            reply,
            retrieval: None,
            reply_signals: ReplySignals::default(),
            fingerprint: None,
        }
    }

    /// The bot answers.
    pub(crate) fn bot_answers(&mut self) -> Applied {
        let outcome = self.outcome(OutcomeResult::Answered);
        self.take(EventKind::Outcome(outcome))
    }

    /// The bot does not know.
    pub(crate) fn bot_does_not_know(&mut self) -> Applied {
        let outcome = self.outcome(OutcomeResult::NoAnswer);
        self.take(EventKind::Outcome(outcome))
    }

    /// The human stretch.
    pub(crate) fn human(&self) -> &HumanControl {
        self.conversation.human().expect("humans in control")
    }

    /// The timer that ends the present pause.
    pub(crate) fn resume_timer(&self) -> Timer {
        let human = self.human();
        let Returns::At(due_at) = human.returns else { panic!("a pause without an end") };
        let sequence = human.resume_sequence;
        Timer { kind: TimerKind::Resume, epoch: self.conversation.epoch, sequence, due_at }
    }

    /// The timer of the live promise.
    pub(crate) fn promise_timer(&self) -> Timer {
        let Promise { epoch, due_at, sequence } = self.conversation.promise.expect("a promise");
        Timer { kind: TimerKind::Promise, epoch, sequence, due_at }
    }
}

/// The effects' kinds in one word each.
pub(crate) fn names(applied: &Applied) -> Vec<String> {
    applied.effects.iter().map(|effect| crate::render::effect(&effect.kind)).collect()
}

/// The notifications: what about, to whom.
pub(crate) fn notifications(applied: &Applied) -> Vec<(NotificationKind, Audience)> {
    applied
        .effects
        .iter()
        .flat_map(|effect| match &effect.kind {
            EffectKind::Notify { about, and, audience, .. } => {
                std::iter::once(*about).chain(*and).map(|about| (about, audience.clone())).collect()
            }
            EffectKind::Send { .. }
            | EffectKind::StartTurn { .. }
            | EffectKind::Arm(_)
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. }
            | EffectKind::Announce { .. } => Vec::new(),
        })
        .collect()
}

/// What is sent to the client, and why.
pub(crate) fn sends(applied: &Applied) -> Vec<Purpose> {
    applied
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::Send { purpose, .. } => Some(*purpose),
            EffectKind::Notify { .. }
            | EffectKind::StartTurn { .. }
            | EffectKind::Arm(_)
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. }
            | EffectKind::Announce { .. } => None,
        })
        .collect()
}

/// The messages that the bot is asked about.
pub(crate) fn turns(applied: &Applied) -> Vec<EventId> {
    applied
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::StartTurn { trigger, .. } => Some(trigger.clone()),
            EffectKind::Notify { .. }
            | EffectKind::Send { .. }
            | EffectKind::Arm(_)
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. }
            | EffectKind::Announce { .. } => None,
        })
        .collect()
}

/// The timers that are set.
pub(crate) fn timers(applied: &Applied) -> Vec<Timer> {
    applied
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::Arm(timer) => Some(timer.clone()),
            EffectKind::Notify { .. }
            | EffectKind::Send { .. }
            | EffectKind::StartTurn { .. }
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. }
            | EffectKind::Announce { .. } => None,
        })
        .collect()
}

/// The other conversations that are to look at the contact, and whether because of its assignee.
pub(crate) fn nudges(applied: &Applied) -> Vec<(ConversationId, bool)> {
    applied
        .effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::Nudge { conversation, assignee, .. } => Some((conversation.clone(), *assignee)),
            EffectKind::Notify { .. }
            | EffectKind::Send { .. }
            | EffectKind::StartTurn { .. }
            | EffectKind::Arm(_)
            | EffectKind::Thread { .. }
            | EffectKind::Erase { .. }
            | EffectKind::Announce { .. } => None,
        })
        .collect()
}

/// The handover that begins.
pub(crate) fn opened(applied: &Applied) -> &Handover {
    let mut opened = applied.handovers.iter().filter_map(|(_, change)| match change {
        HandoverChange::Open(handover) => Some(&**handover),
        HandoverChange::Assigned { .. }
        | HandoverChange::Urgency(_)
        | HandoverChange::FirstReply(_)
        | HandoverChange::Promise { .. }
        | HandoverChange::TaskClosed(_)
        | HandoverChange::Paused { .. }
        | HandoverChange::Ended { .. } => None,
    });
    opened.next().expect("a handover that begins")
}
