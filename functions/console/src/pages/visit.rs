//! A request of somebody who has signed in.

use std::{str::FromStr, sync::Arc};

use handover_aws::{
    SETTINGS_LIVE, Scope, Store,
    store::{Overview, SessionKey},
};
use handover_core::{Account, Assignee, ConversationId, Principal, Role, Staff, Timestamp};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

use super::{
    Route,
    form::Form,
    session::{Session, csrf_of, same},
    words as w,
};
use crate::{
    Api, access,
    http::{self as requests, Call, Caller, Request},
    problem::{Answered, Problem},
    routes::ROUTES,
};

/// What names, in an address, what was done.
const DONE: &str = "done=";
/// Where the API's routes begin.
const ACCOUNT: &str = "/v1/accounts/{account}";

/// A request of a staff member.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(super) api: &'a Api,
    /// The account as it is now.
    pub(super) account: Account,
    /// Who has signed in, as they are now.
    pub(super) staff: Staff,
    pub(super) caller: Caller,
    pub(super) request: &'a Request,
    parameters: &'a [(String, String)],
    pub(super) form: Form,
    /// What a form of whoever is signed in carries.
    pub(super) csrf: String,
    pub(super) now: Timestamp,
    session: Session,
    /// The account at a glance: as of now, or of half a minute ago at most.
    names: Arc<Overview>,
    is_fresh: bool,
}

/// How an operation is asked for, beside its body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking<'a> {
    /// The version that was seen.
    pub(super) seen: Option<u64>,
    /// What makes a form that is sent twice one request.
    pub(super) once: Option<&'a str>,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) content_type: Option<&'static str>,
    /// It is about themselves: whatever their role.
    pub(super) own: bool,
}

impl<'a> Visit<'a> {
    /// Lets somebody in; `None` when they have not signed in, or not lately. `fresh`: the whole account is
    /// wanted as it is now.
    pub(super) async fn begin(
        api: &'a Api,
        request: &'a Request,
        parameters: &'a [(String, String)],
        fresh: bool,
    ) -> Result<Option<Self>, Problem> {
        let Some(session) = Session::of(api, &request.headers) else { return Ok(None) };
        let now = api.processor.clock().now();
        let (store, monotonic) = (api.processor.store(), api.processor.clock().monotonic());
        let kept = api.overviews.get(session.key().account, monotonic).filter(|_| !fresh);
        let is_fresh = kept.is_none();
        // One read either way: of whoever comes alone where the rest is in memory, or of everything.
        let (account, staff, names) = if let Some(names) = kept {
            let Some((account, staff)) = store.visitor(&session.key(), now).await? else { return Ok(None) };
            (account, staff, names)
        } else {
            let found = store.visitor_and_overview(&session.key(), now).await?;
            let Some((overview, staff)) = found else { return Ok(None) };
            let (account, names) = (overview.account.value.clone(), Arc::new(overview));
            api.overviews.put(account.id.clone(), Arc::clone(&names), monotonic + SETTINGS_LIVE);
            (account, staff, names)
        };
        let scope = if staff.role.is_admin() { Scope::Admin } else { Scope::Write };
        let is_owner = staff.role == Role::Owner;
        let by = Principal::Staff(staff.id.clone());
        let caller = Caller { by, account: account.id.clone(), scope, is_owner };
        let form = Form::read(&request.body);
        let csrf = csrf_of(&session.secret);
        Ok(Some(Self {
            api,
            account,
            staff,
            caller,
            request,
            parameters,
            form,
            csrf,
            now,
            session,
            names,
            is_fresh,
        }))
    }

    /// Whether the request may be: its role, and for what changes something, that it comes from one of our
    /// own pages.
    pub(super) fn may(&self, route: &Route) -> Result<(), Problem> {
        if self.caller.scope < route.scope {
            return Err(Problem::new(StatusCode::FORBIDDEN, "role", w::NOT_YOURS, w::NOT_YOURS_DETAIL));
        }
        if route.method != Method::GET && !same(self.form.get("csrf"), &self.csrf) {
            return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", w::FORM_TOO_OLD, w::FORM_TOO_OLD_DETAIL));
        }
        Ok(())
    }

    pub(super) fn store(&self) -> &Store {
        self.api.processor.store()
    }

    pub(super) fn is_admin(&self) -> bool {
        self.staff.role.is_admin()
    }

    pub(super) fn is_owner(&self) -> bool {
        self.caller.is_owner
    }

    pub(super) fn me(&self) -> Assignee {
        Assignee::Staff(self.staff.id.clone())
    }

