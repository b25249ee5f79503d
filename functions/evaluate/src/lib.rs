//! Verifies webhooks, normalises them, and puts events on the conversation queue.
//!
//! Knows no bot's configuration and waits for nobody: what is answered with 2xx is durable.

mod apart;

use std::{future::Future, sync::Arc, time::Duration};

use aws_lambda_events::{
    apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse},
    encodings::Body,
};
use data_encoding::BASE64;
use handover_aws::{
    Clock, Failure, Host, Inboxes, OpenInbox, Queues, StartError, fit, open_inboxes,
    queue::{Lanes, MAX_KEPT_BYTES, Quarantined, RawCall},
    telemetry, understand,
};
use handover_core::{Bug, DeliveryId, Envelope, Inbox, InboxId, lower_base32, planted};
use handover_providers::{
    Endpoint, READ_HEADERS, Reply, Secrets, Verdict, WebhookRequest, answer_within, body_limit, normalise,
    receive,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::apart::{Says, apart};

/// The function: everything that outlives an invocation.
#[derive(Clone, Debug)]
pub struct App {
    queues: Queues,
    clock: Clock,
    inboxes: Arc<Inboxes<Secrets>>,
    public_url: String,
}

/// An answer to a provider.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    retry_after: bool,
}

impl Answer {
    fn plain(status: StatusCode, body: &str) -> Self {
        let content_type = "text/plain; charset=utf-8";
        Self { status, content_type, body: body.to_owned(), retry_after: false }
    }

    fn unavailable() -> Self {
        Self { retry_after: true, ..Self::plain(StatusCode::SERVICE_UNAVAILABLE, "try again later") }
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self { status: reply.status, content_type: reply.content_type, body: reply.body, retry_after: false }
    }
}

impl App {
    /// Starts the function.
    ///
    /// # Errors
    /// [`StartError`] with everything that is missing from its environment, or without the master key.
    pub async fn start(host: &Host) -> Result<Self, StartError> {
        let mut reading = host.read();
        let sdk = reading.sdk();
        let store = reading.store(&sdk);
        let queues = reading.queues(&sdk);
        reading.required("CONVERSATION_QUEUE_URL");
        reading.required("QUARANTINE_QUEUE_URL");
        let key_arn = reading.required("MASTER_KEY_SECRET_ARN");
        let public_url = reading.required("PUBLIC_URL");
        reading.finish()?;
        let inboxes = open_inboxes(&sdk, &key_arn, store, host.clock.clone()).await?;
        Ok(Self::new(queues, host.clock.clone(), Arc::new(inboxes), public_url))
    }

    /// The function on these queues and inboxes, which providers reach at `public_url`.
    pub const fn new(
        queues: Queues,
        clock: Clock,
        inboxes: Arc<Inboxes<Secrets>>,
        public_url: String,
    ) -> Self {
        Self { queues, clock, inboxes, public_url }
    }

    /// Answers one webhook call.
    pub async fn handle(&self, request: ApiGatewayV2httpRequest) -> ApiGatewayV2httpResponse {
        let began = self.clock.monotonic();
        let answer = self.answer(request, began).await;
        telemetry::count("webhook", answer.status.as_str());
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        if answer.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        let mut response = ApiGatewayV2httpResponse::default();
        response.status_code = i64::from(answer.status.as_u16());
        response.headers = headers;
        response.body = Some(Body::Text(answer.body));
        response
    }

