//! Many phrases, looked up all at once as runs of whole words.

use std::collections::HashMap;

/// A tree of words: the path to a node spells a phrase, the node holds what the phrase stands for.
#[derive(Debug)]
pub(crate) struct PhraseTable<T> {
    next: HashMap<Box<str>, Self>,
    values: Vec<T>,
}

impl<T> Default for PhraseTable<T> {
    fn default() -> Self {
        Self { next: HashMap::new(), values: Vec::new() }
    }
}

impl<T> PhraseTable<T> {
    /// Adds a phrase in normal form; the empty phrase is never found.
    pub(crate) fn add(&mut self, phrase: &str, value: T) {
        let mut node = self;
        for word in phrase.split_whitespace() {
            node = node.next.entry(word.into()).or_default();
        }
        node.values.push(value);
    }

    /// The phrases that the words begin with, shortest first: how many words each has, and what it
    /// stands for.
    pub(crate) fn beginnings<'a>(&'a self, words: &[&str]) -> impl Iterator<Item = (usize, &'a [T])> {
        let mut node = Some(self);
        words.iter().enumerate().map_while(move |(index, word)| {
            node = node.and_then(|node| node.next.get(*word));
            node.map(|node| (index + 1, node.values.as_slice()))
        })
    }

    /// The longest phrase that the words begin with.
    pub(crate) fn longest(&self, words: &[&str]) -> Option<(usize, &T)> {
        self.beginnings(words).filter_map(|(length, values)| Some((length, values.last()?))).last()
    }

    /// What the phrase that equals the words stands for, in the order of adding.
    pub(crate) fn equal(&self, words: &[&str]) -> &[T] {
        let whole = self.beginnings(words).find(|(length, _)| *length == words.len());
        whole.map_or(&[], |(_, values)| values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> PhraseTable<u8> {
        let mut table = PhraseTable::default();
        for (phrase, value) in [("talk", 1), ("talk to a human", 2), ("human", 3), ("", 4)] {
            table.add(phrase, value);
        }
        table
    }

    #[test]
    fn the_longest_beginning_wins() {
        assert_eq!(table().longest(&["talk", "to", "a", "human", "now"]), Some((4, &2)));
        assert_eq!(table().longest(&["talk", "to", "a", "bot"]), Some((1, &1)));
        assert_eq!(table().longest(&["a", "human"]), None);
        assert_eq!(table().longest(&[]), None);
    }

    #[test]
    fn equality_is_of_the_whole() {
        assert_eq!(table().equal(&["human"]), &[3]);
        assert_eq!(table().equal(&["human", "now"]), &[] as &[u8]);
        assert_eq!(table().equal(&["talk", "to"]), &[] as &[u8]);
        assert_eq!(table().equal(&[]), &[] as &[u8]);
    }
}
