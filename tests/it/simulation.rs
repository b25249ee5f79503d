//! The quick tier of the simulator; `cargo run --release -p handover-tests --bin simulate` does more.

use handover_tests::simulation::{Plan, run};

#[tokio::test]
async fn no_seed_breaks_a_promise() {
    for seed in 0..120 {
        let plan = Plan::draw(seed);
        let report = run(&plan).await;
        assert!(report.violations.is_empty(), "{plan}{:?}", report.violations);
    }
}
