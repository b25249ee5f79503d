//! A server on a free port, and a question to ask it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::Duration,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use handover_aws::{
    Knowledge, Line, SdkSettings,
    http::{aws_client, world_client},
    queue::Turn,
    shared_config,
};
use handover_core::*;
use handover_providers::Secrets;
use handover_respond::connector::{self, Answer, Question, Said, Trouble, World};

pub(crate) const SECRET: &str = "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3RzLCAzMiBieXRlcw==";
/// Longer than a server on this machine ever takes, and short for a test.
const PATIENCE: Duration = Duration::from_millis(400);

/// What a server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Does {
    /// Answers with these bytes and closes.
    Answer(Vec<u8>),
    /// Reads it and says nothing.
    Silence,
}

/// An answer with this status, these headers and this body.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Does {
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}");
    Does::Answer(text.into_bytes())
}

pub(crate) fn json(body: &str) -> Does {
    answer("200 OK", "content-type: application/json\r\n", body)
}

/// A server that takes one request: its port, and what it got.
pub(crate) fn peer(does: Does) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let got = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = read(&mut stream);
        match does {
            Does::Answer(bytes) => stream.write_all(&bytes).unwrap_or_default(),
            // Until the other side has lost its patience.
            Does::Silence => drop(stream.read(&mut [0])),
        }
        request
    });
    (port, got)
}

/// A request to the end of its body.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    loop {
        let length = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let wanted = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().ok())?
            });
            if length == 0 || body.len() >= wanted.unwrap_or(0) {
                return text;
            }
        }
        assert!(length > 0, "a whole request: {text}");
    }
}

/// The head and the JSON of a request.
pub(crate) fn parts(request: &str) -> (String, serde_json::Value) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), serde_json::from_str(body).unwrap())
}

pub(crate) fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

/// What is asked about a bot with this connector.
pub(crate) struct Asked {
    pub(crate) connector: Connector,
    pub(crate) secrets: Secrets,
    pub(crate) messages: Vec<&'static str>,
    pub(crate) history: Vec<Line>,
    pub(crate) knowledge: Vec<FaqEntry>,
    pub(crate) bedrock_port: u16,
}

impl Asked {
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            connector,
            secrets: [("signing_secret", SECRET), ("api_key", "sk-test")].into_iter().collect(),
            messages: vec!["hello", "when do you open?"],
            history: Vec::new(),
            knowledge: Vec::new(),
            bedrock_port: 1,
        }
    }

    pub(crate) async fn ask(&self, now: Timestamp) -> Result<Answer, Trouble> {
        let account: AccountId = id("acc");
        let inbox = Inbox {
            id: id("inbox"),
            account: account.clone(),
            name: "Web".to_owned(),
            provider: Provider::Generic,
            channel: Channel::Web,
            bot: Some(id("bot")),
            unknown_sender_is_human: false,
            settings: std::collections::BTreeMap::new(),
        };
        let conversation = Conversation::new(
            account.clone(),
            id("conversation"),
            inbox.id.clone(),
            Channel::Web,
            "visitor".to_owned(),
            now,
        );
        let turn = Turn {
            account,
            inbox: inbox.id.clone(),
            conversation: conversation.id.clone(),
            turn: id("turn"),
            epoch: 3,
            trigger: id("event"),
            earlier: Vec::new(),
            fingerprint: None,
            text: None,
            returning: !self.history.is_empty(),
        };
        let bot = Bot { connector: self.connector.clone(), ..Bot::new(id("bot"), "Helper") };
        let question = Question {
            turn: &turn,
            conversation: &conversation,
            bot: &bot,
            inbox: &inbox,
            messages: self.messages.iter().map(|text| Said { text: (*text).to_owned() }).collect(),
            history: self.history.clone(),
        };
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let config = shared_config(&SdkSettings {
            region: "eu-central-1".to_owned(),
            endpoint: Some(format!("http://127.0.0.1:{}", self.bedrock_port)),
            credentials: SharedCredentialsProvider::new(credentials),
            http: aws_client(),
            attempts: 1,
            patience: PATIENCE,
        });
        let world = World {
            http: &world_client(true),
            bedrock: &connector::bedrock::client(&config, PATIENCE),
            secrets: &self.secrets,
            knowledge: &Knowledge::new(self.knowledge.clone()),
            now,
            patience: PATIENCE,
            model_patience: PATIENCE,
        };
        connector::ask(&world, &question).await
    }
}

/// 2026-11-22T09:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_795_338_000_000);

pub(crate) fn reason(answered: Result<Answer, Trouble>) -> (&'static str, bool) {
    let trouble = answered.unwrap_err();
    (trouble.reason, trouble.passes)
}

/// An answer's statuses and what they mean: the same for everybody who speaks HTTP.
pub(crate) fn statuses() -> Vec<(Does, &'static str, bool)> {
    vec![
        (answer("429 Too Many", "retry-after: 5\r\n", ""), "rate_limited", true),
        (answer("429 Too Many", "", ""), "rate_limited", true),
        (answer("429 Too Many", "retry-after: 3600\r\n", ""), "rate_limited", false),
        (answer("503 Unavailable", "", "try later"), "unavailable", true),
        (answer("500 Oh", "", "Traceback (most recent call last)"), "unavailable", true),
        (answer("401 Unauthorized", "", ""), "unauthorized", false),
        (answer("404 Not Found", "", ""), "refused", false),
        (answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""), "refused", false),
        (answer("200 OK", "", ""), "empty", false),
        (answer("200 OK", "", "  \n"), "empty", false),
        (answer("200 OK", "", "<html>welcome</html>"), "malformed", false),
        (answer("200 OK", "", &format!("{{\"x\":\"{}\"}}", "a".repeat(300_000))), "malformed", false),
        (Does::Answer(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"out".to_vec()), "malformed", false),
        (Does::Answer(b"what?".to_vec()), "unreachable", true),
        (Does::Answer(Vec::new()), "unreachable", true),
        (Does::Silence, "timeout", false),
    ]
}
