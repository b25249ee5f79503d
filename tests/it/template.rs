//! The template against the code: a function's environment is what it reads, and its policy is what
//! it does.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use handover_aws::Host;
use handover_core::AccountId;
use handover_tests::World;
use serde_json::{Value, json};

/// Variables that Lambda itself sets.
const OF_LAMBDA: [&str; 4] = ["AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

async fn start(function: &str, host: &Host) -> Result<(), handover_aws::StartError> {
    match function {
        "evaluate" => handover_evaluate::App::start(host).await.map(drop),
        "execute" => handover_execute::App::start(host).map(drop),
        "resume" => handover_resume::App::start(host).map(drop),
        "deliver" => handover_deliver::App::start(host).await.map(drop),
        "respond" => handover_respond::App::start(host).await.map(drop),
        "notify" => handover_notify::App::start(host).await.map(drop),
        "console" => handover_console::App::start(host).await.map(drop),
        other => panic!("a function that this test does not know: {other}"),
    }
}

#[tokio::test]
async fn every_variable_is_read_and_nothing_else_is() {
    let world = World::new(1).await;
    for function in &world.local.cloud().template().functions {
        let mut host = world.local.host(&function.name).unwrap();
        let read = Arc::new(Mutex::new(BTreeSet::new()));
        let (noted, inner) = (Arc::clone(&read), Arc::clone(&host.lookup));
        host.lookup = Arc::new(move |name| {
            let value = inner(name);
            if value.is_some() {
                noted.lock().unwrap().insert(name.to_owned());
            }
            value
        });
        start(&function.name, &host).await.unwrap();
        let declared: BTreeSet<String> = function.environment.keys().cloned().collect();
        let read: BTreeSet<String> =
            read.lock().unwrap().iter().filter(|name| !OF_LAMBDA.contains(&name.as_str())).cloned().collect();
        assert_eq!(read, declared, "{}", function.name);
    }
}

#[tokio::test]
async fn everything_that_is_missing_is_named_at_once() {
    let world = World::new(2).await;
    for function in &world.local.cloud().template().functions {
        let mut host = world.local.host(&function.name).unwrap();
        host.lookup = Arc::new(|_| None);
        let error = start(&function.name, &host).await.unwrap_err().to_string();
        let optional = ["CONSOLE_URL", "EMAIL_CONFIGURATION_SET", "EMAIL_SENDER", "EVENT_BUS"];
        for name in function.environment.keys().filter(|name| !optional.contains(&name.as_str())) {
            assert!(error.contains(name.as_str()), "{}: {name} in {error}", function.name);
        }
    }
}

/// The program's text, without its tests.
fn sources(directory: &Path, into: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

const TEMPLATE: &str = include_str!("../../infra/template.yaml");
const OPERATIONS: &str = include_str!("../../docs/operations.md");

/// The names of all metrics that the program writes.
fn metrics() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut program = String::new();
    for entry in fs::read_dir(root.join("functions")).unwrap() {
        sources(&entry.unwrap().path().join("src"), &mut program);
    }
    for entry in fs::read_dir(root.join("shared/aws/src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().unwrap() != "telemetry" {
            sources(&path, &mut program);
        } else if path.is_file() {
            program.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let mut names = BTreeSet::new();
    for how in [
        "telemetry::count(\"",
        "telemetry::gauge(\"",
        "telemetry::lasted(\"",
        "count(\"",
        "Metric { name: \"",
    ] {
        for part in program.split(how).skip(1) {
            names.insert(part.split('"').next().unwrap().to_owned());
        }
    }
    names
}

/// The alarms of the template: the name, and everything about it.
pub(crate) fn alarms() -> Vec<(&'static str, &'static str)> {
    let is_name = |line: &str| {
        line.strip_prefix("  ")
            .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_uppercase()))
    };
    let mut resources: Vec<(&str, usize)> = Vec::new();
    let mut at = 0;
    for line in TEMPLATE.split_inclusive('\n') {
        if is_name(line) || line == "Outputs:\n" {
            resources.push((line.trim().trim_end_matches(':'), at));
        }
        at += line.len();
    }
    let pairs = resources.iter().zip(resources.iter().skip(1));
    let all = pairs.map(|((name, from), (_, to))| (*name, TEMPLATE.get(*from..*to).unwrap()));
    all.filter(|(_, text)| text.contains("\n    Type: AWS::CloudWatch::Alarm\n")).collect()
}

/// The words in backticks in the first column of a table of a document, after this heading.
fn first_column(document: &str, heading: &str) -> BTreeSet<String> {
    let section = document.split_once(heading).unwrap().1;
    let section = section.split("\n#").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let words = cells.flat_map(|cell| cell.split(", ").map(|word| word.trim_matches('`').to_owned()));
    words.collect()
}

#[test]
fn sam_build_finds_every_function_by_its_name_and_cargo_run_the_local_system() {
    let asked = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .output()
        .unwrap();
    let workspace: Value = serde_json::from_slice(&asked.stdout).unwrap();
    let default = workspace["workspace_default_members"].as_array().unwrap();
    let packages = workspace["packages"].as_array().unwrap();
    let packages: Vec<&Value> = packages.iter().filter(|package| default.contains(&package["id"])).collect();
    let is_binary = |target: &&Value| target["kind"] == json!(["bin"]);
    let targets = packages.iter().flat_map(|package| package["targets"].as_array().unwrap());
    let binaries: BTreeSet<&str> =
        targets.filter(is_binary).filter_map(|target| target["name"].as_str()).collect();
    // `cargo build --bin` looks at default members alone.
    let wanted = TEMPLATE.lines().filter_map(|line| line.trim().strip_prefix("Binary: "));
    let missing: Vec<&str> = wanted.filter(|binary| !binaries.contains(binary)).collect();
    assert!(missing.is_empty() && binaries.len() == 8, "{missing:?} of {binaries:?}");
    let run: Vec<&str> = packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(run, ["handover"]);
}

#[test]
fn a_new_version_goes_back_for_its_own_faults_alone() {
    let list = TEMPLATE.split_once("      Alarms:\n").unwrap().1;
    let names: Vec<&str> = list.lines().map_while(|line| line.trim().strip_prefix("- !Ref ")).collect();
    assert_eq!(names, ["ErrorsAlarm", "FailuresAlarm", "SlowAlarm"]);
    let alarms = alarms();
    for name in names {
        let (_, text) = alarms.iter().find(|(known, _)| *known == name).unwrap();
        let metrics = text.matches("MetricStat:").count();
        let versions =
            text.matches("Name: ExecutedVersion,").count() + text.matches("Name: Version,").count();
        // CloudWatch takes ten metrics for an alarm.
        assert!(metrics == versions && (6..=10).contains(&metrics), "{name}: {versions} of {metrics}");
    }
    for (name, text) in alarms {
        assert!(text.matches("MetricStat:").count() <= 10, "{name}");
    }
}

#[test]
fn what_fails_on_a_standard_queue_has_an_alarm_that_sees_it() {
    let alarms = alarms();
    let of = |name: &str| alarms.iter().find(|(known, _)| *known == name).unwrap().1;
    for service in ["execute", "resume", "respond"] {
        assert!(of("FailingAlarm").contains(&format!("Name: Service, Value: {service}")), "{service}");
    }
    assert!(of("NotificationsFailingAlarm").contains("Name: Service, Value: notify"));
    // A table's own metric leaves out its indexes: reads and writes of the table and of three indexes.
    assert_eq!(of("TableThrottlesAlarm").matches("Name: TableName").count(), 8);
    assert_eq!(of("TableThrottlesAlarm").matches("Name: GlobalSecondaryIndexName").count(), 6);
}

#[test]
fn operations_has_a_row_for_every_metric_and_every_alarm() {
    assert_eq!(first_column(OPERATIONS, "## What there is to see"), metrics());
    let alarms: BTreeSet<String> = alarms().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(first_column(OPERATIONS, "## What fires, and what to do"), alarms);
    // One of two is made: that of the HTTP API, or that of function URLs.
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("a dashboard and {} alarms", alarms.len() - 1)), "{}", alarms.len());
}

