//! Every representative state against every kind of event, rendered into `transitions.md`.

use std::fmt::Write;

use expect_test::expect_file;
use handover_core::*;

use crate::{build::*, render, states::states, world::World};

/// An event with a name, as it would happen in a given state; `None`: it cannot happen there.
struct Case {
    name: &'static str,
    make: fn(&mut World) -> Option<Event>,
}

#[test]
fn every_state_against_every_event() {
    let mut text = String::from(INTRODUCTION);
    for state in states() {
        writeln!(text, "\n## {}\n\n| event | verdict | changes | effects |\n|---|---|---|---|", state.name)
            .expect("a string takes everything");
        for (names, rest) in rows(&state.world) {
            writeln!(text, "| {} | {rest} |", names.join("<br>")).expect("a string takes everything");
        }
    }
    expect_file!["../../transitions.md"].assert_eq(&text);
}

const INTRODUCTION: &str = "\
# What every event does in every state

Rendered by the tests of this crate from `decide` itself; a difference fails them. Events that lead to
the same in a state share a row. Times are left out: the tests beside hold them.

The business: bot with the actions `human` (human_requested, assigns ana, 48 h), `lack`
(lack_of_knowledge, 2 h), `retry` (repeated_failure, 2 retries, 2 h) and `sales` (custom, team front, until
handed back), in this order; staff ana and ben (team front), admin max; unanswered messages are answered
when the bot comes back; WhatsApp. `e1` is the handover that began epoch 1.
";

/// Rows of a state, with the events that share them.
fn rows(world: &World) -> Vec<(Vec<&'static str>, String)> {
    let mut rows: Vec<(Vec<&'static str>, String)> = Vec::new();
    for case in cases() {
        let mut world = world.clone();
        let Some(event) = (case.make)(&mut world) else { continue };
        let decision = world.decide(&event);
        let verdict = render::verdict(&decision, world.now);
        let rest = match &decision {
            Decision::Ignore(_) | Decision::PutBack(_) => format!("{verdict} | | "),
            Decision::Apply(applied) => {
                let changes = render::changes(&world.conversation, &world.contact, applied);
                let effects: Vec<String> =
                    applied.effects.iter().map(|effect| render::effect(&effect.kind)).collect();
                format!("{verdict} | {changes} | {}", effects.join("; "))
            }
        };
        match rows.iter_mut().find(|(_, other)| *other == rest) {
            Some((names, _)) => names.push(case.name),
            None => rows.push((vec![case.name], rest)),
        }
    }
    rows
}

#[expect(clippy::unnecessary_wraps, reason = "a case gives an event or none")]
impl World {
    fn with_evidence(&mut self, evidence: Evidence, kind: EventKind) -> Option<Event> {
        self.evidence = evidence;
        Some(self.event(kind))
    }

    fn with_outcome(&mut self, result: OutcomeResult, change: impl FnOnce(&mut Outcome)) -> Option<Event> {
        let mut outcome = self.outcome(result);
        change(&mut outcome);
        Some(self.event(EventKind::Outcome(outcome)))
    }

    fn about_delivery(&mut self, purpose: Purpose, result: DeliveryResult) -> Option<Event> {
        let delivery = Delivery { effect: id("effect"), purpose, result };
        Some(self.event(EventKind::Delivery(delivery)))
    }

    fn commanded(&mut self, by: Principal, kind: CommandKind) -> Option<Event> {
        Some(self.event(command(by, kind)))
    }
}

fn same_issue(same: bool) -> Evidence {
    Evidence { same_issue: Some(same), ..Evidence::default() }
}

fn cases() -> Vec<Case> {
    let mut cases = client_cases();
    cases.extend(our_side_cases());
    cases.extend(outcome_cases());
    cases.extend(timer_cases());
    cases.extend(command_cases());
    cases.extend(contact_cases());
    cases
}

fn client_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("message: asks for a human", |world| Some(world.event(asks(900)))),
        case("message: matches a custom phrase", |world| {
            let evidence = Evidence { phrases: vec![phrase("sales")], ..Evidence::default() };
            world.with_evidence(evidence, says("what would it cost"))
        }),
        case("message: ordinary", |world| Some(world.event(says("hello")))),
        case("message: did not help", |world| Some(world.event(feeds_back(Feedback::Unhelpful)))),
        case("message: the same again", |world| world.with_evidence(same_issue(true), says("again"))),
        case("message: another topic", |world| world.with_evidence(same_issue(false), says("else"))),
        case("message: that worked", |world| Some(world.event(feeds_back(Feedback::Resolved)))),
        case("message: picture without words", |world| Some(world.event(media(MediaKind::Image, None)))),
        case("message: sticker", |world| Some(world.event(media(MediaKind::Sticker, None)))),
        case("message: asks, but reached us 25 h ago", |world| {
            let received_at = world.now.minus(hours(25));
            Some(world.event_at(asks(900), received_at))
        }),
        case("message: asks, but before the hand-back", |world| {
            let received_at = world.conversation.handed_back_at?.minus(seconds(1));
            Some(world.event_at(asks(900), received_at))
        }),
        case("message: asks, before the pause was over", |world| {
            let end = world.conversation.resumes_at().filter(|end| *end <= world.now)?;
            Some(world.event_at(asks(900), end.minus(seconds(1))))
        }),
        case("edit: asks for a human", |world| Some(world.event(edit(asks(900))))),
        case("edit: the same in other words", |world| {
            world.with_evidence(same_issue(true), edit(says("again")))
        }),
        case("edit: asks, but before the hand-back", |world| {
            let received_at = world.conversation.handed_back_at?.minus(seconds(1));
            Some(world.event_at(edit(asks(900)), received_at))
        }),
        case("message deleted", |world| Some(world.event(EventKind::Deleted { message: "m1".to_owned() }))),
        case("reaction", |world| {
            let emoji = Some("👍".to_owned());
            Some(world.event(EventKind::Reaction { message: "m1".to_owned(), emoji }))
        }),
        case("system", |world| Some(world.event(EventKind::System { what: "joined".to_owned() }))),
        case("consent: no messages", |world| Some(world.event(EventKind::Consent { opted_out: true }))),
        case("consent: messages again", |world| Some(world.event(EventKind::Consent { opted_out: false }))),
    ]
}

