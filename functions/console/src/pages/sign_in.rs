//! Signing in: an address, the code that was sent to it, and one-time links. An address that nobody has is
//! answered like any other.

use std::time::Duration;

use axum::{
    Router,
    extract::{self, RawPathParams, State},
    response::Response,
    routing::{get, post},
};
use handover_aws::{
    email_hash,
    queue::{SIGN_IN_CODE_LIVE, SignInCode, SignInMail},
    store::Limit,
};
use handover_core::{AccountId, StaffId, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lambda_http::{RequestExt, request::RequestContext};
use maud::{Markup, html};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    finished,
    form::Form,
    go, layout,
    parts::{Errors, Field, csrf, encoded, refused},
    session::{self, Secret, Session, csrf_of, same},
    words as w,
};
use crate::{Api, http::Request, problem::Problem};

/// How often a code may be tried.
const TRIES: u32 = 5;
/// Codes for one address that one network may ask for in an hour, and all networks together: whoever uses up
/// the one keeps nobody elsewhere out.
const CODES_OF_ADDRESS: u32 = 5;
const CODES_OF_ADDRESS_IN_ALL: u32 = 50;
/// Codes that one network may ask for in an hour, for whatever addresses.
const CODES_OF_NETWORK: u32 = 100;
/// Codes for its own address that a browser may ask for which somebody was signed in with before: no other
/// limit counts for it, so that nobody else can lock it out.
const CODES_OF_KNOWN: u32 = 5;
/// Tries of codes and links from one network in an hour, and from a browser as above.
const TRIES_OF_NETWORK: u32 = 100;
const TRIES_OF_KNOWN: u32 = 25;
const HOUR: Duration = Duration::from_hours(1);
/// The longest address.
const MAX_EMAIL_BYTES: usize = 254;

type Answered = Result<Response, Problem>;

/// A request of somebody who has not signed in.
struct Stranger {
    request: Request,
    form: Form,
    /// Where they want to go.
    next: Option<String>,
    /// Where they come from, hashed.
    network: String,
    now: Timestamp,
}

macro_rules! strangers {
    ($handler:path) => {
        async |State(api): State<Api>, path: RawPathParams, request: extract::Request| {
            let stranger = match Stranger::read(&api, request).await {
                Ok(stranger) => stranger,
                Err(problem) => return finished(&api, layout::apart(&problem), &HeaderMap::new()),
            };
            let token = path.iter().next().map(|(_, token)| token.to_owned()).unwrap_or_default();
            match $handler(&api, &stranger, &token).await {
                Ok(response) => response,
                Err(problem) => finished(&api, layout::apart(&problem), &stranger.request.headers),
            }
        }
    };
}

pub(super) fn add_to(router: Router<Api>) -> Router<Api> {
    router
        .route("/console/sign-in", get(strangers!(door)).post(strangers!(send)))
        .route("/console/sign-in/code", get(strangers!(ask_code)).post(strangers!(check_code)))
        .route("/console/sign-in/link/{token}", get(strangers!(ask_link)).post(strangers!(use_link)))
        .route("/console/sign-out", post(strangers!(sign_out)))
}

impl Stranger {
    async fn read(api: &Api, request: extract::Request) -> Result<Self, Problem> {
        let source = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            Some(_) | None => None,
        };
        let request = Request::read(request).await?;
        let form = Form::read(&request.body);
        let next = request.query.get("next").map(String::as_str).or_else(|| form.said("next"));
        let next = next.filter(|next| is_ours(next)).map(str::to_owned);
        let network = hashed("network", &source.unwrap_or_default());
        let now = api.processor.clock().now();
        Ok(Self { request, form, next, network, now })
    }

    /// Whether a form comes from one of our own pages, in the browser that was given it.
    fn browser(&self, api: &Api) -> Result<Secret, Problem> {
        let known = session::known_browser(api, &self.request.headers);
        let known = known.filter(|browser| same(self.form.get("csrf"), &csrf_of(browser)));
        known.ok_or_else(|| {
            Problem::new(StatusCode::FORBIDDEN, "csrf", w::FORM_TOO_OLD, w::FORM_TOO_OLD_DETAIL)
        })
    }

    async fn may(&self, api: &Api, what: &str, max: u32) -> Result<bool, Problem> {
        let limit = Limit { what, max, window: HOUR };
        Ok(api.processor.store().count_up(&limit, self.now).await?)
    }

    /// Whether a code or a link may be tried.
    async fn may_try(&self, api: &Api) -> Result<bool, Problem> {
        match session::remembered(api, &self.request.headers) {
            Some((_, browser)) => self.may(api, &format!("tries-{browser}"), TRIES_OF_KNOWN).await,
            None => self.may(api, &format!("tries-{}", self.network), TRIES_OF_NETWORK).await,
        }
    }

    /// Whether another code for this address may be sent.
    async fn may_ask(&self, api: &Api, hash: &str) -> Result<bool, Problem> {
        if let Some((_, browser)) =
            session::remembered(api, &self.request.headers).filter(|(known, _)| known == hash)
        {
            return self.may(api, &format!("codes-{browser}"), CODES_OF_KNOWN).await;
        }
        let network = &self.network;
        Ok(self.may(api, &format!("codes-{network}"), CODES_OF_NETWORK).await?
            && self.may(api, &format!("codes-{hash}-{network}"), CODES_OF_ADDRESS).await?
            && self.may(api, &format!("codes-{hash}"), CODES_OF_ADDRESS_IN_ALL).await?)
    }

    fn next(&self) -> &str {
        self.next.as_deref().unwrap_or("/console/inbox")
    }

    fn page(&self, api: &Api, status: StatusCode, title: &str, body: &Markup) -> Response {
        finished(api, (status, layout::outside(title, body)), &self.request.headers)
    }
}

