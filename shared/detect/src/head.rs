//! Small logistic models that put the encoder's evidence and the n-grams together.

use std::array;

use crate::features::Features;

/// A trained model for one question. Its file, written by `training/heads.py`, has 32-bit
/// little-endian floats first (the bias; what the encoder's evidence is worth; the unit of a weight
/// for words, letters and marks) and then a signed byte for each bucket of a power of two: an n-gram
/// falls into the bucket of its hash's low bits.
#[derive(Debug)]
pub(crate) struct Head {
    bias: f32,
    encoder: f32,
    units: [f32; 3],
    weights: &'static [u8],
}

/// Floats at the beginning of a head's file.
const NUMBERS: usize = 5;

impl Head {
    /// The model in a file's bytes. What is missing of a file weighs nothing; a test proves that the
    /// files in use are whole.
    pub(crate) fn new(file: &'static [u8]) -> Self {
        let (numbers, weights) = file.split_at_checked(NUMBERS * 4).unwrap_or_default();
        let mut numbers = numbers.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let mut next = || numbers.next().unwrap_or_default();
        let (bias, encoder) = (next(), next());
        Self { bias, encoder, units: array::from_fn(|_| next()), weights }
    }

    /// The logarithm of the odds of "yes". N-grams are divided by the root of how many there are, so
    /// that long texts do not shout.
    pub(crate) fn evidence(&self, features: &Features, encoder: f32) -> f32 {
        let [words, chars, marks] = self.units;
        self.bias
            + self.encoder * encoder
            + words * self.sum(&features.words) / root(features.words.len())
            + chars * self.sum(&features.chars) / root(features.chars.len())
            + marks * self.sum(&features.marks)
    }

    /// The probability of "yes".
    pub(crate) fn probability(&self, features: &Features, encoder: f32) -> f32 {
        sigmoid(self.evidence(features, encoder))
    }

    #[expect(clippy::cast_precision_loss, reason = "a sum of some hundred signed bytes is exact")]
    fn sum(&self, hashes: &[u32]) -> f32 {
        let mask = self.weights.len().wrapping_sub(1);
        let weight = |hash: &u32| {
            let bucket = usize::try_from(*hash).unwrap_or_default() & mask;
            self.weights.get(bucket).map_or(0, |weight| i32::from(weight.cast_signed()))
        };
        hashes.iter().map(weight).sum::<i32>() as f32
    }
}

#[expect(clippy::cast_precision_loss, reason = "some thousands at most")]
fn root(count: usize) -> f32 {
    (count.max(1) as f32).sqrt()
}

/// The logistic function.
pub(crate) fn sigmoid(evidence: f32) -> f32 {
    1.0 / (1.0 + (-evidence).exp())
}
