//! What was said and done, told apart by who said it.

use std::{collections::HashMap, sync::Arc};

use handover_aws::store::{Author, LedgerItem, LedgerState, MessageItem, Overview, WholeConversation};
use handover_core::{
    BotId, BotRevision, ClosingMessage, Content, EffectId, EffectKind, EventId, MediaKind, OutcomeResult,
    Principal, Purpose, ReceiptStatus, TextSource, Verdict,
};
use handover_providers::references;
use maud::{Markup, html};

use super::{
    parts::{beginning, bytes_of, percent, time},
    words as w,
};

/// Lines of a page, and the bytes that they may take together, with what stands around them.
const LINES: usize = 40;
const BYTES: usize = 32_000;
/// Bytes around a line's text.
const AROUND: usize = 500;
/// Files of one line that are shown.
const FILES: usize = 10;
/// Bytes of one text that are shown before the rest is asked for, and of one that was asked for.
const SHORT: usize = 1_600;
const PART: usize = 8_000;

/// The revisions of bots that a transcript speaks of.
pub(super) type Revisions = HashMap<(BotId, u64), Arc<BotRevision>>;

/// What a transcript is shown with.
pub(super) struct Shown<'a> {
    pub(super) whole: &'a WholeConversation,
    pub(super) names: &'a Overview,
    pub(super) revisions: &'a Revisions,
    /// The line whose text is wanted, and where in it one goes on reading.
    pub(super) open: Option<&'a str>,
    pub(super) from: usize,
    /// Lines before this one are wanted.
    pub(super) before: Option<&'a str>,
    pub(super) path: &'a str,
}

