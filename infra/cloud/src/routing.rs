//! From an HTTP request to a service's operation, through policy and hook, and back.

use crate::calls::{Broken, Call, Outcome, Service, Verdict};
use crate::cloud::{Caller, Cloud, RUN, crash, host};
use crate::dynamodb::{self, Units};
use crate::events::{self, PutEvents};
use crate::policy::{Access, permits};
use crate::recorder::NoAnswer;
use crate::secrets;
use crate::service::{ACCOUNT_ID, ServiceError, json_response};
use crate::ses::SendEmail;
use crate::{scheduler, sqs};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Where a request wants to go.
struct Address {
    service: Service,
    operation: String,
    key_id: Option<String>,
}

/// A request that its service has read.
enum Prepared {
    DynamoDb(Box<dynamodb::Request>),
    Sqs,
    Scheduler,
    Secrets(secrets::Request),
    Ses(SendEmail),
    Events(PutEvents),
    /// It could not be read; it is refused when its turn comes.
    Refused(Box<Response<Bytes>>),
}

impl Cloud {
    /// Answers a request to AWS, as it comes from any SDK or from the AWS CLI: the service is the one of
    /// the target header (DynamoDB, SQS, Secrets Manager, EventBridge) or of the signature (Scheduler, SES). An error is
    /// a connection that broke, by a hook's wish.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        let address = match address(&request) {
            Ok(address) => address,
            Err(error) => return Ok(rest_error(&error)),
        };
        let (prepared, accesses) = self.prepare(&address, &request);
        let caller = address.key_id.as_ref().and_then(|key| self.inner.callers.get(key));
        let resource = accesses.first().map_or("*", |access| access.resource.as_str()).to_owned();
        let call = Call {
            number: self.inner.calls.fetch_add(1, Ordering::Relaxed) + 1,
            function: caller.map(|caller| caller.name.clone()),
            service: address.service,
            operation: address.operation.clone(),
            resource,
            host: host(&request),
        };
        let transaction =
            if let Prepared::DynamoDb(request) = &prepared { request.transaction_size() } else { None };
        self.supervised(call, transaction, async |stale| {
            if let Some(refusal) = caller.and_then(|caller| denied(address.service, caller, &accesses)) {
                return (refuse(address.service, &refusal), Units::default());
            }
            if let Some(caller) = caller {
                for access in &accesses {
                    self.note_used(&caller.name, &caller.statements, access);
                }
            }
            self.perform(&address, prepared, &request, stale).await
        })
        .await
    }

    /// Answers a request to any other host, through the same hook.
    pub async fn call_world(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        let call = Call {
            number: self.inner.calls.fetch_add(1, Ordering::Relaxed) + 1,
            function: RUN.try_with(|run| run.function.clone()).ok(),
            service: Service::World,
            operation: request.method().to_string(),
            resource: request.uri().path().to_owned(),
            host: host(&request),
        };
        let answer = async |_| (self.inner.recorder.answer(&request), Units::default());
        let response = self.supervised(call, None, answer).await?;
        if response.extensions().get::<NoAnswer>().is_some() { Err(Broken::AnswerLost) } else { Ok(response) }
    }

    /// Carries a call out as the hook wants it, and notes how it ended.
    async fn supervised(
        &self,
        call: Call,
        transaction: Option<usize>,
        perform: impl AsyncFnOnce(bool) -> (Response<Bytes>, Units),
    ) -> Result<Response<Bytes>, Broken> {
        let hook = self.inner.hook.read().unwrap_or_else(PoisonError::into_inner).clone();
        let verdict = hook.map(|hook| hook(&call)).unwrap_or_default();
        let service = call.service;
        let note = |outcome, units| self.inner.log.note(call, outcome, units);
        let refused = match &verdict {
            Verdict::CrashBefore => {
                note(Outcome::CrashedBefore, Units::default());
                return crash().await;
            }
            Verdict::BreakBefore => {
                note(Outcome::BrokenBefore, Units::default());
                return Err(Broken::Before);
            }
            Verdict::Fail { status, code, message } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Some(refuse(service, &ServiceError::new(status, code.clone(), message.clone())))
            }
            Verdict::Throttle => Some(refuse(service, &throttled(service))),
            Verdict::TransactionConflict => Some(transaction.map_or_else(
                || {
                    let message = "Transaction is ongoing for the item";
                    refuse(service, &ServiceError::bad_request("TransactionConflictException", message))
                },
                dynamodb::transaction_conflict,
            )),
            Verdict::Delay(time) => {
                self.pass(*time).await;
                None
            }
            Verdict::StandBack(turns) => {
                for _ in 0..*turns {
                    tokio::task::yield_now().await;
                }
                None
            }
            Verdict::Proceed | Verdict::LoseAnswer | Verdict::CrashAfter | Verdict::StaleRead => None,
        };
        let (response, units) = match refused {
            Some(response) => (response, Units::default()),
            None => perform(verdict == Verdict::StaleRead).await,
        };
        if verdict == Verdict::CrashAfter {
            note(Outcome::CrashedAfter, units);
            return crash().await;
        }
        if verdict == Verdict::LoseAnswer {
            note(Outcome::AnswerLost, units);
            return Err(Broken::AnswerLost);
        }
        note(outcome(&response), units);
        Ok(response)
    }

    /// Lets domain time pass.
    async fn pass(&self, time: Duration) {
        let clock = &self.inner.clock;
        let due = clock.now_ms().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        if clock.is_manual() {
            clock.set(due);
        } else {
            clock.wait_until(due).await;
        }
    }

    /// Reads a request: what it is, and what it does to which resources.
    fn prepare(&self, address: &Address, request: &Request<Bytes>) -> (Prepared, Vec<Access>) {
        let Address { service, operation, key_id: _ } = address;
        let unreadable =
            |error: &ServiceError| (Prepared::Refused(Box::new(refuse(*service, error))), Vec::new());
        match service {
            Service::DynamoDb => match dynamodb::Request::parse(operation, request.body()) {
                Ok(read) => {
                    let accesses = read.accesses();
                    (Prepared::DynamoDb(Box::new(read)), accesses)
                }
                Err(error) => (Prepared::Refused(Box::new(dynamodb::error_response(&error))), Vec::new()),
            },
            Service::Sqs => {
                let arn = sqs::requested_queue(request.body()).map(|name| sqs::queue_arn(&name));
                // The batch operations need the permission for the single ones.
                let action = operation.strip_suffix("Batch").unwrap_or(operation);
                (
                    Prepared::Sqs,
                    vec![Access::new(format!("sqs:{action}"), arn.unwrap_or_else(|| "*".to_owned()))],
                )
            }
            Service::Scheduler => {
                let accesses = scheduler_accesses(operation, request);
                (Prepared::Scheduler, accesses)
            }
            Service::SecretsManager => {
                let read: Result<secrets::Request, _> = serde_json::from_slice(request.body());
                let read = read
                    .map_err(|error| ServiceError::bad_request("SerializationException", error.to_string()));
                let access = read.and_then(|read| Ok((self.inner.secrets.access(operation, &read)?, read)));
                match access {
                    Ok((access, read)) => (Prepared::Secrets(read), vec![access]),
                    Err(error) => unreadable(&error),
                }
            }
            Service::Ses | Service::World => match SendEmail::parse(request.body()) {
                Ok(read) => {
                    let accesses = read.accesses();
                    (Prepared::Ses(read), accesses)
                }
                Err(error) => unreadable(&error),
            },
            Service::Events => match PutEvents::parse(operation, request.body()) {
                Ok(read) => {
                    let accesses = read.accesses();
                    (Prepared::Events(read), accesses)
                }
                Err(error) => unreadable(&error),
            },
        }
    }

    async fn perform(
        &self,
        address: &Address,
        prepared: Prepared,
        request: &Request<Bytes>,
        stale: bool,
    ) -> (Response<Bytes>, Units) {
        let Address { service, operation, key_id: _ } = address;
        let answered = |result: Result<Response<Bytes>, ServiceError>| {
            (result.unwrap_or_else(|error| refuse(*service, &error)), Units::default())
        };
        match prepared {
            Prepared::DynamoDb(read) => {
                let database = &self.inner.dynamodb;
                let result = if stale {
                    database.perform_stale(operation, *read, request.body())
                } else {
                    database.perform(operation, *read, request.body())
                };
                match result {
                    Ok((body, units)) => (dynamodb::response(body), units),
                    Err((error, units)) => (dynamodb::error_response(&error), units),
                }
            }
            Prepared::Sqs => {
                let authority = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
                let authority = authority.or(request.uri().authority().map(http::uri::Authority::as_str));
                let host = authority.unwrap_or(crate::cloud::ENDPOINT_HOST);
                (self.inner.sqs.call(operation, host, request.body()).await, Units::default())
            }
            Prepared::Scheduler => {
                let uri = request.uri();
                let query = uri.query().unwrap_or_default();
                let answer = self.inner.scheduler.call(request.method(), uri.path(), query, request.body());
                (answer, Units::default())
            }
            Prepared::Secrets(read) => answered(self.inner.secrets.perform(operation, read)),
            Prepared::Ses(read) => {
                let events = &self.inner.template.mail_events;
                answered(self.inner.ses.send(read, &self.inner.recorder, events, &self.inner.sqs))
            }
            Prepared::Events(read) => (read.perform(&self.inner.recorder), Units::default()),
            Prepared::Refused(response) => (*response, Units::default()),
        }
    }
}

