//! What staff do in the console, through its API.

use std::time::Duration;

use bytes::Bytes;
use handover_core::{ConversationId, Pause, StaffId};
use http::Request;
use serde_json::{Value, json};

use super::{
    plan::StaffAction,
    run::{Ordered, Run},
};

/// How often a page tries a command that was not answered, and how long it waits.
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_secs(2);

/// An answer of the console.
#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: u16,
    body: Value,
}

impl Run<'_> {
    pub(crate) async fn command(&mut self, client: u8, number: u16, what: StaffAction) {
        let Some(id) = self.states().await.get(&client).map(|state| state.id.clone()) else { return };
        let clinic = &self.world.sample.clinic;
        let (alex, billie) = (clinic.assignee.clone(), clinic.colleague.clone());
        let team = clinic.team.clone();
        let who = |colleague: bool| if colleague { billie.clone() } else { alex.clone() };
        let text = format!("reply {number}");
        let key = format!("command-{number}");
        let (name, body) = match what {
            StaffAction::ClaimRace => return self.race(client, &id, &key, [alex, billie]).await,
            StaffAction::Claim { colleague } => ("claim", json!({"staff": who(colleague)})),
            StaffAction::Reply { colleague } => ("reply", json!({"staff": who(colleague), "text": text})),
            StaffAction::HandBack => ("hand-back", json!({"staff": alex})),
            StaffAction::Resolve => ("resolve", json!({"staff": alex})),
            StaffAction::Pause(pause) => ("pause", json!({"staff": alex, "pause": pause_json(pause)})),
            StaffAction::Start => ("handover", json!({"staff": alex})),
            StaffAction::AssignTeam => ("assign", json!({"staff": alex, "to": {"team": team}})),
            StaffAction::CompleteTask => ("task/complete", json!({"staff": alex})),
        };
        let answer = self.order(&id, name, &key, &body).await;
        self.say(|| format!("    console: {name} {}", answer.status));
        match what {
            StaffAction::Claim { colleague } => self.note_claim(client, &who(colleague), &answer),
            // Whatever came of these, nobody holds it for certain any more.
            StaffAction::Resolve | StaffAction::AssignTeam => {
                self.done.holders.remove(&client);
            }
            StaffAction::ClaimRace
            | StaffAction::Reply { .. }
            | StaffAction::HandBack
            | StaffAction::Pause(_)
            | StaffAction::Start
            | StaffAction::CompleteTask => {}
        }
        let is_reply = matches!(what, StaffAction::Reply { .. });
        let command = answer.body.get("command").and_then(Value::as_str).map(str::to_owned);
        let text = is_reply.then_some(text);
        self.done.commands.push(Ordered { client, text, status: answer.status, command });
        if answer.status == 200 && number.is_multiple_of(3) {
            let again = self.order(&id, name, &key, &body).await;
            if again.status == 200 && again != answer {
                self.broken(format!("{name} asked again was answered otherwise: {answer:?}, {again:?}"));
            } else if (400..500).contains(&again.status) {
                self.broken(format!("{name} was done, and asked again was refused: {again:?}"));
            }
        }
    }

    /// Ten: of two who claim at once, one wins at most.
    async fn race(&mut self, client: u8, id: &ConversationId, key: &str, staff: [StaffId; 2]) {
        let [alex, billie] = staff;
        let (one, two) = (json!({"staff": alex}), json!({"staff": billie}));
        let (key_one, key_two) = (format!("{key}-alex"), format!("{key}-billie"));
        let (first, second) = tokio::join!(
            Box::pin(self.ask(id, "claim", &key_one, &one)),
            Box::pin(self.ask(id, "claim", &key_two, &two))
        );
        if first.status == 200 && second.status == 200 {
            self.broken(format!("client {client}: two claims at once, and both were won"));
        }
        self.note_claim(client, &alex, &first);
        self.note_claim(client, &billie, &second);
    }

    /// Who has claimed it for certain; somebody else cannot claim it then.
    fn note_claim(&mut self, client: u8, who: &StaffId, answer: &Answer) {
        match answer.status {
            200 => {
                if let Some(holder) = self.done.holders.get(&client).filter(|holder| *holder != who) {
                    let what = format!("client {client}: {who} claimed what {holder} had claimed");
                    self.broken(what);
                }
                self.done.holders.insert(client, who.clone());
            }
            // It may be done later, or has been: nobody knows who has it until somebody asks again.
            202 | 500.. => {
                self.done.holders.remove(&client);
            }
            _ => {}
        }
    }

    /// A command, tried again under the same key while the console does not answer.
    async fn order(&mut self, id: &ConversationId, name: &str, key: &str, body: &Value) -> Answer {
        let mut answer = self.ask_amid(id, name, key, body).await;
        for _ in 1..TRIES {
            if answer.status < 500 {
                break;
            }
            self.travel(WAIT).await;
            answer = self.ask_amid(id, name, key, body).await;
        }
        answer
    }

    /// Asks while other functions are at work, where invocations run at once.
    async fn ask_amid(&mut self, id: &ConversationId, name: &str, key: &str, body: &Value) -> Answer {
        if self.plan.conditions.together < 2 {
            return self.ask(id, name, key, body).await;
        }
        let watch = self.watch().await;
        let step = async { self.world.local.dispatcher().step().await.expect("the queues work") };
        let (answer, _) = tokio::join!(Box::pin(self.ask(id, name, key, body)), Box::pin(step));
        self.judge(watch).await;
        answer
    }

    async fn ask(&self, id: &ConversationId, name: &str, key: &str, body: &Value) -> Answer {
        let clinic = &self.world.sample.clinic;
        let uri = format!("http://handover.test/v1/accounts/{}/conversations/{id}/{name}", clinic.account);
        let request = Request::builder()
            .method("POST")
            .uri(uri)
            .header("authorization", format!("Bearer {}", clinic.api_key))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Bytes::from(body.to_string()))
            .expect("a request");
        let response = self.world.local.dispatcher().http(request, "127.0.0.1").await;
        let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        Answer { status: response.status().as_u16(), body }
    }
}

fn pause_json(pause: Pause) -> Value {
    serde_json::to_value(pause).expect("a pause is JSON")
}
