//! Reply windows and the provider's own thread.

use handover_core::*;

use crate::{
    build::*,
    world::{World, opened},
};

fn at(provider: Provider, channel: Channel, settings: &[&str]) -> World {
    let mut world = World::new([human_requested()]).on(channel);
    world.inbox.provider = provider;
    world.inbox.settings = settings.iter().map(|name| ((*name).to_owned(), "yes".to_owned())).collect();
    world
}

fn threads(applied: &Applied) -> Vec<(ThreadTarget, u64)> {
    let moved = |effect: &Effect| match effect.kind {
        EffectKind::Thread { to, epoch } => Some((to, epoch)),
        EffectKind::Send { .. }
        | EffectKind::StartTurn { .. }
        | EffectKind::Arm(_)
        | EffectKind::Notify { .. }
        | EffectKind::Announce { .. }
        | EffectKind::Nudge { .. }
        | EffectKind::Erase { .. } => None,
    };
    applied.effects.iter().filter_map(moved).collect()
}

#[test]
fn a_handover_says_until_when_a_human_can_write_freely() {
    for (provider, channel, settings, by) in [
        (Provider::WhatsApp, Channel::WhatsApp, &[][..], Some(hours(24))),
        (Provider::Twilio, Channel::WhatsApp, &[], Some(hours(24))),
        (Provider::Twilio, Channel::Sms, &["human_agent"], None),
        (Provider::Messenger, Channel::Messenger, &[], Some(hours(24))),
        (Provider::Messenger, Channel::Other, &["human_agent"], Some(hours(168))),
        (Provider::Instagram, Channel::Instagram, &["human_agent"], Some(hours(168))),
        (Provider::WhatsApp, Channel::WhatsApp, &["human_agent"], Some(hours(24))),
    ] {
        let mut world = at(provider, channel, settings);
        let handover = opened(&world.take(asks(900))).clone();
        assert_eq!(handover.reply_by, by.map(|by| START + by), "{provider:?} {channel:?} {settings:?}");
        // With seven days the task is due first; with one day an hour is left to answer in.
        let due = if by == Some(hours(24)) { hours(23) } else { hours(24) };
        assert_eq!(handover.promise_due_at, START + due, "{provider:?} {channel:?} {settings:?}");
    }
}

#[test]
fn a_client_who_writes_again_can_be_answered_for_longer() {
    let mut world = at(Provider::WhatsApp, Channel::WhatsApp, &[]);
    world.take(asks(900));
    let moved = |applied: &Applied| {
        applied.handovers.iter().find_map(|(epoch, change)| match change {
            HandoverChange::ReplyBy(by) => Some((*epoch, *by)),
            HandoverChange::Open(_)
            | HandoverChange::Assigned { .. }
            | HandoverChange::Urgency(_)
            | HandoverChange::FirstReply(_)
            | HandoverChange::Promise { .. }
            | HandoverChange::TaskClosed(_)
            | HandoverChange::Paused { .. }
            | HandoverChange::Ended { .. } => None,
        })
    };
    let soon = world.pass(minutes(30)).take(says("are you there?"));
    assert_eq!(moved(&soon), None, "within the grain nothing is written");
    let later = world.pass(hours(5)).take(says("hello?"));
    assert_eq!(moved(&later), Some((1, world.now + hours(24))));
    let back = world.command("ana", CommandKind::HandBack);
    assert_eq!(moved(&back), None);
    let after = world.pass(hours(5)).take(says("when do you open?"));
    assert_eq!(moved(&after), None, "the bot has it again");
}

#[test]
fn the_warning_comes_before_the_window_of_humans_closes() {
    for (provider, channel, settings, hours_open) in [
        (Provider::WhatsApp, Channel::WhatsApp, &[][..], 24),
        (Provider::Messenger, Channel::Messenger, &[], 24),
        // The provider says what the channel does not.
        (Provider::Messenger, Channel::Other, &[], 24),
        (Provider::Messenger, Channel::Messenger, &["human_agent"], 168),
        (Provider::Instagram, Channel::Other, &["human_agent"], 168),
    ] {
        let told_at = START + hours(hours_open - 2);
        let mut asked = at(provider, channel, settings);
        asked.take(asks(900));
        assert_eq!(asked.conversation.window_told_at(), Some(told_at), "{provider:?} {settings:?}");
        // Who writes to humans waits in the same way.
        let mut taken = at(provider, channel, settings);
        taken.command("ana", CommandKind::Pause { pause: Pause::UntilHandedBack });
        taken.take(says("hello?"));
        assert_eq!(taken.conversation.window_told_at(), Some(told_at), "{provider:?} {settings:?}");
    }
    let mut sms = at(Provider::Twilio, Channel::Sms, &["human_agent"]);
    sms.take(asks(900));
    assert_eq!(sms.conversation.window_told_at(), None);
}

