//! From declared resources to what the local cloud creates.

use super::intrinsics::{RawResource, Stack, arn, physical_name};
use super::mail;
use super::properties::{Properties, scalar};
use super::{
    EventSource, Function, Index, Key, Queue, Route, Schedule, Secret, Table, Template, TemplateError,
};
use crate::policy::Statement;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Resource types that have no meaning on one machine.
const CLOUD_ONLY: [&str; 9] = [
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::IAM::Role",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
    "AWS::SQS::QueuePolicy",
];

/// What a resource may carry beside its properties.
const RESOURCE_KEYS: [&str; 7] =
    ["Type", "Properties", "Metadata", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy"];

/// Queue properties that are attributes of the same name.
const QUEUE_ATTRIBUTES: [&str; 10] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// Reads every resource of the stack.
pub(super) fn read(stack: &Stack<'_>) -> Result<Template, TemplateError> {
    let mut template = Template::default();
    let mut integrations: BTreeMap<String, String> = BTreeMap::new();
    let mut routes: Vec<(String, String, String)> = Vec::new();
    let mut mappings: Vec<(EventSource, String)> = Vec::new();
    let mut mail = mail::Wiring::default();
    let globals = globals(stack)?;
    let ids: Vec<&String> = stack.section("Resources")?.map(|(id, _)| id).collect();
    for id in ids {
        let Some(resource) = stack.resource(id)? else { continue };
        if let Some(unknown) = resource.body.keys().find(|key| !RESOURCE_KEYS.contains(&key.as_str())) {
            return Err(TemplateError::new(id, format!("{unknown} is not known to the local cloud")));
        }
        if let Some(condition) = resource.body.get("Condition").and_then(Value::as_str)
            && !stack.condition(id, condition)?
        {
            continue;
        }
        // Resolved even where nothing is read from it, so that a wrong reference is found.
        let declared =
            resource.body.get("Properties").map(|value| stack.resolve(id, value)).transpose()?.flatten();
        let mut properties = Properties::new(id, declared)?;
        let known = match resource.kind {
            "AWS::DynamoDB::Table" => {
                template.tables.push(table(&resource, &mut properties)?);
                true
            }
            "AWS::SQS::Queue" => {
                template.queues.push(queue(&resource, &mut properties)?);
                true
            }
            "AWS::Scheduler::ScheduleGroup" => {
                properties.ignore(&["Tags"]);
                template.schedule_groups.push(physical_name(&resource));
                true
            }
            "AWS::Scheduler::Schedule" => {
                template.schedules.push(schedule(&resource, &mut properties)?);
                true
            }
            "AWS::SecretsManager::Secret" => {
                template.secrets.push(secret(&resource, &mut properties)?);
                true
            }
            "AWS::Serverless::Function" => {
                let properties = Properties::new(id, Some(with_globals(&globals, &mut properties)))?;
                template.functions.push(function(&resource, properties)?);
                continue;
            }
            "AWS::Lambda::EventSourceMapping" => {
                mappings.push(mapping(id, &mut properties)?);
                true
            }
            "AWS::SES::ConfigurationSet" => true,
            "AWS::SES::ConfigurationSetEventDestination" => {
                mail.destination(&mut properties)?;
                true
            }
            "AWS::Events::Rule" => {
                mail.rule(&mut properties)?;
                true
            }
            "AWS::ApiGatewayV2::Integration" => {
                expect_value(&mut properties, "IntegrationType", "AWS_PROXY")?;
                expect_value(&mut properties, "PayloadFormatVersion", "2.0")?;
                properties.ignore(&["ApiId", "TimeoutInMillis", "Description"]);
                let target = format!("integrations/{}", physical_name(&resource));
                integrations.insert(target, properties.required_text("IntegrationUri")?);
                true
            }
            "AWS::ApiGatewayV2::Route" => {
                properties.ignore(&["ApiId", "AuthorizationType"]);
                let key = properties.required_text("RouteKey")?;
                routes.push((id.clone(), key, properties.required_text("Target")?));
                true
            }
            kind => CLOUD_ONLY.contains(&kind),
        };
        if !known {
            let problem = format!("the resource type {} is not known to the local cloud", resource.kind);
            return Err(TemplateError::new(id, problem));
        }
        if !CLOUD_ONLY.contains(&resource.kind) {
            properties.finish()?;
        }
    }
    link(&mut template, &integrations, routes, mappings)?;
    template.mail_events = mail.link(&template.queues)?;
    for (name, output) in stack.section("Outputs")? {
        let value = output.get("Value").map(|value| stack.resolve(name, value)).transpose()?.flatten();
        let value = value.as_ref().and_then(scalar);
        let value = value.ok_or_else(|| TemplateError::new(name, "the output has no value"))?;
        template.outputs.insert(name.clone(), value);
    }
    Ok(template)
}

/// Connects routes and mappings, which name functions and queues by ARN or name, with those.
fn link(
    template: &mut Template,
    integrations: &BTreeMap<String, String>,
    routes: Vec<(String, String, String)>,
    mappings: Vec<(EventSource, String)>,
) -> Result<(), TemplateError> {
    for (id, key, target) in routes {
        let uri = integrations.get(&target);
        let function = uri.and_then(|uri| template.functions.iter().find(|function| function.arn == *uri));
        let function = function
            .ok_or_else(|| TemplateError::new(&id, format!("{target} does not lead to a function")))?;
        template.routes.push(Route { key, function: function.name.clone() });
    }
    for (mut mapping, function) in mappings {
        let id = mapping.logical_id.clone();
        let queue = template.queues.iter().find(|queue| queue.arn == mapping.queue_arn);
        let queue = queue.ok_or_else(|| {
            TemplateError::new(&id, format!("{} is not a queue of this stack", mapping.queue_arn))
        })?;
        mapping.queue.clone_from(&queue.name);
        let physical =
            |known: &&Function| known.arn == function || known.arn.ends_with(&format!(":{function}"));
        let known = template.functions.iter().find(physical);
        let known = known
            .ok_or_else(|| TemplateError::new(&id, format!("{function} is not a function of this stack")))?;
        mapping.function.clone_from(&known.name);
        template.event_sources.push(mapping);
    }
    Ok(())
}

/// A property that may have one value only.
fn expect_value(properties: &mut Properties, name: &str, only: &str) -> Result<(), TemplateError> {
    match properties.required_text(name)? {
        value if value == only => Ok(()),
        value => Err(properties.wrong(name, &format!("is {value}, but the local cloud knows only {only}"))),
    }
}

/// `Globals.Function`, resolved.
fn globals(stack: &Stack<'_>) -> Result<Value, TemplateError> {
    let mut function = json!({});
    for (kind, value) in stack.section("Globals")? {
        if kind != "Function" {
            return Err(TemplateError::new("Globals", format!("{kind} is not known to the local cloud")));
        }
        function = stack.resolve("Globals", value)?.unwrap_or(function);
    }
    Ok(function)
}

/// A function's properties over the globals: maps are merged, anything else is replaced.
fn with_globals(globals: &Value, properties: &mut Properties) -> Value {
    let mut merged = globals.clone();
    overlay(&mut merged, properties.take_all());
    merged
}

fn overlay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                overlay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

fn table(resource: &RawResource<'_>, p: &mut Properties) -> Result<Table, TemplateError> {
    p.ignore(&["DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification", "Tags"]);
    expect_value(p, "BillingMode", "PAY_PER_REQUEST")?;
    let mut attributes = BTreeMap::new();
    for mut attribute in p.structures("AttributeDefinitions")? {
        attributes
            .insert(attribute.required_text("AttributeName")?, attribute.required_text("AttributeType")?);
        attribute.finish()?;
    }
    let mut ttl_attribute = None;
    if let Some(mut ttl) = p.structure("TimeToLiveSpecification")? {
        let name = ttl.required_text("AttributeName")?;
        ttl_attribute = ttl.flag("Enabled")?.unwrap_or(false).then_some(name);
        ttl.finish()?;
    }
    let mut indexes = Vec::new();
    for mut index in p.structures("GlobalSecondaryIndexes")? {
        let name = index.required_text("IndexName")?;
        let key = key(&mut index)?;
        let mut projection =
            index.structure("Projection")?.ok_or_else(|| index.wrong("Projection", "is missing"))?;
        indexes.push(Index {
            name,
            key,
            projection: projection.required_text("ProjectionType")?,
            attributes: projection.texts("NonKeyAttributes")?,
        });
        projection.finish()?;
        index.finish()?;
    }
    let name = physical_name(resource);
    Ok(Table {
        logical_id: resource.logical_id.to_owned(),
        name,
        attributes,
        key: key(p)?,
        indexes,
        ttl_attribute,
    })
}

fn key(properties: &mut Properties) -> Result<Key, TemplateError> {
    let mut partition = None;
    let mut sort = None;
    for mut part in properties.structures("KeySchema")? {
        let name = part.required_text("AttributeName")?;
        match part.required_text("KeyType")?.as_str() {
            "HASH" => partition = Some(name),
            "RANGE" => sort = Some(name),
            other => return Err(part.wrong("KeyType", &format!("is neither HASH nor RANGE: {other}"))),
        }
        part.finish()?;
    }
    let partition = partition.ok_or_else(|| properties.wrong("KeySchema", "has no HASH key"))?;
    Ok(Key { partition, sort })
}

fn queue(resource: &RawResource<'_>, p: &mut Properties) -> Result<Queue, TemplateError> {
    p.ignore(&["Tags", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"]);
    let mut attributes = BTreeMap::new();
    for name in QUEUE_ATTRIBUTES {
        if let Some(value) = p.text(name)? {
            attributes.insert(name.to_owned(), value);
        }
    }
    if let Some(mut redrive) = p.structure("RedrivePolicy")? {
        let policy = json!({
            "deadLetterTargetArn": redrive.required_text("deadLetterTargetArn")?,
            "maxReceiveCount": redrive.number::<u32>("maxReceiveCount")?,
        });
        redrive.finish()?;
        attributes.insert("RedrivePolicy".to_owned(), policy.to_string());
    }
    Ok(Queue {
        logical_id: resource.logical_id.to_owned(),
        name: physical_name(resource),
        arn: arn(resource.logical_id, resource)?,
        attributes,
    })
}

fn schedule(resource: &RawResource<'_>, p: &mut Properties) -> Result<Schedule, TemplateError> {
    let group = p.required_text("GroupName")?;
    let mut request = serde_json::Map::new();
    request.insert("GroupName".to_owned(), json!(group));
    // CloudFormation and CreateSchedule give these the same shape.
    for name in ["ScheduleExpression", "FlexibleTimeWindow", "Target"] {
        request.insert(name.to_owned(), p.require(name)?);
    }
    for name in ["ScheduleExpressionTimezone", "StartDate", "EndDate", "State", "Description"] {
        if let Some(value) = p.take(name) {
            request.insert(name.to_owned(), value);
        }
    }
    Ok(Schedule {
        logical_id: resource.logical_id.to_owned(),
        name: physical_name(resource),
        group,
        request: Value::Object(request),
    })
}

fn secret(resource: &RawResource<'_>, p: &mut Properties) -> Result<Secret, TemplateError> {
    p.ignore(&["Description", "KmsKeyId", "Tags"]);
    let generate = p.structure("GenerateSecretString")?;
    let mut generate = generate.ok_or_else(|| p.wrong("GenerateSecretString", "is missing"))?;
    // 32 is Secrets Manager's own default.
    let length = generate.number("PasswordLength")?.unwrap_or(32);
    let excluded = generate.text("ExcludeCharacters")?.unwrap_or_default();
    let mut alphabet = String::new();
    for (property, characters) in [
        ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
        ("ExcludeNumbers", "0123456789"),
        ("ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
    ] {
        if !generate.flag(property)?.unwrap_or(false) {
            alphabet.extend(characters.chars().filter(|character| !excluded.contains(*character)));
        }
    }
    if alphabet.is_empty() {
        return Err(generate.wrong("ExcludeCharacters", "leaves no character to draw from"));
    }
    generate.finish()?;
    Ok(Secret {
        logical_id: resource.logical_id.to_owned(),
        name: physical_name(resource),
        arn: arn(resource.logical_id, resource)?,
        length,
        alphabet,
    })
}

fn function(resource: &RawResource<'_>, mut p: Properties) -> Result<Function, TemplateError> {
    p.ignore(&[
        "Architectures",
        "CodeUri",
        "Description",
        "Handler",
        "LoggingConfig",
        "RecursiveLoop",
        "ReservedConcurrentExecutions",
        "Runtime",
        "Tags",
        "Tracing",
    ]);
    let id = resource.logical_id;
    let binary = resource.body.get("Metadata").and_then(|metadata| metadata.get("BuildProperties"));
    let binary = binary.and_then(|build| build.get("Binary")).and_then(Value::as_str);
    let name = binary.ok_or_else(|| TemplateError::new(id, "Metadata.BuildProperties.Binary is missing"))?;
    let mut environment = BTreeMap::new();
    if let Some(mut section) = p.structure("Environment")? {
        if let Some(variables) = section.structure("Variables")? {
            environment = variables.all_texts()?.into_iter().collect();
        }
        section.finish()?;
    }
    let mut statements = Vec::new();
    for mut policy in p.structures("Policies")? {
        policy.ignore(&["Version"]);
        for statement in policy.list("Statement") {
            statements
                .push(Statement::read(&statement).map_err(|problem| policy.wrong("Statement", &problem))?);
        }
        policy.finish()?;
    }
    let function = Function {
        logical_id: id.to_owned(),
        name: name.to_owned(),
        arn: arn(id, resource)?,
        // Lambda's own defaults.
        timeout_s: p.number("Timeout")?.unwrap_or(3),
        memory_mb: p.number("MemorySize")?.unwrap_or(128),
        environment,
        statements,
    };
    p.finish()?;
    Ok(function)
}

/// A mapping, with the name or ARN of its function.
fn mapping(id: &str, p: &mut Properties) -> Result<(EventSource, String), TemplateError> {
    p.ignore(&["Tags"]);
    let mut report_batch_item_failures = false;
    for kind in p.texts("FunctionResponseTypes")? {
        if kind != "ReportBatchItemFailures" {
            return Err(p.wrong("FunctionResponseTypes", &format!("has an unknown type {kind}")));
        }
        report_batch_item_failures = true;
    }
    let mut maximum_concurrency = None;
    if let Some(mut scaling) = p.structure("ScalingConfig")? {
        maximum_concurrency = scaling.number("MaximumConcurrency")?;
        scaling.finish()?;
    }
    // Ten is Lambda's default for queues. Ten is also the most that one receive returns: a bigger batch
    // needs a batching window, which the local cloud does not have.
    let batch_size = p.number("BatchSize")?.unwrap_or(10);
    if !(1..=10).contains(&batch_size) {
        return Err(p.wrong("BatchSize", &format!("is {batch_size}, but the local cloud knows only 1 to 10")));
    }
    let source = EventSource {
        logical_id: id.to_owned(),
        queue: String::new(),
        queue_arn: p.required_text("EventSourceArn")?,
        function: String::new(),
        batch_size,
        report_batch_item_failures,
        maximum_concurrency,
    };
    Ok((source, p.required_text("FunctionName")?))
}
