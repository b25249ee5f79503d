//! Everything between the domain and AWS: the store, the queues, the timers, and the one piece
//! that processes an event.

mod access;
pub mod batch;
mod clock;
mod environment;
mod failure;
mod history;
mod host;
pub mod http;
mod inboxes;
mod knowledge;
mod policies;
mod process;
mod publish;
pub mod queue;
mod random;
pub mod runtime;
mod sdk;
mod seal;
pub mod store;
pub mod telemetry;
mod timers;
mod trace;
mod understand;

pub use access::*;
pub use clock::Clock;
pub use environment::*;
pub use failure::Failure;
pub use history::{Line, Speaker};
pub use host::*;
pub use inboxes::*;
pub use knowledge::*;
pub use policies::*;
pub use process::*;
pub use queue::{QueueUrls, Queues};
pub use random::Random;
pub use sdk::*;
pub use seal::*;
pub use store::Store;
pub use timers::*;
pub use trace::Trace;
pub use understand::{READER, Reader, fit, is_to_be_understood, understand};
