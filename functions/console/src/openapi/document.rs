//! The document itself.

use serde_json::{Map, Value, json};

use super::shapes::{Shape, Shapes};
use crate::routes::{ROUTES, Route};

/// Where an account's things are.
const ACCOUNT: &str = "/v1/accounts/{account}";

fn document() -> Value {
    let mut shapes = Shapes::all();
    let mut schemas = shapes.components();
    schemas.insert("Problem".to_owned(), problem());
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES {
        let method = route.method.as_str();
        let below = route.pattern.strip_prefix(ACCOUNT).expect("every route is below an account");
        let shape = shapes.by_route.remove(&(method, below));
        let shape = shape.unwrap_or_else(|| panic!("say in shapes.rs what {method} {below} takes and gives"));
        let path = paths.entry(route.pattern.to_owned()).or_insert_with(|| json!({}));
        path[method.to_lowercase()] = operation(route, below, &shape);
    }
    assert!(shapes.by_route.is_empty(), "shapes of no route: {:?}", shapes.by_route.keys());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Handover",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Instants are Unix milliseconds in UTC. Members may be added to answers at any time.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"api_key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": "An API key: hk_..."},
            },
            "schemas": schemas,
        },
    })
}

fn operation(route: &Route, below: &str, shape: &Shape) -> Value {
    let method = route.method.as_str();
    let names = route.pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = names.map(path_parameter).collect();
    parameters.extend(shape.query.iter().cloned());
    if shape.guarded {
        parameters.push(json!({
            "name": "If-Match",
            "in": "header",
            "required": true,
            "description": "The ETag that was read",
            "schema": {"type": "string", "pattern": "^\"[0-9]{1,19}\"$"},
        }));
    }
    if method == "POST" {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "The same key on the same path is the same request: it is done once, and with another body it is refused",
            "schema": {"type": "string", "pattern": "^[ -~]{1,255}$"},
        }));
    }
    let words: Vec<&str> = below.split('/').map(|part| part.trim_matches(['{', '}'])).collect();
    let mut operation = json!({
        "operationId": format!("{}_account{}", method.to_lowercase(), words.join("_").replace('-', "_")),
        "summary": route.summary,
        "description": format!("Needs a key of scope {}.", route.scope.name()),
        "parameters": parameters,
        "responses": responses(method, shape),
    });
    if let Some((schema, required)) = &shape.takes {
        operation["requestBody"] =
            json!({"required": required, "content": {"application/json": {"schema": schema}}});
        if shape.csv {
            operation["requestBody"]["content"]["text/csv"] = csv();
        }
    }
    operation
}

fn path_parameter(name: &str) -> Value {
    let pattern = if name == "revision" { "^[0-9]{1,19}$" } else { handover_core::ID_PATTERN };
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "pattern": pattern}})
}

fn responses(method: &str, shape: &Shape) -> Value {
    let mut responses = Map::new();
    for (status, what, schema) in &shape.gives {
        let mut response = json!({"description": what});
        if let Some(schema) = schema {
            response["content"] = json!({"application/json": {"schema": schema}});
            if shape.csv && shape.takes.is_none() {
                response["content"]["text/csv; charset=utf-8"] = csv();
            }
        }
        if shape.versioned {
            let etag = json!({"type": "string", "pattern": "^\"[0-9]+\"$"});
            response["headers"] = json!({"ETag": {"required": true, "schema": etag}});
        }
        responses.insert(status.to_string(), response);
    }
    let mut refusals = vec![
        (401, "No valid API key"),
        (403, "The key is not for this, or handovers are switched off"),
        (404, "There is no such thing, or it is another account's"),
        (413, "The request is too large"),
        (500, "Something stored is broken"),
        (503, "Not available for the moment: try again"),
    ];
    if shape.takes.is_some() {
        refusals.push((400, "The body is not JSON"));
    }
    if shape.takes.is_some() || !shape.query.is_empty() || method == "POST" {
        refusals.push((422, "Some fields are wrong: every problem is in errors"));
    }
    if shape.guarded {
        refusals.push((412, "Somebody else has changed it"));
        refusals.push((428, "If-Match is needed"));
    }
    if shape.conflicts {
        refusals.push((409, "It cannot be done as things stand"));
    }
    for (status, what) in refusals {
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let response =
            json!({"description": what, "content": {"application/problem+json": {"schema": schema}}});
        responses.insert(status.to_string(), response);
    }
    Value::Object(responses)
}

fn csv() -> Value {
    json!({"schema": {"type": "string"}})
}

/// RFC 9457, with `errors` for single fields.
fn problem() -> Value {
    let text = json!({"type": "string"});
    json!({
        "description": "Why a request is not answered as asked (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "pattern": "^urn:handover:problem:[a-z_]+$"},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}},
            "answer": {"description": "Of the turn API, with a stale epoch: who may speak now.", "type": "string"},
            "epoch": {"description": "The present epoch.", "type": "integer"},
            "reason": {"description": "Why humans have it.", "type": "string"},
            "owner": {"description": "Who has it.", "$ref": "#/components/schemas/Assignee"},
            "resumes_at": {"description": "When the bot has it again.", "type": "integer"},
            "handed_back_at": {"description": "When humans gave it back.", "type": "integer"},
            "allow": {"description": "The methods that the path takes.", "type": "string"},
            "claimed_by": {
                "description": "Who has the conversation: `{\"staff\": \"stf_...\", \"name\": \"...\"}`.",
                "type": "object",
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
        expect_file!["../../openapi.json"].assert_eq(&text);
    }
}
