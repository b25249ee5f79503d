//! The pages under `/local`: looking into the system, and moving it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{DefaultBodyLimit, Path, Query, Request, State},
    http::{
        HeaderValue, StatusCode, Uri,
        header::{CONTENT_TYPE, HOST},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use handover_aws::{http::WORLD_URL_HEADER, store::QuarantineItem};
use handover_cloud::{Faults, Invocation, Verdict, scheduler::Lateness};
use handover_core::{AccountId, ConversationId, EventId, Timestamp};
use jiff::{Span, SpanRelativeTo};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{MAX_BODY_BYTES, Served, error};
use crate::{LocalError, process::Order, views, welcome};

/// The longest way through time in one request: sweeps run every five minutes of it.
const MAX_ADVANCE_DAYS: i64 = 31;

/// A page, or what to do instead.
type Page = Result<Response, Refusal>;

/// Why there is no page.
struct Refusal {
    status: StatusCode,
    what: String,
}

impl Refusal {
    fn bad(what: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, what: what.into() }
    }

    fn missing(what: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, what: what.into() }
    }
}

impl From<LocalError> for Refusal {
    fn from(error: LocalError) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, what: error.to_string() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        error(self.status, &self.what)
    }
}

pub(super) fn router(served: &Served) -> Router<Served> {
    Router::new()
        .route("/info", get(info))
        .route("/outbox", get(async |State(served): State<Served>| json_page(&views::outbox(&served.local))))
        .route("/conversations", get(conversations))
        .route("/conversations/{id}", get(conversation))
        .route("/quarantine", get(quarantine))
        .route("/quarantine/{id}", get(quarantined))
        .route("/quarantine/{id}/redrive", post(redrive))
        .route("/quarantine/{id}/discard", post(discard))
        .route("/clock", get(async |State(served): State<Served>| clock(&served)).post(travel))
        .route("/faults", get(shown_faults).post(set_faults))
        .route("/curl", get(curl))
        .route("/accounts", post(make_account))
        .route("/environment/{function}", get(environment))
        .route("/world", any(world))
        .fallback(async || {
            Refusal::missing(
                "there is no such page; there are info, outbox, conversations, conversations/ID, quarantine, \
                 quarantine/ID, clock, faults, curl, accounts and environment/NAME",
            )
        })
        .method_not_allowed_fallback(async || Refusal {
            status: StatusCode::METHOD_NOT_ALLOWED,
            what: "use GET to look; POST is for clock, faults, accounts, quarantine/ID/redrive and quarantine/ID/discard".to_owned(),
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn_with_state(served.clone(), check))
}

async fn check(State(served): State<Served>, request: Request, next: Next) -> Response {
    match served.access.check_page(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refused) => error(StatusCode::FORBIDDEN, &refused),
    }
}

/// Makes an account with its first API key, as the stack's operator does by invoking the function.
async fn make_account(State(served): State<Served>, body: Bytes) -> Page {
    let wanted: Value =
        serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("not JSON: {error}")))?;
    order(&served, &json!({"create_account": wanted})).await
}

/// Invokes the console as the stack's operator does.
async fn order(served: &Served, order: &Value) -> Page {
    match served.local.dispatcher().invoke("console", order.clone()).await {
        Invocation::Answered(made) if made.get("error").is_none() => Ok(json_page(&made)),
        Invocation::Answered(refused) => {
            Err(Refusal::bad(refused.get("error").and_then(Value::as_str).unwrap_or_default()))
        }
        Invocation::Failed(_) | Invocation::TimedOut | Invocation::Crashed => {
            Err(Refusal { status: StatusCode::SERVICE_UNAVAILABLE, what: "try again".to_owned() })
        }
    }
}

/// What a function in a process of its own is started with.
async fn environment(State(served): State<Served>, Path(function): Path<String>) -> Page {
    let environment = served.local.environment(&function, &served.base_url);
    let environment = environment.map_err(|error| Refusal::missing(error.to_string()))?;
    let recorder = [("WORLD_RECORDER_URL".to_owned(), format!("{}/local/world", served.base_url))];
    let lines = environment.into_iter().chain(recorder).map(|(name, value)| format!("{name}={value}\n"));
    Ok(lines.collect::<String>().into_response())
}

