//! Clients' messages: what fires, in which order, and what happens when nothing does.

use handover_core::*;

use crate::{build::*, world::*};

fn matching(actions: &[&str]) -> Evidence {
    Evidence { phrases: actions.iter().map(|action| phrase(action)).collect(), ..Evidence::default() }
}

fn fired(applied: &Applied) -> Option<&str> {
    (applied.record.verdict == Verdict::HandedOver).then_some(())?;
    applied.record.action.as_ref().map(ActionId::as_str)
}

#[test]
fn phrases_come_before_meaning_and_list_order_decides_among_them() {
    let actions = || [human_requested(), custom("sales"), custom("billing")];
    let mut world = World::new(actions());
    let applied = world.take_with(asks(1_000), matching(&["billing", "sales"]));
    assert_eq!(fired(&applied), Some("sales"));
    assert_eq!(applied.record.matched, Some(phrase("sales")));

    let [first, second, third] = actions();
    let mut world = World::new([third, second, first]);
    let applied = world.take_with(asks(1_000), matching(&["billing", "sales"]));
    assert_eq!(fired(&applied), Some("billing"));

    let mut world = World::new(actions());
    let applied = world.take(asks(1_000));
    assert_eq!(fired(&applied), Some("human"));
    assert_eq!(applied.record.matched, None);
}

#[test]
fn meaning_goes_by_list_order_too() {
    let named = |name: &str, sensitivity| HandoverAction {
        scenario: Scenario::HumanRequested { sensitivity, phrases: Vec::new() },
        id: id(name),
        ..human_requested()
    };
    let mut world = World::new([named("strict", Sensitivity::Strict), named("eager", Sensitivity::Eager)]);
    assert_eq!(fired(&world.clone().take(asks(400))), Some("eager"));
    assert_eq!(fired(&world.take(asks(900))), Some("strict"));
}

#[test]
fn sensitivity_is_a_threshold() {
    for (sensitivity, threshold) in
        [(Sensitivity::Eager, 350), (Sensitivity::Balanced, 600), (Sensitivity::Strict, 850)]
    {
        let scenario = Scenario::HumanRequested { sensitivity, phrases: Vec::new() };
        let mut world = World::new([HandoverAction { scenario, ..human_requested() }]);
        let below = world.take(asks(threshold - 1));
        assert_eq!(below.record.verdict, Verdict::Turn);
        assert_eq!(below.record.threshold, Some(Permille::new(threshold)));
        assert_eq!(below.record.human_request, Some(Permille::new(threshold - 1)));
        assert_eq!(fired(&world.take(asks(threshold))), Some("human"));
    }
}

#[test]
fn a_guard_stops_meaning_but_neither_phrases_nor_exact_requests() {
    let guarded = |exact_request| {
        let signals = Signals {
            model: "m1".to_owned(),
            human_request: Permille::ONE,
            guard: Some(Guard::Negation),
            exact_request,
            ..Signals::default()
        };
        message_of(Content::Text("don't transfer me".to_owned()), signals)
    };
    let world = World::new([human_requested()]);
    let applied = world.clone().take(guarded(false));
    assert_eq!(applied.record.verdict, Verdict::Turn);
    assert_eq!((applied.record.guard, applied.record.model.as_str()), (Some(Guard::Negation), "m1"));
    assert_eq!(fired(&world.clone().take(guarded(true))), Some("human"));
    assert_eq!(fired(&world.clone().take_with(guarded(false), matching(&["human"]))), Some("human"));
}

#[test]
fn what_is_off_does_not_fire_and_the_record_says_why() {
    let verdict = |mut world: World| {
        let applied = world.take(asks(900));
        assert!(applied.handovers.is_empty());
        assert_eq!(turns(&applied).len(), 1, "the bot is asked all the same");
        (applied.record.verdict, applied.record.scenario)
    };
    let requested = Some(ScenarioKind::HumanRequested);
    let mut labs_off = World::new([human_requested()]);
    labs_off.account.labs.human_handover = false;
    assert_eq!(verdict(labs_off), (Verdict::LabsOff, requested));
    let bot_off = World::new([human_requested()]).with(|bot| bot.handover = false);
    assert_eq!(verdict(bot_off), (Verdict::HandoverOff, requested));
    assert_eq!(verdict(World::new([off(human_requested())])), (Verdict::NoEnabledAction, requested));
    assert_eq!(verdict(World::new([custom("sales")])), (Verdict::NoEnabledAction, None));
}

#[test]
fn an_enabled_action_is_preferred_to_one_that_is_off() {
    let mut world = World::new([off(custom("sales")), human_requested()]);
    let applied = world.take_with(asks(900), matching(&["sales"]));
    assert_eq!(fired(&applied), Some("human"));
}

