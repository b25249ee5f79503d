//! Question and answer entries as tables: CSV with the columns `question`, `answer`, and, if wanted,
//! `alternatives` (separated by `|`) and `id`. A text is what stands between the commas, blanks included.

use std::collections::BTreeMap;

use handover_core::{BotId, FaqEntry, FaqId, Problem};
use serde::Deserialize;

/// What stands between two alternatives; within one it is written as `\|`, and a `\` as `\\`.
const SEPARATOR: char = '|';
const ESCAPE: char = '\\';

/// The columns, in the order in which they are written; the first [`NEEDED`] must be there.
const COLUMNS: [&str; 4] = ["question", "answer", "alternatives", "id"];
const NEEDED: usize = 2;

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    id: Option<String>,
    question: String,
    answer: String,
    #[serde(default)]
    alternatives: Option<String>,
}

/// What a table says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) entries: Vec<FaqEntry>,
    /// It has no column of alternatives: those that are stored stay.
    pub(crate) keeps_alternatives: bool,
}

/// Reads entries from CSV (UTF-8, with a line of names). An entry without an id has the one that follows
/// from its question, so that the same file imported twice is imported once.
///
/// # Errors
/// Every problem with its row, counted from 1 after the line of names.
pub fn faq_from_csv(bot: &BotId, csv: &[u8]) -> Result<Vec<FaqEntry>, Vec<Problem>> {
    Ok(read(bot, csv)?.entries)
}

/// Reads a table; see [`faq_from_csv`].
pub(crate) fn read(bot: &BotId, csv: &[u8]) -> Result<Table, Vec<Problem>> {
    let csv = csv.strip_prefix("\u{feff}".as_bytes()).unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(csv);
    // A file that names other columns, or separates them otherwise, must not pass for one without rows:
    // an import that replaces would remove everything.
    let names = reader.headers().cloned().unwrap_or_default();
    let problems = wrong_columns(&names);
    if !problems.is_empty() {
        return Err(problems);
    }
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let at = |field: &str| format!("rows[{}]{field}", index + 1);
        match row {
            Err(error) => problems.push(Problem { field: at(""), message: reason(&error) }),
            Ok(row) => match entry(bot, row) {
                Ok(entry) => {
                    entries.push(entry);
                    rows.push(index + 1);
                }
                Err(found) => problems.extend(found.into_iter().map(|problem| Problem {
                    field: at(&format!(".{}", problem.field)),
                    message: problem.message,
                })),
            },
        }
    }
    let place = |index: usize| format!("rows[{}]", rows.get(index).copied().unwrap_or_default());
    problems.extend(twice(&entries, place));
    let keeps_alternatives = !names.iter().any(|name| name == "alternatives");
    if problems.is_empty() { Ok(Table { entries, keeps_alternatives }) } else { Err(problems) }
}

/// What is wrong with the line of names.
fn wrong_columns(names: &csv::StringRecord) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |message| problems.push(Problem { field: "rows[0]".to_owned(), message });
    for column in COLUMNS.iter().take(NEEDED) {
        if !names.iter().any(|name| name == *column) {
            wrong(format!("there is no column {column}: the first line names the columns, with commas"));
        }
    }
    for (index, name) in names.iter().enumerate() {
        let shown: String = name.chars().take(40).collect();
        if !COLUMNS.contains(&name) {
            wrong(format!("the column \"{shown}\" is not known: there are {}", COLUMNS.join(", ")));
        } else if names.iter().take(index).any(|other| other == name) {
            wrong(format!("the column {shown} stands there twice"));
        }
    }
    problems
}

/// Entries that an import has twice, each with both places: which of them is meant cannot be told.
pub(crate) fn twice(entries: &[FaqEntry], place: impl Fn(usize) -> String) -> Vec<Problem> {
    let mut first: BTreeMap<&FaqId, usize> = BTreeMap::new();
    let mut problems = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(earlier) = first.get(&entry.id).copied() {
            let same =
                entries.get(earlier).is_some_and(|other| other.question.trim() == entry.question.trim());
            let what = if same { "question" } else { "id" };
            let message = format!("has the same {what} as {}: only one of them can stand", place(earlier));
            problems.push(Problem { field: place(index), message });
        } else {
            first.insert(&entry.id, index);
        }
    }
    problems
}

