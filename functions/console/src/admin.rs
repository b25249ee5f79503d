//! What only the holder of the stack's own rights can do, by invoking the function directly
//! (`aws lambda invoke`): make an account, make a key for one.

use handover_aws::{ApiKey, Failure, Scope, store::ApiKeyItem};
use handover_core::{Account, AccountId, Labs, MAX_NAME_CHARS};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Api;

/// A direct invocation's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// A new account with its first key.
    CreateAccount { name: String },
    /// Another key of scope admin, for an account whose keys are lost.
    CreateKey { account: AccountId },
}

/// What a direct invocation is answered with.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Done {
    /// The key is shown this once.
    Made { account: AccountId, api_key: String },
    /// Nothing has happened.
    Refused { error: String },
}

impl Api {
    pub(crate) async fn administer(&self, event: Value) -> Done {
        let order = match serde_json::from_value(event) {
            Ok(order) => order,
            Err(error) => return Done::Refused { error: format!("the event is not understood: {error}") },
        };
        match self.follow(order).await {
            Ok(done) => done,
            Err(failure) => Done::Refused { error: failure.to_string() },
        }
    }

    async fn follow(&self, order: Order) -> Result<Done, Failure> {
        let store = self.processor.store();
        match order {
            Order::CreateAccount { name } => {
                let chars = name.trim().chars().count();
                if !(1..=MAX_NAME_CHARS).contains(&chars) {
                    let error = format!("name must have 1 to {MAX_NAME_CHARS} characters");
                    return Ok(Done::Refused { error });
                }
                let account = Account {
                    id: AccountId::from_random(self.random.bytes()),
                    name,
                    labs: Labs { human_handover: true },
                    store_text: true,
                    retention_days: 365,
                    notify_text: false,
                    sms_inbox: None,
                    event_bus: false,
                };
                // The account last: one that stands has a key.
                let done = self.key_for(&account.id).await?;
                store.put_account(&account).await?;
                Ok(done)
            }
            Order::CreateKey { account } => match store.account(&account).await? {
                Some(_) => self.key_for(&account).await,
                None => Ok(Done::Refused { error: "there is no such account".to_owned() }),
            },
        }
    }

    async fn key_for(&self, account: &AccountId) -> Result<Done, Failure> {
        let key = ApiKey::new(account.clone(), self.random.bytes());
        let item = ApiKeyItem::new(&key, "made by the operator", Scope::Admin, self.processor.clock().now());
        self.processor.store().put_api_key(&item).await?;
        Ok(Done::Made { account: account.clone(), api_key: key.text() })
    }
}
