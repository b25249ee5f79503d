//! What `decide` is told about the business, beside the conversation itself.

use crate::{
    Account, ActionId, Assignee, Bot, Contact, ConversationId, HandoverAction, Inbox, InboxId, PhraseMatch,
    ScenarioKind, Staff, StaffId, Team, Webhook,
};

/// Everything that the business has set, as of one moment.
#[derive(Clone, Debug)]
pub struct Policy<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its staff and teams.
    pub directory: &'a Directory,
    /// The inbox.
    pub inbox: &'a Inbox,
    /// The inbox's bot.
    pub bot: Option<&'a BotRevision>,
}

/// A bot's settings in one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotRevision {
    /// Counts the edits.
    pub revision: u64,
    /// The settings.
    pub bot: Bot,
}

/// An account's staff and teams, and the automations that listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The staff members.
    pub staff: Vec<Staff>,
    /// The teams.
    pub teams: Vec<Team>,
    /// Where its own automations listen.
    pub webhooks: Vec<Webhook>,
}

impl Directory {
    /// The staff member with this id.
    pub fn staff(&self, id: &StaffId) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.id == *id)
    }

    /// Whether somebody is still there to be assigned to.
    pub fn has(&self, assignee: &Assignee) -> bool {
        match assignee {
            Assignee::Staff(id) => self.staff(id).is_some(),
            Assignee::Team(id) => self.teams.iter().any(|team| team.id == *id),
        }
    }
}

impl<'a> Policy<'a> {
    /// The first enabled action of a scenario kind.
    pub fn first_enabled(&self, kind: ScenarioKind) -> Option<&'a HandoverAction> {
        self.actions().find(|action| action.enabled && action.scenario.kind() == kind)
    }

    /// The bot's actions in list order.
    pub fn actions(&self) -> impl Iterator<Item = &'a HandoverAction> + use<'a> {
        self.bot.into_iter().flat_map(|revision| revision.bot.actions.iter())
    }

    /// The action with this id.
    pub fn action(&self, id: &ActionId) -> Option<&'a HandoverAction> {
        self.bot.and_then(|revision| revision.bot.action(id))
    }
}

/// What can only be known beside the settings or the ledger, gathered before deciding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Which example phrases the client's message matches, in list order.
    pub phrases: Vec<PhraseMatch>,
    /// Whether the message is about the present issue; `None` when that is not understood.
    pub same_issue: Option<bool>,
    /// What the ledger says about an echo.
    pub echo: EchoEvidence,
    /// The other contact, where the event moves the conversation from one to another.
    pub other: Option<OtherContact>,
}

/// A contact that a conversation may move to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherContact {
    /// A conversation of theirs.
    pub conversation: ConversationId,
    /// Its inbox.
    pub inbox: InboxId,
    /// The contact.
    pub contact: Contact,
}

impl Evidence {
    /// The example phrase of an action that the message matches.
    pub fn phrase_of(&self, action: &ActionId) -> Option<&PhraseMatch> {
        self.phrases.iter().find(|matched| matched.action == *action)
    }
}

/// What the ledger says about an echo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EchoEvidence {
    /// It is none of ours.
    #[default]
    NotOurs,
    /// It is ours.
    Ours,
    /// A send of ours in this conversation is claimed or unknown: it may be ours.
    Undecided,
}
