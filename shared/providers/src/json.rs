//! Foreign JSON, read leniently: a missing or oddly typed member reads as nothing, so that one odd
//! element of a batch does not cost the others. Of members with the same name the last one counts.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A JSON value that borrows from its text wherever the text needs no unescaping.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    /// `null`, and everything that is not there.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that fits; ids of providers exceed 2^53.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Self)>),
}

static NULL: Json<'static> = Json::Null;

impl<'a> Json<'a> {
    /// Reads a whole text. Nesting deeper than 128 levels and numbers beyond the range of a double
    /// are refused (serde_json's limits). Halves of surrogate pairs become U+FFFD: some providers
    /// cut texts in the middle of an emoji.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(json) => Some(json),
            Err(_) => {
                serde_json::from_str::<Json<'_>>(&without_lone_surrogates(text)?).ok().map(Json::into_owned)
            }
        }
    }

    fn into_owned<'b>(self) -> Json<'b> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Integer(value) => Json::Integer(value),
            Self::Float(value) => Json::Float(value),
            Self::Text(text) => Json::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Json::List(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(members) => Json::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }

    /// The member called `name`, or `null`.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Object(members) => {
                members.iter().rev().find(|(key, _)| key == name).map_or(null(), |(_, value)| value)
            }
            Self::Null
            | Self::Bool(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::List(_) => null(),
        }
    }

    /// The member at the end of a path of names, or `null`.
    pub(crate) fn at(&self, path: &[&str]) -> &Self {
        path.iter().fold(self, |json, name| json.get(name))
    }

    /// The elements of an array; none of anything else.
    pub(crate) fn list(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[(Cow<'a, str>, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// A string's text, also when it is empty.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A string's text, as an owned string.
    pub(crate) fn string(&self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    /// An id: a string that is not empty, or an integer as its digits.
    pub(crate) fn id(&self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text.clone().into_owned()),
            Self::Integer(value) => Some(value.to_string()),
            Self::Null | Self::Bool(_) | Self::Float(_) | Self::Text(_) | Self::List(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// An integer, also one written as a string.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => i64::try_from(*value).ok(),
            Self::Text(text) => text.parse().ok(),
            Self::Null | Self::Bool(_) | Self::Float(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A number, also one written as a string.
    pub(crate) fn float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "used for degrees only")]
            Self::Integer(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            Self::Text(text) => text.parse().ok(),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// Whether it is missing or `null`.
    pub(crate) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    /// Whether it is an object.
    pub(crate) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}

fn null<'a, 'b>() -> &'b Json<'a> {
    &NULL
}

/// The text with every escaped half of a surrogate pair replaced; `None` when there is none.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let unit = |at: usize| -> Option<u16> {
        let escape = text.get(at..at + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let mut fixed = String::with_capacity(text.len());
    let mut found = false;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(offset) = rest.find('\\') else {
            fixed.push_str(rest);
            break;
        };
        fixed.push_str(rest.get(..offset)?);
        at += offset;
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                found = true;
                fixed.push_str("\\ufffd");
                at += 6;
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 1 + text.get(at + 1..)?.chars().next().map_or(0, char::len_utf8),
        };
        fixed.push_str(text.get(at..at + length)?);
        at += length;
    }
    found.then_some(fixed)
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// A member's name, borrowed where possible (serde's own `Cow` always copies).
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_several_members_of_one_name_counts() {
        let json = Json::parse(r#"{"a":1,"a":"2"}"#).unwrap();
        assert_eq!(json.get("a").text(), Some("2"));
    }

    #[test]
    fn ids_keep_all_their_digits() {
        let json = Json::parse(r#"{"token":18446744073709551615,"chat":-1001234567890}"#).unwrap();
        assert_eq!(json.get("token").id().as_deref(), Some("18446744073709551615"));
        assert_eq!(json.get("chat").integer(), Some(-1_001_234_567_890));
    }

    #[test]
    fn half_an_emoji_does_not_cost_the_message() {
        let json = Json::parse(r#"{"t":"ok \ud83d","u":"\\ud83d \ud83d\ude00","v":"\ude00x"}"#).unwrap();
        assert_eq!(json.get("t").text(), Some("ok \u{fffd}"));
        assert_eq!(json.get("u").text(), Some("\\ud83d \u{1f600}"));
        assert_eq!(json.get("v").text(), Some("\u{fffd}x"));
    }

    #[test]
    fn what_is_not_there_reads_as_null() {
        let json = Json::parse(r#"{"a":[1]}"#).unwrap();
        assert!(json.at(&["a", "b", "c"]).is_null());
        assert_eq!(json.get("b").list().len(), 0);
    }

    #[test]
    fn deep_nesting_and_huge_numbers_are_refused() {
        assert_eq!(Json::parse(&"[".repeat(100_000)), None);
        assert_eq!(Json::parse("[1e999]"), None);
    }
}
