//! The pages: where the business sets handover up, and where staff answer.
//!
//! A page reads by the store's functions and writes by the API's own operations ([`Visit::ask`]), with
//! the staff member who has signed in as principal: there is one way to do a thing.

mod account;
mod assets;
mod audit;
mod bots;
mod charts;
mod contact;
mod conversation;
mod editor;
mod faq;
mod fields;
mod form;
mod handover;
mod inbox;
mod inboxes;
mod keys;
mod layout;
mod me;
mod media;
mod notes;
mod parts;
mod quarantine;
mod reports;
mod revision;
mod session;
mod sign_in;
mod staff;
mod tasks;
mod teams;
mod transcript;
mod visit;
mod words;

use std::{collections::BTreeMap, future::Future, pin::Pin};

use axum::{
    Router,
    body::Body,
    extract::{self, RawPathParams, State},
    response::Response,
    routing::{MethodFilter, MethodRouter, get},
};
use handover_aws::Scope;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use maud::Markup;

use crate::{Api, http::Request, problem::Problem};
use layout::Nav;
use visit::Visit;

pub(crate) use session::new_link;

/// What a handler of a page gives.
pub(crate) type Shown = Result<Reply, Problem>;
type Work<'a> = Pin<Box<dyn Future<Output = Shown> + Send + 'a>>;

/// What a request for a page is answered with.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A page.
    Page(Page),
    /// Go there: what was asked for is done.
    Go(String),
    /// A file that a client sent.
    Media(media::Media),
    /// A file to keep.
    File { content_type: &'static str, name: &'static str, text: String },
}

/// A page inside the frame that all share.
#[derive(Debug)]
pub(crate) struct Page {
    status: StatusCode,
    title: String,
    nav: Nav,
    body: Markup,
    /// Asks again every few seconds what has changed.
    live: bool,
    /// Its own address, where it is drawn in answer to a form.
    at: Option<String>,
}

impl Page {
    fn new(nav: Nav, title: impl Into<String>, body: Markup) -> Self {
        Self { status: StatusCode::OK, title: title.into(), nav, body, live: false, at: None }
    }

    fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The page under an address of its own.
    fn at(self, path: String) -> Self {
        Self { at: Some(path), ..self }
    }

    /// The page with what was wrong on it.
    fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The page with what was wrong on it, if anything was.
    fn with(self, problem: Option<&Problem>) -> Self {
        match problem {
            Some(problem) => self.status(problem.status),
            None => self,
        }
    }
}

impl From<Page> for Reply {
    fn from(page: Page) -> Self {
        Self::Page(page)
    }
}

/// A page's route.
struct Route {
    method: Method,
    pattern: &'static str,
    /// What one's role must allow.
    scope: Scope,
    handler: for<'a> fn(&'a Visit<'a>) -> Work<'a>,
}

macro_rules! pages {
    ($($method:ident $pattern:literal $scope:ident $handler:path;)*) => {
        &[$(Route {
            method: Method::$method,
            pattern: $pattern,
            scope: Scope::$scope,
            handler: |visit| Box::pin($handler(visit)),
        }),*]
    };
}

