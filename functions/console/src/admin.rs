//! What only the holder of the stack's own rights can do, by invoking the function directly
//! (`aws lambda invoke`): make an account, make a key or a sign-in link for one, empty its quarantine.

use handover_aws::{
    ApiKey, Scope, email_hash,
    store::{ApiKeyItem, Edit},
};
use handover_core::{
    Account, AccountId, EventId, Labs, MAX_NAME_CHARS, NotificationSettings, Role, Staff, StaffId,
};
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
    /// A link that signs a staff member in to the console, once: the account's owner of this address, who is
    /// made if there is nobody with it.
    SignInLink {
        account: AccountId,
        email: String,
        #[serde(default)]
        name: Option<String>,
    },
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
    /// The link is good for an hour, and once.
    Link { account: AccountId, staff: StaffId, link: String },
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
            Order::SignInLink { account, email, name } => self.sign_in_link(account, &email, name).await,
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

    async fn sign_in_link(
        &self,
        account: AccountId,
        email: &str,
        name: Option<String>,
    ) -> Result<Done, Problem> {
        let (store, at) = (self.processor.store(), self.processor.clock().now());
        let Some((_, directory)) = store.account_now(&account).await? else {
            return Ok(Done::Refused { error: "there is no such account".to_owned() });
        };
        let hash = email_hash(email);
        let is_theirs = |staff: &&Staff| staff.email.as_deref().map(email_hash).as_ref() == Some(&hash);
        let staff = if let Some(known) = directory.staff.iter().find(is_theirs) {
            known.id.clone()
        } else {
            let owner = Staff {
                id: StaffId::from_random(self.random.bytes()),
                name: name.unwrap_or_else(|| "Owner".to_owned()),
                role: Role::Owner,
                email: Some(email.trim().to_owned()),
                phone: None,
                chat_webhook: None,
                notifications: NotificationSettings::default(),
            };
            owner.validate().map_err(Problem::invalid)?;
            let edit = Edit { account: &account, by: None, at, seen: None, once: None };
            store.edit_staff(&edit, &owner, None, None).await?;
            owner.id
        };
        let link = crate::pages::new_link(self, &account, &staff, at).await?;
        Ok(Done::Link { account, staff, link })
    }

    async fn key_for(&self, account: &AccountId) -> Result<Done, Problem> {
        let (key, at) = (ApiKey::new(account.clone(), self.random.bytes()), self.processor.clock().now());
        let item = ApiKeyItem::new(&key, "made by the operator", Scope::Admin, at);
        let edit = Edit { account, by: None, at, seen: None, once: None };
        self.processor.store().make_api_key(&edit, &item).await?;
        Ok(Done::Made { account: account.clone(), api_key: key.text() })
    }
}
