//! One event, whole: load, decide, commit, publish. Used by every function that changes
//! conversations.

mod line;
mod receipts;

use std::{borrow::Cow, future::Future, pin::Pin};

use handover_core::{
    AccountId, Applied, Bug, CommandKind, Contact, ContactId, Conversation, ConversationId, Decision,
    EchoEvidence, Effect, EffectKind, Envelope, EventKind, Evidence, Ignored, Input, MAX_LINKED,
    NotificationKind, OtherContact, Record, Refusal, Timestamp, decide, planted,
};
use handover_detect::same_issue;

use crate::{
    Clock, Failure, Policies, Queues, Reader, Settings, Store, Timers,
    batch::Received,
    is_to_be_understood,
    process::line::message_item,
    publish::{Context, Publisher, keeps},
    store::{Commit, Committed, Head, LedgerState, MessageItem},
    telemetry,
};

/// How often an event is decided anew when others write in between.
const MAX_ATTEMPTS: u32 = 4;
/// How often an alias is followed: pointers never chain, so one hop and a race.
const MAX_HOPS: u32 = 3;

/// What became of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Processed {
    /// It was decided, committed and published now.
    Committed(Box<Record>),
    /// It had been committed by this very enqueue, and is published again.
    Republished(Box<Record>),
    /// It had been committed by another enqueue: the provider sent it twice.
    Duplicate(Box<Record>),
    /// Nothing is kept of it.
    Ignored(Ignored),
    /// It comes back at this instant.
    PutBack(Timestamp),
}

/// What an attempt at an event gives.
type Attempted = Result<Next, Failure>;

/// What comes after an attempt.
enum Next {
    /// Nothing: this became of it.
    Done(Processed),
    /// The same again: somebody else wrote in between.
    Again,
    /// Another event that follows from this one.
    Then(Box<Envelope>),
}

/// Processes events.
#[derive(Clone, Debug)]
pub struct Processor {
    store: Store,
    policies: std::sync::Arc<Policies>,
    reader: Option<Reader>,
    publisher: Publisher,
}

/// A conversation as an event finds it.
struct Found {
    conversation: Conversation,
    /// As it is stored.
    stored: Conversation,
    contact: Contact,
    /// Other identities, seen for the first time: they shall point here.
    aliases: Vec<ConversationId>,
}

impl Processor {
    /// A processor on this table, these queues and timers. `reader`: where it
    /// meets texts.
    pub fn new(store: Store, queues: Queues, timers: Timers, clock: Clock, reader: Option<Reader>) -> Self {
        let policies = std::sync::Arc::new(Policies::new(store.clone(), clock.clone(), reader));
        Self { store, policies, reader, publisher: Publisher { queues, timers, clock } }
    }

    /// The store.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The settings, kept in memory for a while.
    pub fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The queues.
    pub const fn queues(&self) -> &Queues {
        &self.publisher.queues
    }

    /// The timers.
    pub const fn timers(&self) -> &Timers {
        &self.publisher.timers
    }

    /// The time.
    pub const fn clock(&self) -> &Clock {
        &self.publisher.clock
    }

    /// Processes one event: load, decide, commit, publish. Processing it again changes nothing
    /// and publishes again what it led to.
    ///
    /// # Errors
    /// [`Failure::Retry`] while something is in the way, before or after the commit;
    /// [`Failure::Quarantine`] only before it.
    pub async fn process(&self, envelope: &Envelope) -> Result<Processed, Failure> {
        let mut event = Cow::Borrowed(envelope);
        // It came in with more than could be understood while its provider waited.
        if is_to_be_understood(&envelope.event.kind) {
            telemetry::count("understood", "late");
            (self.reader.ok_or(Reader::NONE)?.message)(&mut event.to_mut().event.kind);
        }
        for _ in 0..MAX_ATTEMPTS {
            // Boxed by type as well: what it is made of is too deep for its callers' layouts.
            let attempt: Pin<Box<dyn Future<Output = Attempted> + Send + '_>> =
                Box::pin(self.attempt(&event));
            match attempt.await? {
                Next::Done(processed) => return Ok(processed),
                Next::Again => {}
                Next::Then(other) => event = Cow::Owned(*other),
            }
        }
        Err(Failure::retry("others keep writing to this conversation"))
    }