static PAGES: &[Route] = pages! {
    GET "/console/inbox" Write inbox::show;
    GET "/console/conversations/{conversation}" Write conversation::show;
    GET "/console/conversations/{conversation}/media/{line}" Write media::show;
    POST "/console/conversations/{conversation}/{command}" Write conversation::command;
    GET "/console/contacts/{contact}" Write contact::show;
    GET "/console/contacts/{contact}/export" Admin contact::export;
    POST "/console/contacts/{contact}/tags" Write contact::tag;
    POST "/console/contacts/{contact}/erase" Admin contact::erase;
    GET "/console/tasks" Write tasks::show;
    GET "/console/notifications" Write notes::show;
    POST "/console/notifications/{notification}" Write notes::read;
    GET "/console/me" Write me::show;
    POST "/console/me" Write me::save;
    POST "/console/me/sessions" Write me::end_sessions;
    GET "/console/reports" Write reports::show;
    GET "/console/bots" Admin bots::list;
    POST "/console/bots" Admin bots::create;
    GET "/console/bots/{bot}" Admin bots::show;
    POST "/console/bots/{bot}" Admin bots::save;
    POST "/console/bots/{bot}/remove" Admin bots::remove;
    POST "/console/bots/{bot}/secrets" Admin bots::secret;
    GET "/console/bots/{bot}/revisions/{revision}" Admin revision::show;
    GET "/console/bots/{bot}/handover" Admin handover::show;
    POST "/console/bots/{bot}/handover" Admin handover::save;
    POST "/console/bots/{bot}/handover/add" Admin handover::add;
    POST "/console/bots/{bot}/handover/remove" Admin handover::remove;
    POST "/console/bots/{bot}/handover/move" Admin handover::reorder;
    POST "/console/bots/{bot}/handover/switch" Admin handover::switch;
    POST "/console/bots/{bot}/handover/try" Admin handover::try_it;
    GET "/console/bots/{bot}/knowledge" Admin faq::show;
    POST "/console/bots/{bot}/knowledge" Admin faq::create;
    POST "/console/bots/{bot}/knowledge/import" Admin faq::import;
    POST "/console/bots/{bot}/knowledge/try" Admin faq::try_it;
    GET "/console/bots/{bot}/knowledge/export" Admin faq::export;
    GET "/console/bots/{bot}/knowledge/{entry}" Admin faq::one;
    POST "/console/bots/{bot}/knowledge/{entry}" Admin faq::save;
    POST "/console/bots/{bot}/knowledge/{entry}/remove" Admin faq::remove;
    GET "/console/inboxes" Admin inboxes::list;
    GET "/console/inboxes/new" Admin inboxes::new;
    POST "/console/inboxes" Admin inboxes::create;
    GET "/console/inboxes/{inbox}" Admin inboxes::show;
    POST "/console/inboxes/{inbox}" Admin inboxes::save;
    POST "/console/inboxes/{inbox}/remove" Admin inboxes::remove;
    POST "/console/inboxes/{inbox}/retire" Admin inboxes::retire;
    GET "/console/staff" Admin staff::list;
    GET "/console/staff/new" Admin staff::new;
    POST "/console/staff" Admin staff::create;
    GET "/console/staff/{staff}" Admin staff::show;
    POST "/console/staff/{staff}" Admin staff::save;
    POST "/console/staff/{staff}/remove" Admin staff::remove;
    GET "/console/teams" Admin teams::list;
    POST "/console/teams" Admin teams::create;
    GET "/console/teams/{team}" Admin teams::show;
    POST "/console/teams/{team}" Admin teams::save;
    POST "/console/teams/{team}/remove" Admin teams::remove;
    GET "/console/keys" Admin keys::list;
    POST "/console/keys" Admin keys::create;
    POST "/console/keys/{key}/end" Admin keys::end;
    GET "/console/quarantine" Admin quarantine::list;
    GET "/console/quarantine/{item}" Admin quarantine::show;
    POST "/console/quarantine/{item}/redrive" Admin quarantine::redrive;
    POST "/console/quarantine/{item}/discard" Admin quarantine::discard;
    GET "/console/audit" Admin audit::show;
    GET "/console/account" Admin account::show;
    POST "/console/account" Admin account::save;
};

/// The pages, those of signing in, and what they are dressed with.
pub(crate) fn add_to(router: Router<Api>) -> Router<Api> {
    let mut paths: BTreeMap<&'static str, MethodRouter<Api>> = BTreeMap::new();
    for route in PAGES {
        if let Some(parts) = way_back(route) {
            // Whoever asks for what only takes forms wants the page that the form stood on.
            let back = paths.remove(route.pattern).unwrap_or_default();
            let go_back = async move |uri: Uri| go(&first_parts(uri.path(), parts));
            paths.insert(route.pattern, back.on(MethodFilter::GET, go_back));
        }
        // Every method of the table has a filter.
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let serve = async |State(api): State<Api>, parameters: RawPathParams, request: extract::Request| {
            serve(&api, route, &parameters, request).await
        };
        let path = paths.remove(route.pattern).unwrap_or_default();
        paths.insert(route.pattern, path.on(filter, serve));
    }
    let mut router = sign_in::add_to(router)
        .route("/console", get(async || go("/console/inbox")))
        .route("/console/assets/{name}", get(assets::serve))
        .route("/console/{*path}", get(nowhere));
    for (pattern, path) in paths {
        router = router.route(pattern, path);
    }
    router
}

