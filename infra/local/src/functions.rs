//! The functions as Lambda runs them: started once, called with JSON, started anew after they died. Or
//! in processes of their own, behind Lambda's API for invocations.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handover_aws::{
    Host, StartError,
    http::{SharedHttpClient, send, world_client},
};
use handover_cloud::{BoxFuture, Handler};
use handover_core::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{LocalError, local::Hosts};

/// Starts every function, as Lambda does before the first event.
pub(crate) async fn start(hosts: &Hosts) -> Result<HashMap<String, Handler>, LocalError> {
    let evaluate = function(
        hosts,
        "evaluate",
        |host| Box::pin(async move { handover_evaluate::App::start(&host).await }),
        |app, request, _| Box::pin(async move { app.handle(request).await }),
    );
    let execute = function(
        hosts,
        "execute",
        |host| Box::pin(async move { handover_execute::App::start(&host) }),
        |app, batch, deadline| Box::pin(async move { app.handle(batch, deadline).await }),
    );
    let resume = function(
        hosts,
        "resume",
        |host| Box::pin(async move { handover_resume::App::start(&host) }),
        |app, batch, deadline| Box::pin(async move { app.handle(batch, deadline).await }),
    );
    let deliver = function(
        hosts,
        "deliver",
        |host| Box::pin(async move { handover_deliver::App::start(&host).await }),
        |app, batch, deadline| Box::pin(async move { app.handle(batch, deadline).await }),
    );
    let respond = function(
        hosts,
        "respond",
        |host| Box::pin(async move { handover_respond::App::start(&host).await }),
        |app, batch, deadline| Box::pin(async move { app.handle(batch, deadline).await }),
    );
    let notify = function(
        hosts,
        "notify",
        |host| Box::pin(async move { handover_notify::App::start(&host).await }),
        |app, batch, deadline| Box::pin(async move { app.handle(batch, deadline).await }),
    );
    let console = function(
        hosts,
        "console",
        |host| Box::pin(async move { handover_console::App::start(&host).await }),
        |app, event, _| Box::pin(async move { app.handle(event).await }),
    );
    Ok(HashMap::from([
        evaluate.await?,
        execute.await?,
        resume.await?,
        deliver.await?,
        respond.await?,
        notify.await?,
        console.await?,
    ]))
}

/// The most bytes of an answer (Lambda quotas: 6 MB).
const MAX_ANSWER_BYTES: usize = 6 * 1024 * 1024;
/// What a host may need on top of the function's own time, to start it or even to build it.
const START: Duration = Duration::from_mins(10);

/// The functions of the template in processes of their own, hosted at `url` behind Lambda's Invoke API
/// (docs.aws.amazon.com/lambda/latest/api/API_Invoke.html), as `cargo lambda watch` does.
pub(crate) fn elsewhere(hosts: &Hosts, url: &str) -> HashMap<String, Handler> {
    let client = world_client(true);
    let host = |name: &str| {
        let url = format!("{}/2015-03-31/functions/{name}/invocations", url.trim_end_matches('/'));
        let patience = START + Duration::from_secs(hosts.timeout_s(name).into());
        let client = client.clone();
        let handler: Handler =
            Arc::new(move |event| Box::pin(invoke(client.clone(), url.clone(), patience, event)));
        (name.to_owned(), handler)
    };
    hosts.names().map(host).collect()
}

async fn invoke(
    client: SharedHttpClient,
    url: String,
    patience: Duration,
    event: Value,
) -> Result<Value, String> {
    let request = http::Request::post(url).header(http::header::CONTENT_TYPE, "application/json");
    let request = request.body(event.to_string().into_bytes()).map_err(|error| error.to_string())?;
    let answer = send(&client, request, patience, MAX_ANSWER_BYTES).await;
    let answer = answer.map_err(|error| format!("the functions' host: {error}"))?;
    if !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error") {
        return Err(format!("the functions' host answered {}", answer.status()));
    }
    serde_json::from_slice(answer.body()).map_err(|error| error.to_string())
}

type Start<App> = fn(Host) -> BoxFuture<Result<App, StartError>>;
type Handle<App, Event, Answer> = fn(App, Event, Timestamp) -> BoxFuture<Answer>;

/// A started function under its name.
async fn function<App, Event, Answer>(
    hosts: &Hosts,
    name: &str,
    start: Start<App>,
    handle: Handle<App, Event, Answer>,
) -> Result<(String, Handler), LocalError>
where
    App: Clone + Send + 'static,
    Event: DeserializeOwned + Send + 'static,
    Answer: Serialize + Send + 'static,
{
    let instance = Arc::new(Instance { host: hosts.of(name)?, start, app: Mutex::new(None) });
    let started = instance.app().await;
    started.map_err(|error| LocalError::Function { function: name.to_owned(), error })?;
    let timeout = Duration::from_secs(hosts.timeout_s(name).into());
    let handler: Handler = Arc::new(move |event| {
        let instance = Arc::clone(&instance);
        Box::pin(async move {
            // What exactly is wrong may quote a client.
            let event: Event = serde_json::from_value(event)
                .map_err(|_| "the event has not the shape that this function takes".to_owned())?;
            let mut life = Life { instance: &instance, over: true };
            let app = instance.app().await.map_err(|error| error.to_string())?;
            let deadline = instance.host.clock.now() + timeout;
            let answer = handle(app, event, deadline).await;
            life.over = false;
            serde_json::to_value(answer).map_err(|error| error.to_string())
        })
    });
    Ok((name.to_owned(), handler))
}

/// A process of a function.
struct Instance<App> {
    host: Host,
    start: Start<App>,
    app: Mutex<Option<App>>,
}

impl<App: Clone> Instance<App> {
    /// What the process has in memory; a new process begins with nothing.
    async fn app(&self) -> Result<App, StartError> {
        let running = self.app.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(app) = running {
            return Ok(app);
        }
        let app = (self.start)(self.host.clone()).await?;
        *self.app.lock().unwrap_or_else(PoisonError::into_inner) = Some(app.clone());
        Ok(app)
    }
}

/// An invocation. One that does not come to its end - a crash, a panic, the time limit - takes its process
/// with it, and everything that it kept in memory.
struct Life<'a, App> {
    instance: &'a Instance<App>,
    over: bool,
}

impl<App> Drop for Life<'_, App> {
    fn drop(&mut self) {
        if self.over {
            *self.instance.app.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
