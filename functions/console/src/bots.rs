//! Bots with their handover actions. Every edit makes a new revision, live within 30 seconds; an open
//! handover keeps the one that it started with.

use handover_aws::{store::Versioned, telemetry};
use handover_core::{Bot, BotId, BotRevision, Inbox, Problem as FieldProblem};
use handover_detect::Prepared;
use serde::Serialize;

use crate::{
    address,
    http::{Answer, Call, Items},
    lint,
    problem::{Answered, Problem},
    staff::directory,
};

/// A row of the list of bots.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BotRow {
    id: BotId,
    name: String,
    revision: u64,
}

/// A bot in one of its revisions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Revision {
    revision: u64,
    bot: Bot,
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    let mut items = Vec::new();
    for id in call.store().bots(call.account()).await? {
        if let Some(found) = call.store().bot_settings(call.account(), &id).await? {
            items.push(BotRow { id, name: found.bot.name, revision: found.revision });
        }
    }
    Ok(Answer::ok(&Items { items }))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = BotId::from_random(call.new_bytes());
    let bot: Bot = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        return show(call, &id).await;
    }
    check(call, &bot).await?;
    if let Some(revision) = call.store().edit_bot(&call.edit(None), &bot).await? {
        read_phrases(call, revision, &bot).await;
        return Ok(Answer::created(&bot).version(revision));
    }
    // The same request at the same time.
    call.done_before().await?;
    show(call, &id).await
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    show(call, &call.id("bot")?).await
}

async fn find(call: &Call<'_>, id: &BotId) -> Result<BotRevision, Problem> {
    call.store().bot_settings(call.account(), id).await?.ok_or_else(Problem::not_found)
}

async fn show(call: &Call<'_>, id: &BotId) -> Answered {
    let found = find(call, id).await?;
    Ok(Answer::ok(&found.bot).version(found.revision))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: BotId = call.id("bot")?;
    find(call, &id).await?;
    let seen = call.if_match()?;
    let bot: Bot = call.json_with(&[("id", id.as_str())])?;
    check(call, &bot).await?;
    let revision = call.store().edit_bot(&call.edit(Some(seen)), &bot).await?;
    if let Some(revision) = revision {
        read_phrases(call, revision, &bot).await;
    }
    let now = async || {
        let found = call.store().bot_settings(call.account(), &id).await?;
        Ok(found.map(|found| Versioned { value: found.bot, version: found.revision }))
    };
    call.replaced(bot, revision, now).await
}

/// Removes a bot that no inbox has, with its connector's secrets and what it knows.
pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let id: BotId = call.id("bot")?;
    let edit = call.edit(Some(call.if_match()?));
    let Some(known) = call.store().bot_settings(call.account(), &id).await? else {
        // A removal that died may have left what it knew.
        call.store().forget_removed_bot(&edit, &id).await?;
        return Err(Problem::not_found());
    };
    let overview = call.store().overview(call.account()).await?.ok_or_else(Problem::not_found)?;
    let users = overview.inboxes.iter().filter(|inbox| inbox.bot.as_ref() == Some(&id));
    let users: Vec<String> = users.map(|inbox| format!("{} ({})", inbox.name, inbox.id)).collect();
    if !users.is_empty() {
        let detail =
            format!("these inboxes have this bot: {}; give them another one or none first", users.join(", "));
        return Err(Problem::in_use(&detail));
    }
    if !call.store().remove_bot(&edit, &known.bot).await? {
        return Err(Problem::changed());
    }
    call.store().forget_removed_bot(&edit, &id).await?;
    Ok(Answer::gone())
}

/// A bot as it was in one of its revisions.
pub(crate) async fn revision(call: &Call<'_>) -> Answered {
    let (id, revision): (BotId, u64) = (call.id("bot")?, call.id("revision")?);
    let found = call.store().revision(call.account(), &id, revision).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(&Revision { revision: found.revision, bot: found.bot }))
}

/// Reads what the phrases of a saved bot mean, so that no client's message waits for it. Should it be lost,
/// the first message reads them.
async fn read_phrases(call: &Call<'_>, revision: u64, bot: &Bot) {
    let saved = BotRevision { revision, bot: bot.clone() };
    if let Err(failure) = call.store().keep_meanings(call.account(), &saved, &Prepared::new(bot)).await {
        telemetry::failed("console", "phrases", failure.reason(), 1);
    }
}

/// Everything wrong with a bot's settings, those that it names included.
async fn check(call: &Call<'_>, bot: &Bot) -> Result<(), Problem> {
    let mut problems = bot.validate().err().unwrap_or_default();
    problems.extend(address::of_bot(call.app, bot));
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
    let overview = call.store().overview(call.account()).await?.ok_or_else(Problem::not_found)?;
    let inboxes = overview.inboxes.iter().filter(|inbox| inbox.bot.as_ref() == Some(&bot.id));
    let inboxes: Vec<&Inbox> = inboxes.collect();
    let supplies = lint::Supplies::of(call.app, call.account(), &bot).await?;
    let warnings = lint::lint(&overview.account.value, &overview.directory, &bot, &inboxes, &supplies);
    let items = warnings.iter().map(lint::Warning::problem).collect();
    Ok(Answer::ok(&Items { items }))
}
