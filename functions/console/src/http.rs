//! Requests and answers, between the gateway's events and the handlers.

use std::{collections::BTreeMap, str::FromStr};

use axum::{body::Body, extract, response::Response};
use data_encoding::BASE64URL_NOPAD;
use handover_aws::{
    Failure, Scope, Store,
    store::{Edit, Once, Versioned},
};
use handover_core::{AccountId, Principal, Timestamp, lower_base32};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    Api, body,
    problem::{Answered, Problem},
};

/// The largest request body, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// The largest body of an import, in bytes: a function takes 6 MB, a third of which base64 may need.
const MAX_IMPORT_BYTES: usize = 4 * 1024 * 1024;
/// The longest idempotency key, in bytes.
const MAX_IDEMPOTENCY_KEY: usize = 255;
/// Rows of a page, and the most that may be asked for.
const PAGE: usize = 50;
const MAX_PAGE: usize = 200;

/// A request with its whole body.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Reads a request to its end.
    pub(crate) async fn read(request: extract::Request) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let (limit, detail) = if head.uri.path().ends_with("/import") {
            (MAX_IMPORT_BYTES, "an import has at most 4 MiB: split it into several, without replace=true")
        } else {
            (MAX_BODY_BYTES, "a request has at most 256 KiB")
        };
        let body = axum::body::to_bytes(body, limit).await.map_err(|_| {
            let title = "The request is too large";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", title, detail)
        })?;
        let query = head.uri.query().unwrap_or_default();
        Ok(Self {
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers: head.headers,
            body: body.into(),
        })
    }

    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// An API key, or the staff member who has signed in.
    pub(crate) by: Principal,
    pub(crate) account: AccountId,
    pub(crate) scope: Scope,
    /// An owner has signed in. No key stands for one.
    pub(crate) is_owner: bool,
}

impl Caller {
    /// The id of whoever calls.
    pub(crate) fn name(&self) -> &str {
        match &self.by {
            Principal::ApiKey(key) => key.as_str(),
            Principal::Staff(staff) => staff.as_str(),
            Principal::System => "system",
        }
    }
}

/// A request that was let in, for its handler.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) app: &'a Api,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request,
    /// The ids in its path, by their names in the pattern.
    pub(crate) parameters: &'a [(String, String)],
    pub(crate) now: Timestamp,
    /// What makes it the same as a request before, when its caller said so.
    pub(crate) once: Option<Once>,
}

impl Call<'_> {
    pub(crate) fn account(&self) -> &AccountId {
        &self.caller.account
    }

    pub(crate) fn store(&self) -> &Store {
        self.app.processor.store()
    }

    /// An id in the path. What cannot be one names nothing.
    pub(crate) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.and_then(|(_, text)| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// The body as `T`: every field known, nothing missing.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::parse(&self.request.body)
    }

    /// A query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.request.query.get(name).map(String::as_str)
    }

    /// Where a page begins, by a query parameter; an empty one is the beginning, so that a caller can
    /// always send what the page before gave.
    pub(crate) fn place(&self, name: &str) -> Option<&str> {
        self.query(name).filter(|text| !text.is_empty())
    }

    /// How many rows are wanted.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.query("limit") else { return Ok(PAGE) };
        let limit = text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| Problem::field("limit", format!("must be 1 to {MAX_PAGE}")))
    }

    /// Where the wanted page begins.
    pub(crate) fn cursor(&self) -> Result<Option<String>, Problem> {
        let Some(text) = self.place("cursor") else { return Ok(None) };
        let decoded =
            BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.map(Some).ok_or_else(|| Problem::field("cursor", "is not one of this list's"))
    }

    /// The wanted page of a list that is in memory as a whole. `place` says where a row stands in it: a
    /// row that goes away loses nobody's place.
    pub(crate) fn page<T>(
        &self,
        mut rows: Vec<T>,
        order: Order,
        place: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>), Problem> {
        let limit = self.limit()?;
        if let Some(cursor) = self.cursor()? {
            rows.retain(|row| match order {
                Order::OldestFirst => place(row) > cursor,
                Order::NewestFirst => place(row) < cursor,
            });
        }
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| cursor_text(&place(row)));
        Ok((rows, next))
    }

    /// The body as `T`, with members that the path decides; a body that says otherwise is wrong.
    pub(crate) fn json_with<T: DeserializeOwned>(&self, fixed: &[(&str, &str)]) -> Result<T, Problem> {
        body::parse_with(&self.request.body, fixed)
    }

    /// An edit by this caller of what it has seen in this version.
    pub(crate) fn edit(&self, seen: Option<u64>) -> Edit<'_> {
        let (account, by) = (&self.caller.account, Some(&self.caller.by));
        Edit { account, by, at: self.now, seen, once: self.once.as_ref() }
    }

    /// The answer to a replacement. Where somebody else's came first, it may have been this very request,
    /// whose answer got lost: then what is there now is what is wanted.
    pub(crate) async fn replaced<T: Serialize + PartialEq>(
        &self,
        wanted: T,
        version: Option<u64>,
        now: impl AsyncFnOnce() -> Result<Option<Versioned<T>>, Failure>,
    ) -> Answered {
        if let Some(version) = version {
            return Ok(Answer::ok(&wanted).version(version));
        }
        let found = now().await?.filter(|found| found.value == wanted).ok_or_else(Problem::changed)?;
        Ok(Answer::ok(&found.value).version(found.version))
    }

    /// Whether a request with this idempotency key was done before. One that says something else is
    /// refused: its caller must not believe that it was done.
    pub(crate) async fn done_before(&self) -> Result<bool, Problem> {
        let Some(once) = &self.once else { return Ok(false) };
        match self.store().done(self.account(), &once.id).await? {
            None => Ok(false),
            Some(says) if says == once.says => Ok(true),
            Some(_) => Err(Problem::key_reused()),
        }
    }

    /// Which version the caller has seen, from `If-Match`.
    pub(crate) fn if_match(&self) -> Result<u64, Problem> {
        let Some(given) = self.request.header("if-match") else {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "etag_needed",
                "If-Match is needed",
                "read it first, and send its ETag in If-Match",
            ));
        };
        let number = given.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        number.and_then(|text| text.parse().ok()).ok_or_else(Problem::changed)
    }

    /// 16 bytes for a new id: the same for the same caller, route and idempotency key, else random.
    pub(crate) fn new_bytes(&self) -> [u8; 16] {
        let Some(once) = &self.once else { return self.app.random.bytes() };
        let hash = Sha256::digest(&once.id);
        hash.first_chunk().copied().unwrap_or_default()
    }
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// A list that is whole.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ListOf{T}"))]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PageOf{T}"))]
pub(crate) struct Paged<T> {
    pub(crate) items: Vec<T>,
    /// The `cursor` of the next page; none: this is the last.
    pub(crate) next: Option<String>,
}

