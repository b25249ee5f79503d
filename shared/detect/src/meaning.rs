//! What a text means, for owners' phrases and for questions that have an answer.

use data_encoding::BASE64;
use handover_core::Permille;

use crate::{
    encoder::VECTOR,
    head::sigmoid,
    issue::{alike, permille, sketch},
    pairs,
    reading::Reading,
    vector::Vector,
};

/// Bytes of a meaning.
pub(crate) const MEANING_BYTES: usize = VECTOR + 16;

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

    /// The vector and the sketch (little-endian).
    pub(crate) fn to_bytes(&self) -> [u8; MEANING_BYTES] {
        let mut bytes = [0; MEANING_BYTES];
        let content = self.vector.to_bytes().into_iter().chain(self.sketch.to_le_bytes());
        bytes.iter_mut().zip(content).for_each(|(byte, value)| *byte = value);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; MEANING_BYTES]) -> Self {
        let (vector, sketch) = bytes.split_first_chunk().unwrap_or((&[0; VECTOR], &[]));
        let sketch = sketch.try_into().map_or(0, u128::from_le_bytes);
        Self { vector: Vector::from_bytes(vector), sketch }
    }

    /// As it stands in [`handover_core::Signals::vector`]: base64, 192 characters.
    pub(crate) fn written(&self) -> String {
        BASE64.encode(&self.to_bytes())
    }

    pub(crate) fn parse(written: &str) -> Option<Self> {
        let bytes = BASE64.decode(written.as_bytes()).ok()?;
        Some(Self::from_bytes(bytes.as_slice().try_into().ok()?))
    }
}

/// Texts that mean the same count together: so many of the closest.
const TOGETHER: usize = 5;
/// Letters more alike than this say nothing more.
const ALIKE_MOST: f32 = 0.72;

/// How likely a message means the same as some texts (an action's phrases, an entry's questions), which mean
/// the same as each other, and which of them is closest. The closest alone is a poor judge: what shares its
/// words and not its meaning is far from the others, so the mean of the closest five counts as well, and
/// letters in common count against it. None without texts.
#[expect(clippy::cast_precision_loss, reason = "five at most")]
pub(crate) fn closeness<'a>(
    texts: impl IntoIterator<Item = &'a Meaning>,
    message: &Meaning,
) -> Option<(usize, Permille)> {
    let (mut cosines, mut letters) = (Vec::new(), 0.0_f32);
    for (place, text) in texts.into_iter().enumerate() {
        cosines.push((text.vector.cosine(&message.vector), place));
        letters = letters.max(alike(text.sketch, message.sketch));
    }
    cosines.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let &(most, place) = cosines.first()?;
    let together = cosines.len().min(TOGETHER);
    let mean = cosines.iter().take(together).map(|(cosine, _)| cosine).sum::<f32>() / together as f32;
    let [bias, by_most, by_mean, by_letters] = pairs::PHRASE;
    let evidence = bias + by_most * most + by_mean * mean + by_letters * letters.min(ALIKE_MOST);
    Some((place, permille(sigmoid(evidence))))
}