/// A path of the console, and of nothing else.
fn is_ours(path: &str) -> bool {
    path.starts_with("/console/")
        && !path.starts_with("/console/sign")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn hashed(purpose: &str, text: &str) -> String {
    let hash = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(text).finalize();
    handover_core::lower_base32(&hash)
}

fn with_cookie(mut response: Response, cookie: Option<String>) -> Response {
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The page that asks for an address.
async fn door(api: &Api, stranger: &Stranger, _: &str) -> Answered {
    let (browser, cookie) = session::browser(api, &stranger.request.headers);
    Ok(with_cookie(address_page(api, stranger, &browser, None), cookie))
}

fn address_page(api: &Api, stranger: &Stranger, browser: &Secret, problem: Option<&Problem>) -> Response {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let email = Field::new("email", w::EMAIL).error(errors);
    let body = html! {
        h1 { (w::SIGN_IN) }
        p.lead { (w::SIGN_IN_LEAD) }
        (refused(problem))
        form method="post" action="/console/sign-in" {
            (csrf(&csrf_of(browser)))
            @if let Some(next) = &stranger.next { input type="hidden" name="next" value=(next); }
            (email.around(&html! {
                input #email name="email" type="email" autocomplete="username" required autofocus
                    maxlength=(MAX_EMAIL_BYTES) value=(stranger.form.get("email"))
                    aria-describedby=[email.described()] aria-invalid=[email.invalid()];
            }))
            button type="submit" { (w::SEND_CODE) }
        }
        p.hint { (w::SIGN_IN_FIRST) }
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    stranger.page(api, status, w::SIGN_IN, &body)
}

/// Sends a code, if anybody has the address; nobody can tell.
async fn send(api: &Api, stranger: &Stranger, _: &str) -> Answered {
    let browser = stranger.browser(api)?;
    let email = stranger.form.get("email").trim();
    if email.is_empty() || email.len() > MAX_EMAIL_BYTES || !email.contains('@') {
        let problem = Problem::field("email", w::EMAIL_WRONG);
        return Ok(address_page(api, stranger, &browser, Some(&problem)));
    }
    let hash = email_hash(email);
    if !stranger.may_ask(api, &hash).await? {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "limit", w::TOO_OFTEN, w::TOO_OFTEN_DETAIL);
        return Ok(address_page(api, stranger, &browser, Some(&problem)));
    }
    let code = session::new_code(api);
    let sign_in = browser.hash();
    let kept = browser.hash_with("handover code", &code);
    api.processor.store().put_code(&sign_in, &hash, &kept, stranger.now + SIGN_IN_CODE_LIVE).await?;
    let plain = json!(SignInCode { email: email.to_owned(), code }).to_string();
    let sealed = api.sealer.seal(&plain, &["sign-in", &sign_in], api.random.bytes())?;
    api.processor.queues().sign_in_mail(&SignInMail { sign_in, sealed, at: stranger.now }).await?;
    let next = stranger.next.as_ref().map(|next| format!("?next={}", encoded(next))).unwrap_or_default();
    Ok(go(&format!("/console/sign-in/code{next}")))
}

/// The page that asks for the code.
async fn ask_code(api: &Api, stranger: &Stranger, _: &str) -> Answered {
    let Some(browser) = session::known_browser(api, &stranger.request.headers) else {
        return Ok(go("/console/sign-in"));
    };
    Ok(code_page(api, stranger, &browser, None))
}

fn code_page(api: &Api, stranger: &Stranger, browser: &Secret, problem: Option<&Problem>) -> Response {
    let wrong = problem.map(|_| w::CODE_WRONG);
    let code = Field::new("code", w::CODE).wrong(wrong);
    let body = html! {
        h1 { (w::CODE_TITLE) }
        p.lead { (w::CODE_LEAD) }
        (refused(problem))
        form method="post" action="/console/sign-in/code" {
            (csrf(&csrf_of(browser)))
            @if let Some(next) = &stranger.next { input type="hidden" name="next" value=(next); }
            (code.around(&html! {
                input.code #code name="code" inputmode="numeric" autocomplete="one-time-code" required autofocus
                    maxlength="12" pattern="[0-9 ]*" aria-describedby=[code.described()] aria-invalid=[code.invalid()];
            }))
            button type="submit" { (w::SIGN_IN) }
        }
        p.hint { a href="/console/sign-in" { (w::ANOTHER_CODE) } }
    };
    let status = problem.map_or(StatusCode::OK, |problem| problem.status);
    stranger.page(api, status, w::CODE_TITLE, &body)
}

/// Signs in whoever has the code.
async fn check_code(api: &Api, stranger: &Stranger, _: &str) -> Answered {
    let browser = stranger.browser(api)?;
    let wrong =
        || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "code", w::CODE_WRONG, w::CODE_WRONG_DETAIL);
    let store = api.processor.store();
    let code: String = stranger.form.get("code").chars().filter(char::is_ascii_digit).collect();
    let may = stranger.may_try(api).await?;
    let known = if may { store.try_code(&browser.hash(), TRIES, stranger.now).await? } else { None };
    let hash = browser.hash_with("handover code", &code);
    let Some(known) = known.filter(|known| same(&known.code, &hash)) else {
        return Ok(code_page(api, stranger, &browser, Some(&wrong())));
    };
    let mut doors = Vec::new();
    for (account, id) in store.staff_by_email(&known.email).await? {
        let staff = store.staff_settings(&account, &id).await?.map(|found| found.value);
        let staff =
            staff.filter(|staff| staff.email.as_deref().map(email_hash).as_ref() == Some(&known.email));
        let found = store.account_settings(&account).await?;
        doors.extend(staff.zip(found).map(|(staff, account)| (account.value, staff.id)));
    }
    let chosen = stranger.form.said("account");
    let door = match (doors.as_slice(), chosen) {
        ([only], _) => Some(only),
        (several, Some(chosen)) => several.iter().find(|(account, _)| account.id.as_str() == chosen),
        ([], None) => None,
        (several, None) => {
            let body = html! {
                h1 { (w::WHICH_ACCOUNT) }
                form method="post" action="/console/sign-in/code" {
                    (csrf(&csrf_of(&browser)))
                    input type="hidden" name="code" value=(code);
                    @if let Some(next) = &stranger.next { input type="hidden" name="next" value=(next); }
                    @for (account, _) in several {
                        button.quiet name="account" value=(account.id) type="submit" { (account.name) }
                    }
                }
            };
            return Ok(stranger.page(api, StatusCode::OK, w::WHICH_ACCOUNT, &body));
        }
    };
    let Some((account, staff)) = door else { return Ok(code_page(api, stranger, &browser, Some(&wrong()))) };
    if !store.use_code(&browser.hash(), stranger.now).await? {
        return Ok(code_page(api, stranger, &browser, Some(&wrong())));
    }
    let entered = enter(api, stranger, &account.id, staff).await?;
    Ok(with_cookie(entered, session::remember(api, &known.email)))
}

async fn enter(api: &Api, stranger: &Stranger, account: &AccountId, staff: &StaffId) -> Answered {
    let cookie = Session::start(api, account, staff, stranger.now).await?;
    Ok(with_cookie(go(stranger.next()), Some(cookie)))
}

/// What a one-time link leads to: it is used by a button, so that nothing that looks at links in advance
/// uses it up.
async fn ask_link(api: &Api, stranger: &Stranger, token: &str) -> Answered {
    let (browser, cookie) = session::browser(api, &stranger.request.headers);
    let body = html! {
        h1 { (w::SIGN_IN) }
        p.lead { (w::LINK_LEAD) }
        form method="post" action={ "/console/sign-in/link/" (token) } {
            (csrf(&csrf_of(&browser)))
            button type="submit" autofocus { (w::SIGN_IN) }
        }
    };
    Ok(with_cookie(stranger.page(api, StatusCode::OK, w::SIGN_IN, &body), cookie))
}

async fn use_link(api: &Api, stranger: &Stranger, token: &str) -> Answered {
    stranger.browser(api)?;
    let gone = || Problem::new(StatusCode::GONE, "link", w::LINK_USED, w::LINK_USED_DETAIL);
    if !stranger.may_try(api).await? {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "limit", w::TOO_OFTEN, w::TOO_OFTEN_DETAIL));
    }
    let secret = Secret::parse(token).ok_or_else(gone)?;
    let link = api.processor.store().take_link(&secret.hash(), stranger.now).await?.ok_or_else(gone)?;
    enter(api, stranger, &link.account, &link.staff).await
}

async fn sign_out(api: &Api, stranger: &Stranger, _: &str) -> Answered {
    if let Some(session) = Session::of(api, &stranger.request.headers) {
        if !same(stranger.form.get("csrf"), &csrf_of(&session.secret)) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", w::FORM_TOO_OLD, w::FORM_TOO_OLD_DETAIL));
        }
        api.processor.store().end_session(&session.key()).await?;
    }
    Ok(with_cookie(go("/console/sign-in"), Some(Session::forget(api))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signs_in_comes_back_to_the_console_and_nowhere_else() {
        assert!(is_ours("/console/conversations/abc?x=1"));
        let bad =
            ["", "/", "//evil.example", "/console", "/console/sign-out", "/console/\\evil", "/console/ x"];
        for path in bad.into_iter().chain(["https://evil.example/console/", "/console/\nx"]) {
            assert!(!is_ours(path), "{path}");
        }
    }
}
