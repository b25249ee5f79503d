//! What could not be processed: look at it, send it on its way again, or let it go.

use handover_aws::{
    Scope,
    store::{Edit, QuarantineItem},
};
use handover_core::{AccountId, ConversationId, EventId, InboxId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Api,
    access::permit,
    http::{Answer, Call, Paged, cursor_text},
    problem::{Answered, Problem},
};

/// Characters of a reason.
const MAX_REASON_CHARS: usize = 200;

/// Something that could not be processed, without the thing itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "QuarantineItem"))]
pub(crate) struct Shown {
    id: String,
    /// What is wrong with it.
    reason: String,
    /// Which function put it aside.
    source: String,
    inbox: Option<InboxId>,
    conversation: Option<ConversationId>,
    at: Timestamp,
}

/// One of them with the thing itself, which may hold what a client wrote.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "QuarantineBody"))]
pub(crate) struct Whole {
    #[serde(flatten)]
    shown: Shown,
    /// None: the account keeps no text.
    body: Option<String>,
    /// Only its beginning was kept.
    cut: bool,
}

impl From<QuarantineItem> for Shown {
    fn from(item: QuarantineItem) -> Self {
        Self {
            id: item.id,
            reason: item.reason,
            source: item.source,
            inbox: item.inbox,
            conversation: item.conversation,
            at: item.at,
        }
    }
}

/// What an account has in quarantine, oldest first.
pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let (limit, after) = (call.limit()?, call.cursor()?);
    let page = call.store().quarantine_page(call.account(), false, limit, after.as_deref()).await?;
    let next = page.next.as_deref().map(cursor_text);
    Ok(Answer::ok(&Paged { items: page.rows.into_iter().map(Shown::from).collect(), next }))
}

/// One of them with the thing itself.
pub(crate) async fn one(call: &Call<'_>) -> Answered {
    permit(call.caller, Scope::Admin)?;
    let item = call.app.quarantined(call.account(), &call.id("item")?).await?;
    let (body, cut) = (item.body.clone(), item.cut);
    Ok(Answer::ok(&Whole { shown: item.into(), body: Some(body).filter(|body| !body.is_empty()), cut }))
}

/// Something that is on its way again.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Redriven {
    id: EventId,
}

/// Sends it on its way again. What was done already is not done again, so that a second redrive is
/// harmless.
pub(crate) async fn redrive(call: &Call<'_>) -> Answered {
    let id: EventId = call.id("item")?;
    if !call.done_before().await? {
        call.app.redrive(&call.edit(None), &id).await?;
    }
    Ok(Answer::accepted(&Redriven { id }))
}

/// Why something is let go.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Why {
    #[cfg_attr(test, schemars(length(min = 1, max = MAX_REASON_CHARS)))]
    reason: String,
}

/// Lets it go, with a line in the journal that says why.
pub(crate) async fn discard(call: &Call<'_>) -> Answered {
    let id: EventId = call.id("item")?;
    if !call.done_before().await? {
        call.app.quarantined(call.account(), &id).await?;
        let Why { reason } = call.json()?;
        call.app.discard(&call.edit(None), &id, &reason).await?;
    }
    Ok(Answer::gone())
}

impl Api {
    async fn quarantined(&self, account: &AccountId, id: &EventId) -> Result<QuarantineItem, Problem> {
        let found = self.processor.store().quarantined(account, id.as_str()).await?;
        found.ok_or_else(Problem::not_found)
    }

    /// Sends something on its way again, and only then lets go of it: if this process dies in between,
    /// it is still here.
    pub(crate) async fn redrive(&self, edit: &Edit<'_>, id: &EventId) -> Result<(), Problem> {
        let item = self.quarantined(edit.account, id).await?;
        self.send_again(edit.account, &item).await?;
        Ok(self.processor.store().discard_quarantined(edit, &item, "redriven").await?)
    }

    /// Lets go of something.
    pub(crate) async fn discard(&self, edit: &Edit<'_>, id: &EventId, reason: &str) -> Result<(), Problem> {
        let item = self.quarantined(edit.account, id).await?;
        if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS {
            return Err(Problem::field("reason", format!("must have 1 to {MAX_REASON_CHARS} characters")));
        }
        Ok(self.processor.store().discard_quarantined(edit, &item, reason).await?)
    }
}
