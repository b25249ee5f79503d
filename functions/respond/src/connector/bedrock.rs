//! Amazon Bedrock's Converse, with the answer as a tool's input
//! (docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html).

use std::time::Duration;

use aws_sdk_bedrockruntime::{
    Client,
    config::{Builder, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AnyToolChoice, ContentBlock, ConversationRole, ConverseOutput, Message, SystemContentBlock, Tool,
        ToolChoice, ToolConfiguration, ToolInputSchema, ToolSpecification,
    },
};
use aws_smithy_types::{Document, Number, retry::RetryConfig, timeout::TimeoutConfig};
use handover_aws::SdkConfig;
use serde_json::Value;

use super::{Answer, Question, Trouble, World, prompt, structured, structured::read_written};

/// The tool by which a model answers.
const TOOL: &str = "answer_client";

/// A client that gives models time and asks once: the queue asks again.
pub fn client(config: &SdkConfig, patience: Duration) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(patience)
        .operation_timeout(patience)
        .build();
    let config = Builder::from(config).timeout_config(timeouts).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

/// Asks a language model. It may be asked the same question twice.
pub(super) async fn ask(
    world: &World<'_>,
    question: &Question<'_>,
    model: &str,
    instructions: &str,
) -> Result<Answer, Trouble> {
    let defect = |_| Trouble::new("refused");
    let message = Message::builder()
        .role(ConversationRole::User)
        .content(ContentBlock::Text(prompt::user(question)))
        .build()
        .map_err(defect)?;
    let tool = ToolSpecification::builder()
        .name(TOOL)
        .description("Your one and only answer to the client")
        .input_schema(ToolInputSchema::Json(document(prompt::schema())))
        .build()
        .map_err(defect)?;
    let tools = ToolConfiguration::builder()
        .tools(Tool::ToolSpec(tool))
        .tool_choice(ToolChoice::Any(AnyToolChoice::builder().build()))
        .build()
        .map_err(defect)?;
    let answered = world
        .bedrock
        .converse()
        .model_id(model)
        .system(SystemContentBlock::Text(prompt::system(world, question, instructions)))
        .messages(message)
        .tool_config(tools)
        .send()
        .await
        .map_err(|error| trouble(&error))?;
    let Some(ConverseOutput::Message(message)) = answered.output else { return Err(Trouble::new("empty")) };
    let mut written = None;
    for block in message.content {
        if let ContentBlock::ToolUse(used) = block {
            let input = value(used.input).to_string();
            return structured::read::<structured::Spoken>(input.as_bytes())?.answer();
        } else if let ContentBlock::Text(text) = block {
            written = Some(text);
        }
    }
    read_written(&written.ok_or(Trouble::new("empty"))?)?.answer()
}

fn trouble<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Trouble {
    match error {
        SdkError::TimeoutError(_) => Trouble::new("timeout"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Trouble::new("timeout"),
        SdkError::DispatchFailure(_) => Trouble::passing("unreachable"),
        SdkError::ServiceError(service) => match service.err().code() {
            Some("ThrottlingException" | "ServiceQuotaExceededException") => Trouble::passing("rate_limited"),
            Some("ServiceUnavailableException" | "InternalServerException" | "ModelNotReadyException") => {
                Trouble::passing("unavailable")
            }
            Some("ModelTimeoutException") => Trouble::new("timeout"),
            Some("AccessDeniedException" | "UnrecognizedClientException") => Trouble::new("unauthorized"),
            // An answer of success that the SDK cannot read.
            None if service.raw().status().is_success() => Trouble::new("malformed"),
            Some(_) | None => Trouble::new("refused"),
        },
        SdkError::ResponseError(_) => Trouble::new("malformed"),
        SdkError::ConstructionFailure(_) => Trouble::new("bad_settings"),
        _ => Trouble::new("refused"),
    }
}

/// JSON as the SDK has it.
fn document(value: Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(value) => Document::Bool(value),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Number::PosInt(number),
            (None, Some(number)) => Number::NegInt(number),
            (None, None) => Number::Float(number.as_f64().unwrap_or(0.0)),
        }),
        Value::String(text) => Document::String(text),
        Value::Array(values) => Document::Array(values.into_iter().map(document).collect()),
        Value::Object(members) => {
            Document::Object(members.into_iter().map(|(name, value)| (name, document(value))).collect())
        }
    }
}

/// The SDK's JSON as everybody else's.
fn value(document: Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(value) => Value::Bool(value),
        Document::Number(Number::PosInt(number)) => Value::from(number),
        Document::Number(Number::NegInt(number)) => Value::from(number),
        Document::Number(Number::Float(number)) => Value::from(number),
        Document::String(text) => Value::String(text),
        Document::Array(values) => Value::Array(values.into_iter().map(value).collect()),
        Document::Object(members) => {
            Value::Object(members.into_iter().map(|(name, inner)| (name, value(inner))).collect())
        }
    }
}
