//! What a text means, for owners' phrases and for questions that have an answer.

use handover_core::Permille;

use crate::{
    head::sigmoid,
    issue::{alike, permille, sketch},
    pairs,
    reading::Reading,
    vector::Vector,
};

/// A text's direction of meaning and the sketch of its letters.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) vector: Vector,
    pub(crate) sketch: u128,
}

impl Meaning {
    pub(crate) fn of(reading: &Reading) -> Self {
        Self { vector: Vector::of(&reading.encoded.meaning), sketch: sketch(&reading.features.chars) }
    }

    /// How likely a message means the same as this phrase or question.
    pub(crate) fn closeness(&self, message: &Self) -> Permille {
        let [bias, by_cosine, by_sketch] = pairs::PHRASE;
        let cosine = self.vector.cosine(&message.vector);
        permille(sigmoid(bias + by_cosine * cosine + by_sketch * alike(self.sketch, message.sketch)))
    }

    /// As it stands in [`handover_core::Signals::vector`]: base64 of the vector and the sketch.
    pub(crate) fn written(&self) -> String {
        format!("{}{}", self.vector.written(), data_encoding::BASE64.encode(&self.sketch.to_le_bytes()))
    }

    pub(crate) fn parse(written: &str) -> Option<Self> {
        let (vector, sketch) = written.split_at_checked(WRITTEN_VECTOR)?;
        let sketch = data_encoding::BASE64.decode(sketch.as_bytes()).ok()?;
        Some(Self {
            vector: Vector::parse(vector)?,
            sketch: u128::from_le_bytes(sketch.as_slice().try_into().ok()?),
        })
    }
}

/// Characters of a written [`Vector`].
const WRITTEN_VECTOR: usize = 172;
