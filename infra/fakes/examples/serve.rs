//! The fakes on a loopback address, for clients that are not ours:
//!
//! ```text
//! cargo run -p handover-fakes --example serve -- PORT
//! ```
//!
//! Port 0 takes a free one; the address is printed. A request to `https://HOST/PATH` goes to
//! `http://127.0.0.1:PORT/HOST/PATH`. Open are a Twilio account `AC111...` with the token `token`, a Slack
//! bot with the token `bot` and a LINE channel with the token `token`.

use std::{net::Ipv4Addr, sync::Arc};

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use handover_core::Provider;
use handover_fakes::{Account, Fakes, Reply};
use http::{StatusCode, Uri};
use http_body_util::BodyExt;

fn account(provider: Provider, settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> Account {
    let owned = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Account { provider, settings: owned(settings), secrets: owned(secrets) }
}

async fn answer(fakes: Arc<Fakes>, request: Request) -> Response {
    let refusal = |status| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    };
    let (mut parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return refusal(StatusCode::BAD_REQUEST) };
    let meant = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let Ok(uri) = format!("https:/{meant}").parse::<Uri>() else { return refusal(StatusCode::BAD_REQUEST) };
    parts.uri = uri;
    match fakes.answer(&http::Request::from_parts(parts, body.to_bytes()), 0) {
        Some(Reply::Answer(response)) => response.map(|body: Bytes| Body::from(body)),
        Some(Reply::Silence) => std::future::pending().await,
        None => refusal(StatusCode::NOT_FOUND),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let fakes = Arc::new(Fakes::new());
    let sid = format!("AC{}", "1".repeat(32));
    fakes.open(account(Provider::Twilio, &[("account_sid", &sid)], &[("auth_token", "token")]));
    fakes.open(account(Provider::Slack, &[], &[("bot_token", "bot")]));
    fakes.open(account(Provider::Line, &[], &[("channel_access_token", "token")]));
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    #[expect(clippy::print_stdout, reason = "the address is what the caller waits for")]
    {
        println!("http://{}", listener.local_addr()?);
    }
    let router = Router::new().fallback(move |request: Request| answer(Arc::clone(&fakes), request));
    axum::serve(listener, router).await
}
