//! Starting, stopping, being killed, and going on.

use crate::client::TwilioMessage;
use crate::running::{Running, directory, fails};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::net::TcpListener;

#[test]
fn what_is_in_the_way_is_said_in_one_line() {
    let directory = directory("in_the_way");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let (file, broken, foreign) = (path("file"), path("broken.yaml"), path("foreign.yaml"));
    fs::write(&file, "").unwrap();
    fs::write(&broken, "Resources: [").unwrap();
    let template =
        include_str!("../../../template.yaml").replace("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy");
    fs::write(&foreign, template).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let data = path("data");
    let running = Running::start(&["--data", &data]);
    let free = "127.0.0.1:0";
    let below_file = format!("{file}/data");
    for (arguments, expected) in [
        (vec!["--ephemeral", "--listen", &taken], "cannot listen on"),
        (vec!["--listen", free, "--data", &below_file], "cannot write in the data directory"),
        (vec!["--listen", free, "--data", &data], "is in use by process"),
        (vec!["--listen", free, "--ephemeral", "--template", &broken], "template"),
        (vec!["--listen", free, "--ephemeral", "--template", &foreign], "AWS::S3::BucketPolicy"),
        (vec!["--listen", free, "--ephemeral", "--template", &below_file], "cannot read the template"),
        (vec!["--listen", "0.0.0.0:0", "--ephemeral"], "--allow-remote"),
    ] {
        let (status, said) = fails(&arguments);
        assert_eq!(status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.starts_with("handover: ") && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    }
    drop(running);
    let (status, said) = fails(&["--listen", free, "--data", &data, "--seed", "7"]);
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("another --seed"), "{said}");
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_and_goes_on_where_it_was() {
    let directory = directory("goes_on");
    let data = directory.to_str().unwrap();
    for signal in ["INT", "TERM"] {
        let running = Running::start(&["--data", data]);
        let before = running.page("/local/info")["accounts"].clone();
        let inbox = running.inbox(0, "twilio");
        let client = format!("whatsapp:+49151{}", signal.len());
        let message = TwilioMessage::new(&inbox, signal, &client, "Can I speak to a real person?");
        assert_eq!(message.post(&running.authority, &inbox).status, 200);
        running.advance("PT2H");
        let conversation = running.conversation(&client).unwrap();
        let ahead = running.page("/local/clock")["ahead_ms"].as_i64().unwrap();
        running.signal(signal);
        let (status, said) = running.wait();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));

        let running = Running::start(&["--data", data]);
        assert_eq!(running.page("/local/clock")["ahead_ms"], ahead, "a jump ahead is not undone");
        let mut after = running.page("/local/info")["accounts"].clone();
        // The port is another one, and it is part of the addresses.
        for (account, known) in after.as_array_mut().unwrap().iter_mut().zip(before.as_array().unwrap()) {
            for (inbox, known) in account["inboxes"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .zip(known["inboxes"].as_array().unwrap())
            {
                inbox["webhook_url"] = known["webhook_url"].clone();
            }
        }
        assert_eq!(after, before, "ids and secrets stay");
        assert_eq!(running.conversation(&client).unwrap(), conversation);
    }
}

#[test]
fn killed_it_loses_nothing_that_it_acknowledged() {
    let directory = directory("killed");
    let data = directory.to_str().unwrap();
    let clients: Vec<String> = (0..12).map(|number| format!("whatsapp:+4915100000{number:02}")).collect();
    let mut running = Running::start(&["--data", data]);
    for (number, client) in clients.iter().enumerate() {
        let inbox = running.inbox(0, "twilio");
        let message = TwilioMessage::new(&inbox, &format!("SM{number}"), client, "I need to talk to a human");
        assert_eq!(message.post(&running.authority, &inbox).status, 200);
        if number % 4 == 3 {
            // Somewhere in the middle of the work.
            drop(running);
            running = Running::start(&["--data", data]);
        }
    }
    // What died with its process is received again at once, not when its visibility ends.
    running.advance("PT1S");
    let mut closings: BTreeMap<String, u32> = BTreeMap::new();
    for sent in running.sent() {
        *closings.entry(sent["fields"]["To"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for client in &clients {
        let one = running.conversation(client).unwrap();
        assert_eq!(one["summary"]["control"], "human", "{client}");
        assert_eq!(one["handovers"].as_array().unwrap().len(), 1, "{client}");
        assert_eq!(one["tags"], json!(["human_handover"]));
        // Killed between the submission and its result, nobody can know; then it is not sent again.
        let state = one["ledger"][0]["state"].as_str().unwrap();
        let sent = closings.get(client).copied().unwrap_or(0);
        assert!(matches!((state, sent), ("sent", 1) | ("unknown", 0 | 1)), "{client}: {state}, {sent} sent");
    }
}

#[test]
fn the_first_line_says_where_and_the_rest_what_to_paste() {
    let mut running = Running::start(&["--ephemeral"]);
    let (twilio, generic) = (running.inbox(0, "twilio"), running.inbox(0, "generic"));
    running.signal("TERM");
    let mut rest = String::new();
    running.stdout.read_to_string(&mut rest).unwrap();
    for inbox in [twilio, generic] {
        let command = format!("  curl -sS '{}' -H '", inbox["webhook_url"].as_str().unwrap());
        assert!(rest.contains(&command), "{command} in {rest}");
    }
    assert!(rest.contains("/local/curl?inbox="), "{rest}");
}
