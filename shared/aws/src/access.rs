//! API keys: what a program shows to be let in.

use std::fmt;

use handover_core::{AccountId, ApiKeyId, from_lower_base32, lower_base32};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What an API key begins with.
const PREFIX: &str = "hk_";
/// Random bytes of an API key.
const SECRET_BYTES: usize = 32;

/// What an API key may be used for; each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look.
    Read,
    /// Give commands to conversations.
    Write,
    /// Configure, act as a staff member, look at what is in quarantine.
    Admin,
}

impl Scope {
    /// The scope's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// An API key as its holder has it: `hk_<account>_<32 random bytes in base32>`. The table has a hash of
/// it; the secret has 256 bits, so that a plain one is enough.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    account: AccountId,
    secret: [u8; SECRET_BYTES],
}

impl ApiKey {
    /// The key of an account with these random bytes.
    pub const fn new(account: AccountId, secret: [u8; SECRET_BYTES]) -> Self {
        Self { account, secret }
    }

    /// Reads what [`text`](Self::text) writes; `None` when it is something else.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, secret) = text.strip_prefix(PREFIX)?.rsplit_once('_')?;
        let secret = from_lower_base32(secret)?.try_into().ok()?;
        Some(Self { account: account.parse().ok()?, secret })
    }

    /// The key's text: a secret, shown once.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}_{}", self.account, lower_base32(&self.secret))
    }

    /// Whose it is.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// Its name in the table and in transcripts: follows from the secret and tells nothing about it.
    pub fn id(&self) -> ApiKeyId {
        let hash = Sha256::new().chain_update("handover api key id").chain_update(self.secret).finalize();
        ApiKeyId::from_random(hash.first_chunk().copied().unwrap_or_default())
    }

    /// What the table keeps of it.
    pub fn hash(&self) -> String {
        lower_base32(&Sha256::digest(self.secret))
    }

    /// Whether this is the key that the table keeps the hash of; in time that tells nothing about it.
    pub fn matches(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_text_and_matches_its_own_hash_only() {
        let account: AccountId = "acc_with_underscores".parse().unwrap();
        let key = ApiKey::new(account.clone(), [7; 32]);
        let read = ApiKey::parse(&key.text()).unwrap();
        assert_eq!((read.account(), read.id()), (&account, key.id()));
        assert!(read.matches(&key.hash()));
        let other = ApiKey::new(account, [8; 32]);
        assert!(!other.matches(&key.hash()));
        assert_ne!(other.id(), key.id());
        assert!(!key.matches("") && !key.hash().contains(&lower_base32(&[7; 32])));
        assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let key = ApiKey::new("acc_1".parse().unwrap(), [7; 32]).text();
        for bad in [&key[1..], &key[..key.len() - 1], &key.to_uppercase(), "hk__", "", "hk_acc_1_short"] {
            assert_eq!(ApiKey::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn scopes_include_each_other_upwards() {
        assert!(Scope::Read < Scope::Write && Scope::Write < Scope::Admin);
        for scope in [Scope::Read, Scope::Write, Scope::Admin] {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
    }
}
