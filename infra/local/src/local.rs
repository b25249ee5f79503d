//! The system, wired as the template says.

use std::{collections::BTreeMap, fmt, io, sync::Arc, time::Duration};

use handover_aws::{
    Clock as FunctionClock, Failure, Host, InboxKey, Sdk, SdkSettings, Sealer, StartError, Store,
    environment_credentials, load_master_key,
};
use handover_cloud::{
    Clock, Cloud, CloudError, Dispatcher, Storage, Template, TemplateError,
    service::{REGION, ServiceError},
};
use handover_core::Timestamp;
use sha2::{Digest, Sha256};

use crate::{clock_file::ClockFile, functions, world};

/// The project's own template.
const TEMPLATE: &str = include_str!("../../template.yaml");
/// Where all AWS services are, for the functions.
const ENDPOINT: &str = "http://aws.local";
/// The sender of the stack's e-mails.
const EMAIL_SENDER: &str = "no-reply@handover.example";
/// The stack's event bus.
const EVENT_BUS: &str = "handover";
/// The access key id of whoever is no function.
const ADMINISTRATOR: &str = "ADMINISTRATOR";

/// What a local system is opened with.
#[derive(Clone)]
pub struct LocalOptions {
    /// Where its state is kept. A directory must exist.
    pub storage: Storage,
    /// Domain time.
    pub clock: Clock,
    /// The template's text (YAML).
    pub template: String,
    /// The address that providers call and sign, without a trailing slash.
    pub public_url: String,
    /// What generated ids and secrets are drawn from: random where they protect something.
    pub seed: [u8; 32],
    /// How often the functions try a call to AWS; 3 on Lambda.
    pub attempts: u32,
    /// Whether the replay windows of signatures are judged by domain time instead of real time.
    pub signatures_on_domain_time: bool,
    /// Where the functions are hosted in processes of their own, behind Lambda's Invoke API; `None`: in
    /// this process.
    pub functions_url: Option<String>,
    /// Whether bots are asked over the network, on this machine as well, instead of by the recorder.
    pub reach_bots: bool,
}

impl LocalOptions {
    /// A system that a test moves: in memory, on this clock, with nothing drawn from anything but the
    /// seed, calls tried once, and signatures judged by domain time.
    pub fn in_memory(clock: Clock, seed: u64) -> Self {
        Self {
            storage: Storage::Memory,
            clock,
            template: TEMPLATE.to_owned(),
            public_url: "http://127.0.0.1:8787".to_owned(),
            seed: Self::seed(seed),
            attempts: 1,
            signatures_on_domain_time: true,
            functions_url: None,
            reach_bots: false,
        }
    }

    /// A system for people: in this place, on real time, as on Lambda. Providers call it at `public_url`.
    pub fn on_real_time(storage: Storage, seed: [u8; 32], public_url: String) -> Self {
        Self {
            storage,
            clock: Clock::system(),
            template: TEMPLATE.to_owned(),
            public_url,
            seed,
            attempts: 3,
            signatures_on_domain_time: false,
            functions_url: None,
            reach_bots: false,
        }
    }

    /// A seed from a number: repeatable, and no protection.
    pub fn seed(number: u64) -> [u8; 32] {
        Sha256::new().chain_update("handover local seed").chain_update(number.to_be_bytes()).finalize().into()
    }
}

impl fmt::Debug for LocalOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { storage, clock, public_url, attempts, signatures_on_domain_time, .. } = self;
        formatter
            .debug_struct("LocalOptions")
            .field("storage", storage)
            .field("clock", clock)
            .field("public_url", public_url)
            .field("attempts", attempts)
            .field("signatures_on_domain_time", signatures_on_domain_time)
            .finish_non_exhaustive()
    }
}

