//! What cannot be read of a webhook call, apart from what can: providers put thousands of elements into one
//! call, admins look at the one that is broken, and an item of the table does not hold them all.

use std::{cmp::Reverse, collections::VecDeque};

/// More parts than these are not looked for: where so much is broken, it is so for one reason.
const MAX_PARTS: usize = 16;
/// Lists of a body that are tried, the longest first: one of them holds the elements.
const MAX_LISTS: usize = 3;

/// What a body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Says {
    /// How many events can be read from it.
    pub(crate) events: usize,
    /// Something of it cannot be read.
    pub(crate) broken: bool,
}

/// The parts of a JSON body that cannot be read, each a body of the same form: its lists are cut in half as long
/// as that leaves something readable behind, or makes it fit into `max_bytes`. Empty when nothing is broken.
pub(crate) fn apart(body: &str, max_bytes: usize, reads: &impl Fn(&str) -> Says) -> Vec<String> {
    let whole = reads(body);
    let mut open = VecDeque::from_iter(whole.broken.then(|| (body.to_owned(), whole)));
    let mut parts = Vec::new();
    while let Some((body, says)) = open.pop_front() {
        let is_done = says.events == 0 && body.len() <= max_bytes;
        let is_enough = open.len() + parts.len() + 2 > MAX_PARTS;
        let halves = if is_done || is_enough { None } else { halves(&body, says, reads) };
        match halves {
            Some(halves) => open.extend(halves.into_iter().filter(|(_, says)| says.broken)),
            None => parts.push(body),
        }
    }
    parts
}

/// The halves of a body, cut between two elements.
fn halves(body: &str, says: Says, reads: &impl Fn(&str) -> Says) -> Option<[(String, Says); 2]> {
    lists(body).into_iter().take(MAX_LISTS).find_map(|list| {
        let (left, right) = list.halves(body)?;
        let (in_left, in_right) = (reads(&left), reads(&right));
        // Cutting an element itself in two would lose or double what can be read, or make two broken ones of it.
        let is_clean = in_left.events + in_right.events == says.events
            && (in_left.broken || in_right.broken)
            && (says.events > 0 || (in_left.broken && in_right.broken));
        is_clean.then_some([(left, in_left), (right, in_right)])
    })
}

/// A list in a JSON text, by the places of its bytes.
#[derive(Debug, PartialEq, Eq)]
struct List {
    /// Behind the opening bracket.
    start: usize,
    /// The commas between its elements.
    commas: Vec<usize>,
    /// The closing bracket.
    end: usize,
}

impl List {
    /// The body with the first and with the second half of the list's elements.
    fn halves(&self, body: &str) -> Option<(String, String)> {
        let middle = *self.commas.get(self.commas.len() / 2)?;
        let (before, after) = (body.get(..self.start)?, body.get(self.end..)?);
        let left = body.get(self.start..middle)?;
        let right = body.get(middle + 1..self.end)?;
        Some((format!("{before}{left}{after}"), format!("{before}{right}{after}")))
    }
}

/// The lists of a JSON text that have several elements, the longest first.
fn lists(body: &str) -> Vec<List> {
    let mut found = Vec::new();
    // Objects stand among them, so that commas are told apart.
    let mut open: Vec<Option<List>> = Vec::new();
    let mut in_text = false;
    let mut escaped = false;
    for (place, byte) in body.bytes().enumerate() {
        if in_text {
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' => open.push(Some(List { start: place + 1, commas: Vec::new(), end: 0 })),
            b'{' => open.push(None),
            b',' => {
                if let Some(Some(list)) = open.last_mut() {
                    list.commas.push(place);
                }
            }
            b']' | b'}' => {
                if let Some(Some(list)) = open.pop()
                    && !list.commas.is_empty()
                {
                    found.push(List { end: place, ..list });
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|list| Reverse(list.end - list.start));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers are events, `"b"` is broken, and so is what has no list.
    fn says(body: &str) -> Says {
        let list = body.split_once('[').and_then(|(_, rest)| rest.rsplit_once(']')).map(|(list, _)| list);
        let elements: Vec<&str> = list.unwrap_or("b").split(',').collect();
        let broken = elements.iter().filter(|element| element.contains('b')).count();
        Says { events: elements.len() - broken, broken: broken > 0 }
    }

    #[test]
    fn broken_elements_are_found_among_the_others() {
        let body = r#"{"x":"a,]\"[","events":[1,2,"b",4,5,6,7,"b",9]}"#;
        let says = |body: &str| says(body.trim_start_matches(r#"{"x":"a,]\"[","#));
        let parts = apart(body, 1_000, &says);
        assert_eq!(parts, [r#"{"x":"a,]\"[","events":["b"]}"#; 2]);
        assert_eq!(apart("[1,2,3]", 1_000, &says), Vec::<String>::new());
    }

    #[test]
    fn what_is_broken_together_stays_together_as_far_as_it_fits() {
        assert_eq!(apart(r#"["b","b","b","b"]"#, 1_000, &says), [r#"["b","b","b","b"]"#]);
        assert_eq!(apart(r#"["b","b","b","b"]"#, 10, &says), [r#"["b","b"]"#; 2]);
        assert_eq!(apart("no json at all", 5, &says), ["no json at all"]);
    }

    #[test]
    fn a_call_in_which_everything_is_broken_becomes_few_parts() {
        let body = format!("[{}]", vec![r#""b",1"#; 1_000].join(","));
        let parts = apart(&body, 100_000, &says);
        assert!(parts.len() <= MAX_PARTS, "{}", parts.len());
        let broken: usize = parts.iter().map(|part| part.matches('b').count()).sum();
        assert_eq!(broken, 1_000);
    }
}
