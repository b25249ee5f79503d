//! One id from a webhook to everything that follows.

use std::collections::BTreeSet;

use handover_aws::Trace;
use handover_tests::World;

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

#[tokio::test]
async fn what_follows_from_a_webhook_carries_its_trace() {
    let world = World::new(1).await;
    let trace = Trace::read(&format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")).unwrap();
    let call = world.call(world.twilio(), "+4915112345678", "1", "I want to talk to a human");
    // As the runtime does around each invocation.
    assert_eq!(trace.around(world.webhook(call)).await, 200);
    // From here on only the messages know.
    assert!(world.local.dispatcher().step_function("execute").await.unwrap());
    for queue in ["OutboundQueue.fifo", "NotificationsQueue"] {
        let received = world.local.cloud().sqs().receive(&world.queue(queue), 10, None).unwrap();
        let headers: BTreeSet<Option<&str>> = received
            .iter()
            .map(|message| message.attributes.get("AWSTraceHeader").map(String::as_str))
            .collect();
        let expected = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        assert_eq!(headers, BTreeSet::from([Some(expected.as_str())]), "{queue}");
    }
}