/// How many parts of a path lead to the page that a form stood on, where the path itself is no page.
fn way_back(route: &Route) -> Option<usize> {
    let is_page =
        |pattern: &str| PAGES.iter().any(|page| page.method == Method::GET && page.pattern == pattern);
    if route.method == Method::GET || is_page(route.pattern) {
        return None;
    }
    let parts = route.pattern.split('/').count();
    (1..parts).rev().find(|parts| is_page(&first_parts(route.pattern, *parts)))
}

fn first_parts(path: &str, parts: usize) -> String {
    path.split('/').take(parts).collect::<Vec<_>>().join("/")
}

async fn serve(
    api: &Api,
    route: &'static Route,
    path: &RawPathParams,
    request: extract::Request,
) -> Response {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let request = match Request::read(request).await {
        Ok(request) => request,
        Err(problem) => return finished(api, layout::apart(&problem), &HeaderMap::new()),
    };
    let parameters: Vec<(String, String)> =
        path.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    let visit = match Visit::begin(api, &request, &parameters, route.scope == Scope::Admin).await {
        Ok(Some(visit)) => visit,
        Ok(None) => {
            // What was typed is lost either way; whoever only looked comes back to where they were.
            let next = if route.method == Method::GET { target.as_str() } else { "/console/inbox" };
            return go(&format!("/console/sign-in?next={}", parts::encoded(next)));
        }
        Err(problem) => return finished(api, layout::apart(&problem), &request.headers),
    };
    let shown = match visit.may(route) {
        Ok(()) => (route.handler)(&visit).await,
        Err(problem) => Err(problem),
    };
    // A page in answer to a form is kept, and asked for again, under the address of the page with the form.
    let own = (route.method == Method::POST).then(|| {
        let path = target.split('?').next().unwrap_or_default();
        way_back(route).map_or_else(|| path.to_owned(), |parts| first_parts(path, parts))
    });
    match shown {
        Ok(Reply::Page(mut page)) => {
            page.at = own.map(|own| page.at.unwrap_or(own));
            let html = layout::document(&visit, &page);
            finished(api, (page.status, html), &request.headers)
        }
        Ok(Reply::Go(to)) => go(&visit.signed(&to)),
        Ok(Reply::Media(media)) => sent(media),
        Ok(Reply::File { content_type, name, text }) => file(content_type, name, text),
        Err(problem) => {
            let mut page = layout::problem(&problem);
            page.at = own;
            finished(api, (page.status, layout::document(&visit, &page)), &request.headers)
        }
    }
}

async fn nowhere(State(api): State<Api>, headers: HeaderMap) -> Response {
    finished(&api, layout::apart(&Problem::not_found()), &headers)
}

/// Stands in a page for what is random, until it is known whether the page has changed.
const ONCE: &str = "\u{1}once\u{1}";
/// Stands in a page for its own hash.
const HASH: &str = "\u{1}hash\u{1}";

/// A document on its way out; nothing but a status for whoever has it already.
fn finished(api: &Api, (status, html): (StatusCode, String), asked: &HeaderMap) -> Response {
    let hash = parts::short_hash(&html);
    let etag = format!("W/\"{hash}\"");
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(&etag);
    let mut response = if known && status == StatusCode::OK {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let once = handover_core::lower_base32(&api.random.bytes::<16>());
        let mut response = Response::new(Body::from(html.replace(ONCE, &once).replace(HASH, &hash)));
        *response.status_mut() = status;
        response
    };
    let headers = response.headers_mut();
    if let Ok(etag) = etag.parse() {
        headers.insert(header::ETAG, etag);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    guard(headers);
    response
}

/// What every answer says to the browser: nothing from elsewhere, nothing inline, no frame around it, and
/// nothing of it kept.
fn guard(headers: &mut HeaderMap) {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let fixed = [
        ("content-security-policy", POLICY),
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("strict-transport-security", "max-age=31536000"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

fn go(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    guard(response.headers_mut());
    if let Ok(to) = to.parse() {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

fn file(content_type: &'static str, name: &str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    guard(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(disposition) = format!("attachment; filename=\"{name}\"").parse() {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A client's file on its way out: as what it is or as a file to keep, and even as a document of its own
/// without any rights.
fn sent(media: media::Media) -> Response {
    let mut response = Response::new(Body::from(media.bytes));
    let headers = response.headers_mut();
    guard(headers);
    let disposition = if media.inline { "inline" } else { "attachment" };
    for (name, value) in [
        ("content-type", media.content_type),
        ("content-disposition", disposition),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}