/// What is wrong with a row, without quoting it.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns, not {expected_len}")
        }
        csv::ErrorKind::Deserialize { err, .. } => err.kind().to_string(),
        csv::ErrorKind::Io(_) | csv::ErrorKind::Seek | csv::ErrorKind::Serialize(_) => {
            "cannot be read".to_owned()
        }
        _ => "is not a row".to_owned(),
    }
}

fn entry(bot: &BotId, row: Row) -> Result<FaqEntry, Vec<Problem>> {
    let id = match row.id.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        None => FaqId::of(bot, &plain(row.question.clone())),
        Some(id) => id.parse().map_err(|_| {
            let message = "must be letters, digits, _ and -, at most 64".to_owned();
            vec![Problem { field: "id".to_owned(), message }]
        })?,
    };
    let entry = FaqEntry {
        id,
        question: plain(row.question),
        alternatives: alternatives(&plain(row.alternatives.unwrap_or_default())),
        answer: plain(row.answer),
    };
    entry.validate()?;
    Ok(entry)
}

/// The alternatives of a cell. Blanks around them are dropped unless they are escaped.
fn alternatives(cell: &str) -> Vec<String> {
    let (mut all, mut one, mut kept) = (Vec::new(), String::new(), 0);
    let mut letters = cell.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_escape = |next: &char| *next == SEPARATOR || *next == ESCAPE || next.is_whitespace();
        let escaped = if letter == ESCAPE { letters.next_if(is_escape) } else { None };
        match (escaped, letter) {
            (Some(escaped), _) => {
                one.push(escaped);
                kept = one.len();
            }
            (None, SEPARATOR) => {
                one.truncate(kept);
                all.push(std::mem::take(&mut one));
                kept = 0;
            }
            (None, letter) if letter.is_whitespace() => {
                if !one.is_empty() {
                    one.push(letter);
                }
            }
            (None, letter) => {
                one.push(letter);
                kept = one.len();
            }
        }
    }
    one.truncate(kept);
    all.push(one);
    all.retain(|one| !one.is_empty());
    all
}

/// An alternative as [`alternatives`] reads it again.
fn escaped(alternative: &str) -> String {
    let blanks_before = alternative.len() - alternative.trim_start().len();
    let blanks_after = alternative.trim_end().len();
    let mut text = String::new();
    for (place, letter) in alternative.char_indices() {
        let outside = place < blanks_before || place >= blanks_after;
        if outside || letter == SEPARATOR || letter == ESCAPE {
            text.push(ESCAPE);
        }
        text.push(letter);
    }
    text
}

