//! What could not be processed: look at it, send it on its way again, or let it go.

use handover_aws::{Scope, store::QuarantineItem};
use handover_core::lower_base32;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    access::permit,
    http::{Answer, Call},
    problem::{Answered, Problem},
};

/// Characters of a reason.
const MAX_REASON_CHARS: usize = 200;

/// What an account has in quarantine, oldest first, without the things themselves.
pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let items = call.store().quarantine(call.account()).await?;
    let items: Vec<Value> = items.iter().take(call.limit()?).map(shown).collect();
    Ok(Answer::ok(json!({"items": items})))
}

fn shown(item: &QuarantineItem) -> Value {
    json!({
        "id": item.id,
        "reason": item.reason,
        "source": item.source,
        "inbox": item.inbox,
        "conversation": item.conversation,
        "at": item.at,
    })
}

async fn find(call: &Call<'_>) -> Result<QuarantineItem, Problem> {
    let id: handover_core::EventId = call.id("item")?;
    let items = call.store().quarantine(call.account()).await?;
    items.into_iter().find(|item| item.id == id.as_str()).ok_or_else(Problem::not_found)
}

/// One of them with the thing itself, which may hold what a client wrote.
pub(crate) async fn one(call: &Call<'_>) -> Answered {
    permit(call.caller, Scope::Admin)?;
    let item = find(call).await?;
    let mut answer = shown(&item);
    if let Some(members) = answer.as_object_mut() {
        members.insert("body".to_owned(), json!(item.body));
    }
    Ok(Answer::ok(answer))
}

/// Puts it back on the queue that it came from. What was done already is not done again, so that a
/// second redrive is harmless.
pub(crate) async fn redrive(call: &Call<'_>) -> Answered {
    let item = find(call).await?;
    let deduplication = format!("redrive-{}", lower_base32(&call.app.random.bytes::<16>()));
    if !call.app.processor.queues().redrive(&item, deduplication).await? {
        return Err(Problem::conflict(
            "not_redrivable",
            "It cannot be sent on its way again",
            "it was refused before it became an event: ask the provider to send it again, or discard it",
        ));
    }
    // Last: if this process dies before, the item is still here.
    call.store().discard_quarantined(&call.edit(None), &item.id, "redriven").await?;
    Ok(Answer::accepted(shown(&item)))
}

#[derive(Debug, Deserialize)]
struct Why {
    reason: String,
}

/// Lets it go, with a line in the journal that says why.
pub(crate) async fn discard(call: &Call<'_>) -> Answered {
    let item = find(call).await?;
    let Why { reason } = call.json()?;
    if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS {
        return Err(Problem::field("reason", format!("must have 1 to {MAX_REASON_CHARS} characters")));
    }
    call.store().discard_quarantined(&call.edit(None), &item.id, &reason).await?;
    Ok(Answer::gone())
}
