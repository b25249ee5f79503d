//! How something that was put aside goes on its way again: a message onto the queue that it came from, a
//! webhook call as the events that it can be read as now.

use data_encoding::BASE64;
use handover_aws::{
    fit,
    queue::RawCall,
    store::{QuarantineItem, StoredInbox},
};
use handover_core::{AccountId, DeliveryId, Envelope, lower_base32};
use handover_providers::{Endpoint, Verdict, WebhookRequest, normalise};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::{
    Api, broken,
    inboxes::{open, webhook_url},
    problem::Problem,
};

impl Api {
    /// Sends it again, under a deduplication id of its own.
    pub(crate) async fn send_again(&self, account: &AccountId, item: &QuarantineItem) -> Result<(), Problem> {
        if item.cut {
            return Err(stuck(
                "only its beginning was kept: ask the provider to send it again, or discard it",
            ));
        }
        let (queues, anew) = (self.processor.queues(), lower_base32(&self.random.bytes::<16>()));
        if let Some(call) = &item.call {
            let envelopes = self.read_again(account, item, call).await?;
            return Ok(queues.events_anew(&envelopes, &anew).await?);
        }
        if item.body.is_empty() {
            return Err(stuck("the account keeps no text: ask the provider to send it again, or discard it"));
        }
        if queues.redrive(item, format!("redrive-{anew}")).await? {
            return Ok(());
        }
        Err(stuck("it did not come from a queue that it could go back to; discard it"))
    }

    /// The events of a webhook call, read by the present code. It was found authentic when it came.
    async fn read_again(
        &self,
        account: &AccountId,
        item: &QuarantineItem,
        call: &RawCall,
    ) -> Result<Vec<Envelope>, Problem> {
        let found = match &item.inbox {
            Some(id) => self.processor.store().inbox_settings(account, id).await?,
            None => None,
        };
        let stored = found.ok_or_else(|| stuck("its inbox is gone; discard it"))?.value;
        let inbox = &stored.inbox;
        let still = |reason: &str| stuck(&format!("it still cannot be read: {reason}"));
        let accepted = match self.said_by(&stored, item, call)? {
            Verdict::Accepted(accepted) => accepted,
            Verdict::Malformed(malformed) => return Err(still(&malformed.reason)),
            Verdict::Refused(refusal) => return Err(still(refusal.reason)),
        };
        if let Some(broken) = accepted.unknown.iter().find(|name| name.starts_with("malformed:")) {
            return Err(still(broken));
        }
        // The same for every redrive: what a redrive that died has led to is published again, and what
        // the call's first reading has led to is not done twice.
        let delivery_id: DeliveryId = item.id.parse().map_err(|_| unreadable())?;
        // It keeps the time at which it came: what is a day old is recorded and not acted on. What it means is
        // found out where it is decided: there may be thousands of them, and somebody waits for an answer here.
        let events = accepted.events.into_iter();
        let mut envelopes: Vec<Envelope> =
            events.filter_map(|event| event.envelope(inbox, &delivery_id, item.at)).collect();
        for envelope in &mut envelopes {
            fit(&mut envelope.event.kind);
        }
        Ok(envelopes)
    }

    /// What a webhook call that was put aside says to the present code.
    pub(crate) fn said_by(
        &self,
        stored: &StoredInbox,
        item: &QuarantineItem,
        call: &RawCall,
    ) -> Result<Verdict, Problem> {
        let secrets = open(self, stored)?;
        let (inbox, public_url) = (&stored.inbox, webhook_url(self, &stored.inbox.id));
        let endpoint = Endpoint {
            provider: inbox.provider,
            inbox: &inbox.id,
            public_url: &public_url,
            settings: &inbox.settings,
            secrets: &secrets,
        };
        let body = if call.base64 {
            BASE64.decode(item.body.as_bytes()).map_err(|_| unreadable())?
        } else {
            item.body.clone().into_bytes()
        };
        let method: Method = call.method.parse().map_err(|_| unreadable())?;
        let mut headers = HeaderMap::new();
        for (name, value) in &call.headers {
            let name: HeaderName = name.parse().map_err(|_| unreadable())?;
            headers.insert(name, HeaderValue::from_str(value).map_err(|_| unreadable())?);
        }
        let request =
            WebhookRequest { method: &method, raw_query: &call.query, headers: &headers, body: &body };
        Ok(normalise(&endpoint, &request))
    }
}

fn unreadable() -> Problem {
    broken("quarantined call cannot be read")
}

fn stuck(detail: &str) -> Problem {
    Problem::conflict("not_redrivable", "It cannot be sent on its way again", detail)
}
