//! The trainer's scores, given again, and what holds for any text.
#![expect(clippy::unwrap_used, reason = "a broken fixture fails the test")]

use handover_core::{Bot, HandoverAction, Scenario};
use handover_detect::{
    Answers, Inputs, Prepared, broad_phrase, evidence, explain, pieces, reply_signals, same_issue, signals,
};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    text: String,
    pieces: Vec<u16>,
    evidence: [f64; 6],
    issue: Vec<f64>,
    meaning: Vec<f64>,
}

/// What may differ: the trainer adds in another order and rounds nothing on the way.
const MOST: f64 = 0.001;

fn probability(evidence: f64) -> f64 {
    1.0 / (1.0 + (-evidence).exp())
}

#[test]
fn the_scores_are_the_trainers() {
    let fixtures: Vec<Fixture> =
        include_str!("scores.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(fixtures.len() > 100);
    for fixture in fixtures {
        let text = fixture.text;
        assert_eq!(pieces(&text), fixture.pieces, "{text}");
        for (ours, trainers) in evidence(&text).into_iter().zip(fixture.evidence) {
            let (ours, trainers) = (probability(f64::from(ours)), probability(trainers));
            assert!((ours - trainers).abs() < MOST, "{text}: {ours} and {trainers}");
        }
        let inputs = Inputs::of(&text);
        for (ours, trainers) in [(&inputs.issue, &fixture.issue), (&inputs.meaning, &fixture.meaning)] {
            for (ours, trainers) in ours.iter().zip(trainers) {
                assert!((f64::from(*ours) - trainers).abs() < MOST, "{text}: {ours} and {trainers}");
            }
        }
    }
}

#[test]
fn an_explanation_names_the_words_that_count() {
    let drove = explain("my parcel is late, I want to speak to a human about it please");
    let strongest: Vec<_> = drove.iter().take(4).map(|(word, _)| word.as_str()).collect();
    assert!(strongest.contains(&"human") || strongest.contains(&"speak"), "{drove:?}");
    assert!(explain("").is_empty());
}

#[test]
fn of_a_long_text_both_ends_are_read() {
    let ask = "I want to speak to a human about this";
    let filler = "the parcel is blue. ".repeat(4_000);
    for text in [format!("{ask}. {filler}"), format!("{filler} {ask}")] {
        assert!(signals(&text).human_request.get() >= 350, "{:?}", signals(&text));
        assert!(pieces(&text).len() <= 64);
    }
    let middle = format!("{filler} {ask}. {filler}");
    assert_eq!(pieces(&middle), pieces(&format!("{filler} {filler}")), "the middle is not read");
}

#[test]
fn no_text_is_too_strange() {
    let long = 200_000;
    for text in [
        "a".repeat(long),
        "human ".repeat(long / 6),
        "\u{1f600}".repeat(long / 4),
        "?".repeat(long),
        "\u{301}".repeat(long / 2),
        "\u{fdfa}".repeat(long / 3),
        "\n".repeat(long),
        "\u{0}\u{202e}\u{feff}".repeat(1_000),
        "क्षि".repeat(10_000),
    ] {
        let found = signals(&text);
        assert!(evidence(&text).iter().all(|number| number.is_finite()));
        assert!(found.fingerprint.is_none_or(|fingerprint| fingerprint.len() <= 200));
        reply_signals(&text);
    }
}

fn prepared(phrases: Vec<String>) -> Prepared {
    let mut bot = Bot::new("bot".parse().unwrap(), "Bot");
    let scenario = Scenario::Custom { name: "any".to_owned(), phrases };
    bot.actions.push(HandoverAction::new("any".parse().unwrap(), scenario));
    Prepared::new(&bot)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any string: nothing panics, and what is said is within its bounds.
    #[test]
    fn any_text_is_read(text in "\\PC{0,300}", other in any::<String>()) {
        for text in [&text, &other] {
            let found = signals(text);
            prop_assert!(found.human_request.get() <= 1_000);
            prop_assert!(found.fingerprint.as_deref().is_none_or(|it| it.len() <= 200 && it.is_ascii()));
            prop_assert_eq!(found.fingerprint.is_some(), found.vector.is_some());
            prop_assert_eq!(&found, &signals(text));
            prop_assert!((2..=64).contains(&pieces(text).len()));
            let fingerprint = found.fingerprint.as_deref();
            prop_assert!(fingerprint.is_none() || same_issue(fingerprint, fingerprint) == Some(true));
            reply_signals(text);
        }
        let found = signals(&other);
        let prepared = prepared(vec![text.clone(), other.clone()]);
        for matched in prepared.matches(&other, &found) {
            prop_assert!(matched.phrase < 2);
        }
        let answers = Answers::new([[text.as_str()], [other.as_str()]]);
        prop_assert!(answers.best(&text, &signals(&text), 5).len() <= 2);
        broad_phrase(&text);
    }

    /// Fingerprints and vectors that are not ours are no error.
    #[test]
    fn any_written_form_is_read(written in "[A-Za-z0-9+/=]{0,220}", text in "[a-z ]{0,40}") {
        let known = signals("where is my parcel").fingerprint;
        same_issue(Some(&written), known.as_deref());
        same_issue(known.as_deref(), Some(&written));
        let mut found = signals(&text);
        found.vector = Some(written);
        prepared(vec!["where is my parcel".to_owned()]).matches(&text, &found);
    }
}
