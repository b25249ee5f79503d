//! Amazon Bedrock's Converse.

use handover_core::*;
use handover_respond::connector::{Answer, Trouble};
use serde_json::json;

use crate::peer::{Asked, Does, NOW, answer, json as answered, parts, peer, reason};

fn question(port: u16) -> Asked {
    let connector = Connector::Bedrock {
        model: "eu.example-model-v1:0".to_owned(),
        instructions: "You are the assistant of a clinic.".to_owned(),
    };
    Asked { bedrock_port: port, ..Asked::new(connector) }
}

async fn asked(does: Does) -> Result<Answer, Trouble> {
    let (port, _) = peer(does);
    question(port).ask(NOW).await
}

fn conversed(content: &serde_json::Value) -> Does {
    let body = json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    });
    answered(&body.to_string())
}

#[tokio::test]
async fn the_model_answers_by_its_tool() {
    let input = json!({"reply": "At nine.", "outcome": "answered", "evidence": {"sources": 2, "best": 0.75}});
    let used = json!([{"toolUse": {"toolUseId": "t1", "name": "answer_client", "input": input}}]);
    let (port, got) = peer(conversed(&used));
    let retrieval = Some(Retrieval { sources: 2, best: Permille::new(750) });
    let expected = Answer { result: OutcomeResult::Answered, reply: Some("At nine.".to_owned()), retrieval };
    assert_eq!(question(port).ask(NOW).await, Ok(expected));
    let (head, body) = parts(&got.join().unwrap());
    assert!(head.starts_with("post /model/eu.example-model-v1%3a0/converse http/1.1\r\n"), "{head}");
    assert!(head.contains("/eu-central-1/bedrock/aws4_request"), "{head}");
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "answer_client");
    let schema = &body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"];
    assert_eq!(schema["required"][0], "reply");
    assert!(body["system"][0]["text"].as_str().unwrap().contains("clinic"));
    assert!(body["messages"][0]["content"][0]["text"].as_str().unwrap().contains("when do you open?"));
}

#[tokio::test]
async fn a_model_that_writes_instead_is_understood_or_named() {
    let text = json!([{"text": "Sure: {\"reply\": \"At nine.\", \"outcome\": \"answered\"}"}]);
    assert_eq!(asked(conversed(&text)).await.unwrap().reply.as_deref(), Some("At nine."));
    for (content, why) in [
        (json!([{"text": "At nine."}]), "malformed"),
        (json!([]), "empty"),
        (
            json!([{"toolUse": {"toolUseId": "t", "name": "answer_client", "input": {"reply": 1}}}]),
            "malformed",
        ),
    ] {
        assert_eq!(reason(asked(conversed(&content)).await), (why, false), "{content}");
    }
}

#[tokio::test]
async fn what_the_service_refuses_is_an_outcome_with_a_reason() {
    let refused = |status: &str, code: &str| {
        answer(status, &format!("x-amzn-errortype: {code}\r\n"), r#"{"message":"no"}"#)
    };
    for (does, why, passes) in [
        (refused("429 Too Many", "ThrottlingException"), "rate_limited", true),
        (refused("503 Unavailable", "ServiceUnavailableException"), "unavailable", true),
        (refused("500 Oh", "InternalServerException"), "unavailable", true),
        (refused("408 Timeout", "ModelTimeoutException"), "timeout", false),
        (refused("403 Forbidden", "AccessDeniedException"), "unauthorized", false),
        (refused("400 Bad", "ValidationException"), "refused", false),
        (answer("200 OK", "", "<html>"), "malformed", false),
        (Does::Silence, "timeout", false),
    ] {
        assert_eq!(reason(asked(does.clone()).await), (why, passes), "{does:?}");
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(reason(question(closed).ask(NOW).await), ("unreachable", true));
}
