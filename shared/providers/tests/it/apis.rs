//! Our requests against the providers' APIs as they are documented, and what we make of their answers.

use std::time::Duration;

use bytes::Bytes;
use handover_core::{EffectId, Provider, Purpose};
use handover_fakes::{Account, Fakes, Garbled, Reply, Trouble};
use handover_providers::{
    FailureClass::{self, BadCredentials, Blocked, Gone, OptedOut, Rejected, WindowClosed},
    Move, Outgoing, SendResult, classify, classify_move, mark_read, move_thread, read_token, reply_template,
    send_text, show_typing, token_request,
};
use http::{Request, Response, StatusCode};

use crate::{Inbox, NOW, outbound::address};

/// An inbox and the API that it has an account at.
struct At {
    inbox: Inbox,
    fakes: Fakes,
}

impl At {
    fn new(inbox: Inbox) -> Self {
        let fakes = Fakes::new();
        fakes.open(account(&inbox));
        Self { inbox, fakes }
    }

    /// A complete inbox; no one is asked for the provider's own ways.
    fn complete(provider: Provider) -> Self {
        Self::new(Inbox::complete(provider))
    }

    fn answer(&self, request: &Request<Vec<u8>>, now_ms: i64) -> Option<Response<Bytes>> {
        let (parts, body) = request.clone().into_parts();
        let request = Request::from_parts(parts, Bytes::from(body));
        match self.fakes.answer(&request, now_ms).unwrap() {
            Reply::Answer(response) => Some(response),
            Reply::Silence => None,
        }
    }

    fn requests(&self, text: &str, purpose: Purpose) -> Vec<Request<Vec<u8>>> {
        let effect: EffectId = "effect1".parse().unwrap();
        let to = address(self.inbox.provider);
        let outgoing = Outgoing { to, text, purpose, effect: &effect, sent_at: NOW };
        send_text(&self.inbox.endpoint(), &outgoing).unwrap()
    }

    fn submit_at(&self, request: &Request<Vec<u8>>, now_ms: i64) -> SendResult {
        self.answer(request, now_ms).map_or(SendResult::Ambiguous, |answer| {
            classify(self.inbox.provider, answer.status(), answer.headers(), answer.body())
        })
    }

    fn submit(&self, request: &Request<Vec<u8>>) -> SendResult {
        self.submit_at(request, NOW.as_ms())
    }

    fn say(&self, purpose: Purpose) -> SendResult {
        self.submit(&self.requests("Thank you!", purpose)[0])
    }

    /// What the client is called in the provider's requests.
    fn client(&self) -> String {
        assert!(matches!(self.say(Purpose::Bot), SendResult::Sent { .. }));
        self.fakes.taken()[0].to.clone()
    }
}

fn account(inbox: &Inbox) -> Account {
    let secret = |name: &str| inbox.secrets.newest(name).unwrap_or_default().to_owned();
    Account {
        provider: inbox.provider,
        settings: inbox.settings.clone(),
        secrets: inbox.secrets.names().map(|name| (name.to_owned(), secret(name))).collect(),
    }
}

fn class_of(result: &SendResult) -> Option<FailureClass> {
    match result {
        SendResult::Failed { class, .. } => Some(*class),
        _ => None,
    }
}

#[test]
fn every_api_takes_our_texts_and_we_read_its_ids() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let sentences: Vec<String> = (0..2_000).map(|number| format!("Sentence {number}.")).collect();
        for request in at.requests(&sentences.join(" "), Purpose::Bot) {
            let SendResult::Sent { message } = at.submit(&request) else { panic!("{provider:?}") };
            assert_eq!(message, at.fakes.taken().last().unwrap().id, "{provider:?}");
            assert!(!message.is_empty(), "{provider:?}");
        }
        assert!(at.fakes.taken().len() > 1, "{provider:?}: no part is longer than the API takes");
    }
}

#[test]
fn every_api_refuses_another_accounts_credentials() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let mut other = account(&at.inbox);
        for secret in other.secrets.values_mut() {
            *secret = "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==".to_owned();
        }
        let stranger = At { fakes: Fakes::new(), inbox: Inbox::complete(*provider) };
        stranger.fakes.open(other);
        let result = stranger.say(Purpose::Bot);
        assert_eq!(class_of(&result), Some(BadCredentials), "{provider:?} {result:?}");
        assert_eq!(stranger.fakes.taken(), []);
    }
}

