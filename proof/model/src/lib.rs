//! The ownership, epoch, timer and fence protocol as a model: one conversation, a few events of its client,
//! one staff member, a bot, one timer, processes that die. [`handover_core::decide`] and
//! [`handover_core::fence`] are the shipped ones; around them stand the smallest queue, table and ledger
//! that keep their promises and no more. A checker goes through every order of steps there is.
//!
//! What the model leaves out: texts, notifications, settings that change, more than one conversation (events
//! of different conversations share no state), and the second that a fence may be old (here it may be as
//! old as it likes, which allows more).

mod deliver;
mod process;
mod promises;
mod setting;
mod world;

pub use setting::Happening;
pub use world::{Action, Crew, Protocol, World};
