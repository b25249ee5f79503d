//! Parameters, conditions and intrinsic functions.

use super::TemplateError;
use super::properties::scalar;
use crate::service::{ACCOUNT_ID, REGION};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The name of the local stack; physical names start with it.
const STACK_NAME: &str = "handover-local";

/// The alias by which the template's functions are called (`AutoPublishAlias`).
pub(super) const ALIAS: &str = "live";

/// The top-level sections that a template may have.
const SECTIONS: [&str; 8] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Parameters",
    "Conditions",
    "Globals",
    "Resources",
    "Outputs",
];

/// Reads YAML into plain JSON values: the short tags (`!Ref`) become their long forms (`Ref`, `Fn::Sub`).
pub(super) fn read(yaml: &str) -> Result<Value, TemplateError> {
    let document: serde_yaml_ng::Value =
        serde_yaml_ng::from_str(yaml).map_err(|error| TemplateError::new("template", error.to_string()))?;
    plain(document)
}

fn plain(value: serde_yaml_ng::Value) -> Result<Value, TemplateError> {
    use serde_yaml_ng::Value as Yaml;
    let unreadable = |what: String| TemplateError::new("template", what);
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::Number(number) => {
            serde_json::to_value(&number).map_err(|error| unreadable(format!("number {number}: {error}")))?
        }
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(values) => Value::Array(values.into_iter().map(plain).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = plain(key)?;
                let key = scalar(&key).ok_or_else(|| unreadable(format!("a key is not a string: {key}")))?;
                map.insert(key, plain(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = tag.trim_start_matches('!');
            let name = if tag == "Ref" || tag == "Condition" { tag.to_owned() } else { format!("Fn::{tag}") };
            Value::Object(Map::from_iter([(name, plain(tagged.value)?)]))
        }
    })
}

/// A resource as the template declares it.
pub(super) struct RawResource<'a> {
    pub(super) logical_id: &'a str,
    pub(super) kind: &'a str,
    pub(super) body: &'a Map<String, Value>,
}

/// A template whose references can be resolved.
pub(super) struct Stack<'a> {
    document: &'a Map<String, Value>,
    parameters: BTreeMap<&'a str, String>,
}

