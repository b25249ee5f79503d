//! The sample: a clinic whose bot hands over, and a twin whose account has handovers switched off.

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use handover_aws::{
    ApiKey, InboxKey, Scope, Sealer,
    store::{ApiKeyItem, Edit, FaqChange},
};
use handover_core::{
    Account, AccountId, Assign, Assignee, Bot, BotId, Channel, ChannelSwitches, Connector, HandoverAction,
    Inbox, InboxId, Labs, MAX_RETRIES, NotificationSettings, Pause, Permille, Provider, Role, Scenario,
    Sensitivity, Staff, StaffId, Team, TeamId,
};
use handover_providers::Secrets;

use crate::{Local, LocalError, knowledge, world::BOT_HOST};

/// Two accounts that have nothing in common but the kind of their settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Sunrise Clinic: Labs on.
    pub clinic: SampleAccount,
    /// Moonlight Clinic: Labs off, everything else alike.
    pub twin: SampleAccount,
}

/// An account of the sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleAccount {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: &'static str,
    /// Its bot: human_requested (to [`assignee`](Self::assignee), two phrases of its own, an hour),
    /// lack_of_knowledge (to the team, two hours), repeated_failure (nobody, until handed back). It
    /// answers from the 30 entries of `knowledge.csv`.
    pub bot: BotId,
    /// An admin, who gets the conversations of clients who ask for a human. In app and by e-mail for
    /// conversations, in app alone for tasks.
    pub assignee: StaffId,
    /// Another staff member. By e-mail alone for conversations, nothing at all for tasks.
    pub colleague: StaffId,
    /// Both of them.
    pub team: TeamId,
    /// WhatsApp by Twilio.
    pub twilio: SampleInbox,
    /// A chat on the clinic's page, by the generic provider.
    pub generic: SampleInbox,
    /// An API key of scope admin.
    pub api_key: String,
}

/// An inbox of the sample, with its one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleInbox {
    /// The inbox.
    pub inbox: Inbox,
    /// What the secret is called among the inbox's secrets.
    pub secret_name: &'static str,
    /// The secret.
    pub secret: String,
}

impl Sample {
    /// Both accounts.
    pub fn accounts(&self) -> [&SampleAccount; 2] {
        [&self.clinic, &self.twin]
    }

    /// The inbox of this id, of either account.
    pub fn inbox(&self, id: &InboxId) -> Option<&SampleInbox> {
        self.accounts().into_iter().flat_map(SampleAccount::inboxes).find(|known| known.inbox.id == *id)
    }
}

impl SampleAccount {
    /// Its inboxes.
    pub fn inboxes(&self) -> [&SampleInbox; 2] {
        [&self.twilio, &self.generic]
    }
}

impl SampleInbox {
    /// The address that its provider calls.
    pub fn webhook_url(&self, public_url: &str) -> String {
        format!("{public_url}/webhooks/{}", self.inbox.id)
    }
}

impl Local {
    /// The sample, stored if it is not there yet. All that is in it follows from the seed and the stack's
    /// master key; what somebody has changed since stays as it is.
    ///
    /// # Errors
    /// [`LocalError::Store`] when the table or the secret cannot be reached.
    pub async fn sample(&self) -> Result<Sample, LocalError> {
        self.sample_with(Connector::Faq).await
    }

    /// The same with bots that are asked in this way.
    ///
    /// # Errors
    /// [`LocalError::Store`] when the table or the secret cannot be reached.
    pub async fn sample_with(&self, connector: Connector) -> Result<Sample, LocalError> {
        let (inbox_key, sealer) = self.keys().await?;
        let sample = Sample {
            clinic: described(self, &inbox_key, "Sunrise Clinic", "+15550001111"),
            twin: described(self, &inbox_key, "Moonlight Clinic", "+15550002222"),
        };
        for (account, human_handover) in [(&sample.clinic, true), (&sample.twin, false)] {
            if self.admin_store().account(&account.account).await?.is_none() {
                store(self, &sealer, account, Labs { human_handover }, connector.clone()).await?;
            }
            if let Some(key) = ApiKey::parse(&account.api_key) {
                let key = ApiKeyItem::new(&key, "of the sample", Scope::Admin, self.now());
                self.admin_store().put_api_key(&key).await?;
            }
        }
        Ok(sample)
    }
}

