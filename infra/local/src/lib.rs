//! The whole system on this machine: the functions in one process, on the local cloud, wired as
//! `infra/template.yaml` wires them.
//!
//! [`Local`] is the wiring, for tests and for the binary alike: the functions' real handlers, called
//! through their JSON events, each with its own key and so held to its own policy. [`run`] puts a port, a
//! data directory and a sample account around it.

mod clock_file;
mod data_directory;
mod functions;
mod knowledge;
mod local;
mod options;
mod process;
mod sample;
mod server;
mod travel;
mod views;
mod webhook;
mod welcome;
mod world;

pub use data_directory::{DataDirectory, DataDirectoryError};
pub use local::{Local, LocalError, LocalOptions};
pub use options::Options;
pub use process::{RunError, run};
pub use sample::{Sample, SampleAccount, SampleInbox};
pub use webhook::{ClientMessage, curl};
