//! Connectors against real servers on this machine that behave badly on purpose.

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
