//! Doing what was committed: effects become messages and timers. Doing it twice is harmless.

use std::time::Duration;

use handover_core::{
    Account, Bug, ClosingMessage, CommandKind, Content, Conversation, ConversationId, Directory, Effect,
    EffectId, EffectKind, Envelope, EventId, EventKind, Feedback, Inbox, InboxId, Purpose, TextSource,
    ThreadTarget, Timestamp, TurnId, copies, planted,
};

use crate::{
    Clock, Failure, Policies, Queues, Timers,
    queue::{Announced, Departure, Notice, Outbound, Sign, ThreadMove, Timed, Turn, own_event, timer_event},
    store::MessageItem,
};

/// Where committed effects go.
#[derive(Clone, Debug)]
pub(crate) struct Publisher {
    pub(crate) queues: Queues,
    pub(crate) timers: Timers,
    pub(crate) clock: Clock,
}

/// What is known when effects are published: enough to turn references into messages.
pub(crate) struct Context<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) conversation: &'a Conversation,
    pub(crate) account: &'a (Account, Directory),
    pub(crate) policies: &'a Policies,
    pub(crate) inbox: &'a Inbox,
    /// The marker, as committed.
    pub(crate) marker: &'a MessageItem,
}

impl Publisher {
    /// Publishes a committed decision's effects: texts first, since a client waits for them.
    ///
    /// Any failure leaves the input on its queue, so that all of it is published again.
    pub(crate) async fn publish(&self, context: &Context<'_>, effects: &[Effect]) -> Result<(), Failure> {
        let now = self.clock.now();
        // When the cause reached us: everything that follows from it counts from there.
        let at = context.marker.at;
        let mut departures = Vec::new();
        let mut turns = Vec::new();
        let mut notices = Vec::new();
        let mut announced = Vec::new();
        let mut timers = Vec::new();
        let mut looks = Vec::new();
        for effect in effects {
            match &effect.kind {
                EffectKind::Send { purpose, text, epoch } => {
                    if let Some(text) = context.text(text).await? {
                        if *purpose == Purpose::Staff {
                            departures.extend(context.sign(Purpose::Staff, *epoch, None));
                        }
                        departures.push(context.outbound(&effect.id, *purpose, *epoch, text));
                    }
                }
                EffectKind::StartTurn { turn, epoch, trigger, earlier, wait_s, returning } => {
                    let own = *trigger == context.marker.id;
                    let message = context.marker.provider_message.clone().filter(|_| own);
                    departures.extend(context.sign(Purpose::Bot, *epoch, message));
                    let mut turn = context.turn(turn, *epoch, trigger);
                    turn.earlier.clone_from(earlier);
                    turn.returning = *returning;
                    turns.push((turn, Duration::from_secs((*wait_s).into())));
                }
                EffectKind::Arm(timer) => timers.push(timer_event(
                    &context.conversation.account,
                    &context.conversation.inbox,
                    &context.conversation.id,
                    timer,
                    now,
                )),
                EffectKind::Notify { about, and, audience, epoch } => {
                    let scenario = context.conversation.human().and_then(|human| human.origin.scenario());
                    let also = and.iter().map(|and| (effect.id.also(and.name()), *and));
                    for (id, about) in std::iter::once((effect.id.clone(), *about)).chain(also) {
                        let copies = copies(&id, about, audience, &context.account.1);
                        notices.extend(copies.into_iter().map(|notification| Notice {
                            account: context.conversation.account.clone(),
                            notification,
                            conversation: Some(context.conversation.id.clone()),
                            contact: Some(context.conversation.contact.clone()),
                            epoch: *epoch,
                            scenario,
                            at,
                        }));
                    }
                }
                EffectKind::Announce { what, epoch } => {
                    let (account, directory) = context.account;
                    let webhooks = directory.webhooks.iter().filter(|webhook| webhook.hears(*what));
                    let bus = account.event_bus.then_some(None);
                    announced.extend(webhooks.map(Some).chain(bus).map(|webhook| Announced {
                        account: context.conversation.account.clone(),
                        webhook: webhook.map(|webhook| webhook.id.clone()),
                        id: webhook.map_or(effect.id.clone(), |webhook| effect.id.copy_at(&webhook.id)),
                        what: *what,
                        inbox: context.conversation.inbox.clone(),
                        conversation: context.conversation.id.clone(),
                        contact: context.conversation.contact.clone(),
                        epoch: *epoch,
                        tag: context.tag_by_hand(),
                        at,
                    }));
                }
                EffectKind::Nudge { conversation, inbox, assignee } => looks.push(Timed::Event {
                    envelope: Box::new(contact_event(context, &effect.id, conversation, inbox, *assignee)),
                }),
                EffectKind::Erase { until, epoch } => looks.push(Timed::Erase {
                    account: context.conversation.account.clone(),
                    conversation: context.conversation.id.clone(),
                    until: *until,
                    epoch: *epoch,
                    again: false,
                }),
                EffectKind::Thread { to, epoch } => departures.push(context.thread(&effect.id, *to, *epoch)),
            }
        }
        let texts =
            async { if departures.is_empty() { Ok(()) } else { self.queues.outbound(&departures).await } };
        let turns = async { if turns.is_empty() { Ok(()) } else { self.queues.turns(&turns).await } };
        let notices = async { if notices.is_empty() { Ok(()) } else { self.queues.notices(&notices).await } };
        let announced =
            async { if announced.is_empty() { Ok(()) } else { self.queues.announcements(&announced).await } };
        let looks = async {
            let none = looks.is_empty() || planted(Bug::NudgesDropped);
            if none { Ok(()) } else { self.queues.timed_all(&looks, Duration::ZERO).await }
        };
        let timers = self.arm_all(&timers, now);
        let (texts, turns, notices, announced, looks, timers) =
            tokio::join!(texts, turns, notices, announced, looks, timers);
        let notices = if planted(Bug::NoticesDropped) { Ok(()) } else { notices };
        texts.and(turns).and(notices).and(announced).and(looks).and(timers)
    }