/// What makes a request the same as another: who sends it to which route with which key, and what it
/// says.
pub(crate) fn once(
    caller: &Caller,
    route: &str,
    parameters: &[(String, String)],
    request: &Request,
) -> Result<Option<Once>, Problem> {
    let Some(key) = request.headers.get("idempotency-key") else { return Ok(None) };
    let fits = |key: &&str| (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && !key.contains('\t');
    let key = key.to_str().ok().filter(fits);
    let wrong = || Problem::field("Idempotency-Key", "must be 1 to 255 printable ASCII characters");
    let key = key.ok_or_else(wrong)?;
    let mut hash = Sha256::new();
    let ids = parameters.iter().map(|(_, id)| id.as_str());
    for part in [caller.account.as_str(), caller.name(), route].into_iter().chain(ids).chain([key]) {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    let says = lower_base32(&Sha256::digest(&request.body));
    Ok(Some(Once { id: lower_base32(&hash.finalize()), says }))
}

/// A cursor as callers see it: nothing to be read in it.
pub(crate) fn cursor_text(cursor: &str) -> String {
    BASE64URL_NOPAD.encode(cursor.as_bytes())
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    /// A text in the place of JSON, with its content type.
    text: Option<(&'static str, String)>,
    version: Option<u64>,
    /// Where the rest of it is, as a reference from its own address.
    rest: Option<String>,
}

impl Answer {
    pub(crate) fn ok(body: impl Serialize) -> Self {
        // What is answered has names for members, and nothing in it fails to be encoded.
        let body = serde_json::to_value(body).unwrap_or_default();
        Self { status: StatusCode::OK, body: Some(body), text: None, version: None, rest: None }
    }

    /// A text that is no JSON.
    pub(crate) const fn text(content_type: &'static str, text: String) -> Self {
        Self {
            status: StatusCode::OK,
            body: None,
            text: Some((content_type, text)),
            version: None,
            rest: None,
        }
    }

    pub(crate) fn created(body: impl Serialize) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// It will be done, but is not done yet.
    pub(crate) fn accepted(body: impl Serialize) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// It is gone.
    pub(crate) const fn gone() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, text: None, version: None, rest: None }
    }

    /// What is answered, for a page to show.
    pub(crate) fn into_body(self) -> Value {
        self.body.unwrap_or_default()
    }

    /// What is answered, as text.
    pub(crate) fn into_text(self) -> String {
        let body = self.body;
        self.text.map_or_else(|| body.map(|body| body.to_string()).unwrap_or_default(), |(_, text)| text)
    }

    /// Whether it is not done yet, but will be.
    pub(crate) fn is_pending(&self) -> bool {
        self.status == StatusCode::ACCEPTED
    }

    /// The version of what is answered.
    pub(crate) const fn version_shown(&self) -> Option<u64> {
        self.version
    }

    /// There is more of it, at this reference from its own address.
    pub(crate) fn rest(self, rest: Option<String>) -> Self {
        Self { rest, ..self }
    }

    /// Whether this is all of it.
    pub(crate) const fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// The version of what is shown, as its ETag.
    pub(crate) fn version(self, version: u64) -> Self {
        Self { version: Some(version), ..self }
    }
}

/// The answer on its way out.
pub(crate) fn response(answered: Result<Answer, Problem>) -> Response {
    let answer = match answered {
        Ok(answer) => answer,
        Err(problem) => return refusal(&problem),
    };
    let (content_type, text) = answer
        .text
        .unwrap_or(("application/json", answer.body.map(|body| body.to_string()).unwrap_or_default()));
    let mut response = Response::new(if text.is_empty() { Body::empty() } else { text.into() });
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if answer.status == StatusCode::NO_CONTENT {
        headers.remove(header::CONTENT_TYPE);
    }
    if let Some(etag) = answer.version.and_then(|version| format!("\"{version}\"").parse().ok()) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(link) = answer.rest.and_then(|rest| format!("<{rest}>; rel=\"next\"").parse().ok()) {
        headers.insert(header::LINK, link);
    }
    response
}

/// What is wrong, on its way out.
fn refusal(problem: &Problem) -> Response {
    let mut response = Response::new(problem.body().to_string().into());
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if problem.status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Some(allow) =
        problem.members.get("allow").and_then(Value::as_str).and_then(|text| text.parse().ok())
    {
        headers.insert(header::ALLOW, allow);
    }
    response
}
