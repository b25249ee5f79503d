//! Checks of configuration: every problem at once.

use handover_core::*;

use crate::{build::*, samples};

fn bot(change: impl FnOnce(&mut Bot)) -> Bot {
    let mut bot = Bot::new(id("bot"), "Reception");
    bot.actions = vec![human_requested()];
    change(&mut bot);
    bot
}

fn fields(bot: &Bot) -> Vec<String> {
    bot.validate().err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
}

fn action(change: impl FnOnce(&mut HandoverAction)) -> Vec<String> {
    let mut only = human_requested();
    change(&mut only);
    fields(&bot(|bot| bot.actions = vec![only]))
}

fn scenario(scenario: Scenario) -> Vec<String> {
    action(|action| action.scenario = scenario)
}

const NONE: &[&str] = &[];

#[test]
fn the_defaults_are_valid() {
    assert_eq!(Bot::new(id("bot"), "Reception").validate(), Ok(()));
    assert_eq!(bot(|_| {}).validate(), Ok(()));
    assert_eq!(member("ana", Role::Owner).validate(), Ok(()));
}

#[test]
fn all_problems_come_at_once() {
    let broken = bot(|bot| {
        " ".clone_into(&mut bot.name);
        bot.no_answer_message.clear();
        bot.quiet_minutes = 1_441;
        bot.takeover_pause = Pause::For { days: 366, hours: 0, minutes: 0 };
        bot.daily_messages = 0;
        bot.connector = Connector::Http { url: "http://example.com".to_owned() };
        bot.actions = vec![HandoverAction {
            scenario: Scenario::Custom { name: String::new(), phrases: Vec::new() },
            closing_message: ClosingMessage::Text(" ".to_owned()),
            pause: for_hours(0),
            tag: Some(String::new()),
            ..custom("sales")
        }];
    });
    assert_eq!(
        fields(&broken),
        [
            "name",
            "actions[0].scenario.name",
            "actions[0].scenario.phrases",
            "actions[0].closing_message",
            "actions[0].pause",
            "actions[0].tag",
            "no_answer_message",
            "quiet_minutes",
            "takeover_pause",
            "daily_messages",
            "connector.url",
        ]
    );
}

#[test]
fn a_seventh_action_is_refused_with_the_limit() {
    let with = |count: usize| {
        bot(|bot| {
            bot.actions = (0..count)
                .map(|index| HandoverAction { id: id(&format!("a{index}")), ..human_requested() })
                .collect();
        })
    };
    assert_eq!(with(6).validate(), Ok(()));
    let problems = with(7).validate().expect_err("seven actions");
    assert_eq!(problems.len(), 1);
    let problem = problems.first().expect("a problem");
    assert_eq!(problem.field, "actions");
    assert_eq!(problem.message, "a bot has at most 6 handover actions, not 7");
}

#[test]
fn actions_have_ids_of_their_own() {
    let twice = bot(|bot| bot.actions = vec![human_requested(), custom("sales"), human_requested()]);
    assert_eq!(fields(&twice), ["actions[2].id"]);
}

#[test]
fn retries_are_none_to_two() {
    for (max_retries, expected) in [
        (0, NONE),
        (1, NONE),
        (2, NONE),
        (3, &["actions[0].scenario.max_retries"]),
        (255, &["actions[0].scenario.max_retries"]),
    ] {
        assert_eq!(scenario(Scenario::RepeatedFailure { max_retries }), expected);
    }
}

