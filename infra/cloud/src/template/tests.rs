use super::*;
use serde_json::json;

const OURS: &str = include_str!("../../../template.yaml");

fn parse(yaml: &str) -> Result<Template, TemplateError> {
    Template::parse(yaml, &BTreeMap::new())
}

fn ours() -> Template {
    parse(OURS).unwrap()
}

#[test]
fn the_table_has_its_keys_and_indexes() {
    let template = ours();
    let [table] = template.tables.as_slice() else { panic!("one table") };
    let key =
        |partition: &str, sort: &str| Key { partition: partition.to_owned(), sort: Some(sort.to_owned()) };
    assert_eq!(table.key, key("pk", "sk"));
    assert_eq!(table.ttl_attribute.as_deref(), Some("expires_at"));
    let [inbox, work, reports] = table.indexes.as_slice() else { panic!("three indexes") };
    assert_eq!((reports.name.as_str(), &reports.key), ("reports", &key("report_pk", "started_at")));
    assert_eq!(table.attributes["started_at"], "N");
    assert_eq!((inbox.name.as_str(), &inbox.key), ("inbox", &key("inbox_pk", "inbox_sk")));
    assert_eq!((work.name.as_str(), &work.key), ("work", &key("work_pk", "work_sk")));
    assert_eq!(inbox.projection, "INCLUDE");
    assert_eq!(work.attributes, ["conversation", "contact", "assignee", "scenario", "due_at"]);
}

#[test]
fn every_consumed_queue_hides_six_times_its_functions_timeout_and_gives_up_into_one_of_its_kind() {
    let template = ours();
    let queue_of_arn = |arn: &str| template.queues.iter().find(|queue| queue.arn == arn).unwrap();
    assert!(template.event_sources.len() >= 5);
    for source in &template.event_sources {
        let function = template.function(&source.function).unwrap();
        let queue = queue_of_arn(&source.queue_arn);
        assert_eq!(
            queue.attributes["VisibilityTimeout"],
            (6 * function.timeout_s).to_string(),
            "{}",
            queue.name
        );
        assert!(source.report_batch_item_failures);
        let redrive: Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
        let dead = queue_of_arn(redrive["deadLetterTargetArn"].as_str().unwrap());
        assert_eq!(queue.attributes.get("FifoQueue"), dead.attributes.get("FifoQueue"), "{}", queue.name);
        assert_eq!(redrive["maxReceiveCount"], 1000, "{}", queue.name);
    }
    for queue in &template.queues {
        assert_eq!(queue.attributes["MessageRetentionPeriod"], "1209600", "{}", queue.name);
        assert_eq!(queue.name.strip_suffix(".fifo").is_some(), queue.attributes.contains_key("FifoQueue"));
    }
}

#[test]
fn environments_and_globals_are_resolved() {
    let template = ours();
    let execute = template.function("execute").unwrap();
    assert_eq!(
        execute.environment["CONVERSATION_QUEUE_URL"],
        "http://aws.local/000000000000/handover-local-ConversationQueue.fifo"
    );
    assert_eq!(
        execute.environment["SCHEDULER_ROLE_ARN"],
        "arn:aws:iam::000000000000:role/handover-local-SchedulerRole"
    );
    assert_eq!((execute.timeout_s, execute.memory_mb), (10, 1_024), "its own memory");
    let deliver = template.function("deliver").unwrap();
    assert_eq!(deliver.memory_mb, 256, "memory comes from the globals");
}

#[test]
fn parameters_replace_defaults_and_conditions_follow_them() {
    let own = ours();
    let url = "https://HttpApi.execute-api.us-east-1.amazonaws.com";
    assert_eq!(
        own.function("evaluate").unwrap().environment["PUBLIC_URL"].to_lowercase(),
        format!("https://handover-local-{}", url.trim_start_matches("https://")).to_lowercase()
    );
    let given = BTreeMap::from([
        ("PublicUrl".to_owned(), "http://127.0.0.1:8787".to_owned()),
        ("AlarmEmail".to_owned(), "ops@clinic.example".to_owned()),
    ]);
    let template = Template::parse(OURS, &given).unwrap();
    assert_eq!(template.function("evaluate").unwrap().environment["PUBLIC_URL"], "http://127.0.0.1:8787");
    assert_eq!(template.outputs["WebhookUrl"], "http://127.0.0.1:8787/webhooks/");
    let unknown = BTreeMap::from([("PublicURL".to_owned(), String::new())]);
    let error = Template::parse(OURS, &unknown).unwrap_err();
    assert_eq!(error.to_string(), "PublicURL: the template has no such parameter");
}

