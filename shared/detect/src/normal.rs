//! The normal form: what is left of a text when writing habits are taken away.

use caseless::Caseless;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Characters of a longer text that are kept from its beginning.
pub const HEAD_CHARS: usize = 2_000;
/// The most characters of a text that are read, and the most that a normal form has. A client who
/// writes more has said what they want at one of the two ends.
pub const MAX_CHARS: usize = 3_000;

/// Ends a clause in the folded form; [`normalise`] shows it as a space.
pub(crate) const CLAUSE_END: char = '\n';

/// Words that French and Italian shorten before a vowel: what follows the apostrophe is a word of
/// its own (`l'agent`), unlike in English (`don't`).
const ELIDED: &[&str] = &[
    "c", "d", "j", "l", "m", "n", "s", "t", "qu", "un", "all", "dall", "dell", "nell", "sull", "quell",
    "quest", "quelqu", "jusqu", "lorsqu", "puisqu", "aujourd",
];

/// The normal form of a text: two texts are the same message when their normal forms are equal.
///
/// - Compatibility decomposition and full case folding (Unicode's NFKC_Casefold, nearly): full-width
///   and styled letters, ligatures, `ẞ` and `ss`, final sigma.
/// - Latin, Greek, Cyrillic, Arabic and Hebrew accents and vowel points are dropped, and so are
///   `ø ł đ ı æ œ ð þ` reduced to plain letters: people type without them. `ü` is `u`, not `ue`.
///   Marks that spell a word (Indic, Thai, Japanese) stay.
/// - Apostrophes of any shape vanish (`don’t` is `dont`), except that an elided article stands alone
///   (`l'agent` is `l agent`). Other punctuation, symbols, emoji and controls become spaces.
/// - Zero-width characters, bidi controls and variation selectors vanish.
/// - Words stand one space apart, none around.
///
/// A text longer than [`MAX_CHARS`] characters is read as its first [`HEAD_CHARS`] and its last
/// `MAX_CHARS - HEAD_CHARS - 1`, cut back to whole words where there are any; the result is cut in
/// the same way. Idempotent: a normal form is its own.
pub fn normalise(text: &str) -> String {
    fold(text).replace(CLAUSE_END, " ")
}

/// The normal form with [`CLAUSE_END`] instead of a space where a clause or sentence ends.
pub(crate) fn fold(text: &str) -> String {
    let source = clip(text);
    // Twice folded and decomposed, as Unicode's definition of a compatibility caseless match (D146):
    // each can uncover work for the other.
    let decomposed = source
        .chars()
        // Its decomposition would start with a space.
        .map(|character| if character == '\u{b4}' { '\'' } else { character })
        .nfkd()
        .default_case_fold()
        .nfkd()
        .default_case_fold()
        .nfkd();
    let mut folded = Folded::default();
    let mut characters = decomposed.filter(|character| !is_ignored(*character)).peekable();
    while let Some(character) = characters.next() {
        match character {
            'ı' => folded.word("i"),
            'ø' => folded.word("o"),
            'ł' => folded.word("l"),
            'đ' | 'ð' => folded.word("d"),
            'æ' => folded.word("ae"),
            'œ' => folded.word("oe"),
            'þ' => folded.word("th"),
            '\'' | '‘' | '’' | '‛' | '′' | '`' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ꞌ' => {
                if characters.peek().is_some_and(|next| next.is_alphabetic()) {
                    folded.apostrophe();
                }
            }
            '.' | '!' | '?' | ';' | ',' | ':' | '¿' | '¡' | '–' | '—' | '\n' | '\r' | '、' | '。' | '؟'
            | '،' | '؛' | '۔' | '।' | '\u{2028}' | '\u{2029}' => folded.gap(CLAUSE_END),
            other if other.is_alphanumeric() || is_combining_mark(other) => folded.letter(other),
            _ => folded.gap(' '),
        }
    }
    clip(&folded.text.nfc().collect::<String>()).into_owned()
}

/// The folded form as it grows.
#[derive(Default)]
struct Folded {
    text: String,
    /// What stands between the last word and the next.
    gap: Option<char>,
    /// Where the present word begins.
    word: usize,
}

impl Folded {
    fn letter(&mut self, letter: char) {
        if let Some(gap) = self.gap.take() {
            self.text.push(gap);
            self.word = self.text.len();
        }
        self.text.push(letter);
    }

    fn word(&mut self, letters: &str) {
        letters.chars().for_each(|letter| self.letter(letter));
    }

    /// No gap before the first word, and a clause's end outweighs a space.
    fn gap(&mut self, gap: char) {
        if !self.text.is_empty() && self.gap != Some(CLAUSE_END) {
            self.gap = Some(gap);
        }
    }

    fn apostrophe(&mut self) {
        if self.gap.is_none() && self.text.get(self.word..).is_some_and(|word| ELIDED.contains(&word)) {
            self.gap(' ');
        }
    }
}

/// What has no part in the normal form: accents, vowel points and characters that cannot be seen.
/// Ranges: Unicode's combining diacritical blocks, the points of Hebrew and Arabic, and the
/// characters with the property Default_Ignorable_Code_Point.
fn is_ignored(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// At most [`MAX_CHARS`] characters of a text: its head and its tail, in whole words where there are
/// any, joined by a clause's end so that no words meet that did not stand together.
fn clip(text: &str) -> std::borrow::Cow<'_, str> {
    const TAIL: usize = MAX_CHARS - HEAD_CHARS - 1;
    if text.char_indices().nth(MAX_CHARS).is_none() {
        return text.into();
    }
    let cut = text.char_indices().nth(HEAD_CHARS).map_or(text.len(), |(at, _)| at);
    let start = text.char_indices().rev().nth(TAIL - 1).map_or(0, |(at, _)| at);
    let head = text.get(..cut).unwrap_or_default();
    let tail = text.get(start..).unwrap_or_default();
    let head = head.rsplit_once(char::is_whitespace).map_or(head, |(whole, _)| whole);
    let tail = tail.split_once(char::is_whitespace).map_or(tail, |(_, whole)| whole);
    format!("{head}{CLAUSE_END}{tail}").into()
}
