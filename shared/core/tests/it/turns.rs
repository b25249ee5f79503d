//! Questions to the bot: bursts that fold, the daily cap, and what the bot is told when it comes back.

use handover_core::*;

use crate::{build::*, world::*};

/// The question that a decision asks the bot: its message, the earlier ones, the wait, whether it returns.
fn asked(applied: &Applied) -> Option<(EventId, Vec<EventId>, u16, bool)> {
    let mut asked = applied.effects.iter().filter_map(|effect| {
        let EffectKind::StartTurn { trigger, earlier, wait_s, returning, .. } = &effect.kind else {
            return None;
        };
        Some((trigger.clone(), earlier.clone(), *wait_s, *returning))
    });
    asked.next()
}

fn earlier(applied: &Applied) -> Vec<String> {
    asked(applied).expect("a question").1.iter().map(ToString::to_string).collect()
}

fn answer(world: &World, trigger: &str) -> EventKind {
    EventKind::Outcome(Outcome { trigger: id(trigger), ..world.outcome(OutcomeResult::Answered) })
}

#[test]
fn messages_within_the_window_are_one_question() {
    let mut world = World::new([]);
    let first = world.take(says("hello"));
    assert_eq!(asked(&first), Some((id("event-1"), Vec::new(), 2, false)));
    world.pass(seconds(1));
    assert_eq!(earlier(&world.take(says("I have a question"))), ["event-1"]);
    world.pass(seconds(1));
    assert_eq!(earlier(&world.take(says("when do you open?"))), ["event-1", "event-2"]);
    assert_eq!(world.conversation.bot_messages.on(START), 1, "one question, one answer");
    // The window is over: the bot has been asked.
    world.pass(seconds(2));
    assert_eq!(earlier(&world.take(says("and on sundays?"))), Vec::<String>::new());
    assert_eq!(world.conversation.bot_messages.on(START), 2);
}

#[test]
fn a_burst_has_an_end() {
    let mut world = World::new([]);
    let counts: Vec<usize> = (0..6).map(|_| earlier(&world.take(says("hm"))).len()).collect();
    assert_eq!(counts, [0, 1, 2, 3, 0, 1]);
}

#[test]
fn without_a_window_or_a_stored_text_each_message_is_asked_at_once() {
    let mut world = World::new([]).with(|bot| bot.fold_seconds = 0);
    let mut textless = World::new([]);
    textless.account.store_text = false;
    for world in [&mut world, &mut textless] {
        for message in ["event-1", "event-2"] {
            assert_eq!(asked(&world.take(says("hm"))), Some((id(message), Vec::new(), 0, false)));
        }
    }
}

#[test]
fn an_answer_to_a_part_of_a_burst_is_not_sent() {
    let mut world = World::new([lack_of_knowledge()]);
    world.take(says("hello"));
    world.take(says("when do you open?"));
    let to_the_first = answer(&world, "event-1");
    let applied = world.take(to_the_first);
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::Folded, 0));
    let to_all = answer(&world, "event-2");
    assert_eq!(world.take(to_all).record.verdict, Verdict::BotReplied);
}

#[test]
fn a_change_of_control_ends_a_burst() {
    let mut world = World::new([]);
    world.take(says("hello"));
    world.command("ana", CommandKind::Pause { pause: for_hours(1) });
    assert_eq!(world.conversation.asked, None);
    world.command("ana", CommandKind::HandBack);
    assert_eq!(earlier(&world.take(says("hello?"))), Vec::<String>::new());
}

#[test]
fn the_first_question_after_a_human_stretch_says_so_to_the_end_of_its_burst() {
    let mut world = World::new([]);
    world.take(says("hello"));
    world.take(human_echo());
    world.command("ana", CommandKind::HandBack);
    world.pass(seconds(1));
    let returning = |applied: Applied| asked(&applied).expect("a question").3;
    assert!(returning(world.take(says("thanks"))));
    assert!(returning(world.take(says("one more thing"))));
    world.pass(seconds(2));
    assert!(!returning(world.take(says("when do you open?"))));
}

