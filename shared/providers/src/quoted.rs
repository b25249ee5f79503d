//! What a client wrote themselves: without the earlier messages that mail and chat programs put below and
//! between their words. Rules must not act on what somebody else said.

/// The words of a chat message: lines that are quoted with a `>` are left out, and all that follows a `>>>`
/// (Slack's and others' block quotes). Where nothing else was written, they are all that there is.
pub(crate) fn without_quotes(text: &str) -> String {
    if !text.contains('>') {
        return text.to_owned();
    }
    let own = text.lines().take_while(|line| !line.starts_with(">>>")).filter(|line| !is_quoted(line));
    kept(text, &own.collect::<Vec<_>>())
}

/// The words of a mail: without quoted lines, and without what stands below a reply separator.
pub(crate) fn without_earlier_mails(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut own = Vec::with_capacity(lines.len());
    let mut rest = lines.as_slice();
    while let [line, below @ ..] = rest {
        rest = below;
        if is_separator(line, below) {
            break;
        }
        let introduction = introduction_lines(line, below);
        if introduction > 0 {
            rest = below.get(introduction - 1..).unwrap_or_default();
            // Quoted lines go by themselves, and more may be written below them; words without a mark are
            // the earlier mail.
            match rest.iter().find(|line| !line.trim().is_empty()) {
                Some(next) if !is_quoted(next) => break,
                _ => continue,
            }
        }
        if !is_quoted(line) {
            own.push(*line);
        }
    }
    kept(text, &own)
}

fn kept(text: &str, own: &[&str]) -> String {
    let own = own.join("\n");
    if own.trim().is_empty() { text.to_owned() } else { own.trim().to_owned() }
}

fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with('>')
}

/// The line that mail programs put between a reply and what it replies to: Outlook's rule and its block of
/// header lines, and "Original Message" between dashes.
fn is_separator(line: &str, below: &[&str]) -> bool {
    let line = line.trim();
    if line.len() >= 10 && line.bytes().all(|byte| byte == b'_') {
        return true;
    }
    let between_dashes = line.strip_prefix("--").and_then(|line| line.strip_suffix("--"));
    if let Some(title) = between_dashes.map(|title| title.trim_matches(['-', ' ']).to_lowercase()) {
        const TITLES: [&str; 7] = [
            "original message",
            "ursprüngliche nachricht",
            "message d'origine",
            "mensaje original",
            "messaggio originale",
            "mensagem original",
            "oorspronkelijk bericht",
        ];
        return TITLES.contains(&title.as_str());
    }
    let starts = |line: &str, names: &[&str]| {
        let line = line.trim_start_matches(['*', ' ']);
        names.iter().any(|name| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.trim_start_matches('*').starts_with(':') || rest.starts_with(" :"))
        })
    };
    starts(line, &["From", "Von", "De", "Da", "Van"])
        && below.iter().take(4).any(|line| {
            starts(
                line,
                &[
                    "Sent",
                    "Gesendet",
                    "Envoyé",
                    "Enviado",
                    "Inviato",
                    "Verzonden",
                    "Date",
                    "Datum",
                    "Data",
                    "Fecha",
                ],
            )
        })
}

/// How many lines the words take that introduce a quote ("On 3 May 2026 at 10:02 Ada <a@example.com> wrote:"):
/// one or two, and 0 for a line that is something else.
fn introduction_lines(line: &str, below: &[&str]) -> usize {
    const STARTS: [&str; 7] = ["On ", "Am ", "Le ", "El ", "Il ", "Em ", "Op "];
    const ENDS: [&str; 9] = [
        "wrote:",
        "schrieb:",
        "écrit :",
        "écrit:",
        "escribió:",
        "scritto:",
        "escreveu:",
        "schreef:",
        "geschreven:",
    ];
    let ends = |line: &str| ENDS.iter().any(|end| line.trim_end().ends_with(end));
    let starts = STARTS.iter().any(|start| line.trim_start().starts_with(start));
    // A date or an address stands in it: "On arrival he wrote:" is no introduction.
    let is_dated = |line: &str| line.contains(|letter: char| letter.is_ascii_digit() || letter == '@');
    let is_german = |line: &str| line.contains(" schrieb ") && line.trim_end().ends_with(':');
    match below.first() {
        _ if starts && is_dated(line) && (ends(line) || is_german(line)) => 1,
        // German mail programs put the name first and the date behind: "Ada schrieb am 3.5.2026 um 10:02:".
        _ if line.contains(" schrieb am ") && is_german(line) => 1,
        Some(next) if starts && is_dated(line) && ends(next) => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_quotes_are_left_out() {
        for (text, own) in [
            ("> get me a human\nno, not this", "no, not this"),
            ("no\n> get me a human", "no"),
            ("no\n>>> get me\na human", "no"),
            ("1 > 2\nand so on", "1 > 2\nand so on"),
            ("> all that there is", "> all that there is"),
            ("plain", "plain"),
        ] {
            assert_eq!(without_quotes(text), own);
        }
    }

    #[test]
    fn earlier_mails_are_left_out() {
        for (text, own) in [
            ("thanks\n\n> talk to a human", "thanks"),
            (
                "thanks\n\nOn Mon, 3 May 2026 at 10:02, Ada <a@example.com> wrote:\n\n> talk to a human\n> now",
                "thanks",
            ),
            ("On 3 May 2026, Ada wrote:\n> talk to a human\nno, leave it", "no, leave it"),
            ("thanks\nOn Mon, 3 May 2026 at 10:02, Ada <a@example.com>\nwrote:\n> human", "thanks"),
            ("thanks\nOn Mon, 3 May 2026 at 10:02 Ada wrote:\ntalk to a human", "thanks"),
            ("danke\nAm 03.05.2026 um 10:02 schrieb Ada <a@example.com>:\n> Mensch", "danke"),
            ("danke\nAm 03.05.2026 um 10:02 Uhr, Ada <a@example.com> schrieb:\n> Mensch", "danke"),
            ("danke\nAda schrieb am 3.5.2026 um 10:02:\nMensch", "danke"),
            ("thanks\n-----Original Message-----\nFrom: x\ntalk to a human", "thanks"),
            ("thanks\n________________________________\nFrom: x\ntalk to a human", "thanks"),
            ("thanks\n\nFrom: Ada\nSent: Monday\nTo: us\n\ntalk to a human", "thanks"),
            ("thanks\n*De :* Ada\n*Envoyé :* lundi\nun humain", "thanks"),
            ("From: what I hear you are open\nIs that so?", "From: what I hear you are open\nIs that so?"),
            ("On arrival he wrote:\nI am here", "On arrival he wrote:\nI am here"),
            ("> talk to a human", "> talk to a human"),
            ("two\n\nparagraphs", "two\n\nparagraphs"),
        ] {
            assert_eq!(without_earlier_mails(text), own, "{text}");
        }
    }
}
