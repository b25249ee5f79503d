//! Question and answer entries as tables: CSV with the columns `question`, `answer`, and, if wanted,
//! `alternatives` (separated by `|`) and `id`.

use handover_core::{BotId, FaqEntry, FaqId, Problem};
use serde::Deserialize;

/// What stands between two alternatives.
const SEPARATOR: &str = "|";

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

/// Reads entries from CSV (UTF-8, with a line of names). An entry without an id has the one that follows
/// from its question, so that the same file imported twice is imported once.
///
/// # Errors
/// Every problem with its row, counted from 1 after the line of names.
pub fn faq_from_csv(bot: &BotId, csv: &[u8]) -> Result<Vec<FaqEntry>, Vec<Problem>> {
    let csv = csv.strip_prefix("\u{feff}".as_bytes()).unwrap_or(csv);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(csv);
    // A file that names other columns, or separates them otherwise, must not pass for one without rows:
    // an import that replaces would remove everything.
    let names = reader.headers().cloned().unwrap_or_default();
    for column in COLUMNS.iter().take(NEEDED) {
        if !names.iter().any(|name| name == *column) {
            let message =
                format!("there is no column {column}: the first line names the columns, with commas");
            return Err(vec![Problem { field: "rows[0]".to_owned(), message }]);
        }
    }
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for (index, row) in reader.deserialize::<Row>().enumerate() {
        let at = |field: &str| format!("rows[{}]{field}", index + 1);
        match row {
            Err(error) => problems.push(Problem { field: at(""), message: reason(&error) }),
            Ok(row) => match entry(bot, row) {
                Ok(entry) => entries.push(entry),
                Err(found) => problems.extend(found.into_iter().map(|problem| Problem {
                    field: at(&format!(".{}", problem.field)),
                    message: problem.message,
                })),
            },
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
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
    let id = match row.id.as_deref().filter(|id| !id.is_empty()) {
        None => FaqId::of(bot, &row.question),
        Some(id) => id.parse().map_err(|_| {
            let message = "must be letters, digits, _ and -, at most 64".to_owned();
            vec![Problem { field: "id".to_owned(), message }]
        })?,
    };
    let alternatives = row.alternatives.unwrap_or_default();
    let alternatives = alternatives.split(SEPARATOR).map(str::trim).filter(|text| !text.is_empty());
    let entry = FaqEntry {
        id,
        question: row.question,
        alternatives: alternatives.map(str::to_owned).collect(),
        answer: row.answer,
    };
    entry.validate()?;
    Ok(entry)
}

/// Writes entries as CSV, so that [`faq_from_csv`] reads them again. A text that a spreadsheet would take
/// for a formula gets a blank before it, which reading drops.
pub(crate) fn to_csv<'a>(entries: impl IntoIterator<Item = &'a FaqEntry>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(COLUMNS);
    for entry in entries {
        let texts =
            [&entry.question, &entry.answer, &entry.alternatives.join(SEPARATOR)].map(|text| tame(text));
        let _ = writer.write_record(texts.iter().map(String::as_str).chain([entry.id.as_str()]));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn tame(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!(" {text}") } else { text.to_owned() }
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
        assert!(written.contains("\n =1+1,"), "{written}");
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
}
