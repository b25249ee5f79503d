//! Addresses that a business configures, judged before they are stored: what could never be reached, or
//! must not be, is refused at once. Names are looked up only when something is sent there, and judged again.

use handover_aws::http::{UrlRefused, check_url};
use handover_core::{Bot, Connector, Problem as FieldProblem, Staff, Webhook};

use crate::Api;

/// What is wrong with the address of a bot's connector.
pub(crate) fn of_bot(api: &Api, bot: &Bot) -> Option<FieldProblem> {
    match &bot.connector {
        Connector::Http { url } | Connector::OpenAi { url, .. } => judged(api, "connector.url", url),
        Connector::External | Connector::Faq | Connector::Bedrock { .. } => None,
    }
}

/// What is wrong with the address of an automation.
pub(crate) fn of_webhook(api: &Api, webhook: &Webhook) -> Option<FieldProblem> {
    judged(api, "url", &webhook.url)
}

/// What is wrong with the address of a staff member's chat.
pub(crate) fn of_staff(api: &Api, staff: &Staff) -> Option<FieldProblem> {
    judged(api, "chat_webhook", staff.chat_webhook.as_deref()?)
}

fn judged(api: &Api, field: &str, url: &str) -> Option<FieldProblem> {
    // Only a system that itself stands on this machine, for trying things out, reaches what does.
    let own = &api.public_url;
    let is_local = check_url(own, true).is_ok() && check_url(own, false).is_err();
    let message = match check_url(url, is_local).err()? {
        // That it is an https address is checked with the other fields.
        UrlRefused::NotHttps | UrlRefused::NotAUrl if !url.starts_with("https://") => return None,
        UrlRefused::NotAUrl | UrlRefused::NotHttps => "is not a URL",
        UrlRefused::UserInfo => "must not hold a user name or password",
        UrlRefused::Port => "has no port that there is",
        UrlRefused::Host => "must name a host of the public internet",
        UrlRefused::Address => "must be an address of the public internet",
    };
    Some(FieldProblem { field: field.to_owned(), message: message.to_owned() })
}
