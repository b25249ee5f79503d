//! Repeated failure: both columns of the published table, and what starts anew.

use handover_core::*;

use crate::{build::*, world::World};

fn only_repeated_failure(max_retries: u8) -> World {
    World::new([repeated_failure(max_retries)])
}

fn no_answer(world: &mut World) -> Verdict {
    world.bot_does_not_know().record.verdict
}

/// On which of the client's messages it hands over when every answer so far did not help.
fn handed_over_after_unhelpful_answers(max_retries: u8, complaint: impl Fn(&mut World) -> Verdict) -> u32 {
    let mut world = only_repeated_failure(max_retries);
    world.take(says("when do you open?"));
    world.bot_answers();
    for message in 2..10 {
        if complaint(&mut world) == Verdict::HandedOver {
            return message;
        }
        world.bot_answers();
    }
    panic!("never handed over");
}

/// On which of the client's messages it hands over when the bot never knows.
fn handed_over_after_no_answers(max_retries: u8, result: &OutcomeResult) -> u32 {
    let mut world = only_repeated_failure(max_retries);
    for message in 1..10 {
        world.take(says("when do you open?"));
        let outcome = world.outcome(result.clone());
        if world.take(EventKind::Outcome(outcome)).record.verdict == Verdict::HandedOver {
            return message;
        }
    }
    panic!("never handed over");
}

#[test]
fn answers_that_do_not_help_hand_over_on_the_second_third_and_fourth_message() {
    for (max_retries, message) in [(0, 2), (1, 3), (2, 4)] {
        let complains = |world: &mut World| world.take(feeds_back(Feedback::Unhelpful)).record.verdict;
        assert_eq!(handed_over_after_unhelpful_answers(max_retries, complains), message);
        let asks_again = |world: &mut World| {
            let evidence = Evidence { same_issue: Some(true), ..Evidence::default() };
            world.take_with(says("but when do you open?"), evidence).record.verdict
        };
        assert_eq!(handed_over_after_unhelpful_answers(max_retries, asks_again), message);
    }
}

#[test]
fn no_answer_each_time_hands_over_on_the_first_second_and_third_message() {
    for (max_retries, message) in [(0, 1), (1, 2), (2, 3)] {
        assert_eq!(handed_over_after_no_answers(max_retries, &OutcomeResult::NoAnswer), message);
        let failed = OutcomeResult::Failed { reason: "unreachable".to_owned() };
        assert_eq!(handed_over_after_no_answers(max_retries, &failed), message);
    }
}

#[test]
fn the_record_counts_the_attempts() {
    let mut world = only_repeated_failure(1);
    let first = world.bot_does_not_know();
    assert_eq!(first.record.failed_attempts, Some(1));
    let second = world.bot_does_not_know();
    assert_eq!(second.record.failed_attempts, Some(2));
    assert_eq!(second.record.scenario, Some(ScenarioKind::RepeatedFailure));
    assert_eq!(second.record.action, Some(id("retry")));
}

#[test]
fn an_attempt_fails_at_most_once() {
    let mut world = only_repeated_failure(1);
    no_answer(&mut world);
    // The client complains about the answer that has failed already, twice.
    for _ in 0..2 {
        let complaint = world.take(feeds_back(Feedback::Unhelpful));
        assert_eq!(complaint.record.verdict, Verdict::Turn);
    }
    world.bot_answers();
    let complaint = world.take(feeds_back(Feedback::Unhelpful));
    assert_eq!(complaint.record.failed_attempts, Some(2));
    // Two failed attempts: handed over.
    assert_eq!(world.human().origin.scenario(), Some(ScenarioKind::RepeatedFailure));
}

#[test]
fn two_complaints_about_one_answer_are_one_failed_attempt() {
    let mut world = only_repeated_failure(1);
    world.bot_answers();
    for _ in 0..2 {
        let complaint = world.take(feeds_back(Feedback::Unhelpful));
        assert_eq!(complaint.record.verdict, Verdict::Turn);
        assert_eq!(complaint.conversation.issue.map(|issue| issue.failed), Some(1));
    }
}

