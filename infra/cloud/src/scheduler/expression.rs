//! Schedule expressions, in UTC: `at(...)`, `rate(...)` and `cron(...)` (EventBridge Scheduler user
//! guide, "Schedule types"). Of cron's signs `L`, `W` and `#` are not served and are refused.

use super::cron::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// When a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Once, at this time in Unix milliseconds.
    At(i64),
    /// Every so many milliseconds.
    Rate(i64),
    /// Whenever the calendar matches.
    Cron(Cron),
}

impl Expression {
    /// Reads an expression; nothing if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.trim().split_once('(')?;
        let inner = rest.strip_suffix(')')?;
        match kind {
            "at" => parse_at(inner).map(Self::At),
            "rate" => parse_rate(inner).map(Self::Rate),
            "cron" => Cron::parse(inner).map(Self::Cron),
            _ => None,
        }
    }

    /// The first due time of a new schedule: not before `now`, except that `at` is what it says. A rate
    /// runs from `start`, or from now when there is none.
    pub fn first_due(&self, start: Option<i64>, now: i64) -> Option<i64> {
        match self {
            Self::At(at) => Some(*at),
            Self::Rate(period) => match start {
                Some(start) if start < now => {
                    let passed = (now - start + period - 1) / period;
                    start.checked_add(passed.checked_mul(*period)?)
                }
                Some(start) => Some(start),
                None => Some(now),
            },
            Self::Cron(cron) => cron.next_after(start.unwrap_or(now).max(now) - 1),
        }
    }

    /// The due time that follows `due` and lies after `now`. Times missed in between are not made up for.
    pub fn next_due(&self, due: i64, now: i64) -> Option<i64> {
        let after = now.max(due);
        match self {
            Self::At(_) => None,
            Self::Rate(period) => due.checked_add(((after - due) / period + 1).checked_mul(*period)?),
            Self::Cron(cron) => cron.next_after(after),
        }
    }
}

/// `yyyy-mm-ddThh:mm:ss`, nothing else.
fn parse_at(text: &str) -> Option<i64> {
    let shape = |(index, byte): (usize, u8)| match index {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != 19 || !text.bytes().enumerate().all(shape) {
        return None;
    }
    let time: DateTime = text.parse().ok()?;
    // A leap second would be read as the second before it.
    if text.ends_with(":60") {
        return None;
    }
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// A positive number and `minute(s)`, `hour(s)` or `day(s)`.
fn parse_rate(text: &str) -> Option<i64> {
    let mut words = text.split_ascii_whitespace();
    let (value, unit) = (words.next()?, words.next()?);
    let unit_ms = match unit {
        "minute" | "minutes" => 60_000,
        "hour" | "hours" => 3_600_000,
        "day" | "days" => 86_400_000,
        _ => return None,
    };
    if words.next().is_some() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    value.parse::<i64>().ok().filter(|value| *value > 0)?.checked_mul(unit_ms)
}
