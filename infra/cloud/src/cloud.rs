//! The cloud: every service, the functions' identities, and the one door that all calls go through.

use crate::calls::{CallLog, CallRecord, Hook};
use crate::clock::Clock;
use crate::dynamodb::DynamoDb;
use crate::faults::Faults;
use crate::policy::{Access, Permission, Statement};
use crate::recorder::Recorder;
use crate::scheduler::{Lateness, Scheduler};
use crate::secrets::Secrets;
use crate::service::{ACCOUNT_ID, ServiceError};
use crate::ses::Ses;
use crate::sqs::Sqs;
use crate::storage::Storage;
use crate::template::Template;
use bytes::Bytes;
use http::Request;
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::Notify;

/// The host under which clients in this process reach the cloud.
pub const ENDPOINT_HOST: &str = "aws.local";

/// The URL of a queue, as it stands in the functions' environment.
pub(crate) fn queue_url(name: &str) -> String {
    format!("http://{ENDPOINT_HOST}/{ACCOUNT_ID}/{name}")
}

/// Why a cloud could not be opened. One line each.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// The queues' file.
    #[error("queues.db: {0}")]
    Queues(#[from] rusqlite::Error),
    /// The tables' file.
    #[error("dynamodb.db: {0}")]
    Tables(#[from] dynoxide::DynoxideError),
    /// The list of what was sent.
    #[error("outbox.jsonl: {0}")]
    Outbox(#[from] std::io::Error),
    /// Something that the template declares was refused.
    #[error("{logical_id}: {error}")]
    Resource {
        /// Its name in the template.
        logical_id: String,
        /// The refusal.
        error: ServiceError,
    },
}

/// The caller died at a call, as a hook wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("crashed")]
pub struct Crashed;

/// A local AWS. Clones share it.
#[derive(Clone)]
pub struct Cloud {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) clock: Clock,
    pub(crate) template: Template,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) sqs: Sqs,
    pub(crate) scheduler: Scheduler,
    pub(crate) secrets: Secrets,
    pub(crate) ses: Ses,
    pub(crate) recorder: Recorder,
    /// The functions by their key ids.
    pub(crate) callers: HashMap<String, Caller>,
    pub(crate) hook: RwLock<Option<Hook>>,
    pub(crate) calls: AtomicU64,
    pub(crate) log: CallLog,
    /// What of the policies has been made use of.
    pub(crate) used: Mutex<BTreeSet<Permission>>,
}

/// A function as a caller.
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) statements: Vec<Statement>,
}

/// A run of a function.
pub(crate) struct Run {
    pub(crate) function: String,
    pub(crate) crashed: Notify,
}

tokio::task_local! {
    /// The run that the current future belongs to.
    pub(crate) static RUN: Arc<Run>;
}

