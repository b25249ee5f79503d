//! Teams: several people who may claim what is given to none of them in particular.

use handover_core::{Assignee, MAX_NAME_CHARS, StaffId, Team, TeamId};
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{
    Page, Reply, Shown,
    layout::Nav,
    parts::{
        Errors, Field, Icon, assignee_typed, bytes_of, csrf, empty, once, page_of, pager, refused, saves,
        seen, sure,
    },
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
        (members_of(staff, members))
    }
}

/// Bytes that the members of a team may take in a page, and a member beside the name.
const MEMBER_BYTES: usize = 20_000;
const TICK_BYTES: usize = 120;

/// The staff among whom members are ticked. Where they are too many for a page, those who are members come
/// first, and whoever is not shown stays what they are.
fn members_of(staff: &[handover_core::Staff], members: &[StaffId]) -> Markup {
    let is = |staff: &&handover_core::Staff| members.contains(&staff.id);
    let (mut bytes, mut shown) = (0, Vec::new());
    for one in staff.iter().filter(is).chain(staff.iter().filter(|staff| !is(staff))) {
        bytes += TICK_BYTES + bytes_of(&one.name);
        if bytes <= MEMBER_BYTES {
            shown.push(one);
        }
    }
    let ids: Vec<&str> = shown.iter().map(|staff| staff.id.as_str()).collect();
    html! {
        fieldset { legend { (w::MEMBERS) }
            @for staff in &shown {
                label.tick { input type="checkbox" name="member" value=(staff.id) checked[is(staff)]; span { (staff.name) } }
            }
            @if shown.len() < staff.len() {
                input type="hidden" name="shown" value=(ids.join(","));
                (Field::new("more_member", w::MORE_MEMBERS).hint(w::TYPE_A_NAME).text("text", ""))
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
    let typed: Vec<StaffId> = visit.form.all("member").filter_map(|member| member.parse().ok()).collect();
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
            (fields(&directory.staff, visit.form.get("name"), &typed, errors))
            button type="submit" { (w::SAVE) }
        }
    };
    let page = Page::new(Nav::Teams, w::TEAMS, body);
    Ok(page.with(problem).into())
}

/// The members that the form says, with those of the known ones whom it did not show, and whoever was named.
async fn members(visit: &Visit<'_>, team: Option<&TeamId>) -> Result<Vec<StaffId>, Problem> {
    let form = &visit.form;
    let mut members: Vec<StaffId> = form.all("member").filter_map(|member| member.parse().ok()).collect();
    let Some(shown) = form.said("shown") else { return Ok(members) };
    let overview = visit.overview().await?;
    let known = overview.directory.teams.iter().find(|known| Some(&known.id) == team);
    let known = known.into_iter().flat_map(|known| &known.members);
    let unseen = known.filter(|member| !shown.split(',').any(|id| id == member.as_str())).cloned();
    members.extend(unseen);
    match assignee_typed(form.get("more_member"), &overview.directory)? {
        Some(Assignee::Staff(more)) if !members.contains(&more) => members.push(more),
        None | Some(Assignee::Staff(_)) => {}
        Some(Assignee::Team(_)) => return Err(Problem::field("more_member", w::NOBODY_OF_THAT_NAME)),
    }
    Ok(members)
}

pub(super) async fn create(visit: &Visit<'_>) -> Shown {
    let members = members(visit, None).await?;
    let body = json!({"name": visit.form.get("name").trim(), "members": members});
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
    let members = members(visit, Some(&id)).await?;
    let team = Team { id, name: visit.form.get("name").trim().to_owned(), members };
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
