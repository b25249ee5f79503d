//! The parts that pages are made of.

use handover_aws::store::Overview;
use handover_core::{
    Assignee, Channel, Conversation, Directory, Inbox, MAX_NAME_CHARS, Origin, ScenarioKind, Timestamp,
    lower_base32,
};
use maud::{Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

pub(super) use super::fields::{
    Errors, Field, beginning, bytes_of, in_lines, phi, refused, saves, switch, tick, tick_with,
};
use super::{ONCE, Page, layout::Nav, visit::Visit, words as w};
use crate::problem::Problem;

/// A sign beside words. Each is drawn in a square of 24 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Icon {
    Bell,
    Bot,
    Channel,
    Chart,
    Check,
    Clock,
    Down,
    Gear,
    Hand,
    Inbox,
    Key,
    List,
    Lock,
    Menu,
    People,
    Person,
    Plus,
    Shield,
    Team,
    Trash,
    Up,
    Warning,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Bell => "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
            Self::Bot => "M5 9h14v10H5zM12 9V5M9 13.5v1M15 13.5v1M2.5 12.5v3M21.5 12.5v3M12 5h.01",
            Self::Channel => "M4 5h16v11H9l-5 4zM8 9h8M8 12h5",
            Self::Chart => "M4 20h16M7 20v-7M12 20V5M17 20v-10",
            Self::Check => "M4.5 12.5l5 5 10-11",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 8v4.5l3 2",
            Self::Down => "M6 9l6 6 6-6",
            Self::Gear => {
                "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM12 3v2.5M12 18.5V21M3 12h2.5M18.5 12H21M5.6 5.6l1.8 1.8M16.6 16.6l1.8 1.8M18.4 5.6l-1.8 1.8M7.4 16.6l-1.8 1.8"
            }
            Self::Hand => "M4 12h11M11 7l5 5-5 5M20 5v14",
            Self::Inbox => "M4 13l3-8h10l3 8v6H4zM4 13h5l1 2.5h4L15 13h5",
            Self::Key => "M14.5 4.5a5 5 0 1 0 .01 10 5 5 0 0 0-.01-10zM11 13l-7 7M7 17l2 2",
            Self::List => "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            Self::Menu => "M4 7h16M4 12h16M4 17h16",
            Self::People => {
                "M9 5a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 9 5zM3 19c.5-3.5 3-5 6-5s5.5 1.5 6 5M16 5.5a3 3 0 0 1 0 5.5M17.5 14.3c2 .6 3.2 2.2 3.5 4.7"
            }
            Self::Person => {
                "M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4zM5 20c.6-4 3.5-5.5 7-5.5s6.4 1.5 7 5.5"
            }
            Self::Plus => "M12 5v14M5 12h14",
            Self::Shield => {
                "M12 3.5l7.5 2.5v6c0 4.5-3 7-7.5 8.5-4.5-1.5-7.5-4-7.5-8.5V6zM12 9v3.5M12 15.5h.01"
            }
            Self::Team => "M4 5h7v6H4zM13 5h7v6h-7zM8.5 14h7v6h-7z",
            Self::Trash => "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
            Self::Up => "M6 15l6-6 6 6",
            Self::Warning => "M12 4l9 16H3zM12 10v4.5M12 17.2h.01",
        }
    }
}

/// A sign that says nothing to screen readers: words stand beside it.
pub(super) fn icon(icon: Icon) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()) {} } }
}

/// What a form of a session carries.
pub(super) fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(token); }
}

/// What makes a form that is sent twice one request.
pub(super) fn once() -> Markup {
    html! { input type="hidden" name="once" value=(ONCE); }
}

/// The version that a form was made from.
pub(super) fn seen(version: u64) -> Markup {
    html! { input type="hidden" name="seen" value=(version); }
}

/// An instant: in UTC, until the script tells it in the reader's own zone.
pub(super) fn time(at: Timestamp) -> Markup {
    let instant = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    let machine = instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let human = instant.strftime("%-d %b %Y, %H:%M UTC").to_string();
    html! { time datetime=(machine) { (human) } }
}

