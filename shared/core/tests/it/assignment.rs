//! Who looks after a contact, who is told, and who wins a claim.

use handover_core::{
    NotificationChannel::{Chat, Email, InApp, Sms},
    *,
};

use crate::{build::*, world::*};

fn assigning_to(assignee: Assignee, skip_if_assigned: bool) -> World {
    let assign = Some(Assign { to: assignee, skip_if_assigned });
    World::new([HandoverAction { assign, ..human_requested() }])
}

fn assigned(world: &mut World, to: Option<Assignee>) -> Applied {
    world.command("max", CommandKind::Assign { to })
}

#[test]
fn an_assigned_contact_is_kept_or_moved_as_the_action_says() {
    for (skip_if_assigned, expected) in [(true, "ben"), (false, "ana")] {
        let mut world = assigning_to(staff("ana"), skip_if_assigned);
        world.contact.assignee = Some(staff("ben"));
        let applied = world.take(asks(900));
        assert_eq!(applied.contact.assignee, Some(staff(expected)));
        assert_eq!(opened(&applied).assignee, Some(staff(expected)));
        let told = notifications(&applied).into_iter().map(|(_, audience)| audience);
        assert!(told.eq([Audience::Assignee(staff(expected)), Audience::Assignee(staff(expected))]));
    }
    let applied = assigning_to(staff("ana"), true).take(asks(900));
    assert_eq!(applied.contact.assignee, Some(staff("ana")));
}

#[test]
fn somebody_who_left_keeps_nothing() {
    let mut world = assigning_to(staff("ana"), true);
    world.contact.assignee = Some(staff("gone"));
    assert_eq!(world.take(asks(900)).contact.assignee, Some(staff("ana")));

    let mut world = World::new([lack_of_knowledge()]);
    world.contact.assignee = Some(staff("gone"));
    let applied = world.bot_does_not_know();
    assert_eq!(applied.contact.assignee, None);
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, Audience::Admins)]);

    let mut world = World::new([]);
    world.contact.assignee = Some(staff("gone"));
    assert_eq!(world.take(reply("ana")).contact.assignee, Some(staff("ana")));
}

#[test]
fn an_action_that_assigns_to_somebody_who_left_waits_for_anybody() {
    for missing in [staff("gone"), team("gone")] {
        let mut world = assigning_to(missing, false);
        let applied = world.take(asks(900));
        assert_eq!(applied.record.verdict, Verdict::HandedOver);
        assert_eq!(applied.contact.assignee, None);
        assert_eq!(
            notifications(&applied),
            [
                (NotificationKind::AssigneeMissing, Audience::Admins),
                (NotificationKind::ConversationWaiting, Audience::Admins),
            ]
        );
    }
}

#[test]
fn a_team_or_all_admins_hear_of_what_waits() {
    let applied = assigning_to(team("front"), false).take(asks(900));
    let front = Audience::Assignee(team("front"));
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, front)]);
    let applied = World::new([lack_of_knowledge()]).bot_does_not_know();
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, Audience::Admins)]);
}

#[test]
fn a_claim_has_one_winner() {
    let mut world = assigning_to(team("front"), false);
    world.take(asks(900));
    let at = world.pass(minutes(1)).now;
    let won = world.command("ben", CommandKind::Claim);
    assert_eq!(won.record.verdict, Verdict::Claimed);
    assert_eq!(won.contact.assignee, Some(staff("ben")));
    let change = HandoverChange::Assigned { to: Some(staff("ben")), claimed_at: Some(at) };
    assert_eq!(won.handovers, [(1, change)]);
    let lost = world.command("ana", CommandKind::Claim);
    assert_eq!(lost.record.refusal, Some(Refusal::ClaimedBy(staff("ben"))));
    assert_eq!(lost.contact, won.contact);
    let again = world.command("ben", CommandKind::Claim);
    assert_eq!((again.record.verdict, again.effects.len()), (Verdict::Claimed, 0));
}