#[test]
fn a_complaint_without_an_answer_counts_nothing() {
    let mut world = only_repeated_failure(0);
    let complaint = world.take(feeds_back(Feedback::Unhelpful));
    assert_eq!(complaint.record.verdict, Verdict::Turn);
    assert_eq!(complaint.conversation.issue, None);
}

#[test]
fn another_topic_that_worked_and_a_hand_back_start_anew() {
    let changed_topic = |world: &mut World| {
        let evidence = Evidence { same_issue: Some(false), ..Evidence::default() };
        world.take_with(says("something else"), evidence);
    };
    let that_worked = |world: &mut World| {
        world.take(feeds_back(Feedback::Resolved));
    };
    let handed_back = |world: &mut World| {
        world.take(human_echo());
        world.command("ana", CommandKind::HandBack);
        world.pass(seconds(1));
    };
    for start_anew in [changed_topic, that_worked, handed_back] {
        let mut world = only_repeated_failure(1);
        assert_eq!(no_answer(&mut world), Verdict::NoAnswer);
        start_anew(&mut world);
        assert_eq!(world.conversation.issue, None);
        assert_eq!(no_answer(&mut world), Verdict::NoAnswer);
        assert_eq!(no_answer(&mut world), Verdict::HandedOver);
    }
}

#[test]
fn an_outcome_about_another_topic_starts_anew() {
    let mut world = only_repeated_failure(1);
    no_answer(&mut world);
    world.evidence.same_issue = Some(false);
    assert_eq!(no_answer(&mut world), Verdict::NoAnswer);
    world.evidence.same_issue = Some(true);
    assert_eq!(no_answer(&mut world), Verdict::HandedOver);
}

#[test]
fn the_latest_fingerprint_names_the_issue() {
    let mut world = only_repeated_failure(2);
    for (fingerprint, kept) in [(Some("a"), "a"), (None, "a"), (Some("b"), "b")] {
        let mut outcome = world.outcome(OutcomeResult::NoAnswer);
        outcome.fingerprint = fingerprint.map(str::to_owned);
        let applied = world.take(EventKind::Outcome(outcome));
        assert_eq!(applied.conversation.issue.and_then(|issue| issue.fingerprint).as_deref(), Some(kept));
        world.conversation.issue.as_mut().expect("an issue").failed = 0;
    }
}

#[test]
fn without_such_an_action_nothing_is_counted() {
    for actions in [Vec::new(), vec![off(repeated_failure(0))]] {
        let mut world = World::new(actions);
        let applied = world.bot_does_not_know();
        assert_eq!((applied.record.verdict, applied.record.failed_attempts), (Verdict::NoAnswer, None));
        assert_eq!(applied.conversation.issue, None);
    }
}

#[test]
fn putting_a_message_another_way_is_not_asking_again() {
    let mut world = only_repeated_failure(0);
    world.take(says("when do you oepn?"));
    world.bot_answers();
    let evidence = Evidence { same_issue: Some(true), ..Evidence::default() };
    let edited = world.take_with(edit(says("when do you open?")), evidence);
    assert_eq!(edited.record.verdict, Verdict::Noted);
    assert!(edited.effects.is_empty());
}

#[test]
fn weak_evidence_is_not_a_failed_attempt() {
    let mut world = only_repeated_failure(0);
    let mut outcome = world.outcome(OutcomeResult::Answered);
    outcome.retrieval = Some(Retrieval { sources: 0, best: Permille::new(0) });
    let applied = world.take(EventKind::Outcome(outcome));
    assert_eq!(applied.record.verdict, Verdict::BotReplied);
    assert_eq!(applied.record.failed_attempts, Some(0));
}

#[test]
fn a_non_answer_is_a_failed_attempt_and_still_said() {
    let mut world = only_repeated_failure(1);
    for verdict in [Verdict::BotReplied, Verdict::HandedOver] {
        let mut outcome = world.outcome(OutcomeResult::Answered);
        outcome.reply_signals = NON_ANSWER;
        assert_eq!(world.take(EventKind::Outcome(outcome)).record.verdict, verdict);
    }
}
