//! Time stamps as providers write them.

use handover_core::Timestamp;

use crate::json::Json;

/// Seconds since the Unix epoch, as an integer or a string.
pub(crate) fn from_seconds(json: &Json<'_>) -> Option<Timestamp> {
    json.integer()?.checked_mul(1_000).map(Timestamp::from_ms)
}

/// Milliseconds since the Unix epoch, as an integer or a string.
pub(crate) fn from_millis(json: &Json<'_>) -> Option<Timestamp> {
    json.integer().map(Timestamp::from_ms)
}

/// An RFC 3339 text.
pub(crate) fn from_text(json: &Json<'_>) -> Option<Timestamp> {
    parse(json.text()?)
}

/// Reads `2026-01-01T10:00:00.123Z` and its relatives: a blank for the `T`, any number of digits of
/// a second (cut to milliseconds), an offset as `Z`, `+01:00` or `+0100`, or none (UTC).
pub fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse().ok()
    };
    let is = |at: usize, any: &[u8]| bytes.get(at).is_some_and(|byte| any.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut millis = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let digits = fraction.get(..length.min(3)).filter(|digits| !digits.is_empty())?;
        millis = format!("{digits:0<3}").parse().ok()?;
        rest = fraction.get(length..)?;
    }
    let offset = offset_minutes(rest.trim())?;
    let seconds =
        days_since_epoch(year, month, day) * 86_400 + hour * 3_600 + (minute - offset) * 60 + second;
    Some(Timestamp::from_ms(seconds * 1_000 + millis))
}

/// An HTTP date in its one current form, `Thu, 01 Jan 2026 10:00:00 GMT` (RFC 9110, 5.6.7).
pub(crate) fn from_http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(", ")?;
    let mut words = date.strip_suffix(" GMT")?.split(' ');
    let (day, name, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = (1..).zip(MONTHS).find_map(|(number, month)| (month == name).then_some(number))?;
    parse(&format!("{year}-{month:02}-{day}T{time}Z"))
}

fn offset_minutes(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z" | "UTC") {
        return Some(0);
    }
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at_checked(2)?;
    Some(sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?))
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, by counting in 400-year
/// cycles that start on 1 March.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let cycle = year.div_euclid(400);
    let year_of_cycle = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    cycle * 146_097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read() {
        let at = from_http_date("Thu, 01 Jan 2026 10:00:00 GMT");
        assert_eq!(at, Some(Timestamp::from_ms(1_767_261_600_000)));
        for text in ["", "Thu, 01 Jan 2026 10:00:00", "Thu, 01 Jun", "Thu, 01 Jux 2026 10:00:00 GMT"] {
            assert_eq!(from_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn reads_what_providers_write() {
        for (text, ms) in [
            ("2026-01-01T10:00:00.000Z", 1_767_261_600_000),
            ("2026-01-01 10:00:00", 1_767_261_600_000),
            ("2026-01-01T11:00:00.5+01:00", 1_767_261_600_500),
            ("2026-01-01T04:30:00.123456789-0530", 1_767_261_600_123),
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000),
        ] {
            assert_eq!(parse(text), Some(Timestamp::from_ms(ms)), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "now",
            "2026-13-01T00:00:00Z",
            "2026-01-01T10:00",
            "2026-01-01T10:00:00.Z",
            "2026-01-01T10:00:00+1",
            "20é6-01-01T10:00:00Z",
            "2026-01-01T10:00:0é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
