//! Every kind of webhook payload that the providers document, and what it comes to: a text to review.
//!
//! `tests/fixtures/kinds/PROVIDER.jsonl` holds a payload a line (`{"kind": "...", "body": {...}}`, or `form` for
//! an encoded form); `PROVIDER.txt` beside it what they come to, written anew by `UPDATE_EXPECT=1`.

use std::{fmt::Write, fs, path::Path};

use expect_test::expect_file;
use handover_core::{
    Content, Echo, EchoAuthor, EventKind, Message, Provider, ReceiptStatus, ThreadControl, Timestamp,
};
use handover_providers::{Inbound, Verdict};
use serde_json::Value;

use crate::{Call, Inbox};

#[test]
fn every_documented_kind() {
    for provider in Provider::ALL {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kinds");
        let cases = fs::read_to_string(directory.join(format!("{}.jsonl", provider.name()))).unwrap();
        let inbox = inbox(*provider);
        let mut out = String::new();
        for case in cases.lines() {
            let case: Value = serde_json::from_str(case).unwrap();
            let call = match case["form"].as_str() {
                Some(form) => Call::form(form),
                None => Call::json(case["body"].to_string()),
            };
            writeln!(out, "{}", case["kind"].as_str().unwrap()).unwrap();
            let verdict = inbox.read(&call);
            // The same call again is the same facts.
            assert_eq!(inbox.read(&call), verdict);
            render(&mut out, &verdict);
        }
        expect_file![directory.join(format!("{}.txt", provider.name()))].assert_eq(&out);
    }
}

/// What tells our own side from others is set; one endpoint of the app is not singled out.
fn inbox(provider: Provider) -> Inbox {
    let inbox = Inbox::bare(provider);
    match provider {
        Provider::Messenger | Provider::Instagram => inbox.with("app_id", "151"),
        Provider::Sunshine => inbox.with("integration_id", "us"),
        Provider::Intercom => inbox.with("admin_id", "1"),
        _ => inbox,
    }
}

fn render(out: &mut String, verdict: &Verdict) {
    match verdict {
        Verdict::Accepted(accepted) => {
            for event in &accepted.events {
                writeln!(out, "    {}", line(event)).unwrap();
            }
            for name in &accepted.unknown {
                writeln!(out, "    counted: {name}").unwrap();
            }
            if !matches!(accepted.reply.body.as_str(), "" | "<Response/>") {
                writeln!(out, "    answered: {}", accepted.reply.body).unwrap();
            }
        }
        Verdict::Malformed(malformed) => writeln!(out, "    malformed: {}", malformed.reason).unwrap(),
        Verdict::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn line(event: &Inbound) -> String {
    let mut line = kind(&event.kind);
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            write!(line, "; {name} {value}").unwrap();
        }
    };
    let known = event.identities.join(" = ");
    add("of", Some(&known));
    add("answers to", Some(event.address.as_str()).filter(|address| *address != known));
    add("person", event.person.as_deref());
    add("by", event.sender.as_deref().filter(|sender| *sender != known));
    add("called", event.author_name.as_deref());
    add("to", event.recipient.as_deref());
    add("in", event.thread.as_deref());
    add("message", event.message_id.as_deref());
    add("once", Some(event.dedupe_id.as_str()).filter(|id| event.message_id.as_deref() != Some(id)));
    add("same as", event.same_as.as_deref().filter(|id| event.message_id.as_deref() != Some(id)));
    let at = event.sent_at.map(Timestamp::as_ms).map(|at| at.to_string());
    add("at", at.as_deref());
    add("files", Some(event.attachments.to_string()).as_deref().filter(|count| *count != "0"));
    line
}

fn kind(kind: &EventKind) -> String {
    match kind {
        EventKind::Message(message) => written("message", message),
        EventKind::Edited { message, content } => {
            format!("{} instead of {message}", written("edit", content))
        }
        EventKind::Deleted { message } => format!("deletion of {message}"),
        EventKind::Reaction { message, emoji } => {
            format!("reaction {} to {message}", emoji.as_deref().unwrap_or("taken back"))
        }
        EventKind::Receipt(receipt) => {
            let status = match receipt.status {
                ReceiptStatus::Sent => "sent",
                ReceiptStatus::Delivered => "delivered",
                ReceiptStatus::Read => "read",
                ReceiptStatus::Failed => "failed",
            };
            let more: Vec<String> = [
                receipt.effect.as_ref().map(|effect| format!(", effect {effect}")),
                receipt.error.as_ref().map(|error| format!(", error {error}")),
                receipt.class.as_ref().map(|class| format!(", {class}")),
            ]
            .into_iter()
            .flatten()
            .collect();
            format!("receipt: {} {status}{}", receipt.message, more.concat())
        }
        EventKind::Echo(echo) => author(echo),
        EventKind::Consent { opted_out: true } => "no messages wanted".to_owned(),
        EventKind::Consent { opted_out: false } => "messages wanted".to_owned(),
        EventKind::ThreadControl(ThreadControl::WithHumans) => "thread with humans".to_owned(),
        EventKind::ThreadControl(ThreadControl::WithUs) => "thread with us".to_owned(),
        EventKind::ThreadControl(ThreadControl::Requested) => "thread requested".to_owned(),
        EventKind::System { what } => format!("system: {what}"),
        other => panic!("no provider reports {other:?}"),
    }
}

fn author(echo: &Echo) -> String {
    let author = match &echo.author {
        EchoAuthor::Ours => "ours".to_owned(),
        EchoAuthor::Human { app } => format!("a human's in {app}"),
        EchoAuthor::Automation { app } => format!("software's in {app}"),
        EchoAuthor::Unknown => "of unknown author".to_owned(),
    };
    let effect = echo.effect.as_ref().map(|effect| format!(" for effect {effect}")).unwrap_or_default();
    format!("echo {author}{effect}: {}", content(&echo.content))
}

fn written(name: &str, message: &Message) -> String {
    let forwarded = if message.forwarded { "forwarded " } else { "" };
    format!("{forwarded}{name}: {}", content(&message.content))
}

fn content(content: &Content) -> String {
    match content {
        Content::Text(text) => format!("{text:?}"),
        Content::Choice { title, payload } => {
            format!("chose {title:?} ({})", payload.as_deref().unwrap_or("nothing attached"))
        }
        Content::Media { kind, caption, reference } => {
            let caption = caption.as_ref().map(|caption| format!(" {caption:?}")).unwrap_or_default();
            format!("{}{caption} at {}", kind.name(), reference.as_deref().unwrap_or("no address"))
        }
        Content::Location { latitude_e6, longitude_e6, name } => {
            format!("place {latitude_e6}, {longitude_e6} {}", name.as_deref().unwrap_or("without a name"))
        }
        Content::ContactCard => "address card".to_owned(),
        Content::Unsupported { what } => format!("unsupported: {what}"),
    }
}