/// A length of time in the two units that matter.
pub(super) fn span(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours, rest) {
        (0, 0, 0) => format!("{} s", ms.max(0) / 1_000),
        (0, 0, rest) => format!("{rest} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, rest) => format!("{hours} h {rest} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// A score in percent.
pub(super) fn percent(permille: handover_core::Permille) -> String {
    format!("{} %", (permille.get() + 5) / 10)
}

/// A client's address without the provider's mark.
pub(super) fn address(address: &str) -> &str {
    address.split_once(':').map_or(address, |(_, bare)| bare)
}

/// How a message reaches the client.
pub(super) fn channel(channel: Channel) -> &'static str {
    w::channel(channel)
}

/// Why people have a conversation: a custom scenario by its own name.
pub(super) fn reason(origin: &Origin, names: &Overview) -> String {
    match origin {
        Origin::Action { bot, action, scenario: ScenarioKind::Custom, .. } => {
            names.scenario(bot, action).unwrap_or_else(|| w::reason(origin.name())).to_owned()
        }
        Origin::Action { .. } | Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => {
            w::reason(origin.name()).to_owned()
        }
    }
}

/// Until when the channel takes a person's answer, as the inbox's provider has it.
pub(super) fn reply_by(inbox: Option<&Inbox>, state: &Conversation) -> Option<Timestamp> {
    let window = inbox.map_or_else(|| state.channel.reply_window(), Inbox::human_reply_window)?;
    Some(state.last_client_at? + window)
}

/// Whose a thing is.
pub(super) fn assignee(assignee: Option<&Assignee>, names: &Overview) -> String {
    match assignee {
        None => w::NOBODY.to_owned(),
        Some(Assignee::Staff(id)) => {
            names.directory.staff(id).map_or_else(|| w::SOMEBODY_GONE.to_owned(), |staff| staff.name.clone())
        }
        Some(Assignee::Team(id)) => {
            let team = names.directory.teams.iter().find(|team| team.id == *id);
            team.map_or_else(|| w::SOMEBODY_GONE.to_owned(), |team| team.name.clone())
        }
    }
}

/// Reads what [`Assignee::label`] writes.
pub(super) fn assignee_of(label: &str) -> Option<Assignee> {
    match label.split_once(':')? {
        ("staff", id) => id.parse().ok().map(Assignee::Staff),
        ("team", id) => id.parse().ok().map(Assignee::Team),
        _ => None,
    }
}

/// Reads what [`assignee_field`] sends: a label, or a name or e-mail address that only one has. Empty is
/// nobody; what nobody is called, or several are, is refused.
pub(super) fn assignee_typed(text: &str, directory: &Directory) -> Result<Option<Assignee>, Problem> {
    let wanted = text.trim();
    if wanted.is_empty() {
        return Ok(None);
    }
    if let Some(known) = assignee_of(wanted) {
        return Ok(Some(known));
    }
    let is = |name: &str| name.to_lowercase() == wanted.to_lowercase();
    let staff =
        directory.staff.iter().filter(|staff| is(&staff.name) || staff.email.as_deref().is_some_and(is));
    let teams = directory.teams.iter().filter(|team| is(&team.name));
    let staff = staff.map(|staff| Assignee::Staff(staff.id.clone()));
    let mut found = staff.chain(teams.map(|team| Assignee::Team(team.id.clone())));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(Some(only)),
        _ => Err(Problem::field("to", w::NOBODY_OF_THAT_NAME)),
    }
}

/// Who has a thread now: the bot, nobody yet, or somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Bot,
    Waiting,
    /// It waits for anybody of this team.
    WaitingFor(String),
    Somebody(String),
}

impl Owner {
    /// Who has a conversation that is with humans or not, and is assigned to somebody or not.
    pub(super) fn of(with_humans: bool, whose: Option<&Assignee>, names: &Overview) -> Self {
        match whose {
            _ if !with_humans => Self::Bot,
            Some(Assignee::Staff(_)) => Self::Somebody(assignee(whose, names)),
            Some(Assignee::Team(_)) => Self::WaitingFor(assignee(whose, names)),
            None => Self::Waiting,
        }
    }
}

/// The label of whoever has a thread.
pub(super) fn owner(owner: &Owner) -> Markup {
    html! {
        @match owner {
            Owner::Bot => span.owner.bot { (icon(Icon::Bot)) (w::OWNER_BOT) },
            Owner::WaitingFor(team) => span.owner.waiting { (icon(Icon::Clock)) (w::OWNER_WAITING) ": " (team) },
            Owner::Waiting => span.owner.waiting { (icon(Icon::Clock)) (w::OWNER_WAITING) },
            Owner::Somebody(name) => span.owner.person { (icon(Icon::Person)) (name) },
        }
    }
}

/// Bytes that a choice among people may take in a page: with more of them, one types a name.
const MAX_CHOICE_BYTES: usize = 8_000;
/// Bytes of an option beside its name.
const OPTION_BYTES: usize = 75;