#[test]
fn only_known_staff_claim_and_whoever_left_does_not_stand_in_the_way() {
    let mut world = World::new([]);
    for (who, expected) in [
        (Principal::ApiKey(id("key")), Refusal::NotStaff),
        (Principal::System, Refusal::NotStaff),
        (by("eve"), Refusal::NoSuchAssignee),
    ] {
        let applied = world.take(command(who, CommandKind::Claim));
        assert_eq!(applied.record.refusal, Some(expected));
    }
    world.contact.assignee = Some(staff("gone"));
    for with_humans in [false, true] {
        let mut world = world.clone();
        if with_humans {
            world.conversation.epoch = 1;
            let mut other = World::new([]);
            other.take(human_echo());
            world.conversation.control = other.conversation.control;
        }
        let applied = world.command("ana", CommandKind::Claim);
        assert_eq!(applied.contact.assignee, Some(staff("ana")));
    }
}

#[test]
fn a_claim_while_the_bot_has_control_takes_over() {
    let mut world = World::new([]);
    let applied = world.command("ana", CommandKind::Claim);
    assert_eq!(opened(&applied).claimed_at, Some(START));
    assert_eq!(opened(&applied).promise, PromiseState::Open, "claiming is not answering");
    assert!(notifications(&applied).is_empty(), "who claims knows it");
}

#[test]
fn whom_it_was_assigned_to_claims_it_once() {
    let mut world = assigning_to(staff("ana"), false);
    world.take(asks(900));
    let applied = world.command("ana", CommandKind::Claim);
    assert_eq!(names(&applied), ["handover.claimed"]);
    let to = Some(staff("ana"));
    assert_eq!(applied.handovers, [(1, HandoverChange::Assigned { to, claimed_at: Some(START) })]);
    let again = world.command("ana", CommandKind::Claim);
    assert!(again.effects.is_empty() && again.handovers.is_empty(), "once");
}

#[test]
fn tags_have_a_limit() {
    let mut world = World::new([human_requested()]);
    let tag = |number: usize| CommandKind::Tag { tag: format!("tag {number}"), present: true };
    for number in 0..MAX_TAGS {
        world.command("ana", tag(number));
    }
    let refused = world.command("ana", tag(MAX_TAGS));
    assert_eq!(refused.record.refusal, Some(Refusal::TooManyTags));
    world.command("ana", tag(0));
    // A handover is not held up by it.
    world.take(asks(900));
    assert_eq!(world.contact.tags.len(), MAX_TAGS);
}

#[test]
fn each_claim_of_an_epoch_is_announced() {
    let mut world = World::new([]);
    world.take(human_echo());
    let mut claim = |name: &str| {
        let applied = world.command(name, CommandKind::Claim);
        assigned(&mut world, None);
        assert_eq!(names(&applied), ["handover.claimed"]);
        applied.effects.first().map(|effect| effect.id.clone())
    };
    assert_ne!(claim("ana"), claim("ben"));
}

#[test]
fn the_assignment_outlives_the_pause_and_the_next_handover_may_keep_it() {
    let mut world = assigning_to(staff("ana"), true);
    world.take(asks(900));
    assigned(&mut world, Some(staff("ben")));
    let timer = world.pass(hours(48)).resume_timer();
    world.take(EventKind::Timer(timer));
    assert_eq!(world.contact.assignee, Some(staff("ben")));
    assert_eq!(world.take(asks(900)).contact.assignee, Some(staff("ben")));
}

#[test]
fn reassigning_tells_the_new_one_and_moves_the_handover_with_its_task() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let moved = |to: Option<Assignee>| vec![(1, HandoverChange::Assigned { to, claimed_at: None })];
    let applied = assigned(&mut world, Some(staff("ben")));
    assert_eq!(applied.handovers, moved(Some(staff("ben"))));
    let ben = || Audience::Assignee(staff("ben"));
    let told = [(NotificationKind::ConversationAssigned, ben()), (NotificationKind::TaskAssigned, ben())];
    assert_eq!(notifications(&applied), told);

    assert!(assigned(&mut world, Some(staff("ben"))).effects.is_empty(), "nothing new");
    let applied = assigned(&mut world, Some(team("front")));
    assert_eq!(applied.handovers, moved(Some(team("front"))));
    let front = Audience::Assignee(team("front"));
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, front)]);
    let applied = assigned(&mut world, None);
    assert_eq!(applied.handovers, moved(None));
    assert_eq!(notifications(&applied), [(NotificationKind::ConversationWaiting, Audience::Admins)]);
    let applied = assigned(&mut world, Some(staff("gone")));
    assert_eq!(applied.record.refusal, Some(Refusal::NoSuchAssignee));
    assert_eq!(applied.contact.assignee, None);
}

