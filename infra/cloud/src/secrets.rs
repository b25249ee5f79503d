//! Secrets Manager: values with the two stages that rotation needs.

use crate::clock::Clock;
use crate::policy::Access;
use crate::service::{ACCOUNT_ID, REGION, ServiceError, json_response};
use crate::storage::Database;
use crate::template::Secret;
use bytes::Bytes;
use http::{Response, StatusCode};
use rusqlite::OptionalExtension;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

/// The media type of the service's protocol.
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS secret (
    name TEXT NOT NULL, arn TEXT NOT NULL, stage TEXT NOT NULL, version TEXT NOT NULL,
    value TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (name, stage)) STRICT";

/// The secrets.
pub(crate) struct Secrets {
    database: Database,
    clock: Clock,
}

/// Every field that a request of the served operations can have.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Request {
    name: Option<String>,
    secret_id: Option<String>,
    secret_string: Option<String>,
    version_stage: Option<String>,
    version_id: Option<String>,
    client_request_token: Option<String>,
}

/// A version of a secret.
struct Version {
    name: String,
    arn: String,
    stage: String,
    id: String,
    value: String,
    created_at: i64,
}

impl Secrets {
    /// Opens the secrets in this database.
    pub(crate) fn open(database: Database, clock: Clock) -> Result<Self, ServiceError> {
        database.transact(|connection| connection.execute_batch(SCHEMA).map_err(ServiceError::from))?;
        Ok(Self { database, clock })
    }

    /// Creates a secret of the template with a value drawn from the seed, unless it is there already.
    pub(crate) fn create(&self, secret: &Secret, seed: &[u8; 32]) -> Result<(), ServiceError> {
        if self.find(&secret.name, "AWSCURRENT")?.is_some() {
            return Ok(());
        }
        self.put(&secret.name, &secret.arn, &generate(secret, seed), None).map(|_| ())
    }

    /// What a request does to which secret.
    pub(crate) fn access(&self, operation: &str, request: &Request) -> Result<Access, ServiceError> {
        let id = request.secret_id.as_ref().or(request.name.as_ref()).map_or("", String::as_str);
        let arn = self.find(id, "AWSCURRENT")?.map_or_else(|| arn(id), |version| version.arn);
        Ok(Access::new(format!("secretsmanager:{operation}"), arn))
    }

    /// Carries an operation out.
    pub(crate) fn perform(&self, operation: &str, request: Request) -> Result<Response<Bytes>, ServiceError> {
        let parameter = |value: Option<String>, name: &str| {
            value.ok_or_else(|| {
                ServiceError::bad_request("InvalidParameterException", format!("{name} is missing"))
            })
        };
        let answer = match operation {
            "GetSecretValue" => {
                let id = parameter(request.secret_id, "SecretId")?;
                let stage = request.version_stage.unwrap_or_else(|| "AWSCURRENT".to_owned());
                let version = self.find(&id, &stage)?;
                let wanted =
                    |version: &Version| request.version_id.as_ref().is_none_or(|id| *id == version.id);
                let version = version.filter(wanted).ok_or_else(not_found)?;
                json!({
                    "ARN": version.arn,
                    "Name": version.name,
                    "VersionId": version.id,
                    "SecretString": version.value,
                    "VersionStages": [version.stage],
                    "CreatedDate": version.created_at / 1000,
                })
            }
            "CreateSecret" => {
                let name = parameter(request.name, "Name")?;
                if self.find(&name, "AWSCURRENT")?.is_some() {
                    let message = format!("The operation failed because the secret {name} already exists.");
                    return Err(ServiceError::bad_request("ResourceExistsException", message));
                }
                let value = parameter(request.secret_string, "SecretString")?;
                let version = self.put(&name, &arn(&name), &value, request.client_request_token)?;
                json!({"ARN": arn(&name), "Name": name, "VersionId": version})
            }
            "PutSecretValue" => {
                let id = parameter(request.secret_id, "SecretId")?;
                let current = self.find(&id, "AWSCURRENT")?.ok_or_else(not_found)?;
                let value = parameter(request.secret_string, "SecretString")?;
                let version = self.put(&current.name, &current.arn, &value, request.client_request_token)?;
                json!({
                    "ARN": current.arn,
                    "Name": current.name,
                    "VersionId": version,
                    "VersionStages": ["AWSCURRENT"],
                })
            }
            other => {
                let message = format!("the operation {other} is not known to the local cloud");
                return Err(ServiceError::bad_request("UnknownOperationException", message));
            }
        };
        Ok(json_response(StatusCode::OK, CONTENT_TYPE, &answer))
    }

