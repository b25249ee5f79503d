//! Reports: the handovers of a period, counted, and those that nobody answered or that were answered late.

use std::collections::BTreeMap;

use handover_aws::{Store, store::ReportedHandover};
use handover_core::{AccountId, ActionId, BotId, ConversationId, Origin, Timestamp};
use serde::Serialize;

use crate::{
    http::{Answer, Call, Paged, cursor_text},
    problem::{Answered, Problem},
};

/// The longest period of one report, in days: a quarter.
const MAX_DAYS: i64 = 92;
const DAY_MS: i64 = 86_400_000;
/// Index pages that a report may cost, of several thousand handovers each.
const MAX_READS: usize = 10;

/// A period, from an instant up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// Handovers of a period by scenario, bot and day; how long clients waited; what was left.
pub(crate) async fn handovers(call: &Call<'_>) -> Answered {
    let period = period(call)?;
    Ok(Answer::ok(counted(call.store(), call.account(), period, call.now, MAX_READS).await?))
}

/// Counts the handovers of a period, the newest first, by so many reads at most.
pub(crate) async fn counted(
    store: &Store,
    account: &AccountId,
    Period { from, to }: Period,
    now: Timestamp,
    reads: usize,
) -> Result<HandoverReport, Problem> {
    let mut report = Report::default();
    let mut cursor = None;
    for _ in 0..reads {
        let page = store.handovers_begun(account, from, to, true, cursor.as_deref()).await?;
        let Some(page) = page else { return Err(crate::broken("a report's own cursor is not known")) };
        for handover in &page.rows {
            report.take(handover, now);
        }
        cursor = page.next;
        let Some(last) = page.rows.last().filter(|_| cursor.is_some()) else {
            return Ok(report.shown(from, to, None));
        };
        report.begins_at = Some(last.started_at);
    }
    let begins_at = report.begins_at;
    Ok(report.shown(from, to, begins_at))
}

/// Which of the handovers that were left are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    Unanswered,
    Overdue,
}

impl Only {
    /// By the name in a query.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "unanswered" => Some(Self::Unanswered),
            "overdue" => Some(Self::Overdue),
            _ => None,
        }
    }

    fn wants(self, handover: &ReportedHandover, now: Timestamp) -> bool {
        match self {
            Self::Unanswered => handover.is_unanswered(),
            Self::Overdue => handover.is_overdue(now),
        }
    }
}

/// The single handovers of a period that were not answered, or not in time, oldest first.
pub(crate) async fn left(call: &Call<'_>) -> Answered {
    let period = period(call)?;
    let only = call.query("only").and_then(Only::named);
    let only = only.ok_or_else(|| Problem::field("only", "must be unanswered or overdue"))?;
    let (limit, cursor) = (call.limit()?, call.cursor()?);
    let wanted = Left { only, limit, reads: MAX_READS };
    Ok(Answer::ok(left_in(call.store(), call.account(), period, call.now, wanted, cursor).await?))
}

/// A page of what was left, by so many rows and reads at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) only: Only,
    pub(crate) limit: usize,
    pub(crate) reads: usize,
}

/// A page of the handovers of a period that were left.
pub(crate) async fn left_in(
    store: &Store,
    account: &AccountId,
    Period { from, to }: Period,
    now: Timestamp,
    Left { only, limit, reads }: Left,
    mut cursor: Option<String>,
) -> Result<Paged<LeftHandover>, Problem> {
    let mut items = Vec::new();
    for _ in 0..reads {
        let page = store.handovers_begun(account, from, to, false, cursor.as_deref()).await?;
        let page = page.ok_or_else(|| Problem::field("cursor", "is not one of this list's"))?;
        for handover in page.rows.iter().filter(|handover| only.wants(handover, now)) {
            if items.len() == limit {
                // The page goes on behind the last row that is shown.
                return Ok(Paged { items, next: cursor.as_deref().map(cursor_text) });
            }
            items.push(row(handover, now));
            cursor = Some(handover.cursor());
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Paged { items, next: cursor.as_deref().map(cursor_text) })
}

/// A handover that nobody answered, or nobody in time.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LeftHandover {
    conversation: ConversationId,
    epoch: u64,
    /// A scenario's name, `takeover` or `pause`.
    scenario: &'static str,
    bot: Option<BotId>,
    started_at: Timestamp,
    claimed_at: Option<Timestamp>,
    first_reply_at: Option<Timestamp>,
    /// Until when a human was to answer.
    promise_due_at: Timestamp,
    unanswered: bool,
    overdue: bool,
}

fn row(handover: &ReportedHandover, now: Timestamp) -> LeftHandover {
    LeftHandover {
        conversation: handover.conversation.clone(),
        epoch: handover.epoch,
        scenario: handover.origin.name(),
        bot: bot(&handover.origin).cloned(),
        started_at: handover.started_at,
        claimed_at: handover.claimed_at,
        first_reply_at: handover.first_reply_at,
        promise_due_at: handover.promise_due_at,
        unanswered: handover.is_unanswered(),
        overdue: handover.is_overdue(now),
    }
}

