//! The template against the code: a function's environment is what it reads, and its policy is what
//! it does.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use handover_aws::Host;
use handover_tests::World;

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
