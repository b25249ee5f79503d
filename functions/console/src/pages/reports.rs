//! Reports: how often and why humans stepped in, and how long clients waited.

use handover_aws::store::Overview;
use handover_core::{ActionId, BotId, Timestamp};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Page, Shown, charts,
    inbox::cursor,
    layout::Nav,
    parts::{Icon, empty, span, time},
    visit::Visit,
    words as w,
};
use crate::reports::{self, Left, Only, Period};

const PATH: &str = "/console/reports";
const DAY_MS: i64 = 86_400_000;
/// The periods that can be chosen, in days.
const PERIODS: [i64; 3] = [7, 30, 90];
/// Rows of what was left.
const LEFT: usize = 20;
/// Reads of the index that a page may cost: with that of who comes, three.
const READS: usize = 2;

pub(super) async fn show(visit: &Visit<'_>) -> Shown {
    let days: i64 = visit
        .query("days")
        .and_then(|text| text.parse().ok())
        .filter(|days| PERIODS.contains(days))
        .unwrap_or(7);
    let only = visit.query("only").and_then(|name| Some((name, Only::named(name)?)));
    // Whole days, today's with them.
    let to = (visit.now.day() + 1) * DAY_MS;
    let from = to - days * DAY_MS;
    let period = Period { from: Timestamp::from_ms(from), to: Timestamp::from_ms(to) };
    let (store, account) = (visit.store(), &visit.account.id);
    let body = match only {
        None => {
            let report = reports::counted(store, account, period, visit.now, READS).await?;
            report_body(&json!(report), &visit.names(), from, days)
        }
        Some((name, only)) => {
            let wanted = Left { only, limit: LEFT, reads: READS };
            let place = cursor(visit.query("cursor"))?;
            let left = reports::left_in(store, account, period, visit.now, wanted, place).await?;
            left_body(visit, &json!(left), days, name)
        }
    };
    let body = html! {
        div.head { h1 { (w::REPORTS) }
            nav.tabs aria-label=(w::PERIOD) { @for period in PERIODS {
                a href={ (PATH) "?days=" (period) } aria-current=[(period == days).then_some("page")] { (w::LAST) " " (period) " " (w::DAYS_LOWER) }
            } }
        }
        (body)
    };
    Ok(Page::new(Nav::Reports, w::REPORTS, body).into())
}

fn count(of: &Value, name: &str) -> u64 {
    of.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn report_body(report: &Value, names: &Overview, from: i64, days: i64) -> Markup {
    let rows = |name: &str| report.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    // Custom scenarios by their own names, the others by what they are about.
    let is_custom = |row: &Value| text(row, "scenario") == "custom";
    let mut by_scenario: Vec<(String, u64)> = rows("by_scenario")
        .iter()
        .filter(|row| !is_custom(row))
        .map(|row| (w::reason_short(&text(row, "scenario")).to_owned(), count(row, "handovers")))
        .collect();
    by_scenario.extend(rows("by_action").iter().filter(|row| is_custom(row)).map(|row| {
        let bot: Option<BotId> = text(row, "bot").parse().ok();
        let action: Option<ActionId> = text(row, "action").parse().ok();
        let name = bot.zip(action).and_then(|(bot, action)| names.scenario(&bot, &action));
        (name.unwrap_or_else(|| w::reason_short("custom")).to_owned(), count(row, "handovers"))
    }));
    let counted_from = report.get("counted_from").and_then(Value::as_i64).map(Timestamp::from_ms);
    let known: Vec<(String, u64)> =
        rows("by_day").iter().map(|row| (text(row, "day"), count(row, "handovers"))).collect();
    let by_day: Vec<(String, u64)> = (0..days)
        .map(|day| {
            let at = jiff::Timestamp::from_millisecond(from + day * DAY_MS).unwrap_or_default();
            let name = at.strftime("%Y-%m-%d").to_string();
            let count = known.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count);
            (at.strftime("%-d %b").to_string(), count)
        })
        .collect();
    let took = |name: &str, what: &str| {
        let ms = report.get(name).and_then(|times| times.get(what)).and_then(Value::as_i64);
        ms.map_or_else(|| "–".to_owned(), span)
    };
    html! {
        @if count(report, "handovers") == 0 { (empty(Icon::Chart, w::NO_REPORT, w::NO_REPORT_TEXT)) } @else {
            ul.numbers {
                li { b { (count(report, "handovers")) } span { (w::HANDOVERS) } }
                li { a href={ (PATH) "?days=" (days) "&only=unanswered" } { b { (count(report, "unanswered")) } span { (w::UNANSWERED_COUNT) } } }
                li { a href={ (PATH) "?days=" (days) "&only=overdue" } { b { (count(report, "overdue")) } span { (w::ANSWERED_LATE) } } }
                li { b { (took("time_to_claim", "median_ms")) } span { (w::TIME_TO_CLAIM) } }
                li { b { (took("time_to_first_reply", "median_ms")) } span { (w::TIME_TO_REPLY) } }
                li { b { (took("time_to_first_reply", "p90_ms")) } span { (w::TIME_TO_REPLY_90) } }
            }
            div.split.even {
                section.card { (charts::bars(w::PER_DAY, &by_day)) }
                section.card { (charts::bars(w::PER_SCENARIO, &by_scenario)) }
            }
        }
        @if let Some(at) = counted_from { p.notice.warn { (w::COUNTED_FROM) " " (time(at)) ". " (w::SHORTER_PERIOD) } }
        p.muted { (w::DAYS_ARE_UTC) }
    }
}

fn left_body(visit: &Visit<'_>, left: &Value, days: i64, only: &str) -> Markup {
    let rows = left.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let at = |row: &Value, name: &str| row.get(name).and_then(Value::as_i64).map(Timestamp::from_ms);
    let days_text = days.to_string();
    let next = left.get("next").and_then(Value::as_str);
    html! {
        h2 { @if only == "overdue" { (w::ANSWERED_LATE) } @else { (w::UNANSWERED_COUNT) } }
        @if rows.is_empty() {
            @if next.is_some() { p.muted { (w::NONE_ON_THIS_PAGE) } }
            @else if visit.query("cursor").is_some() { p.muted { (w::THAT_WAS_ALL) } }
            @else if only == "overdue" { (empty(Icon::Check, w::NOTHING_LEFT, w::NOTHING_LATE_TEXT)) }
            @else { (empty(Icon::Check, w::NOTHING_LEFT, w::NOTHING_UNANSWERED_TEXT)) }
        }
        ul.rows { @for row in &rows {
            @let conversation = row.get("conversation").and_then(Value::as_str).unwrap_or_default();
            li { a.row href={ "/console/conversations/" (conversation) } {
                span.row-main { b { (w::reason(row.get("scenario").and_then(Value::as_str).unwrap_or_default())) }
                    @if let Some(at) = at(row, "started_at") { span.muted { (w::BEGAN) " " (time(at)) } } }
                @if let Some(at) = at(row, "promise_due_at") { span.muted { (w::ANSWER_DUE) " " (time(at)) } }
                @match at(row, "first_reply_at") { Some(at) => span.muted { (w::FIRST_ANSWER) " " (time(at)) }, None => span.chip.bad { (w::UNANSWERED_ONE) } }
            } }
        } }
        (super::parts::pager(PATH, &[("days", &days_text), ("only", only)], visit.query("cursor"), next))
    }
}
