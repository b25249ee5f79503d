//! What the bot's outcomes lead to.

use handover_core::*;

use crate::{build::*, world::*};

fn outcome(world: &mut World, result: OutcomeResult, change: impl FnOnce(&mut Outcome)) -> Applied {
    let mut outcome = world.outcome(result);
    change(&mut outcome);
    world.take(EventKind::Outcome(outcome))
}

fn answered_from(retrieval: Retrieval) -> impl Fn(&mut World) -> Verdict {
    move |world| {
        outcome(world, OutcomeResult::Answered, |outcome| outcome.retrieval = Some(retrieval)).record.verdict
    }
}

#[test]
fn not_knowing_fires_lack_of_knowledge() {
    let world = || World::new([lack_of_knowledge()]);
    assert_eq!(world().bot_does_not_know().record.verdict, Verdict::HandedOver);
    let non_answer =
        outcome(&mut world(), OutcomeResult::Answered, |outcome| outcome.reply_signals = NON_ANSWER);
    assert_eq!(non_answer.record.verdict, Verdict::HandedOver);
    let at_floor = answered_from(Retrieval { sources: 1, best: Permille::new(350) });
    assert_eq!(at_floor(&mut world()), Verdict::BotReplied);
    let below_floor = answered_from(Retrieval { sources: 1, best: Permille::new(349) });
    assert_eq!(below_floor(&mut world()), Verdict::HandedOver);
    let no_source = answered_from(Retrieval { sources: 0, best: Permille::ONE });
    assert_eq!(no_source(&mut world()), Verdict::HandedOver);
    // A bot that fails does not lack knowledge.
    let failed = outcome(&mut world(), OutcomeResult::Failed { reason: "timeout".to_owned() }, |_| {});
    assert_eq!(failed.record.verdict, Verdict::NoAnswer);
    // Where the scenario is off, evidence is nobody's business.
    let mut off_world = World::new([off(lack_of_knowledge())]);
    assert_eq!(no_source(&mut off_world), Verdict::BotReplied);
}

#[test]
fn list_order_decides_among_those_judged_together() {
    for (actions, scenario) in [
        ([lack_of_knowledge(), repeated_failure(0)], ScenarioKind::LackOfKnowledge),
        ([repeated_failure(0), lack_of_knowledge()], ScenarioKind::RepeatedFailure),
        ([repeated_failure(1), lack_of_knowledge()], ScenarioKind::LackOfKnowledge),
        ([off(lack_of_knowledge()), repeated_failure(0)], ScenarioKind::RepeatedFailure),
    ] {
        let applied = World::new(actions).bot_does_not_know();
        assert_eq!(applied.record.scenario, Some(scenario));
        assert_eq!(applied.conversation.human().and_then(|human| human.origin.scenario()), Some(scenario));
    }
}

#[test]
fn without_a_handover_the_client_is_never_left_in_silence() {
    let failed = || OutcomeResult::Failed { reason: "malformed".to_owned() };
    let mut world = World::new([]);
    let cases = [
        (OutcomeResult::Answered, Some("Nine."), "send bot text"),
        (OutcomeResult::Answered, Some("   "), "send no-answer message"),
        (OutcomeResult::Answered, None, "send no-answer message"),
        (OutcomeResult::NoAnswer, None, "send no-answer message"),
        (OutcomeResult::NoAnswer, Some("I don't know."), "send bot text"),
        (failed(), Some("Traceback (most recent call last)"), "send no-answer message"),
    ];
    for (result, reply, sent) in cases {
        let applied = outcome(&mut world, result, |outcome| outcome.reply = reply.map(str::to_owned));
        assert_eq!(names(&applied), [sent]);
        assert_eq!(sends(&applied), [Purpose::Bot]);
    }
}

