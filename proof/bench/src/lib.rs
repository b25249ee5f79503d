//! What our own code does for one inbound message, stage by stage, to be timed and counted.

#![expect(clippy::expect_used, clippy::panic, reason = "what goes wrong here fails a benchmark")]

mod own_work;

pub use own_work::{OwnWork, Stage};