impl Cloud {
    /// Opens the cloud and creates what the template declares and is not there yet. Generated secrets are
    /// drawn from `seed`: random bytes where they protect something. A directory must exist.
    pub fn open(
        storage: &Storage,
        clock: Clock,
        template: &Template,
        seed: &[u8; 32],
    ) -> Result<Self, CloudError> {
        let queues = storage.open_queues()?;
        let refused = |id: &str| {
            let logical_id = id.to_owned();
            move |error| CloudError::Resource { logical_id, error }
        };
        let sqs = Sqs::open(queues.clone(), clock.clone()).map_err(refused("queues.db"))?;
        let scheduler =
            Scheduler::open(queues.clone(), clock.clone(), sqs.clone()).map_err(refused("queues.db"))?;
        let secrets = Secrets::open(queues, clock.clone()).map_err(refused("queues.db"))?;
        let dynamodb = DynamoDb::open(storage, clock.clone())?;
        for table in &template.tables {
            dynamodb.create(table)?;
        }
        // Queues that others give up into come first.
        let mut declared: Vec<_> = template.queues.iter().collect();
        declared.sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
        for queue in declared {
            sqs.create_queue(&queue.name, &queue.attributes).map_err(refused(&queue.logical_id))?;
        }
        for group in &template.schedule_groups {
            existing_is_fine(scheduler.create_group(group, None)).map_err(refused(group))?;
        }
        for schedule in &template.schedules {
            let created = serde_json::from_value(schedule.request.clone())
                .map_err(ServiceError::from)
                .and_then(|request| scheduler.create_schedule(&schedule.name, &request));
            existing_is_fine(created).map_err(refused(&schedule.logical_id))?;
        }
        for secret in &template.secrets {
            secrets.create(secret, seed).map_err(refused(&secret.logical_id))?;
        }
        let callers = template.functions.iter().map(|function| {
            let caller = Caller { name: function.name.clone(), statements: function.statements.clone() };
            (Self::function_key(&function.name), caller)
        });
        let callers = callers.collect();
        let recorder = Recorder::open(storage, clock.clone())?;
        let inner = Inner {
            clock,
            template: template.clone(),
            dynamodb,
            sqs,
            scheduler,
            secrets,
            ses: Ses::default(),
            recorder,
            callers,
            hook: RwLock::default(),
            calls: AtomicU64::new(0),
            log: CallLog::default(),
            used: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The access key id of a function. Calls signed with it are held to the function's policy; any other
    /// key is an administrator's. Signatures and secret keys are not checked.
    pub fn function_key(function: &str) -> String {
        format!("LOCAL{}", function.to_ascii_uppercase())
    }

    /// The cloud's time.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The template that the cloud was opened with.
    pub fn template(&self) -> &Template {
        &self.inner.template
    }

    /// The queues.
    pub fn sqs(&self) -> &Sqs {
        &self.inner.sqs
    }

    /// The schedules.
    pub fn scheduler(&self) -> &Scheduler {
        &self.inner.scheduler
    }

    /// What was sent to the world outside AWS.
    pub fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    /// Refuses e-mails to these addresses from now on, and to no others.
    pub fn suppress_addresses(&self, addresses: BTreeSet<String>) {
        self.inner.ses.suppress(addresses);
    }

    /// Lets e-mails to these addresses be taken and come back from now on, and to no others.
    pub fn bounce_addresses(&self, addresses: BTreeSet<String>) {
        self.inner.ses.bounce(addresses);
    }

    /// Lets a hook decide about every call from now on; `None` lets all proceed.
    pub fn set_hook(&self, hook: Option<Hook>) {
        *self.inner.hook.write().unwrap_or_else(PoisonError::into_inner) = hook;
    }

    /// Replaces the hook by one that makes these faults, and lets schedules fire with the lateness that
    /// their seed decides, or never. No faults restore the normal state.
    pub fn set_faults(&self, faults: Faults) {
        let lateness = if faults.drop_timers { Lateness::Dropped } else { Lateness::Seeded(faults.seed) };
        self.inner.scheduler.set_lateness(lateness);
        self.set_hook(Some(faults.into_hook()));
    }

    /// Takes the log of all calls that ended since the last time.
    pub fn take_log(&self) -> Vec<CallRecord> {
        self.inner.log.take()
    }

    /// What of the functions' policies has been made use of since the cloud was opened.
    pub fn used_permissions(&self) -> BTreeSet<Permission> {
        self.inner.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what of a function's policy allows an access.
    pub(crate) fn note_used(&self, function: &str, statements: &[Statement], access: &Access) {
        let mut used = self.inner.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.extend(Permission::used(function, statements, access));
    }

    /// Deletes what the tables may forget at the cloud's present time: how many items.
    pub fn expire(&self) -> Result<usize, CloudError> {
        let tables = &self.inner.template.tables;
        Ok(tables.iter().map(|table| self.inner.dynamodb.expire(table)).sum::<Result<usize, _>>()?)
    }

    /// Keeps a copy of the tables that is one write behind, for [`crate::Verdict::StaleRead`]; doubles the
    /// price of a write. To be called before anything is written.
    pub fn keep_replica(&self) -> Result<(), CloudError> {
        Ok(self.inner.dynamodb.keep_replica(&self.inner.template.tables)?)
    }

    /// Runs a future as a function: its calls to the world outside are noted as the function's, and a hook
    /// can crash it. At the crash the future stops for good (the call never resolves) and is dropped, as if
    /// its process had died. Calls outside such a run never resolve when a hook crashes them.
    pub async fn run_as<F: Future>(&self, function: &str, work: F) -> Result<F::Output, Crashed> {
        let run = Arc::new(Run { function: function.to_owned(), crashed: Notify::new() });
        tokio::select! {
            biased;
            () = run.crashed.notified() => Err(Crashed),
            output = RUN.scope(Arc::clone(&run), work) => Ok(output),
        }
    }
}

/// Ends the current run, if there is one, and never returns.
pub(crate) async fn crash<T>() -> T {
    // Outside of a run there is nobody to tell.
    let _ = RUN.try_with(|run| run.crashed.notify_one());
    std::future::pending().await
}

/// A creation that succeeded or met what it wanted to create.
fn existing_is_fine(created: Result<(), ServiceError>) -> Result<(), ServiceError> {
    match created {
        Err(error) if error.code == "ConflictException" => Ok(()),
        other => other,
    }
}

/// The host that a request is sent to, without the port.
pub(crate) fn host(request: &Request<Bytes>) -> String {
    let header = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let header = header.and_then(|host| host.parse::<http::uri::Authority>().ok());
    let header = header.as_ref().map(http::uri::Authority::host);
    request.uri().host().or(header).unwrap_or(ENDPOINT_HOST).to_owned()
}
