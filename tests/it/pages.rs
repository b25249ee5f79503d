//! The pages: who gets in, what stands on them, what their forms do, and what they weigh.

mod editor;
mod limits;
mod media;
mod reach;
mod sign_in;
mod typed;
mod weight;
mod work;

use std::{cell::RefCell, collections::BTreeMap};

use bytes::Bytes;
use handover_cloud::Invocation;
use handover_local::SampleAccount;
use handover_tests::World;
use http::{Request, StatusCode};
use serde_json::json;

/// The clinic's admin and its staff member.
pub(crate) const ALEX: &str = "alex.moreno@sunrise-clinic.example";
pub(crate) const BILLIE: &str = "billie.chen@sunrise-clinic.example";

/// A page, or where it sends one.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) status: StatusCode,
    pub(crate) html: String,
    /// Where it sends one.
    pub(crate) to: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Shown {
    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.html.split_once(&start).map(|(_, rest)| rest);
        let value = rest.and_then(|rest| rest.split_once('"')).map(|(value, _)| value.to_owned());
        value.unwrap_or_else(|| panic!("no field {name} in {}", self.html))
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        self.html.contains(text)
    }
}

/// A browser: its cookies, and nothing else.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Where it is.
    network: &'static str,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self::at(world, "127.0.0.1")
    }

    /// A browser somewhere else.
    pub(crate) fn at(world: &'a World, network: &'static str) -> Self {
        Self { world, cookies: RefCell::default(), network }
    }

    /// A browser in which somebody has used the operator's link.
    pub(crate) async fn of(world: &'a World, account: &SampleAccount, email: &str) -> Self {
        let browser = Self::new(world);
        let path = link(world, account, email).await;
        let page = browser.get(&path).await;
        let entered = browser.post(&path, &[("csrf", &page.field("csrf"))]).await;
        assert_eq!(entered.to.as_deref(), Some("/console/inbox"), "{entered:?}");
        browser
    }

    pub(crate) async fn alex(world: &'a World) -> Self {
        Self::of(world, &world.sample.clinic, ALEX).await
    }

    pub(crate) async fn billie(world: &'a World) -> Self {
        Self::of(world, &world.sample.clinic, BILLIE).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: String, more: &[(&str, &str)]) -> Shown {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(format!("http://handover.test{path}"));
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body)).unwrap();
        let response = self.world.local.dispatcher().http(request, self.network).await;
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let mut cookies = self.cookies.borrow_mut();
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let headers = [
            "content-security-policy",
            "cache-control",
            "etag",
            "content-type",
            "x-frame-options",
            "content-disposition",
        ];
        Shown {
            status: response.status(),
            to: header("location"),
            headers: headers.iter().filter_map(|name| Some(((*name).to_owned(), header(name)?))).collect(),
            html: String::from_utf8(response.body().to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Shown {
        self.send("GET", path.split('#').next().unwrap(), String::new(), &[]).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, body, &[]).await
    }

    /// Sends a form from a page that was shown: with what that page's forms carry.
    pub(crate) async fn submit(&self, page: &Shown, path: &str, fields: &[(&str, &str)]) -> Shown {
        let csrf = page.field("csrf");
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post(path, &fields).await
    }

    /// Submits a form of a page and follows where it leads.
    pub(crate) async fn done(&self, on: &str, path: &str, fields: &[(&str, &str)]) -> Shown {
        let page = self.get(on).await;
        let done = self.submit(&page, path, fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{path}: {}", done.html);
        let shown = self.get(&done.to.unwrap()).await;
        assert_eq!(shown.status, StatusCode::OK, "{}", shown.html);
        shown
    }
}

/// The path of a link that signs somebody in, made by the stack's operator.
pub(crate) async fn link(world: &World, account: &SampleAccount, email: &str) -> String {
    let order = json!({"sign_in_link": {"account": account.account, "email": email}});
    let Invocation::Answered(made) = world.local.dispatcher().invoke("console", order).await else {
        panic!("the console does not answer")
    };
    let link = made.get("link").and_then(serde_json::Value::as_str).unwrap_or_else(|| panic!("{made}"));
    link.strip_prefix(world.local.public_url()).unwrap().to_owned()
}
