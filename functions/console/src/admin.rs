//! What only the holder of the stack's own rights can do, by invoking the function directly
//! (`aws lambda invoke`): make an account, make a key for one, empty its quarantine.

use handover_aws::{
    ApiKey, Scope,
    store::{ApiKeyItem, Edit},
};
use handover_core::{Account, AccountId, EventId, Labs, MAX_NAME_CHARS};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Api, problem::Problem};

/// A direct invocation's event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Order {
    /// A new account with its first key.
    CreateAccount { name: String },
    /// Another key of scope admin, for an account whose keys are lost.
    CreateKey { account: AccountId },
    /// Send something in quarantine on its way again.
    Redrive { account: AccountId, item: EventId },
    /// Let go of something in quarantine.
    Discard { account: AccountId, item: EventId, reason: String },
}

/// What a direct invocation is answered with.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Done {
    /// The key is shown this once.
    Made { account: AccountId, api_key: String },
    /// Something in quarantine is so no more.
    Left { account: AccountId, item: EventId },
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
            Err(problem) => Done::Refused { error: format!("{}: {}", problem.title, problem.detail) },
        }
    }

    async fn follow(&self, order: Order) -> Result<Done, Problem> {
        let (store, at) = (self.processor.store(), self.processor.clock().now());
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
            Order::Redrive { account, item } => {
                let edit = Edit { account: &account, by: None, at, seen: None, once: None };
                self.redrive(&edit, &item).await?;
                Ok(Done::Left { account, item })
            }
            Order::Discard { account, item, reason } => {
                let edit = Edit { account: &account, by: None, at, seen: None, once: None };
                self.discard(&edit, &item, &reason).await?;
                Ok(Done::Left { account, item })
            }
        }
    }

    async fn key_for(&self, account: &AccountId) -> Result<Done, Problem> {
        let (key, at) = (ApiKey::new(account.clone(), self.random.bytes()), self.processor.clock().now());
        let item = ApiKeyItem::new(&key, "made by the operator", Scope::Admin, at);
        let edit = Edit { account, by: None, at, seen: None, once: None };
        self.processor.store().make_api_key(&edit, &item).await?;
        Ok(Done::Made { account: account.clone(), api_key: key.text() })
    }
}