impl Shown<'_> {
    /// The lines, oldest first, and the way to those before.
    pub(super) fn lines(&self) -> Markup {
        let messages = &self.whole.messages;
        let end = self.before.and_then(|id| messages.iter().position(|line| line.id.as_str() == id));
        let all = messages.get(..end.unwrap_or(messages.len())).unwrap_or_default();
        let (mut count, mut bytes) = (0, 0);
        for line in all.iter().rev() {
            // A text that was asked for has a room of its own.
            bytes += AROUND + text(line).map_or(0, |text| bytes_of(beginning(text, SHORT)));
            if count >= LINES || (count > 0 && bytes > BYTES) {
                break;
            }
            count += 1;
        }
        let shown = all.get(all.len() - count..).unwrap_or_default();
        let earlier = shown.first().filter(|_| shown.len() < all.len());
        html! {
            @if let Some(first) = earlier {
                p.earlier { a.button.quiet href={ (self.path) "?before=" (first.id) } { (w::EARLIER) } }
            }
            ol.lines { @for line in shown { (self.line(line)) } }
        }
    }

    fn line(&self, line: &MessageItem) -> Markup {
        let sent: Vec<&LedgerItem> = line
            .effects
            .iter()
            .filter_map(|effect| self.whole.ledger.iter().find(|entry| entry.effect == effect.id))
            .collect();
        let said = text(line);
        let no_answer = no_answer_of(line).map(|(id, _, _)| id);
        let who = match line.author {
            Author::Client => "client",
            Author::Bot => "bot",
            Author::Staff => "staff",
            Author::System => "system",
        };
        html! {
            @if line.author == Author::System || (said.is_none() && line.author != Author::Client && line.author != Author::Staff) {
                (self.event(line))
            } @else {
                li.line.(who) #{ "line-" (line.id) } {
                    div.bubble {
                        p.name { (self.author(line)) " " (time(line.sent_at.unwrap_or(line.at))) }
                        (self.said(line, said))
                        @for entry in sent.iter().filter(|entry| entry.purpose != Purpose::Closing && no_answer != Some(&entry.effect)) { (fate(entry)) }
                        @if line.author == Author::Client { (why(line)) }
                    }
                }
            }
            (self.no_answer(line, &sent))
            (self.closing(line, &sent))
        }
    }

    fn author(&self, line: &MessageItem) -> String {
        match (line.author, &line.by) {
            (Author::Client, _) => w::CLIENT.to_owned(),
            (Author::Bot, _) => w::BOT.to_owned(),
            (Author::Staff | Author::System, Some(by)) => self.principal(by),
            (Author::Staff, None) => w::SOMEBODY_ELSEWHERE.to_owned(),
            (Author::System, None) => w::PRODUCT.to_owned(),
        }
    }

    /// Who did something.
    pub(super) fn principal(&self, by: &Principal) -> String {
        principal(by, self.names)
    }

    fn said(&self, line: &MessageItem, said: Option<&str>) -> Markup {
        let asked = self.open == Some(line.id.as_str());
        let from = if asked { self.from } else { 0 };
        html! {
            @if let Some(text) = said {
                @let rest = text.get(from..).unwrap_or(text);
                @let shown = beginning(rest, if asked { PART } else { SHORT });
                @let to = text.len() - rest.len() + shown.len();
                p.text {
                    @if rest.len() < text.len() { "… " }
                    (shown)
                    @if to < text.len() { "… " a href=(self.part(line, if asked { to } else { 0 })) { (if asked { w::PART } else { w::WHOLE_TEXT }) } }
                }
            } @else if let Some(content) = &line.content {
                p.text.muted { (w::content(content.kind())) }
            } @else {
                p.text.muted { (w::NO_TEXT_KEPT) }
            }
            (self.files(line))
        }
    }

    /// The files that came with a line. They are fetched when somebody looks at them, and the address that the
    /// provider gave them stays here.
    fn files(&self, line: &MessageItem) -> Markup {
        let Some(Content::Media { kind, reference: Some(all), .. }) = &line.content else { return html! {} };
        html! {
            @for place in 0..references(all).count().min(FILES) {
                @let file = format!("{}/media/{}?file={place}", self.path, line.id);
                @match kind {
                    MediaKind::Image | MediaKind::Sticker => { img.file src=(file) alt=(w::content(kind.name())) loading="lazy"; }
                    MediaKind::Audio => { audio.file controls preload="none" src=(file) {} }
                    MediaKind::Video | MediaKind::Document => {}
                }
                p.file { a href=(file) { (w::OPEN_FILE) } }
            }
        }
    }

    /// The way to more of a text.
    fn part(&self, line: &MessageItem, from: usize) -> String {
        let before = self.before.map(|before| format!("&before={before}")).unwrap_or_default();
        format!("{0}?open={1}&from={from}{before}#line-{1}", self.path, line.id)
    }

    /// Something that happened, between what was said.
    fn event(&self, line: &MessageItem) -> Markup {
        let tried = match &line.record.outcome {
            Some(OutcomeResult::NoAnswer) => Some(w::BOT_NO_ANSWER),
            Some(OutcomeResult::Failed { .. }) => Some(w::BOT_FAILED),
            Some(OutcomeResult::WantsHandover) => Some(w::BOT_WANTS_HANDOVER),
            Some(OutcomeResult::Answered) | None => None,
        };
        let told = tried.unwrap_or_else(|| w::verdict(line.record.verdict));
        let by = line.by.as_ref().map(|by| self.principal(by));
        html! {
            @if !is_silent(line) {
                li.event #{ "line-" (line.id) } {
                    span { @if let Some(by) = by { b { (by) } ": " } (told)
                        @if let Some(reason) = line.detail.as_deref().filter(|_| line.kind == "command") { " – “" (reason) "”" }
                        @if line.kind == "quarantined" { " " (line.detail.as_deref().unwrap_or_default()) }
                    }
                    " " (time(line.at))
                }
            }
        }
    }

    /// What the client was told where the bot had no answer.
    fn no_answer(&self, line: &MessageItem, sent: &[&LedgerItem]) -> Markup {
        let told = no_answer_of(line).map(|(id, bot, revision)| {
            let entry = sent.iter().find(|entry| entry.effect == *id);
            (self.revisions.get(&(bot.clone(), revision)), entry)
        });
        html! {
            @if let Some((bot, entry)) = told {
                li.line.bot {
                    div.bubble {
                        p.name { (w::BOT) " " (time(line.at)) }
                        p.text { (bot.map_or("", |bot| bot.bot.no_answer_message.as_str())) }
                        @if let Some(entry) = entry { (fate(entry)) }
                    }
                }
            }
        }
    }

    /// The closing message that a line led to.
    fn closing(&self, line: &MessageItem, sent: &[&LedgerItem]) -> Markup {
        let source = line.effects.iter().find_map(|effect| {
            let EffectKind::Send { purpose: Purpose::Closing, text, .. } = &effect.kind else { return None };
            Some(text)
        });
        let text = match source {
            Some(TextSource::Closing { bot, revision, action }) => {
                self.revisions.get(&(bot.clone(), *revision)).and_then(|bot| bot.bot.action(action)).and_then(
                    |action| match &action.closing_message {
                        ClosingMessage::Text(text) => Some(text.clone()),
                        ClosingMessage::SendNothing => None,
                    },
                )
            }
            Some(_) | None => None,
        };
        html! {
            @if source.is_some() {
                li.line.bot.closing #{ "closing-" (line.id) } {
                    div.bubble {
                        p.name { (w::CLOSING_MESSAGE) " " (time(line.at)) }
                        p.text { (text.unwrap_or_default()) }
                        @for entry in sent.iter().filter(|entry| entry.purpose == Purpose::Closing) { (fate(entry)) }
                    }
                }
            }
        }
    }
}

