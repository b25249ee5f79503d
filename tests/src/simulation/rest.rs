//! The end of a run: everything works again and comes to rest.

use std::time::Duration;

use handover_cloud::{scheduler::Lateness, sqs::SendRequest};
use handover_core::{Conversation, Timestamp};

use super::run::{RESUME_WITHIN, Run};

/// How long something that is due may wait for the sweep.
const SWEPT_WITHIN: Duration = Duration::from_mins(6);
/// How often everything is given time before it counts as restless.
const MAX_ROUNDS: u32 = 40;

impl Run<'_> {
    /// Everything works again, and all that is due gets its time.
    pub(crate) async fn rest(&mut self) {
        self.say(|| "everything works again".to_owned());
        self.mend();
        self.striker.heal();
        // Schedules that were lost stay lost; what comes from now on is in order.
        self.world.local.cloud().scheduler().set_lateness(Lateness::Exact);
        self.travel(Duration::from_mins(20)).await;
        for _ in 0..MAX_ROUNDS {
            let Some(at) = self.states().await.into_values().filter_map(|state| state.wake_at()).min() else {
                // What is sent again comes after a quarter of an hour at most, and leaves nothing behind.
                self.travel(Duration::from_mins(20)).await;
                if self.states().await.into_values().all(|state| state.wake_at().is_none()) {
                    return;
                }
                continue;
            };
            self.travel(at.since(self.world.now()) + RESUME_WITHIN).await;
            if self.plan.conditions.lateness != Lateness::Dropped {
                self.woken("its timer", at, |state| {
                    let promised = state.promise.map(|promise| promise.due_at);
                    state.resumes_at().into_iter().chain(promised).min()
                })
                .await;
            }
            if self.plan.conditions.sweeping && self.plan.conditions.lateness != Lateness::Dropped {
                self.travel(SWEPT_WITHIN).await;
            } else {
                let queue = self.world.queue("TimersQueue");
                self.world.local.cloud().sqs().send(&queue, &sweep()).expect("the queue takes it");
                self.settle().await;
            }
            self.woken("the sweep", at, Conversation::wake_at).await;
        }
        self.broken("it does not come to rest".to_owned());
    }

    /// Four: what was due has happened by itself: by its timer, where it has one that was not lost, or by the
    /// sweep.
    async fn woken(&mut self, by: &str, due_at: Timestamp, due: impl Fn(&Conversation) -> Option<Timestamp>) {
        for (client, state) in self.states().await {
            if due(&state).is_some_and(|at| at <= due_at) {
                self.broken(format!("client {client}: {by} did not do what was due"));
            }
        }
    }
}

fn sweep() -> SendRequest {
    SendRequest { body: r#"{"kind":"sweep"}"#.to_owned(), ..Default::default() }
}
