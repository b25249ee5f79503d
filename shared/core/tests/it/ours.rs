//! Our own side's traffic: echoes, thread control, delivery results, consent.

use handover_core::*;

use crate::{build::*, world::*};

fn human_echo_with(evidence: EchoEvidence, waited: bool) -> Decision {
    let mut world = World::new([]);
    world.evidence.echo = evidence;
    world.waited = waited;
    let event = world.event(human_echo());
    world.decide(&event)
}

fn verdict(decision: &Decision) -> Option<Verdict> {
    match decision {
        Decision::Apply(applied) => Some(applied.record.verdict),
        Decision::PutBack(_) | Decision::Ignore(_) => None,
    }
}

#[test]
fn only_a_humans_echo_takes_control() {
    let taken = |author: EchoAuthor, unknown_is_human: bool| {
        let mut world = World::new([human_requested()]);
        world.inbox.unknown_sender_is_human = unknown_is_human;
        let event = world.event(echo(author));
        verdict(&world.process(&event)) == Some(Verdict::TakenOver)
    };
    for unknown_is_human in [false, true] {
        assert!(taken(EchoAuthor::Human { app: "Page Inbox".to_owned() }, unknown_is_human));
        assert!(!taken(EchoAuthor::Automation { app: "campaigns".to_owned() }, unknown_is_human));
        assert!(!taken(EchoAuthor::Ours, unknown_is_human));
        assert_eq!(taken(EchoAuthor::Unknown, unknown_is_human), unknown_is_human);
    }
}

#[test]
fn an_echo_that_may_be_ours_waits_once() {
    assert_eq!(human_echo_with(EchoEvidence::Undecided, false), Decision::PutBack(START + seconds(30)));
    assert_eq!(verdict(&human_echo_with(EchoEvidence::Undecided, true)), Some(Verdict::TakenOver));
    assert_eq!(verdict(&human_echo_with(EchoEvidence::NotOurs, false)), Some(Verdict::TakenOver));
    for waited in [false, true] {
        assert_eq!(human_echo_with(EchoEvidence::Ours, waited), Decision::Ignore(Ignored::OwnEcho));
    }
}

#[test]
fn its_author_is_somebody_in_an_app() {
    let mut world = World::new([]);
    let applied = world.take(human_echo());
    let origin = Origin::Takeover { by: None, app: Some("WhatsApp Business app".to_owned()) };
    assert_eq!(opened(&applied).origin, origin);
    assert_eq!(applied.contact.assignee, None);

    let mut world = World::new([]);
    world.inbox.unknown_sender_is_human = true;
    let applied = world.take(echo(EchoAuthor::Unknown));
    assert_eq!(opened(&applied).origin, Origin::Takeover { by: None, app: Some("generic".to_owned()) });
}

#[test]
fn a_takeover_lasts_as_long_as_the_bot_says() {
    let mut world = World::new([]);
    let applied = world.take(human_echo());
    assert_eq!(opened(&applied).resume_at, Some(START + hours(12)));
    let mut world = World::new([]).with(|bot| bot.takeover_pause = Pause::UntilHandedBack);
    assert_eq!(opened(&world.take(human_echo())).resume_at, None);
    let mut world = World::new([]);
    world.bot = None;
    assert_eq!(opened(&world.take(human_echo())).resume_at, Some(START + hours(12)));
}

#[test]
fn a_takeover_by_a_message_keeps_what_was_promised() {
    let mut world = World::new([HandoverAction { pause: for_hours(1), ..human_requested() }]);
    world.take(asks(900));
    world.pass(hours(2)).take(says("hello again"));
    assert!(world.conversation.promise.is_some_and(|promise| promise.epoch == 1), "outlives the pause");
    let applied = world.take(human_echo());
    let at = world.now;
    let kept = HandoverChange::Promise { state: PromiseState::Kept, at };
    assert!(applied.handovers.contains(&(1, kept)));
    let handover = opened(&applied);
    assert_eq!((handover.promise, handover.first_reply_at), (PromiseState::Kept, Some(at)));
    assert_eq!(handover.promise_settled_at, Some(at));
    assert_eq!(applied.conversation.promise, None);
    assert!(notifications(&applied).is_empty());
}