/// The bot's message for when it does not know, where a line led to it.
fn no_answer_of(line: &MessageItem) -> Option<(&EffectId, &BotId, u64)> {
    line.effects.iter().find_map(|effect| {
        let EffectKind::Send { text: TextSource::NoAnswer { bot, revision }, .. } = &effect.kind else {
            return None;
        };
        Some((&effect.id, bot, *revision))
    })
}

/// What was said in a line.
fn text(line: &MessageItem) -> Option<&str> {
    line.content.as_ref().and_then(Content::text)
}

/// Who did something.
pub(super) fn principal(by: &Principal, names: &Overview) -> String {
    match by {
        Principal::Staff(id) => {
            names.directory.staff(id).map_or_else(|| w::SOMEBODY_GONE.to_owned(), |staff| staff.name.clone())
        }
        Principal::ApiKey(_) => w::BY_KEY.to_owned(),
        Principal::System => w::PRODUCT.to_owned(),
    }
}

/// Whether a line says nothing that a person wants to read.
fn is_silent(line: &MessageItem) -> bool {
    let verdict = line.record.verdict;
    line.kind == "delivery"
        || line.kind == "contact"
        || verdict == Verdict::StaleOutcome
        || verdict == Verdict::Refused
        || (line.kind == "timer" && verdict == Verdict::Noted)
}

/// What became of a text to the client.
fn fate(entry: &LedgerItem) -> Markup {
    let (class, told) = match (entry.state, entry.receipt) {
        (LedgerState::Failed, _) | (_, Some(ReceiptStatus::Failed)) => ("bad", w::FATE_FAILED),
        (LedgerState::Unknown, _) => ("warn", w::FATE_UNKNOWN),
        (LedgerState::Suppressed, _) => ("warn", w::FATE_SUPPRESSED),
        (_, Some(ReceiptStatus::Read)) => ("fine", w::FATE_READ),
        (_, Some(ReceiptStatus::Delivered)) => ("fine", w::FATE_DELIVERED),
        (LedgerState::Sent, _) => ("fine", w::FATE_SENT),
        (LedgerState::Claimed | LedgerState::Released, _) => ("fine", w::FATE_UNDER_WAY),
    };
    html! { p.fate.(class) { (told) } }
}

/// Why what followed followed: there for whoever wants to know.
fn why(line: &MessageItem) -> Markup {
    let record = &line.record;
    html! {
        details.why {
            summary { (w::WHY) span.hidden { " " (time(line.sent_at.unwrap_or(line.at))) } }
            dl {
                dt { (w::DECISION) } dd { (w::verdict(record.verdict)) }
                @if let Some(scenario) = record.scenario { dt { (w::SCENARIO) } dd { (w::reason(scenario.name())) } }
                @if let Some(score) = record.human_request {
                    dt { (w::SCORE_HUMAN) }
                    dd { (percent(score)) @if let Some(needed) = record.threshold { " " (w::NEEDED) " " (percent(needed)) } }
                }
                @if let Some(matched) = &record.matched { dt { (w::PHRASE) } dd { (w::CLOSENESS) " " (percent(matched.closeness)) } }
                @if let Some(guard) = record.guard { dt { (w::GUARD) } dd { (w::guard(guard)) } }
                @if let Some(failed) = record.failed_attempts { dt { (w::FAILED_ATTEMPTS) } dd { (failed) } }
                @if let Some(found) = record.retrieval {
                    dt { (w::EVIDENCE) } dd { (found.sources) " " (w::SOURCES) ", " (w::BEST) " " (percent(found.best)) }
                }
                @if let Some(revision) = record.revision { dt { (w::REVISION) } dd { (revision) } }
            }
        }
    }
}

/// The line of an event.
pub(super) fn find<'a>(whole: &'a WholeConversation, id: &EventId) -> Option<&'a MessageItem> {
    whole.messages.iter().find(|line| line.id == *id)
}
