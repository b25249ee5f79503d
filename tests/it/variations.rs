//! Who gets the conversation, and when nothing fires.

use handover_aws::store::MessageItem;
use handover_core::{
    Account, Assignee, Bot, Control, HandoverAction, Labs, NotificationChannel, NotificationKind, Pause,
    Scenario, Sensitivity, Verdict,
};
use handover_local::SampleInbox;
use handover_tests::{MINUTE, View, World};

const CLIENT: &str = "+4915112345678";
const OTHER: &str = "+4915199999999";

/// Changes the clinic's bot, and lets the change become live.
async fn edit_bot(world: &World, edit: impl FnOnce(&mut Bot)) {
    let store = world.local.admin_store();
    let (account, bot) = (world.account(), &world.sample.clinic.bot);
    let revision = store.current_revision(account, bot).await.unwrap().unwrap();
    let mut bot = store.revision(account, bot, revision).await.unwrap().unwrap().bot;
    edit(&mut bot);
    bot.validate().unwrap();
    store.put_bot(account, &bot).await.unwrap();
    world.travel(MINUTE).await;
}

async fn edit_account(world: &World, edit: impl FnOnce(&mut Account)) {
    let store = world.local.admin_store();
    let (mut account, _) = store.account(world.account()).await.unwrap().unwrap();
    edit(&mut account);
    store.put_account(&account).await.unwrap();
    world.travel(MINUTE).await;
}

fn nothing_happened(view: &View, verdict: Verdict) {
    assert_eq!(view.verdicts(), [verdict]);
    assert_eq!(view.conversation.control, Control::Bot);
    assert_eq!(view.conversation.epoch, 0);
    assert!(view.handovers.is_empty() && view.texts.is_empty() && view.notes.is_empty());
    assert_eq!(view.contact.assignee, None);
    assert!(view.contact.tags.is_empty());
}

fn record(view: &View) -> &MessageItem {
    view.messages.first().unwrap()
}

#[tokio::test]
async fn an_ordinary_message_is_recorded_and_nothing_happens() {
    let world = World::new(1).await;
    world.say(world.twilio(), CLIENT, "1", "what are your opening hours?").await;
    nothing_happened(&world.see(CLIENT).await, Verdict::ExternalBot);
    world.assert_nothing_left();
}

#[tokio::test]
async fn labs_off_nothing_fires_and_the_record_says_why() {
    let world = World::new(2).await;
    edit_account(&world, |account| account.labs = Labs { human_handover: false }).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    nothing_happened(&view, Verdict::LabsOff);
    assert_eq!(
        record(&view).record.action.as_ref().map(ToString::to_string).as_deref(),
        Some("human_requested")
    );
}

#[tokio::test]
async fn the_twin_account_never_hands_over() {
    let world = World::new(3).await;
    let twin = world.sample.twin.clone();
    world.say(&twin.twilio, CLIENT, "1", "I want to talk to a human").await;
    let id = world.conversation(&twin.twilio, CLIENT);
    nothing_happened(&world.look(&twin.account, &id).await.unwrap(), Verdict::LabsOff);
    // The same client of the other account is somebody else.
    let id = world.conversation(world.twilio(), CLIENT);
    assert!(world.look(world.account(), &id).await.is_none());
}

#[tokio::test]
async fn handover_off_nothing_fires_and_the_record_says_why() {
    let world = World::new(4).await;
    edit_bot(&world, |bot| bot.handover = false).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    nothing_happened(&world.see(CLIENT).await, Verdict::HandoverOff);
}

#[tokio::test]
async fn a_scenario_off_nothing_fires_and_the_record_says_why() {
    let world = World::new(5).await;
    edit_bot(&world, |bot| {
        for action in &mut bot.actions {
            action.enabled = !matches!(action.scenario, Scenario::HumanRequested { .. });
        }
    })
    .await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    nothing_happened(&view, Verdict::NoEnabledAction);
    assert_eq!(record(&view).record.revision, Some(2));
}

#[tokio::test]
async fn switching_off_leaves_an_open_handover_alone() {
    let world = World::new(6).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    edit_account(&world, |account| account.labs = Labs { human_handover: false }).await;
    world.say(world.twilio(), CLIENT, "2", "are you there?").await;
    assert_eq!(world.see(CLIENT).await.verdicts(), [Verdict::HandedOver, Verdict::Paused]);
    world.travel(61 * MINUTE).await;
    assert_eq!(world.see(CLIENT).await.conversation.control, Control::Bot);
}

#[tokio::test]
async fn whoever_looks_after_the_contact_keeps_it() {
    let world = World::new(7).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    world.travel(61 * MINUTE).await;
    let colleague = Assignee::Staff(world.sample.clinic.colleague.clone());
    edit_bot(&world, |bot| {
        let assign = bot.actions.first_mut().and_then(|action| action.assign.as_mut()).unwrap();
        assign.to = colleague.clone();
        assert!(assign.skip_if_assigned);
    })
    .await;
    world.say(world.twilio(), CLIENT, "2", "human").await;
    world.say(world.twilio(), OTHER, "3", "human").await;
    let assignee = Assignee::Staff(world.sample.clinic.assignee.clone());
    assert_eq!(world.see(CLIENT).await.contact.assignee, Some(assignee));
    assert_eq!(world.see(OTHER).await.contact.assignee, Some(colleague));
}

#[tokio::test]
async fn nobody_assigned_all_admins_are_told_in_app() {
    let world = World::new(8).await;
    edit_bot(&world, |bot| bot.actions.first_mut().unwrap().assign = None).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.contact.assignee, None);
    // The colleague is no admin, and has switched everything off but e-mail for assignments.
    let admin = world.sample.clinic.assignee.clone();
    let waiting = (admin, NotificationKind::ConversationWaiting, NotificationChannel::InApp, Some(1));
    assert_eq!(view.told(), [waiting].into_iter().collect());
    assert!(world.emails().is_empty());
}

