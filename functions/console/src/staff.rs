//! Staff members and teams, and what staff members were told in the console.

use std::time::Duration;

use handover_aws::{queue::Timed, store::NoteItem, telemetry};
use handover_core::{
    Assignee, ConversationId, Directory, EffectId, MAX_NAME_CHARS, NotificationChannel, NotificationKind,
    Role, Staff, StaffId, Team, TeamId, Timestamp,
};
use http::StatusCode;
use serde::Serialize;

use crate::{
    address,
    http::{Answer, Call, Items, Order},
    problem::{Answered, Problem},
};

/// An account's staff and teams, as the settings that handovers see.
pub(crate) async fn directory(call: &Call<'_>) -> Result<Directory, Problem> {
    let found = call.store().account_now(call.account()).await?;
    found.map(|(_, directory)| directory).ok_or_else(Problem::not_found)
}

pub(crate) async fn list(call: &Call<'_>) -> Answered {
    Ok(Answer::ok(&Items { items: directory(call).await?.staff }))
}

pub(crate) async fn create(call: &Call<'_>) -> Answered {
    let id = StaffId::from_random(call.new_bytes());
    let staff: Staff = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        return show(call, &id).await;
    }
    check(call, &staff)?;
    may(call, None, Some(&staff))?;
    if let Some(version) = call.store().edit_staff(&call.edit(None), &staff, None, None).await? {
        return Ok(Answer::created(&staff).version(version));
    }
    // The same request at the same time.
    call.done_before().await?;
    show(call, &id).await
}

pub(crate) async fn read(call: &Call<'_>) -> Answered {
    show(call, &call.id("staff")?).await
}

async fn show(call: &Call<'_>, id: &StaffId) -> Answered {
    let found = call.store().staff_settings(call.account(), id).await?.ok_or_else(Problem::not_found)?;
    Ok(Answer::ok(&found.value).version(found.version))
}

pub(crate) async fn replace(call: &Call<'_>) -> Answered {
    let id: StaffId = call.id("staff")?;
    let before = call.store().staff_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    let seen = call.if_match()?;
    let staff: Staff = call.json_with(&[("id", id.as_str())])?;
    check(call, &staff)?;
    may(call, Some(&before.value), Some(&staff))?;
    let stays = owner_who_stays(call, &before.value, Some(&staff)).await?;
    let edit = call.edit(Some(seen));
    let version = call.store().edit_staff(&edit, &staff, Some(&before.value), stays.as_ref()).await?;
    if version.is_none() && stays.is_some() {
        // Where the other owner ceased to be one in the same moment, this says so.
        owner_who_stays(call, &before.value, Some(&staff)).await?;
    }
    call.replaced(staff, version, async || call.store().staff_settings(call.account(), &id).await).await
}

pub(crate) async fn remove(call: &Call<'_>) -> Answered {
    let id: StaffId = call.id("staff")?;
    let before = call.store().staff_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    may(call, Some(&before.value), None)?;
    let edit = call.edit(Some(call.if_match()?));
    let stays = owner_who_stays(call, &before.value, None).await?;
    if !call.store().delete_staff(&edit, &before.value, stays.as_ref()).await? {
        owner_who_stays(call, &before.value, None).await?;
        return Err(Problem::changed());
    }
    call.store().end_sessions(call.account(), &id).await?;
    Ok(left(call, Assignee::Staff(id)).await)
}

/// Only an owner who has signed in makes owners, changes one, or removes one: an API key is for
/// everything else.
fn may(call: &Call<'_>, before: Option<&Staff>, after: Option<&Staff>) -> Result<(), Problem> {
    let touched = [before, after].into_iter().flatten().any(|staff| staff.role == Role::Owner);
    if touched && !call.caller.is_owner {
        let detail = "owners are made, changed and removed by owners, in the console";
        return Err(Problem::new(StatusCode::FORBIDDEN, "owner", "Only an owner can do this", detail));
    }
    Ok(())
}

/// Another owner, where somebody ceases to be one: the account always has one.
async fn owner_who_stays(
    call: &Call<'_>,
    before: &Staff,
    after: Option<&Staff>,
) -> Result<Option<StaffId>, Problem> {
    if before.role != Role::Owner || after.is_some_and(|staff| staff.role == Role::Owner) {
        return Ok(None);
    }
    let staff = directory(call).await?.staff;
    let mut others = staff.into_iter().filter(|staff| staff.role == Role::Owner && staff.id != before.id);
    let other = others.next().ok_or_else(|| {
        Problem::conflict("last_owner", "The last owner stays", "make somebody else an owner first")
    })?;
    Ok(Some(other.id))
}

/// What a staff member reads in the console, newest first.
pub(crate) async fn notifications(call: &Call<'_>) -> Answered {
    let id: StaffId = call.id("staff")?;
    call.store().staff_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    let mut notes = call.store().notes(call.account(), &id).await?;
    notes.retain(|note| note.channel == NotificationChannel::InApp);
    notes.sort_by_key(|note| std::cmp::Reverse(place(note)));
    let unread = notes.iter().filter(|note| !note.read).count();
    let (notes, next) = call.page(notes, Order::NewestFirst, place)?;
    Ok(Answer::ok(&Notifications { items: notes.iter().map(ShownNote::new).collect(), next, unread }))
}

