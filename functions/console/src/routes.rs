//! Every route of the API: what finds a request's handler also describes the API, so that the two
//! cannot differ.

use std::{future::Future, pin::Pin};

use handover_aws::Scope;
use http::Method;

use crate::{
    account, bot_secrets, bots,
    commands::{
        self, AssignTo, Claim, CompleteTask, HandBack, Link, Reply, Resolve, SetPause, SetTag, StartHandover,
        Unlink,
    },
    contacts, conversations, faq,
    http::Call,
    inboxes,
    problem::Answered,
    quarantine, reports, staff, tryout, turns, webhooks,
};

type Work<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// A route.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// The path, with `{names}` in place of ids.
    pub(crate) pattern: &'static str,
    /// What a key must be for.
    pub(crate) scope: Scope,
    /// What it does, in a line.
    pub(crate) summary: &'static str,
    pub(crate) handler: for<'a> fn(&'a Call<'a>) -> Work<'a>,
}

const fn route(
    method: Method,
    pattern: &'static str,
    scope: Scope,
    summary: &'static str,
    handler: for<'a> fn(&'a Call<'a>) -> Work<'a>,
) -> Route {
    Route { method, pattern, scope, summary, handler }
}

/// All of them.
pub(crate) static ROUTES: &[Route] = &[
    route(Method::GET, "/v1/accounts/{account}", Scope::Read, "The account's own settings", |call| {
        Box::pin(account::read(call))
    }),
    route(
        Method::PUT,
        "/v1/accounts/{account}",
        Scope::Admin,
        "Replace the account's own settings (If-Match)",
        |call| Box::pin(account::replace(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/audit",
        Scope::Admin,
        "Who changed what, newest first",
        |call| Box::pin(account::audit(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/api-keys",
        Scope::Admin,
        "API keys, without their secrets",
        |call| Box::pin(account::keys(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/api-keys",
        Scope::Admin,
        "A new API key; its text is shown this once",
        |call| Box::pin(account::create_key(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/api-keys/{key}",
        Scope::Admin,
        "End an API key at once",
        |call| Box::pin(account::revoke_key(call)),
    ),
    route(Method::GET, "/v1/accounts/{account}/bots", Scope::Read, "Bots", |call| Box::pin(bots::list(call))),
    route(Method::POST, "/v1/accounts/{account}/bots", Scope::Admin, "A new bot", |call| {
        Box::pin(bots::create(call))
    }),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}",
        Scope::Read,
        "A bot with its handover actions, in its present revision",
        |call| Box::pin(bots::read(call)),
    ),
    route(
        Method::PUT,
        "/v1/accounts/{account}/bots/{bot}",
        Scope::Admin,
        "Replace a bot: makes a new revision (If-Match)",
        |call| Box::pin(bots::replace(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/bots/{bot}",
        Scope::Admin,
        "Remove a bot that no inbox has, with its secrets and entries (If-Match)",
        |call| Box::pin(bots::remove(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}/lint",
        Scope::Read,
        "What is valid in a bot, but hardly as it was meant",
        |call| Box::pin(bots::linted(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/bots/{bot}/try",
        Scope::Read,
        "What a client's message would lead to, and what it means to each handover action",
        |call| Box::pin(tryout::tried(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}/revisions/{revision}",
        Scope::Read,
        "A bot as it was",
        |call| Box::pin(bots::revision(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}/faq",
        Scope::Read,
        "What the built-in bot knows: question and answer entries",
        |call| Box::pin(faq::list(call)),
    ),
    route(Method::POST, "/v1/accounts/{account}/bots/{bot}/faq", Scope::Admin, "A new entry", |call| {
        Box::pin(faq::create(call))
    }),
    route(
        Method::POST,
        "/v1/accounts/{account}/bots/{bot}/faq/import",
        Scope::Admin,
        "Add and replace entries from CSV or JSON; replace=true removes all others, also without any row with allow_empty=true",
        |call| Box::pin(faq::import(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}/faq/export",
        Scope::Read,
        "Every entry, as an import takes it",
        |call| Box::pin(faq::export(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/bots/{bot}/faq/try",
        Scope::Read,
        "The entries that answer a text, with their scores",
        |call| Box::pin(faq::tried(call)),
    ),
    route(Method::GET, "/v1/accounts/{account}/bots/{bot}/faq/{entry}", Scope::Read, "An entry", |call| {
        Box::pin(faq::read(call))
    }),
    route(
        Method::PUT,
        "/v1/accounts/{account}/bots/{bot}/faq/{entry}",
        Scope::Admin,
        "Replace an entry (If-Match)",
        |call| Box::pin(faq::replace(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/bots/{bot}/faq/{entry}",
        Scope::Admin,
        "Remove an entry (If-Match)",
        |call| Box::pin(faq::remove(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/bots/{bot}/secrets",
        Scope::Read,
        "The names of the connector's secrets",
        |call| Box::pin(bot_secrets::list(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/bots/{bot}/secrets",
        Scope::Admin,
        "A new value of a connector's secret; the one before stays valid until the next",
        |call| Box::pin(bot_secrets::set(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/bots/{bot}/secrets/{secret}/old",
        Scope::Admin,
        "End the old value of a connector's secret that has two (If-Match)",
        |call| Box::pin(bot_secrets::retire(call)),
    ),
    route(Method::GET, "/v1/accounts/{account}/inboxes", Scope::Read, "Inboxes", |call| {
        Box::pin(inboxes::list(call))
    }),
    route(
        Method::POST,
        "/v1/accounts/{account}/inboxes",
        Scope::Admin,
        "A new inbox; says what to do at the provider",
        |call| Box::pin(inboxes::create(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/inboxes/{inbox}",
        Scope::Read,
        "An inbox; of secrets only the names",
        |call| Box::pin(inboxes::read(call)),
    ),
    route(
        Method::PUT,
        "/v1/accounts/{account}/inboxes/{inbox}",
        Scope::Admin,
        "Replace an inbox; a new secret rotates in (If-Match)",
        |call| Box::pin(inboxes::replace(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/inboxes/{inbox}",
        Scope::Admin,
        "Remove an inbox in which humans have no conversation, with its secrets (If-Match)",
        |call| Box::pin(inboxes::remove(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/inboxes/{inbox}/secrets/{secret}/old",
        Scope::Admin,
        "End the old value of a secret that has two (If-Match)",
        |call| Box::pin(inboxes::retire_secret(call)),
    ),
    route(Method::GET, "/v1/accounts/{account}/staff", Scope::Read, "Staff members", |call| {
        Box::pin(staff::list(call))
    }),
    route(Method::POST, "/v1/accounts/{account}/staff", Scope::Admin, "A new staff member", |call| {
        Box::pin(staff::create(call))
    }),
    route(Method::GET, "/v1/accounts/{account}/staff/{staff}", Scope::Read, "A staff member", |call| {
        Box::pin(staff::read(call))
    }),
    route(
        Method::PUT,
        "/v1/accounts/{account}/staff/{staff}",
        Scope::Admin,
        "Replace a staff member (If-Match)",
        |call| Box::pin(staff::replace(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/staff/{staff}",
        Scope::Admin,
        "Remove a staff member (If-Match)",
        |call| Box::pin(staff::remove(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/staff/{staff}/notifications",
        Scope::Read,
        "What a staff member was told in the console, newest first",
        |call| Box::pin(staff::notifications(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/staff/{staff}/notifications/{notification}/read",
        Scope::Write,
        "Mark a notification as read",
        |call| Box::pin(staff::mark_read(call)),
    ),
    route(Method::GET, "/v1/accounts/{account}/teams", Scope::Read, "Teams", |call| {
        Box::pin(staff::teams(call))
    }),
    route(Method::POST, "/v1/accounts/{account}/teams", Scope::Admin, "A new team", |call| {
        Box::pin(staff::create_team(call))
    }),
    route(Method::GET, "/v1/accounts/{account}/teams/{team}", Scope::Read, "A team", |call| {
        Box::pin(staff::read_team(call))
    }),
    route(
        Method::PUT,
        "/v1/accounts/{account}/teams/{team}",
        Scope::Admin,
        "Replace a team (If-Match)",
        |call| Box::pin(staff::replace_team(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/teams/{team}",
        Scope::Admin,
        "Remove a team (If-Match)",
        |call| Box::pin(staff::remove_team(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/conversations",
        Scope::Read,
        "Conversations, those with humans first; by control, assignee, scenario, or by tag",
        |call| Box::pin(conversations::list(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/tasks",
        Scope::Read,
        "Open tasks of an assignee, by due time",
        |call| Box::pin(conversations::tasks(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/conversations/{conversation}/transcript",
        Scope::Read,
        "What was said and done, with the decision on each message",
        |call| Box::pin(conversations::transcript(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/conversations/{conversation}",
        Scope::Read,
        "A conversation: who may answer, who has it, what is due, its handovers",
        |call| Box::pin(conversations::one(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/claim",
        Scope::Write,
        "\"I take this one\": one wins, the others are told who",
        |call| Box::pin(commands::run::<Claim>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/assign",
        Scope::Write,
        "Give the contact to a staff member or team, or to nobody",
        |call| Box::pin(commands::run::<AssignTo>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/reply",
        Scope::Write,
        "A staff member's answer to the client; takes control while the bot has it",
        |call| Box::pin(commands::run::<Reply>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/hand-back",
        Scope::Write,
        "Give the conversation back to the bot",
        |call| Box::pin(commands::run::<HandBack>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/resolve",
        Scope::Write,
        "The matter is settled: close the task, end the assignment, give control back",
        |call| Box::pin(commands::run::<Resolve>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/pause",
        Scope::Write,
        "Keep the bot silent for a time, or until handed back",
        |call| Box::pin(commands::run::<SetPause>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/resume",
        Scope::Write,
        "End the pause now: the bot may answer again",
        |call| Box::pin(commands::run::<HandBack>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/handover",
        Scope::Write,
        "Hand over now, with the settings of an action",
        |call| Box::pin(commands::run::<StartHandover>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/tags",
        Scope::Write,
        "Put a tag on the contact, or take it off",
        |call| Box::pin(commands::run::<SetTag>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/task/complete",
        Scope::Write,
        "The open handover's task is done",
        |call| Box::pin(commands::run::<CompleteTask>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/link",
        Scope::Write,
        "The client is the same person as another conversation's: one contact for both",
        |call| Box::pin(commands::run::<Link>(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/unlink",
        Scope::Write,
        "They are not the same person: the conversation gets its own contact back",
        |call| Box::pin(commands::run::<Unlink>(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/contacts/{contact}",
        Scope::Read,
        "A contact: tags, assignee, and its conversations in all inboxes",
        |call| Box::pin(contacts::one(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/contacts/{contact}/tags",
        Scope::Write,
        "Put a tag on the contact, or take it off",
        |call| Box::pin(contacts::tag(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/contacts/{contact}/history",
        Scope::Read,
        "What was said and done in all of the contact's conversations, newest first",
        |call| Box::pin(contacts::history(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/contacts/{contact}/export",
        Scope::Admin,
        "Everything that is stored about the contact, by page",
        |call| Box::pin(contacts::export(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/contacts/{contact}",
        Scope::Admin,
        "Erase what is stored about the contact; counters and proofs stay, without personal data",
        |call| Box::pin(contacts::erase(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/turns",
        Scope::Read,
        "May a bot that lives elsewhere speak now? speak (with the epoch), handed_over or paused",
        |call| Box::pin(turns::ask(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/conversations/{conversation}/messages",
        Scope::Write,
        "A bot that lives elsewhere says something as of an epoch; refused with the new owner",
        |call| Box::pin(turns::speak(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/reports/handovers",
        Scope::Read,
        "Handovers of a period by scenario, bot and day, times to claim and to first reply, what was left",
        |call| Box::pin(reports::handovers(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/reports/handovers/left",
        Scope::Read,
        "The handovers of a period that nobody answered, or nobody in time, oldest first",
        |call| Box::pin(reports::left(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/quarantine",
        Scope::Read,
        "What could not be processed, oldest first",
        |call| Box::pin(quarantine::list(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/quarantine/{item}",
        Scope::Admin,
        "One of them with the thing itself",
        |call| Box::pin(quarantine::one(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/quarantine/{item}/redrive",
        Scope::Admin,
        "Send it on its way again",
        |call| Box::pin(quarantine::redrive(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/quarantine/{item}/discard",
        Scope::Admin,
        "Let it go, with a reason",
        |call| Box::pin(quarantine::discard(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/webhooks",
        Scope::Read,
        "Addresses at which automations listen",
        |call| Box::pin(webhooks::list(call)),
    ),
    route(
        Method::POST,
        "/v1/accounts/{account}/webhooks",
        Scope::Admin,
        "A new address; its signing secret is shown this once",
        |call| Box::pin(webhooks::create(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/webhooks/{webhook}",
        Scope::Read,
        "An address with the events that it is told of",
        |call| Box::pin(webhooks::read(call)),
    ),
    route(
        Method::PUT,
        "/v1/accounts/{account}/webhooks/{webhook}",
        Scope::Admin,
        "Replace an address; its secret stays (If-Match)",
        |call| Box::pin(webhooks::replace(call)),
    ),
    route(
        Method::DELETE,
        "/v1/accounts/{account}/webhooks/{webhook}",
        Scope::Admin,
        "Nothing is sent to this address any more (If-Match)",
        |call| Box::pin(webhooks::remove(call)),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/webhook-events",
        Scope::Read,
        "What automations can listen to",
        |_| Box::pin(async { Ok(webhooks::events()) }),
    ),
    route(
        Method::GET,
        "/v1/accounts/{account}/unreached",
        Scope::Read,
        "Staff addresses and webhooks whose last try failed",
        |call| Box::pin(webhooks::unreached(call)),
    ),
];

/// A route, for whoever describes or tests the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Described {
    /// The method's name.
    pub method: &'static str,
    /// The path, with `{names}` in place of ids.
    pub pattern: &'static str,
    /// What a key must be for.
    pub scope: Scope,
    /// What it does, in a line.
    pub summary: &'static str,
}

/// Every route.
pub fn described() -> Vec<Described> {
    let describe = |route: &'static Route| Described {
        method: route.method.as_str(),
        pattern: route.pattern,
        scope: route.scope,
        summary: route.summary,
    };
    ROUTES.iter().map(describe).collect()
}
