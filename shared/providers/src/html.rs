//! HTML bodies as the words that a client wrote.

/// The text of an HTML fragment: tags gone, blocks and breaks as line ends, entities decoded, runs
/// of blanks as one. Quoted earlier messages (`blockquote`, and what stands below a mail program's mark for
/// them) are left out.
pub(crate) fn to_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    let mut quotes = 0_usize;
    while let Some(start) = rest.find('<') {
        let (words, tail) = rest.split_at(start);
        if quotes == 0 {
            text.push_str(words);
        }
        let is_tag = tail.get(1..).is_some_and(|tag| {
            tag.starts_with(|letter: char| letter.is_ascii_alphabetic() || "/!".contains(letter))
        });
        let Some(end) = tail.find('>').filter(|_| is_tag) else {
            if quotes == 0 {
                text.push('<');
            }
            rest = tail.get(1..).unwrap_or_default();
            continue;
        };
        let (tag, tail) = tail.split_at(end + 1);
        rest = tail;
        let closes = tag.starts_with("</");
        let name =
            tag.trim_start_matches(['<', '/']).split(|letter: char| !letter.is_ascii_alphanumeric()).next();
        match name.unwrap_or_default().to_ascii_lowercase().as_str() {
            "blockquote" if closes => quotes = quotes.saturating_sub(1),
            "blockquote" => quotes += 1,
            "script" | "style" if !closes => rest = skip_raw(rest),
            "div" | "hr" if !closes && begins_earlier_mail(tag) && !text.trim().is_empty() => {
                rest = "";
                break;
            }
            "p" | "div" | "br" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "table" => {
                text.push('\n');
            }
            _ => {}
        }
    }
    if quotes == 0 {
        text.push_str(rest);
    }
    let lines = text.lines().map(|line| decode(&line.split_whitespace().collect::<Vec<_>>().join(" ")));
    lines.filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n")
}

/// Whether an element begins the earlier mail: Outlook's ids (which it prefixes with `x_` once more with each
/// reply) and Yahoo's class.
fn begins_earlier_mail(tag: &str) -> bool {
    const MARKS: [&str; 5] = [
        "divRplyFwdMsg",
        "appendonsend",
        "stopSpelling",
        "mail-editor-reference-message-container",
        "yahoo_quoted",
    ];
    MARKS.iter().any(|mark| tag.contains(mark))
}

/// What follows a script or style sheet.
fn skip_raw(text: &str) -> &str {
    let end = text.find("</").unwrap_or(text.len());
    text.get(end..).unwrap_or_default()
}

/// The text with the entities decoded that mail and chat programs write.
fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (words, tail) = rest.split_at(start);
        decoded.push_str(words);
        let entity = tail
            .get(1..)
            .and_then(|tail| tail.split_once(';'))
            .map(|(name, _)| name)
            .filter(|name| name.len() <= 10);
        if let Some((letter, length)) = entity.and_then(|name| Some((letter(name)?, name.len() + 2))) {
            decoded.push(letter);
            rest = tail.get(length..).unwrap_or_default();
        } else {
            decoded.push('&');
            rest = tail.get(1..).unwrap_or_default();
        }
    }
    decoded.push_str(rest);
    decoded
}

fn letter(entity: &str) -> Option<char> {
    if let Some(number) = entity.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|letter| !letter.is_control());
    }
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "eacute" => 'é',
        "egrave" => 'è',
        "agrave" => 'à',
        "ccedil" => 'ç',
        "ntilde" => 'ñ',
        "euro" => '€',
        _ => return None,
    })
}

/// A plain text as HTML.
pub(crate) fn from_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', "<br>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_words() {
        for (html, text) in [
            ("<p>Hi, a <b>human</b> please</p>", "Hi, a human please"),
            ("<div>one<br/>two</div><div>three</div>", "one\ntwo\nthree"),
            ("a &lt;b&gt; &amp;amp; &#39;c&#x27; &nope; &", "a <b> &amp; 'c' &nope; &"),
            ("<style>p{}</style>x<script>alert('<p>')</script>", "x"),
            ("yes<blockquote>get me a human</blockquote>", "yes"),
            (r#"<div>thanks</div><div id="divRplyFwdMsg">From: x</div><div>talk to a human</div>"#, "thanks"),
            (r#"<p>thanks</p><hr id="x_stopSpelling"><p>talk to a human</p>"#, "thanks"),
            (r#"ok<div class="gmail_quote"><blockquote>human</blockquote></div>and more"#, "ok\nand more"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("plain", "plain"),
            ("<", "<"),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    #[test]
    fn text_survives_html() {
        let text = "a <b> & c\nd";
        assert_eq!(to_text(&from_text(text)), text);
    }
}