#[test]
fn an_old_echo_or_one_from_before_the_hand_back_takes_nothing() {
    let mut world = World::new([]);
    world.take(human_echo());
    let written_at = world.pass(minutes(1)).now;
    world.pass(seconds(1)).command("ana", CommandKind::HandBack);
    for kind in [human_echo(), EventKind::ThreadControl(ThreadControl::WithHumans)] {
        let mut world = world.clone();
        assert_eq!(world.take_at(kind.clone(), written_at).record.verdict, Verdict::BeforeHandBack);
        world.pass(hours(25));
        assert_eq!(world.take_at(kind, written_at).record.verdict, Verdict::TooOld);
        assert_eq!(world.conversation.control, Control::Bot);
    }
}

#[test]
fn an_echo_answers_only_what_came_before_it() {
    let mut world = World::new([]);
    world.take(human_echo());
    let written_at = world.pass(minutes(1)).now;
    // The echo waits for the result of a send of ours, and meanwhile the client writes.
    world.pass(seconds(10)).take(says("and another thing"));
    world.pass(seconds(20)).take_at(human_echo(), written_at);
    assert!(world.human().waiting.is_some());
    world.take(human_echo());
    assert_eq!(world.human().waiting, None);
}

#[test]
fn a_humans_message_within_the_pause_counts_even_when_it_is_decided_after_it() {
    let mut world = World::new([]).with(|bot| bot.takeover_pause = for_hours(1));
    world.take(human_echo());
    let written_at = world.pass(minutes(59)).now;
    world.pass(minutes(2));
    let applied = world.take_at(human_echo(), written_at);
    assert_eq!(applied.record.verdict, Verdict::Noted);
    assert_eq!(applied.conversation.resumes_at(), Some(written_at + minutes(15)));
    assert_eq!(applied.conversation.epoch, 1);
}

#[test]
fn a_human_who_writes_after_the_pause_takes_over_and_has_answered() {
    let mut world = World::new([]).with(|bot| {
        bot.takeover_pause = for_hours(1);
        bot.unanswered = UnansweredPolicy::HandOverAgain;
    });
    world.take(human_echo());
    world.pass(minutes(1)).take(says("hello?"));
    for kind in [human_echo(), reply("ana")] {
        let mut world = world.clone();
        let applied = world.pass(hours(2)).take(kind);
        assert!(applied.record.resumed);
        assert_eq!(applied.conversation.epoch, 3);
        assert!(turns(&applied).is_empty(), "the human has answered");
        assert!(sends(&applied).iter().all(|purpose| *purpose == Purpose::Staff));
    }
}

#[test]
fn the_providers_thread_control_moves_ours() {
    let mut world = World::new([human_requested()]);
    let control = |world: &mut World, control| world.take(EventKind::ThreadControl(control));
    assert_eq!(control(&mut world, ThreadControl::WithUs).record.verdict, Verdict::Noted);
    let taken = control(&mut world, ThreadControl::WithHumans);
    assert_eq!(taken.record.verdict, Verdict::TakenOver);
    assert_eq!(opened(&taken).promise, PromiseState::Open, "nobody has written yet");
    assert_eq!(control(&mut world, ThreadControl::WithHumans).record.verdict, Verdict::Noted);
    assert_eq!(control(&mut world, ThreadControl::Requested).record.verdict, Verdict::Noted);
    let at = world.pass(minutes(1)).now;
    let back = control(&mut world, ThreadControl::WithUs);
    assert_eq!(back.record.verdict, Verdict::HandedBack);
    let end = HandoverEnd::HandedBack { by: None };
    assert!(back.handovers.contains(&(1, HandoverChange::Ended { at, end })));
    assert_eq!(back.conversation.promise, None);
}