    /// Puts an event aside that has been tried often and long and has never committed: it kills
    /// the process, or nobody has thought of it.
    ///
    /// # Errors
    /// [`Failure::Quarantine`] when that is so; [`Failure::Retry`] when it cannot be told.
    pub async fn refuse_suspect(&self, envelope: &Envelope, received: &Received) -> Result<(), Failure> {
        if !received.is_suspect(self.clock().now()) {
            return Ok(());
        }
        let found = self.follow(&envelope.account, envelope.conversation.clone()).await?;
        let conversation = found.map_or_else(|| envelope.conversation.clone(), |(found, _)| found.id);
        match self.store.message(&envelope.account, &conversation, &envelope.event.id).await? {
            Some(_) => Ok(()),
            None => Err(Failure::quarantine("tried too often")),
        }
    }

    /// One attempt.
    async fn attempt(&self, envelope: &Envelope) -> Attempted {
        let now = self.clock().now();
        let Found { conversation, stored, contact, aliases } = self.find(envelope, now).await?;
        if let EventKind::Receipt(receipt) = &envelope.event.kind {
            let failed = self.note_receipt(envelope, &conversation, receipt).await?;
            return Ok(match failed {
                Some(failed) => Next::Then(Box::new(failed)),
                None => Next::Done(Processed::Ignored(Ignored::Receipt)),
            });
        }
        let settings = self.policies.load(&envelope.account, &conversation.inbox).await?;
        let evidence = self.gather(envelope, &conversation, &settings).await?;
        let input = Input {
            conversation: &conversation,
            contact: &contact,
            event: &envelope.event,
            waited: envelope.waited,
            evidence: &evidence,
        };
        let applied = match decide(&input, &settings.policy(), now) {
            Decision::Apply(applied) => applied,
            Decision::Ignore(reason) => {
                return self.ignore(envelope, &conversation, &settings, reason).await.map(Next::Done);
            }
            Decision::PutBack(due_at) => {
                let mut later = envelope.clone();
                later.waited = matches!(envelope.event.kind, EventKind::Echo(_));
                self.timers().put_back(&later, due_at, now).await?;
                return Ok(Next::Done(Processed::PutBack(due_at)));
            }
        };
        // Whoever is missed may have been made since the settings were read.
        if misses_somebody(&applied) && self.policies.refresh(&envelope.account, &settings.account).await? {
            return Ok(Next::Again);
        }
        let effects: Vec<Effect> =
            applied.effects.iter().filter(|effect| keeps(effect, &settings.account)).cloned().collect();
        let message = message_item(envelope, &conversation, &settings, &applied, effects);
        if planted(Bug::PublishedBeforeCommit) {
            self.publish(envelope, &applied.conversation, &settings, &message).await?;
        }
        let committed = self
            .store
            .commit(&Commit {
                applied: &applied,
                before: &stored,
                contact_before: &contact,
                message: &message,
                aliases: &aliases,
                retention_days: settings.account.0.retention_days,
            })
            .await?;
        match committed {
            Committed::Moved if !planted(Bug::MovedCountsAsDone) => Ok(Next::Again),
            Committed::Done | Committed::Moved => {
                telemetry::decided(&applied.record);
                self.publish(envelope, &applied.conversation, &settings, &message).await?;
                Ok(Next::Done(Processed::Committed(Box::new(message.record))))
            }
            Committed::Already(marker) => {
                self.already(envelope, &conversation, &settings, *marker).await.map(Next::Done)
            }
        }
    }

    /// A marker stands: ours is published again, somebody else's is a duplicate.
    async fn already(
        &self,
        envelope: &Envelope,
        conversation: &Conversation,
        settings: &Settings,
        marker: MessageItem,
    ) -> Result<Processed, Failure> {
        if marker.delivery_id != envelope.delivery_id || planted(Bug::NotPublishedAgain) {
            return Ok(Processed::Duplicate(Box::new(marker.record)));
        }
        self.publish(envelope, conversation, settings, &marker).await?;
        Ok(Processed::Republished(Box::new(marker.record)))
    }

    /// Nothing is kept of the event; but if an earlier delivery of it was committed and died
    /// before it was published (a timer looks stale once it has done its work), that is made good.
    async fn ignore(
        &self,
        envelope: &Envelope,
        conversation: &Conversation,
        settings: &Settings,
        reason: Ignored,
    ) -> Result<Processed, Failure> {
        let may_be_ours = matches!(envelope.event.kind, EventKind::Timer(_) | EventKind::Contact { .. });
        if may_be_ours {
            let marker = self.store.message(&envelope.account, &conversation.id, &envelope.event.id).await?;
            if let Some(marker) = marker {
                return self.already(envelope, conversation, settings, marker).await;
            }
        }
        telemetry::count("ignored", reason.name());
        Ok(Processed::Ignored(reason))
    }

