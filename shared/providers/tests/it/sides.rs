//! Who speaks, and who has the thread: the client, we, a human in another app, other software.

use handover_core::{EchoAuthor, EventKind, Provider, ThreadControl};
use serde_json::{Value, json};

use crate::{Call, Inbox, accepted, events, kinds, messenger, refused, words};

#[test]
fn messenger_tells_our_echoes_from_humans_and_other_apps() {
    let inbox = Inbox::bare(Provider::Messenger).with("app_id", "151");
    let author = |message: Value| {
        let mut message = message;
        message["mid"] = json!("m1");
        message["is_echo"] = json!(true);
        message["text"] = json!("hello");
        let body =
            messenger(json!({ "sender": { "id": "300" }, "recipient": { "id": "7" }, "message": message }));
        let event = events(&inbox, &body).remove(0);
        assert_eq!(event.identities, ["7"]);
        let EventKind::Echo(echo) = event.kind else { panic!() };
        (echo.author, echo.effect.map(|effect| effect.to_string()))
    };
    let human = EchoAuthor::Human { app: "Page Inbox".into() };
    assert_eq!(author(json!({ "app_id": 263_902_037_430_900_u64 })), (human, None));
    assert_eq!(
        author(json!({ "app_id": 151, "metadata": "handover:fx1" })),
        (EchoAuthor::Ours, Some("fx1".into()))
    );
    assert_eq!(author(json!({ "app_id": 151 })), (EchoAuthor::Unknown, None));
    assert_eq!(author(json!({})), (EchoAuthor::Unknown, None));
    assert_eq!(
        author(json!({ "app_id": "99", "metadata": "x" })),
        (EchoAuthor::Automation { app: "app 99".into() }, None)
    );
}

