//! The one port: webhooks, AWS, and the pages under `/local`.

mod access;
mod chat;
mod pages;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    response::Response,
};
use bytes::Bytes;
use handover_aws::Random;
use handover_cloud::Faults;
use serde_json::json;
use tokio::sync::mpsc;

use crate::{Local, Sample, process::Order};
use access::Access;

/// The most bytes of a request that are read (API Gateway quotas: 10 MB; SQS and DynamoDB take less).
const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// What every request can use.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) local: Local,
    pub(crate) sample: Arc<Sample>,
    pub(crate) base_url: String,
    pub(crate) random: Random,
    pub(crate) access: Access,
    pub(crate) orders: mpsc::Sender<Order>,
    /// The faults as they were posted.
    pub(crate) faults: Arc<Mutex<Faults>>,
}

impl Served {
    pub(crate) fn new(
        local: Local,
        sample: Sample,
        base_url: String,
        allow_remote: bool,
        orders: mpsc::Sender<Order>,
    ) -> Self {
        Self {
            local,
            sample: Arc::new(sample),
            base_url,
            random: Random::system(),
            access: Access { addresses: allow_remote },
            orders,
            faults: Arc::default(),
        }
    }

    /// Everything behind the port.
    pub(crate) fn router(self) -> Router {
        Router::new().nest("/local", pages::router(&self)).fallback(outside).with_state(self)
    }
}

/// What comes from programs: AWS clients, and providers.
async fn outside(
    State(served): State<Served>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let for_aws = is_for_aws(request.headers());
    if for_aws && let Err(refused) = served.access.check_host(request.headers()) {
        return error(StatusCode::FORBIDDEN, &refused);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "at most 10 MB fit into a request");
    };
    let request = Request::from_parts(parts, body);
    let answered =
        if for_aws { call(served.local, request).await } else { invoke(served.local, request, peer).await };
    answered.map(Body::from)
}

/// Requests of AWS SDKs and of the AWS CLI say so, in one of two headers.
fn is_for_aws(headers: &HeaderMap) -> bool {
    let signed =
        headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256"));
    signed || headers.contains_key("x-amz-target")
}

async fn call(local: Local, request: Request<Bytes>) -> Response<Bytes> {
    match local.cloud().call(request).await {
        Ok(response) => response,
        // Over a socket a lost answer is one that says nothing.
        Err(broken) => message(StatusCode::BAD_GATEWAY, &broken.to_string()),
    }
}

/// Lets a function answer. It runs to its end even if the caller hangs up, as it does on Lambda, and a
/// panic ends nothing but itself.
async fn invoke(local: Local, request: Request<Bytes>, peer: SocketAddr) -> Response<Bytes> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this process is the server: it does not freeze in between"
    )]
    let work = tokio::spawn(async move { local.dispatcher().http(request, &peer.ip().to_string()).await });
    work.await.unwrap_or_else(|_| message(StatusCode::INTERNAL_SERVER_ERROR, "the function panicked"))
}

/// An answer that says what is wrong.
fn error(status: StatusCode, what: &str) -> Response {
    message(status, what).map(Body::from)
}

fn message(status: StatusCode, what: &str) -> Response<Bytes> {
    let body = format!("{}\n", json!({"error": what}));
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
