//! Running a plan.

use std::{cell::Cell, collections::BTreeMap, sync::Arc, time::Duration};

use handover_aws::store::LedgerItem;
use handover_cloud::{Call, Clock, Service, sqs::Order};
use handover_core::{
    AccountId, Announcement, Bot, ClosingMessage, Connector, Control, Conversation, Labs, Pause, StaffId,
    Timestamp,
};
use handover_local::LocalOptions;
use serde_json::json;

use super::{
    automation::{AUTOMATION_HOST, AUTOMATION_URL, Automation},
    bot::{BOT_HOST, BOT_URL, Heard},
    check::{self, Violation},
    dice::Dice,
    plan::{BY_CHAT, BY_TWILIO, BotPlace, Conditions, Edit, Plan, Step},
    strike::Striker,
    versions,
};
use crate::{START_MS, World};

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
    /// What happened, line by line, where that was asked for.
    pub story: Vec<String>,
}

/// Something that a provider was to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) client: u8,
    /// The transcript's name of it; empty for what leaves no line there.
    pub(crate) kind: &'static str,
    /// The provider's id.
    pub(crate) id: String,
    /// The event, for the chat; the words, for Twilio.
    pub(crate) body: serde_json::Value,
    /// It was answered with 2xx.
    pub(crate) taken: bool,
}

/// A command, and what the console answered.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    pub(crate) client: u8,
    pub(crate) text: Option<String>,
    pub(crate) status: u16,
    /// The command's event, where the answer names it.
    pub(crate) command: Option<String>,
}

/// What everybody did, as far as it was taken.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) posts: BTreeMap<u16, Post>,
    pub(crate) commands: Vec<Ordered>,
    /// Every turn that a bot was asked over HTTP, with its epoch.
    pub(crate) turns: BTreeMap<String, u64>,
    /// Who has claimed a conversation for certain, by client.
    pub(crate) holders: BTreeMap<u8, StaffId>,
    /// The clients have been one person, or may have been: nobody holds one of them for certain.
    pub(crate) linked: bool,
    /// A text that left, and the epoch that it was decided in, in order.
    pub(crate) submitted: Vec<Submitted>,
}

/// A text that reached a provider.
#[derive(Clone, Debug)]
pub(crate) struct Submitted {
    pub(crate) client: u8,
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    /// The effect, where the provider is told.
    pub(crate) effect: Option<String>,
    pub(crate) body: String,
    pub(crate) entry: Option<LedgerItem>,
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) world: World,
    pub(crate) plan: &'a Plan,
    pub(crate) striker: Arc<Striker>,
    pub(crate) done: Done,
    /// What a bot was asked over HTTP.
    pub(crate) heard: Heard,
    /// The epoch that a bot that lives elsewhere was last told to speak in, by client.
    pub(crate) leave: BTreeMap<u8, u64>,
    /// What the account's automation heard.
    pub(crate) automation: Automation,
    /// The chat's client is known by a stronger identity.
    pub(crate) renamed: bool,
    /// Where everything stood, after so many writes.
    pub(crate) seen: Cell<Option<(u64, BTreeMap<u8, Conversation>)>>,
    /// When the service that is down comes back, in Unix milliseconds.
    outage_until: Option<i64>,
    pub(crate) violations: Vec<Violation>,
    story: Option<Vec<String>>,
}

/// A client's number.
pub(crate) const PHONE: &str = "+4915123456700";
/// What the chat calls its client, and a stronger name that shows itself later.
pub(crate) const VISITOR: [&str; 2] = ["visitor-1", "strong-1"];
/// Our own services are back after so long at the latest. Open: with five hours, seed 652 ends a pause before its end,
/// and what was received in more than six hours and never committed is put aside (docs/results.md).
const LONGEST_OUTAGE: Duration = Duration::from_mins(50);
/// The world is back after so long at the latest: an automation has its tries for three and a half hours, but a
/// provider's outage and a moody one together use them up sooner.
const LONGEST_OUTAGE_OF_OTHERS: Duration = Duration::from_mins(50);
/// How long something that is due may wait while schedules fire.
pub(crate) const RESUME_WITHIN: Duration = Duration::from_mins(2);

/// All clients.
pub(crate) const CLIENTS: [u8; 2] = [BY_TWILIO, BY_CHAT];

/// Runs a plan to its end, lets everything come to rest, and checks every promise.
pub async fn run(plan: &Plan) -> Report {
    Run::begin(plan, false).await.finish().await
}

/// The same, told line by line.
pub async fn tell(plan: &Plan) -> Report {
    Run::begin(plan, true).await.finish().await
}

