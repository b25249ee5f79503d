//! Measures the understanding on labelled lines:
//! `evaluate TASK FILE.jsonl [--sensitivity eager|balanced|strict] [--errors N]`.
//!
//! | task | a line |
//! |---|---|
//! | `human-request` | `{text, label, kind, lang}`: 1 asks for a human, 0 does not, -1 is left out, as is the kind `dept` |
//! | `same-issue` | `{a, b, label}` or `{text, text_b, label}` |
//! | `non-answer` | `{text, label}` |
//! | `feedback` | `{text, label}`: unhelpful, resolved or neutral; false positives are neutral messages taken for either |
//! | `phrases` | `{owner, phrases, positives, negatives}` |
//!
//! Prints one JSON object; a figure is null where there is nothing to count. Bad lines are reported
//! by number on standard error.

#[path = "evaluate/figures.rs"]
mod figures;

use std::{error::Error, fs, process::ExitCode, time::Instant};

use figures::{Sample, figures};
use handover_core::{Bot, Feedback, HandoverAction, Permille, Scenario, Sensitivity};
use handover_detect::{MODEL, MODEL_BYTES, Prepared, reply_scores, same_issue_score, signals};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Either way of writing a pair, and every other line but an owner's.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "a")]
    text: String,
    #[serde(default, alias = "b")]
    text_b: String,
    label: Value,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    lang: String,
}

#[derive(Deserialize)]
struct Owner {
    #[serde(rename = "owner")]
    name: String,
    phrases: Vec<String>,
    positives: Vec<String>,
    negatives: Vec<String>,
    #[serde(default)]
    lang: String,
}