/// Everything about an account that has to be known to use it.
fn described(local: &Local, key: &InboxKey, name: &'static str, number: &str) -> SampleAccount {
    let bytes = |what: &str| -> [u8; 16] {
        let drawn = local.drawn(&format!("{name}: {what}"));
        drawn.first_chunk().copied().unwrap_or_default()
    };
    let account = AccountId::from_random(bytes("account"));
    let bot = BotId::from_random(bytes("bot"));
    let inbox = |what: &str, provider, channel, settings: BTreeMap<String, String>| Inbox {
        id: key.new_id(bytes(what)),
        account: account.clone(),
        name: what.to_owned(),
        provider,
        channel,
        bot: Some(bot.clone()),
        unknown_sender_is_human: false,
        settings,
    };
    let setting = |name: &str, value: String| (name.to_owned(), value);
    let account_sid = format!("AC{}", HEXLOWER.encode(&bytes("account SID")));
    let twilio = SampleInbox {
        inbox: inbox(
            "WhatsApp",
            Provider::Twilio,
            Channel::WhatsApp,
            BTreeMap::from([
                setting("account_sid", account_sid),
                setting("from", format!("whatsapp:{number}")),
            ]),
        ),
        secret_name: "auth_token",
        secret: HEXLOWER.encode(&bytes("auth token")),
    };
    let slug = name.to_lowercase().replace(' ', "-");
    let signing_key = local.drawn(&format!("{name}: signing secret"));
    let generic = SampleInbox {
        inbox: inbox(
            "Website chat",
            Provider::Generic,
            Channel::Web,
            BTreeMap::from([setting("reply_url", format!("https://{BOT_HOST}/{slug}/messages"))]),
        ),
        secret_name: "signing_secret",
        secret: format!("whsec_{}", BASE64.encode(&signing_key)),
    };
    SampleAccount {
        api_key: ApiKey::new(account.clone(), local.drawn(&format!("{name}: API key"))).text(),
        name,
        bot,
        assignee: StaffId::from_random(bytes("assignee")),
        colleague: StaffId::from_random(bytes("colleague")),
        team: TeamId::from_random(bytes("team")),
        account,
        twilio,
        generic,
    }
}

async fn store(
    local: &Local,
    sealer: &Sealer,
    sample: &SampleAccount,
    labs: Labs,
    connector: Connector,
) -> Result<(), LocalError> {
    let store = local.admin_store();
    for inbox in sample.inboxes() {
        let SampleInbox { inbox, secret_name, secret } = inbox;
        let secrets: Secrets = [(*secret_name, secret.as_str())].into_iter().collect();
        let plain = serde_json::to_string(&secrets).unwrap_or_default();
        let nonce = local.drawn(&format!("{}: nonce", inbox.id)).first_chunk().copied().unwrap_or_default();
        let owner = [inbox.account.as_str(), inbox.id.as_str()];
        store.put_inbox(inbox, Some(sealer.seal(&plain, &owner, nonce)?)).await?;
    }
    let answers = connector == Connector::Faq;
    store.put_bot(&sample.account, &Bot { connector, ..bot(sample) }).await?;
    if let Some(key) = ApiKey::parse(&sample.api_key).filter(|_| answers) {
        let by = key.id();
        let edit = Edit { account: &sample.account, by: Some(&by), at: local.now(), seen: None, once: None };
        let entries: Vec<FaqChange> =
            knowledge::entries(&sample.bot).into_iter().map(|entry| FaqChange::Put(entry, 1)).collect();
        store.edit_faq(&edit, &sample.bot, &entries).await?;
    }
    for staff in staff(sample) {
        store.put_staff(&sample.account, &staff).await?;
    }
    let team = Team {
        id: sample.team.clone(),
        name: "Front desk".to_owned(),
        members: vec![sample.assignee.clone(), sample.colleague.clone()],
    };
    store.put_team(&sample.account, &team).await?;
    // Last: an account that stands is a sample that is whole.
    let account = Account {
        id: sample.account.clone(),
        name: sample.name.to_owned(),
        labs,
        store_text: true,
        retention_days: 365,
        notify_text: false,
        sms_inbox: None,
        event_bus: false,
    };
    store.put_account(&account).await?;
    Ok(())
}

