//! Every answer that a test sees is what the API's description says: nothing missing, nothing more.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;

/// The description, with no members in answers but those that it names.
static DESCRIBED: LazyLock<Value> = LazyLock::new(|| {
    let mut document = serde_json::from_str(include_str!("../../../functions/console/openapi.json")).unwrap();
    close(&mut document);
    document
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Panics unless the answer is one that the description has for this request.
pub(super) fn check(method: &Method, path: &str, answer: &Answer) {
    let at = format!("{method} {path}: {answer:?}");
    // The gateway's own words, where the function died or is not asked.
    let words = ["Internal Server Error", "Service Unavailable", "Not Found"];
    if words.iter().any(|word| answer.body == json!({"message": word})) {
        return;
    }
    if answer.status.is_client_error() || answer.status.is_server_error() {
        assert_eq!(answer.content_type, "application/problem+json", "{at}");
        assert_valid(&json!({"$ref": "#/components/schemas/Problem"}), &answer.body, &at);
        assert_eq!(answer.body["status"], answer.status.as_u16(), "{at}");
    }
    let Some(operation) = operation(method, path) else {
        assert!(
            matches!(
                answer.status,
                StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
            ),
            "{at}"
        );
        return;
    };
    let described = &operation["responses"][answer.status.as_str()];
    assert!(described.is_object(), "the description has no such status: {at}");
    match described["content"].as_object().and_then(|content| content.iter().next()) {
        Some((content_type, content)) => {
            assert_eq!(answer.content_type, *content_type, "{at}");
            assert_valid(&content["schema"], &answer.body, &at);
        }
        None => assert_eq!(answer.body, Value::Null, "{at}"),
    }
    assert_eq!(answer.etag.is_some(), described["headers"]["ETag"].is_object(), "{at}");
}

/// What the description says about a request; `None` when it has no such path.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let given: Vec<&str> = path.split('/').collect();
    let fits = |pattern: &str| {
        let parts: Vec<&str> = pattern.split('/').collect();
        let same =
            |(part, given): (&&str, &&str)| part == given || part.starts_with('{') && !given.is_empty();
        parts.len() == given.len() && parts.iter().zip(&given).all(same)
    };
    let paths = DESCRIBED["paths"].as_object().unwrap();
    let found = paths.iter().find(|(pattern, _)| fits(pattern))?;
    found.1.get(method.as_str().to_lowercase())
}

fn assert_valid(schema: &Value, body: &Value, at: &str) {
    let validator = {
        let mut known = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = schema.clone();
            whole["components"] = DESCRIBED["components"].clone();
            Arc::new(jsonschema::draft202012::new(&whole).unwrap())
        }))
    };
    let wrong: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?} in {at}");
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
