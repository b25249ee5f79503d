//! Tables of questions and answers, as a business imports them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handover_fuzz::stored::faq_table(data));
