//! The last check before text leaves.

use handover_core::*;

use crate::{build::*, world::World};

fn check(world: &World, purpose: Purpose, epoch: u64) -> Fence {
    fence(&world.conversation, purpose, epoch, world.now + minutes(10), world.now)
}

const CHANGED: Fence = Fence::Suppress(Suppressed::ControlChanged);

/// The bot in control (epoch 0), handed over (1), answered by a human (1), back (2).
fn stages() -> [World; 4] {
    let bot = World::new([human_requested()]);
    let mut handed_over = bot.clone();
    handed_over.take(asks(900));
    let mut answered = handed_over.clone();
    answered.take(reply("ana"));
    let mut back = answered.clone();
    back.command("ana", CommandKind::HandBack);
    [bot, handed_over, answered, back]
}

#[test]
fn a_bots_reply_needs_the_bot_in_control_in_the_same_epoch() {
    let [bot, handed_over, answered, back] = stages();
    assert_eq!(check(&bot, Purpose::Bot, 0), Fence::Submit);
    for world in [&handed_over, &answered] {
        assert_eq!(check(world, Purpose::Bot, 0), CHANGED);
        assert_eq!(check(world, Purpose::Bot, 1), CHANGED);
    }
    assert_eq!(check(&back, Purpose::Bot, 0), CHANGED);
    assert_eq!(check(&back, Purpose::Bot, 2), Fence::Submit);
}

#[test]
fn a_closing_message_needs_its_own_handover_open_and_nobody_before_it() {
    let [bot, handed_over, answered, back] = stages();
    assert_eq!(check(&bot, Purpose::Closing, 0), CHANGED);
    assert_eq!(check(&handed_over, Purpose::Closing, 1), Fence::Submit);
    assert_eq!(check(&handed_over, Purpose::Closing, 0), CHANGED);
    assert_eq!(check(&answered, Purpose::Closing, 1), Fence::Suppress(Suppressed::HumanWrote));
    assert_eq!(check(&back, Purpose::Closing, 1), CHANGED);
    for kind in [human_echo(), command(by("ana"), CommandKind::Pause { pause: for_hours(1) })] {
        let mut world = World::new([]);
        world.take(kind);
        assert_eq!(check(&world, Purpose::Closing, 1), CHANGED, "no action, no closing message");
    }
}

#[test]
fn a_staff_members_reply_needs_only_its_ledger() {
    for world in stages() {
        for epoch in 0..3 {
            assert_eq!(check(&world, Purpose::Staff, epoch), Fence::Submit);
        }
    }
}

#[test]
fn nothing_leaves_too_late_or_against_the_clients_wish() {
    let [bot, handed_over, answered, _] = stages();
    for (mut world, purpose, epoch) in
        [(bot, Purpose::Bot, 0), (handed_over, Purpose::Closing, 1), (answered, Purpose::Staff, 1)]
    {
        let state = &world.conversation;
        let late = world.now + std::time::Duration::from_millis(1);
        assert_eq!(fence(state, purpose, epoch, world.now, world.now), Fence::Submit);
        assert_eq!(fence(state, purpose, epoch, world.now, late), Fence::Suppress(Suppressed::Expired));
        world.take(EventKind::Consent { opted_out: true });
        assert_eq!(check(&world, purpose, epoch), Fence::Suppress(Suppressed::OptedOut));
    }
}

#[test]
fn a_closing_message_that_follows_a_humans_message_in_one_decision_is_held_back() {
    // The pause is over, nobody has answered, the business hands over again; and at that very
    // moment a staff member claims and writes.
    let mut world = World::new([HandoverAction { pause: for_hours(1), ..human_requested() }])
        .with(|bot| bot.unanswered = UnansweredPolicy::HandOverAgain);
    world.take(asks(900));
    world.pass(hours(1));
    let timer = world.resume_timer();
    world.take(EventKind::Timer(timer));
    assert_eq!(check(&world, Purpose::Closing, 3), Fence::Submit);
    world.take(reply("ana"));
    assert_eq!(check(&world, Purpose::Closing, 3), Fence::Suppress(Suppressed::HumanWrote));
}
