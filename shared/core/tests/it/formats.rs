//! The stored and sent forms. What once stood in a golden file may still lie in a table or a queue: a line that
//! changes moves to the file of the same name in `golden/earlier`, to which lines are only added.

use expect_test::{ExpectFile, expect_file};
use handover_core::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::{build::*, samples};

/// Each value comes back from its JSON, and its JSON is the one on record.
fn golden<T>(file: &ExpectFile, samples: impl IntoIterator<Item = (impl ToString, T)>)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let mut lines = String::new();
    for (name, value) in samples {
        let json = serde_json::to_string(&value).expect("a value that serialises");
        assert_eq!(serde_json::from_str::<T>(&json).expect("its own JSON"), value);
        lines.push_str(&name.to_string());
        lines.push('\t');
        lines.push_str(&json);
        lines.push('\n');
    }
    file.assert_eq(&lines);
}

/// Every line of these is still read.
fn still_read<T: DeserializeOwned>(lines: &str) -> usize {
    for line in lines.lines() {
        let (name, json) = line.split_once('\t').expect("a name and a value");
        let read = serde_json::from_str::<T>(json);
        assert!(read.is_ok(), "{name}: {:?}", read.err());
    }
    lines.lines().count()
}

fn single<T>(value: T) -> [(&'static str, T); 1] {
    [("sample", value)]
}

#[test]
fn envelopes() {
    let envelopes = samples::event_kinds().into_iter().map(|(name, kind)| (name, samples::envelope(kind)));
    let person = Envelope { person: Some("generic:7".to_owned()), ..samples::envelope(says("hello")) };
    let envelopes = envelopes.chain([("person", person)]);
    golden(&expect_file!["../golden/envelopes.tsv"], envelopes);
}

#[test]
fn conversations() {
    golden(&expect_file!["../golden/conversations.tsv"], samples::conversations());
}

#[test]
fn handovers() {
    golden(&expect_file!["../golden/handovers.tsv"], samples::handovers());
}

#[test]
fn bots() {
    golden(&expect_file!["../golden/bots.tsv"], samples::bots());
}

#[test]
fn effects() {
    golden(&expect_file!["../golden/effects.tsv"], samples::effects());
}

#[test]
fn effects_as_they_were_first_stored_stay_readable() {
    let mut read = 0;
    for line in include_str!("../golden/effects_1.tsv").lines() {
        let (name, json) = line.split_once('\t').expect("a name and a value");
        let effect: Effect = serde_json::from_str(json).expect(name);
        let now = samples::effects().into_iter().find(|(known, _)| *known == name);
        assert_eq!(Some((name, effect)), now, "it means what it meant");
        read += 1;
    }
    assert_eq!(read, 27);
}

#[test]
fn what_was_stored_or_sent_once_is_still_read() {
    let read = [
        still_read::<Bot>(include_str!("../golden/earlier/bots.tsv")),
        still_read::<Conversation>(include_str!("../golden/earlier/conversations.tsv")),
        still_read::<Effect>(include_str!("../golden/earlier/effects.tsv")),
        still_read::<Envelope>(include_str!("../golden/earlier/envelopes.tsv")),
        still_read::<Record>(include_str!("../golden/earlier/records.tsv")),
        still_read::<Webhook>(include_str!("../golden/earlier/webhook.tsv")),
    ];
    assert!(read.into_iter().all(|lines| lines > 0), "{read:?}");
}

#[test]
fn records() {
    golden(&expect_file!["../golden/records.tsv"], samples::records());
}

#[test]
fn the_rest() {
    let contacts = [("sample", samples::contact()), ("linked", samples::linked_contact())];
    golden(&expect_file!["../golden/contact.tsv"], contacts);
    golden(&expect_file!["../golden/inbox.tsv"], single(samples::inbox()));
    golden(&expect_file!["../golden/account.tsv"], single(samples::account()));
    golden(&expect_file!["../golden/staff.tsv"], single(samples::ana()));
    golden(&expect_file!["../golden/webhook.tsv"], single(samples::webhook()));
}

#[test]
fn names_in_code_are_the_names_in_json() {
    for provider in Provider::ALL {
        assert_same(provider.name(), provider);
    }
    for channel in Channel::ALL {
        assert_same(channel.name(), channel);
    }
    for channel in NotificationChannel::ALL {
        assert_same(channel.name(), &channel);
    }
    for scenario in [
        ScenarioKind::HumanRequested,
        ScenarioKind::LackOfKnowledge,
        ScenarioKind::RepeatedFailure,
        ScenarioKind::Custom,
    ] {
        assert_same(scenario.name(), &scenario);
    }
    for (_, kind) in samples::event_kinds() {
        let json = serde_json::to_value(&kind).expect("a value that serialises");
        assert!(json.get(kind.name()).is_some(), "{} is tagged by its name", kind.name());
    }
    for (_, effect) in samples::effects() {
        match &effect.kind {
            EffectKind::Announce { what, .. } => assert_same(what.name(), what),
            EffectKind::Notify { about, .. } => assert_same(about.name(), about),
            EffectKind::Send { purpose, .. } => assert_same(purpose.name(), purpose),
            EffectKind::Arm(timer) => assert_same(timer.kind.name(), &timer.kind),
            EffectKind::StartTurn { .. }
            | EffectKind::Thread { .. }
            | EffectKind::Nudge { .. }
            | EffectKind::Erase { .. } => {}
        }
    }
}

fn assert_same(code: &str, value: &impl Serialize) {
    assert_eq!(serde_json::to_value(value).expect("a value that serialises"), code);
}

#[test]
fn what_was_left_out_gets_its_default() {
    let bot: Bot = serde_json::from_str(r#"{"id":"bot","name":"Reception"}"#).expect("a bot");
    assert_eq!(bot, Bot::new(id("bot"), "Reception"));
    let action: HandoverAction =
        serde_json::from_str(r#"{"id":"a","scenario":{"repeated_failure":{}},"pause":{"for":{"hours":1}}}"#)
            .expect("an action");
    let expected = HandoverAction {
        pause: for_hours(1),
        ..HandoverAction::new(id("a"), Scenario::RepeatedFailure { max_retries: 2 })
    };
    assert_eq!(action, expected);
    assert_eq!(
        action.closing_message,
        ClosingMessage::Text("Thank you! Someone from the team will get back to you.".to_owned())
    );
    assert_eq!((action.tag.as_deref(), action.create_task), (Some("human_handover"), true));
    let account: Account = serde_json::from_str(r#"{"id":"acc","name":"A clinic"}"#).expect("an account");
    assert!(account.store_text && !account.notify_text && !account.labs.human_handover);
    let staff: Staff = serde_json::from_str(r#"{"id":"ana","name":"Ana"}"#).expect("a staff member");
    assert_eq!(staff.role, Role::Staff);
    assert!(staff.notifications.task_assigned.in_app && !staff.notifications.task_assigned.sms);
}

#[test]
fn unknown_fields_are_read_over_and_bad_ids_are_not() {
    let contact = r#"{"id":"c","version":1,"since":0,"added_later":true}"#;
    assert!(serde_json::from_str::<Contact>(contact).is_ok());
    for bad in [r#"{"id":"","version":1,"since":0}"#, r#"{"id":"a/b","version":1,"since":0}"#] {
        assert!(serde_json::from_str::<Contact>(bad).is_err());
    }
}

/// The size of an attribute's value as DynamoDB counts it (AWS, "DynamoDB item sizes and formats").
fn stored_size(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(_) => 1,
        Value::Number(number) => {
            let digits = number.to_string();
            digits.trim_start_matches('-').trim_end_matches('0').len().div_ceil(2) + 2
        }
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| stored_size(value) + 1).sum::<usize>() + 3,
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| name.len() + stored_size(value) + 1).sum::<usize>() + 3
        }
    }
}

#[test]
fn a_state_stays_within_a_kilobyte_at_its_longest() {
    for conversation in longest() {
        let mut json = serde_json::to_value(&conversation).expect("a value that serialises");
        // The item's keys and columns say these.
        if let Some(fields) = json.as_object_mut() {
            fields.retain(|name, _| !["account", "id", "inbox", "contact"].contains(&name.as_str()));
        }
        let size = stored_size(&json);
        assert!(size <= 1_024, "{size} bytes: {json}");
    }
}

/// Both controls with every field at its longest, the ids as long as we make them.
fn longest() -> [Conversation; 2] {
    let made = |prefix: &str| format!("{prefix}_{}", "a".repeat(26));
    let derived = "d".repeat(26);
    let many = u64::from(u32::MAX);
    let mut bot = Conversation::new(
        id(&made("acc")),
        id(&derived),
        id(&"i".repeat(41)),
        Channel::Messenger,
        "messenger:12345678901234567890".to_owned(),
        START + seconds(1),
    );
    bot.version = many;
    bot.epoch = many;
    bot.handed_back_at = Some(bot.control_since);
    bot.last_client_at = Some(bot.control_since);
    bot.promise = Some(Promise { epoch: many, due_at: bot.control_since, sequence: u32::MAX });
    bot.open_task = Some(many);
    bot.task_due_at = Some(bot.control_since);
    bot.bot_messages = DayCount { day: 20_454, count: u16::MAX };
    let (at, back_at) = (bot.control_since, Some(bot.control_since));
    bot.recent = vec![Recent { scenario: ScenarioKind::LackOfKnowledge, at, back_at }; 3];
    bot.opted_out = true;
    bot.refused_at = Some(bot.control_since);
    bot.timer_sequence = u32::MAX;
    bot.erased = Some(Erased { at, epoch: many });
    let mut human = bot.clone();
    human.control = Control::Human(HumanControl {
        origin: Origin::Action {
            action: id(&made("act")),
            bot: id(&made("bot")),
            revision: many,
            scenario: ScenarioKind::RepeatedFailure,
        },
        returns: Returns::At(at),
        quiet_minutes: 1_440,
        last_human_at: Some(at),
        waiting: Some(Waiting {
            window_told: true,
            reply_hours: Some(168),
            again: true,
            ..Waiting::new(id(&derived), at)
        }),
        urgency: u8::MAX,
        claimed: true,
        resume_sequence: u32::MAX,
    });
    // Only the bot has an issue with the client, and is asked.
    bot.asked = Some(Asked {
        trigger: id(&derived),
        at,
        earlier: vec![id(&derived); MAX_FOLDED - 1],
        returning: true,
    });
    bot.issue = Some(Issue { fingerprint: Some("f".repeat(200)), failed: u8::MAX, answered: true });
    [bot, human]
}