#[test]
fn a_score_below_a_strict_threshold_is_an_ordinary_message() {
    let scenario = Scenario::HumanRequested { sensitivity: Sensitivity::Strict, phrases: Vec::new() };
    let mut world = World::new([HandoverAction { scenario, ..human_requested() }]);
    assert_eq!(world.take(asks(700)).record.verdict, Verdict::Turn);
}

#[test]
fn without_a_bot_or_with_an_external_one_nobody_is_asked() {
    let mut world = World::new([]);
    world.bot = None;
    let applied = world.take(asks(900));
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::NoBot, 0));
    assert_eq!(applied.record.revision, None);

    let mut world = World::new([human_requested()]).with(|bot| bot.connector = Connector::External);
    let applied = world.take(says("hello"));
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::ExternalBot, 0));
    assert_eq!(applied.record.revision, Some(7));
    assert_eq!(fired(&world.take(asks(900))), Some("human"));
}

#[test]
fn a_button_without_a_label_says_what_is_attached_to_it() {
    let pressed = |title: &str, payload: Option<&str>| Content::Choice {
        title: title.to_owned(),
        payload: payload.map(str::to_owned),
    };
    assert_eq!(pressed("", Some("human")).text(), Some("human"));
    assert_eq!(pressed(" ", Some("human")).text(), Some("human"));
    assert_eq!(pressed("Talk to us", Some("human")).text(), Some("Talk to us"));
    assert_eq!(pressed("", Some(" ")).text(), None);
    let message = message_of(pressed("", Some("hours")), Signals::default());
    assert_eq!(World::new([lack_of_knowledge()]).take(message).record.verdict, Verdict::Turn);
}

#[test]
fn what_the_bot_cannot_read_counts_as_not_knowing() {
    let contents = [
        Content::Choice { title: String::new(), payload: None },
        Content::Media { kind: MediaKind::Audio, caption: Some("  ".to_owned()), reference: None },
        Content::Location { latitude_e6: 1, longitude_e6: 2, name: Some("here".to_owned()) },
        Content::ContactCard,
        Content::Unsupported { what: "poll".to_owned() },
    ];
    for content in contents {
        let message = message_of(content, Signals::default());
        let applied = World::new([lack_of_knowledge()]).take(message.clone());
        assert_eq!(fired(&applied), Some("lack"));

        let applied = World::new([off(lack_of_knowledge())]).take(message.clone());
        assert_eq!(applied.record.verdict, Verdict::Unreadable);
        assert_eq!(applied.record.scenario, Some(ScenarioKind::LackOfKnowledge));
        assert_eq!(names(&applied), ["tell admins not_configured", "send no-answer message"]);
        assert_eq!(applied.conversation.bot_messages.on(START), 1);

        // Switched off for everybody: nobody needs to hear that no action is enabled.
        let mut world = World::new([]).with(|bot| bot.handover = false);
        assert_eq!(names(&world.take(message)), ["send no-answer message"]);
    }
}

#[test]
fn words_under_a_picture_are_words_and_a_sticker_is_nothing() {
    let mut world = World::new([lack_of_knowledge()]);
    assert_eq!(world.take(media(MediaKind::Image, Some("what is this?"))).record.verdict, Verdict::Turn);
    let sticker = world.take(media(MediaKind::Sticker, None));
    assert_eq!((sticker.record.verdict, sticker.effects.len()), (Verdict::Noted, 0));
}

#[test]
fn the_daily_cap_counts_as_not_knowing_and_keeps_quiet() {
    let mut world = World::new([]).with(|bot| {
        bot.daily_messages = 2;
        bot.fold_seconds = 0;
    });
    for _ in 0..2 {
        assert_eq!(world.take(says("hello")).record.verdict, Verdict::Turn);
    }
    for message in [says("hello"), media(MediaKind::Image, None)] {
        let applied = world.take(message);
        assert_eq!(applied.record.verdict, Verdict::MessageCap);
        assert_eq!(names(&applied), ["tell admins not_configured"]);
    }
    let mut with_action = world.clone();
    with_action.bot().actions = vec![lack_of_knowledge()];
    assert_eq!(fired(&with_action.take(says("hello"))), Some("lack"));

    world.pass(hours(24));
    assert_eq!(world.take(says("hello")).record.verdict, Verdict::Turn);
    assert_eq!(world.bot_answers().conversation.bot_messages.count, 1);
}