    async fn answer(&self, request: ApiGatewayV2httpRequest, began: Duration) -> Answer {
        let not_found = || Answer::plain(StatusCode::NOT_FOUND, "no such inbox");
        let path = request.raw_path.as_deref().unwrap_or_default();
        let id = path.rsplit('/').next().and_then(|last| last.parse::<InboxId>().ok());
        let Some(id) = id else { return not_found() };
        // Whose call it is, and so how long there is time, is not known yet.
        let open =
            match self.again(began + GATEWAY_WAITS.saturating_sub(SPARE), || self.inboxes.open(&id)).await {
                Ok(Some(open)) => open,
                Ok(None) => return not_found(),
                Err(failure) => {
                    telemetry::failed("evaluate", "retry", failure.reason(), 1);
                    return Answer::unavailable();
                }
            };
        let limit = body_limit(open.inbox.provider);
        let body = match body_of(&request, limit) {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let method = request.request_context.http.method.clone();
        let until = began + answer_within(open.inbox.provider).min(GATEWAY_WAITS).saturating_sub(SPARE);
        self.judge(&open, &method, &request, &body, until).await
    }

    async fn judge(
        &self,
        open: &OpenInbox<Secrets>,
        method: &Method,
        request: &ApiGatewayV2httpRequest,
        body: &[u8],
        until: Duration,
    ) -> Answer {
        let inbox = &open.inbox;
        let public_url = format!("{}/webhooks/{}", self.public_url, inbox.id);
        let endpoint = Endpoint {
            provider: inbox.provider,
            inbox: &inbox.id,
            public_url: &public_url,
            settings: &inbox.settings,
            secrets: &open.secrets,
        };
        let webhook = WebhookRequest {
            method,
            raw_query: request.raw_query_string.as_deref().unwrap_or_default(),
            headers: &request.headers,
            body,
        };
        match receive(&endpoint, &webhook, self.clock.wall()) {
            Verdict::Refused(refusal) => {
                telemetry::count("webhook_refused", refusal.reason);
                // Why is for our own counters: it would tell a forger what to mend.
                Answer::plain(refusal.status, "unauthorized")
            }
            Verdict::Malformed(malformed) => {
                let broken = self.broken(&endpoint, &webhook, inbox, &malformed.reason);
                match self.again(until, || self.queues.quarantine_all(&broken)).await {
                    Ok(()) => malformed.reply.into(),
                    Err(failure) => unavailable(&failure),
                }
            }
            Verdict::Accepted(accepted) => {
                let (broken, unknown): (Vec<_>, Vec<_>) =
                    accepted.unknown.iter().partition(|name| name.starts_with(MALFORMED));
                for _ in unknown {
                    telemetry::count("webhook_unknown_event", inbox.provider.name());
                }
                let (delivery_id, now) = (delivery_id(request), self.clock.now());
                let envelopes = accepted
                    .events
                    .into_iter()
                    .filter_map(|inbound| inbound.envelope(inbox, &delivery_id, now));
                let stored = match Lanes::of(&self.understood(envelopes, until), None) {
                    Ok(lanes) => self.again(until, || self.queues.lanes(&lanes)).await,
                    Err(failure) => Err(failure),
                };
                match stored {
                    Ok(()) => {}
                    Err(_) if planted(Bug::TakenBeforeDurable) => {}
                    Err(failure) => return unavailable(&failure),
                }
                // What cannot be read is kept for admins; the rest has gone its way.
                if let Some(reason) = broken.first() {
                    let broken = self.broken(&endpoint, &webhook, inbox, reason);
                    let kept = self.again(until, || self.queues.quarantine_all(&broken)).await;
                    if let Err(failure) = kept {
                        return unavailable(&failure);
                    }
                }
                accepted.reply.into()
            }
        }
    }

    /// The events with what they mean, as far as there is time for it (`until`, monotonic): what must be on the
    /// queue comes first, and the rest is understood where it is decided.
    fn understood(&self, envelopes: impl Iterator<Item = Envelope>, until: Duration) -> Vec<Envelope> {
        let mut envelopes: Vec<Envelope> = envelopes.collect();
        let now = self.clock.monotonic();
        let enough = now + until.saturating_sub(now) / SHARE_OF_UNDERSTANDING;
        for envelope in &mut envelopes {
            fit(&mut envelope.event.kind);
            if self.clock.monotonic() < enough {
                understand(&mut envelope.event.kind);
            }
        }
        envelopes
    }

    /// Does something again and again as long as the provider waits for its answer (`until`, monotonic): some
    /// providers send a thing once only. What was stored twice is one event. No try outlasts the provider's
    /// patience, and each has the time that an answer takes: stored too late is better than not at all.
    async fn again<T, Work>(&self, until: Duration, work: impl Fn() -> Work) -> Result<T, Failure>
    where
        Work: Future<Output = Result<T, Failure>>,
    {
        let (mut wait, mut tries) = (FIRST_WAIT, 1);
        loop {
            let end = until.max(self.clock.monotonic() + LEAST_PATIENCE);
            let result = match self.clock.within(end, work()).await {
                Some(result) => result,
                None => Err(Failure::retry("no answer in time")),
            };
            match result {
                Err(Failure::Retry { .. }) if tries < MAX_TRIES && self.clock.monotonic() + wait < until => {
                    telemetry::count("webhook_stored", "again");
                    self.clock.pause(wait).await;
                    (wait, tries) = (wait * 2, tries + 1);
                }
                result => return result,
            }
        }
    }

    /// What cannot be read of a call, to be put aside: the broken elements alone, each whole.
    fn broken(
        &self,
        endpoint: &Endpoint<'_>,
        webhook: &WebhookRequest<'_>,
        inbox: &Inbox,
        reason: &str,
    ) -> Vec<Quarantined> {
        let reads =
            |body: &str| match normalise(endpoint, &WebhookRequest { body: body.as_bytes(), ..*webhook }) {
                Verdict::Accepted(accepted) => Says {
                    events: accepted.events.len(),
                    broken: accepted.unknown.iter().any(|name| name.starts_with(MALFORMED)),
                },
                Verdict::Malformed(_) => Says { events: 0, broken: true },
                Verdict::Refused(_) => Says { events: 0, broken: false },
            };
        let parts = match std::str::from_utf8(webhook.body) {
            Ok(body) => apart(body, MAX_KEPT_BYTES, &reads),
            Err(_) => Vec::new(),
        };
        if parts.is_empty() {
            return vec![self.quarantined(inbox, reason, webhook)];
        }
        let part = |part: &String| {
            self.quarantined(inbox, reason, &WebhookRequest { body: part.as_bytes(), ..*webhook })
        };
        parts.iter().map(part).collect()
    }

    /// A call, as far as it takes to read it again.
    fn quarantined(&self, inbox: &Inbox, reason: &str, webhook: &WebhookRequest<'_>) -> Quarantined {
        // A queue takes text only; what is none travels encoded, and says so.
        let (body, base64) = match std::str::from_utf8(webhook.body) {
            Ok(text) if !text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
                (text.to_owned(), false)
            }
            Ok(_) | Err(_) => (BASE64.encode(webhook.body), true),
        };
        let header = |name: &&str| {
            let value = webhook.headers.get(*name)?.to_str().ok()?;
            Some(((*name).to_owned(), value.to_owned()))
        };
        let call = RawCall {
            method: webhook.method.to_string(),
            query: webhook.raw_query.to_owned(),
            headers: READ_HEADERS.iter().filter_map(header).collect(),
            base64,
        };
        let account = inbox.account.clone();
        let mut quarantined = Quarantined::new(account, "evaluate", reason, body, self.clock.now());
        quarantined = quarantined.with_call(call);
        quarantined.inbox = Some(inbox.id.clone());
        quarantined
    }
}

