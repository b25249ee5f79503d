//! The account's own automation: it hears of what happens, and does not always listen.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use handover_cloud::{RecordedRequest, Responder};
use http::Response;

use super::dice::Dice;

/// Its host.
pub(crate) const AUTOMATION_HOST: &str = "automation.example";
/// Where it listens.
pub(crate) const AUTOMATION_URL: &str = "https://automation.example/events";

/// How often it took each message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Automation {
    taken: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Automation {
    pub(crate) fn taken(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes messages; a moody one refuses one in four, which comes again.
    pub(crate) fn responder(&self, seed: u64, moody: bool) -> Responder {
        let automation = self.clone();
        Arc::new(move |request: &RecordedRequest| {
            let refuses = moody && Dice::new(seed ^ request.sequence).once_in(4);
            if !refuses {
                let id = request.header("webhook-id").unwrap_or_default().to_owned();
                *automation.taken().entry(id).or_default() += 1;
            }
            let response = Response::builder().status(if refuses { 503 } else { 204 });
            response.body(Bytes::new()).expect("a response")
        })
    }
}
