//! A text read once, for every question that is asked of it.

use crate::{
    encoder::{self, Encoded},
    features::Features,
    issue::sketch,
    words::Words,
};

/// A text as its words, its n-grams and what the encoder makes of it.
pub(crate) struct Reading {
    pub(crate) words: Words,
    pub(crate) features: Features,
    pub(crate) encoded: Encoded,
}

impl Reading {
    pub(crate) fn of(text: &str) -> Self {
        let words = Words::read(text);
        let features = Features::read(text, &words);
        let encoded = if words.all().is_empty() { Encoded::default() } else { encoder::encode(text) };
        Self { words, features, encoded }
    }

    /// There is a letter or digit to read.
    pub(crate) fn says_something(&self) -> bool {
        !self.words.all().is_empty()
    }
}

/// What the trainer fits its models to: all that they see of a text.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The n-grams.
    pub features: Features,
    /// The encoder's evidence: a request for a human, unhelpful, resolved, a non-answer, a promise,
    /// refers back.
    pub evidence: [f32; 6],
    /// What the text is about, 128 numbers, of length 1.
    pub issue: Vec<f32>,
    /// What the text means, 128 numbers, of length 1.
    pub meaning: Vec<f32>,
    /// The sketch of the letters, as a number of 128 bits.
    pub sketch: u128,
    /// What the encoder's evidence and vectors are made of, 768 numbers; none without a letter or digit.
    pub pooled: Vec<f32>,
}

impl Inputs {
    /// What the models see of a text.
    pub fn of(text: &str) -> Self {
        let Reading { features, encoded, .. } = Reading::of(text);
        let sketch = sketch(&features.chars);
        let evidence = encoded.evidence.as_array();
        let (issue, meaning, pooled) = (encoded.issue, encoded.meaning, encoded.pooled);
        Self { features, evidence, issue, meaning, sketch, pooled }
    }
}
