//! One contact in several conversations, and a contact who is forgotten.

use handover_core::*;

use crate::{
    build::*,
    world::{World, notifications, nudges, opened, sends, turns},
};

/// A bot that is silent in all of a contact's conversations, and a contact with two.
fn linked() -> World {
    World::new([human_requested()]).with(|bot| bot.pause_all_inboxes = true).linked()
}

fn kept(decision: Decision) -> Applied {
    match decision {
        Decision::Apply(applied) => *applied,
        other @ (Decision::Ignore(_) | Decision::PutBack(_)) => panic!("not kept: {other:?}"),
    }
}

fn link(world: &mut World, other: OtherContact) -> Applied {
    let with = other.conversation.clone();
    let evidence = Evidence { other: Some(other), ..Evidence::default() };
    world.take_with(command(by("ana"), CommandKind::Link { with }), evidence)
}

#[test]
fn a_handover_silences_the_bot_in_the_contacts_other_conversations_until_it_ends() {
    let mut world = linked();
    let applied = world.take(asks(900));
    assert_eq!(nudges(&applied), [(id("other"), true)], "assigned, and to be silent");
    assert!(applied.contact.holding.contains(&world.conversation.id));
    let applied = world.command("ana", CommandKind::HandBack);
    assert!(applied.contact.holding.is_empty());
    assert_eq!(nudges(&applied), [(id("other"), false)]);
}

#[test]
fn and_so_does_a_takeover_but_not_where_the_business_does_not_want_it() {
    let mut world = linked();
    assert_eq!(nudges(&world.take(human_echo())), [(id("other"), false)]);
    let mut world = linked().with(|bot| bot.pause_all_inboxes = false);
    let applied = world.take(human_echo());
    assert_eq!((nudges(&applied), applied.contact.holding.len()), (vec![], 0));
}

#[test]
fn humans_elsewhere_are_no_promise_and_tell_nobody() {
    let mut world = linked();
    let applied = kept(world.hold_elsewhere());
    assert_eq!((applied.record.verdict, applied.conversation.epoch), (Verdict::PauseSet, 1));
    let handover = opened(&applied);
    assert_eq!(handover.promise, PromiseState::Released);
    assert_eq!((applied.effects.len(), applied.conversation.promise), (0, None));
    // A bot's text that was decided before is refused by the fence.
    let verdict = fence(&world.conversation, Purpose::Bot, 0, world.now, world.now);
    assert_eq!(verdict, Fence::Suppress(Suppressed::ControlChanged));
    // Told twice, or for nothing, it changes nothing.
    assert_eq!(world.hold_elsewhere(), Decision::Ignore(Ignored::NothingDue));
    let applied = world.take(says("hello?"));
    assert_eq!(applied.record.verdict, Verdict::Paused);
    world.pass(minutes(1));
    let applied = kept(world.end_elsewhere());
    assert_eq!((applied.record.verdict, applied.conversation.epoch), (Verdict::PauseEnded, 2));
    assert_eq!(turns(&applied).len(), 1, "the bot answers what waited");
    assert_eq!(world.end_elsewhere(), Decision::Ignore(Ignored::NothingDue));
}

#[test]
fn a_lost_hint_is_made_good_by_whatever_comes_next() {
    let mut world = linked();
    world.contact.holding.insert(id("other"));
    let applied = world.take(says("hello"));
    assert_eq!(applied.record.verdict, Verdict::Paused);
    assert_eq!(world.human().waiting.as_ref().map(|waiting| &waiting.event), Some(&opened(&applied).trigger));
    world.contact.holding.clear();
    let applied = world.take(says("hello again"));
    assert_eq!((applied.record.verdict, applied.record.resumed), (Verdict::Turn, true));
    assert_eq!(turns(&applied).len(), 1, "the bot sees both");
    // The bot's answer that comes too late is none.
    let mut world = linked();
    world.contact.holding.insert(id("other"));
    let outcome = world.outcome(OutcomeResult::Answered);
    let applied = world.take(EventKind::Outcome(outcome));
    assert_eq!((applied.record.verdict, sends(&applied).len()), (Verdict::StaleOutcome, 0));
    // And neither may an external bot speak.
    let mut world = linked();
    world.contact.holding.insert(id("other"));
    let applied = world.take(bot_message(0, ReplySignals::default()));
    assert_eq!(applied.record.refusal, Some(Refusal::StaleEpoch));
}

