//! Taking what is theirs from staff members and teams who were removed, a page at a time.

use std::time::Duration;

use handover_aws::{
    Failure, SETTINGS_LIVE,
    queue::{Notice, Timed, own_event},
    telemetry,
};
use handover_core::{
    AccountId, Assignee, Audience, Command, CommandKind, EffectId, EventId, EventKind, NotificationKind,
    Principal, Timestamp, copies,
};

use crate::App;

/// Conversations of one page: some twenty calls to a queue.
const PAGE: usize = 200;
/// Settings that still know them are no longer believed by then, and the index has caught up.
const AGAIN_AFTER: Duration = SETTINGS_LIVE.saturating_add(Duration::from_secs(30));
/// A removal that has not come to its end by then has been lost on its way.
const LOST_AFTER: Duration = Duration::from_mins(10);

/// Somebody who was removed, and how far their removal has got.
#[derive(Clone, Debug)]
pub(crate) struct Leaver {
    pub(crate) account: AccountId,
    pub(crate) assignee: Assignee,
    pub(crate) at: Timestamp,
    pub(crate) again: bool,
    pub(crate) found: bool,
    pub(crate) cursor: Option<String>,
}

impl Leaver {
    fn timed(self) -> Timed {
        let Self { account, assignee, at, again, found, cursor } = self;
        Timed::Left { account, assignee, at, again, found, cursor }
    }
}

impl App {
    /// One page: word to the admins, an event for each conversation, then the next page; and everything
    /// once more, when nobody can be assigned anything by settings of before.
    pub(crate) async fn take_from(&self, leaver: &Leaver) -> Result<(), Failure> {
        let (store, queues) = (self.processor.store(), self.processor.queues());
        let Leaver { account, assignee, at, again, .. } = leaver;
        let now = self.processor.clock().now();
        let page = store.conversations_of(account, assignee, PAGE, leaver.cursor.as_deref()).await?;
        let release = |row: &handover_aws::store::ListedConversation| {
            let pass = if *again { "again" } else { "first" };
            let cause = format!("{}-{}-{pass}", assignee.label(), at.as_ms());
            let id = EventId::of(&row.conversation, "release", &cause);
            let kind = CommandKind::Release { from: assignee.clone() };
            let command = Command { by: Principal::System, reason: None, kind };
            let kind = EventKind::Command(command);
            let envelope = own_event(account, &row.inbox, &row.conversation, id, now, kind);
            Timed::Event { envelope: Box::new(envelope) }
        };
        let events: Vec<Timed> = page.rows.iter().map(release).collect();
        if !events.is_empty() && !leaver.found {
            // First: once they are released, nobody sees any more that they were.
            self.tell_admins(leaver).await?;
        }
        queues.timed_all(&events, Duration::ZERO).await?;
        telemetry::count("released", if *again { "again" } else { "first" });
        let found = leaver.found || !events.is_empty();
        if let Some(next) = page.next {
            let rest = Leaver { found, cursor: Some(next), ..leaver.clone() };
            return queues.timed(&rest.timed(), Duration::ZERO).await;
        }
        if *again {
            return store.has_left(account, assignee).await;
        }
        let second = Leaver { again: true, found: false, cursor: None, ..leaver.clone() };
        queues.timed(&second.timed(), AGAIN_AFTER).await
    }

    /// The same word however often it is sent.
    async fn tell_admins(&self, leaver: &Leaver) -> Result<(), Failure> {
        let Some((_, directory)) = self.processor.store().account(&leaver.account).await? else {
            return Ok(());
        };
        let id = match &leaver.assignee {
            Assignee::Staff(id) => id.as_str(),
            Assignee::Team(id) => id.as_str(),
        };
        // Told once for each removal: what counts days counts removals here.
        let effect = EffectId::daily(&leaver.account, &format!("left-{id}"), leaver.at.as_ms());
        let about = NotificationKind::AssigneeLeft;
        let copies = copies(&effect, about, &Audience::Admins, &directory);
        let notices: Vec<Notice> = copies
            .into_iter()
            .map(|notification| Notice {
                account: leaver.account.clone(),
                notification,
                conversation: None,
                contact: None,
                epoch: None,
                scenario: None,
                at: leaver.at,
            })
            .collect();
        self.processor.queues().notices(&notices).await
    }

    /// Takes up the removals that got lost on their way.
    pub(crate) async fn remind_of_leavers(&self, account: &AccountId, now: Timestamp) -> Result<(), Failure> {
        let leaving = self.processor.store().leaving(account).await?;
        for item in leaving.into_iter().filter(|item| now.since(item.at) >= LOST_AFTER) {
            let (assignee, at) = (item.assignee, item.at);
            let leaver =
                Leaver { account: account.clone(), assignee, at, again: false, found: false, cursor: None };
            self.processor.queues().timed(&leaver.timed(), Duration::ZERO).await?;
        }
        Ok(())
    }
}