/// Finds out where a request wants to go.
fn address(request: &Request<Bytes>) -> Result<Address, ServiceError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // Signature version 4: `Credential=<key id>/<day>/<region>/<service>/aws4_request`.
    let credential = header("authorization").and_then(|text| text.split_once("Credential="));
    let mut scope = credential.map_or("", |(_, scope)| scope).split(['/', ',']);
    let key_id = scope.next().filter(|key| !key.is_empty()).map(str::to_owned);
    let signed_for = scope.nth(2);
    let unknown = |what: &str| {
        let message = format!("{what} is not known to the local cloud");
        ServiceError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    };
    if let Some(target) = header("x-amz-target") {
        let (prefix, operation) = target.split_once('.').ok_or_else(|| unknown(target))?;
        let service = match prefix {
            "DynamoDB_20120810" => Service::DynamoDb,
            "AmazonSQS" => Service::Sqs,
            "secretsmanager" => Service::SecretsManager,
            "AWSEvents" => Service::Events,
            _ => return Err(unknown(target)),
        };
        return Ok(Address { service, operation: operation.to_owned(), key_id });
    }
    let (method, path) = (request.method(), request.uri().path());
    let (service, operation) = match signed_for {
        Some("scheduler") => (Service::Scheduler, scheduler_operation(method, path)),
        Some("ses") => {
            let send = method == Method::POST && path == "/v2/email/outbound-emails";
            (Service::Ses, send.then_some("SendEmail"))
        }
        Some(service) => return Err(unknown(&format!("the service {service} without a target header"))),
        None => {
            let message = "Request is missing Authentication Token";
            return Err(ServiceError::new(
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                message,
            ));
        }
    };
    let operation = operation.ok_or_else(|| unknown(&format!("{method} {path}")))?.to_owned();
    Ok(Address { service, operation, key_id })
}

