//! The AWS clients: one configuration, one HTTP client, and no chain of places to look for credentials.

use std::{fmt, time::Duration};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_sdk_secretsmanager::config::Builder as SecretsConfig;
use aws_smithy_runtime_api::client::{
    behavior_version::BehaviorVersion, http::SharedHttpClient,
    stalled_stream_protection::StalledStreamProtectionConfig,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::region::Region;

pub use aws_types::SdkConfig;

/// How long a connection, TLS included, may take to stand.
const CONNECT: Duration = Duration::from_secs(1);
/// How long one try for a secret may take, and the call with all its tries: a function waits for it
/// once, when it starts.
const SECRET_ATTEMPT: Duration = Duration::from_secs(3);
const SECRET_OPERATION: Duration = Duration::from_secs(8);
/// The longest first wait before a call is tried again, and the longest of all.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const MAX_BACKOFF: Duration = Duration::from_secs(1);

/// What the clients are made from.
#[derive(Clone, Debug)]
pub struct SdkSettings {
    /// The AWS region, such as `eu-central-1`.
    pub region: String,
    /// Where all services are, when that is not AWS: the local system.
    pub endpoint: Option<String>,
    /// Who calls.
    pub credentials: SharedCredentialsProvider,
    /// The connection to the services.
    pub http: SharedHttpClient,
    /// How often a call is tried; 1 is once.
    pub attempts: u32,
    /// How long one try may take; a call with its repeats takes at most three times that.
    pub patience: Duration,
}

/// The clients that the rest of this crate works with.
#[derive(Clone, Debug)]
pub struct Sdk {
    /// DynamoDB.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// SQS.
    pub sqs: aws_sdk_sqs::Client,
    /// EventBridge Scheduler.
    pub scheduler: aws_sdk_scheduler::Client,
    /// Secrets Manager, with more time for a call.
    pub secrets: aws_sdk_secretsmanager::Client,
}

impl Sdk {
    /// The clients for these settings; they share the connection.
    pub fn new(settings: &SdkSettings) -> Self {
        let config = shared_config(settings);
        let patient =
            timeouts(SECRET_ATTEMPT.max(settings.patience), SECRET_OPERATION.max(settings.patience * 3));
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sqs: aws_sdk_sqs::Client::new(&config),
            scheduler: aws_sdk_scheduler::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::from_conf(
                SecretsConfig::from(&config).timeout_config(patient).build(),
            ),
        }
    }
}

/// The configuration that every client of any service is made from. The behaviour of the SDK is pinned,
/// so that an update changes no defaults unnoticed.
pub fn shared_config(settings: &SdkSettings) -> SdkConfig {
    let retries = RetryConfig::standard()
        .with_max_attempts(settings.attempts)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(MAX_BACKOFF);
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(settings.credentials.clone())
        .http_client(settings.http.clone())
        .retry_config(retries)
        .timeout_config(timeouts(settings.patience, settings.patience * 3))
        // Bodies here are a few KB and every attempt has its time limit.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(settings.endpoint.clone());
    config.build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// The credentials that stand in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`,
/// where Lambda puts them. They are looked up each time that the SDK asks.
pub fn environment_credentials(
    lookup: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(EnvironmentCredentials(lookup))
}

struct EnvironmentCredentials<L>(L);

impl<L: Fn(&str) -> Option<String>> EnvironmentCredentials<L> {
    fn load(&self) -> Result<Credentials, CredentialsError> {
        let variable = |name| (self.0)(name).filter(|value| !value.is_empty());
        let required = |name: &'static str| {
            variable(name).ok_or_else(|| CredentialsError::not_loaded(format!("{name} is missing")))
        };
        Ok(Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            variable("AWS_SESSION_TOKEN"),
            None,
            "environment",
        ))
    }
}

impl<L> fmt::Debug for EnvironmentCredentials<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EnvironmentCredentials")
    }
}