impl<'a> Stack<'a> {
    /// Checks the outline of a template and settles its parameters.
    pub(super) fn new(document: &'a Value, given: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let Value::Object(document) = document else {
            return Err(TemplateError::new("template", "is not a mapping of sections"));
        };
        if let Some(unknown) = document.keys().find(|key| !SECTIONS.contains(&key.as_str())) {
            return Err(TemplateError::new(unknown, "this section is not known to the local cloud"));
        }
        let mut stack = Self { document, parameters: BTreeMap::new() };
        let declared: Vec<(&'a String, &'a Value)> = stack.section("Parameters")?.collect();
        if let Some(unknown) = given.keys().find(|name| !declared.iter().any(|(known, _)| known == name)) {
            return Err(TemplateError::new(unknown, "the template has no such parameter"));
        }
        for (name, parameter) in declared {
            let default = parameter.get("Default").and_then(scalar);
            let value = given.get(name).cloned().or(default);
            let value = value.ok_or_else(|| TemplateError::new(name, "the parameter has no value"))?;
            stack.parameters.insert(name, value);
        }
        Ok(stack)
    }

    /// The entries of a top-level section; none if the section is absent.
    pub(super) fn section(
        &self,
        name: &str,
    ) -> Result<impl Iterator<Item = (&'a String, &'a Value)> + use<'a>, TemplateError> {
        let entries = match self.document.get(name) {
            None => None,
            Some(Value::Object(entries)) => Some(entries.iter()),
            Some(_) => return Err(TemplateError::new(name, "is not a mapping")),
        };
        Ok(entries.into_iter().flatten())
    }

    /// The resource of this logical id.
    pub(super) fn resource(&self, logical_id: &str) -> Result<Option<RawResource<'a>>, TemplateError> {
        let Some((id, value)) = self.section("Resources")?.find(|(id, _)| *id == logical_id) else {
            return Ok(None);
        };
        let body = value.as_object().ok_or_else(|| TemplateError::new(id, "is not a mapping"))?;
        let kind = body.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| TemplateError::new(id, "has no Type"))?;
        Ok(Some(RawResource { logical_id: id, kind, body }))
    }

    /// Whether a condition of the `Conditions` section holds.
    pub(super) fn condition(&self, at: &str, name: &str) -> Result<bool, TemplateError> {
        let found = self.section("Conditions")?.find(|(id, _)| *id == name);
        let (_, value) =
            found.ok_or_else(|| TemplateError::new(at, format!("there is no condition named {name}")))?;
        self.holds(name, value)
    }

    fn holds(&self, at: &str, value: &Value) -> Result<bool, TemplateError> {
        let wrong =
            || TemplateError::new(at, format!("is not a condition that the local cloud knows: {value}"));
        let (name, argument) = single(value).ok_or_else(wrong)?;
        let operands = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        let mut each = operands.iter().map(|operand| self.holds(at, operand));
        match name {
            "Condition" => self.condition(at, argument.as_str().ok_or_else(wrong)?),
            "Fn::Equals" => match operands {
                [left, right] => Ok(self.resolve(at, left)? == self.resolve(at, right)?),
                _ => Err(wrong()),
            },
            "Fn::Not" => match operands {
                [operand] => Ok(!self.holds(at, operand)?),
                _ => Err(wrong()),
            },
            "Fn::And" => each.try_fold(true, |all, one| one.map(|one| all && one)),
            "Fn::Or" => each.try_fold(false, |any, one| one.map(|one| any || one)),
            _ => Err(wrong()),
        }
    }

    /// Resolves every intrinsic in a value; nothing for `AWS::NoValue`.
    pub(super) fn resolve(&self, at: &str, value: &Value) -> Result<Option<Value>, TemplateError> {
        if let Some((name, argument)) = single(value)
            && (name == "Ref" || name.starts_with("Fn::"))
        {
            return self.intrinsic(at, name, argument);
        }
        Ok(Some(match value {
            Value::Array(values) => {
                let resolved: Result<Vec<Option<Value>>, _> =
                    values.iter().map(|value| self.resolve(at, value)).collect();
                Value::Array(resolved?.into_iter().flatten().collect())
            }
            Value::Object(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    if let Some(value) = self.resolve(at, value)? {
                        map.insert(key.clone(), value);
                    }
                }
                Value::Object(map)
            }
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar.clone(),
        }))
    }

    fn intrinsic(&self, at: &str, name: &str, argument: &Value) -> Result<Option<Value>, TemplateError> {
        let wrong =
            || TemplateError::new(at, format!("{name} is used in a way that the local cloud does not know"));
        match name {
            "Ref" => {
                let target = argument.as_str().ok_or_else(wrong)?;
                if target == "AWS::NoValue" {
                    return Ok(None);
                }
                self.reference(at, target).map(|text| Some(Value::String(text)))
            }
            "Fn::GetAtt" => {
                let parts = argument
                    .as_array()
                    .map(|parts| parts.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                let joined = match parts {
                    Some(parts) => parts.ok_or_else(wrong)?.join("."),
                    None => argument.as_str().ok_or_else(wrong)?.to_owned(),
                };
                let (target, attribute) = joined.split_once('.').ok_or_else(wrong)?;
                self.attribute(at, target, attribute).map(|text| Some(Value::String(text)))
            }
            "Fn::Sub" => {
                let (format, own) = match argument.as_array().map(Vec::as_slice) {
                    Some([Value::String(format), Value::Object(own)]) => (format.as_str(), Some(own)),
                    _ => (argument.as_str().ok_or_else(wrong)?, None),
                };
                self.substitute(at, format, own).map(|text| Some(Value::String(text)))
            }
            "Fn::If" => match argument.as_array().map(Vec::as_slice) {
                Some([condition, then, otherwise]) => {
                    let holds = self.condition(at, condition.as_str().ok_or_else(wrong)?)?;
                    self.resolve(at, if holds { then } else { otherwise })
                }
                _ => Err(wrong()),
            },
            "Fn::Join" => match argument.as_array().map(Vec::as_slice) {
                Some([Value::String(separator), parts]) => {
                    let parts = self.resolve(at, parts)?.ok_or_else(wrong)?;
                    let parts = parts.as_array().ok_or_else(wrong)?;
                    let parts: Option<Vec<String>> = parts.iter().map(scalar).collect();
                    Ok(Some(Value::String(parts.ok_or_else(wrong)?.join(separator))))
                }
                _ => Err(wrong()),
            },
            _ => Err(TemplateError::new(at, format!("the intrinsic {name} is not known to the local cloud"))),
        }
    }

    /// A text with its `${names}` filled in: those of its own map first.
    fn substitute(
        &self,
        at: &str,
        format: &str,
        own: Option<&Map<String, Value>>,
    ) -> Result<String, TemplateError> {
        let mut result = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| TemplateError::new(at, format!("Fn::Sub has an unclosed ${{: {format}")))?;
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                let value = self.resolve(at, value)?;
                let text = value.as_ref().and_then(scalar);
                result
                    .push_str(&text.ok_or_else(|| TemplateError::new(at, format!("{name} is not a text")))?);
            } else if let Some((target, attribute)) = name.split_once('.') {
                result.push_str(&self.attribute(at, target, attribute)?);
            } else {
                result.push_str(&self.reference(at, name)?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    /// What `Ref` gives.
    fn reference(&self, at: &str, target: &str) -> Result<String, TemplateError> {
        if let Some(value) = self.parameters.get(target) {
            return Ok(value.clone());
        }
        if target.starts_with("AWS::") {
            let value = match target {
                "AWS::Region" => REGION,
                "AWS::AccountId" => ACCOUNT_ID,
                "AWS::Partition" => "aws",
                "AWS::StackName" => STACK_NAME,
                "AWS::URLSuffix" => "amazonaws.com",
                _ => {
                    let problem = format!("the pseudo parameter {target} is not known to the local cloud");
                    return Err(TemplateError::new(at, problem));
                }
            };
            return Ok(value.to_owned());
        }
        // SAM's own reference to the alias that it publishes.
        if let Some(function) = target.strip_suffix(".Alias") {
            let resource = self.existing(at, function)?;
            return match resource.kind {
                "AWS::Serverless::Function" => Ok(format!("{}:{ALIAS}", arn(at, &resource)?)),
                kind => Err(TemplateError::new(at, format!("{function} is a {kind}, which has no alias"))),
            };
        }
        let resource = self.existing(at, target)?;
        Ok(match resource.kind {
            "AWS::SQS::Queue" => crate::cloud::queue_url(&physical_name(&resource)),
            "AWS::SecretsManager::Secret" | "AWS::SNS::Topic" => arn(at, &resource)?,
            _ => physical_name(&resource),
        })
    }

    /// What `Fn::GetAtt` gives.
    fn attribute(&self, at: &str, target: &str, attribute: &str) -> Result<String, TemplateError> {
        let resource = self.existing(at, target)?;
        match (resource.kind, attribute) {
            (_, "Arn") => arn(at, &resource),
            ("AWS::SQS::Queue", "QueueName") => Ok(physical_name(&resource)),
            // SAM's own reference to the version that it publishes.
            ("AWS::Serverless::Function", "Version.Version") => Ok("1".to_owned()),
            ("AWS::SQS::Queue", "QueueUrl") => Ok(crate::cloud::queue_url(&physical_name(&resource))),
            (kind, _) => Err(TemplateError::new(
                at,
                format!("the attribute {target}.{attribute} of {kind} is not known to the local cloud"),
            )),
        }
    }

    fn existing(&self, at: &str, target: &str) -> Result<RawResource<'a>, TemplateError> {
        let found = self.resource(target)?;
        let resource = found.ok_or_else(|| {
            TemplateError::new(at, format!("there is no resource or parameter named {target}"))
        })?;
        match resource.body.get("Condition").and_then(Value::as_str) {
            Some(condition) if !self.condition(target, condition)? => {
                Err(TemplateError::new(at, format!("{target} is left out by its condition {condition}")))
            }
            _ => Ok(resource),
        }
    }
}

