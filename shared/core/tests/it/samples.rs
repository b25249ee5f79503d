//! One value of every variant that is stored or sent.

use std::collections::{BTreeMap, BTreeSet};

use handover_core::*;

use crate::build::*;

/// Every kind of event, with each of its shapes.
pub(crate) fn event_kinds() -> Vec<(&'static str, EventKind)> {
    let mut kinds = vec![
        ("message", full_message()),
        ("edited", edit(says("hello"))),
        ("deleted", EventKind::Deleted { message: "m1".to_owned() }),
        ("reaction", EventKind::Reaction { message: "m1".to_owned(), emoji: Some("👍".to_owned()) }),
        ("reaction_gone", EventKind::Reaction { message: "m1".to_owned(), emoji: None }),
        ("receipt", receipt()),
        ("receipt_with_class", late_failure()),
        ("receipt_up_to", read_up_to()),
        ("consent", EventKind::Consent { opted_out: true }),
        ("thread_with_humans", EventKind::ThreadControl(ThreadControl::WithHumans)),
        ("thread_with_us", EventKind::ThreadControl(ThreadControl::WithUs)),
        ("thread_requested", EventKind::ThreadControl(ThreadControl::Requested)),
        ("system", EventKind::System { what: "joined".to_owned() }),
        ("timer", EventKind::Timer(timer())),
        ("contact", EventKind::Contact { assignee: true }),
    ];
    kinds.extend(messages());
    kinds.extend(echoes());
    kinds.extend(deliveries());
    kinds.extend(outcomes());
    kinds.extend(commands());
    kinds
}

fn full_message() -> EventKind {
    EventKind::Message(Message {
        provider_message: Some("SM1".to_owned()),
        content: Content::Text("I want to talk to a human".to_owned()),
        forwarded: false,
        signals: Signals {
            model: "phrases-1".to_owned(),
            human_request: Permille::new(970),
            guard: Some(Guard::Negation),
            exact_request: true,
            feedback: Feedback::Unhelpful,
            fingerprint: Some("AAECAw==".to_owned()),
            language: Some("en".to_owned()),
            vector: Some("BAUGBw==".to_owned()),
        },
    })
}

fn messages() -> Vec<(&'static str, EventKind)> {
    let of = |content| message_of(content, Signals::default());
    let choice = Content::Choice { title: "Yes".to_owned(), payload: Some("yes".to_owned()) };
    let image = Content::Media {
        kind: MediaKind::Image,
        caption: Some("this one".to_owned()),
        reference: Some("ME1".to_owned()),
    };
    let location = Content::Location {
        latitude_e6: 52_520_000,
        longitude_e6: -13_405_000,
        name: Some("Berlin".to_owned()),
    };
    let mut all = vec![
        ("choice", of(choice)),
        ("image", of(image)),
        ("location", of(location)),
        ("contact_card", of(Content::ContactCard)),
        ("unsupported", of(Content::Unsupported { what: "poll".to_owned() })),
    ];
    for kind in [MediaKind::Audio, MediaKind::Video, MediaKind::Document, MediaKind::Sticker] {
        all.push((kind.name(), media(kind, None)));
    }
    all
}

fn late_failure() -> EventKind {
    let EventKind::Receipt(receipt) = receipt() else { panic!("a receipt") };
    EventKind::Receipt(Receipt { class: Some("window_closed".to_owned()), ..receipt })
}

fn read_up_to() -> EventKind {
    let EventKind::Receipt(receipt) = receipt() else { panic!("a receipt") };
    let (effect, error, up_to) = (None, None, Some(START));
    let (message, status) = ("watermark:1".to_owned(), ReceiptStatus::Read);
    EventKind::Receipt(Receipt { message, status, effect, error, up_to, ..receipt })
}

fn receipt() -> EventKind {
    EventKind::Receipt(Receipt {
        message: "SM2".to_owned(),
        status: ReceiptStatus::Failed,
        effect: Some(id("effect")),
        error: Some("30003".to_owned()),
        class: None,
        up_to: None,
    })
}