#[test]
fn being_assigned_twice_tells_twice() {
    let mut world = World::new([]);
    let mut tell = |to: &str| {
        let applied = assigned(&mut world, Some(staff(to)));
        applied.effects.first().map(|effect| effect.id.clone())
    };
    let (first, _, second) = (tell("ana"), tell("ben"), tell("ana"));
    assert_ne!(first, second);
}

#[test]
fn a_task_follows_its_assignee_after_the_pause_too() {
    let with_open_task = || {
        let mut world = assigning_to(staff("ana"), false);
        world.take(asks(900));
        let timer = world.pass(hours(48)).resume_timer();
        world.take(EventKind::Timer(timer));
        assert_eq!(world.conversation.open_task, Some(1));
        world
    };
    let to = |name: &str| (1, HandoverChange::Assigned { to: Some(staff(name)), claimed_at: None });
    let applied = assigned(&mut with_open_task(), Some(staff("ben")));
    assert_eq!(applied.handovers, [to("ben")]);

    // A takeover by somebody else, while nobody has the contact.
    let mut world = with_open_task();
    assigned(&mut world, None);
    assert!(world.clone().take(reply("ben")).handovers.contains(&to("ben")));
    assert!(world.command("ben", CommandKind::Claim).handovers.contains(&to("ben")));

    // A handover without a task of its own.
    let mut world = with_open_task();
    let mut action = HandoverAction { create_task: false, ..human_requested() };
    action.assign = Some(Assign { to: staff("ben"), skip_if_assigned: false });
    world.bot().actions = vec![action];
    let applied = world.take(asks(900));
    assert!(applied.handovers.contains(&to("ben")));
    assert_eq!(applied.conversation.open_task, Some(1));
}

#[test]
fn a_new_task_takes_the_place_of_the_old_one() {
    let mut world = assigning_to(staff("ana"), false);
    world.take(asks(900));
    let timer = world.pass(hours(48)).resume_timer();
    world.take(EventKind::Timer(timer));
    let applied = world.take(asks(900));
    assert!(applied.handovers.contains(&(1, HandoverChange::TaskClosed(world.now))));
    assert_eq!(applied.conversation.open_task, Some(3));
}

#[test]
fn a_reply_makes_whoever_writes_first_responsible() {
    let mut world = assigning_to(team("front"), false);
    world.take(asks(900));
    let applied = world.take(reply("ben"));
    assert_eq!(applied.contact.assignee, Some(staff("ben")));
    let applied = world.take(reply("ana"));
    assert_eq!(applied.contact.assignee, Some(staff("ben")), "an assignment ends only by hand");
    let api =
        command(Principal::ApiKey(id("key")), CommandKind::Reply { text: "Hello".to_owned(), seen: None });
    let applied = World::new([]).take(api);
    assert_eq!(applied.contact.assignee, None);
}

#[test]
fn the_first_answer_of_whom_it_is_assigned_to_is_their_claim() {
    let mut world = assigning_to(staff("ana"), false);
    world.take(asks(900));
    let applied = world.take(reply("ana"));
    let claim = HandoverChange::Assigned { to: Some(staff("ana")), claimed_at: Some(world.now) };
    assert!(applied.handovers.contains(&(1, claim)), "{:?}", applied.handovers);
    assert!(applied.conversation.human().unwrap().claimed);
    let again = world.take(reply("ana"));
    assert!(again.handovers.iter().all(|(_, change)| !matches!(change, HandoverChange::Assigned { .. })));
}

#[test]
fn an_answer_that_says_what_its_author_saw_is_refused_when_that_has_changed() {
    let seen_by = |name: &str, epoch, assignee: Option<&str>| {
        let seen = SeenControl { epoch, assignee: assignee.map(staff) };
        let text = "Hello".to_owned();
        command(Principal::Staff(id(name)), CommandKind::Reply { text, seen: Some(seen) })
    };
    let mut world = assigning_to(staff("ana"), false);
    world.take(asks(900));
    world.command("max", CommandKind::Assign { to: Some(staff("ben")) });
    // Ana still sees herself in charge.
    let late = world.take(seen_by("ana", 1, Some("ana")));
    assert_eq!(late.record.refusal, Some(Refusal::ClaimedBy(staff("ben"))));
    assert!(late.effects.is_empty());
    // On purpose it takes the conversation over.
    let taken = world.take(seen_by("ana", 1, Some("ben")));
    assert_eq!((&taken.record.refusal, &taken.contact.assignee), (&None, &Some(staff("ana"))));
    world.command("ana", CommandKind::HandBack);
    let back = world.take(seen_by("ana", 1, Some("ana")));
    assert_eq!(back.record.refusal, Some(Refusal::StaleEpoch));
    assert!(back.conversation.human().is_none(), "the bot keeps it");
    let stepping_in = world.take(seen_by("ana", 2, Some("ana")));
    assert_eq!(stepping_in.record.refusal, None);
    // The pause ends while somebody types.
    world.pass(hours(40));
    let ended = world.take(seen_by("ana", 3, Some("ana")));
    assert_eq!(ended.record.refusal, Some(Refusal::StaleEpoch));
}