#[test]
fn a_table_that_is_there_takes_the_place_of_the_stacks_own() {
    let given = BTreeMap::from([("TableName".to_owned(), "restored".to_owned())]);
    let template = Template::parse(OURS, &given).unwrap();
    assert!(template.tables.is_empty());
    assert_eq!(template.outputs["TableName"], "restored");
    let tables = |function: &Function| -> Vec<String> {
        let resources = function.statements.iter().flat_map(|statement| statement.resources.clone());
        resources.filter(|resource| resource.contains(":dynamodb:")).collect()
    };
    for function in &template.functions {
        assert_eq!(function.environment["TABLE_NAME"], "restored", "{}", function.name);
        let (restored, own) = (tables(function), tables(ours().function(&function.name).unwrap()));
        let expected = own.iter().map(|arn| arn.replace("handover-local-Table", "restored"));
        assert!(!own.is_empty() && restored == expected.collect::<Vec<_>>(), "{restored:?}");
    }
}

#[test]
fn bots_may_ask_models_of_bedrock_where_that_was_chosen() {
    let may = |template: Template| {
        let respond = template.function("respond").unwrap().clone();
        respond
            .statements
            .iter()
            .any(|statement| statement.actions.contains(&"bedrock:InvokeModel".to_owned()))
    };
    assert!(!may(ours()));
    let given = BTreeMap::from([("UseBedrock".to_owned(), "true".to_owned())]);
    assert!(may(Template::parse(OURS, &given).unwrap()));
}

