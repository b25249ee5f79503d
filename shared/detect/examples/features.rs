//! Prints what the models see of texts, for the trainer: one JSON object for each line of standard
//! input, which holds a JSON string.

use std::io::{BufRead, Write, stdin, stdout};

use handover_detect::Inputs;
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let Inputs { features, request, mean, meaning, sketch } = Inputs::of(&text);
        let line = json!({
            "words": features.words, "chars": features.chars, "marks": features.marks,
            "request": request, "mean": mean, "meaning": meaning,
            "sketch": format!("{sketch:x}"),
        });
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}
