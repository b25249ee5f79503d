//! The log of a process that panics. It replaces the panic hook of its process, and so is the only test
//! of its binary.

use std::{
    fs::{self, File},
    sync::Arc,
};

#[test]
fn a_panic_is_logged_by_its_place_without_its_message() {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/panic.log");
    let log = Arc::new(File::create(path).unwrap());
    tracing::subscriber::set_global_default(tracing_subscriber::fmt().json().with_writer(log).finish())
        .unwrap();
    handover_aws::telemetry::init("test");
    let text = "what a client wrote".to_owned();
    let panicked = std::panic::catch_unwind(|| panic!("{text}")).is_err();
    let _ = std::panic::take_hook();
    let printed = fs::read_to_string(path).unwrap();
    assert!(panicked && printed.contains("\"ERROR\"") && printed.contains("panic.rs:"), "{printed}");
    assert!(!printed.contains(&text), "{printed}");
}