fn echoes() -> Vec<(&'static str, EventKind)> {
    vec![
        ("echo_ours", echo(EchoAuthor::Ours)),
        ("echo_human", human_echo()),
        ("echo_automation", echo(EchoAuthor::Automation { app: "campaigns".to_owned() })),
        ("echo_unknown", echo(EchoAuthor::Unknown)),
    ]
}

fn deliveries() -> Vec<(&'static str, EventKind)> {
    let of = |purpose, result| EventKind::Delivery(Delivery { effect: id("effect"), purpose, result });
    let refused =
        DeliveryResult::Failed { class: "window_closed".to_owned(), code: Some("63016".to_owned()) };
    vec![
        ("delivery_unknown", of(Purpose::Staff, DeliveryResult::Unknown)),
        ("delivery_failed", of(Purpose::Closing, refused)),
        ("suppressed_control", of(Purpose::Bot, DeliveryResult::Suppressed(Suppressed::ControlChanged))),
        ("suppressed_human", of(Purpose::Closing, DeliveryResult::Suppressed(Suppressed::HumanWrote))),
        ("suppressed_expired", of(Purpose::Staff, DeliveryResult::Suppressed(Suppressed::Expired))),
        ("suppressed_opted_out", of(Purpose::Bot, DeliveryResult::Suppressed(Suppressed::OptedOut))),
    ]
}

fn outcomes() -> Vec<(&'static str, EventKind)> {
    let of = |result| {
        EventKind::Outcome(Outcome {
            turn: id("turn"),
            epoch: 4,
            trigger: id("trigger"),
            result,
            reply: Some("Nine o'clock.".to_owned()),
            retrieval: Some(Retrieval { sources: 3, best: Permille::new(820) }),
            reply_signals: ReplySignals {
                model: "encoder-3".to_owned(),
                non_answer: true,
                promises_person: true,
                non_answer_score: Permille::new(910),
                promise_score: Permille::new(760),
            },
            fingerprint: Some("AAECAw==".to_owned()),
        })
    };
    vec![
        ("answered", of(OutcomeResult::Answered)),
        ("no_answer", of(OutcomeResult::NoAnswer)),
        ("bot_failed", of(OutcomeResult::Failed { reason: "unreachable".to_owned() })),
        ("wants_handover", of(OutcomeResult::WantsHandover)),
    ]
}

pub(crate) fn timer() -> Timer {
    Timer { kind: TimerKind::Resume, epoch: 3, sequence: 5, due_at: START }
}

fn commands() -> Vec<(&'static str, EventKind)> {
    let of =
        |kind| EventKind::Command(Command { by: by("ana"), reason: Some("asked by phone".to_owned()), kind });
    let system = command(Principal::System, CommandKind::Assign { to: None });
    vec![
        ("claim", of(CommandKind::Claim)),
        ("assign", of(CommandKind::Assign { to: Some(team("front")) })),
        ("unassign", system),
        ("reply", of(CommandKind::Reply { text: "Hello".to_owned(), seen: None })),
        ("hand_back", of(CommandKind::HandBack)),
        ("resolve", of(CommandKind::Resolve)),
        ("pause", of(CommandKind::Pause { pause: for_hours(3) })),
        ("start_handover", of(CommandKind::StartHandover { action: Some(id("human")) })),
        ("start_any_handover", of(CommandKind::StartHandover { action: None })),
        ("tag", of(tag("vip", true))),
        ("complete_task", of(CommandKind::CompleteTask)),
        ("bot_message", bot_message(4, PROMISES_PERSON)),
        ("link", of(CommandKind::Link { with: id("other") })),
        ("unlink", of(CommandKind::Unlink)),
        ("release", command(Principal::System, CommandKind::Release { from: staff("ana") })),
        ("erase", of(CommandKind::Erase)),
    ]
}