    async fn publish(
        &self,
        envelope: &Envelope,
        conversation: &Conversation,
        settings: &Settings,
        marker: &MessageItem,
    ) -> Result<(), Failure> {
        let context = Context {
            envelope,
            conversation,
            account: &settings.account,
            policies: &self.policies,
            inbox: &settings.inbox,
            marker,
        };
        Box::pin(self.publisher.publish(&context, &marker.effects)).await
    }

    /// The conversation that an event belongs to, made anew for a client who is new.
    async fn find(&self, envelope: &Envelope, now: Timestamp) -> Result<Found, Failure> {
        let account = &envelope.account;
        if let Some(known) = self.follow(account, envelope.conversation.clone()).await? {
            return self.known(envelope, known, Vec::new()).await;
        }
        // The strongest identity is new. A weaker one may be an old acquaintance.
        for identity in envelope.identities.iter().skip(1).filter(|_| !planted(Bug::WeakIdentitiesIgnored)) {
            let id = ConversationId::derive(&envelope.account, &envelope.inbox, identity);
            if let Some(known) = self.follow(account, id).await? {
                return self.known(envelope, known, vec![envelope.conversation.clone()]).await;
            }
        }
        let Some(identity) = envelope.identities.first() else {
            return Err(Failure::quarantine("conversation does not exist"));
        };
        let settings = self.policies.load(&envelope.account, &envelope.inbox).await?;
        let mut conversation = Conversation::new(
            envelope.account.clone(),
            envelope.conversation.clone(),
            envelope.inbox.clone(),
            settings.inbox.channel,
            envelope.address.clone().unwrap_or_else(|| identity.clone()),
            envelope.event.received_at.min(now),
        );
        let contact = match self.named_contact(envelope).await? {
            Some(named) => named,
            None => Contact::new(conversation.contact.clone(), conversation.control_since),
        };
        conversation.contact = contact.id.clone();
        // All of them were just seen to be new.
        let weaker = envelope.identities.iter().skip(1);
        let mut aliases: Vec<ConversationId> = weaker
            .map(|identity| ConversationId::derive(&envelope.account, &envelope.inbox, identity))
            .filter(|id| *id != envelope.conversation)
            .collect();
        aliases.sort_unstable();
        aliases.dedup();
        Ok(Found { stored: conversation.clone(), conversation, contact, aliases })
    }

    /// A conversation that is known already. One whose client was erased begins anew with what they write.
    async fn known(
        &self,
        envelope: &Envelope,
        (stored, mut contact): (Conversation, Contact),
        aliases: Vec<ConversationId>,
    ) -> Result<Found, Failure> {
        let mut conversation = stored.clone();
        let revived = conversation.is_revived_by(&envelope.event);
        if (revived || (envelope.event.moves_address() && !conversation.is_erased()))
            && let Some(address) = envelope.address.as_ref().or(envelope.identities.first())
        {
            conversation.address.clone_from(address);
        }
        if revived && let Some(named) = self.named_contact(envelope).await? {
            conversation.contact = named.id.clone();
            contact = named;
        }
        Ok(Found { conversation, stored, contact, aliases })
    }

    /// The contact that the provider or the business names, unless it has too many conversations already.
    async fn named_contact(&self, envelope: &Envelope) -> Result<Option<Contact>, Failure> {
        let Some(person) = &envelope.person else { return Ok(None) };
        let id = ContactId::named(&envelope.account, person);
        let contact = self.store.contact(&envelope.account, &id, envelope.event.received_at).await?;
        Ok(Some(contact).filter(|contact| contact.linked.len() < MAX_LINKED))
    }

    async fn follow(
        &self,
        account: &AccountId,
        mut id: ConversationId,
    ) -> Result<Option<(Conversation, Contact)>, Failure> {
        for _ in 0..MAX_HOPS {
            match self.store.head(account, &id).await? {
                Head::Absent => return Ok(None),
                Head::MovedTo(elsewhere) => id = elsewhere,
                Head::Here { conversation, contact } => return Ok(Some((*conversation, *contact))),
            }
        }
        Err(Failure::quarantine("identities point at each other"))
    }

