//! What leads a request to the handler of its route.

use std::collections::BTreeMap;

use axum::{
    Router,
    extract::{self, MatchedPath, RawPathParams, State},
    response::Response,
    routing::{MethodFilter, MethodRouter, get},
};
use http::{HeaderMap, Method, StatusCode};

use crate::{
    Api, access,
    http::{self as requests, Call, Request, response},
    openapi, pages,
    problem::{Answered, Problem},
    routes::{ROUTES, Route},
};

/// The routes, each behind the door.
pub(crate) fn router(api: Api) -> Router {
    let mut paths: BTreeMap<&'static str, MethodRouter<Api>> = BTreeMap::new();
    for route in ROUTES {
        // Every method of the table has a filter.
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let path = paths.remove(route.pattern).unwrap_or_default();
        let serve = async |State(api): State<Api>, parameters: RawPathParams, request: extract::Request| {
            response(serve(&api, route, &parameters, request).await)
        };
        paths.insert(route.pattern, path.on(filter, serve));
    }
    let mut router = Router::new().route("/v1/openapi.json", get(async || openapi::served()));
    for (pattern, path) in paths {
        router = router.route(pattern, path.fallback(wrong_method));
    }
    pages::add_to(router).fallback(nowhere).with_state(api)
}

async fn serve(
    api: &Api,
    route: &'static Route,
    path: &RawPathParams,
    request: extract::Request,
) -> Answered {
    let request = Request::read(request).await?;
    let caller = api.let_in(&request.headers).await?;
    let parameters: Vec<(String, String)> =
        path.iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    // The account comes from the key. Another one's things are not there, whatever the key may do.
    let own = parameters.iter().all(|(name, text)| name != "account" || text == caller.account.as_str());
    if !own {
        return Err(Problem::not_found());
    }
    access::permit(&caller, route.scope)?;
    let now = api.processor.clock().now();
    let (caller, request, parameters) = (&caller, &request, parameters.as_slice());
    let makes = route.method == Method::POST;
    let once = if makes { requests::once(caller, route.pattern, parameters, request)? } else { None };
    let call = Call { app: api, caller, request, parameters, now, once };
    let answered = (route.handler)(&call).await;
    if route.method != Method::GET {
        // A page that follows knows what was made.
        api.overviews.forget(&caller.account);
    }
    answered
}

/// Strangers are not told what paths there are.
async fn nowhere(State(api): State<Api>, headers: HeaderMap) -> Response {
    response(api.let_in(&headers).await.and(Err(Problem::not_found())))
}

async fn wrong_method(State(api): State<Api>, path: MatchedPath, headers: HeaderMap) -> Response {
    let here = ROUTES.iter().filter(|route| route.pattern == path.as_str());
    let allowed: Vec<&str> = here.map(|route| route.method.as_str()).collect();
    let allowed = allowed.join(", ");
    let mut problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "Not with this method",
        &format!("this path takes {allowed}"),
    );
    problem.members.insert("allow".to_owned(), allowed.into());
    response(api.let_in(&headers).await.and(Err(problem)))
}
