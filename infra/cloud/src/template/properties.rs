//! Reading properties so that none is overlooked: what nobody asked for is an error.

use super::TemplateError;
use serde_json::{Map, Value};

/// The properties of one resource, or of a structure inside one. Each is taken out by name; what is left
/// at the end is unknown.
pub(super) struct Properties {
    at: String,
    path: String,
    left: Map<String, Value>,
}

impl Properties {
    /// The properties of the resource `at`.
    pub(super) fn new(at: &str, value: Option<Value>) -> Result<Self, TemplateError> {
        Self::nested(at, "", value.unwrap_or_else(|| Value::Object(Map::new())))
    }

    fn nested(at: &str, path: &str, value: Value) -> Result<Self, TemplateError> {
        match value {
            Value::Object(left) => Ok(Self { at: at.to_owned(), path: path.to_owned(), left }),
            other
            @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(TemplateError::new(at, format!("{path} is not a structure: {other}")))
            }
        }
    }

    fn full(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// An error at the property `name`.
    pub(super) fn wrong(&self, name: &str, problem: &str) -> TemplateError {
        TemplateError::new(self.at.clone(), format!("{} {problem}", self.full(name)))
    }

    /// Takes a property of any type.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name)
    }

    /// Takes a property that must be there.
    pub(super) fn require(&mut self, name: &str) -> Result<Value, TemplateError> {
        self.take(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// Takes a string; CloudFormation turns numbers and booleans into strings where one is expected.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, TemplateError> {
        self.take(name)
            .map(|value| scalar(&value).ok_or_else(|| self.wrong(name, "is not a string")))
            .transpose()
    }

    /// Takes a string that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, TemplateError> {
        self.text(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// Takes a whole number.
    pub(super) fn number<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, TemplateError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(name, &format!("is not a number in range: {text}")))
    }

    /// Takes a boolean.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, TemplateError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(name, &format!("is not true or false: {text}")))
    }

    /// Takes a list; a single value stands for a list of one.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(one) => vec![one],
        }
    }

    /// Takes a list of strings; a single string stands for a list of one.
    pub(super) fn texts(&mut self, name: &str) -> Result<Vec<String>, TemplateError> {
        let values = self.list(name);
        values
            .iter()
            .map(|value| scalar(value).ok_or_else(|| self.wrong(name, "is not a list of strings")))
            .collect()
    }

    /// Takes a structure.
    pub(super) fn structure(&mut self, name: &str) -> Result<Option<Self>, TemplateError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        Self::nested(&self.at, &self.full(name), value).map(Some)
    }

    /// Takes a list of structures.
    pub(super) fn structures(&mut self, name: &str) -> Result<Vec<Self>, TemplateError> {
        let path = self.full(name);
        let values = self.list(name);
        values.into_iter().map(|value| Self::nested(&self.at, &path, value)).collect()
    }

    /// Takes every property with its string value: a map whose keys the template chooses.
    pub(super) fn all_texts(mut self) -> Result<Vec<(String, String)>, TemplateError> {
        let names: Vec<String> = self.left.keys().cloned().collect();
        names.into_iter().map(|name| self.required_text(&name).map(|text| (name, text))).collect()
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> Value {
        Value::Object(std::mem::take(&mut self.left))
    }

    /// Takes properties that mean nothing on one machine.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.left.remove(*name);
        }
    }

    /// Ends the reading: an error if a property is left.
    pub(super) fn finish(self) -> Result<(), TemplateError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(self.wrong(name, "is not known to the local cloud")),
        }
    }
}

/// The text of a scalar value.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
