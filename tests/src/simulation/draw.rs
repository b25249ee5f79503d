//! What somebody does, drawn.

use std::time::Duration;

use handover_cloud::Service;
use handover_core::Pause;

use super::{
    dice::Dice,
    plan::{BY_CHAT, BY_TWILIO, ChatEvent, Edit, StaffAction, Step, Words},
};

/// Anything that somebody may do.
pub(crate) fn step(dice: &mut Dice, number: u16) -> Step {
    let client = client(dice);
    match dice.below(45) {
        0..=10 => Step::Say { client, number, words: words(dice) },
        11 | 12 => Step::Again { number: u16::try_from(1 + dice.below(u64::from(number))).unwrap_or(1) },
        13..=17 => Step::Chat { number, what: chat(dice) },
        18 => Step::Forge { number },
        19..=22 => Step::Bot { client, number, late: dice.once_in(3) },
        44 => Step::Both { client, number, one: staff_action(dice), other: staff_action(dice) },
        23..=29 => Step::Command { client, number, what: staff_action(dice) },
        30..=34 => Step::Settle,
        35..=40 => Step::Wait(dice.time()),
        41 => Step::Configure(match dice.below(4) {
            0 => Edit::Handover(!dice.once_in(3)),
            1 => Edit::Labs(!dice.once_in(3)),
            2 => Edit::Closing(number),
            _ => Edit::Pause(u16::try_from(1 + dice.below(300)).unwrap_or(1)),
        }),
        42 => match dice.below(4) {
            0 => Step::Outage(Service::DynamoDb),
            1 => Step::Outage(Service::Sqs),
            2 => Step::Outage(Service::Scheduler),
            _ => Step::Outage(Service::World),
        },
        _ => {
            if dice.once_in(2) {
                Step::Mend
            } else {
                Step::FireEarly
            }
        }
    }
}

fn client(dice: &mut Dice) -> u8 {
    if dice.once_in(2) { BY_TWILIO } else { BY_CHAT }
}

/// What is dangerous all at once, and too rare by chance: steps that belong together, numbered from
/// `number`.
pub(crate) fn motif(dice: &mut Dice, number: u16) -> Vec<Step> {
    let client = client(dice);
    let seconds = |seconds| Step::Wait(Duration::from_secs(seconds));
    let say = |step: u16, words| Step::Say { client, number: number + step, words };
    let command = |step: u16, what| Step::Command { client, number: number + step, what };
    match dice.below(7) {
        // A bot's text is stuck while humans have the conversation and give it back.
        0 => vec![
            say(0, Words::Question),
            Step::Outage(Service::World),
            seconds(4),
            command(3, StaffAction::Pause(Pause::UntilHandedBack)),
            command(4, StaffAction::HandBack),
            Step::Mend,
            seconds(70),
        ],
        // A human writes before the closing message has left.
        1 => vec![
            Step::Outage(Service::World),
            say(1, Words::Ask),
            Step::Settle,
            command(3, StaffAction::Reply { colleague: dice.once_in(2) }),
            Step::Mend,
            seconds(70),
        ],
        // A command while a service is down.
        2 => {
            let down = if dice.once_in(2) { Service::Sqs } else { Service::DynamoDb };
            let what = staff_action(dice);
            vec![
                say(0, Words::Question),
                Step::Settle,
                Step::Outage(down),
                command(3, what),
                Step::Mend,
                seconds(70),
            ]
        }
        // Two staff members at once, on a conversation that waits for one.
        3 => {
            let (one, other) = (staff_action(dice), staff_action(dice));
            let both = Step::Both { client, number: number + 2, one, other };
            vec![say(0, Words::Ask), Step::Settle, both, Step::Settle]
        }
        // What was promised outlives the pause, and a day.
        4 => vec![
            say(0, Words::Ask),
            seconds(dice.below(9_000)),
            say(2, Words::Question),
            seconds(80_000 + dice.below(20_000)),
        ],
        // Humans come and go while the bot is being asked.
        5 => vec![
            say(0, Words::Question),
            Step::Settle,
            command(2, StaffAction::Reply { colleague: false }),
            command(3, StaffAction::HandBack),
            seconds(5),
        ],
        // Two conversations of one person, and humans in one of them.
        _ => vec![
            say(0, Words::Question),
            Step::Say { client: 1 - client, number: number + 1, words: Words::Question },
            seconds(5),
            command(3, StaffAction::Link),
            say(4, Words::Ask),
            seconds(5),
            Step::Say { client: 1 - client, number: number + 6, words: Words::Question },
            seconds(5),
        ],
    }
}

fn words(dice: &mut Dice) -> Words {
    match dice.below(10) {
        0..=3 => Words::Ask,
        4 | 5 => Words::Question,
        6 => Words::Unhelpful,
        7 | 8 => Words::Unknown,
        _ => Words::Thanks,
    }
}

fn chat(dice: &mut Dice) -> ChatEvent {
    match dice.below(12) {
        0 => ChatEvent::Edit(words(dice)),
        1..=3 => ChatEvent::HumanEcho,
        4 | 5 => ChatEvent::OwnEcho,
        6 => ChatEvent::Consent { opted_out: dice.once_in(2) },
        7 | 8 => ChatEvent::Thread { with_humans: dice.once_in(2) },
        9 => ChatEvent::Receipt { failed: dice.once_in(2) },
        _ => ChatEvent::Rename,
    }
}

fn staff_action(dice: &mut Dice) -> StaffAction {
    let colleague = dice.once_in(2);
    match dice.below(18) {
        0..=2 => StaffAction::Claim { colleague },
        3 => StaffAction::ClaimRace,
        4..=7 => StaffAction::Reply { colleague },
        8 | 9 => StaffAction::HandBack,
        10 => StaffAction::Resolve,
        11 | 12 => StaffAction::Pause(match dice.below(3) {
            0 => Pause::UntilHandedBack,
            _ => Pause::For { days: 0, hours: 0, minutes: u16::try_from(1 + dice.below(240)).unwrap_or(1) },
        }),
        13 => StaffAction::Start,
        14 => StaffAction::AssignTeam,
        15 => StaffAction::CompleteTask,
        16 => StaffAction::Link,
        _ => StaffAction::Unlink,
    }
}
