//! The providers' APIs, played on this machine.
//!
//! They check what the real ones check (credentials, required fields, lengths, reply windows, consent,
//! who has the thread), remember what they took, and misbehave when told to: rate limits with and without
//! hints, errors of the server, silence after a message was taken, answers that nobody can read. What they
//! say stands in the providers' documentation; the sources are those of `handover-providers`.
//!
//! They share no code with what they are to test: each request is read here anew.

mod answer;
mod read;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use handover_core::Provider;
use http::{Request, Response};

use crate::read::{Act, Asked};

const HOUR_MS: i64 = 3_600_000;

/// Somebody's account at a provider: what its API checks requests against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// At which provider.
    pub provider: Provider,
    /// The settings of the inbox.
    pub settings: BTreeMap<String, String>,
    /// Its secrets.
    pub secrets: BTreeMap<String, String>,
}

impl Account {
    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map(String::as_str).unwrap_or_default()
    }

    pub(crate) fn secret(&self, name: &str) -> &str {
        self.secrets.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// A text that an API took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// At which provider.
    pub provider: Provider,
    /// To whom.
    pub to: String,
    /// What it says: of a template, what fills its place.
    pub text: String,
    /// It went in a template.
    pub template: bool,
    /// The tag that it went under.
    pub tag: Option<String>,
    /// What the API calls it.
    pub id: String,
}

/// What an API is told to do with the next text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Too many requests; with a hint in seconds, where the API gives one.
    RateLimited(Option<u32>),
    /// An error of the server's; the message was not taken, but nobody can know.
    Broken,
    /// The message is taken, and no answer comes.
    TakenThenSilent,
    /// The message is taken, and the answer is not what it should be.
    TakenThenGarbled(Garbled),
    /// The client has blocked the business.
    Blocked,
    /// The client is not there any more.
    Gone,
}

/// How an answer can be something else than it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbled {
    /// A gateway's page under an error status.
    Gateway,
    /// A page, under a good status.
    Page,
    /// The first half of the right answer.
    Cut,
    /// JSON that does not say which message it is.
    Bare,
}

impl Garbled {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Page, Self::Cut, Self::Bare];
}

/// What comes back.
#[derive(Debug)]
pub enum Reply {
    /// An answer.
    Answer(Response<Bytes>),
    /// Nothing: the caller runs into its time-out.
    Silence,
}

/// Why an API does not do what it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Credentials,
    Incomplete,
    TooLong,
    OptedOut,
    WindowClosed,
    NotOwner,
    /// Conversation routing lets nobody take a thread, or nobody request one.
    Routing,
    Blocked,
    Gone,
    Limited(Option<u32>),
    Broken,
    /// LINE: this retry key has been used for a message that was taken.
    Repeated,
}

/// The APIs of all providers.
#[derive(Default)]
pub struct Fakes(Mutex<State>);

