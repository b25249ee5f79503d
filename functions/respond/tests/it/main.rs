//! Connectors against real servers on this machine that behave badly on purpose.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong fails a test"
)]

#[cfg(test)]
mod bedrock;
#[cfg(test)]
#[path = "../../examples/bot.rs"]
#[expect(dead_code, reason = "an example has a main")]
mod bot;
#[cfg(test)]
mod http;
#[cfg(test)]
mod openai;
#[cfg(test)]
mod peer;
