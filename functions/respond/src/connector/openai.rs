//! Any endpoint that speaks OpenAI's chat completions, with structured output
//! (platform.openai.com/docs/api-reference/chat, /docs/guides/structured-outputs).

use handover_aws::http::{check_url, send};
use http::{Request, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    Answer, Question, Trouble, World,
    http::{MAX_ANSWER_BYTES, judged, unsent},
    prompt,
    structured::{self, read_written},
};

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    /// Why the model will not answer.
    #[serde(default)]
    refusal: Option<String>,
}

/// Asks a language model. It may be asked the same question twice.
pub(super) async fn ask(
    world: &World<'_>,
    question: &Question<'_>,
    url: &str,
    model: &str,
    instructions: &str,
) -> Result<Answer, Trouble> {
    let url = format!("{}/chat/completions", url.trim_end_matches('/'));
    let uri = check_url(&url, true).map_err(|_| Trouble::new("forbidden_address"))?;
    let key = world.secrets.newest("api_key").ok_or(Trouble::new("no_secret"))?;
    let body = json!({
        "model": model,
        "messages": [
            {"role": "system", "content": prompt::system(world, question, instructions)},
            {"role": "user", "content": prompt::user(question)},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "turn", "strict": true, "schema": prompt::schema()},
        },
    });
    let request = Request::post(uri)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .body(body.to_string().into_bytes())
        .map_err(|_| Trouble::new("no_secret"))?;
    let answer = send(world.http, request, world.model_patience, MAX_ANSWER_BYTES).await.map_err(unsent)?;
    let completion: Completion = structured::read(judged(&answer)?)?;
    let message = completion.choices.into_iter().next().ok_or(Trouble::new("empty"))?.message;
    if message.refusal.is_some() {
        return Err(Trouble::new("model_refused"));
    }
    read_written(&message.content.ok_or(Trouble::new("empty"))?)?.answer()
}