#[test]
fn staff_hear_of_what_did_not_reach_the_client() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let results = [
        DeliveryResult::Suppressed(Suppressed::Expired),
        DeliveryResult::Failed { class: "window_closed".to_owned(), code: Some("63016".to_owned()) },
        DeliveryResult::Unknown,
    ];
    for (purpose, told) in [
        (Purpose::Staff, [true, true, true]),
        (Purpose::Closing, [true, true, true]),
        (Purpose::Bot, [false, true, true]),
    ] {
        let audience = match purpose {
            Purpose::Bot => Audience::Admins,
            Purpose::Staff | Purpose::Closing => Audience::AssigneeAndAdmins(staff("ana")),
        };
        for (result, told) in results.clone().into_iter().zip(told) {
            let applied = world.take(EventKind::Delivery(Delivery { effect: id("effect"), purpose, result }));
            let expected =
                if told { vec![(NotificationKind::DeliveryFailed, audience.clone())] } else { Vec::new() };
            assert_eq!(notifications(&applied), expected);
            assert!(!applied.conversation.opted_out);
        }
    }
}

#[test]
fn each_lost_text_is_told_of_on_its_own() {
    let mut world = World::new([]);
    let mut told = |effect: &str| {
        let applied = world.take(failed(id(effect), Purpose::Staff, "rejected".to_owned()));
        applied.effects.first().map(|effect| effect.id.clone())
    };
    assert_ne!(told("one"), told("two"));
}

#[test]
fn an_opt_out_is_learned_from_the_client_and_from_a_refusal() {
    let mut world = World::new([]);
    assert!(world.take(EventKind::Consent { opted_out: true }).conversation.opted_out);
    assert!(!world.take(EventKind::Consent { opted_out: false }).conversation.opted_out);
    assert!(world.take(failed(id("effect"), Purpose::Bot, "opted_out".to_owned())).conversation.opted_out);
}

#[test]
fn who_writes_after_a_refusal_is_answered_again() {
    let refused = || failed(id("effect"), Purpose::Bot, "opted_out".to_owned());
    let mut world = World::new([]);
    world.take(says("hello"));
    let before = world.now;
    world.pass(seconds(1)).take(refused());
    // What they wrote before that shows nothing.
    assert_eq!(world.take_at(says("are you there?"), before).record.verdict, Verdict::OptedOut);
    let again = world.pass(seconds(1)).take(says("hello?"));
    assert_eq!((again.record.verdict, again.conversation.opted_out), (Verdict::Turn, false));
    // While humans own the conversation as well.
    world.take(human_echo());
    assert!(world.pass(seconds(1)).take(refused()).conversation.opted_out);
    assert!(!world.pass(seconds(1)).take(says("hello?")).conversation.opted_out);
}

#[test]
fn the_clients_own_word_stands_whatever_they_write() {
    let refused = || failed(id("effect"), Purpose::Bot, "opted_out".to_owned());
    let opt_out = || EventKind::Consent { opted_out: true };
    for events in [vec![opt_out(), refused()], vec![refused(), opt_out()], vec![opt_out()]] {
        let mut world = World::new([]);
        for event in events {
            world.pass(seconds(1)).take(event);
        }
        let written = world.pass(seconds(1)).take(says("hello?"));
        assert_eq!((written.record.verdict, written.conversation.opted_out), (Verdict::OptedOut, true));
        world.take(EventKind::Consent { opted_out: false });
        assert_eq!(world.pass(seconds(1)).take(says("hello?")).record.verdict, Verdict::Turn);
    }
}

#[test]
fn what_changes_nothing_is_kept_and_receipts_are_not() {
    let mut world = World::new([human_requested()]);
    let before = world.conversation.clone();
    for kind in [
        EventKind::Deleted { message: "m1".to_owned() },
        EventKind::Reaction { message: "m1".to_owned(), emoji: None },
        EventKind::System { what: "joined".to_owned() },
    ] {
        let applied = world.take(kind);
        assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::Noted, 0));
    }
    assert_eq!(world.conversation, before);
    let receipt = Receipt {
        message: "m1".to_owned(),
        status: ReceiptStatus::Read,
        effect: None,
        error: None,
        class: None,
        up_to: None,
    };
    let event = world.event(EventKind::Receipt(receipt));
    assert_eq!(world.process(&event), Decision::Ignore(Ignored::Receipt));
}