fn bot(sample: &SampleAccount) -> Bot {
    let action = |name: &str, scenario, pause, to: Option<Assign>| {
        let id = name.parse().unwrap_or_else(|_| handover_core::ActionId::from_random([0; 16]));
        HandoverAction { pause, assign: to, ..HandoverAction::new(id, scenario) }
    };
    let hours = |hours| Pause::For { days: 0, hours, minutes: 0 };
    let human_requested = Scenario::HumanRequested {
        sensitivity: Sensitivity::Balanced,
        phrases: vec!["put me through to the front desk".to_owned(), "can the clinic call me".to_owned()],
    };
    Bot {
        actions: vec![
            action(
                "human_requested",
                human_requested,
                hours(1),
                Some(Assign { to: Assignee::Staff(sample.assignee.clone()), skip_if_assigned: true }),
            ),
            action(
                "lack_of_knowledge",
                Scenario::LackOfKnowledge { evidence_floor: Permille::new(350) },
                hours(2),
                Some(Assign { to: Assignee::Team(sample.team.clone()), skip_if_assigned: true }),
            ),
            action(
                "repeated_failure",
                Scenario::RepeatedFailure { max_retries: MAX_RETRIES },
                Pause::UntilHandedBack,
                None,
            ),
        ],
        ..Bot::new(sample.bot.clone(), &format!("{} assistant", sample.name))
    }
}

fn staff(sample: &SampleAccount) -> [Staff; 2] {
    let domain = sample.name.to_lowercase().replace(' ', "-");
    let none = ChannelSwitches { in_app: false, email: false, sms: false, chat: false };
    let in_app = ChannelSwitches { in_app: true, ..none };
    let email = ChannelSwitches { email: true, ..none };
    let member = |id: &StaffId, name: &str, role, conversation_assigned, task_assigned| Staff {
        id: id.clone(),
        name: name.to_owned(),
        role,
        email: Some(format!("{}@{domain}.example", name.to_lowercase().replace(' ', "."))),
        phone: None,
        chat_webhook: None,
        notifications: NotificationSettings { conversation_assigned, task_assigned },
    };
    let both = ChannelSwitches { in_app: true, ..email };
    [
        member(&sample.assignee, "Alex Moreno", Role::Admin, both, in_app),
        member(&sample.colleague, "Billie Chen", Role::Staff, email, none),
    ]
}

#[cfg(test)]
mod tests {
    use handover_cloud::Clock;
    use handover_providers::check_fields;

    use super::*;
    use crate::LocalOptions;

    async fn local(seed: u64) -> Local {
        Local::open(LocalOptions::in_memory(Clock::manual(1_795_348_800_000), seed)).await.unwrap()
    }

    #[tokio::test]
    async fn everything_in_it_is_valid() {
        let sample = local(1).await.sample().await.unwrap();
        for account in sample.accounts() {
            bot(account).validate().unwrap();
            for staff in staff(account) {
                staff.validate().unwrap();
            }
            for inbox in account.inboxes() {
                let secrets: Secrets = [(inbox.secret_name, inbox.secret.as_str())].into_iter().collect();
                let problems = check_fields(inbox.inbox.provider, &inbox.inbox.settings, &secrets);
                assert_eq!(problems, []);
            }
        }
    }

    #[tokio::test]
    async fn it_is_stored_once_and_edits_stay() {
        let local = local(1).await;
        let sample = local.sample().await.unwrap();
        let store = local.admin_store();
        let (mut account, directory) = store.account(&sample.clinic.account).await.unwrap().unwrap();
        assert!(account.labs.human_handover);
        assert_eq!((directory.staff.len(), directory.teams.len()), (2, 1));
        "renamed".clone_into(&mut account.name);
        store.put_account(&account).await.unwrap();
        assert_eq!(local.sample().await.unwrap(), sample);
        assert_eq!(store.account(&account.id).await.unwrap().unwrap().0.name, "renamed");
        assert_eq!(store.current_revision(&account.id, &sample.clinic.bot).await.unwrap(), Some(1));
        let (twin, _) = store.account(&sample.twin.account).await.unwrap().unwrap();
        assert!(!twin.labs.human_handover);
    }

    #[tokio::test]
    async fn another_seed_makes_other_ids_and_secrets() {
        let (one, other) = (local(1).await.sample().await.unwrap(), local(2).await.sample().await.unwrap());
        assert_ne!(one.clinic.account, other.clinic.account);
        assert_ne!(one.clinic.twilio.inbox.id, other.clinic.twilio.inbox.id);
        assert_ne!(one.clinic.twilio.secret, other.clinic.twilio.secret);
        assert_ne!(one.clinic.twilio.secret, one.twin.twilio.secret);
        assert_eq!(one, local(1).await.sample().await.unwrap());
    }
}