/// The world outside, for functions in processes of their own.
async fn world(State(served): State<Served>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let address = parts.headers.remove(WORLD_URL_HEADER);
    let address = address.and_then(|address| Uri::try_from(address.as_bytes()).ok());
    let Some(address) = address else {
        return error(StatusCode::BAD_REQUEST, "the address that the request is for is missing");
    };
    parts.headers.remove(HOST);
    parts.uri = address;
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "at most 10 MB fit into a request");
    };
    match served.local.cloud().call_world(Request::from_parts(parts, body)).await {
        Ok(response) => response.map(Body::from),
        Err(broken) => error(StatusCode::BAD_GATEWAY, &broken.to_string()),
    }
}

/// A document, indented for people.
fn json_page(value: &Value) -> Response {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn info(State(served): State<Served>) -> Page {
    Ok(json_page(&views::info(&served.local, &served.sample, &served.base_url).await?))
}

async fn conversations(State(served): State<Served>) -> Page {
    Ok(json_page(&views::conversations(&served.local).await?))
}

async fn conversation(State(served): State<Served>, Path(id): Path<String>) -> Page {
    let found = match id.parse::<ConversationId>() {
        Ok(id) => views::conversation(&served.local, &id).await?,
        Err(_) => None,
    };
    let missing = || Refusal::missing("there is no such conversation; GET /local/conversations lists them");
    Ok(json_page(&found.ok_or_else(missing)?))
}

async fn quarantine(State(served): State<Served>) -> Page {
    Ok(json_page(&views::quarantine(&served.local).await?))
}

/// Something in quarantine and whose it is.
async fn find_quarantined(served: &Served, id: &str) -> Result<(AccountId, QuarantineItem), Refusal> {
    let missing =
        || Refusal::missing("there is nothing like it in quarantine; GET /local/quarantine lists it");
    let id: EventId = id.parse().map_err(|_| missing())?;
    views::owner_of_quarantined(&served.local, &id).await?.ok_or_else(missing)
}

async fn quarantined(State(served): State<Served>, Path(id): Path<String>) -> Page {
    let (account, item) = find_quarantined(&served, &id).await?;
    Ok(json_page(&views::quarantined(&account, &item)))
}

async fn redrive(State(served): State<Served>, Path(id): Path<String>) -> Page {
    let (account, item) = find_quarantined(&served, &id).await?;
    order(&served, &json!({"redrive": {"account": account, "item": item.id}})).await
}

/// Why something is let go.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn discard(State(served): State<Served>, Path(id): Path<String>, body: Bytes) -> Page {
    let (account, item) = find_quarantined(&served, &id).await?;
    let Why { reason } = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!(r#"post {{"reason": "..."}}: {error}"#)))?;
    order(&served, &json!({"discard": {"account": account, "item": item.id, "reason": reason}})).await
}

fn clock(served: &Served) -> Response {
    json_page(&views::clock(&served.local))
}

/// Where to go in time.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Travel {
    /// This much further: an ISO 8601 duration.
    #[serde(default)]
    advance: Option<String>,
    /// Until then: RFC 3339.
    #[serde(default)]
    to: Option<String>,
}

async fn travel(State(served): State<Served>, body: Bytes) -> Page {
    if served.local.functions_elsewhere() {
        let what = "the functions run in processes of their own, on a clock that cannot be moved".to_owned();
        return Err(Refusal { status: StatusCode::CONFLICT, what });
    }
    let to = destination(&body, served.local.now()).map_err(Refusal::bad)?;
    let (answer, arrived) = oneshot::channel();
    let stopping =
        || Refusal { status: StatusCode::SERVICE_UNAVAILABLE, what: "the system is stopping".to_owned() };
    served.orders.send(Order::Travel { to, answer }).await.map_err(|_| stopping())?;
    arrived.await.map_err(|_| stopping())??;
    Ok(clock(&served))
}

