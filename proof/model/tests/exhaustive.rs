//! Every order of steps there is.

#![expect(clippy::panic, reason = "a promise that does not hold fails the test")]

use handover_model::{Happening, Protocol};
use stateright::{Checker, DiscoveryClassification, Model};

/// Goes through all of it. `every_place`: it is large enough to show everything that the model knows of.
fn check(adjust: impl FnOnce(&mut Protocol), every_place: bool) -> usize {
    let mut protocol = Protocol::new();
    adjust(&mut protocol);
    let checker = protocol.checker().threads(2).spawn_dfs().join();
    for (name, path) in checker.discoveries() {
        if let DiscoveryClassification::Counterexample = checker.discovery_classification(name) {
            panic!("{name} does not hold:\n{path}");
        }
    }
    if every_place {
        checker.assert_properties();
    }
    checker.unique_state_count()
}

#[test]
fn a_human_who_writes_and_a_crash() {
    check(|protocol| (protocol.staff, protocol.crashes) = (Some(Happening::Reply), 1), false);
}

#[test]
fn a_human_who_gives_it_back_and_a_crash() {
    check(|protocol| (protocol.staff, protocol.crashes) = (Some(Happening::HandBack), 1), false);
}

#[test]
fn a_client_who_chats_as_well_a_lost_timer_and_a_crash() {
    check(|protocol| (protocol.chats, protocol.lost_timers, protocol.crashes) = (true, 1, 1), false);
}

/// Everything at once but a lost timer: two things that the client says, one of them delivered twice, a human, the
/// end of the pause, a crash.
#[test]
fn a_client_who_chats_as_well_a_human_who_writes_and_a_crash() {
    let states = check(
        |protocol| {
            protocol.chats = true;
            protocol.staff = Some(Happening::Reply);
            protocol.crashes = 1;
        },
        true,
    );
    assert!(states > 1_000_000, "only {states} states: the model has stopped moving");
}
