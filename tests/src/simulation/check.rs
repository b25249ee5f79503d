//! The promises, checked at the end of a run.

mod bystander;
mod contacts;
mod told;
mod turns;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use handover_aws::store::LedgerState;
use handover_cloud::scheduler::Lateness;
use handover_core::{
    ClosingMessage, Control, Directory, EffectKind, HandoverEnd, Origin, PromiseState, Purpose, TextSource,
    Timestamp,
};

use super::{
    people::MIRROR_APP,
    plan::{BY_CHAT, Step, Words},
    run::{CLIENTS, RESUME_WITHIN, Run},
};
use crate::View;

/// How far apart the clocks of two functions are at most.
const SKEW: Duration = Duration::from_secs(6);

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl Violation {
    pub(crate) const fn new(what: String) -> Self {
        Self(what)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

struct Checks<'a> {
    run: &'a Run<'a>,
    directory: Directory,
    violations: Vec<Violation>,
    reached: BTreeMap<String, u64>,
    /// The ids of all announcements that were decided.
    announcements: BTreeSet<String>,
}

const fn is_elsewhere(origin: &Origin) -> bool {
    matches!(origin, Origin::Elsewhere { .. })
}

/// Checks everything; gives what was broken and what was reached.
pub(crate) async fn all(run: &Run<'_>) -> (Vec<Violation>, BTreeMap<String, u64>) {
    let store = run.world.local.admin_store();
    let (_, directory) = store.account(run.account()).await.expect("the table works").expect("the account");
    let mut checks = Checks {
        run,
        directory,
        violations: Vec::new(),
        reached: BTreeMap::new(),
        announcements: BTreeSet::new(),
    };
    checks.left_over().await;
    checks.bystanders().await;
    checks.staff_were_not_told_texts();
    checks.automations_were_not_told_texts();
    for client in CLIENTS {
        let mut views = Vec::new();
        for id in run.names(client) {
            views.extend(run.world.look(run.account(), &id).await);
        }
        checks.that(views.len() <= 1, || format!("client {client} has two conversations"));
        let view = views.first();
        checks.recorded(client, view);
        let Some(view) = view else { continue };
        checks.handovers(client, view);
        checks.pauses(client, view);
        checks.ledger(client, view);
        checks.effects(client, view);
        checks.order(client);
        checks.closing_words(client, view).await;
        checks.commands(client, view);
        checks.told(client, view);
        checks.announced(client, view);
        checks.turns(client, view);
        checks.together(client, view);
    }
    checks.e_mails().await;
    checks.nothing_else_was_announced();
    let asked = checks.run.done.turns.len();
    checks.reached.insert("turns asked".to_owned(), asked as u64);
    (checks.violations, checks.reached)
}

impl Checks<'_> {
    fn that(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(Violation(otherwise()));
        }
    }

    fn reach(&mut self, what: impl Into<String>) {
        *self.reached.entry(what.into()).or_default() += 1;
    }

    async fn left_over(&mut self) {
        let world = &self.run.world;
        let sqs = world.local.cloud().sqs();
        for queue in sqs.queues().expect("the queues work") {
            let depths = sqs.depths(&queue).expect("the queue exists");
            self.that(depths.total() == 0, || format!("left over in {queue}: {depths:?}"));
        }
        let store = self.run.world.local.admin_store();
        let kept = store.quarantine(self.run.account()).await.expect("the table works");
        self.that(kept.is_empty(), || {
            format!("in quarantine: {:?}", kept.iter().map(|item| item.reason.clone()).collect::<Vec<_>>())
        });
    }

    /// Eight: word to staff carries nothing that a client wrote.
    fn staff_were_not_told_texts(&mut self) {
        let texts = Words::ALL.map(Words::text);
        for request in self.run.world.local.cloud().recorder().requests() {
            if request.method == "EMAIL" {
                let said = format!("{} {:?}", request.body, request.headers);
                let quoted = texts.iter().find(|text| said.contains(**text));
                self.that(quoted.is_none(), || format!("an e-mail quotes a client: {quoted:?}"));
            }
        }
    }

    /// Six and nine: whatever was answered with 2xx has exactly one record, and nothing else has one.
    fn recorded(&mut self, client: u8, view: Option<&View>) {
        let messages = view.map(|view| view.messages.as_slice()).unwrap_or_default();
        let posts: Vec<_> = self.run.done.posts.values().filter(|post| post.client == client).collect();
        for post in posts.iter().filter(|post| post.kind == "message") {
            let of_it = |name: &Option<String>| name.as_ref() == Some(&post.id);
            let records = messages
                .iter()
                .filter(|line| line.kind == "message" && of_it(&line.provider_message))
                .count();
            self.that(records <= 1 && (records == 1 || !post.taken), || {
                format!("client {client}: {} was taken: {}, and has {records} records", post.id, post.taken)
            });
        }
        for kind in ["message", "edited", "echo", "consent", "thread_control"] {
            let attempted = posts.iter().filter(|post| post.kind == kind).count();
            let taken = posts.iter().filter(|post| post.kind == kind && post.taken).count();
            let records = messages.iter().filter(|line| line.kind == kind).count();
            self.that((taken..=attempted).contains(&records), || {
                format!("client {client}: {taken} of {attempted} {kind}s taken, {records} recorded")
            });
        }
        for message in messages {
            self.reach(format!("{:?}", message.record.verdict));
        }
    }

    /// One, four and twelve.
    fn handovers(&mut self, client: u8, view: &View) {
        let now = self.run.world.now();
        let conversation = &view.conversation;
        let open: Vec<u64> = view
            .handovers
            .iter()
            .filter(|handover| handover.ended_at.is_none())
            .map(|handover| handover.epoch)
            .collect();
        let expected: Vec<u64> = conversation.human().map(|_| conversation.epoch).into_iter().collect();
        self.that(open == expected, || {
            format!("client {client}: open handovers {open:?}, control says {expected:?}")
        });
        let overdue = conversation.resumes_at().is_some_and(|at| at <= now);
        self.that(!overdue, || format!("client {client}: a pause that is over goes on"));
        for handover in &view.handovers {
            let epoch = handover.epoch;
            let live = conversation.promise.is_some_and(|promise| promise.epoch == epoch);
            let settled = handover.promise != PromiseState::Open && handover.promise_settled_at.is_some();
            self.that(live != settled, || {
                format!("client {client}: promise of {epoch} is {:?}, live {live}", handover.promise)
            });
            self.that(!live || handover.promise_due_at > now, || {
                format!("client {client}: promise of {epoch} is overdue and nobody noticed")
            });
            let by_hand =
                matches!(handover.end, Some(HandoverEnd::HandedBack { .. } | HandoverEnd::Resolved { .. }));
            let task_open = handover.task.is_some_and(|task| task.closed_at.is_none());
            self.that(!(by_hand && task_open), || {
                format!("client {client}: the task of {epoch} is open though somebody settled it")
            });
            self.that(task_open == (conversation.open_task == Some(epoch)), || {
                format!("client {client}: the task of {epoch} is open: {task_open}; the state says otherwise")
            });
            let mirrored =
                matches!(&handover.origin, Origin::Takeover { app: Some(app), .. } if app == MIRROR_APP);
            self.that(!mirrored, || format!("client {client}: our own echo took control in {epoch}"));
            self.reach(format!("promise {:?}", handover.promise));
            self.reach(format!("origin {}", handover.origin.name()));
        }
        let own = view.handovers.iter().filter(|handover| !is_elsewhere(&handover.origin));
        let mut triggers = BTreeSet::new();
        let twice = own.filter(|handover| !triggers.insert(handover.trigger.as_str())).count();
        self.that(twice == 0, || format!("client {client}: one event began two handovers"));
        let changes =
            view.handovers.len() + view.handovers.iter().filter(|one| one.ended_at.is_some()).count();
        self.that(conversation.epoch == changes as u64, || {
            format!("client {client}: {changes} changes of control, and it is epoch {}", conversation.epoch)
        });
        self.reach(match conversation.control {
            Control::Bot => "ends with the bot",
            Control::Human(_) => "ends with humans",
        });
    }

    /// Four and five: a pause ends neither early nor late.
    fn pauses(&mut self, client: u8, view: &View) {
        let plan = self.run.plan;
        let punctual = plan.faults.is_empty()
            && plan.conditions.lateness != Lateness::Dropped
            && !plan.steps.iter().any(|step| matches!(step, Step::Outage(_)));
        for handover in &view.handovers {
            let (Some(HandoverEnd::PauseEnded), Some(ended_at)) = (&handover.end, handover.ended_at) else {
                continue;
            };
            let epoch = handover.epoch;
            self.that(handover.resume_at.is_some_and(|end| end <= ended_at), || {
                format!("client {client}: the pause of {epoch} ended early, at {ended_at:?}")
            });
            // The event that ended it stands in the transcript: the first that says so after its end.
            let by = view.messages.iter().filter(|line| line.record.resumed && line.record.epoch > epoch);
            let Some(by) = by.min_by_key(|line| (line.record.epoch, line.at)) else {
                self.that(false, || format!("client {client}: nothing ended the pause of {epoch}"));
                continue;
            };
            let late = by.at.since(ended_at);
            self.that(ended_at.since(by.at) <= SKEW, || {
                format!(
                    "client {client}: the pause of {epoch} was ended {:?} before its end",
                    ended_at.since(by.at)
                )
            });
            self.that(!punctual || late <= RESUME_WITHIN + SKEW, || {
                format!("client {client}: the pause of {epoch} went on for {late:?} though timers fired")
            });
        }
    }

    /// Two and three: nothing leaves twice, nothing leaves that the ledger does not know, and nothing is
    /// left half done.
    fn ledger(&mut self, client: u8, view: &View) {
        let submitted: Vec<_> =
            self.run.done.submitted.iter().filter(|text| text.client == client).cloned().collect();
        for text in &submitted {
            self.that(text.entry.is_some(), || {
                format!("client {client}: {:?} left without a claim", text.body)
            });
        }
        for entry in &view.ledger {
            let of_it = |text: &&super::run::Submitted| {
                text.entry.as_ref().is_some_and(|known| known.effect == entry.effect)
            };
            let count = submitted.iter().filter(of_it).count();
            let (least, most) = match entry.state {
                LedgerState::Sent => (1, 1),
                // Refused by the provider is submitted, and not sent.
                LedgerState::Unknown | LedgerState::Failed => (0, 1),
                LedgerState::Suppressed => (0, 0),
                LedgerState::Claimed | LedgerState::Released => {
                    self.that(false, || format!("client {client}: a text was left {:?}", entry.state));
                    continue;
                }
            };
            // By its words alone a closing message is not told from another one.
            let told_apart = client == BY_CHAT || entry.purpose != Purpose::Closing;
            self.that(!told_apart || (least..=most).contains(&count), || {
                format!(
                    "client {client}: a {:?} text is {:?} and left {count} times",
                    entry.purpose, entry.state
                )
            });
            self.reach(format!("{:?} {:?}", entry.purpose, entry.state));
        }
        let closings = |state: &[LedgerState]| {
            let closing = view.ledger.iter().filter(|entry| entry.purpose == Purpose::Closing);
            closing.filter(|entry| state.contains(&entry.state)).count()
        };
        let left = submitted.iter().filter(|text| text.body.starts_with("Thank you!")).count();
        let least = closings(&[LedgerState::Sent]);
        let most = least + closings(&[LedgerState::Unknown, LedgerState::Failed]);
        self.that((least..=most).contains(&left), || {
            format!("client {client}: {left} closing messages left, the ledger says {least} to {most}")
        });
        let mut epochs: Vec<u64> = view
            .ledger
            .iter()
            .filter(|entry| entry.purpose == Purpose::Closing)
            .map(|entry| entry.epoch)
            .collect();
        epochs.sort_unstable();
        let all = epochs.len();
        epochs.dedup();
        self.that(epochs.len() == all, || format!("client {client}: two closing messages of one handover"));
    }

    /// Three: every text that was committed is accounted for, nothing left that was not committed, and
    /// nothing was decided twice.
    fn effects(&mut self, client: u8, view: &View) {
        let mut sends = BTreeSet::new();
        let mut once = BTreeSet::new();
        for message in &view.messages {
            for effect in &message.effects {
                let is_new = match &effect.kind {
                    EffectKind::Send { purpose, .. } => {
                        sends.insert(effect.id.as_str());
                        self.in_time(client, effect.id.as_str(), message.at + purpose.expires_after());
                        let known = view.ledger.iter().any(|entry| entry.effect == effect.id);
                        self.that(known, || {
                            format!("client {client}: a {purpose:?} text was committed and lost")
                        });
                        once.insert(&effect.id)
                    }
                    EffectKind::StartTurn { .. } | EffectKind::Announce { .. } | EffectKind::Nudge { .. } => {
                        once.insert(&effect.id)
                    }
                    // Some of what staff are told is told once a day, whatever it comes from.
                    EffectKind::Notify { .. }
                    | EffectKind::Arm(_)
                    | EffectKind::Thread { .. }
                    | EffectKind::Erase { .. } => true,
                };
                self.that(is_new, || format!("client {client}: decided twice: {effect:?}"));
            }
        }
        for entry in &view.ledger {
            self.that(sends.contains(entry.effect.as_str()), || {
                format!("client {client}: a {:?} text that nobody committed", entry.purpose)
            });
        }
    }

    /// A text that has expired stays here; an answer of the bot's counts in its own epoch alone.
    fn in_time(&mut self, client: u8, effect: &str, expires_at: Timestamp) {
        let of_it = |text: &&super::run::Submitted| {
            text.entry.as_ref().is_some_and(|entry| entry.effect.as_str() == effect)
        };
        let Some(left) = self.run.done.submitted.iter().find(of_it) else { return };
        let late = left.at.since(expires_at);
        self.that(late <= SKEW, || format!("client {client}: {:?} left {late:?} after its time", left.body));
        let turn = left.body.strip_prefix("answer ");
        let asked_in = turn.and_then(|turn| self.run.done.turns.get(turn));
        if let (Some(asked_in), Some(entry)) = (asked_in, &left.entry) {
            self.that(*asked_in == entry.epoch, || {
                format!("client {client}: an answer of epoch {asked_in} left in epoch {}", entry.epoch)
            });
        }
    }

    /// Two: what the bot says and closing messages leave in the order of their epochs.
    fn order(&mut self, client: u8) {
        let mut last = 0;
        let submitted = self.run.done.submitted.iter().filter(|text| text.client == client);
        let mut entries: Vec<_> =
            submitted.filter_map(|text| Some((text.sequence, text.entry.clone()?))).collect();
        entries.sort_by_key(|(sequence, _)| *sequence);
        for (_, entry) in entries.into_iter().filter(|(_, entry)| entry.purpose != Purpose::Staff) {
            self.that(entry.epoch >= last, || {
                format!(
                    "client {client}: a {:?} text of epoch {} after one of {last}",
                    entry.purpose, entry.epoch
                )
            });
            last = last.max(entry.epoch);
        }
    }

    /// An open handover keeps the revision that it began with.
    async fn closing_words(&mut self, client: u8, view: &View) {
        let store = self.run.world.local.admin_store();
        for effect in view.messages.iter().flat_map(|message| &message.effects) {
            let EffectKind::Send { text: TextSource::Closing { bot, revision, action }, .. } = &effect.kind
            else {
                continue;
            };
            let left = self
                .run
                .done
                .submitted
                .iter()
                .find(|text| text.effect.as_deref() == Some(effect.id.as_str()));
            let Some(left) = left.cloned() else { continue };
            let revision = store.revision(self.run.account(), bot, *revision).await.expect("the table works");
            let words = revision.and_then(|revision| match &revision.bot.action(action)?.closing_message {
                ClosingMessage::Text(text) => Some(text.clone()),
                ClosingMessage::SendNothing => None,
            });
            self.that(words.as_ref() == Some(&left.body), || {
                format!("client {client}: {:?} left where {words:?} was set", left.body)
            });
        }
    }

    /// What the console took is on record, and an assignment ends only by hand.
    fn commands(&mut self, client: u8, view: &View) {
        let done = self.run.done.commands.iter().filter(|command| command.client == client);
        for command in done.cloned().collect::<Vec<_>>() {
            if let Some(text) = &command.text {
                let of_it = |left: &&super::run::Submitted| left.client == client && left.body == *text;
                let count = self.run.done.submitted.iter().filter(of_it).count();
                let most = usize::from(!(400..500).contains(&command.status));
                self.that(count <= most, || {
                    format!("client {client}: {text} left {count} times, after {}", command.status)
                });
            }
            let Some(id) = &command.command else { continue };
            let recorded = view.messages.iter().any(|line| line.id.as_str() == id);
            self.that(recorded, || {
                format!(
                    "client {client}: a command was answered with {} and is not on record",
                    command.status
                )
            });
        }
        if let Some(holder) = self.run.done.holders.get(&client) {
            let assignee = view.contact.assignee.as_ref().and_then(handover_core::Assignee::staff);
            self.that(assignee == Some(holder), || {
                format!("client {client}: {holder} claimed it, and {assignee:?} has it")
            });
        }
    }
}
