//! Lambda's Runtime API for one process, and its Invoke API in front of it
//! (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).

use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
};

/// The largest event or answer (Lambda quotas: 6 MB).
const MAX_BYTES: usize = 6 * 1024 * 1024;
/// What an invocation's deadline is told to be, from now.
const DEADLINE: Duration = Duration::from_secs(30);

type Answer = Result<Bytes, Bytes>;

#[derive(Debug)]
struct Invocation {
    event: Bytes,
    answer: oneshot::Sender<Answer>,
}

/// A Runtime API that one process polls.
#[derive(Clone, Debug)]
pub struct RuntimeApi {
    shared: Arc<Shared>,
    /// Where the process finds it (`AWS_LAMBDA_RUNTIME_API`).
    pub address: SocketAddr,
}

#[derive(Debug)]
struct Shared {
    invoke: mpsc::UnboundedSender<Invocation>,
    waiting: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    running: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    number: AtomicU64,
    ended: AtomicU64,
    first_poll: Mutex<Option<oneshot::Sender<Instant>>>,
}

impl RuntimeApi {
    /// Opens one on a free port of this machine. The receiver gets the instant of the first poll.
    ///
    /// # Errors
    /// When no port can be had.
    #[expect(clippy::disallowed_methods, reason = "a server of this process")]
    pub async fn open() -> io::Result<(Self, oneshot::Receiver<Instant>)> {
        let (invoke, waiting) = mpsc::unbounded_channel();
        let (polled, first_poll) = oneshot::channel();
        let shared = Arc::new(Shared {
            invoke,
            waiting: AsyncMutex::new(waiting),
            running: Mutex::default(),
            number: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            first_poll: Mutex::new(Some(polled)),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(failed))
            .layer(DefaultBodyLimit::max(MAX_BYTES))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((Self { shared, address }, first_poll))
    }

    /// How many invocations have ended.
    pub fn ended(&self) -> u64 {
        self.shared.ended.load(Ordering::Relaxed)
    }

    /// Lets the process work an event off: its answer, or what it says went wrong.
    pub async fn invoke(&self, event: Bytes) -> Answer {
        let (answer, answered) = oneshot::channel();
        let gone = || Bytes::from_static(b"the process is gone");
        self.shared.invoke.send(Invocation { event, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

#[expect(clippy::disallowed_methods, reason = "measures, and tells a process its deadline")]
async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let polled = shared.first_poll.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(polled) = polled {
        // Whoever measures may have gone.
        let _ = polled.send(Instant::now());
    }
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let id = format!("invocation-{}", shared.number.fetch_add(1, Ordering::Relaxed));
    shared.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), invocation.answer);
    let deadline = std::time::SystemTime::now() + DEADLINE;
    let deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.event).into_response()
}

async fn answered(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    finish(&shared, &id, Ok(body))
}

async fn failed(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    finish(&shared, &id, Err(body))
}

fn finish(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    let waiting = shared.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    let Some(waiting) = waiting else { return StatusCode::NOT_FOUND };
    shared.ended.fetch_add(1, Ordering::Relaxed);
    // Whoever asked may have gone.
    let _ = waiting.send(answer);
    StatusCode::ACCEPTED
}

/// The Invoke API in front of several Runtime APIs, by the functions' names; gives its address.
///
/// # Errors
/// When no port can be had.
#[expect(clippy::disallowed_methods, reason = "a server of this process")]
pub async fn invoke_api(functions: Arc<Mutex<BTreeMap<String, RuntimeApi>>>) -> io::Result<SocketAddr> {
    let router = Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .with_state(functions);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn invoke(
    State(functions): State<Arc<Mutex<BTreeMap<String, RuntimeApi>>>>,
    Path(name): Path<String>,
    event: Bytes,
) -> Response {
    let function = functions.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
    let Some(function) = function else { return StatusCode::NOT_FOUND.into_response() };
    match function.invoke(event).await {
        Ok(answer) => answer.into_response(),
        Err(error) => ([("x-amz-function-error", "Unhandled")], error).into_response(),
    }
}
