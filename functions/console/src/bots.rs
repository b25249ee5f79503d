//! Bots with their handover actions. Every edit makes a new revision, live within 30 seconds; an open
//! handover keeps the one that it started with.

use handover_core::{Bot, BotId, BotRevision, Problem as FieldProblem};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Call},
    lint,
    problem::{Answered, Problem},
    staff::directory,
};

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let mut items = Vec::new();
    for id in call.store().bots(call.account()).await? {
        if let Some(bot) = call.store().bot_settings(call.account(), &id).await? {
            items.push(json!({"id": bot.bot.id, "name": bot.bot.name, "revision": bot.revision}));
        }
    }
    Ok(Answer::ok(json!({"items": items})))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = BotId::from_random(call.new_bytes()?);
    let bot: Bot = call.json_with(&[("id", id.as_str())])?;
    check(call, &bot).await?;
    match call.store().edit_bot(&call.edit(None), &bot).await? {
        Some(revision) => Ok(Answer::created(shown(&bot)).version(revision)),
        // The same idempotency key: it was made before.
        None => show(call, &id).await,
    }
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    show(call, &call.id("bot")?).await
}

async fn find(call: &Call<'_>, id: &BotId) -> Result<BotRevision, Problem> {
    call.store().bot_settings(call.account(), id).await?.ok_or_else(Problem::not_found)
}

async fn show(call: &Call<'_>, id: &BotId) -> Answered {
    let found = find(call, id).await?;
    Ok(Answer::ok(shown(&found.bot)).version(found.revision))
}

fn shown(bot: &Bot) -> Value {
    json!(bot)
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: BotId = call.id("bot")?;
    find(call, &id).await?;
    let seen = call.if_match()?;
    let bot: Bot = call.json_with(&[("id", id.as_str())])?;
    check(call, &bot).await?;
    let revision = call.store().edit_bot(&call.edit(Some(seen)), &bot).await?;
    Ok(Answer::ok(shown(&bot)).version(revision.ok_or_else(Problem::changed)?))
}

/// A bot as it was in one of its revisions.
pub(crate) async fn revision(call: &Call<'_>) -> Answered {
    let (id, revision): (BotId, u64) = (call.id("bot")?, call.id("revision")?);
    let found = call.store().revision(call.account(), &id, revision).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(json!({"revision": found.revision, "bot": shown(&found.bot)})))
}

/// Everything wrong with a bot's settings, those that it names included.
async fn check(call: &Call<'_>, bot: &Bot) -> Result<(), Problem> {
    let mut problems = bot.validate().err().unwrap_or_default();
    let directory = directory(call).await?;
    for (index, action) in bot.actions.iter().enumerate() {
        if action.assign.as_ref().is_some_and(|assign| !directory.has(&assign.to)) {
            let message = "there is no such staff member or team".to_owned();
            problems.push(FieldProblem { field: format!("actions[{index}].assign.to"), message });
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Problem::invalid(problems)) }
}

/// What works, but hardly as it was meant.
pub(crate) async fn linted(call: &Call<'_>) -> Answered {
    let bot = find(call, &call.id("bot")?).await?.bot;
    let (account, directory) = call.store().account(call.account()).await?.ok_or_else(Problem::not_found)?;
    let mut inboxes = Vec::new();
    for id in call.store().inboxes(call.account()).await? {
        let found = call.store().inbox_settings(call.account(), &id).await?;
        inboxes
            .extend(found.map(|found| found.value.inbox).filter(|inbox| inbox.bot.as_ref() == Some(&bot.id)));
    }
    let warnings = lint::lint(&account, &directory, &bot, &inboxes);
    Ok(Answer::ok(json!({"items": warnings})))
}
