//! What one conversation of a contact means for the others, and what a contact leaves behind.

use crate::{
    Assignee, Audience, CommandKind, Contact, ContactId, Control, Conversation, ConversationId, DayCount,
    Decision, EffectKind, Erased, Event, EventKind, Handover, HandoverChange, HandoverEnd, Ignored,
    MAX_LINKED, NotificationKind, Origin, PromiseState, Refusal, Returns, Verdict,
};

use super::draft::Draft;

/// Whether an event is about what has been erased, so that nothing may be kept of it.
pub(super) fn is_of_the_erased(conversation: &Conversation, event: &Event) -> bool {
    let Some(erased) = conversation.erased else { return false };
    match &event.kind {
        EventKind::Message(_) | EventKind::Consent { .. } => false,
        // Asked again: the same again.
        EventKind::Command(command) if command.kind == CommandKind::Erase => false,
        EventKind::Outcome(outcome) => outcome.epoch < erased.epoch,
        EventKind::Echo(_) | EventKind::ThreadControl(_) => event.received_at < erased.at,
        EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reaction { .. }
        | EventKind::Receipt(_)
        | EventKind::System { .. }
        | EventKind::Delivery(_)
        | EventKind::Timer(_)
        | EventKind::Command(_)
        | EventKind::Contact { .. } => conversation.is_erased() || event.received_at < erased.at,
    }
}

/// Something about the contact changed in another conversation.
pub(super) fn changed(mut draft: Draft<'_>, assignee: bool) -> Decision {
    let epoch = draft.conversation.epoch;
    draft.settle(false);
    let same = draft.conversation.epoch == epoch && draft.handovers.is_empty();
    if !assignee && same && draft.happened.is_none() {
        return Decision::Ignore(Ignored::NothingDue);
    }
    if assignee {
        draft.follow_assignee();
        if draft.contact.assignee.is_none() && draft.is_with_humans_here() {
            let cause = draft.event_id().to_string();
            draft.notify(NotificationKind::ConversationWaiting, Audience::Admins, &cause);
        }
    }
    let verdict = match (draft.record.resumed, draft.conversation.epoch == epoch) {
        (true, _) => Verdict::PauseEnded,
        (false, false) => Verdict::PauseSet,
        (false, true) if assignee => Verdict::Assigned,
        (false, true) => draft.happened.unwrap_or(Verdict::PromiseMissed),
    };
    draft.apply(verdict)
}

/// Somebody is no longer there.
pub(super) fn release(mut draft: Draft<'_>, from: &Assignee) -> Decision {
    if draft.contact.assignee.as_ref() == Some(from) {
        draft.give_to(None, false);
        draft.relist = true;
    } else {
        draft.follow_assignee();
    }
    draft.apply(Verdict::Assigned)
}

/// The client is the same person as another conversation's: their contact is this one's from now on.
pub(super) fn link(mut draft: Draft<'_>) -> Decision {
    let Some(other) = &draft.input.evidence.other else {
        return draft.refuse(Refusal::NoSuchConversation);
    };
    if other.contact.id == draft.contact.id {
        return draft.apply(Verdict::Linked);
    }
    if !draft.contact.linked.is_empty() {
        return draft.refuse(Refusal::AlreadyLinked);
    }
    let mut contact = other.contact.clone();
    contact.linked = contact.conversations(&other.conversation, &other.inbox);
    if contact.linked.len() >= MAX_LINKED {
        return draft.refuse(Refusal::TooManyLinked);
    }
    let own = draft.conversation.id.clone();
    contact.linked.insert(own.clone(), draft.conversation.inbox.clone());
    // What it leaves stays as it is, for whoever undoes this.
    let mut left = draft.contact.clone();
    if left.holding.remove(&own) {
        contact.holding.insert(own);
    }
    contact.tags.extend(left.tags.iter().cloned());
    contact.assignee = contact.assignee.or_else(|| left.assignee.clone());
    draft.stored.clone_from(&other.contact);
    draft.move_to(contact, left);
    draft.apply(Verdict::Linked)
}

/// They are not the same person after all: the conversation gets back the contact that it had.
pub(super) fn unlink(mut draft: Draft<'_>) -> Decision {
    let own = draft.conversation.id.clone();
    let other = draft.input.evidence.other.as_ref();
    let home = other.filter(|other| other.contact.id == ContactId::of(&own));
    let Some(home) = home.filter(|_| draft.contact.id != ContactId::of(&own)) else {
        return draft.refuse(Refusal::NotLinked);
    };
    let mut left = draft.contact.clone();
    let mut contact = home.contact.clone();
    if left.holding.contains(&own) {
        contact.holding.insert(own.clone());
    }
    left.leave(&own);
    // Whoever looks after the client goes on doing so.
    contact.assignee = left.assignee.clone().or(contact.assignee);
    draft.move_to(contact, left);
    draft.apply(Verdict::Unlinked)
}

