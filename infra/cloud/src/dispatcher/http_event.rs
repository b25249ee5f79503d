//! API Gateway's HTTP APIs: events and answers in payload format 2.0.

use crate::service::ACCOUNT_ID;
use crate::template::Route;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT};
use http::{Request, Response, StatusCode};
use serde_json::{Map, Value, json};

/// The most bytes of a request (API Gateway quotas: 10 MB).
pub(super) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;

/// The route of a request and the parameters in its path.
pub(super) fn route<'a>(
    routes: &'a [Route],
    request: &Request<Bytes>,
) -> Option<(&'a Route, Map<String, Value>)> {
    routes.iter().find_map(|route| {
        let (method, pattern) = route.key.split_once(' ')?;
        if method != "ANY" && request.method().as_str() != method {
            return None;
        }
        let mut parameters = Map::new();
        let mut wanted = pattern.split('/');
        let mut given = request.uri().path().split('/');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some((route, parameters)),
                (Some(wanted), Some(first)) if wanted.ends_with("+}") => {
                    // A greedy parameter, always the last: everything that is left.
                    let name = wanted.trim_start_matches('{').trim_end_matches("+}");
                    let rest = given.fold(first.to_owned(), |rest, given| format!("{rest}/{given}"));
                    parameters.insert(name.to_owned(), Value::String(decoded(&rest)));
                    return Some((route, parameters));
                }
                (Some(wanted), Some(given)) => {
                    let parameter = wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
                    match parameter {
                        Some(name) if !given.is_empty() => {
                            parameters.insert(name.to_owned(), Value::String(decoded(given)));
                        }
                        None if wanted == given => {}
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    })
}

/// The event of a request.
pub(super) fn event(
    route_key: &str,
    path_parameters: Map<String, Value>,
    request: &Request<Bytes>,
    source_ip: &str,
    request_id: &str,
    now_ms: i64,
) -> Value {
    let path = decoded(request.uri().path());
    let query = request.uri().query().unwrap_or_default();
    let headers = joined(request.headers());
    let text =
        |name: &HeaderName| headers.get(name.as_str()).and_then(Value::as_str).unwrap_or_default().to_owned();
    let host = text(&http::header::HOST);
    let domain = host.rsplit_once(':').map_or(host.as_str(), |(domain, _)| domain);
    let user_agent = text(&USER_AGENT);
    let plain = is_text(&text(&CONTENT_TYPE)).then(|| std::str::from_utf8(request.body()).ok()).flatten();
    let body = plain.map_or_else(|| data_encoding::BASE64.encode(request.body()), str::to_owned);
    let empty = request.body().is_empty();
    let cookies: Vec<&str> = request
        .headers()
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split("; "))
        .collect();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": "local",
            "domainName": domain,
            "domainPrefix": domain.split('.').next().unwrap_or_default(),
            "http": {
                "method": request.method().as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": user_agent,
            },
            "requestId": request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": time(now_ms),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": !empty && plain.is_none(),
    });
    // The gateway leaves these out where there is nothing to say.
    if let Some(fields) = event.as_object_mut() {
        if !cookies.is_empty() {
            fields.insert("cookies".to_owned(), json!(cookies));
        }
        if !query.is_empty() {
            fields.insert("queryStringParameters".to_owned(), Value::Object(query_parameters(query)));
        }
        if !path_parameters.is_empty() {
            fields.insert("pathParameters".to_owned(), Value::Object(path_parameters));
        }
        if !empty {
            fields.insert("body".to_owned(), Value::String(body));
        }
    }
    event
}

/// The response for a function's answer: an object with `statusCode`, or any other value as the body of a
/// 200. An answer that cannot be read is the function's fault.
pub(super) fn response(answer: &Value) -> Response<Bytes> {
    let Some(status) = answer.get("statusCode") else {
        let body = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
        let mut response = Response::new(Bytes::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return response;
    };
    structured(status, answer)
        .unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
}

fn structured(status: &Value, answer: &Value) -> Option<Response<Bytes>> {
    let status = u16::try_from(status.as_u64()?).ok()?;
    let text = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let encoded = answer.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = if encoded {
        Bytes::from(data_encoding::BASE64.decode(text.as_bytes()).ok()?)
    } else {
        Bytes::from(text.to_owned())
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    let headers = response.headers_mut();
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(&value).ok()?);
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    // What the gateway says of a body whose type nobody named.
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=utf-8"));
    Some(response)
}

/// An answer of the gateway itself.
pub(super) fn message(status: StatusCode, text: &str) -> Response<Bytes> {
    crate::service::json_response(status, "application/json", &json!({"message": text}))
}

/// Whether the gateway hands a body over as text; anything else comes in base64.
fn is_text(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media.as_str())
}

/// The headers, lower-cased, those of the same name joined by commas; cookies have their own field.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let names = headers.keys().filter(|name| **name != COOKIE);
    let joined = names.map(|name| {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        (name.as_str().to_owned(), Value::String(values.collect::<Vec<_>>().join(",")))
    });
    joined.collect()
}

/// The query's parameters, decoded, those of the same name joined by commas.
fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match parameters.get_mut(name.as_ref()) {
            Some(Value::String(values)) => {
                values.push(',');
                values.push_str(&value);
            }
            _ => {
                parameters.insert(name.into_owned(), Value::String(value.into_owned()));
            }
        }
    }
    parameters
}

/// A path without percent signs. A plus sign stays one, unlike in forms.
fn decoded(path: &str) -> String {
    let protected = path.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(protected.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

/// The time as the gateway writes it, such as `12/Mar/2026:19:03:58 +0000`.
fn time(now_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests;
