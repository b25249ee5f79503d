//! The API's description, made from the table that finds its handlers.

use serde_json::{Map, Value, json};

use crate::routes::{ROUTES, Route};

/// The OpenAPI 3.1 document.
pub(crate) fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.pattern.to_owned()).or_insert_with(|| json!({}));
        if let Some(operations) = path.as_object_mut() {
            operations.insert(route.method.as_str().to_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Handover",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Instants are Unix milliseconds in UTC.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"api_key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "An API key: hk_..."},
            },
            "schemas": {"Problem": problem()},
        },
    })
}

fn operation(route: &Route) -> Value {
    let names = route.pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(route.query().iter().map(|(name, what)| {
        json!({"name": name, "in": "query", "description": what, "schema": {"type": "string"}})
    }));
    let method = route.method.as_str();
    let mut header = |name: &str, required: bool, what: &str| {
        parameters.push(json!({
            "name": name, "in": "header", "required": required, "description": what, "schema": {"type": "string"},
        }));
    };
    if route.needs_etag() {
        header("If-Match", true, "The ETag that was read");
    }
    if method == "POST" {
        header("Idempotency-Key", false, "The same key is the same request: at most 255 characters");
    }
    let mut operation = json!({
        "summary": route.summary,
        "description": format!("Needs a key of scope {}.", route.scope.name()),
        "parameters": parameters,
        "responses": {
            "2XX": {"description": "Done", "content": {"application/json": {"schema": {"type": "object"}}}},
            "default": {
                "description": "Why not",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    });
    if method == "POST" || method == "PUT" {
        let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
        if let Some(members) = operation.as_object_mut() {
            members.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

/// RFC 9457, with `errors` for single fields.
fn problem() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": text, "message": text},
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;

    use super::*;

    #[test]
    fn the_api_is_as_it_was_reviewed() {
        let text = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
        expect_file!["../openapi.json"].assert_eq(&text);
    }
}
