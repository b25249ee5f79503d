//! A text as the pieces of words that the encoder knows.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::product::MOST_ROWS;

/// The pieces, one a line, in the order of their numbers; `##` marks those that go on a word.
static FILE: &str = include_str!("../weights/vocabulary.txt");
static VOCABULARY: LazyLock<HashMap<&'static str, u16>> = LazyLock::new(|| FILE.lines().zip(0..).collect());

/// The size of the vocabulary's file.
pub(crate) const BYTES: usize = FILE.len();

/// How many pieces there are.
pub(crate) fn count() -> usize {
    VOCABULARY.len()
}

/// The most pieces of a text that are read, marks included.
pub(crate) const MAX_PIECES: usize = MOST_ROWS;
/// Pieces of a longer text that are kept from its end; the others are its first.
const TAIL: usize = 22;
/// A longer word is unknown as a whole.
const MAX_WORD: usize = 40;
/// Characters of a longer text that are looked at, from each end: more than its pieces can have.
const END_CHARS: usize = MAX_PIECES * MAX_WORD;

/// The numbers of a text's pieces, between the marks of its beginning and its end: as BERT's
/// uncased tokeniser has it (<https://github.com/google-research/bert>, tokenization.py), except that
/// every character that is no letter or digit is a word of its own. Of a long text the first 40 and
/// the last 22 pieces are read.
pub fn pieces(text: &str) -> Vec<u16> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    for character in clipped(text).nfd() {
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase().nfd().filter(|letter| !is_combining_mark(*letter)));
        } else if !is_combining_mark(character) {
            push(&word, &mut pieces);
            word.clear();
            if !character.is_whitespace() && !character.is_control() {
                push(character.encode_utf8(&mut [0; 4]), &mut pieces);
            }
        }
    }
    push(&word, &mut pieces);
    if pieces.len() > MAX_PIECES - 2 {
        let tail = pieces.split_off(pieces.len() - TAIL);
        pieces.truncate(MAX_PIECES - 2 - TAIL);
        pieces.extend(tail);
    }
    pieces.insert(0, number("[CLS]"));
    pieces.push(number("[SEP]"));
    pieces
}

/// Both ends of a very long text.
fn clipped(text: &str) -> String {
    let Some((head, _)) = text.char_indices().nth(END_CHARS) else { return text.to_owned() };
    let tail = text.char_indices().rev().nth(END_CHARS - 1).map_or(0, |(at, _)| at).max(head);
    format!("{} {}", text.get(..head).unwrap_or_default(), text.get(tail..).unwrap_or_default())
}

fn number(piece: &str) -> u16 {
    VOCABULARY.get(piece).copied().unwrap_or_default()
}

/// The longest known piece first, again and again; a word with an unknown rest is unknown.
fn push(word: &str, pieces: &mut Vec<u16>) {
    if word.is_empty() {
        return;
    }
    let before = pieces.len();
    let mut rest = word;
    let mut piece = String::new();
    while !rest.is_empty() && word.len() <= MAX_WORD {
        let found = rest.char_indices().rev().find_map(|(at, character)| {
            let end = at + character.len_utf8();
            piece.clear();
            if rest.len() < word.len() {
                piece.push_str("##");
            }
            piece.push_str(rest.get(..end)?);
            Some((end, *VOCABULARY.get(piece.as_str())?))
        });
        let Some((end, number)) = found else { break };
        pieces.push(number);
        rest = rest.get(end..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.truncate(before);
        pieces.push(number("[UNK]"));
    }
}