impl<'a> Run<'a> {
    async fn begin(plan: &'a Plan, told: bool) -> Self {
        let conditions = plan.conditions;
        let mut options = LocalOptions::in_memory(Clock::manual(START_MS), plan.seed);
        if conditions.skewed {
            options.skews_ms = skews(plan.seed);
        }
        let connector = match conditions.bot {
            BotPlace::AskedByHttp => Connector::Http { url: BOT_URL.to_owned() },
            BotPlace::BuiltIn => Connector::Faq,
            BotPlace::Elsewhere => Connector::External,
        };
        let world = World::open(options, connector, conditions.stale_reads).await;
        if !conditions.sweeping {
            world.stop_sweep();
        }
        let cloud = world.local.cloud();
        cloud.scheduler().set_lateness(conditions.lateness);
        if conditions.unruly_queues {
            let order = Order { seed: plan.seed, reorder_standard: true, duplicate_standard: true };
            cloud.sqs().set_order(Some(order));
        }
        if conditions.other_version {
            world.local.dispatcher().set_translator(Some(versions::translator(plan.seed)));
        }
        let striker = Striker::new(plan, cloud.clock().clone());
        let run = Self {
            world,
            plan,
            striker,
            done: Done::default(),
            heard: Heard::default(),
            leave: BTreeMap::new(),
            automation: Automation::default(),
            seen: Cell::new(None),
            renamed: false,
            outage_until: None,
            violations: Vec::new(),
            story: told.then(Vec::new),
        };
        run.set_bot(|bot| set_up(bot, &conditions)).await;
        run.connect().await;
        let hook = Arc::clone(&run.striker);
        run.world.local.cloud().set_hook(Some(Arc::new(move |call: &Call| hook.fate(call))));
        run
    }

    /// Connects the bot and the account's automation, as an admin does in the console.
    async fn connect(&self) {
        let Conditions { bot, moody, .. } = self.plan.conditions;
        let recorder = self.world.local.cloud().recorder();
        if bot == BotPlace::AskedByHttp {
            let path = format!("/bots/{}/secrets", self.world.sample.clinic.bot);
            let made = self.post_to_console(&path, "secret", &json!({"name": "signing_secret"})).await;
            let secret = made.text("value").expect("a secret is made");
            recorder.set_responder(BOT_HOST, self.heard.responder(self.plan.seed, secret));
        }
        let hears = json!({"url": AUTOMATION_URL, "events": Announcement::ALL.map(Announcement::name)});
        let made = self.post_to_console("/webhooks", "webhook", &hears).await;
        assert_eq!(made.status, 201, "the console takes a webhook: {made:?}");
        recorder.set_responder(AUTOMATION_HOST, self.automation.responder(self.plan.seed, moody));
    }

    async fn finish(mut self) -> Report {
        for step in &self.plan.steps {
            self.say(|| format!("{step:?}"));
            self.take(*step).await;
        }
        self.rest().await;
        let (violations, reached) = check::all(&self).await;
        let (calls, faults) = self.striker.counts();
        self.violations.extend(violations);
        for violation in self.striker.late() {
            self.broken(format!("a text left {violation} ms after its fence was read"));
        }
        Report { violations: self.violations, faults, reached, calls, story: self.story.unwrap_or_default() }
    }

    pub(crate) fn broken(&mut self, what: String) {
        self.say(|| format!("!! {what}"));
        self.violations.push(Violation::new(what));
    }

    /// A line of the story, with the time since the beginning.
    pub(crate) fn say(&mut self, line: impl FnOnce() -> String) {
        let seconds = (self.world.now().as_ms() - START_MS) / 1_000;
        if let Some(story) = &mut self.story {
            let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
            story.push(format!("{hours:3}:{minutes:02}:{:02}  {}", seconds % 60, line()));
        }
    }

