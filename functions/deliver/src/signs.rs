//! What goes along with texts: signs of life, and moves of the provider's own thread.

use std::time::Duration;

use handover_aws::{
    Failure, OpenInbox,
    http::send,
    queue::{Outbound, Sign, ThreadMove},
    telemetry,
};
use handover_core::{Control, Conversation, Provider, Purpose, ThreadTarget};
use handover_providers::{
    Move, Secrets, SendResult, classify_move, mark_read, move_thread, show_typing, timeout,
};

use crate::{App, submit::MAX_ANSWER_BYTES};

/// How long a sign of life may take: the answer behind it waits for it.
const SIGN_TIMEOUT: Duration = Duration::from_secs(2);
/// A thread that could not be moved after so many attempts is for admins to look at.
const THREAD_ATTEMPTS: u32 = 8;

impl App {
    /// Shows the client that an answer is on its way, if it still is. Nothing that goes wrong with it is a
    /// reason to fail, or to try again.
    pub(crate) async fn show(&self, sign: &Sign) {
        let shown = self.try_to_show(sign).await;
        telemetry::count("sign", if shown.is_some() { "shown" } else { "left_out" });
    }

    async fn try_to_show(&self, sign: &Sign) -> Option<()> {
        let open = self.inboxes.open(&sign.inbox).await.ok()??;
        let open = Some(open).filter(|open| open.inbox.account == sign.account)?;
        let conversation = self.store.state(&sign.account, &sign.conversation).await.ok()??;
        let still = match sign.typing {
            Purpose::Bot => conversation.control == Control::Bot && conversation.epoch == sign.epoch,
            Purpose::Staff | Purpose::Closing => true,
        };
        if !still || conversation.opted_out || conversation.is_erased() {
            return None;
        }
        let (endpoint, to) = (self.endpoint(&open), conversation.address.as_str());
        let message = sign.message.as_deref().unwrap_or_default();
        if open.inbox.provider.typing_names_message() && message.is_empty() {
            return None;
        }
        let typing = show_typing(&endpoint.get(), to, message).ok().flatten();
        // WhatsApp's typing indicator marks the message as read as well.
        let read = mark_read(&endpoint.get(), to, message).ok().flatten();
        let read = read.filter(|_| open.inbox.provider != Provider::WhatsApp);
        let mut shown = None;
        for request in read.into_iter().chain(typing) {
            shown =
                send(&self.world, request, SIGN_TIMEOUT, MAX_ANSWER_BYTES).await.ok().map(|_| ()).or(shown);
        }
        shown
    }

    /// Moves the provider's own thread, if control is still where the thread goes.
    pub(crate) async fn move_thread(&self, thread: &ThreadMove, receives: u32) -> Result<(), Failure> {
        let open = self.inboxes.open(&thread.inbox).await?;
        let Some(open) = open.filter(|open| open.inbox.account == thread.account) else { return Ok(()) };
        let Some(conversation) = self.store.state(&thread.account, &thread.conversation).await? else {
            return Ok(());
        };
        let direction = match (thread.thread_to, &conversation.control) {
            (ThreadTarget::Humans, Control::Human(_)) => Move::ToHumans,
            (ThreadTarget::Bot, Control::Bot) => Move::ToUs,
            (ThreadTarget::Humans, Control::Bot) | (ThreadTarget::Bot, Control::Human(_)) => return Ok(()),
        };
        if conversation.epoch != thread.epoch || conversation.is_erased() {
            return Ok(());
        }
        match self.try_to_move(&open, &conversation, direction).await? {
            SendResult::Sent { .. } => {
                telemetry::count("thread", "moved");
                Ok(())
            }
            // The provider lets nobody take a thread: its owner is asked. Until they pass it, what the client
            // writes comes marked as somebody else's to answer, which keeps the bot quiet.
            SendResult::Failed { .. }
                if direction == Move::ToUs && self.asked(&open, &conversation).await? =>
            {
                telemetry::count("thread", "requested");
                Ok(())
            }
            SendResult::Retry { after } if receives < THREAD_ATTEMPTS => {
                Err(Failure::Retry { after, reason: "provider does not move the thread yet" })
            }
            // Moving it twice is moving it once.
            SendResult::Ambiguous if receives < THREAD_ATTEMPTS => {
                Err(Failure::retry("provider does not move the thread yet"))
            }
            SendResult::Retry { .. } | SendResult::Ambiguous | SendResult::Failed { .. } => {
                Err(Failure::quarantine("provider refused to move the thread"))
            }
        }
    }

    /// Before a staff member's reply from our side: a thread that was passed to the provider's own app is
    /// taken back, because only its owner can write in it. What comes of it shows in the reply's result.
    pub(crate) async fn hold_thread(&self, outbound: &Outbound) -> Option<()> {
        if outbound.purpose != Purpose::Staff {
            return None;
        }
        let open = self.inboxes.open(&outbound.inbox).await.ok()??;
        let owned = matches!(open.inbox.provider, Provider::Messenger | Provider::Instagram);
        if !owned || !open.inbox.moves_threads() {
            return None;
        }
        let conversation = self.store.state(&outbound.account, &outbound.conversation).await.ok()??;
        if let SendResult::Failed { .. } = self.try_to_move(&open, &conversation, Move::ToUs).await.ok()? {
            self.asked(&open, &conversation).await.ok()?;
        }
        Some(())
    }

    /// Asks the thread's owner to pass it to us, where the provider has a way to; whether it took the request.
    async fn asked(&self, open: &OpenInbox<Secrets>, conversation: &Conversation) -> Result<bool, Failure> {
        let endpoint = self.endpoint(open);
        let can_ask = move_thread(&endpoint.get(), &conversation.address, Move::Ask);
        if !can_ask.is_ok_and(|request| request.is_some()) {
            return Ok(false);
        }
        let answer = self.try_to_move(open, conversation, Move::Ask).await?;
        Ok(matches!(answer, SendResult::Sent { .. }))
    }

    async fn try_to_move(
        &self,
        open: &OpenInbox<Secrets>,
        conversation: &Conversation,
        direction: Move,
    ) -> Result<SendResult, Failure> {
        let endpoint = self.endpoint(open);
        let request = move_thread(&endpoint.get(), &conversation.address, direction)
            .map_err(|_| Failure::quarantine("the inbox's settings cannot move the thread"))?;
        let Some(request) = request else { return Ok(SendResult::Sent { message: String::new() }) };
        let provider = open.inbox.provider;
        Ok(match send(&self.world, request, timeout(provider), MAX_ANSWER_BYTES).await {
            Ok(answer) => classify_move(provider, answer.status(), answer.headers(), answer.body()),
            Err(_) => SendResult::Ambiguous,
        })
    }
}
