//! The parts that pages are made of.

use handover_aws::store::Overview;
use handover_core::{
    Assignee, Channel, Conversation, Inbox, MAX_NAME_CHARS, Origin, Problem as FieldProblem, ScenarioKind,
    Timestamp, lower_base32,
};
use maud::{Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{
    ONCE, Page,
    layout::{Nav, sentence},
    visit::Visit,
    words as w,
};
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

/// The options of a choice among staff and teams.
pub(super) fn assignees(names: &Overview, chosen: Option<&Assignee>, nobody: &str) -> Markup {
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

/// What is wrong with a field, from among everything that is wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Errors<'a>(pub(super) &'a [FieldProblem]);

impl Errors<'_> {
    /// What is wrong with a field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.message.as_str())
    }

    /// What is wrong with a field or anything in it.
    pub(super) fn within(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field.starts_with(field)).map(|problem| problem.message.as_str())
    }
}

/// What is wrong with what was sent, above the form that says where.
pub(super) fn refused(problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            div.notice.bad role="alert" tabindex="-1" data-focus {
                (icon(Icon::Warning))
                div { (why_refused(problem)) }
            }
        }
    }
}

/// The words of a refusal.
pub(super) fn why_refused(problem: &Problem) -> Markup {
    let (title, advice) = w::refusal(problem);
    html! {
        b { (title) }
        @if problem.errors.is_empty() {
            p { (sentence(&advice)) @if problem.code == "changed" { " " a href="" target="_blank" rel="noopener" { (w::SEE_NOW) } } }
        } @else {
            ul { @for error in &problem.errors { li { (w::field(&error.field)) " " (w::wrong(&error.message)) } } }
        }
    }
}

/// The button that saves a form; a second one where somebody else has changed the thing meanwhile, that
/// saves it over the version that there is `now`.
pub(super) fn saves(problem: Option<&Problem>, now: u64) -> Markup {
    html! {
        div.buttons {
            button type="submit" { (w::SAVE) }
            @if problem.is_some_and(|problem| problem.code == "changed") {
                button.quiet type="submit" name="over" value=(now) { (w::SAVE_OVER) }
            }
        }
    }
}

/// What is said where text is typed, about people and their health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    /// It is no free text.
    None,
    /// It is stored, and may go to clients.
    Stored,
    /// It is judged and forgotten.
    Tried,
}

/// A field of a form under its label, with a hint and what is wrong with it. Every control is made here, so
/// that each has a label, what describes it, and whether it is wrong; and free text has its note.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    name: &'a str,
    id: &'a str,
    label: &'a str,
    hint: Option<&'a str>,
    error: Option<&'a str>,
    required: bool,
    max: Option<usize>,
    note: Note,
    /// The field of the same form that has the note for both.
    noted: Option<&'a str>,
    placeholder: Option<&'a str>,
    hidden_label: bool,
}

impl<'a> Field<'a> {
    pub(super) const fn new(name: &'a str, label: &'a str) -> Self {
        let (hint, error, max, placeholder, noted) = (None, None, None, None, None);
        let (required, hidden_label, note) = (false, false, Note::None);
        Self { name, id: name, label, hint, error, required, max, note, noted, placeholder, hidden_label }
    }

    /// Another id than the name, where a page has several of the name.
    pub(super) const fn id(self, id: &'a str) -> Self {
        Self { id, ..self }
    }

    pub(super) const fn hint(self, hint: &'a str) -> Self {
        Self { hint: Some(hint), ..self }
    }

    pub(super) fn error(self, errors: Errors<'a>) -> Self {
        self.wrong(errors.0.iter().find(|problem| problem.field == self.name).map(|p| p.message.as_str()))
    }

    pub(super) const fn wrong(self, error: Option<&'a str>) -> Self {
        Self { error, ..self }
    }

    /// It must say something.
    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// At most so many characters.
    pub(super) const fn max(self, chars: usize) -> Self {
        Self { max: Some(chars), ..self }
    }