#[test]
fn a_thread_follows_control_where_that_is_wanted() {
    for provider in [Provider::Messenger, Provider::Instagram, Provider::Chatwoot, Provider::Sunshine] {
        let mut world = at(provider, Channel::Other, &["native_handover"]);
        let applied = world.take(asks(900));
        assert_eq!(threads(&applied), [(ThreadTarget::Humans, 1)], "{provider:?}");
        let kinds: Vec<_> = applied
            .effects
            .iter()
            .filter(|effect| matches!(effect.kind, EffectKind::Send { .. } | EffectKind::Thread { .. }))
            .collect();
        assert!(matches!(kinds[0].kind, EffectKind::Send { .. }), "the closing message goes first");
        assert_eq!(threads(&world.command("ana", CommandKind::HandBack)), [(ThreadTarget::Bot, 2)]);
        let unasked = at(provider, Channel::Other, &[]).take(asks(900));
        assert_eq!(threads(&unasked), [], "{provider:?}");
    }
    let elsewhere = at(Provider::WhatsApp, Channel::WhatsApp, &["native_handover"]).take(asks(900));
    assert_eq!(threads(&elsewhere), []);
}

#[test]
fn a_thread_comes_back_when_the_pause_ends_but_not_twice() {
    let mut world = at(Provider::Messenger, Channel::Messenger, &["native_handover"]);
    world.take(asks(900));
    let back = world.pass(hours(48)).take(says("hello?"));
    assert_eq!(threads(&back), [(ThreadTarget::Bot, 2)]);
    world.take(asks(900));
    // The provider says that the human gave it back: it is with us already.
    let given = world.take(EventKind::ThreadControl(ThreadControl::WithUs));
    assert_eq!((given.record.verdict, threads(&given)), (Verdict::HandedBack, vec![]));
}

#[test]
fn whoever_asks_for_the_thread_gets_it() {
    let mut world = at(Provider::Messenger, Channel::Messenger, &["native_handover"]);
    let asked = world.take(EventKind::ThreadControl(ThreadControl::Requested));
    assert_eq!(
        (asked.record.verdict, threads(&asked)),
        (Verdict::TakenOver, vec![(ThreadTarget::Humans, 1)])
    );
    let again = world.take(EventKind::ThreadControl(ThreadControl::Requested));
    assert_eq!((again.record.verdict, threads(&again)), (Verdict::Noted, vec![]));
    assert_eq!(threads(&world.command("ana", CommandKind::HandBack)), [(ThreadTarget::Bot, 2)]);
    let unmoved = at(Provider::Messenger, Channel::Messenger, &[])
        .take(EventKind::ThreadControl(ThreadControl::Requested));
    assert_eq!((unmoved.record.verdict, threads(&unmoved)), (Verdict::TakenOver, vec![]));
}

#[test]
fn a_thread_that_was_taken_in_the_app_is_taken_back_and_a_pause_moves_none() {
    let mut world = at(Provider::Messenger, Channel::Messenger, &["native_handover"]);
    let taken = world.take(EventKind::ThreadControl(ThreadControl::WithHumans));
    assert_eq!((taken.record.verdict, threads(&taken)), (Verdict::TakenOver, vec![]));
    assert_eq!(threads(&world.command("ana", CommandKind::HandBack)), [(ThreadTarget::Bot, 2)]);
    let pause = CommandKind::Pause { pause: for_hours(1) };
    assert_eq!(threads(&world.command("ana", pause)), []);
    assert_eq!(threads(&world.command("ana", CommandKind::HandBack)), []);
}
