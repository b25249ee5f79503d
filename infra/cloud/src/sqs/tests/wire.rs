//! The protocol: checks, shapes and checksums.

use super::*;

#[test]
fn checksums_are_those_of_the_protocol() {
    let world = world();
    world.standard("q", &[]);
    let attribute = |data_type: &str, text: Option<&str>, binary: Option<&str>| MessageAttribute {
        data_type: data_type.to_owned(),
        string_value: text.map(str::to_owned),
        binary_value: binary.map(str::to_owned),
    };
    let request = SendRequest {
        attributes: MessageAttributes::from([
            ("count".to_owned(), attribute("Number", Some("42"), None)),
            ("blob".to_owned(), attribute("Binary", None, Some("AAH/"))),
            ("name".to_owned(), attribute("String.label", Some("Zoë"), None)),
        ]),
        ..SendRequest::text("hello")
    };
    let sent = world.sqs.send("q", &request).unwrap();
    assert_eq!(sent.md5_of_body, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(sent.md5_of_attributes.as_deref(), Some("6906400d36bf850f182efe9d252e8d71"));
}

#[tokio::test]
async fn refusals_have_the_shape_that_sdks_read() {
    let world = world();
    let url = "http://anywhere:1/123/nowhere";
    let (header, body) = world.call("GetQueueAttributes", json!({ "QueueUrl": url })).await.unwrap_err();
    assert_eq!(header, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(body["__type"], "com.amazonaws.sqs#QueueDoesNotExist");
    assert_eq!(body["message"], "The specified queue does not exist.");
}

#[tokio::test]
async fn parameters_are_checked_on_the_wire() {
    let world = world();
    world.standard("q", &[("MaximumMessageSize", "1024")]);
    world.fifo("q.fifo", &[]);
    let (q, fifo) = ("http://x/0/q", "http://x/0/q.fifo");
    let many: serde_json::Map<_, _> = (0..11)
        .map(|index| (format!("a{index}"), json!({ "DataType": "String", "StringValue": "v" })))
        .collect();
    let attribute =
        |value: Value| json!({ "QueueUrl": q, "MessageBody": "m", "MessageAttributes": { "a": value } });
    for (operation, body, expected) in [
        ("SendMessage", json!({ "MessageBody": "m" }), "MissingParameter"),
        ("SendMessage", json!({ "QueueUrl": q }), "MissingParameter"),
        ("SendMessage", json!({ "QueueUrl": q, "MessageBody": "a\u{b}b" }), "InvalidMessageContents"),
        ("SendMessage", json!({ "QueueUrl": q, "MessageBody": "\u{ffff}" }), "InvalidMessageContents"),
        ("SendMessage", json!({ "QueueUrl": q, "MessageBody": "x".repeat(1025) }), "InvalidParameterValue"),
        (
            "SendMessage",
            json!({ "QueueUrl": q, "MessageBody": "m", "DelaySeconds": -1 }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": q, "MessageBody": "m", "MessageDeduplicationId": "d" }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": q, "MessageBody": "m", "MessageGroupId": "a b" }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            json!({ "QueueUrl": q, "MessageBody": "m", "MessageGroupId": "x".repeat(129) }),
            "InvalidParameterValue",
        ),
        ("SendMessage", json!({ "QueueUrl": fifo, "MessageBody": "m" }), "MissingParameter"),
        ("SendMessage", json!({ "QueueUrl": q, "MessageBody": 1 }), "SerializationException"),
        (
            "SendMessage",
            json!({ "QueueUrl": q, "MessageBody": "m", "MessageAttributes": many }),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            attribute(json!({ "DataType": "Number", "StringValue": "x" })),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            attribute(json!({ "DataType": "Text", "StringValue": "x" })),
            "InvalidParameterValue",
        ),
        (
            "SendMessage",
            attribute(json!({ "DataType": "String", "StringValue": "" })),
            "InvalidParameterValue",
        ),
        ("ReceiveMessage", json!({ "QueueUrl": q, "MaxNumberOfMessages": 11 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "QueueUrl": q, "MaxNumberOfMessages": 0 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "QueueUrl": q, "WaitTimeSeconds": 21 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "QueueUrl": q, "VisibilityTimeout": 43_201 }), "InvalidParameterValue"),
        ("ReceiveMessage", json!({ "QueueUrl": q, "AttributeNames": ["Colour"] }), "InvalidAttributeName"),
        ("DeleteMessage", json!({ "QueueUrl": q }), "MissingParameter"),
        ("ChangeMessageVisibility", json!({ "QueueUrl": q, "ReceiptHandle": "x" }), "MissingParameter"),
        ("TagQueue", json!({ "QueueUrl": q }), "AWS.SimpleQueueService.UnsupportedOperation"),
    ] {
        let (header, _) = world.call(operation, body.clone()).await.unwrap_err();
        assert_eq!(header, format!("{expected};Sender"), "{operation} {body}");
    }
    assert_eq!(world.sqs.depths("q").unwrap().total(), 0);
}

#[tokio::test]
async fn a_batch_is_refused_as_a_whole_or_fails_entry_by_entry() {
    let world = world();
    world.standard("q", &[]);
    let q = "http://x/0/q";
    let entry = |id: &str, body: &str| json!({ "Id": id, "MessageBody": body });
    let eleven: Vec<Value> = (0..11).map(|index| entry(&index.to_string(), "m")).collect();
    let half = "x".repeat(MAX_MESSAGE_BYTES / 2 + 1);
    for (entries, expected) in [
        (json!([]), "EmptyBatchRequest"),
        (json!(eleven), "TooManyEntriesInBatchRequest"),
        (json!([entry("a", "m"), entry("a", "m")]), "BatchEntryIdsNotDistinct"),
        (json!([entry("a b", "m")]), "InvalidBatchEntryId"),
        (json!([entry(&"x".repeat(81), "m")]), "InvalidBatchEntryId"),
        (json!([entry("a", &half), entry("b", &half)]), "BatchRequestTooLong"),
    ] {
        let (header, _) =
            world.call("SendMessageBatch", json!({ "QueueUrl": q, "Entries": entries })).await.unwrap_err();
        assert_eq!(header, format!("AWS.SimpleQueueService.{expected};Sender"));
    }
    assert_eq!(world.sqs.depths("q").unwrap().total(), 0);

    let entries = json!([entry("good", "m"), { "Id": "late", "MessageBody": "m", "DelaySeconds": 1000 }]);
    let answer = world.call("SendMessageBatch", json!({ "QueueUrl": q, "Entries": entries })).await.unwrap();
    assert_eq!(answer["Successful"][0]["Id"], "good");
    assert_eq!(answer["Successful"][0]["MD5OfMessageBody"], "6f8f57715090da2632453988d9a1501b");
    assert_eq!(answer["Failed"][0]["Id"], "late");
    assert_eq!(answer["Failed"][0]["Code"], "InvalidParameterValue");
    assert_eq!(answer["Failed"][0]["SenderFault"], true);

    let handle = world.receive("q", 1).remove(0).receipt_handle;
    let entries = json!([
        { "Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 7 },
        { "Id": "b", "ReceiptHandle": "x", "VisibilityTimeout": 7 },
    ]);
    let body = json!({ "QueueUrl": q, "Entries": entries });
    let answer = world.call("ChangeMessageVisibilityBatch", body.clone()).await.unwrap();
    assert_eq!(answer["Successful"], json!([{ "Id": "a" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
    assert_eq!(world.sqs.next_visible_at("q").unwrap(), Some(START + 7_000));
    let answer = world.call("DeleteMessageBatch", body).await.unwrap();
    assert_eq!(answer["Successful"], json!([{ "Id": "a" }]));
    assert_eq!(world.sqs.depths("q").unwrap().total(), 0);
}

#[tokio::test]
async fn a_receiver_gets_the_attributes_that_it_asks_for() {
    let world = world();
    world.standard("q", &[("VisibilityTimeout", "0")]);
    let q = "http://x/0/q";
    let string = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let attributes = json!({ "app.one": string("1"), "app.two": string("2"), "other": string("3") });
    let body = json!({ "QueueUrl": q, "MessageBody": "m", "MessageGroupId": "tenant", "MessageAttributes": attributes });
    world.call("SendMessage", body).await.unwrap();
    let names = |value: &Value| {
        value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    for (system, user, expected_system, expected_user) in [
        (json!([]), json!([]), &[][..], &[][..]),
        (
            json!(["MessageGroupId", "SentTimestamp"]),
            json!(["app.*"]),
            &["MessageGroupId", "SentTimestamp"],
            &["app.one", "app.two"],
        ),
        (json!([]), json!(["other", "missing"]), &[], &["other"]),
        (
            json!(["All"]),
            json!(["All"]),
            &[
                "ApproximateFirstReceiveTimestamp",
                "ApproximateReceiveCount",
                "MessageGroupId",
                "SenderId",
                "SentTimestamp",
            ],
            &["app.one", "app.two", "other"],
        ),
    ] {
        for field in ["AttributeNames", "MessageSystemAttributeNames"] {
            let body = json!({ "QueueUrl": q, field: system, "MessageAttributeNames": user });
            let answer = world.call("ReceiveMessage", body).await.unwrap();
            let message = &answer["Messages"][0];
            assert_eq!(names(&message["Attributes"]), expected_system);
            assert_eq!(names(&message["MessageAttributes"]), expected_user);
            assert_eq!(message["MD5OfMessageAttributes"].is_string(), !expected_user.is_empty());
        }
    }
}

#[tokio::test]
async fn queues_are_listed_in_pages_and_found_by_name() {
    let world = world();
    for name in ["a1", "a2", "a3", "b1"] {
        world.standard(name, &[]);
    }
    let first = world.call("ListQueues", json!({ "QueueNamePrefix": "a", "MaxResults": 2 })).await.unwrap();
    assert_eq!(
        first["QueueUrls"],
        json!(["http://aws.local/000000000000/a1", "http://aws.local/000000000000/a2"])
    );
    let body = json!({ "QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"] });
    let second = world.call("ListQueues", body).await.unwrap();
    assert_eq!(second, json!({ "QueueUrls": ["http://aws.local/000000000000/a3"] }));
    let found = world.call("GetQueueUrl", json!({ "QueueName": "b1" })).await.unwrap();
    assert_eq!(found["QueueUrl"], "http://aws.local/000000000000/b1");
    assert_eq!(requested_queue(br#"{"QueueUrl":"http://x/0/b1"}"#).as_deref(), Some("b1"));
    assert_eq!(requested_queue(br#"{"QueueName":"b1"}"#).as_deref(), Some("b1"));
}