/// Judges one line of a task.
type Judge = fn(&str, Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>>;

struct Options {
    task: String,
    file: String,
    sensitivity: Sensitivity,
    errors: usize,
}

const USAGE: &str = "usage: evaluate human-request|same-issue|non-answer|feedback|phrases FILE.jsonl \
    [--sensitivity eager|balanced|strict] [--errors N]";

fn options() -> Result<Options, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (task, file) = (arguments.next().ok_or(USAGE)?, arguments.next().ok_or(USAGE)?);
    let mut options = Options { task, file, sensitivity: Sensitivity::Balanced, errors: 0 };
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match (option.as_str(), value.as_str()) {
            ("--sensitivity", "eager") => options.sensitivity = Sensitivity::Eager,
            ("--sensitivity", "balanced") => options.sensitivity = Sensitivity::Balanced,
            ("--sensitivity", "strict") => options.sensitivity = Sensitivity::Strict,
            ("--errors", number) => options.errors = number.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool")]
fn main() -> ExitCode {
    match options().and_then(|options| measure(&options)) {
        Ok(figures) => {
            println!("{figures:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command line tool")]
fn measure(options: &Options) -> Result<Value, Box<dyn Error>> {
    let of_line: Judge = match options.task.as_str() {
        "human-request" => human_request,
        "same-issue" => same_issue,
        "non-answer" => non_answer,
        "feedback" => feedback,
        "phrases" => phrases,
        _ => return Err(USAGE.into()),
    };
    // What is read at first use is not a message's time.
    signals("warm-up");
    let mut samples = Vec::new();
    for (number, line) in (1..).zip(fs::read_to_string(&options.file)?.lines()) {
        match of_line(line, options.sensitivity) {
            Ok(found) => samples.extend(found),
            Err(error) => eprintln!("{}:{number}: {error}", options.file),
        }
    }
    let mut all = figures(&samples);
    if options.task == "feedback" {
        all.insert("macro_f1".to_owned(), json!(figures::macro_f1(&samples)));
        all.remove("f1");
    }
    let groups = |of: fn(&Sample) -> &str| -> Map<String, Value> {
        let mut names: Vec<_> = samples.iter().map(of).filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let group = |name: &str| {
            let some: Vec<_> = samples.iter().filter(|sample| of(sample) == name).cloned().collect();
            (name.to_owned(), Value::Object(figures(&some)))
        };
        names.into_iter().map(group).collect()
    };
    all.insert("by_kind".to_owned(), groups(|sample| &sample.kind).into());
    all.insert("by_lang".to_owned(), groups(|sample| &sample.lang).into());
    all.insert("latency_ns".to_owned(), figures::latency(&samples));
    all.insert("model".to_owned(), json!(MODEL));
    all.insert("model_bytes".to_owned(), json!(MODEL_BYTES));
    if options.errors > 0 {
        all.insert("errors".to_owned(), figures::worst(&samples, options.errors));
    }
    Ok(all.into())
}

/// The time that a piece of work takes, in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a measuring tool")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let start = Instant::now();
    let done = work();
    (done, u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn binary(label: &Value) -> Result<Option<bool>, Box<dyn Error>> {
    match label.as_i64() {
        Some(0) => Ok(Some(false)),
        Some(1) => Ok(Some(true)),
        Some(-1) => Ok(None),
        _ => Err("the label is neither 1, 0 nor -1".into()),
    }
}

impl Line {
    fn sample(self, label: bool, fires: bool, score: Permille, nanoseconds: u64) -> Sample {
        let text =
            if self.text_b.is_empty() { self.text } else { format!("{} / {}", self.text, self.text_b) };
        Sample {
            text,
            label,
            fires,
            score: score.get(),
            kind: self.kind,
            lang: self.lang,
            nanoseconds,
            classes: None,
        }
    }
}

fn human_request(line: &str, sensitivity: Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>> {
    let line: Line = serde_json::from_str(line)?;
    let Some(label) = binary(&line.label)?.filter(|_| line.kind != "dept") else { return Ok(Vec::new()) };
    let (signals, nanoseconds) = timed(|| signals(&line.text));
    let fires = signals.exact_request
        || (signals.guard.is_none() && signals.human_request >= sensitivity.threshold());
    Ok(vec![line.sample(label, fires, signals.human_request, nanoseconds)])
}

fn same_issue(line: &str, _: Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>> {
    let line: Line = serde_json::from_str(line)?;
    let Some(label) = binary(&line.label)? else { return Ok(Vec::new()) };
    let present = signals(&line.text).fingerprint;
    let ((score, same), nanoseconds) = timed(|| {
        let new = signals(&line.text_b).fingerprint;
        let score = present.as_deref().zip(new.as_deref()).and_then(|(a, b)| same_issue_score(a, b));
        (score.unwrap_or_default(), handover_detect::same_issue(present.as_deref(), new.as_deref()))
    });
    Ok(vec![line.sample(label, same == Some(true), score, nanoseconds)])
}

fn non_answer(line: &str, _: Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>> {
    let line: Line = serde_json::from_str(line)?;
    let Some(label) = binary(&line.label)? else { return Ok(Vec::new()) };
    let ([score, _], nanoseconds) = timed(|| reply_scores(&line.text));
    Ok(vec![line.sample(label, score >= Permille::new(500), score, nanoseconds)])
}

fn feedback(line: &str, _: Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>> {
    let line: Line = serde_json::from_str(line)?;
    let (signals, nanoseconds) = timed(|| signals(&line.text));
    let said = match signals.feedback {
        Feedback::Neutral => "neutral",
        Feedback::Unhelpful => "unhelpful",
        Feedback::Resolved => "resolved",
    };
    let label = line.label.as_str().unwrap_or_default().to_owned();
    if !["neutral", "unhelpful", "resolved"].contains(&label.as_str()) {
        return Err("the label is neither unhelpful, resolved nor neutral".into());
    }
    let score = Permille::new(if said == "neutral" { 0 } else { 1_000 });
    let mut sample = line.sample(label != "neutral", said != "neutral", score, nanoseconds);
    sample.classes = Some((label, said));
    Ok(vec![sample])
}

fn phrases(line: &str, _: Sensitivity) -> Result<Vec<Sample>, Box<dyn Error>> {
    let owner: Owner = serde_json::from_str(line)?;
    let mut bot = Bot::new("bot".parse()?, "Bot");
    let scenario = Scenario::Custom { name: owner.name.clone(), phrases: owner.phrases };
    let action = HandoverAction::new("owner".parse()?, scenario);
    let id = action.id.clone();
    bot.actions.push(action);
    let prepared = Prepared::new(&bot);
    let messages = owner.positives.into_iter().map(|text| (text, true));
    let messages = messages.chain(owner.negatives.into_iter().map(|text| (text, false)));
    Ok(messages
        .map(|(text, label)| {
            let ((matched, closest), nanoseconds) = timed(|| {
                let signals = signals(&text);
                (prepared.matches(&text, &signals), prepared.closest(&id, &signals))
            });
            let found = matched.first().map(|found| found.closeness).unwrap_or_default();
            let score = if found == Permille::ONE { found } else { closest.unwrap_or_default() };
            Sample {
                text,
                label,
                fires: !matched.is_empty(),
                score: score.get(),
                kind: String::new(),
                lang: owner.lang.clone(),
                nanoseconds,
                classes: None,
            }
        })
        .collect())
}
