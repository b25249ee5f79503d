//! Request bodies: JSON with known fields only, every complaint with the field it is about.

use handover_core::Problem as FieldProblem;
use http::StatusCode;
use serde::{Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, error::Category};

use crate::problem::Problem;

/// Reads a body as `T`. An empty one is an empty object, for commands that need nothing.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    let mut reader = serde_json::Deserializer::from_slice(body);
    let parsed = read(&mut reader)?;
    reader.end().map_err(|error| judged(&error, ""))?;
    Ok(parsed)
}

/// Reads a body as `T`, with members that stand elsewhere in the request. A body may repeat them.
pub(crate) fn parse_with<T: DeserializeOwned>(body: &[u8], fixed: &[(&str, &str)]) -> Result<T, Problem> {
    let mut members: Map<String, Value> = parse(body)?;
    for (name, value) in fixed {
        let given = members.insert((*name).to_owned(), Value::from(*value));
        if given.is_some_and(|given| given != *value) {
            return Err(Problem::field(name, "cannot be changed"));
        }
    }
    read(Value::Object(members))
}

fn read<'de, T, D>(from: D) -> Result<T, Problem>
where
    T: DeserializeOwned,
    D: Deserializer<'de, Error = serde_json::Error>,
{
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(from, &mut track);
    let parsed = serde_ignored::deserialize(tracked, |path| {
        let message = "is not known here".to_owned();
        unknown.push(FieldProblem { field: plain(&path.to_string()), message });
    });
    let parsed: T = parsed.map_err(|error: serde_json::Error| {
        let field = track.path().to_string();
        judged(&error, if field == "." { "" } else { &field })
    })?;
    if unknown.is_empty() { Ok(parsed) } else { Err(Problem::invalid(unknown)) }
}

/// A path as validation writes it: without the marks of optional values.
fn plain(path: &str) -> String {
    path.replace(".?", "").trim_start_matches("?.").to_owned()
}

fn judged(error: &serde_json::Error, field: &str) -> Problem {
    match error.classify() {
        Category::Data => Problem::field(field, without_place(&error.to_string())),
        Category::Io | Category::Syntax | Category::Eof => not_json(&error.to_string()),
    }
}

/// The message without serde_json's line and column, which are of no use beside a field.
fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(text, _)| text)
}

pub(crate) fn not_json(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "not_json", "The body is not JSON", detail)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Body {
        name: String,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        number: u8,
    }

    fn errors(body: &str) -> Vec<(String, String)> {
        let problem = parse::<Body>(body.as_bytes()).unwrap_err();
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        problem.errors.into_iter().map(|error| (error.field, error.message)).collect()
    }

    #[test]
    fn fields_are_named() {
        assert_eq!(parse(br#"{"name": "n"}"#), Ok(Body { name: "n".to_owned(), inner: None }));
        assert_eq!(errors("{}"), [(String::new(), "missing field `name`".to_owned())]);
        let unknown = |field: &str| (field.to_owned(), "is not known here".to_owned());
        assert_eq!(
            errors(r#"{"name":"n","nmae":1,"inner":{"number":1,"x":2}}"#),
            [unknown("nmae"), unknown("inner.x")]
        );
        let [(field, message)] = errors(r#"{"name":"n","inner":{"number":300}}"#).try_into().unwrap();
        assert_eq!((field.as_str(), message.contains("300")), ("inner.number", true));
        assert!(!message.contains("line"));
        assert_eq!(errors(r#"{"name":"a","name":"b"}"#).len(), 1);
    }

    #[test]
    fn what_is_not_json_is_a_bad_request() {
        for bad in ["{", "nonsense", "{} {}", "\u{0}"] {
            let problem = parse::<Map<String, Value>>(bad.as_bytes()).unwrap_err();
            assert_eq!(problem.status, StatusCode::BAD_REQUEST, "{bad}");
        }
    }
}