/// The period that is asked for, in Unix milliseconds; `to` is not in it.
fn period(call: &Call<'_>) -> Result<Period, Problem> {
    let instant = |name: &str| -> Result<i64, Problem> {
        let wanted = || Problem::field(name, "is needed: an instant in Unix milliseconds");
        let at: i64 = call.query(name).and_then(|text| text.parse().ok()).ok_or_else(wanted)?;
        // Up to the year 9999, as calendars have it.
        if (0..=253_402_300_799_999).contains(&at) { Ok(at) } else { Err(wanted()) }
    };
    let (from, to) = (instant("from")?, instant("to")?);
    if to <= from || to - from > MAX_DAYS * DAY_MS {
        return Err(Problem::field("to", format!("must be after from, by at most {MAX_DAYS} days")));
    }
    Ok(Period { from: Timestamp::from_ms(from), to: Timestamp::from_ms(to) })
}

fn bot(origin: &Origin) -> Option<&BotId> {
    match origin {
        Origin::Action { bot, .. } => Some(bot),
        Origin::Takeover { .. } | Origin::Pause { .. } | Origin::Elsewhere { .. } => None,
    }
}

/// What is counted of handovers that have something in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Counts {
    pub(crate) handovers: u64,
    unanswered: u64,
    overdue: u64,
}

impl Counts {
    fn take(&mut self, unanswered: bool, overdue: bool) {
        self.handovers += 1;
        self.unanswered += u64::from(unanswered);
        self.overdue += u64::from(overdue);
    }
}

/// The handovers of a period.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HandoverReport {
    from: Timestamp,
    to: Timestamp,
    /// Where there are more handovers than one report reads: those that began earlier are not counted.
    counted_from: Option<Timestamp>,
    #[serde(flatten)]
    all: Counts,
    by_scenario: Vec<OfScenario>,
    by_action: Vec<OfAction>,
    by_bot: Vec<OfBot>,
    by_day: Vec<OfDay>,
    /// From the trigger to the claim.
    time_to_claim: Times,
    /// From the trigger to a human's first answer.
    time_to_first_reply: Times,
}

/// Those of a scenario.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfScenario {
    scenario: &'static str,
    #[serde(flatten)]
    counts: Counts,
}

/// Those of a bot's action.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfAction {
    pub(crate) bot: BotId,
    pub(crate) action: ActionId,
    pub(crate) scenario: &'static str,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

/// Those of a bot.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfBot {
    bot: BotId,
    #[serde(flatten)]
    counts: Counts,
}

/// Those that began on a day.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OfDay {
    /// In UTC, as `2026-11-22`.
    day: String,
    #[serde(flatten)]
    counts: Counts,
}

/// Of how many, their mean, and by the nearest rank their median and 90th percentile, in milliseconds.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Times {
    count: i64,
    mean_ms: Option<i64>,
    median_ms: Option<i64>,
    p90_ms: Option<i64>,
}

/// A report in the making.
#[derive(Debug, Default)]
struct Report {
    all: Counts,
    by_scenario: BTreeMap<&'static str, Counts>,
    by_action: BTreeMap<(BotId, ActionId, &'static str), Counts>,
    by_bot: BTreeMap<BotId, Counts>,
    by_day: BTreeMap<i64, Counts>,
    /// Milliseconds until somebody claimed it, and until a human first answered.
    claims: Vec<i64>,
    replies: Vec<i64>,
    /// The first that was counted, where there are more.
    begins_at: Option<Timestamp>,
}

impl Report {
    fn take(&mut self, handover: &ReportedHandover, now: Timestamp) {
        if let Origin::Elsewhere { .. } = handover.origin {
            // The bot was silent here because of another conversation: that one counts.
            return;
        }
        let (unanswered, overdue) = (handover.is_unanswered(), handover.is_overdue(now));
        let count = |counts: &mut Counts| counts.take(unanswered, overdue);
        count(&mut self.all);
        count(self.by_scenario.entry(handover.origin.name()).or_default());
        if let Origin::Action { bot, action, .. } = &handover.origin {
            let action = (bot.clone(), action.clone(), handover.origin.name());
            count(self.by_action.entry(action).or_default());
        }
        count(self.by_day.entry(handover.started_at.day()).or_default());
        if let Some(bot) = bot(&handover.origin) {
            count(self.by_bot.entry(bot.clone()).or_default());
        }
        if matches!(handover.origin, Origin::Takeover { .. }) {
            // A human began it: nobody waited for one.
            return;
        }
        let took = |at: Option<Timestamp>| at.map(|at| (at.as_ms() - handover.started_at.as_ms()).max(0));
        self.claims.extend(took(handover.claimed_at));
        self.replies.extend(took(handover.first_reply_at));
    }

