use super::*;

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &'static [u8]) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from_static(body)).unwrap()
}

fn event_of(request: &Request<Bytes>) -> Value {
    let routes = [Route { key: "POST /webhooks/{inbox}".to_owned(), function: "evaluate".to_owned() }];
    let (route, parameters) = route(&routes, request).unwrap();
    // 2026-11-22T12:00:00Z
    event(&route.key, parameters, request, "203.0.113.9", "id-1", 1_795_348_800_000)
}

#[test]
fn the_event_has_the_gateways_shape() {
    let headers = [
        ("Host", "api.example:8787"),
        ("User-Agent", "TwilioProxy/1.1"),
        ("X-Twice", "a"),
        ("X-Twice", "b"),
        ("Cookie", "one=1; two=2"),
        ("Content-Type", "application/json; charset=utf-8"),
    ];
    let request = request("POST", "/webhooks/in%20box?q=a%20b&q=c&e=", &headers, br#"{"a":1}"#);
    let expected = json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/{inbox}",
        "rawPath": "/webhooks/in box",
        "rawQueryString": "q=a%20b&q=c&e=",
        "cookies": ["one=1", "two=2"],
        "headers": {
            "host": "api.example:8787",
            "user-agent": "TwilioProxy/1.1",
            "x-twice": "a,b",
            "content-type": "application/json; charset=utf-8",
        },
        "queryStringParameters": {"q": "a b,c", "e": ""},
        "pathParameters": {"inbox": "in box"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "api.example",
            "domainPrefix": "api",
            "http": {
                "method": "POST",
                "path": "/webhooks/in box",
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": "TwilioProxy/1.1",
            },
            "requestId": "id-1",
            "routeKey": "POST /webhooks/{inbox}",
            "stage": "$default",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_795_348_800_000_i64,
        },
        "body": "{\"a\":1}",
        "isBase64Encoded": false,
    });
    assert_eq!(event_of(&request), expected);
}

#[test]
fn only_known_text_types_come_as_text() {
    for (content_type, encoded) in [
        (Some("application/json"), false),
        (Some("APPLICATION/JSON;charset=utf-8"), false),
        (Some("application/xml"), false),
        (Some("application/javascript"), false),
        (Some("text/plain"), false),
        (Some("application/x-www-form-urlencoded"), true),
        (Some("application/vnd.api+json"), true),
        (None, true),
    ] {
        let headers: Vec<_> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let event = event_of(&request("POST", "/webhooks/i", &headers, b"a=b"));
        assert_eq!(event["isBase64Encoded"], encoded, "{content_type:?}");
        assert_eq!(event["body"], if encoded { "YT1i" } else { "a=b" }, "{content_type:?}");
    }
    let binary = request("POST", "/webhooks/i", &[("content-type", "text/plain")], b"\xff");
    assert_eq!(event_of(&binary)["body"], "/w==");
    let empty = event_of(&request("POST", "/webhooks/i", &[], b""));
    assert_eq!((empty.get("body"), &empty["isBase64Encoded"]), (None, &json!(false)));
}

#[test]
fn a_plus_in_a_path_stays_one() {
    let event = event_of(&request("POST", "/webhooks/a+b%2Bc&d=e", &[], b""));
    assert_eq!(event["pathParameters"]["inbox"], "a+b+c&d=e");
}

#[test]
fn answers_become_responses() {
    let response = response(&json!({
        "statusCode": 201,
        "headers": {"Content-Type": "text/html", "X-Count": 3},
        "cookies": ["a=1", "b=2"],
        "body": "PGI+",
        "isBase64Encoded": true,
    }));
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (201, b"<b>".as_slice()));
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.headers()["x-count"], "3");
    assert_eq!(response.headers().get_all(SET_COOKIE).iter().count(), 2);
}

#[test]
fn a_bare_value_is_a_200_and_nonsense_a_500() {
    for (answer, status, body) in [
        (json!({"ok": true}), 200, r#"{"ok":true}"#),
        (json!("plain"), 200, "plain"),
        (json!({"statusCode": 204}), 204, ""),
        (json!({"statusCode": "200"}), 500, r#"{"message":"Internal Server Error"}"#),
        (json!({"statusCode": 99_999}), 500, r#"{"message":"Internal Server Error"}"#),
        (json!({"statusCode": 200, "headers": {"a b": "c"}}), 500, r#"{"message":"Internal Server Error"}"#),
        (
            json!({"statusCode": 200, "isBase64Encoded": true, "body": "%"}),
            500,
            r#"{"message":"Internal Server Error"}"#,
        ),
    ] {
        let response = response(&answer);
        assert_eq!(
            (response.status().as_u16(), response.body().as_ref()),
            (status, body.as_bytes()),
            "{answer}"
        );
    }
}

#[test]
fn a_greedy_parameter_takes_the_rest_of_the_path_with_any_method() {
    let routes = [Route { key: "ANY /v1/{proxy+}".to_owned(), function: "console".to_owned() }];
    for method in ["GET", "DELETE"] {
        let request = request(method, "/v1/accounts/a%20b/bots", &[], b"");
        let (_, parameters) = route(&routes, &request).unwrap();
        assert_eq!(Value::Object(parameters), json!({"proxy": "accounts/a b/bots"}));
    }
    for target in ["/v1", "/v2/accounts", "/"] {
        assert!(route(&routes, &request("GET", target, &[], b"")).is_none(), "{target}");
    }
}
