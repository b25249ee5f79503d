//! What a message is about, small enough to be kept, and whether two are about the same.

use std::sync::LazyLock;

use data_encoding::BASE64;
use handover_core::Permille;

use crate::{
    encoder::VECTOR,
    head::{Head, sigmoid},
    pairs,
    reading::Reading,
    vector::Vector,
};

/// From this probability on two messages are about the same issue.
const SAME: f32 = 0.5;

pub(crate) static AGAIN: LazyLock<Head> = LazyLock::new(|| Head::new(include_bytes!("../weights/again.bin")));

/// What a message is about: the direction of its issue, and how likely it refers to what was said before
/// ("still nothing").
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fingerprint {
    pub(crate) issue: Vector,
    /// In 255ths.
    again: u8,
}

impl Fingerprint {
    pub(crate) fn of(reading: &Reading) -> Self {
        let again = AGAIN.probability(&reading.features, reading.encoded.evidence.again);
        Self { issue: Vector::of(&reading.encoded.issue), again: share(again) }
    }

    /// Base64 of the direction's bytes and the last byte: 172 characters.
    pub(crate) fn written(&self) -> String {
        let bytes: Vec<u8> = self.issue.to_bytes().into_iter().chain([self.again]).collect();
        BASE64.encode(&bytes)
    }

    pub(crate) fn parse(written: &str) -> Option<Self> {
        let bytes = BASE64.decode(written.as_bytes()).ok()?;
        let (issue, rest) = bytes.split_first_chunk::<VECTOR>()?;
        let [again] = rest.try_into().ok()?;
        Some(Self { issue: Vector::from_bytes(issue), again })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability")]
fn share(probability: f32) -> u8 {
    (probability.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// A sketch of a text's letters: one bit for the sign of each of 128 random projections of its letter n-grams
/// (Charikar 2002, <https://doi.org/10.1145/509907.509965>), by what the hashes' random bits add up to.
pub(crate) fn sketch(hashes: &[u32]) -> u128 {
    let mut sums = [0_i32; 128];
    for hash in hashes {
        // Two rounds of SplitMix64 (Steele et al. 2014) make 128 bits of a hash.
        let mut state = u64::from(*hash);
        for half in sums.chunks_exact_mut(64) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = state;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^= bits >> 31;
            for (at, sum) in half.iter_mut().enumerate() {
                *sum += if bits >> at & 1 == 1 { 1 } else { -1 };
            }
        }
    }
    sums.iter().enumerate().fold(0, |sketch, (at, sum)| sketch | u128::from(*sum > 0) << at)
}

/// The share of two sketches' bits that are alike.
pub(crate) fn alike(one: u128, other: u128) -> f32 {
    let differ = u8::try_from((one ^ other).count_ones()).unwrap_or_default();
    1.0 - f32::from(differ) / 128.0
}

/// How likely a message is about the same issue as the present one, by their fingerprints
/// ([`handover_core::Signals::fingerprint`]); `None` when one is missing or not one of this version's.
pub fn same_issue_score(present: &str, new: &str) -> Option<Permille> {
    let (present, new) = (Fingerprint::parse(present)?, Fingerprint::parse(new)?);
    if present == new {
        return Some(Permille::ONE);
    }
    let cosine = present.issue.cosine(&new.issue);
    // What likelier than not goes on about something goes on about the present issue.
    let again = (f32::from(new.again) / 255.0 - 0.5).max(0.0);
    let [bias, by_cosine, by_again] = pairs::ISSUE;
    let evidence = bias + by_cosine * cosine + by_again * again * (1.0 - cosine);
    Some(permille(sigmoid(evidence)))
}

/// Whether a message is about the same issue as the present one, by their fingerprints; `None` when
/// either has none, which means: unknown, and nothing is counted.
pub fn same_issue(present: Option<&str>, new: Option<&str>) -> Option<bool> {
    Some(same_issue_score(present?, new?)? >= permille(SAME))
}

/// A probability in thousandths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1000")]
pub(crate) fn permille(probability: f32) -> Permille {
    Permille::new((probability.clamp(0.0, 1.0) * 1_000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(text: &str) -> String {
        Fingerprint::of(&Reading::of(text)).written()
    }

    #[test]
    fn unknown_unless_both_are_known() {
        let known = fingerprint("my parcel has not come");
        assert!(known.len() <= 200);
        assert_eq!(same_issue(None, None), None);
        assert_eq!(same_issue(Some(&known), None), None);
        assert_eq!(same_issue(None, Some(&known)), None);
        assert_eq!(same_issue(Some(&known), Some("of an earlier version")), None);
        assert_eq!(same_issue(Some(&known), Some(&known)), Some(true));
    }

    #[test]
    fn the_same_in_other_words_and_something_else() {
        let parcel = fingerprint("my parcel has not arrived yet");
        for (text, same) in [
            ("the package still hasn't arrived", true),
            ("do you have a vegan menu?", false),
            ("what are your opening hours on Sunday", false),
        ] {
            assert_eq!(same_issue(Some(&parcel), Some(&fingerprint(text))), Some(same), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_is_read_as_it_was_written() {
        let written = fingerprint("¿Dónde está mi pedido?");
        assert_eq!(Fingerprint::parse(&written).map(|read| read.written()), Some(written));
    }
}