#[test]
fn who_steps_in_here_has_a_stretch_of_their_own() {
    for step in [reply("ana"), human_echo(), command(by("ana"), CommandKind::Pause { pause: for_hours(1) })] {
        let mut world = linked();
        world.hold_elsewhere();
        world.pass(minutes(1));
        let applied = world.take(step.clone());
        assert_eq!(applied.conversation.epoch, 3, "{step:?}");
        assert!(!world.human().is_elsewhere() && world.contact.holding.len() == 2, "{step:?}");
        // What ends elsewhere ends nothing here.
        world.pass(minutes(1));
        assert_eq!(world.end_elsewhere(), Decision::Ignore(Ignored::NothingDue), "{step:?}");
        assert!(world.conversation.human().is_some());
    }
    let mut world = linked();
    world.hold_elsewhere();
    let applied = world.command("max", CommandKind::StartHandover { action: None });
    assert_eq!((applied.record.verdict, sends(&applied).len()), (Verdict::HandedOver, 1));
}

#[test]
fn a_stretch_that_ends_while_humans_are_elsewhere_goes_on_as_theirs() {
    let mut world = linked();
    world.take(human_echo());
    world.hold_elsewhere();
    let timer = world.resume_timer();
    world.pass(hours(12));
    let applied = world.take(EventKind::Timer(timer));
    assert_eq!(applied.conversation.epoch, 3);
    assert!(world.human().is_elsewhere() && turns(&applied).is_empty());
}

#[test]
fn a_hand_back_by_hand_is_for_all_of_them() {
    let mut world = linked();
    world.hold_elsewhere();
    let applied = world.command("ana", CommandKind::HandBack);
    assert_eq!(applied.conversation.control, Control::Bot);
    assert!(applied.contact.holding.is_empty());
    assert_eq!(nudges(&applied), [(id("other"), false)]);
    // But the provider's own word is about the provider's thread alone.
    let mut world = linked();
    world.hold_elsewhere();
    let applied = world.take(EventKind::ThreadControl(ThreadControl::WithUs));
    assert_eq!(applied.record.verdict, Verdict::Noted);
    assert!(world.human().is_elsewhere());
}

#[test]
fn the_open_handover_and_the_lists_follow_the_contacts_assignee() {
    let mut world = linked();
    world.take(asks(900));
    world.contact.assignee = Some(staff("ben"));
    let applied = world.take(EventKind::Contact { assignee: true });
    let assigned = HandoverChange::Assigned { to: Some(staff("ben")), claimed_at: None };
    assert_eq!(applied.handovers, [(1, assigned)]);
    assert!(applied.relist && notifications(&applied).is_empty());
    world.contact.assignee = None;
    let applied = world.take(EventKind::Contact { assignee: true });
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, Audience::Admins)]);
}

#[test]
fn skip_if_assigned_is_judged_by_the_contact() {
    let assign = Some(Assign { to: staff("ana"), skip_if_assigned: true });
    let mut world = World::new([HandoverAction { assign, ..human_requested() }]);
    let mut other = world.other();
    other.contact.assignee = Some(staff("ben"));
    link(&mut world, other);
    let applied = world.take(asks(900));
    assert_eq!(opened(&applied).assignee, Some(staff("ben")), "who looks after them in the other inbox");
}