fn our_side_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("receipt", |world| {
            let message = "wamid.1".to_owned();
            let status = ReceiptStatus::Delivered;
            Some(world.event(EventKind::Receipt(Receipt {
                message,
                status,
                effect: None,
                error: None,
                class: None,
                up_to: None,
            })))
        }),
        case("echo: ours", |world| Some(world.event(echo(EchoAuthor::Ours)))),
        case("echo: a human's", |world| Some(world.event(human_echo()))),
        case("echo: a human's, before the pause was over", |world| {
            let end = world.conversation.resumes_at().filter(|end| *end <= world.now)?;
            Some(world.event_at(human_echo(), end.minus(seconds(1))))
        }),
        case("echo: a human's, before the hand-back", |world| {
            let received_at = world.conversation.handed_back_at?.minus(seconds(1));
            Some(world.event_at(human_echo(), received_at))
        }),
        case("echo: of unknown author", |world| Some(world.event(echo(EchoAuthor::Unknown)))),
        case("echo: of unknown author, who counts as human", |world| {
            world.inbox.unknown_sender_is_human = true;
            Some(world.event(echo(EchoAuthor::Unknown)))
        }),
        case("echo: an automation's", |world| {
            Some(world.event(echo(EchoAuthor::Automation { app: "campaigns".to_owned() })))
        }),
        case("echo: a human's, unless the ledger says ours", |world| {
            world.evidence.echo = EchoEvidence::Ours;
            Some(world.event(human_echo()))
        }),
        case("echo: a human's, may be ours", |world| {
            world.evidence.echo = EchoEvidence::Undecided;
            Some(world.event(human_echo()))
        }),
        case("echo: a human's, may be ours, has waited", |world| {
            world.evidence.echo = EchoEvidence::Undecided;
            world.waited = true;
            Some(world.event(human_echo()))
        }),
        case("thread control: with humans", |world| {
            Some(world.event(EventKind::ThreadControl(ThreadControl::WithHumans)))
        }),
        case("thread control: with us", |world| {
            Some(world.event(EventKind::ThreadControl(ThreadControl::WithUs)))
        }),
        case("thread control: requested", |world| {
            Some(world.event(EventKind::ThreadControl(ThreadControl::Requested)))
        }),
        case("delivery: bot's text suppressed", |world| {
            world.about_delivery(Purpose::Bot, DeliveryResult::Suppressed(Suppressed::ControlChanged))
        }),
        case("delivery: closing message suppressed", |world| {
            world.about_delivery(Purpose::Closing, DeliveryResult::Suppressed(Suppressed::HumanWrote))
        }),
        case("delivery: staff text suppressed", |world| {
            world.about_delivery(Purpose::Staff, DeliveryResult::Suppressed(Suppressed::Expired))
        }),
        case("delivery: bot's text failed", |world| world.about_delivery(Purpose::Bot, refused("blocked"))),
        case("delivery: closing message failed", |world| {
            world.about_delivery(Purpose::Closing, refused("blocked"))
        }),
        case("delivery: staff text failed", |world| {
            world.about_delivery(Purpose::Staff, refused("window_closed"))
        }),
        case("delivery: staff text failed, opted out", |world| {
            world.about_delivery(Purpose::Staff, refused("opted_out"))
        }),
        case("delivery: bot's text unknown", |world| {
            world.about_delivery(Purpose::Bot, DeliveryResult::Unknown)
        }),
        case("delivery: closing message unknown", |world| {
            world.about_delivery(Purpose::Closing, DeliveryResult::Unknown)
        }),
        case("delivery: staff text unknown", |world| {
            world.about_delivery(Purpose::Staff, DeliveryResult::Unknown)
        }),
    ]
}

