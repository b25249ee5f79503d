//! Every order of steps there is.

#![expect(clippy::panic, reason = "a promise that does not hold fails the test")]

use handover_model::Protocol;
use stateright::{Checker, DiscoveryClassification, Model};

fn check(protocol: Protocol, every_place: bool) -> usize {
    let checker = protocol.checker().threads(2).spawn_dfs().join();
    for (name, path) in checker.discoveries() {
        if let DiscoveryClassification::Counterexample = checker.discovery_classification(name) {
            panic!("{name} does not hold:\n{path}");
        }
    }
    if every_place {
        checker.assert_properties();
    }
    assert!(checker.is_done());
    checker.unique_state_count()
}

#[test]
fn a_client_who_asks_a_human_who_writes_and_a_crash() {
    let states = check(Protocol::new(), true);
    assert!(states > 10_000, "only {states} states: the model has stopped moving");
}

#[test]
fn a_client_who_asks_and_a_human_who_gives_it_back() {
    check(Protocol { reply: false, hand_back: true, ..Protocol::new() }, false);
}
