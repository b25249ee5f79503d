//! The trainer's scores, given again.

use handover_detect::{explain, probability_of_request};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    text: String,
    score: f64,
}

/// What may differ: the trainer adds in other order.
const MOST: f64 = 0.001;

#[test]
fn the_scores_are_the_trainers() {
    let fixtures: Vec<Fixture> =
        include_str!("scores.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(fixtures.len() > 50);
    for Fixture { text, score } in fixtures {
        let ours = f64::from(probability_of_request(&text));
        assert!((ours - score).abs() < MOST, "{text}: {ours} and {score}");
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
fn no_length_is_too_long() {
    for text in ["a".repeat(100_000), "human ".repeat(20_000), "\u{1f600}".repeat(9_000), "?".repeat(50_000)]
    {
        assert!(probability_of_request(&text).is_finite());
    }
}
