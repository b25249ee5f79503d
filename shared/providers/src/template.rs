//! Approved templates: the only way to write first once a reply window has closed.

use handover_core::{EffectId, Provider};
use http::Request;
use serde_json::{Map, Value, json};

use crate::{
    Endpoint, Field, Outgoing, Unsendable,
    outbound::{correlation, with},
    twilio, whatsapp,
};

/// A template of the business's, and what fills its places.
#[derive(Clone, Copy, Debug)]
pub struct Template<'a> {
    /// WhatsApp: the template's name. Twilio: the Content SID (HX...).
    pub name: &'a str,
    /// WhatsApp: the language code, such as `en_GB`. Twilio: unused, a Content SID has one language.
    pub language: &'a str,
    /// What stands for {{1}}, {{2}}, ... in its body.
    pub parameters: &'a [String],
}

/// Longest text that fills a template's place: a template's body holds 1,024 characters in all (WhatsApp
/// message templates, "components").
const PLACE_CHARS: usize = 900;

pub(crate) const REPLY_TEMPLATE: Field = Field::setting(
    "reply_template",
    false,
    "Approved template with one place, {{1}}, that carries a staff member's reply once 24 hours have passed (WhatsApp: its name; Twilio: its Content SID)",
);

/// The request that sends a staff member's text in the template that the inbox has for closed windows.
/// `None` where it has none, or where the text does not fit in its place.
///
/// # Errors
/// Why no request can be made.
pub fn reply_template(
    endpoint: &Endpoint<'_>,
    outgoing: &Outgoing<'_>,
) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    let Some(name) = endpoint.setting(REPLY_TEMPLATE.name) else { return Ok(None) };
    // A place takes no line breaks, tabs or runs of blanks (WhatsApp error 132018).
    let line = outgoing.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() || line.chars().count() > PLACE_CHARS {
        return Ok(None);
    }
    let language = endpoint.setting("reply_template_language").unwrap_or("en");
    let template = Template { name, language, parameters: &[line] };
    send_template(endpoint, outgoing.to, &template, outgoing.effect)
}

/// The request that sends a template. `None` where the provider has no templates, or none that this
/// crate knows how to fill.
///
/// # Errors
/// Why no request can be made.
pub fn send_template(
    endpoint: &Endpoint<'_>,
    to: &str,
    template: &Template<'_>,
    effect: &EffectId,
) -> Result<Option<Request<Vec<u8>>>, Unsendable> {
    match endpoint.provider {
        Provider::WhatsApp => {
            let content = json!({ "name": template.name, "language": { "code": template.language } });
            let parameters: Vec<_> =
                template.parameters.iter().map(|text| json!({ "type": "text", "text": text })).collect();
            let content = if parameters.is_empty() {
                content
            } else {
                with(content, "components", json!([{ "type": "body", "parameters": parameters }]))
            };
            let body = with(with(whatsapp::to(to), "type", "template"), "template", content);
            let body = with(body, "biz_opaque_callback_data", correlation(effect));
            whatsapp::call(endpoint, &body).map(Some)
        }
        Provider::Twilio => {
            let variables: Map<String, Value> = (1..)
                .zip(template.parameters)
                .map(|(place, text)| (place.to_string(), json!(text)))
                .collect();
            let variables = Value::Object(variables).to_string();
            let content = [("ContentSid", template.name), ("ContentVariables", variables.as_str())];
            twilio::create(endpoint, to, effect, &content).map(Some)
        }
        Provider::Generic
        | Provider::TwilioConversations
        | Provider::Messenger
        | Provider::Instagram
        | Provider::HighLevel
        | Provider::Telegram
        | Provider::Slack
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Intercom
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber
        | Provider::Sunshine => Ok(None),
    }
}
