//! What a killed process leaves behind.

use crate::{NOON_MS, admin, dynamodb, environment, item, table, template, text};
use bytes::Bytes;
use handover_cloud::{Clock, Cloud, Storage};
use std::io::Write;
use std::path::PathBuf;

/// A directory of its own for a test, gone when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("handover-cloud-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn open(&self, seed: u8) -> Cloud {
        let storage = Storage::Directory(self.0.clone());
        Cloud::open(&storage, Clock::manual(NOON_MS), &template(), &[seed; 32]).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn items_secrets_and_the_outbox_are_there_again() {
    let directory = Directory::new("all");
    let read_key = async |cloud: &Cloud| {
        let client = aws_sdk_secretsmanager::Client::new(&admin(cloud));
        let id = environment(cloud, "evaluate", "MASTER_KEY_SECRET_ARN");
        client.get_secret_value().secret_id(id).send().await.unwrap().secret_string.unwrap()
    };
    let post = async |cloud: &Cloud, body: &'static str| {
        let request = http::Request::post("https://api.provider.example/").body(Bytes::from(body)).unwrap();
        cloud.call_world(request).await.unwrap();
    };
    let first = directory.open(1);
    let put = dynamodb(&admin(&first)).put_item().table_name(table(&first));
    put.set_item(Some(item(&[("pk", "a"), ("sk", "1")]))).send().await.unwrap();
    let key = read_key(&first).await;
    post(&first, "one").await;
    drop(first);
    // Half a line, as a kill in the middle of a write leaves it.
    let outbox = std::fs::OpenOptions::new().append(true).open(directory.0.join("outbox.jsonl"));
    outbox.unwrap().write_all(b"{\"sequence\":2,\"at").unwrap();

    let second = directory.open(2);
    assert_eq!(read_key(&second).await, key, "the key is generated once");
    let get = dynamodb(&admin(&second)).get_item().table_name(table(&second));
    assert!(get.key("pk", text("a")).key("sk", text("1")).send().await.unwrap().item.is_some());
    post(&second, "two").await;
    drop(second);

    let third = directory.open(3);
    let sent: Vec<_> =
        third.recorder().requests().into_iter().map(|sent| (sent.sequence, sent.body)).collect();
    assert_eq!(sent, [(1, "one".to_owned()), (2, "two".to_owned())]);
}

#[tokio::test]
async fn the_generated_key_depends_on_the_seed_alone() {
    let read = async |seed: u8| {
        let cloud = Cloud::open(&Storage::Memory, Clock::manual(NOON_MS), &template(), &[seed; 32]).unwrap();
        let client = aws_sdk_secretsmanager::Client::new(&admin(&cloud));
        let id = environment(&cloud, "evaluate", "MASTER_KEY_SECRET_ARN");
        client.get_secret_value().secret_id(id).send().await.unwrap().secret_string.unwrap()
    };
    assert_eq!(read(1).await, read(1).await);
    assert_ne!(read(1).await, read(2).await);
}

#[test]
fn a_directory_that_is_not_there_is_one_clear_line() {
    let storage = Storage::Directory(PathBuf::from("/nonexistent/handover"));
    let error =
        Cloud::open(&storage, Clock::manual(NOON_MS), &template(), &[0; 32]).err().unwrap().to_string();
    assert!(error.starts_with("queues.db: ") && !error.contains('\n'), "{error}");
}