#[test]
fn a_bot_that_wants_a_human_or_promises_one_counts_as_a_request() {
    for wants in [true, false] {
        let told = |world: &mut World| {
            let result = if wants { OutcomeResult::WantsHandover } else { OutcomeResult::Answered };
            outcome(world, result, |outcome| {
                outcome.reply_signals.promises_person = !wants;
                outcome.reply = Some("A colleague will call you.".to_owned());
            })
        };
        // The first enabled action's settings.
        let second = HandoverAction { id: id("second"), ..human_requested() };
        let applied = told(&mut World::new([off(human_requested()), second]));
        assert_eq!(applied.record.action, Some(id("second")));
        assert_eq!(sends(&applied).len(), 1, "the closing message alone");

        let applied = told(&mut World::new([lack_of_knowledge()]));
        assert_eq!(applied.record.verdict, Verdict::NoEnabledAction);
        assert_eq!(applied.record.scenario, Some(ScenarioKind::HumanRequested));
        assert_eq!(names(&applied), ["tell admins not_configured", "send no-answer message"]);

        let mut labs_off = World::new([human_requested()]);
        labs_off.account.labs.human_handover = false;
        let applied = told(&mut labs_off);
        assert_eq!(applied.record.verdict, Verdict::LabsOff);
        assert_eq!(names(&applied), ["send no-answer message"]);
        let applied = told(&mut World::new([human_requested()]).with(|bot| bot.handover = false));
        assert_eq!(applied.record.verdict, Verdict::HandoverOff);
    }
}

#[test]
fn what_stands_in_the_way_is_recorded_and_the_reply_goes_out() {
    let mut labs_off = World::new([lack_of_knowledge()]);
    labs_off.account.labs.human_handover = false;
    let bot_off = World::new([lack_of_knowledge()]).with(|bot| bot.handover = false);
    let mut cooling = World::new([lack_of_knowledge()]).with(|bot| bot.cooldown_minutes = 10);
    cooling.bot_does_not_know();
    cooling.command("ana", CommandKind::HandBack);
    for (mut world, verdict) in
        [(labs_off, Verdict::LabsOff), (bot_off, Verdict::HandoverOff), (cooling, Verdict::CoolingDown)]
    {
        let applied = world.bot_does_not_know();
        assert_eq!(applied.record.verdict, verdict);
        assert_eq!(applied.record.action, Some(id("lack")));
        assert_eq!(names(&applied), ["send no-answer message"]);
    }
}

#[test]
fn admins_are_told_once_a_day_for_the_whole_account() {
    let alert = |world: &mut World| {
        let applied = outcome(world, OutcomeResult::WantsHandover, |_| {});
        let effect = applied.effects.into_iter().next().expect("an alert");
        assert!(matches!(effect.kind, EffectKind::Notify { audience: Audience::Admins, .. }));
        effect.id
    };
    let mut world = World::new([]);
    let mut other = World::new([]);
    other.conversation.id = id("another-conversation");
    let first = alert(&mut world);
    assert_eq!(alert(&mut other), first);
    world.pass(hours(23));
    assert_eq!(alert(&mut world), first);
    world.pass(hours(1));
    assert_ne!(alert(&mut world), first);
    other.conversation.account = id("another-account");
    assert_ne!(alert(&mut other), first);
}

#[test]
fn an_outcome_of_an_earlier_epoch_is_ignored_and_its_message_counts_under_the_present_control() {
    let mut world = World::new([human_requested()]);
    let asked = world.outcome(OutcomeResult::Answered);
    world.command("ana", CommandKind::Pause { pause: for_hours(1) });

    let mut paused = world.clone();
    let applied = paused.take(EventKind::Outcome(asked.clone()));
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::StaleOutcome, 0));
    assert_eq!(paused.human().waiting.as_ref().map(|waiting| &waiting.event), Some(&asked.trigger));

    // A human has written since: the message has been seen.
    let mut answered = world.clone();
    answered.take(reply("ana"));
    assert_eq!(
        answered.take(EventKind::Outcome(asked.clone())).conversation.human(),
        answered.conversation.human()
    );
    assert_eq!(answered.human().waiting, None);

    // Back with the bot: asked again, in the new epoch.
    world.command("ana", CommandKind::HandBack);
    let applied = world.take(EventKind::Outcome(asked.clone()));
    assert_eq!(applied.record.verdict, Verdict::StaleOutcome);
    assert_eq!(turns(&applied), std::slice::from_ref(&asked.trigger));
    let received_at = world.now;
    world.pass(hours(25));
    assert!(turns(&world.take_at(EventKind::Outcome(asked), received_at)).is_empty());
}

#[test]
fn an_outcome_that_is_too_old_is_only_recorded() {
    let mut world = World::new([lack_of_knowledge()]);
    let received_at = world.now;
    world.pass(hours(25));
    let outcome = world.outcome(OutcomeResult::NoAnswer);
    let applied = world.take_at(EventKind::Outcome(outcome), received_at);
    assert_eq!((applied.record.verdict, applied.effects.len()), (Verdict::TooOld, 0));
}
