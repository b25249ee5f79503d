//! `cargo run`: the whole system on this machine.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use handover_local::{Options, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody else to tell.
            let _ = writeln!(io::stderr(), "handover: {error}");
            ExitCode::FAILURE
        }
    }
}
