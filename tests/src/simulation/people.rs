//! What clients do, and everybody else whose doings come by a webhook.

use std::time::Duration;

use bytes::Bytes;
use handover_cloud::RecordedRequest;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{
    judge::submission,
    plan::{BY_CHAT, BY_TWILIO, ChatEvent, Words},
    run::{PHONE, Post, Run, VISITOR},
};

/// How often a provider tries a webhook again, and how long it waits in between.
const PROVIDER_TRIES: u32 = 8;
const PROVIDER_WAIT: Duration = Duration::from_secs(15);
/// The app that a human writes from, and the one that shows our own texts as if a human had written them.
pub(crate) const PHONE_APP: &str = "phone";
pub(crate) const MIRROR_APP: &str = "mirror";

impl Run<'_> {
    pub(crate) async fn client_says(&mut self, client: u8, number: u16, words: Words) {
        let text = words.text();
        if client == BY_TWILIO {
            let id = format!("SM{number:0>32}");
            self.post(number, Post { client, kind: "message", id, body: json!(text), taken: false }).await;
        } else {
            self.event(number, "message", json!({"type": "message", "text": text})).await;
        }
    }

    /// The provider delivers an old event again, whatever has become of it.
    pub(crate) async fn again(&mut self, number: u16) {
        let Some(post) = self.done.posts.get(&number).cloned() else { return };
        let request = self.request(number, &post);
        if self.world.webhook(request).await.is_success()
            && let Some(post) = self.done.posts.get_mut(&number)
        {
            post.taken = true;
        }
    }

    pub(crate) async fn chat(&mut self, number: u16, what: ChatEvent) {
        match what {
            ChatEvent::Edit(words) => {
                let last = self.done.posts.values().rev().find(|post| post.client == BY_CHAT);
                let Some(message) = last.map(|post| post.id.clone()) else { return };
                let event = json!({"type": "edited", "message": message, "text": words.text()});
                self.event(number, "edited", event).await;
            }
            ChatEvent::HumanEcho => {
                let (message, text) = (format!("app-{number}"), format!("from my own phone {number}"));
                let event = json!({
                    "type": "echo", "message": message, "author": "human", "app": PHONE_APP, "text": text,
                });
                self.event(number, "echo", event).await;
            }
            ChatEvent::OwnEcho => {
                let Some((message, text)) = self.last_text() else { return };
                let event = json!({
                    "type": "echo", "message": message, "author": "human", "app": MIRROR_APP, "text": text,
                });
                // What is recognised leaves no line.
                self.event(number, "", event).await;
            }
            ChatEvent::Consent { opted_out } => {
                let kind = if opted_out { "opt_out" } else { "opt_in" };
                self.event(number, "consent", json!({"type": kind})).await;
            }
            ChatEvent::Thread { with_humans } => {
                let control = if with_humans { "with_humans" } else { "with_us" };
                let event = json!({"type": "thread_control", "control": control});
                self.event(number, "thread_control", event).await;
            }
            ChatEvent::Receipt { failed } => {
                let Some((message, _)) = self.last_text() else { return };
                let status = if failed { "failed" } else { "delivered" };
                self.event(number, "", json!({"type": "receipt", "message": message, "status": status}))
                    .await;
            }
            ChatEvent::Rename => {
                self.renamed = true;
                self.event(number, "message", json!({"type": "message", "text": Words::Question.text()}))
                    .await;
            }
        }
    }

    /// A message whose signature is wrong must not get in.
    pub(crate) async fn forge(&mut self, number: u16) {
        let event =
            json!({"type": "message", "id": format!("forged-{number}"), "from": VISITOR[0], "text": "human"});
        let mut request = self.world.generic_call(&format!("forged-{number}"), &event);
        let body =
            request.body().iter().map(|byte| if *byte == b'h' { b'H' } else { *byte }).collect::<Vec<_>>();
        *request.body_mut() = Bytes::from(body);
        let status = self.world.webhook(request).await;
        if status.is_success() {
            self.broken(format!("a message with a wrong signature was answered with {status}"));
        }
    }

    async fn event(&mut self, number: u16, kind: &'static str, mut event: Value) {
        let id = format!("m-{number}");
        let from = if self.renamed { json!([VISITOR[1], VISITOR[0]]) } else { json!(VISITOR[0]) };
        if let Some(fields) = event.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
            fields.insert("from".to_owned(), from);
            // Answers go where they always went.
            fields.insert("reply_to".to_owned(), json!(VISITOR[0]));
        }
        self.post(number, Post { client: BY_CHAT, kind, id, body: event, taken: false }).await;
    }

    /// The provider tries until it is taken, or gives up.
    async fn post(&mut self, number: u16, post: Post) {
        self.done.posts.insert(number, post.clone());
        for _ in 0..PROVIDER_TRIES {
            let request = self.request(number, &post);
            let status = self.world.webhook(request).await;
            if status.is_success() {
                if let Some(post) = self.done.posts.get_mut(&number) {
                    post.taken = true;
                }
                return;
            }
            if status == StatusCode::UNAUTHORIZED {
                self.broken("an honest message was refused".to_owned());
            }
            self.travel(PROVIDER_WAIT).await;
        }
    }

    fn request(&self, number: u16, post: &Post) -> Request<Bytes> {
        if post.client == BY_TWILIO {
            let text = post.body.as_str().unwrap_or_default();
            return self.world.call(self.world.twilio(), PHONE, &number.to_string(), text);
        }
        self.world.generic_call(&format!("call-{number}"), &post.body)
    }

    /// The last text that the chat took: its id there, and its words.
    fn last_text(&self) -> Option<(String, String)> {
        let requests = self.world.local.cloud().recorder().requests();
        let of_chat = |request: &&RecordedRequest| matches!(submission(request), Some((BY_CHAT, ..)));
        let last = requests.iter().rev().find(of_chat)?;
        let (_, _, text) = submission(last)?;
        Some((format!("bot-{}", last.sequence), text))
    }
}