/// A choice among staff and teams.
pub(super) fn assignee_field(
    field: Field<'_>,
    names: &Overview,
    chosen: Option<&Assignee>,
    nobody: &str,
) -> Markup {
    let staff = names.directory.staff.iter().map(|staff| staff.name.as_str());
    let all = staff.chain(names.directory.teams.iter().map(|team| team.name.as_str()));
    let bytes: usize = all.map(|name| OPTION_BYTES + bytes_of(name)).sum();
    if bytes <= MAX_CHOICE_BYTES {
        return field.choice(&assignees(names, chosen, nobody));
    }
    let name = chosen.map(|chosen| assignee(Some(chosen), names)).unwrap_or_default();
    field.hint(w::TYPE_A_NAME).text("text", &name)
}

/// The options of a choice among staff and teams.
fn assignees(names: &Overview, chosen: Option<&Assignee>, nobody: &str) -> Markup {
    let label = chosen.map(Assignee::label);
    let is = |known: &str| label.as_deref() == Some(known);
    let gone = label.as_ref().filter(|_| chosen.is_some_and(|chosen| !names.directory.has(chosen)));
    html! {
        option value="" selected[label.is_none()] { (nobody) }
        @if let Some(gone) = gone { option value=(gone) selected { (w::SOMEBODY_GONE) } }
        optgroup label=(w::STAFF_MEMBERS) {
            @for staff in &names.directory.staff {
                @let value = format!("staff:{}", staff.id);
                option value=(value) selected[is(&value)] { (staff.name) }
            }
        }
        @if !names.directory.teams.is_empty() {
            optgroup label=(w::TEAMS) {
                @for team in &names.directory.teams {
                    @let value = format!("team:{}", team.id);
                    option value=(value) selected[is(&value)] { (team.name) }
                }
            }
        }
    }
}

/// Nothing is here, and what to do about it.
pub(super) fn empty(sign: Icon, title: &str, text: &str) -> Markup {
    html! { div.empty { (icon(sign)) h2 { (title) } p { (text) } } }
}

/// The way to the next page of a list, and back to the first.
pub(super) fn pager(path: &str, query: &[(&str, &str)], cursor: Option<&str>, next: Option<&str>) -> Markup {
    let link = |cursor: Option<&str>| {
        let mut query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        if let Some(cursor) = cursor {
            let more = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            query = if query.is_empty() { more } else { format!("{query}&{more}") };
        }
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    };
    html! {
        @if cursor.is_some() || next.is_some() {
            nav.pager aria-label=(w::PAGES) {
                @if cursor.is_some() { a.button.quiet href=(link(None)) { (w::FIRST_PAGE) } }
                @if let Some(next) = next { a.button.quiet href=(link(Some(next))) rel="next" { (w::NEXT_PAGE) } }
            }
        }
    }
}

/// The rows of one page of a list that is in memory, and the cursor of the next.
pub(super) fn page_of<'t, T>(
    items: &'t [T],
    cursor: Option<&str>,
    rows: usize,
) -> (impl Iterator<Item = &'t T>, Option<String>) {
    let first: usize = cursor.and_then(|text| text.parse().ok()).unwrap_or(0);
    let next = first.saturating_add(rows);
    (items.iter().skip(first).take(rows), (next < items.len()).then(|| next.to_string()))
}

/// Something that hurts, behind a question: works without a script, and asks twice.
pub(super) fn sure(label: &str, question: &str, form: &Markup) -> Markup {
    sure_of(label, "", question, form)
}

/// The same where a page has several: with what it is about, for screen readers.
pub(super) fn sure_of(label: &str, about: &str, question: &str, form: &Markup) -> Markup {
    html! { details.sure {
        summary { (icon(Icon::Trash)) span { (label) @if !about.is_empty() { span.hidden { ": " (about) } } } }
        div { p { (question) } (form) }
    } }
}

/// What stands before something that hurts is done: what it would do, and the same form once more.
pub(super) fn confirm(visit: &Visit<'_>, nav: Nav, ask: &Confirm<'_>) -> Page {
    let body = html! {
        div.head { h1 { (ask.title) } }
        form.card method="post" action=(ask.path) {
            (csrf(&visit.csrf))
            @for (name, value) in visit.form.without(&["csrf", "sure"]) { input type="hidden" name=(name) value=(value); }
            input type="hidden" name="sure" value="yes";
            p { (ask.text) }
            div.inline {
                button.danger type="submit" { (ask.button) }
                a.button.quiet href=(ask.back) { (w::CANCEL) }
            }
        }
    };
    Page::new(nav, ask.title, body)
}

/// A question before something that hurts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirm<'a> {
    pub(super) title: &'a str,
    /// What it would do.
    pub(super) text: &'a str,
    pub(super) button: &'a str,
    /// Where the form goes.
    pub(super) path: &'a str,
    /// Where one goes who does not want it after all.
    pub(super) back: &'a str,
}

