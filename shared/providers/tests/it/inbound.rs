//! What webhook calls come to, where the kept cases do not say it.

use handover_core::{
    Content, EchoAuthor, EffectId, EventKind, MediaKind, Provider, Receipt, ReceiptStatus, ThreadControl,
    Timestamp,
};
use handover_providers::{Verdict, standard_webhooks_signature, twilio_signature};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{Call, GENERIC_SECRET, Inbox, NOW, URL, accepted, events, kinds, messenger, refused, words};

fn generic(body: &str, secret: &str, seconds: i64) -> Call {
    let signature = standard_webhooks_signature(secret, "call-1", seconds, body.as_bytes()).unwrap();
    Call::json(body)
        .header("webhook-id", "call-1")
        .header("webhook-timestamp", &seconds.to_string())
        .header("webhook-signature", &format!("v1a,ignored {signature}"))
}

#[test]
fn generic_takes_either_live_secret_within_the_window() {
    let newer = "whsec_bmV3ZXIgbmV3ZXIgbmV3ZXIgbmV3ZXI=";
    let mut inbox = Inbox::complete(Provider::Generic);
    inbox.secrets.rotate_in("signing_secret", newer.to_owned());
    let body = r#"{"from":"client-7","text":"hello"}"#;
    let now = NOW.as_seconds();
    for secret in [newer, GENERIC_SECRET] {
        let accepted = accepted(inbox.receive(&generic(body, secret, now)));
        assert_eq!(words(&accepted.events[0]), Some("hello"));
        assert_eq!(accepted.events[0].dedupe_id, "call-1:0");
    }
    assert!(refused(&inbox.receive(&generic(body, "whsec_b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=", now))));
    assert!(refused(&inbox.receive(&generic(body, newer, now - 301))));
    assert!(refused(&inbox.receive(&generic(body, newer, now + 301))));
    let mut tampered = generic(body, newer, now);
    tampered.body = body.replace("hello", "HELLO").into_bytes();
    assert!(refused(&inbox.receive(&tampered)));
    assert!(refused(&Inbox::bare(Provider::Generic).receive(&generic(body, newer, now))));
}