    /// The version of a secret with this stage. The id is the name or the ARN, with or without the six
    /// characters at its end.
    fn find(&self, id: &str, stage: &str) -> Result<Option<Version>, ServiceError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, arn, stage, version, value, created_at FROM secret
                 WHERE stage = ?2 AND (name = ?1 OR arn = ?1 OR substr(arn, 1, length(arn) - 7) = ?1)",
            )?;
            let version = statement.query_row((id, stage), |row| {
                Ok(Version {
                    name: row.get(0)?,
                    arn: row.get(1)?,
                    stage: row.get(2)?,
                    id: row.get(3)?,
                    value: row.get(4)?,
                    created_at: row.get(5)?,
                })
            });
            Ok(version.optional()?)
        })
    }

    /// Makes a value the current one and the one that was current the previous one: the version's id.
    fn put(&self, name: &str, arn: &str, value: &str, token: Option<String>) -> Result<String, ServiceError> {
        let now = self.clock.now_ms();
        let version = token.unwrap_or_else(|| {
            let digest = Sha256::digest(format!("{name}\n{now}\n{value}"));
            data_encoding::HEXLOWER.encode(digest.get(..16).unwrap_or_default())
        });
        self.database.transact(|connection| {
            let current: Option<(String, String)> = connection
                .query_row(
                    "SELECT version, value FROM secret WHERE name = ?1 AND stage = 'AWSCURRENT'",
                    [name],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()?;
            match current {
                // The token is an idempotency key.
                Some((known, same)) if known == version && same == value => return Ok(()),
                Some((known, _)) if known == version => {
                    let message = "You can't modify an existing version, you can only create a new version.";
                    return Err(ServiceError::bad_request("ResourceExistsException", message));
                }
                _ => {}
            }
            connection.execute("DELETE FROM secret WHERE name = ?1 AND stage = 'AWSPREVIOUS'", [name])?;
            connection.execute("UPDATE secret SET stage = 'AWSPREVIOUS' WHERE name = ?1", [name])?;
            connection.execute(
                "INSERT INTO secret (name, arn, stage, version, value, created_at)
                 VALUES (?1, ?2, 'AWSCURRENT', ?3, ?4, ?5)",
                (name, arn, &version, value, now),
            )?;
            Ok(())
        })?;
        Ok(version)
    }
}

/// A refusal on the wire.
pub(crate) fn error_response(error: &ServiceError) -> Response<Bytes> {
    json_response(error.status, CONTENT_TYPE, &json!({"__type": error.code, "Message": error.message}))
}

/// The ARN of a secret that does not come from the template.
fn arn(name: &str) -> String {
    format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:{name}-local1")
}

fn not_found() -> ServiceError {
    ServiceError::bad_request("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

/// A value of the secret's length, each character drawn evenly from its alphabet.
fn generate(secret: &Secret, seed: &[u8; 32]) -> String {
    let alphabet: Vec<char> = secret.alphabet.chars().collect();
    // Bytes above the largest multiple of the alphabet's size would favour its first characters.
    let even = 256 - 256 % alphabet.len().clamp(1, 256);
    let blocks = (0_u64..).flat_map(|block| {
        let digest = Sha256::new()
            .chain_update(seed)
            .chain_update(&secret.logical_id)
            .chain_update(block.to_be_bytes());
        <[u8; 32]>::from(digest.finalize())
    });
    let drawn = blocks.map(usize::from).filter(|byte| *byte < even);
    drawn.filter_map(|byte| alphabet.get(byte % alphabet.len())).take(secret.length).collect()
}
