//! Randomness, as the functions see it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sha2::{Digest, Sha256};

type Fill = dyn Fn(&mut [u8]) + Send + Sync;

/// A source of random bytes, which tests replace by a repeatable one.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Random {
    /// The operating system's randomness, fit for keys, nonces and ids.
    ///
    /// # Panics
    /// Drawing from it does, should the operating system have none to give.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place where a process draws randomness")]
        #[expect(clippy::expect_used, reason = "going on with predictable nonces and ids would be worse")]
        Self(Arc::new(|bytes| getrandom::fill(bytes).expect("the operating system has randomness")))
    }

    /// The same bytes in the same order for the same seed: for tests, and for nothing secret. Clones
    /// draw from one sequence.
    pub fn seeded(seed: u64) -> Self {
        let drawn = AtomicU64::new(0);
        Self(Arc::new(move |bytes| {
            for chunk in bytes.chunks_mut(32) {
                let block = drawn.fetch_add(1, Ordering::Relaxed);
                let hash = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(block.to_be_bytes());
                for (byte, random) in chunk.iter_mut().zip(hash.finalize()) {
                    *byte = random;
                }
            }
        }))
    }

    /// As many random bytes as are wanted.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.0)(&mut bytes);
        bytes
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_nothing_else() {
        let (first, second) = (Random::seeded(7), Random::seeded(7));
        let long: [u8; 70] = first.bytes();
        assert_eq!(long, second.clone().bytes());
        assert_ne!(first.bytes::<16>(), [0; 16]);
        assert_ne!(first.bytes::<16>(), first.bytes::<16>());
        assert_ne!(Random::seeded(8).bytes::<70>(), long);
    }

    #[test]
    fn the_system_does_not_repeat_itself() {
        let random = Random::system();
        assert_ne!(random.bytes::<16>(), random.bytes::<16>());
    }
}