fn destination(body: &[u8], now: Timestamp) -> Result<Timestamp, String> {
    const USAGE: &str = r#"post {"advance": "PT24H"} or {"to": "2030-01-01T00:00:00Z"}"#;
    let travel: Travel = serde_json::from_slice(body).map_err(|error| format!("{USAGE}: {error}"))?;
    let ms = match (travel.advance, travel.to) {
        (Some(advance), None) => {
            let span: Span = advance.parse().map_err(|error| format!("{USAGE}: {error}"))?;
            let span = span.to_duration(SpanRelativeTo::days_are_24_hours());
            let by = span.map_err(|_| {
                "weeks, months and years have no certain length: use days, hours, minutes and seconds"
                    .to_owned()
            })?;
            i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
        }
        (None, Some(to)) => {
            let to: jiff::Timestamp = to.parse().map_err(|error| format!("{USAGE}: {error}"))?;
            to.as_millisecond().saturating_sub(now.as_ms())
        }
        (Some(_), Some(_)) | (None, None) => return Err(USAGE.to_owned()),
    };
    if ms < 0 {
        return Err("time only goes forward".to_owned());
    }
    if ms > MAX_ADVANCE_DAYS * 86_400_000 {
        return Err(format!("at most {MAX_ADVANCE_DAYS} days at a time: repeat it to get further"));
    }
    Ok(Timestamp::from_ms(now.as_ms().saturating_add(ms)))
}

async fn shown_faults(State(served): State<Served>) -> Response {
    let faults = served.faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
    json_page(&json!(faults))
}

/// Lets things go wrong for the functions, and for nobody else: the pages stay readable.
async fn set_faults(State(served): State<Served>, body: Bytes) -> Page {
    let faults: Faults = serde_json::from_slice(&body).map_err(|error| {
        Refusal::bad(format!(
            r#"post {{"rules": [{{"service": "dynamodb", "operation": "PutItem", "effect": "throttle", "remaining": 3}}], "drop_timers": false}}: {error}"#
        ))
    })?;
    let cloud = served.local.cloud();
    let lateness = if faults.drop_timers { Lateness::Dropped } else { Lateness::Seeded(faults.seed) };
    cloud.scheduler().set_lateness(lateness);
    let shown = json!(faults);
    let rules = faults.clone().into_hook();
    *served.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    cloud.set_hook(Some(Arc::new(
        move |call| {
            if call.function.is_some() { rules(call) } else { Verdict::Proceed }
        },
    )));
    Ok(json_page(&shown))
}

async fn curl(State(served): State<Served>, Query(query): Query<HashMap<String, String>>) -> Page {
    let usage = || {
        let inbox = &served.sample.clinic.twilio.inbox.id;
        Refusal::bad(format!(
            "say which inbox and what: /local/curl?inbox={inbox}&text=Hello (from=... is optional)"
        ))
    };
    let (id, text) = query.get("inbox").zip(query.get("text")).ok_or_else(usage)?;
    let inbox = id.parse().ok().and_then(|id| served.sample.inbox(&id));
    let inbox =
        inbox.ok_or_else(|| Refusal::missing("there is no such inbox; GET /local/info lists them"))?;
    let from = query.get("from").map(String::as_str);
    let mut command = welcome::command(&served.local, inbox, from, text, &served.random);
    command.push('\n');
    let mut response = Response::new(Body::from(command));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_348_800_000); // 2026-11-22T12:00:00Z

    fn ahead(body: &str) -> Result<i64, String> {
        destination(body.as_bytes(), NOW).map(|to| to.as_ms() - NOW.as_ms())
    }

    #[test]
    fn durations_and_instants_are_destinations() {
        assert_eq!(ahead(r#"{"advance": "PT24H"}"#), Ok(86_400_000));
        assert_eq!(ahead(r#"{"advance": "P1DT2H3M4.5S"}"#), Ok(93_784_500));
        assert_eq!(ahead(r#"{"advance": "PT0S"}"#), Ok(0));
        assert_eq!(ahead(r#"{"to": "2026-11-22T13:00:00Z"}"#), Ok(3_600_000));
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        for (body, reason) in [
            ("", "post"),
            ("{}", "post"),
            (r#"{"advance": "soon"}"#, "post"),
            (r#"{"advance": "PT1H", "to": "2026-11-22T13:00:00Z"}"#, "post"),
            (r#"{"forward": "PT1H"}"#, "forward"),
            (r#"{"advance": "P1M"}"#, "months"),
            (r#"{"advance": "-PT1H"}"#, "forward"),
            (r#"{"to": "2026-11-22T11:59:59Z"}"#, "forward"),
            (r#"{"advance": "P32D"}"#, "31 days"),
        ] {
            let refused = ahead(body).unwrap_err();
            assert!(refused.contains(reason), "{body}: {refused}");
        }
    }
}