#[test]
fn not_knowing_what_humans_left_behind_does_not_hand_over_again() {
    let for_a_night = HandoverAction { pause: for_hours(10), ..human_requested() };
    let mut world = World::new([for_a_night, lack_of_knowledge(), repeated_failure(0)]);
    world.take(asks(900));
    world.pass(hours(10));
    let timer = world.resume_timer();
    assert_eq!(turns(&world.take(EventKind::Timer(timer))), [id("event-1")], "nobody has answered it");
    let late = Outcome { trigger: id("event-1"), ..world.outcome(OutcomeResult::NoAnswer) };
    let applied = world.take(EventKind::Outcome(late));
    assert_eq!(
        (applied.record.verdict, names(&applied)),
        (Verdict::NoAnswer, vec!["send no-answer message".to_owned()])
    );
    // What comes from now on is judged as ever.
    world.pass(seconds(5));
    world.take(says("hello?"));
    assert_eq!(world.bot_does_not_know().record.verdict, Verdict::HandedOver);
}

#[test]
fn the_cap_counts_questions_and_starts_anew_each_day() {
    let mut world = World::new([lack_of_knowledge()]).with(|bot| {
        bot.daily_messages = 2;
        bot.fold_seconds = 0;
    });
    for _ in 0..2 {
        assert_eq!(world.take(says("hm")).record.verdict, Verdict::Turn);
    }
    // The third would get an answer that is one too many: as if the bot did not know.
    let capped = world.take(says("hm"));
    assert_eq!(capped.record.verdict, Verdict::HandedOver);
    assert_eq!(capped.record.scenario, Some(ScenarioKind::LackOfKnowledge));

    let mut alone = World::new([]).with(|bot| {
        bot.daily_messages = 1;
        bot.fold_seconds = 0;
    });
    alone.take(says("hm"));
    assert_eq!(alone.take(says("hm")).record.verdict, Verdict::MessageCap);
    alone.pass(hours(24));
    assert_eq!(alone.take(says("hm")).record.verdict, Verdict::Turn);
}

#[test]
fn the_cap_holds_for_late_answers_and_lets_a_burst_go_on() {
    let mut world = World::new([]).with(|bot| bot.daily_messages = 1);
    world.take(says("hello"));
    // It folds into the question that is counted already.
    assert_eq!(world.take(says("are you there?")).record.verdict, Verdict::Turn);
    world.command("ana", CommandKind::Pause { pause: for_hours(1) });
    world.take(says("hm"));
    world.pass(hours(1));
    let timer = world.conversation.wake_at().map(|_| world.resume_timer()).expect("a pause with an end");
    assert_eq!(turns(&world.take(EventKind::Timer(timer))), Vec::<EventId>::new());
}

#[test]
fn the_record_keeps_what_the_answer_stands_on() {
    let mut world = World::new([lack_of_knowledge()]);
    let retrieval = Some(Retrieval { sources: 2, best: Permille::new(120) });
    let outcome = Outcome { retrieval, ..world.outcome(OutcomeResult::NoAnswer) };
    let record = world.take(EventKind::Outcome(outcome)).record;
    assert_eq!((record.outcome, record.retrieval), (Some(OutcomeResult::NoAnswer), retrieval));
}

#[test]
fn entries_are_checked() {
    let entry = |question: &str, alternatives: usize, answer: &str| FaqEntry {
        id: id("faq"),
        question: question.to_owned(),
        alternatives: vec!["another way".to_owned(); alternatives],
        answer: answer.to_owned(),
    };
    assert_eq!(entry("When?", MAX_ALTERNATIVES, "At nine.").validate(), Ok(()));
    for (entry, field) in [
        (entry(" ", 0, "At nine."), "question"),
        (entry("When?", 0, ""), "answer"),
        (entry(&"a".repeat(MAX_QUESTION_CHARS + 1), 0, "At nine."), "question"),
        (entry("When?", MAX_ALTERNATIVES + 1, "At nine."), "alternatives"),
        (entry("When?", 0, &"a".repeat(MAX_MESSAGE_CHARS + 1)), "answer"),
    ] {
        let problems = entry.validate().expect_err("a problem");
        assert_eq!(problems.first().map(|problem| problem.field.as_str()), Some(field));
    }
    assert_eq!(FaqId::of(&id("bot"), " When? "), FaqId::of(&id("bot"), "When?"));
    assert_ne!(FaqId::of(&id("bot"), "When?"), FaqId::of(&id("other"), "When?"));
}