/// How long the gateway waits for this function (`TimeoutInMillis` in infra/template.yaml).
const GATEWAY_WAITS: Duration = Duration::from_secs(10);
/// What is left of a provider's patience for the last attempt and the way back.
const SPARE: Duration = Duration::from_millis(800);
/// The wait before the second attempt to store something; each later one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Attempts to store something: with their waits they fill the longest time that a provider gives.
const MAX_TRIES: u32 = 8;
/// What even the first try has, when nothing is left of a provider's patience: the longest time in which SQS
/// and DynamoDB answer while they are well. With what was spent before it stays below the gateway's.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);
/// The part of the time that is left in which texts are understood, 4 ms of a whole processor each: a quarter of
/// five seconds is for some 150 on the function's share of one. 3 MB may be 15,700, and their calls of ten at a
/// time want the rest.
const SHARE_OF_UNDERSTANDING: u32 = 4;
/// What the name of an element begins with that lacks what it needs.
const MALFORMED: &str = "malformed:";

fn unavailable(failure: &Failure) -> Answer {
    telemetry::failed("evaluate", "retry", failure.reason(), 1);
    Answer::unavailable()
}

/// The body's bytes as the provider sent them; refused by size before anything is computed on it.
fn body_of(request: &ApiGatewayV2httpRequest, limit: usize) -> Result<Vec<u8>, Answer> {
    let too_large = || Answer::plain(StatusCode::PAYLOAD_TOO_LARGE, "body is too large");
    let text = request.body.as_deref().unwrap_or_default();
    if !request.is_base64_encoded {
        return if text.len() > limit { Err(too_large()) } else { Ok(text.as_bytes().to_vec()) };
    }
    if text.len() / 4 * 3 > limit + 2 {
        return Err(too_large());
    }
    let bytes = BASE64
        .decode(text.as_bytes())
        .map_err(|_| Answer::plain(StatusCode::BAD_REQUEST, "body is not base64"))?;
    if bytes.len() > limit { Err(too_large()) } else { Ok(bytes) }
}

/// What this enqueue is called: the gateway's request id, in the letters that an id may have.
fn delivery_id(request: &ApiGatewayV2httpRequest) -> DeliveryId {
    let id = request.request_context.request_id.as_deref().unwrap_or_default();
    let hash = Sha256::digest(id.as_bytes());
    let text: String = lower_base32(&hash).chars().take(26).collect();
    text.parse().unwrap_or_else(|_| DeliveryId::from_random([0; 16]))
}