#[test]
fn notifications_go_where_they_are_switched_on() {
    let mut world = World::new([]);
    let ana = world.directory.staff.first_mut().expect("ana");
    ana.notifications.conversation_assigned =
        ChannelSwitches { in_app: false, email: true, sms: true, chat: false };
    ana.notifications.task_assigned = ChannelSwitches { in_app: false, email: false, sms: false, chat: true };
    let directory = world.directory;
    let effect: EffectId = id("effect");
    let told = |about, audience: &Audience| -> Vec<(String, NotificationChannel)> {
        let copies = copies(&effect, about, audience, &directory);
        assert!(copies.iter().all(|copy| copy.about == about));
        copies.into_iter().map(|copy| (copy.staff.to_string(), copy.channel)).collect()
    };
    let to = |name: &str, channel| (name.to_owned(), channel);
    let ana = Audience::Assignee(staff("ana"));
    assert_eq!(told(NotificationKind::ConversationAssigned, &ana), [to("ana", Email), to("ana", Sms)]);
    assert_eq!(told(NotificationKind::TaskAssigned, &ana), [to("ana", Chat)]);
    // What has no switch is shown in the console.
    let front = Audience::Assignee(team("front"));
    assert_eq!(told(NotificationKind::ConversationWaiting, &front), [to("ana", InApp), to("ben", InApp)]);
    let both = Audience::AssigneeAndAdmins(staff("ben"));
    assert_eq!(told(NotificationKind::PromiseMissed, &both), [to("ben", InApp), to("max", InApp)]);
    // An assignee who is an admin as well is told once.
    let max = Audience::AssigneeAndAdmins(staff("max"));
    assert_eq!(told(NotificationKind::PromiseMissed, &max), [to("max", InApp)]);
    assert_eq!(told(NotificationKind::LoopGuard, &Audience::Admins), [to("max", InApp)]);
    assert!(told(NotificationKind::Urgent, &Audience::Assignee(staff("gone"))).is_empty());
}

#[test]
fn each_copy_has_an_id_of_its_own() {
    let effect: EffectId = id("effect");
    let mut ids: Vec<_> = ["ana", "ben"]
        .iter()
        .flat_map(|name| NotificationChannel::ALL.map(|channel| effect.copy_for(&id(name), channel.name())))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 8);
}

#[test]
fn automations_hear_of_what_happened() {
    let announced = |applied: &Applied| -> Vec<Announcement> {
        let what = |effect: &Effect| match &effect.kind {
            EffectKind::Announce { what, .. } => Some(*what),
            EffectKind::Send { .. }
            | EffectKind::StartTurn { .. }
            | EffectKind::Arm(_)
            | EffectKind::Notify { .. }
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. } => None,
        };
        applied.effects.iter().filter_map(what).collect()
    };
    let mut world = World::new([human_requested()]);
    let started = world.take(asks(900));
    let expected = [Announcement::TagAdded, Announcement::HandoverStarted, Announcement::TaskCreated];
    assert_eq!(announced(&started), expected);
    let missed = world.pass(hours(24)).take(says("hello?"));
    assert_eq!(announced(&missed), [Announcement::PromiseMissed, Announcement::TaskOverdue]);
    assert_eq!(
        announced(&world.take(reply("ana"))),
        [Announcement::FirstReply, Announcement::HandoverClaimed]
    );
    assert_eq!(announced(&world.take(reply("ana"))), []);
    assert_eq!(announced(&world.command("ana", CommandKind::HandBack)), [Announcement::HandoverEnded]);
}