pub(crate) fn envelope(kind: EventKind) -> Envelope {
    Envelope {
        account: id("acc"),
        inbox: id("inbox"),
        conversation: id("conversation"),
        address: Some("+4930123456".to_owned()),
        identities: vec!["bsuid:1".to_owned(), "+4930123456".to_owned()],
        person: None,
        delivery_id: id("delivery"),
        waited: true,
        event: Event { id: id("event"), sent_at: Some(START), received_at: START + seconds(1), kind },
    }
}

/// Every way in which a human stretch begins and ends.
pub(crate) fn conversations() -> Vec<(&'static str, Conversation)> {
    let mut bot = Conversation::new(
        id("acc"),
        id("conversation"),
        id("inbox"),
        Channel::WhatsApp,
        "whatsapp:+4930123456".to_owned(),
        START,
    );
    let fresh = bot.clone();
    bot.version = 12;
    bot.epoch = 4;
    bot.handed_back_at = Some(START);
    bot.last_client_at = Some(START);
    bot.promise = Some(Promise { epoch: 3, due_at: START, sequence: 2 });
    bot.open_task = Some(3);
    bot.issue = Some(Issue { fingerprint: Some("AAECAw==".to_owned()), failed: 2, answered: true });
    bot.asked = Some(Asked { trigger: id("event"), at: START, earlier: vec![id("first")], returning: true });
    bot.bot_messages = DayCount { day: 20_454, count: 7 };
    bot.recent = vec![Recent { scenario: ScenarioKind::Custom, at: START, back_at: Some(START) }];
    bot.opted_out = true;
    bot.timer_sequence = 2;
    let with = |origin, returns| Conversation {
        control: Control::Human(HumanControl {
            origin,
            returns,
            quiet_minutes: 15,
            last_human_at: Some(START),
            waiting: Some(Waiting::new(id("event"), START)),
            urgency: 1,
            claimed: false,
            resume_sequence: 2,
        }),
        ..bot.clone()
    };
    let action = Origin::Action {
        action: id("human"),
        bot: id("bot"),
        revision: 7,
        scenario: ScenarioKind::HumanRequested,
    };
    let takeover = Origin::Takeover { by: Some(by("ana")), app: Some("Page Inbox".to_owned()) };
    let pause = Origin::Pause { by: Principal::ApiKey(id("key")) };
    vec![
        ("fresh", fresh),
        ("action", with(action, Returns::At(START))),
        ("takeover", with(takeover, Returns::ByHand)),
        ("takeover_unknown", with(Origin::Takeover { by: None, app: None }, Returns::ByHand)),
        ("pause", with(pause, Returns::At(START))),
        ("elsewhere", with(Origin::Elsewhere { conversation: id("other") }, Returns::ByHand)),
        ("erased", Conversation { erased: Some(Erased { at: START, epoch: 6 }), ..bot.clone() }),
        ("bot", bot.clone()),
        ("seven_days", {
            let mut seven_days = with(Origin::Takeover { by: None, app: None }, Returns::ByHand);
            if let Control::Human(human) = &mut seven_days.control {
                human.waiting = Some(Waiting { reply_hours: Some(168), ..Waiting::new(id("event"), START) });
            }
            seven_days
        }),
        ("again", {
            let mut again = with(Origin::Takeover { by: None, app: None }, Returns::ByHand);
            again.task_due_at = Some(START);
            if let Control::Human(human) = &mut again.control {
                human.waiting =
                    Some(Waiting { window_told: true, again: true, ..Waiting::new(id("event"), START) });
            }
            again
        }),
    ]
}

