//! Form bodies and query strings, decoded to bytes: a signature covers the bytes that were sent,
//! whether or not they are UTF-8.

use std::borrow::Cow;

/// Names and values of an `application/x-www-form-urlencoded` text, in their order.
#[derive(Debug)]
pub(crate) struct Form(Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Decodes `+` and `%XX`; a `%` that is not followed by two hexadecimal digits stays as it is.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let pairs = raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (decode(halves.next().unwrap_or_default()), decode(halves.next().unwrap_or_default()))
        });
        Self(pairs.collect())
    }

    /// The first value of `name`, with U+FFFD for what is not UTF-8.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name.as_bytes())?;
        Some(String::from_utf8_lossy(value))
    }

    /// The first value of `name` when it is not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty()).map(Cow::into_owned)
    }

    /// All pairs, sorted by name and then value, each once.
    pub(crate) fn sorted(&self) -> Vec<&(Vec<u8>, Vec<u8>)> {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

fn decode(raw: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| {
        byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, [special, after @ ..])) =
        rest.iter().position(|byte| matches!(byte, b'+' | b'%')).and_then(|at| rest.split_at_checked(at))
    {
        decoded.extend_from_slice(plain);
        rest = after;
        if *special == b'+' {
            decoded.push(b' ');
        } else if let (Some(high), Some(low)) = (digit(after.first()), digit(after.get(1))) {
            decoded.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            decoded.push(b'%');
        }
    }
    decoded.extend_from_slice(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_plus_percent_and_keeps_odd_bytes() {
        let form = Form::parse(b"a=1+2%2B3&b&c=%ff%zz&a=second&&=x");
        assert_eq!(form.get("a").as_deref(), Some("1 2+3"));
        assert_eq!(form.get("b").as_deref(), Some(""));
        assert_eq!(form.get("c").as_deref(), Some("\u{fffd}%zz"));
        assert_eq!(form.filled("b"), None);
        assert_eq!(form.get("d"), None);
    }

    #[test]
    fn sorts_and_drops_repeats() {
        let form = Form::parse(b"b=2&a=9&b=1&b=2");
        let pairs: Vec<_> = form
            .sorted()
            .iter()
            .map(|(name, value)| format!("{}{}", name[0] as char, value[0] as char))
            .collect();
        assert_eq!(pairs, ["a9", "b1", "b2"]);
    }
}
