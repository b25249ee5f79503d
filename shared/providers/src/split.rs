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
}

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

    fn size(self, letter: char) -> usize {
        match self.unit {
            Unit::Chars => 1,
            Unit::Utf16 => letter.len_utf16(),
            Unit::Bytes => letter.len_utf8(),
        }
    }

    fn size_of(self, text: &str) -> usize {
        text.chars().map(|letter| self.size(letter)).sum()
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
            if previous.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '।']) {
                sentence = at;
            }
            if cluster.contains('\n') {
                line = at;
                if previous.contains('\n') {
                    paragraph = at;
                }
            }
        } else if previous.ends_with(['。', '！', '？']) {
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