    pub(crate) fn account(&self) -> &AccountId {
        &self.world.sample.clinic.account
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Say { client, number, words } => self.client_says(client, number, words).await,
            Step::Again { number } => self.again(number).await,
            Step::Chat { number, what } => self.chat(number, what).await,
            Step::Forge { number } => self.forge(number).await,
            Step::Bot { client, number, late } => self.bot_speaks(client, number, late).await,
            Step::Command { client, number, what } => self.command(client, number, what).await,
            Step::Both { client, number, one, other } => self.both(client, number, [one, other]).await,
            Step::Settle => {
                if self.plan.conditions.other_version {
                    self.mark_items().await;
                }
                self.settle().await;
            }
            Step::Wait(time) => self.wait(time).await,
            Step::Configure(edit) => self.configure(edit).await,
            Step::Outage(service) => {
                let longest =
                    if service == Service::World { LONGEST_OUTAGE_OF_OTHERS } else { LONGEST_OUTAGE };
                let end = self.world.local.cloud().clock().now_ms().saturating_add(millis(longest));
                self.outage_until = Some(self.outage_until.map_or(end, |until| until.min(end)));
                self.striker.outage(Some(service));
            }
            Step::Mend => self.mend(),
            Step::FireEarly => {
                self.world.local.cloud().scheduler().fire_all_now().expect("the schedules work");
            }
        }
    }

    pub(crate) fn mend(&mut self) {
        self.outage_until = None;
        self.striker.outage(None);
    }

    /// Time passes; a service that is down comes back before it costs staff their news.
    async fn wait(&mut self, mut time: Duration) {
        if let Some(end) = self.outage_until {
            let left = end.saturating_sub(self.world.local.cloud().clock().now_ms());
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            if left < time {
                self.travel(left).await;
                self.mend();
                time -= left;
            }
        }
        self.travel(time).await;
    }

    async fn configure(&mut self, edit: Edit) {
        match edit {
            Edit::Handover(on) => self.set_bot(|bot| bot.handover = on).await,
            Edit::Closing(number) => {
                let words = format!("Thank you! Somebody will answer. ({number})");
                let change = |bot: &mut Bot| {
                    for action in &mut bot.actions {
                        action.closing_message = ClosingMessage::Text(words.clone());
                    }
                };
                self.set_bot(change).await;
            }
            Edit::Pause(minutes) => {
                let change = |bot: &mut Bot| {
                    for action in &mut bot.actions {
                        action.pause = Pause::For { days: 0, hours: 0, minutes };
                    }
                };
                self.set_bot(change).await;
            }
            Edit::Labs(on) => {
                let store = self.world.local.admin_store();
                let stored = store.account(self.account()).await.expect("the table works");
                let (mut account, _) = stored.expect("the account");
                account.labs = Labs { human_handover: on };
                store.put_account(&account).await.expect("the table works");
            }
        }
    }

    async fn set_bot(&self, change: impl FnOnce(&mut Bot)) {
        let store = self.world.local.admin_store();
        let (account, bot) = (self.account(), &self.world.sample.clinic.bot);
        let current = store.current_revision(account, bot).await.expect("the table works").expect("a bot");
        let stored = store.revision(account, bot, current).await.expect("the table works");
        let mut bot = stored.expect("a revision").bot;
        change(&mut bot);
        store.put_bot(account, &bot).await.expect("the table works");
    }

    /// Whatever is ready happens.
    pub(crate) async fn settle(&mut self) {
        while self.round().await {}
    }

    /// Time passes, from due event to due event.
    pub(crate) async fn travel(&mut self, by: Duration) {
        let clock = self.world.local.cloud().clock().clone();
        let from = self.world.now();
        let to = from + by;
        loop {
            self.settle().await;
            let now = clock.now_ms();
            if now >= to.as_ms() {
                break;
            }
            let next = self.world.local.dispatcher().next_event_at().expect("the queues work");
            clock.set(next.map_or(i64::MAX, |next| next.max(now + 1)).min(to.as_ms()));
        }
        if to.day() > from.day() {
            self.world.local.cloud().expire().expect("the tables work");
        }
    }

    /// One invocation, or several at once; then every text that left in it is judged by the state before.
    async fn round(&mut self) -> bool {
        let watch = self.watch().await;
        let dispatcher = self.world.local.dispatcher().clone();
        let step = || async { dispatcher.step().await.expect("the queues work") };
        let progressed = match self.plan.conditions.together {
            0 | 1 => step().await,
            2 => {
                let (one, two) = tokio::join!(Box::pin(step()), Box::pin(step()));
                one | two
            }
            _ => {
                let (one, two, three) = tokio::join!(Box::pin(step()), Box::pin(step()), Box::pin(step()));
                one | two | three
            }
        };
        self.judge(watch).await;
        progressed
    }

    /// Whether the story is told.
    pub(crate) const fn is_told(&self) -> bool {
        self.story.is_some()
    }

    pub(crate) async fn tell_round(&mut self, before: &BTreeMap<u8, Conversation>) {
        if self.story.is_none() {
            return;
        }
        for record in self.world.local.cloud().take_log() {
            let failed = record.outcome != handover_cloud::Outcome::Done;
            let outside = matches!(record.service, Service::World | Service::Ses);
            let function = record.function.clone().unwrap_or_default();
            if !function.is_empty() && (failed || outside || record.operation == "TransactWriteItems") {
                let (operation, outcome) = (&record.operation, &record.outcome);
                self.say(|| format!("    {function}: {:?} {operation} {outcome:?}", record.service));
            }
        }
        for (client, state) in self.states().await {
            if before.get(&client).is_none_or(|before| before.version != state.version) {
                let control = match &state.control {
                    Control::Bot => "bot".to_owned(),
                    Control::Human(human) => format!("humans ({})", human.origin.name()),
                };
                self.say(|| format!("    client {client}: epoch {}, {control}", state.epoch));
            }
        }
    }
}

fn set_up(bot: &mut Bot, conditions: &Conditions) {
    bot.unanswered = conditions.unanswered;
    bot.loop_guard = conditions.loop_guard;
    bot.pause_all_inboxes = conditions.silent_everywhere;
    if !conditions.assigns {
        for action in &mut bot.actions {
            action.assign = None;
        }
    }
}

/// Up to three seconds ahead or behind, each function its own.
fn skews(seed: u64) -> BTreeMap<String, i64> {
    let mut dice = Dice::new(seed ^ 0xc10c);
    let functions = ["evaluate", "execute", "resume", "respond", "deliver", "notify", "console"];
    let skew = |name: &str| (name.to_owned(), i64::try_from(dice.below(6_001)).unwrap_or(0) - 3_000);
    functions.into_iter().map(skew).collect()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
