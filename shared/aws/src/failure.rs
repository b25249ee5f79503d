//! What becomes of work that did not succeed.

use std::{fmt, time::Duration};

/// The decision about a piece of work that did not succeed. Its text holds no client data, so
/// that it can be logged as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It can succeed later.
    Retry {
        /// Not before this time has passed, where somebody said so.
        after: Option<Duration>,
        /// What is in the way.
        reason: &'static str,
    },
    /// It can never succeed: it is put aside for a human to look at.
    Quarantine {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Failure {
    /// A failure that is gone later.
    pub const fn retry(reason: &'static str) -> Self {
        Self::Retry { after: None, reason }
    }

    /// A failure that stays.
    pub const fn quarantine(reason: &'static str) -> Self {
        Self::Quarantine { reason }
    }

    /// What is in the way, or wrong.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Retry { reason, .. } | Self::Quarantine { reason } => reason,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason())
    }
}

impl std::error::Error for Failure {}
