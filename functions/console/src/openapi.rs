//! The API's description. It is made from the routes and from the types that they take and give, held
//! against the reviewed file by a test, and served from that file: what is shipped carries the text, and
//! not what makes it.

#[cfg(test)]
mod document;
#[cfg(test)]
mod shapes;

use axum::{body::Body, response::Response};
use http::{HeaderValue, header};

/// The OpenAPI 3.1 document.
pub(crate) fn served() -> Response {
    let mut response = Response::new(Body::from(include_str!("../openapi.json")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
