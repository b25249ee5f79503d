//! The account's own settings.

use handover_core::{Account, Channel, Labs, MAX_NAME_CHARS};
use http::Method;
use maud::html;
use serde_json::json;

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{Confirm, Errors, Field, confirm, csrf, refused, saves, seen, switch, tick, tick_with},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/account";

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    shown(visit, None, None).await
}

async fn shown(visit: &Visit<'_>, typed: Option<&Account>, problem: Option<&Problem>) -> Shown {
    let overview = visit.overview().await?;
    let account = typed.unwrap_or(&overview.account.value);
    let now = overview.account.version;
    let version = visit.form.number("seen").filter(|_| typed.is_some()).unwrap_or(now);
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let sms = overview.inboxes.iter().filter(|inbox| inbox.channel == Channel::Sms);
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::ACCOUNT) } }
        (refused(problem))
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (seen(version))
            h2 { (w::LABS) }
            (switch("human_handover", w::LABS_SWITCH, account.labs.human_handover))
            p.hint { (w::LABS_TEXT) }
            h2 { (w::ACCOUNT_SETTINGS) }
            (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", &account.name))
            (Field::new("retention_days", w::RETENTION).hint(w::RETENTION_HINT).error(errors).number(40, 3_650, account.retention_days))
            (tick_with("store_text", w::STORE_TEXT, w::STORE_TEXT_HINT, account.store_text))
            (tick_with("notify_text", w::NOTIFY_TEXT, w::NOTIFY_TEXT_HINT, account.notify_text))
            (tick("event_bus", w::EVENT_BUS, account.event_bus))
            (Field::new("sms_inbox", w::SMS_INBOX).hint(w::SMS_HINT).error(errors).choice(&html! {
                option value="" selected[account.sms_inbox.is_none()] { (w::NO_SMS) }
                @for inbox in sms { option value=(inbox.id) selected[account.sms_inbox.as_ref() == Some(&inbox.id)] { (inbox.name) } }
            }))
            (saves(problem, now))
        }
    };
    Ok(Page::new(Nav::Account, w::ACCOUNT, body).with(problem).into())
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let form = &visit.form;
    let wanted = Account {
        name: form.get("name").trim().to_owned(),
        labs: Labs { human_handover: form.is_on("human_handover") },
        store_text: form.is_on("store_text"),
        retention_days: form.number("retention_days").and_then(|days| u16::try_from(days).ok()).unwrap_or(0),
        notify_text: form.is_on("notify_text"),
        sms_inbox: form.said("sms_inbox").and_then(|inbox| inbox.parse().ok()),
        event_bus: form.is_on("event_bus"),
        ..visit.account.clone()
    };
    if visit.account.labs.human_handover && !wanted.labs.human_handover && !form.is_sure() {
        let (title, button) = (w::LABS_OFF_SURE, w::LABS_OFF_BUTTON);
        let ask = Confirm { title, text: w::LABS_TEXT, button, path: PATH, back: PATH };
        return Ok(confirm(visit, Nav::Account, &ask).into());
    }
    let asking = Asking { seen: form.seen(), ..Asking::default() };
    match visit.ask(Method::PUT, "", &[], Some(&json!(wanted)), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=saved"))),
        Err(problem) => shown(visit, Some(&wanted), Some(&problem)).await,
    }
}
