//! Decisions in one line each.

use std::fmt::Write;

use handover_core::*;

/// The verdict, or what else becomes of the event.
pub(crate) fn verdict(decision: &Decision, now: Timestamp) -> String {
    match decision {
        Decision::Ignore(reason) => format!("*ignored: {}*", reason.name()),
        Decision::PutBack(until) => format!("*put back for {}*", span(now, *until)),
        Decision::Apply(applied) => {
            let mut text = snake(&format!("{:?}", applied.record.verdict));
            match &applied.record.refusal {
                Some(Refusal::ClaimedBy(other)) => write!(text, ": claimed by {}", other.label()),
                Some(refusal) => write!(text, ": {}", snake(&format!("{refusal:?}"))),
                None => Ok(()),
            }
            .expect("a string takes everything");
            if applied.record.resumed {
                text.push_str(" (pause ended first)");
            }
            text
        }
    }
}

/// What changes in the conversation, its contact and its handovers.
pub(crate) fn changes(before: &Conversation, contact: &Contact, applied: &Applied) -> String {
    let after = &applied.conversation;
    let mut parts = Vec::new();
    if after.epoch != before.epoch {
        parts.push(format!("**{}**", control(after)));
    } else if let (Some(was), Some(is)) = (before.human(), after.human()) {
        if was.returns != is.returns {
            parts.push(format!("pause {}", returns(is.returns, applied, after)));
        }
        if was.last_human_at != is.last_human_at {
            parts.push("human wrote".to_owned());
        }
        match (&was.waiting, &is.waiting) {
            (None, Some(_)) => parts.push("client waits".to_owned()),
            (Some(_), None) => parts.push("client waits no more".to_owned()),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    parts.extend(applied.handovers.iter().map(|(epoch, change)| format!("e{epoch} {}", handover(change))));
    if contact.assignee != applied.contact.assignee {
        let to = applied.contact.assignee.as_ref().map_or("nobody".to_owned(), Assignee::label);
        parts.push(format!("contact to {to}"));
    }
    if before.contact != after.contact {
        parts.push("to another contact".to_owned());
    }
    if contact.holding != applied.contact.holding {
        let holding = applied.contact.holding.contains(&before.id);
        parts.push(if holding { "silences all" } else { "silences nobody" }.to_owned());
    }
    if applied.relist {
        parts.push("listed anew".to_owned());
    }
    if before.erased != after.erased {
        parts.push("everything forgotten".to_owned());
    }
    parts.extend(applied.contact.tags.difference(&contact.tags).map(|tag| format!("+{tag}")));
    parts.extend(contact.tags.difference(&applied.contact.tags).map(|tag| format!("-{tag}")));
    if before.issue != after.issue {
        parts.push(after.issue.as_ref().map_or("issue over".to_owned(), |issue| {
            format!("issue: {} failed{}", issue.failed, if issue.answered { ", answered" } else { "" })
        }));
    }
    if before.opted_out != after.opted_out {
        parts.push(if after.opted_out { "opted out" } else { "opted in" }.to_owned());
    }
    parts.join("; ")
}

fn control(conversation: &Conversation) -> String {
    let epoch = conversation.epoch;
    match &conversation.control {
        Control::Bot => format!("bot e{epoch}"),
        Control::Human(human) => format!("human e{epoch} by {}", human.origin.name()),
    }
}

fn returns(returns: Returns, applied: &Applied, after: &Conversation) -> String {
    match returns {
        Returns::ByHand => "until handed back".to_owned(),
        Returns::At(at) => {
            let fresh = applied.effects.iter().any(|effect| match &effect.kind {
                EffectKind::Arm(timer) => {
                    timer.due_at == at
                        && after.human().is_some_and(|human| human.resume_sequence == timer.sequence)
                }
                EffectKind::Send { .. }
                | EffectKind::StartTurn { .. }
                | EffectKind::Notify { .. }
                | EffectKind::Thread { .. }
                | EffectKind::Nudge { .. }
                | EffectKind::Erase { .. }
                | EffectKind::Announce { .. } => false,
            });
            format!("until another time{}", if fresh { "" } else { " WITHOUT A TIMER" })
        }
    }
}

fn handover(change: &HandoverChange) -> String {
    match change {
        HandoverChange::Open(handover) => {
            let assignee = handover.assignee.as_ref().map_or("nobody".to_owned(), Assignee::label);
            let task = if handover.task.is_some() { ", task" } else { "" };
            let promise = match handover.promise {
                PromiseState::Open => "",
                PromiseState::Kept => ", promise kept",
                PromiseState::Released if matches!(handover.origin, Origin::Elsewhere { .. }) => {
                    ", no promise"
                }
                PromiseState::Missed | PromiseState::Released => ", PROMISE SETTLED ALREADY",
            };
            format!("opens for {assignee}{task}{promise}")
        }
        HandoverChange::Assigned { to, claimed_at } => {
            let to = to.as_ref().map_or("nobody".to_owned(), Assignee::label);
            format!("{} {to}", if claimed_at.is_some() { "claimed by" } else { "to" })
        }
        HandoverChange::Urgency(urgency) => format!("urgency {urgency}"),
        HandoverChange::FirstReply(_) => "first reply".to_owned(),
        HandoverChange::Promise { state, .. } => format!("promise {}", snake(&format!("{state:?}"))),
        HandoverChange::TaskClosed(_) => "task closed".to_owned(),
        HandoverChange::Paused { resume_at } => {
            if resume_at.is_some() { "pause moved" } else { "pause without end" }.to_owned()
        }
        HandoverChange::Ended { end, .. } => match end {
            HandoverEnd::PauseEnded => "ends: pause over".to_owned(),
            HandoverEnd::HandedBack { .. } => "ends: handed back".to_owned(),
            HandoverEnd::Resolved { .. } => "ends: resolved".to_owned(),
            HandoverEnd::ElsewhereEnded => "ends: over elsewhere".to_owned(),
            HandoverEnd::TakenOver => "ends: a human stepped in".to_owned(),
            HandoverEnd::Erased => "ends: erased".to_owned(),
        },
    }
}

/// An effect in a word or two.
pub(crate) fn effect(kind: &EffectKind) -> String {
    match kind {
        EffectKind::Send { purpose, text, .. } => match text {
            TextSource::Closing { .. } => "send closing message".to_owned(),
            TextSource::NoAnswer { .. } => "send no-answer message".to_owned(),
            TextSource::Event => format!("send {} text", purpose.name()),
        },
        EffectKind::StartTurn { returning, .. } => {
            if *returning { "ask bot (returning)" } else { "ask bot" }.to_owned()
        }
        EffectKind::Arm(timer) => format!("timer {}", timer.kind.name()),
        EffectKind::Notify { about, and, audience, .. } => {
            let whom = match audience {
                Audience::Admins => "admins".to_owned(),
                Audience::Assignee(assignee) => assignee.label(),
                Audience::AssigneeAndAdmins(assignee) => format!("{} and admins", assignee.label()),
            };
            let and = and.map(|and| format!(" and {}", and.name())).unwrap_or_default();
            format!("tell {whom} {}{and}", about.name())
        }
        EffectKind::Thread { .. } => "move thread".to_owned(),
        EffectKind::Nudge { conversation, assignee, .. } => {
            format!("nudge {conversation}{}", if *assignee { " (assignee)" } else { "" })
        }
        EffectKind::Erase { .. } => "remove what is stored".to_owned(),
        EffectKind::Announce { what, .. } => what.name().to_owned(),
    }
}

/// `2h 5m`, or `-3s` when it is in the past.
fn span(from: Timestamp, to: Timestamp) -> String {
    if to < from {
        return format!("-{}", span(to, from));
    }
    let seconds = to.since(from).as_secs();
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn snake(camel: &str) -> String {
    let mut text = String::new();
    for (index, letter) in camel.char_indices() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