#[test]
fn a_rate_limit_is_nothing_sent_and_its_hint_is_heard() {
    for provider in Provider::ALL {
        for hint in [None, Some(7)] {
            let at = At::complete(*provider);
            at.fakes.order(*provider, Trouble::RateLimited(hint));
            let after = hint.and_then(|seconds| match provider {
                // In minutes.
                Provider::WhatsApp | Provider::Messenger | Provider::Instagram => Some(60),
                // These name no time.
                Provider::Line
                | Provider::Chatwoot
                | Provider::Vonage
                | Provider::Sinch
                | Provider::MessageBird
                | Provider::Bird
                | Provider::Viber => None,
                _ => Some(seconds.into()),
            });
            let after = after.map(Duration::from_secs);
            assert_eq!(at.say(Purpose::Bot), SendResult::Retry { after }, "{provider:?}");
            assert_eq!(at.fakes.taken(), [], "{provider:?}");
            assert!(matches!(at.say(Purpose::Bot), SendResult::Sent { .. }), "{provider:?}");
        }
    }
}

#[test]
fn what_nobody_can_know_is_ambiguous_but_for_line_whose_key_makes_it_safe() {
    for provider in Provider::ALL {
        let garbled = Garbled::ALL.into_iter().map(Trouble::TakenThenGarbled);
        for trouble in [Trouble::Broken, Trouble::TakenThenSilent].into_iter().chain(garbled) {
            if (*provider, trouble) == (Provider::Generic, Trouble::TakenThenGarbled(Garbled::Bare)) {
                // Our own format asks for no id.
                continue;
            }
            let at = At::complete(*provider);
            at.fakes.order(*provider, trouble);
            let request = &at.requests("Thank you!", Purpose::Bot)[0];
            let result = at.submit(request);
            if *provider == Provider::Line && trouble != Trouble::TakenThenSilent {
                assert_eq!(result, SendResult::Retry { after: None }, "{trouble:?}");
                // The same request again: it is taken once, and both times it counts as sent.
                assert!(matches!(at.submit(request), SendResult::Sent { .. }), "{trouble:?}");
                assert_eq!(at.fakes.taken().len(), 1, "{trouble:?}");
            } else {
                assert_eq!(result, SendResult::Ambiguous, "{provider:?} {trouble:?}");
            }
        }
    }
}

#[test]
fn refusals_have_their_documented_classes() {
    use Provider as P;
    let cases = [
        (P::Twilio, Trouble::Blocked, Blocked),
        (P::WhatsApp, Trouble::Blocked, Blocked),
        (P::Messenger, Trouble::Blocked, Blocked),
        (P::Instagram, Trouble::Blocked, Blocked),
        (P::Telegram, Trouble::Blocked, Blocked),
        (P::Vonage, Trouble::Blocked, Blocked),
        (P::Viber, Trouble::Blocked, Blocked),
    ];
    let gone = P::ALL.iter().map(|provider| (*provider, Trouble::Gone, Gone));
    for (provider, trouble, class) in cases.into_iter().chain(gone) {
        let at = At::complete(provider);
        at.fakes.order(provider, trouble);
        let result = at.say(Purpose::Bot);
        assert_eq!(class_of(&result), Some(class), "{provider:?} {trouble:?} {result:?}");
    }
    for (provider, class) in
        [(P::Twilio, OptedOut), (P::WhatsApp, OptedOut), (P::Viber, OptedOut), (P::Vonage, OptedOut)]
    {
        let at = At::complete(provider);
        at.fakes.opt_out(provider, &at.client());
        assert_eq!(class_of(&at.say(Purpose::Bot)), Some(class), "{provider:?}");
    }
}

#[test]
fn windows_close_after_a_day_and_for_human_agents_after_a_week() {
    const DAY_MS: i64 = 24 * 3_600_000;
    for provider in [Provider::Twilio, Provider::WhatsApp, Provider::Messenger, Provider::Instagram] {
        let at = At::complete(provider);
        at.fakes.client_wrote(provider, &at.client(), NOW.as_ms());
        let result = |purpose, after| at.submit_at(&at.requests("x", purpose)[0], NOW.as_ms() + after);
        assert!(matches!(result(Purpose::Bot, DAY_MS), SendResult::Sent { .. }), "{provider:?}");
        for purpose in [Purpose::Bot, Purpose::Closing] {
            let late = result(purpose, DAY_MS + 1);
            assert_eq!(class_of(&late), Some(WindowClosed), "{provider:?} {purpose:?} {late:?}");
        }
        let agent = matches!(provider, Provider::Messenger | Provider::Instagram);
        let staff = result(Purpose::Staff, 7 * DAY_MS);
        assert_eq!(matches!(staff, SendResult::Sent { .. }), agent, "{provider:?} {staff:?}");
        assert_eq!(class_of(&result(Purpose::Staff, 7 * DAY_MS + 1)), Some(WindowClosed), "{provider:?}");
    }
}

