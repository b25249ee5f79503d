//! What the API's refusals are called on the pages. A program is told codes, headers and fields by their
//! names; a person is told what happened and what to do now.

use crate::problem::Problem;

use super::setting;

/// Title and advice of each refusal that can reach a page, by its code. No advice: the refusal's own says
/// what only it knows.
const REFUSALS: &[(&str, &str, &str)] = &[
    ("already_linked", "Its contact has several conversations already", "Take them apart first."),
    ("broken", "Something stored is broken", "It is not your doing. Tell whoever runs the system."),
    (
        "changed",
        "Somebody else has changed this meanwhile",
        "Nothing of yours has been saved. What you typed is still here: see how it is now, and save yours over it if that is right.",
    ),
    ("claimed", "Somebody else has it", "Ask them, or assign it to yourself."),
    (
        "entries_changed",
        "Somebody else has changed the entries meanwhile",
        "Nothing of yours has been done. Look at the entries, and send it again.",
    ),
    ("idempotency_key_reused", "This page was used already", "Reload it, and try again."),
    ("ignored", "It changes nothing", "Reload the page to see how things are."),
    ("in_use", "It is still in use", "Give those who use it something else first."),
    ("invalid", "Something is not right yet", "Look at what you typed."),
    ("key_in_use", "A key cannot end itself", "End it from here."),
    (
        "labs_disabled",
        "Human handover is switched off for this account",
        "An admin switches it on in the account settings.",
    ),
    ("last_owner", "The last owner stays", "Make somebody else an owner first."),
    ("made_before", "This was made already", "It is not shown again. Make another one."),
    ("media_type", "This kind of table cannot be read", "Send it as CSV."),
    (
        "message_cap",
        "The bot has said enough for one day",
        "Raise its messages a day, or wait until midnight (UTC).",
    ),
    ("no_enabled_action", "No scenario says how to hand over", "Switch one on for the bot of this inbox."),
    ("no_open_task", "There is no open task", "Somebody has done it already."),
    (
        "not_found",
        "There is no such thing here",
        "It may have been removed meanwhile, or the link is not whole.",
    ),
    ("not_linked", "It is where its contact began", "Take the other conversation away instead."),
    ("not_redrivable", "It cannot be sent on its way again", ""),
    ("opted_out", "The client wants no messages", "Nothing can be sent."),
    ("owner", "Only an owner can do this", "Owners are made, changed and removed by owners alone."),
    ("scope", "You may not do this", "Ask an admin or the owner of the account."),
    ("stale_epoch", "Somebody else has taken over meanwhile", "See how things are before you answer."),
    ("too_large", "This is too much at once", "Send less, in several steps."),
    ("too_many", "There are enough of them", ""),
    ("too_many_linked", "The contact has too many conversations", "Take one of them away first."),
    ("too_old", "This came too late", "It is more than a day old. Do it again."),
    ("unavailable", "Not available for the moment", "Try again. Nothing is done twice."),
    ("with_bot", "The bot has it already", "There is nothing to give back."),
    ("with_humans", "People have it already", "Claim or assign it instead."),
];

/// What a refusal is called on a page, and what to do about it.
pub(in crate::pages) fn refusal(problem: &Problem) -> (String, String) {
    let known = REFUSALS.iter().find(|(code, _, _)| *code == problem.code);
    let (title, advice) = known.map_or((problem.title, ""), |(_, title, advice)| (*title, *advice));
    let who = problem.members.get("claimed_by").and_then(|by| by.get("name")).and_then(|name| name.as_str());
    let title = match who {
        Some(name) => format!("{name} has it already"),
        None => title.to_owned(),
    };
    let advice = if advice.is_empty() { wrong(&problem.detail) } else { advice.to_owned() };
    (title, advice)
}