#[tokio::test]
async fn somebody_who_has_left_gets_nothing_and_the_admins_hear_of_it() {
    let world = World::new(9).await;
    edit_bot(&world, |bot| {
        let assign = bot.actions.first_mut().and_then(|action| action.assign.as_mut()).unwrap();
        assign.to = Assignee::Staff("stf_gone".parse().unwrap());
    })
    .await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.contact.assignee, None);
    let told: Vec<NotificationKind> = view.told().into_iter().map(|(_, about, ..)| about).collect();
    assert_eq!(told, [NotificationKind::ConversationWaiting, NotificationKind::AssigneeMissing]);
}

#[tokio::test]
async fn asking_again_raises_the_urgency_and_hands_nothing_over_again() {
    let world = World::new(10).await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    for id in ["2", "3"] {
        world.travel(MINUTE).await;
        world.say(world.twilio(), CLIENT, id, "I WANT A HUMAN!!").await;
    }
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver, Verdict::AskedAgain, Verdict::AskedAgain]);
    assert_eq!(view.handovers.len(), 1);
    assert_eq!(view.handovers.first().unwrap().urgency, 2);
    assert_eq!(view.texts.len(), 1);
    let urgent = view.told().into_iter().filter(|(_, about, ..)| *about == NotificationKind::Urgent);
    assert_eq!(urgent.count(), 1, "one ring, however often");
}

#[tokio::test]
async fn phrases_of_the_business_count_in_any_spelling() {
    let spellings = [
        "Put me through to the front desk",
        "PUT ME THROUGH TO THE FRONT DESK!!!",
        "put me  through,\tto the “front desk”…",
        "\u{200f}put me through to the front desk 🙏",
    ];
    let world = World::new(11).await;
    for (index, text) in spellings.into_iter().enumerate() {
        let from = format!("+49151000000{index}");
        world.say(world.twilio(), &from, &index.to_string(), text).await;
        let view = world.see(&from).await;
        assert_eq!(view.verdicts(), [Verdict::HandedOver], "{text}");
        let matched = record(&view).record.matched.clone().unwrap();
        assert_eq!((matched.phrase, matched.closeness.get()), (0, 1_000), "{text}");
    }
}

#[tokio::test]
async fn custom_phrases_lead_to_different_people_and_guards_hold() {
    let world = World::new(12).await;
    let colleague = Assignee::Staff(world.sample.clinic.colleague.clone());
    edit_bot(&world, |bot| {
        let phrases = vec!["cancel my membership".to_owned()];
        let scenario = Scenario::Custom { name: "cancellations".to_owned(), phrases };
        let mut action = HandoverAction::new("cancellations".parse().unwrap(), scenario);
        action.assign = Some(handover_core::Assign { to: colleague.clone(), skip_if_assigned: false });
        action.pause = Pause::For { days: 1, hours: 2, minutes: 3 };
        action.tag = Some("cancels".to_owned());
        bot.actions.push(action);
    })
    .await;
    world.say(world.twilio(), CLIENT, "1", "Please cancel my membership").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.contact.assignee, Some(colleague));
    assert!(view.contact.tags.contains("cancels"));
    let handover = view.handovers.first().unwrap();
    let pause = handover.resume_at.unwrap().since(handover.started_at);
    assert_eq!(pause, (24 * 60 + 2 * 60 + 3) * MINUTE);

    world.say(world.twilio(), OTHER, "2", "please don't transfer me to a human").await;
    assert_eq!(world.see(OTHER).await.verdicts(), [Verdict::ExternalBot]);
}

#[tokio::test]
async fn sensitivity_is_each_actions_own() {
    assert!(Sensitivity::Eager.threshold() < Sensitivity::Balanced.threshold());
    assert!(Sensitivity::Balanced.threshold() < Sensitivity::Strict.threshold());
}

#[tokio::test]
async fn nothing_to_say_on_purpose_sends_nothing() {
    let world = World::new(13).await;
    edit_bot(&world, |bot| {
        bot.actions.first_mut().unwrap().closing_message = handover_core::ClosingMessage::SendNothing;
    })
    .await;
    world.say(world.twilio(), CLIENT, "1", "human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    assert!(view.texts.is_empty() && view.ledger.is_empty());
}

#[tokio::test]
async fn the_generic_provider_hands_over_too() {
    let world = World::new(14).await;
    let inbox: SampleInbox = world.sample.clinic.generic.clone();
    world.say(&inbox, "visitor-1", "1", "can I speak to someone?").await;
    let id = world.conversation(&inbox, "visitor-1");
    let view = world.look(world.account(), &id).await.unwrap();
    assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    let sent = world.local.cloud().recorder().requests();
    let replies: Vec<_> =
        sent.iter().filter(|request| request.url.starts_with("https://bot.example/")).collect();
    assert_eq!(replies.len(), 1);
    assert!(replies.first().unwrap().body.contains("Someone from the team will get back to you."));
}

#[tokio::test]
async fn text_is_not_kept_where_the_account_says_so() {
    let world = World::new(15).await;
    edit_account(&world, |account| account.store_text = false).await;
    world.say(world.twilio(), CLIENT, "1", "my secret is 12345, give me a human").await;
    let view = world.see(CLIENT).await;
    assert_eq!(view.verdicts(), [Verdict::HandedOver]);
    assert_eq!(record(&view).content, None);
    assert_eq!(view.texts.len(), 1, "the closing message still goes out");
}
