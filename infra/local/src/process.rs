//! The process: from options to a port that answers, and to a clean end.

use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use handover_aws::Random;
use handover_cloud::{Storage, service::ServiceError};
use handover_core::Timestamp;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    filter::Targets,
    fmt::layer,
    layer::{Layer, SubscriberExt},
    registry,
};

use crate::{
    DataDirectory, DataDirectoryError, Local, LocalError, LocalOptions, Options, server::Served, welcome,
};

/// How long connections may take to end when the process stops. Long polls take longer, and wait for
/// nothing that is not asked for again.
const DRAIN: Duration = Duration::from_secs(10);

/// Why the process ended, or did not start. One line each.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Other machines would reach the port.
    #[error(
        "{0} is reached by other machines, which would have full access: add --allow-remote if you want that"
    )]
    Remote(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}: {error}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        error: io::Error,
    },
    /// The template cannot be read.
    #[error("cannot read the template {}: {error}", path.display())]
    TemplateFile {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The directory cannot be used.
    #[error(transparent)]
    Data(#[from] DataDirectoryError),
    /// The system cannot be opened.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// The queues' storage failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The operating system refused something else.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A defect.
    #[error("the functions' runner panicked")]
    Panicked,
}

/// Something for whoever runs the functions.
pub(crate) enum Order {
    /// Let time pass until then, and say when it has.
    Travel {
        /// Domain time.
        to: Timestamp,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<(), LocalError>>,
    },
    /// End what is in flight, and stop.
    Stop,
}

/// Runs the system until the process is told to end (SIGINT, SIGTERM).
///
/// # Errors
/// [`RunError`]: what is in the way of starting, or of going on.
pub async fn run(options: &Options) -> Result<(), RunError> {
    log(options.level());
    if !options.listen.ip().is_loopback() && !options.allow_remote {
        return Err(RunError::Remote(options.listen));
    }
    let template = options.template.as_ref().map(|path| {
        fs::read_to_string(path).map_err(|error| RunError::TemplateFile { path: path.clone(), error })
    });
    let template = template.transpose()?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(|error| RunError::Listen { address: options.listen, error })?;
    let base_url = format!("http://{}", reachable(listener.local_addr()?));
    // Held until the end: the directory is ours.
    let directory =
        if options.ephemeral { None } else { Some(DataDirectory::open(&options.data, options.seed)?) };
    let (storage, seed) = match &directory {
        Some(directory) => (Storage::Directory(options.data.clone()), directory.seed()),
        None => (Storage::Memory, options.seed.map_or_else(|| Random::system().bytes(), LocalOptions::seed)),
    };
    let mut opening = LocalOptions::on_real_time(storage, seed, base_url.clone());
    if let Some(template) = template {
        opening.template = template;
    }
    opening.functions_url.clone_from(&options.functions_url);
    opening.reach_bots = options.reach_bots;
    let local = Local::open(opening).await?;
    let sample = local.sample().await?;
    let greeting = welcome::text(&base_url, &local, &sample, &Random::system());
    let (orders, received) = mpsc::channel(1);
    #[expect(
        clippy::disallowed_methods,
        reason = "this process is the server: it does not freeze in between"
    )]
    let mut runner = tokio::spawn(drive(local.clone(), received));
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Served::new(local, sample, base_url, options.allow_remote, orders.clone()).router();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        // Dropped or sent: both mean the end.
        let _ = stopped.await;
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "this process is the server: it does not freeze in between"
    )]
    let serving = tokio::spawn(serving.into_future());
    // Nobody may be reading.
    let _ = io::stdout().write_all(greeting.as_bytes()).and_then(|()| io::stdout().flush());
    tokio::select! {
        () = told_to_end()? => {}
        ended = &mut runner => return ended.map_err(|_| RunError::Panicked)?,
    }
    drop(stop);
    let ending = async {
        // What does not end in time is cut off.
        let _ = tokio::time::timeout(DRAIN, serving).await;
        // A runner that has ended by itself needs no order.
        let _ = orders.send(Order::Stop).await;
        runner.await.map_err(|_| RunError::Panicked)?
    };
    tokio::select! {
        ended = ending => ended,
        // Somebody insists.
        () = told_to_end()? => Ok(()),
    }
}

/// Runs the functions on real time, except while time is made to pass.
async fn drive(local: Local, mut orders: mpsc::Receiver<Order>) -> Result<(), RunError> {
    loop {
        let mut order = None;
        let dispatcher = local.dispatcher();
        dispatcher.run(async { order = orders.recv().await }).await?;
        match order {
            Some(Order::Travel { to, answer }) => {
                let traveller = local.clone();
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a panic on the way ends nothing but the journey"
                )]
                let journey = tokio::spawn(async move { traveller.travel(to).await });
                // Whoever asked may have gone.
                let _ = answer.send(journey.await.unwrap_or(Err(LocalError::Panicked)));
            }
            Some(Order::Stop) | None => return Ok(()),
        }
    }
}

/// Resolves when the process is asked to end.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}

/// The address under which this machine itself reaches what listens on `bound`.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Starts logging: lines of JSON on the standard error, this product's from `level`, libraries' from
/// warnings on, for they log what they send and receive.
fn log(level: LevelFilter) {
    let targets = Targets::new().with_target("handover", level).with_default(level.min(LevelFilter::WARN));
    let lines = layer().json().flatten_event(true).with_span_list(false).with_writer(io::stderr);
    // A process that already logs goes on as it does.
    let _ = tracing::subscriber::set_global_default(registry().with(lines.with_filter(targets)));
}
