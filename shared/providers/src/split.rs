//! Long texts in parts that a channel takes.

use unicode_segmentation::UnicodeSegmentation;

/// How much text one message of a channel holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// At most this many.
    pub(crate) max: usize,
    /// Of these.
    pub(crate) unit: Unit,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Unicode scalar values.
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
    /// Parts of a concatenated SMS: 153 septets each in the GSM 7-bit alphabet, 67 UTF-16 code units each as
    /// soon as one letter is not in it (3GPP TS 23.040, 9.2.3.24.1; one part alone holds 160 or 70).
    SmsParts,
}

/// Septets of a part of a concatenated SMS.
const SEPTETS_PER_PART: usize = 153;
/// UTF-16 code units of a part of a concatenated SMS.
const UNITS_PER_PART: usize = 67;

impl Limit {
    pub(crate) const fn chars(max: usize) -> Self {
        Self { max, unit: Unit::Chars }
    }

    pub(crate) const fn utf16(max: usize) -> Self {
        Self { max, unit: Unit::Utf16 }
    }

    pub(crate) const fn bytes(max: usize) -> Self {
        Self { max, unit: Unit::Bytes }
    }

    pub(crate) const fn sms_parts(max: usize) -> Self {
        Self { max, unit: Unit::SmsParts }
    }

    fn size(self, letter: char) -> usize {
        match self.unit {
            Unit::Chars => 1,
            Unit::Utf16 => letter.len_utf16(),
            Unit::Bytes => letter.len_utf8(),
            // Within a part: what is not in the alphabet is weighed by the limit that it brings about.
            Unit::SmsParts => septets(letter).unwrap_or(1),
        }
    }

    fn size_of(self, text: &str) -> usize {
        text.chars().map(|letter| self.size(letter)).sum()
    }
}

/// What a letter takes in the GSM 7-bit default alphabet: one septet, or two in its extension table; `None`
/// when it is in neither (3GPP TS 23.038, 6.2.1).
fn septets(letter: char) -> Option<usize> {
    match letter {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '\n' | '\r' | ' ' => Some(1),
        letter if "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà".contains(letter) => {
            Some(1)
        }
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// The text in parts within the limit, cut where it reads best: after a paragraph, a line, a
/// sentence, a word, and otherwise between two user-perceived characters (Unicode Annex 29). Only
/// one such character that is longer than the limit by itself is cut. White space at a cut goes.
pub(crate) fn split(text: &str, limit: Limit) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, tail) = rest.split_at(cut(rest, limit));
        parts.push(part.trim_end());
        rest = tail.trim_start();
    }
    parts
}

/// Where the first part of a text that is not empty ends, in bytes: never 0.
fn cut(text: &str, limit: Limit) -> usize {
    if limit.unit != Unit::SmsParts {
        return cut_by_size(text, limit);
    }
    // Most texts are in the alphabet; where the first part is not, it has to be shorter.
    let end = cut_by_size(text, Limit { max: limit.max * SEPTETS_PER_PART, unit: Unit::SmsParts });
    let is_plain = text.get(..end).is_some_and(|part| part.chars().all(|letter| septets(letter).is_some()));
    if is_plain { end } else { cut_by_size(text, Limit::utf16(limit.max * UNITS_PER_PART)) }
}

fn cut_by_size(text: &str, limit: Limit) -> usize {
    if limit.size_of(text) <= limit.max {
        return text.len();
    }
    let (mut size, mut end) = (0, 0);
    // The last good place of each kind, best kind first.
    let [mut paragraph, mut line, mut sentence, mut word] = [0; 4];
    let mut previous = "";
    for (at, cluster) in text.grapheme_indices(true) {
        if cluster.starts_with(char::is_whitespace) {
            word = at;
            if ends_sentence(text, at, &['.', '!', '?', '…', '。', '！', '？', '؟', '।']) {
                sentence = at;
            }
            if cluster.contains('\n') {
                line = at;
                if previous.contains('\n') {
                    paragraph = at;
                }
            }
        } else if !cluster.starts_with(CLOSING) && ends_sentence(text, at, &['。', '！', '？']) {
            sentence = at;
        }
        size += limit.size_of(cluster);
        if size > limit.max {
            break;
        }
        end = at + cluster.len();
        previous = cluster;
    }
    // A good place in the first half would leave a stub: the next kind is better then.
    let good = [paragraph, line, sentence, word].into_iter().find(|place| *place > end / 2);
    match (good, end) {
        (Some(place), _) => place,
        (None, 0) => oversized_cluster(text, limit),
        (None, end) => [sentence, word].into_iter().find(|place| *place > 0).unwrap_or(end),
    }
}

/// What closes around a sentence behind its last mark.
const CLOSING: [char; 11] = ['"', '\'', '”', '’', '»', ')', ']', '）', '」', '』', '*'];