#[test]
fn lengths_count_characters() {
    let of = |count: usize| "ü".repeat(count);
    assert_eq!(fields(&bot(|bot| bot.name = of(80))), NONE);
    assert_eq!(fields(&bot(|bot| bot.name = of(81))), ["name"]);
    assert_eq!(fields(&bot(|bot| bot.no_answer_message = of(1_600))), NONE);
    assert_eq!(fields(&bot(|bot| bot.no_answer_message = of(1_601))), ["no_answer_message"]);
    assert_eq!(action(|action| action.closing_message = ClosingMessage::Text(of(1_600))), NONE);
    assert_eq!(
        action(|action| action.closing_message = ClosingMessage::Text(of(1_601))),
        ["actions[0].closing_message"]
    );
    assert_eq!(action(|action| action.tag = Some(of(80))), NONE);
    assert_eq!(action(|action| action.tag = Some(of(81))), ["actions[0].tag"]);
    assert_eq!(action(|action| action.tag = None), NONE);
    assert_eq!(action(|action| action.closing_message = ClosingMessage::SendNothing), NONE);
}

#[test]
fn a_problem_says_what_would_be_right() {
    let problems = bot(|bot| bot.name = "x".repeat(81)).validate().expect_err("a long name");
    assert_eq!(
        problems.first().map(|problem| problem.message.as_str()),
        Some("must be at most 80 characters, is 81")
    );
    let empty = ClosingMessage::Text(String::new());
    let problems =
        bot(|bot| bot.actions = vec![HandoverAction { closing_message: empty, ..human_requested() }])
            .validate()
            .expect_err("no closing message");
    assert_eq!(
        problems.first().map(|problem| problem.message.as_str()),
        Some("must not be empty; to send nothing choose send_nothing")
    );
}

#[test]
fn phrases_are_1_to_200_of_1_to_200_characters() {
    let custom = |phrases: Vec<String>| scenario(Scenario::Custom { name: "sales".to_owned(), phrases });
    let human = |phrases: Vec<String>| {
        scenario(Scenario::HumanRequested { sensitivity: Sensitivity::Balanced, phrases })
    };
    let phrases = |count: usize| (0..count).map(|index| format!("phrase {index}")).collect::<Vec<_>>();
    assert_eq!(custom(phrases(200)), NONE);
    assert_eq!(custom(phrases(201)), ["actions[0].scenario.phrases"]);
    assert_eq!(custom(Vec::new()), ["actions[0].scenario.phrases"]);
    assert_eq!(human(Vec::new()), NONE);
    assert_eq!(human(phrases(201)), ["actions[0].scenario.phrases"]);
    assert_eq!(human(vec!["ü".repeat(200)]), NONE);
    assert_eq!(
        human(vec!["ü".repeat(201), "fine".to_owned(), " ".to_owned()]),
        ["actions[0].scenario.phrases[0]", "actions[0].scenario.phrases[2]"]
    );
}

#[test]
fn a_pause_is_a_minute_to_a_year_or_until_handed_back() {
    let pause = |days, hours, minutes| action(|action| action.pause = Pause::For { days, hours, minutes });
    assert_eq!(pause(0, 0, 0), ["actions[0].pause"]);
    assert_eq!(pause(0, 0, 1), NONE);
    assert_eq!(pause(365, 0, 0), NONE);
    assert_eq!(pause(365, 0, 1), ["actions[0].pause"]);
    assert_eq!(pause(364, 24, 0), NONE);
    assert_eq!(pause(u16::MAX, u16::MAX, u16::MAX), ["actions[0].pause"]);
    assert_eq!(action(|action| action.pause = Pause::UntilHandedBack), NONE);
    assert_eq!(fields(&bot(|bot| bot.takeover_pause = for_hours(0))), ["takeover_pause"]);
    assert_eq!(fields(&bot(|bot| bot.takeover_pause = Pause::UntilHandedBack)), NONE);
    assert_eq!(fields(&bot(|bot| bot.quiet_minutes = 1_440)), NONE);
    assert_eq!(fields(&bot(|bot| bot.quiet_minutes = 0)), NONE);
}

