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
        Self { words, features, encoded: encoder::encode(text) }
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
    /// The encoder's evidence for a request for a human.
    pub request: f32,
    /// The encoder's mean, 384 numbers.
    pub mean: Vec<f32>,
    /// The text's meaning, 128 numbers, of length 1.
    pub meaning: Vec<f32>,
    /// The sketch of the letters, as a number of 128 bits.
    pub sketch: u128,
}

impl Inputs {
    /// What the models see of a text.
    pub fn of(text: &str) -> Self {
        let reading = Reading::of(text);
        let sketch = sketch(&reading.features.chars);
        let Reading { features, encoded, .. } = reading;
        let Encoded { request, mean, meaning } = encoded;
        Self { features, request, mean: mean.to_vec(), meaning: meaning.to_vec(), sketch }
    }
}