#[derive(Default)]
struct State {
    accounts: Vec<Account>,
    taken: Vec<Taken>,
    signs: Vec<(Provider, String)>,
    /// Threads that are with the provider's own app.
    away: BTreeSet<(&'static str, String)>,
    /// Where threads can be requested and not be taken.
    no_takes: BTreeSet<&'static str>,
    /// Threads that were requested.
    requested: Vec<(Provider, String)>,
    opted_out: BTreeSet<(&'static str, String)>,
    /// When clients last wrote, where that opens a window.
    wrote_ms: HashMap<(&'static str, String), i64>,
    orders: VecDeque<(Provider, Trouble)>,
    retry_keys: BTreeSet<String>,
    /// Tokens that were given, and until when they are good.
    tokens: HashMap<String, i64>,
    tokens_asked_for: usize,
    guests: bool,
}

impl Fakes {
    /// Nobody has an account yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an account.
    pub fn open(&self, account: Account) {
        self.state().accounts.push(account);
    }

    /// Lets in who is not known, where a request itself says who they are: a Twilio account that signs in
    /// under the SID in the address, or by an API key.
    pub fn admit_guests(&self) {
        self.state().guests = true;
    }

    /// A client writes to the business: the reply window opens.
    pub fn client_wrote(&self, provider: Provider, client: &str, now_ms: i64) {
        self.state().wrote_ms.insert((provider.name(), client.to_owned()), now_ms);
    }

    /// A client wants no messages any more.
    pub fn opt_out(&self, provider: Provider, client: &str) {
        self.state().opted_out.insert((provider.name(), client.to_owned()));
    }

    /// Lets the provider's conversation routing have its default behavior: a thread can be requested of its
    /// owner, and not be taken.
    pub fn let_nobody_take(&self, provider: Provider) {
        self.state().no_takes.insert(provider.name());
    }

    /// The threads that were requested of their owners, in order.
    pub fn requested(&self) -> Vec<(Provider, String)> {
        self.state().requested.clone()
    }

    /// The owner passes a thread to us.
    pub fn pass_back(&self, provider: Provider, client: &str) {
        self.state().away.remove(&(provider.name(), client.to_owned()));
    }

    /// Does this to the provider's next text.
    pub fn order(&self, provider: Provider, trouble: Trouble) {
        self.state().orders.push_back((provider, trouble));
    }

    /// Lets all access tokens end.
    pub fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// The texts that were taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        self.state().taken.clone()
    }

    /// The signs of life that were shown, in order: where, and to whom.
    pub fn signs(&self) -> Vec<(Provider, String)> {
        self.state().signs.clone()
    }

    /// Whether a thread is with the provider's own app.
    pub fn is_away(&self, provider: Provider, client: &str) -> bool {
        self.state().away.contains(&(provider.name(), client.to_owned()))
    }

    /// The clients whose threads are with a provider's own app.
    pub fn threads_away(&self) -> Vec<String> {
        self.state().away.iter().map(|(_, client)| client.clone()).collect()
    }

    /// How often an access token was asked for.
    pub fn tokens_asked_for(&self) -> usize {
        self.state().tokens_asked_for
    }

    /// Answers a request; `None` when no account is at its host.
    pub fn answer(&self, request: &Request<Bytes>, now_ms: i64) -> Option<Reply> {
        let mut state = self.state();
        // A host has many accounts; the one whose credentials fit is meant, otherwise the first.
        let guest = read::guest(request).filter(|guest| state.guests && !state.knows(guest));
        let asked: Vec<(Account, Asked)> = state
            .accounts
            .iter()
            .chain(&guest)
            .filter_map(|account| {
                Some((account.clone(), read::read(account, request, &state.tokens, now_ms)?))
            })
            .collect();
        let (account, asked) =
            asked.iter().find(|(_, asked)| asked.signed_in).or_else(|| asked.first()).cloned()?;
        Some(state.act(&account, asked, now_ms))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        formatter
            .debug_struct("Fakes")
            .field("accounts", &state.accounts.len())
            .field("taken", &state.taken.len())
            .finish_non_exhaustive()
    }
}

impl State {
    fn knows(&self, guest: &Account) -> bool {
        let sid = guest.setting("account_sid");
        self.accounts
            .iter()
            .any(|account| account.provider == guest.provider && account.setting("account_sid") == sid)
    }

    fn act(&mut self, account: &Account, asked: Asked, now_ms: i64) -> Reply {
        let provider = account.provider;
        let refuse = |why| Reply::Answer(answer::refusal(provider, why));
        if !asked.signed_in {
            return refuse(Why::Credentials);
        }
        match asked.act {
            Act::Token => {
                self.tokens_asked_for += 1;
                let token = format!("token-{}", self.tokens_asked_for);
                self.tokens.insert(token.clone(), now_ms + HOUR_MS);
                Reply::Answer(answer::token(&token))
            }
            Act::Incomplete => refuse(Why::Incomplete),
            Act::TooLong => refuse(Why::TooLong),
            Act::Request { client } => {
                if !self.no_takes.contains(provider.name()) {
                    return refuse(Why::Routing);
                }
                self.requested.push((provider, client));
                Reply::Answer(answer::done(provider))
            }
            Act::Sign { to } => {
                self.signs.push((provider, to));
                Reply::Answer(answer::done(provider))
            }
            Act::Thread { away: false, .. } if self.no_takes.contains(provider.name()) => {
                refuse(Why::Routing)
            }
            Act::Thread { client, away } => {
                let thread = (provider.name(), client);
                if away {
                    self.away.insert(thread)
                } else {
                    self.away.remove(&thread)
                };
                Reply::Answer(answer::done(provider))
            }
            Act::Text { to, text, template, tag, key } => {
                let client = (provider.name(), to.clone());
                let ordered = self.orders.iter().position(|(meant, _)| *meant == provider);
                let trouble = ordered.and_then(|place| self.orders.remove(place)).map(|(_, trouble)| trouble);
                if let Some(why) = trouble.and_then(refused_by) {
                    return refuse(why);
                }
                if key.as_ref().is_some_and(|key| self.retry_keys.contains(key)) {
                    return refuse(Why::Repeated);
                }
                if read::is_too_long(provider, &text) {
                    return refuse(Why::TooLong);
                }
                if self.opted_out.contains(&client) {
                    return refuse(Why::OptedOut);
                }
                let owned = matches!(provider, Provider::Messenger | Provider::Instagram);
                if owned && self.away.contains(&client) {
                    return refuse(Why::NotOwner);
                }
                if !template && !self.window_is_open(provider, &to, tag.as_deref(), now_ms) {
                    return refuse(Why::WindowClosed);
                }
                self.retry_keys.extend(key);
                let number = self.taken.len() + 1;
                let id = answer::id(provider, &to, number);
                self.taken.push(Taken { provider, to: to.clone(), text, template, tag, id: id.clone() });
                match trouble {
                    Some(Trouble::TakenThenSilent) => Reply::Silence,
                    Some(Trouble::TakenThenGarbled(how)) => {
                        Reply::Answer(answer::garbled(how, &answer::taken(provider, &to, &id)))
                    }
                    Some(Trouble::RateLimited(_) | Trouble::Broken | Trouble::Blocked | Trouble::Gone)
                    | None => Reply::Answer(answer::taken(provider, &to, &id)),
                }
            }
        }
    }

    /// Whether a free-form text is allowed: a day after the client's last message, a week for a human
    /// agent's. Without a message on record nobody keeps count.
    fn window_is_open(&self, provider: Provider, to: &str, tag: Option<&str>, now_ms: i64) -> bool {
        let windowed = matches!(provider, Provider::WhatsApp | Provider::Messenger | Provider::Instagram)
            || to.starts_with("whatsapp:");
        let Some(wrote_ms) = self.wrote_ms.get(&(provider.name(), to.to_owned())).filter(|_| windowed) else {
            return true;
        };
        let hours = if tag == Some("HUMAN_AGENT") { 7 * 24 } else { 24 };
        now_ms <= wrote_ms + hours * HOUR_MS
    }
}

const fn refused_by(trouble: Trouble) -> Option<Why> {
    match trouble {
        Trouble::RateLimited(after) => Some(Why::Limited(after)),
        Trouble::Broken => Some(Why::Broken),
        Trouble::Blocked => Some(Why::Blocked),
        Trouble::Gone => Some(Why::Gone),
        Trouble::TakenThenSilent | Trouble::TakenThenGarbled(_) => None,
    }
}