/// Where a notification stands in its list.
fn place(note: &NoteItem) -> String {
    format!("{:015}#{}", note.at.as_ms(), note.id)
}

/// A page of what a staff member was told.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Notifications {
    items: Vec<ShownNote>,
    /// The `cursor` of the next page; none: this is the last.
    next: Option<String>,
    /// How many of all are not marked as read.
    unread: usize,
}

/// Something that a staff member was told.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ShownNote {
    id: EffectId,
    about: NotificationKind,
    conversation: Option<ConversationId>,
    /// The handover's epoch, when it is about one.
    epoch: Option<u64>,
    at: Timestamp,
    read: bool,
}

impl ShownNote {
    fn new(note: &NoteItem) -> Self {
        Self {
            id: note.id.clone(),
            about: note.about,
            conversation: note.conversation.clone(),
            epoch: note.epoch,
            at: note.at,
            read: note.read,
        }
    }
}

/// Marks a notification as read.
pub(crate) async fn mark_read(call: &Call<'_>) -> Answered {
    let (staff, id): (StaffId, EffectId) = (call.id("staff")?, call.id("notification")?);
    let notes = call.store().notes(call.account(), &staff).await?;
    let found = notes.into_iter().find(|note| note.channel == NotificationChannel::InApp && note.id == id);
    let found = found.ok_or_else(Problem::not_found)?;
    call.store().mark_note_read(&found).await?;
    Ok(Answer::gone())
}

pub(crate) async fn teams(call: &Call<'_>) -> Answered {
    Ok(Answer::ok(&Items { items: directory(call).await?.teams }))
}

pub(crate) async fn create_team(call: &Call<'_>) -> Answered {
    let id = TeamId::from_random(call.new_bytes());
    let team: Team = call.json_with(&[("id", id.as_str())])?;
    if call.done_before().await? {
        return show_team(call, &id).await;
    }
    check_team(call, &team).await?;
    if let Some(version) = call.store().edit_team(&call.edit(None), &team).await? {
        return Ok(Answer::created(&team).version(version));
    }
    call.done_before().await?;
    show_team(call, &id).await
}

pub(crate) async fn read_team(call: &Call<'_>) -> Answered {
    show_team(call, &call.id("team")?).await
}

async fn show_team(call: &Call<'_>, id: &TeamId) -> Answered {
    let found = call.store().team_settings(call.account(), id).await?.ok_or_else(Problem::not_found)?;
    let (mut team, directory) = (found.value, directory(call).await?);
    team.members.retain(|member| directory.staff(member).is_some());
    Ok(Answer::ok(&team).version(found.version))
}

pub(crate) async fn replace_team(call: &Call<'_>) -> Answered {
    let id: TeamId = call.id("team")?;
    call.store().team_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    let seen = call.if_match()?;
    let team: Team = call.json_with(&[("id", id.as_str())])?;
    check_team(call, &team).await?;
    let version = call.store().edit_team(&call.edit(Some(seen)), &team).await?;
    call.replaced(team, version, async || call.store().team_settings(call.account(), &id).await).await
}

pub(crate) async fn remove_team(call: &Call<'_>) -> Answered {
    let id: TeamId = call.id("team")?;
    call.store().team_settings(call.account(), &id).await?.ok_or_else(Problem::not_found)?;
    let edit = call.edit(Some(call.if_match()?));
    if !call.store().delete_team(&edit, &id).await? {
        return Err(Problem::changed());
    }
    Ok(left(call, Assignee::Team(id)).await)
}

/// Somebody is gone, and a note says so. What was theirs is taken from them in the background; if that
/// cannot be begun now, the sweep finds the note.
async fn left(call: &Call<'_>, assignee: Assignee) -> Answer {
    let (account, at) = (call.account().clone(), call.now);
    let timed = Timed::Left { account, assignee, at, again: false, found: false, cursor: None };
    if let Err(failure) = call.app.processor.queues().timed(&timed, Duration::ZERO).await {
        telemetry::failed("console", "left to the sweep", failure.reason(), 1);
    }
    Answer::gone()
}

async fn check_team(call: &Call<'_>, team: &Team) -> Result<(), Problem> {
    check_name(&team.name)?;
    let directory = directory(call).await?;
    let stranger = team.members.iter().position(|member| directory.staff(member).is_none());
    match stranger {
        Some(index) => Err(Problem::field(&format!("members[{index}]"), "there is no such staff member")),
        None => Ok(()),
    }
}

/// Everything wrong with a staff member's settings.
fn check(call: &Call<'_>, staff: &Staff) -> Result<(), Problem> {
    let mut problems = staff.validate().err().unwrap_or_default();
    problems.extend(address::of_staff(call.app, staff));
    if problems.is_empty() { Ok(()) } else { Err(Problem::invalid(problems)) }
}

/// A name that lists can show.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    let fits = !name.trim().is_empty() && name.chars().count() <= MAX_NAME_CHARS;
    let wrong = || Problem::field("name", format!("must have 1 to {MAX_NAME_CHARS} characters"));
    if fits { Ok(()) } else { Err(wrong()) }
}