#[test]
fn linking_brings_both_together_and_can_be_undone() {
    let mut world = World::new([human_requested()]).with(|bot| bot.pause_all_inboxes = true);
    world.command("ana", tag("vip", true));
    world.take(asks(900));
    let own = world.contact.clone();
    let mut other = world.other();
    other.contact.version = 4;
    other.contact.tags.insert("regular".to_owned());
    let applied = link(&mut world, other.clone());
    assert_eq!(applied.record.verdict, Verdict::Linked);
    assert_eq!((&applied.contact.id, applied.contact.version), (&other.contact.id, 4));
    assert_eq!(applied.conversation.contact, other.contact.id);
    let tags: Vec<&str> = applied.contact.tags.iter().map(String::as_str).collect();
    assert_eq!(tags, ["human_handover", "regular", "vip"]);
    assert_eq!(applied.contact.assignee, Some(staff("ana")));
    assert!(applied.contact.holding.contains(&world.conversation.id), "its handover silences the other too");
    assert_eq!(nudges(&applied), [(id("other"), true)]);
    let left = applied.left.expect("the contact that it leaves");
    assert_eq!(left, Contact { holding: [].into(), ..own });
    // Linked already: nothing changes.
    let same = OtherContact { contact: world.contact.clone(), ..other.clone() };
    let applied = link(&mut world, same);
    assert_eq!((applied.record.verdict, applied.left), (Verdict::Linked, None));

    let home = OtherContact { conversation: world.conversation.id.clone(), contact: left.clone(), ..other };
    world.evidence.other = Some(home);
    let applied = world.command("ana", CommandKind::Unlink);
    assert_eq!(applied.record.verdict, Verdict::Unlinked);
    assert_eq!(applied.contact, Contact { holding: [world.conversation.id.clone()].into(), ..left });
    let left = applied.left.clone().expect("the contact that it leaves");
    assert!(left.linked.is_empty() && left.holding.is_empty());
    assert_eq!(nudges(&applied), [(id("other"), false)], "its handover silences the other no more");
}

#[test]
fn what_cannot_be_linked_is_told_why() {
    let refusal = |applied: Applied| applied.record.refusal;
    let mut world = World::new([human_requested()]);
    let nowhere = command(by("ana"), CommandKind::Link { with: id("nowhere") });
    assert_eq!(refusal(world.take(nowhere)), Some(Refusal::NoSuchConversation));
    let mut full = world.other();
    full.contact.linked = (0..MAX_LINKED).map(|number| (id(&format!("c{number}")), id("inbox"))).collect();
    assert_eq!(refusal(link(&mut world, full)), Some(Refusal::TooManyLinked));
    assert_eq!(refusal(world.command("ana", CommandKind::Unlink)), Some(Refusal::NotLinked));
    let mut several = linked();
    let other = OtherContact { conversation: id("third"), ..several.other() };
    let other = OtherContact { contact: Contact::new(id("third"), START), ..other };
    assert_eq!(refusal(link(&mut several, other)), Some(Refusal::AlreadyLinked));
}

#[test]
fn a_new_conversation_of_a_named_contact_joins_it() {
    let mut world = World::new([human_requested()]);
    let named = ContactId::named(&world.account.id, "generic:7");
    world.contact = Contact::new(named.clone(), START);
    world.contact.linked.insert(id("other"), id("inbox"));
    world.conversation.contact = named;
    let applied = world.take(says("hello"));
    let joined: Vec<&ConversationId> = applied.contact.linked.keys().collect();
    assert_eq!(joined.len(), 2);
    assert!(joined.contains(&&world.conversation.id));
    assert_eq!(world.take(says("and more")).contact, applied.contact);
}

#[test]
fn who_has_left_is_released_and_nobody_else() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let release = |from| command(Principal::System, CommandKind::Release { from });
    let applied = world.take(release(staff("ben")));
    assert_eq!((applied.contact.assignee, applied.relist), (Some(staff("ana")), true));
    let applied = world.take(release(staff("ana")));
    assert_eq!(applied.contact.assignee, None);
    let released = HandoverChange::Assigned { to: None, claimed_at: None };
    assert_eq!(applied.handovers, [(1, released)]);
    assert!(notifications(&applied).is_empty(), "the admins are told once for all of them");
    // The promise stands, and falls to the admins.
    let timer = world.promise_timer();
    world.pass(hours(24));
    let applied = world.take(EventKind::Timer(timer));
    assert_eq!(notifications(&applied), [(NotificationKind::PromiseMissed, Audience::Admins)]);
}

