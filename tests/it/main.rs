//! Whole-system tests: the shipped functions, called through their Lambda events, over the
//! in-process cloud.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "what goes wrong here fails a test; capacity units are exact halves"
)]

mod answers;
mod automations;
mod budgets;
mod console;
mod contacts;
mod contract;
mod cost;
mod crashes;
mod crashes_around;
mod endurance;
mod leaving;
mod mail;
mod notify;
mod pages;
mod pauses;
mod policies;
mod providers;
mod simulation;
mod stories;
mod takeover;
mod template;
mod timers;
mod trace;
mod traffic;
mod variations;
