//! The JSON API: configuration, conversations, and commands to them.
//!
//! A command is put on the conversation's queue before it is tried in place: what was answered is
//! durable, and what dies on the way is done by `execute`.

mod access;
mod account;
mod admin;
mod body;
mod bots;
mod commands;
mod conversations;
mod http;
mod inboxes;
mod lint;
mod openapi;
mod problem;
mod quarantine;
mod routes;
mod staff;
mod webhooks;

use ::http::Method;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use handover_aws::{
    Failure, Host, InboxKey, Processor, Random, Sealer, StartError, load_master_key, telemetry,
};
use serde_json::Value;

use crate::http::{Answer, Call, Request, response};
use crate::problem::Problem;

pub use routes::{Described, described};

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) processor: Processor,
    pub(crate) inbox_key: InboxKey,
    pub(crate) sealer: Sealer,
    pub(crate) random: Random,
    pub(crate) public_url: String,
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment, or without the master key.
    pub async fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let processor = reading.processor(&sdk);
        reading.required("CONVERSATION_QUEUE_URL");
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        let public_url = reading.required("PUBLIC_URL");
        reading.finish()?;
        let key = load_master_key(&sdk.secrets, &key_arn).await?;
        let (inbox_key, sealer) = (InboxKey::new(&key), Sealer::new(&key));
        Ok(Self { processor, inbox_key, sealer, random: Random::system(), public_url })
    }

    /// Answers an event: a request from the gateway, or a direct invocation, which only somebody with
    /// the stack's own rights can make. Requests come with a `requestContext`, which the gateway writes.
    /// What is wrong with a direct invocation stands in the answer's `error`.
    pub async fn handle(&self, event: Value) -> Value {
        let answer = if event.get("requestContext").is_some() {
            let answered = match serde_json::from_value::<ApiGatewayV2httpRequest>(event) {
                Ok(event) => Box::pin(self.answer(event)).await,
                Err(_) => Err(body::not_json("the gateway's event cannot be read")),
            };
            let response = response(answered);
            telemetry::count("api", &response.status_code.to_string());
            serde_json::to_value(response)
        } else {
            serde_json::to_value(self.administer(event).await)
        };
        answer.unwrap_or_default()
    }

    async fn answer(&self, event: ApiGatewayV2httpRequest) -> Result<Answer, Problem> {
        let request = Request::from_event(event)?;
        if request.method == Method::GET && request.path == "/v1/openapi.json" {
            return Ok(Answer::ok(openapi::document()));
        }
        let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let found = routes::find(&request.method, &segments);
        let caller = self.let_in(&request).await?;
        let (route, parameters) = found?;
        // The account comes from the key. Another one's things are not there, whatever the key may do.
        let own =
            parameters.iter().all(|(name, text)| *name != "account" || *text == caller.account.as_str());
        if !own {
            return Err(Problem::not_found());
        }
        access::permit(&caller, route.scope)?;
        let now = self.processor.clock().now();
        let (caller, request) = (&caller, &request);
        let call = Call { app: self, caller, request, route: route.pattern, parameters, now };
        (route.handler)(&call).await
    }
}

/// A failure whose reason nobody outside is to read.
pub(crate) fn broken(reason: &'static str) -> Problem {
    Failure::quarantine(reason).into()
}
