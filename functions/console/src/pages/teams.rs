//! Teams: several people who may claim what is given to none of them in particular.

use handover_core::{MAX_NAME_CHARS, StaffId, Team, TeamId};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{Errors, Field, Icon, csrf, empty, once, page_of, pager, refused, saves, seen, sure},
    visit::{Asking, Visit},
    words as w,
};
use crate::problem::Problem;

const PATH: &str = "/console/teams";
/// Rows of a page.
const ROWS: usize = 25;

fn fields(staff: &[handover_core::Staff], name: &str, members: &[StaffId], errors: Errors<'_>) -> Markup {
    html! {
        (Field::new("name", w::NAME).error(errors).required().max(MAX_NAME_CHARS).text("text", name))
        fieldset { legend { (w::MEMBERS) }
            @for staff in staff {
                label.tick { input type="checkbox" name="member" value=(staff.id) checked[members.contains(&staff.id)]; span { (staff.name) } }
            }
        }
    }
}

pub(super) async fn list(visit: &Visit<'_>) -> Shown {
    shown(visit, None).await
}

async fn shown(visit: &Visit<'_>, problem: Option<&Problem>) -> Shown {
    let overview = visit.overview().await?;
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let directory = &overview.directory;
    let (rows, next) = page_of(&directory.teams, visit.query("cursor"), ROWS);
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) } h1 { (w::TEAMS) } }
        (refused(problem))
        @if directory.teams.is_empty() { (empty(Icon::Team, w::NO_TEAMS, w::NO_TEAMS_TEXT)) }
        ul.rows { @for team in rows {
            li { a.row href={ (PATH) "/" (team.id) } {
                span.row-main { b { (team.name) } }
                span.muted { (team.members.len()) " " (w::MEMBERS_COUNT) }
            } }
        } }
        (pager(PATH, &[], visit.query("cursor"), next.as_deref()))
        form.card method="post" action=(PATH) {
            (csrf(&visit.csrf)) (once()) h2 { (w::ADD_TEAM) }
            (fields(&directory.staff, visit.form.get("name"), &members(visit), errors))
            button type="submit" { (w::SAVE) }
        }
    };
    let page = Page::new(Nav::Teams, w::TEAMS, body);
    Ok(page.with(problem).into())
}

fn members(visit: &Visit<'_>) -> Vec<StaffId> {
    visit.form.all("member").filter_map(|member| member.parse().ok()).collect()
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let body = json!({"name": visit.form.get("name").trim(), "members": members(visit)});
    let asking = Asking { once: visit.form.once(), ..Asking::default() };
    match visit.ask(Method::POST, "/teams", &[], Some(&body), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}?done=saved"))),
        Err(problem) => shown(visit, Some(&problem)).await,
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let id: TeamId = visit.id("team")?;
    let overview = visit.overview().await?;
    let team = overview.directory.teams.iter().find(|team| team.id == id).ok_or_else(Problem::not_found)?;
    let version = overview.team_version(&id);
    Ok(page(visit, &overview.directory.staff, team, [version; 2], None).into())
}

/// The page of a team: as it was typed on a `version`, where there is another `now`.
fn page(
    visit: &Visit<'_>,
    staff: &[handover_core::Staff],
    team: &Team,
    [version, now]: [u64; 2],
    problem: Option<&Problem>,
) -> Page {
    let errors = Errors(problem.map_or(&[], |problem| problem.errors.as_slice()));
    let path = format!("{PATH}/{}", team.id);
    let remove = html! {
        form method="post" action={ (path) "/remove" } { (csrf(&visit.csrf)) (seen(version)) button.danger type="submit" { (w::REMOVE) } }
    };
    let body = html! {
        div.head { p.crumbs { (w::SETTINGS) " / " a href=(PATH) { (w::TEAMS) } } h1 { (team.name) } }
        (refused(problem))
        form.card method="post" action=(path) {
            (csrf(&visit.csrf)) (seen(version)) (fields(staff, &team.name, &team.members, errors))
            (saves(problem, now))
        }
        section.card { (sure(w::REMOVE_TEAM, w::REMOVE_TEAM_SURE, &remove)) }
    };
    Page::new(Nav::Teams, team.name.clone(), body)
}

pub(super) async fn save(visit: &Visit<'_>) -> Shown {
    let id: TeamId = visit.id("team")?;
    let team = Team { id, name: visit.form.get("name").trim().to_owned(), members: members(visit) };
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    let ids = [("team", team.id.as_str())];
    match visit.ask(Method::PUT, "/teams/{team}", &ids, Some(&json!(team)), asking).await {
        Ok(_) => Ok(Reply::Go(format!("{PATH}/{}?done=saved", team.id))),
        Err(problem) => {
            let overview = visit.overview().await?;
            let versions = [visit.form.number("seen").unwrap_or(0), overview.team_version(&team.id)];
            let page = page(visit, &overview.directory.staff, &team, versions, Some(&problem));
            Ok(page.status(problem.status).into())
        }
    }
}

pub(super) async fn remove(visit: &Visit<'_>) -> Shown {
    let id: TeamId = visit.id("team")?;
    let asking = Asking { seen: visit.form.seen(), ..Asking::default() };
    visit.ask(Method::DELETE, "/teams/{team}", &[("team", id.as_str())], None, asking).await?;
    Ok(Reply::Go(format!("{PATH}?done=removed")))
}
