//! What is wrong with a request, as RFC 9457 wants it said.

use handover_aws::Failure;
use handover_core::Problem as FieldProblem;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Why a request is not answered as asked. Its body is `application/problem+json`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// The last part of the problem's type, for programs.
    pub(crate) code: &'static str,
    /// The type in words: the same for every occurrence.
    pub(crate) title: &'static str,
    /// What to do about this one.
    pub(crate) detail: String,
    /// What is wrong with which field.
    pub(crate) errors: Vec<FieldProblem>,
    /// More members, by the type of the problem.
    pub(crate) members: Map<String, Value>,
}

/// What handlers give.
pub(crate) type Answered = Result<crate::http::Answer, Problem>;

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &str) -> Self {
        let (detail, errors, members) = (detail.to_owned(), Vec::new(), Map::new());
        Self { status, code, title, detail, errors, members }
    }

    /// There is no such thing, or not in this account: nobody can tell which.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is no such thing",
            "check the path and the ids in it",
        )
    }

    pub(crate) fn conflict(code: &'static str, title: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, detail)
    }

    /// Fields say what is wrong.
    pub(crate) fn invalid(errors: Vec<FieldProblem>) -> Self {
        let detail = "every problem is in errors";
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some fields are wrong", detail)
        }
    }

    /// One field is wrong.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldProblem { field: field.to_owned(), message: message.into() }])
    }

    /// Somebody else has changed the thing.
    pub(crate) fn changed() -> Self {
        let detail = "read it again, and send your change with the new ETag in If-Match";
        Self::new(StatusCode::PRECONDITION_FAILED, "changed", "Somebody else has changed it", detail)
    }

    /// The idempotency key stands for another request.
    pub(crate) fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "The Idempotency-Key belongs to another request",
            "use a new key for a new request; this one has not been done",
        )
    }

    pub(crate) fn unavailable() -> Self {
        let detail = "try again; with the same Idempotency-Key or If-Match nothing is done twice";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available for the moment", detail)
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        let mut body = self.members.clone();
        body.insert("type".to_owned(), json!(format!("urn:handover:problem:{}", self.code)));
        body.insert("title".to_owned(), json!(self.title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        if !self.errors.is_empty() {
            body.insert("errors".to_owned(), json!(self.errors));
        }
        Value::Object(body)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry { reason, .. } => {
                handover_aws::telemetry::failed("console", "retry", reason, 1);
                Self::unavailable()
            }
            Failure::Quarantine { reason } => {
                handover_aws::telemetry::failed("console", "refused", reason, 1);
                let detail = "it is not the request: an operator finds the reason in the function's log";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", "Something stored is broken", detail)
            }
        }
    }
}
