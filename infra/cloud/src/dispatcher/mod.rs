//! Lambda's part: invoking the functions with their JSON events, in this process.

mod http_event;
mod queue_event;

use crate::cloud::{Cloud, Crashed};
use crate::policy::{Access, permits};
use crate::service::{ServiceError, draw};
use crate::sqs::ReceivedMessage;
use crate::template::{EventSource, TemplateError};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::task::{Id, JoinSet};

/// A future in a box.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What stands in for a function of another version that wrote an event: takes the function that the event
/// goes to, and the event; gives the event as the other version would have written it.
pub type Translator = Arc<dyn Fn(&str, Value) -> Value + Send + Sync>;

/// A function: takes an event, answers, or fails with a text.
pub type Handler = Arc<dyn Fn(Value) -> BoxFuture<Result<Value, String>> + Send + Sync>;

/// Lambda starts with five pollers for a queue, each with one invocation at a time.
const DEFAULT_CONCURRENCY: usize = 5;

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// The function answered.
    Answered(Value),
    /// The function failed.
    Failed(String),
    /// The function ran into its time limit (only on a system clock).
    TimedOut,
    /// The function's process died, by a hook's wish.
    Crashed,
}

/// The functions, connected with their queues and routes as the template says. Clones share them.
#[derive(Clone)]
pub struct Dispatcher {
    inner: Arc<Inner>,
}

struct Inner {
    cloud: Cloud,
    handlers: HashMap<String, Handler>,
    translator: RwLock<Option<Translator>>,
    seed: u64,
    steps: AtomicU64,
    requests: AtomicU64,
}