/// The operation of EventBridge Scheduler behind a method and path.
fn scheduler_operation(method: &Method, path: &str) -> Option<&'static str> {
    let group = path.starts_with("/schedule-groups");
    let one = path.trim_matches('/').contains('/');
    Some(match (method.as_str(), group, one) {
        ("POST", false, true) => "CreateSchedule",
        ("GET", false, true) => "GetSchedule",
        ("PUT", false, true) => "UpdateSchedule",
        ("DELETE", false, true) => "DeleteSchedule",
        ("GET", false, false) => "ListSchedules",
        ("POST", true, true) => "CreateScheduleGroup",
        ("GET", true, true) => "GetScheduleGroup",
        ("DELETE", true, true) => "DeleteScheduleGroup",
        ("GET", true, false) => "ListScheduleGroups",
        _ => return None,
    })
}

fn scheduler_accesses(operation: &str, request: &Request<Bytes>) -> Vec<Access> {
    let action = format!("scheduler:{operation}");
    let uri = request.uri();
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    if let Some((group, name)) = scheduler::requested_schedule(path, query, request.body()) {
        let mut accesses = vec![Access::new(action, scheduler::schedule_arn(&group, &name))];
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Some(role) = body.pointer("/Target/RoleArn").and_then(Value::as_str) {
            accesses.push(Access::pass_role(role, "scheduler.amazonaws.com"));
        }
        return accesses;
    }
    let group = path.strip_prefix("/schedule-groups/");
    vec![Access::new(action, group.map_or_else(|| "*".to_owned(), scheduler::group_arn))]
}

