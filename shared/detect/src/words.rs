//! A message as words and clauses.

use crate::normal::{CLAUSE_END, fold};

/// The words of a message, in normal form, with the clause that each stands in.
pub(crate) struct Words {
    folded: String,
}

impl Words {
    pub(crate) fn read(text: &str) -> Self {
        Self { folded: fold(text) }
    }

    /// The clauses in their order, each as its words.
    pub(crate) fn clauses(&self) -> impl Iterator<Item = Vec<&str>> {
        self.folded.split(CLAUSE_END).map(|clause| clause.split_whitespace().collect())
    }

    /// All words in their order.
    pub(crate) fn all(&self) -> Vec<&str> {
        self.folded.split_whitespace().collect()
    }
}
