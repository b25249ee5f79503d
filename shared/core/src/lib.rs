//! The domain of Handover, pure: no clock, no randomness, no I/O, no environment.
//!
//! [`decide`] takes what is known of a conversation, one event, and the business's settings, and
//! says what changes and what is to be done about it. Everything else in this crate is the words
//! that sentence is made of.

mod action;
mod command;
mod config;
mod contact;
mod conversation;
mod decide;
mod effect;
mod event;
mod faq;
mod fence;
mod handover;
mod id;
mod inbox;
mod limit;
mod notification;
mod policy;
mod record;
mod signals;
mod staff;
mod time;
mod validate;
mod webhook;

pub use action::*;
pub use command::*;
pub use config::*;
pub use contact::*;
pub use conversation::*;
pub use decide::{Applied, Decision, Ignored, Input, decide};
pub use effect::*;
pub use event::*;
pub use faq::*;
pub use fence::{Fence, Suppressed, fence};
pub use handover::*;
pub use id::*;
pub use inbox::*;
pub use limit::*;
pub use notification::*;
pub use policy::*;
pub use record::*;
pub use signals::*;
pub use staff::*;
pub use time::Timestamp;
pub use validate::Problem;
pub use webhook::*;
