//! Secrets at rest, and inbox ids that cannot be guessed. Both follow from the stack's master key.

use std::fmt;

use aes_gcm::{
    Aes256Gcm, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use handover_core::{AccountId, InboxId, StaffId, from_lower_base32, lower_base32};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::Failure;

/// The shortest master key, in characters; Secrets Manager generates 32 and more.
const MIN_MASTER_KEY: usize = 32;
/// Says how a sealed secret is laid out: this byte, 12 of nonce, AES-256-GCM ciphertext with its tag.
const SEAL_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
/// What an inbox id begins with.
const INBOX_PREFIX: &str = "in";
/// Random bytes of an inbox id.
const INBOX_RANDOM: usize = 16;
/// Bytes of its HMAC-SHA256 tag; a guess hits one in 2^64 and costs us no look-up.
const INBOX_TAG: usize = 8;

/// The key that everything else is derived from; one per stack.
#[derive(Clone)]
pub struct MasterKey(Hkdf<Sha256>);

impl MasterKey {
    /// The key that a secret's text stands for: any random text of 32 characters or more.
    pub fn from_text(text: &str) -> Result<Self, Failure> {
        if text.len() < MIN_MASTER_KEY {
            return Err(Failure::quarantine("master key is too short"));
        }
        Ok(Self(Hkdf::new(None, text.as_bytes())))
    }

    /// The key for one purpose (RFC 5869); keys of different purposes say nothing about each other.
    fn subkey(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives any length up to 8,160 bytes")]
        self.0.expand(purpose.as_bytes(), &mut key).expect("32 bytes are not too many");
        key
    }

    /// Authentication under the key for one purpose.
    fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Hmac::new_from_slice(&self.subkey(purpose)).expect("32 bytes are a key")
    }
}

/// Reads the master key; every function that opens secrets or checks inbox ids does so when it starts.
pub async fn load_master_key(
    client: &aws_sdk_secretsmanager::Client,
    arn: &str,
) -> Result<MasterKey, Failure> {
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| crate::store::classify(&error))?;
    let text = answer.secret_string().ok_or(Failure::quarantine("master key is not text"))?;
    MasterKey::from_text(text)
}

/// Seals and opens secrets that stand in the table.
#[derive(Clone)]
pub struct Sealer(Aes256Gcm);

impl Sealer {
    /// The sealer of a stack.
    pub fn new(key: &MasterKey) -> Self {
        Self(Aes256Gcm::new(&key.subkey("handover secrets at rest").into()))
    }

    /// Seals `plain` so that it opens only with the same `owner`, account and inbox for an inbox's
    /// secret. `nonce` is random and never used twice; about four billion of them are safe per stack.
    /// The answer is base64url.
    pub fn seal(&self, plain: &str, owner: &[&str], nonce: [u8; NONCE_BYTES]) -> Result<String, Failure> {
        let payload = Payload { msg: plain.as_bytes(), aad: &associated(owner) };
        let ciphertext = self.0.encrypt(&Nonce::from(nonce), payload);
        let ciphertext = ciphertext.map_err(|_| Failure::quarantine("secret cannot be sealed"))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        sealed.push(SEAL_VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(BASE64URL_NOPAD.encode(&sealed))
    }

    /// Opens what [`seal`](Self::seal) sealed for this owner. It fails for good when the text is not
    /// such, was changed, or belongs to another owner or stack.
    pub fn open(&self, sealed: &str, owner: &[&str]) -> Result<String, Failure> {
        self.try_open(sealed, owner).ok_or(Failure::quarantine("secret cannot be opened"))
    }

    fn try_open(&self, sealed: &str, owner: &[&str]) -> Option<String> {
        let bytes = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if version != SEAL_VERSION {
            return None;
        }
        let payload = Payload { msg: ciphertext, aad: &associated(owner) };
        String::from_utf8(self.0.decrypt(&Nonce::from(*nonce), payload).ok()?).ok()
    }
}

/// The associated data of an owner: its parts with their lengths, so that none runs into the next.
fn associated(owner: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    for part in owner {
        data.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        data.extend_from_slice(part.as_bytes());
    }
    data
}

/// Makes the secrets that chat messages to staff members are signed with. Each address has one of its own,
/// which follows from the master key, so that nothing has to be kept.
#[derive(Clone)]
pub struct ChatKey(Hmac<Sha256>);

impl ChatKey {
    /// The chat key of a stack.
    pub fn new(key: &MasterKey) -> Self {
        Self(key.mac("handover chat webhooks"))
    }