pub(crate) fn handovers() -> Vec<(&'static str, Handover)> {
    let open = Handover {
        epoch: 3,
        origin: Origin::Takeover { by: None, app: None },
        trigger: id("event"),
        started_at: START,
        resume_at: None,
        assignee: None,
        tag: None,
        task: None,
        promise_due_at: START,
        reply_by: None,
        promise: PromiseState::Open,
        promise_settled_at: None,
        urgency: 0,
        claimed_at: None,
        first_reply_at: None,
        ended_at: None,
        end: None,
    };
    let ended = |promise, end| Handover {
        resume_at: Some(START),
        assignee: Some(staff("ana")),
        tag: Some("human_handover".to_owned()),
        task: Some(Task { due_at: START, closed_at: Some(START) }),
        promise,
        promise_settled_at: Some(START),
        urgency: 2,
        claimed_at: Some(START),
        first_reply_at: Some(START),
        ended_at: Some(START),
        end: Some(end),
        ..open.clone()
    };
    vec![
        ("pause_ended", ended(PromiseState::Kept, HandoverEnd::PauseEnded)),
        ("handed_back", ended(PromiseState::Missed, HandoverEnd::HandedBack { by: Some(by("ana")) })),
        ("thread_back", ended(PromiseState::Released, HandoverEnd::HandedBack { by: None })),
        ("resolved", ended(PromiseState::Released, HandoverEnd::Resolved { by: Principal::System })),
        ("elsewhere_ended", ended(PromiseState::Released, HandoverEnd::ElsewhereEnded)),
        ("taken_over", ended(PromiseState::Released, HandoverEnd::TakenOver)),
        ("erased", ended(PromiseState::Released, HandoverEnd::Erased)),
        ("reply_by", Handover { reply_by: Some(START), ..open.clone() }),
        ("open", open),
    ]
}

pub(crate) fn bots() -> Vec<(&'static str, Bot)> {
    let phrases = vec!["can I talk to Ana".to_owned()];
    let human = Scenario::HumanRequested { sensitivity: Sensitivity::Strict, phrases };
    let mut full = Bot::new(id("bot"), "Reception");
    full.actions = vec![
        HandoverAction { scenario: human, ..human_requested() },
        HandoverAction { closing_message: ClosingMessage::SendNothing, ..off(lack_of_knowledge()) },
        HandoverAction { tag: Some("failing".to_owned()), create_task: false, ..repeated_failure(1) },
        custom("sales"),
    ];
    full.pause_all_inboxes = true;
    full.cooldown_minutes = 60;
    full.loop_guard = true;
    full.unanswered = UnansweredPolicy::HandOverAgain;
    full.takeover_pause = Pause::UntilHandedBack;
    let with = |connector| Bot { connector, ..Bot::new(id("bot"), "Reception") };
    let (url, model) = (|| "https://bot.example.com".to_owned(), || "model-1".to_owned());
    let instructions = || "Be brief.".to_owned();
    vec![
        ("full", full),
        ("external", with(Connector::External)),
        ("faq", with(Connector::Faq)),
        ("http", with(Connector::Http { url: url() })),
        ("open_ai", with(Connector::OpenAi { url: url(), model: model(), instructions: instructions() })),
        ("bedrock", with(Connector::Bedrock { model: model(), instructions: instructions() })),
        ("quiet", Bot { unanswered: UnansweredPolicy::StayQuiet, ..Bot::new(id("bot"), "Reception") }),
    ]
}