/// A contact's tags, each with the way to take it off, and a new one; no more of them than fit.
pub(super) fn tags<'t>(
    visit: &Visit<'_>,
    tags: impl IntoIterator<Item = &'t String>,
    path: &str,
    max_bytes: usize,
) -> Markup {
    let (mut bytes, mut left) = (0, 0);
    let mut shown = Vec::new();
    for tag in tags {
        bytes += 2 * bytes_of(tag) + TAG_MARKUP;
        if bytes > max_bytes { left += 1 } else { shown.push(tag) }
    }
    html! {
        @if !shown.is_empty() {
            form method="post" action=(path) {
                (csrf(&visit.csrf)) (once()) input type="hidden" name="present" value="no";
                ul.tags { @for tag in &shown {
                    li { button.tag type="submit" name="tag" value=(tag) { span.hidden { (w::TAKE_OFF) " " } (tag) span aria-hidden="true" { "×" } } }
                } }
            }
        }
        @if left > 0 { p.muted { (left) " " (w::MORE_TAGS) } }
        form.new-tag method="post" action=(path) {
            (csrf(&visit.csrf)) (once())
            (Field::new("tag", w::NEW_TAG).label_unseen().placeholder(w::NEW_TAG).required().max(MAX_NAME_CHARS).free().text("text", ""))
            button.quiet type="submit" { (w::ADD) }
        }
    }
}

/// Bytes that a tag takes beside its text.
const TAG_MARKUP: usize = 150;

/// A text in a query.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A short hash of a text.
pub(super) fn short_hash(text: &str) -> String {
    lower_base32(&Sha256::digest(text)).chars().take(16).collect()
}

/// A drawing that was made as text.
pub(super) fn drawn(svg: String) -> Markup {
    PreEscaped(svg)
}

#[cfg(test)]
mod tests {
    use handover_core::{NotificationSettings, Role, Staff, StaffId};

    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_what_matters() {
        for (ms, told) in [
            (-5, "0 s"),
            (42_000, "42 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (3_660_000, "1 h 1 min"),
            (86_400_000, "1 d"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(ms), told);
        }
    }

    #[test]
    fn the_way_to_the_next_page_keeps_what_was_chosen() {
        let markup = pager("/console/inbox", &[("view", "a b")], None, Some("x=")).into_string();
        assert!(markup.contains("href=\"/console/inbox?view=a+b&amp;cursor=x%3D\""), "{markup}");
        assert!(pager("/p", &[], None, None).into_string().is_empty());
    }

    #[test]
    fn people_are_found_by_a_name_that_only_one_has() {
        let staff = |number: u8, name: &str| Staff {
            id: StaffId::from_random([number; 16]),
            name: name.to_owned(),
            role: Role::Staff,
            email: Some(format!("{number}@clinic.example")),
            phone: None,
            chat_webhook: None,
            notifications: NotificationSettings::default(),
        };
        let (ann, bob, other) = (staff(1, "Ann"), staff(2, "Bob"), staff(3, "Bob"));
        let (of_ann, of_bob) = (ann.id.clone(), bob.id.clone());
        let directory = Directory { staff: vec![ann, bob, other], ..Directory::default() };
        for (typed, found) in [
            ("", Some(None)),
            (" ann ", Some(Some(Assignee::Staff(of_ann)))),
            ("2@clinic.example", Some(Some(Assignee::Staff(of_bob)))),
            ("Bob", None),
            ("Nobody I know", None),
        ] {
            assert_eq!(assignee_typed(typed, &directory).ok(), found, "{typed}");
        }
    }

    #[test]
    fn an_answer_is_due_as_the_inboxs_provider_has_it() {
        const HOUR_MS: i64 = 3_600_000;
        let (account, id, inbox) =
            ("acc".parse().unwrap(), "conv".parse().unwrap(), "inbox".parse().unwrap());
        let (channel, now) = (Channel::Messenger, Timestamp::from_ms(0));
        let mut state = Conversation::new(account, id, inbox, channel, "messenger:1".to_owned(), now);
        state.last_client_at = Some(now);
        let mut inbox = Inbox {
            id: state.inbox.clone(),
            account: state.account.clone(),
            name: "Messenger".to_owned(),
            provider: handover_core::Provider::Messenger,
            channel,
            bot: None,
            unknown_sender_is_human: false,
            settings: std::collections::BTreeMap::new(),
        };
        assert_eq!(reply_by(Some(&inbox), &state), Some(Timestamp::from_ms(24 * HOUR_MS)));
        inbox.settings.insert("human_agent".to_owned(), "yes".to_owned());
        assert_eq!(reply_by(Some(&inbox), &state), Some(Timestamp::from_ms(7 * 24 * HOUR_MS)));
    }
}
