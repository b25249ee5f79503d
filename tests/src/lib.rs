//! A whole world for tests: the shipped functions over the in-process cloud, on a clock that only
//! moves when told.

mod view;
mod world;

pub use view::{Text, Told, View};
pub use world::{MINUTE, SECOND, START_MS, World};
