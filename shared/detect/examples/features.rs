//! Prints what the models see of texts, for the trainer: one line of JSON for each line of standard
//! input, which holds a JSON string. With `--pieces` the numbers of the encoder's pieces only, with
//! `--ngrams` the n-grams only, which takes no time.

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
            _ => {
                let Inputs { features: _, evidence, issue, meaning, sketch } = Inputs::of(&text);
                json!({"evidence": evidence, "issue": issue, "meaning": meaning, "sketch": format!("{sketch:x}")})
            }
        };
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