    async fn arm_all(&self, timers: &[Envelope], now: Timestamp) -> Result<(), Failure> {
        for timer in timers {
            self.timers.arm(timer, now).await?;
        }
        Ok(())
    }
}

/// Whether an effect has somebody to do it. Announcements that nobody listens to have not; committing them
/// would cost capacity for nothing.
pub(crate) fn keeps(effect: &Effect, (account, directory): &(Account, Directory)) -> bool {
    match &effect.kind {
        EffectKind::Announce { what, .. } => {
            account.event_bus || directory.webhooks.iter().any(|webhook| webhook.hears(*what))
        }
        EffectKind::Thread { .. }
        | EffectKind::Send { .. }
        | EffectKind::StartTurn { .. }
        | EffectKind::Arm(_)
        | EffectKind::Notify { .. }
        | EffectKind::Nudge { .. }
        | EffectKind::Erase { .. } => true,
    }
}

impl Context<'_> {
    fn outbound(&self, effect: &EffectId, purpose: Purpose, epoch: u64, text: String) -> Departure {
        Departure::Text(Outbound {
            account: self.conversation.account.clone(),
            inbox: self.conversation.inbox.clone(),
            conversation: self.conversation.id.clone(),
            effect: effect.clone(),
            purpose,
            epoch,
            expires_at: self.marker.at + purpose.expires_after(),
            text,
        })
    }

    /// A question to the bot about one message.
    fn turn(&self, turn: &TurnId, epoch: u64, trigger: &EventId) -> Turn {
        Turn {
            account: self.conversation.account.clone(),
            inbox: self.conversation.inbox.clone(),
            conversation: self.conversation.id.clone(),
            turn: turn.clone(),
            epoch,
            trigger: trigger.clone(),
            earlier: Vec::new(),
            fingerprint: self.own_fingerprint(trigger),
            text: self.own_text(trigger),
            returning: false,
        }
    }

    fn thread(&self, effect: &EffectId, thread_to: ThreadTarget, epoch: u64) -> Departure {
        Departure::Thread(ThreadMove {
            account: self.conversation.account.clone(),
            inbox: self.conversation.inbox.clone(),
            conversation: self.conversation.id.clone(),
            effect: effect.clone(),
            thread_to,
            epoch,
        })
    }

    /// Word to the client that an answer is being written, where the inbox can show that.
    fn sign(&self, typing: Purpose, epoch: u64, message: Option<String>) -> Option<Departure> {
        let names_it = message.is_some() || !self.inbox.provider.typing_names_message();
        (self.inbox.shows_typing() && names_it).then(|| {
            Departure::Sign(Sign {
                account: self.conversation.account.clone(),
                inbox: self.conversation.inbox.clone(),
                conversation: self.conversation.id.clone(),
                typing,
                epoch,
                message,
            })
        })
    }

    /// The text that a source names; `None` when the event that held it is gone for good.
    async fn text(&self, source: &TextSource) -> Result<Option<String>, Failure> {
        let account = &self.conversation.account;
        match source {
            TextSource::Closing { bot, revision, action } => {
                let revision = if planted(Bug::ClosingOfAnotherRevision) { 1 } else { *revision };
                let bot = self.policies.revision(account, bot, revision).await?;
                let closing = bot.bot.action(action).map(|action| action.closing_message.clone());
                Ok(match closing {
                    Some(ClosingMessage::Text(text)) => Some(text),
                    Some(ClosingMessage::SendNothing) | None => None,
                })
            }
            TextSource::NoAnswer { bot, revision } => {
                let bot = self.policies.revision(account, bot, *revision).await?;
                Ok(Some(bot.bot.no_answer_message.clone()))
            }
            // The input that is being published again holds its text itself.
            TextSource::Event => Ok(event_text(&self.envelope.event.kind).map(str::to_owned)),
        }
    }

    /// The tag that a command puts on the contact.
    fn tag_by_hand(&self) -> Option<String> {
        let EventKind::Command(command) = &self.envelope.event.kind else { return None };
        let CommandKind::Tag { tag, present: true } = &command.kind else { return None };
        Some(tag.clone())
    }

    /// What the event's own message is about, when it is the turn's trigger. "That did not help" is about
    /// what was asked before.
    fn own_fingerprint(&self, trigger: &EventId) -> Option<String> {
        let EventKind::Message(message) = &self.envelope.event.kind else { return None };
        let own = *trigger == self.marker.id && message.signals.feedback == Feedback::Neutral;
        message.signals.fingerprint.clone().filter(|_| own)
    }

    /// The event's own text, when it is the turn's trigger.
    fn own_text(&self, trigger: &EventId) -> Option<String> {
        if *trigger != self.marker.id {
            return None;
        }
        match &self.envelope.event.kind {
            EventKind::Message(message) => message.content.text().map(str::to_owned),
            EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Receipt(_)
            | EventKind::Echo(_)
            | EventKind::Consent { .. }
            | EventKind::ThreadControl(_)
            | EventKind::System { .. }
            | EventKind::Delivery(_)
            | EventKind::Outcome(_)
            | EventKind::Timer(_)
            | EventKind::Command(_)
            | EventKind::Contact { .. } => None,
        }
    }
}

