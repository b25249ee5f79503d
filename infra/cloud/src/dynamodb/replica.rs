//! A copy of the tables that is one write behind: what an eventually consistent read may still see.

use super::{DynamoDb, Request, Units};
use bytes::Bytes;
use dynoxide::DynoxideError;

/// The copy, and the latest write, which it does not have yet.
pub(super) struct Replica {
    behind: Box<DynamoDb>,
    latest: Option<(String, Bytes)>,
}

impl Replica {
    /// A replica of empty tables.
    pub(super) fn new(behind: DynamoDb) -> Self {
        Self { behind: Box::new(behind), latest: None }
    }

    /// Takes note of a write that succeeded. Applying the one before it succeeds too: it meets the same
    /// items that it met in the original.
    pub(super) fn follow(&mut self, operation: &str, body: &Bytes) {
        let due = self.latest.replace((operation.to_owned(), body.clone()));
        let Some((operation, body)) = due else { return };
        let result = Request::parse(&operation, &body)
            .and_then(|request| self.behind.perform(&operation, request, &body).map_err(|(error, _)| error));
        if let Err(error) = result {
            tracing::error!(%error, "the replica could not follow a write");
        }
    }

    /// Reads what was there before the latest write.
    pub(super) fn perform(
        &self,
        operation: &str,
        request: Request,
        body: &Bytes,
    ) -> Result<(Bytes, Units), (DynoxideError, Units)> {
        self.behind.perform(operation, request, body)
    }
}
