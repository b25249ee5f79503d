//! Runs signature cases and payload cases against the crate, and says which fail.
//!
//! ```text
//! cargo run --release -p handover-providers --example conformance -- signatures FILE.json
//! cargo run --release -p handover-providers --example conformance -- payloads DIR
//! ```
//!
//! A line for each failure, then `N passed, M failed`; the exit status is 1 when something failed
//! and 2 when the cases cannot be read.

mod payloads;
mod report;
mod signatures;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let report = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["signatures", file] => signatures::run(Path::new(file)),
        ["payloads", directory] => payloads::run(Path::new(directory)),
        _ => Err("usage: conformance signatures FILE.json | payloads DIR".to_owned()),
    };
    let mut out = io::stdout().lock();
    // A closed pipe is the reader's choice; there is nobody left to tell.
    match report {
        Ok(report) => {
            let _ = write!(out, "{report}");
            if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            let _ = writeln!(out, "{problem}");
            ExitCode::from(2)
        }
    }
}
