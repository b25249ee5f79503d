//! An OpenAI-compatible endpoint.

use handover_aws::{Line, Speaker};
use handover_core::*;
use handover_providers::Secrets;
use handover_respond::connector::{Answer, Trouble};
use serde_json::json;

use crate::peer::{Asked, Does, NOW, json as answered, parts, peer, reason, statuses};

fn connector(port: u16) -> Connector {
    Connector::OpenAi {
        url: format!("http://127.0.0.1:{port}/v1/"),
        model: "small-1".to_owned(),
        instructions: "You are the assistant of a clinic.".to_owned(),
    }
}

fn completion(content: &str) -> Does {
    let message = json!({"role": "assistant", "content": content});
    answered(&json!({"choices": [{"index": 0, "message": message}]}).to_string())
}

async fn asked(does: Does) -> Result<Answer, Trouble> {
    let (port, _) = peer(does);
    Asked::new(connector(port)).ask(NOW).await
}

#[tokio::test]
async fn the_model_is_told_what_is_known_and_answers_in_form() {
    let content = r#"{"reply":"At nine.","outcome":"answered","evidence":{"sources":1,"best":0.9}}"#;
    let (port, got) = peer(completion(content));
    let mut question = Asked::new(connector(port));
    let line = |speaker, text: &str| Line { speaker, text: text.to_owned(), at: NOW };
    question.history = vec![
        line(Speaker::Client, "a human please"),
        line(Speaker::Staff, "Ana here, all done."),
        line(Speaker::HumansEnded, ""),
    ];
    question.knowledge = vec![FaqEntry {
        id: crate::peer::id("faq"),
        question: "When do you open?".to_owned(),
        alternatives: Vec::new(),
        answer: "At nine o'clock.".to_owned(),
    }];
    let answer = question.ask(NOW).await.unwrap();
    let retrieval = Some(Retrieval { sources: 1, best: Permille::new(900) });
    let expected = Answer { result: OutcomeResult::Answered, reply: Some("At nine.".to_owned()), retrieval };
    assert_eq!(answer, expected);

    let (head, body) = parts(&got.join().unwrap());
    assert!(head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: bearer sk-test"), "{head}");
    assert_eq!(body["model"], "small-1");
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with("You are the assistant of a clinic."), "{system}");
    assert!(system.contains("At nine o'clock."), "{system}");
    let user = body["messages"][1]["content"].as_str().unwrap();
    for part in ["Colleague: Ana here, all done.", "gave the conversation back", "when do you open?"] {
        assert!(user.contains(part), "{part}: {user}");
    }
    // What a client writes never stands among the instructions.
    assert!(!system.contains("a human please") && !system.contains("hello"), "{system}");
}

#[tokio::test]
async fn models_that_do_not_keep_the_form_are_understood_or_named() {
    let fenced = "```json\n{\"reply\": null, \"outcome\": \"no_answer\"}\n```";
    assert_eq!(asked(completion(fenced)).await.unwrap().result, OutcomeResult::NoAnswer);
    let wants = r#"{"reply":"One moment.","outcome":"wants_handover"}"#;
    assert_eq!(asked(completion(wants)).await.unwrap().result, OutcomeResult::WantsHandover);
    for (does, why) in [
        (completion("We open at nine."), "malformed"),
        (completion(""), "empty"),
        (completion(r#"{"reply":"","outcome":"answered"}"#), "empty"),
        (completion(r#"{"reply":"x","outcome":"maybe"}"#), "malformed"),
        (answered(r#"{"choices":[]}"#), "empty"),
        (answered(r#"{"choices":[{"message":{"content":null}}]}"#), "empty"),
        (answered(r#"{"choices":[{"message":{"content":null,"refusal":"I cannot"}}]}"#), "model_refused"),
        (answered(r#"{"error":{"message":"boom"}}"#), "malformed"),
    ] {
        assert_eq!(reason(asked(does.clone()).await), (why, false), "{does:?}");
    }
}

#[tokio::test]
async fn bad_endpoints_are_outcomes_with_a_reason() {
    for (does, why, passes) in statuses() {
        assert_eq!(reason(asked(does.clone()).await), (why, passes), "{does:?}");
    }
    let mut question = Asked::new(connector(1));
    question.secrets = Secrets::new();
    assert_eq!(reason(question.ask(NOW).await), ("no_secret", false));
}
