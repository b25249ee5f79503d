//! The figures that a row of judged samples gives.

use serde_json::{Map, Value, json};

/// One judged text.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) text: String,
    /// The right answer.
    pub(crate) label: bool,
    /// The answer given.
    pub(crate) fires: bool,
    /// How sure it was, in thousandths.
    pub(crate) score: u16,
    pub(crate) kind: String,
    pub(crate) lang: String,
    pub(crate) nanoseconds: u64,
    /// Where there are more than two answers: the right one and the one given.
    pub(crate) classes: Option<(String, &'static str)>,
}

pub(crate) fn figures(samples: &[Sample]) -> Map<String, Value> {
    let count = |label: bool, fires: bool| {
        samples.iter().filter(|sample| sample.label == label && sample.fires == fires).count()
    };
    let (hits, misses) = (count(true, true), count(true, false));
    let (alarms, quiet) = (count(false, true), count(false, false));
    let mut figures = Map::new();
    let mut add = |name: &str, value: Value| figures.insert(name.to_owned(), value);
    add("n", json!(samples.len()));
    add("precision", json!(share(hits, hits + alarms)));
    add("recall", json!(share(hits, hits + misses)));
    add("f1", json!(share(2 * hits, 2 * hits + alarms + misses)));
    add("false_positive_rate", json!(share(alarms, alarms + quiet)));
    let curve = curve(samples);
    for (name, most) in
        [("recall_at_fpr_0.001", 0.001), ("recall_at_fpr_0.01", 0.01), ("recall_at_fpr_0.05", 0.05)]
    {
        let within =
            curve.iter().filter(|(_, alarms)| share(*alarms, quiet + count(false, true)) <= Some(most));
        let recalls = within.filter_map(|(hits_there, _)| share(*hits_there, hits + misses));
        add(name, json!(if alarms + quiet == 0 { None } else { recalls.reduce(f64::max) }));
    }
    let precise = curve.iter().filter(|(hits, alarms)| share(*hits, hits + alarms) >= Some(0.99));
    add(
        "recall_at_precision_0.99",
        json!(precise.filter_map(|(there, _)| share(*there, hits + misses)).reduce(f64::max)),
    );
    add("auc", json!(area(samples)));
    figures
}

/// Positives and negatives at or above each score, from the highest score down.
fn curve(samples: &[Sample]) -> Vec<(usize, usize)> {
    let mut scores: Vec<_> = samples.iter().map(|sample| (sample.score, sample.label)).collect();
    scores.sort_unstable_by(|a, b| b.cmp(a));
    let mut curve = vec![(0, 0)];
    let (mut hits, mut alarms) = (0, 0);
    for some in scores.chunk_by(|a, b| a.0 == b.0) {
        let positives = some.iter().filter(|(_, label)| *label).count();
        hits += positives;
        alarms += some.len() - positives;
        curve.push((hits, alarms));
    }
    curve
}

/// The chance that a positive scores above a negative; ties count half.
fn area(samples: &[Sample]) -> Option<f64> {
    let curve = curve(samples);
    let &(hits, alarms) = curve.last()?;
    let strips = curve.iter().zip(curve.iter().skip(1));
    let twice: usize = strips.map(|(before, after)| (after.1 - before.1) * (after.0 + before.0)).sum();
    share(twice, 2 * hits * alarms)
}

/// The mean of the classes' F1.
pub(crate) fn macro_f1(samples: &[Sample]) -> Option<f64> {
    let classes: Vec<_> = samples.iter().filter_map(|sample| sample.classes.as_ref()).collect();
    let f1 = |class: &str| {
        let hits = classes.iter().filter(|(right, given)| right == class && *given == class).count();
        let right = classes.iter().filter(|(right, _)| right == class).count();
        let given = classes.iter().filter(|(_, given)| *given == class).count();
        share(2 * hits, right + given)
    };
    Some((f1("neutral")? + f1("unhelpful")? + f1("resolved")?) / 3.0)
}

pub(crate) fn latency(samples: &[Sample]) -> Value {
    let mut times: Vec<_> = samples.iter().map(|sample| sample.nanoseconds).collect();
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    json!({"p50": at(50), "p99": at(99)})
}

/// The worst errors: the surest first.
pub(crate) fn worst(samples: &[Sample], most: usize) -> Value {
    let mut errors: Vec<_> = samples
        .iter()
        .filter(|sample| match &sample.classes {
            Some((right, given)) => right != given,
            None => sample.label != sample.fires,
        })
        .collect();
    errors.sort_by_key(|sample| if sample.label { sample.score } else { 1_000 - sample.score });
    let error = |sample: &&Sample| json!({"text": sample.text, "label": sample.label, "score": sample.score});
    errors.iter().take(most).map(error).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines")]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
