//! What the world outside answers: the providers' APIs, where the sample's inboxes have accounts, and the
//! reply address of generic inboxes. Every other host answers 404.

use std::sync::Arc;

use bytes::Bytes;
use handover_cloud::{NoAnswer, Recorder, service::json_response};
use handover_core::Provider;
use handover_fakes::{Account, Fakes, Reply};
use http::{Response, StatusCode};
use serde_json::json;

use crate::SampleInbox;

/// The host of the sample's reply addresses.
pub(crate) const BOT_HOST: &str = "bot.example";

/// Lets the fakes answer for their hosts, and the reply addresses of generic inboxes.
pub(crate) fn answer(recorder: &Recorder, fakes: &Arc<Fakes>) {
    fakes.admit_guests();
    let fakes = Arc::clone(fakes);
    recorder.set_world(Arc::new(move |request, now_ms| match fakes.answer(request, now_ms) {
        Some(Reply::Answer(response)) => Some(response),
        Some(Reply::Silence) => Some(silence()),
        None => None,
    }));
    // By the place in the list: two texts of one instant have two names.
    recorder.set_responder(
        BOT_HOST,
        Arc::new(|request| {
            let id = format!("bot-{}", request.sequence);
            json_response(StatusCode::OK, "application/json", &json!({"id": id}))
        }),
    );
}

fn silence() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(NoAnswer);
    response
}

/// The account that an inbox of the sample has at its provider.
pub(crate) fn account(inbox: &SampleInbox) -> Account {
    let provider: Provider = inbox.inbox.provider;
    let secrets = [(inbox.secret_name.to_owned(), inbox.secret.clone())].into();
    Account { provider, settings: inbox.inbox.settings.clone(), secrets }
}
