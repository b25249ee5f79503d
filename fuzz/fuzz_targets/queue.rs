//! Messages of every queue, timers and schedules included.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover_fuzz::stored::queue(data));
