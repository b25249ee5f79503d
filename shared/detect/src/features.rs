//! What the trained models see of a text: hashed n-grams.
//!
//! There is one tokeniser and one hash for training and for use: the trainer reads what the example
//! program `features` prints of a text, and that is what stands here.

use handover_core::{Feedback, Guard};

use crate::{
    feedback,
    language::{Cue, LANGUAGES, Language},
    reply, request,
    words::Words,
};

/// Words kept at each end of a longer text: what is asked stands near one of the two.
const END_WORDS: usize = 60;
/// Letters of a word that its letter n-grams are made of.
const WORD_CHARS: usize = 24;

/// The n-grams of a text, each as its hash, sorted and each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Runs of one to three words, with marks where the text begins and ends and between clauses.
    pub words: Vec<u32>,
    /// Runs of three to five letters within a word, its ends marked.
    pub chars: Vec<u32>,
    /// What is independent of the words chosen: the row of cues that the rules read, the rules'
    /// verdict, punctuation, capitals, length.
    pub marks: Vec<u32>,
}

impl Features {
    /// The n-grams of a text.
    pub fn of(text: &str) -> Self {
        Self::read(text, &Words::read(text))
    }

    /// The n-grams of a text whose words are known.
    pub(crate) fn read(text: &str, words: &Words) -> Self {
        let clauses: Vec<_> = words.clauses().collect();
        let tokens = tokens(&clauses);
        let mut features = Self::default();
        for size in 1..=3 {
            for run in tokens.windows(size) {
                features.words.push(hash('w', run));
            }
        }
        for token in tokens.iter().filter(|token| token.chars().any(char::is_alphanumeric)) {
            chars(token, &mut features.chars);
        }
        marks(text, words, &clauses, &mut features.marks);
        for kind in [&mut features.words, &mut features.chars, &mut features.marks] {
            kind.sort_unstable();
            kind.dedup();
        }
        features
    }
}

/// The words with marks where the text begins and ends and between clauses; in words with digits,
/// except for a digit alone, the digits are alike.
fn tokens(clauses: &[Vec<&str>]) -> Vec<String> {
    let mut tokens = vec!["^".to_owned()];
    for clause in clauses.iter().filter(|clause| !clause.is_empty()) {
        if tokens.len() > 1 {
            tokens.push("|".to_owned());
        }
        tokens.extend(clause.iter().map(|word| shape(word)));
    }
    tokens.push("$".to_owned());
    if tokens.len() > 2 * END_WORDS {
        let tail = tokens.split_off(tokens.len() - END_WORDS);
        tokens.truncate(END_WORDS);
        tokens.extend(tail);
    }
    tokens
}

fn shape(word: &str) -> String {
    if word.chars().nth(1).is_none() {
        return word.to_owned();
    }
    word.chars().map(|letter| if letter.is_numeric() { '#' } else { letter }).collect()
}

fn chars(token: &str, into: &mut Vec<u32>) {
    let letters: Vec<String> = std::iter::once('<')
        .chain(token.chars().take(WORD_CHARS))
        .chain(std::iter::once('>'))
        .map(String::from)
        .collect();
    for size in 3..=5 {
        for run in letters.windows(size) {
            into.push(hash('c', run));
        }
    }
}

fn marks(text: &str, words: &Words, clauses: &[Vec<&str>], into: &mut Vec<u32>) {
    let mut mark = |kind: char, parts: &[&str]| into.push(hash(kind, parts));
    // The cues of the language that has most of them.
    let rows = LANGUAGES.iter().map(|language| cue_row(language, clauses));
    let (_, row) = rows.fold((0, Vec::new()), |best, row| {
        let cues = row.iter().filter(|cue| cue.len() > 1).count();
        if cues > best.0 { (cues, row) } else { best }
    });
    for size in 1..=4 {
        for run in row.windows(size) {
            mark('r', run);
        }
    }
    let request = request::read(words);
    mark(
        's',
        &[match request.score.get() {
            0..=99 => "none",
            100..=449 => "guarded",
            450..=699 => "weak",
            700..=799 => "fair",
            800..=949 => "good",
            950..=999 => "strong",
            _ => "exact",
        }],
    );
    mark(
        'g',
        &[match request.guard {
            None => "none",
            Some(Guard::Negation) => "negation",
            Some(Guard::AboutTheBot) => "bot",
            Some(Guard::ThirdParty) => "third",
            Some(Guard::PastEvent) => "past",
            Some(Guard::Conditional) => "conditional",
        }],
    );
    match feedback::by_phrases(words) {
        Feedback::Unhelpful => mark('f', &["unhelpful"]),
        Feedback::Resolved => mark('f', &["resolved"]),
        Feedback::Neutral => {}
    }
    let reply = reply::by_phrases(words);
    if reply.non_answer {
        mark('f', &["no answer"]);
    }
    if reply.promises_person {
        mark('f', &["promise"]);
    }
    let end = text.trim_end();
    if text.contains('?') {
        mark('p', &["asks"]);
    }
    if end.ends_with('?') {
        mark('p', &["ends asking"]);
    }
    if text.contains('!') {
        mark('p', &["shouts"]);
    }
    if !text.chars().any(char::is_lowercase)
        && text.chars().filter(|letter| letter.is_uppercase()).count() > 3
    {
        mark('p', &["capitals"]);
    }
    mark(
        'l',
        &[match clauses.iter().map(Vec::len).sum::<usize>() {
            0 => "0",
            1 => "1",
            2 => "2",
            3 => "3",
            4..=5 => "5",
            6..=8 => "8",
            9..=13 => "13",
            14..=21 => "21",
            22..=34 => "34",
            _ => "more",
        }],
    );
}

/// A message as the row of its cues in one language; `_` stands for other words, `|` for the end of
/// a clause.
fn cue_row(language: &Language, clauses: &[Vec<&str>]) -> Vec<&'static str> {
    let mut row = vec!["^"];
    for clause in clauses {
        let mut at = 0;
        while let Some(rest) = clause.get(at..)
            && !rest.is_empty()
        {
            let found = language.cues.longest(rest);
            let name = found.map_or("_", |(_, cue)| name(*cue));
            if name != "_" || row.last() != Some(&"_") {
                row.push(name);
            }
            at += found.map_or(1, |(length, _)| length);
        }
        row.push("|");
    }
    row
}

const fn name(cue: Cue) -> &'static str {
    match cue {
        Cue::Transfer => "transfer",
        Cue::Contact => "contact",
        Cue::Want => "want",
        Cue::Callback => "callback",
        Cue::Human => "human",
        Cue::Anyone => "anyone",
        Cue::Bot => "bot",
        Cue::Open => "open",
        Cue::Negation => "negation",
        Cue::Past => "past",
        Cue::AboutTheBot => "about",
        Cue::Conditional => "conditional",
        Cue::ThirdParty => "third",
        Cue::Possessive => "possessive",
        Cue::Outsider => "outsider",
        Cue::Neutral => "neutral",
    }
}

/// FNV-1a over the parts with a separator between them, its bits mixed (the finaliser of
/// MurmurHash3, <https://github.com/aappleby/smhasher>, public domain).
fn hash<T: AsRef<str>>(kind: char, parts: &[T]) -> u32 {
    let mut hash = 0x811c_9dc5_u32 ^ u32::from(kind);
    for part in parts {
        for byte in part.as_ref().bytes().chain([0x1f]) {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