/// Forgets what is known of the client here. The counters go on.
pub(super) fn erase(mut draft: Draft<'_>) -> Decision {
    let (at, own) = (draft.at(), draft.conversation.id.clone());
    draft.settle_by_hand();
    // There will be nothing left to ask about.
    draft.take_back_turn();
    if draft.conversation.human().is_some() {
        draft.end(at, HandoverEnd::Erased, true);
    } else {
        // Twice: the bot keeps control, and nothing that is under way belongs to this epoch.
        draft.conversation.epoch = draft.conversation.epoch.saturating_add(2);
    }
    let mut left = draft.contact.clone();
    left.leave(&own);
    left.tags.clear();
    left.assignee = None;
    if draft.contact.id == ContactId::of(&own) {
        draft.contact = left;
    } else {
        let home = draft.input.evidence.other.as_ref().map(|other| &other.contact);
        let home = home.filter(|home| home.id == ContactId::of(&own));
        let stored = home.cloned().unwrap_or_else(|| Contact::new(ContactId::of(&own), at));
        draft.contact = Contact { version: stored.version, ..Contact::new(stored.id, at) };
        draft.left = Some(left);
    }
    let (conversation, contact) = (&mut draft.conversation, &draft.contact);
    conversation.contact = contact.id.clone();
    conversation.address.clear();
    conversation.control = Control::Bot;
    conversation.control_since = at;
    conversation.handed_back_at = None;
    conversation.last_client_at = None;
    conversation.issue = None;
    conversation.asked = None;
    conversation.recent.clear();
    conversation.bot_messages = DayCount::default();
    conversation.erased = Some(Erased { at, epoch: conversation.epoch });
    let (cause, epoch) = (draft.event_id().to_string(), draft.conversation.epoch);
    draft.effect("erase", &cause, EffectKind::Erase { until: at, epoch });
    draft.apply(Verdict::Erased)
}

impl Draft<'_> {
    /// Whether humans own this conversation only because they own another one of the contact.
    pub(super) fn humans_are_elsewhere(&self) -> bool {
        self.conversation.human().is_some_and(crate::HumanControl::is_elsewhere)
    }

    fn is_with_humans_here(&self) -> bool {
        self.conversation.human().is_some() && !self.humans_are_elsewhere()
    }

    /// The bot is silent here while humans own another conversation that silences it everywhere.
    pub(super) fn follow_holders(&mut self, answers_itself: bool) {
        let holder = self.contact.holder_for(&self.conversation.id).cloned();
        match (&self.conversation.control, holder) {
            (Control::Bot, Some(holder)) => self.wait_elsewhere(holder),
            (Control::Human(human), None) if human.is_elsewhere() => {
                self.record.resumed = true;
                self.end(self.at(), HandoverEnd::ElsewhereEnded, answers_itself);
            }
            (Control::Bot, None) | (Control::Human(_), _) => {}
        }
    }

    /// Silences the bot because of another conversation. Nobody has promised the client anything here.
    fn wait_elsewhere(&mut self, conversation: ConversationId) {
        let at = self.at();
        let origin = Origin::Elsewhere { conversation };
        self.give_to_humans(origin.clone(), Returns::ByHand, false);
        let epoch = self.conversation.epoch;
        let handover = Handover {
            epoch,
            origin,
            trigger: self.event_id().clone(),
            started_at: at,
            resume_at: None,
            assignee: self.contact.assignee.clone(),
            tag: None,
            task: None,
            promise_due_at: at,
            promise: PromiseState::Released,
            promise_settled_at: Some(at),
            urgency: 0,
            claimed_at: None,
            first_reply_at: None,
            ended_at: None,
            end: None,
        };
        self.change(epoch, HandoverChange::Open(Box::new(handover)));
    }

    /// A human steps in here: from now on it is a stretch of its own.
    pub(super) fn leave_elsewhere(&mut self) {
        if self.humans_are_elsewhere() {
            self.end(self.at(), HandoverEnd::TakenOver, true);
        }
    }

    /// The open handover and its task follow the contact's assignee, and so do the lists.
    pub(super) fn follow_assignee(&mut self) {
        let to = self.contact.assignee.clone();
        let of_control = self.conversation.human().map(|_| self.conversation.epoch);
        let of_task = self.conversation.open_task.filter(|epoch| Some(*epoch) != of_control);
        for epoch in of_control.into_iter().chain(of_task) {
            self.change(epoch, HandoverChange::Assigned { to: to.clone(), claimed_at: None });
        }
        self.relist = true;
    }

    /// The conversation leaves `left` for `contact`.
    fn move_to(&mut self, contact: Contact, left: Contact) {
        self.conversation.contact = contact.id.clone();
        self.contact = contact;
        self.left = Some(left);
        self.follow_assignee();
        self.follow_holders(false);
    }

    /// Tells the contact's other conversations of what has changed for them.
    pub(super) fn nudge_others(&mut self) {
        // What is erased is erased in all of them.
        if self.record.verdict == Verdict::Erased {
            return;
        }
        // Theirs is the contact that is left, or the one that is joined.
        let after = self.left.as_ref().filter(|left| left.id == self.stored.id).unwrap_or(&self.contact);
        let assignee = self.stored.assignee != after.assignee;
        if !assignee && self.stored.holding == after.holding {
            return;
        }
        let mut others = self.stored.linked.clone();
        others.extend(after.linked.clone());
        others.remove(&self.conversation.id);
        for (conversation, inbox) in others {
            let cause = format!("{}-{conversation}", self.event_id());
            self.effect("nudge", &cause, EffectKind::Nudge { conversation, inbox, assignee });
        }
    }
}
