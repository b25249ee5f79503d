//! Small logistic models on top of the n-grams and the encoder.

use std::array;

use crate::{
    encoder::{Encoded, WIDTH},
    features::Features,
};

/// A trained model for one question. Its file, written by `training/heads.py`, has 32-bit
/// little-endian floats first (the bias; what the encoder's evidence for a request is worth; for
/// words, letters and marks the unit of a weight; a weight for each of the [`WIDTH`] numbers of the
/// encoder's mean) and then a signed byte for each bucket of a power of two: an n-gram falls into the
/// bucket of its hash's low bits.
#[derive(Debug)]
pub(crate) struct Head {
    bias: f32,
    request: f32,
    units: [f32; 3],
    mean: Vec<f32>,
    weights: &'static [u8],
}

impl Head {
    /// The model in a file's bytes. What is missing of a file weighs nothing; a test proves that the
    /// files in use are whole.
    pub(crate) fn new(file: &'static [u8]) -> Self {
        let (numbers, weights) = file.split_at_checked((5 + WIDTH) * 4).unwrap_or_default();
        let mut numbers =
            numbers.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap_or_default()));
        let mut next = || numbers.next().unwrap_or_default();
        let (bias, request) = (next(), next());
        let units = array::from_fn(|_| next());
        Self { bias, request, units, mean: numbers.collect(), weights }
    }

    /// The probability of "yes".
    pub(crate) fn probability(&self, features: &Features, encoded: &Encoded) -> f32 {
        sigmoid(self.evidence(features, encoded))
    }

    /// The logarithm of the odds of "yes". N-grams are divided by the root of how many there are, and
    /// the encoder's mean by its length, so that long texts do not shout.
    fn evidence(&self, features: &Features, encoded: &Encoded) -> f32 {
        let [words, chars, marks] = self.units;
        let mean: f32 = self.mean.iter().zip(&encoded.mean).map(|(weight, number)| weight * number).sum();
        self.bias
            + self.request * encoded.request
            + mean / encoded.mean.dot(&encoded.mean).sqrt().max(1e-9)
            + words * self.sum(&features.words) / root(features.words.len())
            + chars * self.sum(&features.chars) / root(features.chars.len())
            + marks * self.sum(&features.marks)
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
