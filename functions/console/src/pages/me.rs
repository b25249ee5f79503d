//! One's own notification settings, and where one is signed in.

use handover_core::Staff;
use http::Method;
use maud::html;
use serde_json::json;

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{Errors, Field, csrf, refused, saves, seen, sure},
    staff::{notification_fields, notifications, optional},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let found = visit.store().staff_settings(&visit.account.id, &visit.staff.id).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(page(visit, &found.value, [found.version; 2], None).into())
}

/// The page: as it was typed on a `version`, where there is another `now`.
fn page(visit: &Visit<'_>, staff: &Staff, [version, now]: [u64; 2], problem: Option<&Problem>) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let body = html! {
        div.head { h1 { (staff.name) } p.muted { (w::role(staff.role)) " · " (text(&staff.email)) } }
        (refused(problem))
        form.card method="post" action="/console/me" {
            (csrf(&visit.csrf)) (seen(version))
            h2 { (w::NOTIFICATION_SETTINGS) }
            p.muted { (w::NOTIFICATION_TEXT) }
            (notification_fields(staff.notifications))
            (Field::new("phone", w::PHONE).hint(w::PHONE_HINT).error(errors).text("tel", &text(&staff.phone)))
            (Field::new("chat_webhook", w::CHAT_WEBHOOK).hint(w::CHAT_HINT).error(errors).text("url", &text(&staff.chat_webhook)))
            (saves(problem, now))
        }
        section.card {
            h2 { (w::SESSIONS) } p.muted { (w::SESSIONS_TEXT) }
            (sure(w::END_SESSIONS, w::END_SESSIONS_SURE, &html! {
                form method="post" action="/console/me/sessions" {
                    (csrf(&visit.csrf)) button.danger type="submit" { (w::END_SESSIONS) }
                }
            }))
        }
    };
    Page::new(Nav::Me, staff.name.clone(), body)
}

/// Saves what one may change about oneself: where and of what one is told.
pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let wanted = Staff {
        phone: optional(&visit.form, "phone"),
        chat_webhook: optional(&visit.form, "chat_webhook"),
        notifications: notifications(&visit.form),
        ..visit.staff.clone()
    };
    let asking = Asking { seen: visit.form.seen(), own: true, ..Asking::default() };
    let ids = [("staff", visit.staff.id.as_str())];
    match visit.ask(Method::PUT, "/staff/{staff}", &ids, Some(&json!(wanted)), asking).await {
        Ok(_) => Ok(Reply::Go("/console/me?done=saved".to_owned())),
        Err(problem) => {
            let found = visit.store().staff_settings(&visit.account.id, &visit.staff.id).await?;
            let now = found.map_or(0, |found| found.version);
            let versions = [visit.form.number("seen").unwrap_or(now), now];
            Ok(page(visit, &wanted, versions, Some(&problem)).status(problem.status).into())
        }
    }
}

/// Ends every session of one's own, this one with them.
pub(super) async fn end_sessions(visit: &Visit<'_>) -> Shown {
    let session = visit.session();
    visit.store().end_sessions(session.account, session.staff).await?;
    Ok(Reply::Go("/console/sign-in".to_owned()))
}