impl Dispatcher {
    /// Connects the handlers (by [`crate::template::Function::name`]). As Lambda does, it refuses a mapping
    /// whose function may not read the queue, or whose visibility timeout is shorter than the function's
    /// own. `seed` decides which of several ready queues [`Self::step`] takes.
    pub fn new(cloud: Cloud, handlers: HashMap<String, Handler>, seed: u64) -> Result<Self, TemplateError> {
        let template = cloud.template();
        for route in &template.routes {
            if !handlers.contains_key(&route.function) {
                return Err(wrong(&route.function, "has a route and no handler"));
            }
        }
        for source in &template.event_sources {
            let id = &source.logical_id;
            if !handlers.contains_key(&source.function) {
                return Err(wrong(&source.function, "has an event source and no handler"));
            }
            let Some(function) = template.function(&source.function) else {
                return Err(wrong(id, "its function is not in the template"));
            };
            for action in ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"] {
                let access = Access::new(action, &source.queue_arn);
                cloud.note_used(&function.name, &function.statements, &access);
                if !permits(&function.statements, &access) {
                    return Err(wrong(id, &format!("the function may not {action} on {}", source.queue_arn)));
                }
            }
            let attributes =
                cloud.sqs().attributes(&source.queue).map_err(|error| wrong(id, &error.message))?;
            let visibility: u32 =
                attributes.get("VisibilityTimeout").and_then(|text| text.parse().ok()).unwrap_or(0);
            if visibility < function.timeout_s {
                return Err(wrong(
                    id,
                    "the queue's visibility timeout is shorter than the function's timeout",
                ));
            }
        }
        let inner = Inner {
            cloud,
            handlers,
            translator: RwLock::default(),
            seed,
            steps: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The cloud that the functions work on.
    pub fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    /// Lets a translator rewrite the events of queues from now on; `None` leaves them as they are.
    pub fn set_translator(&self, translator: Option<Translator>) {
        *self.inner.translator.write().unwrap_or_else(PoisonError::into_inner) = translator;
    }

    /// Invokes a function to its end. A function without a handler fails.
    pub async fn invoke(&self, function: &str, event: Value) -> Invocation {
        let cloud = &self.inner.cloud;
        let Some(handler) = self.inner.handlers.get(function) else {
            return Invocation::Failed(format!("{function} has no handler"));
        };
        let run = cloud.run_as(function, handler(event));
        let limit = cloud.template().function(function).filter(|_| !cloud.clock().is_manual());
        let ended = match limit {
            None => run.await,
            Some(function) => {
                match tokio::time::timeout(Duration::from_secs(function.timeout_s.into()), run).await {
                    Ok(ended) => ended,
                    Err(_) => return Invocation::TimedOut,
                }
            }
        };
        match ended {
            Ok(Ok(answer)) => Invocation::Answered(answer),
            Ok(Err(error)) => Invocation::Failed(error),
            Err(Crashed) => Invocation::Crashed,
        }
    }

    /// Answers a request to the HTTP API: finds the route, invokes its function, and turns its answer into
    /// a response, all as API Gateway does for HTTP APIs with payload format 2.0.
    pub async fn http(&self, request: Request<Bytes>, source_ip: &str) -> Response<Bytes> {
        let cloud = &self.inner.cloud;
        if request.body().len() > http_event::MAX_BODY_BYTES {
            return http_event::message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        let Some((route, parameters)) = http_event::route(&cloud.template().routes, &request) else {
            return http_event::message(StatusCode::NOT_FOUND, "Not Found");
        };
        let now_ms = cloud.clock().now_ms();
        // The time keeps the ids of different runs of the process apart.
        let number = self.inner.requests.fetch_add(1, Ordering::Relaxed);
        let request_id = format!("{now_ms:012x}{number:08x}");
        let event = http_event::event(&route.key, parameters, &request, source_ip, &request_id, now_ms);
        match self.invoke(&route.function, event).await {
            Invocation::Answered(answer) => http_event::response(&answer),
            Invocation::TimedOut => {
                http_event::message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
            }
            ended @ (Invocation::Failed(_) | Invocation::Crashed) => {
                tracing::warn!(function = route.function, ?ended, "the function did not answer");
                http_event::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
        }
    }

    /// Fires the schedules that are due, then takes one batch from one of the queues that have something
    /// ready and invokes its function to the end. False when there was nothing to do.
    pub async fn step(&self) -> Result<bool, ServiceError> {
        let fired = self.fire()?;
        let sources = &self.inner.cloud.template().event_sources;
        let mut ready = Vec::new();
        for source in sources {
            if self.is_ready(source)? {
                ready.push(source);
            }
        }
        while !ready.is_empty() {
            let step = self.inner.steps.fetch_add(1, Ordering::Relaxed);
            let lot = draw(self.inner.seed, &step.to_string()) % u64::try_from(ready.len()).unwrap_or(1);
            let source = ready.swap_remove(usize::try_from(lot).unwrap_or(0));
            if self.take(source).await? {
                return Ok(true);
            }
        }
        Ok(fired)
    }

    /// Takes one batch from the queue of this function. False when nothing was ready.
    pub async fn step_function(&self, function: &str) -> Result<bool, ServiceError> {
        let source =
            self.inner.cloud.template().event_sources.iter().find(|source| source.function == function);
        match source {
            Some(source) => self.take(source).await,
            None => Ok(false),
        }
    }

    /// Steps until nothing is ready at the present time: how many steps that took.
    pub async fn settle(&self) -> Result<usize, ServiceError> {
        let mut steps = 0;
        while self.step().await? {
            steps += 1;
        }
        Ok(steps)
    }

    /// When [`Self::step`] has something to do next, in Unix milliseconds (now, if it is in the past);
    /// nothing when everything rests for good.
    pub fn next_event_at(&self) -> Result<Option<i64>, ServiceError> {
        let mut next = self.inner.cloud.scheduler().next_due_at()?;
        for source in &self.inner.cloud.template().event_sources {
            let visible = self.inner.cloud.sqs().next_visible_at(&source.queue)?;
            next = next.into_iter().chain(visible).min();
        }
        Ok(next)
    }

    /// Runs everything as it becomes ready, each mapping with its own concurrency, until `shutdown`; then
    /// takes nothing new, and waits for the invocations in flight.
    pub async fn run(&self, shutdown: impl Future<Output = ()>) -> Result<(), ServiceError> {
        let cloud = &self.inner.cloud;
        let sources = &cloud.template().event_sources;
        let mut tasks: JoinSet<()> = JoinSet::new();
        let mut running: HashMap<Id, usize> = HashMap::new();
        tokio::pin!(shutdown);
        loop {
            // Taken first: what changes from here on wakes the select below.
            let (queues, schedules) = (cloud.sqs().changed(), cloud.scheduler().changed());
            self.fire()?;
            let mut wake = cloud.scheduler().next_due_at()?;
            for (index, source) in sources.iter().enumerate() {
                let limit = source.maximum_concurrency.unwrap_or(DEFAULT_CONCURRENCY);
                let mut busy = running.values().filter(|known| **known == index).count();
                while busy < limit {
                    let batch = self.receive(source)?;
                    if batch.is_empty() {
                        let visible = cloud.sqs().next_visible_at(&source.queue)?;
                        wake = wake.into_iter().chain(visible).min();
                        break;
                    }
                    let (this, source) = (self.clone(), source.clone());
                    let task = tasks.spawn(async move { this.work_off(&source, batch).await });
                    running.insert(task.id(), index);
                    busy += 1;
                }
            }
            // At least a millisecond, so that nothing can spin.
            let now = cloud.clock().now_ms();
            let wake = wake.map_or(i64::MAX, |wake| wake.max(now + 1));
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = tasks.join_next_with_id() => {
                    let id = match ended {
                        Ok((id, ())) => id,
                        Err(error) => {
                            // The messages come back when their visibility ends, as from a dead process.
                            tracing::error!(%error, "an invocation panicked");
                            error.id()
                        }
                    };
                    running.remove(&id);
                }
                () = queues => {}
                () = schedules => {}
                () = cloud.clock().wait_until(wake) => {}
            }
        }
        while tasks.join_next().await.is_some() {}
        Ok(())
    }

    fn fire(&self) -> Result<bool, ServiceError> {
        Ok(!self.inner.cloud.scheduler().fire_due()?.is_empty())
    }

    fn is_ready(&self, source: &EventSource) -> Result<bool, ServiceError> {
        let visible = self.inner.cloud.sqs().next_visible_at(&source.queue)?;
        Ok(visible.is_some_and(|at| at <= self.inner.cloud.clock().now_ms()))
    }

    fn receive(&self, source: &EventSource) -> Result<Vec<ReceivedMessage>, ServiceError> {
        self.inner.cloud.sqs().receive(&source.queue, source.batch_size, None)
    }

    /// Receives a batch and works it off. False when there was none.
    async fn take(&self, source: &EventSource) -> Result<bool, ServiceError> {
        let batch = self.receive(source)?;
        if batch.is_empty() {
            return Ok(false);
        }
        self.work_off(source, batch).await;
        Ok(true)
    }

    /// Invokes the function with a batch and deletes what succeeded. What failed stays hidden until its
    /// visibility ends: Lambda does not touch it, and neither does a crash.
    async fn work_off(&self, source: &EventSource, batch: Vec<ReceivedMessage>) {
        let event = queue_event::event(&source.queue_arn, &batch);
        let translator = self.inner.translator.read().unwrap_or_else(PoisonError::into_inner).clone();
        let event = match translator {
            Some(translate) => translate(&source.function, event),
            None => event,
        };
        let ended = self.invoke(&source.function, event).await;
        match &ended {
            Invocation::Failed(error) => {
                tracing::warn!(function = source.function, error, "the function failed");
            }
            Invocation::TimedOut => {
                tracing::warn!(function = source.function, "the function timed out");
            }
            Invocation::Answered(_) | Invocation::Crashed => {}
        }
        for message in queue_event::succeeded(&ended, &batch, source.report_batch_item_failures) {
            if let Err(error) = self.inner.cloud.sqs().delete(&source.queue, &message.receipt_handle) {
                // Its visibility ended during the invocation; it will be received again.
                tracing::warn!(queue = source.queue, %error, "a message could not be deleted");
            }
        }
    }
}

fn wrong(at: &str, problem: &str) -> TemplateError {
    TemplateError { at: at.to_owned(), problem: problem.to_owned() }
}
