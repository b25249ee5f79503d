//! Tests of the domain, through its public interface.

#[cfg(test)]
mod assignment;
#[cfg(test)]
mod build;
#[cfg(test)]
mod client;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod contacts;
mod due;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod fences;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod history;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod ours;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod pauses;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod render;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod states;
#[cfg(test)]
mod transitions;
#[cfg(test)]
mod turns;
#[cfg(test)]
mod validation;
#[cfg(test)]
mod world;