/// Whether a sentence with one of these marks is over at a place.
fn ends_sentence(text: &str, at: usize, marks: &[char]) -> bool {
    text.get(..at).is_some_and(|before| before.trim_end_matches(CLOSING).ends_with(marks))
}

/// Where a user-perceived character that is longer than the limit is cut: between scalar values,
/// after at least one.
fn oversized_cluster(text: &str, limit: Limit) -> usize {
    let mut size = 0;
    for (at, letter) in text.char_indices() {
        size += limit.size(letter);
        if size > limit.max && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_where_it_reads_best() {
        let limit = Limit::chars(20);
        assert_eq!(split("short", limit), ["short"]);
        assert_eq!(split("  \n ", limit), Vec::<&str>::new());
        assert_eq!(split("First sentence. Second one here.", limit), ["First sentence.", "Second one here."]);
        assert_eq!(
            split("A first line\n\nand more words here", limit),
            ["A first line", "and more words here"]
        );
        assert_eq!(split("no sentence in here at all", limit), ["no sentence in here", "at all"]);
        assert_eq!(split(&"x".repeat(45), limit), ["x".repeat(20), "x".repeat(20), "x".repeat(5)]);
        assert_eq!(
            split("こんにちは。お元気ですか。はい。", Limit::chars(14)),
            ["こんにちは。お元気ですか。", "はい。"]
        );
    }

    #[test]
    fn counts_what_the_channel_counts() {
        let text = "👍👍👍";
        assert_eq!(split(text, Limit::chars(2)), ["👍👍", "👍"]);
        assert_eq!(split(text, Limit::utf16(5)), ["👍👍", "👍"]);
        assert_eq!(split(text, Limit::bytes(7)), ["👍", "👍", "👍"]);
    }

    #[test]
    fn a_sentence_ends_behind_what_closes_around_it() {
        let limit = Limit::chars(24);
        for (text, parts) in [
            ("She said \"go on.\" Then it was over.", ["She said \"go on.\"", "Then it was over."]),
            ("(It is open until 6!) See you then.", ["(It is open until 6!)", "See you then."]),
        ] {
            assert_eq!(split(text, limit), parts);
        }
        assert_eq!(
            split("「はい、わかりました。」それではまた。", Limit::chars(14)),
            ["「はい、わかりました。」", "それではまた。"]
        );
    }

    #[test]
    fn a_letter_outside_of_the_alphabet_makes_all_of_an_sms_shorter() {
        let limit = Limit::sms_parts(9);
        let lengths = |text: &str| -> Vec<usize> {
            split(text, limit).iter().map(|part| part.encode_utf16().count()).collect()
        };
        assert_eq!(lengths(&"x".repeat(1_400)), [1_377, 23]);
        assert_eq!(lengths(&"€".repeat(700)), [688, 12], "two septets each");
        assert_eq!(lengths(&"ж".repeat(700)), [603, 97]);
        assert_eq!(lengths(&format!("{}ж{}", "x".repeat(100), "x".repeat(600))), [603, 98]);
        assert_eq!(lengths(&format!("{}ж", "x".repeat(1_377))), [1_377, 1]);
        assert_eq!(lengths(&"👍".repeat(302)), [602, 2]);
    }

    #[test]
    fn a_character_longer_than_the_limit_is_cut_between_scalar_values() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(split(&format!("a {family}"), Limit::chars(3)), ["a", "👨\u{200d}👩", "\u{200d}👧"]);
    }

    fn unit() -> impl Strategy<Value = Unit> {
        prop_oneof![Just(Unit::Chars), Just(Unit::Utf16), Just(Unit::Bytes)]
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "(\\PC|[ \n.!?]|👍|e\u{301}|👨\u{200d}👩\u{200d}👧){0,80}", max in 4_usize..60, unit in unit()) {
            let limit = Limit { max, unit };
            let parts = split(&text, limit);
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&parts.concat()), letters(&text));
            for part in &parts {
                prop_assert!(!part.is_empty());
                prop_assert!(limit.size_of(part) <= max);
            }
        }

        #[test]
        fn no_perceived_character_is_cut(text in "(\\PC|[ \n.]|e\u{301}|👨\u{200d}👩\u{200d}👧|🇩🇪){1,60}", unit in unit()) {
            // Long enough for every perceived character of this text.
            let limit = Limit { max: text.graphemes(true).map(|cluster| Limit { max: 0, unit }.size_of(cluster)).max().unwrap_or(1), unit };
            let whole: Vec<&str> = text.graphemes(true).filter(|cluster| !cluster.trim().is_empty()).map(str::trim).collect();
            let parts = split(&text, limit);
            let cut: Vec<&str> = parts.iter().flat_map(|part| part.graphemes(true)).filter(|cluster| !cluster.trim().is_empty()).map(str::trim).collect();
            prop_assert_eq!(cut, whole);
        }
    }
}
