//! Submitting a claimed text to its provider.

use std::{collections::VecDeque, time::Duration};

use handover_aws::{
    Failure, OpenInbox,
    http::{SendError, send},
    queue::Outbound,
    store::{Claim, LedgerState},
    text_hash,
};
use handover_core::{
    Bug, Conversation, DeliveryResult, Fence, InboxId, Provider, Purpose, Suppressed, fence, planted,
};
use handover_providers::{
    FailureClass, Outgoing, Secrets, SendResult, classify, parts, reply_template, send_text, timeout,
};
use http::StatusCode;

use crate::{App, Settled, window};

/// A fence that was read longer ago than this is read again before anything is submitted.
const FENCE_LIVE: Duration = Duration::from_secs(1);
/// How often a fence is read again before the text waits for quieter times.
const FENCE_READS: u32 = 3;
/// Bytes of a provider's answer that are read.
pub(crate) const MAX_ANSWER_BYTES: usize = 262_144;

/// Whether a text may go, and how it will.
pub(crate) enum Checked {
    /// It may, as these requests, if they leave soon after `read_at` (monotonic).
    Go { way: Box<Way>, read_at: Duration },
    /// It may not.
    Stop(Settlement),
}

impl Checked {
    /// What the echoes of the text's parts are recognised by, where it has several.
    pub(crate) fn part_hashes(&self, outbound: &Outbound) -> Vec<String> {
        let Self::Go { way, .. } = self else { return Vec::new() };
        if way.requests.len() < 2 {
            return Vec::new();
        }
        let parts = parts(way.provider, &way.to, &outbound.text);
        parts.into_iter().map(|part| text_hash(&outbound.conversation, part)).collect()
    }
}

/// The way that a text goes.
pub(crate) struct Way {
    provider: Provider,
    inbox: InboxId,
    /// Where it goes.
    to: String,
    /// What sends it, part by part.
    requests: Vec<http::Request<Vec<u8>>>,
    /// What takes its place when the provider says that its reply window has closed.
    template: Option<http::Request<Vec<u8>>>,
    /// The requests carry an access token that had been kept.
    kept_token: bool,
}

/// How a claim is settled.
pub(crate) struct Settlement {
    state: LedgerState,
    /// The provider's ids of the parts that it took.
    messages: Vec<String>,
    detail: Option<String>,
    result: Option<DeliveryResult>,
}

impl Settlement {
    const fn sent(messages: Vec<String>) -> Self {
        Self { state: LedgerState::Sent, messages, detail: None, result: None }
    }

    fn failed(class: &str, code: Option<String>) -> Self {
        let result = DeliveryResult::Failed { class: class.to_owned(), code };
        Self {
            state: LedgerState::Failed,
            messages: Vec::new(),
            detail: Some(class.to_owned()),
            result: Some(result),
        }
    }

    const fn unknown(messages: Vec<String>) -> Self {
        let result = Some(DeliveryResult::Unknown);
        Self { state: LedgerState::Unknown, messages, detail: None, result }
    }

    fn suppressed(why: Suppressed) -> Self {
        let result = Some(DeliveryResult::Suppressed(why));
        let detail = Some(suppressed_name(why).to_owned());
        Self { state: LedgerState::Suppressed, messages: Vec::new(), detail, result }
    }
}

impl App {
    /// Submits a text that is claimed as `attempt`, and settles the claim. `checked` was true right
    /// before the claim; if that is too long ago by now, it is checked again.
    ///
    /// # Errors
    /// [`Failure::Retry`] when it was certainly not sent: the claim is released.
    pub(crate) async fn submit(
        &self,
        outbound: &Outbound,
        claim: &Claim<'_>,
        attempt: u32,
        checked: Checked,
    ) -> Result<Settled, Failure> {
        let settlement = self.submit_checked(outbound, checked).await;
        let now = self.clock.now();
        match settlement {
            Ok(settlement) => {
                let Settlement { state, messages, detail, result } = settlement;
                let detail = detail.as_deref();
                if self.store.settle_claim(claim, attempt, state, &messages, detail, now).await? {
                    Ok(Settled { state, attempt, result })
                } else {
                    // Somebody took us for dead and settled it as unknown.
                    let result = Some(DeliveryResult::Unknown);
                    Ok(Settled { state: LedgerState::Unknown, attempt, result })
                }
            }
            Err(failure) => {
                let released = LedgerState::Released;
                self.store.settle_claim(claim, attempt, released, &[], Some(failure.reason()), now).await?;
                Err(failure)
            }
        }
    }

    async fn submit_checked(&self, outbound: &Outbound, mut checked: Checked) -> Result<Settlement, Failure> {
        for _ in 0..FENCE_READS {
            match checked {
                Checked::Stop(settlement) => return Ok(settlement),
                Checked::Go { way, read_at } => {
                    let age = self.clock.monotonic().saturating_sub(read_at);
                    if age < FENCE_LIVE || planted(Bug::FenceReadOnce) {
                        return self.submit_all(*way).await;
                    }
                }
            }
            checked = self.check(outbound).await?;
        }
        Err(Failure::retry("store is too slow for a safe send"))
    }

