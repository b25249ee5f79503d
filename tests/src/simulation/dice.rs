//! Numbers that follow from a seed.

use std::time::Duration;

/// Numbers that follow from a seed (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Self { state: seed };
        // Neighbouring seeds shall not begin alike.
        dice.state = dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 below 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// True once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = self.below(choices.len() as u64);
        choices.get(usize::try_from(index).unwrap_or(0)).copied()
    }

    /// A time to wait: seconds, minutes, hours, or days.
    pub(crate) fn time(&mut self) -> Duration {
        let seconds = match self.below(12) {
            0 | 1 => self.below(5),
            2..=4 => self.below(300),
            5..=8 => self.below(5_400),
            9 | 10 => self.below(100_000),
            _ => self.below(6 * 86_400),
        };
        Duration::from_secs(seconds)
    }
}
