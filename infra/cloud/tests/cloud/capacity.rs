//! The units in the call log, against numbers computed by hand from DynamoDB's rules: 1 write unit per KB
//! (index entries count as writes of their own, a changed index key as two, transactions twice), 1 read unit
//! per 4 KB for a strong read and half of it for an eventual one.

use crate::{admin, cloud, dynamodb, item, table, text};
use aws_sdk_dynamodb::types::{Put, ReturnConsumedCapacity, TransactWriteItem};
use handover_cloud::{Cloud, Units};

fn last(cloud: &Cloud) -> Units {
    cloud.take_log().last().unwrap().units
}

fn write(units: f64) -> Units {
    Units { read: 0.0, write: units }
}

fn read(units: f64) -> Units {
    Units { read: units, write: 0.0 }
}

#[tokio::test]
async fn writes_reads_and_refused_writes_are_priced() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let table = table(&cloud);
    let long = "x".repeat(1_200);

    let put =
        |attributes: &[(&str, &str)]| client.put_item().table_name(&table).set_item(Some(item(attributes)));
    put(&[("pk", "a"), ("sk", "1")]).send().await.unwrap();
    assert_eq!(last(&cloud), write(1.0));
    put(&[("pk", "a"), ("sk", "2"), ("text", &long)]).send().await.unwrap();
    assert_eq!(last(&cloud), write(2.0));
    put(&[("pk", "a"), ("sk", "3"), ("inbox_pk", "i"), ("inbox_sk", "1")]).send().await.unwrap();
    assert_eq!(last(&cloud), write(2.0));

    let moved = client.update_item().table_name(&table).key("pk", text("a")).key("sk", text("3"));
    let moved = moved.update_expression("SET inbox_sk = :s").expression_attribute_values(":s", text("2"));
    moved.send().await.unwrap();
    assert_eq!(last(&cloud), write(3.0));
    // `note` is not in the index's projection.
    let beside = client.update_item().table_name(&table).key("pk", text("a")).key("sk", text("3"));
    let beside = beside.update_expression("SET note = :n").expression_attribute_values(":n", text("n"));
    beside.send().await.unwrap();
    assert_eq!(last(&cloud), write(1.0));

    let refused = put(&[("pk", "a"), ("sk", "1")]).condition_expression("attribute_not_exists(pk)");
    refused.send().await.unwrap_err();
    assert_eq!(last(&cloud), write(1.0));
    let refused =
        put(&[("pk", "a"), ("sk", "1"), ("text", &long)]).condition_expression("attribute_not_exists(pk)");
    refused.send().await.unwrap_err();
    assert_eq!(last(&cloud), write(2.0));

    let get = |strong| {
        let get = client.get_item().table_name(&table).consistent_read(strong);
        get.key("pk", text("a")).key("sk", text("1"))
    };
    get(true).send().await.unwrap();
    assert_eq!(last(&cloud), read(1.0));
    get(false).send().await.unwrap();
    assert_eq!(last(&cloud), read(0.5));
    let query = client.query().table_name(&table).index_name("inbox");
    let query = query.key_condition_expression("inbox_pk = :p").expression_attribute_values(":p", text("i"));
    assert_eq!(query.send().await.unwrap().count(), 1);
    assert_eq!(last(&cloud), read(0.5));
}

#[tokio::test]
async fn a_transaction_costs_twice_also_when_it_is_cancelled() {
    let cloud = cloud();
    let client = dynamodb(&admin(&cloud));
    let put = |sk: &str, condition: Option<&str>| {
        let put = Put::builder().table_name(table(&cloud)).set_item(Some(item(&[("pk", "a"), ("sk", sk)])));
        let put = put.set_condition_expression(condition.map(str::to_owned)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let both = |condition| {
        let transaction = client.transact_write_items();
        transaction.transact_items(put("1", condition)).transact_items(put("2", None))
    };
    both(None).send().await.unwrap();
    assert_eq!(last(&cloud), write(4.0));
    both(Some("attribute_not_exists(pk)")).send().await.unwrap_err();
    assert_eq!(last(&cloud), write(4.0));
}

#[tokio::test]
async fn who_asks_for_the_capacity_gets_it() {
    let cloud = cloud();
    let put = dynamodb(&admin(&cloud)).put_item().table_name(table(&cloud));
    let put = put.set_item(Some(item(&[("pk", "a"), ("sk", "1")])));
    let silent = put.clone().return_consumed_capacity(ReturnConsumedCapacity::None).send().await.unwrap();
    assert!(silent.consumed_capacity.is_none());
    let told = put.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    assert_eq!(told.consumed_capacity().unwrap().capacity_units(), Some(1.0));
}