#[test]
fn messenger_threads_move() {
    let inbox = Inbox::bare(Provider::Messenger).with("app_id", "151").with("staff_app_id", "9");
    let control = |name: &str, inner: Value| {
        let body = messenger(json!({ "sender": { "id": "7" }, "recipient": { "id": "300" }, name: inner }));
        match kinds(&inbox, &body).as_slice() {
            [EventKind::ThreadControl(control)] => *control,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(control("pass_thread_control", json!({ "new_owner_app_id": "151" })), ThreadControl::WithUs);
    assert_eq!(
        control("pass_thread_control", json!({ "new_owner_app_id": "263902037430900" })),
        ThreadControl::WithHumans
    );
    assert_eq!(control("pass_thread_control", json!({ "new_owner_app_id": "9" })), ThreadControl::WithHumans);
    assert_eq!(
        control("take_thread_control", json!({ "previous_owner_app_id": "151" })),
        ThreadControl::WithHumans
    );
    assert_eq!(
        control("request_thread_control", json!({ "requested_owner_app_id": "9" })),
        ThreadControl::Requested
    );
    assert_eq!(
        control("request_thread_control", json!({ "requested_owner_app_id": "263902037430900" })),
        ThreadControl::Requested
    );
    let other = messenger(
        json!({ "sender": { "id": "7" }, "recipient": { "id": "300" }, "request_thread_control": { "requested_owner_app_id": "8" } }),
    );
    assert_eq!(kinds(&inbox, &other), [EventKind::System { what: "request_thread_control".into() }]);
}

#[test]
fn staff_answer_in_the_app_that_the_inbox_names() {
    let inbox = Inbox::bare(Provider::Messenger).with("app_id", "151").with("staff_app_id", "99");
    let body = |app: u32| {
        let message = json!({ "mid": "m1", "is_echo": true, "app_id": app, "text": "hello" });
        messenger(json!({ "sender": { "id": "300" }, "recipient": { "id": "7" }, "message": message }))
    };
    assert_eq!(echo_author(&inbox, &body(99)), EchoAuthor::Human { app: "app 99".into() });
    assert_eq!(echo_author(&inbox, &body(98)), EchoAuthor::Automation { app: "app 98".into() });
}

#[test]
fn what_happened_is_found_by_its_name() {
    let inbox = Inbox::bare(Provider::Messenger);
    let element = json!({
        "sender": { "id": "7" }, "recipient": { "id": "300" }, "a_new_field": { "x": 1 },
        "message": { "mid": "m1", "text": "human" },
    });
    let found = events(&inbox, &messenger(element));
    assert_eq!(found.iter().map(words).collect::<Vec<_>>(), [Some("human")]);
    let telegram = json!({ "update_id": 9, "a_new_field": { "x": 1 }, "message": {
        "message_id": 1, "chat": { "id": 42 }, "from": { "id": 42 }, "date": 1, "text": "human" } });
    assert_eq!(words(&events(&Inbox::bare(Provider::Telegram), &telegram)[0]), Some("human"));
    let sinch = json!({ "app_id": "a", "a_new_field": { "x": 1 }, "message": {
        "id": "m1", "contact_id": "c1", "contact_message": { "a_new_field": {}, "text_message": { "text": "human" } } } });
    assert_eq!(words(&events(&Inbox::bare(Provider::Sinch), &sinch)[0]), Some("human"));
}

#[test]
fn quoted_words_are_not_the_clients() {
    let highlevel = Inbox::bare(Provider::HighLevel);
    let mail = |kind: &str, body: &str| {
        let body = json!({ "type": kind, "contactId": "c1", "messageType": "Email", "webhookId": "w", "body": body });
        words(&events(&highlevel, &body)[0]).unwrap().to_owned()
    };
    let outlook = r#"<div>thanks</div><div id="divRplyFwdMsg">From: x</div><div>talk to a human</div>"#;
    assert_eq!(mail("InboundMessage", outlook), "thanks");
    assert_eq!(mail("InboundMessage", "thanks\n\nOn 3 May 2026, we wrote:\n> talk to a human"), "thanks");
    assert_eq!(mail("OutboundMessage", "look:\n&gt; x"), "look:\n> x", "an echo stays as it was sent");
    let intercom = json!({ "topic": "conversation.user.replied", "id": "n1", "data": { "item": { "id": "215",
        "conversation_parts": { "conversation_parts": [{ "id": "p1", "author": { "type": "user", "id": "u" },
            "body": "<p>thanks</p><p>-----Original Message-----</p><p>talk to a human</p>" }] } } } });
    assert_eq!(words(&events(&Inbox::bare(Provider::Intercom), &intercom)[0]), Some("thanks"));
    let slack = |event: Value| {
        let body = json!({ "type": "event_callback", "event_id": "E1", "event": event });
        words(&events(&Inbox::bare(Provider::Slack), &body)[0]).unwrap().to_owned()
    };
    let text = "&gt; get me a human\nno, not this";
    assert_eq!(
        slack(json!({ "type": "message", "channel": "D1", "ts": "1.000001", "user": "U1", "text": text })),
        "no, not this"
    );
    let edit = json!({ "type": "message", "subtype": "message_changed", "channel": "D1", "ts": "2.000001",
        "message": { "ts": "1.000001", "user": "U1", "text": text }, "previous_message": { "text": "x" } });
    assert_eq!(slack(edit), "no, not this");
}

#[test]
fn a_line_group_is_a_thread() {
    let inbox = Inbox::bare(Provider::Line);
    let event = |source: Value| {
        let event = json!({ "type": "message", "webhookEventId": "e1", "timestamp": 1, "source": source,
            "message": { "type": "text", "id": "1", "text": "hi" } });
        events(&inbox, &json!({ "destination": "U1", "events": [event] })).remove(0)
    };
    let group = event(json!({ "type": "group", "groupId": "C1", "userId": "U2" }));
    assert_eq!(
        (group.thread.as_deref(), group.sender.as_deref(), group.address.as_str()),
        (Some("C1"), Some("U2"), "C1")
    );
    let room = event(json!({ "type": "room", "roomId": "R1" }));
    assert_eq!((room.thread.as_deref(), room.sender.as_deref()), (Some("R1"), Some("R1")));
    assert_eq!(event(json!({ "type": "user", "userId": "U2" })).thread, None);
}

#[test]
fn sunshine_reports_about_the_client() {
    let inbox = Inbox::bare(Provider::Sunshine);
    let body = json!({ "events": [{ "id": "e1", "type": "conversation:message:delivery:user", "payload": {
        "user": { "id": "u1" }, "conversation": { "id": "c1" },
        "message": { "id": "m1", "author": { "type": "business" } } } }] });
    assert_eq!(events(&inbox, &body)[0].sender.as_deref(), Some("u1"));
}

#[test]
fn messages_in_standby_are_somebody_elses_to_answer() {
    let inbox = Inbox::bare(Provider::Messenger);
    let element = json!({ "sender": { "id": "7" }, "recipient": { "id": "300" }, "message": { "mid": "m1", "text": "hi" } });
    let events = events(&inbox, &json!({ "entry": [{ "id": "300", "standby": [element] }] }));
    assert_eq!(events[0].kind, EventKind::ThreadControl(ThreadControl::WithHumans));
    assert_eq!((words(&events[1]), events.len()), (Some("hi"), 2));
    assert_ne!(events[0].event_id(&inbox.id), events[1].event_id(&inbox.id));
}

/// An inbox, a body, and what its echo says of its author.
fn echo_author(inbox: &Inbox, body: &Value) -> EchoAuthor {
    match kinds(inbox, body).pop() {
        Some(EventKind::Echo(echo)) => echo.author,
        other => panic!("{other:?}"),
    }
}

#[test]
fn highlevel_tells_staff_from_workflows() {
    let inbox = Inbox::bare(Provider::HighLevel);
    let body = |extra: Value| {
        let mut body = json!({ "type": "OutboundMessage", "contactId": "c1", "locationId": "l1", "messageType": "SMS", "webhookId": "w", "body": "x" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    assert_eq!(
        echo_author(&inbox, &body(json!({ "userId": "u1" }))),
        EchoAuthor::Human { app: "HighLevel".into() }
    );
    assert_eq!(
        echo_author(&inbox, &body(json!({ "source": "workflow" }))),
        EchoAuthor::Automation { app: "HighLevel".into() }
    );
    assert_eq!(echo_author(&inbox, &body(json!({ "source": "api" }))), EchoAuthor::Unknown);
    let dnd =
        json!({ "type": "ContactDndUpdate", "id": "c1", "locationId": "l1", "dnd": true, "webhookId": "w2" });
    assert_eq!(kinds(&inbox, &dnd), [EventKind::Consent { opted_out: true }]);
    let chat = json!({ "type": "InboundMessage", "contactId": "c1", "messageType": "Live Chat", "webhookId": "w3", "body": "x" });
    assert_eq!(events(&inbox, &chat)[0].address, "Live_Chat:c1");
    assert_eq!(events(&inbox, &chat)[0].person.as_deref(), Some("highlevel:c1"), "the same in every inbox");
}

#[test]
fn highlevel_calls_that_do_not_say_whose_they_are_are_not_ours() {
    let body = json!({ "type": "InboundMessage", "contactId": "c1", "messageType": "SMS", "webhookId": "w", "body": "x" });
    let read = |inbox: Inbox| accepted(inbox.read(&Call::json(body.to_string())));
    let ours = read(Inbox::bare(Provider::HighLevel).with("location_id", "l1"));
    assert_eq!((ours.events.len(), ours.unknown), (0, vec!["another_location".to_owned()]));
    assert_eq!(read(Inbox::bare(Provider::HighLevel)).events.len(), 1);
}

#[test]
fn highlevel_calls_are_taken_for_a_day() {
    use ed25519_dalek::{Signer, SigningKey};
    let key = SigningKey::from_bytes(&[7; 32]);
    let mut der = data_encoding::HEXLOWER.decode(b"302a300506032b6570032100").unwrap();
    der.extend(key.verifying_key().as_bytes());
    let inbox = Inbox::complete(Provider::HighLevel)
        .with("public_key", &data_encoding::BASE64.encode(&der))
        .with("location_id", "l1");
    let signed = |body: Value| {
        let body = body.to_string();
        let signature = data_encoding::BASE64.encode(&key.sign(body.as_bytes()).to_bytes());
        Call::json(body).header("x-ghl-signature", &signature)
    };
    let call = |timestamp: &str| {
        let body =
            json!({ "type": "InboundMessage", "contactId": "c1", "locationId": "l1", "messageType": "SMS",
            "webhookId": "w", "body": "x", "timestamp": timestamp })
            .to_string();
        signed(serde_json::from_str(&body).unwrap())
    };
    // Without a time of its own a message's counts; anything else has none.
    let dated = |kind: &str, at: &str| {
        signed(
            json!({ "type": kind, "id": "c1", "contactId": "c1", "locationId": "l1", "dateAdded": at, "body": "x" }),
        )
    };
    assert!(!refused(&inbox.receive(&dated("InboundMessage", "2026-01-01T09:00:00.000Z"))));
    assert!(refused(&inbox.receive(&dated("InboundMessage", "2025-12-01T10:00:00.000Z"))));
    assert!(refused(&inbox.receive(&dated("ContactDndUpdate", "2026-01-01T09:00:00.000Z"))));
    // While the key changes, both are good.
    let other = data_encoding::BASE64.encode(
        &[der[..12].to_vec(), SigningKey::from_bytes(&[8; 32]).verifying_key().as_bytes().to_vec()].concat(),
    );
    let now = "2026-01-01T10:00:00.000Z";
    let mine = data_encoding::BASE64.encode(&der);
    for (first, second, taken) in
        [(&mine, "", true), (&other, mine.as_str(), true), (&other, "", false), (&other, "x", false)]
    {
        let inbox = Inbox::complete(Provider::HighLevel)
            .with("location_id", "l1")
            .with("public_key", first)
            .with("next_public_key", second);
        assert_eq!(!refused(&inbox.receive(&call(now))), taken, "{second}");
    }
    for (timestamp, taken) in [
        ("2026-01-01T10:00:00.000Z", true),
        ("2025-12-31T10:00:00.000Z", true),
        ("2025-12-31T09:59:59.000Z", false),
        ("2026-01-02T10:00:01.000Z", false),
    ] {
        assert_eq!(!refused(&inbox.receive(&call(timestamp))), taken, "{timestamp}");
    }
}

#[test]
fn telegram_owners_of_a_business_chat_are_our_side() {
    let inbox = Inbox::bare(Provider::Telegram);
    let body = |from: u64, extra: Value| {
        let mut message = json!({ "message_id": 5, "business_connection_id": "bc", "from": { "id": from, "is_bot": false },
            "chat": { "id": 42, "type": "private" }, "date": 1, "text": "hi" });
        message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({ "update_id": 9, "business_message": message })
    };
    assert_eq!(echo_author(&inbox, &body(7, json!({}))), EchoAuthor::Human { app: "Telegram".into() });
    let by_bot = json!({ "sender_business_bot": { "id": 1 } });
    assert_eq!(echo_author(&inbox, &body(7, by_bot)), EchoAuthor::Unknown);
    let client = events(&inbox, &body(42, json!({}))).remove(0);
    assert_eq!((words(&client), client.address.as_str()), (Some("hi"), "bc:42"));
}

#[test]
fn telegram_buttons_are_answered_in_the_reply() {
    let inbox = Inbox::bare(Provider::Telegram);
    let keyboard = json!({ "inline_keyboard": [[{ "text": "Talk to a human", "callback_data": "human" }]] });
    let body = json!({ "update_id": 9, "callback_query": { "id": "q1", "data": "human", "from": { "id": 42 },
        "message": { "message_id": 1, "chat": { "id": 42 }, "from": { "id": 1, "is_bot": true }, "reply_markup": keyboard } } });
    let accepted = accepted(inbox.read(&Call::json(body.to_string())));
    assert_eq!(words(&accepted.events[0]), Some("Talk to a human"));
    let answer: Value = serde_json::from_str(&accepted.reply.body).unwrap();
    assert_eq!(answer, json!({ "method": "answerCallbackQuery", "callback_query_id": "q1" }));
}

#[test]
fn chatwoot_tells_agents_from_our_bot_and_shows_its_status() {
    let inbox = Inbox::bare(Provider::Chatwoot);
    let message = |sender: &str, attributes: Value| {
        json!({ "event": "message_created", "id": 1, "message_type": "outgoing", "content": "x", "content_attributes": attributes,
            "sender": { "id": 5, "type": sender }, "inbox": { "id": 3 }, "account": { "id": 1 },
            "conversation": { "id": 42, "meta": { "sender": { "id": 10 } } } })
    };
    assert_eq!(
        echo_author(&inbox, &message("user", json!({}))),
        EchoAuthor::Human { app: "Chatwoot".into() }
    );
    let ours = json!({ "handover_effect": "handover:fx" });
    assert_eq!(echo_author(&inbox, &message("user", ours)), EchoAuthor::Ours);
    assert_eq!(echo_author(&inbox, &message("agent_bot", json!({}))), EchoAuthor::Unknown);
    let status = |status: &str| {
        kinds(
            &inbox,
            &json!({ "event": "conversation_status_changed", "id": 42, "status": status, "inbox_id": 3,
            "meta": { "sender": { "id": 10 } }, "updated_at": 1.5 }),
        )
    };
    assert_eq!(status("open"), [EventKind::ThreadControl(ThreadControl::WithHumans)]);
    assert_eq!(status("pending"), [EventKind::ThreadControl(ThreadControl::WithUs)]);
    assert_eq!(status("snoozed"), []);
}

#[test]
fn a_private_note_leaves_no_words() {
    let inbox = Inbox::bare(Provider::Chatwoot);
    let body = json!({ "event": "message_created", "id": 1, "message_type": "outgoing", "content": "VIP", "private": true,
        "conversation": { "id": 42, "meta": { "sender": { "id": 10 } } } });
    let events = events(&inbox, &body);
    assert_eq!(events[0].kind, EventKind::System { what: "private_note".into() });
    assert!(!format!("{events:?}").contains("VIP"));
}

#[test]
fn intercom_teammates_are_human_but_for_the_bots_own() {
    let inbox = Inbox::bare(Provider::Intercom).with("admin_id", "1");
    let body = |kind: &str, id: &str| {
        let part = json!({ "id": "p1", "body": "<p>x</p>", "author": { "type": kind, "id": id } });
        json!({ "topic": "conversation.admin.replied", "id": "n1",
            "data": { "item": { "id": "215", "conversation_parts": { "conversation_parts": [part] } } } })
    };
    assert_eq!(echo_author(&inbox, &body("admin", "2")), EchoAuthor::Human { app: "Intercom".into() });
    assert_eq!(echo_author(&inbox, &body("admin", "1")), EchoAuthor::Unknown);
    assert_eq!(echo_author(&inbox, &body("bot", "3")), EchoAuthor::Automation { app: "Intercom".into() });
}

#[test]
fn sunshine_says_who_has_control() {
    let inbox = Inbox::bare(Provider::Sunshine).with("integration_id", "us");
    let body = |name: &str, active: &str| {
        let conversation =
            json!({ "id": "c1", "activeSwitchboardIntegration": { "id": "x", "integrationId": active } });
        json!({ "events": [{ "id": "e1", "type": name, "payload": { "conversation": conversation } }] })
    };
    let control = |name: &str, active: &str| kinds(&inbox, &body(name, active)).remove(0);
    assert_eq!(control("switchboard:passControl", "us"), EventKind::ThreadControl(ThreadControl::WithUs));
    assert_eq!(
        control("switchboard:passControl", "desk"),
        EventKind::ThreadControl(ThreadControl::WithHumans)
    );
    // An offer is no move: the desk has it still.
    assert_eq!(
        control("switchboard:offerControl", "desk"),
        EventKind::ThreadControl(ThreadControl::WithHumans)
    );
}