    /// Free text that is stored.
    pub(super) const fn free(self) -> Self {
        Self { note: Note::Stored, ..self }
    }

    /// Free text that is judged and forgotten.
    pub(super) const fn tried(self) -> Self {
        Self { note: Note::Tried, ..self }
    }

    /// Free text whose note stands with another field.
    pub(super) const fn noted_at(self, id: &'a str) -> Self {
        Self { noted: Some(id), ..self }
    }

    pub(super) const fn placeholder(self, text: &'a str) -> Self {
        Self { placeholder: Some(text), ..self }
    }

    /// The label is there for screen readers alone.
    pub(super) const fn label_unseen(self) -> Self {
        Self { hidden_label: true, ..self }
    }

    /// The field around a control of a kind of its own, which has the field's id and says what describes it.
    pub(super) fn around(self, control: &Markup) -> Markup {
        html! {
            div.field {
                label for=(self.id) .hidden[self.hidden_label] { (self.label) }
                (control)
                @if let Some(hint) = self.hint { p.hint #{(self.id) "-hint"} { (hint) } }
                @if let Some(error) = self.error {
                    p.error #{(self.id) "-error"} { (icon(Icon::Warning)) span { (sentence(&w::wrong(error))) } }
                }
                @match self.note {
                    Note::None => {},
                    Note::Stored => (note(self.id, w::PHI)),
                    Note::Tried => (note(self.id, w::PHI_TRIED)),
                }
            }
        }
    }

    /// The ids of what is said about the control.
    pub(super) fn described(&self) -> Option<String> {
        let mut parts = Vec::new();
        let mut of = |there: bool, id: &str, what: &str| parts.extend(there.then(|| format!("{id}-{what}")));
        of(self.hint.is_some(), self.id, "hint");
        of(self.error.is_some(), self.id, "error");
        of(self.note != Note::None, self.id, "note");
        of(self.noted.is_some(), self.noted.unwrap_or_default(), "note");
        Some(parts.join(" ")).filter(|ids| !ids.is_empty())
    }

    /// Whether it is wrong, as the control says it.
    pub(super) fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    /// A line of text.
    pub(super) fn text(self, kind: &str, value: &str) -> Markup {
        self.around(&html! {
            input #(self.id) name=(self.name) type=(kind) value=(value) required[self.required] maxlength=[self.max]
                placeholder=[self.placeholder] aria-describedby=[self.described()] aria-invalid=[self.invalid()]
                autocomplete="off";
        })
    }

    /// Lines of text.
    pub(super) fn lines(self, rows: u32, value: &str) -> Markup {
        self.around(&html! {
            textarea #(self.id) name=(self.name) rows=(rows) required[self.required] maxlength=[self.max]
                aria-describedby=[self.described()] aria-invalid=[self.invalid()] { (PreEscaped(in_lines(value))) }
        })
    }

    /// A number.
    pub(super) fn number(self, min: u64, max: u64, value: impl std::fmt::Display) -> Markup {
        self.around(&html! {
            input.number #(self.id) name=(self.name) type="number" inputmode="numeric" min=(min) max=(max)
                value=(value) aria-describedby=[self.described()] aria-invalid=[self.invalid()];
        })
    }

    /// A choice.
    pub(super) fn choice(self, options: &Markup) -> Markup {
        self.around(&html! {
            select #(self.id) name=(self.name) aria-describedby=[self.described()] aria-invalid=[self.invalid()] { (options) }
        })
    }
}

/// A text inside a `textarea`: two characters alone are special there, and a line break at its beginning
/// would be swallowed.
pub(super) fn in_lines(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    if escaped.starts_with('\n') { format!("\n{escaped}") } else { escaped }
}

/// How many bytes a text takes in a page.
pub(super) fn bytes_of(text: &str) -> usize {
    text.chars().map(bytes_of_char).sum()
}

const fn bytes_of_char(letter: char) -> usize {
    match letter {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        '"' => "&quot;".len(),
        other => other.len_utf8(),
    }
}

/// The beginning of a text that takes no more than so many bytes in a page.
pub(super) fn beginning(text: &str, max_bytes: usize) -> &str {
    let mut bytes = 0;
    for (at, letter) in text.char_indices() {
        bytes += bytes_of_char(letter);
        if bytes > max_bytes {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// A box to tick, with its words behind it.
pub(super) fn tick(name: &str, label: &str, on: bool) -> Markup {
    html! { label.tick { input #(name) type="checkbox" name=(name) checked[on]; span { (label) } } }
}

/// A box to tick that needs more words.
pub(super) fn tick_with(name: &str, label: &str, hint: &str, on: bool) -> Markup {
    let id = format!("{name}-hint");
    html! {
        div.ticked {
            label.tick { input #(name) type="checkbox" name=(name) checked[on] aria-describedby=(id); span { (label) } }
            p.hint #(id) { (hint) }
        }
    }
}

/// A switch, with its words behind it.
pub(super) fn switch(name: &str, label: &str, on: bool) -> Markup {
    html! {
        label.switch { input #(name) type="checkbox" role="switch" name=(name) checked[on]; span.track aria-hidden="true" {} span { (label) } }
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

/// The note beside a free text of this id.
fn note(id: &str, text: &str) -> Markup {
    html! { p.phi #{ (id) "-note" } { (icon(Icon::Shield)) span { (text) } } }
}

/// What stands where text about clients is typed, for a control of this id.
pub(super) fn phi(id: &str) -> Markup {
    note(id, w::PHI)
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
    fn what_is_typed_is_never_markup() {
        let field = Field::new("name", "Name");
        for markup in [field.text("text", "\"><script>"), field.lines(2, "</textarea><script>\n")] {
            assert!(!markup.into_string().contains("<script"));
        }
        assert!(field.lines(2, "\nx").into_string().contains(">\n\nx<"), "browsers swallow the first");
    }

    #[test]
    fn every_control_says_what_describes_it_and_whether_it_is_wrong() {
        let field = Field::new("tag", "Tag").id("the-tag").hint("Why").wrong(Some("is wrong")).free();
        for markup in
            [field.text("text", ""), field.lines(2, ""), field.number(0, 1, 0), field.choice(&html! {})]
        {
            let markup = markup.into_string();
            assert!(
                markup.contains("for=\"the-tag\"") && markup.contains("aria-invalid=\"true\""),
                "{markup}"
            );
            let described = "aria-describedby=\"the-tag-hint the-tag-error the-tag-note\"";
            assert!(markup.contains(described), "{markup}");
            for part in ["hint", "error", "note"] {
                assert!(markup.contains(&format!("id=\"the-tag-{part}\"")), "{markup}");
            }
        }
        assert!(!Field::new("a", "A").text("text", "").into_string().contains("aria-"));
    }

    #[test]
    fn a_text_is_measured_as_it_stands_in_a_page() {
        for text in ["plain", "\"quotes\" & <signs>", "漢字"] {
            assert_eq!(bytes_of(text), html! { (text) }.into_string().len(), "{text}");
        }
        assert_eq!(beginning("a\"b", 6), "a");
        assert_eq!((beginning("a\"b", 7), beginning("漢字", 5)), ("a\"", "漢"));
    }

    #[test]
    fn whoever_came_second_is_told_and_can_save_over_it() {
        let changed = Problem::changed();
        let told = refused(Some(&changed)).into_string();
        assert!(
            told.contains("Somebody else has changed this meanwhile") && !told.contains("ETag"),
            "{told}"
        );
        assert!(saves(Some(&changed), 7).into_string().contains("name=\"over\" value=\"7\""));
        assert!(!saves(None, 7).into_string().contains("over"));
    }
}