impl<L: Fn(&str) -> Option<String> + Send + Sync> ProvideCredentials for EnvironmentCredentials<L> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.load())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc, Mutex,
            atomic::{AtomicU32, Ordering},
        },
    };

    use aws_smithy_runtime_api::client::{
        http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
        orchestrator::HttpRequest,
        result::ConnectorError,
    };

    use super::*;

    /// Keeps the URL and the signature of every request and then breaks the connection.
    #[derive(Clone, Debug, Default)]
    struct Broken(Arc<Mutex<Vec<(String, String)>>>);

    impl HttpConnector for Broken {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let signature = request.headers().get("authorization").unwrap_or_default().to_owned();
            self.0.lock().unwrap().push((request.uri().to_owned(), signature));
            let error = io::Error::from(io::ErrorKind::ConnectionReset);
            HttpConnectorFuture::ready(Err(ConnectorError::io(error.into())))
        }
    }

    fn settings(connector: &Broken) -> SdkSettings {
        let connector = SharedHttpConnector::new(connector.clone());
        SdkSettings {
            region: "eu-central-1".to_owned(),
            endpoint: None,
            credentials: SharedCredentialsProvider::new(Credentials::new(
                "AKID", "secret", None, None, "test",
            )),
            http: http_client_fn(move |_, _| connector.clone()),
            attempts: 1,
            patience: Duration::from_secs(1),
        }
    }

    #[tokio::test]
    async fn every_client_signs_for_its_region_and_tries_as_often_as_told() {
        let connector = Broken::default();
        let sdk = Sdk::new(&settings(&connector));
        assert!(sdk.dynamodb.get_item().table_name("t").send().await.is_err());
        assert!(sdk.sqs.send_message().queue_url("https://q").message_body("m").send().await.is_err());
        assert!(sdk.scheduler.get_schedule().name("s").send().await.is_err());
        assert!(sdk.secrets.get_secret_value().secret_id("s").send().await.is_err());
        let sent = connector.0.lock().unwrap();
        let hosts: Vec<&str> = sent.iter().map(|(url, _)| url.split('/').nth(2).unwrap()).collect();
        assert_eq!(
            hosts,
            ["dynamodb", "sqs", "scheduler", "secretsmanager"]
                .map(|name| format!("{name}.eu-central-1.amazonaws.com"))
        );
        assert!(
            sent.iter()
                .all(|(_, signature)| signature.contains("AKID/") && signature.contains("/eu-central-1/"))
        );
    }

    #[tokio::test]
    async fn the_local_system_is_an_endpoint_for_all() {
        let connector = Broken::default();
        let settings =
            SdkSettings { endpoint: Some("http://127.0.0.1:8787".to_owned()), ..settings(&connector) };
        let sdk = Sdk::new(&settings);
        assert!(sdk.secrets.get_secret_value().secret_id("s").send().await.is_err());
        assert!(sdk.dynamodb.get_item().table_name("t").send().await.is_err());
        assert!(connector.0.lock().unwrap().iter().all(|(url, _)| url.starts_with("http://127.0.0.1:8787/")));
    }

    #[test]
    fn a_call_ends_before_its_caller_gives_up() {
        let config = shared_config(&SdkSettings { attempts: 3, ..settings(&Broken::default()) });
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(3));
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(3)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
    }

    #[tokio::test]
    async fn credentials_are_looked_up_each_time() {
        let turn = AtomicU32::new(0);
        let provider = environment_credentials(move |name| match name {
            "AWS_ACCESS_KEY_ID" => Some(format!("AKID{}", turn.fetch_add(1, Ordering::Relaxed))),
            "AWS_SECRET_ACCESS_KEY" => Some("s3cret".to_owned()),
            _ => None,
        });
        assert_eq!(provider.provide_credentials().await.unwrap().access_key_id(), "AKID0");
        assert_eq!(provider.provide_credentials().await.unwrap().access_key_id(), "AKID1");
        let error = environment_credentials(|_| None).provide_credentials().await.unwrap_err();
        assert!(format!("{error:?}").contains("AWS_ACCESS_KEY_ID is missing"));
    }
}
