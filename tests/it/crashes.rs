//! Every story again, with the process of a function dying before and after each of its outgoing
//! calls, with lost answers and with throttling: what is on record afterwards is the same.

use std::sync::atomic::Ordering;

use handover_aws::store::LedgerState;
use handover_cloud::Verdict as Fate;
use handover_core::NotificationKind;
use handover_tests::{MINUTE, View, World};

const CLIENT: &str = "+4915112345678";

/// What happens to every outgoing call in its turn.
const CRASHES: [Fate; 2] = [Fate::CrashBefore, Fate::CrashAfter];
/// What happens to every third one as well.
const TROUBLES: [Fate; 3] = [Fate::LoseAnswer, Fate::BreakBefore, Fate::Throttle];

/// A story: what the client does. Afterwards everything is given time to settle.
trait Story {
    const SEED: u64;
    /// The sweep comes every five minutes; most stories are not about it.
    const SWEEP: bool = false;
    /// The sample's bots answer from their entries.
    const ANSWERS: bool = false;
    /// How much of it ends in quarantine.
    const QUARANTINED: usize = 0;
    async fn tell(world: &World);
}

struct Request;

impl Story for Request {
    const SEED: u64 = 11;

    async fn tell(world: &World) {
        world.say(world.twilio(), CLIENT, "1", "I want to talk to a human").await;
    }
}

struct RequestAndWait;

impl Story for RequestAndWait {
    const SEED: u64 = 12;

    async fn tell(world: &World) {
        world.say(world.twilio(), CLIENT, "1", "human please").await;
        world.travel_to(20 * MINUTE).await;
        world.say(world.twilio(), CLIENT, "2", "hello?").await;
        world.say(world.twilio(), CLIENT, "3", "I want to talk to a human!").await;
        world.travel_to(110 * MINUTE).await;
        world.say(world.twilio(), CLIENT, "4", "thanks").await;
    }
}

/// No timer arrives: the sweep finds what is due.
struct LostTimers;

impl Story for LostTimers {
    const SEED: u64 = 15;
    const SWEEP: bool = true;

    async fn tell(world: &World) {
        world.drop_timers();
        world.say(world.twilio(), CLIENT, "1", "human please").await;
        world.stop_sweep();
        world.travel_to(61 * MINUTE).await;
        world.sweep().await;
    }
}

struct NoRequest;

impl Story for NoRequest {
    const SEED: u64 = 13;

    async fn tell(world: &World) {
        world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    }
}

/// The bot answers from its entries.
struct Answered;

impl Story for Answered {
    const SEED: u64 = 16;
    const ANSWERS: bool = true;

    async fn tell(world: &World) {
        world.say(world.twilio(), CLIENT, "1", "when do you open?").await;
        world.travel_to(10 * MINUTE).await;
        world.say(world.twilio(), CLIENT, "2", "where can I park my car?").await;
    }
}

struct Garbage;

impl Story for Garbage {
    const SEED: u64 = 14;
    const QUARANTINED: usize = 1;

    async fn tell(world: &World) {
        world.say(world.twilio(), CLIENT, "1", "hello").await;
        let mut call = world.call(world.twilio(), CLIENT, "2", "x");
        let inbox = world.twilio();
        let body = "MessageSid=SM2&Body=from+nobody";
        let url = inbox.webhook_url(world.local.public_url());
        let signature = handover_providers::twilio_signature(&inbox.secret, &url, body.as_bytes());
        call.headers_mut().insert("x-twilio-signature", signature.parse().unwrap());
        *call.body_mut() = body.into();
        for _ in 0..8 {
            if world.webhook(call.clone()).await.is_success() {
                break;
            }
            world.travel(MINUTE / 4).await;
        }
        world.settle().await;
    }
}

/// Runs a story with one fate for one call, lets everything come to rest, and looks.
async fn run<S: Story>(number: u64, fate: Fate) -> (View, World, u64) {
    let world = if S::ANSWERS { World::answering(S::SEED).await } else { World::new(S::SEED).await };
    if !S::SWEEP {
        world.stop_sweep();
    }
    let counter = world.strike(number, fate);
    S::tell(&world).await;
    // Longer than any visibility time-out and wait, shorter than anything that changes the story.
    world.travel(15 * MINUTE).await;
    let calls = counter.load(Ordering::SeqCst);
    world.heal();
    (world.see(CLIENT).await, world, calls)
}

/// Compares every bumpy way with the smooth one.
async fn sweep<S: Story>() {
    let (smooth, world, calls) = run::<S>(u64::MAX, Fate::Proceed).await;
    world.assert_nothing_left();
    let kept = world.local.admin_store().quarantine(world.account()).await.unwrap().len();
    assert_eq!(kept, S::QUARANTINED);
    assert!(calls > 3, "the story makes calls: {calls}");
    for number in 0..calls {
        let troubles = TROUBLES.into_iter().filter(|_| (number + S::SEED) % 3 == 0);
        for fate in CRASHES.into_iter().chain(troubles) {
            let at = format!("call {number} of {calls}: {fate:?}");
            let (bumpy, world, _) = run::<S>(number, fate).await;
            compare(&smooth, &bumpy, &at);
            world.assert_nothing_left();
            let kept = world.local.admin_store().quarantine(world.account()).await.unwrap().len();
            assert_eq!(kept, S::QUARANTINED, "{at}: quarantine");
        }
    }
}

fn compare(smooth: &View, bumpy: &View, at: &str) {
    assert_eq!(bumpy.verdicts(), smooth.verdicts(), "{at}");
    assert_eq!(bumpy.record(), smooth.record(), "{at}");
    let doubtful = bumpy.ledger.iter().any(|entry| entry.state == LedgerState::Unknown);
    let mut told = bumpy.told();
    if doubtful {
        // Nobody can know whether it was sent: it is not sent again, and staff are told.
        let failed = told.iter().any(|(_, about, _, _)| *about == NotificationKind::DeliveryFailed);
        assert!(failed, "{at}: a doubtful text is shown");
        told.retain(|(_, about, _, _)| *about != NotificationKind::DeliveryFailed);
        assert!(bumpy.texts.len() <= smooth.texts.len(), "{at}: {:?}", bumpy.texts);
    } else {
        assert_eq!(bumpy.closing(), smooth.closing(), "{at}");
        assert_eq!(bumpy.texts, smooth.texts, "{at}");
    }
    assert_eq!(told, smooth.told(), "{at}");
}

#[tokio::test]
async fn a_handover_survives_every_crash() {
    sweep::<Request>().await;
}

#[tokio::test]
async fn a_pause_and_its_end_survive_every_crash() {
    sweep::<RequestAndWait>().await;
}

#[tokio::test]
async fn the_sweep_survives_every_crash() {
    sweep::<LostTimers>().await;
}

#[tokio::test]
async fn an_ordinary_message_survives_every_crash() {
    sweep::<NoRequest>().await;
}

#[tokio::test]
async fn answers_survive_every_crash() {
    sweep::<Answered>().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_once_whatever_crashes() {
    sweep::<Garbage>().await;
}