/// The ARN of a resource.
pub(super) fn arn(at: &str, resource: &RawResource<'_>) -> Result<String, TemplateError> {
    let name = physical_name(resource);
    let (service, path) = match resource.kind {
        "AWS::DynamoDB::Table" => ("dynamodb", format!("table/{name}")),
        "AWS::SQS::Queue" => ("sqs", name),
        "AWS::Scheduler::ScheduleGroup" => ("scheduler", format!("schedule-group/{name}")),
        // Secrets Manager ends every ARN with a hyphen and six characters.
        "AWS::SecretsManager::Secret" => ("secretsmanager", format!("secret:{name}-local1")),
        "AWS::Serverless::Function" => ("lambda", format!("function:{name}")),
        "AWS::Logs::LogGroup" => ("logs", format!("log-group:{name}:*")),
        "AWS::SNS::Topic" => ("sns", name),
        "AWS::Events::Rule" => ("events", format!("rule/{name}")),
        "AWS::IAM::Role" => return Ok(format!("arn:aws:iam::{ACCOUNT_ID}:role/{name}")),
        kind => {
            return Err(TemplateError::new(
                at,
                format!("the ARN of a {kind} is not known to the local cloud"),
            ));
        }
    };
    Ok(format!("arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{path}"))
}

/// The name that the local cloud gives to a resource.
pub(super) fn physical_name(resource: &RawResource<'_>) -> String {
    let fifo = resource.body.get("Properties").and_then(|properties| properties.get("FifoQueue"));
    let suffix = if fifo == Some(&Value::Bool(true)) { ".fifo" } else { "" };
    format!("{STACK_NAME}-{}{suffix}", resource.logical_id)
}

/// The one entry of a map that has one.
fn single(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object()?;
    if map.len() != 1 {
        return None;
    }
    map.iter().next().map(|(key, value)| (key.as_str(), value))
}
