//! The promises, checked at the end of a run.

use std::{collections::BTreeMap, fmt};

use handover_aws::store::LedgerState;
use handover_core::{Control, NotificationKind, PromiseState, Purpose};

use super::run::{Done, RESUME_WITHIN, clients, phone};
use crate::{View, World};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

struct Checks {
    violations: Vec<Violation>,
    reached: BTreeMap<String, u64>,
}

impl Checks {
    fn that(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(Violation(otherwise()));
        }
    }

    fn reach(&mut self, what: impl Into<String>) {
        *self.reached.entry(what.into()).or_default() += 1;
    }
}

/// Checks everything; gives what was broken and what was reached.
pub(crate) async fn all(world: &World, done: &Done) -> (Vec<Violation>, BTreeMap<String, u64>) {
    let mut checks = Checks { violations: Vec::new(), reached: BTreeMap::new() };
    left_over(world, &mut checks).await;
    for client in clients() {
        let id = world.conversation(world.twilio(), &phone(client));
        let view = world.look(world.account(), &id).await;
        recorded(client, view.as_ref(), done, &mut checks);
        if let Some(view) = view {
            handovers(client, &view, world, &mut checks);
            texts(client, &view, done, &mut checks);
            told(client, &view, &mut checks);
        }
    }
    (checks.violations, checks.reached)
}

async fn left_over(world: &World, checks: &mut Checks) {
    let sqs = world.local.cloud().sqs();
    for queue in sqs.queues().expect("the queues work") {
        let depths = sqs.depths(&queue).expect("the queue exists");
        checks.that(depths.total() == 0, || format!("left over in {queue}: {depths:?}"));
    }
    let kept = world.local.admin_store().quarantine(world.account()).await.expect("the table works");
    checks.that(kept.is_empty(), || {
        format!("in quarantine: {:?}", kept.iter().map(|item| item.reason.clone()).collect::<Vec<_>>())
    });
}

/// Nine: every message that was answered with 2xx has exactly one decision record.
fn recorded(client: u8, view: Option<&View>, done: &Done, checks: &mut Checks) {
    let taken = done.taken.iter().filter(|(of, _)| *of == client).count();
    let recorded = view.map_or(0, |view| view.verdicts().len());
    checks
        .that(taken == recorded, || format!("client {client}: {taken} messages taken, {recorded} recorded"));
    for message in view.iter().flat_map(|view| &view.messages) {
        checks.reach(format!("{:?}", message.record.verdict));
    }
}

fn handovers(client: u8, view: &View, world: &World, checks: &mut Checks) {
    let open: Vec<u64> = view
        .handovers
        .iter()
        .filter(|handover| handover.ended_at.is_none())
        .map(|handover| handover.epoch)
        .collect();
    let expected: Vec<u64> = view.conversation.human().map(|_| view.conversation.epoch).into_iter().collect();
    checks.that(open == expected, || {
        format!("client {client}: open handovers {open:?}, control says {expected:?}")
    });
    // Four: a pause with an end has ended.
    let overdue = view.conversation.resumes_at().filter(|at| world.now().since(*at) > RESUME_WITHIN);
    checks.that(overdue.is_none(), || format!("client {client}: a pause that is over goes on"));
    // Twelve: a promise is live, or on record.
    for handover in &view.handovers {
        let live = view.conversation.promise.is_some_and(|promise| promise.epoch == handover.epoch);
        let settled = handover.promise != PromiseState::Open && handover.promise_settled_at.is_some();
        checks.that(live != settled, || {
            format!("client {client}: promise of {} is {:?}, live {live}", handover.epoch, handover.promise)
        });
        checks.that(!live || handover.promise_due_at > world.now(), || {
            format!("client {client}: promise of {} is overdue and nobody noticed", handover.epoch)
        });
        checks.reach(format!("promise {:?}", handover.promise));
        checks.reach(format!("origin {}", handover.origin.name()));
    }
    checks.reach(match view.conversation.control {
        Control::Bot => "ends with the bot",
        Control::Human(_) => "ends with humans",
    });
}

/// Two and three: a closing message at most once a handover, a reply at most once, and nothing that
/// the ledger does not know.
fn texts(client: u8, view: &View, done: &Done, checks: &mut Checks) {
    let submitted = |purpose: Purpose| {
        let of_purpose = view.ledger.iter().filter(move |entry| entry.purpose == purpose);
        of_purpose.filter(|entry| matches!(entry.state, LedgerState::Sent | LedgerState::Unknown))
    };
    let sent = |purpose: Purpose| submitted(purpose).filter(|entry| entry.state == LedgerState::Sent).count();
    let closings = view.texts.iter().filter(|text| text.body.starts_with("Thank you!")).count();
    let (least, most) = (sent(Purpose::Closing), submitted(Purpose::Closing).count());
    checks.that((least..=most).contains(&closings), || {
        format!("client {client}: {closings} closing messages went out, the ledger says {least} to {most}")
    });
    let mut epochs: Vec<u64> = submitted(Purpose::Closing).map(|entry| entry.epoch).collect();
    epochs.sort_unstable();
    epochs.dedup();
    checks.that(epochs.len() == most, || format!("client {client}: two closing messages of one handover"));
    for (of, reply) in done.replies.iter().filter(|(of, _)| *of == client) {
        let count = view.texts.iter().filter(|text| text.body == *reply).count();
        checks.that(count <= 1, || format!("client {of}: {reply} went out {count} times"));
    }
    for entry in &view.ledger {
        checks.that(!matches!(entry.state, LedgerState::Claimed | LedgerState::Released), || {
            format!("client {client}: a text was left {:?}", entry.state)
        });
        checks.reach(format!("{:?} {:?}", entry.purpose, entry.state));
    }
}

/// Somebody hears of every handover by an action.
fn told(client: u8, view: &View, checks: &mut Checks) {
    for handover in view.handovers.iter().filter(|handover| handover.origin.scenario().is_some()) {
        let heard = view.notes.iter().any(|(_, note)| {
            note.epoch == Some(handover.epoch)
                && matches!(
                    note.about,
                    NotificationKind::ConversationAssigned | NotificationKind::ConversationWaiting
                )
        });
        checks.that(heard, || format!("client {client}: nobody was told of handover {}", handover.epoch));
    }
}
