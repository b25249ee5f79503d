//! The style sheet and the script: one file each, named by what is in it so that browsers may keep it.

use std::sync::LazyLock;

use axum::{body::Body, extract::Path, response::Response};
use http::{HeaderValue, StatusCode, header};

use super::{guard, parts::short_hash};

const STYLE: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");

static STYLE_NAME: LazyLock<String> = LazyLock::new(|| format!("console-{}.css", short_hash(STYLE)));
static SCRIPT_NAME: LazyLock<String> = LazyLock::new(|| format!("console-{}.js", short_hash(SCRIPT)));

/// The address of the style sheet.
pub(super) fn style() -> String {
    format!("/console/assets/{}", *STYLE_NAME)
}

/// The address of the script.
pub(super) fn script() -> String {
    format!("/console/assets/{}", *SCRIPT_NAME)
}

/// One of them.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let (content_type, text) = if name == *STYLE_NAME {
        ("text/css; charset=utf-8", STYLE)
    } else if name == *SCRIPT_NAME {
        ("text/javascript; charset=utf-8", SCRIPT)
    } else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    guard(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