    /// Everything that has to be known before the provider is called: the inbox, and last of all
    /// whether the text still stands. Read before the claim, so that a store that cannot be read
    /// leaves no claim behind.
    pub(crate) async fn check(&self, outbound: &Outbound) -> Result<Checked, Failure> {
        let open = match self.inboxes.open(&outbound.inbox).await {
            Ok(open) => open,
            Err(Failure::Quarantine { reason }) => {
                return Ok(Checked::Stop(Settlement::failed(reason, None)));
            }
            Err(failure @ Failure::Retry { .. }) => return Err(failure),
        };
        let Some(open) = open.filter(|open| open.inbox.account == outbound.account) else {
            return Ok(Checked::Stop(Settlement::failed("gone", None)));
        };
        let read_at = self.clock.monotonic();
        let state = self.store.state(&outbound.account, &outbound.conversation).await?;
        let Some(conversation) = state.filter(|conversation| !conversation.is_erased()) else {
            return Ok(Checked::Stop(Settlement::failed("gone", None)));
        };
        let now = self.clock.now();
        match fence(&conversation, outbound.purpose, outbound.epoch, outbound.expires_at, now) {
            Fence::Suppress(why) => return Ok(Checked::Stop(Settlement::suppressed(why))),
            Fence::Submit => {}
        }
        Ok(match self.way(outbound, &open, &conversation).await {
            Ok(way) => Checked::Go { way: Box::new(way), read_at },
            Err(settlement) => Checked::Stop(settlement),
        })
    }

    async fn way(
        &self,
        outbound: &Outbound,
        open: &OpenInbox<Secrets>,
        conversation: &Conversation,
    ) -> Result<Way, Settlement> {
        let reached = self.endpoint(open);
        let endpoint = reached.get();
        let outgoing = Outgoing {
            to: &conversation.address,
            text: &outbound.text,
            purpose: outbound.purpose,
            effect: &outbound.effect,
            sent_at: self.clock.wall(),
        };
        let unsendable = |_| Settlement::failed("bad_settings", None);
        let mut requests = send_text(&endpoint, &outgoing).map_err(unsendable)?;
        let mut template = match outbound.purpose {
            Purpose::Staff => reply_template(&endpoint, &outgoing).map_err(unsendable)?,
            Purpose::Bot | Purpose::Closing => None,
        };
        if window::is_closed(&open.inbox, conversation, outbound.purpose, self.clock.now()) {
            let closed = FailureClass::WindowClosed.name();
            requests = vec![template.take().ok_or_else(|| Settlement::failed(closed, None))?];
        }
        let kept_token = self.authorize(&endpoint, &mut requests).await.unwrap_or(false);
        let provider = open.inbox.provider;
        Ok(Way {
            provider,
            inbox: open.inbox.id.clone(),
            to: conversation.address.clone(),
            requests,
            template,
            kept_token,
        })
    }

    /// Submits the parts of a text in order. Once one is out, the rest is never tried again.
    async fn submit_all(&self, way: Way) -> Result<Settlement, Failure> {
        let Way { provider, inbox, requests, mut template, kept_token, .. } = way;
        let mut requests = VecDeque::from(requests);
        let (mut taken, mut messages) = (0_usize, Vec::new());
        while let Some(request) = requests.pop_front() {
            let answer = send(&self.world, request, timeout(provider), MAX_ANSWER_BYTES).await;
            let result = match answer {
                Ok(answer) if kept_token && answer.status() == StatusCode::UNAUTHORIZED => {
                    self.tokens.forget(&inbox);
                    SendResult::Retry { after: None }
                }
                Ok(answer) => classify(provider, answer.status(), answer.headers(), answer.body()),
                Err(SendError::NotSent { .. }) => SendResult::Retry { after: None },
                Err(SendError::Ambiguous { .. }) if planted(Bug::AmbiguousSentAgain) => {
                    SendResult::Retry { after: None }
                }
                Err(SendError::Ambiguous { .. }) => SendResult::Ambiguous,
            };
            match result {
                SendResult::Sent { message } => {
                    taken += 1;
                    // Some providers give no id.
                    messages.extend(Some(message).filter(|message| !message.is_empty()));
                }
                _ if taken > 0 => return Ok(Settlement::unknown(messages)),
                SendResult::Retry { after } => {
                    return Err(Failure::Retry { after, reason: "provider is not taking messages" });
                }
                SendResult::Failed { class: FailureClass::WindowClosed, .. } if template.is_some() => {
                    requests = template.take().into_iter().collect();
                }
                SendResult::Failed { class, code } => return Ok(Settlement::failed(class.name(), code)),
                SendResult::Ambiguous => return Ok(Settlement::unknown(messages)),
            }
        }
        Ok(if taken == 0 { Settlement::failed("empty", None) } else { Settlement::sent(messages) })
    }
}

const fn suppressed_name(why: Suppressed) -> &'static str {
    match why {
        Suppressed::ControlChanged => "control_changed",
        Suppressed::HumanWrote => "human_wrote",
        Suppressed::Expired => "expired",
        Suppressed::OptedOut => "opted_out",
    }
}

/// Reads what [`suppressed_name`] writes.
pub(crate) fn suppressed_from(name: &str) -> Option<Suppressed> {
    let all = [Suppressed::ControlChanged, Suppressed::HumanWrote, Suppressed::Expired, Suppressed::OptedOut];
    all.into_iter().find(|why| suppressed_name(*why) == name)
}
