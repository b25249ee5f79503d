//! The local system: as a process that is talked to over its port, and as a library.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in the helpers of tests, too"
)]

mod client;
mod library;
mod lifecycle;
mod pages;
mod running;
mod story;
