//! Cron expressions of six fields: minutes, hours, day of month, month, day of week, year; in UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use std::collections::BTreeSet;

const FIRST_YEAR: i16 = 1970;
const LAST_YEAR: i16 = 2199;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The times of a cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    minutes: BTreeSet<i16>,
    hours: BTreeSet<i16>,
    days: Days,
    months: BTreeSet<i16>,
    years: BTreeSet<i16>,
}

/// Exactly one of the two day fields says something; the other is `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(BTreeSet<i16>),
    /// 1 is Sunday.
    OfWeek(BTreeSet<i16>),
}

impl Cron {
    /// Reads the six fields; nothing if they make no sense.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let mut next = || fields.next();
        let (minutes, hours, day, month, weekday, year) =
            (next()?, next()?, next()?, next()?, next()?, next()?);
        if next().is_some() {
            return None;
        }
        let days = match (day, weekday) {
            ("?", weekday) => Days::OfWeek(field(weekday, 1, 7, &WEEKDAYS)?),
            (day, "?") => Days::OfMonth(field(day, 1, 31, &[])?),
            _ => return None,
        };
        Some(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days,
            months: field(month, 1, 12, &MONTHS)?,
            years: field(year, FIRST_YEAR, LAST_YEAR, &[])?,
        })
    }

    /// The first time after `after` (both in Unix milliseconds); nothing when there is none up to 2199.
    pub fn next_after(&self, after: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(after).ok()?;
        // The next whole minute.
        let second = after.as_second().checked_sub(after.as_second().rem_euclid(60))?;
        let from = Timestamp::from_second(second).ok()?.checked_add(SignedDuration::from_mins(1)).ok()?;
        let from = from.to_zoned(TimeZone::UTC).datetime();
        let mut date = from.date();
        let mut earliest = from.time();
        while date.year() <= LAST_YEAR {
            if !self.years.contains(&date.year()) || !self.months.contains(&i16::from(date.month())) {
                date = date.first_of_month().checked_add(1.month()).ok()?;
                earliest = Time::midnight();
                continue;
            }
            if self.matches_day(date)
                && let Some(time) = self.first_time(earliest)
            {
                let time = DateTime::from_parts(date, time).to_zoned(TimeZone::UTC).ok()?;
                return Some(time.timestamp().as_millisecond());
            }
            date = date.tomorrow().ok()?;
            earliest = Time::midnight();
        }
        None
    }

    fn matches_day(&self, date: Date) -> bool {
        match &self.days {
            Days::OfMonth(days) => days.contains(&i16::from(date.day())),
            Days::OfWeek(days) => days.contains(&i16::from(date.weekday().to_sunday_one_offset())),
        }
    }

    fn first_time(&self, earliest: Time) -> Option<Time> {
        let (hour, minute) = (i16::from(earliest.hour()), i16::from(earliest.minute()));
        let same_hour = self.minutes.range(minute..).next().filter(|_| self.hours.contains(&hour));
        let (hour, minute) = match same_hour {
            Some(minute) => (hour, *minute),
            None => (*self.hours.range(hour + 1..).next()?, *self.minutes.first()?),
        };
        Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
    }
}

/// The values of one field: lists of `*`, values, ranges, each with an optional step. A step after a
/// single value runs to the end of the field.
fn field(text: &str, min: i16, max: i16, names: &[&str]) -> Option<BTreeSet<i16>> {
    let mut values = BTreeSet::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step, &[]).filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = if range == "*" {
            (min, max)
        } else if let Some((from, to)) = range.split_once('-') {
            (number(from, names)?, number(to, names)?)
        } else {
            let value = number(range, names)?;
            (value, if step.is_some() { max } else { value })
        };
        if from < min || to > max || from > to {
            return None;
        }
        values.extend((from..=to).step_by(usize::from(step.unwrap_or(1).unsigned_abs())));
    }
    Some(values)
}

/// A number, or the position of a name counted from 1.
fn number(text: &str, names: &[&str]) -> Option<i16> {
    if let Some(index) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return i16::try_from(index + 1).ok();
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
