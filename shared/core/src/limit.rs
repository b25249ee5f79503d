//! The numbers that are fixed where the business does not choose.

use std::time::Duration;

/// Characters of an address on the web: what browsers and gateways take.
pub const MAX_URL_CHARS: usize = 2_048;
/// Handover actions that one bot may have.
pub const MAX_ACTIONS: usize = 6;
/// Largest `max_retries` of a repeated-failure scenario.
pub const MAX_RETRIES: u8 = 2;
/// Example phrases of one scenario.
pub const MAX_PHRASES: usize = 200;
/// Characters of one example phrase.
pub const MAX_PHRASE_CHARS: usize = 200;
/// Characters of a closing message or of the no-answer message (one SMS chain; Twilio's limit).
pub const MAX_MESSAGE_CHARS: usize = 1_600;
/// Characters of what a bot with a language model is told about its job (a revision is one item of the
/// table, and those hold 400 KB).
pub const MAX_INSTRUCTIONS_CHARS: usize = 50_000;
/// Characters of a language model's name.
pub const MAX_MODEL_CHARS: usize = 2_048;
/// Characters of a bot's reply; providers that take less get it in parts.
pub const MAX_REPLY_CHARS: usize = 4_000;
/// Question and answer entries of one bot.
pub const MAX_FAQ_ENTRIES: usize = 500;
/// Characters of a question of an entry.
pub const MAX_QUESTION_CHARS: usize = 300;
/// Other ways to put an entry's question.
pub const MAX_ALTERNATIVES: usize = 20;
/// Characters of a name or tag.
pub const MAX_NAME_CHARS: usize = 80;
/// Longest pause and longest takeover pause.
pub const MAX_PAUSE: Duration = Duration::from_hours(365 * 24);
/// A task falls due exactly this long after the event that triggered the handover.
pub const TASK_DUE_AFTER: Duration = Duration::from_hours(24);
/// A handover's promise falls due this long before the channel's reply window closes.
pub const REPLY_WINDOW_MARGIN: Duration = Duration::from_hours(1);
/// Staff are told of a client who waits this long before the channel's reply window closes: early enough
/// that the warning is in time when Scheduler, and with it the sweep, is down for an hour.
pub const REPLY_WINDOW_WARNING: Duration = Duration::from_hours(2);
/// A human who keeps writing holds the bot back at most this long after `resume_at`.
pub const QUIET_CEILING: Duration = Duration::from_hours(24);
/// Events that reached us longer ago are recorded and never acted on.
pub const MAX_EVENT_AGE: Duration = Duration::from_hours(24);
/// A bot's reply or a closing message is not sent when it is older than this.
pub const BOT_TEXT_EXPIRES_AFTER: Duration = Duration::from_mins(10);
/// A staff member's reply is not sent when it is older than this.
pub const STAFF_TEXT_EXPIRES_AFTER: Duration = Duration::from_hours(24);
/// An echo that may be ours waits this long for the result of our own send.
pub const ECHO_WAIT: Duration = Duration::from_secs(30);
/// `last_client_at` may lag the truth by this much, so that an ordinary message writes no state.
pub const CLIENT_TIME_GRAIN: Duration = Duration::from_hours(1);
/// Longest wait for the rest of a burst of messages, in seconds (the delay of a queue message is at most
/// 900).
pub const MAX_FOLD_SECONDS: u16 = 300;
/// Messages that fold into one question to the bot: the state holds their ids and stays within 1 KB.
pub const MAX_FOLDED: usize = 4;
/// Three handovers within this time keep the conversation with humans, where that is switched on.
pub const LOOP_WINDOW: Duration = Duration::from_hours(24);
/// Conversations that one contact may have.
pub const MAX_LINKED: usize = 20;
/// Handovers that a conversation remembers: one for each scenario that can cool down, and more
/// than the loop guard counts.
pub const RECENT_HANDOVERS: usize = 3;
