//! Approved templates: the only way to write first once a reply window has closed.

use handover_core::{EffectId, Provider};
use http::Request;
use serde_json::{Map, Value, json};

use crate::{
    Endpoint, Unsendable,
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