/// Why the local system cannot be opened, or cannot go on. One line each.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The template is wrong, or something that it wires does not fit together.
    #[error("cannot use the template: {0}")]
    Template(#[from] TemplateError),
    /// The template lacks a function.
    #[error("cannot use the template: it has no function whose binary is {0}")]
    NoFunction(String),
    /// The cloud's files.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// A function cannot start.
    #[error("function {function}: {error}")]
    Function {
        /// Which.
        function: String,
        /// Why.
        error: StartError,
    },
    /// How far the clock is ahead could not be read or written.
    #[error("clock.json: {0}")]
    Clock(#[from] io::Error),
    /// A queue or schedule failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The table failed, or the master key.
    #[error(transparent)]
    Store(#[from] Failure),
    /// A defect.
    #[error("a function panicked")]
    Panicked,
}

/// The whole system in this process. Clones share it.
#[derive(Clone)]
pub struct Local {
    inner: Arc<Inner>,
}

struct Inner {
    cloud: Cloud,
    dispatcher: Dispatcher,
    hosts: Hosts,
    clock_file: ClockFile,
    sdk: Sdk,
    store: Store,
    public_url: String,
    seed: [u8; 32],
    functions_elsewhere: bool,
}

impl Local {
    /// Opens the cloud, starts every function as Lambda would, and connects them.
    ///
    /// # Errors
    /// [`LocalError`], whatever is in the way.
    pub async fn open(options: LocalOptions) -> Result<Self, LocalError> {
        let parameters = [
            ("PublicUrl", options.public_url.as_str()),
            ("EmailSender", EMAIL_SENDER),
            ("EventBusName", EVENT_BUS),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let template = Template::parse(&options.template, &BTreeMap::from(parameters))?;
        let clock_file = ClockFile::open(&options.storage, &options.clock)?;
        let cloud = Cloud::open(&options.storage, options.clock.clone(), &template, &options.seed)?;
        // Nobody else has this storage open: what was in flight belonged to a process that is gone.
        cloud.sqs().release_in_flight()?;
        world::answer(cloud.recorder());
        let hosts = Hosts::new(&cloud, &options);
        let handlers = match &options.functions_url {
            Some(url) => functions::elsewhere(&hosts, url),
            None => functions::start(&hosts).await?,
        };
        let steps = options.seed.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let dispatcher = Dispatcher::new(cloud.clone(), handlers, steps)?;
        let administrator = hosts.with_key("execute", ADMINISTRATOR)?;
        let mut reading = administrator.read();
        let sdk = reading.sdk();
        let store = reading.store(&sdk);
        let incomplete = |error: StartError| LocalError::Function { function: "execute".to_owned(), error };
        reading.finish().map_err(|error| incomplete(error.into()))?;
        let inner = Inner {
            cloud,
            dispatcher,
            hosts,
            clock_file,
            sdk,
            store,
            public_url: options.public_url,
            seed: options.seed,
            functions_elsewhere: options.functions_url.is_some(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The cloud: faults, calls, queues, schedules, and what went to the world outside.
    pub fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    /// The functions behind their queues and routes.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.inner.dispatcher
    }

    /// What a function of this name is started with.
    ///
    /// # Errors
    /// [`LocalError::NoFunction`].
    pub fn host(&self, function: &str) -> Result<Host, LocalError> {
        self.inner.hosts.of(function)
    }

    /// The environment of a function in a process of its own: what Lambda would set, with this machine's
    /// `base_url` for AWS and for the world outside.
    ///
    /// # Errors
    /// [`LocalError::NoFunction`].
    pub fn environment(
        &self,
        function: &str,
        base_url: &str,
    ) -> Result<BTreeMap<String, String>, LocalError> {
        self.inner.hosts.environment(function, &Cloud::function_key(function), base_url)
    }

    /// Whether the functions run in processes of their own, on a clock that this one cannot move.
    pub fn functions_elsewhere(&self) -> bool {
        self.inner.functions_elsewhere
    }

    /// The table, as an administrator reaches it. Its calls pass the same door as the functions'; they
    /// are nobody's.
    pub fn admin_store(&self) -> &Store {
        &self.inner.store
    }

    /// When it is, for everything that is due, paused or promised.
    pub fn now(&self) -> Timestamp {
        self.inner.hosts.clock.now()
    }

    /// When it is, for signatures.
    pub fn wall(&self) -> Timestamp {
        self.inner.hosts.clock.wall()
    }

    /// The address that providers call, without a trailing slash.
    pub fn public_url(&self) -> &str {
        &self.inner.public_url
    }

    /// The keys of the stack's inbox ids and of its secrets at rest.
    pub(crate) async fn keys(&self) -> Result<(InboxKey, Sealer), LocalError> {
        let arn = (self.inner.hosts.of("evaluate")?.lookup)("MASTER_KEY_SECRET_ARN").unwrap_or_default();
        let key = load_master_key(&self.inner.sdk.secrets, &arn).await?;
        Ok((InboxKey::new(&key), Sealer::new(&key)))
    }

    /// 32 bytes that follow from the seed and the name of what they are for.
    pub(crate) fn drawn(&self, what: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.inner.seed).chain_update(what).finalize().into()
    }

    pub(crate) fn clock_file(&self) -> &ClockFile {
        &self.inner.clock_file
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Local").field("public_url", &self.inner.public_url).finish_non_exhaustive()
    }
}

/// What functions are started with.
pub(crate) struct Hosts {
    cloud: Cloud,
    clock: FunctionClock,
    attempts: u32,
    reach_bots: bool,
}

impl Hosts {
    fn new(cloud: &Cloud, options: &LocalOptions) -> Self {
        let domain = cloud.clock().clone();
        let clock = FunctionClock::with_domain(move || domain.now_ms());
        let clock = if options.signatures_on_domain_time { clock.signatures_on_domain_time() } else { clock };
        let (attempts, reach_bots) = (options.attempts, options.reach_bots);
        Self { cloud: cloud.clone(), clock, attempts, reach_bots }
    }

    /// The functions' names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.cloud.template().functions.iter().map(|function| function.name.as_str())
    }

    /// The host of a function.
    pub(crate) fn of(&self, function: &str) -> Result<Host, LocalError> {
        self.with_key(function, &Cloud::function_key(function))
    }

    /// How long an invocation of a function may take, in seconds.
    pub(crate) fn timeout_s(&self, function: &str) -> u32 {
        self.cloud.template().function(function).map_or(0, |function| function.timeout_s)
    }

    /// A function's environment under somebody's key, with AWS at `endpoint`.
    fn environment(
        &self,
        function: &str,
        key_id: &str,
        endpoint: &str,
    ) -> Result<BTreeMap<String, String>, LocalError> {
        let declared = self.cloud.template().function(function);
        let declared = declared.ok_or_else(|| LocalError::NoFunction(function.to_owned()))?;
        let mut environment = declared.environment.clone();
        // What Lambda adds.
        for (name, value) in [
            ("AWS_REGION", REGION),
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_ACCESS_KEY_ID", key_id),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        Ok(environment)
    }

    /// A function's host under somebody's key.
    fn with_key(&self, function: &str, key_id: &str) -> Result<Host, LocalError> {
        let environment = Arc::new(self.environment(function, key_id, ENDPOINT)?);
        let lookup = move |name: &str| environment.get(name).cloned();
        let for_credentials = lookup.clone();
        Ok(Host {
            sdk: SdkSettings {
                region: REGION.to_owned(),
                endpoint: Some(ENDPOINT.to_owned()),
                credentials: environment_credentials(for_credentials),
                http: self.cloud.http_client(),
                attempts: self.attempts,
                // A machine that is busy with other things must not look like a service that is down.
                patience: Duration::from_secs(10),
            },
            world: if self.reach_bots && function == "respond" {
                handover_aws::http::world_client(true)
            } else {
                self.cloud.http_client()
            },
            clock: self.clock.clone(),
            lookup: Arc::new(lookup),
        })
    }
}