pub(crate) fn effects() -> Vec<(&'static str, Effect)> {
    let of = |kind| Effect { id: id("effect"), kind };
    let send = |purpose, text| of(EffectKind::Send { purpose, text, epoch: 3 });
    let (bot, revision) = (|| id("bot"), 7);
    let notify_both = |about, and, audience| of(EffectKind::Notify { about, and, audience, epoch: Some(3) });
    let notify = |about, audience| notify_both(about, None, audience);
    let turn = |earlier: &[&str], wait_s, returning| {
        let earlier = earlier.iter().map(|event| id(event)).collect();
        of(EffectKind::StartTurn {
            turn: id("turn"),
            epoch: 3,
            trigger: id("event"),
            earlier,
            wait_s,
            returning,
        })
    };
    let announce = |what| of(EffectKind::Announce { what, epoch: 3 });
    let waiting = NotificationKind::ConversationWaiting;
    vec![
        (
            "closing",
            send(Purpose::Closing, TextSource::Closing { bot: bot(), revision, action: id("human") }),
        ),
        ("no_answer", send(Purpose::Bot, TextSource::NoAnswer { bot: bot(), revision })),
        ("staff", send(Purpose::Staff, TextSource::Event)),
        ("turn", turn(&[], 0, false)),
        ("returning", turn(&[], 0, true)),
        ("folded", turn(&["first", "second"], 2, false)),
        ("arm", of(EffectKind::Arm(timer()))),
        ("arm_promise", of(EffectKind::Arm(Timer { kind: TimerKind::Promise, ..timer() }))),
        ("arm_wake", of(EffectKind::Arm(Timer { kind: TimerKind::Wake, ..timer() }))),
        ("tell_staff", notify(NotificationKind::ConversationAssigned, Audience::Assignee(staff("ana")))),
        ("tell_task", notify(NotificationKind::TaskAssigned, Audience::Assignee(staff("ana")))),
        ("tell_team", notify(waiting, Audience::Assignee(team("front")))),
        ("tell_admins", notify(NotificationKind::NotConfigured, Audience::Admins)),
        ("tell_both", notify(NotificationKind::PromiseMissed, Audience::AssigneeAndAdmins(staff("ana")))),
        ("tell_urgent", notify(NotificationKind::Urgent, Audience::Admins)),
        ("tell_failed", notify(NotificationKind::DeliveryFailed, Audience::Admins)),
        ("tell_missing", notify(NotificationKind::AssigneeMissing, Audience::Admins)),
        ("tell_loop", notify(NotificationKind::LoopGuard, Audience::Admins)),
        ("tell_quarantined", notify(NotificationKind::Quarantined, Audience::Admins)),
        ("tell_left", notify(NotificationKind::AssigneeLeft, Audience::Admins)),
        ("nudge", of(EffectKind::Nudge { conversation: id("other"), inbox: id("inbox"), assignee: true })),
        ("erase", of(EffectKind::Erase { until: START, epoch: 6 })),
        ("thread_humans", of(EffectKind::Thread { to: ThreadTarget::Humans, epoch: 3 })),
        ("thread_bot", of(EffectKind::Thread { to: ThreadTarget::Bot, epoch: 3 })),
        ("started", announce(Announcement::HandoverStarted)),
        ("claimed", announce(Announcement::HandoverClaimed)),
        ("first_reply", announce(Announcement::FirstReply)),
        ("ended", announce(Announcement::HandoverEnded)),
        ("tag_added", announce(Announcement::TagAdded)),
        ("task_created", announce(Announcement::TaskCreated)),
        ("promise_missed", announce(Announcement::PromiseMissed)),
        ("task_overdue", announce(Announcement::TaskOverdue)),
        (
            "tell_both_things",
            notify_both(
                NotificationKind::ConversationAssigned,
                Some(NotificationKind::TaskAssigned),
                Audience::Assignee(staff("ana")),
            ),
        ),
        ("tell_unanswered", notify(NotificationKind::Unanswered, Audience::Admins)),
        ("tell_window", notify(NotificationKind::WindowClosing, Audience::Admins)),
        ("tell_overdue", notify(NotificationKind::TaskOverdue, Audience::Admins)),
    ]
}

const VERDICTS: [Verdict; 37] = [
    Verdict::HandedOver,
    Verdict::LabsOff,
    Verdict::HandoverOff,
    Verdict::NoEnabledAction,
    Verdict::CoolingDown,
    Verdict::NoBot,
    Verdict::Turn,
    Verdict::ExternalBot,
    Verdict::MessageCap,
    Verdict::Unreadable,
    Verdict::Paused,
    Verdict::AskedAgain,
    Verdict::TooOld,
    Verdict::BeforeHandBack,
    Verdict::OptedOut,
    Verdict::Noted,
    Verdict::BotReplied,
    Verdict::NoAnswer,
    Verdict::StaleOutcome,
    Verdict::TakenOver,
    Verdict::StaffReplied,
    Verdict::Claimed,
    Verdict::Assigned,
    Verdict::HandedBack,
    Verdict::Resolved,
    Verdict::PauseSet,
    Verdict::Tagged,
    Verdict::TaskDone,
    Verdict::PauseEnded,
    Verdict::PromiseMissed,
    Verdict::Refused,
    Verdict::Linked,
    Verdict::Unlinked,
    Verdict::Erased,
    Verdict::TaskOverdue,
    Verdict::WindowClosing,
    Verdict::Folded,
];