    /// The Standard Webhooks secret of a staff member's chat address: `whsec_` and 32 bytes in base64.
    pub fn secret(&self, account: &AccountId, staff: &StaffId) -> String {
        let owner = associated(&[account.as_str(), staff.as_str()]);
        let key = self.0.clone().chain_update(owner).finalize().into_bytes();
        format!("whsec_{}", BASE64.encode(&key))
    }
}

/// Makes and recognises the stack's inbox ids.
#[derive(Clone)]
pub struct InboxKey(Hmac<Sha256>);

impl InboxKey {
    /// The inbox key of a stack.
    pub fn new(key: &MasterKey) -> Self {
        Self(key.mac("handover inbox ids"))
    }

    /// A new inbox id: `in`, then 16 random bytes and 8 of their tag in base32; 41 characters.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "41 characters of a-z and 2-7 are always an id"
    )]
    pub fn new_id(&self, random: [u8; INBOX_RANDOM]) -> InboxId {
        let tag = self.0.clone().chain_update(random).finalize().into_bytes();
        let bytes: Vec<u8> = random.into_iter().chain(tag.into_iter().take(INBOX_TAG)).collect();
        let text = format!("{INBOX_PREFIX}{}", lower_base32(&bytes));
        text.parse().expect("base32 is an id")
    }

    /// Whether this stack made the id; in time that tells nothing about the tag.
    pub fn is_authentic(&self, id: &InboxId) -> bool {
        let encoded = id.as_str().strip_prefix(INBOX_PREFIX);
        let Some(bytes) = encoded.and_then(from_lower_base32) else { return false };
        let Some((random, tag)) = bytes.split_first_chunk::<INBOX_RANDOM>() else { return false };
        tag.len() == INBOX_TAG && self.0.clone().chain_update(random).verify_truncated_left(tag).is_ok()
    }
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

redacted!(MasterKey, Sealer, InboxKey, ChatKey);

#[cfg(test)]
mod tests {
    use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
    use aws_smithy_runtime_api::{
        client::{
            http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
            orchestrator::{HttpRequest, HttpResponse},
        },
        http::StatusCode,
    };
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::{Sdk, SdkSettings};

