//! What our own side's traffic leads to: echoes, delivery results, thread control, consent.

use crate::{
    Bug, Decision, Delivery, DeliveryResult, ECHO_WAIT, Echo, EchoAuthor, EchoEvidence, HandoverEnd, Ignored,
    NotificationKind, Purpose, Suppressed, ThreadControl, ThreadTarget, Verdict, planted,
};

use super::{draft::Draft, too_old};

/// The client's own word: what else was concluded counts no more.
pub(super) fn consent(mut draft: Draft<'_>, opted_out: bool) -> Decision {
    draft.conversation.opted_out = opted_out;
    draft.conversation.refused_at = None;
    draft.apply(if opted_out { Verdict::OptedOut } else { Verdict::Noted })
}

/// A message of our side, seen on the webhook. Only one that the provider says is a human's, or
/// whose author is unknown where the inbox says that such are humans', takes control.
pub(super) fn echo(mut draft: Draft<'_>, echo: &Echo) -> Decision {
    match (&echo.author, draft.input.evidence.echo) {
        (EchoAuthor::Human { .. }, EchoEvidence::Ours) if planted(Bug::OwnEchoTakesControl) => {}
        (EchoAuthor::Ours, _) | (_, EchoEvidence::Ours) => return Decision::Ignore(Ignored::OwnEcho),
        (_, EchoEvidence::Undecided) if !draft.input.waited => {
            return Decision::PutBack(draft.now + ECHO_WAIT);
        }
        (_, EchoEvidence::Undecided | EchoEvidence::NotOurs) => {}
    }
    let app = match &echo.author {
        EchoAuthor::Human { app } => app.clone(),
        EchoAuthor::Unknown if draft.policy.inbox.unknown_sender_is_human => {
            draft.policy.inbox.provider.name().to_owned()
        }
        EchoAuthor::Unknown | EchoAuthor::Automation { .. } | EchoAuthor::Ours => {
            return draft.apply(Verdict::Noted);
        }
    };
    if too_old(draft.input.event, draft.now) {
        return draft.apply(Verdict::TooOld);
    }
    if draft.before_hand_back() {
        return draft.apply(Verdict::BeforeHandBack);
    }
    // Before the pause is looked at: an echo may have waited past its end, and a human's message
    // within the pause keeps the bot quiet.
    let in_stretch = draft.in_stretch() && !draft.humans_are_elsewhere();
    if in_stretch {
        draft.human_wrote();
    }
    draft.end_waiting();
    draft.settle(false);
    if in_stretch || (draft.conversation.human().is_some() && !draft.humans_are_elsewhere()) {
        draft.apply(Verdict::Noted)
    } else {
        draft.take_over(None, Some(app), true);
        draft.apply(Verdict::TakenOver)
    }
}

pub(super) fn thread_control(mut draft: Draft<'_>, control: ThreadControl) -> Decision {
    if too_old(draft.input.event, draft.now) {
        return draft.apply(Verdict::TooOld);
    }
    if draft.before_hand_back() {
        return draft.apply(Verdict::BeforeHandBack);
    }
    draft.settle(false);
    let with_humans = draft.conversation.human().is_some() && !draft.humans_are_elsewhere();
    match control {
        ThreadControl::WithHumans if !with_humans => {
            let app = draft.policy.inbox.provider.name().to_owned();
            draft.take_over(None, Some(app), false);
            draft.apply(Verdict::TakenOver)
        }
        ThreadControl::WithUs if with_humans => {
            let at = draft.at();
            draft.settle_by_hand();
            draft.end(at, HandoverEnd::HandedBack { by: None }, false);
            draft.follow_holders(false);
            draft.apply(Verdict::HandedBack)
        }
        // Whoever asks for the thread wants to answer: they get it, and the bot falls silent.
        ThreadControl::Requested if !with_humans => {
            let app = draft.policy.inbox.provider.name().to_owned();
            draft.take_over(None, Some(app), false);
            draft.move_thread(ThreadTarget::Humans);
            draft.apply(Verdict::TakenOver)
        }
        ThreadControl::WithHumans | ThreadControl::WithUs | ThreadControl::Requested => {
            draft.apply(Verdict::Noted)
        }
    }
}

/// A text of ours did not simply go out. Staff hear of what a client was promised or told by
/// them; a bot's failure tells the admins once a day.
pub(super) fn delivery(mut draft: Draft<'_>, delivery: &Delivery) -> Decision {
    match &delivery.result {
        // A staff member believes that the answer went out; what the bot was to say is moot.
        DeliveryResult::Suppressed(_) if delivery.purpose == Purpose::Staff => {}
        // The client was to hear that somebody will come, and the provider took nothing for too long.
        DeliveryResult::Suppressed(Suppressed::Expired) if delivery.purpose == Purpose::Closing => {}
        DeliveryResult::Suppressed(_) => return draft.apply(Verdict::Noted),
        DeliveryResult::Failed { class, .. } if class == "opted_out" => {
            if !draft.conversation.opted_out || draft.conversation.refused_at.is_some() {
                draft.conversation.refused_at = Some(draft.at());
            }
            draft.conversation.opted_out = true;
        }
        DeliveryResult::Failed { .. } | DeliveryResult::Unknown => {}
    }
    match delivery.purpose {
        Purpose::Staff | Purpose::Closing => {
            let cause = delivery.effect.to_string();
            draft.notify(NotificationKind::DeliveryFailed, draft.responsible(), &cause);
        }
        Purpose::Bot => draft.alert_daily(NotificationKind::DeliveryFailed),
    }
    draft.apply(Verdict::Noted)
}