#[test]
fn a_template_goes_when_the_window_has_closed() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let effect: EffectId = "effect1".parse().unwrap();
        let template = |text: &str| {
            let to = address(*provider);
            let outgoing = Outgoing { to, text, purpose: Purpose::Staff, effect: &effect, sent_at: NOW };
            reply_template(&at.inbox.endpoint(), &outgoing).unwrap()
        };
        let has = matches!(provider, Provider::WhatsApp | Provider::Twilio);
        let request = template("It is\n\n  done,\tsee you!");
        assert_eq!(request.is_some(), has, "{provider:?}");
        let Some(request) = request else { continue };
        at.fakes.client_wrote(*provider, &at.client(), 0);
        assert!(matches!(at.submit(&request), SendResult::Sent { .. }), "{provider:?}");
        let taken = at.fakes.taken().pop().unwrap();
        assert_eq!((taken.text.as_str(), taken.template), ("It is done, see you!", true));
        assert!(template(&"long ".repeat(300)).is_none(), "{provider:?}: too long for its place");
        assert!(template(" \n ").is_none(), "{provider:?}");
    }
    let without = Inbox::complete(Provider::WhatsApp).without("reply_template");
    let effect: EffectId = "effect1".parse().unwrap();
    let outgoing = Outgoing { to: "1", text: "x", purpose: Purpose::Staff, effect: &effect, sent_at: NOW };
    assert!(reply_template(&without.endpoint(), &outgoing).unwrap().is_none());
}

#[test]
fn signs_of_life_and_thread_moves_are_what_the_apis_ask_for() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let endpoint = at.inbox.endpoint();
        let to = address(*provider);
        let is_good = |request: &Request<Vec<u8>>| {
            let answer = at.answer(request, NOW.as_ms()).unwrap();
            assert!(answer.status().is_success(), "{provider:?} {answer:?}");
            let result = classify_move(*provider, answer.status(), answer.headers(), answer.body());
            assert!(matches!(result, SendResult::Sent { .. }), "{result:?}");
        };
        let typing = show_typing(&endpoint, to, "m1").unwrap();
        let read = mark_read(&endpoint, to, "m1").unwrap();
        let shown = typing.iter().chain(&read).inspect(|request| is_good(request)).count();
        assert_eq!(at.fakes.signs().len(), shown, "{provider:?}");
        // The core knows who can show it, and where threads can be moved.
        let channel = if *provider == Provider::Twilio {
            handover_core::Channel::WhatsApp
        } else {
            handover_core::Channel::Other
        };
        assert_eq!(typing.is_some(), provider.shows_typing(channel), "{provider:?}");
        let moved = move_thread(&endpoint, to, Move::ToHumans).unwrap();
        assert_eq!(moved.is_some(), provider.has_thread_control(), "{provider:?}");
        let Some(moved) = moved else { continue };
        is_good(&moved);
        let client = at.fakes.threads_away().pop().unwrap();
        let owned = matches!(provider, Provider::Messenger | Provider::Instagram);
        let meanwhile = at.say(Purpose::Staff);
        assert_eq!(class_of(&meanwhile), owned.then_some(Rejected), "{provider:?} {meanwhile:?}");
        is_good(&move_thread(&endpoint, to, Move::ToUs).unwrap().unwrap());
        assert!(!at.fakes.is_away(*provider, &client), "{provider:?}");
        assert!(matches!(at.say(Purpose::Staff), SendResult::Sent { .. }), "{provider:?}");
    }
}

#[test]
fn where_no_thread_can_be_taken_it_is_requested() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let endpoint = at.inbox.endpoint();
        let asked = move_thread(&endpoint, address(*provider), Move::Ask).unwrap();
        let meta = matches!(provider, Provider::Messenger | Provider::Instagram);
        assert_eq!(asked.is_some(), meta, "{provider:?}");
        let Some(asked) = asked else { continue };
        let result = |request: &Request<Vec<u8>>| {
            let answer = at.answer(request, NOW.as_ms()).unwrap();
            classify_move(*provider, answer.status(), answer.headers(), answer.body())
        };
        assert!(class_of(&result(&asked)).is_some(), "there threads are taken, not requested");
        at.fakes.let_nobody_take(*provider);
        let taken = move_thread(&endpoint, address(*provider), Move::ToUs).unwrap().unwrap();
        assert!(class_of(&result(&taken)).is_some(), "{provider:?}");
        assert_eq!(result(&asked), SendResult::Sent { message: String::new() });
        assert_eq!(at.fakes.requested(), [(*provider, address(*provider).to_owned())]);
    }
}

