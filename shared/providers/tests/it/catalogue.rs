//! Settings, limits and set-up steps.

use std::time::Duration;

use handover_core::{Channel, Provider};
use handover_providers::{
    Secrets, answer_within, cautions, check_fields, fields, reply_window, set_up_steps, timeout,
};

use crate::{Inbox, URL};

#[test]
fn complete_settings_have_no_problems_and_missing_ones_are_named() {
    for provider in Provider::ALL {
        let inbox = Inbox::complete(*provider);
        assert_eq!(check_fields(*provider, &inbox.settings, &inbox.secrets), [], "{provider:?}");
        let bare = Inbox::bare(*provider);
        let problems = check_fields(*provider, &bare.settings, &bare.secrets);
        for field in fields(*provider).iter().filter(|field| field.required) {
            assert!(
                problems.iter().any(|problem| problem.field == field.name),
                "{provider:?} {}",
                field.name
            );
        }
        assert!(
            fields(*provider).iter().any(|field| field.required && field.secret),
            "{provider:?} has no secret"
        );
    }
}

#[test]
fn odd_settings_are_problems() {
    let problems = |inbox: &Inbox| -> Vec<String> {
        let problems = check_fields(inbox.provider, &inbox.settings, &inbox.secrets);
        problems.into_iter().map(|problem| problem.field).collect()
    };
    let twilio = || Inbox::complete(Provider::Twilio);
    assert_eq!(problems(&twilio().without("from").without("messaging_service_sid")), ["from"]);
    assert_eq!(problems(&twilio().without("from")), [""; 0]);
    assert_eq!(problems(&twilio().with("form", "+1")), ["form"]);
    assert_eq!(problems(&twilio().with("auth_token", "not secret")), ["auth_token"]);
    assert_eq!(problems(&twilio().with("from", "a\nb")), ["from"]);
    let switchboard = || Inbox::complete(Provider::Sunshine).without("integration_id");
    assert_eq!(problems(&switchboard()), ["integration_id"], "control could not come back");
    assert_eq!(problems(&switchboard().with("native_handover", "no")), [""; 0]);
    let generic = || Inbox::complete(Provider::Generic);
    assert_eq!(problems(&generic().with("reply_url", "no address")), ["reply_url"]);
    assert_eq!(problems(&generic().with("reply_url", "ftp://example.com/")), ["reply_url"]);
    let mut weak = generic();
    weak.secrets = Secrets::from_iter([("signing_secret", "whsec_c2hvcnQ=")]);
    assert_eq!(problems(&weak), ["signing_secret"]);
}

#[test]
fn the_steps_show_the_address() {
    for provider in Provider::ALL {
        let steps = set_up_steps(*provider, URL);
        let shown = steps.iter().filter_map(|step| step.value.as_deref()).any(|value| value.starts_with(URL));
        assert!(shown, "{provider:?}");
    }
    let twilio = set_up_steps(Provider::Twilio, URL);
    assert_eq!(twilio[0].value.as_deref(), Some("https://hooks.example.com/webhooks/inbox#rc=5&rp=all"));
    // The fallback stands there to be copied, too.
    assert_eq!(twilio.iter().filter(|step| step.value == twilio[0].value).count(), 2);
    let line = set_up_steps(Provider::Line, URL);
    assert!(line.iter().any(|step| step.what.contains("redelivery")));
}

#[test]
fn who_loses_messages_is_cautioned_about_until_that_is_seen_to() {
    for provider in Provider::ALL {
        let loses = matches!(
            provider,
            Provider::Twilio
                | Provider::TwilioConversations
                | Provider::Line
                | Provider::Chatwoot
                | Provider::Intercom
        );
        let found = cautions(*provider, &Inbox::bare(*provider).settings);
        assert_eq!(
            found.iter().map(|caution| caution.field.as_str()).collect::<Vec<_>>(),
            vec!["retries_set_up"; usize::from(loses)],
            "{provider:?}"
        );
        assert_eq!(cautions(*provider, &Inbox::complete(*provider).settings), [], "{provider:?}");
        assert_eq!(fields(*provider).iter().any(|field| field.name == "retries_set_up"), loses);
    }
}

#[test]
fn windows_and_times() {
    let day = Some(Duration::from_hours(24));
    for (provider, channel, window) in [
        (Provider::WhatsApp, Channel::WhatsApp, day),
        (Provider::WhatsApp, Channel::Other, day),
        (Provider::Messenger, Channel::Messenger, day),
        (Provider::Instagram, Channel::Instagram, day),
        (Provider::Twilio, Channel::WhatsApp, day),
        (Provider::Twilio, Channel::Sms, None),
        (Provider::Telegram, Channel::Telegram, None),
    ] {
        assert_eq!(reply_window(provider, channel), window, "{provider:?} {channel:?}");
    }
    assert_eq!(answer_within(Provider::Line), Duration::from_secs(2));
    for provider in Provider::ALL {
        assert!(timeout(*provider) <= Duration::from_secs(15));
        assert!(answer_within(*provider) >= Duration::from_secs(2));
    }
}