#[test]
fn a_handover_for_another_reason_is_not_hidden_by_what_stood_in_the_way_of_the_first() {
    let mut world =
        World::new([off(human_requested()), lack_of_knowledge()]).with(|bot| bot.daily_messages = 0);
    let applied = world.take(asks(900));
    assert_eq!(fired(&applied), Some("lack"));
    assert_eq!(applied.record.scenario, Some(ScenarioKind::LackOfKnowledge));
}

#[test]
fn the_cool_down_is_the_scenarios_own_and_counts_from_the_hand_back() {
    let mut world = World::new([custom("sales"), custom("billing"), human_requested()])
        .with(|bot| bot.cooldown_minutes = 60);
    let on = |world: &mut World, action: &str| world.take_with(says("..."), matching(&[action])).record;
    let back = |world: &mut World| {
        world.pass(hours(5)).command("ana", CommandKind::HandBack);
    };
    world.take_with(says("..."), matching(&["sales"]));
    back(&mut world);

    world.pass(minutes(59));
    let record = on(&mut world, "sales");
    assert_eq!((record.verdict, record.action), (Verdict::CoolingDown, Some(id("sales"))));
    // The same kind of scenario cools down together, human_requested never.
    assert_eq!(on(&mut world, "billing").verdict, Verdict::CoolingDown);
    assert_eq!(world.clone().take(asks(900)).record.verdict, Verdict::HandedOver);

    // A takeover's hand-back does not start it anew.
    world.take(human_echo());
    world.command("ana", CommandKind::HandBack);
    world.pass(minutes(1));
    assert_eq!(on(&mut world, "sales").verdict, Verdict::HandedOver);
}

#[test]
fn the_loop_guard_keeps_the_third_handover_of_a_day() {
    let run = |guard: bool, between: u64| {
        let mut world = World::new([human_requested()]).with(|bot| bot.loop_guard = guard);
        let mut last = None;
        for _ in 0..3 {
            last = Some(world.pass(hours(between)).take(asks(900)));
            world.command("ana", CommandKind::HandBack);
        }
        last.expect("three handovers")
    };
    let third = run(true, 12);
    assert_eq!(opened(&third).resume_at, None);
    assert!(notifications(&third).contains(&(NotificationKind::LoopGuard, Audience::Admins)));
    assert_eq!(sends(&third).len(), 1);
    assert!(timers(&third).iter().all(|timer| timer.kind == TimerKind::Promise));
    for ordinary in [run(false, 12), run(true, 13)] {
        assert!(opened(&ordinary).resume_at.is_some());
        assert!(notifications(&ordinary).iter().all(|(about, _)| *about != NotificationKind::LoopGuard));
    }
}

#[test]
fn what_reached_us_over_24_hours_ago_is_never_acted_on() {
    let mut world = World::new([human_requested()]);
    let received_at = world.now;
    world.pass(hours(24));
    assert_eq!(world.clone().take_at(asks(900), received_at).record.verdict, Verdict::HandedOver);
    world.pass(std::time::Duration::from_millis(1));
    for kind in [asks(900), edit(asks(900))] {
        let applied = world.take_at(kind, received_at);
        assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::TooOld, 0));
        assert_eq!(applied.conversation.last_client_at, None);
    }
}

#[test]
fn a_message_that_crossed_with_a_hand_back_goes_to_the_bot() {
    let mut world = World::new([human_requested()]);
    world.take(human_echo());
    let written_at = world.pass(minutes(1)).now;
    world.pass(seconds(1)).command("ana", CommandKind::HandBack);
    for (policy, asked) in [
        (UnansweredPolicy::Answer, 1),
        (UnansweredPolicy::HandOverAgain, 1),
        (UnansweredPolicy::StayQuiet, 0),
    ] {
        let mut world = world.clone().with(|bot| bot.unanswered = policy);
        let applied = world.take_at(asks(900), written_at);
        assert_eq!((applied.record.verdict, turns(&applied).len()), (Verdict::BeforeHandBack, asked));
        assert_eq!(applied.conversation.control, Control::Bot);
    }
    // At the instant of the hand-back it is the bot's.
    let at = world.now;
    assert_eq!(world.take_at(asks(900), at).record.verdict, Verdict::HandedOver);
}

#[test]
fn a_second_request_bumps_urgency_and_rings_once() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    let second = world.take(asks(900));
    assert_eq!(second.record.verdict, Verdict::AskedAgain);
    assert_eq!(second.handovers, [(1, HandoverChange::Urgency(1))]);
    assert_eq!(notifications(&second), [(NotificationKind::Urgent, Audience::Assignee(staff("ana")))]);
    let third = world.take(asks(900));
    assert_eq!(third.handovers, [(1, HandoverChange::Urgency(2))]);
    assert!(third.effects.is_empty());
    world.take(reply("ana"));
    let fourth = world.take(asks(900));
    assert_eq!(fourth.handovers, [(1, HandoverChange::Urgency(3))]);
    assert!(fourth.effects.is_empty());
}

