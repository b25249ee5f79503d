//! The turn protocol.

use std::time::Duration;

use handover_aws::{Line, Speaker};
use handover_core::*;
use handover_providers::{Secrets, standard_webhooks_signature};
use handover_respond::connector::{Answer, Trouble};
use serde_json::Value;

use crate::{
    bot,
    peer::{Asked, Does, NOW, SECRET, json, parts, peer, reason, statuses},
};

fn connector(port: u16) -> Connector {
    Connector::Http { url: format!("http://127.0.0.1:{port}/turns") }
}

async fn asked(does: Does) -> Result<Answer, Trouble> {
    let (port, _) = peer(does);
    Asked::new(connector(port)).ask(NOW).await
}

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

fn question_schema() -> jsonschema::Validator {
    schema(include_str!("../../schema/question.json"))
}

fn answer_schema() -> jsonschema::Validator {
    schema(include_str!("../../schema/answer.json"))
}

#[tokio::test]
async fn a_question_is_signed_and_has_the_published_form() {
    let (port, got) = peer(json(r#"{"outcome": "answered", "reply": " At nine. ", "new": 1}"#));
    let mut question = Asked::new(connector(port));
    question.secrets.rotate_in("signing_secret", format!("{}A=", SECRET.trim_end_matches('=')));
    let line = |speaker, text: &str| Line { speaker, text: text.to_owned(), at: NOW };
    question.history = vec![
        line(Speaker::Client, "a human please"),
        line(Speaker::HumansBegan, ""),
        line(Speaker::Staff, "Hello, Ana here."),
        line(Speaker::HumansEnded, ""),
    ];
    let answer = question.ask(NOW).await.unwrap();
    let expected =
        Answer { result: OutcomeResult::Answered, reply: Some("At nine.".to_owned()), retrieval: None };
    assert_eq!(answer, expected);

    let request = got.join().unwrap();
    let (head, body) = parts(&request);
    assert!(head.starts_with("post /turns http/1.1\r\n"), "{head}");
    let errors: Vec<String> = question_schema().iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {body}");
    assert_eq!(body["data"]["text"], "hello\nwhen do you open?");
    assert_eq!(body["data"]["messages"].as_array().unwrap().len(), 2);
    assert_eq!((&body["data"]["returning"], &body["data"]["epoch"]), (&Value::from(true), &Value::from(3)));
    assert_eq!(body["data"]["history"][2]["text"], "Hello, Ana here.");
    assert_eq!(body["data"]["history"][3]["speaker"], "humans_ended");
    assert!(head.contains("webhook-id: turn\r\n"), "{head}");
    // Signed under each live secret, so that an exchange is never a gap.
    let raw = request.split_once("\r\n\r\n").unwrap().1;
    let original = request.split_once("\r\n\r\n").unwrap().0;
    for secret in question.secrets.live("signing_secret") {
        let seconds = NOW.as_seconds();
        if let Some(signature) = standard_webhooks_signature(secret, "turn", seconds, raw.as_bytes()) {
            assert!(original.contains(&signature), "{original}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_one_meaning() {
    for (body, result, reply) in [
        (r#"{"outcome":"answered","reply":"Nine."}"#, OutcomeResult::Answered, Some("Nine.")),
        (r#"{"outcome":"no_answer"}"#, OutcomeResult::NoAnswer, None),
        (r#"{"outcome":"no_answer","reply":"Hm."}"#, OutcomeResult::NoAnswer, Some("Hm.")),
        (r#"{"outcome":"wants_handover","reply":null}"#, OutcomeResult::WantsHandover, None),
    ] {
        assert!(answer_schema().is_valid(&serde_json::from_str(body).unwrap()), "{body}");
        let answer = asked(json(body)).await.unwrap();
        assert_eq!((answer.result, answer.reply.as_deref()), (result, reply), "{body}");
    }
    let evidence = r#"{"outcome":"answered","reply":"Nine.","evidence":{"sources":2,"best":0.8204}}"#;
    assert!(answer_schema().is_valid(&serde_json::from_str(evidence).unwrap()));
    let retrieval = Some(Retrieval { sources: 2, best: Permille::new(820) });
    assert_eq!(asked(json(evidence)).await.unwrap().retrieval, retrieval);
}

#[tokio::test]
async fn answers_that_make_no_sense_are_named() {
    let long = format!(r#"{{"outcome":"answered","reply":"{}"}}"#, "a".repeat(4_001));
    for (body, why) in [
        (r#"{"outcome":"answered"}"#, "empty"),
        (r#"{"outcome":"answered","reply":"  "}"#, "empty"),
        (r#"{"outcome":"perhaps","reply":"Nine."}"#, "malformed"),
        (r#"{"reply":"Nine."}"#, "malformed"),
        (r#"{"outcome":"answered","reply":7}"#, "malformed"),
        (r#"{"outcome":"answered","reply":"Nine.","evidence":{"sources":-1,"best":0.1}}"#, "malformed"),
        (r#"{"outcome":"answered","reply":"Nine.","evidence":{"sources":1,"best":7.5}}"#, "malformed"),
        ("[]", "malformed"),
        (r#"{"outcome":"failed"}"#, "bot_failed"),
        (long.as_str(), "too_long"),
    ] {
        assert_eq!(reason(asked(json(body)).await), (why, false), "{body}");
        let in_form = answer_schema().is_valid(&serde_json::from_str(body).unwrap());
        // A blank reply is in form; nothing else of these is but an honest failure.
        assert_eq!(in_form, why == "bot_failed" || body.contains("\"  \""), "{body}");
    }
}

#[tokio::test]
async fn bad_servers_are_outcomes_with_a_reason() {
    for (does, why, passes) in statuses() {
        assert_eq!(reason(asked(does.clone()).await), (why, passes), "{does:?}");
    }
    let (port, _) = peer(crate::peer::answer("429 Too Many", "retry-after: 5\r\n", ""));
    let trouble = Asked::new(connector(port)).ask(NOW).await.unwrap_err();
    assert_eq!(trouble.after, Some(Duration::from_secs(5)));
}

#[tokio::test]
async fn nobody_there_no_address_no_secret() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(reason(Asked::new(connector(closed)).ask(NOW).await), ("unreachable", true));
    for url in ["https://10.0.0.1/turns", "http://bot.example/turns", "https://169.254.169.254/", "nonsense"]
    {
        let connector = Connector::Http { url: url.to_owned() };
        assert_eq!(reason(Asked::new(connector).ask(NOW).await), ("forbidden_address", false), "{url}");
    }
    let mut question = Asked::new(connector(closed));
    question.secrets = Secrets::new();
    assert_eq!(reason(question.ask(NOW).await), ("no_secret", false));
}

#[tokio::test]
async fn the_example_bot_understands_us() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = bot::serve(listener, SECRET);
    let asking = async {
        let mut question = Asked::new(connector(port));
        let now = handover_aws::Clock::system().now();
        let answer = question.ask(now).await.unwrap();
        assert_eq!(answer.reply.as_deref(), Some("We open at nine."));
        question.messages = vec!["who are you?"];
        assert_eq!(question.ask(now).await.unwrap().result, OutcomeResult::NoAnswer);
        question.messages = vec!["I want a refund"];
        assert_eq!(question.ask(now).await.unwrap().result, OutcomeResult::WantsHandover);
        // An old recording, and another's secret.
        assert_eq!(reason(question.ask(NOW).await), ("unauthorized", false));
        question.secrets = [("signing_secret", "whsec_YW5vdGhlcg==")].into_iter().collect();
        assert_eq!(reason(question.ask(now).await), ("unauthorized", false));
    };
    tokio::select! {
        _ = serving => panic!("the bot stopped"),
        () = asking => {}
    }
}
