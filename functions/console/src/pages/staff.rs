//! My Staff: who answers, what they are told, and where.

use handover_aws::store::Overview;
use handover_core::{ChannelSwitches, MAX_NAME_CHARS, NotificationSettings, Role, Staff, StaffId};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    form::Form,
    layout::Nav,
    parts::{Errors, Field, Icon, csrf, icon, once, page_of, pager, refused, saves, seen, sure},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/staff";
/// Rows of a page.
const ROWS: usize = 40;

/// A field's text; none where it says nothing.
pub(super) fn optional(form: &Form, name: &str) -> Option<String> {
    form.said(name).map(str::to_owned)
}

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    let overview = visit.overview().await?;
    let (rows, next) = page_of(&overview.directory.staff, visit.query("cursor"), ROWS);
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::MY_STAFF) } a.button href="/console/staff/new" { (icon(Icon::Plus)) (w::ADD_STAFF) } }
        ul.rows { @for staff in rows {
            li { a.row href={ (PATH) "/" (staff.id) } {
                span.row-main { b { (staff.name) } span.muted { (staff.email.as_deref().unwrap_or(w::NO_EMAIL)) } }
                span.row-mark { span.chip { (w::role(staff.role)) } }
                span.row-told.muted { (told(staff.notifications)) }
            } }
        } }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
    };
    Ok(Page::new(Nav::Staff, w::MY_STAFF, body).into())
}

/// Where somebody is told of conversations, in a line.
fn told(settings: NotificationSettings) -> String {
    let switches = settings.conversation_assigned;
    let on: Vec<&str> =
        channels(switches).into_iter().filter(|(_, _, on)| *on).map(|(_, label, _)| label).collect();
    if on.is_empty() { w::TOLD_NOWHERE.to_owned() } else { format!("{} {}", w::TOLD_BY, on.join(", ")) }
}

fn channels(switches: ChannelSwitches) -> [(&'static str, &'static str, bool); 4] {
    [
        ("in_app", w::IN_APP, switches.in_app),
        ("email", w::BY_EMAIL, switches.email),
        ("sms", w::BY_SMS, switches.sms),
        ("chat", w::BY_CHAT, switches.chat),
    ]
}

/// The switches of notifications: a row for what happens, a column for each channel.
pub(super) fn notification_fields(settings: NotificationSettings) -> Markup {
    let rows = [
        ("conversation", w::CONVERSATION_ASSIGNED, settings.conversation_assigned),
        ("task", w::TASK_ASSIGNED, settings.task_assigned),
    ];
    html! {
        div.scroll tabindex="0" { table.switches {
            thead { tr { td {} @for (_, label, _) in channels(settings.task_assigned) { th scope="col" { (label) } } } }
            tbody { @for (name, label, switches) in rows {
                tr {
                    th scope="row" { (label) }
                    @for (channel, channel_label, on) in channels(switches) {
                        td { label.switch {
                            input type="checkbox" role="switch" name={ (name) "_" (channel) } checked[on]
                                aria-label={ (label) ": " (channel_label) };
                            span.track aria-hidden="true" {}
                        } }
                    }
                }
            } }
        } }
    }
}

/// What the switches say.
pub(super) fn notifications(form: &Form) -> NotificationSettings {
    let switches = |name: &str| ChannelSwitches {
        in_app: form.is_on(&format!("{name}_in_app")),
        email: form.is_on(&format!("{name}_email")),
        sms: form.is_on(&format!("{name}_sms")),
        chat: form.is_on(&format!("{name}_chat")),
    };
    NotificationSettings { conversation_assigned: switches("conversation"), task_assigned: switches("task") }
}

fn wanted(form: &Form, id: StaffId) -> Staff {
    Staff {
        id,
        name: form.get("name").trim().to_owned(),
        role: match form.get("role") {
            "owner" => Role::Owner,
            "admin" => Role::Admin,
            _ => Role::Staff,
        },
        email: optional(form, "email"),
        phone: optional(form, "phone"),
        chat_webhook: optional(form, "chat_webhook"),
        notifications: notifications(form),
    }
}

