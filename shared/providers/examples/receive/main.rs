//! Verifies and reads a text message of 2 KB again and again, to be counted or timed.
//!
//! ```text
//! valgrind --tool=callgrind target/release/examples/receive whatsapp 1000
//! ```
//!
//! What one call costs is the difference between two counts of repetitions. `receive names` says which
//! providers there are.

use std::{hint::black_box, io::Write, process::ExitCode};

use data_encoding::BASE64;
use handover_core::{InboxId, Provider};
use handover_providers::{Secrets, Verdict};

mod calls;

const SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
/// The moment at which all calls are made, in seconds.
const NOW: i64 = 1_767_225_600;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let repetitions = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(1_000_u32);
    let done = if name == "names" {
        let names: Vec<&str> = Provider::ALL.iter().map(|provider| provider.name()).collect();
        std::io::stdout().write_all(names.join("\n").as_bytes()).ok()
    } else {
        let provider = Provider::ALL.iter().copied().find(|provider| provider.name() == name);
        provider.and_then(|provider| run(provider, repetitions))
    };
    done.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
}

/// `None` when a call was not accepted with its one event.
fn run(provider: Provider, repetitions: u32) -> Option<()> {
    let secret = if provider == Provider::Generic {
        format!("whsec_{}", BASE64.encode(SECRET.as_bytes()))
    } else {
        SECRET.to_owned()
    };
    let call = calls::call(provider, &secret, NOW)?;
    let secrets: Secrets = calls::SIGNING.into_iter().map(|name| (name, secret.clone())).collect();
    let inbox: InboxId = "inbox".parse().ok()?;
    for _ in 0..repetitions {
        let verdict = black_box(&call).received(provider, &inbox, black_box(&secrets), NOW);
        let Verdict::Accepted(accepted) = black_box(verdict) else { return None };
        (accepted.events.len() == 1).then_some(())?;
    }
    Some(())
}
