//! The client tokens of transactions, which make a repeated call harmless for ten minutes of domain time.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// How long a token is remembered (API reference of `TransactWriteItems`).
const LIFETIME_MS: i64 = 10 * 60 * 1000;

/// The longest token that DynamoDB takes, in characters.
const MAX_LENGTH: usize = 36;

/// When each token was first used, in Unix milliseconds.
#[derive(Default)]
pub(super) struct Tokens {
    first_used: HashMap<String, i64>,
}

impl Tokens {
    /// The token that the engine gets for a caller's. The engine counts the ten minutes in real time, so
    /// that a token whose domain time is over must be another one to it.
    pub(super) fn at(&mut self, token: &str, now_ms: i64) -> String {
        if token.is_empty() || token.len() > MAX_LENGTH {
            // The engine refuses it in the proper words.
            return token.to_owned();
        }
        // The SDK invents a token for every transaction: now and then the old ones must go.
        if self.first_used.len() >= 1024 && self.first_used.len().is_power_of_two() {
            self.first_used.retain(|_, first| now_ms - *first < LIFETIME_MS);
        }
        let first = self.first_used.entry(token.to_owned()).or_insert(now_ms);
        if now_ms - *first >= LIFETIME_MS {
            *first = now_ms;
        }
        let mut renamed = HEXLOWER.encode(&Sha256::digest(format!("{token} {first}")));
        renamed.truncate(MAX_LENGTH);
        renamed
    }
}
