//! The humans who answer, and what they are told.

use serde::{Deserialize, Serialize};

use crate::{StaffId, TeamId, config::yes};

/// A human who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Staff {
    /// Their id.
    pub id: StaffId,
    /// Their name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_NAME_CHARS)))]
    pub name: String,
    /// What they may do.
    #[serde(default)]
    pub role: Role,
    /// Where e-mail reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where SMS reaches them, as E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where chat reaches them: an https address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = crate::MAX_URL_CHARS), regex(pattern = r"^https://")))]
    pub chat_webhook: Option<String>,
    /// What they are told, and where.
    #[serde(default)]
    pub notifications: NotificationSettings,
}

/// What a staff member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Configure and answer.
    Admin,
    /// Answer.
    #[default]
    Staff,
}

impl Role {
    /// Whether alerts that are for no one in particular go to this person.
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// What a staff member is told, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotificationSettings {
    /// When a conversation is assigned to them.
    #[serde(default)]
    pub conversation_assigned: ChannelSwitches,
    /// When a task is assigned to them.
    #[serde(default)]
    pub task_assigned: ChannelSwitches,
}

/// A switch per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[expect(clippy::struct_excessive_bools, reason = "four switches on a settings page are four booleans")]
pub struct ChannelSwitches {
    /// In the console.
    #[serde(default = "yes")]
    pub in_app: bool,
    /// By e-mail.
    #[serde(default)]
    pub email: bool,
    /// By SMS.
    #[serde(default)]
    pub sms: bool,
    /// In a chat.
    #[serde(default)]
    pub chat: bool,
}

impl Default for ChannelSwitches {
    fn default() -> Self {
        Self { in_app: true, email: false, sms: false, chat: false }
    }
}

/// A group of staff members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = crate::MAX_NAME_CHARS)))]
    pub name: String,
    /// Who is in it.
    #[serde(default)]
    pub members: Vec<StaffId>,
}