/// The refusal of the first access that a function's policy does not permit.
fn denied(service: Service, caller: &Caller, accesses: &[Access]) -> Option<ServiceError> {
    let access = accesses.iter().find(|access| !permits(&caller.statements, access))?;
    let Caller { name, .. } = caller;
    let Access { action, resource, .. } = access;
    let message = format!(
        "User: arn:aws:sts::{ACCOUNT_ID}:assumed-role/{name}/{name} is not authorized to perform: {action} on \
         resource: {resource} because no identity-based policy allows the {action} action"
    );
    let status = match service {
        Service::DynamoDb | Service::SecretsManager | Service::Events => StatusCode::BAD_REQUEST,
        Service::Sqs | Service::Scheduler | Service::Ses | Service::World => StatusCode::FORBIDDEN,
    };
    Some(ServiceError::new(status, "AccessDeniedException", message))
}

/// The throttling error of a service.
fn throttled(service: Service) -> ServiceError {
    let message = "Rate exceeded";
    match service {
        Service::DynamoDb | Service::SecretsManager | Service::Events => {
            ServiceError::bad_request("ThrottlingException", message)
        }
        Service::Sqs => ServiceError::new(StatusCode::FORBIDDEN, "RequestThrottled", message),
        Service::Scheduler => {
            ServiceError::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", message)
        }
        Service::Ses | Service::World => {
            ServiceError::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", message)
        }
    }
}

/// A refusal in the shape of a service's protocol.
fn refuse(service: Service, error: &ServiceError) -> Response<Bytes> {
    match service {
        Service::DynamoDb => {
            let namespace = match error.code.as_str() {
                "AccessDeniedException" | "ThrottlingException" => "com.amazon.coral.service",
                _ => "com.amazonaws.dynamodb.v20120810",
            };
            let body = json!({"__type": format!("{namespace}#{}", error.code), "message": error.message});
            json_response(error.status, "application/x-amz-json-1.0", &body)
        }
        Service::Sqs => sqs::error_response(error),
        Service::Scheduler => scheduler::error_response(error),
        Service::SecretsManager => secrets::error_response(error),
        Service::Events => events::error_response(error),
        Service::Ses | Service::World => rest_error(error),
    }
}

/// A refusal of a REST service.
fn rest_error(error: &ServiceError) -> Response<Bytes> {
    let mut response = json_response(error.status, "application/json", &json!({"message": error.message}));
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// How a call ended that was answered.
fn outcome(response: &Response<Bytes>) -> Outcome {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return Outcome::Done;
    }
    let header =
        response.headers().get("x-amzn-errortype").and_then(|code| code.to_str().ok()).map(str::to_owned);
    let named = || {
        let body: Value = serde_json::from_slice(response.body()).ok()?;
        let kind = body.get("__type")?.as_str()?;
        Some(kind.rsplit_once('#').map_or(kind, |(_, code)| code).to_owned())
    };
    Outcome::Refused { status: status.as_u16(), code: header.or_else(named).unwrap_or_default() }
}