    /// A Secrets Manager that says the same to everybody.
    #[derive(Clone, Copy, Debug)]
    struct Says(u16, &'static str);

    impl HttpConnector for Says {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let status = StatusCode::try_from(self.0).unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.1))))
        }
    }

    async fn loaded(says: Says) -> Result<MasterKey, Failure> {
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let sdk = Sdk::new(&SdkSettings {
            region: "eu-central-1".to_owned(),
            endpoint: None,
            credentials: SharedCredentialsProvider::new(credentials),
            http: http_client_fn(move |_, _| SharedHttpConnector::new(says)),
            attempts: 1,
            patience: std::time::Duration::from_secs(1),
        });
        load_master_key(&sdk.secrets, "arn").await
    }

    const TEXT: &str = "a master key of the tests, forty letters";
    const OWNER: [&str; 2] = ["acc_1", "in1"];

    fn key() -> MasterKey {
        MasterKey::from_text(TEXT).unwrap()
    }

    #[test]
    fn a_short_master_key_is_refused() {
        assert!(MasterKey::from_text(&"x".repeat(31)).is_err());
        assert!(MasterKey::from_text(&"x".repeat(32)).is_ok());
    }

    #[test]
    fn a_secret_opens_for_its_owner_alone() {
        let sealer = Sealer::new(&key());
        let stored = sealer.seal("whsec_schlüssel", &OWNER, [7; 12]).unwrap();
        assert_eq!(sealer.open(&stored, &OWNER).as_deref(), Ok("whsec_schlüssel"));
        for other in [["acc_2", "in1"], ["acc_1", "in2"], ["acc_1i", "n1"], ["in1", "acc_1"]] {
            assert!(sealer.open(&stored, &other).is_err(), "{other:?}");
        }
        let stranger = Sealer::new(&MasterKey::from_text(&TEXT.to_uppercase()).unwrap());
        assert!(stranger.open(&stored, &OWNER).is_err());
    }

    #[test]
    fn every_changed_bit_is_noticed() {
        let sealer = Sealer::new(&key());
        let stored = sealer.seal("k", &OWNER, [0; 12]).unwrap();
        let bytes = BASE64URL_NOPAD.decode(stored.as_bytes()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(sealer.open(&BASE64URL_NOPAD.encode(&changed), &OWNER).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(sealer.open(&BASE64URL_NOPAD.encode(&bytes[..length]), &OWNER).is_err());
        }
        assert!(sealer.open("not base64!", &OWNER).is_err());
    }

    #[test]
    fn what_was_stored_stays_readable() {
        // Made by another implementation of RFC 5869 and AES-GCM, with the nonce 0, 1, ... 11.
        let stored = "AQABAgMEBQYHCAkKC1dNR5vjLJj0NjbdVxC7pGJdF7f7jw5LmOtS2hTbyQ6BEQrA";
        assert_eq!(Sealer::new(&key()).open(stored, &OWNER).as_deref(), Ok("secret of version 1"));
    }

    #[test]
    fn inbox_ids_are_recognised_and_changed_ones_are_not() {
        let inboxes = InboxKey::new(&key());
        let id = inboxes.new_id([9; 16]);
        assert_eq!(id.as_str(), "inbeeqscijbeeqscijbeeqscijbfldlysnbngrfly");
        assert!(inboxes.is_authentic(&id));
        for index in 0..id.as_str().len() {
            let mut changed = id.as_str().to_owned();
            let other = if changed.as_bytes()[index] == b'a' { "b" } else { "a" };
            changed.replace_range(index..=index, other);
            assert!(!inboxes.is_authentic(&changed.parse().unwrap()), "{changed}");
        }
        for wrong in ["in", "inaaaa", "x", &id.as_str().to_uppercase(), &id.as_str()[..40], &format!("{id}a")]
        {
            assert!(!inboxes.is_authentic(&wrong.parse().unwrap()), "{wrong}");
        }
        let stranger = InboxKey::new(&MasterKey::from_text(&TEXT.to_uppercase()).unwrap());
        assert!(!stranger.is_authentic(&id));
    }

    #[tokio::test]
    async fn the_master_key_is_the_text_of_a_secret() {
        let good = r#"{"Name":"n","SecretString":"a master key of the tests, forty letters"}"#;
        let id = InboxKey::new(&loaded(Says(200, good)).await.unwrap()).new_id([1; 16]);
        assert!(InboxKey::new(&key()).is_authentic(&id));
        for (bad, retried) in [
            (Says(200, r#"{"Name":"n","SecretString":"short"}"#), false),
            (Says(200, r#"{"Name":"n","SecretBinary":"c2hvcnQ="}"#), false),
            (Says(400, r#"{"__type":"AccessDeniedException"}"#), true),
            (Says(500, "{}"), true),
        ] {
            let failure = loaded(bad).await.unwrap_err();
            assert_eq!(matches!(failure, Failure::Retry { .. }), retried, "{bad:?}: {failure}");
        }
    }

    #[test]
    fn every_chat_address_has_a_secret_of_its_own() {
        let chats = ChatKey::new(&key());
        let secret =
            |account: &str, staff: &str| chats.secret(&account.parse().unwrap(), &staff.parse().unwrap());
        let all = [
            secret("acc_1", "stf_1"),
            secret("acc_1", "stf_2"),
            secret("acc_2", "stf_1"),
            secret("acc_1s", "tf_1"),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert_eq!(secret("acc_1", "stf_1"), all[0]);
        let bytes = BASE64.decode(all[0].strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        assert_eq!(bytes.len(), 32);
    }

    #[test]
    fn keys_are_not_printed() {
        let keys = (key(), Sealer::new(&key()), InboxKey::new(&key()), ChatKey::new(&key()));
        let printed = format!("{keys:?}");
        assert_eq!(printed, "(MasterKey(redacted), Sealer(redacted), InboxKey(redacted), ChatKey(redacted))");
    }
}
