//! Core types as they are stored.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover_fuzz::state(data));