fn refused(class: &str) -> DeliveryResult {
    DeliveryResult::Failed { class: class.to_owned(), code: None }
}

fn outcome_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("outcome: answered", |world| world.with_outcome(OutcomeResult::Answered, |_| {})),
        case("outcome: answered on weak evidence", |world| {
            world.with_outcome(OutcomeResult::Answered, |outcome| {
                outcome.retrieval = Some(Retrieval { sources: 3, best: Permille::new(349) });
            })
        }),
        case("outcome: answered with a non-answer", |world| {
            world.with_outcome(OutcomeResult::Answered, |outcome| outcome.reply_signals = NON_ANSWER)
        }),
        case("outcome: answered, promising a person", |world| {
            world.with_outcome(OutcomeResult::Answered, |outcome| outcome.reply_signals = PROMISES_PERSON)
        }),
        case("outcome: no answer", |world| world.with_outcome(OutcomeResult::NoAnswer, |_| {})),
        case("outcome: failed", |world| {
            world.with_outcome(OutcomeResult::Failed { reason: "unreachable".to_owned() }, |_| {})
        }),
        case("outcome: wants a handover", |world| world.with_outcome(OutcomeResult::WantsHandover, |_| {})),
        case("outcome: answered, but asked in an earlier epoch", |world| {
            let earlier = world.conversation.epoch.checked_sub(1)?;
            world.with_outcome(OutcomeResult::Answered, |outcome| outcome.epoch = earlier)
        }),
    ]
}

fn timer_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("timer: resume", due_resume),
        case("timer: resume, of an old sequence", |world| {
            let timer = current_resume(world)?;
            let sequence = timer.sequence + 100;
            Some(world.event(EventKind::Timer(Timer { sequence, ..timer })))
        }),
        case("timer: resume, of an old epoch", |world| {
            let timer = Timer { kind: TimerKind::Resume, epoch: 0, sequence: 1, due_at: world.now };
            Some(world.event(EventKind::Timer(timer)))
        }),
        case("timer: promise", |world| {
            world.conversation.promise?;
            let timer = world.promise_timer();
            Some(world.event(EventKind::Timer(timer)))
        }),
        case("timer: promise, when it is due", |world| {
            world.now = world.now.max(world.conversation.promise?.due_at);
            let timer = world.promise_timer();
            Some(world.event(EventKind::Timer(timer)))
        }),
        case("timer: promise, of an old epoch", |world| {
            let timer = Timer { kind: TimerKind::Promise, epoch: 0, sequence: 1, due_at: world.now };
            Some(world.event(EventKind::Timer(timer)))
        }),
        case("timer: wake", |world| {
            let timer = Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at: world.now };
            Some(world.event(EventKind::Timer(timer)))
        }),
        case("timer: wake, after a week", |world| {
            world.pass(hours(7 * 24));
            let timer = Timer { kind: TimerKind::Wake, epoch: 0, sequence: 0, due_at: world.now };
            Some(world.event(EventKind::Timer(timer)))
        }),
    ]
}

fn current_resume(world: &World) -> Option<Timer> {
    let human = world.conversation.human()?;
    match human.returns {
        Returns::At(_) => Some(world.resume_timer()),
        Returns::ByHand => None,
    }
}

fn due_resume(world: &mut World) -> Option<Event> {
    let timer = current_resume(world)?;
    Some(world.event(EventKind::Timer(timer)))
}