fn fields(visit: &Visit<'_>, staff: &Staff, errors: Errors<'_>) -> Markup {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let roles = [(Role::Staff, "staff"), (Role::Admin, "admin"), (Role::Owner, "owner")];
    html! {
        (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", &staff.name))
        (Field::new("email", w::EMAIL).hint(w::EMAIL_HINT).error(errors).text("email", &text(&staff.email)))
        (Field::new("role", w::ROLE).hint(w::ROLE_HINT).error(errors).choice(&html! {
            @for (role, name) in roles {
                @if role != Role::Owner || visit.is_owner() || staff.role == Role::Owner {
                    option value=(name) selected[role == staff.role] { (w::role(role)) }
                }
            }
        }))
        (Field::new("phone", w::PHONE).hint(w::PHONE_HINT).error(errors).text("tel", &text(&staff.phone)))
        (Field::new("chat_webhook", w::CHAT_WEBHOOK).hint(w::CHAT_HINT).error(errors).text("url", &text(&staff.chat_webhook)))
        h2 #notifications { (w::NOTIFICATION_SETTINGS) }
        p.muted { (w::NOTIFICATION_TEXT) }
        (notification_fields(staff.notifications))
    }
}

pub(super) async fn new(visit: &Visit<'_>) -> Shown {
    let id = StaffId::from_random([0; 16]);
    let mut staff = wanted(&Form::default(), id);
    staff.notifications = NotificationSettings::default();
    Ok(new_page(visit, &staff, None).into())
}

fn new_page(visit: &Visit<'_>, staff: &Staff, problem: Option<&Problem>) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) " / " a href=(PATH) { (w::MY_STAFF) } } h1 { (w::ADD_STAFF) } }
        (refused(problem))
        form.card method="post" action=(PATH) { (csrf(&visit.csrf)) (once()) (fields(visit, staff, errors)) button type="submit" { (w::SAVE) } }
    };
    Page::new(Nav::Staff, w::ADD_STAFF, body).at(format!("{PATH}/new"))
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let staff = wanted(&visit.form, StaffId::from_random([0; 16]));
    let mut body = json!(staff);
    if let Some(members) = body.as_object_mut() {
        members.remove("id");
    }
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/staff", &[], Some(&body), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=saved"))),
        Err(problem) => Ok(new_page(visit, &staff, Some(&problem)).status(problem.status).into()),
    }
}

async fn found(visit: &Visit<'_>) -> Result<(std::sync::Arc<Overview>, Staff), Problem> {
    let id: StaffId = visit.id("staff")?;
    let overview = visit.overview().await?;
    let staff = overview.directory.staff(&id).cloned().ok_or_else(Problem::not_found)?;
    Ok((overview, staff))
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let (overview, staff) = found(visit).await?;
    let version = overview.staff_version(&staff.id);
    Ok(page(visit, &staff, &staff, [version; 2], None).into())
}

/// The page of a staff member: as they were typed on a `version`, where there is another `now`.
fn page(
    visit: &Visit<'_>,
    known: &Staff,
    staff: &Staff,
    [version, now]: [u64; 2],
    problem: Option<&Problem>,
) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = format!("{PATH}/{}", known.id);
    let remove = html! {
        form method="post" action={ (path) "/remove" } { (csrf(&visit.csrf)) (seen(version)) button.danger type="submit" { (w::REMOVE) } }
    };
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) " / " a href=(PATH) { (w::MY_STAFF) } } h1 { (known.name) } }
        (refused(problem))
        form.card method="post" action=(path) {
            (csrf(&visit.csrf)) (seen(version)) (fields(visit, staff, errors))
            (saves(problem, now))
        }
        @if known.id != visit.staff.id { section.card { (sure(w::REMOVE_STAFF, w::REMOVE_STAFF_SURE, &remove)) } }
    };
    Page::new(Nav::Staff, known.name.clone(), body)
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let (overview, known) = found(visit).await?;
    let staff = wanted(&visit.form, known.id.clone());
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("staff", known.id.as_str())];
    match visit.ask(Method::PUT, "/staff/{staff}", &ids, Some(&json!(staff)), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}/{}?done=saved", known.id))),
        Err(problem) => {
            let versions = [visit.form.number("seen").unwrap_or(0), overview.staff_version(&known.id)];
            Ok(page(visit, &known, &staff, versions, Some(&problem)).status(problem.status).into())
        }
    }
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    let (_, known) = found(visit).await?;
    if known.id == visit.staff.id {
        return Err(Problem::conflict("yourself", w::NOT_YOURSELF, w::NOT_YOURSELF_DETAIL));
    }
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("staff", known.id.as_str())];
    visit.ask(Method::DELETE, "/staff/{staff}", &ids, None, asking).await?;
    Ok(Reply::Go(format!("{PATH}?done=removed")))
}
