//! The JSON API: configuration, conversations, and commands to them; and the pages over it.
//!
//! A command is put on the conversation's queue before it is tried in place: what was answered is
//! durable, and what dies on the way is done by `execute`.

mod access;
mod account;
mod address;
mod admin;
mod body;
mod bot_secrets;
mod bots;
mod commands;
mod contacts;
mod conversations;
mod faq;
mod faq_table;
mod http;
mod inboxes;
mod lint;
mod openapi;
mod pages;
mod problem;
mod quarantine;
mod redrive;
mod reports;
mod router;
mod routes;
mod staff;
mod tryout;
mod turns;
mod webhooks;
mod whose;

use std::{convert::Infallible, sync::Arc};

use axum::Router;
use handover_aws::{
    Cache, Failure, Host, InboxKey, Processor, READER, Random, Sealer, StartError, http::SharedHttpClient,
    load_master_key, store::Overview, telemetry,
};
use handover_core::AccountId;
use lambda_http::{Adapter, Context, LambdaEvent, Service, request::LambdaRequest};
use serde_json::Value;

use crate::problem::Problem;

pub use faq_table::faq_from_csv;
pub use routes::{Described, described};

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    api: Api,
    router: Router,
}

/// What the handlers of requests have at hand.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) processor: Processor,
    pub(crate) inbox_key: InboxKey,
    pub(crate) sealer: Sealer,
    pub(crate) random: Random,
    pub(crate) public_url: String,
    /// Where staff open the console: with function URLs it is not where webhooks arrive.
    pub(crate) console_url: String,
    /// How everybody but AWS is reached.
    pub(crate) world: SharedHttpClient,
    /// Accounts at a glance, for the names on pages.
    pub(crate) overviews: Arc<Cache<AccountId, Arc<Overview>>>,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment, or without the master key.
    pub async fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let processor = reading.processor(&sdk, Some(READER));
        reading.required("CONVERSATION_QUEUE_URL");
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        let public_url = reading.required("PUBLIC_URL");
        let console_url = reading.optional("CONSOLE_URL");
        let console_url = console_url.unwrap_or_else(|| format!("{public_url}/console"));
        reading.finish()?;
        let key = load_master_key(&sdk.secrets, &key_arn).await?;
        let (inbox_key, sealer) = (InboxKey::new(&key), Sealer::new(&key));
        let (random, world, overviews) = (Random::system(), host.world.clone(), Arc::default());
        let api = Api { processor, inbox_key, sealer, random, public_url, console_url, world, overviews };
        Ok(Self { router: router::router(api.clone()), api })
    }

    /// Answers an event: a request from the gateway, or a direct invocation, which only somebody with
    /// the stack's own rights can make. Requests come with a `requestContext`, which the gateway writes.
    /// What is wrong with a direct invocation stands in the answer's `error`.
    pub async fn handle(&self, mut event: Value) -> Value {
        if event.get("requestContext").is_none() {
            return serde_json::to_value(self.api.administer(event).await).unwrap_or_default();
        }
        // Nothing here depends on the host that a caller names, and lambda_http trusts it to be one.
        if let Some(context) = event.get_mut("requestContext").and_then(Value::as_object_mut) {
            context.remove("domainName");
        }
        if let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) {
            headers.retain(|name, _| !name.eq_ignore_ascii_case("host"));
        }
        // Its message would quote the request.
        let Ok(request) = serde_json::from_value::<LambdaRequest>(event) else {
            return serde_json::json!({"statusCode": 400, "body": "the gateway's event cannot be read"});
        };
        let event = LambdaEvent::new(request, Context::default());
        let answering = Adapter::from(self.router.clone()).call(event);
        let answered: Result<_, Infallible> = answering.await;
        let Ok(response) = answered;
        let response = serde_json::to_value(response).unwrap_or_default();
        let status = response.get("statusCode").and_then(Value::as_u64).unwrap_or_default();
        telemetry::count("api", &status.to_string());
        response
    }
}

/// A failure whose reason nobody outside is to read.
pub(crate) fn broken(reason: &'static str) -> Problem {
    Failure::quarantine(reason).into()
}
