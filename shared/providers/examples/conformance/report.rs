//! What came of a run.

use std::{collections::BTreeSet, fmt};

/// Counts, and a line for everything that did not go as expected.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Cases as expected.
    pub(crate) passed: usize,
    /// What failed, and how.
    pub(crate) failures: Vec<String>,
    /// Optional cases that failed.
    pub(crate) tolerated: Vec<String>,
    /// Cases of schemes and providers that the crate leaves out.
    pub(crate) skipped: Vec<String>,
    /// Expected members that no case here knows how to compare.
    pub(crate) not_compared: BTreeSet<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(formatter, "FAILED {failure}")?;
        }
        for case in &self.tolerated {
            writeln!(formatter, "optional, failed: {case}")?;
        }
        for case in &self.skipped {
            writeln!(formatter, "skipped: {case}")?;
        }
        for member in &self.not_compared {
            writeln!(formatter, "not compared: {member}")?;
        }
        writeln!(formatter, "{} passed, {} failed", self.passed, self.failures.len())
    }
}