/// A hint for another conversation of the contact. The same effect always makes the same event.
fn contact_event(
    context: &Context<'_>,
    effect: &EffectId,
    conversation: &ConversationId,
    inbox: &InboxId,
    assignee: bool,
) -> Envelope {
    let id = EventId::of(conversation, "contact", effect.as_str());
    let at = context.marker.at;
    own_event(&context.conversation.account, inbox, conversation, id, at, EventKind::Contact { assignee })
}

/// What an event says to the client.
fn event_text(kind: &EventKind) -> Option<&str> {
    use handover_core::CommandKind as Kind;
    match kind {
        EventKind::Outcome(outcome) => outcome.reply.as_deref(),
        EventKind::Command(command) => match &command.kind {
            Kind::Reply { text, .. } | Kind::BotMessage { text, .. } => {
                Some(text.as_str()).filter(|text| !text.is_empty())
            }
            Kind::Claim
            | Kind::Assign { .. }
            | Kind::HandBack
            | Kind::Resolve
            | Kind::Pause { .. }
            | Kind::StartHandover { .. }
            | Kind::Tag { .. }
            | Kind::CompleteTask
            | Kind::Link { .. }
            | Kind::Unlink
            | Kind::Release { .. }
            | Kind::Erase => None,
        },
        EventKind::Message(_)
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Receipt(_)
        | EventKind::Echo(_)
        | EventKind::Consent { .. }
        | EventKind::ThreadControl(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Timer(_)
        | EventKind::Contact { .. } => None,
    }
}

/// What of an event the transcript keeps.
pub(crate) fn kept_content(kind: &EventKind) -> Option<Content> {
    match kind {
        EventKind::Message(message) | EventKind::Edited { content: message, .. } => {
            Some(message.content.clone())
        }
        EventKind::Echo(echo) => Some(echo.content.clone()),
        EventKind::Outcome(_) | EventKind::Command(_) => {
            event_text(kind).map(|text| Content::Text(text.to_owned()))
        }
        EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Receipt(_)
        | EventKind::Consent { .. }
        | EventKind::ThreadControl(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Timer(_)
        | EventKind::Contact { .. } => None,
    }
}
