//! A revision of a bot beside the one before it: what an edit changed.

use std::collections::BTreeMap;

use handover_core::{Bot, BotId};
use maud::html;
use serde_json::{Value, json};

use super::{
    Page, Shown, bots::Part, bots::head, handover::scenario_name, layout::Nav, visit::Visit, words as w,
};
use crate::problem::Problem;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let (id, number): (BotId, u64) = (visit.id("bot")?, visit.id("revision")?);
    let numbers = [number, number.saturating_sub(1)];
    let found = visit.store().revisions(&visit.account.id, &id, &numbers).await?;
    let of = |number: u64| found.iter().find(|found| found.revision == number).map(|found| &found.bot);
    let bot = of(number).ok_or_else(Problem::not_found)?;
    let (before, after) = (of(number.saturating_sub(1)).map(settings).unwrap_or_default(), settings(bot));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    let body = html! {
        (head(&id, &bot.name, Part::Settings))
        h2 { (w::REVISION) " " (number) }
        @if names.is_empty() { p.muted { (w::NOTHING_CHANGED) } } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th scope="col" { (w::WHAT) } th scope="col" { (w::BEFORE) } th scope="col" { (w::AFTER) } } }
                tbody { @for name in names { tr {
                    th scope="row" { (name) }
                    td { (before.get(name).map_or("", String::as_str)) }
                    td { (after.get(name).map_or("", String::as_str)) }
                } } }
            } }
        }
    };
    Ok(Page::new(Nav::Bots, bot.name.clone(), body).into())
}

/// Everything that is set of a bot, by names that people can read.
fn settings(bot: &Bot) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if let Value::Object(members) = json!(bot) {
        let own = members.iter().filter(|(name, _)| !["id", "actions"].contains(&name.as_str()));
        own.for_each(|(name, value)| walk(&readable(name), value, &mut all));
    }
    for (place, action) in bot.actions.iter().enumerate() {
        let name = scenario_name(&action.scenario);
        all.insert(format!("{name} · {}", w::PLACE), (place + 1).to_string());
        if let Value::Object(members) = json!(action) {
            let own = members.iter().filter(|(member, _)| *member != "id");
            own.for_each(|(member, value)| walk(&format!("{name} · {}", readable(member)), value, &mut all));
        }
    }
    all
}

fn walk(name: &str, value: &Value, all: &mut BTreeMap<String, String>) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(member, value)| walk(&format!("{name} · {}", readable(member)), value, all));
        }
        Value::Array(rows) => {
            all.insert(name.to_owned(), rows.iter().map(text).collect::<Vec<_>>().join(", "));
        }
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            all.insert(name.to_owned(), text(value));
        }
    }
}

fn readable(name: &str) -> String {
    name.replace('_', " ")
}
