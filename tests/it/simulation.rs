//! The quick tier of the simulator; the binary `simulate` does more.

use handover_tests::simulation::{Campaign, Fault};

#[test]
fn no_seed_breaks_a_promise() {
    let tally = Campaign { seeds: 120..240, kinds: Fault::ALL.to_vec(), until_broken: false }.run();
    assert!(tally.broken.is_empty(), "{:?}", tally.broken);
    // It has been where it hurts.
    for place in ["HandedOver", "StaleOutcome", "TakenOver", "PauseEnded", "promise Missed", "Bot Suppressed"]
    {
        assert!(tally.reached.contains_key(place), "{place} was never reached: {:?}", tally.reached);
    }
}