#[test]
fn the_answer_to_a_move_has_no_message() {
    let meaning = |status: u16, body: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        classify_move(Provider::Messenger, status, &http::HeaderMap::new(), body.as_bytes())
    };
    assert_eq!(meaning(200, r#"{"success":true}"#), SendResult::Sent { message: String::new() });
    assert_eq!(meaning(200, "<html>"), SendResult::Ambiguous);
    assert_eq!(meaning(200, r#"{"error":{"code":10}}"#), meaning(400, r#"{"error":{"code":10}}"#));
    assert_eq!(class_of(&meaning(400, r#"{"error":{"code":27}}"#)), Some(Rejected));
}

/// The lengths of the parts that a text becomes, all of which the provider's API takes.
fn lengths(provider: Provider, to: &str, text: &str) -> Vec<usize> {
    let at = At::complete(provider);
    let effect: EffectId = "effect1".parse().unwrap();
    let outgoing = Outgoing { to, text, purpose: Purpose::Bot, effect: &effect, sent_at: NOW };
    for request in send_text(&at.inbox.endpoint(), &outgoing).unwrap() {
        let result = at.submit(&request);
        assert!(matches!(result, SendResult::Sent { .. }), "{provider:?} {to} {result:?}");
    }
    at.fakes.taken().iter().map(|taken| taken.text.encode_utf16().count()).collect()
}

#[test]
fn each_channel_has_its_own_limit() {
    let (plain, umlauts) = ("x".repeat(5_000), "ж".repeat(1_300));
    for (provider, to, text, first) in [
        (Provider::Vonage, "messenger:77", &plain, 640),
        (Provider::Vonage, "viber_service:77", &plain, 1_000),
        (Provider::Vonage, "sms:77", &plain, 1_000),
        (Provider::Vonage, "whatsapp:77", &plain, 4_096),
        (Provider::Vonage, "rcs:77", &plain, 3_072),
        (Provider::Sinch, "WHATSAPP:77", &plain, 4_096),
        (Provider::Sinch, "VIBERBM:77", &plain, 1_000),
        (Provider::Sinch, "01CONTACT", &plain, 1_000),
        (Provider::Sinch, "INSTAGRAM:77", &umlauts, 500),
        (Provider::HighLevel, "SMS:c1", &plain, 1_600),
        (Provider::HighLevel, "IG:c1", &umlauts, 500),
        (Provider::HighLevel, "FB:c1", &plain, 2_000),
        (Provider::HighLevel, "WhatsApp:c1", &plain, 4_096),
        (Provider::HighLevel, "Email:c1", &plain, 5_000),
        (Provider::MessageBird, "conv1", &plain, 1_377),
        (Provider::MessageBird, "conv1", &umlauts, 603),
    ] {
        let lengths = lengths(provider, to, text);
        assert_eq!(lengths[0], first, "{provider:?} {to}");
        assert_eq!(lengths.iter().sum::<usize>(), text.chars().count(), "{provider:?} {to}");
    }
}

#[test]
fn sinch_gives_tokens_and_nobody_else_is_asked() {
    for provider in Provider::ALL {
        let at = At::complete(*provider);
        let request = token_request(&at.inbox.endpoint()).unwrap();
        assert_eq!(request.is_some(), *provider == Provider::Sinch, "{provider:?}");
        let Some(request) = request else { continue };
        let answer = at.answer(&request, NOW.as_ms()).unwrap();
        let token = read_token(*provider, answer.status(), answer.body()).unwrap();
        assert_eq!((token.value.as_str(), token.lives), ("token-1", Duration::from_secs(3_599)));
        assert!(!format!("{token:?}").contains("token-1"));
        assert_eq!(read_token(*provider, StatusCode::UNAUTHORIZED, answer.body()), None);
        assert_eq!(read_token(*provider, StatusCode::OK, b"{\"access_token\":\"\"}"), None);
        let mut text = at.requests("x", Purpose::Bot).remove(0);
        let bearer = format!("Bearer {}", token.value);
        text.headers_mut().insert("authorization", bearer.parse().unwrap());
        assert!(matches!(at.submit(&text), SendResult::Sent { .. }));
        let hours_later = NOW.as_ms() + 2 * 3_600_000;
        assert_eq!(class_of(&at.submit_at(&text, hours_later)), Some(BadCredentials));
    }
}
