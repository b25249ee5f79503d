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
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// A text in it.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.body.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// The command's event, where the answer names it.
    pub(crate) fn command(&self) -> Option<String> {
        self.text("command")
    }
}

/// A command as the console takes it.
struct Wish {
    what: StaffAction,
    name: &'static str,
    key: String,
    body: Value,
}

impl Wish {
    /// What it says to the client.
    fn text(&self) -> Option<String> {
        self.body.get("text").and_then(Value::as_str).map(str::to_owned)
    }
}

impl Run<'_> {
    pub(crate) async fn command(&mut self, client: u8, number: u16, what: StaffAction) {
        let states = self.states().await;
        let Some(id) = states.get(&client).map(|state| state.id.clone()) else { return };
        if what == StaffAction::ClaimRace {
            let claims = [false, true].map(|colleague| StaffAction::Claim { colleague });
            return self.both(client, number, claims).await;
        }
        let other = states.get(&(1 - client)).map(|state| &state.id);
        let wish = self.wish(what, format!("command-{number}"), other.unwrap_or(&id));
        let answer = self.order(&id, wish.name, &wish.key, &wish.body).await;
        self.note_answer(client, &wish, &answer);
        if answer.status == 200 && number.is_multiple_of(3) {
            let again = self.order(&id, wish.name, &wish.key, &wish.body).await;
            let name = wish.name;
            if again.status == 200 && again != answer {
                self.broken(format!("{name} asked again was answered otherwise: {answer:?}, {again:?}"));
            } else if (400..500).contains(&again.status) {
                self.broken(format!("{name} was done, and asked again was refused: {again:?}"));
            }
        }
    }

    /// Two things at once. Ten: of two who claim at once, one wins at most.
    pub(crate) async fn both(&mut self, client: u8, number: u16, actions: [StaffAction; 2]) {
        let states = self.states().await;
        let Some(id) = states.get(&client).map(|state| state.id.clone()) else { return };
        let other = states.get(&(1 - client)).map_or(&id, |state| &state.id);
        let mut place = 0;
        let [one, two] = actions.map(|what| {
            place += 1;
            self.wish(what, format!("command-{number}-{place}"), other)
        });
        let watch = self.watch().await;
        self.striker.mix(true);
        let (first, second) = tokio::join!(
            Box::pin(self.ask(&id, one.name, &one.key, &one.body)),
            Box::pin(self.ask(&id, two.name, &two.key, &two.body))
        );
        self.striker.mix(false);
        self.judge(watch).await;
        let claims = |wish: &Wish| matches!(wish.what, StaffAction::Claim { .. });
        if claims(&one) && claims(&two) && one.body != two.body && first.status == 200 && second.status == 200
        {
            self.broken(format!("client {client}: two claims at once, and both were won"));
        }
        self.note_answer(client, &one, &first);
        self.note_answer(client, &two, &second);
        if !(claims(&one) && claims(&two)) {
            // Which of them came last nobody can say.
            self.done.holders.remove(&client);
        }
    }

    fn wish(&self, what: StaffAction, key: String, other: &ConversationId) -> Wish {
        let clinic = &self.world.sample.clinic;
        let (alex, billie, team) = (&clinic.assignee, &clinic.colleague, &clinic.team);
        let who = |colleague: bool| if colleague { billie } else { alex };
        let (name, body) = match what {
            StaffAction::ClaimRace => ("claim", json!({"staff": alex})),
            StaffAction::Claim { colleague } => ("claim", json!({"staff": who(colleague)})),
            StaffAction::Reply { colleague } => {
                let text = format!("reply to {key}");
                ("reply", json!({"staff": who(colleague), "text": text}))
            }
            StaffAction::HandBack => ("hand-back", json!({"staff": alex})),
            StaffAction::Resolve => ("resolve", json!({"staff": alex})),
            StaffAction::Pause(pause) => ("pause", json!({"staff": alex, "pause": pause_json(pause)})),
            StaffAction::Start => ("handover", json!({"staff": alex})),
            StaffAction::AssignTeam => ("assign", json!({"staff": alex, "to": {"team": team}})),
            StaffAction::CompleteTask => ("task/complete", json!({"staff": alex})),
            StaffAction::Link => ("link", json!({"staff": alex, "with": other})),
            StaffAction::Unlink => ("unlink", json!({"staff": alex})),
        };
        Wish { what, name, key, body }
    }

    fn note_answer(&mut self, client: u8, wish: &Wish, answer: &Answer) {
        let clinic = &self.world.sample.clinic;
        let (alex, billie) = (clinic.assignee.clone(), clinic.colleague.clone());
        self.say(|| format!("    console: {} {}", wish.name, answer.status));
        match wish.what {
            StaffAction::Claim { colleague } => {
                self.note_claim(client, &if colleague { billie } else { alex }, answer);
            }
            // Whatever came of these, nobody holds it for certain any more.
            StaffAction::Resolve | StaffAction::AssignTeam => {
                self.done.holders.remove(&client);
            }
            StaffAction::Link | StaffAction::Unlink => {
                self.done.linked = true;
                self.done.holders.clear();
            }
            StaffAction::ClaimRace
            | StaffAction::Reply { .. }
            | StaffAction::HandBack
            | StaffAction::Pause(_)
            | StaffAction::Start
            | StaffAction::CompleteTask => {}
        }
        let (text, status, command) = (wish.text(), answer.status, answer.command());
        self.done.commands.push(Ordered { client, text, status, command });
    }

    /// Who has claimed it for certain; somebody else cannot claim it then.
    fn note_claim(&mut self, client: u8, who: &StaffId, answer: &Answer) {
        match answer.status {
            _ if self.done.linked => {}
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
    pub(crate) async fn order(&mut self, id: &ConversationId, name: &str, key: &str, body: &Value) -> Answer {
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
    pub(crate) async fn ask_amid(
        &mut self,
        id: &ConversationId,
        name: &str,
        key: &str,
        body: &Value,
    ) -> Answer {
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
        self.post_to_console(&format!("/conversations/{id}/{name}"), key, body).await
    }

    pub(crate) async fn post_to_console(&self, path: &str, key: &str, body: &Value) -> Answer {
        let clinic = &self.world.sample.clinic;
        let uri = format!("http://handover.test/v1/accounts/{}{path}", clinic.account);
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
