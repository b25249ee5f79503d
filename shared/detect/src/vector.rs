//! Directions in the encoder's spaces, small enough to be kept.

use crate::encoder::VECTOR;

/// A direction: its numbers as signed bytes, of which only the proportions count. No word can be read
/// from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vector {
    bytes: [i8; VECTOR],
}

impl Vector {
    /// The direction of some numbers; the largest becomes 127.
    pub(crate) fn of(numbers: &[f32]) -> Self {
        let most = numbers.iter().fold(1e-9_f32, |most, number| most.max(number.abs()));
        let mut bytes = [0; VECTOR];
        for (byte, number) in bytes.iter_mut().zip(numbers) {
            *byte = whole(number / most * 127.0);
        }
        Self { bytes }
    }

    pub(crate) fn from_bytes(bytes: &[u8; VECTOR]) -> Self {
        Self { bytes: bytes.map(u8::cast_signed) }
    }

    pub(crate) fn to_bytes(&self) -> [u8; VECTOR] {
        self.bytes.map(i8::cast_unsigned)
    }

    /// The cosine of the angle between two directions; 0 where one has none.
    #[expect(clippy::cast_precision_loss, reason = "a hundred products of bytes are exact")]
    pub(crate) fn cosine(&self, other: &Self) -> f32 {
        let squares = self.dot(self) as f32 * other.dot(other) as f32;
        self.dot(other) as f32 / squares.sqrt().max(1.0)
    }

    fn dot(&self, other: &Self) -> i32 {
        self.bytes.iter().zip(&other.bytes).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the byte")]
fn whole(number: f32) -> i8 {
    number.round().clamp(-127.0, 127.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_read_as_it_was_written() {
        let numbers: Vec<_> =
            (0..VECTOR).map(|at| f32::from(u8::try_from(at).unwrap()) / 100.0 - 0.6).collect();
        let vector = Vector::of(&numbers);
        assert_eq!(Vector::from_bytes(&vector.to_bytes()), vector);
        assert!((vector.cosine(&vector) - 1.0).abs() < 1e-6);
    }
}
