//! Who is told what, and where.

use serde::{Deserialize, Serialize};

use crate::{Assignee, Audience, Directory, EffectId, NotificationKind, Staff, StaffId};

/// One message to one staff member on one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Follows from the effect, the staff member and the channel.
    pub id: EffectId,
    /// To whom.
    pub staff: StaffId,
    /// What about.
    pub about: NotificationKind,
    /// Where.
    pub channel: NotificationChannel,
}

/// Where staff members are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationChannel {
    /// In the console.
    InApp,
    /// By e-mail.
    Email,
    /// By SMS.
    Sms,
    /// In a chat.
    Chat,
}

impl NotificationChannel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::InApp, Self::Email, Self::Sms, Self::Chat];

    /// The channel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InApp => "in_app",
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Chat => "chat",
        }
    }
}

/// Whether a staff member wants to hear about this on this channel. What has no switch of its own
/// is shown in the console and nowhere else.
pub fn wants(staff: &Staff, about: NotificationKind, channel: NotificationChannel) -> bool {
    let switches = match about {
        NotificationKind::ConversationAssigned => staff.notifications.conversation_assigned,
        NotificationKind::TaskAssigned => staff.notifications.task_assigned,
        NotificationKind::ConversationWaiting
        | NotificationKind::PromiseMissed
        | NotificationKind::Unanswered
        | NotificationKind::WindowClosing
        | NotificationKind::TaskOverdue
        | NotificationKind::Urgent
        | NotificationKind::DeliveryFailed
        | NotificationKind::NotConfigured
        | NotificationKind::AssigneeMissing
        | NotificationKind::LoopGuard
        | NotificationKind::Quarantined
        | NotificationKind::AssigneeLeft => return channel == NotificationChannel::InApp,
    };
    match channel {
        NotificationChannel::InApp => switches.in_app,
        NotificationChannel::Email => switches.email,
        NotificationChannel::Sms => switches.sms,
        NotificationChannel::Chat => switches.chat,
    }
}

/// The copies of one effect: each staff member of the audience, on each channel switched on.
pub fn copies(
    effect: &EffectId,
    about: NotificationKind,
    audience: &Audience,
    directory: &Directory,
) -> Vec<Notification> {
    let in_audience = |staff: &Staff| match audience {
        Audience::Assignee(assignee) => is_in(staff, assignee, directory),
        Audience::Admins => staff.role.is_admin(),
        Audience::AssigneeAndAdmins(assignee) => staff.role.is_admin() || is_in(staff, assignee, directory),
    };
    let mut copies = Vec::new();
    for staff in directory.staff.iter().filter(|staff| in_audience(staff)) {
        for channel in NotificationChannel::ALL {
            if wants(staff, about, channel) {
                copies.push(Notification {
                    id: effect.copy_for(&staff.id, channel.name()),
                    staff: staff.id.clone(),
                    about,
                    channel,
                });
            }
        }
    }
    copies
}

fn is_in(staff: &Staff, assignee: &Assignee, directory: &Directory) -> bool {
    match assignee {
        Assignee::Staff(id) => staff.id == *id,
        Assignee::Team(id) => {
            directory.teams.iter().any(|team| team.id == *id && team.members.contains(&staff.id))
        }
    }
}
