//! Prints what the models see of texts, for the trainer: one line of JSON for each line of standard
//! input, which holds a JSON string. With `--pieces` the numbers of the encoder's pieces only, with
//! `--ngrams` the n-grams only: these need no encoder and take no time. With `--pooled` what the
//! encoder's heads are made of.

use std::io::{BufRead, Write, stdin, stdout};

use handover_detect::{Features, Inputs, pieces};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let only = std::env::args().nth(1).unwrap_or_default();
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let line = match only.as_str() {
            "--pieces" => json!(pieces(&text)),
            "--ngrams" => {
                let Features { words, chars, marks } = Features::of(&text);
                json!({"words": words, "chars": chars, "marks": marks})
            }
            "--pooled" => json!(Inputs::of(&text).pooled),
            _ => {
                let Inputs { features, evidence, issue, meaning, sketch, pooled: _ } = Inputs::of(&text);
                let Features { words, chars, marks } = features;
                json!({
                    "words": words, "chars": chars, "marks": marks, "sketch": format!("{sketch:x}"),
                    "evidence": evidence, "issue": issue, "meaning": meaning,
                })
            }
        };
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
