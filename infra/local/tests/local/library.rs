//! The system as tests use it: in memory, on a clock that stands still.

use bytes::Bytes;
use handover_aws::Random;
use handover_cloud::{Clock, Outcome, Service, Verdict, scheduler::Lateness};
use handover_core::Timestamp;
use handover_local::{ClientMessage, Local, LocalError, LocalOptions, Sample, SampleAccount, SampleInbox};
use http::Response;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const NOON_MS: i64 = 1_795_348_800_000; // 2026-11-22T12:00:00Z
const HOUR_MS: i64 = 3_600_000;

async fn local() -> (Local, Sample) {
    let local = Local::open(LocalOptions::in_memory(Clock::manual(NOON_MS), 1)).await.unwrap();
    local.cloud().scheduler().set_lateness(Lateness::Exact);
    let sample = local.sample().await.unwrap();
    (local, sample)
}

async fn write(local: &Local, inbox: &SampleInbox, random: &Random) -> Response<Bytes> {
    let message = ClientMessage::new(inbox, None, "I want to talk to a human", random);
    let call = inbox.call(local.public_url(), &message, local.wall());
    local.dispatcher().http(call, "192.0.2.1").await
}

fn closings(local: &Local) -> usize {
    local.cloud().recorder().requests().iter().filter(|sent| sent.method == "POST").count()
}

#[tokio::test]
async fn both_inboxes_of_both_accounts_take_their_calls_and_only_labs_hand_over() {
    let (local, sample) = local().await;
    let random = Random::seeded(1);
    for inbox in sample.accounts().into_iter().flat_map(SampleAccount::inboxes) {
        assert_eq!(write(&local, inbox, &random).await.status(), 200, "{:?}", inbox.inbox.provider);
    }
    local.dispatcher().settle().await.unwrap();
    let sent = local.cloud().recorder().requests();
    let mut to: Vec<&str> = sent.iter().map(|sent| sent.url.split('/').nth(2).unwrap_or(&sent.url)).collect();
    to.sort_unstable();
    let email = "mailto:alex.moreno@sunrise-clinic.example";
    // The bot that is asked is seen to write.
    assert_eq!(to, ["api.twilio.com", "bot.example", email, email, "messaging.twilio.com"]);
}

#[tokio::test]
async fn time_passes_from_event_to_event() {
    let (local, sample) = local().await;
    write(&local, &sample.clinic.generic, &Random::seeded(1)).await;
    local.travel(Timestamp::from_ms(NOON_MS + 2 * HOUR_MS)).await.unwrap();
    assert_eq!(local.now().as_ms(), NOON_MS + 2 * HOUR_MS);
    let store = local.admin_store();
    let account = &sample.clinic.account;
    let [id] = store.conversations(account).await.unwrap().try_into().unwrap();
    let [handover] = store.handovers(account, &id).await.unwrap().try_into().unwrap();
    assert_eq!(
        handover.ended_at,
        Some(Timestamp::from_ms(NOON_MS + HOUR_MS)),
        "at its own time, not at the end"
    );
    local.travel(Timestamp::from_ms(NOON_MS)).await.unwrap();
    assert_eq!(local.now().as_ms(), NOON_MS + 2 * HOUR_MS, "never back");
}

#[tokio::test]
async fn a_crashed_function_starts_anew_and_finishes() {
    let (local, sample) = local().await;
    local.cloud().take_log();
    let crashed = Arc::new(AtomicBool::new(false));
    let once = Arc::clone(&crashed);
    local.cloud().set_hook(Some(Arc::new(move |call| {
        let submits = call.service == Service::World && call.function.as_deref() == Some("deliver");
        if submits && !once.swap(true, Ordering::Relaxed) { Verdict::CrashBefore } else { Verdict::Proceed }
    })));
    write(&local, &sample.clinic.generic, &Random::seeded(1)).await;
    local.travel(Timestamp::from_ms(NOON_MS + HOUR_MS / 4)).await.unwrap();
    assert!(crashed.load(Ordering::Relaxed));
    // The claim stood when the process died, and nobody can know whether more happened.
    assert_eq!(closings(&local), 0);
    let log = local.cloud().take_log();
    let starts = |name: &str| {
        let reads_key = |record: &&handover_cloud::CallRecord| {
            record.service == Service::SecretsManager && record.function.as_deref() == Some(name)
        };
        log.iter().filter(reads_key).count()
    };
    assert_eq!((starts("deliver"), starts("evaluate")), (1, 0), "the one that died, and no other");
    assert!(log.iter().any(|record| record.outcome == Outcome::CrashedBefore));
    let account = &sample.clinic.account;
    let [id] = local.admin_store().conversations(account).await.unwrap().try_into().unwrap();
    let ledger = local.admin_store().ledger(account, &id).await.unwrap();
    let shown: Value = serde_json::to_value(ledger[0].state).unwrap();
    assert_eq!(shown, "unknown");
}

#[tokio::test]
async fn a_function_is_held_to_its_own_policy() {
    let (local, sample) = local().await;
    let host = local.host("evaluate").unwrap();
    let mut reading = host.read();
    let sdk = reading.sdk();
    let store = reading.store(&sdk);
    assert!(store.inbox(&sample.clinic.twilio.inbox.id).await.unwrap().is_some());
    let (account, _) = store_of(&local, &sample).await;
    let refused = store.put_account(&account).await.unwrap_err();
    assert!(refused.reason().contains("access denied"), "{refused}");
    assert!(matches!(local.host("nobody"), Err(LocalError::NoFunction(_))));
}

async fn store_of(local: &Local, sample: &Sample) -> (handover_core::Account, handover_core::Directory) {
    local.admin_store().account(&sample.clinic.account).await.unwrap().unwrap()
}

#[tokio::test]
async fn signatures_go_by_domain_time_where_that_is_asked_for() {
    let (local, sample) = local().await;
    let inbox = &sample.clinic.generic;
    let message = ClientMessage::new(inbox, None, "Hello", &Random::seeded(1));
    let late = inbox.call(local.public_url(), &message, Timestamp::from_ms(NOON_MS - 301_000));
    assert_eq!(local.dispatcher().http(late, "192.0.2.1").await.status(), 401);
    let now = inbox.call(local.public_url(), &message, Timestamp::from_ms(NOON_MS - 299_000));
    assert_eq!(local.dispatcher().http(now, "192.0.2.1").await.status(), 200);
}