#[test]
fn routes_and_the_sweep_lead_where_they_should() {
    let template = ours();
    let route = |key: &str| Route { key: key.to_owned(), function: "evaluate".to_owned() };
    for key in ["GET /webhooks/{inbox}", "POST /webhooks/{inbox}"] {
        assert!(template.routes.contains(&route(key)), "{key}");
    }
    let [sweep] = template.schedules.as_slice() else { panic!("one schedule") };
    assert_eq!(sweep.group, template.schedule_groups[0]);
    assert_eq!(sweep.request["ScheduleExpression"], "rate(5 minutes)");
    assert_eq!(sweep.request["Target"]["Arn"], template.queue("TimersQueue").unwrap().arn.as_str());
    assert_eq!(sweep.request["Target"]["Input"], r#"{"kind":"sweep"}"#);
}

#[test]
fn intrinsics_in_their_short_and_long_forms() {
    let yaml = r#"
Parameters:
  Name: {Type: String, Default: n}
Conditions:
  Yes: !Or [!Equals [!Ref Name, n], !Equals [a, b]]
  No: {"Fn::Not": [{Condition: Yes}]}
Resources:
  Q: {Type: AWS::SQS::Queue}
  Left: {Type: AWS::SQS::Queue, Condition: No}
Outputs:
  A: {Value: !If [Yes, !GetAtt Q.Arn, never]}
  B: {Value: {"Fn::Join": ["-", [!Ref Name, {Ref: "AWS::Region"}]]}}
  C: {Value: {"Fn::Sub": "${Name} ${Q} ${Q.QueueName} ${!Kept}"}}
  D: {Value: !Sub ["${Own} ${Name}", {Own: !If [No, never, own]}]}
"#;
    let template = parse(yaml).unwrap();
    assert_eq!(template.queues.len(), 1);
    assert_eq!(template.outputs["A"], "arn:aws:sqs:us-east-1:000000000000:handover-local-Q");
    assert_eq!(template.outputs["B"], "n-us-east-1");
    assert_eq!(template.outputs["D"], "own n");
    assert_eq!(
        template.outputs["C"],
        "n http://aws.local/000000000000/handover-local-Q handover-local-Q ${Kept}"
    );
}

#[test]
fn whatever_is_not_known_is_one_line_that_names_it() {
    let resources = |text: &str| format!("Resources:\n  Thing: {text}\n");
    let function = |properties: &str| {
        resources(&format!(
            "{{Type: AWS::Serverless::Function, Metadata: {{BuildProperties: {{Binary: b}}}}, Properties: {properties}}}"
        ))
    };
    for (yaml, expected) in [
        (
            resources("{Type: AWS::S3::Bucket}"),
            "Thing: the resource type AWS::S3::Bucket is not known to the local cloud",
        ),
        (resources("{Properties: {}}"), "Thing: has no Type"),
        (
            resources("{Type: AWS::SQS::Queue, Properties: {QueueNam: q}}"),
            "Thing: QueueNam is not known to the local cloud",
        ),
        (
            resources("{Type: AWS::SQS::Queue, Propertys: {}}"),
            "Thing: Propertys is not known to the local cloud",
        ),
        (
            resources(
                "{Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: a, maxReceiveCount: 1, x: 1}}}",
            ),
            "Thing: RedrivePolicy.x is not known to the local cloud",
        ),
        (
            resources("{Type: AWS::SQS::Queue, Properties: {DelaySeconds: !ImportValue x}}"),
            "Thing: the intrinsic Fn::ImportValue is not known to the local cloud",
        ),
        (
            resources("{Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Nothing}}"),
            "Thing: there is no resource or parameter named Nothing",
        ),
        (
            resources("{Type: AWS::CloudWatch::Alarm, Properties: {Dimensions: !Ref Nothing}}"),
            "Thing: there is no resource or parameter named Nothing",
        ),
        (
            resources("{Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Sub '${AWS::NoSuch}'}}"),
            "Thing: the pseudo parameter AWS::NoSuch is not known to the local cloud",
        ),
        (
            resources("{Type: AWS::SQS::Queue, Condition: Missing}"),
            "Thing: there is no condition named Missing",
        ),
        (function("{MemorySize: big}"), "Thing: MemorySize is not a number in range: big"),
        (function("{Layers: [x]}"), "Thing: Layers is not known to the local cloud"),
        (function("{Events: {}}"), "Thing: Events is not known to the local cloud"),
        (
            function("{Policies: [{Statement: [{Effect: Allow, NotAction: x, Resource: '*'}]}]}"),
            "Thing: Policies.Statement has NotAction, which is not known to the local cloud",
        ),
        ("Mappings: {}\n".to_owned(), "Mappings: this section is not known to the local cloud"),
        ("- a\n".to_owned(), "template: is not a mapping of sections"),
        (
            resources("{Type: AWS::DynamoDB::Table, Properties: {BillingMode: PROVISIONED}}"),
            "Thing: BillingMode is PROVISIONED, but the local cloud knows only PAY_PER_REQUEST",
        ),
    ] {
        assert_eq!(parse(&yaml).unwrap_err().to_string(), expected, "{yaml}");
    }
}

#[test]
fn broken_yaml_is_one_line_with_its_place() {
    for yaml in ["Resources:\n  A: {Type: [\n", "Resources:\n  A: 1\n  A: 2\n", "a: b: c\n"] {
        let error = parse(yaml).unwrap_err().to_string();
        assert!(error.starts_with("template: ") && !error.contains('\n') && error.len() > 15, "{error}");
    }
}

#[test]
fn an_integration_must_lead_to_a_function() {
    let yaml = r"
Resources:
  Route: {Type: AWS::ApiGatewayV2::Route, Properties: {RouteKey: GET /, Target: integrations/x}}
";
    assert_eq!(parse(yaml).unwrap_err().to_string(), "Route: integrations/x does not lead to a function");
    assert_eq!(json!(parse("Resources: {}\n").unwrap().outputs), json!({}));
}

#[test]
fn functions_are_called_by_their_alias() {
    let yaml = |alias: &str, of: &str| {
        format!(
            "
Resources:
  Q: {{Type: AWS::SQS::Queue}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties: {{AutoPublishAlias: {alias}, DeploymentPreference: {{Type: AllAtOnce}}, KmsKeyArn: k}}
  M:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{EventSourceArn: !GetAtt Q.Arn, FunctionName: !Ref {of}.Alias}}
"
        )
    };
    let template = parse(&yaml("live", "F")).unwrap();
    assert_eq!(template.event_sources[0].function, "f");
    let error = parse(&yaml("other", "F")).unwrap_err().to_string();
    assert!(error.contains("AutoPublishAlias"), "{error}");
    let error = parse(&yaml("live", "Q")).unwrap_err().to_string();
    assert_eq!(error, "M: Q is a AWS::SQS::Queue, which has no alias");
}

#[test]
fn an_output_goes_by_its_condition() {
    let yaml = "
Conditions: {Never: !Equals [a, b]}
Outputs:
  A: {Condition: Never, Value: !GetAtt Nothing.Arn}
  B: {Value: b}
";
    assert_eq!(parse(yaml).unwrap().outputs, BTreeMap::from([("B".to_owned(), "b".to_owned())]));
}

#[test]
fn function_urls_and_keys_are_left_to_the_cloud() {
    let given = [("UseFunctionUrls", "false"), ("Hardened", "true")];
    let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let template = Template::parse(OURS, &BTreeMap::from(given));
    // A key's ARN is none of the things that are played here.
    assert_eq!(template.unwrap_err().problem, "the ARN of a AWS::KMS::Key is not known to the local cloud");
}
