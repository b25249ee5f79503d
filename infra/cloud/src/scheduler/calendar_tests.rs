//! When schedules are due: expressions and the calendar.

use super::*;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use proptest::prelude::*;

/// 2026-11-22T14:00:00Z, a Sunday.
const START: i64 = 1_795_356_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

#[test]
fn expressions_are_read_strictly() {
    for good in [
        "at(2026-11-22T14:00:00)",
        "rate(1 minute)",
        "rate(36 hours)",
        "cron(0 8 1 * ? *)",
        "cron(*/5 * * * ? *)",
        "cron(15,45 9-17 ? JAN-jun MON-FRI 2026/2)",
    ] {
        assert!(Expression::parse(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "at(2026-11-22 14:00:00)",
        "at(2026-11-22T14:00:00Z)",
        "at(2026-11-22T14:00)",
        "at(2026-02-30T14:00:00)",
        "at(2026-11-22T14:00:60)",
        "at 2026-11-22T14:00:00",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(5 seconds)",
        "rate(5)",
        "rate(5 minutes 3)",
        "rate(9223372036854775807 days)",
        "cron(* * * * * *)",
        "cron(* * ? * ? *)",
        "cron(* * * * ?)",
        "cron(60 * * * ? *)",
        "cron(* 24 * * ? *)",
        "cron(* * 0 * ? *)",
        "cron(* * ? * 8 *)",
        "cron(* * L * ? *)",
        "cron(*/0 * * * ? *)",
        "cron(5-1 * * * ? *)",
        "cron(* * * * ? 1969)",
        "every(5 minutes)",
    ] {
        assert!(Expression::parse(bad).is_none(), "{bad}");
    }
}

fn utc(text: &str) -> i64 {
    text.parse::<DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond()
}

#[test]
fn cron_follows_the_calendar() {
    for (fields, after, expected) in [
        ("0 8 1 * ? *", "2026-11-22T14:00:00", Some("2026-12-01T08:00:00")),
        ("0 8 ? * MON *", "2026-11-22T14:00:00", Some("2026-11-23T08:00:00")),
        ("0 8 ? * 1 *", "2026-11-22T14:00:00", Some("2026-11-29T08:00:00")),
        ("30 14 * * ? *", "2026-11-22T14:30:00", Some("2026-11-23T14:30:00")),
        ("30 14 * * ? *", "2026-11-22T14:29:59", Some("2026-11-22T14:30:00")),
        ("5/20 14 * * ? *", "2026-11-22T14:26:00", Some("2026-11-22T14:45:00")),
        ("*/5 * * * ? *", "2026-12-31T23:57:01", Some("2027-01-01T00:00:00")),
        ("0 0 29 FEB ? *", "2026-11-22T14:00:00", Some("2028-02-29T00:00:00")),
        ("0 0 31 2 ? *", "2026-11-22T14:00:00", None),
        ("0 0 1 1 ? 2025", "2026-11-22T14:00:00", None),
        ("0 12 ? 7-8 SAT,SUN 2030", "2026-11-22T14:00:00", Some("2030-07-06T12:00:00")),
    ] {
        let cron = Cron::parse(fields).unwrap();
        assert_eq!(cron.next_after(utc(after)), expected.map(utc), "{fields} after {after}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A rate's next time is after now, on the beat of its due times, and the first such.
    #[test]
    fn a_rate_keeps_its_beat(period in 1..100_000_i64, due in 0..START, late in 0..10_000_000_i64) {
        let rate = Expression::Rate(period * MINUTE);
        let next = rate.next_due(due, due + late).unwrap();
        prop_assert!(next > due + late);
        prop_assert!(next - period * MINUTE <= due + late);
        prop_assert_eq!((next - due) % (period * MINUTE), 0);
        let first = rate.first_due(Some(due), due + late).unwrap();
        prop_assert!(first >= due + late && first - period * MINUTE < (due + late).max(due + 1));
        prop_assert_eq!((first - due) % (period * MINUTE), 0);
    }

    /// What `at` says is what it means, for every second of 130 years.
    #[test]
    fn at_is_utc(second in 0..4_102_444_800_i64) {
        let text = jiff::Timestamp::from_second(second).unwrap().strftime("at(%Y-%m-%dT%H:%M:%S)").to_string();
        prop_assert_eq!(Expression::parse(&text), Some(Expression::At(second * 1000)));
    }

    /// The next time of a daily cron is found by walking minute by minute, too.
    #[test]
    fn cron_finds_the_first_match(
        minutes in proptest::collection::btree_set(0..60_i64, 1..4),
        hours in proptest::collection::btree_set(0..24_i64, 1..4),
        weekday in 1..=7_i64,
        offset in 0..(14 * 24 * HOUR),
    ) {
        let list = |values: &std::collections::BTreeSet<i64>| {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        };
        let cron = Cron::parse(&format!("{} {} ? * {weekday} *", list(&minutes), list(&hours))).unwrap();
        let after = START + offset;
        // Day 0 of Unix time was a Thursday, the fifth day counted from Sunday.
        let matches = |minute: i64| {
            let (day, of_day) = (minute.div_euclid(1440), minute.rem_euclid(1440));
            (day + 4) % 7 + 1 == weekday && hours.contains(&(of_day / 60)) && minutes.contains(&(of_day % 60))
        };
        let next_minute = after / MINUTE + 1;
        let expected = (next_minute..next_minute + 8 * 1440).find(|minute| matches(*minute)).unwrap();
        prop_assert_eq!(cron.next_after(after), Some(expected * MINUTE));
    }
}
