//! What must be so in every world (and what must be so in some, or the model says nothing).

use std::collections::BTreeSet;

use handover_core::{EffectKind, Purpose};
use stateright::Property;

use crate::world::{Ledger, Protocol, Sent, World, purpose};

/// The promises of ARCHITECTURE.md, by their numbers there.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always("1: at most one handover is open, and control says which", |_, world: &World| {
            let expected: BTreeSet<u64> =
                world.conversation.human().map(|_| world.conversation.epoch).into_iter().collect();
            world.open == expected
        }),
        Property::always(
            "2: after humans have control, at most one bot message leaves",
            |_, world: &World| {
                let late = |sent: &&Sent| purpose(sent.purpose) == Purpose::Bot && sent.humans_in.is_some();
                let epochs: Vec<_> = world.sent.iter().filter(late).map(|sent| sent.humans_in).collect();
                epochs.iter().collect::<BTreeSet<_>>().len() == epochs.len()
            },
        ),
        Property::always("2: the closing message is the bot's last of its epoch", |_, world: &World| {
            let of_bot = world.sent.iter().filter(|sent| purpose(sent.purpose) != Purpose::Staff);
            of_bot.is_sorted_by_key(|sent| sent.epoch)
        }),
        Property::always("3: nothing leaves twice", |_, world: &World| {
            let effects: BTreeSet<_> = world.sent.iter().map(|sent| &sent.effect).collect();
            effects.len() == world.sent.len()
        }),
        Property::always(
            "3: at rest, every text that was committed stands in the ledger",
            |_, world: &World| {
                let sends = world.markers.values().flat_map(|marker| &marker.effects);
                let mut sends = sends.filter(|effect| matches!(effect.kind, EffectKind::Send { .. }));
                !world.rests()
                    || sends.all(|effect| {
                        world.ledger.get(effect.id.as_str()).is_some_and(|state| *state != Ledger::Claimed)
                    })
            },
        ),
        Property::always(
            "4: at rest and with every timer done, no pause goes on after its end",
            |protocol: &Protocol, world: &World| {
                let none_lost = world.lost == protocol.lost_timers;
                let done = world.rests() && world.timers.is_empty();
                !(done && none_lost && world.conversation.resume_due(world.now()))
            },
        ),
        Property::always(
            "5: epochs only grow, and an old or early timer changes nothing",
            |_, world: &World| world.wrong.is_none(),
        ),
        Property::always(
            "9: at rest, everything that came has a record",
            |protocol: &Protocol, world: &World| {
                let recorded = |event| world.markers.contains_key(event);
                !world.rests() || (recorded("asks") && (recorded("chats") || !protocol.chats))
            },
        ),
        Property::always("12: an open handover has a promise, or one that was kept", |_, world: &World| {
            let promise = world.conversation.promise.map(|promise| promise.epoch);
            world.conversation.human().is_none_or(|human| {
                promise == Some(world.conversation.epoch) || human.last_human_at.is_some()
            })
        }),
        Property::sometimes("a handover ends and the bot speaks again", |_, world: &World| {
            world.sent.iter().any(|sent| purpose(sent.purpose) == Purpose::Bot && sent.epoch >= 2)
        }),
        Property::sometimes(
            "a bot message leaves though humans have just taken control",
            |_, world: &World| {
                world
                    .sent
                    .iter()
                    .any(|sent| purpose(sent.purpose) == Purpose::Bot && sent.humans_in.is_some())
            },
        ),
        Property::sometimes("a text is stopped by its fence", |_, world: &World| {
            world.ledger.values().any(|state| *state == Ledger::Suppressed)
        }),
        Property::sometimes("nobody can know whether a text left", |_, world: &World| {
            world.ledger.values().any(|state| *state == Ledger::Unknown)
        }),
    ]
}
