//! Hosting the functions' real binaries as Lambda does, to measure them.

mod process;
mod runtime_api;

pub use process::Process;
pub use runtime_api::{RuntimeApi, invoke_api};
