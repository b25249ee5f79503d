//! What a business tells us about its endpoint at a provider.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use handover_core::{InboxId, Provider};
use serde::{Deserialize, Serialize};

/// Settings that anybody of the account may see, by field name (see [`crate::fields`]).
pub type Settings = BTreeMap<String, String>;

/// The live values of an inbox's secrets, by field name, newest first. During a rotation two are
/// live: a webhook may be signed with either, requests of ours use the newest.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<String, Vec<String>>);

impl Secrets {
    /// Live values of one secret at the same time.
    pub const MAX_LIVE: usize = 2;

    /// No secrets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes `value` the newest of the field's values; the oldest goes when there are more than
    /// [`Self::MAX_LIVE`].
    pub fn rotate_in(&mut self, field: &str, value: String) {
        let values = self.0.entry(field.to_owned()).or_default();
        values.retain(|known| *known != value);
        values.insert(0, value);
        values.truncate(Self::MAX_LIVE);
    }

    /// Drops all but the newest value of the field.
    pub fn retire_old(&mut self, field: &str) {
        if let Some(values) = self.0.get_mut(field) {
            values.truncate(1);
        }
    }

    /// The live values of a field, newest first.
    pub fn live(&self, field: &str) -> &[String] {
        self.0.get(field).map_or(&[], Vec::as_slice)
    }

    /// The newest value of a field, when it is not empty.
    pub fn newest(&self, field: &str) -> Option<&str> {
        self.live(field).first().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The names of the fields that have a value.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, values)| !values.is_empty()).map(|(name, _)| name.as_str())
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), vec![value.into()])).collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.names()).finish()
    }
}

/// A business's endpoint at a provider, as the provider's code needs to see it.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// Who carries its messages.
    pub provider: Provider,
    /// Which inbox it is.
    pub inbox: &'a InboxId,
    /// The inbox's whole webhook address as the provider knows it, without query and fragment.
    pub public_url: &'a str,
    /// Its public settings.
    pub settings: &'a Settings,
    /// Its secrets.
    pub secrets: &'a Secrets,
}

impl<'a> Endpoint<'a> {
    /// A setting, when it is there and not empty.
    pub(crate) fn setting(&self, name: &str) -> Option<&'a str> {
        self.settings.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a fact that names the endpoint `id` is ours: one app's webhook may carry the facts
    /// of several numbers or pages, and answering through another one's would be wrong. Without
    /// the setting everything is ours.
    pub(crate) fn serves(&self, setting: &str, id: Option<&str>) -> bool {
        match (self.setting(setting), id) {
            (Some(ours), Some(id)) => ours == id,
            (None, _) | (_, None) => true,
        }
    }

    /// Like [`Self::serves`], where what does not say whose it is is not ours: under a key that a provider
    /// signs with for everybody, it may be anybody's.
    pub(crate) fn serves_only(&self, setting: &str, id: Option<&str>) -> bool {
        self.setting(setting).is_none() || id.is_some() && self.serves(setting, id)
    }

    /// The webhook address with a query, as a URL-bound signature covers it.
    pub(crate) fn url_with(&self, raw_query: &str) -> String {
        if raw_query.is_empty() {
            self.public_url.to_owned()
        } else {
            format!("{}?{raw_query}", self.public_url)
        }
    }
}

/// A webhook call as it reached us, its body decoded from the gateway's base64.
#[derive(Clone, Copy, Debug)]
pub struct WebhookRequest<'a> {
    /// GET for some handshakes, otherwise POST.
    pub method: &'a http::Method,
    /// The query as it was sent, still percent-encoded, without the question mark.
    pub raw_query: &'a str,
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The body's bytes.
    pub body: &'a [u8],
}

impl<'a> WebhookRequest<'a> {
    /// A header's text; `None` when it is missing or not ASCII.
    pub(crate) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body's text. A whole-body check is several times as fast as the character by character one that
    /// broken text needs.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        str::from_utf8(self.body).map_or_else(|_| String::from_utf8_lossy(self.body), Cow::Borrowed)
    }

    /// Whether the body says that it has this media type.
    pub(crate) fn is(&self, media_type: &str) -> bool {
        self.header("content-type").is_some_and(|value| {
            value.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case(media_type))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_values_live_and_none_shows() {
        let mut secrets = Secrets::new();
        for value in ["first", "second", "third", "second"] {
            secrets.rotate_in("token", value.to_owned());
        }
        assert_eq!(secrets.live("token"), ["second", "third"]);
        assert_eq!(secrets.newest("token"), Some("second"));
        assert_eq!(format!("{secrets:?}"), r#"{"token"}"#);
        secrets.retire_old("token");
        assert_eq!(secrets.live("token"), ["second"]);
        assert_eq!(secrets.live("other").len(), 0);
    }
}
