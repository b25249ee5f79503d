//! The two HTTP clients, and sending one request with a known outcome.
//!
//! Neither client knows proxies or follows redirects. Tests and the local system put a client in their
//! place that answers in process.

mod guard;
mod recorded;
mod roots;

use std::{error::Error, io, iter::successors, sync::LazyLock, time::Duration};

use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime::client::{
    auth::no_auth::{NO_AUTH_SCHEME_ID, NoAuthScheme},
    identity::{IdentityCache, no_auth::NoAuthIdentityResolver},
    orchestrator::endpoints::StaticUriEndpointResolver,
    retries::strategy::NeverRetryStrategy,
};
use aws_smithy_runtime_api::client::{
    auth::static_resolver::StaticAuthSchemeOptionResolver,
    dns::ResolveDns,
    http::{HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy;

pub use aws_smithy_runtime_api::client::http::SharedHttpClient;
pub use guard::{UrlRefused, check_url};
pub use recorded::{WORLD_URL_HEADER, recorded_client};

/// How long an idle connection is kept. A function is frozen between its invocations, and connections
/// that slept for a minute are found to be dead.
const KEEP_IDLE: Duration = Duration::from_secs(50);
/// How long a connection of [`send`] may take to stand, resolution and TLS included. Less than what
/// callers give to a whole request, so that a peer that cannot be reached is known as such.
const CONNECT: Duration = Duration::from_secs(3);

/// The client for AWS endpoints: it trusts Amazon's certificate authorities alone. Plain http, to the
/// local system, is possible.
pub fn aws_client() -> SharedHttpClient {
    let client = Builder::new()
        .pool_idle_timeout(KEEP_IDLE)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls(roots::amazon()))
        .build_https();
    // Each SDK client that is made checks its HTTP client by building a connector and throws that
    // away; handing on nothing but the connectors in use saves that work at every start.
    http_client_fn(move |settings, components| client.http_connector(settings, components))
}

/// The client for every other host: it trusts Mozilla's certificate authorities, and sends to public
/// addresses alone (see [`check_url`]). `allow_loopback`, for the local system, lets this machine be reached.
pub fn world_client(allow_loopback: bool) -> SharedHttpClient {
    world_client_resolving(guard::ThisMachine, allow_loopback)
}

fn world_client_resolving(
    resolver: impl ResolveDns + Clone + 'static,
    allow_loopback: bool,
) -> SharedHttpClient {
    // Only some functions send anything, and reading 150 certificates takes a while.
    let client = LazyLock::new(move || {
        Builder::new()
            .pool_idle_timeout(KEEP_IDLE)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls(roots::mozilla()))
            .build_with_resolver(guard::PublicAddresses { resolver: resolver.clone(), allow_loopback })
    });
    http_client_fn(move |settings, components| {
        let inner = client.http_connector(settings, components);
        SharedHttpConnector::new(guard::Guarded { inner, allow_loopback })
    })
}

fn tls(trusted: TrustStore) -> TlsContext {
    #[expect(clippy::expect_used, reason = "a TLS context from a trust store has nothing that can fail")]
    TlsContext::builder().with_trust_store(trusted).build().expect("a TLS context")
}

/// What [`SendError::Ambiguous`] says of an answer that did not come whole, or is longer than was asked for.
pub const BROKE_OFF: &str = "the answer broke off or is too long";

/// Why there is no answer to a request. The texts hold nothing of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The peer has certainly not seen the request; what was in the way.
    #[error("not sent: {0}")]
    NotSent(&'static str),
    /// The peer may have seen the request, and may have acted on it; what happened.
    #[error("sent or not: {0}")]
    Ambiguous(&'static str),
}

/// Sends a request once and reads its answer whole, of any status.
///
/// `timeout` is for everything together; above 3 s, a peer that cannot be connected to within that
/// time is reported as [`SendError::NotSent`]. An answer of more than `max_response_bytes` is not read
/// on, and is [`SendError::Ambiguous`].
///
/// A client that answers in process says by an [`io::ErrorKind::ConnectionRefused`] somewhere among an
/// error's causes that a request never arrived; any other error is ambiguous.
pub async fn send(
    client: &SharedHttpClient,
    request: http::Request<Vec<u8>>,
    timeout: Duration,
    max_response_bytes: usize,
) -> Result<http::Response<Bytes>, SendError> {
    let request = HttpRequest::try_from(request.map(SdkBody::from))
        .map_err(|_| SendError::NotSent("not a request that HTTP can carry"))?;
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).build();
    let connector = client.http_connector(&settings, &COMPONENTS);
    let exchange = async {
        let response = connector.call(request).await.map_err(|error| classify(&error))?;
        read(response, max_response_bytes).await
    };
    let out_of_time = SendError::Ambiguous("no answer in time");
    tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(out_of_time))
}

async fn read(response: HttpResponse, max_bytes: usize) -> Result<http::Response<Bytes>, SendError> {
    let broken = |_| SendError::Ambiguous("the answer is not HTTP");
    let (parts, body) = response.try_into_http1x().map_err(broken)?.into_parts();
    let body = Limited::new(body, max_bytes).collect().await;
    let body = body.map_err(|_| SendError::Ambiguous(BROKE_OFF))?;
    Ok(http::Response::from_parts(parts, body.to_bytes()))
}

/// Tells errors from before the first byte of a request from all others.
///
/// Everything that goes wrong until a connection stands (guard, resolution, TCP, TLS, connect time-out)
/// comes out of hyper's pool as an error of the connect kind, and only that does: a pooled connection that
/// turns out to be dead is another kind. In doubt the answer is "ambiguous".
fn classify(error: &ConnectorError) -> SendError {
    let first: &(dyn Error + 'static) = error;
    for cause in successors(Some(first), |&error| error.source()) {
        if cause.is::<UrlRefused>() {
            return SendError::NotSent("the address is not a public one");
        }
        if cause.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect) {
            return SendError::NotSent("no connection");
        }
        let io = cause.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return SendError::NotSent("no connection");
        }
    }
    if error.is_timeout() {
        SendError::Ambiguous("no answer in time")
    } else {
        SendError::Ambiguous("the connection broke")
    }
}

/// What a connector has to be asked with. None of it is used: these are the parts of an SDK call that
/// a connector could look at, and they cannot be left out.
static COMPONENTS: LazyLock<RuntimeComponents> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "every required part is given, and the tests build it")]
    RuntimeComponents::builder("handover")
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(Vec::new())))
        .with_auth_scheme(NoAuthScheme::new())
        .with_identity_cache(Some(IdentityCache::no_cache()))
        .with_identity_resolver(NO_AUTH_SCHEME_ID, NoAuthIdentityResolver::new())
        .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri("https://unused.invalid")))
        .with_retry_strategy(Some(NeverRetryStrategy::new()))
        .build()
        .expect("all required components")
});

#[cfg(test)]
mod tests;