#[test]
fn generic_events_of_every_type() {
    let inbox = Inbox::bare(Provider::Generic);
    let body = json!({ "events": [
        { "id": "1", "from": ["id-1", "+491"], "name": "Ada", "text": "hi", "sent_at": 1_767_261_600_123_i64 },
        { "id": "2", "from": "c", "type": "edited", "message": "1", "text": "hi!" },
        { "id": "3", "from": "c", "type": "deleted", "message": "1" },
        { "id": "4", "from": "c", "type": "reaction", "message": "1", "emoji": "👍" },
        { "id": "5", "from": "c", "type": "reaction", "message": "1" },
        { "id": "6", "from": "c", "type": "receipt", "message": "m", "status": "failed", "error": 7, "effect": "fx" },
        { "id": "7", "from": "c", "type": "echo", "message": "m", "text": "x", "author": "human", "app": "Desk" },
        { "id": "8", "from": "c", "type": "opt_out" },
        { "id": "9", "from": "c", "type": "opt_in" },
        { "id": "10", "from": "c", "type": "thread_control", "control": "with_us" },
        { "id": "11", "from": "c", "type": "system", "what": "joined" },
        { "id": "12", "from": "c", "media": [{ "kind": "image", "url": "u1" }, { "kind": "audio", "url": "u2" }], "text": "two" },
        { "id": "13", "from": "c", "choice": { "title": "Yes", "payload": "y" } },
        { "id": "14", "from": "c", "location": { "latitude": 52.5, "longitude": -13.25 } },
        { "id": "15", "from": "c", "type": "from the future" },
        { "id": "16", "text": "nobody" },
    ] });
    let accepted = accepted(inbox.read(&Call::json(body.to_string())));
    let ids: Vec<_> = accepted.events.iter().map(|event| event.dedupe_id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14"]);
    assert_eq!(accepted.unknown, ["from_the_future", "malformed:event_without_a_from"]);
    let first = &accepted.events[0];
    assert_eq!(first.identities, ["id-1", "+491"]);
    assert_eq!((first.address.as_str(), first.author_name.as_deref()), ("id-1", Some("Ada")));
    assert_eq!(first.sent_at.unwrap().as_ms(), 1_767_261_600_123);
    let kind = |place: usize| &accepted.events[place].kind;
    assert!(matches!(kind(1), EventKind::Edited { message, .. } if message == "1"));
    assert_eq!(kind(3), &EventKind::Reaction { message: "1".into(), emoji: Some("👍".into()) });
    assert_eq!(kind(4), &EventKind::Reaction { message: "1".into(), emoji: None });
    let effect: EffectId = "fx".parse().unwrap();
    let receipt = Receipt {
        message: "m".into(),
        status: ReceiptStatus::Failed,
        effect: Some(effect),
        error: Some("7".into()),
        class: None,
        up_to: None,
    };
    assert_eq!(kind(5), &EventKind::Receipt(receipt));
    assert!(
        matches!(kind(6), EventKind::Echo(echo) if echo.author == EchoAuthor::Human { app: "Desk".into() })
    );
    assert_eq!(kind(7), &EventKind::Consent { opted_out: true });
    assert_eq!(kind(9), &EventKind::ThreadControl(ThreadControl::WithUs));
    assert_eq!(accepted.events[11].attachments, 2);
    let EventKind::Message(message) = kind(11) else { panic!() };
    let media = Content::Media {
        kind: MediaKind::Image,
        caption: Some("two".into()),
        reference: Some("u1 u2".into()),
    };
    assert_eq!(message.content, media);
    let EventKind::Message(message) = kind(13) else { panic!() };
    let place = Content::Location { latitude_e6: 52_500_000, longitude_e6: -13_250_000, name: None };
    assert_eq!(message.content, place);
}

#[test]
fn one_broken_element_alone_is_malformed_and_says_so_without_content() {
    let inbox = Inbox::bare(Provider::Generic);
    let Verdict::Malformed(malformed) = inbox.read(&Call::json(r#"{"text":"secret words"}"#)) else {
        panic!()
    };
    assert_eq!(malformed.reason, "event without a from");
    assert_eq!(malformed.reply.status, StatusCode::OK);
    let Verdict::Malformed(malformed) = inbox.read(&Call::json("no json")) else { panic!() };
    assert_eq!(malformed.reason, "body is not JSON");
}

const TWILIO_BODY: &str =
    "MessageSid=SM1&From=%2B491511&To=%2B441632&Body=I+want+to+talk+%F0%9F%91%8B&NumMedia=0&Empty=";

fn twilio(body: &str, url: &str) -> Call {
    let call = Call::form(body)
        .header("x-twilio-signature", &twilio_signature("test-auth-token", url, body.as_bytes()));
    match url.split_once('?') {
        Some((_, query)) => call.query(query),
        None => call,
    }
}

#[test]
fn twilio_signs_the_public_address() {
    let inbox = Inbox::complete(Provider::Twilio);
    let accepted = accepted(inbox.receive(&twilio(TWILIO_BODY, URL)));
    assert_eq!((accepted.reply.content_type, accepted.reply.body.as_str()), ("text/xml", "<Response/>"));
    let event = &accepted.events[0];
    assert_eq!(words(event), Some("I want to talk 👋"));
    assert_eq!(
        (event.identities.as_slice(), event.address.as_str()),
        (&["+491511".to_owned()][..], "+491511")
    );
    let with_port = URL.replace(".com", ".com:443");
    assert!(!refused(&inbox.receive(&twilio(TWILIO_BODY, &with_port))));
    for wrong in [URL.replace("https", "http"), format!("{URL}/"), with_port.replace("443", "444")] {
        assert!(refused(&inbox.receive(&twilio(TWILIO_BODY, &wrong))), "{wrong}");
    }
    let odd = "MessageSid=SM1&From=%2B491511&Body=%ff%fe";
    assert!(!refused(&inbox.receive(&twilio(odd, URL))), "signed bytes need not be UTF-8");
}

#[test]
fn twilio_receipts_carry_our_effect() {
    let inbox = Inbox::complete(Provider::Twilio);
    let body = "MessageSid=SM9&MessageStatus=undelivered&To=whatsapp%3A%2B491511&From=whatsapp%3A%2B44&ErrorCode=63016";
    let accepted = accepted(inbox.receive(&twilio(body, &format!("{URL}?effect=fx1"))));
    let event = &accepted.events[0];
    assert_eq!(event.address, "whatsapp:+491511");
    let effect: EffectId = "fx1".parse().unwrap();
    let receipt = Receipt {
        message: "SM9".into(),
        status: ReceiptStatus::Failed,
        effect: Some(effect),
        error: Some("63016".into()),
        class: Some("window_closed".into()),
        up_to: None,
    };
    assert_eq!(event.kind, EventKind::Receipt(receipt));
}

#[test]
fn twilio_consent_comes_before_the_words() {
    let inbox = Inbox::bare(Provider::Twilio);
    let read = |body: &str| -> Vec<EventKind> {
        accepted(inbox.read(&Call::form(body))).events.into_iter().map(|event| event.kind).collect()
    };
    for (body, opted_out) in [
        ("MessageSid=1&From=%2B1&Body=Adios&OptOutType=STOP", Some(true)),
        ("MessageSid=1&From=%2B1&Body=Hola&OptOutType=START", Some(false)),
        ("MessageSid=1&From=%2B1&Body=+stop+", Some(true)),
        ("MessageSid=1&From=%2B1&Body=unstop", Some(false)),
        ("MessageSid=1&From=%2B1&Body=cancel", None),
        ("MessageSid=1&From=%2B1&Body=please+stop", None),
        ("MessageSid=1&From=whatsapp%3A%2B1&Body=stop", None),
        ("MessageSid=1&From=%2B1&Body=help&OptOutType=HELP", None),
    ] {
        let kinds = read(body);
        let consent = kinds.iter().find_map(|kind| match kind {
            EventKind::Consent { opted_out } => Some(*opted_out),
            _ => None,
        });
        assert_eq!(consent, opted_out, "{body}");
        assert!(matches!(kinds.last(), Some(EventKind::Message(_))), "{body}");
    }
    let events = accepted(inbox.read(&Call::form("MessageSid=1&From=%2B1&Body=stop"))).events;
    assert_ne!(events[0].event_id(&inbox.id), events[1].event_id(&inbox.id));
}

#[test]
fn twilios_default_words_of_consent() {
    let inbox = Inbox::bare(Provider::Twilio);
    let consents = |words: &str| {
        let call = Call::form(format!("MessageSid=SM1&From=%2B4915112345678&To=%2B15550001111&Body={words}"));
        let found = accepted(inbox.read(&call)).events;
        found.iter().find_map(|event| match event.kind {
            EventKind::Consent { opted_out } => Some(opted_out),
            _ => None,
        })
    };
    for (words, consent) in [
        ("STOP", Some(true)),
        ("revoke", Some(true)),
        ("OPTOUT", Some(true)),
        ("start", Some(false)),
        ("Yes", Some(false)),
        ("yes+please", None),
        ("CANCEL", None),
    ] {
        assert_eq!(consents(words), consent, "{words}");
    }
}

#[test]
fn twilio_media_lists_places_and_cards() {
    let inbox = Inbox::bare(Provider::Twilio);
    let read = |rest: &str| -> (Content, usize) {
        let body = format!("MessageSid=1&From=%2B1&Body=&{rest}");
        let event = accepted(inbox.read(&Call::form(body))).events.remove(0);
        let EventKind::Message(message) = event.kind else { panic!() };
        (message.content, event.attachments)
    };
    let (content, files) =
        read("NumMedia=2&MediaUrl0=https%3A%2F%2Fa&MediaContentType0=image%2Fjpeg&MediaUrl1=https%3A%2F%2Fb");
    let media = Content::Media {
        kind: MediaKind::Image,
        caption: None,
        reference: Some("https://a https://b".into()),
    };
    assert_eq!((content, files), (media, 2));
    assert_eq!(read("NumMedia=1&MediaUrl0=u&MediaContentType0=text%2Fvcard").0, Content::ContactCard);
    let choice = Content::Choice { title: "Billing".into(), payload: Some("row".into()) };
    assert_eq!(read("ListId=row&ListTitle=Billing").0, choice);
    let place =
        Content::Location { latitude_e6: 1_500_000, longitude_e6: 2_000_000, name: Some("Home".into()) };
    assert_eq!(read("Latitude=1.5&Longitude=2&Label=Home").0, place);
    assert_eq!(read("Latitude=NaN&Longitude=2").0, Content::Text(String::new()));
    assert_eq!(read("Latitude=91&Longitude=2").0, Content::Text(String::new()));
}

#[test]
fn meta_answers_only_a_verification_with_the_right_token() {
    let inbox = Inbox::complete(Provider::Messenger);
    let mut call =
        Call::json("").query("hub.mode=subscribe&hub.verify_token=test-verify-token&hub.challenge=11%3C22");
    call.method = Method::GET;
    let accepted = accepted(inbox.receive(&call));
    assert_eq!((accepted.reply.body.as_str(), accepted.events.len()), ("11<22", 0));
    assert_eq!(accepted.reply.content_type, "text/plain; charset=utf-8");
    let wrong = call.query("hub.mode=subscribe&hub.verify_token=other&hub.challenge=1");
    let Verdict::Refused(refusal) = inbox.receive(&wrong) else { panic!() };
    assert_eq!(refusal.status, StatusCode::FORBIDDEN);
}

fn whatsapp(value: Value) -> Value {
    let mut value = value;
    value["metadata"] = json!({ "phone_number_id": "200" });
    json!({ "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": value }] }] })
}