fn contact_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("contact: nothing that concerns this conversation", |world| {
            Some(world.event(EventKind::Contact { assignee: false }))
        }),
        case("contact: humans own `other`, which silences all", |world| {
            world.contact.holding.insert(id("other"));
            Some(world.event(EventKind::Contact { assignee: false }))
        }),
        case("contact: the bot has `other` back", |world| {
            world.contact.holding.remove(&id("other"));
            Some(world.event(EventKind::Contact { assignee: false }))
        }),
        case("contact: given to ben in `other`", |world| {
            world.contact.assignee = Some(staff("ben"));
            Some(world.event(EventKind::Contact { assignee: true }))
        }),
        case("contact: resolved in `other`", |world| {
            world.contact.assignee = None;
            Some(world.event(EventKind::Contact { assignee: true }))
        }),
        case("link to `other`", |world| {
            let mut other = world.other();
            other.contact.assignee = Some(staff("ben"));
            let evidence = Evidence { other: Some(other), ..Evidence::default() };
            world.with_evidence(evidence, command(by("ana"), CommandKind::Link { with: id("other") }))
        }),
        case("link to `other`, which humans own and which silences all", |world| {
            let mut other = world.other();
            other.contact.holding.insert(id("other"));
            let evidence = Evidence { other: Some(other), ..Evidence::default() };
            world.with_evidence(evidence, command(by("ana"), CommandKind::Link { with: id("other") }))
        }),
        case("link to a conversation that is not there", |world| {
            world.commanded(by("ana"), CommandKind::Link { with: id("nowhere") })
        }),
        case("unlink", |world| world.commanded(by("ana"), CommandKind::Unlink)),
        case("ana has left", |world| {
            world.commanded(Principal::System, CommandKind::Release { from: staff("ana") })
        }),
        case("erase", |world| world.commanded(Principal::ApiKey(id("key")), CommandKind::Erase)),
    ]
}

fn command_cases() -> Vec<Case> {
    let case = |name, make| Case { name, make };
    vec![
        case("ana claims", |world| world.commanded(by("ana"), CommandKind::Claim)),
        case("ben claims", |world| world.commanded(by("ben"), CommandKind::Claim)),
        case("an API key claims", |world| world.commanded(Principal::ApiKey(id("key")), CommandKind::Claim)),
        case("somebody unknown claims", |world| world.commanded(by("eve"), CommandKind::Claim)),
        case("assign to ben", |world| {
            world.commanded(by("max"), CommandKind::Assign { to: Some(staff("ben")) })
        }),
        case("assign to a team", |world| {
            world.commanded(by("max"), CommandKind::Assign { to: Some(team("front")) })
        }),
        case("assign to nobody", |world| world.commanded(by("max"), CommandKind::Assign { to: None })),
        case("assign to somebody unknown", |world| {
            world.commanded(by("max"), CommandKind::Assign { to: Some(staff("eve")) })
        }),
        case("ana replies", |world| Some(world.event(reply("ana")))),
        case("ben replies", |world| Some(world.event(reply("ben")))),
        case("an API key replies", |world| {
            let kind = CommandKind::Reply { text: "Hello".to_owned(), seen: None };
            world.commanded(Principal::ApiKey(id("key")), kind)
        }),
        case("hand back", |world| world.commanded(by("ana"), CommandKind::HandBack)),
        case("resolve", |world| world.commanded(by("ana"), CommandKind::Resolve)),
        case("pause for an hour", |world| {
            world.commanded(by("ana"), CommandKind::Pause { pause: for_hours(1) })
        }),
        case("pause until handed back", |world| {
            world.commanded(by("ana"), CommandKind::Pause { pause: Pause::UntilHandedBack })
        }),
        case("start a handover", |world| {
            world.commanded(by("max"), CommandKind::StartHandover { action: None })
        }),
        case("start a handover by an action", |world| {
            world.commanded(by("max"), CommandKind::StartHandover { action: Some(id("sales")) })
        }),
        case("start a handover by an unknown action", |world| {
            world.commanded(by("max"), CommandKind::StartHandover { action: Some(id("none")) })
        }),
        case("start a handover, Labs off", |world| {
            world.account.labs.human_handover = false;
            world.commanded(by("max"), CommandKind::StartHandover { action: None })
        }),
        case("tag", |world| world.commanded(by("ana"), tag("vip", true))),
        case("take a tag off", |world| world.commanded(by("ana"), tag("human_handover", false))),
        case("complete the task", |world| world.commanded(by("ana"), CommandKind::CompleteTask)),
        case("bot message of this epoch", |world| {
            let epoch = world.conversation.epoch;
            Some(world.event(bot_message(epoch, ReplySignals::default())))
        }),
        case("bot message of this epoch, promising a person", |world| {
            let epoch = world.conversation.epoch;
            Some(world.event(bot_message(epoch, PROMISES_PERSON)))
        }),
        case("bot message of another epoch", |world| {
            let epoch = world.conversation.epoch + 1;
            Some(world.event(bot_message(epoch, ReplySignals::default())))
        }),
        case("any command, 25 h old", |world| {
            let received_at = world.now.minus(hours(25));
            Some(world.event_at(reply("ana"), received_at))
        }),
    ]
}
