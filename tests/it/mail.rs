//! E-mail to staff: one of two copies that are at work at the same moment, and addresses from which it comes
//! back.

use std::sync::atomic::{AtomicBool, Ordering};

use handover_aws::{
    queue::Notice,
    store::{LedgerState, NoteClaim, NoteSubject, Recipient, Told},
};
use handover_cloud::{Call, Service, Verdict as Fate, sqs::SendRequest};
use handover_core::{EffectId, EffectKind, Notification, NotificationChannel, NotificationKind, StaffId};
use handover_tests::{MINUTE, SECOND, View, World};

use crate::notify::{CLIENT, SAID, edit_staff, failing, note};

/// The e-mail about a conversation's assignment.
fn email(view: &View, staff: &StaffId) -> Notification {
    let assigned = |effect: &EffectId, kind: &EffectKind| {
        let EffectKind::Notify { about: NotificationKind::ConversationAssigned, .. } = kind else {
            return None;
        };
        Some(effect.copy_for(staff, NotificationChannel::Email.name()))
    };
    let mut effects = view.messages.iter().flat_map(|message| &message.effects);
    Notification {
        id: effects.find_map(|effect| assigned(&effect.id, &effect.kind)).unwrap(),
        staff: staff.clone(),
        about: NotificationKind::ConversationAssigned,
        channel: NotificationChannel::Email,
    }
}

fn break_mail(world: &World) {
    world.strike_all(Fate::BreakBefore, |call: &Call| call.service == Service::Ses);
}

#[tokio::test]
async fn a_copy_that_another_run_is_sending_waits_and_is_sent_once_if_that_run_died() {
    let world = World::new(71).await;
    let staff = world.sample.clinic.assignee.clone();
    break_mail(&world);
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    // Another run, with another copy, is at it from now on, and dies.
    let view = world.see(CLIENT).await;
    let notification = email(&view, &staff);
    let subject = NoteSubject {
        conversation: Some(view.conversation.id.clone()),
        epoch: Some(1),
        at: view.conversation.control_since,
    };
    let store = world.local.admin_store();
    let claim = |writer, at| NoteClaim { writer, at, left_after: Some(MINUTE) };
    let mine = claim("other", world.now());
    let claimed = store.claim_told(world.account(), &notification, &subject, &mine).await.unwrap();
    assert_eq!(claimed, Told::Ours);
    // The answer to a claim got lost: the same run asks again, and it is its own.
    assert_eq!(store.claim_told(world.account(), &notification, &subject, &mine).await.unwrap(), Told::Ours);
    let third = claim("third", world.now());
    let Told::Before(before) =
        store.claim_told(world.account(), &notification, &subject, &third).await.unwrap()
    else {
        panic!("two runs at once")
    };
    assert_eq!(before.state, Some(LedgerState::Claimed));
    world.heal();
    world.travel(40 * SECOND).await;
    assert_eq!(world.emails().len(), 0, "somebody else is at it");
    world.travel(3 * MINUTE).await;
    assert_eq!(world.emails().len(), 1, "that one is dead by now");
    // It was slow, not dead: what it says now changes nothing.
    let (released, why) = (LedgerState::Released, Some("late".to_owned()));
    store.settle_told(world.account(), &notification, &subject, &mine, released, why).await.unwrap();
    let now = note(&world.see(CLIENT).await, NotificationChannel::Email);
    assert_eq!((now.state, now.failure), (Some(LedgerState::Sent), None));
    world.travel(10 * MINUTE).await;
    assert_eq!(world.emails().len(), 1);
    world.assert_nothing_left();
}

#[tokio::test]
async fn copies_of_one_notice_send_one_mail_also_when_the_first_dies_at_it() {
    for (seed, fate, mails) in [(73, Fate::Proceed, 1), (74, Fate::CrashBefore, 1), (75, Fate::CrashAfter, 2)]
    {
        let world = World::new(seed).await;
        break_mail(&world);
        world.say(world.twilio(), CLIENT, "1", SAID).await;
        let view = world.see(CLIENT).await;
        let notice = Notice {
            account: world.account().clone(),
            notification: email(&view, &world.sample.clinic.assignee),
            conversation: Some(view.conversation.id.clone()),
            contact: None,
            epoch: Some(1),
            scenario: None,
            at: view.conversation.control_since,
        };
        let struck = AtomicBool::new(false);
        let first = fate.clone();
        world.strike_all_if(move |call| {
            let first_mail = call.service == Service::Ses && !struck.swap(true, Ordering::SeqCst);
            if first_mail { first.clone() } else { Fate::Proceed }
        });
        // With the one that waits to be tried again there are three, at work as their queue likes.
        for _ in 0..2 {
            let message =
                SendRequest { body: serde_json::to_string(&notice).unwrap(), ..SendRequest::default() };
            world.local.cloud().sqs().send(&world.queue("NotificationsQueue"), &message).unwrap();
        }
        world.settle().await;
        world.travel(10 * MINUTE).await;
        assert_eq!(world.emails().len(), mails, "{fate:?}: doubled by the crash alone");
        assert_eq!(note(&world.see(CLIENT).await, NotificationChannel::Email).failure, None);
        world.assert_nothing_left();
    }
}

#[tokio::test]
async fn an_address_that_bounces_is_shown_until_mail_arrives_again() {
    let world = World::new(72).await;
    let staff = world.sample.clinic.assignee.clone();
    let store = world.local.admin_store();
    let address = store.staff(world.account(), &staff).await.unwrap().unwrap().email.unwrap();
    world.local.cloud().bounce_addresses([address].into());
    world.say(world.twilio(), CLIENT, "1", SAID).await;
    let bounces = Some("the address bounces".to_owned());
    assert_eq!(failing(&world, NotificationChannel::Email).await, bounces);
    // The mail service takes the next one as well. That says nothing.
    world.travel(MINUTE).await;
    let mut only_taken = world.local.admin_store().health(world.account()).await.unwrap();
    let known = only_taken.pop().unwrap();
    assert_eq!(known.recipient, Recipient::Staff { staff, channel: NotificationChannel::Email });
    store
        .note_health(world.account(), &known.recipient, handover_aws::store::HealthNews::Taken, world.now())
        .await
        .unwrap();
    assert_eq!(failing(&world, NotificationChannel::Email).await, bounces);
    // Another address works, and what comes back from the old one afterwards is old news.
    edit_staff(&world, |staff| staff.email = Some("alex@elsewhere.example".to_owned())).await;
    world.say(world.twilio(), "+4915100000001", "2", SAID).await;
    assert_eq!(failing(&world, NotificationChannel::Email).await, None);
    let late = r#"{"eventType":"Bounce","bounce":{"bounceType":"Permanent"},"mail":{"destination":["OLD"],"tags":{"account":["ACC"],"staff":["STF"]}}}"#;
    let staff = &world.sample.clinic.assignee;
    for (destination, expected) in [("old@elsewhere.example", None), ("ALEX@elsewhere.example", bounces)] {
        let body = late.replace("OLD", destination);
        let body = body.replace("ACC", world.account().as_str()).replace("STF", staff.as_str());
        let message = SendRequest { body, ..SendRequest::default() };
        world.travel(MINUTE).await;
        world.local.cloud().sqs().send(&world.queue("NotificationsQueue"), &message).unwrap();
        world.settle().await;
        assert_eq!(failing(&world, NotificationChannel::Email).await, expected, "{destination}");
    }
    world.assert_nothing_left();
}