#[test]
fn asking_again_counts_whatever_else_matches_and_even_where_it_is_off() {
    let mut world = World::new([custom("sales"), off(human_requested())]);
    world.take_with(says("what would it cost"), matching(&["sales"]));
    let by_meaning = world.clone().take_with(asks(900), matching(&["sales"]));
    assert_eq!(by_meaning.record.verdict, Verdict::AskedAgain);
    assert_eq!(notifications(&by_meaning), [(NotificationKind::Urgent, Audience::Assignee(team("front")))]);
    let by_phrase = world.clone().take_with(says("somebody"), matching(&["human"]));
    assert_eq!(by_phrase.record.verdict, Verdict::AskedAgain);
    assert_eq!(world.take_with(says("and this?"), matching(&["sales"])).record.verdict, Verdict::Paused);
}

#[test]
fn urgency_has_an_end() {
    let mut world = World::new([human_requested()]);
    world.take(asks(900));
    for _ in 0..300 {
        world.take(asks(900));
    }
    assert_eq!(world.human().urgency, u8::MAX);
    assert!(world.take(asks(900)).handovers.is_empty());
}

#[test]
fn while_paused_the_first_message_waits_and_nothing_is_answered() {
    let mut world = World::new([human_requested()]);
    world.take(human_echo());
    let first = world.pass(minutes(1)).take(says("hello?"));
    assert_eq!((first.record.verdict, first.effects.len()), (Verdict::Paused, 0));
    let since = world.now;
    world.pass(minutes(1)).take(says("anybody?"));
    assert_eq!(world.human().waiting.as_ref().map(|waiting| waiting.since), Some(since));
}

#[test]
fn the_time_of_the_last_message_moves_by_the_hour_and_never_beyond_ours() {
    let mut world = World::new([]);
    let first = world.now;
    world.take(says("a"));
    world.pass(minutes(59)).take(says("b"));
    assert_eq!(world.conversation.last_client_at, Some(first));
    world.pass(minutes(1)).take(says("c"));
    assert_eq!(world.conversation.last_client_at, Some(first + hours(1)));

    let mut event = world.pass(hours(2)).event(says("d"));
    event.sent_at = Some(world.now + hours(5));
    world.process(&event);
    assert_eq!(world.conversation.last_client_at, Some(world.now));
    let mut event = world.pass(hours(2)).event(says("e"));
    event.sent_at = Some(START);
    world.process(&event);
    assert_eq!(world.conversation.last_client_at, Some(world.now.minus(hours(2))), "never back");
}

#[test]
fn an_edit_is_judged_but_never_answered() {
    let mut world = World::new([human_requested()]);
    let ordinary = world.take(edit(says("hello")));
    assert_eq!((ordinary.record.verdict, ordinary.effects.len()), (Verdict::Noted, 0));
    assert_eq!(ordinary.record.human_request, Some(Permille::new(0)));
    let request = world.take(edit(asks(900)));
    assert_eq!(fired(&request), Some("human"));
}

#[test]
fn an_edit_from_before_the_hand_back_is_only_recorded() {
    let mut world = World::new([human_requested()]);
    world.take(human_echo());
    let edited_at = world.pass(minutes(1)).now;
    world.pass(seconds(1)).command("ana", CommandKind::HandBack);
    let applied = world.take_at(edit(asks(900)), edited_at);
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::BeforeHandBack, 0));
}

#[test]
fn whoever_opted_out_is_not_answered_but_still_heard() {
    let mut world = World::new([human_requested()]);
    world.take(EventKind::Consent { opted_out: true });
    let applied = world.take(says("hello"));
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::OptedOut, 0));
    assert_eq!(fired(&world.take(asks(900))), Some("human"));
}

#[test]
fn whoever_writes_to_a_viber_bot_has_subscribed_again() {
    for (provider, opted_out) in [(Provider::Viber, false), (Provider::Telegram, true)] {
        let mut world = World::new([human_requested()]);
        world.inbox.provider = provider;
        world.take(EventKind::Consent { opted_out: true });
        let applied = world.take(says("hello"));
        assert_eq!(applied.conversation.opted_out, opted_out, "{provider:?}");
        assert_eq!(applied.record.verdict == Verdict::OptedOut, opted_out, "{provider:?}");
    }
}
