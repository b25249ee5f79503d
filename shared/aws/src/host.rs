//! What a function is started with, on Lambda and on the local system alike.

use std::{fmt, sync::Arc, time::Duration};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde::de::DeserializeOwned;

use crate::{
    Clock, Failure, InboxKey, Inboxes, MissingVariables, Processor, QueueUrls, Queues, Reader,
    SchedulerSettings, Sdk, SdkSettings, Sealer, Store, Timers, Variables, load_master_key,
};

/// Where the local system plays the world outside, for functions in processes of their own. Only an
/// address on this machine counts.
const RECORDER_VARIABLE: &str = "WORLD_RECORDER_URL";

type Look = dyn Fn(&str) -> Option<String> + Send + Sync;
type Lookup = Arc<Look>;

/// Everything that a function takes from its process.
#[derive(Clone)]
pub struct Host {
    /// Environment variables.
    pub lookup: Lookup,
    /// How AWS is reached.
    pub sdk: SdkSettings,
    /// How everybody else is reached.
    pub world: SharedHttpClient,
    /// The time.
    pub clock: Clock,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its environment is incomplete.
    #[error(transparent)]
    Environment(#[from] MissingVariables),
    /// Something that it needs is not there.
    #[error("{0}")]
    Failure(#[from] Failure),
}

/// A host's environment being read: everything that is missing is reported together.
pub struct Reading<'a> {
    host: &'a Host,
    variables: Variables<&'a Look>,
}

impl Host {
    /// A host on Lambda: its clients, its clocks, its environment.
    ///
    /// # Errors
    /// [`MissingVariables`] without `AWS_REGION`.
    pub fn from_process() -> Result<Self, MissingVariables> {
        let lookup: Lookup = Arc::new(crate::process_lookup());
        let mut variables = Variables::new(&*lookup);
        let region = variables.required("AWS_REGION");
        let endpoint = variables.optional("AWS_ENDPOINT_URL");
        let played = variables.optional(RECORDER_VARIABLE);
        variables.finish()?;
        let played = played.and_then(|recorder| crate::http::recorded_client(&recorder));
        let for_credentials = Arc::clone(&lookup);
        Ok(Self {
            sdk: SdkSettings {
                region,
                endpoint,
                credentials: crate::environment_credentials(move |name| for_credentials(name)),
                http: crate::http::aws_client(),
                attempts: 3,
                patience: Duration::from_secs(1),
            },
            world: played.unwrap_or_else(|| crate::http::world_client(false)),
            clock: Clock::system(),
            lookup,
        })
    }

    /// Starts to read the environment.
    pub fn read(&self) -> Reading<'_> {
        Reading { host: self, variables: Variables::new(&*self.lookup) }
    }
}

impl Reading<'_> {
    /// A variable that must be there.
    pub fn required(&mut self, name: &'static str) -> String {
        self.variables.required(name)
    }

    /// A variable that may be absent.
    pub fn optional(&self, name: &'static str) -> Option<String> {
        self.variables.optional(name)
    }

    /// The AWS clients.
    pub fn sdk(&self) -> Sdk {
        Sdk::new(&self.host.sdk)
    }

    /// The store.
    pub fn store(&mut self, sdk: &Sdk) -> Store {
        Store::new(sdk.dynamodb.clone(), self.required("TABLE_NAME"))
    }

    /// The queues that this function's environment names.
    pub fn queues(&mut self, sdk: &Sdk) -> Queues {
        let url = |name| self.variables.optional(name).unwrap_or_default();
        let urls = QueueUrls {
            conversation: url("CONVERSATION_QUEUE_URL"),
            outbound: url("OUTBOUND_QUEUE_URL"),
            turns: url("TURNS_QUEUE_URL"),
            timers: url("TIMERS_QUEUE_URL"),
            notifications: url("NOTIFICATIONS_QUEUE_URL"),
            quarantine: url("QUARANTINE_QUEUE_URL"),
        };
        Queues::new(sdk.sqs.clone(), urls)
    }

    /// What processes events: for functions that change conversations. `reader`: for those that meet texts.
    pub fn processor(&mut self, sdk: &Sdk, reader: Option<Reader>) -> Processor {
        let store = self.store(sdk);
        for name in ["OUTBOUND_QUEUE_URL", "TURNS_QUEUE_URL", "TIMERS_QUEUE_URL", "NOTIFICATIONS_QUEUE_URL"] {
            self.required(name);
        }
        let queues = self.queues(sdk);
        let settings = SchedulerSettings {
            group: self.required("SCHEDULE_GROUP"),
            role_arn: self.required("SCHEDULER_ROLE_ARN"),
            target_arn: self.required("TIMERS_QUEUE_ARN"),
        };
        let timers = Timers::new(sdk.scheduler.clone(), settings, queues.clone());
        Processor::new(store, queues, timers, self.host.clock.clone(), reader)
    }

    /// Reports everything that is missing.
    ///
    /// # Errors
    /// [`MissingVariables`] with all their names.
    pub fn finish(self) -> Result<(), MissingVariables> {
        self.variables.finish()
    }
}

/// Inboxes whose secrets open under the stack's master key.
///
/// # Errors
/// [`Failure`] when the key cannot be read.
pub async fn open_inboxes<S: DeserializeOwned + Default>(
    sdk: &Sdk,
    key_arn: &str,
    store: Store,
    clock: Clock,
) -> Result<Inboxes<S>, Failure> {
    let key = load_master_key(&sdk.secrets, key_arn).await?;
    Ok(Inboxes::new(store, InboxKey::new(&key), Sealer::new(&key), clock))
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Host").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").finish_non_exhaustive()
    }
}