    pub(super) fn session(&self) -> SessionKey<'_> {
        self.session.key()
    }

    /// An id in the path. What cannot be one names nothing.
    pub(super) fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.text(name)?.parse().map_err(|_| Problem::not_found())
    }

    /// An id in the form. What cannot be one names nothing.
    pub(super) fn id_in_form<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.form.get(name).parse().map_err(|_| Problem::not_found())
    }

    /// A part of the path as it stands there.
    pub(super) fn text(&self, name: &str) -> Result<&str, Problem> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, text)| text.as_str()).ok_or_else(Problem::not_found)
    }

    /// A query parameter that says something.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.request.query.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The account at a glance, as of now.
    pub(super) async fn overview(&self) -> Result<Arc<Overview>, Problem> {
        if self.is_fresh {
            return Ok(Arc::clone(&self.names));
        }
        let found = self.store().overview(&self.account.id).await?.ok_or_else(Problem::not_found)?;
        let (found, until) = (Arc::new(found), self.monotonic() + SETTINGS_LIVE);
        self.api.overviews.put(self.account.id.clone(), Arc::clone(&found), until);
        Ok(found)
    }

    /// The account at a glance, as of half a minute ago at most: for names.
    pub(super) fn names(&self) -> Arc<Overview> {
        Arc::clone(&self.names)
    }

    /// The same, in which something is known: read once more where it is not, for it may have been made a
    /// moment ago by another of the function's instances.
    pub(super) async fn names_with(
        &self,
        is_known: impl Fn(&Overview) -> bool,
    ) -> Result<Arc<Overview>, Problem> {
        let names = self.names();
        if is_known(&names) { Ok(names) } else { self.overview().await }
    }

    /// Where one is sent, with its `done` signed: words on a page come from what was done in this session,
    /// never from an address that somebody else wrote.
    pub(super) fn signed(&self, to: &str) -> String {
        let Some((before, rest)) = to.split_once(DONE) else { return to.to_owned() };
        let end = rest.find(['&', '#']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        format!("{before}{DONE}{word}.{}{after}", self.seal_of(word))
    }

    /// What was done, where the address says so in this session's own hand.
    pub(super) fn done(&self) -> Option<&str> {
        let (word, seal) = self.query("done")?.split_once('.')?;
        same(seal, &self.seal_of(word)).then_some(word)
    }

    fn seal_of(&self, word: &str) -> String {
        self.session.secret.hash_with("handover done", word).chars().take(16).collect()
    }

    fn monotonic(&self) -> std::time::Duration {
        self.api.processor.clock().monotonic()
    }

    /// Asks an operation of the API, as the staff member who has signed in. `path` follows the account's.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        ids: &[(&str, &str)],
        body: Option<&Value>,
        asking: Asking<'_>,
    ) -> Answered {
        let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
        self.ask_with(method, path, ids, body, asking).await
    }

    /// The same with a body of any kind.
    pub(super) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        ids: &[(&str, &str)],
        body: Vec<u8>,
        asking: Asking<'_>,
    ) -> Answered {
        let found = ROUTES
            .iter()
            .find(|route| route.method == method && route.pattern.strip_prefix(ACCOUNT) == Some(path));
        let route = found.ok_or_else(Problem::not_found)?;
        if !asking.own {
            access::permit(&self.caller, route.scope)?;
        }
        let mut headers = HeaderMap::new();
        let seen = asking.seen.and_then(|seen| HeaderValue::try_from(format!("\"{seen}\"")).ok());
        let once = asking.once.and_then(|once| HeaderValue::try_from(once).ok());
        headers.extend(seen.map(|seen| (header::IF_MATCH, seen)));
        headers.extend(once.map(|once| (header::HeaderName::from_static("idempotency-key"), once)));
        let content_type = asking.content_type.unwrap_or("application/json");
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let request = Request { query: owned(asking.query).into_iter().collect(), headers, body };
        let mut parameters = owned(ids);
        parameters.push(("account".to_owned(), self.account.id.to_string()));
        let makes = method == Method::POST;
        let (caller, request) = (&self.caller, &request);
        let once = if makes { requests::once(caller, route.pattern, &parameters, request)? } else { None };
        let call = Call { app: self.api, caller, request, parameters: &parameters, now: self.now, once };
        let answered = (route.handler)(&call).await;
        if route.method != Method::GET {
            self.api.overviews.forget(&self.account.id);
        }
        answered
    }

    /// The path of a conversation's page.
    pub(super) fn conversation_path(id: &ConversationId) -> String {
        format!("/console/conversations/{id}")
    }
}