/// How the messages about fields put what the pages call otherwise.
const PLAIN: &[(&str, &str)] = &[
    ("use until_handed_back", "choose \u{201c}Until somebody hands back\u{201d}"),
    ("choose send_nothing", "choose \u{201c}Send nothing\u{201d}"),
    ("wait for a human", "wait for a person"),
    ("handover actions", "scenarios"),
    ("handover action", "scenario"),
    (
        "must be whsec_ and the base64 of at least 24 bytes",
        "must begin with whsec_, as the provider shows it",
    ),
    (" (E.164)", ""),
    ("replace=true", "removing the others"),
];

/// What is wrong with a field, in the words of the pages.
pub(in crate::pages) fn wrong(message: &str) -> String {
    let plain = PLAIN.iter().fold(message.to_owned(), |text, (from, to)| text.replace(from, to));
    // A row of a table that was read.
    match plain.split_once("rows[") {
        Some((before, rest)) => match rest.split_once(']') {
            Some((number, after)) => format!("{before}row {number}{after}"),
            None => plain,
        },
        None => plain,
    }
}

/// A field that is wrong, as its label names it; what nobody knows has no name.
pub(in crate::pages) fn field(field: &str) -> String {
    if let Some((_, number)) = field.rsplit_once("rows[") {
        return format!("Row {}:", number.split(']').next().unwrap_or_default());
    }
    let last = field.rsplit('.').next().unwrap_or_default();
    let last = last.split('[').next().unwrap_or_default();
    let name = match last {
        "" => return String::new(),
        "actions" => "Scenarios",
        "alternatives" => super::ALTERNATIVES,
        "answer" => super::ANSWER,
        "assign" | "to" => super::ASSIGN_TO,
        "bot" => super::ANSWERED_BY,
        "channel" => super::CHANNEL,
        "chat_webhook" => super::CHAT_WEBHOOK,
        "closing_message" => super::CLOSING_MESSAGE,
        "cooldown_minutes" => super::COOLDOWN,
        "daily_messages" => super::DAILY,
        "days" => "Days",
        "email" => super::EMAIL,
        "entries" => "Entries",
        "evidence_floor" => super::EVIDENCE_FLOOR,
        "fold_seconds" => super::FOLD,
        "instructions" => super::CONNECTOR_INSTRUCTIONS,
        "max_retries" => super::MAX_RETRIES_LABEL,
        "members" => super::MEMBERS,
        "model" => super::CONNECTOR_MODEL,
        "more_member" => super::MORE_MEMBERS,
        "name" => super::NAME,
        "no_answer_message" => super::NO_ANSWER_MESSAGE,
        "pause" | "takeover_pause" => "Pause",
        "phone" => super::PHONE,
        "phrases" => super::EXAMPLE_PHRASES,
        "question" => super::QUESTION,
        "quiet_minutes" => super::QUIET,
        "reason" => super::REASON,
        "retention_days" => super::RETENTION,
        "role" => super::ROLE,
        "sms_inbox" => super::SMS_INBOX,
        "tag" => "Tag",
        "text" => "Text",
        "url" => super::CONNECTOR_URL,
        "value" => super::VALUE,
        // What is left are the settings of providers.
        other => return format!("{}:", setting(other)),
    };
    format!("{name}:")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::PathBuf};

    use http::StatusCode;

    use super::*;

    fn source(of: &str) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(of);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        // What tests say is nobody else's business.
        text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned()
    }

    fn sources(folder: &str) -> Vec<(String, String)> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut found = Vec::new();
        for entry in fs::read_dir(path).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap());
            if std::path::Path::new(&name).extension().is_some_and(|extension| extension == "rs") {
                let text = source(&name);
                found.push((name, text));
            }
        }
        assert!(!found.is_empty());
        found
    }

    /// The literals of a source that stand outside of comments.
    fn literals(text: &str) -> Vec<String> {
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let (mut found, mut rest) = (Vec::new(), code.replace("\\\"", "\u{201d}").replace("'\"'", "''"));
        while let Some((_, after)) = rest.split_once('"') {
            let Some((literal, after)) = after.split_once('"') else { break };
            found.push(literal.to_owned());
            rest = after.to_owned();
        }
        found
    }

    /// Codes of refusals: the first literals after these.
    fn codes(text: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for start in ["Problem::new(", "conflict(", "Self::new("] {
            for rest in text.split(start).skip(1) {
                // A status may stand before it, and a call without a literal is none of ours.
                let head = rest.split(')').next().unwrap_or_default();
                if let Some(code) = literals(head).into_iter().next() {
                    let is_code = code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                    found.extend(Some(code).filter(|code| is_code && !code.is_empty()));
                }
            }
        }
        found
    }

    /// Refusals that only programs meet: no page asks for what leads to them.
    const PROGRAMS: [&str; 4] = ["etag_needed", "method", "not_json", "unauthenticated"];

    #[test]
    fn every_refusal_of_the_api_has_words_of_the_pages() {
        let known: BTreeSet<&str> = REFUSALS.iter().map(|(code, _, _)| *code).collect();
        let mut met = 0;
        for (file, text) in sources("src") {
            for code in codes(&text) {
                met += 1;
                assert!(
                    known.contains(code.as_str()) || PROGRAMS.contains(&code.as_str()),
                    "{file}: the refusal {code:?} has no words in pages/words/problems.rs"
                );
            }
        }
        assert!(met > 20, "only {met} codes were found");
    }

    /// Words that only programs know.
    fn is_plain(text: &str) -> bool {
        let api = [
            "ETag",
            "If-Match",
            "Idempotency",
            " PUT",
            "GET ",
            "until_",
            "send_",
            "handover action",
            "human_",
        ];
        !api.iter().any(|word| text.contains(word))
    }

    #[test]
    fn what_is_wrong_with_a_field_is_said_without_the_names_of_the_api() {
        let mut told = 0;
        for file in ["../../shared/core/src/validate.rs", "../../shared/core/src/faq.rs"] {
            for literal in literals(&source(file)).iter().filter(|literal| literal.contains(' ')) {
                told += 1;
                assert!(is_plain(&wrong(literal)), "{file}: {literal:?}");
            }
        }
        assert!(told > 15, "only {told} messages were found");
        for (code, title, advice) in REFUSALS {
            assert!(is_plain(title) && is_plain(advice), "{code}");
        }
    }

    #[test]
    fn pages_say_nothing_but_words_from_here() {
        for (file, text) in sources("src/pages").iter().filter(|(file, _)| !file.ends_with("/words.rs")) {
            for literal in literals(text) {
                let mut words = literal.split(' ');
                let capital = words.next().is_some_and(|first| {
                    first.len() > 1 && first.starts_with(|letter: char| letter.is_ascii_uppercase())
                });
                let sentence = capital && words.clone().count() > 0;
                let sentence =
                    sentence && words.all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
                assert!(!sentence, "{file}: {literal:?} belongs into words");
            }
        }
    }

    #[test]
    fn fields_and_rows_have_the_names_of_their_labels() {
        for (given, told) in [
            ("actions[0].scenario.phrases[3]", "Example phrases:"),
            ("connector.url", "Address:"),
            ("rows[3].question", "Row 3:"),
            ("account_sid", "Account SID:"),
            ("", ""),
        ] {
            assert_eq!(field(given), told);
        }
        assert_eq!(wrong("has the same question as rows[1]: x"), "has the same question as row 1: x");
        let changed = Problem::changed();
        assert_eq!(refusal(&changed).0, "Somebody else has changed this meanwhile");
        let mut claimed = Problem::conflict("claimed", "It is", "told");
        claimed.members.insert("claimed_by".to_owned(), serde_json::json!({"name": "Billie"}));
        assert_eq!(refusal(&claimed).0, "Billie has it already");
        let unknown = Problem::new(StatusCode::CONFLICT, "new", "A title", "and what to do");
        assert_eq!(refusal(&unknown), ("A title".to_owned(), "and what to do".to_owned()));
    }
}
