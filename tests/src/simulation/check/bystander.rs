//! Seven: what happens to one account leaves no trace in another, and none where nobody looks.

use super::Checks;
use crate::simulation::{
    automation::AUTOMATION_HOST,
    plan::Words,
    run::{CLIENTS, PHONE, VISITOR},
};

/// Where the quarantine keeps what names no account.
const NOBODY: &str = "unattributed";

impl Checks<'_> {
    /// The twin, which nobody writes to, knows nobody and was told nothing; and nothing lies where no account
    /// finds it.
    pub(super) async fn bystanders(&mut self) {
        let world = &self.run.world;
        let store = world.local.admin_store();
        let twin = &world.sample.twin;
        for client in CLIENTS {
            for id in self.run.names(client) {
                let known = world.look(&twin.account, &id).await.is_some();
                self.that(!known, || format!("the twin knows client {client}"));
            }
        }
        let own = [world.conversation(&twin.twilio, PHONE), world.conversation(&twin.generic, VISITOR[0])];
        for id in own {
            let known = world.look(&twin.account, &id).await.is_some();
            self.that(!known, || "a client of the clinic wrote to the twin".to_owned());
        }
        let (_, directory) = store.account(&twin.account).await.expect("the table works").expect("the twin");
        for staff in directory.staff {
            let notes = store.notes(&twin.account, &staff.id).await.expect("the table works");
            self.that(notes.is_empty(), || format!("the twin's staff were told: {notes:?}"));
        }
        let nobody = NOBODY.parse().expect("an id");
        for account in [&twin.account, &nobody] {
            let kept = store.quarantine(account).await.expect("the table works");
            self.that(kept.is_empty(), || format!("in the quarantine of {account}: {kept:?}"));
        }
    }

    /// Eight: automations hear ids, scenarios and instants; no words, names or numbers of a client.
    pub(super) fn automations_were_not_told_texts(&mut self) {
        let texts = Words::ALL.map(Words::text);
        let private = texts.into_iter().chain([PHONE]).chain(VISITOR);
        let private: Vec<&str> = private.collect();
        for request in self.run.world.local.cloud().recorder().requests() {
            if request.url.contains(AUTOMATION_HOST) {
                let said = private.iter().find(|text| request.body.contains(**text));
                self.that(said.is_none(), || format!("an automation was told {said:?}"));
            }
        }
    }
}
