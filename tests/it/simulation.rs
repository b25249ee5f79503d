//! The quick tier of the simulator; the binary `simulate` does more.

use handover_tests::simulation::{Campaign, Fault};

#[test]
fn no_seed_breaks_a_promise() {
    let tally = Campaign { seeds: 0..500, kinds: Fault::ALL.to_vec(), until_broken: false }.run();
    assert!(tally.broken.is_empty(), "{:?}", tally.broken);
    // It has been where it hurts.
    for kind in Fault::ALL {
        assert!(tally.faults.contains_key(kind.name()), "{} never struck", kind.name());
    }
    for place in
        ["HandedOver", "StaleOutcome", "TakenOver", "PauseEnded", "promise Missed", "Closing Unknown"]
    {
        assert!(tally.reached.contains_key(place), "{place} was never reached");
    }
}
