//! What staff and the account's automation are told: nothing twice, and nothing never.

use std::collections::BTreeSet;

use handover_aws::store::LedgerState;
use handover_core::{EffectKind, NotificationChannel, NotificationKind, copies};

use super::Checks;
use crate::View;

impl Checks<'_> {
    /// Whoever was to be told was told, and somebody hears of every handover by an action.
    pub(super) fn told(&mut self, client: u8, view: &View) {
        let noted: BTreeSet<&str> = view.notes.iter().map(|(_, note)| note.id.as_str()).collect();
        for effect in view.messages.iter().flat_map(|message| &message.effects) {
            let EffectKind::Notify { about, and, audience, .. } = &effect.kind else { continue };
            let also = and.iter().map(|and| (effect.id.also(and.name()), *and));
            for (id, about) in std::iter::once((effect.id.clone(), *about)).chain(also) {
                self.reach(format!("told of {}", about.name()));
                for copy in copies(&id, about, audience, &self.directory) {
                    self.that(noted.contains(copy.id.as_str()), || {
                        format!(
                            "client {client}: {:?} was not told of {about:?} by {:?}",
                            copy.staff, copy.channel
                        )
                    });
                }
            }
        }
        for handover in view.handovers.iter().filter(|handover| handover.origin.scenario().is_some()) {
            let heard = view.notes.iter().any(|(_, note)| {
                let about = matches!(
                    note.about,
                    NotificationKind::ConversationAssigned | NotificationKind::ConversationWaiting
                );
                note.epoch == Some(handover.epoch)
                    && note.conversation.as_ref() == Some(&view.conversation.id)
                    && about
            });
            self.that(heard, || format!("client {client}: nobody was told of handover {}", handover.epoch));
        }
    }

    /// Every e-mail that is on record was sent; twice only where what sends them was struck.
    pub(super) async fn e_mails(&mut self) {
        let store = self.run.world.local.admin_store();
        let mut noted = 0;
        for staff in self.directory.staff.clone() {
            let told = store.notes(self.run.account(), &staff.id).await.expect("the table works");
            for note in told.iter().filter(|note| note.channel == NotificationChannel::Email) {
                self.that(note.state == Some(LedgerState::Sent), || {
                    format!("an e-mail about {:?} was left {:?}", note.about, note.state)
                });
                noted += 1;
            }
        }
        let sent = self.run.world.emails().len();
        let doubled = sent > noted && !self.run.striker.notify_struck();
        self.that(sent >= noted && !doubled, || {
            format!("{noted} e-mails are on record, and {sent} were sent")
        });
    }

    /// The automation heard of everything; twice only where what tells it was struck.
    pub(super) fn announced(&mut self, client: u8, view: &View) {
        let webhooks = self.directory.webhooks.clone();
        for effect in view.messages.iter().flat_map(|message| &message.effects) {
            let EffectKind::Announce { what, epoch } = &effect.kind else { continue };
            self.reach(format!("announced {}", what.name()));
            for webhook in webhooks.iter().filter(|webhook| webhook.hears(*what)) {
                let id = effect.id.copy_at(&webhook.id).to_string();
                let heard = self.run.automation.taken().get(&id).copied().unwrap_or_default();
                let most = if self.run.striker.notify_struck() { u32::MAX } else { 1 };
                self.that((1..=most).contains(&heard), || {
                    format!("client {client}: {} of {epoch} was announced {heard} times", what.name())
                });
                self.announcements.insert(id);
            }
        }
    }

    /// The automation heard of nothing that was not decided.
    pub(super) fn nothing_else_was_announced(&mut self) {
        let heard: BTreeSet<String> = self.run.automation.taken().keys().cloned().collect();
        let invented: Vec<_> = heard.difference(&self.announcements).cloned().collect();
        self.that(invented.is_empty(), || format!("announced, and not decided: {invented:?}"));
    }
}