/// Writes entries as CSV, so that [`faq_from_csv`] reads them again. A text that a spreadsheet would take
/// for a formula gets an apostrophe before it, which reading drops.
pub(crate) fn to_csv<'a>(entries: impl IntoIterator<Item = &'a FaqEntry>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(COLUMNS);
    for entry in entries {
        let alternatives: Vec<String> = entry.alternatives.iter().map(|text| escaped(text)).collect();
        let alternatives = alternatives.join(&SEPARATOR.to_string());
        let texts = [&entry.question, &entry.answer, &alternatives].map(|text| tame(text));
        let _ = writer.write_record(texts.iter().map(String::as_str).chain([entry.id.as_str()]));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Whether a spreadsheet could take a text for a formula, apostrophes before it aside.
fn is_formula(text: &str) -> bool {
    let inner = text.trim_start_matches(['\'', ' ']);
    inner.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

fn tame(text: &str) -> String {
    if is_formula(text) { format!("'{text}") } else { text.to_owned() }
}

/// A cell's text without the apostrophe by which it was tamed.
fn plain(cell: String) -> String {
    let tamed = cell.strip_prefix('\'').filter(|text| is_formula(text)).map(str::to_owned);
    tamed.unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot() -> BotId {
        "bot".parse().unwrap()
    }

    #[test]
    fn a_table_comes_back() {
        let csv = "\u{feff}question,answer,alternatives\n\"When, exactly?\",\"At \"\"nine\"\".\nOr ten.\",Since when? | When?\n=1+1,two,\n";
        let entries = faq_from_csv(&bot(), csv.as_bytes()).unwrap();
        assert_eq!(entries.len(), 2);
        let first = entries.first().unwrap();
        assert_eq!(first.question, "When, exactly?");
        assert_eq!(first.answer, "At \"nine\".\nOr ten.");
        assert_eq!(first.alternatives, ["Since when?", "When?"]);
        assert_eq!(first.id, FaqId::of(&bot(), "When, exactly?"));
        let written = to_csv(&entries);
        assert!(written.contains("\n'=1+1,"), "{written}");
        assert_eq!(faq_from_csv(&bot(), written.as_bytes()), Ok(entries));
    }

    #[test]
    fn every_problem_is_named_with_its_row() {
        let csv = "question,answer,id\nWhen?,At nine.,\n,At ten.,\nWhy?,Because.,a#b\nHow?\n";
        let problems = faq_from_csv(&bot(), csv.as_bytes()).unwrap_err();
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["rows[2].question", "rows[3].id", "rows[4]"]);
        let missing = faq_from_csv(&bot(), b"question\nWhen?\n").unwrap_err();
        assert!(missing.first().unwrap().message.contains("answer"), "{missing:?}");
        assert!(faq_from_csv(&bot(), b"question,answer\n\xff\xfe,x\n").is_err());
        for other in [&b""[..], b"{}", b"question;answer\nWhen?;At nine.\n"] {
            assert_eq!(faq_from_csv(&bot(), other).unwrap_err().first().unwrap().field, "rows[0]");
        }
        assert_eq!(faq_from_csv(&bot(), to_csv([]).as_bytes()), Ok(Vec::new()));
    }

    #[test]
    fn every_text_comes_back_as_it_was() {
        let texts =
            [" =1+1", "'=1", "'tis open", "  two blanks ", "a|b", r"C:\temp\", r"\|", "-5 ", "\ttab", "'"];
        let entries: Vec<FaqEntry> = texts
            .iter()
            .map(|text| FaqEntry {
                id: FaqId::of(&bot(), text),
                question: (*text).to_owned(),
                alternatives: texts.iter().rev().map(|text| (*text).to_owned()).collect(),
                answer: format!("{text}{text}"),
            })
            .collect();
        assert_eq!(faq_from_csv(&bot(), to_csv(&entries).as_bytes()), Ok(entries));
        assert_eq!(alternatives(r"a | b\|c |  | \d|e\\"), ["a", "b|c", r"\d", r"e\"]);
    }

    #[test]
    fn what_is_ambiguous_is_refused_by_name() {
        let problem = |csv: &str| {
            let problems = faq_from_csv(&bot(), csv.as_bytes()).unwrap_err();
            let problem = problems.first().unwrap();
            format!("{}: {}", problem.field, problem.message)
        };
        assert!(problem("question,answer,alternative\nA,B,C\n").contains("\"alternative\" is not known"));
        assert!(problem("question,answer,answer\nA,B,C\n").contains("answer stands there twice"));
        let same = problem("question,answer\nWhen?,Nine.\nWhy?,So.\n When?,Ten.\n");
        assert_eq!(same, "rows[3]: has the same question as rows[1]: only one of them can stand");
        let same = problem("question,answer,id\nWhen?,Nine.,a\nWhy?,So.,a\n");
        assert_eq!(same, "rows[2]: has the same id as rows[1]: only one of them can stand");
        assert!(read(&bot(), b"question,answer\nA,B\n").unwrap().keeps_alternatives);
        assert!(!read(&bot(), b"question,answer,alternatives\nA,B,\n").unwrap().keeps_alternatives);
    }
}