#[test]
fn an_erased_client_leaves_nothing_but_the_counters() {
    let mut world =
        World::new([human_requested()]).with(|bot| bot.pause_all_inboxes = true).on(Channel::WhatsApp);
    world.command("ana", tag("vip", true));
    world.take(asks(900));
    let (resume, promise) = (world.resume_timer(), world.promise_timer());
    world.pass(minutes(5));
    let applied = world.take(command(Principal::ApiKey(id("key")), CommandKind::Erase));
    assert_eq!(applied.record.verdict, Verdict::Erased);
    let state = &applied.conversation;
    assert!(state.is_erased());
    let fresh = Conversation {
        epoch: 2,
        erased: Some(Erased { at: world.now, epoch: 2 }),
        timer_sequence: state.timer_sequence,
        address: String::new(),
        control_since: world.now,
        ..Conversation::new(
            world.account.id.clone(),
            state.id.clone(),
            world.inbox.id.clone(),
            Channel::WhatsApp,
            String::new(),
            world.now,
        )
    };
    assert_eq!(*state, fresh);
    let contact = &applied.contact;
    assert_eq!((contact.assignee.clone(), contact.tags.len(), contact.holding.len()), (None, 0, 0));
    let ends = |change: &(u64, HandoverChange)| {
        matches!(change.1, HandoverChange::Ended { end: HandoverEnd::Erased, .. })
    };
    assert!(applied.handovers.iter().any(ends));
    // Nothing of before is kept when it comes in now.
    let mut late = world.outcome(OutcomeResult::Answered);
    late.epoch = 0;
    for kind in [
        EventKind::Outcome(late),
        EventKind::Timer(resume),
        EventKind::Timer(promise),
        reply("ana"),
        edit(says("hello")),
        EventKind::Contact { assignee: true },
        EventKind::Deleted { message: "m1".to_owned() },
    ] {
        let event = world.event(kind);
        assert_eq!(world.decide(&event), Decision::Ignore(Ignored::Erased), "{event:?}");
    }
    let old_echo = world.event_at(human_echo(), world.now.minus(seconds(1)));
    assert_eq!(world.decide(&old_echo), Decision::Ignore(Ignored::Erased));
    // Asked again it is the same again.
    let again = world.take(command(Principal::ApiKey(id("key")), CommandKind::Erase));
    assert!(again.conversation.is_erased());
    // And the client begins anew.
    world.pass(minutes(1));
    let applied = world.take(asks(900));
    assert_eq!((applied.record.verdict, applied.conversation.epoch), (Verdict::HandedOver, 5));
    assert_eq!(sends(&applied).len(), 1);
}

#[test]
fn an_opt_out_outlives_the_erasure() {
    let mut world = World::new([human_requested()]);
    world.take(EventKind::Consent { opted_out: true });
    let applied = world.take(command(Principal::ApiKey(id("key")), CommandKind::Erase));
    assert!(applied.conversation.opted_out);
}

#[test]
fn who_is_erased_leaves_the_contact_that_they_shared() {
    let mut world = World::new([human_requested()]);
    let other = world.other();
    link(&mut world, other.clone());
    let mut home = Contact::new(ContactId::of(&world.conversation.id), START);
    (home.version, home.tags) = (6, ["old".to_owned()].into());
    world.evidence.other = Some(OtherContact { contact: home, ..other });
    let applied = world.take(command(Principal::ApiKey(id("key")), CommandKind::Erase));
    assert_eq!((applied.contact.version, applied.contact.tags.len()), (6, 0));
    assert_eq!(applied.conversation.contact, applied.contact.id);
    assert!(applied.left.as_ref().expect("the shared contact").linked.is_empty());
    assert_eq!(nudges(&applied), []);
}
