//! Webhook calls of `bird`, their signatures, and its API's answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover_fuzz::provider(handover_core::Provider::Bird, data));
