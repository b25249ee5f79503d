//! SMS, through an inbox of the account that can send them.

use std::time::Duration;

use handover_aws::{
    Failure, OpenInbox,
    http::{SendError, send},
    queue::Notice,
};
use handover_core::{Account, Channel, Provider, Purpose};
use handover_providers::{Endpoint, Outgoing, Secrets, SendResult, classify, send_text, timeout};

use crate::App;

/// Bytes of a provider's answer that are read.
const MAX_ANSWER_BYTES: usize = 262_144;

/// An SMS ready to leave.
pub(crate) struct Sms {
    provider: Provider,
    requests: Vec<http::Request<Vec<u8>>>,
}

/// What became of an SMS.
pub(crate) enum Sent {
    /// The provider took it.
    Taken,
    /// The provider will not take it.
    Refused(String),
    /// Nobody can know.
    InDoubt,
    /// It was certainly not sent, and may be later.
    NotYet(Option<Duration>),
}

impl Sms {
    /// How long sending it may take.
    pub(crate) fn patience(&self) -> Duration {
        timeout(self.provider)
    }
}

impl App {
    /// Prepares an SMS; the inner error says why this account can send none.
    pub(crate) async fn prepare_sms(
        &self,
        account: &Account,
        notice: &Notice,
        phone: &str,
        text: &str,
    ) -> Result<Result<Sms, &'static str>, Failure> {
        let Some(inbox) = &account.sms_inbox else { return Ok(Err("no inbox for SMS is chosen")) };
        let open = match self.inboxes.open(inbox).await {
            Ok(open) => open,
            Err(Failure::Quarantine { reason }) => return Ok(Err(reason)),
            Err(failure @ Failure::Retry { .. }) => return Err(failure),
        };
        let Some(open) = open.filter(|open| open.inbox.account == account.id) else {
            return Ok(Err("the inbox for SMS does not exist"));
        };
        if open.inbox.channel != Channel::Sms {
            return Ok(Err("the inbox for SMS is of another channel"));
        }
        let Some(to) = address(open.inbox.provider, phone) else {
            return Ok(Err("the inbox's provider writes to no phone numbers of our choice"));
        };
        Ok(self.requests(&open, notice, &to, text).ok_or("the inbox for SMS lacks a setting or a secret"))
    }

    fn requests(&self, open: &OpenInbox<Secrets>, notice: &Notice, to: &str, text: &str) -> Option<Sms> {
        let public_url = format!("{}/webhooks/{}", self.public_url, open.inbox.id);
        let endpoint = Endpoint {
            provider: open.inbox.provider,
            inbox: &open.inbox.id,
            public_url: &public_url,
            settings: &open.inbox.settings,
            secrets: &open.secrets,
        };
        let outgoing = Outgoing {
            to,
            text,
            purpose: Purpose::Staff,
            effect: &notice.notification.id,
            sent_at: self.clock.wall(),
        };
        let requests = send_text(&endpoint, &outgoing).ok()?;
        Some(Sms { provider: open.inbox.provider, requests })
    }

    /// Sends a claimed SMS. Once one of its parts is out, the rest is never tried again.
    pub(crate) async fn send_sms(&self, sms: Sms) -> Sent {
        let mut any = false;
        for request in sms.requests {
            let answer = send(&self.world, request, timeout(sms.provider), MAX_ANSWER_BYTES).await;
            let result = match answer {
                Ok(answer) => classify(sms.provider, answer.status(), answer.headers(), answer.body()),
                Err(SendError::NotSent(_)) => SendResult::Retry { after: None },
                Err(SendError::Ambiguous(_)) => SendResult::Ambiguous,
            };
            match result {
                SendResult::Sent { .. } => any = true,
                _ if any => return Sent::InDoubt,
                SendResult::Retry { after } => return Sent::NotYet(after),
                SendResult::Failed { class, code } => {
                    let code = code.map(|code| format!(" (code {code})")).unwrap_or_default();
                    return Sent::Refused(format!("the provider refuses it: {}{code}", class.name()));
                }
                SendResult::Ambiguous => return Sent::InDoubt,
            }
        }
        if any { Sent::Taken } else { Sent::Refused("there is nothing to say".to_owned()) }
    }
}

/// A phone number (E.164) as the provider's send calls want it; `None` where a send goes to a contact or
/// thread of the provider's, which a staff member is not.
fn address(provider: Provider, phone: &str) -> Option<String> {
    match provider {
        Provider::Generic | Provider::Twilio | Provider::Bird => Some(phone.to_owned()),
        // Vonage Messages wants the digits alone.
        Provider::Vonage => Some(format!("sms:{}", phone.trim_start_matches('+'))),
        Provider::Sinch => Some(format!("SMS:{}", phone.trim_start_matches('+'))),
        Provider::TwilioConversations
        | Provider::WhatsApp
        | Provider::Messenger
        | Provider::Instagram
        | Provider::HighLevel
        | Provider::Telegram
        | Provider::Slack
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::MessageBird
        | Provider::Viber
        | Provider::Sunshine => None,
    }
}