#[tokio::test]
async fn a_link_leads_to_the_console_where_webhooks_arrive_elsewhere() {
    let world = World::new(3).await;
    let mut host = world.local.host("console").unwrap();
    let inner = Arc::clone(&host.lookup);
    host.lookup = Arc::new(move |name| match name {
        "PUBLIC_URL" => Some("https://webhooks.example".to_owned()),
        "CONSOLE_URL" => Some("https://pages.example/console".to_owned()),
        other => inner(other),
    });
    let app = handover_console::App::start(&host).await.unwrap();
    let account: &AccountId = world.account();
    let order = json!({"sign_in_link": {"account": account, "email": crate::pages::ALEX}});
    let link = app.handle(order).await;
    let path = link["link"]
        .as_str()
        .unwrap()
        .strip_prefix("https://pages.example")
        .unwrap_or_else(|| panic!("{link}"));
    let shown = crate::pages::Browser::new(&world).get(path).await;
    assert_eq!(shown.status, http::StatusCode::OK);
}

#[test]
fn every_metric_that_an_alarm_or_the_dashboard_looks_at_is_written() {
    let template = TEMPLATE;
    let metrics = metrics();
    let after = |text: &str, before: &str| {
        let name = text.split_once(before).map(|(_, rest)| rest).unwrap_or_default();
        name.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_').next().unwrap().to_owned()
    };
    let mut looked_at = BTreeSet::new();
    let lines: Vec<&str> = template.lines().collect();
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        if line.trim() == "Namespace: Handover" {
            looked_at.insert(after(next, "MetricName: "));
        }
        for part in line.split("{Handover,Service,Outcome}").skip(1) {
            looked_at.insert(after(part, "MetricName=\\\""));
        }
        for part in line.split("[\"Handover\", ").skip(1) {
            looked_at.insert(after(part, "\""));
        }
    }
    assert!(looked_at.len() >= 10 && looked_at.contains("webhook"), "{looked_at:?}");
    let unknown: Vec<&String> = looked_at.difference(&metrics).collect();
    assert!(unknown.is_empty(), "nobody writes {unknown:?}");
}
