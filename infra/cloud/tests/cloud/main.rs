//! The cloud as the functions and their tests use it: through the AWS SDK, in process, on the project's own
//! template.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "in the helpers of tests, too")]

mod capacity;
mod dispatcher;
mod hooks;
mod persistence;
mod policies;
mod services;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_types::SdkConfig;
use handover_cloud::scheduler::Lateness;
use handover_cloud::{Clock, Cloud, Storage, Template};
use std::collections::{BTreeMap, HashMap};

/// 2026-11-22T12:00:00Z.
const NOON_MS: i64 = 1_795_348_800_000;

const TEMPLATE: &str = include_str!("../../../template.yaml");

fn template() -> Template {
    let parameters = BTreeMap::from([("EmailSender".to_owned(), "desk@clinic.example".to_owned())]);
    Template::parse(TEMPLATE, &parameters).unwrap()
}

/// A cloud in memory at noon, whose schedules fire on the millisecond.
fn cloud() -> Cloud {
    let cloud = Cloud::open(&Storage::Memory, Clock::manual(NOON_MS), &template(), &[7; 32]).unwrap();
    cloud.scheduler().set_lateness(Lateness::Exact);
    cloud
}

fn config(cloud: &Cloud, key_id: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .endpoint_url("http://aws.local")
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            key_id, "secret", None, None, "test",
        )))
        .retry_config(RetryConfig::disabled())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .http_client(cloud.http_client())
        .build()
}

/// The configuration of an administrator.
fn admin(cloud: &Cloud) -> SdkConfig {
    config(cloud, "ADMIN")
}

/// The configuration of a function.
fn function(cloud: &Cloud, name: &str) -> SdkConfig {
    config(cloud, &Cloud::function_key(name))
}

fn dynamodb(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::new(config)
}

fn table(cloud: &Cloud) -> String {
    cloud.template().tables[0].name.clone()
}

/// A value from the environment of a function.
fn environment(cloud: &Cloud, function: &str, name: &str) -> String {
    cloud.template().function(function).unwrap().environment[name].clone()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// An item of text attributes.
fn item(attributes: &[(&str, &str)]) -> HashMap<String, AttributeValue> {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect()
}