#[test]
fn whatsapp_knows_the_client_by_the_stable_id_first() {
    let inbox = Inbox::bare(Provider::WhatsApp);
    let text = |from: Value| whatsapp(json!({ "messages": [from] }));
    let both = json!({ "from": "4915", "from_user_id": "DE.1", "id": "w1", "type": "text", "text": { "body": "x" } });
    let event = &events(&inbox, &text(both))[0];
    assert_eq!(
        (event.identities.as_slice(), event.address.as_str()),
        (&["DE.1".to_owned(), "4915".to_owned()][..], "4915")
    );
    let hidden = json!({ "from_user_id": "DE.1", "id": "w1", "type": "text", "text": { "body": "x" } });
    let event = &events(&inbox, &text(hidden))[0];
    assert_eq!((event.identities.as_slice(), event.address.as_str()), (&["DE.1".to_owned()][..], "DE.1"));
}

#[test]
fn whatsapp_leaves_other_numbers_alone_and_reads_our_correlation() {
    let body = whatsapp(json!({ "statuses": [
        { "id": "w1", "status": "read", "recipient_id": "4915", "biz_opaque_callback_data": "handover:fx1" },
        { "id": "w2", "status": "sent", "recipient_id": "4915", "biz_opaque_callback_data": "somebody else's" },
        { "id": "w3", "status": "vanished", "recipient_id": "4915" },
    ] }));
    let accepted_by = |inbox: &Inbox| accepted(inbox.read(&Call::json(body.to_string())));
    let ours = accepted_by(&Inbox::bare(Provider::WhatsApp).with("phone_number_id", "200"));
    let effects: Vec<_> = ours
        .events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Receipt(receipt) => receipt.effect.as_ref().map(|effect| effect.as_str().to_owned()),
            _ => panic!(),
        })
        .collect();
    assert_eq!(effects, [Some("fx1".to_owned()), None]);
    assert_eq!(ours.unknown, ["vanished"]);
    let others = accepted_by(&Inbox::bare(Provider::WhatsApp).with("phone_number_id", "201"));
    assert_eq!((others.events.len(), others.unknown), (0, vec!["another_phone_number".to_owned()]));
}

