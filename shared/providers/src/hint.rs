//! How long a provider asks to wait when it limits our rate, in its own documented words.

use std::time::Duration;

use handover_core::Provider;
use http::HeaderMap;

use crate::{instant, json::Json, outbound::MAX_RETRY_AFTER};

/// The wait that an answer's headers ask for besides `Retry-After`, which is heard from everybody; at most an
/// hour. Telegram's hint stands in the body.
pub(crate) fn wait(provider: Provider, headers: &HeaderMap) -> Option<Duration> {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let number = |name: &str| header(name)?.trim().parse::<i64>().ok();
    let wait = match provider {
        // The Unix time at which the window ends (developers.intercom.com, "Rate Limiting"). How far off that is
        // the answer's own clock tells.
        Provider::Intercom => {
            let sent_at = instant::from_http_date(header("date")?)?.as_seconds();
            Duration::from_secs(u64::try_from(number("x-ratelimit-reset")?.checked_sub(sent_at)?).ok()?)
        }
        // Minutes, for each use case of the business (Graph API, "Rate Limits", business use case).
        Provider::WhatsApp | Provider::Messenger | Provider::Instagram => {
            let usage = Json::parse(header("x-business-use-case-usage")?)?;
            let businesses = usage.members().iter().flat_map(|(_, uses)| uses.list());
            let minutes = businesses.filter_map(|one| one.get("estimated_time_to_regain_access").integer());
            let minutes = minutes.max().filter(|minutes| *minutes > 0)?;
            Duration::from_secs(u64::try_from(minutes.checked_mul(60)?).ok()?)
        }
        // The burst's interval, when nothing is left of it, or a day that is used up
        // (marketplace.gohighlevel.com, "Rate Limits").
        Provider::HighLevel if number("x-ratelimit-daily-remaining") == Some(0) => MAX_RETRY_AFTER,
        Provider::HighLevel => {
            let interval_ms = number("x-ratelimit-interval-milliseconds")?;
            Duration::from_millis(u64::try_from(interval_ms).ok()?)
        }
        Provider::Generic
        | Provider::Twilio
        | Provider::TwilioConversations
        | Provider::Telegram
        | Provider::Slack
        | Provider::Line
        | Provider::Chatwoot
        | Provider::Vonage
        | Provider::Sinch
        | Provider::MessageBird
        | Provider::Bird
        | Provider::Viber
        | Provider::Sunshine => return None,
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn heard(provider: Provider, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        wait(provider, &headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn each_provider_is_heard_in_its_own_words() {
        let reset = ("x-ratelimit-reset", "1767261607");
        let date = ("date", "Thu, 01 Jan 2026 10:00:00 GMT");
        assert_eq!(heard(Provider::Intercom, &[reset, date]), Some(7));
        assert_eq!(heard(Provider::Intercom, &[reset]), None, "how far off that is cannot be told");
        assert_eq!(heard(Provider::Intercom, &[("x-ratelimit-reset", "5"), date]), None);
        assert_eq!(heard(Provider::Slack, &[reset, date]), None);
        let usage = r#"{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":0},{"estimated_time_to_regain_access":19}]}"#;
        for provider in [Provider::WhatsApp, Provider::Messenger, Provider::Instagram] {
            assert_eq!(heard(provider, &[("x-business-use-case-usage", usage)]), Some(19 * 60));
            assert_eq!(heard(provider, &[("x-business-use-case-usage", "{")]), None);
        }
        let interval = ("x-ratelimit-interval-milliseconds", "10000");
        assert_eq!(heard(Provider::HighLevel, &[interval]), Some(10));
        assert_eq!(
            heard(Provider::HighLevel, &[interval, ("x-ratelimit-daily-remaining", "0")]),
            Some(3_600)
        );
        assert_eq!(heard(Provider::HighLevel, &[("x-ratelimit-interval-milliseconds", "-1")]), None);
    }
}
