//! REST-JSON, as the SDKs speak it to Scheduler.

use super::schedule::{RetryPolicy, check_choice, form_error, validation};
use super::{Group, Schedule, ScheduleRequest, Scheduler, group_arn, schedule_arn};
use crate::service::{ServiceError, json_response};
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// The most entries of a page (`ListSchedules` reference).
const MAX_PAGE: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct GroupRequest {
    client_token: Option<String>,
}

/// A refusal on the wire.
pub fn error_response(error: &ServiceError) -> Response<Bytes> {
    let mut response = json_response(error.status, "application/json", &json!({ "Message": error.message }));
    if let Ok(value) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", value);
    }
    response
}

/// The group and name of the schedule that a request is about, for looking before the call is made.
pub fn requested_schedule(path: &str, query: &str, body: &[u8]) -> Option<(String, String)> {
    let name = path.strip_prefix("/schedules/")?;
    let in_body = || serde_json::from_slice::<ScheduleRequest>(body).ok()?.group_name;
    let group = parameters(query).remove("groupName").or_else(in_body);
    Some((group.unwrap_or_else(|| "default".to_owned()), name.to_owned()))
}

impl Scheduler {
    /// Answers one request; `path` and `query` are those of its URL.
    pub fn call(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Response<Bytes> {
        match self.dispatch(method, path, query, body) {
            Ok(answer) => json_response(StatusCode::OK, "application/json", &answer),
            Err(error) => error_response(&error),
        }
    }

    fn dispatch(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Result<Value, ServiceError> {
        let query = parameters(query);
        let group = query.get("groupName").map_or("default", String::as_str);
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("POST", ["schedules", name]) => {
                let request: ScheduleRequest = parse(body)?;
                self.create_schedule(name, &request)?;
                Ok(json!({ "ScheduleArn": schedule_arn(request.group(), name) }))
            }
            ("PUT", ["schedules", name]) => {
                let request: ScheduleRequest = parse(body)?;
                self.update_schedule(name, &request)?;
                Ok(json!({ "ScheduleArn": schedule_arn(request.group(), name) }))
            }
            ("GET", ["schedules", name]) => Ok(schedule_answer(self.schedule(group, name)?)),
            ("DELETE", ["schedules", name]) => {
                self.delete_schedule(group, name)?;
                Ok(json!({}))
            }
            ("GET", ["schedules"]) => self.list_schedules(&query),
            ("POST", ["schedule-groups", name]) => {
                let request: GroupRequest =
                    if body.is_empty() { GroupRequest::default() } else { parse(body)? };
                self.create_group(name, request.client_token.as_deref())?;
                Ok(json!({ "ScheduleGroupArn": group_arn(name) }))
            }
            ("GET", ["schedule-groups", name]) => {
                let group = self.groups()?.into_iter().find(|group| group.name == **name);
                group.map(|group| group_answer(&group)).ok_or_else(|| {
                    let message = format!("Schedule group {name} does not exist.");
                    ServiceError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
                })
            }
            ("DELETE", ["schedule-groups", name]) => {
                self.delete_group(name)?;
                Ok(json!({}))
            }
            ("GET", ["schedule-groups"]) => {
                let prefix = query.get("NamePrefix").map_or("", String::as_str);
                let groups = self.groups()?.into_iter().filter(|group| group.name.starts_with(prefix));
                page(groups.map(|group| (group.name.clone(), group_answer(&group))), &query, "ScheduleGroups")
            }
            _ => Err(ServiceError::new(
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                format!("the local Scheduler has no operation {method} {path}"),
            )),
        }
    }

    fn list_schedules(&self, query: &HashMap<String, String>) -> Result<Value, ServiceError> {
        let state = query.get("State").map(String::as_str);
        let mut problems = Vec::new();
        check_choice(&mut problems, "state", state, &["ENABLED", "DISABLED"]);
        if !problems.is_empty() {
            return Err(form_error(&problems));
        }
        let prefix = query.get("NamePrefix").map_or("", String::as_str);
        let schedules = self.schedules(query.get("ScheduleGroup").map(String::as_str))?.into_iter();
        let schedules = schedules.filter(|schedule| schedule.name.starts_with(prefix));
        let schedules = schedules
            .filter(|schedule| state.is_none_or(|state| (state == "ENABLED") == schedule.request.enabled()));
        let entries = schedules.map(|schedule| {
            let key = format!("{}/{}", schedule.group, schedule.name);
            let target = schedule.request.target.as_ref().map(|target| json!({ "Arn": target.arn }));
            let entry = json!({
                "Arn": schedule.arn(),
                "GroupName": schedule.group,
                "Name": schedule.name,
                "State": state_of(&schedule),
                "CreationDate": schedule.created_at_ms / 1000,
                "LastModificationDate": schedule.modified_at_ms / 1000,
                "Target": target,
            });
            (key, entry)
        });
        page(entries, query, "Schedules")
    }
}

/// One page of entries in the order of their keys; the token is the last key of the page before.
fn page(
    entries: impl Iterator<Item = (String, Value)>,
    query: &HashMap<String, String>,
    field: &str,
) -> Result<Value, ServiceError> {
    let max = query.get("MaxResults").map_or(Ok(MAX_PAGE), |text| text.parse());
    let max = max.ok().filter(|max| (1..=MAX_PAGE).contains(max));
    let max = max.ok_or_else(|| validation("MaxResults must be between 1 and 100."))?;
    let after = query.get("NextToken").map_or("", String::as_str);
    let mut entries: Vec<_> = entries.filter(|(key, _)| key.as_str() > after).collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    let more = entries.len() > max;
    entries.truncate(max);
    let token = entries.last().filter(|_| more).map(|(key, _)| key.clone());
    let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
    let mut answer = json!({ field: entries });
    if let (Some(token), Value::Object(fields)) = (token, &mut answer) {
        fields.insert("NextToken".to_owned(), Value::String(token));
    }
    Ok(answer)
}

fn state_of(schedule: &Schedule) -> &'static str {
    if schedule.request.enabled() { "ENABLED" } else { "DISABLED" }
}

fn schedule_answer(schedule: Schedule) -> Value {
    let (arn, state) = (schedule.arn(), state_of(&schedule));
    let mut request = schedule.request;
    request.client_token = None;
    if let Some(target) = &mut request.target {
        target.retry_policy.get_or_insert_with(RetryPolicy::default);
    }
    let mut answer = json!(request);
    if let Value::Object(fields) = &mut answer {
        fields.extend([
            ("Arn".to_owned(), json!(arn)),
            ("GroupName".to_owned(), json!(schedule.group)),
            ("Name".to_owned(), json!(schedule.name)),
            ("State".to_owned(), json!(state)),
            ("CreationDate".to_owned(), json!(schedule.created_at_ms / 1000)),
            ("LastModificationDate".to_owned(), json!(schedule.modified_at_ms / 1000)),
        ]);
        fields.entry("ActionAfterCompletion").or_insert_with(|| json!("NONE"));
        fields.entry("ScheduleExpressionTimezone").or_insert_with(|| json!("UTC"));
    }
    answer
}

fn group_answer(group: &Group) -> Value {
    json!({
        "Arn": group_arn(&group.name),
        "Name": group.name,
        "State": "ACTIVE",
        "CreationDate": group.created_at_ms / 1000,
        "LastModificationDate": group.modified_at_ms / 1000,
    })
}

fn parameters(query: &str) -> HashMap<String, String> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, ServiceError> {
    serde_json::from_slice(body).map_err(|error| validation(format!("malformed request: {error}")))
}