#[test]
fn a_delivery_report_is_a_receipt_for_each_message() {
    let inbox = Inbox::bare(Provider::Messenger);
    let body =
        messenger(json!({ "sender": { "id": "7" }, "delivery": { "mids": ["a", "b"], "watermark": 5 } }));
    let events = events(&inbox, &body);
    assert_eq!(events.len(), 2);
    assert_ne!(events[0].event_id(&inbox.id), events[1].event_id(&inbox.id));
    let without = messenger(json!({ "sender": { "id": "7" }, "delivery": { "watermark": 5 } }));
    let kinds = kinds(&inbox, &without);
    assert!(
        matches!(&kinds[..], [EventKind::Receipt(receipt)]
            if receipt.message == "watermark:5" && receipt.up_to == Some(Timestamp::from_ms(5))),
        "{kinds:?}"
    );
}

#[test]
fn slack_reports_a_mention_twice_and_it_is_one_event() {
    let inbox = Inbox::bare(Provider::Slack);
    let report = |id: &str, kind: &str| {
        let event = json!({ "type": kind, "channel": "C1", "user": "U1", "ts": "1767261602.000002", "text": "a &lt;b&gt;" });
        events(&inbox, &json!({ "type": "event_callback", "team_id": "T", "event_id": id, "event": event }))
            .remove(0)
    };
    let (mention, message) = (report("Ev1", "app_mention"), report("Ev2", "message"));
    assert_eq!(mention.event_id(&inbox.id), message.event_id(&inbox.id));
    assert_eq!(words(&mention), Some("a <b>"));
    // An answer in a channel opens a thread, and the thread is the conversation.
    assert_eq!(
        (mention.address.as_str(), mention.identities[0].as_str()),
        ("C1:1767261602.000002", "C1:1767261602.000002")
    );
    let challenge = accepted(inbox.read(&Call::json(r#"{"type":"url_verification","challenge":"abc"}"#)));
    assert_eq!((challenge.reply.body.as_str(), challenge.events.len()), ("abc", 0));
}

#[test]
fn slack_edits_without_new_words_are_no_edits() {
    let inbox = Inbox::bare(Provider::Slack);
    let message = json!({ "user": "U1", "text": "https://x", "ts": "1.000001" });
    let event = json!({ "type": "message", "subtype": "message_changed", "channel": "D1", "ts": "2.000001",
        "message": message, "previous_message": message });
    let body = json!({ "type": "event_callback", "event_id": "Ev1", "event": event });
    let accepted = accepted(inbox.read(&Call::json(body.to_string())));
    assert_eq!((accepted.events.len(), accepted.unknown.len()), (0, 1));
}

#[test]
fn what_no_rule_knows_is_acknowledged_and_counted() {
    for (provider, body, name) in [
        (Provider::Generic, json!({ "from": "c", "type": "novel" }), "novel"),
        (
            Provider::WhatsApp,
            json!({ "entry": [{ "changes": [{ "field": "novel", "value": {} }] }] }),
            "novel",
        ),
        (Provider::Messenger, messenger(json!({ "sender": { "id": "7" }, "novel": {} })), "novel"),
        (Provider::Instagram, messenger(json!({ "sender": { "id": "7" }, "novel": {} })), "novel"),
        (Provider::HighLevel, json!({ "type": "novel" }), "novel"),
        (Provider::Telegram, json!({ "update_id": 1, "novel": {} }), "novel"),
        (
            Provider::Slack,
            json!({ "type": "event_callback", "event_id": "E", "event": { "type": "novel" } }),
            "novel",
        ),
        (
            Provider::Line,
            json!({ "events": [{ "type": "novel", "webhookEventId": "1", "source": { "userId": "U" } }] }),
            "novel",
        ),
        (Provider::Chatwoot, json!({ "event": "novel" }), "novel"),
        (Provider::Intercom, json!({ "topic": "novel" }), "novel"),
        (Provider::Vonage, json!({ "message_uuid": "1", "to": "c", "status": "novel" }), "novel"),
        (Provider::Sinch, json!({ "novel": { "contact_id": "c" } }), "novel"),
        (Provider::MessageBird, json!({ "type": "novel" }), "novel"),
        (Provider::Bird, json!({ "event": "novel" }), "novel"),
        (Provider::Viber, json!({ "event": "novel", "message_token": 1 }), "novel"),
        (Provider::Sunshine, json!({ "events": [{ "id": "1", "type": "novel", "payload": {} }] }), "novel"),
    ] {
        let accepted = accepted(Inbox::bare(provider).read(&Call::json(body.to_string())));
        assert_eq!(
            (accepted.events.len(), accepted.unknown.as_slice()),
            (0, &[name.to_owned()][..]),
            "{provider:?}"
        );
        assert_eq!(accepted.reply.status, StatusCode::OK);
    }
    for (provider, body, name) in [
        (Provider::Twilio, "CallSid=CA1&From=%2B1&To=%2B2", "no_message"),
        (Provider::Twilio, "MessageSid=1&To=%2B1&MessageStatus=novel", "novel"),
        (Provider::TwilioConversations, "EventType=novel&ConversationSid=CH1&MessageSid=IM1", "novel"),
    ] {
        let accepted = accepted(Inbox::bare(provider).read(&Call::form(body)));
        assert_eq!(
            (accepted.events.len(), accepted.unknown.as_slice()),
            (0, &[name.to_owned()][..]),
            "{provider:?}"
        );
    }
}

#[test]
fn a_batch_keeps_its_order_and_survives_a_broken_element() {
    let inbox = Inbox::bare(Provider::WhatsApp);
    let text = |id: usize| json!({ "from": "4915", "id": format!("w{id}"), "type": "text", "text": { "body": id.to_string() } });
    let mut messages: Vec<Value> = (0..5_000).map(text).collect();
    messages[17] = json!({ "id": "w17", "type": "text" });
    messages[18] = json!("not even an object");
    let accepted = accepted(inbox.read(&Call::json(whatsapp(json!({ "messages": messages })).to_string())));
    let ids: Vec<_> = accepted.events.iter().map(|event| event.dedupe_id.clone()).collect();
    let expected: Vec<_> =
        (0..5_000).filter(|id| ![17, 18].contains(id)).map(|id| format!("w{id}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(accepted.unknown, ["malformed:message_without_a_sender", "malformed:message_without_an_id"]);
}

#[test]
fn a_receipt_of_a_late_failure_has_a_class() {
    let class = |code: &str| {
        let body =
            format!("MessageSid=SM1&MessageStatus=undelivered&To=%2B491&From=%2B1555&ErrorCode={code}");
        let accepted = accepted(Inbox::bare(Provider::Twilio).read(&Call::form(body)));
        let EventKind::Receipt(receipt) = &accepted.events[0].kind else { panic!("no receipt") };
        (receipt.error.clone(), receipt.class.clone())
    };
    let known = |code: &str, class: &str| (Some(code.to_owned()), Some(class.to_owned()));
    assert_eq!(class("63016"), known("63016", "window_closed"));
    assert_eq!(class("21610"), known("21610", "opted_out"));
    assert_eq!(class("99999"), (Some("99999".to_owned()), None));
    assert_eq!(class(""), (None, None));
}
