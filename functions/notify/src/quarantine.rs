//! What could not be processed: kept where admins look, with word to them.

use handover_aws::{
    Failure,
    batch::Received,
    queue::{self, Notice, Quarantined},
    telemetry,
};
use handover_core::{Audience, EffectId, NotificationKind, copies};

use crate::App;

impl App {
    /// Keeps what could not be processed where admins see it, and tells them.
    pub(crate) async fn keep(&self, received: Received) -> Result<(), Failure> {
        let mut quarantined: Quarantined = match queue::decode(&received.body) {
            Ok(quarantined) => quarantined,
            // What cannot even be kept: the queue's own dead letters hold it for an operator.
            Err(_) => return Err(Failure::retry("quarantined message cannot be read")),
        };
        let account = self.store.account(&quarantined.account).await?;
        if account.as_ref().is_some_and(|(account, _)| !account.store_text) {
            quarantined.body.clear();
            quarantined.call = None;
        }
        // What comes twice was put aside when it first came.
        quarantined.at = self.store.put_quarantine(&quarantined).await?;
        if let Some(conversation) = &quarantined.conversation {
            self.store.put_stub(&quarantined.account, conversation, &quarantined).await?;
        }
        telemetry::count("quarantined", "kept");
        let Some((_, directory)) = account else { return Ok(()) };
        let cause = format!("quarantined-{}", quarantined.id);
        let effect: EffectId = cause.parse().map_err(|_| Failure::quarantine("bad quarantine id"))?;
        let about = NotificationKind::Quarantined;
        let notices: Vec<Notice> = copies(&effect, about, &Audience::Admins, &directory)
            .into_iter()
            .map(|notification| Notice {
                account: quarantined.account.clone(),
                notification,
                conversation: quarantined.conversation.clone(),
                contact: None,
                epoch: None,
                scenario: None,
                at: quarantined.at,
            })
            .collect();
        self.queues.notices(&notices).await
    }
}
