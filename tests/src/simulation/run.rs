//! Running a plan.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use handover_cloud::{
    Call, Verdict,
    scheduler::Lateness,
    sqs::{Order, SendRequest},
};
use handover_core::{
    Command, CommandKind, DeliveryId, Envelope, Event, EventId, EventKind, Principal, StaffId,
};

use super::{
    check::{self, Violation},
    plan::{CLIENTS, Plan, StaffAction, Step, long_after},
};
use crate::World;

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Promises that were broken.
    pub violations: Vec<Violation>,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<String, u64>,
    /// What was reached, by name.
    pub reached: BTreeMap<String, u64>,
    /// How many calls the functions made.
    pub calls: u64,
}

/// What clients wrote and staff did, as far as it was taken.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Messages that were answered with 2xx: client and number.
    pub(crate) taken: Vec<(u8, u16)>,
    /// Replies that were put on the queue: client and text.
    pub(crate) replies: Vec<(u8, String)>,
}

/// A client's number.
pub(crate) fn phone(client: u8) -> String {
    format!("+49151234567{client}0")
}

/// Runs a plan to its end, lets everything come to rest, and checks every promise.
pub async fn run(plan: &Plan) -> Report {
    let world = World::new(plan.seed).await;
    world.stop_sweep();
    world.local.cloud().scheduler().set_lateness(plan.lateness);
    if plan.unruly_queues {
        let order = Order { seed: plan.seed, reorder_standard: true, duplicate_standard: true };
        world.local.cloud().sqs().set_order(Some(order));
    }
    let struck: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
    let calls = strike(&world, plan, &struck);

    let mut done = Done::default();
    for step in &plan.steps {
        take(&world, *step, &mut done).await;
    }
    world.heal();
    // Schedules that were lost stay lost; what comes from now on is in order. One sweep an hour does
    // for the twelve that there are, at a twelfth of the price.
    world.local.cloud().scheduler().set_lateness(Lateness::Exact);
    let end = long_after(world.now());
    while world.now() < end {
        world.travel(Duration::from_hours(1)).await;
        world.sweep().await;
    }

    let (violations, reached) = check::all(&world, &done).await;
    let faults = struck.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Report { violations, faults, reached, calls: calls.load(Ordering::SeqCst) }
}

fn strike(world: &World, plan: &Plan, struck: &Arc<Mutex<BTreeMap<String, u64>>>) -> Arc<AtomicU64> {
    let calls = Arc::new(AtomicU64::new(0));
    let (count, faults, struck) = (Arc::clone(&calls), plan.faults.clone(), Arc::clone(struck));
    world.local.cloud().set_hook(Some(Arc::new(move |call: &Call| {
        if call.function.is_none() {
            return Verdict::Proceed;
        }
        let number = count.fetch_add(1, Ordering::SeqCst);
        let fault = faults.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        let Some(fault) = fault else { return Verdict::Proceed };
        let mut struck = struck.lock().unwrap_or_else(PoisonError::into_inner);
        *struck.entry(format!("{fault:?}")).or_default() += 1;
        fault.verdict()
    })));
    calls
}

async fn take(world: &World, step: Step, done: &mut Done) {
    match step {
        Step::Say { client, message, asks } => {
            let text = if asks { "I want to talk to a human" } else { "what are your opening hours?" };
            world.post(world.twilio(), &phone(client), &message.to_string(), text).await;
            done.taken.push((client, message));
        }
        Step::Again { client, message } => {
            if done.taken.contains(&(client, message)) {
                let text = "I want to talk to a human";
                let call = world.call(world.twilio(), &phone(client), &message.to_string(), text);
                world.webhook(call).await;
            }
        }
        Step::Command { client, number, what } => command(world, client, number, what, done).await,
        Step::Settle => world.settle().await,
        Step::Wait(time) => world.travel(time).await,
        Step::Switch { handover } => switch(world, handover).await,
    }
}

/// Puts a command on the conversation's queue, as the console does first of all.
async fn command(world: &World, client: u8, number: u16, what: StaffAction, done: &mut Done) {
    let inbox = &world.twilio().inbox;
    let conversation = world.conversation(world.twilio(), &phone(client));
    if world.look(world.account(), &conversation).await.is_none() {
        return;
    }
    let clinic = &world.sample.clinic;
    let who = |colleague: bool| -> StaffId {
        if colleague { clinic.colleague.clone() } else { clinic.assignee.clone() }
    };
    let (by, kind) = match what {
        StaffAction::Claim { colleague } => (who(colleague), CommandKind::Claim),
        StaffAction::Reply { colleague } => {
            let text = format!("reply {number}");
            done.replies.push((client, text.clone()));
            (who(colleague), CommandKind::Reply { text })
        }
        StaffAction::HandBack => (who(false), CommandKind::HandBack),
        StaffAction::Resolve => (who(false), CommandKind::Resolve),
        StaffAction::Pause(pause) => (who(false), CommandKind::Pause { pause }),
        StaffAction::Start => (who(false), CommandKind::StartHandover { action: None }),
    };
    let id = format!("command-{client}-{number}");
    let envelope = Envelope {
        account: inbox.account.clone(),
        inbox: inbox.id.clone(),
        conversation,
        identities: Vec::new(),
        person: None,
        address: None,
        delivery_id: id.parse::<DeliveryId>().expect("an id"),
        waited: false,
        event: Event {
            id: id.parse::<EventId>().expect("an id"),
            sent_at: None,
            received_at: world.now(),
            kind: EventKind::Command(Command { by: Principal::Staff(by), reason: None, kind }),
        },
    };
    let request = SendRequest {
        body: serde_json::to_string(&envelope).expect("an envelope is JSON"),
        group_id: Some(envelope.conversation.to_string()),
        deduplication_id: Some(id),
        ..Default::default()
    };
    let queue = world.queue("ConversationQueue.fifo");
    world.local.cloud().sqs().send(&queue, &request).expect("the queue takes it");
}

async fn switch(world: &World, handover: bool) {
    let store = world.local.admin_store();
    let (account, bot) = (world.account(), &world.sample.clinic.bot);
    let current = store.current_revision(account, bot).await.expect("the table works").expect("a bot");
    let stored = store.revision(account, bot, current).await.expect("the table works");
    let mut bot = stored.expect("a revision").bot;
    bot.handover = handover;
    store.put_bot(account, &bot).await.expect("the table works");
}

/// All clients' numbers.
pub(crate) fn clients() -> impl Iterator<Item = u8> {
    0..CLIENTS
}

/// How long a resume may take when everything works again.
pub(crate) const RESUME_WITHIN: Duration = Duration::from_mins(6);