    fn shown(mut self, from: Timestamp, to: Timestamp, counted_from: Option<Timestamp>) -> HandoverReport {
        let by_scenario = self.by_scenario.into_iter();
        let by_day = self.by_day.into_iter();
        let of_action = |((bot, action, scenario), counts)| OfAction { bot, action, scenario, counts };
        HandoverReport {
            from,
            to,
            counted_from,
            all: self.all,
            by_scenario: by_scenario.map(|(scenario, counts)| OfScenario { scenario, counts }).collect(),
            by_action: self.by_action.into_iter().map(of_action).collect(),
            by_bot: self.by_bot.into_iter().map(|(bot, counts)| OfBot { bot, counts }).collect(),
            by_day: by_day.map(|(day, counts)| OfDay { day: date(day), counts }).collect(),
            time_to_claim: times(&mut self.claims),
            time_to_first_reply: times(&mut self.replies),
        }
    }
}

fn times(took: &mut [i64]) -> Times {
    took.sort_unstable();
    let count = i64::try_from(took.len()).unwrap_or(i64::MAX);
    let rank = |percent: usize| took.get((took.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Times {
        count,
        mean_ms: (count > 0).then(|| took.iter().sum::<i64>() / count.max(1)),
        median_ms: rank(50),
        p90_ms: rank(90),
    }
}

/// A day (UTC) as `2026-11-22`.
fn date(day: i64) -> String {
    let instant = jiff::Timestamp::from_second(day.saturating_mul(86_400)).unwrap_or_default();
    instant.strftime("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use handover_core::{PromiseState, ScenarioKind};
    use serde_json::json;

    use super::*;

    const START: i64 = 1_795_338_000_000; // 2026-11-22T09:00:00Z

    fn handover(origin: Origin, started_at: i64) -> ReportedHandover {
        ReportedHandover {
            conversation: "conv".parse().unwrap(),
            epoch: 1,
            origin,
            started_at: Timestamp::from_ms(started_at),
            claimed_at: None,
            first_reply_at: None,
            promise_due_at: Timestamp::from_ms(started_at + DAY_MS),
            promise: PromiseState::Open,
        }
    }

    fn action(scenario: ScenarioKind) -> Origin {
        let (action, bot) = ("a".parse().unwrap(), "bot".parse().unwrap());
        Origin::Action { action, bot, revision: 1, scenario }
    }

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut ten: Vec<i64> = (1..=10).rev().map(|n| n * 1_000).collect();
        let shown = json!(times(&mut ten));
        assert_eq!(shown, json!({"count": 10, "mean_ms": 5_500, "median_ms": 5_000, "p90_ms": 9_000}));
        assert_eq!(json!(times(&mut [7])), json!({"count": 1, "mean_ms": 7, "median_ms": 7, "p90_ms": 7}));
        let none = json!({"count": 0, "mean_ms": null, "median_ms": null, "p90_ms": null});
        assert_eq!(json!(times(&mut [])), none);
    }

    #[test]
    fn takeovers_are_counted_and_nobody_waited_in_them() {
        let mut report = Report::default();
        let now = Timestamp::from_ms(START + 2 * DAY_MS);
        let mut taken = handover(Origin::Takeover { by: None, app: None }, START);
        taken.first_reply_at = Some(taken.started_at);
        taken.promise = PromiseState::Kept;
        let mut asked = handover(action(ScenarioKind::HumanRequested), START + DAY_MS);
        asked.claimed_at = Some(Timestamp::from_ms(START + DAY_MS + 60_000));
        let mut late = handover(action(ScenarioKind::Custom), START + DAY_MS);
        late.promise = PromiseState::Missed;
        late.first_reply_at = Some(Timestamp::from_ms(START + DAY_MS + 90_000_000));
        let mut settled = handover(action(ScenarioKind::Custom), START + DAY_MS);
        settled.promise = PromiseState::Released;
        for row in [&taken, &asked, &late, &settled] {
            report.take(row, now);
        }
        let shown = json!(report.shown(Timestamp::from_ms(START), now, None));
        assert_eq!(
            (&shown["handovers"], &shown["unanswered"], &shown["overdue"]),
            (&json!(4), &json!(1), &json!(2))
        );
        assert_eq!(shown["time_to_claim"]["count"], 1);
        assert_eq!(shown["time_to_first_reply"]["median_ms"], 90_000_000);
        assert_eq!(
            shown["by_day"][0],
            json!({"day": "2026-11-22", "handovers": 1, "unanswered": 0, "overdue": 0})
        );
        assert_eq!(shown["by_bot"], json!([{"bot": "bot", "handovers": 3, "unanswered": 1, "overdue": 2}]));
        let names: Vec<_> =
            shown["by_scenario"].as_array().unwrap().iter().map(|row| &row["scenario"]).collect();
        assert_eq!(names, ["custom", "human_requested", "takeover"]);
    }
}
