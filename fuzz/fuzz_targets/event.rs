//! Events as they travel on the conversation queue.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover_fuzz::event(data));
