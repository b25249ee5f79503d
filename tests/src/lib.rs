//! A whole world for tests: the shipped functions over the in-process cloud, on a clock that only
//! moves when told.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "what goes wrong here fails a test, and that is what it is for"
)]

pub mod hosting;
pub mod simulation;
mod view;
mod world;

pub use view::{Text, Told, View};
pub use world::{MINUTE, SECOND, START_MS, USED_PERMISSIONS, World};
