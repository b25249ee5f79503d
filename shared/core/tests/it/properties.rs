//! What holds whatever happens. A failing history is printed with its seed and kept in
//! `tests/regressions.txt`, from where it runs first.

use handover_core::*;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, FileFailurePersistence},
};

use crate::{
    build::*,
    history::{History, Step},
    samples,
    world::World,
};

fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/regressions.txt"))),
        ..Config::default()
    }
}

/// Seconds: mostly moments, sometimes long enough for pauses and promises to run out.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..120, 3 => 0_u64..7_200, 2 => 0_u64..180_000]
}

/// Seconds between an event's arrival and its turn.
fn lag() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0_u64), 2 => 0_u64..60, 1 => 0_u64..100_000]
}

fn step() -> impl Strategy<Value = Step> {
    let command =
        (any::<u8>(), any::<u8>(), lag()).prop_map(|(who, what, ago)| Step::Command { who, what, ago });
    let echo = (any::<u8>(), any::<u8>(), any::<bool>(), lag())
        .prop_map(|(author, evidence, waited, ago)| Step::Echo { author, evidence, waited, ago });
    prop_oneof![
        8 => (any::<u8>(), lag()).prop_map(|(what, ago)| Step::Client { what, ago }),
        8 => command,
        4 => (any::<usize>(), any::<u8>()).prop_map(|(nth, result)| Step::Outcome { nth, result }),
        4 => any::<usize>().prop_map(|nth| Step::Timer { nth }),
        3 => echo,
        2 => (any::<u8>(), any::<bool>()).prop_map(|(what, told)| Step::Contact { what, told }),
        2 => any::<u8>().prop_map(Step::Setting),
        1 => any::<bool>().prop_map(Step::Consent),
        1 => any::<u8>().prop_map(Step::Thread),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(nth, result)| Step::Delivery { nth, result }),
        1 => Just(Step::Wake),
    ]
}

/// Any instant at all, the ends of time included.
fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), any::<i64>(), START.as_ms()..START.as_ms() + 1_000_000_000,]
        .prop_map(Timestamp::from_ms)
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn every_history_keeps_the_invariants(
        windowed in any::<bool>(),
        steps in vec((delay(), step()), 1..60),
    ) {
        let mut history = History::new(if windowed { Channel::WhatsApp } else { Channel::Web });
        for (delay, step) in &steps {
            history.step(*delay, step);
        }
    }

    #[test]
    fn every_question_has_an_answer(
        state in 0..samples::conversations().len(),
        event in 0..samples::event_kinds().len(),
        epoch in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
        sequence in any::<u32>(),
        times in [instant(), instant(), instant(), instant()],
        with_bot in any::<bool>(),
    ) {
        let [now, received_at, sent_at, end] = times;
        let mut world = World::new([human_requested(), lack_of_knowledge(), repeated_failure(0)]);
        world.conversation = samples::conversations().swap_remove(state).1;
        world.conversation.epoch = epoch;
        world.conversation.timer_sequence = sequence;
        world.conversation.handed_back_at = Some(sent_at);
        if let Control::Human(human) = &mut world.conversation.control {
            human.returns = Returns::At(end);
            human.last_human_at = Some(received_at);
        }
        if !with_bot {
            world.bot = None;
        }
        world.now = now;
        let kind = samples::event_kinds().swap_remove(event).1;
        let event = Event { id: id("event"), sent_at: Some(sent_at), received_at, kind };
        prop_assert_eq!(world.decide(&event), world.decide(&event));
        for purpose in [Purpose::Bot, Purpose::Closing, Purpose::Staff] {
            let _: Fence = fence(&world.conversation, purpose, epoch, end, now);
        }
    }

    #[test]
    fn instants_do_not_overflow(one in instant(), other in instant(), seconds in any::<u64>()) {
        let duration = std::time::Duration::from_secs(seconds);
        prop_assert!(one + duration >= one);
        prop_assert!(one.minus(duration) <= one);
        prop_assert_eq!(one.since(other).is_zero(), one <= other);
        prop_assert!(one.day() <= one.as_seconds().max(one.day()));
    }

    #[test]
    fn a_pause_ends_between_its_end_and_a_day_later(
        end in START.as_ms()..START.as_ms() + 1_000_000_000,
        wrote in proptest::option::of(START.as_ms()..START.as_ms() + 1_000_000_000),
        quiet_minutes in 0_u16..=1_440,
    ) {
        let mut world = World::new([human_requested()]);
        world.take(asks(900));
        let Control::Human(mut human) = world.conversation.control else { unreachable!("handed over") };
        human.returns = Returns::At(Timestamp::from_ms(end));
        human.last_human_at = wrote.map(Timestamp::from_ms);
        human.quiet_minutes = quiet_minutes;
        let end = Timestamp::from_ms(end);
        let resumes_at = human.resumes_at().expect("a pause with an end");
        prop_assert!(resumes_at >= end && resumes_at <= end + hours(24));
        let quiet_until = human.last_human_at.map(|at| at + minutes(u64::from(quiet_minutes)));
        match quiet_until {
            Some(quiet_until) if quiet_until > end => {
                prop_assert_eq!(resumes_at, quiet_until.min(end + hours(24)));
            }
            Some(_) | None => prop_assert_eq!(resumes_at, end),
        }
    }
}