pub(crate) fn records() -> Vec<(String, Record)> {
    let full = Record {
        revision: Some(7),
        scenario: Some(ScenarioKind::Custom),
        action: Some(id("sales")),
        matched: Some(phrase("sales")),
        human_request: Some(Permille::new(120)),
        threshold: Some(Permille::new(600)),
        guard: Some(Guard::PastEvent),
        model: "phrases-1".to_owned(),
        failed_attempts: Some(2),
        outcome: Some(OutcomeResult::NoAnswer),
        retrieval: Some(Retrieval { sources: 3, best: Permille::new(120) }),
        refusal: None,
        resumed: true,
        ..Record::new(Verdict::HandedOver, 5)
    };
    let refused = |refusal| Record { refusal: Some(refusal), ..Record::new(Verdict::Refused, 5) };
    let refusals = [
        Refusal::ClaimedBy(staff("ben")),
        Refusal::NotStaff,
        Refusal::NoSuchAssignee,
        Refusal::AlreadyWithBot,
        Refusal::AlreadyWithHumans,
        Refusal::LabsOff,
        Refusal::NoEnabledAction,
        Refusal::NoOpenTask,
        Refusal::StaleEpoch,
        Refusal::OptedOut,
        Refusal::TooOld,
        Refusal::NoSuchConversation,
        Refusal::AlreadyLinked,
        Refusal::TooManyLinked,
        Refusal::NoSuchAction,
        Refusal::TooManyTags,
        Refusal::NotLinked,
    ];
    let mut all = vec![("full".to_owned(), full)];
    all.extend(VERDICTS.map(|verdict| (format!("{verdict:?}"), Record::new(verdict, 5))));
    all.extend(refusals.map(|refusal| (format!("refused {refusal:?}"), refused(refusal))));
    all
}

pub(crate) fn contact() -> Contact {
    Contact {
        id: id("contact"),
        version: 3,
        assignee: Some(staff("ana")),
        tags: BTreeSet::from(["human_handover".to_owned(), "vip".to_owned()]),
        since: START,
        linked: BTreeMap::new(),
        holding: BTreeSet::new(),
    }
}

/// A contact with a second conversation, which humans own.
pub(crate) fn linked_contact() -> Contact {
    let linked = [(id("contact"), id("inbox")), (id("other"), id("inbox"))];
    Contact { linked: linked.into(), holding: [id("other")].into(), ..contact() }
}

pub(crate) fn inbox() -> Inbox {
    Inbox {
        id: id("inbox"),
        account: id("acc"),
        name: "WhatsApp".to_owned(),
        provider: Provider::Twilio,
        channel: Channel::WhatsApp,
        bot: Some(id("bot")),
        unknown_sender_is_human: true,
        settings: BTreeMap::from([("from".to_owned(), "whatsapp:+14155238886".to_owned())]),
    }
}

pub(crate) fn account() -> Account {
    Account {
        id: id("acc"),
        name: "A clinic".to_owned(),
        labs: Labs { human_handover: true },
        store_text: false,
        retention_days: 30,
        notify_text: true,
        sms_inbox: None,
        event_bus: false,
    }
}

pub(crate) fn webhook() -> Webhook {
    Webhook {
        id: id("hook"),
        url: "https://automation.example.com/handover".to_owned(),
        events: Announcement::ALL.to_vec(),
    }
}

pub(crate) fn ana() -> Staff {
    let mut ana = member("ana", Role::Admin);
    ana.email = Some("ana@example.com".to_owned());
    ana.phone = Some("+4930123456".to_owned());
    ana.chat_webhook = Some("https://chat.example.com/hook".to_owned());
    ana.notifications.task_assigned.sms = true;
    ana
}