    /// What can only be known beside the event: matched phrases, the same issue, the ledger.
    async fn gather(
        &self,
        envelope: &Envelope,
        conversation: &Conversation,
        settings: &Settings,
    ) -> Result<Evidence, Failure> {
        let mut evidence = Evidence::default();
        let issue = conversation.issue.as_ref().and_then(|issue| issue.fingerprint.as_deref());
        match &envelope.event.kind {
            EventKind::Message(message) | EventKind::Edited { content: message, .. } => {
                let own = message.content.text().filter(|_| !message.forwarded);
                if let (Some(bot), Some(text)) = (&settings.bot, own) {
                    let phrases = self.policies.phrases(&envelope.account, bot).await?;
                    evidence.phrases = phrases.matches(text, &message.signals);
                }
                evidence.same_issue = same_issue(issue, message.signals.fingerprint.as_deref());
            }
            EventKind::Outcome(outcome) => {
                evidence.same_issue = same_issue(issue, outcome.fingerprint.as_deref());
            }
            EventKind::Echo(echo) => {
                evidence.echo = self.recognise(conversation, echo).await?;
            }
            EventKind::Deleted { .. }
            | EventKind::Reaction { .. }
            | EventKind::Receipt(_)
            | EventKind::Consent { .. }
            | EventKind::ThreadControl(_)
            | EventKind::System { .. }
            | EventKind::Delivery(_)
            | EventKind::Timer(_)
            | EventKind::Contact { .. } => {}
            EventKind::Command(command) => {
                evidence.other = self.other_contact(conversation, &command.kind).await?;
            }
        }
        Ok(evidence)
    }

    /// The contact that a command may move the conversation to.
    async fn other_contact(
        &self,
        conversation: &Conversation,
        command: &CommandKind,
    ) -> Result<Option<OtherContact>, Failure> {
        let account = &conversation.account;
        match command {
            CommandKind::Link { with } => {
                let found = self.follow(account, with.clone()).await?;
                let found = found.filter(|(other, _)| !other.is_erased());
                Ok(found.map(|(other, contact)| OtherContact {
                    conversation: other.id,
                    inbox: other.inbox,
                    contact,
                }))
            }
            CommandKind::Unlink | CommandKind::Erase => {
                let own = ContactId::of(&conversation.id);
                if own == conversation.contact {
                    return Ok(None);
                }
                let contact = self.store.contact(account, &own, conversation.control_since).await?;
                let (conversation, inbox) = (conversation.id.clone(), conversation.inbox.clone());
                Ok(Some(OtherContact { conversation, inbox, contact }))
            }
            CommandKind::Claim
            | CommandKind::Assign { .. }
            | CommandKind::Reply { .. }
            | CommandKind::HandBack
            | CommandKind::Resolve
            | CommandKind::Pause { .. }
            | CommandKind::StartHandover { .. }
            | CommandKind::Tag { .. }
            | CommandKind::CompleteTask
            | CommandKind::Release { .. }
            | CommandKind::BotMessage { .. } => Ok(None),
        }
    }

    /// Compares an echo with the ledger: by correlation data, the provider's id, the text's hash.
    async fn recognise(
        &self,
        conversation: &Conversation,
        echo: &handover_core::Echo,
    ) -> Result<EchoEvidence, Failure> {
        let (account, id) = (&conversation.account, &conversation.id);
        if let Some(effect) = &echo.effect
            && self.store.ledger_entry(account, id, effect).await?.is_some()
        {
            return Ok(EchoEvidence::Ours);
        }
        let hash = echo.content.text().map(|text| text_hash(id, text));
        let mut undecided = false;
        for entry in self.store.ledger(account, id).await? {
            let same_text = hash.as_ref().is_some_and(|hash| entry.says(hash));
            // The same words said again by a human are a human's, once ours are accounted for.
            if entry.is_called(&echo.message) || (entry.may_come_nameless() && same_text) {
                return Ok(EchoEvidence::Ours);
            }
            undecided |= matches!(entry.state, LedgerState::Claimed | LedgerState::Unknown);
        }
        Ok(if undecided { EchoEvidence::Undecided } else { EchoEvidence::NotOurs })
    }
}

/// Whether a decision rests on a staff member or team that is not there.
fn misses_somebody(applied: &Applied) -> bool {
    let told = |effect: &Effect| {
        matches!(&effect.kind, EffectKind::Notify { about: NotificationKind::AssigneeMissing, .. })
    };
    applied.record.refusal == Some(Refusal::NoSuchAssignee) || applied.effects.iter().any(told)
}

/// What a text's echo is recognised by: 130 bits of a hash that is salted with the conversation.
pub fn text_hash(conversation: &ConversationId, text: &str) -> String {
    handover_core::EffectId::derive(conversation, "text", text.trim()).to_string()
}