#[test]
fn connectors_are_reached_over_https() {
    let http = |url: &str| fields(&bot(|bot| bot.connector = Connector::Http { url: url.to_owned() }));
    assert_eq!(http("https://bot.example.com/turn"), NONE);
    assert_eq!(http("http://bot.example.com/turn"), ["connector.url"]);
    // A bot under development, for the local system alone.
    assert_eq!(http("http://127.0.0.1:9000/turn"), NONE);
    assert_eq!(http("http://localhost:9000"), NONE);
    for elsewhere in ["http://127.0.0.1.example.com/", "http://localhost@example.com/", "http://10.0.0.1/"] {
        assert_eq!(http(elsewhere), ["connector.url"]);
    }
    assert_eq!(http(""), ["connector.url"]);
    let open_ai = |url: &str| {
        let (model, instructions) = ("m".to_owned(), String::new());
        let connector = Connector::OpenAi { url: url.to_owned(), model, instructions };
        fields(&bot(|bot| bot.connector = connector))
    };
    assert_eq!(open_ai("https://api.example.com/v1"), NONE);
    assert_eq!(open_ai("file:///etc/passwd"), ["connector.url"]);
}

fn ana(change: impl FnOnce(&mut Staff)) -> Vec<String> {
    let mut ana = member("ana", Role::Staff);
    change(&mut ana);
    ana.validate().err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
}

#[test]
fn a_channel_that_is_switched_on_needs_an_address() {
    let everything = ChannelSwitches { in_app: true, email: true, sms: true, chat: true };
    assert_eq!(
        ana(|ana| ana.notifications.conversation_assigned = everything),
        ["email", "phone", "chat_webhook"]
    );
    assert_eq!(ana(|ana| ana.notifications.task_assigned = everything), ["email", "phone", "chat_webhook"]);
    let reachable = |ana: &mut Staff| {
        ana.notifications.task_assigned = everything;
        ana.email = Some("ana@example.com".to_owned());
        ana.phone = Some("+4930123456".to_owned());
        ana.chat_webhook = Some("https://chat.example.com/hook".to_owned());
    };
    assert_eq!(ana(reachable), NONE);
    assert_eq!(ana(|ana| ana.name.clear()), ["name"]);
    assert_eq!(ana(|ana| ana.chat_webhook = Some("http://chat.example.com".to_owned())), ["chat_webhook"]);
}

#[test]
fn e_mail_addresses() {
    let email = |text: &str| ana(|ana| ana.email = Some(text.to_owned()));
    for good in ["ana@example.com", "a.b+c@mail.example.co.uk", "ü@example.de"] {
        assert_eq!(email(good), NONE, "{good}");
    }
    let local = |count: usize| format!("{}@example.com", "a".repeat(count));
    assert_eq!(email(&local(242)), NONE, "254 bytes");
    let long = local(243);
    for bad in [
        "",
        "ana",
        "@example.com",
        "ana@",
        "ana@example",
        "a b@example.com",
        "a@b@example.com",
        "a@example.com\n",
        "a@.",
        "a@b.",
        "a@.b",
        "a@b..c",
        &long,
    ] {
        assert_eq!(email(bad), ["email"], "{bad}");
    }
}

#[test]
fn phone_numbers_are_e164() {
    let phone = |text: &str| ana(|ana| ana.phone = Some(text.to_owned()));
    for good in ["+4930123456", "+1234567", "+123456789012345"] {
        assert_eq!(phone(good), NONE, "{good}");
    }
    for bad in
        ["", "4930123456", "+0930123456", "+123456", "+1234567890123456", "+49 30 123456", "+49३0123456"]
    {
        assert_eq!(phone(bad), ["phone"], "{bad}");
    }
}

#[test]
fn webhooks_are_https_and_hear_of_something() {
    let webhook = |url: &str, events: Vec<Announcement>| {
        let webhook = Webhook { url: url.to_owned(), events, ..samples::webhook() };
        let problems = webhook.validate().err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>()
    };
    assert_eq!(webhook("https://a.example/", vec![Announcement::TagAdded]), NONE);
    assert_eq!(webhook("http://a.example/", Vec::new()), ["url", "events"]);
    let one = Webhook { events: vec![Announcement::TagAdded], ..samples::webhook() };
    assert!(one.hears(Announcement::TagAdded) && !one.hears(Announcement::HandoverStarted));
}
