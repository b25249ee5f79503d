//! What several conversations of one contact have in common.

use super::{Checks, is_elsewhere};
use crate::View;

impl Checks<'_> {
    /// Humans own a conversation because of another one exactly where the contact says so, and the bot is
    /// silent in all of them.
    pub(super) fn together(&mut self, client: u8, view: &View) {
        let (conversation, contact) = (&view.conversation, &view.contact);
        let human = conversation.human();
        let elsewhere = human.is_some_and(|human| is_elsewhere(&human.origin));
        let holder = contact.holder_for(&conversation.id);
        self.that(!elsewhere || holder.is_some(), || {
            format!("client {client}: silent because of another conversation, and none holds it")
        });
        self.that(holder.is_none() || human.is_some(), || {
            format!("client {client}: the bot has it, and {holder:?} holds all of the contact's")
        });
        let holds = contact.holding.contains(&conversation.id);
        self.that(!holds || (human.is_some() && !elsewhere), || {
            format!("client {client}: it holds all of the contact's, and humans do not own it")
        });
        for handover in &view.handovers {
            if let Some(assignee) = Some(&handover.assignee).filter(|_| handover.ended_at.is_none()) {
                self.that(*assignee == contact.assignee, || {
                    format!(
                        "client {client}: {assignee:?} has handover {}, and {:?} the contact",
                        handover.epoch, contact.assignee
                    )
                });
            }
        }
        if contact.linked.len() > 1 {
            self.reach("linked");
        }
        if view.handovers.iter().any(|handover| is_elsewhere(&handover.origin)) {
            self.reach("silent because of another conversation");
        }
    }
}
