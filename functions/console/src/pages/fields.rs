//! Forms: every control with its label, what describes it, what is wrong with it, and the note on sensitive
//! data where free text is typed.

use handover_core::Problem as FieldProblem;
use maud::{Markup, PreEscaped, html};

use super::{
    layout::sentence,
    parts::{Icon, icon},
    words as w,
};
use crate::problem::Problem;

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
fn why_refused(problem: &Problem) -> Markup {
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

/// The note beside a free text of this id.
fn note(id: &str, text: &str) -> Markup {
    html! { p.phi #{ (id) "-note" } { (icon(Icon::Shield)) span { (text) } } }
}

/// What stands where text about clients is typed, for a control of this id.
pub(super) fn phi(id: &str) -> Markup {
    note(id, w::PHI)
}

#[cfg(test)]
mod tests {
    use super::*;

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
